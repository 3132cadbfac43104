use crate::id::TenantNumber;
use crate::order::PaymentStatus;

use super::{Fact, Subject};

/// What we know of a payment that a provider lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The shop that is written on it, if there is one.
    pub tenant: Option<TenantNumber>,
    /// Our own payment of that name or, where we never wrote the name down, the one that is
    /// written on it.
    pub ours: Option<Ours>,
}

/// A payment of ours, with what its order has heard of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ours {
    /// Which.
    pub subject: Subject,
    /// As the provider calls it, once that was written down.
    pub reference: Option<String>,
    /// Where the money of the order is, as [`PaymentStatus::as_str`] says it.
    pub payment_status: String,
    /// What was taken for the order so far, in minor units.
    pub captured_minor: i64,
}

/// What is to be done about a payment that a provider lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is as we know it, or nobody has paid yet.
    Known,
    /// Its order is to hear of it.
    News(Subject),
    /// No order accounts for it.
    Amiss(Amiss),
}

/// How a payment at a provider and our orders do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// It was paid, and nothing of ours is written on it.
    Unmarked,
    /// It was paid, and there is no such order.
    NoOrder,
    /// Its order is paid by another payment: this one was made once more.
    Duplicate,
    /// An order waits for it, and the provider does not know it.
    Missing,
}

impl Amiss {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unmarked => "unmarked",
            Self::NoOrder => "no_order",
            Self::Duplicate => "duplicate",
            Self::Missing => "missing",
        }
    }
}

/// Holds a payment that a provider lists against what we know of it. An order has one payment, so
/// what its order has heard is what was heard of the payment.
#[must_use]
pub fn reconcile(reference: &str, fact: Option<&Fact>, is_marked: bool, known: &Known) -> Verdict {
    let is_paid = matches!(fact, Some(Fact::Authorized { .. } | Fact::Captured { .. }));
    let Some(ours) = &known.ours else {
        return match (is_paid, is_marked) {
            (false, _) => Verdict::Known,
            (true, true) => Verdict::Amiss(Amiss::NoOrder),
            (true, false) => Verdict::Amiss(Amiss::Unmarked),
        };
    };
    if ours.reference.as_ref().is_some_and(|known| known != reference) {
        return match fact {
            Some(Fact::Voided) => Verdict::Known,
            _ => Verdict::Amiss(Amiss::Duplicate),
        };
    }
    let is = |statuses: &[PaymentStatus]| {
        statuses.iter().any(|status| status.as_str() == ours.payment_status)
    };
    let waits = is(&[PaymentStatus::Pending, PaymentStatus::Failed]);
    let is_news = match fact {
        Some(Fact::Captured { amount }) => amount.amount_minor > ours.captured_minor,
        Some(Fact::Authorized { .. }) => waits,
        Some(Fact::Voided) => waits || is(&[PaymentStatus::Authorized]),
        _ => false,
    };
    if is_news { Verdict::News(ours.subject) } else { Verdict::Known }
}
