//! Discounts are written whole, taken off, and used as often as they may be.

use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::cart::{Basket, Shop};

/// Discounts are used as often as they may be, and come back when nothing is bought.
mod redemptions;

pub(crate) const AUTOMATIC: &str = "7a6e0000-0000-7000-8000-000000000391";
const PARCEL: &str = "7a6e0000-0000-7000-8000-000000000351";

/// A share of everything.
pub(crate) fn percent(percent: u32) -> Value {
    json!({ "name": format!("{percent} % off"),
            "effect": { "kind": "percentage", "share_ppm": percent * 10_000 } })
}

impl Shop {
    pub(crate) async fn discount(&self, handle: &str, discount: &Value) -> Value {
        let path = format!("/v1/discounts/{handle}");
        self.world.put(&path, &self.owner, discount).await.expect(200).json
    }

    pub(crate) async fn type_codes(&self, basket: &Basket, codes: &[&str]) -> Value {
        let codes = json!({ "codes": codes });
        self.send((Method::PATCH, ""), basket, None, &codes).await.expect(200).json
    }

    async fn refused(&self, handle: &str, change: &Value) -> Value {
        let mut discount = percent(10);
        for (name, value) in change.as_object().unwrap() {
            discount[name] = value.clone();
        }
        let path = format!("/v1/discounts/{handle}");
        self.world.put(&path, &self.owner, &discount).await.expect(422).json["field"].clone()
    }
}

#[tokio::test]
async fn a_discount_is_written_whole_and_keeps_its_id() {
    let shop = Shop::open().await;
    let mut summer = percent(25);
    summer["target"] = json!({ "categories": ["all"] });
    summer["currency"] = json!("EUR");
    summer["minimum_subtotal_minor"] = json!(5_000);
    summer["minimum_quantity"] = json!(2);
    summer["starts_at"] = json!("2026-06-01T00:00:00Z");
    summer["ends_at"] = json!("2026-09-01T00:00:00Z");
    (summer["redemptions_limit"], summer["customer_limit"]) = (json!(10), json!(1));
    let written = shop.discount("summer", &summer).await;
    assert_eq!((&written["code"], &written["redeemed"]), (&json!("SUMMER"), &json!(0)));
    let read = shop.world.get("/v1/discounts/Summer", &shop.owner).await.expect(200).json;
    assert_eq!(read, written);
    for (name, value) in summer.as_object().unwrap() {
        assert_eq!(&read[name], value, "{name}");
    }
    let again = shop.discount("SUMMER", &percent(10)).await;
    assert_eq!((&again["id"], &again["name"]), (&written["id"], &json!("10 % off")));
    assert_eq!(again["redemptions_limit"], Value::Null);
    let gone = shop.world.delete("/v1/discounts/summer", &shop.owner).await;
    gone.expect(204);
    shop.world.delete("/v1/discounts/summer", &shop.owner).await.expect(404);
    shop.world.get("/v1/discounts/summer", &shop.owner).await.expect(404);
}

#[tokio::test]
async fn discounts_are_listed_page_by_page_for_who_may_write_them() {
    let shop = Shop::open().await;
    for handle in ["A", "B", "C", AUTOMATIC] {
        shop.discount(handle, &percent(10)).await;
    }
    let (mut path, mut seen) = ("/v1/discounts?limit=3".to_owned(), vec![]);
    loop {
        let page = shop.world.get(&path, &shop.owner).await.expect(200).json;
        let named =
            |it: &Value| if it["code"].is_null() { it["id"].clone() } else { it["code"].clone() };
        seen.extend(page["discounts"].as_array().unwrap().iter().map(named));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/discounts?limit=3&after={next}");
    }
    assert_eq!(json!(seen), json!([AUTOMATIC, "A", "B", "C"]));
    let reader = shop.world.key(&[Scope::CatalogRead]).await;
    shop.world.get("/v1/discounts", &reader).await.expect(403);
    shop.world.put("/v1/discounts/A", &reader, &percent(90)).await.expect(403);
    let id = shop.world.get("/v1/discounts/A", &shop.owner).await.json["id"].clone();
    let path = format!("/v1/discounts/{}", id.as_str().unwrap());
    shop.world.put(&path, &shop.owner, &percent(10)).await.expect(409);
}

#[tokio::test]
async fn a_discount_that_nobody_could_have_is_refused_by_its_field() {
    let shop = Shop::open().await;
    let effect = |effect: Value| json!({ "effect": effect });
    let amount = json!({ "kind": "amount", "amount_minor": 0 });
    let sets = json!({ "kind": "buy_x_get_y", "buy": 0, "get": 1, "share_ppm": 1 });
    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (effect(json!({ "kind": "percentage", "share_ppm": 1_000_001 })), "effect.share_ppm"),
        (effect(json!({ "kind": "percentage", "share_ppm": 0 })), "effect"),
        (effect(amount.clone()), "currency"),
        (json!({ "effect": amount, "currency": "EUR" }), "effect.amount_minor"),
        (effect(sets), "effect.buy"),
        (json!({ "target": { "products": [] } }), "target"),
        (json!({ "target": { "categories": [""] } }), "target.categories"),
        (json!({ "minimum_subtotal_minor": 1 }), "currency"),
        (json!({ "minimum_quantity": 0 }), "minimum_quantity"),
        (json!({ "redemptions_limit": 0 }), "redemptions_limit"),
        (json!({ "customer_limit": 4_000_000_000_u32 }), "customer_limit"),
    ] {
        assert_eq!(shop.refused("CODE", &change).await, field, "{change}");
    }
    let window = json!({ "starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z" });
    assert_eq!(shop.refused("CODE", &window).await, "ends_at");
    assert_eq!(shop.refused("50%25", &json!({})).await, "handle");
    assert_eq!(shop.world.count("select count(*) from discount").await, 0);
}

