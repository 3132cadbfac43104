use std::time::Instant;

use domain::report::Measure;
use domain::tenant::Currency;
use futures_util::stream::{self, StreamExt as _};
use http::Method;
use providers::stripe::Stripe;
use serde_json::json;
use store::receipts;
use uuid::Uuid;

use super::client::{Client, text};
use super::shelf::{self, Good};
use super::{Fault, Year};
use crate::generator::Random;
use crate::host::Host;
use crate::sandbox::Sandbox;
use crate::terminal;

/// Goods on the shelf, and pieces of each.
const GOODS: usize = 40;
const PIECES: u32 = 500;
/// Customers, of whom so many at a time are at the counter.
const CUSTOMERS: u64 = 240;
const AT_ONCE: usize = 8;
const COUNTRIES: [&str; 5] = ["DE", "FR", "GB", "NL", "AT"];

/// What became of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visit {
    Left,
    Bought,
    BoughtWithTheSecondCard,
}

/// A shop that is open, and where its payments are made.
struct Counter<'a> {
    host: &'a Host,
    client: Client,
    stripe: &'a Stripe,
    sandbox: &'a Sandbox,
    shelf: Vec<(Good, Uuid)>,
    parcel: Uuid,
}

/// Opens the shop: its catalog is made of what it sold, and customers come, put things into carts,
/// check out, pay by card; parcels leave, some money goes back. Once: seen again, it is there.
pub(super) async fn open(host: &Host, sandbox: Option<&Sandbox>, year: &Year) -> Result<(), Fault> {
    let client = Client::new(host, &year.key);
    let known = client.get("/v1/products?limit=1").await?;
    let is_open = known["products"].as_array().is_some_and(|products| !products.is_empty());
    let app = host.apps().of(None);
    let (Some(sandbox), Ok(stripe), false) = (sandbox, app.gateway(), is_open) else {
        return show(&client, year.tenant.currency).await;
    };
    let started = Instant::now();
    let goods = shelf::read(&year.file, year.tenant.currency, GOODS)?;
    let (shelf, parcel) = furnish(&client, goods, year.tenant.currency.code()).await?;
    let counter = Counter { host, client, stripe, sandbox, shelf, parcel };
    let visits = stream::iter(0..CUSTOMERS).map(|number| counter.serve(number));
    let visits: Vec<Result<Visit, Fault>> = visits.buffer_unordered(AT_ONCE).collect().await;
    let visits = visits.into_iter().collect::<Result<Vec<Visit>, Fault>>()?;
    let count = |wanted: Visit| visits.iter().filter(|visit| **visit == wanted).count();
    let second = count(Visit::BoughtWithTheSecondCard);
    terminal::show(&format!(
        "\nThe shop is open: {GOODS} products of what it sold most. {CUSTOMERS} customers came; \
         {} bought, {second} of them with a second card, {} left their carts",
        count(Visit::Bought) + second,
        count(Visit::Left),
    ));
    counter.settle().await?;
    let (sent, back) = counter.send().await?;
    counter.settle().await?;
    terminal::show(&format!(
        "{sent} parcels left, {back} orders were partly refunded; all in {:.1} s",
        started.elapsed().as_secs_f64(),
    ));
    show(&counter.client, year.tenant.currency).await
}

/// Says how the shop sells, and puts the goods on the shelf.
async fn furnish(
    client: &Client,
    goods: Vec<Good>,
    currency: &str,
) -> Result<(Vec<(Good, Uuid)>, Uuid), Fault> {
    let id = |what: &str| receipts::digest(&[b"demo", what.as_bytes()]);
    let zone = json!({ "countries": [], "prices_include_tax": true,
        "rates_ppm": { "standard": 200_000 } });
    client.put("/v1/tax-zones/everywhere", &zone).await?;
    let parcel = id("parcel");
    let way = json!({ "name": "Parcel", "currency": currency, "price_minor": 490 });
    client.put(&format!("/v1/shipping-options/{parcel}"), &way).await?;
    let location = id("location");
    client.put(&format!("/v1/locations/{location}"), &json!({ "name": "Back room" })).await?;
    let mut shelf = vec![];
    for good in goods {
        let (product, variant) = (id(&format!("p{}", good.sku)), id(&format!("v{}", good.sku)));
        let slug = |letter: char| {
            if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
        };
        let body = json!({
            "slug": format!("p-{}", good.sku.chars().map(slug).collect::<String>()),
            "title": good.title, "state": "published",
            "variants": [{ "id": variant, "sku": good.sku, "weight_grams": 300,
                "prices": [{ "amount_minor": good.price_minor, "currency": currency }] }],
        });
        client.put(&format!("/v1/products/{product}"), &body).await?;
        let counted = json!({ "id": id(&format!("c{}", good.sku)), "variant": variant,
            "location": location, "on_hand": PIECES, "reason": "counted" });
        client.post("/v1/stock/adjustments", &counted).await?;
        shelf.push((good, variant));
    }
    Ok((shelf, parcel))
}

