//! What a call does to money is known from its answer, and where it is not, the error says so:
//! see [`StripeError`]. Every call that changes something carries an idempotency key of ours, so
//! it may be made again, by whoever, for 24 hours: it is done once. After that Stripe forgets the
//! key, and only a look tells: [`Stripe::find_payments`], [`Stripe::refunds_of`].
//!
//! (docs.stripe.com/api/idempotent_requests)

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::id::RefundId;
use domain::money::Money;
use domain::order::{Capture, RefundState};
use domain::payment::{Fact, Subject};
use jiff::Timestamp;

use self::attempt::Wire;

pub use self::error::{StripeError, StripeSetupError};

/// One exchange over HTTP.
mod attempt;
/// What may be asked.
mod calls;
/// How a call fails.
mod error;
/// Parameters as Stripe reads them.
mod form;
/// Asking again.
mod retry;
/// What is answered.
mod wire;

#[cfg(test)]
mod tests;

/// Where Stripe is.
pub const LIVE_URL: &str = "https://api.stripe.com";

/// The version of the API whose shapes are known here. An account's webhook endpoint is to be of
/// the same version, because events are rendered in the endpoint's.
pub const VERSION: &str = "2026-02-25.clover";

/// A client of Stripe's REST API. Cheap to clone; connects when it is first asked, and keeps the
/// connection.
#[derive(Clone)]
pub struct Stripe(Arc<Wire>);

/// Where and as whom to call.
#[derive(Clone)]
pub struct Access {
    /// [`LIVE_URL`], or another server that speaks like it. Without a path it is the root.
    pub base_url: String,
    /// `sk_…` or `rk_…`. A key for real money goes over TLS only.
    pub secret_key: String,
    /// Certificates to trust beside the public ones: a PEM file.
    pub ca_file: Option<String>,
    /// How long to wait and how often to ask.
    pub patience: Patience,
}

/// How long to wait and how often to ask.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one answer.
    pub attempt: Duration,
    /// For all attempts of a call together, pauses included.
    pub total: Duration,
    /// How many attempts at most.
    pub attempts: u32,
    /// Before the second attempt, about; then doubled each time, up to 2 s.
    pub first_pause: Duration,
}

/// A payment that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewPayment {
    /// How much.
    pub amount: Money,
    /// When the money is taken.
    pub capture: Capture,
    /// Whose it is: written on the payment, and so on each of its notices.
    pub subject: Subject,
}

/// Money that is to go back.
#[derive(Clone, Copy, Debug)]
pub struct NewRefund<'a> {
    /// As we call it: written on the refund, and so on each of its notices.
    pub refund: RefundId,
    /// Of which payment, as Stripe calls it.
    pub of: &'a str,
    /// How much.
    pub amount: Money,
    /// Whose it is.
    pub subject: Subject,
}

/// A payment as Stripe knows it. Amounts are sums so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// `pi_…`
    pub reference: String,
    /// For the customer's browser.
    pub client_secret: Option<ClientSecret>,
    /// What it waits for.
    pub state: PaymentState,
    /// What is to be paid.
    pub amount: Money,
    /// What is authorized and may be taken.
    pub capturable: Money,
    /// What was taken.
    pub received: Money,
    /// Why the last attempt failed, where one did.
    pub failure: Option<String>,
    /// Whose it is, where that is written on it.
    pub subject: Option<Subject>,
    /// When it was made, to the second.
    pub created_at: Timestamp,
}

/// What a payment waits for. (docs.stripe.com/payments/paymentintents/lifecycle)
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// A card, the first or another.
    RequiresPaymentMethod,
    /// A word that the card is to be charged.
    RequiresConfirmation,
    /// Something that the bank asks of the customer.
    RequiresAction,
    /// The bank.
    Processing,
    /// Us: the money is authorized.
    RequiresCapture,
    /// Nothing any more: the money was taken.
    Succeeded,
    /// Nothing any more: it was called off.
    Canceled,
    /// Something that we have not heard of.
    #[serde(other)]
    Other,
}

/// Lets the customer's browser pay this one payment; not to be logged or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

/// A refund as Stripe knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// `re_…`
    pub reference: String,
    /// Of which payment, as Stripe calls it.
    pub payment: Option<String>,
    /// As we call it, when it was we who asked.
    pub refund: Option<RefundId>,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: RefundState,
    /// When it was made, to the second.
    pub created_at: Timestamp,
}

/// An event as Stripe keeps it, for about 30 days.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedEvent {
    /// `evt_…`
    pub id: String,
    /// When it happened, to the second: not an order.
    pub created_at: Timestamp,
    /// What a webhook would have brought: for [`domain::payment::read`].
    pub body: String,
}

/// Part of a list, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// At most 100.
    pub items: Vec<T>,
    /// Where the next, older part begins; None after the last.
    pub next: Option<String>,
}

/// From when to when, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub from: Timestamp,
    /// The last second.
    pub to: Timestamp,
}

/// Which events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All.
    OrNot,
    /// Those that no webhook has taken.
    Never,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(5),
            total: Duration::from_secs(12),
            attempts: 4,
            first_pause: Duration::from_millis(250),
        }
    }
}

impl Payment {
    /// What can be said of it now, as a notice would: a look counts as much as any number of
    /// events. None while nobody has tried to pay.
    #[must_use]
    pub fn fact(&self) -> Option<Fact> {
        match self.state {
            PaymentState::RequiresAction => Some(Fact::ActionRequired),
            PaymentState::Processing => Some(Fact::Processing),
            PaymentState::RequiresCapture => Some(Fact::Authorized { amount: self.capturable }),
            PaymentState::Succeeded => Some(Fact::Captured { amount: self.received }),
            PaymentState::Canceled => Some(Fact::Voided),
            PaymentState::RequiresPaymentMethod
            | PaymentState::RequiresConfirmation
            | PaymentState::Other => self.failure.clone().map(|code| Fact::AttemptFailed { code }),
        }
    }
}

impl Refund {
    /// What can be said of it now, as a notice would.
    #[must_use]
    pub fn fact(&self) -> Fact {
        Fact::Refund {
            reference: self.reference.clone(),
            refund: self.refund,
            amount: self.amount,
            state: self.state,
        }
    }
}

impl ClientSecret {
    /// The text, for the one answer that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("base_url", &self.0.base_url()).finish_non_exhaustive()
    }
}
