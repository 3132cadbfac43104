use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::dial::dial;
use super::{DbOptions, Flight, Parameter};
use crate::Error;

/// One connection, and the statements that its session has planned.
pub(super) struct Connection {
    client: Client,
    /// The stream once more, to look at.
    stream: Option<TcpStream>,
    planned: HashMap<String, Statement>,
    opened_at: Instant,
    plans_until: Instant,
}

/// Rows are found by an index, which costs the same however many there are: what looks cheaper for
/// a small table, or for an array of unknown length, is not for long.
const PLANNED_ONCE: &str =
    "; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off";
const FIRST_PLANS: Duration = Duration::from_secs(1);
const LAST_PLANS: Duration = Duration::from_secs(300);

impl Connection {
    /// Connects, and tries again when the server is away.
    pub(super) async fn open(options: &DbOptions) -> Result<Self, Error> {
        let (client, stream) = dial(options).await?;
        let opened_at = Instant::now();
        let plans_until = opened_at + FIRST_PLANS;
        Ok(Self { client, stream, planned: HashMap::new(), opened_at, plans_until })
    }

    pub(super) fn into_client(self) -> Client {
        self.client
    }

    /// Whether the server has hung up, or said what nobody asked for: it may have while this
    /// process slept, and whoever drives the connection may not have run since.
    pub(super) fn is_closed(&self) -> bool {
        let is_silent = |stream: &TcpStream| {
            stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
        };
        self.client.is_closed() || !self.stream.as_ref().is_none_or(is_silent)
    }

    pub(super) async fn answers(&self) -> bool {
        let question = self.client.query_typed("select 1", &[]);
        matches!(tokio::time::timeout(Duration::from_secs(1), question).await, Ok(Ok(_)))
    }

    pub(super) async fn check_role(&self) -> Result<(), Error> {
        let rows = self.client.query_typed(include_str!("unsafe_role.sql"), &[]).await?;
        rows.first().map_or(Ok(()), |row| Err(Error::UnsafeRole(row.get(0))))
    }

    /// Has the session plan these statements, unless it did so before.
    pub(super) async fn plan(&mut self, statements: &[Flight<'_>]) -> Result<(), Error> {
        for Flight { sql, parameters } in statements {
            if !self.planned.contains_key(*sql) {
                let types: Vec<Type> = parameters.iter().map(|(_, kind)| kind.clone()).collect();
                let statement = self.client.prepare_typed(sql, &types).await?;
                self.planned.insert((*sql).to_owned(), statement);
            }
        }
        Ok(())
    }

    /// How routine statements are planned: once, for whatever values, and once more when the
    /// session is twice as old. A table that was empty when a plan was made may be large by now.
    pub(super) fn planning(&mut self) -> [&'static str; 2] {
        let now = Instant::now();
        if now < self.plans_until {
            return ["", PLANNED_ONCE];
        }
        self.plans_until = now + (now - self.opened_at).min(LAST_PLANS);
        ["; discard plans", PLANNED_ONCE]
    }

    /// Runs commands that have no parameters and answer nothing. The first failure ends them.
    #[expect(clippy::disallowed_methods, reason = "how a transaction opens, in one message")]
    pub(super) async fn run(&self, commands: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(commands).await
    }

    /// Runs a statement. Those that are begun one after the other are sent together.
    pub(super) async fn query(
        &self,
        sql: &str,
        with: &[Parameter<'_>],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let Some(statement) = self.planned.get(sql) else {
            return self.client.query_typed(sql, with).await;
        };
        let values: Vec<&(dyn ToSql + Sync)> = with.iter().map(|(value, _)| *value).collect();
        self.client.query(statement, &values).await
    }
}
