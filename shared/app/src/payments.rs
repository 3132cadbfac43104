use domain::id::{PaymentId, RefundId, TenantNumber};
use domain::money::Money;
use domain::order::{self, Command, Heard, Operation, Order, RefundState};
use domain::payment::{Fact, STRIPE, Subject};
use jiff::{SignedDuration, Timestamp};
use providers::stripe::{NewPayment, NewRefund, Payment, Stripe, StripeError, Window};
use store::orders::{self, Act, CommitError, Loaded};
use store::receipts;

use crate::{App, Failure, step};

/// As histories call whoever asks the provider.
const ACTOR: &str = "payments";
/// What follows from an order is asked for step by step; each answer is one more look at it.
const STEPS: usize = 20;
/// For so long a call made again under its key is the same.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// The provider's clock is not ours.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// Whether calls may have been made before, so long ago that the provider has forgotten their
/// keys. (docs.stripe.com/api/idempotent_requests: after 24 hours)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// They are made now, or were a short time ago.
    New,
    /// Nobody knows: what they may have made is looked for first.
    Old,
}

/// Asks the payment provider for all that follows from an order, and writes its answers down. Each
/// call has a key that follows from the order alone, so whoever dies here leaves it to be asked
/// again, and is not asked twice. No transaction is open meanwhile.
///
/// # Errors
/// [`Failure::Retry`] when the provider or Postgres is away, or nobody knows what became of a call.
pub async fn drive(
    app: &App,
    tenant: TenantNumber,
    order: Order,
    calls: Calls,
) -> Result<Order, Failure> {
    let (mut order, mut refused) = (order, Vec::new());
    for _ in 0..STEPS {
        let operations = order.operations();
        let next = operations.into_iter().find(|operation| !refused.contains(operation));
        let Some(operation) = next else { return Ok(order) };
        let stripe = app.gateway()?;
        let asking = Asking { stripe, tenant, order: &order, calls };
        let heard = match asking.ask(&operation).await {
            Ok(heard) => heard,
            Err(error @ (StripeError::Refused { .. } | StripeError::NotChargeable(_))) => {
                tracing::error!(error = crate::trace::chain(&error), "a person has to look");
                look(stripe, &order, &operation).await.map_err(Failure::retry)?
            }
            Err(error) => return Err(Failure::retry(error)),
        };
        let act = Act::by(ACTOR, STRIPE, app.clock.now());
        step::reached("provider.asked");
        let refund = RefundId(receipts::digest(&[operation.key().as_bytes(), b"refund"]));
        let commands = |loaded: &Loaded| match &heard {
            Some(heard) => Ok(heard.commands(loaded, refund)),
            // Nothing is left of it that a person could hold.
            None if loaded.order.ended.is_some() => Ok(vec![]),
            None => Ok(vec![Command::Hold]),
        };
        order = match orders::commit(&app.db, tenant, order.id, &act, commands).await {
            Ok(committed) => committed.order,
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::discard(error)),
        };
        step::reached("provider.heard");
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
    /// It does not do it, which is as good as a notice that it failed; a person has to look.
    Refused(PaymentId, Fact),
}

impl Answer {
    fn commands(&self, loaded: &Loaded, refund: RefundId) -> Vec<Command> {
        match self {
            Self::Started(payment, reference) => {
                vec![Command::Start { payment: *payment, reference: reference.clone() }]
            }
            Self::Said(payment, fact) | Self::Refused(payment, fact) => {
                let mut commands = vec![Command::Hear(Heard {
                    payment: *payment,
                    fact: fact.clone(),
                    offers: loaded.offers.clone(),
                    refund,
                })];
                if matches!(self, Self::Refused(..)) && loaded.order.ended.is_none() {
                    commands.push(Command::Hold);
                }
                commands
            }
        }
    }
}

/// What is asked of the provider for an order.
struct Asking<'a> {
    stripe: &'a Stripe,
    tenant: TenantNumber,
    order: &'a Order,
    calls: Calls,
}

