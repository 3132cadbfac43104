use domain::forecast::{HORIZON_DAYS, Outlook};
use domain::id::{ForecastId, TenantNumber};
use domain::metric::Aggregation;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, metrics};

/// A forecast to keep.
#[derive(Clone, Debug)]
pub struct Made<'a> {
    /// Of which metric.
    pub metric: i32,
    /// The first day that was not known.
    pub origin: Date,
    /// When it was made.
    pub made_at: Timestamp,
    /// What is expected.
    pub outlook: &'a Outlook,
}

/// A forecast that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which run.
    pub id: ForecastId,
    /// Of which metric.
    pub metric: String,
    /// The first day that was not known.
    pub origin: Date,
    /// When it was made.
    pub made_at: Timestamp,
    /// What is expected.
    pub outlook: Outlook,
}

/// A metric that may be forecast.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Whose.
    pub tenant: TenantNumber,
    /// In our tables.
    pub metric: i32,
    /// As clients call it.
    pub name: String,
    /// How its days become figures.
    pub aggregation: Aggregation,
}

/// How long a forecast is kept, so that it can be held against what came.
const KEPT: SignedDuration = SignedDuration::from_hours(92 * 24);

/// Keeps a forecast in the place of one from the same origin, and forgets old ones.
///
/// # Errors
/// What Postgres answers.
pub async fn keep(
    db: &Db,
    tenant: TenantNumber,
    id: ForecastId,
    made: &Made<'_>,
) -> Result<(), Error> {
    let body = serde_json::to_string(made.outlook)
        .map_err(|error| Error::Stored("forecast", error.into()))?;
    let model = match made.outlook {
        Outlook::Ready(forecast) => Some(forecast.model.as_str()),
        Outlook::Refused { .. } => None,
    };
    let horizon_days = i32::try_from(HORIZON_DAYS).unwrap_or(i32::MAX);
    let oldest = made.origin.saturating_sub(KEPT);
    let replace = Flight {
        sql: include_str!("forecasts/replace.sql"),
        parameters: &[
            (&tenant.0, Type::INT4),
            (&id.0, Type::UUID),
            (&made.metric, Type::INT4),
            (&made.origin, Type::DATE),
            (&made.made_at, Type::TIMESTAMPTZ),
            (&model, Type::TEXT),
            (&horizon_days, Type::INT4),
            (&body, Type::TEXT),
        ],
    };
    let forget = Flight {
        sql: include_str!("forecasts/forget.sql"),
        parameters: &[(&tenant.0, Type::INT4), (&made.metric, Type::INT4), (&oldest, Type::DATE)],
    };
    db.flight(Some(tenant), &[replace, forget]).await.map(drop)
}

/// The newest forecast of each metric, or the one from this origin; of these metrics, or of all.
///
/// # Errors
/// What Postgres answers.
pub async fn latest(
    db: &Db,
    tenant: TenantNumber,
    metrics: Option<&[&str]>,
    origin: Option<Date>,
) -> Result<Vec<Kept>, Error> {
    let sql = include_str!("forecasts/latest.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&metrics as _, Type::TEXT_ARRAY),
        (&origin as _, Type::DATE),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(kept).collect()
}

/// Metrics of all tenants, in order, from after `after`. In the role `system`.
///
/// # Errors
/// What Postgres answers.
pub async fn candidates(
    db: &Db,
    after: (TenantNumber, i32),
    limit: i64,
) -> Result<Vec<Candidate>, Error> {
    let sql = include_str!("forecasts/wanted.sql");
    let parameters =
        &[(&after.0.0 as _, Type::INT4), (&after.1 as _, Type::INT4), (&limit as _, Type::INT8)];
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    answers[0]
        .iter()
        .map(|row| {
            Ok(Candidate {
                tenant: TenantNumber(row.get(0)),
                metric: row.get(1),
                name: row.get(2),
                aggregation: metrics::read(row, 3)?,
            })
        })
        .collect()
}

fn kept(row: &Row) -> Result<Kept, Error> {
    let body: String = row.get(4);
    Ok(Kept {
        metric: row.get(0),
        id: ForecastId(row.get(1)),
        origin: row.get(2),
        made_at: row.get(3),
        outlook: serde_json::from_str(&body)
            .map_err(|error| Error::Stored("forecast", error.into()))?,
    })
}
