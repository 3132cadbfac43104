use domain::id::{PaymentId, RefundId, TenantNumber};
use domain::money::Money;
use domain::order::{self, Command, Heard, Operation, Order};
use domain::payment::{Fact, STRIPE, Subject};
use providers::stripe::{NewPayment, NewRefund, Payment, Stripe, StripeError};
use store::orders::{self, Act, CommitError, Loaded};
use store::receipts;

use crate::{App, Failure};

/// As histories call whoever asks the provider.
const ACTOR: &str = "payments";
/// What follows from an order is asked for step by step; each answer is one more look at it.
const STEPS: usize = 20;

/// Asks the payment provider for all that follows from an order, and writes its answers down. Each
/// call has a key that follows from the order alone, so whoever dies here leaves it to be asked
/// again, and is not asked twice. No transaction is open meanwhile.
///
/// # Errors
/// [`Failure::Retry`] when the provider or Postgres is away, or nobody knows what became of a call.
pub async fn drive(app: &App, tenant: TenantNumber, order: Order) -> Result<Order, Failure> {
    let (mut order, mut refused) = (order, Vec::new());
    for _ in 0..STEPS {
        let operations = order.operations();
        let next = operations.into_iter().find(|operation| !refused.contains(operation));
        let Some(operation) = next else { return Ok(order) };
        let heard = match ask(app.gateway()?, (tenant, &order), &operation).await {
            Ok(heard) => heard,
            Err(error @ StripeError::Refused { .. }) => {
                tracing::error!(error = crate::trace::chain(&error), "a person has to look");
                look(app.gateway()?, &order, &operation).await.map_err(Failure::retry)?
            }
            Err(error) => return Err(Failure::retry(error)),
        };
        let act = Act {
            actor: ACTOR,
            request_id: None,
            at: app.clock.now(),
            gateway: STRIPE,
            said: None,
        };
        let refund = RefundId(receipts::digest(&[operation.key().as_bytes(), b"refund"]));
        let commands = |loaded: &Loaded| match &heard {
            Some(heard) => heard.commands(loaded, refund),
            None => vec![Command::Hold],
        };
        order = match orders::commit(&app.db, tenant, order.id, &act, commands).await {
            Ok(committed) => committed.order,
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::discard(error)),
        };
        // What changed nothing would be asked again at once.
        refused.push(operation);
    }
    Ok(order)
}

/// How the customer's browser pays: how the provider calls the payment, and its secret.
pub type Secret = (String, String);

/// What became of a payment that was to be made.
#[derive(Debug)]
pub enum Started {
    /// It is made.
    Made {
        /// Which.
        payment: PaymentId,
        /// As the provider calls it.
        reference: String,
        /// For the customer's browser.
        secret: Option<Secret>,
    },
    /// It is not, and will not be.
    Refused,
    /// Nobody knows. It is found out under its key.
    Open,
    /// There is none to be made.
    Nothing,
}

/// Makes the payment that an order waits for, under a key that follows from it alone: made again,
/// it is the same.
///
/// # Errors
/// When no provider is set up.
pub async fn start(
    app: &App,
    tenant: TenantNumber,
    order: &Order,
) -> Result<Started, crate::port::PortError> {
    let start = order.operations().into_iter().find_map(|operation| match operation {
        Operation::Start { payment, .. } => Some((order.payment(payment)?, operation)),
        _ => None,
    });
    let Some((payment, operation)) = start else { return Ok(Started::Nothing) };
    let new = new_payment(tenant, order, payment);
    let made = app.gateway()?.create_payment(&new, &operation.key()).await;
    Ok(match made {
        Ok(made) => {
            Started::Made { payment: payment.id, secret: shown(&made), reference: made.reference }
        }
        Err(error @ (StripeError::Refused { .. } | StripeError::NotChargeable(_))) => {
            tracing::error!(error = crate::trace::chain(&error), "a payment is not made");
            Started::Refused
        }
        Err(error) => {
            tracing::warn!(
                error = crate::trace::chain(&error),
                "whether a payment is made is open"
            );
            Started::Open
        }
    })
}

