use std::fs;
use std::path::{Path, PathBuf};

use domain::access::SecretKey;
use domain::report::Measure;
use domain::tenant::Currency;
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::client::{Client, Fault, text};
use crate::terminal::show;

/// What the file held, and what of it was refused.
pub(super) async fn import(client: &Client, import: &Value) -> Result<(), Fault> {
    let counts = &import["counts"];
    let count = |count: &Value| count.as_u64().unwrap_or(0);
    show(&format!("{:>9}  points made of them", count(&counts["points"])));
    for (field, words) in [
        ("sales", "lines that sell"),
        ("cancellations", "lines that take back"),
        ("adjustments", "lines with a negative price, booked as refunds"),
        ("zeros", "lines without money: counted, nothing sold"),
        ("without_customer", "lines without a customer: counted like others"),
    ] {
        show(&format!("{:>9}  {words}", count(&counts["sales"][field])));
    }
    show(&format!("{:>9}  lines refused", count(&counts["refused"])));
    let path = format!("/v1/imports/{}/errors?limit=5", text(&import["id"]));
    let errors = client.get(&path).await?;
    for error in errors["errors"].as_array().into_iter().flatten() {
        show(&format!("{:>11} line {}: {}", "", error["line"], text(&error["detail"])));
    }
    if !errors["next"].is_null() {
        show(&format!("{:>11} and so on: GET {path}&after={}", "", errors["next"]));
    }
    Ok(())
}

/// The months: what was sold, what came back, how many orders and returns.
pub(super) async fn months(client: &Client, currency: Currency) -> Result<(), Fault> {
    let within = |preset: &'static str| {
        move |metric: &str| {
            let range = json!({ "preset": preset });
            json!({ "metric": metric, "grain": "month", "range": range, "gap": "zero" })
        }
    };
    let (question, to_date) = (within("24m"), within("mtd"));
    let mut rows: Vec<(String, [f64; 4])> = Vec::new();
    for ask in [&question as &dyn Fn(&str) -> Value, &to_date] {
        let queries = json!({
            "revenue": ask("revenue"), "refunds": ask("refunds"),
            "orders": ask("orders"), "returns": ask("returns"),
        });
        let reply = client.post("/v1/query", &json!({ "queries": queries })).await?;
        let buckets = |name: &str| reply["answers"][name]["buckets"].clone();
        let columns = ["revenue", "refunds", "orders", "returns"].map(buckets);
        for (position, bucket) in columns[0].as_array().into_iter().flatten().enumerate() {
            let month: String = text(&bucket["start"]).chars().take(7).collect();
            let value = |column: usize| columns[column][position]["value"].as_f64().unwrap_or(0.0);
            rows.push((month, [value(0), value(1), value(2), value(3)]));
        }
    }
    let traded = |(_, row): &(String, [f64; 4])| row.iter().any(|value| *value != 0.0);
    let first = rows.iter().position(traded).unwrap_or(0);
    rows.truncate(rows.iter().rposition(traded).map_or(0, |last| last + 1));
    let money = |minor: f64| Measure::Money(currency).exact(minor);
    show(&format!(
        "\n{:<8}{:>18}{:>18}{:>18}{:>9}{:>9}",
        "month", "revenue", "refunds", "net", "orders", "returns"
    ));
    let mut sum = [0.0; 4];
    for (month, row) in rows.iter().skip(first) {
        for (total, value) in sum.iter_mut().zip(row) {
            *total += value;
        }
        show(&line(month, row, money));
    }
    show(&line("total", &sum, money));
    Ok(())
}

fn line(name: &str, row: &[f64; 4], money: impl Fn(f64) -> String) -> String {
    let [revenue, refunds, orders, returns] = row;
    format!(
        "{name:<8}{:>18}{:>18}{:>18}{orders:>9.0}{returns:>9.0}",
        money(*revenue),
        money(*refunds),
        money(revenue - refunds),
    )
}

/// What is expected of the next four weeks, and how far such forecasts were off.
pub(super) fn forecast(forecast: &Value, currency: Currency) {
    if forecast["status"] != "ready" {
        show(&format!("\nNo forecast of revenue: {}", text(&forecast["refusal"])));
        return;
    }
    let days = forecast["days"].as_array().map_or(&[][..], Vec::as_slice);
    let money = |minor: f64| Measure::Money(currency).exact(minor.round());
    show(&format!(
        "\nForecast of revenue from {}, by {}; over {} rehearsals it was {:.0} % off, {:.2} of \
         the naive error",
        text(&forecast["origin"]),
        text(&forecast["model"]),
        forecast["error"]["origins"],
        forecast["error"]["wape"].as_f64().unwrap_or(0.0) * 100.0,
        forecast["error"]["mase"].as_f64().unwrap_or(0.0),
    ));
    for week in days.chunks(7) {
        let sum: f64 = week.iter().filter_map(|day| day["value"].as_f64()).sum();
        show(&format!("  week from {}  {:>18}", text(&week[0]["date"]), money(sum)));
    }
}

/// Where the letter lies, and what it says.
pub(super) async fn letter(client: &Client, folder: &Path) -> Result<(), Fault> {
    let reports = client.get("/v1/reports").await?;
    let path = format!("/v1/reports/{}/deliveries", text(&reports["reports"][0]["id"]));
    let deliveries = client.get(&path).await?;
    let sent = deliveries["deliveries"].as_array().into_iter().flatten();
    let sent = sent.filter(|it| it["test"] == false && it["state"] == "accepted");
    let id = sent.map(|it| text(&it["id"])).next().ok_or("the weekly report was not sent")?;
    let mut letters = fs::read_dir(folder)?.filter_map(Result::ok).map(|file| file.path());
    let named =
        |path: &PathBuf| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with(id));
    let letter = letters.find(named).ok_or("the letter of the weekly report is gone")?;
    show(&format!("\nThe weekly report is in {}", letter.display()));
    Ok(())
}

/// What time it is in the demo.
pub(super) fn clock(now: DateTime) {
    show(&format!(
        "\nThe demo lives on the morning after the last sale: it is {} there, and goes on",
        now.strftime("%-d %B %Y, %H:%M")
    ));
}

/// How to go on.
pub(super) fn farewell(url: &str, key: &SecretKey) {
    show(&format!(
        "\nAsk it yourself (Ctrl-C ends it):\n\n  curl {url}/v1/query -H 'Authorization: Bearer \
         {key}' \\\n    -H 'Content-Type: application/json' \\\n    -d \
         '{{\"queries\":{{\"sales\":{{\"metric\":\"revenue\",\"grain\":\"month\",\
         \"range\":{{\"preset\":\"12m\"}},\"group_by\":{{\"tag\":\"country\",\"top\":3}}}}}}}}'\n",
        key = key.reveal()
    ));
}
