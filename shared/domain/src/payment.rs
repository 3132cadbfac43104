use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{OrderId, PaymentId, RefundId, TenantNumber};
use crate::money::Money;
use crate::order::{DisputeState, RefundState};

pub use self::notice::{NotANotice, read};
pub use self::reconcile::{Amiss, Known, Ours, Verdict, reconcile};
pub use self::signature::{SignatureError, TOLERANCE_S, sign, verify};

/// What an event of the provider says.
mod notice;
/// What a provider lists, against what we know.
mod reconcile;
/// Who sent it.
mod signature;

#[cfg(test)]
mod tests;

/// The name under which Stripe, and whatever speaks its language, is stored.
pub const STRIPE: &str = "stripe";

/// What a provider says happened. Amounts are what it states: the sum so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The provider's id of the event: the same on every delivery.
    pub event: String,
    /// What the provider calls what happened.
    pub kind: String,
    /// When it happened, to the second: not an order.
    pub created_at: Timestamp,
    /// As the provider calls the payment.
    pub reference: String,
    /// Whose payment it is, where the event says so.
    pub subject: Option<Subject>,
    /// What happened.
    pub fact: Fact,
}

/// What we wrote on a payment when we made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose shop.
    pub tenant: TenantNumber,
    /// Which order.
    pub order: OrderId,
    /// Which payment of it.
    pub payment: PaymentId,
}

/// Something that happened to a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// The bank asks the customer for something.
    ActionRequired,
    /// The bank takes its time.
    Processing,
    /// An attempt failed; another may succeed.
    AttemptFailed {
        /// Why, as the provider says it.
        code: String,
    },
    /// So much may be taken.
    Authorized {
        /// The sum so far.
        amount: Money,
    },
    /// So much was taken.
    Captured {
        /// The sum so far.
        amount: Money,
    },
    /// It was called off.
    Voided,
    /// Money goes back.
    Refund {
        /// As the provider calls it.
        reference: String,
        /// As we call it, when it was we who asked.
        refund: Option<RefundId>,
        /// How much.
        amount: Money,
        /// How far it is.
        state: RefundState,
    },
    /// A bank takes money back, or may.
    Dispute {
        /// As the provider calls it.
        reference: String,
        /// How much.
        amount: Money,
        /// How far it is.
        state: DisputeState,
        /// The money left our account.
        is_withdrawn: bool,
        /// The money came again.
        is_reinstated: bool,
    },
    /// The provider expects a fraud.
    FraudWarning,
}
