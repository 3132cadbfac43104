use app::Role;
use domain::access::Scope;
use domain::id::CartId;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use store::carts;
use store::meter::Meter;
use tests::client::request;
use tests::shop::product;
use tests::{Answer, World};

/// A shop that sells shirts, and a browser's key.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) owner: String,
    pub(crate) browser: String,
}

/// A cart, and the token of its customer.
pub(crate) struct Basket {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl Shop {
    /// With two sizes at 49.90 euros, taxed at 19 percent in Germany, sent there for 4.90.
    pub(crate) async fn open() -> Self {
        let world = World::new().await.with_tenant("Europe/Berlin").await;
        let owner = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
        let browser = world.key(&[Scope::CartsWrite]).await;
        let (id, shirt) = product("shirt", &["S", "M"]);
        world.put(&format!("/v1/products/{id}"), &owner, &shirt).await.expect(200);
        let zone = json!({ "countries": ["DE"], "prices_include_tax": true,
                           "rates_ppm": { "standard": 190_000 } });
        world.put("/v1/tax-zones/domestic", &owner, &zone).await.expect(200);
        let way = |name: &str, price_minor: i64, most: Value| {
            json!({ "name": name, "currency": "EUR", "price_minor": price_minor,
                    "countries": ["DE"], "total_minor_to": most })
        };
        for (id, way) in
            [("351", way("Parcel", 490, json!(9_999))), ("352", way("Free", 0, Value::Null))]
        {
            let path = format!("/v1/shipping-options/7a6e0000-0000-7000-8000-000000000{id}");
            world.put(&path, &owner, &way).await.expect(200);
        }
        Self { world, owner, browser }
    }

    pub(crate) async fn basket(&self) -> Basket {
        let wanted = json!({ "country": "DE" });
        let made = self.world.post("/v1/carts", &self.browser, &wanted).await.expect(201).json;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Basket { id: text(&made["cart"]["id"]), token: text(&made["token"]) }
    }

