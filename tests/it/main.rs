//! What Takings does, sentence by sentence.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted may end it")]

/// People and their accounts; access tokens, and what is no token.
mod account;
/// Keys of machines are made by people, shown once, rotated and revoked.
mod api_keys;
/// Pages of other origins call what they may, with a key that is for them.
mod browsers;
/// Every zone, every change of its clocks: buckets partition time.
mod calendar;
/// What follows from what carriers say.
mod carrier_settle;
/// What carriers say is believed when it is signed, and safe when it is answered.
mod carrier_webhook;
/// Carts add up, and lose nothing that was put into them.
mod cart;
/// Products are written whole, seen by whom they may, and archived.
mod catalog;
/// Carts become orders once, whatever is retried, and are paid.
mod checkout;
/// Discounts are written whole, taken off, and used as often as they may be.
mod discounts;
/// Every sample gets the same answer from both hosts.
mod events;
/// Money, stock and figures are right, whatever dies, comes twice, late or never.
mod faults;
/// What is expected is told.
mod forecast;
/// Forecasts of public competition data stay near their reference.
mod forecast_accuracy;
/// Complete days become a forecast, or a polite refusal.
mod forecast_batch;
/// Every night each metric is asked for.
mod forecast_planner;
/// Parcels are packed once, leave the stock, arrive and come back.
mod fulfillment;
/// The generated shop's year is believable.
mod generator;
/// Gift cards pay what they hold, once, and get back what was not bought.
mod gift_cards;
/// Endpoints are told what became of orders, once, signed, until they take it.
mod hook_sender;
/// Endpoints are named, checked, changed, and told a secret once.
mod hooks;
/// The rules of the house.
mod house;
/// Files become points, each line once, and go again.
mod import_run;
/// Files are announced, checked, run and undone.
mod imports;
/// The template holds together, and mistakes in it are caught.
mod infra;
/// Points come in.
mod ingest;
/// Points that arrived while Postgres was away are written once.
mod ingest_drain;
/// Stock is counted, changed by hand and never sold twice.
mod inventory;
/// No tenant sees another's rows.
mod isolation;
/// Sealed days are packed, horizons pass.
mod keeper;
/// Killed at every step, nothing is lost and nothing is done twice.
mod kill;
/// The Lambda host: events in, answers out.
mod lambda_host;
/// The second host: what it mounts, delivers, counts and lets end.
mod local_host;
/// An independent Stripe of others, as a second opinion on ours.
mod localstripe;
/// Customers are written once what became of their orders.
mod mail_sender;
/// Letters by SMTP and into a folder: the same letter either way.
mod mailer;
/// Functions stay within the memory that they have in the cloud.
mod memory;
/// Metrics are declared and explored.
mod metrics;
/// The schema is brought up to date, by however many at once.
mod migrate;
/// The API document is what the functions say and do.
mod openapi;
/// Every sale is a figure, once.
mod order_metrics;
/// Orders are written with all that follows from them, or not at all.
mod orders;
/// What follows from what payment providers say.
mod payment_settle;
/// What payment providers say is believed when it is signed, and safe when it is answered.
mod payment_webhook;
/// Tenants stay apart behind a pooler.
mod pooler;
/// Both implementations of each port keep the same promises.
mod ports;
/// Questions are answered as a count by hand would.
mod query;
/// What is bought together is counted by night, to the same however often.
mod recommendation_batch;
/// What goes with a product is told with its evidence, and can be bought.
mod recommendations;
/// The provider is held against the orders.
mod reconciler;
/// What is kept of orders is what their events say.
mod replay;
/// The letter of a report reads well.
mod report_letter;
/// What is due is planned once.
mod report_planner;
/// One letter for each occurrence and recipient, whatever happens.
mod report_sender;
/// Reports are kept, tested and ended.
mod reports;
/// Rollups equal their points.
mod rollups;
/// The real shop's year adds up to the penny.
mod sales_file;
/// Every statement prepares against the schema.
mod sql;
/// Payments by Stripe's HTTP: what was done is known, or known not to be known.
mod stripe;
/// What a crash left behind is sent.
mod sweeper;
/// Who belongs to a tenant, and who changed what.
mod team;
/// Ids of other tenants open nothing.
mod tenant_matrix;
