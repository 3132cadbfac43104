use domain::id::{OrderId, ProductId, TenantNumber};
use domain::recommendation::{COUNTED_FOR, Counted, LINES_COUNTED};
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// An order, as it is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Basket {
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Which.
    pub order: OrderId,
    /// The products of its first lines.
    pub products: Vec<ProductId>,
}

/// What goes with a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The product.
    pub subject: ProductId,
    /// The orders that were counted, and when; none before the first night.
    pub counted: Option<(i32, Timestamp)>,
    /// What goes with it: what is bought together with it first, then what is bought most.
    pub recommended: Vec<Recommended>,
}

/// A product that can be bought.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommended {
    /// Which.
    pub product: ProductId,
    /// In addresses.
    pub slug: String,
    /// As it is called.
    pub title: String,
    /// In how many orders it was; together with the other, where there is a lift.
    pub orders: i32,
    /// How many times as often as by chance.
    pub lift: Option<f64>,
}

/// Orders that count, from before one, the newest first; so many. Those that were called off or
/// wait for somebody to look at them do not count.
///
/// # Errors
/// What Postgres answers.
pub async fn baskets(
    db: &Db,
    tenant: TenantNumber,
    now: Timestamp,
    before: Option<&Basket>,
    limit: i64,
) -> Result<Vec<Basket>, Error> {
    let since = now.checked_sub(COUNTED_FOR).unwrap_or(Timestamp::MIN);
    let (placed_at, order) =
        before.map_or((now, Uuid::max()), |basket| (basket.placed_at, basket.order.0));
    let lines = i64::try_from(LINES_COUNTED).unwrap_or(i64::MAX);
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&since, Type::TIMESTAMPTZ),
        (&placed_at, Type::TIMESTAMPTZ),
        (&order, Type::UUID),
        (&lines, Type::INT8),
        (&limit, Type::INT8),
    ];
    let sql = include_str!("recommendations/baskets.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let basket = |row: &tokio_postgres::Row| Basket {
        placed_at: row.get(0),
        order: OrderId(row.get(1)),
        products: row.get::<_, Vec<Uuid>>(2).into_iter().map(ProductId).collect(),
    };
    Ok(answers[0].iter().map(basket).collect())
}

/// Keeps what was counted, in place of what was counted before.
///
/// # Errors
/// What Postgres answers.
pub async fn keep(
    db: &Db,
    tenant: TenantNumber,
    counted: &Counted,
    now: Timestamp,
) -> Result<(), Error> {
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let companions = &counted.companions;
    let ids: (Vec<Uuid>, Vec<Uuid>) = companions.iter().map(|it| (it.of.0, it.product.0)).unzip();
    let (orders, lifts): (Vec<i32>, Vec<f64>) =
        companions.iter().map(|it| (whole(it.orders), it.lift)).unzip();
    let (popular, bought): (Vec<Uuid>, Vec<i32>) =
        counted.popular.iter().map(|(product, orders)| (product.0, whole(*orders))).unzip();
    let of = |sql| Statement::new(sql).with(tenant.0, Type::INT4);
    let statements = [
        // First: its row is the lock.
        of(include_str!("recommendations/begin.sql"))
            .with(whole(counted.orders), Type::INT4)
            .with(now, Type::TIMESTAMPTZ),
        of(include_str!("recommendations/forget_pairs.sql")),
        of(include_str!("recommendations/forget_popular.sql")),
        of(include_str!("recommendations/keep_pairs.sql"))
            .with(ids.0, Type::UUID_ARRAY)
            .with(ids.1, Type::UUID_ARRAY)
            .with(orders, Type::INT4_ARRAY)
            .with(lifts, Type::FLOAT8_ARRAY),
        of(include_str!("recommendations/keep_popular.sql"))
            .with(popular, Type::UUID_ARRAY)
            .with(bought, Type::INT4_ARRAY),
    ];
    fly(db, tenant, &statements).await.map(drop)
}

/// What goes with a published product and can be bought now, by its id or its slug. None when there
/// is no such product.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    (id, slug): (Option<ProductId>, &str),
    now: Timestamp,
    limit: i64,
) -> Result<Option<Found>, Error> {
    let id = id.map(|id| id.0);
    let subject: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&id, Type::UUID), (&slug, Type::TEXT)];
    let wanted: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&id, Type::UUID),
        (&slug, Type::TEXT),
        (&now, Type::TIMESTAMPTZ),
        (&limit, Type::INT8),
    ];
    let statements = [
        Flight { sql: include_str!("recommendations/subject.sql"), parameters: subject },
        Flight { sql: include_str!("recommendations/find.sql"), parameters: wanted },
    ];
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    let recommended = |row: &tokio_postgres::Row| Recommended {
        product: ProductId(row.get(0)),
        slug: row.get(1),
        title: row.get(2),
        orders: row.get(3),
        lift: row.get(4),
    };
    Ok(answers[0].first().map(|row| Found {
        subject: ProductId(row.get(0)),
        counted: row.get::<_, Option<i32>>(1).zip(row.get(2)),
        recommended: answers[1].iter().map(recommended).collect(),
    }))
}
