use crate::id::{PaymentId, RefundId};

use super::{Order, RefundState};

/// Something to ask of the payment provider. It follows from the order alone, so whoever dies
/// before, while or after asking leaves it to be asked again, under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make the payment.
    Start {
        /// Which.
        payment: PaymentId,
        /// In minor units.
        amount_minor: i64,
    },
    /// Take what was authorized.
    Capture {
        /// Which.
        payment: PaymentId,
        /// As the provider calls it.
        reference: String,
        /// In minor units.
        amount_minor: i64,
    },
    /// Call it off.
    Void {
        /// Which.
        payment: PaymentId,
        /// As the provider calls it. None when nobody knows whether it does.
        reference: Option<String>,
    },
    /// Give back.
    Refund {
        /// Which.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// As the provider calls the payment.
        reference: String,
        /// In minor units.
        amount_minor: i64,
    },
}

impl Operation {
    /// The provider's idempotency key: the same for the same operation, whoever asks and when.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Start { payment, .. } => format!("pay:{payment}:create:1"),
            Self::Capture { payment, amount_minor, .. } => {
                format!("pay:{payment}:capture:{amount_minor}")
            }
            Self::Void { payment, .. } => format!("pay:{payment}:void"),
            Self::Refund { refund, .. } => format!("refund:{refund}"),
        }
    }
}

impl Order {
    /// All that is to be asked of the provider now.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = vec![];
        for payment in &self.payments {
            let id = payment.id;
            if payment.is_void_requested {
                if !payment.is_voided && payment.captured_minor == 0 {
                    let reference = payment.reference.clone();
                    operations.push(Operation::Void { payment: id, reference });
                }
                continue;
            }
            match &payment.reference {
                None if payment.is_undecided() => operations
                    .push(Operation::Start { payment: id, amount_minor: payment.amount_minor }),
                Some(reference)
                    if payment.capture_requested_minor > payment.captured_minor
                        && !payment.is_voided =>
                {
                    operations.push(Operation::Capture {
                        payment: id,
                        reference: reference.clone(),
                        amount_minor: payment.capture_requested_minor,
                    });
                }
                _ => {}
            }
        }
        for refund in self.refunds.iter().filter(|refund| refund.state == RefundState::Requested) {
            let payment = self.payment(refund.payment);
            if let Some(reference) = payment.and_then(|payment| payment.reference.clone()) {
                operations.push(Operation::Refund {
                    refund: refund.id,
                    payment: refund.payment,
                    reference,
                    amount_minor: refund.amount_minor,
                });
            }
        }
        operations
    }
}