impl Counter<'_> {
    /// One customer, from the empty cart to the card.
    async fn serve(&self, number: u64) -> Result<Visit, Fault> {
        let mut random = Random::new(number);
        let country = COUNTRIES[random.choose(&[50, 20, 15, 10, 5])];
        let made = self.client.post("/v1/carts", &json!({ "country": country })).await?;
        let (cart, token) = (text(&made["cart"]["id"]).to_owned(), text(&made["token"]));
        let customer = [("cart-token", token)];
        let path = format!("/v1/carts/{cart}");
        let weights: Vec<u64> = self.shelf.iter().map(|(good, _)| good.sales).collect();
        for _ in 0..=random.below(3) {
            let (good, _) = &self.shelf[random.choose(&weights)];
            let line = json!({ "sku": good.sku, "quantity": 1 + random.below(2) });
            let lines = format!("{path}/lines");
            self.client.ask((Method::POST, &lines), &customer, &line).await?;
        }
        if random.below(10) == 0 {
            return Ok(Visit::Left);
        }
        let way = json!({ "shipping": self.parcel });
        self.client.ask((Method::PATCH, &path), &customer, &way).await?;
        let contact = json!({
            "email": format!("customer-{}@customer.example", number % 200),
            "name": format!("Customer {}", number % 200),
            "shipping_address": {
                "lines": [format!("Main Street {number}")], "city": "Springfield",
                "country": country,
            },
        });
        let body = json!({ "cart": cart, "contact": contact });
        let keyed = [customer[0], ("idempotency-key", cart.as_str())];
        let order = self.client.ask((Method::POST, "/v1/checkout"), &keyed, &body).await?;
        self.pay(text(&order["payment"]["reference"]), random.below(12) == 0).await
    }

    /// With a card that is declined at first, perhaps.
    async fn pay(&self, payment: &str, is_declined: bool) -> Result<Visit, Fault> {
        if is_declined {
            let declined = "pm_card_visa_chargeDeclined";
            let refused = self.stripe.confirm(payment, declined, &format!("{payment}:1")).await;
            debug_assert!(refused.is_err(), "the card is declined");
        }
        self.stripe.confirm(payment, "pm_card_visa", &format!("{payment}:2")).await?;
        Ok(if is_declined { Visit::BoughtWithTheSecondCard } else { Visit::Bought })
    }

    /// The provider's webhooks arrive, and everything that follows from them is done.
    async fn settle(&self) -> Result<(), Fault> {
        loop {
            let webhooks = self.sandbox.take_pending()?;
            if webhooks.is_empty() {
                return Ok(());
            }
            for webhook in webhooks {
                self.client.webhook(webhook).await?;
            }
            self.host.drain_queues().await?;
        }
    }

    /// Three of four orders are sent, and one of fifteen gets a part of its money back.
    async fn send(&self) -> Result<(u32, u32), Fault> {
        let path = "/v1/orders?status=confirmed&limit=500";
        let (mut sent, mut back) = (0, 0);
        let listed = self.client.get(path).await?;
        for order in listed["orders"].as_array().into_iter().flatten() {
            let number = order["number"].as_u64().unwrap_or(0);
            let path = format!("/v1/orders/{}", text(&order["id"]));
            let key = [("idempotency-key", "demo")];
            if number % 4 != 0 {
                let parcels = format!("{path}/fulfillments");
                let parcel = self.client.ask((Method::POST, &parcels), &key, &json!({})).await?;
                let carried =
                    json!({ "carrier": "DHL", "tracking_number": format!("{number:012}") });
                let parcel = format!("{parcels}/{}", text(&parcel["id"]));
                self.client.post(&format!("{parcel}/ship"), &carried).await?;
                sent += 1;
            }
            if number % 15 == 0 {
                let amount_minor = order["total_minor"].as_i64().unwrap_or(0) / 2;
                let refund = json!({ "amount_minor": amount_minor, "reason": "It came late" });
                let refunds = format!("{path}/refunds");
                self.client.ask((Method::POST, &refunds), &key, &refund).await?;
                back += 1;
            }
        }
        Ok((sent, back))
    }
}

/// The figures that the trade has made, and the newest order that was partly refunded, with its
/// history.
async fn show(client: &Client, currency: Currency) -> Result<(), Fault> {
    let today = |metric: &str| json!({ "metric": metric, "range": { "preset": "today" } });
    let asked = json!({ "queries": { "revenue": today("revenue"), "orders": today("orders") } });
    let answers = client.post("/v1/query", &asked).await?;
    let total = |name: &str| answers["answers"][name]["total"]["value"].as_f64().unwrap_or(0.0);
    terminal::show(&format!(
        "Its sales are figures already: {:.0} orders today, {} without tax",
        total("orders"),
        Measure::Money(currency).exact(total("revenue")),
    ));
    let listed = client.get("/v1/orders?payment_status=part_refunded&limit=1").await?;
    let Some(order) = listed["orders"].get(0) else { return Ok(()) };
    terminal::show(&format!(
        "\nOrder {} is {}, {} and {}. What happened to it:",
        order["number"],
        text(&order["status"]),
        text(&order["payment_status"]),
        text(&order["fulfillment_status"]),
    ));
    let path = format!("/v1/orders/{}/history", text(&order["id"]));
    let history = client.get(&path).await?;
    for event in history["events"].as_array().into_iter().flatten() {
        terminal::show(&format!(
            "{:>4}  {:<32} {}",
            event["version"].as_i64().unwrap_or(0),
            text(&event["kind"]),
            text(&event["actor"])
        ));
    }
    Ok(())
}
