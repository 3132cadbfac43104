use super::parts::Progress;
use super::{
    Dispute, Ended, Event, Fulfillment, FulfillmentState, Hold, Order, Payment, Pick, PutBack,
    Refund, RefundState, Report, Return, ReturnState, Spending,
};
use crate::id::{FulfillmentId, PaymentId, ReturnId};

/// The order after one more event. Never fails: what cannot be (an event of a payment that was
/// never asked for) changes nothing but the version.
#[must_use]
pub fn evolve(mut order: Order, event: &Event) -> Order {
    order.version = order.version.saturating_add(1);
    match event {
        Event::Placed { number } => {
            order.number = Some(*number);
            // What is paid late takes the order back from where it had gone.
            order.ended = None;
        }
        Event::HeldForReview { reason } => order.review = Some(*reason),
        Event::ReviewCleared => order.review = None,
        Event::Cancelled { .. } => order.ended = Some(Ended::Cancelled),
        Event::Expired { .. } => order.ended = Some(Ended::Expired),
        Event::LinesReduced { refund, portions, .. } => {
            order.reduced.extend(portions.iter().map(|portion| (*refund, *portion)));
        }
        Event::CreditSpent { credit, amount_minor } => {
            let (credit, amount_minor) = (*credit, *amount_minor);
            order.credit = Some(Spending { credit, amount_minor, returned: vec![] });
        }
        Event::ExchangeCreated { lines, .. } => order.terms.lines.extend_from_slice(lines),
        Event::PersonalDataErased { .. } => order.is_erased = true,
        _ => {}
    }
    stock(&mut order, event);
    payment(&mut order, event);
    money_back(&mut order, event);
    goods(&mut order, event);
    order
}

fn stock(order: &mut Order, event: &Event) {
    let holds = &mut order.holds;
    match event {
        Event::StockReserved { picks } => each(holds, picks, |hold, quantity| {
            hold.held = hold.held.saturating_add(quantity);
        }),
        Event::StockCommitted { picks } => each(holds, picks, |hold, quantity| {
            hold.held = hold.held.saturating_sub(quantity);
            hold.committed = hold.committed.saturating_add(quantity);
        }),
        Event::StockReleased { picks, from: PutBack::Held } => {
            each(holds, picks, |hold, quantity| hold.held = hold.held.saturating_sub(quantity));
        }
        Event::StockReleased { picks, from: PutBack::Committed }
        | Event::FulfillmentShipped { picks, .. } => each(holds, picks, |hold, quantity| {
            hold.committed = hold.committed.saturating_sub(quantity);
        }),
        _ => {}
    }
}

fn each(holds: &mut Vec<Hold>, picks: &[Pick], change: impl Fn(&mut Hold, u32)) {
    for &Pick { variant, location, quantity } in picks {
        let known =
            holds.iter_mut().find(|hold| (hold.variant, hold.location) == (variant, location));
        if let Some(hold) = known {
            change(hold, quantity);
        } else {
            let mut hold = Hold { variant, location, held: 0, committed: 0 };
            change(&mut hold, quantity);
            holds.push(hold);
        }
    }
}

fn payment(order: &mut Order, event: &Event) {
    if let Event::PaymentRequested { payment, amount_minor } = event {
        order.payments.push(Payment {
            id: *payment,
            amount_minor: *amount_minor,
            capture: order.terms.capture,
            reference: None,
            progress: Progress::Waiting,
            authorized_minor: 0,
            capture_requested_minor: 0,
            captured_minor: 0,
            is_void_requested: false,
            is_voided: false,
        });
        return;
    }
    let Some(id) = subject(event) else { return };
    let Some(known) = order.payments.iter_mut().find(|payment| payment.id == id) else { return };
    match event {
        Event::PaymentStarted { reference, .. } => known.reference = Some(reference.clone()),
        Event::PaymentActionRequired { .. } => on_the_way(known, Progress::ActionRequired),
        Event::PaymentProcessing { .. } => on_the_way(known, Progress::Processing),
        Event::PaymentAttemptFailed { code, .. } => {
            on_the_way(known, Progress::Failed(code.clone()));
        }
        Event::PaymentAuthorized { amount_minor, .. } => {
            known.authorized_minor = known.authorized_minor.max(*amount_minor);
            known.progress = Progress::Waiting;
        }
        Event::PaymentCaptureRequested { amount_minor, .. } => {
            known.capture_requested_minor = *amount_minor;
        }
        Event::PaymentCaptured { amount_minor, .. } => {
            known.captured_minor = known.captured_minor.max(*amount_minor);
            // What was taken had been authorized, whether or not that was heard of.
            known.authorized_minor = known.authorized_minor.max(*amount_minor);
            known.progress = Progress::Waiting;
        }
        Event::PaymentVoidRequested { .. } => known.is_void_requested = true,
        Event::PaymentVoided { .. } => known.is_voided = true,
        _ => {}
    }
}

