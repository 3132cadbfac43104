use axum::body::Body;
use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::shop::product;
use tests::{Answer, World};

const SHEET: &str = "/v1/products.csv";

struct Shop {
    world: World,
    key: String,
}

impl Shop {
    async fn new() -> Self {
        let world = World::new().await.with_tenant("Europe/Berlin").await;
        let key = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
        Self { world, key }
    }

    async fn put(&self, slug: &str, sizes: &[&str], differ: impl FnOnce(&mut Value)) {
        let (id, mut wanted) = product(slug, sizes);
        differ(&mut wanted);
        self.world.put(&format!("/v1/products/{id}"), &self.key, &wanted).await.expect(200);
    }

    async fn send(&self, path: &str, text: &str) -> Answer {
        let request = tests::client::request(Method::POST, path, &self.key)
            .header("content-type", "text/csv")
            .body(Body::from(text.to_owned()));
        self.world.send(request.unwrap()).await
    }

    async fn export(&self) -> String {
        self.world.get(SHEET, &self.key).await.expect(200).text()
    }

    async fn product(&self, slug: &str) -> Value {
        self.world.get(&format!("/v1/products/{slug}"), &self.key).await.expect(200).json
    }
}

/// Products made, changed, unchanged and refused.
fn counts(answer: &Answer) -> [u64; 4] {
    ["made", "changed", "unchanged", "refused"].map(|count| answer.json[count].as_u64().unwrap())
}

/// Of every fault, its line and field.
fn faults(answer: &Answer) -> Vec<(u64, &str)> {
    let faults = answer.json["faults"].as_array().unwrap().iter();
    let place = |fault: &'_ Value| fault["line"].as_u64().unwrap();
    faults.map(|fault| (place(fault), fault["field"].as_str().unwrap_or_default())).collect()
}

#[tokio::test]
async fn what_was_exported_changes_nothing_when_it_comes_back() {
    let shop = Shop::new().await;
    shop.world
        .put("/v1/product-types/mugs", &shop.key, &json!({ "schema": { "required": ["oz"] } }))
        .await
        .expect(200);
    shop.put("mug", &["red"], |mug| {
        mug["type"] = json!("mugs");
        mug["attributes"] = json!({ "oz": 12.1, "says": ["\"Hi\", she said", "=1+1", "ä|ö\\"] });
        mug["title"] = json!("=cmd|' /C calc'!A0");
        mug["description"] = json!("'Two\nlines;\tand a \"quote\",");
    })
    .await;
    shop.put("shirt", &["S|M", "L\\XL"], |shirt| {
        shirt["categories"] = json!(["a|b", "-c", "d\\"]);
        shirt["state"] = json!("draft");
        shirt["variants"][0]["is_stocked"] = json!(false);
        shirt["variants"][0]["barcode"] = json!("0012");
        shirt["variants"][1]["prices"] = json!([
            { "amount_minor": 500, "currency": "JPY" },
            { "amount_minor": 1, "currency": "EUR", "starts_at": "2026-11-27T00:00:00.123456Z" },
            { "amount_minor": 0, "currency": "EUR", "ends_at": "2026-12-01T00:00:00Z" },
        ]);
    })
    .await;
    let before = [shop.product("mug").await, shop.product("shirt").await];
    let text = shop.export().await;
    assert!(text.contains("'=cmd|"), "a spreadsheet would run it: {text}");
    let back = shop.send(SHEET, &text).await.expect(200);
    assert_eq!((counts(&back), faults(&back)), ([0, 0, 2, 0], vec![]));
    assert_eq!([shop.product("mug").await, shop.product("shirt").await], before);
    // In another shop they are made, with their ids.
    let other = Shop::new().await;
    other
        .world
        .put("/v1/product-types/mugs", &other.key, &json!({ "schema": {} }))
        .await
        .expect(200);
    let made = other.send(SHEET, &text).await.expect(200);
    assert_eq!(counts(&made), [2, 0, 0, 0], "{}", made.text());
    assert_eq!([other.product("mug").await, other.product("shirt").await], before);
    assert_eq!(other.export().await, text);
}

