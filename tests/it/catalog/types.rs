use domain::access::Scope;
use serde_json::{Value, json};
use tests::shop::product;
use tests::{Answer, World};
use uuid::Uuid;

const SHIRTS: &str = "/v1/product-types/shirts";

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

    async fn schema(&self, schema: Value) -> Answer {
        self.world.put(SHIRTS, &self.key, &json!({ "schema": schema })).await
    }

    /// A product of the type with these attributes.
    async fn put(&self, slug: &str, attributes: Value) -> (Uuid, Answer) {
        let (id, mut wanted) = product(slug, &["M"]);
        wanted["type"] = json!("shirts");
        wanted["attributes"] = attributes;
        (id, self.world.put(&format!("/v1/products/{id}"), &self.key, &wanted).await)
    }
}

fn of_linen() -> Value {
    json!({
        "properties": {
            "material": { "enum": ["linen", "cotton"] },
            "sizes": { "type": "array", "items": { "type": "string", "maxLength": 3 } },
        },
        "required": ["material"],
        "additionalProperties": false,
    })
}

#[tokio::test]
async fn attributes_fit_the_type_of_their_product() {
    let shop = Shop::new().await;
    shop.schema(of_linen()).await.expect(200);
    let read = shop.world.get(SHIRTS, &shop.key).await.expect(200);
    assert_eq!(read.json, json!({ "schema": of_linen() }));
    let all = shop.world.get("/v1/product-types", &shop.key).await.expect(200);
    assert_eq!(all.json, json!({ "product_types": { "shirts": { "schema": of_linen() } } }));
    for (attributes, field) in [
        (json!({}), "attributes.material"),
        (json!({ "material": "silk" }), "attributes.material"),
        (json!({ "material": "linen", "sizes": ["M", "XXXL"] }), "attributes.sizes[1]"),
        (json!({ "material": "linen", "color": "red" }), "attributes.color"),
    ] {
        let refused = shop.put("linen-shirt", attributes).await.1.expect(422);
        assert_eq!(refused.json["field"], field, "{}", refused.text());
    }
    let (id, written) = shop.put("linen-shirt", json!({ "material": "linen" })).await;
    assert_eq!(written.expect(200).json["type"], "shirts");
    let found = shop.world.get(&format!("/v1/products/{id}"), &shop.key).await.expect(200);
    assert_eq!(found.json["type"], "shirts");
    let listed = shop.world.get("/v1/products", &shop.key).await.expect(200);
    assert_eq!(listed.json["products"][0]["type"], "shirts");
}

#[tokio::test]
async fn a_product_of_an_unknown_type_is_refused() {
    let shop = Shop::new().await;
    let refused = shop.put("shirt", json!({})).await.1.expect(422);
    assert_eq!(refused.json["field"], "type");
    assert!(refused.json["detail"].as_str().unwrap().contains("PUT /v1/product-types/shirts"));
}

#[tokio::test]
async fn a_schema_that_products_do_not_fit_is_refused_and_names_the_first() {
    let shop = Shop::new().await;
    shop.schema(json!({})).await.expect(200);
    for number in 0..5 {
        let made = shop.put(&format!("shirt-{number}"), json!({ "weight": number })).await;
        made.1.expect(200);
    }
    let lightest = |most: i32| json!({ "properties": { "weight": { "maximum": most } } });
    let refused = shop.schema(lightest(0)).await.expect(409);
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.starts_with("4 products of the type do not fit: shirt-1 (it is 1;"), "{detail}");
    assert!(detail.contains("shirt-3") && detail.contains("and 1 more"), "{detail}");
    assert_eq!(shop.world.get(SHIRTS, &shop.key).await.expect(200).json["schema"], json!({}));
    shop.schema(lightest(4)).await.expect(200);
    // What is archived does not stand in the way, and does not come back unless it fits.
    let all = shop.world.get("/v1/products?sort=title", &shop.key).await.expect(200);
    let last = all.json["products"][4]["id"].as_str().unwrap().to_owned();
    shop.world.delete(&format!("/v1/products/{last}"), &shop.key).await.expect(204);
    shop.schema(lightest(3)).await.expect(200);
    let mut archived = product("shirt-4", &["M"]).1;
    archived["type"] = json!("shirts");
    archived["attributes"] = json!({ "weight": 4 });
    let back = shop.world.put(&format!("/v1/products/{last}"), &shop.key, &archived).await;
    assert_eq!(back.expect(422).json["field"], "attributes.weight");
}

#[tokio::test]
async fn a_schema_that_would_not_be_checked_is_refused() {
    let shop = Shop::new().await;
    for (schema, field) in [
        (json!({ "properties": { "a": { "format": "uri" } } }), "schema.properties.a.format"),
        (json!({ "properties": { "a": { "pattern": "(" } } }), "schema.properties.a.pattern"),
        (json!("shirts"), "schema"),
    ] {
        let refused = shop.schema(schema).await.expect(422);
        assert_eq!(refused.json["field"], field, "{}", refused.text());
    }
    let path = "/v1/product-types/Linen%20shirts";
    let refused = shop.world.put(path, &shop.key, &json!({ "schema": {} })).await.expect(422);
    assert_eq!(refused.json["field"], "name");
}

#[tokio::test]
async fn a_type_goes_when_no_product_is_of_it() {
    let shop = Shop::new().await;
    shop.world.delete(SHIRTS, &shop.key).await.expect(404);
    shop.schema(json!({})).await.expect(200);
    let (id, made) = shop.put("shirt", json!({})).await;
    made.expect(200);
    let refused = shop.world.delete(SHIRTS, &shop.key).await.expect(409);
    assert!(refused.json["detail"].as_str().unwrap().starts_with("1 products are of the type"));
    let path = format!("/v1/products/{id}");
    shop.world.delete(&path, &shop.key).await.expect(204);
    shop.world.delete(SHIRTS, &shop.key).await.expect(204);
    shop.world.get(SHIRTS, &shop.key).await.expect(404);
    assert_eq!(shop.world.get(&path, &shop.key).await.expect(200).json["type"], Value::Null);
}

#[tokio::test]
async fn no_product_slips_in_while_its_type_changes() {
    let shop = Shop::new().await;
    for round in 0..8 {
        shop.schema(json!({})).await.expect(200);
        let slug = format!("shirt-{round}");
        let narrow = shop.schema(json!({ "required": ["material"] }));
        let ((id, made), narrowed) = tokio::join!(shop.put(&slug, json!({})), narrow);
        let both = made.status == 200 && narrowed.status == 200;
        assert!(!both, "a product that does not fit stands beside its type");
        shop.world.delete(&format!("/v1/products/{id}"), &shop.key).await;
    }
}

#[tokio::test]
async fn another_shop_has_types_of_its_own() {
    let mut shop = Shop::new().await;
    shop.schema(of_linen()).await.expect(200);
    shop.world = shop.world.with_tenant("Europe/Paris").await;
    let scopes = [Scope::CatalogRead, Scope::CatalogWrite];
    shop.key = shop.world.key_of(&shop.world.tenants()[1], &scopes, 1_000).await;
    shop.world.get(SHIRTS, &shop.key).await.expect(404);
    assert_eq!(shop.put("shirt", json!({})).await.1.expect(422).json["field"], "type");
    shop.schema(json!({})).await.expect(200);
}
