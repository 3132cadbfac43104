use domain::id::{LocationId, OrderId, TenantNumber, VariantId};
use domain::order::{Pick, StockMove};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::level::{
    Adjusted, Adjustment, Counted, Level, Location, Movement, Wanted, adjust, counted, levels,
    locations, movements, put_location,
};

use crate::statement::Statement;

/// Levels, their changes by hand, and where they are.
mod level;

/// Who moves stock for an order, and why.
pub(crate) struct Cause<'a> {
    pub(crate) order: OrderId,
    pub(crate) reason: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) at: Timestamp,
}

/// The ledger rows of moves, and the change of the columns. The second locks rows, in the order
/// of the moves, until the transaction ends: it comes last.
pub(crate) fn moving(
    tenant: TenantNumber,
    moves: &[StockMove],
    cause: &Cause<'_>,
) -> Option<[Statement; 2]> {
    if moves.is_empty() {
        return None;
    }
    let ids = |of: fn(&StockMove) -> uuid::Uuid| moves.iter().map(of).collect::<Vec<_>>();
    // A quantity is at most 10,000 for each of some hundred lines.
    let counts = |of: fn(&StockMove) -> i64| {
        moves.iter().map(of).map(|count| i32::try_from(count).unwrap_or(i32::MAX)).collect()
    };
    let columns = |sql| {
        let on_hand: Vec<i32> = counts(|row| row.on_hand);
        let reserved: Vec<i32> = counts(|row| row.reserved);
        let allocated: Vec<i32> = counts(|row| row.allocated);
        Statement::new(sql)
            .with(tenant.0, Type::INT4)
            .with(ids(|row| row.variant.0), Type::UUID_ARRAY)
            .with(ids(|row| row.location.0), Type::UUID_ARRAY)
            .with(on_hand, Type::INT4_ARRAY)
            .with(reserved, Type::INT4_ARRAY)
            .with(allocated, Type::INT4_ARRAY)
    };
    let record = columns(include_str!("stock/record.sql"))
        .with(cause.order.0, Type::UUID)
        .with(cause.reason.to_owned(), Type::TEXT)
        .with(cause.actor.to_owned(), Type::TEXT)
        .with(cause.at, Type::TIMESTAMPTZ);
    Some([record, columns(include_str!("stock/move.sql"))])
}

/// What there is of a variant at a location.
pub(crate) fn offer(row: &Row) -> Pick {
    Pick {
        variant: VariantId(row.get(0)),
        location: LocationId(row.get(1)),
        quantity: u32::try_from(row.get::<_, i32>(2)).unwrap_or(0),
    }
}
