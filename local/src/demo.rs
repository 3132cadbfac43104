//! A shop's year through the real functions: imported, measured, forecast, reported.

use std::fs::File;
use std::io::{BufWriter, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use app::Clock;
use domain::access::SecretKey;
use domain::calendar::Zone;
use domain::id::TenantId;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::{Date, time};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::command_line::{DemoOptions, Options, RunOptions};
use crate::host::Host;
use crate::site::{Site, stopped};
use crate::{generator, sample, shop, terminal};

pub(crate) use self::client::Fault;
use self::client::{Client, text};

/// Requests to the functions, without a network between.
mod client;
/// Customers come.
mod counter;
/// What the shop sells, read from its file.
mod shelf;
/// What is shown of a year.
mod story;

/// The year that is made up begins here, so that the demo is the same on every day.
const FIRST_DAY: Date = Date::constant(2025, 1, 1);
/// The weekly report of the demo is due at this time of the day after the last sale.
const REPORT_AT: jiff::civil::Time = time(7, 0, 0, 0);

/// A shop's file, and the tenant it belongs to.
struct Year {
    name: String,
    file: PathBuf,
    tenant: domain::tenant::Tenant,
    key: SecretKey,
}

/// Shows a shop's year, and stays up serving it.
///
/// # Errors
/// Whatever ends it early; the text says what to do.
pub async fn run(demo: &DemoOptions, first: &RunOptions, options: &Options) -> Result<(), Fault> {
    let started = Instant::now();
    let site = Site::open(options).await?;
    // Whoever stops it in the middle leaves no server behind.
    let stopped = stopped()?;
    let now = tokio::select! {
        now = tell(&site, demo, first, started) => now?,
        () = stopped => return Ok(site.close()?),
    };
    // The day goes on from there, for whoever sends points of his own.
    let host = site.host(Clock::starting_at(now))?;
    Ok(site.serve(&host).await?)
}

/// Tells the year. Answers when it is then.
async fn tell(
    site: &Site,
    demo: &DemoOptions,
    first: &RunOptions,
    started: Instant,
) -> Result<Timestamp, Fault> {
    let year = match &demo.sales {
        Some(file) => real(site, file, first).await?,
        None => made_up(site, demo.seed).await?,
    };
    let host = site.host(Clock::System)?;
    site.ready(started);
    terminal::show(&format!("\n{}\n", year.name));
    let import = import(&host, &year).await?;
    story::import(&Client::new(&host, &year.key), &import).await?;
    let last = last_sale(&host, &year).await?;
    let zone = &year.tenant.calendar.zone;
    let morning = zone.date(last).saturating_add(1.day()).to_datetime(time(0, 0, 0, 0));
    let at = |clock: jiff::civil::Time| {
        Clock::Fixed(zone.instant(morning.with().time(clock).build().unwrap_or(morning)))
    };
    let dawn = site.host(at(time(0, 0, 1, 0)))?;
    story::months(&Client::new(&dawn, &year.key), year.tenant.currency).await?;
    forecast(&dawn, &year).await?;
    report(&dawn, &year).await?;
    let day = site.host(at(REPORT_AT))?;
    day.tick("report-planner", day.apps().of(None).clock.now()).await?;
    day.drain_queues().await?;
    story::letter(&Client::new(&day, &year.key), &site.letters()?).await?;
    // The shop opens when the report was read.
    let open = site.host(Clock::starting_at(day.apps().of(None).clock.now()))?;
    counter::open(&open, site.sandbox(), &year).await?;
    story::clock(zone.wall(open.apps().of(None).clock.now()));
    story::farewell(site.public_url(), &year.key);
    Ok(open.apps().of(None).clock.now())
}

/// The shop that is made up is the sample tenant, whose key stands in the samples.
async fn made_up(site: &Site, seed: u64) -> Result<Year, Fault> {
    let file = site.folder().path().join(format!("made-up-{seed}.csv"));
    let made = generator::write_year(BufWriter::new(File::create(&file)?), seed, FIRST_DAY)?;
    let owner = site.owner().await?;
    let tenant = sample::settle(&owner).await?;
    let name = format!("A year of a made-up shop, seed {seed}: {} lines", made.lines);
    Ok(Year { name, file, tenant, key: sample::secret() })
}

/// Each file has a tenant of its own: seen again, its year is there already.
async fn real(site: &Site, file: &Path, first: &RunOptions) -> Result<Year, Fault> {
    let id = fingerprint(file)
        .map_err(|error| format!("--sales {} cannot be read: {error}", file.display()))?;
    let zone = first.zone.clone().unwrap_or(Zone::UTC);
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let tenant = shop::tenant(TenantId(id), &name, zone, first.currency);
    let owner = site.owner().await?;
    let (tenant, key) = shop::key(&owner, tenant, shop::POINTS_PER_MINUTE).await?;
    Ok(Year { name: format!("The year in {name}"), file: file.to_owned(), tenant, key })
}

fn fingerprint(file: &Path) -> std::io::Result<Uuid> {
    let mut hash = Sha256::new();
    let mut file = File::open(file)?;
    let mut chunk = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        hash.update(&chunk[..count]);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    Ok(uuid::Builder::from_custom_bytes(first).into_uuid())
}

/// Imports the year, unless that was done on an earlier start.
async fn import(host: &Host, year: &Year) -> Result<Value, Fault> {
    let client = Client::new(host, &year.key);
    let known = client.get("/v1/imports").await?;
    let earlier = |status: &str| {
        let mut imports = known["imports"].as_array().into_iter().flatten();
        imports.find(|import| import["status"] == status).map(|import| text(&import["id"]))
    };
    if let Some(id) = earlier("done") {
        terminal::note("The year was imported on an earlier start");
        return client.get(&format!("/v1/imports/{id}")).await;
    }
    let path = match earlier("running") {
        Some(id) => {
            terminal::note("Going on with the import that an earlier start began");
            // It may have died before it sent for the work.
            host.tick("sweeper", host.apps().of(None).clock.now()).await?;
            format!("/v1/imports/{id}")
        }
        None => begin(&client, year).await?,
    };
    let started = Instant::now();
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {pos} lines imported, {per_sec}")?);
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if let Ok(import) = client.get(&path).await {
                bar.set_position(import["lines_done"].as_u64().unwrap_or(0));
            }
        }
    };
    tokio::select! {
        ended = run_to_its_end(host, &client, &path) => ended?,
        () = watch => unreachable!("it watches until the import has ended"),
    };
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let import = client.get(&path).await?;
    if import["status"] != "done" {
        return Err(format!("the import {}: {}", text(&import["status"]), import["problem"]).into());
    }
    #[expect(clippy::cast_precision_loss, reason = "lines of a file")]
    let lines = import["lines_done"].as_u64().unwrap_or(0) as f64;
    terminal::show(&format!(
        "Imported {lines:.0} lines in {seconds:.1} s: {:.0} lines/s",
        lines / seconds
    ));
    Ok(import)
}

