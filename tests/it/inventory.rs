//! Stock is counted, changed by hand and never sold twice.

use domain::access::Scope;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::World;
use tests::shop::product;
use uuid::Uuid;

struct Shelf {
    world: World,
    key: String,
    variant: String,
    location: Uuid,
}

impl Shelf {
    async fn new() -> Self {
        let world = World::new().await.with_tenant("Europe/Berlin").await;
        let key = world.key(&[Scope::CatalogWrite, Scope::StockRead, Scope::StockWrite]).await;
        let (id, wanted) = product("mug", &["red"]);
        world.put(&format!("/v1/products/{id}"), &key, &wanted).await.expect(200);
        let location = Uuid::now_v7();
        let shelf = json!({ "name": "Warehouse" });
        world.put(&format!("/v1/locations/{location}"), &key, &shelf).await.expect(200);
        let variant = wanted["variants"][0]["id"].as_str().unwrap().to_owned();
        Self { world, key, variant, location }
    }

    fn change(&self, what: Value) -> Value {
        let mut adjustment = json!({
            "id": Uuid::now_v7(), "variant": self.variant, "location": self.location,
            "reason": "counted",
        });
        adjustment.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        adjustment
    }

    async fn adjust(&self, what: &Value) -> tests::client::Answer {
        self.world.post("/v1/stock/adjustments", &self.key, what).await
    }

    /// Σ of the ledger less the columns.
    async fn drift(&self) -> i64 {
        self.world
            .count(
                "select coalesce(sum(abs(s.on_hand - m.on_hand) + abs(s.reserved - m.reserved)
                    + abs(s.allocated - m.allocated)), 0)::bigint
                 from stock s
                 join (
                    select variant, location, sum(on_hand) as on_hand, sum(reserved) as reserved,
                        sum(allocated) as allocated
                    from stock_movement group by variant, location
                 ) m using (variant, location)",
            )
            .await
    }
}

