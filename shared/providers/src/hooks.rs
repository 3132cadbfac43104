//! Whoever names an endpoint names where we connect to. So an address is checked when it is
//! known, and the connection goes to that very address: a name that is resolved twice may lead to
//! another place the second time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tower::Service;
use url::{Host, Url};

pub use self::address::is_public;

use crate::trust::{TrustError, trust};

/// Which addresses are of the public internet.
mod address;

#[cfg(test)]
mod tests;

/// Where endpoints may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// On the public internet, by https.
    #[default]
    Public,
    /// And on this machine, by http too: for whoever runs everything in one process.
    LocalToo,
}

/// Brings events to endpoints. Cheap to clone; keeps no connection.
#[derive(Clone)]
pub struct Courier(Arc<Parts>);

struct Parts {
    reach: Reach,
    ca_file: Option<String>,
    client: OnceLock<Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>>,
}

/// What is brought, signed.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// To where.
    pub url: &'a str,
    /// The same whenever and wherever the same event is told.
    pub id: &'a str,
    /// When it leaves.
    pub at: Timestamp,
    /// `v1,…`, one for each secret, separated by spaces.
    pub signatures: &'a str,
    /// JSON.
    pub body: &'a str,
}

/// Why nothing is sent to an address. Every text is for whoever named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It cannot be read, or has no host.
    #[error("it is no URL; write it like https://shop.example/hooks")]
    Malformed,
    /// Anybody on the way could read and change what is sent.
    #[error("it does not begin with https://")]
    NotHttps,
    /// Who reads it would know them.
    #[error("it has a user or a password; leave them out, every call is signed")]
    User,
    /// Another service listens there.
    #[error("its port is neither 443 nor 8443")]
    Port,
    /// It leads into somebody's own network.
    #[error("it leads to an address that is not of the public internet")]
    Address,
}

/// Why an endpoint has not answered.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// Nothing was sent.
    #[error("the address is not allowed: {0}")]
    NotAllowed(#[from] NotAllowed),
    /// Nothing can be sent.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// It cannot be written.
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    /// No name, no connection, no TLS, or no answer in HTTP.
    #[error("no connection, or it broke")]
    Connection(#[from] hyper_util::client::legacy::Error),
    /// It takes too long.
    #[error("no answer within {} s", .0.as_secs())]
    Silence(Duration),
}

/// From the first look at the name to the head of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
const PORTS: [u16; 2] = [443, 8443];

impl Courier {
    /// A courier that trusts the public certificate authorities, and those of a PEM file.
    #[must_use]
    pub fn new(reach: Reach, ca_file: Option<String>) -> Self {
        Self(Arc::new(Parts { reach, ca_file, client: OnceLock::new() }))
    }

    /// Whether an endpoint may be there, as far as its URL tells. What its name leads to is
    /// checked with every call.
    ///
    /// # Errors
    /// [`NotAllowed`] says what is wrong with it.
    pub fn check(&self, url: &str) -> Result<(), NotAllowed> {
        self.0.reach.parse(url).map(drop)
    }

    /// Posts once; the status of the answer. Its body is not read, and no redirect followed.
    ///
    /// # Errors
    /// [`Undelivered`] when there is no answer.
    pub async fn post(&self, envelope: &Envelope<'_>) -> Result<u16, Undelivered> {
        let url = self.0.reach.parse(envelope.url)?;
        let body = Bytes::copy_from_slice(envelope.body.as_bytes());
        let request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "Takings")
            .header("webhook-id", envelope.id)
            .header("webhook-timestamp", envelope.at.as_second())
            .header("webhook-signature", envelope.signatures)
            .body(Full::new(body))?;
        let answer = timeout(PATIENCE, self.client()?.request(request)).await;
        let answer = answer.map_err(|_elapsed| Undelivered::Silence(PATIENCE))?;
        match answer {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if is_refusal(&error) => Err(NotAllowed::Address.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn client(
        &self,
    ) -> Result<&Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>, TrustError> {
        if let Some(client) = self.0.client.get() {
            return Ok(client);
        }
        let mut tcp = HttpConnector::new_with_resolver(Resolver(self.0.reach));
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trust(self.0.ca_file.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        // A connection that is kept would be to an address that was checked long ago.
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(0);
        Ok(self.0.client.get_or_init(|| builder.build(connector)))
    }
}

impl Reach {
    fn parse(self, text: &str) -> Result<Url, NotAllowed> {
        let url = Url::parse(text).map_err(|_syntax| NotAllowed::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed::User);
        }
        let host = url.host().ok_or(NotAllowed::Malformed)?;
        let is_here = match host {
            Host::Domain(name) => name == LOCALHOST,
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if is_here && self == Self::LocalToo && ["http", "https"].contains(&url.scheme()) {
            return Ok(url);
        }
        if url.scheme() != "https" {
            return Err(NotAllowed::NotHttps);
        }
        let is_elsewhere = match host {
            Host::Domain(_) => !is_here,
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
        };
        if !is_elsewhere {
            return Err(NotAllowed::Address);
        }
        let is_usual = url.port_or_known_default().is_some_and(|port| PORTS.contains(&port));
        if is_usual { Ok(url) } else { Err(NotAllowed::Port) }
    }
}

const LOCALHOST: &str = "localhost";

/// Resolves a name once, and gives none of its addresses away when one of them is not allowed.
#[derive(Clone, Copy)]
struct Resolver(Reach);

type Found = Pin<Box<dyn Future<Output = io::Result<std::vec::IntoIter<SocketAddr>>> + Send>>;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Found;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Found {
        let may_be_here = self.0 == Reach::LocalToo && name.as_str() == LOCALHOST;
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let is_allowed = |found: &SocketAddr| match may_be_here {
                true => found.ip().is_loopback(),
                false => is_public(found.ip()),
            };
            if found.iter().all(is_allowed) {
                return Ok(found.into_iter());
            }
            Err(io::Error::new(io::ErrorKind::PermissionDenied, NotAllowed::Address))
        })
    }
}

/// Whether the resolver refused.
fn is_refusal(error: &hyper_util::client::legacy::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::PermissionDenied) {
            return true;
        }
        cause = error.source();
    }
    false
}