/// Which payment an event changes.
fn subject(event: &Event) -> Option<PaymentId> {
    match event {
        Event::PaymentStarted { payment, .. }
        | Event::PaymentActionRequired { payment }
        | Event::PaymentProcessing { payment }
        | Event::PaymentAttemptFailed { payment, .. }
        | Event::PaymentAuthorized { payment, .. }
        | Event::PaymentCaptureRequested { payment, .. }
        | Event::PaymentCaptured { payment, .. }
        | Event::PaymentVoidRequested { payment }
        | Event::PaymentVoided { payment } => Some(*payment),
        _ => None,
    }
}

/// Once money is certain, the way to it is old news.
fn on_the_way(payment: &mut Payment, progress: Progress) {
    if payment.is_undecided() {
        payment.progress = progress;
    }
}

fn money_back(order: &mut Order, event: &Event) {
    match event {
        Event::CreditReturned { amount_minor, refund, .. } => {
            if let Some(credit) = &mut order.credit {
                credit.returned.push((*refund, *amount_minor));
            }
        }
        Event::RefundRequested { refund, payment, amount_minor, .. } => {
            order.refunds.push(Refund {
                id: *refund,
                payment: *payment,
                amount_minor: *amount_minor,
                reference: None,
                state: RefundState::Requested,
            });
        }
        Event::RefundRecorded { refund, payment, amount_minor, reference, state } => {
            let reference = Some(reference.clone());
            if let Some(known) = order.refunds.iter_mut().find(|known| known.id == *refund) {
                known.reference = reference;
                known.amount_minor = *amount_minor;
                known.state = known.state.max(*state);
            } else {
                let (id, payment) = (*refund, *payment);
                let (amount_minor, state) = (*amount_minor, *state);
                order.refunds.push(Refund { id, payment, amount_minor, reference, state });
            }
        }
        Event::DisputeRecorded(heard) => {
            let known = |known: &&mut Dispute| known.reference == heard.reference;
            match order.disputes.iter_mut().find(known) {
                Some(known) => {
                    known.amount_minor = heard.amount_minor;
                    known.state = known.state.max(heard.state);
                    known.is_withdrawn |= heard.is_withdrawn;
                    known.is_reinstated |= heard.is_reinstated;
                }
                None => order.disputes.push(heard.clone()),
            }
        }
        _ => {}
    }
}

fn goods(order: &mut Order, event: &Event) {
    match event {
        Event::FulfillmentCreated { fulfillment, portions, picks } => {
            order.fulfillments.push(Fulfillment {
                id: *fulfillment,
                portions: portions.clone(),
                picks: picks.clone(),
                state: FulfillmentState::Created,
                tracking: None,
                reports: vec![],
            });
        }
        Event::FulfillmentShipped { fulfillment, .. } => {
            parcel(order, *fulfillment, |parcel| parcel.state = FulfillmentState::Shipped);
        }
        Event::TrackingUpdated { fulfillment, carrier, number } => {
            parcel(order, *fulfillment, |parcel| {
                parcel.tracking = Some((carrier.clone(), number.clone()));
            });
        }
        Event::FulfillmentReported { fulfillment, stage, at } => {
            let report = Report { stage: *stage, at: *at };
            parcel(order, *fulfillment, |parcel| parcel.reports.push(report));
        }
        Event::FulfillmentDelivered { fulfillment } => {
            parcel(order, *fulfillment, |parcel| parcel.state = FulfillmentState::Delivered);
        }
        Event::FulfillmentCancelled { fulfillment } => {
            parcel(order, *fulfillment, |parcel| parcel.state = FulfillmentState::Cancelled);
        }
        Event::ReturnRequested { returned, portions, .. } => order.returns.push(Return {
            id: *returned,
            portions: portions.clone(),
            state: ReturnState::Requested,
        }),
        Event::ReturnApproved { returned } => coming(order, *returned, ReturnState::Approved),
        Event::ReturnRejected { returned } => coming(order, *returned, ReturnState::Rejected),
        Event::ReturnReceived { returned } => coming(order, *returned, ReturnState::Received),
        Event::ReturnCancelled { returned } => coming(order, *returned, ReturnState::Cancelled),
        _ => {}
    }
}

fn parcel(order: &mut Order, id: FulfillmentId, change: impl FnOnce(&mut Fulfillment)) {
    if let Some(parcel) = order.fulfillments.iter_mut().find(|parcel| parcel.id == id) {
        change(parcel);
    }
}

fn coming(order: &mut Order, id: ReturnId, state: ReturnState) {
    if let Some(returned) = order.returns.iter_mut().find(|returned| returned.id == id) {
        returned.state = state;
    }
}
