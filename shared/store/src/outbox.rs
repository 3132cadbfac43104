use domain::id::TenantNumber;
use domain::message::QueueName;
use tokio_postgres::types::Type;

use crate::db::COMMIT_LATER;
use crate::statement::{Statement, column};
use crate::{Error, Flight, Parameter, Tx};

/// A message that a transaction wants sent.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Where to.
    pub queue: QueueName,
    /// Its group, for queues in order.
    pub group: Option<String>,
    /// Its id, for queues in order, and against a relay that runs twice.
    pub dedupe: Option<String>,
    /// JSON.
    pub body: String,
    /// The W3C `traceparent` of the invocation.
    pub trace: Option<String>,
}

/// Adds a message to the running transaction.
///
/// # Errors
/// What Postgres answers.
pub async fn add(tx: &Tx, tenant: TenantNumber, posted: &Posted) -> Result<(), Error> {
    tx.query(
        include_str!("outbox/add.sql"),
        &[
            (&tenant.0, Type::INT4),
            (&posted.queue.as_str(), Type::TEXT),
            (&posted.group, Type::TEXT),
            (&posted.dedupe, Type::TEXT),
            (&posted.body, Type::TEXT),
            (&posted.trace, Type::TEXT),
        ],
    )
    .await
    .map(drop)
}

/// Takes messages for these queues out, of one tenant or of all that the role may see. They are
/// gone when the transaction commits: commit after they were sent, so that a crash sends them
/// again.
///
/// # Errors
/// What Postgres answers, or [`Error::Stored`] for an unknown queue.
pub async fn take(
    tx: &Tx,
    tenant: Option<TenantNumber>,
    queues: &[QueueName],
    limit: i64,
) -> Result<Vec<Posted>, Error> {
    let of = tenant.map(|tenant| tenant.0);
    let queues: Vec<&str> = queues.iter().map(|queue| queue.as_str()).collect();
    let parameters: &[Parameter<'_>] =
        &[(&of, Type::INT4), (&queues, Type::TEXT_ARRAY), (&limit, Type::INT8)];
    let statements = [
        // What is forgotten too late is sent again.
        Flight { sql: COMMIT_LATER, parameters: &[] },
        Flight { sql: include_str!("outbox/prepare_to_take.sql"), parameters: &[] },
        Flight { sql: include_str!("outbox/take.sql"), parameters },
    ];
    let mut rows = tx.pipeline(&statements).await?.swap_remove(2);
    rows.sort_by_key(|row| row.get::<_, i64>(0));
    rows.iter()
        .map(|row| {
            let queue: String = row.get(1);
            Ok(Posted {
                queue: QueueName::parse(&queue)
                    .ok_or_else(|| Error::Stored("queue name", queue.into()))?,
                group: row.get(2),
                dedupe: row.get(3),
                body: row.get(4),
                trace: row.get(5),
            })
        })
        .collect()
}

/// Posts what those who follow something are told: by queue, in one statement.
pub(crate) fn nudging(tenant: TenantNumber, nudges: &[(QueueName, String)]) -> Statement {
    Statement::new(include_str!("outbox/nudge.sql"))
        .with(tenant.0, Type::INT4)
        .with(column(nudges, |(queue, _)| queue.as_str()), Type::TEXT_ARRAY)
        .with(column(nudges, |(_, body)| body.clone()), Type::TEXT_ARRAY)
}