    pub(crate) async fn send(
        &self,
        (method, path): (Method, &str),
        basket: &Basket,
        version: Option<i64>,
        body: &Value,
    ) -> Answer {
        let path = format!("/v1/carts/{}{path}", basket.id);
        let mut asked = request(method, &path, &self.browser)
            .header("content-type", "application/json")
            .header("cart-token", &basket.token);
        if let Some(version) = version {
            asked = asked.header("if-match", format!("\"{version}\""));
        }
        self.world.send(asked.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn add(&self, basket: &Basket, sku: &str, quantity: u32) -> Answer {
        let line = json!({ "sku": sku, "quantity": quantity });
        self.send((Method::POST, "/lines"), basket, None, &line).await
    }

    pub(crate) async fn read(&self, basket: &Basket) -> Value {
        self.send((Method::GET, ""), basket, None, &Value::Null).await.expect(200).json
    }
}

#[tokio::test]
async fn a_cart_adds_up_at_the_prices_and_taxes_of_the_moment() {
    let shop = Shop::open().await;
    let basket = shop.basket().await;
    assert_eq!(shop.read(&basket).await["hindrances"][0]["code"], "empty");
    shop.add(&basket, "shirt-S", 1).await.expect(200);
    let cart = shop.add(&basket, "shirt-S", 1).await.expect(200).json;
    assert_eq!(cart["lines"].as_array().unwrap().len(), 1);
    assert_eq!((&cart["lines"][0]["quantity"], &cart["version"]), (&json!(2), &json!(3)));
    assert_eq!(cart["hindrances"][0]["code"], "no_shipping");
    // 99.80 with tax; the parcel is dearer than nothing, and both fit.
    assert_eq!(cart["shipping_options"].as_array().unwrap().len(), 2);
    let parcel = json!({ "shipping": "7a6e0000-0000-7000-8000-000000000351" });
    let cart = shop.send((Method::PATCH, ""), &basket, None, &parcel).await.expect(200).json;
    assert_eq!(cart["hindrances"], json!([]));
    let told = ["subtotal_minor", "shipping_minor", "net_minor", "tax_minor", "total_minor"];
    assert_eq!(told.map(|name| cart[name].as_i64().unwrap()), [9_980, 490, 8_799, 1_671, 10_470]);
    // Beyond 99.99 the parcel is no choice any more.
    let cart = shop.add(&basket, "shirt-M", 1).await.expect(200).json;
    assert_eq!(cart["hindrances"][0]["code"], "shipping_does_not_fit");
    assert_eq!(cart["shipping_options"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn f40_what_is_put_in_at_once_is_all_there() {
    let shop = Shop::open().await;
    let basket = shop.basket().await;
    let (basket_ref, shop_ref) = (&basket, &shop);
    let adds = (0..100).map(|n| async move {
        let sku = if n % 2 == 0 { "shirt-S" } else { "shirt-M" };
        shop_ref.add(basket_ref, sku, 1).await.expect(200);
    });
    join_all(adds).await;
    let cart = shop.read(&basket).await;
    assert_eq!(cart["version"], 101);
    let pieces = cart["lines"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64());
    assert_eq!(pieces.collect::<Vec<_>>(), [Some(50), Some(50)]);
}

#[tokio::test]
async fn who_insists_on_a_version_does_not_undo_anothers_change() {
    let shop = Shop::open().await;
    let basket = shop.basket().await;
    let line = json!({ "sku": "shirt-S", "quantity": 1 });
    let add = |version| shop.send((Method::POST, "/lines"), &basket, Some(version), &line);
    let answers = join_all((0..10).map(|_| add(1))).await;
    let stood = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((stood, refused), (1, 9));
    let line = shop.read(&basket).await["lines"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/lines/{line}");
    let none = json!({ "quantity": 0 });
    let gone = shop.send((Method::PATCH, &path), &basket, Some(2), &none).await.expect(200);
    assert_eq!(gone.json["lines"], json!([]));
    shop.send((Method::PATCH, &path), &basket, None, &none).await.expect(404);
}

#[tokio::test]
async fn a_cart_is_its_customers_alone() {
    let shop = Shop::open().await;
    let basket = shop.basket().await;
    let stranger = Basket { id: basket.id.clone(), token: "guessed".to_owned() };
    shop.send((Method::GET, ""), &stranger, None, &Value::Null).await.expect(404);
    shop.add(&stranger, "shirt-S", 1).await.expect(404);
    shop.world.get(&format!("/v1/carts/{}", basket.id), &shop.browser).await.expect(422);
    shop.world.post("/v1/carts", &shop.owner, &json!({})).await.expect(403);
    let world = shop.world.with_tenant("Europe/London").await;
    let other = world.key_of(&world.tenants()[1], &[Scope::CartsWrite], 100).await;
    let path = format!("/v1/carts/{}", basket.id);
    let asked = request(Method::GET, &path, &other).header("cart-token", &basket.token);
    world.send(asked.body(String::new().into()).unwrap()).await.expect(404);
    let kept = "select count(*) from cart where token_hash = sha256(convert_to($$token$$, 'UTF8'))";
    assert_eq!(world.count(&kept.replace("token$$", &format!("{}$$", basket.token))).await, 1);
}

#[tokio::test]
async fn f45_two_hundred_lines_cost_as_many_round_trips_as_one() {
    let shop = Shop::open().await;
    let sizes: Vec<String> = (0..200).map(|n| format!("{n}")).collect();
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    let (id, many) = product("many", &sizes);
    shop.world.put(&format!("/v1/products/{id}"), &shop.owner, &many).await.expect(200);
    let basket = shop.basket().await;
    let fill = "insert into cart_line (tenant, cart, id, variant, quantity)
                select 1, c.id, v.id, v.id, 3 from cart c, variant v where v.sku like 'many-%'";
    shop.world.sql(fill).await;
    let cart = shop.read(&basket).await;
    assert_eq!(cart["lines"].as_array().unwrap().len(), 200);
    assert_eq!(cart["subtotal_minor"], 200 * 3 * 4_990);
    let app = shop.world.app(Role::App);
    let (tenant, id) = (shop.world.tenant().number, CartId(basket.id.parse().unwrap()));
    carts::find(&app.db, tenant, id, app.clock.now()).await.unwrap();
    let meter = Meter::default();
    meter.measure(carts::find(&app.db, tenant, id, app.clock.now())).await.unwrap();
    assert_eq!(meter.round_trips(), 1);
}

#[tokio::test]
async fn what_is_not_sold_any_more_is_told_and_costs_nothing() {
    let shop = Shop::open().await;
    let basket = shop.basket().await;
    shop.add(&basket, "shirt-S", 1).await.expect(200);
    shop.world.sql("update product set state = 'archived'").await;
    let cart = shop.read(&basket).await;
    assert_eq!(cart["hindrances"][0]["code"], "not_for_sale");
    assert_eq!(cart["total_minor"], 0);
    shop.add(&basket, "shirt-M", 1).await.expect(404);
    shop.world.sql("update cart set expires_at = now() - interval '1 day'").await;
    shop.send((Method::GET, ""), &basket, None, &Value::Null).await.expect(404);
}

impl Shop {
    async fn merge(&self, into: &Basket, from: &Basket) -> Answer {
        let body = json!({ "from": from.id, "from_token": from.token });
        self.send((Method::POST, "/merge"), into, None, &body).await
    }
}

#[tokio::test]
async fn f41_a_guests_cart_is_merged_once_and_is_no_cart_any_more() {
    let shop = Shop::open().await;
    let (own, guest) = (shop.basket().await, shop.basket().await);
    shop.add(&own, "shirt-S", 2).await.expect(200);
    shop.add(&guest, "shirt-S", 3).await.expect(200);
    shop.add(&guest, "shirt-M", 9_999).await.expect(200);
    shop.add(&own, "shirt-M", 9_999).await.expect(200);
    for (basket, codes) in [(&own, json!(["A", "B"])), (&guest, json!(["B", "C"]))] {
        let codes = json!({ "codes": codes });
        shop.send((Method::PATCH, ""), basket, None, &codes).await.expect(200);
    }
    let answers = join_all((0..10).map(|_| shop.merge(&own, &guest))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let cart = shop.merge(&own, &guest).await.expect(200).json;
    let pieces = cart["lines"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64());
    assert_eq!(pieces.collect::<Vec<_>>(), [Some(5), Some(10_000)]);
    assert_eq!(cart["version"], 5);
    let codes = cart["discounts"].as_array().unwrap().iter().map(|it| it["code"].as_str());
    assert_eq!(codes.collect::<Vec<_>>(), [Some("A"), Some("B"), Some("C")]);
    assert_eq!(shop.read(&guest).await["merged_into"], json!(own.id));
    let closed = shop.add(&guest, "shirt-S", 1).await.expect(409);
    assert!(closed.text().contains(&own.id), "{}", closed.text());
    let third = shop.basket().await;
    let twice = shop.merge(&third, &guest).await.expect(409);
    assert_eq!(twice.json["field"], "from");
    shop.merge(&guest, &third).await.expect(409);
    shop.merge(&own, &own).await.expect(422);
}

#[tokio::test]
async fn f41_a_cart_is_merged_by_who_holds_both_tokens() {
    let shop = Shop::open().await;
    let (own, guest) = (shop.basket().await, shop.basket().await);
    let guessed = |basket: &Basket| Basket { id: basket.id.clone(), token: "guessed".to_owned() };
    shop.merge(&guessed(&own), &guest).await.expect(404);
    let refused = shop.merge(&own, &guessed(&guest)).await.expect(404);
    assert_eq!(refused.json["field"], "from");
    shop.world.sql("update cart set expires_at = now() - interval '1 day'").await;
    shop.merge(&own, &guest).await.expect(404);
    assert_eq!(shop.world.count("select count(*) from cart where state = 'open'").await, 2);
}

#[tokio::test]
async fn f41_what_is_put_in_during_a_merge_is_in_one_cart_or_refused() {
    let shop = Shop::open().await;
    let (own, guest) = (shop.basket().await, shop.basket().await);
    shop.add(&guest, "shirt-M", 1).await.expect(200);
    let add = |n: u32| {
        let (basket, shop) = (if n.is_multiple_of(2) { &guest } else { &own }, &shop);
        async move { shop.add(basket, "shirt-S", 1).await.status }
    };
    let merge = async {
        (shop.merge(&own, &guest).await.expect(200).status, shop.merge(&own, &guest).await.status)
    };
    let (added, merged) = tokio::join!(join_all((0..40).map(add)), merge);
    assert_eq!(merged, (200, 200));
    assert!(added.iter().all(|status| matches!(status, 200 | 409)), "{added:?}");
    let kept = i64::try_from(added.iter().filter(|status| **status == 200).count()).unwrap();
    let lines = shop.read(&own).await["lines"].clone();
    let pieces = |sku: &str| {
        let line = lines.as_array().unwrap().iter().find(|line| line["sku"] == sku).unwrap();
        line["quantity"].as_i64()
    };
    assert_eq!((pieces("shirt-S"), pieces("shirt-M")), (Some(kept), Some(1)));
}

#[tokio::test]
async fn f41_two_carts_that_take_each_other_over_become_one() {
    let shop = Shop::open().await;
    for _ in 0..5 {
        let (one, other) = (shop.basket().await, shop.basket().await);
        shop.add(&one, "shirt-S", 1).await.expect(200);
        shop.add(&other, "shirt-S", 2).await.expect(200);
        let (first, second) = tokio::join!(shop.merge(&one, &other), shop.merge(&other, &one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let left = if first.status == 200 { &one } else { &other };
        assert_eq!(shop.read(left).await["lines"][0]["quantity"], 3);
    }
}
