use jiff::Timestamp;

use crate::id::{FulfillmentId, LineId, PaymentId, RefundId, ReturnId};
use crate::parcel::Stage;
use crate::payment::Fact;

use super::{Pick, Portion, Replacement};

/// What may be asked of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The provider made the payment.
    Start {
        /// Which payment.
        payment: PaymentId,
        /// As the provider calls it.
        reference: String,
    },
    /// The provider says something.
    Hear(Heard),
    /// Let it go unless it is paid: its time is over.
    Expire {
        /// The time.
        now: Timestamp,
    },
    /// Call it off, before anything was sent.
    Cancel {
        /// Why.
        reason: String,
        /// The refund of what was taken, should that be needed.
        refund: RefundId,
    },
    /// Take money that was authorized.
    Capture {
        /// Which payment.
        payment: PaymentId,
        /// In minor units; what was authorized unless given.
        amount_minor: Option<i64>,
    },
    /// Let money go that was authorized.
    Void {
        /// Which payment.
        payment: PaymentId,
    },
    /// Give back what was paid: money first, then credit.
    Refund {
        /// Which refund: the same one twice is one.
        refund: RefundId,
        /// Of which payment; the only one unless named.
        payment: Option<PaymentId>,
        /// In minor units; all that is left unless given.
        amount_minor: Option<i64>,
        /// Why.
        reason: String,
    },
    /// A person has to look at it.
    Hold,
    /// A person looked at it: go on.
    ClearReview,
    /// Pack a parcel.
    Pack {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// What goes into it.
        portions: Vec<Portion>,
    },
    /// The parcel leaves.
    Ship {
        /// Which parcel.
        fulfillment: FulfillmentId,
    },
    /// Somebody carries it.
    Track {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// Who carries it.
        carrier: String,
        /// Under which number.
        number: String,
    },
    /// The parcel arrived.
    Deliver {
        /// Which parcel.
        fulfillment: FulfillmentId,
    },
    /// The carrier says how far it is.
    Report {
        /// Which parcel.
        fulfillment: FulfillmentId,
        /// How far.
        stage: Stage,
        /// Since when.
        at: Timestamp,
    },
    /// Unpack it again.
    Unpack {
        /// Which parcel.
        fulfillment: FulfillmentId,
    },
    /// The customer wants to send something back.
    RequestReturn {
        /// Which return.
        returned: ReturnId,
        /// What comes back.
        portions: Vec<Portion>,
        /// Why.
        reason: String,
    },
    /// It may come, or not.
    AnswerReturn {
        /// Which return.
        returned: ReturnId,
        /// The answer.
        answer: Answer,
    },
    /// It is here.
    ReceiveReturn {
        /// Which return.
        returned: ReturnId,
        /// What of it goes back on which shelf.
        restock: Vec<Pick>,
    },
    /// Send something else for what comes back, for nothing.
    Exchange {
        /// Which return.
        returned: ReturnId,
        /// What is sent, each as a line of this id.
        goods: Vec<(LineId, Replacement)>,
        /// What could be taken from stock, in order of preference.
        offers: Vec<Pick>,
    },
    /// Take pieces out that were not packed yet, and give back what was paid for them.
    Reduce {
        /// Which pieces.
        portions: Vec<Portion>,
        /// Why.
        reason: String,
        /// The refund of what was taken for them, should that be needed.
        refund: RefundId,
    },
    /// Name or addresses of the customer have changed.
    ChangeContact,
    /// Forget name, addresses and letters of the customer.
    Erase,
    /// Write something down.
    Note {
        /// What.
        text: String,
    },
}

/// What becomes of the wish to send something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may come.
    Approve,
    /// It may not.
    Reject,
    /// The customer thought better of it.
    Cancel,
}

/// What the provider says, and what a decision about it needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Of which payment.
    pub payment: PaymentId,
    /// What.
    pub fact: Fact,
    /// What could be taken from stock, in order of preference, should what was held be gone.
    pub offers: Vec<Pick>,
    /// The refund of what was taken, should it have to go back.
    pub refund: RefundId,
}
