use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ContactId, CreditId, FulfillmentId, PaymentId, RefundId, ReturnId};
use crate::message::QueueName;
use crate::parcel::Stage;

use super::{Dispute, Line, Pick, Portion, RefundState, ReviewReason, Shortage, Terms};

/// What happened to an order. The wire names carry a version: a new shape is a new variant, and
/// a stored one is readable for ever. Amounts that a provider states are cumulative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Event {
    /// Somebody checked out. The order has no number until it is paid.
    #[serde(rename = "order.opened.v1")]
    Opened(Terms),
    /// Stock waits for the payment.
    #[serde(rename = "stock.reserved.v1")]
    StockReserved {
        /// Of what, where and how many.
        picks: Vec<Pick>,
    },
    /// What waited for the payment is paid.
    #[serde(rename = "stock.committed.v1")]
    StockCommitted {
        /// Of what, where and how many.
        picks: Vec<Pick>,
    },
    /// Stock is free again.
    #[serde(rename = "stock.released.v1")]
    StockReleased {
        /// Of what, where and how many.
        picks: Vec<Pick>,
        /// What it was before.
        from: PutBack,
    },
    /// Goods came back and are on the shelf.
    #[serde(rename = "stock.restocked.v1")]
    StockRestocked {
        /// Of what, where and how many.
        picks: Vec<Pick>,
    },
    /// It was paid when the stock was gone.
    #[serde(rename = "stock.shortfall_detected.v1")]
    StockShortfallDetected {
        /// What is missing.
        shortages: Vec<Shortage>,
    },
    /// Credit pays so much of it: the balance has less from the same moment on.
    #[serde(rename = "credit.spent.v1")]
    CreditSpent {
        /// Whose balance.
        credit: CreditId,
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// So much of that is in the balance again.
    #[serde(rename = "credit.returned.v1")]
    CreditReturned {
        /// Whose balance.
        credit: CreditId,
        /// How much, in minor units.
        amount_minor: i64,
        /// Under which refund. None when the order ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund: Option<RefundId>,
    },
    /// We want to be paid.
    #[serde(rename = "payment.requested.v1")]
    PaymentRequested {
        /// Which payment.
        payment: PaymentId,
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// The provider knows of it.
    #[serde(rename = "payment.started.v1")]
    PaymentStarted {
        /// Which payment.
        payment: PaymentId,
        /// As the provider calls it.
        reference: String,
    },
    /// The bank asks the customer for something.
    #[serde(rename = "payment.action_required.v1")]
    PaymentActionRequired {
        /// Which payment.
        payment: PaymentId,
    },
    /// The bank takes its time.
    #[serde(rename = "payment.processing.v1")]
    PaymentProcessing {
        /// Which payment.
        payment: PaymentId,
    },
    /// An attempt failed; the customer may try again.
    #[serde(rename = "payment.attempt_failed.v1")]
    PaymentAttemptFailed {
        /// Which payment.
        payment: PaymentId,
        /// As the provider says it.
        code: String,
    },
    /// So much may be taken.
    #[serde(rename = "payment.authorized.v1")]
    PaymentAuthorized {
        /// Which payment.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
    },
    /// We want so much of it.
    #[serde(rename = "payment.capture_requested.v1")]
    PaymentCaptureRequested {
        /// Which payment.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
    },
    /// So much was taken.
    #[serde(rename = "payment.captured.v1")]
    PaymentCaptured {
        /// Which payment.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
    },
    /// We want it called off.
    #[serde(rename = "payment.void_requested.v1")]
    PaymentVoidRequested {
        /// Which payment.
        payment: PaymentId,
    },
    /// It is called off.
    #[serde(rename = "payment.voided.v1")]
    PaymentVoided {
        /// Which payment.
        payment: PaymentId,
    },
    /// What was paid is not what was to be paid.
    #[serde(rename = "payment.mismatch_detected.v1")]
    PaymentMismatchDetected {
        /// Which payment.
        payment: PaymentId,
        /// What was paid, in minor units of `currency`.
        amount_minor: i64,
        /// In which currency.
        currency: String,
    },
    /// We want money to go back.
    #[serde(rename = "refund.requested.v1")]
    RefundRequested {
        /// Which refund.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
        /// Why.
        reason: String,
    },
    /// What the provider says of money that goes back.
    #[serde(rename = "refund.recorded.v1")]
    RefundRecorded {
        /// Which refund.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
        /// As the provider calls it.
        reference: String,
        /// How far it is.
        state: RefundState,
    },
    /// What the provider says of money that a bank takes back.
    #[serde(rename = "dispute.recorded.v1")]
    DisputeRecorded(Dispute),
    /// It is paid, or the payment is certain. The number is drawn in the same transaction.
    #[serde(rename = "order.placed.v1")]
    Placed {
        /// 1, 2, 3 … without a gap for each tenant.
        number: i64,
    },
    /// A person has to look at it.
    #[serde(rename = "order.held_for_review.v1")]
    HeldForReview {
        /// Why.
        reason: ReviewReason,
    },
    /// A person looked at it.
    #[serde(rename = "order.review_cleared.v1")]
    ReviewCleared,
    /// It was called off.
    #[serde(rename = "order.cancelled.v1")]
    Cancelled {
        /// Why.
        reason: String,
    },
    /// Pieces were taken out of it before they were packed.
    #[serde(rename = "order.lines_reduced.v1")]
    LinesReduced {
        /// What is refunded for them has this id, if anything is.
        refund: RefundId,
        /// Which.
        portions: Vec<Portion>,
        /// Why.
        reason: String,
    },
    /// Name or addresses of the customer have changed.
    #[serde(rename = "order.contact_changed.v1")]
    ContactChanged {
        /// Whose.
        contact: ContactId,
    },
    /// Nobody paid in time.
    #[serde(rename = "order.expired.v1")]
    Expired {
        /// When that was noticed.
        at: Timestamp,
    },
    /// A parcel is being packed.
    #[serde(rename = "fulfillment.created.v1")]
    FulfillmentCreated {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// What is in it.
        portions: Vec<Portion>,
        /// From where it is taken.
        picks: Vec<Pick>,
    },
    /// A parcel is under way, and its goods are no longer in stock.
    #[serde(rename = "fulfillment.shipped.v1")]
    FulfillmentShipped {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// What was taken from where.
        picks: Vec<Pick>,
    },
    /// Somebody carries it.
    #[serde(rename = "fulfillment.tracking_updated.v1")]
    TrackingUpdated {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// Who carries it.
        carrier: String,
        /// Under which number.
        number: String,
    },
    /// The carrier said how far it is.
    #[serde(rename = "fulfillment.reported.v1")]
    FulfillmentReported {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// How far.
        stage: Stage,
        /// Since when, as the carrier says.
        at: Timestamp,
    },
    /// A parcel arrived.
    #[serde(rename = "fulfillment.delivered.v1")]
    FulfillmentDelivered {
        /// Which parcel.
        fulfillment: FulfillmentId,
    },
    /// A parcel was unpacked again before it left.
    #[serde(rename = "fulfillment.cancelled.v1")]
    FulfillmentCancelled {
        /// Which parcel.
        fulfillment: FulfillmentId,
    },
    /// The customer wants to send something back.
    #[serde(rename = "return.requested.v1")]
    ReturnRequested {
        /// Which return.
        returned: ReturnId,
        /// What comes back.
        portions: Vec<Portion>,
        /// Why.
        reason: String,
    },
    /// It may come.
    #[serde(rename = "return.approved.v1")]
    ReturnApproved {
        /// Which return.
        returned: ReturnId,
    },
    /// It may not.
    #[serde(rename = "return.rejected.v1")]
    ReturnRejected {
        /// Which return.
        returned: ReturnId,
    },
    /// It is here.
    #[serde(rename = "return.received.v1")]
    ReturnReceived {
        /// Which return.
        returned: ReturnId,
    },
    /// It will not come.
    #[serde(rename = "return.cancelled.v1")]
    ReturnCancelled {
        /// Which return.
        returned: ReturnId,
    },
    /// Something else is sent for what comes back, and costs nothing.
    #[serde(rename = "exchange.created.v1")]
    ExchangeCreated {
        /// Which return.
        returned: ReturnId,
        /// What is sent.
        lines: Vec<Line>,
    },
    /// The shop wrote something down.
    #[serde(rename = "order.note_added.v1")]
    NoteAdded {
        /// What.
        text: String,
    },
    /// Name, addresses and letters of the customer are gone.
    #[serde(rename = "order.personal_data_erased.v1")]
    PersonalDataErased {
        /// Whose.
        contact: ContactId,
    },
}

/// An event as it is kept: who did it, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its place in the history of its order, from 1.
    pub version: i32,
    /// What happened.
    pub event: Event,
    /// By whom: `customer`, `provider`, `key:…`, `system`.
    pub actor: String,
    /// In which request.
    pub request_id: Option<String>,
    /// When it was written.
    pub recorded_at: Timestamp,
}

