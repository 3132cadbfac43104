//! How a shop sells: rounding, taxes, ways to send.

use domain::access::Scope;
use serde_json::{Value, json};
use tests::World;

const PARCEL: &str = "/v1/shipping-options/7a6e0000-0000-7000-8000-000000000351";

fn parcel() -> Value {
    json!({ "name": "Parcel", "currency": "EUR", "price_minor": 490, "countries": ["DE", "AT"],
            "weight_grams_to": 31_500, "tax_category": "standard", "weight_grams_from": 0,
            "total_minor_from": 0, "position": 0 })
}

fn domestic() -> Value {
    json!({ "countries": ["DE"], "prices_include_tax": true,
            "rates_ppm": { "standard": 190_000, "reduced": 70_000 } })
}

async fn shop() -> (World, String) {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let owner = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
    (world, owner)
}

#[tokio::test]
async fn settings_zones_and_ways_are_read_as_they_were_written() {
    let (world, owner) = shop().await;
    let usual = json!({ "rounding": "per_line", "capture": "automatic", "payment_minutes": 60,
                        "cart_days": 30 });
    assert_eq!(world.get("/v1/shop", &owner).await.expect(200).json, usual);
    let mut wanted = usual;
    wanted["capture"] = json!("manual");
    world.put("/v1/shop", &owner, &wanted).await.expect(200);
    assert_eq!(world.get("/v1/shop", &owner).await.expect(200).json, wanted);

    let reduced = json!({ "countries": ["DE"], "prices_include_tax": false, "rates_ppm": {} });
    for zone in [&domestic(), &reduced, &domestic()] {
        let written = world.put("/v1/tax-zones/domestic", &owner, zone).await.expect(200);
        assert_eq!(written.json, *zone);
        let zones = world.get("/v1/tax-zones", &owner).await.expect(200);
        assert_eq!(zones.json["tax_zones"]["domestic"], *zone);
    }
    world.delete("/v1/tax-zones/domestic", &owner).await.expect(204);
    world.delete("/v1/tax-zones/domestic", &owner).await.expect(404);

    world.put(PARCEL, &owner, &parcel()).await.expect(200);
    let ways = world.get("/v1/shipping-options", &owner).await.expect(200).json;
    let way = &ways["shipping_options"][0];
    for (field, value) in parcel().as_object().unwrap() {
        assert_eq!(way[field], *value, "{field}");
    }
    world.delete(PARCEL, &owner).await.expect(204);
    world.delete(PARCEL, &owner).await.expect(404);
}

#[tokio::test]
async fn what_means_nothing_is_refused_at_its_field_and_a_browser_sees_nothing() {
    let (world, owner) = shop().await;
    let with = |mut document: Value, field: &str, value: Value| {
        document[field] = value;
        document
    };
    for (path, document, field) in [
        (
            "/v1/tax-zones/domestic",
            with(domestic(), "countries", json!(["Germany"])),
            "countries[0]",
        ),
        ("/v1/tax-zones/Domestic!", domestic(), "zone"),
        (
            "/v1/tax-zones/domestic",
            with(domestic(), "rates_ppm", json!({ "standard": 1_000_001 })),
            "rates_ppm.standard",
        ),
        (PARCEL, with(parcel(), "price_minor", json!(-1)), "price_minor"),
        (PARCEL, with(parcel(), "weight_grams_from", json!(40_000)), "weight_grams_to"),
        (PARCEL, with(parcel(), "name", json!("")), "name"),
    ] {
        let refused = world.put(path, &owner, &document).await.expect(422);
        assert_eq!(refused.json["field"], field);
    }
    let browser = world.key(&[Scope::CatalogRead]).await;
    for path in ["/v1/shop", "/v1/tax-zones", "/v1/shipping-options"] {
        world.get(path, &browser).await.expect(403);
    }
    let many = "insert into tax_zone
                select 1, 'zone-' || n, '{}', true from generate_series(1, 250) n";
    world.sql(many).await;
    let full = world.put("/v1/tax-zones/domestic", &owner, &domestic()).await.expect(409);
    assert!(full.json["detail"].as_str().unwrap().contains("250"), "{}", full.text());
}
