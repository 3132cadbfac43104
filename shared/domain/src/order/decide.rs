use crate::id::{CreditId, OrderId, PaymentId, RefundId};
use crate::money::Money;

use super::stock::sums;
use super::{Command, Ended, Event, Order, Pick, PutBack, Rejected, ReviewReason, Terms};

/// Parcels and returns.
mod goods;
/// What the provider says.
mod hear;

/// Opens an order: its stock is reserved, so much of a credit is spent, and a payment is asked for
/// the rest. What leaves nothing to pay is placed at once.
///
/// # Errors
/// When nothing is bought, the amounts do not add up, the picks are not what is bought, or the
/// credit is to pay more than there is to pay.
pub fn open(
    id: OrderId,
    terms: Terms,
    picks: Vec<Pick>,
    payment: PaymentId,
    credit: Option<(CreditId, i64)>,
) -> Result<Vec<Event>, Rejected> {
    if terms.lines.is_empty() || terms.lines.iter().any(|line| line.quantity == 0) {
        return Err(Rejected::Empty);
    }
    if !adds_up(&terms) {
        return Err(Rejected::Unbalanced);
    }
    let total_minor = terms.totals.total_minor;
    if credit.is_some_and(|(_, spent_minor)| spent_minor <= 0 || spent_minor > total_minor) {
        return Err(Rejected::Overspent);
    }
    let amount_minor = total_minor - credit.map_or(0, |(_, spent_minor)| spent_minor);
    let opened = Event::Opened(terms);
    let order = Order::fold(id, [&opened]).ok_or(Rejected::Empty)?;
    if sums(picks.iter().map(|pick| (pick.variant, pick.quantity))) != order.demand() {
        return Err(Rejected::NotReserved);
    }
    let mut events = vec![opened];
    if !picks.is_empty() {
        events.push(Event::StockReserved { picks: picks.clone() });
    }
    let spent = credit.map(|(credit, amount_minor)| Event::CreditSpent { credit, amount_minor });
    events.extend(spent);
    if amount_minor > 0 {
        events.push(Event::PaymentRequested { payment, amount_minor });
    } else {
        if !picks.is_empty() {
            events.push(Event::StockCommitted { picks });
        }
        events.push(Event::Placed { number: UNNUMBERED });
    }
    Ok(events)
}

/// Whether a command is granted, and what then has happened. An order that was placed has its
/// number drawn by whoever writes the events: [`Event::Placed`] carries 0 here.
///
/// # Errors
/// Why it is not granted. Nothing has happened then.
pub fn decide(order: &Order, command: Command) -> Result<Vec<Event>, Rejected> {
    match command {
        Command::Start { payment, reference } => start(order, payment, reference),
        Command::Hear(heard) => hear::hear(order, heard),
        Command::Expire { now } => {
            if !order.is_waiting() || now < order.terms.expires_at {
                return Err(Rejected::NotExpired);
            }
            let mut events = vec![Event::Expired { at: now }];
            events.extend(released(order));
            events.extend(voided(order));
            Ok(events)
        }
        Command::Cancel { reason, refund } => cancel(order, reason, refund),
        Command::Capture { payment, amount_minor } => capture(order, payment, amount_minor),
        Command::Void { payment } => void(order, payment),
        Command::Refund { refund, payment, amount_minor, reason } => {
            give_back(order, refund, payment, (amount_minor, reason))
        }
        Command::Hold => match (order.ended, order.review) {
            (Some(_), _) => Err(Rejected::Ended),
            (None, Some(_)) => Ok(vec![]),
            (None, None) => Ok(vec![Event::HeldForReview { reason: ReviewReason::Manual }]),
        },
        Command::ClearReview if order.review.is_none() => Err(Rejected::NotUnderReview),
        Command::ClearReview => Ok(vec![Event::ReviewCleared]),
        Command::Note { text } => Ok(vec![Event::NoteAdded { text }]),
        Command::ChangeContact if order.is_erased => Err(Rejected::Erased),
        Command::ChangeContact => Ok(vec![Event::ContactChanged { contact: order.terms.contact }]),
        Command::Erase if order.is_erased => Ok(vec![]),
        Command::Erase => Ok(vec![Event::PersonalDataErased { contact: order.terms.contact }]),
        other => goods::decide(order, other),
    }
}

/// The number of a placed order before it is drawn.
const UNNUMBERED: i64 = 0;

