use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::{DbOptions, Flight, Parameter};
use crate::{Error, Unavailable, tls};

/// One connection, and the statements that its session has planned.
pub(super) struct Connection {
    client: Client,
    planned: HashMap<String, Statement>,
    opened_at: Instant,
    plans_until: Instant,
}

const CONNECT_TIMEOUT_MS: u64 = 5_000;
const CONNECT_TRIES: u32 = 3;
/// Rows are found by an index, which costs the same however many there are: what looks cheaper for
/// a small table, or for an array of unknown length, is not for long.
const PLANNED_ONCE: &str =
    "; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off";
const FIRST_PLANS: Duration = Duration::from_secs(1);
const LAST_PLANS: Duration = Duration::from_secs(300);

impl Connection {
    /// Connects, and tries again when the server is away.
    pub(super) async fn open(options: &DbOptions) -> Result<Self, Error> {
        let client = open(options).await?;
        let opened_at = Instant::now();
        let plans_until = opened_at + FIRST_PLANS;
        Ok(Self { client, planned: HashMap::new(), opened_at, plans_until })
    }

    pub(super) fn into_client(self) -> Client {
        self.client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
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

async fn open(options: &DbOptions) -> Result<Client, Error> {
    let mut config: Config = options.url.parse().map_err(|error: tokio_postgres::Error| {
        Error::Address(std::error::Error::source(&error).unwrap_or(&error).to_string())
    })?;
    config.keepalives_idle(Duration::from_secs(30)).application_name("takings");
    let mut tries = 0;
    let tries = async {
        loop {
            tries += 1;
            match open_once(options, &config).await {
                Err(Error::Unavailable(_)) if tries < CONNECT_TRIES => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                }
                answer => return answer,
            }
        }
    };
    // All tries together: whoever waits has a deadline, and perhaps a queue to go to.
    tokio::time::timeout(Duration::from_millis(CONNECT_TIMEOUT_MS), tries)
        .await
        .map_err(|_elapsed| Error::Unavailable(Unavailable::Timeout(CONNECT_TIMEOUT_MS)))?
}

#[expect(clippy::disallowed_methods, reason = "the connection is driven beside its client")]
async fn open_once(options: &DbOptions, config: &Config) -> Result<Client, Error> {
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(away)?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let tls = tls::connector(options.tls_ca_file.as_deref())?;
    let (client, connection) = config.connect(tls).await.map_err(away)?;
    tokio::spawn(connection);
    Ok(client)
}

/// A server that refuses the connection is away; one that refuses the password is not.
fn away(error: tokio_postgres::Error) -> Error {
    match error.code() {
        None => Error::Unavailable(Unavailable::Connection(error)),
        Some(_) => error.into(),
    }
}
