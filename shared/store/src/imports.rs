use domain::id::{ImportId, TenantNumber};
use domain::import::{Mapping, RefusedLine, Status, Tally};
use domain::message::{ImportMessage, QueueName};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use self::row::import;
use crate::outbox::{self, Posted};
use crate::points::Columns;
use crate::{Db, Error, Flight, Parameter, Tx};

mod row;

/// A file and what was done with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// What its lines are.
    pub mapping: Mapping,
    /// As its sender calls it.
    pub file_name: String,
    /// Where it is stored.
    pub object_path: String,
    /// Where it stands.
    pub status: Status,
    /// Which beginning it stands in; a new one whenever something is begun.
    pub run: Uuid,
    /// Later lines are refused.
    pub latest: Timestamp,
    /// The upload that is being read, once lines of it were written.
    pub object_tag: Option<String>,
    /// The size of the upload.
    pub bytes_total: Option<i64>,
    /// Bytes of the upload that were read.
    pub bytes_done: i64,
    /// Lines whose points were written.
    pub lines_done: u64,
    /// Lines whose points were removed again.
    pub lines_undone: u64,
    /// What was read; `None` when nothing was.
    pub tally: Option<Tally>,
    /// Why it failed.
    pub problem: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything changed last.
    pub changed_at: Timestamp,
    /// Points that were written to a series whose tag was folded to `__other__`.
    pub points_folded: u64,
    /// Points that were gone when the import was undone.
    pub points_missing: u64,
}

/// What is begun with an import that was found as it is.
pub struct Beginning<'a> {
    /// As it was found.
    pub import: &'a Import,
    /// Where it will stand.
    pub status: Status,
    /// The size of the upload.
    pub bytes_total: i64,
    /// The W3C `traceparent` of the invocation.
    pub trace: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// Lines that follow those that were written, and how far the file is read with them.
pub struct Chunk<'a> {
    /// As the worker found it.
    pub import: &'a Import,
    /// Lines of the file before the chunk.
    pub from: u64,
    /// Lines of the file with the chunk.
    pub to: u64,
    /// Bytes of the upload that were read.
    pub bytes_done: i64,
    /// What was read, from the first line on.
    pub tally: &'a Tally,
    /// Points among those of these lines whose tag was folded.
    pub folded: u64,
    /// The refused lines to keep.
    pub refused: &'a [RefusedLine],
    /// The upload that is being read.
    pub object_tag: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Makes an import that waits for its upload.
///
/// # Errors
/// What Postgres answers.
pub async fn create(db: &Db, tenant: TenantNumber, import: &Import) -> Result<(), Error> {
    let mapping = to_json(&import.mapping)?;
    let sql = include_str!("imports/create.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&mapping, Type::JSONB),
        (&import.file_name, Type::TEXT),
        (&import.object_path, Type::TEXT),
        (&import.created_at, Type::TIMESTAMPTZ),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Finds an import.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, id: ImportId) -> Result<Option<Import>, Error> {
    let sql = include_str!("imports/find.sql");
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(import).transpose()
}

/// Lists imports, the oldest first, from after `after`.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    after: ImportId,
    limit: i64,
) -> Result<Vec<Import>, Error> {
    let sql = include_str!("imports/list.sql");
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&after.0, Type::UUID), (&limit, Type::INT8)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(import).collect()
}

/// Begins with an import, and posts the message that starts the work, in one transaction.
///
/// # Errors
/// [`Error::Refused`] when another call began first.
pub async fn begin(db: &Db, tenant: TenantNumber, beginning: &Beginning<'_>) -> Result<(), Error> {
    let Beginning { import, status, bytes_total, trace, at } = beginning;
    let run = Uuid::now_v7();
    let [old, new] = [import.status.as_str(), status.as_str()];
    let base: [Parameter<'_>; 4] = [
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&import.run, Type::UUID),
        (&old, Type::TEXT),
    ];
    let tx = db.tenant(tenant).await?;
    if *status == Status::Undoing {
        let more: [Parameter<'_>; 2] = [(&run, Type::UUID), (at, Type::TIMESTAMPTZ)];
        tx.query(include_str!("imports/begin_undo.sql"), &[&base[..], &more].concat()).await?;
    } else {
        let more: [Parameter<'_>; 4] = [
            (&new, Type::TEXT),
            (&run, Type::UUID),
            (at, Type::TIMESTAMPTZ),
            (bytes_total, Type::INT8),
        ];
        tx.query(include_str!("imports/begin.sql"), &[&base[..], &more].concat()).await?;
        tx.query(include_str!("imports/forget_errors.sql"), &base[..2]).await?;
    }
    // One tenant's files are worked on one after the other.
    let message = ImportMessage::Proceed { tenant, import: import.id };
    let posted = Posted {
        queue: QueueName::Imports,
        group: Some(tenant.to_string()),
        dedupe: Some(run.to_string()),
        body: to_json(&message)?.to_string(),
        trace: trace.clone(),
    };
    outbox::add(&tx, tenant, &posted).await?;
    tx.commit().await
}

