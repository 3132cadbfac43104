use domain::id::RefundId;
use domain::order::RefundState;
use providers::stripe::{NewRefund, Stripe};
use store::receipts;

pub use providers::stripe::{Heard, ListedEvent, Payment, PaymentState, StripeError, Window};

/// Gives back, or calls off, a payment that was made once more than its order needs, as often as
/// this is asked: the money goes back once. Whether nothing is left to be done about it.
///
/// # Errors
/// See [`StripeError`]; `Refused` when a person has to look, such as for money that went back in
/// part already.
pub async fn undo(stripe: &Stripe, reference: &str) -> Result<bool, StripeError> {
    let payment = stripe.retrieve_payment(reference).await?;
    let key = |what| format!("reconcile:{reference}:{what}");
    match payment.state {
        PaymentState::Canceled => Ok(true),
        PaymentState::Succeeded => {
            let refund = RefundId(receipts::digest(&[reference.as_bytes(), b"reconcile"]));
            let Some(subject) = payment.subject else { return Ok(false) };
            // The provider may have forgotten the key since.
            let given = match stripe.find_refund(reference, refund).await? {
                Some(given) => given,
                None => {
                    let new =
                        NewRefund { refund, of: reference, amount: payment.received, subject };
                    stripe.refund(&new, &key("refund")).await?
                }
            };
            Ok(given.state != RefundState::Failed)
        }
        _ => {
            let called_off = stripe.cancel(reference, &key("cancel")).await?;
            Ok(called_off.state == PaymentState::Canceled)
        }
    }
}
