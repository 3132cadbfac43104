use domain::catalog::{ProductType, Unsound};
use domain::id::TenantNumber;
use serde_json::{Map, Value};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::read;
use crate::statement::Statement;
use crate::{Db, Error, Flight, Parameter, Tx, one_row};

/// Products that stand in the way of a change of their type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfits {
    /// How many there are.
    pub count: usize,
    /// The slugs of the first of them, each with what is wrong.
    pub first: Vec<(String, Unsound)>,
}

/// Types of a shop.
pub const MOST: i64 = 250;
const PAGE: i64 = 1_000;
const TOLD: usize = 3;

/// All types of a shop, by name.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, tenant: TenantNumber) -> Result<Vec<ProductType>, Error> {
    let sql = include_str!("types/list.sql");
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_type).collect()
}

/// The types of these names, as far as there are such.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    names: &[String],
) -> Result<Vec<ProductType>, Error> {
    if names.is_empty() {
        return Ok(vec![]);
    }
    let sql = include_str!("types/find.sql");
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&names, Type::TEXT_ARRAY)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_type).collect()
}

/// Writes a type, unless products of it do not fit. While they are looked at, none of them is
/// written.
///
/// # Errors
/// [`Error::Refused`] when there are too many types.
pub async fn put(
    db: &Db,
    tenant: TenantNumber,
    wanted: &ProductType,
) -> Result<Result<(), Misfits>, Error> {
    let tx = db.tenant(tenant).await?;
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&wanted.name, Type::TEXT), (&wanted.written, Type::JSONB)];
    one_row(tx.query(include_str!("types/put.sql"), parameters).await?, "product type")?;
    let all: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&MOST, Type::INT8)];
    tx.query(include_str!("types/full.sql"), all).await?;
    let fits = |attributes: &Map<String, Value>| wanted.schema.check(attributes);
    let misfits = misfits(&tx, tenant, &wanted.name, fits).await?;
    end(tx, misfits).await
}

/// Takes a type away, unless products are of it. None when there is no such type.
///
/// # Errors
/// What Postgres answers.
pub async fn delete(
    db: &Db,
    tenant: TenantNumber,
    name: &str,
) -> Result<Option<Result<(), Misfits>>, Error> {
    let tx = db.tenant(tenant).await?;
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&name, Type::TEXT)];
    if tx.query(include_str!("types/lock.sql"), parameters).await?.is_empty() {
        tx.rollback().await?;
        return Ok(None);
    }
    let misfits = misfits(&tx, tenant, name, none_fits).await?;
    if misfits.count == 0 {
        tx.query(include_str!("types/delete.sql"), parameters).await?;
    }
    end(tx, misfits).await.map(Some)
}

/// Holds a type as it is until a product of it is written.
pub(super) fn hold(tenant: TenantNumber, name: &str, version: i32) -> Statement {
    Statement::new(include_str!("types/hold.sql"))
        .with(tenant.0, Type::INT4)
        .with(name.to_owned(), Type::TEXT)
        .with(version, Type::INT4)
}

async fn end(tx: Tx, misfits: Misfits) -> Result<Result<(), Misfits>, Error> {
    if misfits.count == 0 {
        tx.commit().await.map(Ok)
    } else {
        tx.rollback().await.map(|()| Err(misfits))
    }
}

/// Looks at every product of a type that is not archived: one that is comes back by being written.
async fn misfits(
    tx: &Tx,
    tenant: TenantNumber,
    name: &str,
    fits: impl Fn(&Map<String, Value>) -> Result<(), Unsound>,
) -> Result<Misfits, Error> {
    let mut found = Misfits::default();
    let mut after = Uuid::nil();
    loop {
        let parameters: &[Parameter<'_>] = &[
            (&tenant.0, Type::INT4),
            (&name, Type::TEXT),
            (&after, Type::UUID),
            (&PAGE, Type::INT8),
        ];
        let rows = tx.query(include_str!("types/products.sql"), parameters).await?;
        for row in &rows {
            let attributes: Map<String, Value> = read(row.get(2))?;
            let Err(unsound) = fits(&attributes) else { continue };
            found.count += 1;
            if found.first.len() < TOLD {
                found.first.push((row.get(1), unsound));
            }
        }
        match rows.last() {
            Some(last) => after = last.get(0),
            None => return Ok(found),
        }
    }
}

fn none_fits(_attributes: &Map<String, Value>) -> Result<(), Unsound> {
    Err(Unsound { field: "type".to_owned(), fault: "it is of the type".to_owned() })
}

fn read_type(row: &Row) -> Result<ProductType, Error> {
    let stored = |error: Unsound| Error::Stored("product type", error.into());
    let written = read(row.get(1))?;
    Ok(ProductType {
        version: row.get(2),
        ..ProductType::parse(row.get(0), written).map_err(stored)?
    })
}
