//! What can be asked of `local`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::calendar::Zone;
use domain::tenant::{Currency, NotACurrency};

/// Takings in one process, on a Postgres of its own.
///
/// Without a command it runs. `DATABASE_URL` names a Postgres that you run yourself; `SMTP_URL`
/// and `MAIL_FROM` a mail server, without which letters become files.
#[derive(Debug, Parser)]
#[command(name = "local", version)]
pub struct CommandLine {
    /// What to do; to run when none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The first tenant.
    #[command(flatten)]
    pub first: RunOptions,
    /// Where and how.
    #[command(flatten)]
    pub options: Options,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve every function until Ctrl-C.
    Run,
    /// Show a shop's year: imported, measured, forecast, reported; then serve it.
    Demo(DemoOptions),
    /// Bring the schema up to date, and end.
    Migrate,
    /// Print the API document of all functions.
    Openapi {
        /// Write it to infra/openapi.json instead.
        #[arg(long)]
        write: bool,
    },
    /// Delete the data of this checkout.
    Reset {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Where and how.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Port of the API; without this, 8080 or the next that is free.
    #[arg(long, global = true)]
    pub port: Option<u16>,
    /// Address to listen on; 0.0.0.0 lets other machines in.
    #[arg(long, global = true, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// Folder of the data; without this, .takings, or for root one below /var/tmp.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
}

/// The first tenant.
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    /// Time zone of the first tenant; without this, the machine's.
    #[arg(long, global = true, value_parser = Zone::parse)]
    pub zone: Option<Zone>,
    /// Currency of the first tenant.
    #[arg(long, global = true, default_value = "EUR", value_parser = currency)]
    pub currency: Currency,
    /// Make one more API key, for instance because the first was lost.
    #[arg(long, global = true)]
    pub new_key: bool,
}

/// Whose year.
#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// A file of sales, as CSV; without this, a believable shop is made up.
    #[arg(long)]
    pub sales: Option<PathBuf>,
    /// Another number is another shop.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn currency(text: &str) -> Result<Currency, NotACurrency> {
    Currency::try_from(text.to_owned())
}
