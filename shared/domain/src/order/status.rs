use serde::{Deserialize, Serialize};

use super::{Ended, FulfillmentState, Order, ReturnState};

/// Where an order as a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// It waits for its payment.
    Open,
    /// It is placed.
    Confirmed,
    /// Everything was delivered and paid.
    Completed,
    /// It was called off.
    Cancelled,
    /// Nobody paid in time.
    Expired,
    /// A person has to look at it.
    Review,
}

/// Where its money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// There is nothing to pay.
    None,
    /// It is asked for.
    Pending,
    /// It may be taken.
    Authorized,
    /// A part of it was taken.
    PartCaptured,
    /// All of it was taken.
    Captured,
    /// A part of what was taken went back.
    PartRefunded,
    /// All that was taken went back.
    Refunded,
    /// It was called off.
    Voided,
    /// The last attempt failed.
    Failed,
}

/// Where its goods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// Nothing was sent.
    None,
    /// A part was sent.
    Partial,
    /// All was sent.
    Shipped,
    /// All arrived.
    Delivered,
    /// A part came back.
    PartReturned,
    /// All came back.
    Returned,
}

macro_rules! words {
    ($($status:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl $status {
            /// In snake case, as in replies.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    )+};
}

words! {
    OrderStatus {
        Open = "open", Confirmed = "confirmed", Completed = "completed",
        Cancelled = "cancelled", Expired = "expired", Review = "review",
    }
    PaymentStatus {
        None = "none", Pending = "pending", Authorized = "authorized",
        PartCaptured = "part_captured", Captured = "captured", PartRefunded = "part_refunded",
        Refunded = "refunded", Voided = "voided", Failed = "failed",
    }
    FulfillmentStatus {
        None = "none", Partial = "partial", Shipped = "shipped", Delivered = "delivered",
        PartReturned = "part_returned", Returned = "returned",
    }
}

impl Order {
    /// Where the order as a whole is.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        match self.ended {
            _ if self.review.is_some() => OrderStatus::Review,
            Some(Ended::Expired) => OrderStatus::Expired,
            Some(Ended::Cancelled) => OrderStatus::Cancelled,
            None if !self.is_placed() => OrderStatus::Open,
            None if self.is_fulfilled() && self.is_paid() => OrderStatus::Completed,
            None => OrderStatus::Confirmed,
        }
    }

    /// Where its money is.
    #[must_use]
    pub fn payment_status(&self) -> PaymentStatus {
        let captured = self.captured_minor();
        let paid = captured + self.spent_minor();
        let refunded: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.state == super::RefundState::Succeeded)
            .map(|refund| refund.amount_minor)
            .sum();
        let returned = self.spent_minor() - self.kept_credit_minor();
        let any = |test: fn(&super::Payment) -> bool| self.payments.iter().any(test);
        // Beside a payment that may still fail, credit alone pays for nothing.
        if captured > 0 || (self.payments.is_empty() && paid > 0) {
            return match refunded + returned {
                0 if paid >= self.due_minor() => PaymentStatus::Captured,
                0 => PaymentStatus::PartCaptured,
                back if back >= paid => PaymentStatus::Refunded,
                _ => PaymentStatus::PartRefunded,
            };
        }
        if self.payments.is_empty() {
            PaymentStatus::None
        } else if any(|payment| payment.open_minor() > 0) {
            PaymentStatus::Authorized
        } else if self.payments.iter().all(|payment| payment.is_voided) {
            PaymentStatus::Voided
        } else if any(|payment| matches!(payment.progress, super::Progress::Failed(_))) {
            PaymentStatus::Failed
        } else {
            PaymentStatus::Pending
        }
    }

    /// Where its goods are.
    #[must_use]
    pub fn fulfillment_status(&self) -> FulfillmentStatus {
        let ordered = self.pieces();
        let back: u64 = self
            .returns
            .iter()
            .filter(|returned| returned.state == ReturnState::Received)
            .map(|returned| count(&returned.portions))
            .sum();
        let delivered = self.sent(|state| state == FulfillmentState::Delivered);
        match self
            .sent(|state| matches!(state, FulfillmentState::Shipped | FulfillmentState::Delivered))
        {
            0 => FulfillmentStatus::None,
            _ if back > 0 && back >= ordered => FulfillmentStatus::Returned,
            _ if back > 0 => FulfillmentStatus::PartReturned,
            sent if sent < ordered => FulfillmentStatus::Partial,
            _ if delivered >= ordered => FulfillmentStatus::Delivered,
            _ => FulfillmentStatus::Shipped,
        }
    }

    /// A bank took money back, or may take it.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(super::Dispute::counts)
    }

    /// What is to be paid for what is left of it, in minor units.
    pub(super) fn due_minor(&self) -> i64 {
        self.terms.totals.total_minor.saturating_sub(self.reduced_minor())
    }

    fn is_fulfilled(&self) -> bool {
        self.sent(|state| state == FulfillmentState::Delivered) >= self.pieces()
    }

    fn is_paid(&self) -> bool {
        self.captured_minor() + self.spent_minor() >= self.due_minor()
    }

    fn pieces(&self) -> u64 {
        let ordered: u64 = self.terms.lines.iter().map(|line| u64::from(line.quantity)).sum();
        let taken_out = self.taken_out().map(|portion| u64::from(portion.quantity)).sum();
        ordered.saturating_sub(taken_out)
    }

    fn sent(&self, counts: fn(FulfillmentState) -> bool) -> u64 {
        let parcels = self.fulfillments.iter().filter(|parcel| counts(parcel.state));
        parcels.map(|parcel| count(&parcel.portions)).sum()
    }
}

fn count(portions: &[super::Portion]) -> u64 {
    portions.iter().map(|portion| u64::from(portion.quantity)).sum()
}