impl Order {
    /// It waits for its payment, and nobody at a bank works on that, which may take days.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let processing = |payment: &super::Payment| {
            payment.is_undecided() && payment.progress == super::Progress::Processing
        };
        self.ended.is_none() && !self.is_placed() && !self.payments.iter().any(processing)
    }

    /// Of which payment a refund is, if money goes back, and how much of money and credit it is.
    fn refunded_as(&self, id: RefundId) -> Option<(Option<PaymentId>, i64)> {
        let money = self.refund(id);
        let credit = self.credit.iter().flat_map(|credit| &credit.returned);
        let credit: Vec<i64> = credit
            .filter(|(of, _)| *of == Some(id))
            .map(|(_, amount_minor)| *amount_minor)
            .collect();
        let sum_minor = money.map_or(0, |money| money.amount_minor) + credit.iter().sum::<i64>();
        (money.is_some() || !credit.is_empty())
            .then_some((money.map(|money| money.payment), sum_minor))
    }
}

fn start(order: &Order, id: PaymentId, reference: String) -> Result<Vec<Event>, Rejected> {
    let payment = order.payment(id).ok_or(Rejected::NoSuchPayment(id))?;
    match &payment.reference {
        None => Ok(vec![Event::PaymentStarted { payment: id, reference }]),
        Some(known) if *known == reference => Ok(vec![]),
        Some(_) => Err(Rejected::OtherReference(id)),
    }
}

fn cancel(order: &Order, reason: String, refund: RefundId) -> Result<Vec<Event>, Rejected> {
    if order.ended == Some(Ended::Cancelled) {
        return Ok(vec![]);
    }
    if order.ended.is_some() {
        return Err(Rejected::Ended);
    }
    if order.fulfillments.iter().any(super::Fulfillment::has_left) {
        return Err(Rejected::AlreadySent);
    }
    let mut events = vec![Event::Cancelled { reason: reason.clone() }];
    let packed = order.fulfillments.iter().filter(|parcel| parcel.is_packed());
    events.extend(packed.map(|parcel| Event::FulfillmentCancelled { fulfillment: parcel.id }));
    events.extend(released(order));
    events.extend(voided(order));
    events.extend(all_back(order, refund, &reason));
    Ok(events)
}

fn capture(order: &Order, id: PaymentId, wanted: Option<i64>) -> Result<Vec<Event>, Rejected> {
    let payment = order.payment(id).ok_or(Rejected::NoSuchPayment(id))?;
    if order.ended.is_some() {
        return Err(Rejected::Ended);
    }
    if order.review.is_some() {
        return Err(Rejected::UnderReview);
    }
    let available_minor = if payment.is_void_requested { 0 } else { payment.open_minor() };
    // What credit pays for is not taken once more.
    let left_minor = order.due_minor().saturating_sub(order.kept_credit_minor());
    let wanted_minor = wanted.unwrap_or_else(|| payment.authorized_minor.min(left_minor));
    if payment.capture_requested_minor > 0 && payment.capture_requested_minor == wanted_minor {
        return Ok(vec![]);
    }
    if wanted_minor <= 0 || wanted_minor > available_minor || payment.capture_requested_minor > 0 {
        return Err(Rejected::NotCapturable { wanted_minor, available_minor });
    }
    chargeable(order, wanted_minor)?;
    Ok(vec![Event::PaymentCaptureRequested { payment: id, amount_minor: wanted_minor }])
}

/// Refuses what the provider cannot move exactly: it would be asked for in vain.
fn chargeable(order: &Order, amount_minor: i64) -> Result<(), Rejected> {
    let amount = Money { amount_minor, currency: order.terms.currency };
    amount.to_provider().map(drop).map_err(Rejected::NotChargeable)
}

fn void(order: &Order, id: PaymentId) -> Result<Vec<Event>, Rejected> {
    let payment = order.payment(id).ok_or(Rejected::NoSuchPayment(id))?;
    if payment.captured_minor > 0 || payment.capture_requested_minor > 0 {
        return Err(Rejected::AlreadyCaptured);
    }
    if payment.is_voided || payment.is_void_requested {
        return Ok(vec![]);
    }
    Ok(vec![Event::PaymentVoidRequested { payment: id }])
}

