use std::path::Path;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use domain::access::SecretKey;
use futures_util::stream;
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tower::ServiceExt as _;

use crate::host::Host;
use crate::sandbox::Webhook;

/// Whatever ends the demo early.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A client of the host's functions.
pub(super) struct Client {
    router: Router,
    credential: String,
}

impl Client {
    pub(super) fn new(host: &Host, key: &SecretKey) -> Self {
        Self { router: host.router(), credential: format!("Bearer {}", key.reveal()) }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.send(Method::POST, path, Body::from(body.to_string())).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.send(Method::PUT, path, Body::from(body.to_string())).await
    }

    /// A request with further headers.
    pub(super) async fn ask(
        &self,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value, Fault> {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(request.body(Body::from(body.to_string()))?).await
    }

    /// Hands over what a payment provider says.
    pub(super) async fn webhook(&self, webhook: Webhook) -> Result<(), Fault> {
        let mut request = Request::post("/v1/webhooks/payments/stripe");
        for (name, value) in &webhook.headers {
            request = request.header(name, value);
        }
        self.exchange(request.body(Body::from(webhook.body))?).await.map(drop)
    }

    /// Sends a file to a signed address.
    pub(super) async fn upload(&self, url: &str, file: &Path) -> Result<(), Fault> {
        let address: http::Uri = url.parse()?;
        let path = address.path_and_query().map_or("/", |path| path.as_str());
        let chunks = stream::try_unfold(File::open(file).await?, |mut file| async move {
            let mut chunk = Vec::with_capacity(1 << 16);
            let count = file.read_buf(&mut chunk).await?;
            Ok::<_, std::io::Error>((count > 0).then_some((Bytes::from(chunk), file)))
        });
        let body = Body::from_stream(chunks);
        self.send(Method::PUT, path, body).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Body) -> Result<Value, Fault> {
        self.exchange(self.request(method, path).body(body)?).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, &self.credential)
            .header(header::CONTENT_TYPE, "application/json")
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Value, Fault> {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        if !head.status.is_success() {
            let answer = String::from_utf8_lossy(&body);
            return Err(format!("{asked} was answered {}: {answer}", head.status).into());
        }
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

/// The text of a JSON string, empty when it is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
