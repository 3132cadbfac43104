//! The figures that Takings is built for, each beside its yardstick in the same run.
//!
//! `cargo bench -p tests -- [ingest] [query] [search] [orders] [webhooks] [replay] [start]` prints
//! one table each; without a name, all.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

use tests::postgres::TestPostgres;
use tokio::runtime::Builder;

mod ingest;
mod latency;
mod query;
mod search;
mod selling;
mod start;
mod table;

fn main() {
    TestPostgres::be_durable();
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        if runs("ingest") {
            println!("{}", ingest::run().await);
        }
        if runs("query") {
            println!("{}", query::run().await);
        }
        if runs("search") {
            println!("{}", search::run().await);
        }
        if runs("orders") {
            println!("{}", selling::run().await);
        }
        if runs("settle") {
            println!("{}", selling::run_settle().await);
        }
        if runs("webhooks") {
            println!("{}", selling::run_webhooks().await);
        }
        if runs("replay") {
            println!("{}", selling::run_replay().await);
        }
        if runs("start") {
            println!("{}", start::run().await);
        }
    });
}
