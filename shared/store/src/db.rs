use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::id::{PersonId, TenantNumber};
use futures_util::future::{join_all, join3};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use self::connection::Connection;
use crate::arrivals::Arriving;
use crate::jobs::Acknowledging;
use crate::orders::Placing;
use crate::series::Dictionary;
use crate::{Error, Unavailable, meter};

/// One connection of the pool.
mod connection;
mod dial;

/// A parameter and its type: statements are sent unprepared, in one round trip, so that they
/// also pass a pooler in transaction mode.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// How to reach Postgres.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `postgres://user:password@host:port/database?sslmode=require`.
    pub url: String,
    /// More certificates to trust: a PEM file.
    pub tls_ca_file: Option<String>,
    /// Connections at once: 1 in a Lambda instance.
    pub connections: usize,
    /// Whether a connection is a session of its own: then what runs often is planned once. Not
    /// behind a pooler in transaction mode.
    pub direct: bool,
    /// Refuse a role that can see other tenants' rows. Off only for the owner.
    pub checks_role: bool,
}

/// Postgres in one role, connected on first use.
#[derive(Clone)]
pub struct Db(Arc<Pool>);

struct Pool {
    options: DbOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connection, Instant)>>,
    role_checked: AtomicBool,
    dictionary: Dictionary,
    arriving: Arriving,
    placing: Placing,
    acknowledging: Acknowledging,
}

/// A transaction. Unless it is committed or rolled back, its connection is thrown away.
pub struct Tx {
    connection: Connection,
    pool: Arc<Pool>,
    /// COMMIT of a failed transaction rolls back and reports success, so failures are kept.
    failed: AtomicBool,
    _permit: OwnedSemaphorePermit,
}

/// One statement of a pipelined transaction.
pub struct Flight<'a> {
    /// The statement.
    pub sql: &'a str,
    /// Its parameters.
    pub parameters: &'a [Parameter<'a>],
}

/// Within a transaction whose commit nobody relies on before a later one.
pub(crate) const COMMIT_LATER: &str = include_str!("db/commit_later.sql");

const CHECKOUT_TIMEOUT_MS: u64 = 5_000;
/// A connection that rested longer may have died in a frozen instance: it is asked first.
const TRUSTED_IDLE: Duration = Duration::from_secs(60);

