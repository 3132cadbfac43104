use super::{Dispute, Event, Order, RefundState};

/// An account of the shop's books. Every event that moves money posts to at least two of them,
/// and the postings of an event add up to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What customers owe, or what we owe them when it is negative.
    Receivable,
    /// What was sold, without tax.
    Sales,
    /// Tax that was charged and is owed.
    Tax,
    /// What lies with the payment provider.
    Provider,
    /// What banks took back and have not given again.
    Disputed,
    /// What was given back.
    Refunds,
    /// What holders of gift cards and store credit may still spend; it is owed to them.
    Credit,
}

/// One line in the books: debits are positive, credits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// How much, in minor units of the order's currency.
    pub amount_minor: i64,
}

impl Account {
    /// In snake case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receivable => "receivable",
            Self::Sales => "sales",
            Self::Tax => "tax",
            Self::Provider => "provider",
            Self::Disputed => "disputed",
            Self::Refunds => "refunds",
            Self::Credit => "credit",
        }
    }
}

/// What an event posts, given the order before it.
#[must_use]
pub fn postings(before: &Order, event: &Event) -> Vec<Posting> {
    match event {
        Event::Placed { .. } => {
            let totals = &before.terms.totals;
            book(&[
                (Account::Receivable, totals.total_minor),
                (Account::Sales, -totals.net_minor),
                (Account::Tax, -totals.tax_minor),
            ])
        }
        Event::PaymentCaptured { payment, amount_minor } => {
            let known = before.payment(*payment).map_or(0, |payment| payment.captured_minor);
            let more = (amount_minor - known).max(0);
            book(&[(Account::Provider, more), (Account::Receivable, -more)])
        }
        Event::CreditSpent { amount_minor, .. } => {
            book(&[(Account::Credit, *amount_minor), (Account::Receivable, -amount_minor)])
        }
        Event::CreditReturned { amount_minor, .. } => {
            // What was never sold is no refund.
            let of = if before.is_placed() { Account::Refunds } else { Account::Receivable };
            book(&[(of, *amount_minor), (Account::Credit, -amount_minor)])
        }
        Event::RefundRecorded { refund, amount_minor, state, .. } => {
            let gone =
                |state, amount: i64| if state == RefundState::Succeeded { amount } else { 0 };
            let known = before.refund(*refund);
            let known = known.map_or(0, |refund| gone(refund.state, refund.amount_minor));
            let back = gone(*state, *amount_minor) - known;
            book(&[(Account::Refunds, back), (Account::Provider, -back)])
        }
        Event::DisputeRecorded(heard) => {
            let known = before.disputes.iter().find(|known| known.reference == heard.reference);
            let more = heard.gone_minor() - known.map_or(0, Dispute::gone_minor);
            book(&[(Account::Disputed, more), (Account::Provider, -more)])
        }
        _ => vec![],
    }
}

fn book(lines: &[(Account, i64)]) -> Vec<Posting> {
    let lines = lines.iter().filter(|(_, amount_minor)| *amount_minor != 0);
    lines.map(|&(account, amount_minor)| Posting { account, amount_minor }).collect()
}
