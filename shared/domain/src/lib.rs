//! The words and rules of the trade: pure, total, fit for wasm32.
//!
//! No module here does I/O, awaits, reads a clock or the environment, or panics on input.

/// Who may do what: scopes, roles and API keys.
pub mod access;
/// Who did what to a tenant, each entry bound to the one before.
pub mod audit;
/// Points that arrive together, and what becomes of each.
pub mod batch;
/// How a tenant counts time: zones, buckets, periods, comparisons and schedules.
pub mod calendar;
/// What a customer is about to buy.
pub mod cart;
/// What a shop sells, and for how much.
pub mod catalog;
/// Gift cards and store credit: what they pay, and why not.
pub mod credit;
/// Choices that tests make.
#[cfg(test)]
mod dice;
/// Discount codes, and what they take off.
pub mod discount;
/// What is expected of a metric, as it is stored.
pub mod forecast;
/// What is told to endpoints of a shop, how often and for how long.
pub mod hook;
/// Identifiers, made by us before the database sees them.
pub mod id;
/// Files of history: what may be done with them, and how their lines become points.
pub mod import;
/// How often people may try things.
pub mod limit;
/// The queue vocabulary: one versioned enum for each queue.
pub mod message;
/// Metrics, tags and points: what may be recorded, and under which name.
pub mod metric;
/// Amounts in minor units, rounded where the shop says so.
pub mod money;
/// Orders: what was agreed, paid, held, sent and taken back.
pub mod order;
/// What carriers say of parcels.
pub mod parcel;
/// What a payment provider says, and whether it is really the provider.
pub mod payment;
/// People: how they prove who they are, and where they are logged in.
pub mod person;
/// Lines of any measurements turned into points.
pub mod points_file;
/// What a basket comes to.
pub mod pricing;
/// Questions about recorded figures, and how what was read becomes an answer.
pub mod question;
/// What is bought together.
pub mod recommendation;
/// The figures of a report and its sentences.
pub mod report;
/// Sales lines turned into the standard shop metrics.
pub mod sales;
/// Rows of delimited text that arrives in pieces.
pub mod table;
/// Who may change who belongs to a tenant.
pub mod team;
/// Tenants: one business, the unit of isolation and of time.
pub mod tenant;
