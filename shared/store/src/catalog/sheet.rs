use domain::catalog::Product;
use domain::id::{ProductId, TenantNumber};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::read_product;
use crate::{Db, Error, Flight, Parameter};

/// What products are looked for by.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of products and of variants.
    pub ids: Vec<Uuid>,
    /// Of products.
    pub slugs: Vec<String>,
    /// Of variants.
    pub skus: Vec<String>,
}

/// Products after this one, by id.
///
/// # Errors
/// What Postgres answers.
pub async fn page(
    db: &Db,
    tenant: TenantNumber,
    after: ProductId,
    limit: i64,
) -> Result<Vec<Product>, Error> {
    let sql = include_str!("sheet/page.sql");
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&after.0, Type::UUID), (&limit, Type::INT8)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(|row| read_product(row, 0)).collect()
}

/// Every product that has one of the names, or a variant that does.
///
/// # Errors
/// What Postgres answers.
pub async fn named(db: &Db, tenant: TenantNumber, names: &Names) -> Result<Vec<Product>, Error> {
    let sql = include_str!("sheet/named.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&names.ids, Type::UUID_ARRAY),
        (&names.slugs, Type::TEXT_ARRAY),
        (&names.skus, Type::TEXT_ARRAY),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(|row| read_product(row, 0)).collect()
}
