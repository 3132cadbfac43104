use crate::money::Money;
use crate::payment::Fact;

use super::super::command::Heard;
use super::super::parts::Progress;
use super::super::stock::allocate;
use super::super::{
    Capture, Dispute, DisputeState, Ended, Event, Order, Payment, Pick, Rejected, ReviewReason,
};
use super::{UNNUMBERED, all_back, released};

/// Money that the provider speaks of.
#[derive(Clone, Copy)]
enum Paid {
    Authorized(Money),
    Captured(Money),
}

/// What the provider says becomes what happened, once: news that is old, or that came before, is
/// nothing. So the order of notices does not matter, and neither do duplicates.
pub(super) fn hear(order: &Order, heard: Heard) -> Result<Vec<Event>, Rejected> {
    let payment = order.payment(heard.payment).ok_or(Rejected::NoSuchPayment(heard.payment))?;
    let id = payment.id;
    Ok(match &heard.fact {
        Fact::ActionRequired => progress(
            payment,
            &Progress::ActionRequired,
            Event::PaymentActionRequired { payment: id },
        ),
        Fact::Processing => {
            progress(payment, &Progress::Processing, Event::PaymentProcessing { payment: id })
        }
        Fact::AttemptFailed { code } => {
            let failed = Progress::Failed(code.clone());
            let code = code.clone();
            progress(payment, &failed, Event::PaymentAttemptFailed { payment: id, code })
        }
        Fact::Authorized { amount } => authorized(order, payment, *amount, &heard),
        Fact::Captured { amount } => captured(order, payment, *amount, &heard),
        Fact::Voided => called_off(order, payment),
        Fact::Refund { .. } => refund(order, payment, &heard),
        Fact::Dispute { .. } => dispute(order, payment, &heard.fact),
        Fact::FraudWarning => match (order.ended, order.review) {
            (None, None) => vec![Event::HeldForReview { reason: ReviewReason::FraudWarning }],
            _ => vec![],
        },
    })
}

/// A step on the way to a payment. Once money is certain it is old news.
fn progress(payment: &Payment, step: &Progress, event: Event) -> Vec<Event> {
    let news = payment.is_undecided() && payment.progress != *step;
    news.then_some(event).into_iter().collect()
}

fn authorized(order: &Order, payment: &Payment, amount: Money, heard: &Heard) -> Vec<Event> {
    if payment.is_voided {
        return vec![];
    }
    if is_wrong(order, amount, amount.amount_minor != payment.amount_minor) {
        return mismatched(order, payment, heard, Paid::Authorized(amount));
    }
    if amount.amount_minor <= payment.authorized_minor {
        return vec![];
    }
    let amount_minor = amount.amount_minor;
    let mut events = vec![Event::PaymentAuthorized { payment: payment.id, amount_minor }];
    if order.is_placed() || payment.is_void_requested {
        return events;
    }
    match place(order, &heard.offers) {
        Ok(placed) => events.extend(placed),
        Err(refused) => {
            events.extend(refused);
            events.extend(void_once(payment));
        }
    }
    events
}

fn captured(order: &Order, payment: &Payment, amount: Money, heard: &Heard) -> Vec<Event> {
    if amount.currency == order.terms.currency && amount.amount_minor <= payment.captured_minor {
        return vec![];
    }
    let wrong = match payment.capture {
        Capture::Automatic => amount.amount_minor != payment.amount_minor,
        Capture::Manual => amount.amount_minor > payment.amount_minor,
    };
    if is_wrong(order, amount, wrong) {
        return mismatched(order, payment, heard, Paid::Captured(amount));
    }
    let amount_minor = amount.amount_minor;
    let mut events = vec![Event::PaymentCaptured { payment: payment.id, amount_minor }];
    if order.is_placed() && order.ended.is_none() {
        return events;
    }
    match place(order, &heard.offers) {
        Ok(placed) => events.extend(placed),
        // Nobody keeps money for what will not be sent.
        Err(refused) => {
            events.extend(refused);
            let paid = after(order, &events);
            events.extend(all_back(&paid, heard.refund, "the order cannot be fulfilled"));
        }
    }
    events
}

/// Places the order: what is held becomes committed. What is no longer held is taken from the
/// offers, or the order is called off.
fn place(order: &Order, offers: &[Pick]) -> Result<Vec<Event>, Vec<Event>> {
    if order.ended == Some(Ended::Cancelled) {
        return Err(vec![]);
    }
    // What credit had paid went back when the order ended, and may be spent since.
    if order.kept_credit_minor() < order.spent_minor() {
        let reason = "paid when the credit for the rest had gone back".to_owned();
        return Err(vec![Event::Cancelled { reason }]);
    }
    let mut missing = order.demand();
    let mut picks = order.held();
    for pick in &picks {
        if let Some(wanted) = missing.get_mut(&pick.variant) {
            *wanted = wanted.saturating_sub(pick.quantity);
        }
    }
    missing.retain(|_, wanted| *wanted > 0);
    let mut events = vec![];
    if !missing.is_empty() {
        match allocate(&missing, offers) {
            Ok(again) => {
                events.push(Event::StockReserved { picks: again.clone() });
                merge(&mut picks, again);
            }
            Err(shortages) => {
                let mut events = vec![Event::StockShortfallDetected { shortages }];
                events.push(Event::Cancelled { reason: "paid when the stock was gone".to_owned() });
                events.extend(released(order));
                return Err(events);
            }
        }
    }
    if !picks.is_empty() {
        events.push(Event::StockCommitted { picks });
    }
    events.push(Event::Placed { number: UNNUMBERED });
    Ok(events)
}

