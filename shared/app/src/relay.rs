use domain::id::TenantNumber;
use domain::message::QueueName;
use store::outbox;

use crate::port::{Outgoing, PortError};
use crate::{App, Every, due};

/// How often the sweeper looks for what no relay sent.
pub const SWEEP: Every = Every::Minutes(15);

/// The record that says when the sweeper looks again.
pub const SWEPT: &str = "due:sweep";

const AT_ONCE: i64 = 100;
/// Says that a transaction is about to post, or to open an order, so that the sweeper looks even if
/// this process dies. Called before the commit.
///
/// # Errors
/// When the key-value store is away: write nothing then.
pub async fn announce(app: &App) -> Result<(), PortError> {
    due::look_soon(app, SWEPT).await
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

/// The queues that follow orders and stock.
pub const FOLLOWERS: &[QueueName] = &[QueueName::Sales, QueueName::Mail, QueueName::Hooks];

/// Tells those who follow a shop what a transaction left for them. What fails here is for the
/// sweeper.
pub async fn followers(app: &App, tenant: TenantNumber) {
    if let Err(error) = outbox(app, Some(tenant), FOLLOWERS).await {
        tracing::warn!(error = crate::trace::chain(&error), "nudges wait for the sweeper");
    }
}