/// What stock was before it became free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PutBack {
    /// It waited for a payment.
    Held,
    /// It was paid.
    Committed,
}

impl Event {
    /// The queues that follow it.
    #[must_use]
    pub fn followers(&self) -> &'static [QueueName] {
        match self {
            Self::Placed { .. } | Self::FulfillmentShipped { .. } | Self::RefundRecorded { .. } => {
                &[QueueName::Sales, QueueName::Mail, QueueName::Hooks]
            }
            Self::Cancelled { .. } | Self::PaymentCaptured { .. } | Self::ReturnReceived { .. } => {
                &[QueueName::Sales, QueueName::Hooks]
            }
            Self::LinesReduced { .. }
            | Self::StockRestocked { .. }
            | Self::CreditReturned { .. } => &[QueueName::Sales],
            Self::Expired { .. } | Self::DisputeRecorded(_) | Self::FulfillmentDelivered { .. } => {
                &[QueueName::Hooks]
            }
            Self::TrackingUpdated { .. } => &[QueueName::Parcels],
            _ => &[],
        }
    }

    /// Its wire name and its body, as they are stored.
    ///
    /// # Errors
    /// When serde fails, which no event gives cause for.
    pub fn to_wire(&self) -> Result<(String, serde_json::Value), serde_json::Error> {
        let mut wire = serde_json::to_value(self)?;
        let body = wire.get_mut("body").map(serde_json::Value::take);
        let kind = wire.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok((kind.to_owned(), body.unwrap_or_default()))
    }

    /// An event as it was stored.
    ///
    /// # Errors
    /// When the name is unknown or the body is of another shape.
    pub fn from_wire(kind: &str, body: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(serde_json::json!({ "kind": kind, "body": body }))
    }
}