/// What is paid is not what was to be paid: a person looks at it, and the money goes back. What
/// came in another currency has no place in the books of this order: that person sends it back.
fn mismatched(order: &Order, payment: &Payment, heard: &Heard, paid: Paid) -> Vec<Event> {
    let (Paid::Authorized(amount) | Paid::Captured(amount)) = paid;
    let mut events = vec![];
    if order.review != Some(ReviewReason::PaymentMismatch) {
        events.push(Event::PaymentMismatchDetected {
            payment: payment.id,
            amount_minor: amount.amount_minor,
            currency: amount.currency.code().to_owned(),
        });
        events.push(Event::HeldForReview { reason: ReviewReason::PaymentMismatch });
    }
    match paid {
        Paid::Authorized(_) => events.extend(void_once(payment)),
        Paid::Captured(amount) if amount.currency == order.terms.currency => {
            let amount_minor = amount.amount_minor;
            events.push(Event::PaymentCaptured { payment: payment.id, amount_minor });
            let paid = after(order, &events);
            events.extend(all_back(&paid, heard.refund, "another amount was paid than was due"));
        }
        Paid::Captured(_) => {}
    }
    events
}

fn called_off(order: &Order, payment: &Payment) -> Vec<Event> {
    if payment.is_voided || payment.captured_minor > 0 {
        return vec![];
    }
    let mut events = vec![Event::PaymentVoided { payment: payment.id }];
    if order.ended.is_some() {
        return events;
    }
    if order.is_placed() {
        // The authorization ended before the shop took the money.
        if order.review.is_none() && !payment.is_void_requested {
            events.push(Event::HeldForReview { reason: ReviewReason::PaymentVoided });
        }
    } else {
        events.push(Event::Cancelled { reason: "the payment was called off".to_owned() });
        events.extend(released(order));
    }
    events
}

fn refund(order: &Order, payment: &Payment, heard: &Heard) -> Vec<Event> {
    let Fact::Refund { reference, refund, amount, state } = &heard.fact else { return vec![] };
    if amount.currency != order.terms.currency {
        return vec![];
    }
    // A refund that was asked for elsewhere is known by the provider's name for it alone.
    let by_reference =
        order.refunds.iter().find(|known| known.reference.as_ref() == Some(reference));
    let id = by_reference.map(|known| known.id).or(*refund).unwrap_or(heard.refund);
    let known = order.refund(id);
    let news = known
        .is_none_or(|known| known.state < *state || known.reference.as_ref() != Some(reference));
    if !news {
        return vec![];
    }
    vec![Event::RefundRecorded {
        refund: id,
        payment: payment.id,
        // What the provider said first of an amount stands.
        amount_minor: known
            .filter(|known| known.reference.is_some())
            .map_or(amount.amount_minor, |known| known.amount_minor),
        reference: reference.clone(),
        state: known.map_or(*state, |known| known.state.max(*state)),
    }]
}

fn dispute(order: &Order, payment: &Payment, fact: &Fact) -> Vec<Event> {
    let Fact::Dispute { reference, amount, state, is_withdrawn, is_reinstated } = fact else {
        return vec![];
    };
    if amount.currency != order.terms.currency {
        return vec![];
    }
    let known = order.disputes.iter().find(|known| known.reference == *reference);
    let heard = Dispute {
        reference: reference.clone(),
        payment: payment.id,
        amount_minor: known.map_or(0, |known| known.amount_minor).max(amount.amount_minor),
        state: known.map_or(DisputeState::Open, |known| known.state).max(*state),
        is_withdrawn: *is_withdrawn || known.is_some_and(|known| known.is_withdrawn),
        is_reinstated: *is_reinstated || known.is_some_and(|known| known.is_reinstated),
    };
    if known == Some(&heard) {
        return vec![];
    }
    vec![Event::DisputeRecorded(heard)]
}

fn is_wrong(order: &Order, amount: Money, wrong_amount: bool) -> bool {
    amount.currency != order.terms.currency || wrong_amount
}

fn void_once(payment: &Payment) -> Option<Event> {
    let needed = !payment.is_void_requested && !payment.is_voided;
    needed.then_some(Event::PaymentVoidRequested { payment: payment.id })
}

fn merge(picks: &mut Vec<Pick>, more: Vec<Pick>) {
    for pick in more {
        let known = picks
            .iter_mut()
            .find(|known| (known.variant, known.location) == (pick.variant, pick.location));
        match known {
            Some(known) => known.quantity = known.quantity.saturating_add(pick.quantity),
            None => picks.push(pick),
        }
    }
}

fn after(order: &Order, events: &[Event]) -> Order {
    events.iter().fold(order.clone(), super::super::evolve)
}