/// What the customer's browser pays with, while it can be used. Asked of the provider, because it
/// is kept nowhere.
pub async fn secret(app: &App, order: &Order) -> Option<Secret> {
    let payment = order.payments.iter().find(|payment| payment.is_undecided())?;
    let reference = payment.reference.as_ref().filter(|_| order.is_waiting())?;
    match app.gateway().ok()?.retrieve_payment(reference).await {
        Ok(payment) => shown(&payment),
        Err(error) => {
            tracing::warn!(error = crate::trace::chain(&error), "a payment is not shown");
            None
        }
    }
}

fn new_payment(tenant: TenantNumber, order: &Order, of: &order::Payment) -> NewPayment {
    NewPayment {
        amount: Money { amount_minor: of.amount_minor, currency: order.terms.currency },
        capture: of.capture,
        subject: Subject { tenant, order: order.id, payment: of.id },
    }
}

fn shown(payment: &Payment) -> Option<Secret> {
    let secret = payment.client_secret.as_ref()?;
    Some((payment.reference.clone(), secret.reveal().to_owned()))
}

/// What the provider answered.
enum Answer {
    /// It made the payment, and calls it so.
    Started(PaymentId, String),
    /// It says what a notice would say.
    Said(PaymentId, Fact),
}

impl Answer {
    fn commands(&self, loaded: &Loaded, refund: RefundId) -> Vec<Command> {
        match self {
            Self::Started(payment, reference) => {
                vec![Command::Start { payment: *payment, reference: reference.clone() }]
            }
            Self::Said(payment, fact) => vec![Command::Hear(Heard {
                payment: *payment,
                fact: fact.clone(),
                offers: loaded.offers.clone(),
                refund,
            })],
        }
    }
}

/// Asks for one thing.
async fn ask(
    stripe: &Stripe,
    (tenant, order): (TenantNumber, &Order),
    operation: &Operation,
) -> Result<Option<Answer>, StripeError> {
    let key = operation.key();
    let money = |amount_minor| Money { amount_minor, currency: order.terms.currency };
    Ok(match operation {
        Operation::Capture { payment, reference, amount_minor } => {
            let taken = stripe.capture(reference, money(*amount_minor), &key).await?;
            taken.fact().map(|fact| Answer::Said(*payment, fact))
        }
        Operation::Void { payment, reference: Some(reference) } => {
            let called_off = stripe.cancel(reference, &key).await?;
            called_off.fact().map(|fact| Answer::Said(*payment, fact))
        }
        // Whether it was made is not known: made again under its key, it is the same, and can be
        // called off then.
        Operation::Start { payment: id, .. } | Operation::Void { payment: id, reference: None } => {
            let Some(payment) = order.payment(*id) else { return Ok(None) };
            let start = Operation::Start { payment: *id, amount_minor: payment.amount_minor };
            let new = new_payment(tenant, order, payment);
            let made = stripe.create_payment(&new, &start.key()).await?;
            Some(Answer::Started(*id, made.reference))
        }
        Operation::Refund { refund, payment, reference, amount_minor } => {
            let (of, amount) = (reference.as_str(), money(*amount_minor));
            let subject = Subject { tenant, order: order.id, payment: *payment };
            let new = NewRefund { refund: *refund, of, amount, subject };
            let given = stripe.refund(&new, &key).await?;
            Some(Answer::Said(*payment, given.fact()))
        }
    })
}

/// Looks at what the provider refused to change: it may be done already, or not to be done.
async fn look(
    stripe: &Stripe,
    order: &Order,
    operation: &Operation,
) -> Result<Option<Answer>, StripeError> {
    let (payment, reference) = match operation {
        Operation::Capture { payment, reference, .. }
        | Operation::Void { payment, reference: Some(reference) } => (*payment, reference),
        Operation::Start { .. } | Operation::Void { .. } | Operation::Refund { .. } => {
            return Ok(None);
        }
    };
    let known = order.payment(payment);
    let seen = stripe.retrieve_payment(reference).await?.fact();
    let news = seen.filter(|fact| match fact {
        Fact::Captured { amount } => {
            known.is_some_and(|known| known.captured_minor < amount.amount_minor)
        }
        Fact::Voided => known.is_some_and(|known| !known.is_voided),
        _ => false,
    });
    Ok(news.map(|fact| Answer::Said(payment, fact)))
}
