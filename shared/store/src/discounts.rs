use domain::discount::{Code, Discount, Uses, customer_hash};
use domain::id::{DiscountId, TenantNumber};
use domain::order::Order;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter, one_row};

/// Discounts without a code that a shop has at most: every cart reads them all.
pub const WITHOUT_CODE_MAX: i64 = 100;

/// Writes a discount whole, and answers it as it is kept: one of the same code keeps its id and
/// what was used of it.
///
/// # Errors
/// [`Error::Refused`] when the shop has too many without a code; [`Error::Conflict`] when another
/// has the id.
pub async fn put(db: &Db, tenant: TenantNumber, discount: &Discount) -> Result<Discount, Error> {
    let rule = serde_json::to_value(discount).map_err(unreadable)?;
    let most = |limit: Option<std::num::NonZeroU32>| limit.map(|it| it.get().cast_signed());
    let put = Statement::new(include_str!("discounts/put.sql"))
        .with(tenant.0, Type::INT4)
        .with(discount.id.0, Type::UUID)
        .with(discount.code.as_ref().map(|code| code.as_str().to_owned()), Type::TEXT)
        .with(rule, Type::JSONB)
        .with(most(discount.limits.redemptions), Type::INT4)
        .with(most(discount.limits.per_customer), Type::INT4);
    let full = Statement::new(include_str!("discounts/full.sql"))
        .with(tenant.0, Type::INT4)
        .with(WITHOUT_CODE_MAX, Type::INT8);
    let mut answers = fly(db, tenant, &[put, full]).await?;
    read_discount(&one_row(answers.swap_remove(0), "discount")?)
}

/// The discount of that code, or of that id when it needs none.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, tenant: TenantNumber, handle: &str) -> Result<Option<Discount>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&handle, Type::TEXT)];
    let sql = include_str!("discounts/find.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].first().map(read_discount).transpose()
}

/// Discounts by code or id, so many after one of them.
///
/// # Errors
/// What Postgres answers.
pub async fn page(
    db: &Db,
    tenant: TenantNumber,
    after: &str,
    limit: i64,
) -> Result<Vec<Discount>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&after, Type::TEXT), (&limit, Type::INT8)];
    let sql = include_str!("discounts/page.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers[0].iter().map(read_discount).collect()
}

/// Takes a discount away, with what was used of it. False when there was none.
///
/// # Errors
/// What Postgres answers.
pub async fn delete(db: &Db, tenant: TenantNumber, handle: &str) -> Result<bool, Error> {
    let statement = Statement::new(include_str!("discounts/delete.sql"))
        .with(tenant.0, Type::INT4)
        .with(handle.to_owned(), Type::TEXT);
    Ok(!fly(db, tenant, &[statement]).await?[0].is_empty())
}

/// What an order that is opened uses. The first locks the rows of its discounts until the
/// transaction ends, so that the last counts what stands.
pub(crate) fn redeeming(
    tenant: TenantNumber,
    order: &Order,
    (email, at): (&str, Timestamp),
) -> Option<[Statement; 3]> {
    let discounts = || order.terms.discounts.iter().map(|it| it.discount.0).collect::<Vec<_>>();
    let customer = customer_hash(email);
    let of = |sql| Statement::new(sql).with(tenant.0, Type::INT4);
    (!order.terms.discounts.is_empty()).then(|| {
        [
            of(include_str!("discounts/count.sql")).with(discounts(), Type::UUID_ARRAY),
            of(include_str!("discounts/redeem.sql"))
                .with(order.id.0, Type::UUID)
                .with(discounts(), Type::UUID_ARRAY)
                .with(customer.clone(), Type::BYTEA)
                .with(at, Type::TIMESTAMPTZ),
            of(include_str!("discounts/once_more.sql"))
                .with(discounts(), Type::UUID_ARRAY)
                .with(customer, Type::BYTEA),
        ]
    })
}

/// An order that ends gives back what it used. One that is paid after it had ended takes it
/// again, beyond the limit too: it was promised.
pub(crate) fn settling(
    tenant: TenantNumber,
    (before, after): (&Order, &Order),
    at: Timestamp,
) -> Option<Statement> {
    let given_back_at = after.ended.map(|_how| at);
    let turns = before.ended.is_some() != after.ended.is_some();
    (turns && !after.terms.discounts.is_empty()).then(|| {
        Statement::new(include_str!("discounts/settle.sql"))
            .with(tenant.0, Type::INT4)
            .with(after.id.0, Type::UUID)
            .with(given_back_at, Type::TIMESTAMPTZ)
    })
}

/// The five columns that every statement here answers: its id is not that of its rule, where it
/// took the place of an older one.
pub(crate) fn read_discount(row: &Row) -> Result<Discount, Error> {
    let rule: Discount = serde_json::from_str(row.get(2)).map_err(unreadable)?;
    let code: Option<String> = row.get(1);
    let code = code.map(|code| Code::parse(&code)).transpose();
    let count = |column| u32::try_from(row.get::<_, i32>(column)).unwrap_or(0);
    Ok(Discount {
        id: DiscountId(row.get(0)),
        code: code.map_err(|error| Error::Stored("discount", error.into()))?,
        uses: Uses { all: count(3), customer: count(4) },
        ..rule
    })
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Stored("discount", error.into())
}