#[tokio::test]
async fn what_is_good_is_written_and_what_is_bad_is_told_by_line() {
    let shop = Shop::new().await;
    shop.put("cap", &["one"], |_cap| {}).await;
    let text = "slug,sku,title,state,option_values,options,prices\n\
                mug,MUG-R,Mug,published,red,color,9.90 EUR\n\
                mug,MUG-B,,,blue,,8.90 EUR | 9.90 USD\n\
                vase,VASE-S,Vase,published,S,size,12 EUR\n\
                vase,VASE-M,,,S,,12 EUR\n\
                bowl,cap-one,Bowl,,,,1 EUR\n\
                jug,JUG,Jug,,,,free\n";
    for (path, [made, unchanged]) in
        [("/v1/products.csv?dry_run=true", [1, 0]), (SHEET, [1, 0]), (SHEET, [0, 1])]
    {
        let told = shop.send(path, text).await.expect(200);
        assert_eq!(counts(&told), [made, 0, unchanged, 3], "{path}");
        assert_eq!(faults(&told), [(5, "option_values"), (6, "sku"), (7, "prices")], "{path}");
        assert_eq!(told.json["rows"], 6);
        let stands = shop.world.get("/v1/products/mug", &shop.key).await.status;
        assert_eq!(stands, if path == SHEET { 200 } else { 404 }, "{path}");
    }
    let mug = shop.product("mug").await;
    let prices = |variant: usize| mug["variants"][variant]["prices"].clone();
    assert_eq!(prices(0), json!([{ "amount_minor": 990, "currency": "EUR" }]));
    assert_eq!(prices(1)[1], json!({ "amount_minor": 990, "currency": "USD" }));
    assert_eq!((&mug["state"], &mug["version"]), (&json!("published"), &json!(1)));
    for slug in ["vase", "bowl", "jug"] {
        shop.world.get(&format!("/v1/products/{slug}"), &shop.key).await.expect(404);
    }
    let found = shop.world.get("/v1/products?q=mug", &shop.key).await.expect(200);
    assert_eq!(found.json["total"], 1, "what was sent is found");
}

#[tokio::test]
async fn a_sheet_changes_the_columns_that_it_has_and_takes_nothing_away() {
    let shop = Shop::new().await;
    shop.put("shirt", &["S", "M"], |_shirt| {}).await;
    let before = shop.product("shirt").await;
    let text = "sku;slug;prices\nshirt-M;shirt;39.90 EUR\n";
    assert_eq!(counts(&shop.send(SHEET, text).await.expect(200)), [0, 1, 0, 0]);
    let mut expected = before;
    expected["version"] = json!(2);
    expected["variants"][1]["prices"][0]["amount_minor"] = json!(3990);
    assert_eq!(shop.product("shirt").await, expected);
}

#[tokio::test]
async fn a_sheet_that_is_sent_by_eight_at_once_is_written_once() {
    let shop = Shop::new().await;
    let text = "slug,sku,title\nmug,MUG,Mug\nvase,VASE,Vase\n";
    let answers = join_all((0..8).map(|_| shop.send(SHEET, text))).await;
    let made: u64 = answers.into_iter().map(|answer| counts(&answer.expect(200))[0]).sum();
    assert_eq!(made, 2);
    for slug in ["mug", "vase"] {
        assert_eq!(shop.product(slug).await["version"], 1, "{slug}");
    }
    assert_eq!(shop.world.count("select count(*) from variant").await, 2);
}

#[tokio::test]
async fn attributes_of_a_sheet_fit_their_type() {
    let shop = Shop::new().await;
    let schema = json!({ "properties": { "oz": { "type": "integer" } } });
    shop.world
        .put("/v1/product-types/mugs", &shop.key, &json!({ "schema": schema }))
        .await
        .expect(200);
    let text = "slug,sku,title,type,attributes\n\
                a,A,A,mugs,\"{\"\"oz\"\":12}\"\n\
                b,B,B,mugs,\"{\"\"oz\"\":\"\"12\"\"}\"\n\
                c,C,C,cups,\n";
    let told = shop.send(SHEET, text).await.expect(200);
    assert_eq!(counts(&told), [1, 0, 0, 2]);
    assert_eq!(faults(&told), [(3, "attributes.oz"), (4, "type")]);
}

#[tokio::test]
async fn a_large_catalog_is_exported_in_pages_that_come_back_as_they_are() {
    let shop = Shop::new().await;
    let sizes: Vec<String> = (0..240).map(|size| size.to_string()).collect();
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    for number in 0..5 {
        shop.put(&format!("shirt-{number}"), &sizes, |_shirt| {}).await;
    }
    let first = shop.world.get(SHEET, &shop.key).await.expect(200);
    let link = first.header("link");
    let next = link.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0.to_owned();
    let second = shop.world.get(&next, &shop.key).await.expect(200);
    assert_eq!(second.header("link"), "");
    for (page, rows, products) in [(first, 960, 4), (second, 240, 1)] {
        assert_eq!(page.text().lines().count(), rows + 1);
        let back = shop.send(SHEET, &page.text()).await.expect(200);
        assert_eq!(counts(&back), [0, 0, products, 0]);
    }
}

#[tokio::test]
async fn what_is_no_sheet_is_refused_whole() {
    let shop = Shop::new().await;
    let many = format!("slug,sku,title\n{}", "a,A,A\n".repeat(1_001));
    let refused = shop.send(SHEET, &many).await.expect(413);
    assert!(refused.json["detail"].as_str().unwrap().contains("1000 rows"), "{}", refused.text());
    for (text, field) in [
        ("", "body"),
        ("title\nMug\n", "body"),
        ("slug,sku,colour\nmug,MUG,red\n", "colour"),
        ("slug,sku,title\nmug,MUG,M\0g\n", "body"),
    ] {
        let refused = shop.send(SHEET, text).await.expect(422);
        assert_eq!(refused.json["field"], field, "{}", refused.text());
    }
    assert_eq!(shop.world.count("select count(*) from product").await, 0);
    let reader = shop.world.key(&[Scope::CatalogRead]).await;
    shop.world.get(SHEET, &reader).await.expect(403);
}
