use domain::id::{LocationId, OrderId, TenantNumber, VariantId};
use domain::message::{Nudge, QueueName};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::outbox::nudging;
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// How much there is of a variant at a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// The shop's own number for it.
    pub sku: String,
    /// What the location is called.
    pub location_name: String,
    /// Pieces on the shelf.
    pub on_hand: i32,
    /// Pieces of them that wait for a payment.
    pub reserved: i32,
    /// Pieces of them that are paid and wait for their parcel.
    pub allocated: i32,
    /// Pieces that are on their way to the shelf.
    pub incoming: i32,
    /// Pieces that may be sold beyond what is there.
    pub backorder_limit: i32,
    /// With so many left, or fewer, it is told.
    pub low_stock: Option<i32>,
}

/// A change by hand. What is `None` stays as it is.
#[derive(Clone, Debug)]
pub struct Adjustment<'a> {
    /// Which: the same one twice is one.
    pub id: Uuid,
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// So many are on the shelf: somebody counted.
    pub on_hand: Option<i32>,
    /// So many more are on the shelf, or fewer.
    pub change: Option<i32>,
    /// So many are on their way.
    pub incoming: Option<i32>,
    /// So many may be sold beyond what is there.
    pub backorder_limit: Option<i32>,
    /// From so many on it is told.
    pub low_stock: Option<i32>,
    /// Why.
    pub reason: &'a str,
    /// By whom.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
}

/// How an adjustment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjusted {
    /// It is done, or was done before.
    Done,
    /// What is reserved or paid would not be there.
    Oversold,
    /// More than can be counted would be there.
    TooMany,
    /// There is no such variant, or no such location.
    Missing,
}

/// Which levels are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only of this variant.
    pub variant: Option<VariantId>,
    /// Only at this location.
    pub location: Option<LocationId>,
    /// Only where little is left.
    pub low: bool,
    /// After this variant and location.
    pub after: (Uuid, Uuid),
    /// At most so many.
    pub limit: i64,
}

/// A change of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its place in the ledger.
    pub id: i64,
    /// Of what.
    pub variant: VariantId,
    /// Where.
    pub location: LocationId,
    /// By how much what is on the shelf changed.
    pub on_hand: i32,
    /// By how much what waits for payments changed.
    pub reserved: i32,
    /// By how much what waits for parcels changed.
    pub allocated: i32,
    /// For which order.
    pub order: Option<OrderId>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub actor: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// A place where stock is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Which.
    pub id: LocationId,
    /// What it is called.
    pub name: String,
    /// Stock is taken from the lowest first.
    pub rank: i16,
}

/// Changes stock by hand, with its row in the ledger.
///
/// # Errors
/// What Postgres answers.
pub async fn adjust(
    db: &Db,
    tenant: TenantNumber,
    adjustment: &Adjustment<'_>,
) -> Result<Adjusted, Error> {
    let row = |sql| {
        Statement::new(sql)
            .with(tenant.0, Type::INT4)
            .with(adjustment.variant.0, Type::UUID)
            .with(adjustment.location.0, Type::UUID)
    };
    let statements = [
        row(include_str!("ensure.sql")),
        row(include_str!("adjust.sql"))
            .with(adjustment.id, Type::UUID)
            .with(adjustment.on_hand, Type::INT4)
            .with(adjustment.change, Type::INT4)
            .with(adjustment.incoming, Type::INT4)
            .with(adjustment.backorder_limit, Type::INT4)
            .with(adjustment.low_stock, Type::INT4)
            .with(adjustment.reason.to_owned(), Type::TEXT)
            .with(adjustment.actor.to_owned(), Type::TEXT)
            .with(adjustment.at, Type::TIMESTAMPTZ),
        nudge(tenant, adjustment.variant)?,
    ];
    match fly(db, tenant, &statements).await {
        Ok(rows) if rows[1].is_empty() => Ok(Adjusted::Missing),
        Ok(_) => Ok(Adjusted::Done),
        Err(error) => match error.constraint() {
            Some("stock_movement_adjustment") => Ok(Adjusted::Done),
            Some("stock_on_hand_most") => Ok(Adjusted::TooMany),
            Some("stock_not_oversold" | "stock_on_hand_check") => Ok(Adjusted::Oversold),
            _ => Err(error),
        },
    }
}

