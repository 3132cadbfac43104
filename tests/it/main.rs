//! What Takings does, sentence by sentence.

/// Every zone, every change of its clocks: buckets partition time.
mod calendar;
/// Forecasts of public competition data stay near their reference.
mod forecast_accuracy;
/// The template holds together, and mistakes in it are caught.
mod infra;
/// Points come in.
mod ingest;
/// No tenant sees another's rows.
mod isolation;
/// Sealed days are packed, horizons pass.
mod keeper;
/// The Lambda host: events in, answers out.
mod lambda_host;
/// The second host: what it mounts, delivers, counts and lets end.
mod local_host;
/// Both implementations of each port keep the same promises.
mod ports;
/// Questions are answered as a count by hand would.
mod query;
/// The letter of a report reads well.
mod report_letter;
/// Rollups equal their points.
mod rollups;
