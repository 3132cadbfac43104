//! Large bodies in a folder, behind signed addresses that this process serves itself.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use app::objects::{Objects, Signer};
use app::port::PortError;
use app::{Clock, Problem, ProblemCode};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path as Captured, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, Method, header};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use serde::Deserialize;
use sha2::Sha256;

use crate::folder::hex;

/// A folder of objects and the key of its addresses. Cheap to clone.
#[derive(Clone)]
pub struct ObjectFolder(Arc<Parts>);

struct Parts {
    store: Arc<dyn ObjectStore>,
    public_url: String,
    key: String,
    clock: Clock,
}

/// S3 takes 5 GiB in one request; a shop's whole history is a tenth of this.
const OBJECT_BYTES: u64 = 2 << 30;
/// Chunks on their way to the disk; more would only be memory.
const CHUNKS_IN_FLIGHT: usize = 4;

/// What an address says beside its path.
#[derive(Deserialize)]
struct Signed {
    method: String,
    expires: i64,
    signature: String,
}

impl ObjectFolder {
    /// Serves a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(
        folder: &FilePath,
        public_url: &str,
        key: &str,
        clock: Clock,
    ) -> Result<Self, std::io::Error> {
        std::fs::create_dir_all(folder)?;
        let store = Arc::new(LocalFileSystem::new_with_prefix(folder)?);
        let (public_url, key) = (public_url.trim_end_matches('/').to_owned(), key.to_owned());
        Ok(Self(Arc::new(Parts { store, public_url, key, clock })))
    }

    /// As functions see it.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects { store: self.0.store.clone(), signer: Arc::new(self.clone()) }
    }

    /// The routes behind the addresses.
    pub fn router(&self) -> Router {
        Router::new().route("/objects/{*path}", get(read).put(write)).with_state(self.clone())
    }

    fn mac(&self, method: &str, path: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.key.as_bytes())
            .expect("a key of any length will do");
        mac.update(format!("{method}\n{path}\n{expires}").as_bytes());
        mac
    }

    fn check(&self, method: &Method, path: &str, signed: &Signed) -> Result<Path, Problem> {
        let refused = |detail: &str| Problem::new(ProblemCode::Forbidden, detail);
        let signature = unhex(&signed.signature)
            .ok_or_else(|| refused("the signature of the address is not one"))?;
        // Compares in constant time.
        self.mac(&signed.method, path, signed.expires)
            .verify_slice(&signature)
            .map_err(|_wrong| refused("the address was not signed here, or was changed"))?;
        if signed.method != method.as_str() {
            return Err(refused("the address was signed for another method"));
        }
        if signed.expires <= self.0.clock.now().as_second() {
            return Err(refused("the address has expired; ask for a new one"));
        }
        Path::parse(path).map_err(|error| Problem::not_found("such object").caused_by(error))
    }
}

#[async_trait]
impl Signer for ObjectFolder {
    async fn sign(
        &self,
        method: Method,
        path: &Path,
        lifetime: Duration,
    ) -> Result<String, PortError> {
        let expires = self.0.clock.after(lifetime).as_second();
        let signature =
            hex(&self.mac(method.as_str(), path.as_ref(), expires).finalize().into_bytes());
        let (url, path) = (&self.0.public_url, encoded(path.as_ref()));
        Ok(format!("{url}/objects/{path}?method={method}&expires={expires}&signature={signature}"))
    }
}

async fn read(
    State(folder): State<ObjectFolder>,
    Captured(path): Captured<String>,
    Query(signed): Query<Signed>,
) -> Result<Response, Problem> {
    let path = folder.check(&Method::GET, &path, &signed)?;
    let found = folder.0.store.get(&path).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => Problem::not_found("such object"),
        error => Problem::unavailable(error),
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, Body::from_stream(found.into_stream())).into_response())
}

/// The object is there when all of it is, and not before.
async fn write(
    State(folder): State<ObjectFolder>,
    Captured(path): Captured<String>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    let path = folder.check(&Method::PUT, &path, &signed)?;
    let announced = app::extract::header_text(&headers, header::CONTENT_LENGTH)
        .and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > OBJECT_BYTES) {
        return Err(too_large());
    }
    let upload = folder.0.store.put_multipart(&path).await.map_err(Problem::unavailable)?;
    let mut upload = WriteMultipart::new(upload);
    match fill(&mut upload, body).await {
        Ok(()) => upload.finish().await.map(drop).map_err(Problem::unavailable),
        Err(problem) => {
            if let Err(error) = upload.abort().await {
                tracing::warn!(error = app::trace::chain(&error), "a broken upload was left");
            }
            Err(problem)
        }
    }
}

async fn fill(upload: &mut WriteMultipart, body: Body) -> Result<(), Problem> {
    let mut chunks = body.into_data_stream();
    let mut bytes = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(ProblemCode::Malformed, "the upload broke off; send it again")
                .caused_by(error)
        })?;
        bytes += chunk.len() as u64;
        if bytes > OBJECT_BYTES {
            return Err(too_large());
        }
        upload.wait_for_capacity(CHUNKS_IN_FLIGHT).await.map_err(Problem::unavailable)?;
        upload.put(chunk);
    }
    Ok(())
}

fn too_large() -> Problem {
    Problem::new(ProblemCode::TooLarge, "an object has at most 2 GiB; send the file in parts")
}

fn encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect()).flatten()
}
