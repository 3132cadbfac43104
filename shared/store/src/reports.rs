use std::collections::BTreeSet;

use domain::calendar::{Schedule, Zone};
use domain::id::{DeliveryId, OccurrenceId, ReportId, TenantNumber};
use domain::message::{QueueName, ReportMessage};
use domain::report::{Address, Item, limit};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::outbox::{self, Posted};
use crate::{Db, Error, Flight, Tx, one_row};

/// One recipient's letter, from its claim to its end.
pub mod deliveries;
/// How recipients end a report.
pub mod endings;

/// A report: what is sent to whom, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// For people.
    pub name: String,
    /// Its figures, the most important first.
    pub items: Vec<Item>,
    /// To whom.
    pub recipients: Vec<Address>,
    /// When.
    pub schedule: Schedule,
    /// On whose walls.
    pub zone: Zone,
    /// Nothing is sent until further notice.
    pub paused: bool,
    /// When it is due next; None while paused.
    pub next_due_at: Option<Timestamp>,
}

/// A report as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The report.
    pub report: Report,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// Who ended it for themselves.
    pub unsubscribed: BTreeSet<Address>,
}

impl Kept {
    /// Whether the owner of this box ended the report, however the address is written.
    #[must_use]
    pub fn has_unsubscribed(&self, address: &Address) -> bool {
        self.unsubscribed.iter().any(|ended| ended.same_box(address))
    }
}

/// A report that is due, locked by the running transaction.
#[derive(Clone, Debug)]
pub struct DueReport {
    /// Whose.
    pub tenant: TenantNumber,
    /// Which.
    pub report: ReportId,
    /// When it is sent.
    pub schedule: Schedule,
    /// On whose walls.
    pub zone: Zone,
    /// Who has not ended it.
    pub recipients: Vec<String>,
}

/// A sending to plan.
#[derive(Clone, Debug)]
pub struct Sending<'a> {
    /// Whose.
    pub tenant: TenantNumber,
    /// Of which report.
    pub report: ReportId,
    /// The date that names it; tests may share one.
    pub local_date: Date,
    /// When it was due.
    pub due_at: Timestamp,
    /// It leaves late.
    pub late: bool,
    /// A person asked for it.
    pub test: bool,
    /// To whom.
    pub recipients: &'a [String],
    /// Our clock.
    pub now: Timestamp,
    /// The W3C `traceparent` of the invocation.
    pub trace: Option<String>,
}

