use std::time::Duration;

use app::gateway::{Heard, ListedEvent, Payment, Window};
use app::{App, Failure, Tick, gateway, relay, trace};
use domain::id::{OrderId, TenantNumber};
use domain::message::{PaymentMessage, QueueName};
use domain::money::Money;
use domain::payment::{Amiss, Fact, Notice, STRIPE, Subject, Verdict, read, reconcile};
use domain::tenant::Currency;
use jiff::SignedDuration;
use store::findings::{self, Finding, Waiting};
use uuid::Uuid;

use crate::SPARE;
use crate::progress::Progress;

/// The provider's clock is not ours, and the grain of its lists is a second.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// Whoever pays may take days after the payment was made.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Webhooks and checkouts that are under way are not overtaken.
const SETTLING: SignedDuration = SignedDuration::from_mins(30);
/// An order that waits longer is looked up.
const WAITS: SignedDuration = SignedDuration::from_hours(24);
/// Rows of ours that are read at once.
const AT_ONCE: i64 = 100;

/// Passes on what no webhook has taken: a part of the list. Where the next part begins.
pub(crate) async fn hear(app: &App, progress: &Progress) -> Result<Option<String>, Failure> {
    let (since, after) = (progress.since - OVERLAP, progress.after.as_deref());
    let page = app.gateway()?.list_events(since, Heard::Never, after).await;
    let page = page.map_err(Failure::retry)?;
    send(app, page.items.into_iter().filter_map(message)).await?;
    Ok(page.next)
}

/// Holds the provider's payments against ours: a part of the list. Where the next part begins.
pub(crate) async fn compare(app: &App, progress: &Progress) -> Result<Option<String>, Failure> {
    let (from, to) = (progress.since - LOOK_BACK, progress.until - SETTLING);
    let page = app.gateway()?.list_payments(Window { from, to }, progress.after.as_deref()).await;
    let page = page.map_err(Failure::retry)?;
    let listed: Vec<(&str, Option<Subject>)> =
        page.items.iter().map(|payment| (payment.reference.as_str(), payment.subject)).collect();
    let known = findings::known(&app.db, STRIPE, &listed).await?;
    let mut news = vec![];
    for (payment, known) in page.items.iter().zip(&known) {
        let (fact, is_marked) = (payment.fact(), payment.subject.is_some());
        match reconcile(&payment.reference, fact.as_ref(), is_marked, known) {
            Verdict::Known => {}
            Verdict::News(subject) => news.extend(notice(app, payment, subject)),
            Verdict::Amiss(wrong) => {
                let tenant = known.tenant;
                note(app, tenant, (&payment.reference, amount(payment)), wrong).await?;
            }
        }
    }
    send(app, news.into_iter()).await?;
    Ok(page.next)
}

/// Gives back, or calls off, what was made twice. What the provider refuses stays open, for a
/// person, and is tried again the next day.
pub(crate) async fn undo_duplicates(app: &App, tick: &Tick) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let open = findings::duplicates(&app.db, STRIPE, &after, AT_ONCE).await?;
        let Some(last) = open.last().cloned() else { return Ok(()) };
        for reference in open {
            if tick.deadline.remaining() < SPARE {
                return Ok(());
            }
            match gateway::undo(app.gateway()?, &reference).await {
                Ok(true) => {
                    findings::settle(&app.db, STRIPE, &reference, app.clock.now()).await?;
                }
                Ok(false) => tracing::error!(reference, "a payment that was made twice stays"),
                Err(error) if !error.is_worth_another_try() => {
                    let error = trace::chain(&error);
                    tracing::error!(reference, error, "a person has to look at a payment");
                }
                Err(error) => return Err(Failure::retry(error)),
            }
        }
        after = last;
    }
}

/// Looks up payments for which orders have waited long: what became of them is passed on.
pub(crate) async fn look_after_waiting(app: &App, tick: &Tick) -> Result<(), Failure> {
    let before = app.clock.now() - WAITS;
    let mut after = OrderId(Uuid::nil());
    while tick.deadline.remaining() > SPARE {
        let waiting = findings::waiting(&app.db, STRIPE, before, (after, AT_ONCE)).await?;
        let Some(last) = waiting.last() else { return Ok(()) };
        after = last.subject.order;
        let mut news = vec![];
        for order in &waiting {
            if tick.deadline.remaining() < SPARE {
                break;
            }
            match app.gateway()?.retrieve_payment(&order.reference).await {
                Ok(payment) => news.extend(notice(app, &payment, order.subject)),
                Err(error) if error.is_missing() => note_missing(app, order).await?,
                Err(error) => return Err(Failure::retry(error)),
            }
        }
        send(app, news.into_iter()).await?;
    }
    Ok(())
}

async fn note_missing(app: &App, order: &Waiting) -> Result<(), Failure> {
    let currency = Currency::try_from(order.currency.clone()).map_err(Failure::discard)?;
    let amount = Money { amount_minor: order.due_minor, currency };
    note(app, Some(order.subject.tenant), (&order.reference, amount), Amiss::Missing).await
}

async fn note(
    app: &App,
    tenant: Option<TenantNumber>,
    (reference, amount): (&str, Money),
    wrong: Amiss,
) -> Result<(), Failure> {
    let finding = Finding { tenant, reference, amount, wrong, at: app.clock.now() };
    if findings::note(&app.db, STRIPE, &finding).await? {
        let (wrong, amount_minor) = (wrong.as_str(), amount.amount_minor);
        tracing::error!(reference, wrong, amount_minor, "a payment fits no order");
    }
    Ok(())
}

/// What a webhook would have put on the queue.
fn message(event: ListedEvent) -> Option<PaymentMessage> {
    let provider = STRIPE.to_owned();
    match read(event.body.as_bytes()) {
        Ok(notice) => notice.map(|notice| PaymentMessage::Notice { provider, notice }),
        Err(error) => {
            tracing::error!(error = trace::chain(&error), "a listed event is not understood");
            Some(PaymentMessage::Unreadable { provider, body: event.body })
        }
    }
}

/// What became of a payment, as if an event had said so. The id follows from what it says, so it is
/// heard once. None while nothing is decided.
fn notice(app: &App, payment: &Payment, subject: Subject) -> Option<PaymentMessage> {
    let fact = payment.fact()?;
    let state = match fact {
        Fact::Authorized { .. } => "authorized",
        Fact::Captured { .. } => "captured",
        Fact::Voided => "voided",
        _ => return None,
    };
    let reference = payment.reference.clone();
    let notice = Notice {
        event: format!("reconcile:{reference}:{state}"),
        kind: format!("reconcile.{state}"),
        created_at: app.clock.now(),
        reference,
        subject: Some(subject),
        fact,
    };
    Some(PaymentMessage::Notice { provider: STRIPE.to_owned(), notice })
}

/// How much a payment is about: what was taken or may be, and else what is to be paid.
fn amount(payment: &Payment) -> Money {
    match payment.fact() {
        Some(Fact::Authorized { amount } | Fact::Captured { amount }) => amount,
        _ => payment.amount,
    }
}

async fn send(app: &App, messages: impl Iterator<Item = PaymentMessage>) -> Result<(), Failure> {
    let messages = messages.map(|message| (message, Duration::ZERO));
    relay::send(app, QueueName::Payments, messages).await
}
