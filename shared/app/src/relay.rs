use domain::id::TenantNumber;
use domain::message::QueueName;
use jiff::{SignedDuration, Timestamp};
use store::outbox;

use crate::port::{Outgoing, PortError, Record};
use crate::{App, Every};

/// How often the sweeper looks for what no relay sent.
pub const SWEEP: Every = Every::Minutes(15);

/// The key-value record that is there while something may lie in the outbox.
pub const POSTED: &str = "due:outbox";

const AT_ONCE: i64 = 100;
/// No call lives longer than this after it announced.
const COMMITTED: SignedDuration = SignedDuration::from_mins(1);

/// Says that a transaction is about to post, so that the sweeper looks even if this process dies
/// before it relays. Called before the commit.
///
/// # Errors
/// When the key-value store is away: post nothing then.
pub async fn announce(app: &App) -> Result<(), PortError> {
    app.key_value.put(POSTED, &app.clock.now().to_string(), None).await
}

/// Whether the transaction that was announced may still be running.
#[must_use]
pub fn may_commit(app: &App, announced: &Record) -> bool {
    let at = announced.value.parse::<Timestamp>();
    at.is_ok_and(|at| app.clock.now().duration_since(at) < COMMITTED)
}

/// Sends what the tenant's transactions left in the outbox for queues that the function may send
/// to; `None` means all tenants, in the role `system`. Called right after a commit; what fails
/// here is for the sweeper, so nothing is lost. A crash between sending and committing sends
/// again, which consumers bear.
///
/// # Errors
/// When Postgres or the queue is away.
pub async fn outbox(
    app: &App,
    tenant: Option<TenantNumber>,
    queues: &[QueueName],
) -> Result<usize, PortError> {
    let mut sent = 0;
    loop {
        let tx = match tenant {
            Some(tenant) => app.db.tenant(tenant).await?,
            None => app.db.across().await?,
        };
        let posted = outbox::take(&tx, tenant, queues, AT_ONCE).await?;
        for queue in queues.iter().copied() {
            let messages: Vec<Outgoing> = posted
                .iter()
                .filter(|posted| posted.queue == queue)
                .map(|posted| Outgoing {
                    body: posted.body.clone(),
                    group: posted.group.clone(),
                    dedupe: posted.dedupe.clone(),
                    trace: posted.trace.clone(),
                    ..Outgoing::default()
                })
                .collect();
            if !messages.is_empty() {
                app.queue.send(queue, &messages).await?;
            }
        }
        tx.commit().await?;
        sent += posted.len();
        if posted.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(sent);
        }
    }
}