impl Asking<'_> {
    /// Asks for one thing.
    async fn ask(&self, operation: &Operation) -> Result<Option<Answer>, StripeError> {
        let (stripe, key) = (self.stripe, operation.key());
        Ok(match operation {
            Operation::Capture { payment, reference, amount_minor } => {
                let taken = stripe.capture(reference, self.money(*amount_minor), &key).await?;
                taken.fact().map(|fact| Answer::Said(*payment, fact))
            }
            Operation::Void { payment, reference: Some(reference) } => {
                let called_off = stripe.cancel(reference, &key).await?;
                called_off.fact().map(|fact| Answer::Said(*payment, fact))
            }
            // Whether it was made is not known: made again under its key, it is the same, and can
            // be called off then.
            Operation::Start { payment, .. } | Operation::Void { payment, reference: None } => {
                let Some(payment) = self.order.payment(*payment) else { return Ok(None) };
                let made = self.make(payment).await?;
                Some(Answer::Started(payment.id, made.reference))
            }
            Operation::Refund { refund, payment, reference, amount_minor } => {
                let before = match self.calls {
                    Calls::New => None,
                    Calls::Old => stripe.find_refund(reference, *refund).await?,
                };
                let (of, amount) = (reference.as_str(), self.money(*amount_minor));
                let subject =
                    Subject { tenant: self.tenant, order: self.order.id, payment: *payment };
                let new = NewRefund { refund: *refund, of, amount, subject };
                let given = match before {
                    Some(given) => given,
                    None => stripe.refund(&new, &key).await?,
                };
                Some(Answer::Said(*payment, given.fact()))
            }
        })
    }

    /// Makes a payment, unless it was made before.
    async fn make(&self, of: &order::Payment) -> Result<Payment, StripeError> {
        if self.calls == Calls::Old
            && let Some(window) = self.asked_within(of.id)
            && let Some(made) = self.stripe.find_payments(of.id, window).await?.into_iter().next()
        {
            return Ok(made);
        }
        let start = Operation::Start { payment: of.id, amount_minor: of.amount_minor };
        self.stripe.create_payment(&new_payment(self.tenant, self.order, of), &start.key()).await
    }

    /// When the provider may have made it: its id tells when it was asked for first, and it was
    /// asked for again for as long as the provider knew the key.
    fn asked_within(&self, payment: PaymentId) -> Option<Window> {
        let (seconds, _) = payment.0.get_timestamp()?.to_unix();
        let asked_at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        let (from, to) = (asked_at - CLOCKS_DIFFER, asked_at + KEYS_KEPT + CLOCKS_DIFFER);
        Some(Window { from, to })
    }

    fn money(&self, amount_minor: i64) -> Money {
        Money { amount_minor, currency: self.order.terms.currency }
    }
}

/// A refund that the provider does not make. It has no name for it, so it gets one of ours.
fn failed(order: &Order, refund: RefundId, amount_minor: i64) -> Fact {
    Fact::Refund {
        reference: format!("refused:{refund}"),
        refund: Some(refund),
        amount: Money { amount_minor, currency: order.terms.currency },
        state: RefundState::Failed,
    }
}

/// Looks at what the provider refused to do: it may be done already, or not to be done.
async fn look(
    stripe: &Stripe,
    order: &Order,
    operation: &Operation,
) -> Result<Option<Answer>, StripeError> {
    let (payment, reference) = match operation {
        Operation::Capture { payment, reference, .. }
        | Operation::Void { payment, reference: Some(reference) } => (*payment, reference),
        // A payment that the provider does not make is none: nobody will ever pay it.
        Operation::Start { payment, .. } | Operation::Void { payment, reference: None } => {
            return Ok(Some(Answer::Said(*payment, Fact::Voided)));
        }
        Operation::Refund { refund, payment, amount_minor, .. } => {
            return Ok(Some(Answer::Refused(*payment, failed(order, *refund, *amount_minor))));
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
