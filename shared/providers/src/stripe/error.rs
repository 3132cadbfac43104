use std::time::Duration;

use domain::money::NotChargeable;

/// Whatever lies behind.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How a call failed, which is to say: what may have happened to money.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// The amount cannot be passed exactly. Nothing was sent, and nothing will be.
    #[error("the amount cannot be charged")]
    NotChargeable(#[from] NotChargeable),
    /// Stripe, or the customer's bank, says no: a card that is declined, a capture of too much.
    /// The same call is answered the same.
    #[error("the payment provider refuses: {code}")]
    Refused {
        /// Stripe's code, such as `card_declined`; its type where it gives no code.
        code: String,
        /// The bank's reason, such as `insufficient_funds`.
        decline_code: Option<String>,
        /// In Stripe's words, for a log: not for customers.
        message: String,
    },
    /// Stripe does not accept our key for this. Nothing was done; once a person has seen to the
    /// key, the same call may succeed.
    #[error("the payment provider does not accept our key: {code}")]
    NotAllowed {
        /// Stripe's code or type.
        code: String,
    },
    /// Stripe has too much to do, or we ask too often. Nothing was done.
    #[error("the payment provider is asked too often")]
    RateLimited {
        /// When to come again, where Stripe says so.
        after: Option<Duration>,
    },
    /// It was surely not done, because it was never sent; or it was a question without an answer.
    #[error("the payment provider cannot be reached")]
    Unavailable(#[source] Cause),
    /// It was sent, and no answer told what became of it. Ask again under the same key, or look.
    #[error("whether the payment provider did it is not known")]
    Unknown(#[source] Cause),
}

impl StripeError {
    /// There is nothing of that name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "resource_missing")
    }

    /// The same call may have another outcome later.
    #[must_use]
    pub fn is_worth_another_try(&self) -> bool {
        !matches!(self, Self::NotChargeable(_) | Self::Refused { .. })
    }
}

/// What a client was told to be cannot be.
#[derive(Debug, thiserror::Error)]
pub enum StripeSetupError {
    /// The address cannot be read.
    #[error("the payment provider's address is not a URL, such as https://api.stripe.com")]
    Url(#[source] url::ParseError),
    /// The address is one, but cannot be used.
    #[error("the payment provider's address is unusable: {0}")]
    Unsupported(&'static str),
    /// The key has characters that no key has.
    #[error("the payment provider's key is not one")]
    Key,
    /// Nobody can be trusted.
    #[error(transparent)]
    Trust(#[from] crate::trust::TrustError),
}

/// What went wrong in an exchange.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    #[error("no connection, or it broke")]
    Connection(#[from] hyper_util::client::legacy::Error),
    #[error("the answer broke off, or is too long")]
    Body(#[source] Cause),
    #[error("no answer within {} s", .0.as_secs_f64())]
    Silence(Duration),
    #[error("the answer was {0}")]
    Status(u16),
    #[error("another call under the same key is under way")]
    UnderWay,
    #[error("the answer is not what was asked for")]
    Json(#[from] serde_json::Error),
    #[error("the answer has no usable `{0}`")]
    Member(&'static str),
    #[error("more than {0} payments were made in that time: choose a shorter one")]
    TooMany(usize),
}
