//! Pages of other origins call what they may, with a key that is for them.

use axum::body::Body;
use http::Method;
use serde_json::json;
use tests::shop::product;
use tests::{Answer, World};

const SHOP: &str = "https://shop.example";
const ELSEWHERE: &str = "https://elsewhere.example";
const ALLOWED: &str = "access-control-allow-origin";

async fn shop() -> World {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let keeper = world.key(&[domain::access::Scope::CatalogWrite]).await;
    let (id, mug) = product("mug", &["red"]);
    world.put(&format!("/v1/products/{id}"), &keeper, &mug).await.expect(200);
    world
}

/// A page of an origin calls.
async fn call(world: &World, method: Method, path: &str, key: &str, origin: &str) -> Answer {
    let body = if method == Method::POST { json!({}).to_string() } else { String::new() };
    let request = tests::client::request(method, path, key)
        .header("origin", origin)
        .header("content-type", "application/json")
        .body(Body::from(body));
    world.send(request.unwrap()).await
}

/// A browser asks beforehand.
async fn ask(world: &World, method: &str, path: &str) -> Answer {
    let request = tests::client::request(Method::OPTIONS, path, "")
        .header("origin", SHOP)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization")
        .body(Body::empty());
    world.send(request.unwrap()).await
}

#[tokio::test]
async fn browsers_are_told_what_pages_may_call() {
    let world = shop().await;
    for (path, methods) in [
        ("/v1/products", "GET"),
        ("/v1/products/mug", "GET"),
        ("/v1/carts", "POST"),
        ("/v1/checkout", "POST"),
    ] {
        let told = ask(&world, "GET", path).await.expect(204);
        assert_eq!(told.header(ALLOWED), SHOP, "{path}");
        assert_eq!(told.header("access-control-allow-methods"), methods, "{path}");
        assert_eq!(told.header("vary"), "origin");
        let sent = told.header("access-control-allow-headers");
        for header in ["authorization", "cart-token", "content-type", "idempotency-key"] {
            assert!(sent.split(", ").any(|one| one == header), "{header} in {sent}");
        }
    }
    for path in ["/v1/points", "/v1/stock", "/v1/shop"] {
        let refused = ask(&world, "GET", path).await.expect(405);
        assert_eq!(refused.header(ALLOWED), "", "{path}");
    }
}

#[tokio::test]
async fn a_key_without_origins_is_for_all_pages_and_does_no_more_than_shop() {
    let world = shop().await;
    let key = world.browser_key(&[]).await;
    for origin in [SHOP, ELSEWHERE, "null"] {
        let found = call(&world, Method::GET, "/v1/products/mug", &key, origin).await.expect(200);
        assert_eq!((found.header(ALLOWED), found.header("vary")), (origin, "authorization"));
        assert!(found.header("access-control-expose-headers").contains("etag"));
        let cart = call(&world, Method::POST, "/v1/carts", &key, origin).await.expect(201);
        assert_eq!(cart.header(ALLOWED), origin);
    }
    let refused = call(&world, Method::GET, "/v1/stock", &key, SHOP).await.expect(403);
    assert_eq!((refused.header(ALLOWED), &refused.json["code"]), ("", &json!("forbidden")));
    let unknown = call(&world, Method::GET, "/v1/products", "tk_live_no", SHOP).await.expect(401);
    assert_eq!(unknown.header(ALLOWED), SHOP, "the page may read what is wrong");
}

#[tokio::test]
async fn a_key_with_origins_is_refused_in_pages_of_others() {
    let world = shop().await;
    let key = world.browser_key(&[SHOP, "http://localhost:3000"]).await;
    for origin in [SHOP, "http://localhost:3000"] {
        let found = call(&world, Method::GET, "/v1/products", &key, origin).await.expect(200);
        assert_eq!(found.header(ALLOWED), origin);
    }
    for origin in [ELSEWHERE, "http://shop.example", "https://shop.example.evil.example", "null"] {
        for (method, path) in [(Method::GET, "/v1/products"), (Method::POST, "/v1/carts")] {
            let refused = call(&world, method, path, &key, origin).await.expect(403);
            assert_eq!(refused.json["code"], "origin_not_allowed", "{origin}");
            assert_eq!((refused.header(ALLOWED), refused.header("vary")), ("", "origin"));
        }
    }
    // What sends no origin is no browser, and may do what any browser's key may do.
    world.get("/v1/products", &key).await.expect(200);
    let token = world.post("/v1/tokens", &key, &json!({ "role": "viewer" })).await;
    token.expect(403);
}
