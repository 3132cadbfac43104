use crate::id::{FulfillmentId, LineId, OrderId, PaymentId, RefundId, ReturnId};

pub use self::announcement::{Announcement, Topic, announcements};
pub use self::command::{Answer, Command, Heard};
pub use self::decide::{decide, open};
pub use self::event::{Event, PutBack, Stored};
pub use self::evolve::evolve;
pub use self::ledger::{Account, Posting, postings};
pub use self::letters::{News, Owed, letters};
pub use self::operation::Operation;
pub use self::parts::{
    Capture, Dispute, DisputeState, Fulfillment, FulfillmentState, Payment, Progress, Refund,
    RefundState, Report, Return, ReturnState, ReviewReason, Spending,
};
pub use self::rejected::Rejected;
pub use self::status::{FulfillmentStatus, OrderStatus, PaymentStatus};
pub use self::stock::{Hold, Pick, Shortage, StockMove, allocate, moves};
pub use self::terms::{Applied, Delivered, Line, Portion, Replacement, Terms, Totals};

/// What outsiders are told.
mod announcement;
/// What may be asked of an order.
mod command;
/// Whether it is granted, and what then has happened.
mod decide;
/// What happened: versioned, appended, never changed.
mod event;
/// An order as its events leave it.
mod evolve;
/// Where the money of an order stands: every event balances.
mod ledger;
/// What customers are written.
mod letters;
/// What is to be asked of the payment provider.
mod operation;
/// Payments, credit, refunds, disputes, parcels and returns.
mod parts;
/// Why something is not granted.
mod rejected;
/// The three statuses, each derived.
mod status;
/// What an order does to stock.
mod stock;
/// What was agreed when the order was opened.
mod terms;

#[cfg(test)]
mod tests;

/// An order as its events leave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Which.
    pub id: OrderId,
    /// How many events it has.
    pub version: i32,
    /// What was agreed.
    pub terms: Terms,
    /// Drawn when it is placed: 1, 2, 3 … without a gap for each tenant.
    pub number: Option<i64>,
    /// How it ended before it was fulfilled, if it did.
    pub ended: Option<Ended>,
    /// What a person has to look at before it goes on.
    pub review: Option<ReviewReason>,
    /// Its payments, in the order they were asked for.
    pub payments: Vec<Payment>,
    /// What is paid with credit.
    pub credit: Option<Spending>,
    /// Money on its way back.
    pub refunds: Vec<Refund>,
    /// What a bank took back or may take back.
    pub disputes: Vec<Dispute>,
    /// What is held for it in stock.
    pub holds: Vec<Hold>,
    /// Its parcels.
    pub fulfillments: Vec<Fulfillment>,
    /// Goods on their way back.
    pub returns: Vec<Return>,
    /// Pieces that were taken out of it before they were packed, and the id of their refund.
    pub reduced: Vec<(RefundId, Portion)>,
    /// Name, addresses and letters of the customer are gone.
    pub is_erased: bool,
}

/// How an order ended before it was fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody paid in time.
    Expired,
    /// Somebody called it off.
    Cancelled,
}

impl Order {
    /// Folds a history. `None` when it does not begin with the opening of an order.
    pub fn fold<'a>(id: OrderId, events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut order = Self::opened(id, events.next()?)?;
        for event in events {
            order = evolve(order, event);
        }
        Some(order)
    }

    fn opened(id: OrderId, event: &Event) -> Option<Self> {
        let Event::Opened(terms) = event else { return None };
        Some(Self {
            id,
            version: 1,
            terms: terms.clone(),
            number: None,
            ended: None,
            review: None,
            payments: vec![],
            credit: None,
            refunds: vec![],
            disputes: vec![],
            holds: vec![],
            fulfillments: vec![],
            returns: vec![],
            reduced: vec![],
            is_erased: false,
        })
    }

    /// Authorized or captured money waits at the provider or has arrived: the order is placed.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.number.is_some()
    }

    /// The payment of that id.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The payment that is meant: the only one, unless it is named.
    ///
    /// # Errors
    /// When there is none, or it has to be named.
    pub fn payment_meant(&self, named: Option<PaymentId>) -> Result<PaymentId, Rejected> {
        match (named, &self.payments[..]) {
            (Some(named), _) => Ok(named),
            (None, [only]) => Ok(only.id),
            (None, []) => Err(Rejected::NothingToPay),
            (None, _) => Err(Rejected::WhichPayment),
        }
    }

    /// The refund of that id.
    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// The parcel of that id.
    #[must_use]
    pub fn fulfillment(&self, id: FulfillmentId) -> Option<&Fulfillment> {
        self.fulfillments.iter().find(|fulfillment| fulfillment.id == id)
    }

    /// The return of that id.
    #[must_use]
    pub fn returned(&self, id: ReturnId) -> Option<&Return> {
        self.returns.iter().find(|returned| returned.id == id)
    }

    /// What arrived, in minor units.
    #[must_use]
    pub fn captured_minor(&self) -> i64 {
        self.payments.iter().map(|payment| payment.captured_minor).sum()
    }

    /// What credit pays, in minor units, whether or not it has gone back since.
    #[must_use]
    pub fn spent_minor(&self) -> i64 {
        self.credit.as_ref().map_or(0, |credit| credit.amount_minor)
    }

    /// What credit pays and has not got back, in minor units.
    #[must_use]
    pub fn kept_credit_minor(&self) -> i64 {
        self.credit.as_ref().map_or(0, Spending::kept_minor)
    }

    /// What is on its way back or came back as money, in minor units.
    #[must_use]
    pub fn refunding_minor(&self) -> i64 {
        self.refunds.iter().filter(|refund| refund.counts()).map(|refund| refund.amount_minor).sum()
    }

    /// Pieces that were taken out of it before they were packed.
    pub fn taken_out(&self) -> impl Iterator<Item = &Portion> {
        self.reduced.iter().map(|(_, portion)| portion)
    }

    /// What the pieces cost that were taken out, in minor units. The share of the sum is taken, so
    /// that all pieces of a line cost what the line did.
    #[must_use]
    pub fn reduced_minor(&self) -> i64 {
        let lines = self.terms.lines.iter();
        lines.map(|line| share_minor(line, count(self.taken_out(), line.id))).sum()
    }

    /// What may still be refunded of a payment, in minor units: what was captured less what
    /// goes back already and less what is disputed.
    #[must_use]
    pub fn refundable_minor(&self, payment: &Payment) -> i64 {
        let back: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.payment == payment.id && refund.counts())
            .map(|refund| refund.amount_minor)
            .sum();
        let disputed: i64 = self
            .disputes
            .iter()
            .filter(|dispute| dispute.payment == payment.id && dispute.counts())
            .map(|dispute| dispute.amount_minor)
            .sum();
        (payment.captured_minor - back - disputed).max(0)
    }
}

/// What some pieces of a line cost, in minor units.
fn share_minor(line: &Line, pieces: u32) -> i64 {
    let whole = i128::from(line.gross_minor()) * i128::from(pieces);
    i64::try_from(whole / i128::from(line.quantity.max(1))).unwrap_or(i64::MAX)
}

/// Pieces of a line among portions.
fn count<'a>(portions: impl IntoIterator<Item = &'a Portion>, line: LineId) -> u32 {
    let of = portions.into_iter().filter(|portion| portion.line == line);
    of.fold(0, |sum, portion| sum.saturating_add(portion.quantity))
}
