//! What goes with a product is told with its evidence, and can be bought.

use http::Method;
use serde_json::{Value, json};
use tests::Answer;
use tests::client::request;

use crate::recommendation_batch::Stall;

/// A shop that has counted: a goes with b and, less, with c.
async fn counted() -> Stall {
    let mut stall = Stall::open().await;
    for (name, category) in
        [("a", "tea"), ("b", "cups"), ("c", "cups"), ("d", "tea"), ("e", "tea"), ("f", "hats")]
    {
        stall.sells(name, category).await;
    }
    let orders = [(4, "ab"), (3, "ac"), (3, "c"), (5, "d"), (2, "e"), (1, "ed"), (2, "f")];
    for (times, letters) in orders {
        stall.sold(times, letters).await;
    }
    stall.counts().await;
    stall
}

impl Stall {
    async fn ask(&self, path: &str) -> Answer {
        self.world.get(&format!("/v1/products/{path}"), &self.keeper).await
    }

    /// The slugs that are recommended.
    async fn names(&self, path: &str) -> Vec<String> {
        let told = self.ask(path).await.expect(200).json;
        let all = told["recommendations"].as_array().unwrap().iter();
        all.map(|it| it["slug"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn each_comes_with_its_evidence_and_what_is_missing_is_what_sells_of_the_kind() {
    let stall = counted().await;
    let told = stall.ask("a/recommendations").await.expect(200).json;
    // Of 20 orders seven have a, four b, six c; four have a and b, three a and c. In its category
    // six have d and three e.
    assert_eq!(told["orders_counted"], 20);
    let evidence = |it: &Value| {
        (it["slug"].clone(), it["because"].clone(), it["orders"].clone(), it["lift"].clone())
    };
    let all: Vec<_> = told["recommendations"].as_array().unwrap().iter().map(evidence).collect();
    let together = |name, orders, lift: f64| {
        (json!(name), json!("bought_together"), json!(orders), json!(lift))
    };
    let popular =
        |name, orders| (json!(name), json!("popular_in_category"), json!(orders), Value::Null);
    let lift_of_c = 3.0 * 20.0 / (7.0 * 6.0);
    assert_eq!(
        all,
        [
            together("b", 4, 4.0 * 20.0 / (7.0 * 4.0)),
            together("c", 3, lift_of_c),
            popular("d", 6),
            popular("e", 3)
        ]
    );
    // By its id it is the same, and b, which is of another kind, leads back to it.
    let id = stall.things["a"];
    assert_eq!(stall.ask(&format!("{id}/recommendations")).await.expect(200).json, told);
    assert_eq!(stall.names("b/recommendations").await, ["a", "c"]);
    assert_eq!(stall.names("f/recommendations").await, [""; 0]);
    assert_eq!(stall.names("a/recommendations?limit=1").await, ["b"]);
    for wrong in ["limit=0", "limit=21", "limit=x", "count=3"] {
        stall.ask(&format!("a/recommendations?{wrong}")).await.expect(422);
    }
}

#[tokio::test]
async fn what_cannot_be_bought_is_not_recommended() {
    let mut stall = counted().await;
    let path = "a/recommendations";
    assert_eq!(stall.names(path).await, ["b", "c", "d", "e"]);
    let on_shelf = |thing: &mut Value| thing["variants"][0]["is_stocked"] = json!(true);
    stall.sells_so("b", "cups", on_shelf).await;
    assert_eq!(stall.names(path).await, ["c", "d", "e"], "there is none of it");
    stall
        .world
        .sql(
            "with shelf as (
                 insert into location (tenant, id, name)
                 values (1, gen_random_uuid(), 'Shelf') returning id
             )
             insert into stock (tenant, variant, location, on_hand, reserved)
             select 1, v.id, shelf.id, 2, 2 from variant v, shelf where v.is_stocked",
        )
        .await;
    assert_eq!(stall.names(path).await, ["c", "d", "e"], "others have reserved it");
    stall.world.sql("update stock set reserved = 1").await;
    assert_eq!(stall.names(path).await, ["b", "c", "d", "e"]);
    let draft = |thing: &mut Value| thing["state"] = json!("draft");
    stall.sells_so("c", "cups", draft).await;
    assert_eq!(stall.names(path).await, ["b", "d", "e"]);
    let free = |thing: &mut Value| thing["variants"][0]["prices"] = json!([]);
    stall.sells_so("d", "tea", free).await;
    assert_eq!(stall.names(path).await, ["b", "e"]);
    let later = |thing: &mut Value| {
        thing["variants"][0]["prices"][0]["starts_at"] = json!("2026-11-22T00:00:00Z");
    };
    stall.sells_so("e", "tea", later).await;
    assert_eq!(stall.names(path).await, ["b"]);
    // What is not for sale itself is nobody's to ask about.
    stall.ask("c/recommendations").await.expect(404);
    stall.ask("nothing/recommendations").await.expect(404);
}

#[tokio::test]
async fn a_page_of_the_shop_may_ask_and_need_not_be_told_twice() {
    let stall = counted().await;
    let key = stall.world.browser_key(&["https://shop.example"]).await;
    let ask = |origin: &'static str, tag: String| {
        let asked = request(Method::GET, "/v1/products/a/recommendations", &key)
            .header("origin", origin)
            .header("if-none-match", tag)
            .body(String::new().into());
        stall.world.send(asked.unwrap())
    };
    let told = ask("https://shop.example", "\"none\"".to_owned()).await.expect(200);
    assert_eq!(told.header("cache-control"), "public, max-age=60");
    assert_eq!(told.header("access-control-allow-origin"), "https://shop.example");
    let tag = told.header("etag").to_owned();
    let same = ask("https://shop.example", tag.clone()).await.expect(304);
    assert!(same.body.is_empty());
    ask("https://elsewhere.example", tag.clone()).await.expect(403);
    stall.sold(3, "ad").await;
    stall.counts().await;
    let other = ask("https://shop.example", tag).await.expect(200);
    assert_eq!(other.json["orders_counted"], 23);
}

#[tokio::test]
async fn a_shop_without_orders_recommends_nothing_and_sees_nothing_of_others() {
    let stall = counted().await;
    let Stall { world, .. } = stall;
    let world = world.with_tenant("Europe/London").await;
    let scopes = [domain::access::Scope::CatalogRead, domain::access::Scope::CatalogWrite];
    let key = world.key_of(&world.tenants()[1], &scopes, 1).await;
    let path = "/v1/products/a/recommendations";
    world.get(path, &key).await.expect(404);
    let (id, thing) = tests::shop::product("a", &["one"]);
    world.put(&format!("/v1/products/{id}"), &key, &thing).await.expect(200);
    let told = world.get(path, &key).await.expect(200).json;
    assert_eq!(told, json!({ "product": id, "recommendations": [] }));
}
