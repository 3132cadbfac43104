use serde_json::Value;

use super::card::{self, Behavior};
use super::form::Form;
use super::object::{Payment, Refund, RefundStatus};
use super::refusal::Refusal;
use super::work::{Work, later};
use super::{RefundWay, name};

pub(super) fn create(work: &mut Work<'_>, form: &mut Form) -> Result<Value, Refusal> {
    let id = form.required("payment_intent")?;
    let amount = form.amount("amount")?;
    let reasons = ["duplicate", "fraudulent", "requested_by_customer"];
    let reason = form.choice("reason", &reasons)?.map(str::to_owned);
    let metadata = form.metadata()?;
    form.end()?;
    let mut payment = work.payment(&id)?;
    let amount = refundable(work, &payment, amount)?;
    let way = way(work, &payment);
    let then = later(work.now, work.book.settings.refund_delay_ms);
    let (status, turns) = match way {
        RefundWay::Succeeds => (RefundStatus::Succeeded, None),
        RefundWay::Pends => (RefundStatus::Pending, Some((then, RefundStatus::Succeeded))),
        RefundWay::FailsLate => (RefundStatus::Succeeded, Some((then, RefundStatus::Failed))),
    };
    let refund = Refund {
        id: name("re_"),
        payment: payment.id.clone(),
        charge: payment.charge.clone().unwrap_or_default(),
        amount,
        currency: payment.currency.clone(),
        status,
        reason,
        metadata,
        created: work.now,
        turns,
    };
    let refunded = work.book.refunded(&payment) + amount;
    payment.refunds.push(refund.id.clone());
    work.tell("refund.created", &refund.to_json());
    work.tell("charge.refunded", &payment.charge_json(refunded));
    work.keep_payment(&payment);
    work.keep_refund(&refund);
    Ok(refund.to_json())
}

/// A refund becomes what it was bound to become. Stripe says so in several events; so do we.
pub(super) fn turn(work: &mut Work<'_>, mut refund: Refund, into: RefundStatus) {
    refund.turns = None;
    refund.status = into;
    let object = refund.to_json();
    work.tell("refund.updated", &object);
    work.tell("charge.refund.updated", &object);
    if into == RefundStatus::Failed {
        work.tell("refund.failed", &object);
    }
    work.keep_refund(&refund);
}

fn refundable(work: &Work<'_>, payment: &Payment, amount: Option<i64>) -> Result<i64, Refusal> {
    if payment.amount_received == 0 {
        let message = "This PaymentIntent does not have a successful charge to refund.";
        return Err(Refusal::as_things_stand("payment_intent_unexpected_state", message));
    }
    let mut disputes = payment.disputes.iter().filter_map(|id| work.book.disputes.get(id));
    if disputes.any(super::object::Dispute::counts) {
        let message = "The charge has been charged back and cannot be refunded.";
        return Err(Refusal::as_things_stand("charge_disputed", message));
    }
    let left = payment.amount_received - work.book.refunded(payment);
    let amount = amount.unwrap_or(left);
    if left == 0 {
        let message = "The charge has already been refunded.";
        return Err(Refusal::as_things_stand("charge_already_refunded", message));
    }
    if amount > left {
        let message = format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        );
        return Err(Refusal::as_things_stand("amount_too_large", message));
    }
    Ok(amount)
}

/// The card decides; where it does not, the settings do.
fn way(work: &Work<'_>, payment: &Payment) -> RefundWay {
    match payment.card.as_deref().and_then(card::by_number).map(|card| card.behavior) {
        Some(Behavior::RefundsLate) => RefundWay::Pends,
        Some(Behavior::RefundsNever) => RefundWay::FailsLate,
        _ => work.book.settings.refunds,
    }
}
