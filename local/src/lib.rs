//! Every function in one process, on a Postgres of its own: the newcomer's first command, the
//! test bed and the self-host mode.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use app::Clock;
use app::trace::{Format, Level};
use app::unsubscribe::Keys;
use clap::Parser as _;
use domain::access::SecretKey;
use store::replay::Purpose;

use crate::command_line::{
    BrowserKeyOptions, Command, CommandLine, InviteOptions, Options, RunOptions, TenantOptions,
};
use crate::folder::Folder;
use crate::keys::Secrets;
use crate::postgres::Server;
use crate::site::{Site, SiteError};

pub mod apps;
pub mod audit;
pub mod command_line;
pub mod demo;
pub mod folder;
pub mod functions;
pub mod generator;
pub mod host;
pub mod keys;
pub mod objects;
pub mod openapi;
pub mod postgres;
pub mod prometheus;
pub mod replay;
mod reset;
pub mod sample;
pub mod sandbox;
pub mod shop;
pub mod site;
pub mod terminal;

/// Does what the command line asks.
#[must_use]
pub fn main() -> ExitCode {
    let CommandLine { command, first, options } = CommandLine::parse();
    let quiet = matches!(command, Some(Command::Demo(_)));
    let level = if quiet { Level::WARN } else { Level::INFO };
    app::trace::init(Format::Text, level);
    #[cfg(debug_assertions)]
    arm();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(obey(command, &first, &options)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::note(&format!("error: {}", app::trace::chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// Lets a test kill this process at a step: `DIE_AT=ingest.committed:2` on its second visit.
#[cfg(debug_assertions)]
fn arm() {
    let Some(wanted) = app::config::read("DIE_AT") else { return };
    let (step, visit) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    app::step::arm(step, visit.parse().unwrap_or(1));
}

/// Whatever ends a command early; its text says what to do.
type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn obey(
    command: Option<Command>,
    first: &RunOptions,
    options: &Options,
) -> Result<(), Fault> {
    match command {
        None | Some(Command::Run) => run(first, options).await,
        Some(Command::Demo(demo)) => demo::run(&demo, first, options).await,
        Some(Command::Migrate) => migrate(options).await,
        Some(Command::Tenant(tenant)) => another(&tenant, first, options).await,
        Some(Command::BrowserKey(wanted)) => for_browsers(&wanted, options).await,
        Some(Command::Invite(wanted)) => invite(&wanted, options).await,
        Some(Command::AuditVerify) => verify(options).await,
        Some(Command::Replay { repair }) => prove(repair, options).await,
        Some(Command::Openapi { write }) => describe(write),
        Some(Command::Reset { yes }) => reset::reset(&site::folder_of(options), yes),
    }
}

async fn run(first: &RunOptions, options: &Options) -> Result<(), Fault> {
    let started = Instant::now();
    let site = Site::open(options).await?;
    let key = shop::open(&site, first).await?;
    let host = site.host(Clock::System)?;
    if let Some(key) = key {
        introduce(site.public_url(), &key);
    }
    site.ready(started);
    Ok(site.serve(&host).await?)
}

async fn migrate(options: &Options) -> Result<(), Fault> {
    let folder = Folder::open(&site::folder_of(options)).map_err(SiteError::from)?;
    let (server, _addresses) = site::start(&folder).await?;
    terminal::note("The schema is up to date");
    Ok(server.stop()?)
}

/// Makes a tenant in the database of `DATABASE_URL`, which others may be using, or in our own.
async fn another(
    wanted: &TenantOptions,
    first: &RunOptions,
    options: &Options,
) -> Result<(), Fault> {
    let tenant = shop::wanted(wanted, first);
    let (owner, server) = database(options).await?;
    let (tenant, key) = shop::key(&owner, tenant, wanted.points_per_minute).await?;
    terminal::show(&format!(
        "{} counts in {} and in the days of {}. Its API key, shown this once:\n\n  {}\n",
        tenant.name,
        tenant.currency.code(),
        tenant.calendar.zone.name(),
        key.reveal(),
    ));
    server.map_or(Ok(()), |server| Ok(server.stop()?))
}

/// Makes a key for the pages of a shop, in the same database.
async fn for_browsers(wanted: &BrowserKeyOptions, options: &Options) -> Result<(), Fault> {
    let (owner, server) = database(options).await?;
    let made = shop::browser_key(&owner, wanted).await?;
    let (tenant, key) = made.ok_or("no shop has the key that --shop names")?;
    terminal::show(&format!(
        "The key for the pages of {}, which anybody may read there:\n\n  {}\n",
        tenant.name,
        key.reveal(),
    ));
    server.map_or(Ok(()), |server| Ok(server.stop()?))
}

/// Asks somebody into a shop, and shows the code that no letter brings.
async fn invite(wanted: &InviteOptions, options: &Options) -> Result<(), Fault> {
    let folder = Folder::open(&site::folder_of(options)).map_err(SiteError::from)?;
    let keys = match app::config::read("UNSUBSCRIBE_KEYS") {
        Some(keys) => keys,
        None => Secrets::of(&folder).map_err(SiteError::from)?.unsubscribe_keys,
    };
    drop(folder);
    let (mut owner, server) = database(options).await?;
    let made = shop::invite(&mut owner, wanted, &Keys::parse(&keys)?).await?;
    let (tenant, code) = made.ok_or("no shop has the key that --shop names")?;
    terminal::show(&format!(
        "{} is asked into {} as {}. Within a week, with an account of that address, they accept \
         with this code (POST /v1/team/accept):\n\n  {code}\n",
        wanted.email,
        tenant.name,
        wanted.role.as_str(),
    ));
    server.map_or(Ok(()), |server| Ok(server.stop()?))
}

/// Follows the chain of every audit log, in the same database.
async fn verify(options: &Options) -> Result<(), Fault> {
    let (owner, server) = database(options).await?;
    let is_sound = audit::all(&owner, &mut terminal::show).await?;
    server.map_or(Ok(()), |server| server.stop())?;
    if is_sound { Ok(()) } else { Err("an audit log is not what was written down".into()) }
}

/// Holds the orders of all shops against their events, in the same database.
async fn prove(repair: bool, options: &Options) -> Result<(), Fault> {
    let (url, server) = address(options).await?;
    let db = store::Db::new(postgres::options_of(&url));
    let purpose = if repair { Purpose::Mend } else { Purpose::Look };
    let is_sound = replay::all(&db, purpose, &mut terminal::show).await?;
    server.map_or(Ok(()), |server| server.stop())?;
    if is_sound {
        return Ok(());
    }
    let told = "not everything that is kept of orders is as their events say";
    Err(match purpose {
        Purpose::Look => format!("{told}; `--repair` writes anew what follows from events alone"),
        Purpose::Mend => format!("{told}; what is not mended, a person has to look at"),
    })?
}

/// A connection as the owner, and our own server unless `DATABASE_URL` names another.
async fn database(options: &Options) -> Result<(store::Client, Option<Server>), Fault> {
    let (url, server) = address(options).await?;
    Ok((store::connect(&postgres::options_of(&url)).await?, server))
}

/// The address of the database for its owner, and the server unless others run it.
async fn address(options: &Options) -> Result<(String, Option<Server>), Fault> {
    if let Some(url) = app::config::read("DATABASE_URL") {
        return Ok((url, None));
    }
    let folder = Folder::open(&site::folder_of(options)).map_err(SiteError::from)?;
    let (server, addresses) = site::start(&folder).await?;
    Ok((addresses.owner, Some(server)))
}

fn describe(write: bool) -> Result<(), Fault> {
    let document = openapi::document(functions::all())?;
    if write {
        std::fs::write(Path::new(openapi::FILE), document)?;
        terminal::note(&format!("Wrote {}", openapi::FILE));
    } else {
        terminal::show(document.trim_end());
    }
    Ok(())
}

/// Shows the key, this once, and a first thing to do with it.
fn introduce(url: &str, key: &SecretKey) {
    let key = key.reveal();
    terminal::show(&format!(
        "The API key of your shop, shown this once:\n\n  {key}\n\nSend a first figure:\n\n  \
         curl {url}/v1/points -H 'Authorization: Bearer {key}' \\\n    \
         -H 'Content-Type: application/json' -d '[{{\"metric\":\"orders\",\"value\":1}}]'\n"
    ));
}
