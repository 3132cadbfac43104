use domain::calendar::Schedule;
use domain::id::{DeliveryId, ReportId, TenantNumber};
use domain::report::{Address, DeliveryState, Item, limit};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::Type;

use super::{address, json};
use crate::{Db, Error, Flight, metrics};

/// A delivery as the owner of its report sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which.
    pub id: DeliveryId,
    /// The date that names its occurrence.
    pub local_date: Date,
    /// When it was due.
    pub due_at: Timestamp,
    /// It left late.
    pub late: bool,
    /// A person asked for it.
    pub test: bool,
    /// To whom.
    pub recipient: Address,
    /// Where it stands.
    pub state: DeliveryState,
    /// What went wrong.
    pub detail: Option<String>,
    /// Since when it stands there.
    pub changed_at: Timestamp,
}

/// A delivery that a worker prepares.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Of which report.
    pub report: ReportId,
    /// The report's name.
    pub name: String,
    /// Its figures.
    pub items: Vec<Item>,
    /// When it is sent.
    pub schedule: Schedule,
    /// To whom.
    pub recipient: Address,
    /// When it was due.
    pub due_at: Timestamp,
    /// It leaves late.
    pub late: bool,
    /// A person asked for it.
    pub test: bool,
}

/// Lists the deliveries of a report, the newest first, from before `before`.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    report: ReportId,
    before: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let sql = include_str!("deliveries.sql");
    let before = before.map(|id| id.0);
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&report.0 as _, Type::UUID),
        (&before as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0]
        .iter()
        .map(|row| {
            Ok(Delivery {
                id: DeliveryId(row.get(0)),
                local_date: row.get(1),
                due_at: row.get(2),
                late: row.get(3),
                test: row.get(4),
                recipient: address(row.get(5))?,
                state: metrics::read(row, 6)?,
                detail: row.get(7),
                changed_at: row.get(8),
            })
        })
        .collect()
}

/// Claims a delivery that was not handed over, also from a worker that may have died. One that
/// another worker handed over without telling the end becomes unknown, one that waited until the
/// next to the same recipient was due is overtaken. None: nothing to do.
///
/// # Errors
/// What Postgres answers.
pub async fn claim(
    db: &Db,
    tenant: TenantNumber,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<Claimed>, Error> {
    let late = now - limit::LATE;
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&id.0 as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&late as _, Type::TIMESTAMPTZ),
    ];
    let doubt = Flight { sql: include_str!("doubt.sql"), parameters: &parameters[..3] };
    let claim = Flight { sql: include_str!("claim.sql"), parameters };
    let answers = db.flight(Some(tenant), &[doubt, claim]).await?;
    let Some(row) = answers[1].first() else { return Ok(None) };
    Ok(Some(Claimed {
        report: ReportId(row.get(0)),
        name: row.get(1),
        items: json(row, 2, "report")?,
        schedule: json(row, 3, "schedule")?,
        recipient: address(row.get(4))?,
        due_at: row.get(5),
        late: row.get(6),
        test: row.get(7),
    }))
}

/// The last step before the mail server: of all workers that claimed a delivery, one gets
/// [`DeliveryState::HandedOver`], and the others None. A recipient who has ended the report by
/// now gets no letter.
///
/// # Errors
/// What Postgres answers. Then nobody may hand it over: it may have been committed.
pub async fn hand_over(
    db: &Db,
    tenant: TenantNumber,
    id: DeliveryId,
    report: ReportId,
    now: Timestamp,
) -> Result<Option<DeliveryState>, Error> {
    let sql = include_str!("hand_over.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&id.0 as _, Type::UUID),
        (&report.0 as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(|row| metrics::read(row, 0)).transpose()
}

/// Notes what became of a delivery that stands in one of the states `from`. False when it does
/// not.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(
    db: &Db,
    (tenant, id): (TenantNumber, DeliveryId),
    from: &[DeliveryState],
    (to, detail): (DeliveryState, Option<&str>),
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = include_str!("settle.sql");
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&id.0 as _, Type::UUID),
        (&to.as_str() as _, Type::TEXT),
        (&detail as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
        (&from as _, Type::TEXT_ARRAY),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}
