use domain::id::TenantNumber;
use domain::metric::{Declaration, Unit, limit};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, one_row};

/// A metric and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// In our tables.
    pub id: i32,
    /// As clients call it.
    pub name: String,
    /// What is known of it.
    pub declaration: Declaration,
}

/// What becomes of a draft of another kind that has points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drafts {
    /// Somebody says what it really is: its points are read so from now on.
    Change,
    /// Nobody was asked: it stays.
    Stay,
}

/// How a declaration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// It stands.
    Stands,
    /// Points were recorded under another kind, unit or finest rollup: those stay.
    HasPoints,
    /// The tenant has as many metrics as it may have.
    TooMany,
}

/// Why a metric cannot be what it is to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Points were recorded under another kind or unit.
    #[error("`{0}` has points of another kind or unit")]
    HasPoints(String),
    /// The tenant has as many metrics as it may have.
    #[error("the shop has as many metrics as it may have")]
    TooMany,
}

/// Declares metrics that are not there yet. Those that somebody declared stay as they are, as
/// long as they can hold the same points. Answers all of them.
///
/// # Errors
/// What Postgres answers.
pub async fn ensure(
    db: &Db,
    tenant: TenantNumber,
    wanted: &[(&str, Declaration)],
) -> Result<Result<Vec<Metric>, Unfit>, Error> {
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    let known = find(db, tenant, &names).await?;
    let mut all_stand = true;
    for (name, wanted) in wanted {
        let fits = |known: &Metric| {
            let declared = &known.declaration;
            known.name == *name
                && !declared.draft
                && (declared.kind, &declared.unit) == (wanted.kind, &wanted.unit)
        };
        if known.iter().any(fits) {
            continue;
        }
        all_stand = false;
        match declare(db, tenant, name, wanted, Drafts::Stay).await? {
            Declared::Stands => {}
            Declared::HasPoints => return Ok(Err(Unfit::HasPoints((*name).to_owned()))),
            Declared::TooMany => return Ok(Err(Unfit::TooMany)),
        }
    }
    if all_stand { Ok(Ok(known)) } else { Ok(Ok(find(db, tenant, &names).await?)) }
}

/// Finds metrics by name; those that are not there are left out.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, names: &[&str]) -> Result<Vec<Metric>, Error> {
    let sql = include_str!("metrics/find.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&names as _, Type::TEXT_ARRAY)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers.remove(0).iter().map(metric).collect()
}

/// Lists metrics by name, from after `after`.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    after: &str,
    limit: i64,
) -> Result<Vec<Metric>, Error> {
    let sql = include_str!("metrics/list.sql");
    let parameters =
        &[(&tenant.0 as _, Type::INT4), (&after as _, Type::TEXT), (&limit as _, Type::INT8)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers.remove(0).iter().map(metric).collect()
}

/// Makes drafts of metrics seen for the first time, as far as the limit allows, and finds them.
///
/// # Errors
/// What Postgres answers.
pub async fn draft(
    db: &Db,
    tenant: TenantNumber,
    wanted: &[(&str, Declaration)],
) -> Result<Vec<Metric>, Error> {
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    let column = |of: fn(&Declaration) -> String| -> Vec<String> {
        wanted.iter().map(|(_, declaration)| of(declaration)).collect()
    };
    let kinds = column(|declaration| word(&declaration.kind));
    let units = column(|declaration| declaration.unit.as_str().to_owned());
    let aggregations = column(|declaration| word(&declaration.aggregation));
    let gaps = column(|declaration| word(&declaration.gap));
    let answers = db
        .flight(
            Some(tenant),
            &[
                Flight {
                    sql: include_str!("metrics/draft.sql"),
                    parameters: &[
                        (&tenant.0, Type::INT4),
                        (&names, Type::TEXT_ARRAY),
                        (&kinds, Type::TEXT_ARRAY),
                        (&units, Type::TEXT_ARRAY),
                        (&aggregations, Type::TEXT_ARRAY),
                        (&gaps, Type::TEXT_ARRAY),
                        (&limit::METRICS, Type::INT8),
                    ],
                },
                Flight {
                    sql: include_str!("metrics/find.sql"),
                    parameters: &[(&tenant.0, Type::INT4), (&names, Type::TEXT_ARRAY)],
                },
            ],
        )
        .await?;
    answers[1].iter().map(metric).collect()
}

/// Declares a metric, or changes what may change once it has points.
///
/// # Errors
/// What Postgres answers.
pub async fn declare(
    db: &Db,
    tenant: TenantNumber,
    name: &str,
    wanted: &Declaration,
    drafts: Drafts,
) -> Result<Declared, Error> {
    let tx = db.tenant(tenant).await?;
    let count_sql = include_str!("metrics/count.sql");
    let count = one_row(tx.query(count_sql, &[(&tenant.0, Type::INT4)]).await?, "count")?;
    let known = tx
        .query(
            include_str!("metrics/find.sql"),
            &[(&tenant.0, Type::INT4), (&vec![name], Type::TEXT_ARRAY)],
        )
        .await?;
    if known.is_empty() && count.get::<_, i64>(0) >= limit::METRICS {
        tx.rollback().await?;
        return Ok(Declared::TooMany);
    }
    let rows = tx
        .query(
            include_str!("metrics/declare.sql"),
            &[
                (&tenant.0, Type::INT4),
                (&name, Type::TEXT),
                (&word(&wanted.kind), Type::TEXT),
                (&wanted.unit.as_str(), Type::TEXT),
                (&word(&wanted.aggregation), Type::TEXT),
                (&word(&wanted.gap), Type::TEXT),
                (&word(&wanted.direction), Type::TEXT),
                (&word(&wanted.finest), Type::TEXT),
                (&wanted.label, Type::TEXT),
                (&(drafts == Drafts::Change), Type::BOOL),
            ],
        )
        .await?;
    tx.commit().await?;
    db.dictionary().forget_metrics();
    Ok(if rows.is_empty() { Declared::HasPoints } else { Declared::Stands })
}

fn metric(row: &Row) -> Result<Metric, Error> {
    let unit: String = row.get(3);
    Ok(Metric {
        id: row.get(0),
        name: row.get(1),
        declaration: Declaration {
            kind: read(row, 2)?,
            unit: Unit::try_from(unit).map_err(|error| Error::Stored("unit", error.into()))?,
            aggregation: read(row, 4)?,
            gap: read(row, 5)?,
            direction: read(row, 6)?,
            finest: read(row, 7)?,
            label: row.get(8),
            draft: row.get(9),
        },
    })
}

/// A word of the domain as it is stored: as serde writes it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

pub(crate) fn read<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Error> {
    let word: String = row.get(column);
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|error| Error::Stored("declaration of a metric", error.into()))
}
