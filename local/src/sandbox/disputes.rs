use serde_json::Value;

use super::object::{Dispute, DisputeStatus, Payment};
use super::refusal::Refusal;
use super::work::Work;
use super::{DisputeStep, name};

/// A bank takes money back. The payment is kept by whoever asks for it.
pub(super) fn begin(
    work: &mut Work<'_>,
    payment: &mut Payment,
    amount: i64,
    reason: &str,
) -> Value {
    let dispute = Dispute {
        id: name("dp_"),
        payment: payment.id.clone(),
        charge: payment.charge.clone().unwrap_or_default(),
        amount,
        currency: payment.currency.clone(),
        reason: reason.to_owned(),
        status: DisputeStatus::NeedsResponse,
        created: work.now,
    };
    payment.disputes.push(dispute.id.clone());
    let object = dispute.to_json();
    work.tell("charge.dispute.created", &object);
    work.tell("charge.dispute.funds_withdrawn", &object);
    work.keep_dispute(&dispute);
    object
}

/// A bank takes money back of a payment that was taken.
pub(super) fn open(
    work: &mut Work<'_>,
    mut payment: Payment,
    amount: Option<i64>,
    reason: &str,
) -> Result<Value, Refusal> {
    if payment.amount_received == 0 {
        return Err(Refusal::state(&payment, "dispute"));
    }
    let amount = amount.unwrap_or(payment.amount_received);
    if amount < 1 || amount > payment.amount_received {
        return Err(Refusal::invalid("amount", "parameter_invalid_integer"));
    }
    let object = begin(work, &mut payment, amount, reason);
    work.keep_payment(&payment);
    Ok(object)
}

/// It goes on, or ends.
pub(super) fn step(
    work: &mut Work<'_>,
    mut dispute: Dispute,
    step: DisputeStep,
) -> Result<Value, Refusal> {
    if matches!(dispute.status, DisputeStatus::Won | DisputeStatus::Lost) {
        let message = "The dispute is closed.";
        return Err(Refusal::as_things_stand("dispute_closed", message));
    }
    dispute.status = match step {
        DisputeStep::Reviewed => DisputeStatus::UnderReview,
        DisputeStep::Won => DisputeStatus::Won,
        DisputeStep::Lost => DisputeStatus::Lost,
    };
    let object = dispute.to_json();
    match step {
        DisputeStep::Reviewed => work.tell("charge.dispute.updated", &object),
        DisputeStep::Lost => work.tell("charge.dispute.closed", &object),
        DisputeStep::Won => {
            work.tell("charge.dispute.funds_reinstated", &object);
            work.tell("charge.dispute.closed", &object);
        }
    }
    work.keep_dispute(&dispute);
    Ok(object)
}
