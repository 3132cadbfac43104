use std::sync::Arc;
use std::time::Duration;

use app::Config;
use app::objects::{Objects, Signer};
use app::port::PortError;
use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Method;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpResponse, HttpResponseBody,
    HttpService,
};
use object_store::path::Path;
use object_store::signer::Signer as _;

use crate::client::Client;

/// The S3 bucket of the configuration, and what signs addresses in it.
///
/// # Errors
/// When the region or the endpoint is not usable.
pub fn objects(client: &Client, config: &Config) -> Result<Objects, object_store::Error> {
    let environment = client.environment();
    let mut builder = AmazonS3Builder::new()
        .with_http_connector(client.clone())
        .with_region(&environment.region)
        .with_bucket_name(&config.objects_bucket)
        .with_access_key_id(&environment.access_key_id)
        .with_secret_access_key(&environment.secret_access_key);
    if let Some(token) = &environment.session_token {
        builder = builder.with_token(token);
    }
    if let Some(url) = &environment.endpoint_url {
        builder = builder.with_endpoint(url).with_allow_http(true);
    }
    let bucket = Arc::new(builder.build()?);
    Ok(Objects { store: bucket.clone(), signer: Arc::new(S3Signer(bucket)) })
}

struct S3Signer(Arc<AmazonS3>);

#[async_trait]
impl Signer for S3Signer {
    async fn sign(
        &self,
        method: Method,
        path: &Path,
        lifetime: Duration,
    ) -> Result<String, PortError> {
        let signed = self.0.signed_url(method, path, lifetime).await;
        signed
            .map(String::from)
            .map_err(|error| PortError::caused_by("an address could not be signed", error))
    }
}

impl HttpConnector for Client {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// S3 through the connector of all other services.
#[async_trait]
impl HttpService for Client {
    async fn call(
        &self,
        request: object_store::client::HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let request = request.map(|body| match body.as_bytes() {
            Some(bytes) => SdkBody::from(bytes.clone()),
            None => SdkBody::from_body_1_x(body),
        });
        let request = HttpRequest::try_from(request).map_err(unusable)?;
        let response = self.connector().call(request).await.map_err(failed)?;
        let response = response.try_into_http1x().map_err(unusable)?;
        Ok(response.map(|body| {
            let interrupted = |error| HttpError::new_boxed(HttpErrorKind::Interrupted, error);
            HttpResponseBody::new(body.map_err(interrupted))
        }))
    }
}

fn unusable(error: aws_smithy_runtime_api::http::HttpError) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, error)
}

fn failed(error: ConnectorError) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_io() {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, error)
}
