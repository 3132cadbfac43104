//! Products are written whole, seen by whom they may, and archived.

use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;
use tests::shop::{product, variant};
use uuid::Uuid;

/// Products are found by words, mistyped ones too, by facets and by prices.
mod search;
/// How a shop sells: rounding, taxes, ways to send.
mod settings;
/// Products go out as CSV and come back.
mod sheet;
/// Attributes are what the type of a product says.
mod types;

async fn shop() -> (World, String, String) {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let owner = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
    let browser = world.key(&[Scope::CatalogRead]).await;
    (world, owner, browser)
}

fn path(id: Uuid) -> String {
    format!("/v1/products/{id}")
}

#[tokio::test]
async fn a_product_is_read_as_it_was_written_by_id_and_by_slug() {
    let (world, owner, _) = shop().await;
    let (id, wanted) = product("linen-shirt", &["S", "M"]);
    let written = world.put(&path(id), &owner, &wanted).await.expect(200);
    for found in [path(id), "/v1/products/linen-shirt".to_owned()] {
        let found = world.get(&found, &owner).await.expect(200);
        assert_eq!(found.json, written.json);
        assert_eq!(found.header("etag"), "\"1\"");
    }
    for (field, value) in wanted.as_object().unwrap() {
        if field != "variants" {
            assert_eq!(written.json[field], *value, "{field}");
        }
    }
    let sold: Vec<&Value> = written.json["variants"].as_array().unwrap().iter().collect();
    assert_eq!((sold.len(), &sold[1]["options"]), (2, &json!(["M"])));
    assert_eq!(sold[1]["prices"], json!([{ "amount_minor": 4990, "currency": "EUR" }]));
}

#[tokio::test]
async fn two_people_do_not_undo_each_others_work() {
    let (world, owner, _) = shop().await;
    let (id, mut wanted) = product("mug", &["red"]);
    world.put(&path(id), &owner, &wanted).await.expect(200);
    wanted["title"] = json!("Large mug");
    let put = |version: &'static str| {
        let request = tests::client::request(http::Method::PUT, &path(id), &owner)
            .header("content-type", "application/json")
            .header("if-match", version)
            .body(axum::body::Body::from(wanted.to_string()));
        world.send(request.unwrap())
    };
    assert_eq!(put("\"1\"").await.expect(200).header("etag"), "\"2\"");
    let refused = put("\"1\"").await.expect(409);
    assert_eq!(refused.json["code"], "conflict");
    assert_eq!(put("one").await.expect(422).json["field"], "If-Match");
    // Without it the last one wins.
    world.put(&path(id), &owner, &wanted).await.expect(200);
}

#[tokio::test]
async fn a_variant_that_is_left_out_is_gone_unless_something_depends_on_it() {
    let (world, owner, _) = shop().await;
    let (id, mut wanted) = product("sock", &["S", "M", "L"]);
    world.put(&path(id), &owner, &wanted).await.expect(200);
    let all = wanted["variants"].as_array().unwrap().clone();
    let kept = all[0]["id"].as_str().unwrap();
    world.sql(&format!("insert into location values (1, '{id}', 'Shelf')")).await;
    world.sql(&format!("insert into stock values (1, '{kept}', '{id}')")).await;
    wanted["variants"] = json!([all[0], all[2]]);
    let written = world.put(&path(id), &owner, &wanted).await.expect(200);
    assert_eq!(written.json["variants"].as_array().unwrap().len(), 2);
    wanted["variants"] = json!([all[2]]);
    let refused = world.put(&path(id), &owner, &wanted).await.expect(409);
    assert_eq!(refused.json["field"], "variants");
    let found = world.get(&path(id), &owner).await.expect(200);
    assert_eq!(found.json["variants"].as_array().unwrap().len(), 2, "nothing is half done");
}

#[tokio::test]
async fn slugs_and_skus_are_taken_once_in_a_shop_and_free_in_another() {
    let (world, owner, _) = shop().await;
    let world = world.with_tenant("Europe/Paris").await;
    let scopes = [Scope::CatalogRead, Scope::CatalogWrite];
    let other = world.key_of(&world.tenants()[1], &scopes, 1_000).await;
    let (id, wanted) = product("cap", &["one"]);
    world.put(&path(id), &owner, &wanted).await.expect(200);
    let mut same_slug = product("hat", &["one"]).1;
    same_slug["slug"] = json!("cap");
    let refused = world.put(&path(Uuid::now_v7()), &owner, &same_slug).await.expect(409);
    assert_eq!(refused.json["field"], "slug");
    let mut same_sku = product("hat", &["one"]).1;
    same_sku["variants"][0]["sku"] = wanted["variants"][0]["sku"].clone();
    let refused = world.put(&path(Uuid::now_v7()), &owner, &same_sku).await.expect(409);
    assert_eq!(refused.json["field"], "variants");
    world.get(&path(id), &other).await.expect(404);
    world.put(&path(id), &other, &wanted).await.expect(200);
}

