//! Objects behind signed addresses.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tests::world::PUBLIC_URL;
use tests::{Answer, World};

const MINUTE: Duration = Duration::from_secs(60);

async fn signed(world: &World, method: Method, path: &str) -> String {
    let signer = world.setup().objects.signer;
    let url = signer.sign(method, &Path::from(path), MINUTE).await.unwrap();
    url.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

async fn send(world: &World, method: Method, address: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder().method(method).uri(address).body(body.into()).unwrap();
    world.send(request).await
}

#[tokio::test]
async fn what_was_uploaded_is_read_back() {
    let world = World::at("2026-03-01T12:00:00Z").await;
    let path = "imports/année 2026 100%.csv";
    let upload = signed(&world, Method::PUT, path).await;
    let bytes = vec![b'x'; 6_000_000];
    let _ = send(&world, Method::PUT, &upload, bytes.clone()).await.expect(200);
    let download = signed(&world, Method::GET, path).await;
    let answer = send(&world, Method::GET, &download, "").await.expect(200);
    assert!(answer.body == bytes, "other bytes came back");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let store = world.setup().objects.store;
    assert_eq!(store.head(&Path::from(path)).await.unwrap().size, 6_000_000);
}

#[tokio::test]
async fn an_address_is_good_for_its_method_path_and_time_only() {
    let world = World::at("2026-03-01T12:00:00Z").await;
    let upload = signed(&world, Method::PUT, "a.csv").await;
    let (start, signature) = upload.rsplit_once('=').unwrap();
    let turned: String = signature.chars().rev().collect();
    for forged in [
        upload.replace("a.csv", "b.csv"),
        upload.replace("method=PUT", "method=GET"),
        upload.replace("expires=1", "expires=2"),
        format!("{start}={turned}"),
        format!("{start}="),
        format!("{start}=no-hex"),
        format!("{start}={}", &signature[2..]),
    ] {
        let answer = send(&world, Method::PUT, &forged, "bytes").await.expect(403);
        assert_eq!(answer.json["code"], "forbidden", "{forged}");
    }
    let _ = send(&world, Method::GET, &upload, "").await.expect(403);
    let _ = send(&world, Method::PUT, "/objects/a.csv", "bytes").await.expect(400);
    let listed = world.setup().objects.store.head(&Path::from("a.csv")).await;
    assert!(listed.is_err(), "something was written");
    let later = "2026-03-01T12:01:00Z".parse().unwrap();
    let world = world.with_setup(|setup| setup.clock = app::Clock::Fixed(later));
    let late = send(&world, Method::PUT, &upload, "bytes").await.expect(403);
    assert!(late.text().contains("expired"), "{}", late.text());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::new().await;
    let upload = signed(&world, Method::PUT, "a.csv").await;
    let chunks: [Result<&str, std::io::Error>; 2] =
        [Ok("half of it"), Err(std::io::Error::other("the line was cut"))];
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    let answer = send(&world, Method::PUT, &upload, body).await.expect(400);
    assert_eq!(answer.json["code"], "malformed");
    let download = signed(&world, Method::GET, "a.csv").await;
    let _ = send(&world, Method::GET, &download, "").await.expect(404);
}
