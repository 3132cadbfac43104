//! What Takings does, sentence by sentence.

/// Access tokens: what they may do, and what is no token.
mod account;
/// Every zone, every change of its clocks: buckets partition time.
mod calendar;
/// Every sample gets the same answer from both hosts.
mod events;
/// Forecasts of public competition data stay near their reference.
mod forecast_accuracy;
/// The generated shop's year is believable.
mod generator;
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
/// Letters by SMTP and into a folder: the same letter either way.
mod mailer;
/// Tenants stay apart behind a pooler.
mod pooler;
/// Both implementations of each port keep the same promises.
mod ports;
/// Questions are answered as a count by hand would.
mod query;
/// The letter of a report reads well.
mod report_letter;
/// Rollups equal their points.
mod rollups;
/// The real shop's year adds up to the penny.
mod sales_file;
