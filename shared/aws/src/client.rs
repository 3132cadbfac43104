use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::Config;
use app::config::AwsEnvironment;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::SdkConfig;
use http_body_util::BodyExt as _;

/// The way to every AWS service: one HTTPS connector, one pool of connections, the credentials
/// that Lambda puts into the environment. Nothing is built before its first use.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

struct Inner {
    environment: AwsEnvironment,
    trusted: TrustStore,
    connector: OnceLock<SharedHttpConnector>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("region", &self.environment.region).finish_non_exhaustive()
    }
}

/// The certificates of `TLS_CA_FILE` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates in {path} cannot be read")]
pub struct UnreadableCertificates {
    path: String,
    #[source]
    source: io::Error,
}

/// The authorities that sign for all AWS services (amazontrust.com/repository). To read these
/// five is much faster than to scan the 140 of the system.
const AMAZON_ROOTS: &[u8] = include_bytes!("client/amazon_roots.pem");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than the longest poll of a queue.
const READ_TIMEOUT: Duration = Duration::from_secs(25);

impl Client {
    /// Takes addresses and credentials; connects to nothing yet.
    ///
    /// # Errors
    /// When the file of further certificates cannot be read.
    pub fn new(config: &Config) -> Result<Self, UnreadableCertificates> {
        let mut trusted = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
        if let Some(path) = &config.tls_ca_file {
            let pem = std::fs::read(path)
                .map_err(|source| UnreadableCertificates { path: path.clone(), source })?;
            trusted.add_pem_certificate(pem);
        }
        let environment = config.aws.clone();
        Ok(Self(Arc::new(Inner { environment, trusted, connector: OnceLock::new() })))
    }

    /// Opens a connection to a service, so that the first request does not pay for it.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn warm(&self, service: &str) -> Result<(), aws_sdk_sqs::error::BoxError> {
        let request = HttpRequest::get(self.endpoint(service))?;
        let answer = self.connector().call(request).await?;
        // A connection with an unread body does not return to the pool.
        answer.into_body().collect().await?;
        Ok(())
    }

    pub(crate) fn environment(&self) -> &AwsEnvironment {
        &self.0.environment
    }

    /// Where a service is spoken to, such as `https://sqs.eu-central-1.amazonaws.com`.
    pub(crate) fn endpoint(&self, service: &str) -> String {
        let AwsEnvironment { region, endpoint_url, .. } = &self.0.environment;
        let country = if region.starts_with("cn-") { ".cn" } else { "" };
        endpoint_url.as_deref().map_or_else(
            || format!("https://{service}.{region}.amazonaws.com{country}"),
            |url| url.trim_end_matches('/').to_owned(),
        )
    }

    /// What every SDK client is made of. An attempt that takes longer than `attempt` is repeated.
    pub(crate) fn sdk(&self, attempt: Duration) -> SdkConfig {
        let environment = &self.0.environment;
        let credentials = Credentials::new(
            &environment.access_key_id,
            &environment.secret_access_key,
            environment.session_token.clone(),
            None,
            "environment",
        );
        let connector = self.connector().clone();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(environment.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(attempt).build())
            .http_client(http_client_fn(move |_settings, _components| connector.clone()));
        config.set_endpoint_url(environment.endpoint_url.clone());
        config.build()
    }

    pub(crate) fn connector(&self) -> &SharedHttpConnector {
        self.0.connector.get_or_init(|| {
            let tls = TlsContext::builder().with_trust_store(self.0.trusted.clone()).build();
            let settings = HttpConnectorSettings::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build();
            SharedHttpConnector::new(
                Connector::builder()
                    .connector_settings(settings)
                    .tls_provider(Provider::rustls(CryptoMode::AwsLc))
                    .tls_context(tls.expect("a trust store makes a context"))
                    .build(),
            )
        })
    }
}