/// Writes a chunk in the running transaction: its points, their rollups and its refused lines,
/// and moves the import on. First of all the import's row is locked, so that another worker at
/// the same lines waits, and then is refused.
///
/// # Errors
/// [`Error::Refused`] when the import is not where the worker found it.
pub async fn write_chunk(
    tx: &Tx,
    tenant: TenantNumber,
    chunk: &Chunk<'_>,
    columns: &Columns,
) -> Result<(), Error> {
    let (from, to, folded) = (count(chunk.from), count(chunk.to), count(chunk.folded));
    let tally = to_json(chunk.tally)?;
    let import = chunk.import;
    let advance: [Parameter<'_>; 10] = [
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&import.run, Type::UUID),
        (&from, Type::INT8),
        (&to, Type::INT8),
        (&chunk.bytes_done, Type::INT8),
        (&tally, Type::JSONB),
        (&chunk.object_tag, Type::TEXT),
        (&chunk.at, Type::TIMESTAMPTZ),
        (&folded, Type::INT8),
    ];
    let refused = Refused::of(chunk.refused);
    let errors = refused.parameters(&tenant, &import.id);
    let points = columns.parameters(&tenant);
    let mut flights = vec![
        Flight { sql: include_str!("imports/advance.sql"), parameters: &advance },
        Flight { sql: include_str!("imports/add_errors.sql"), parameters: &errors },
    ];
    flights.extend(points.flights());
    tx.pipeline(&flights).await.map(drop)
}

/// Locks the import's row, as [`write_chunk`] does, and says that the points of these lines are
/// removed; the caller removes them in the same transaction.
///
/// # Errors
/// [`Error::Refused`] when the import is not where the worker found it.
pub async fn undo_chunk(
    tx: &Tx,
    tenant: TenantNumber,
    import: &Import,
    (from, to): (u64, u64),
    at: Timestamp,
) -> Result<(), Error> {
    let (from, to) = (count(from), count(to));
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&import.run, Type::UUID),
        (&from, Type::INT8),
        (&to, Type::INT8),
        (&at, Type::TIMESTAMPTZ),
    ];
    tx.query(include_str!("imports/advance_undo.sql"), parameters).await.map(drop)
}

/// Says that points of an import that is undone were gone before.
///
/// # Errors
/// What Postgres answers.
pub async fn miss(
    tx: &Tx,
    tenant: TenantNumber,
    import: &Import,
    points: u64,
) -> Result<(), Error> {
    let points = count(points);
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&import.id.0, Type::UUID), (&points, Type::INT8)];
    tx.query(include_str!("imports/miss.sql"), parameters).await.map(drop)
}

/// Ends a dry run with what was read. The lines of `chunk` do not matter.
///
/// # Errors
/// [`Error::Refused`] when another worker ended it first.
pub async fn checked(db: &Db, tenant: TenantNumber, chunk: &Chunk<'_>) -> Result<(), Error> {
    let import = chunk.import;
    let tally = to_json(chunk.tally)?;
    let refused = Refused::of(chunk.refused);
    let statements = [
        Flight {
            sql: include_str!("imports/checked.sql"),
            parameters: &[
                (&tenant.0, Type::INT4),
                (&import.id.0, Type::UUID),
                (&import.run, Type::UUID),
                (&chunk.bytes_done, Type::INT8),
                (&tally, Type::JSONB),
                (&chunk.at, Type::TIMESTAMPTZ),
            ],
        },
        Flight {
            sql: include_str!("imports/add_errors.sql"),
            parameters: &refused.parameters(&tenant, &import.id),
        },
    ];
    db.flight(Some(tenant), &statements).await.map(drop)
}

/// Says that the work of this beginning is done, or undone; nothing when somebody said so before.
///
/// # Errors
/// What Postgres answers.
pub async fn finish(
    db: &Db,
    tenant: TenantNumber,
    import: &Import,
    status: Status,
    at: Timestamp,
) -> Result<(), Error> {
    let sql = include_str!("imports/finish.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&import.run, Type::UUID),
        (&import.status.as_str(), Type::TEXT),
        (&status.as_str(), Type::TEXT),
        (&at, Type::TIMESTAMPTZ),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Says that the work of this beginning cannot go on, and why.
///
/// # Errors
/// What Postgres answers.
pub async fn fail(
    db: &Db,
    tenant: TenantNumber,
    import: &Import,
    problem: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let sql = include_str!("imports/fail.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&import.id.0, Type::UUID),
        (&import.run, Type::UUID),
        (&problem, Type::TEXT),
        (&at, Type::TIMESTAMPTZ),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Lists refused lines by number, from after `after`.
///
/// # Errors
/// What Postgres answers.
pub async fn errors(
    db: &Db,
    tenant: TenantNumber,
    id: ImportId,
    after: i64,
    limit: i64,
) -> Result<Vec<RefusedLine>, Error> {
    let sql = include_str!("imports/errors.sql");
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&id.0, Type::UUID), (&after, Type::INT8), (&limit, Type::INT8)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let line = |row: &Row| RefusedLine {
        line: u64::try_from(row.get::<_, i64>(0)).unwrap_or(0),
        code: row.get(1),
        detail: row.get(2),
    };
    Ok(answers[0].iter().map(line).collect())
}

/// Refused lines in columns.
struct Refused<'a> {
    lines: Vec<i64>,
    codes: Vec<&'a str>,
    details: Vec<&'a str>,
}

impl<'a> Refused<'a> {
    fn of(refused: &'a [RefusedLine]) -> Self {
        Self {
            lines: refused.iter().map(|line| count(line.line)).collect(),
            codes: refused.iter().map(|line| line.code.as_str()).collect(),
            details: refused.iter().map(|line| line.detail.as_str()).collect(),
        }
    }

    fn parameters(&'a self, tenant: &'a TenantNumber, import: &'a ImportId) -> [Parameter<'a>; 5] {
        [
            (&tenant.0, Type::INT4),
            (&import.0, Type::UUID),
            (&self.lines, Type::INT8_ARRAY),
            (&self.codes, Type::TEXT_ARRAY),
            (&self.details, Type::TEXT_ARRAY),
        ]
    }
}

fn count(lines: u64) -> i64 {
    i64::try_from(lines).unwrap_or(i64::MAX)
}

fn to_json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Stored("part of an import", error.into()))
}