/// Uploads the file and starts its import.
async fn begin(client: &Client, year: &Year) -> Result<String, Fault> {
    let file_name = year.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let import =
        client.post("/v1/imports", &json!({ "kind": "sales", "file_name": file_name })).await?;
    client.upload(text(&import["upload"]["url"]), &year.file).await?;
    let path = format!("/v1/imports/{}", text(&import["id"]));
    client.post(&format!("{path}/run"), &json!({})).await?;
    Ok(path)
}

/// What a killed process held comes back after a while.
async fn run_to_its_end(host: &Host, client: &Client, path: &str) -> Result<(), Fault> {
    loop {
        host.drain_queues().await?;
        if client.get(path).await?["status"] != "running" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn last_sale(host: &Host, year: &Year) -> Result<Timestamp, Fault> {
    let client = Client::new(host, &year.key);
    let range = json!({ "from": "1990-01-01", "to": "2090-01-01" });
    let asked = json!({ "queries": { "all": { "metric": "revenue", "range": range } } });
    let reply = client.post("/v1/query", &asked).await?;
    let last = text(&reply["answers"]["all"]["last_point_at"]);
    Ok(last.parse().map_err(|_none| "the file has no sale: nothing to show")?)
}

async fn forecast(host: &Host, year: &Year) -> Result<(), Fault> {
    host.tick("forecast-planner", host.apps().of(None).clock.now()).await?;
    host.drain_queues().await?;
    let client = Client::new(host, &year.key);
    let made = client.get("/v1/forecasts?metric=revenue").await?;
    story::forecast(&made["forecasts"][0], year.tenant.currency);
    Ok(())
}

/// A weekly report that is due this morning, on whichever day of the week that is.
async fn report(host: &Host, year: &Year) -> Result<(), Fault> {
    let client = Client::new(host, &year.key);
    let known = client.get("/v1/reports").await?;
    if known["reports"].as_array().is_some_and(|reports| !reports.is_empty()) {
        return Ok(());
    }
    let now = host.apps().of(None).clock.now();
    let weekday = domain::calendar::Weekday(year.tenant.calendar.zone.date(now).weekday());
    client
        .post(
            "/v1/reports",
            &json!({
                "name": "Weekly takings",
                "metrics": [
                    { "metric": "revenue", "label": "Revenue" },
                    { "metric": "orders", "label": "Orders" },
                    { "ratio": { "of": "revenue", "by": "orders" },
                      "label": "Average order value" },
                    { "metric": "units", "label": "Units sold" },
                    { "metric": "refunds", "label": "Refunds" },
                ],
                "recipients": ["owner@shop.example"],
                "schedule": {
                    "frequency": "weekly", "weekday": weekday.name(),
                    "wall_time": REPORT_AT.strftime("%H:%M").to_string(),
                },
            }),
        )
        .await
        .map(drop)
}
