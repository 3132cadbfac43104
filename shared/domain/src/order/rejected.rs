use crate::id::{FulfillmentId, LineId, PaymentId, RefundId, ReturnId};
use crate::money::NotChargeable;

use super::stock::Shortage;

/// Why something is not granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is nothing to buy.
    #[error("an order has at least one line")]
    Empty,
    /// Its amounts do not add up.
    #[error("the amounts of the order do not add up")]
    Unbalanced,
    /// Credit pays nothing, or more than there is to pay.
    #[error("credit pays for something, and for no more than the order comes to")]
    Overspent,
    /// What is held is not what is bought.
    #[error("what is reserved is not what is ordered")]
    NotReserved,
    /// There is not enough of something.
    #[error("not enough in stock")]
    OutOfStock(Vec<Shortage>),
    /// It ended before.
    #[error("the order was cancelled or has expired")]
    Ended,
    /// It is not paid yet.
    #[error("the order is not placed yet: it waits for its payment")]
    NotPlaced,
    /// Its time is not over, or it is paid.
    #[error("the order is not to be let go")]
    NotExpired,
    /// A person has to look at it first.
    #[error("the order is held for review; clear that first")]
    UnderReview,
    /// Nobody has to look at it.
    #[error("the order is not held for review")]
    NotUnderReview,
    /// A parcel left.
    #[error("a part of the order was sent; ask for a return instead")]
    AlreadySent,
    /// The order has no such payment.
    #[error("the order has no payment {0}")]
    NoSuchPayment(PaymentId),
    /// It costs nothing, or credit pays for all of it.
    #[error("the order has no payment: nothing was left to pay")]
    NothingToPay,
    /// It has several payments, and none was named.
    #[error("the order has several payments; name one")]
    WhichPayment,
    /// The provider calls that payment otherwise.
    #[error("the provider knows payment {0} by another reference")]
    OtherReference(PaymentId),
    /// There is nothing to take, or not so much.
    #[error("{available_minor} can be captured, not {wanted_minor}")]
    NotCapturable {
        /// What was asked for, in minor units.
        wanted_minor: i64,
        /// What there is.
        available_minor: i64,
    },
    /// The provider cannot move such an amount.
    #[error(transparent)]
    NotChargeable(NotChargeable),
    /// It was taken: give it back instead.
    #[error("the payment was captured; refund it instead")]
    AlreadyCaptured,
    /// There is not so much to give back.
    #[error("{available_minor} can be refunded, not {wanted_minor}")]
    NotRefundable {
        /// What was asked for, in minor units.
        wanted_minor: i64,
        /// What was captured or paid with credit, less what went back, less what is disputed.
        available_minor: i64,
    },
    /// That refund is another one.
    #[error("refund {0} was asked for with another amount or payment")]
    OtherRefund(RefundId),
    /// The order has no such line.
    #[error("the order has no line {0}")]
    NoSuchLine(LineId),
    /// There are not so many pieces of the line to send or to send back.
    #[error("{available} pieces of line {line} are left, not {wanted}")]
    NotSoMany {
        /// The line.
        line: LineId,
        /// What was asked for.
        wanted: u32,
        /// What is left.
        available: u32,
    },
    /// No pieces were named.
    #[error("name at least one piece")]
    NoPieces,
    /// The order has no such parcel.
    #[error("the order has no fulfillment {0}")]
    NoSuchFulfillment(FulfillmentId),
    /// The parcel is further, or not so far.
    #[error("fulfillment {0} is in another state")]
    FulfillmentState(FulfillmentId),
    /// The order has no such return.
    #[error("the order has no return {0}")]
    NoSuchReturn(ReturnId),
    /// The return is further, or not so far.
    #[error("return {0} is in another state")]
    ReturnState(ReturnId),
    /// Something else is sent for it already.
    #[error("return {0} is exchanged for other goods already")]
    Exchanged(ReturnId),
    /// More would be sent than comes back.
    #[error("{available} pieces come back, so no more are sent for them; {wanted} were asked for")]
    ExchangesTooMuch {
        /// Pieces that were asked for.
        wanted: u64,
        /// Pieces that come back.
        available: u64,
    },
    /// Name, addresses and letters are gone for good.
    #[error("the personal data of the order was erased")]
    Erased,
    /// More goes back on the shelf than came.
    #[error("more would be restocked than was returned")]
    RestocksTooMuch,
}
