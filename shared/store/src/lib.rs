//! Every SQL statement, and the rows behind it.

/// API keys and the tenants behind them.
pub mod access;
/// The API keys of a tenant, as its people see them.
pub mod api_keys;
/// Batches of points: verdicts, ids, receipts and rollups in one transaction.
pub mod arrivals;
/// Who did what to a tenant.
pub mod audit;
/// What customers are about to buy.
pub mod carts;
/// Products, their variants and prices.
pub mod catalog;
/// Carts that become orders.
pub mod checkout;
/// Gift cards and store credit, and their ledger.
pub mod credits;
/// The connection pool, transactions and pipelined flights.
mod db;
/// What customers get, and what they had of it.
pub mod discounts;
mod error;
/// Payments that no order accounts for.
pub mod findings;
/// Forecasts, one for each metric and origin.
pub mod forecasts;
/// Those who write the same rows meet, and write together.
mod gate;
/// Endpoints of shops, and what they are told.
pub mod hooks;
/// Imports and their refused lines.
pub mod imports;
/// The Postgres queue, for self-hosting.
pub mod jobs;
/// Partitions, packing and retention.
pub mod keeping;
/// The Postgres key-value records, for self-hosting.
pub mod key_value;
/// Letters to customers about their orders.
pub mod letters;
/// Time spent in Postgres, for the log line of an invocation.
pub mod meter;
/// Metrics and their declarations.
pub mod metrics;
/// Schema changes, each once, under a lock.
pub mod migrations;
/// Orders: their events, and all that follows from them.
pub mod orders;
/// What transactions want sent.
pub mod outbox;
/// Parcels by their numbers, and what carriers said of them.
pub mod parcels;
/// What payment providers said, and whose payments they mean.
pub mod payments;
/// People, and what proves who they are.
pub mod people;
/// Points: head, blocks and rollups.
pub mod points;
/// Refused rows, kept for repair.
pub mod quarantine;
/// Reading figures out of rollups and points.
pub mod queries;
/// Receipts of accepted batches.
pub mod receipts;
/// What is bought together.
pub mod recommendations;
/// Whether what is kept of orders is what their events say, and making it so.
pub mod replay;
/// Reports, their occurrences and deliveries.
pub mod reports;
/// Letting the two lesser roles in.
pub mod roles;
/// The dictionary of series.
pub mod series;
/// Where people are logged in.
pub mod sessions;
/// How a shop sells: settings, taxes, ways to send.
pub mod shop;
/// Statements that own their parameters.
mod statement;
/// How much there is of what, and every change of it.
pub mod stock;
/// Who belongs to a tenant, and who is asked to.
pub mod team;
/// Connections, with TLS where the address asks for it.
mod tls;

pub use crate::db::{Db, DbOptions, Flight, Parameter, Tx, connect, one_row};
pub use crate::error::{Error, Unavailable};
pub use tokio_postgres::Client;
