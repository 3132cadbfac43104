//! What Takings does, sentence by sentence.

/// Every zone, every change of its clocks: buckets partition time.
mod calendar;
/// Forecasts of public competition data stay near their reference.
mod forecast_accuracy;
/// The template holds together, and mistakes in it are caught.
mod infra;
/// Points come in.
mod ingest;
/// Sealed days are packed, horizons pass.
mod keeper;
/// The letter of a report reads well.
mod report_letter;
/// Rollups equal their points.
mod rollups;
/// No tenant sees another's rows.
mod isolation;
/// The second host: what it mounts, delivers, counts and lets end.
mod local_host;
/// The Lambda host: events in, answers out.
mod lambda_host;
/// Both implementations of each port keep the same promises.
mod ports;
