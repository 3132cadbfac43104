//! Does what follows from what payment providers say, and from their silence.
//!
//! - Trigger: queue `payments`, in any order.
//! - Reads: orders, stock.
//! - Writes: events of orders with all that follows from them, and that the notice was heard, in
//!   one transaction.
//! - Emits: nudges to those who follow orders; messages to itself for orders whose provider nobody
//!   has asked; calls to the payment provider, such as the refund of what cannot be sent.
//! - On failure: the notice is delivered again, and heard once; a call is made again under its
//!   key. What nobody understands, or belongs to no order of ours, is a dead letter for a person.

use std::time::Duration;

use app::payments::Calls;
use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, payments, relay, step};
use domain::id::{OrderId, RefundId, TenantNumber};
use domain::message::{PaymentMessage, QueueName};
use domain::order::{Command, Heard, Order, Rejected};
use domain::payment::{Notice, STRIPE, Subject};
use jiff::{SignedDuration, Timestamp};
use store::orders::{self, Act, CommitError, Loaded};
use store::payments::Said;
use store::receipts;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "payment-settle",
        trigger: Trigger::queue(QueueName::Payments, settle),
        uses: Uses {
            postgres: Some(Role::App),
            sends: relay::WITH_ORDERS,
            gateway: true,
            ..Uses::default()
        },
    }
}

/// Longer than others may have to wait for whoever wants to ask the provider.
const LOOKED_AHEAD: SignedDuration = SignedDuration::from_mins(1);
/// What is left is for the sweeper.
const AT_ONCE: i64 = 500;

/// Why a notice has no effect.
#[derive(Debug, thiserror::Error)]
enum NotSettled {
    #[error("nobody understands the notice")]
    Unreadable,
    #[error("no payment of ours is called `{0}`")]
    NoSuchPayment(String),
}

async fn settle(app: App, delivery: Delivery) -> Result<(), Failure> {
    match serde_json::from_str(&delivery.body).map_err(Failure::discard)? {
        PaymentMessage::Notice { provider, notice } => hear(&app, &provider, &notice).await,
        PaymentMessage::Look { tenant } => look(&app, tenant).await,
        PaymentMessage::Due { tenant, order } => take_up(&app, tenant, order).await,
        PaymentMessage::Unreadable { .. } => Err(Failure::discard(NotSettled::Unreadable)),
    }
}

/// The provider said something.
async fn hear(app: &App, provider: &str, notice: &Notice) -> Result<(), Failure> {
    step::reached("settle.taken");
    let subject = subject(app, provider, notice).await?;
    tracing::Span::current().record("tenant", subject.tenant.0);
    let said = Said { gateway: provider, notice, subject };
    let act = Act {
        request_id: Some(&notice.event),
        said: Some(said),
        ..Act::by(provider, provider, app.clock.now())
    };
    let commands = |loaded: &Loaded| Ok(commands(loaded, notice, subject));
    let order = commit(app, (subject.tenant, subject.order), &act, commands).await?;
    follow_up(app, subject.tenant, order, Calls::New).await
}

/// Whoever was about to write to a tenant's orders has done so by now, or is dead: what he posted
/// is sent, and whatever he wanted to ask of the provider is asked when others may.
async fn look(app: &App, tenant: TenantNumber) -> Result<(), Failure> {
    tracing::Span::current().record("tenant", tenant.0);
    relay::outbox(app, Some(tenant), relay::FOLLOWERS).await?;
    let now = app.clock.now();
    let unasked = orders::unasked(&app.db, tenant, now + LOOKED_AHEAD, AT_ONCE).await?;
    let message = |(order, at): (OrderId, Timestamp)| {
        let delay = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        (PaymentMessage::Due { tenant, order }, delay)
    };
    relay::send(app, QueueName::Payments, unasked.into_iter().map(message)).await
}

/// The order's time is over, or its provider has not been asked in time.
async fn take_up(app: &App, tenant: TenantNumber, id: OrderId) -> Result<(), Failure> {
    tracing::Span::current().record("tenant", tenant.0);
    let now = app.clock.now();
    let act = Act::by("system", STRIPE, now);
    let commands = |loaded: &Loaded| {
        let is_over = loaded.order.is_waiting() && loaded.order.terms.expires_at <= now;
        Ok(is_over.then_some(Command::Expire { now }).into_iter().collect())
    };
    let order = commit(app, (tenant, id), &act, commands).await?;
    follow_up(app, tenant, order, Calls::Old).await
}

/// Tells others, and asks the provider for what follows. Whoever dies here is delivered the message
/// again.
async fn follow_up(
    app: &App,
    tenant: TenantNumber,
    order: Order,
    calls: Calls,
) -> Result<(), Failure> {
    relay::to_followers(app, tenant).await?;
    step::reached("settle.relayed");
    let version = order.version;
    let order = payments::drive(app, tenant, order, calls).await?;
    if order.version != version {
        relay::to_followers(app, tenant).await?;
    }
    Ok(())
}

async fn commit(
    app: &App,
    (tenant, id): (TenantNumber, OrderId),
    act: &Act<'_>,
    commands: impl Fn(&Loaded) -> Result<Vec<Command>, Rejected>,
) -> Result<Order, Failure> {
    let committed = orders::commit(&app.db, tenant, id, act, commands).await;
    step::reached("settle.committed");
    match committed {
        Ok(committed) => Ok(committed.order),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Neither the order nor its payment will become another.
        Err(error) => Err(Failure::discard(error)),
    }
}

/// Whose payment it is. What the payment itself says was written by us; the name is for notices
/// that do not carry it.
async fn subject(app: &App, provider: &str, notice: &Notice) -> Result<Subject, Failure> {
    let found = match notice.subject {
        Some(subject) => Some(subject),
        None => store::payments::find(&app.db, provider, &notice.reference).await?,
    };
    // Whoever made it may be about to write its name down.
    found.ok_or_else(|| Failure::retry(NotSettled::NoSuchPayment(notice.reference.clone())))
}

fn commands(loaded: &Loaded, notice: &Notice, subject: Subject) -> Vec<Command> {
    vec![
        Command::Start { payment: subject.payment, reference: notice.reference.clone() },
        Command::Hear(Heard {
            payment: subject.payment,
            fact: notice.fact.clone(),
            offers: loaded.offers.clone(),
            refund: RefundId(receipts::digest(&[notice.event.as_bytes(), b"refund"])),
        }),
    ]
}
