//! Does what follows from what payment providers say.
//!
//! - Trigger: queue `payments`, in any order.
//! - Reads: orders, stock.
//! - Writes: events of orders with all that follows from them, and that the notice was heard, in
//!   one transaction.
//! - Emits: calls to the payment provider, such as the refund of what cannot be sent.
//! - On failure: the notice is delivered again, and heard once; a call is made again under its
//!   key. What nobody understands, or belongs to no order of ours, is a dead letter for a person.

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, payments, step};
use domain::id::RefundId;
use domain::message::{PaymentMessage, QueueName};
use domain::order::{Command, Heard};
use domain::payment::{Notice, Subject};
use store::orders::{self, Act, CommitError, Loaded};
use store::payments::Said;
use store::receipts;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "payment-settle",
        trigger: Trigger::queue(QueueName::Payments, settle),
        uses: Uses { postgres: Some(Role::App), gateway: true, ..Uses::default() },
    }
}

/// Why a notice has no effect.
#[derive(Debug, thiserror::Error)]
enum NotSettled {
    #[error("nobody understands the notice")]
    Unreadable,
    #[error("no payment of ours is called `{0}`")]
    NoSuchPayment(String),
}

async fn settle(app: App, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let PaymentMessage::Notice { provider, notice } = message else {
        return Err(Failure::discard(NotSettled::Unreadable));
    };
    let subject = subject(&app, &provider, &notice).await?;
    tracing::Span::current().record("tenant", subject.tenant.0);
    let said = Said { gateway: &provider, notice: &notice, subject };
    let act = Act {
        actor: &provider,
        request_id: Some(&notice.event),
        at: app.clock.now(),
        gateway: &provider,
        said: Some(said),
    };
    let commands = |loaded: &Loaded| commands(loaded, &notice, subject);
    let committed = orders::commit(&app.db, subject.tenant, subject.order, &act, commands).await;
    let order = match committed {
        Ok(committed) => committed.order,
        Err(CommitError::Store(error)) => return Err(error.into()),
        // Neither the order nor its payment will become another.
        Err(error) => return Err(Failure::discard(error)),
    };
    step::reached("settle.committed");
    payments::drive(&app, subject.tenant, order).await?;
    Ok(())
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
