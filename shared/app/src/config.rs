use std::collections::BTreeMap;

use domain::message::QueueName;
use providers::hooks::{Courier, Reach};
use providers::stripe::{Access, LIVE_URL, Patience, Stripe, StripeSetupError};

/// Addresses and keys, read once.
#[derive(Clone, Default)]
pub struct Config {
    /// The address of Postgres for this function's role.
    pub database_url: String,
    /// Certificates to trust beside the public ones: a PEM file.
    pub tls_ca_file: Option<String>,
    /// Queue and records in Postgres instead of AWS (`PORTS=postgres`): for a function under
    /// `cargo lambda watch`, beside `local`.
    pub ports_in_postgres: bool,
    /// The DynamoDB table.
    pub key_value_table: String,
    /// The address of each queue this function may send to.
    pub queue_urls: BTreeMap<QueueName, String>,
    /// The S3 bucket.
    pub objects_bucket: String,
    /// `smtps://user:password@host:465`, or `smtp://host:587?tls=required`.
    pub smtp_url: String,
    /// From whom letters come.
    pub mail_from: String,
    /// Where clients reach the API: for links in letters, and the issuer of tokens.
    pub public_url: String,
    /// Keys of access tokens: JSON, see [`crate::token::Keys`].
    pub token_keys: String,
    /// Keys of links in letters and of codes of gift cards: `version:base64`, separated by commas,
    /// the newest first. Old ones stay, so that no link in an old letter breaks, and no code.
    pub unsubscribe_keys: String,
    /// The key of the payment provider: `sk_…`. Without it, there is none.
    pub stripe_secret_key: String,
    /// Where the payment provider is, unless it is Stripe itself.
    pub stripe_url: String,
    /// What the payment provider signs its webhooks with: `whsec_…`, separated by commas, because
    /// they are rolled.
    pub stripe_webhook_secrets: String,
    /// Where endpoints of shops may be.
    pub hook_reach: Reach,
    /// AWS: region, credentials and, for tests, another endpoint.
    pub aws: AwsEnvironment,
}

/// What Lambda puts into the environment.
#[derive(Clone, Default)]
pub struct AwsEnvironment {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: Option<String>,
    /// An emulator's address.
    pub endpoint_url: Option<String>,
}

impl Config {
    /// Reads the environment of a function.
    #[must_use]
    pub fn from_environment() -> Self {
        let queue_url = |queue: &QueueName| {
            let name = format!("QUEUE_URL_{}", queue.as_str().to_uppercase());
            Some((*queue, read(&name)?))
        };
        Self {
            database_url: read("DATABASE_URL").unwrap_or_default(),
            tls_ca_file: read("TLS_CA_FILE"),
            ports_in_postgres: read("PORTS").is_some_and(|ports| ports == "postgres"),
            key_value_table: read("KEY_VALUE_TABLE").unwrap_or_default(),
            queue_urls: QueueName::ALL.iter().filter_map(queue_url).collect(),
            objects_bucket: read("OBJECTS_BUCKET").unwrap_or_default(),
            smtp_url: read("SMTP_URL").unwrap_or_default(),
            mail_from: read("MAIL_FROM").unwrap_or_default(),
            public_url: read("PUBLIC_URL").unwrap_or_default(),
            token_keys: read("JWT_KEYS").unwrap_or_default(),
            unsubscribe_keys: read("UNSUBSCRIBE_KEYS").unwrap_or_default(),
            stripe_secret_key: read("STRIPE_SECRET_KEY").unwrap_or_default(),
            stripe_url: read("STRIPE_URL").unwrap_or_else(|| LIVE_URL.to_owned()),
            stripe_webhook_secrets: read("STRIPE_WEBHOOK_SECRETS").unwrap_or_default(),
            hook_reach: Reach::Public,
            aws: AwsEnvironment {
                region: read("AWS_REGION").unwrap_or_default(),
                access_key_id: read("AWS_ACCESS_KEY_ID").unwrap_or_default(),
                secret_access_key: read("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
                session_token: read("AWS_SESSION_TOKEN"),
                endpoint_url: read("AWS_ENDPOINT_URL"),
            },
        }
    }
}

impl Config {
    /// A client of the payment provider; none where none is set up.
    ///
    /// # Errors
    /// When its address, its key or the certificates cannot be used.
    pub fn gateway(&self) -> Result<Option<Stripe>, StripeSetupError> {
        let access = Access {
            base_url: self.stripe_url.clone(),
            secret_key: self.stripe_secret_key.clone(),
            ca_file: self.tls_ca_file.clone(),
            patience: Patience::default(),
        };
        (!access.secret_key.is_empty()).then(|| Stripe::new(&access)).transpose()
    }

    /// What brings events to endpoints of shops.
    #[must_use]
    pub fn courier(&self) -> Courier {
        Courier::new(self.hook_reach, self.tls_ca_file.clone())
    }
}

/// Reads one variable; an empty one counts as absent.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
