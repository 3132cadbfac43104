use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use url::Url;

use super::error::{Fault, StripeError, StripeSetupError};
use super::wire::RefusalWire;
use super::{Access, Patience, VERSION};
use crate::trust::trust;

/// The way to Stripe: an address, a key, connections that are kept.
pub(super) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, BoxBody<Bytes, Infallible>>,
    base_url: String,
    authorization: HeaderValue,
    pub(super) patience: Patience,
}

/// One call, however often it is attempted.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) form: String,
    pub(super) key: Option<&'a str>,
}

/// What an attempt without success means.
pub(super) enum Failure {
    /// It did nothing: it never left.
    Unsent(Fault),
    /// It did nothing: there is too much to do.
    Busy(Option<Duration>),
    /// It may have done its work.
    Open(Fault),
    /// As before, and Stripe says that asking again is no use.
    Hopeless(Fault),
    /// It did nothing: our key is not accepted.
    NotAllowed(String),
    /// Stripe says no.
    Refused(StripeError),
}

/// Each address of the host has so long to answer.
const CONNECT: Duration = Duration::from_secs(2);
/// Stripe closes what is idle for longer than a minute or so.
const IDLE: Duration = Duration::from_secs(30);
/// A hundred payments are a tenth of it.
const ANSWER_BYTES: usize = 8 << 20;

impl Wire {
    pub(super) fn new(access: &Access) -> Result<Self, StripeSetupError> {
        let url = Url::parse(&access.base_url).map_err(StripeSetupError::Url)?;
        let is_live = ["sk_live_", "rk_live_"].iter().any(|it| access.secret_key.starts_with(it));
        match url.scheme() {
            "https" => {}
            "http" if is_live => {
                let reason = "a key for real money goes over https only";
                return Err(StripeSetupError::Unsupported(reason));
            }
            "http" => {}
            _ => return Err(StripeSetupError::Unsupported("it begins with https://")),
        }
        if url.host_str().is_none() || url.query().is_some() || !url.username().is_empty() {
            let reason = "it has a host, and neither a user nor a query";
            return Err(StripeSetupError::Unsupported(reason));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", access.secret_key))
            .map_err(|_would_show_it| StripeSetupError::Key)?;
        authorization.set_sensitive(true);
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trust(access.ca_file.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        let base_url = access.base_url.trim_end_matches('/').to_owned();
        Ok(Self { client, base_url, authorization, patience: access.patience })
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Asks once.
    pub(super) async fn attempt(
        &self,
        call: &Call<'_>,
        patience: Duration,
    ) -> Result<Bytes, Failure> {
        // A body is asked for when its head has been written. Before, nothing can have been done;
        // from then on only the answer tells.
        let is_out = Arc::new(AtomicBool::new(call.form.is_empty()));
        let request = self
            .request(call, is_out.clone())
            .map_err(|error| Failure::Unsent(Fault::Request(error)))?;
        let exchange = async {
            let response = self.client.request(request).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(Fault::Body)?;
            Ok::<_, Fault>(Response::from_parts(head, body.to_bytes()))
        };
        let fault = match timeout(patience, exchange).await {
            Ok(Ok(response)) => return judge(response),
            Ok(Err(fault)) => fault,
            Err(_elapsed) => Fault::Silence(patience),
        };
        let never_left = matches!(&fault, Fault::Connection(error) if error.is_connect());
        Err(match never_left || !is_out.load(Ordering::Relaxed) {
            true => Failure::Unsent(fault),
            false => Failure::Open(fault),
        })
    }

    fn request(
        &self,
        call: &Call<'_>,
        is_out: Arc<AtomicBool>,
    ) -> Result<Request<BoxBody<Bytes, Infallible>>, http::Error> {
        let form = Bytes::from(call.form.clone());
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.base_url, call.path))
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::USER_AGENT, "Takings")
            .header("stripe-version", VERSION);
        if call.method == Method::POST {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::CONTENT_LENGTH, form.len());
        }
        if let Some(key) = call.key {
            request = request.header("idempotency-key", key);
        }
        let body = Full::new(form).map_frame(move |frame| {
            is_out.store(true, Ordering::Relaxed);
            frame
        });
        request.body(body.boxed())
    }
}

/// What an answer means.
fn judge(response: Response<Bytes>) -> Result<Bytes, Failure> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    if head.status.is_success() {
        return Ok(body);
    }
    let again = text(&head.headers, "stripe-should-retry");
    let refused = || serde_json::from_slice::<RefusalWire>(&body).unwrap_or_default().error;
    Err(match status {
        401 | 403 => {
            let refused = refused();
            let code = refused.code.or(refused.kind);
            Failure::NotAllowed(code.unwrap_or_else(|| status.to_string()))
        }
        409 => Failure::Open(Fault::UnderWay),
        429 => {
            let after = text(&head.headers, "retry-after").and_then(|text| text.parse().ok());
            Failure::Busy(after.map(Duration::from_secs))
        }
        400..500 => {
            let refused = refused();
            let code = refused.code.or(refused.kind);
            Failure::Refused(StripeError::Refused {
                code: code.unwrap_or_else(|| status.to_string()),
                decline_code: refused.decline_code,
                message: refused.message.unwrap_or_default(),
            })
        }
        _ if again == Some("false") => Failure::Hopeless(Fault::Status(status)),
        _ => Failure::Open(Fault::Status(status)),
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