#[tokio::test]
async fn a_browser_sees_what_is_published() {
    let (world, owner, browser) = shop().await;
    let (id, mut wanted) = product("poster", &["A3"]);
    wanted["state"] = json!("draft");
    world.put(&path(id), &owner, &wanted).await.expect(200);
    world.get(&path(id), &browser).await.expect(404);
    wanted["state"] = json!("published");
    world.put(&path(id), &owner, &wanted).await.expect(200);
    let seen = world.get("/v1/products/poster", &browser).await.expect(200);
    assert_eq!(seen.header("cache-control"), "public, max-age=60");
    let request = tests::client::request(http::Method::GET, &path(id), &browser)
        .header("if-none-match", seen.header("etag"))
        .body(axum::body::Body::empty());
    world.send(request.unwrap()).await.expect(304);
    world.put(&path(id), &browser, &wanted).await.expect(403);
    world.delete(&path(id), &owner).await.expect(204);
    world.get(&path(id), &browser).await.expect(404);
    assert_eq!(world.get(&path(id), &owner).await.expect(200).json["state"], "archived");
}

#[tokio::test]
async fn lists_have_pages_and_categories() {
    let (world, owner, browser) = shop().await;
    for (slug, category) in [("a", "books"), ("b", "books"), ("c", "toys"), ("d", "books")] {
        let (id, mut wanted) = product(slug, &["one"]);
        wanted["categories"] = json!([category]);
        wanted["state"] = json!(if slug == "d" { "draft" } else { "published" });
        world.put(&path(id), &owner, &wanted).await.expect(200);
    }
    let slugs = |answer: &Value| -> Vec<String> {
        let products = answer["products"].as_array().unwrap().iter();
        products.map(|it| it["slug"].as_str().unwrap().to_owned()).collect()
    };
    let page = "/v1/products?sort=title&limit=2";
    let first = world.get(page, &browser).await.expect(200).json;
    assert_eq!(slugs(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    let rest = world.get(&format!("{page}&after={next}"), &browser).await.expect(200).json;
    assert_eq!((slugs(&rest), &rest["next"]), (vec!["c".to_owned()], &Value::Null));
    let books = world.get("/v1/products?category=books&sort=title", &owner).await.expect(200).json;
    assert_eq!(slugs(&books), ["a", "b", "d"]);
}

#[tokio::test]
async fn a_fault_is_named_with_its_field_and_nothing_is_kept() {
    let (world, owner, _) = shop().await;
    let (id, sound) = product("vase", &["S", "M"]);
    for (pointer, value, field) in [
        ("/slug", json!("The Vase"), "slug"),
        ("/variants/1/options/0", json!("S"), "variants[1].options"),
        ("/variants/0/prices/0/amount_minor", json!(-1), "variants[0].prices[0].amount_minor"),
        ("/variants/0/prices/0/currency", json!("euro"), "variants[0].prices[0].currency"),
        ("/variants/0/prices/0/currency", json!("UGX"), "variants[0].prices[0].amount_minor"),
    ] {
        let mut wanted = sound.clone();
        *wanted.pointer_mut(pointer).unwrap() = value;
        let refused = world.put(&path(id), &owner, &wanted).await.expect(422);
        assert_eq!(refused.json["field"], field, "{}", refused.text());
    }
    let mut twice = sound.clone();
    twice["variants"] = json!([variant("VASE-1", "S"), variant("VASE-1", "M")]);
    let refused = world.put(&path(id), &owner, &twice).await.expect(422);
    assert_eq!(refused.json["field"], "variants[1].sku");
    world.get(&path(id), &owner).await.expect(404);
}

#[tokio::test]
async fn a_browser_sees_the_price_of_the_moment_and_no_planned_sale() {
    let now = "2026-11-21T07:00:00Z";
    let world = World::at(now).await.with_tenant("Europe/Berlin").await;
    let owner = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
    let browser = world.key(&[Scope::CatalogRead]).await;
    let (id, mut shirt) = product("shirt", &["S"]);
    let euros = |amount: i64, from: Option<&str>, to: Option<&str>| {
        let mut price = json!({ "amount_minor": amount, "currency": "EUR" });
        for (field, at) in [("starts_at", from), ("ends_at", to)] {
            if let Some(at) = at {
                price[field] = json!(at);
            }
        }
        price
    };
    let (friday, monday) = ("2026-11-27T00:00:00Z", "2026-11-30T00:00:00Z");
    shirt["variants"][0]["prices"] =
        json!([euros(4_990, None, None), euros(3_990, Some(friday), Some(monday))]);
    world.put(&path(id), &owner, &shirt).await.expect(200);
    let seen = async |world: &World| {
        let one = world.get(&path(id), &browser).await.expect(200);
        let all = world.get("/v1/products", &browser).await.expect(200).json;
        assert_eq!(all["products"][0]["variants"], one.json["variants"]);
        (one.json["variants"][0]["prices"].clone(), one.header("etag").to_owned())
    };
    let (before, first) = seen(&world).await;
    assert_eq!(before, json!([{ "amount_minor": 4990, "currency": "EUR" }]));
    let planned = world.get(&path(id), &owner).await.expect(200).json;
    assert_eq!(planned["variants"][0]["prices"].as_array().unwrap().len(), 2);
    let world = world.with_setup(|setup| {
        setup.clock = app::Clock::Fixed("2026-11-28T00:00:00Z".parse().unwrap());
    });
    let (sale, second) = seen(&world).await;
    assert_eq!(sale, json!([euros(3_990, Some(friday), Some(monday))]));
    assert_ne!(first, second, "who has the old price would keep it");
}