/// Money goes back first, as far as it was captured, and then credit. Who paid with money is not
/// paid back in credit while that can be helped, and credit never turns into money, because no more
/// money goes back than came.
fn give_back(
    order: &Order,
    refund: RefundId,
    named: Option<PaymentId>,
    (amount_minor, reason): (Option<i64>, String),
) -> Result<Vec<Event>, Rejected> {
    if let Some((payment, known_minor)) = order.refunded_as(refund) {
        let same = payment.is_none() || named.is_none() || payment == named;
        let same = same && amount_minor.is_none_or(|it| it == known_minor);
        return if same { Ok(vec![]) } else { Err(Rejected::OtherRefund(refund)) };
    }
    let payment = match named {
        None if order.payments.is_empty() && order.credit.is_some() => None,
        named => {
            let id = order.payment_meant(named)?;
            Some(order.payment(id).ok_or(Rejected::NoSuchPayment(id))?)
        }
    };
    let money_minor = payment.map_or(0, |payment| order.refundable_minor(payment));
    // Before it is placed, what credit pays is not paid yet.
    let credit_minor = if order.is_placed() { order.kept_credit_minor() } else { 0 };
    let available_minor = money_minor + credit_minor;
    let wanted_minor = amount_minor.unwrap_or(available_minor);
    if wanted_minor <= 0 || wanted_minor > available_minor {
        return Err(Rejected::NotRefundable { wanted_minor, available_minor });
    }
    let (amount_minor, mut events) = (wanted_minor.min(money_minor), vec![]);
    if let Some(payment) = payment.map(|payment| payment.id).filter(|_| amount_minor > 0) {
        chargeable(order, amount_minor)?;
        events.push(Event::RefundRequested { refund, payment, amount_minor, reason });
    }
    events.extend(credited(order, wanted_minor - amount_minor, Some(refund)));
    Ok(events)
}

/// So much goes back to the credit that paid, at most what it paid.
fn credited(order: &Order, amount_minor: i64, refund: Option<RefundId>) -> Option<Event> {
    let credit = order.credit.as_ref()?;
    let amount_minor = amount_minor.min(credit.kept_minor());
    let credit = credit.credit;
    (amount_minor > 0).then_some(Event::CreditReturned { credit, amount_minor, refund })
}

/// Everything that is held for the order becomes free: its stock, and what credit was to pay.
fn released(order: &Order) -> impl Iterator<Item = Event> {
    let (held, committed) = (order.held(), order.committed());
    let held =
        (!held.is_empty()).then_some(Event::StockReleased { picks: held, from: PutBack::Held });
    let committed = (!committed.is_empty())
        .then_some(Event::StockReleased { picks: committed, from: PutBack::Committed });
    held.into_iter().chain(committed).chain(credited(order, i64::MAX, None))
}

/// Every payment from which nothing was taken is called off.
fn voided(order: &Order) -> impl Iterator<Item = Event> {
    order
        .payments
        .iter()
        .filter(|payment| {
            !payment.is_voided && !payment.is_void_requested && payment.captured_minor == 0
        })
        .map(|payment| Event::PaymentVoidRequested { payment: payment.id })
}

/// All that was taken goes back. The refunds of further payments have ids that follow from the
/// first, so that the same command leads to the same events.
fn all_back(order: &Order, refund: RefundId, reason: &str) -> Vec<Event> {
    let payments = order.payments.iter().filter(|payment| order.refundable_minor(payment) > 0);
    payments
        .zip(0_u128..)
        .map(|(payment, position)| Event::RefundRequested {
            refund: RefundId(uuid::Uuid::from_u128(refund.0.as_u128().wrapping_add(position))),
            payment: payment.id,
            amount_minor: order.refundable_minor(payment),
            reason: reason.to_owned(),
        })
        .collect()
}

/// Net and tax of lines and delivery are those of the order, and no amount is negative.
fn adds_up(terms: &Terms) -> bool {
    let parts = || {
        let lines = terms.lines.iter().map(|line| (line.net_minor, line.tax_minor));
        lines.chain(terms.delivery.iter().map(|delivery| (delivery.net_minor, delivery.tax_minor)))
    };
    let sum = |part: fn((i64, i64)) -> i64| {
        parts().map(part).try_fold(
            0_i64,
            |sum, part| {
                if part < 0 { None } else { sum.checked_add(part) }
            },
        )
    };
    let totals = &terms.totals;
    sum(|(net, _)| net) == Some(totals.net_minor)
        && sum(|(_, tax)| tax) == Some(totals.tax_minor)
        && totals.net_minor.checked_add(totals.tax_minor) == Some(totals.total_minor)
}
