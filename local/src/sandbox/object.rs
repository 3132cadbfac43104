//! What the sandbox knows, as its journal keeps it and as Stripe would show it. Amounts are in
//! the units of Stripe, as they came.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the other side wrote on something.
pub(super) type Metadata = BTreeMap<String, String>;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) client_secret: String,
    pub(super) status: Status,
    pub(super) amount: i64,
    pub(super) amount_capturable: i64,
    pub(super) amount_received: i64,
    pub(super) currency: String,
    pub(super) capture_method: String,
    pub(super) metadata: Metadata,
    pub(super) description: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) payment_method: Option<String>,
    /// The number of the test card, which decides.
    pub(super) card: Option<String>,
    pub(super) charge: Option<String>,
    pub(super) failure: Option<Failure>,
    pub(super) cancellation_reason: Option<String>,
    pub(super) created: Timestamp,
    pub(super) canceled: Option<Timestamp>,
    /// When the bank will have taken its time.
    pub(super) turns: Option<Timestamp>,
    pub(super) refunds: Vec<String>,
    pub(super) disputes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
}

/// Why the last attempt failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) decline_code: Option<String>,
    pub(super) message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) payment: String,
    pub(super) charge: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: RefundStatus,
    pub(super) reason: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) created: Timestamp,
    /// When it becomes what.
    pub(super) turns: Option<(Timestamp, RefundStatus)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) payment: String,
    pub(super) charge: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) reason: String,
    pub(super) status: DisputeStatus,
    pub(super) created: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) created: Timestamp,
    /// As it is delivered, byte for byte, however often.
    pub(super) body: String,
}

impl Payment {
    pub(super) fn to_json(&self) -> Value {
        let failure = self.failure.as_ref().map(|failure| {
            json!({
                "type": "card_error",
                "code": failure.code,
                "decline_code": failure.decline_code,
                "message": failure.message,
                "charge": self.charge,
            })
        });
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_received": self.amount_received,
            "canceled_at": self.canceled.map(Timestamp::as_second),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": self.created.as_second(),
            "currency": self.currency,
            "customer": null,
            "description": self.description,
            "last_payment_error": failure,
            "latest_charge": self.charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": null,
            "payment_method": self.payment_method,
            "payment_method_types": ["card"],
            "status": self.status,
        })
    }

    /// The charge, which the events of refunds and disputes speak of.
    pub(super) fn charge_json(&self, refunded: i64) -> Value {
        json!({
            "id": self.charge,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_received,
            "amount_refunded": refunded,
            "captured": self.amount_received > 0,
            "created": self.created.as_second(),
            "currency": self.currency,
            "disputed": !self.disputes.is_empty(),
            "livemode": false,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": self.id,
            "payment_method": self.payment_method,
            "refunded": refunded >= self.amount_received && refunded > 0,
            "status": "succeeded",
        })
    }
}

impl Refund {
    pub(super) fn to_json(&self) -> Value {
        let failure = (self.status == RefundStatus::Failed).then_some("expired_or_canceled_card");
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "charge": self.charge,
            "created": self.created.as_second(),
            "currency": self.currency,
            "failure_reason": failure,
            "metadata": self.metadata,
            "payment_intent": self.payment,
            "reason": self.reason,
            "status": self.status,
        })
    }

    /// The money goes back or went back.
    pub(super) fn counts(&self) -> bool {
        self.status != RefundStatus::Failed
    }
}

impl Dispute {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "charge": self.charge,
            "created": self.created.as_second(),
            "currency": self.currency,
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": {},
            "payment_intent": self.payment,
            "reason": self.reason,
            "status": self.status,
        })
    }

    /// The money is gone, or may go.
    pub(super) fn counts(&self) -> bool {
        self.status != DisputeStatus::Won
    }
}