/// Keeps a new report. False when the tenant has as many as it may have.
///
/// # Errors
/// What Postgres answers.
pub async fn create(
    db: &Db,
    tenant: TenantNumber,
    report: &Report,
    now: Timestamp,
) -> Result<bool, Error> {
    let row = Columns::of(report)?;
    let mut parameters = row.parameters(&tenant, report, &now);
    parameters.push((&limit::REPORTS, Type::INT8));
    let sql = include_str!("reports/create.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters: &parameters }]).await?;
    Ok(!answers[0].is_empty())
}

/// Changes a report. False when it is not there.
///
/// # Errors
/// What Postgres answers.
pub async fn replace(
    db: &Db,
    tenant: TenantNumber,
    report: &Report,
    now: Timestamp,
) -> Result<bool, Error> {
    let row = Columns::of(report)?;
    let parameters = &row.parameters(&tenant, report, &now);
    let sql = include_str!("reports/replace.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}

/// Finds a report.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, id: ReportId) -> Result<Option<Kept>, Error> {
    Ok(list_or_one(db, tenant, Some(id)).await?.pop())
}

/// Lists all reports, the oldest first.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber) -> Result<Vec<Kept>, Error> {
    list_or_one(db, tenant, None).await
}

/// Removes a report with everything that was ever sent of it. False when it was not there.
///
/// # Errors
/// What Postgres answers.
pub async fn delete(db: &Db, tenant: TenantNumber, id: ReportId) -> Result<bool, Error> {
    let sql = include_str!("reports/delete.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&id.0 as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}

/// Takes the report that is due longest and that nobody else plans. In the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn take_due(tx: &Tx, now: Timestamp) -> Result<Option<DueReport>, Error> {
    let rows = tx.query(include_str!("reports/take_due.sql"), &[(&now, Type::TIMESTAMPTZ)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(DueReport {
        tenant: TenantNumber(row.get(0)),
        report: ReportId(row.get(1)),
        schedule: json(row, 2, "schedule")?,
        zone: zone(row, 3)?,
        recipients: row.get(4),
    }))
}

/// Plans a sending with one delivery and one message for each recipient, unless that date was
/// planned before: then nothing happens, and no delivery is answered.
///
/// # Errors
/// What Postgres answers.
pub async fn plan(tx: &Tx, sending: &Sending<'_>) -> Result<Vec<DeliveryId>, Error> {
    let occurrence = OccurrenceId(Uuid::now_v7());
    let tenant = &sending.tenant.0;
    let parameters = &[
        (tenant as _, Type::INT4),
        (&occurrence.0 as _, Type::UUID),
        (&sending.report.0 as _, Type::UUID),
        (&sending.local_date as _, Type::DATE),
        (&sending.due_at as _, Type::TIMESTAMPTZ),
        (&sending.late as _, Type::BOOL),
        (&sending.test as _, Type::BOOL),
        (&sending.now as _, Type::TIMESTAMPTZ),
    ];
    if tx.query(include_str!("reports/add_occurrence.sql"), parameters).await?.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<Uuid> = sending.recipients.iter().map(|_| Uuid::now_v7()).collect();
    let parameters = &[
        (tenant as _, Type::INT4),
        (&occurrence.0 as _, Type::UUID),
        (&ids as _, Type::UUID_ARRAY),
        (&sending.recipients as _, Type::TEXT_ARRAY),
        (&sending.now as _, Type::TIMESTAMPTZ),
    ];
    tx.query(include_str!("reports/add_deliveries.sql"), parameters).await?;
    let deliveries: Vec<DeliveryId> = ids.into_iter().map(DeliveryId).collect();
    for delivery in &deliveries {
        let message = ReportMessage::Send { tenant: sending.tenant, delivery: *delivery };
        let posted = Posted {
            queue: QueueName::Reports,
            group: None,
            dedupe: Some(delivery.to_string()),
            body: serde_json::to_string(&message)
                .map_err(|error| Error::Stored("message", error.into()))?,
            trace: sending.trace.clone(),
        };
        outbox::add(tx, sending.tenant, &posted).await?;
    }
    Ok(deliveries)
}

/// Notes when a report is due next.
///
/// # Errors
/// What Postgres answers.
pub async fn advance(tx: &Tx, due: &DueReport, next_at: Timestamp) -> Result<(), Error> {
    let parameters = &[
        (&due.tenant.0 as _, Type::INT4),
        (&due.report.0 as _, Type::UUID),
        (&next_at as _, Type::TIMESTAMPTZ),
    ];
    tx.query(include_str!("reports/advance.sql"), parameters).await.map(drop)
}

/// When the next report of any tenant is due. In the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn next_due(db: &Db) -> Result<Option<Timestamp>, Error> {
    let sql = include_str!("reports/next_due.sql");
    let mut answers = db.flight(None, &[Flight { sql, parameters: &[] }]).await?;
    Ok(one_row(answers.remove(0), "next due instant")?.get(0))
}

/// What of a report is written in another form.
struct Columns {
    items: String,
    recipients: Vec<String>,
    schedule: String,
    zone: String,
}

impl Columns {
    fn of(report: &Report) -> Result<Self, Error> {
        let stored = |error: serde_json::Error| Error::Stored("report", error.into());
        Ok(Self {
            items: serde_json::to_string(&report.items).map_err(stored)?,
            recipients: report.recipients.iter().map(ToString::to_string).collect(),
            schedule: serde_json::to_string(&report.schedule).map_err(stored)?,
            zone: report.zone.name().to_owned(),
        })
    }

    fn parameters<'a>(
        &'a self,
        tenant: &'a TenantNumber,
        report: &'a Report,
        now: &'a Timestamp,
    ) -> Vec<crate::Parameter<'a>> {
        vec![
            (&tenant.0, Type::INT4),
            (&report.id.0, Type::UUID),
            (&report.name, Type::TEXT),
            (&self.items, Type::TEXT),
            (&self.recipients, Type::TEXT_ARRAY),
            (&self.schedule, Type::TEXT),
            (&self.zone, Type::TEXT),
            (&report.paused, Type::BOOL),
            (&report.next_due_at, Type::TIMESTAMPTZ),
            (now, Type::TIMESTAMPTZ),
        ]
    }
}

async fn list_or_one(
    db: &Db,
    tenant: TenantNumber,
    id: Option<ReportId>,
) -> Result<Vec<Kept>, Error> {
    let sql = include_str!("reports/list.sql");
    let id = id.map(|id| id.0);
    let parameters = &[(&tenant.0 as _, Type::INT4), (&id as _, Type::UUID)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(kept).collect()
}

fn kept(row: &Row) -> Result<Kept, Error> {
    Ok(Kept {
        report: Report {
            id: ReportId(row.get(0)),
            name: row.get(1),
            items: json(row, 2, "report")?,
            recipients: addresses(row, 3)?,
            schedule: json(row, 4, "schedule")?,
            zone: zone(row, 5)?,
            paused: row.get(6),
            next_due_at: row.get(7),
        },
        created_at: row.get(8),
        changed_at: row.get(9),
        unsubscribed: addresses(row, 10)?,
    })
}

fn json<T: DeserializeOwned>(row: &Row, column: usize, what: &'static str) -> Result<T, Error> {
    let text: String = row.get(column);
    serde_json::from_str(&text).map_err(|error| Error::Stored(what, error.into()))
}

fn zone(row: &Row, column: usize) -> Result<Zone, Error> {
    let name: String = row.get(column);
    Zone::parse(&name).map_err(|error| Error::Stored("zone", error.into()))
}

fn addresses<C: FromIterator<Address>>(row: &Row, column: usize) -> Result<C, Error> {
    let texts: Vec<String> = row.get(column);
    texts.into_iter().map(address).collect()
}

fn address(text: String) -> Result<Address, Error> {
    Address::try_from(text).map_err(|error| Error::Stored("address", error.into()))
}