/// How many pieces of a variant are on all shelves, as its last movement left them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Of what.
    pub variant: VariantId,
    /// The shop's own number for it.
    pub sku: String,
    /// Pieces.
    pub on_hand: i64,
    /// The last movement.
    pub movement: i64,
    /// When it was.
    pub at: Timestamp,
    /// Whether so few are left that somebody wants to know; none where nobody does.
    pub is_low: Option<bool>,
}

/// Counts pieces on all shelves; variants that never moved are left out.
///
/// # Errors
/// What Postgres answers.
pub async fn counted(
    db: &Db,
    tenant: TenantNumber,
    variants: &[VariantId],
) -> Result<Vec<Counted>, Error> {
    let variants: Vec<Uuid> = variants.iter().map(|variant| variant.0).collect();
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&variants, Type::UUID_ARRAY)];
    let sql = include_str!("counted.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let counted = answers[0].iter().map(|row| Counted {
        variant: VariantId(row.get(0)),
        sku: row.get(1),
        on_hand: row.get(2),
        movement: row.get(3),
        at: row.get(4),
        is_low: row.get(5),
    });
    Ok(counted.collect())
}

/// Those who measure stock are told.
fn nudge(tenant: TenantNumber, variant: VariantId) -> Result<Statement, Error> {
    let body = serde_json::to_string(&Nudge::Stock { tenant, variant });
    let body = body.map_err(|error| Error::Stored("nudge", error.into()))?;
    Ok(nudging(tenant, &[(QueueName::Sales, body)]))
}

/// How much there is of what.
///
/// # Errors
/// What Postgres answers.
pub async fn levels(db: &Db, tenant: TenantNumber, wanted: &Wanted) -> Result<Vec<Level>, Error> {
    let (variant, location) = (wanted.variant.map(|it| it.0), wanted.location.map(|it| it.0));
    let sql = if wanted.low { include_str!("find_low.sql") } else { include_str!("find.sql") };
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&variant, Type::UUID),
        (&location, Type::UUID),
        (&wanted.after.0, Type::UUID),
        (&wanted.after.1, Type::UUID),
        (&wanted.limit, Type::INT8),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(level).collect())
}

/// The changes of stock, of one variant or of all, the newest first, before `before`.
///
/// # Errors
/// What Postgres answers.
pub async fn movements(
    db: &Db,
    tenant: TenantNumber,
    variant: Option<VariantId>,
    before: i64,
    limit: i64,
) -> Result<Vec<Movement>, Error> {
    let variant = variant.map(|variant| variant.0);
    let sql = include_str!("movements.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&variant, Type::UUID),
        (&before, Type::INT8),
        (&limit, Type::INT8),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(movement).collect())
}

/// Writes a location.
///
/// # Errors
/// [`Error::Conflict`] when another has its name.
pub async fn put_location(db: &Db, tenant: TenantNumber, location: &Location) -> Result<(), Error> {
    let sql = include_str!("put_location.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&location.id.0, Type::UUID),
        (&location.name, Type::TEXT),
        (&location.rank, Type::INT2),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// All locations, in the order in which stock is taken from them.
///
/// # Errors
/// What Postgres answers.
pub async fn locations(db: &Db, tenant: TenantNumber) -> Result<Vec<Location>, Error> {
    let sql = include_str!("locations.sql");
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4)];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let location =
        |row: &Row| Location { id: LocationId(row.get(0)), name: row.get(1), rank: row.get(2) };
    Ok(answers[0].iter().map(location).collect())
}

fn level(row: &Row) -> Level {
    Level {
        variant: VariantId(row.get(0)),
        location: LocationId(row.get(1)),
        sku: row.get(2),
        location_name: row.get(3),
        on_hand: row.get(4),
        reserved: row.get(5),
        allocated: row.get(6),
        incoming: row.get(7),
        backorder_limit: row.get(8),
        low_stock: row.get(9),
    }
}

fn movement(row: &Row) -> Movement {
    Movement {
        id: row.get(0),
        variant: VariantId(row.get(1)),
        location: LocationId(row.get(2)),
        on_hand: row.get(3),
        reserved: row.get(4),
        allocated: row.get(5),
        order: row.get::<_, Option<Uuid>>(6).map(OrderId),
        reason: row.get(7),
        actor: row.get(8),
        recorded_at: row.get(9),
    }
}
