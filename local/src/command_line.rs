//! What can be asked of `local`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::access::{Origin, Role, SecretKey};
use domain::calendar::{Weekday, Zone};
use domain::report::Address;
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
    /// Make one more tenant, show its API key, and end. In the cloud too: with the owner's
    /// `DATABASE_URL`.
    Tenant(TenantOptions),
    /// Make a key for the pages of a shop, show it, and end: it reads what is published, and shops.
    /// In the cloud too.
    BrowserKey(BrowserKeyOptions),
    /// Ask somebody into a shop, show the code that they accept with, and end. In the cloud too,
    /// with the `UNSUBSCRIBE_KEYS` of the service.
    Invite(InviteOptions),
    /// Follow the audit log of every tenant, and tell whether each is what was written down. In
    /// the cloud too.
    AuditVerify,
    /// Hold what is kept of orders against their events, and tell what differs: lists, payments,
    /// books, stock. It changes nothing, and may run while others sell. In the cloud too: with the
    /// owner's `DATABASE_URL`.
    Replay {
        /// Write anew what differs and follows from events alone; stock is left to whoever counts.
        #[arg(long)]
        repair: bool,
    },
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
    /// Time zone of the tenant that is made; without this, the machine's.
    #[arg(long, global = true, value_parser = Zone::parse)]
    pub zone: Option<Zone>,
    /// Currency of the tenant that is made.
    #[arg(long, global = true, default_value = "EUR", value_parser = currency)]
    pub currency: Currency,
    /// Make one more API key, for instance because the first was lost.
    #[arg(long, global = true)]
    pub new_key: bool,
}

/// One more tenant, beside its zone and currency.
#[derive(Clone, Debug, Args)]
pub struct TenantOptions {
    /// What reports call it.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub name: String,
    /// The day on which its weeks begin: monday, sunday, saturday, …
    #[arg(long, default_value = "monday", value_parser = weekday)]
    pub week_start: Weekday,
    /// The month in which its fiscal years begin: 1 to 12.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i8).range(1..=12))]
    pub fiscal_year_start_month: i8,
    /// Points that its key may send in a minute.
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub points_per_minute: u32,
}

/// A key that anybody may read in the pages of a shop.
#[derive(Clone, Debug, Args)]
pub struct BrowserKeyOptions {
    /// An API key of the shop.
    #[arg(long, value_parser = SecretKey::parse)]
    pub shop: SecretKey,
    /// Browsers may use it in pages of this origin, such as `https://shop.example`. May be given
    /// several times; without this, in all pages.
    #[arg(long = "origin", value_parser = Origin::parse)]
    pub origins: Vec<Origin>,
}

/// Somebody who gets into a shop.
#[derive(Clone, Debug, Args)]
pub struct InviteOptions {
    /// An API key of the shop.
    #[arg(long, value_parser = SecretKey::parse)]
    pub shop: SecretKey,
    /// Their address, which their account has too.
    #[arg(long, value_parser = Address::parse)]
    pub email: Address,
    /// What they are there: owner, admin, editor or viewer.
    #[arg(long, default_value = "owner", value_parser = role)]
    pub role: Role,
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

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "a role is owner, admin, editor or viewer".to_owned())
}

fn weekday(text: &str) -> Result<Weekday, String> {
    let text = serde_json::Value::String(text.to_lowercase());
    serde_json::from_value(text).map_err(|_fault| "write a day such as `monday`".to_owned())
}

fn currency(text: &str) -> Result<Currency, NotACurrency> {
    Currency::try_from(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_described_in_words_that_mean_something() {
        let parse = |line: &str| {
            let words = format!("local tenant --name Corner {line}");
            CommandLine::try_parse_from(words.split_whitespace())
        };
        let line = parse("--zone Asia/Kathmandu --currency NPR --week-start Sunday").unwrap();
        let Some(Command::Tenant(tenant)) = line.command else { panic!("{line:?}") };
        assert_eq!(tenant.week_start, weekday("sunday").unwrap());
        assert_eq!(line.first.zone, Zone::parse("Asia/Kathmandu").ok());
        for wrong in ["--week-start soon", "--fiscal-year-start-month 13", "--points-per-minute 0"]
        {
            parse(wrong).unwrap_err();
        }
    }
}