#[tokio::test]
async fn a_count_and_a_delivery_are_told_and_remembered() {
    let shelf = Shelf::new().await;
    let counted = shelf.adjust(&shelf.change(json!({ "on_hand": 24 }))).await.expect(200);
    assert_eq!((&counted.json["on_hand"], &counted.json["available"]), (&json!(24), &json!(24)));
    let came = shelf.change(json!({ "change": 6, "reason": "delivery", "low_stock": 30 }));
    assert_eq!(shelf.adjust(&came).await.expect(200).json["on_hand"], 30);
    assert_eq!(shelf.adjust(&came).await.expect(200).json["on_hand"], 30, "twice is once");
    let found = shelf.world.get("/v1/stock?low=true", &shelf.key).await.expect(200);
    assert_eq!(found.json["stock"][0]["sku"], "mug-red");
    let path = format!("/v1/stock/movements?variant={}", shelf.variant);
    let moved = shelf.world.get(&path, &shelf.key).await.expect(200);
    let told: Vec<(&Value, &Value)> = moved.json["movements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|movement| (&movement["on_hand"], &movement["reason"]))
        .collect();
    assert_eq!(told, [(&json!(6), &json!("delivery")), (&json!(24), &json!("counted"))]);
    assert_eq!(shelf.drift().await, 0);
}

#[tokio::test]
async fn where_little_is_left_is_told_page_by_page() {
    let shelf = Shelf::new().await;
    let (id, socks) = product("sock", &["S", "M", "L", "XL"]);
    shelf.world.put(&format!("/v1/products/{id}"), &shelf.key, &socks).await.expect(200);
    // Of the sizes one is not watched, one has more than enough, and orders wait for one.
    for (index, (there, low)) in
        [(1, Some(2)), (1, None), (9, Some(2)), (9, Some(2))].iter().enumerate()
    {
        let mut change = shelf.change(json!({ "on_hand": there, "low_stock": low }));
        change["variant"] = socks["variants"][index]["id"].clone();
        shelf.adjust(&change).await.expect(200);
    }
    let waits = socks["variants"][3]["id"].as_str().unwrap();
    shelf.world.sql(&format!("update stock set allocated = 7 where variant = '{waits}'")).await;
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = format!("/v1/stock?low=true&limit=1{after}");
        let page = shelf.world.get(&page, &shelf.key).await.expect(200).json;
        let told = page["stock"].as_array().unwrap().iter();
        found.extend(told.map(|level| level["sku"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    found.sort();
    assert_eq!(found, ["sock-S", "sock-XL"]);
}

#[tokio::test]
async fn fifty_changes_at_once_all_count() {
    let shelf = Shelf::new().await;
    shelf.adjust(&shelf.change(json!({ "on_hand": 100 }))).await.expect(200);
    let changes: Vec<Value> =
        (0..50).map(|number| shelf.change(json!({ "change": number % 5 - 2 }))).collect();
    for answer in join_all(changes.iter().map(|change| shelf.adjust(change))).await {
        answer.expect(200);
    }
    let path = format!("/v1/stock?variant={}", shelf.variant);
    let found = shelf.world.get(&path, &shelf.key).await.expect(200);
    assert_eq!(found.json["stock"][0]["on_hand"], 100);
    assert_eq!(shelf.drift().await, 0);
}

#[tokio::test]
async fn what_orders_wait_for_stays() {
    let shelf = Shelf::new().await;
    shelf.adjust(&shelf.change(json!({ "on_hand": 5 }))).await.expect(200);
    shelf.world.sql("update stock set reserved = 2, allocated = 2").await;
    let refused = shelf.adjust(&shelf.change(json!({ "on_hand": 3 }))).await.expect(409);
    assert_eq!(refused.json["code"], "out_of_stock");
    let backorders = shelf.change(json!({ "on_hand": 3, "backorder_limit": 1 }));
    assert_eq!(shelf.adjust(&backorders).await.expect(200).json["available"], 0);
    let negative = shelf.adjust(&shelf.change(json!({ "change": -4 }))).await;
    negative.expect(409);
}

#[tokio::test]
async fn what_means_nothing_is_refused_at_its_field() {
    let shelf = Shelf::new().await;
    for (what, field) in [
        (json!({ "on_hand": -1 }), "on_hand"),
        (json!({ "on_hand": 1, "change": 1 }), "change"),
        (json!({ "change": i64::MAX }), "change"),
        (json!({ "change": i32::MIN }), "change"),
        (json!({ "reason": "" }), "reason"),
    ] {
        let refused = shelf.adjust(&shelf.change(what)).await.expect(422);
        assert_eq!(refused.json["field"], field, "{}", refused.text());
    }
    let nowhere = shelf.change(json!({ "on_hand": 1, "location": Uuid::now_v7() }));
    shelf.adjust(&nowhere).await.expect(404);
    let again = json!({ "name": "Warehouse" });
    let path = format!("/v1/locations/{}", Uuid::now_v7());
    let refused = shelf.world.put(&path, &shelf.key, &again).await.expect(409);
    assert_eq!(refused.json["field"], "name");
}

#[tokio::test]
async fn another_shop_sees_and_moves_nothing() {
    let mut shelf = Shelf::new().await;
    shelf.adjust(&shelf.change(json!({ "on_hand": 5 }))).await.expect(200);
    shelf.world = shelf.world.with_tenant("Europe/Paris").await;
    let scopes = [Scope::StockRead, Scope::StockWrite];
    shelf.key = shelf.world.key_of(&shelf.world.tenants()[1], &scopes, 1_000).await;
    let found = shelf.world.get("/v1/stock", &shelf.key).await.expect(200);
    assert_eq!(found.json["stock"], json!([]));
    shelf.adjust(&shelf.change(json!({ "on_hand": 9 }))).await.expect(404);
}