impl Db {
    /// Takes the address; connects on first use.
    #[must_use]
    pub fn new(options: DbOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.connections));
        Self(Arc::new(Pool {
            options,
            permits,
            idle: Mutex::default(),
            role_checked: AtomicBool::new(false),
            dictionary: Dictionary::default(),
            arriving: Arriving::default(),
            placing: Placing::default(),
            acknowledging: Acknowledging::default(),
        }))
    }

    /// Opens a connection and asks one question, so that the first request does not pay for it.
    ///
    /// # Errors
    /// [`Error::UnsafeRole`], or that Postgres is away.
    pub async fn warm(&self) -> Result<(), Error> {
        let tx = self.across().await?;
        tx.commit().await
    }

    /// Brings the schema up to date, on a connection of its own. In the role `owner`.
    ///
    /// # Errors
    /// See [`crate::migrations::run`].
    pub async fn migrate(&self) -> Result<Vec<String>, Error> {
        crate::migrations::run(&mut connect(&self.0.options).await?).await
    }

    /// Metrics and series that this process has met.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.0.dictionary
    }

    /// Where batches of points wait for each other.
    pub(crate) fn arriving(&self) -> &Arriving {
        &self.0.arriving
    }

    /// Where orders wait for each other that are to be placed.
    pub(crate) fn placing(&self) -> &Placing {
        &self.0.placing
    }

    /// Where those wait for each other who are done with messages.
    pub(crate) fn acknowledging(&self) -> &Acknowledging {
        &self.0.acknowledging
    }

    /// Begins a transaction that sees one tenant.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn tenant(&self, tenant: TenantNumber) -> Result<Tx, Error> {
        self.begin(Opening::new(WRITE, Some(tenant))).await
    }

    /// Begins a transaction that sees one tenant, all of it as it is at one instant, whatever
    /// others write meanwhile.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn frozen(&self, tenant: TenantNumber) -> Result<Tx, Error> {
        self.begin(Opening::new("begin isolation level repeatable read", Some(tenant))).await
    }

    /// Begins a transaction that sees no tenant, or in the role `system` what it may of all.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn across(&self) -> Result<Tx, Error> {
        self.begin(Opening::new(WRITE, None)).await
    }

    /// Runs a whole transaction in one round trip. It is committed when every statement
    /// succeeded, and otherwise rolled back as a whole: the first failure is answered.
    ///
    /// # Errors
    /// The first failure among the statements.
    pub async fn flight(
        &self,
        tenant: Option<TenantNumber>,
        statements: &[Flight<'_>],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let taken = self.checkout().await?;
        self.fly(taken, Opening::new(WRITE, tenant), statements).await
    }

    /// The same for what is a person's, and a tenant's if one is named.
    ///
    /// # Errors
    /// The first failure among the statements.
    pub async fn personal(
        &self,
        person: PersonId,
        tenant: Option<TenantNumber>,
        statements: &[Flight<'_>],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let taken = self.checkout().await?;
        let opening = Opening { person: Some(person), ..Opening::new(WRITE, tenant) };
        self.fly(taken, opening, statements).await
    }

    /// The same for what runs very often, with plans that do not look at the values.
    ///
    /// # Errors
    /// The first failure among the statements.
    pub async fn routine(
        &self,
        tenant: Option<TenantNumber>,
        statements: &[Flight<'_>],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let (permit, mut connection) = self.checkout().await?;
        let mut opening = Opening::new(WRITE, tenant);
        if self.0.options.direct {
            connection.plan(statements).await?;
            opening.planning = connection.planning();
        }
        self.fly((permit, connection), opening, statements).await
    }

    /// Reads in one round trip: all statements see the same snapshot. The first `routine` of them
    /// run very often with the same plan.
    ///
    /// # Errors
    /// The first failure among the statements.
    pub async fn snapshot(
        &self,
        tenant: TenantNumber,
        statements: &[Flight<'_>],
        routine: usize,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let (permit, mut connection) = self.checkout().await?;
        let mut opening = Opening::new(READ, Some(tenant));
        if self.0.options.direct {
            connection.plan(&statements[..routine]).await?;
            // Where one is not routine, it needs a plan for its own values.
            if routine == statements.len() {
                opening.planning = connection.planning();
            }
        }
        self.fly((permit, connection), opening, statements).await
    }

    async fn fly(
        &self,
        (permit, connection): (OwnedSemaphorePermit, Connection),
        opening: Opening,
        statements: &[Flight<'_>],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let started = Instant::now();
        let sent = statements.iter().map(|flight| connection.query(flight.sql, flight.parameters));
        let opening = opening.to_string();
        // Polled in this order, and so sent.
        let (begun, answers, ended) =
            join3(connection.run(&opening), join_all(sent), connection.run("commit")).await;
        meter::record(started.elapsed());
        if ended.is_ok() {
            self.0.rest(connection);
        }
        drop(permit);
        let rows = begun.and_then(|()| answers.into_iter().collect());
        Ok(rows.and_then(|rows| ended.map(|()| rows))?)
    }

    async fn begin(&self, opening: Opening) -> Result<Tx, Error> {
        let (permit, connection) = self.checkout().await?;
        let started = Instant::now();
        let begun = connection.run(&opening.to_string()).await;
        meter::record(started.elapsed());
        begun?;
        Ok(Tx { connection, pool: self.0.clone(), failed: AtomicBool::new(false), _permit: permit })
    }

    async fn checkout(&self) -> Result<(OwnedSemaphorePermit, Connection), Error> {
        let wait = Duration::from_millis(CHECKOUT_TIMEOUT_MS);
        let permit = tokio::time::timeout(wait, self.0.permits.clone().acquire_owned())
            .await
            .map_err(|_elapsed| Error::Unavailable(Unavailable::Timeout(CHECKOUT_TIMEOUT_MS)))?
            .expect("the semaphore is never closed");
        while let Some((connection, since)) = self.0.wake() {
            if connection.is_closed() {
                continue;
            }
            if since.elapsed() < TRUSTED_IDLE || connection.answers().await {
                return Ok((permit, connection));
            }
        }
        let connection = Connection::open(&self.0.options).await?;
        if self.0.options.checks_role && !self.0.role_checked.load(Ordering::Relaxed) {
            connection.check_role().await?;
            self.0.role_checked.store(true, Ordering::Relaxed);
        }
        Ok((permit, connection))
    }
}

impl Tx {
    /// Runs one statement.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn query(&self, sql: &str, with: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
        let started = Instant::now();
        let rows = self.connection.query(sql, with).await;
        meter::record(started.elapsed());
        self.failed.fetch_or(rows.is_err(), Ordering::Relaxed);
        Ok(rows?)
    }

    /// Runs several statements in one round trip; the first failure is answered.
    ///
    /// # Errors
    /// The first failure among the statements.
    pub async fn pipeline(&self, statements: &[Flight<'_>]) -> Result<Vec<Vec<Row>>, Error> {
        let started = Instant::now();
        let sent =
            statements.iter().map(|flight| self.connection.query(flight.sql, flight.parameters));
        let answers = join_all(sent).await;
        meter::record(started.elapsed());
        self.failed.fetch_or(answers.iter().any(Result::is_err), Ordering::Relaxed);
        Ok(answers.into_iter().collect::<Result<_, _>>()?)
    }

    /// Commits.
    ///
    /// # Errors
    /// When nobody knows whether it did, or a statement before had failed.
    pub async fn commit(self) -> Result<(), Error> {
        let failed = self.failed.load(Ordering::Relaxed);
        self.end(if failed { "rollback" } else { "commit" }).await?;
        if failed { Err(Error::FailedBefore) } else { Ok(()) }
    }

    /// Rolls back, and keeps the connection.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn rollback(self) -> Result<(), Error> {
        self.end("rollback").await
    }

    async fn end(self, how: &str) -> Result<(), Error> {
        let started = Instant::now();
        let ended = self.connection.run(how).await;
        meter::record(started.elapsed());
        ended?;
        self.pool.rest(self.connection);
        Ok(())
    }
}

/// Opens a connection of its own, outside any pool: for migrations, which need a session.
///
/// # Errors
/// When Postgres is away or refuses.
pub async fn connect(options: &DbOptions) -> Result<Client, Error> {
    Ok(Connection::open(options).await?.into_client())
}

/// The one row that the statement always answers.
///
/// # Errors
/// [`Error::Stored`] when it did not.
pub fn one_row(mut rows: Vec<Row>, what: &'static str) -> Result<Row, Error> {
    rows.pop().ok_or_else(|| Error::Stored(what, "no row was answered".into()))
}

impl Pool {
    fn wake(&self) -> Option<(Connection, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn rest(&self, connection: Connection) {
        let now = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, now));
    }
}

/// How a transaction opens.
#[derive(Clone, Copy)]
struct Opening {
    how: &'static str,
    /// The only one whose rows it sees.
    tenant: Option<TenantNumber>,
    /// Likewise, of rows that are people's.
    person: Option<PersonId>,
    /// How its statements are planned.
    planning: [&'static str; 2],
}

const WRITE: &str = "begin";
const READ: &str = "begin isolation level repeatable read read only";

impl Opening {
    fn new(how: &'static str, tenant: Option<TenantNumber>) -> Self {
        Self { how, tenant, person: None, planning: [""; 2] }
    }
}

/// Commands that Postgres need not plan, as one message.
impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.how)?;
        if let Some(tenant) = self.tenant {
            write!(f, "; set local app.tenant = '{tenant}'")?;
        }
        if let Some(person) = self.person {
            write!(f, "; set local app.person = '{person}'")?;
        }
        self.planning.iter().try_for_each(|command| f.write_str(command))
    }
}