#[tokio::test]
async fn a_shop_has_so_many_discounts_without_a_code() {
    let shop = Shop::open().await;
    let fill = "insert into discount (tenant, id, rule)
                select 1, gen_random_uuid(), '{}' from generate_series(1, 100)";
    shop.world.sql(fill).await;
    let path = format!("/v1/discounts/{AUTOMATIC}");
    let refused = shop.world.put(&path, &shop.owner, &percent(10)).await.expect(409);
    assert!(refused.json["detail"].as_str().unwrap().contains("100"), "{}", refused.text());
    shop.discount("CODE", &percent(10)).await;
}

#[tokio::test]
async fn a_cart_tells_of_every_code_whether_it_applies_and_why_not() {
    let shop = Shop::open().await;
    shop.discount(AUTOMATIC, &percent(10)).await;
    shop.discount("HALF", &percent(50)).await;
    let mut later = percent(20);
    later["starts_at"] = json!("2036-01-01T00:00:00Z");
    shop.discount("LATER", &later).await;
    let sent = json!({ "name": "Sent for nothing", "effect": { "kind": "free_shipping" } });
    shop.discount("SENT", &sent).await;
    let basket = shop.basket().await;
    shop.add(&basket, "shirt-S", 1).await.expect(200);
    let cart = shop.type_codes(&basket, &["half", "later", "nobody", "sent", "HALF"]).await;
    let told: Vec<_> = cart["discounts"].as_array().unwrap().iter().collect();
    let one = |it: &Value| (it["code"].clone(), it["discount_minor"].clone(), it["reason"].clone());
    // The tenth first, then half of what is left: 49.90 less 4.99 less 22.45.
    assert_eq!(one(told[0]), (Value::Null, json!(499), Value::Null));
    assert_eq!(one(told[1]), (json!("HALF"), json!(2_245), Value::Null));
    assert_eq!(one(told[2]), (json!("LATER"), json!(0), json!("not_yet")));
    assert_eq!(one(told[3]), (json!("SENT"), json!(0), json!("no_delivery")));
    assert_eq!(one(told[4]), (json!("NOBODY"), json!(0), json!("no_such_code")));
    assert_eq!(told.len(), 5);
    assert_eq!(told[0]["name"], "10 % off");
    let hindrances = cart["hindrances"].as_array().unwrap().iter();
    let codes: Vec<_> = hindrances.map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no_shipping", "code_does_not_apply"]);
    let way = json!({ "shipping": PARCEL, "codes": ["half", "sent"] });
    let cart = shop.send((Method::PATCH, ""), &basket, None, &way).await.expect(200).json;
    assert_eq!(cart["hindrances"], json!([]));
    let told = ["subtotal_minor", "discount_minor", "shipping_minor", "net_minor", "tax_minor"];
    let told = told.map(|name| cart[name].as_i64().unwrap());
    assert_eq!(told, [4_990, 499 + 2_245 + 490, 0, 1_887, 359]);
    assert_eq!(cart["total_minor"], 2_246);
    let none = shop.type_codes(&basket, &[]).await;
    assert_eq!(none["discount_minor"], 499);
    let many: Vec<String> = (0..11).map(|n| format!("C{n}")).collect();
    for (codes, field) in [(json!(many), "codes"), (json!(["HALF", "5 %"]), "codes[1]")] {
        let typed = json!({ "codes": codes });
        let refused = shop.send((Method::PATCH, ""), &basket, None, &typed).await.expect(422);
        assert_eq!(refused.json["field"], field);
    }
}

#[tokio::test]
async fn f40_codes_country_and_lines_that_are_written_at_once_all_stand() {
    let shop = Shop::open().await;
    shop.discount("HALF", &percent(50)).await;
    let basket = shop.basket().await;
    let (codes, way) = (json!({ "codes": ["HALF"] }), json!({ "shipping": PARCEL }));
    let line = json!({ "sku": "shirt-S", "quantity": 1 });
    let writes = (0..30).map(|n| match n % 3 {
        0 => shop.send((Method::PATCH, ""), &basket, None, &codes),
        1 => shop.send((Method::PATCH, ""), &basket, None, &way),
        _ => shop.send((Method::POST, "/lines"), &basket, None, &line),
    });
    assert!(join_all(writes).await.iter().all(|answer| answer.status == 200));
    let cart = shop.read(&basket).await;
    assert_eq!((&cart["version"], &cart["shipping"]), (&json!(31), &json!(PARCEL)));
    assert_eq!(
        (&cart["lines"][0]["quantity"], &cart["discount_minor"]),
        (&json!(10), &json!(24_950))
    );
    let stale = shop.send((Method::PATCH, ""), &basket, Some(30), &json!({ "codes": [] })).await;
    stale.expect(409);
}
