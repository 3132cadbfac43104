use std::collections::BTreeMap;

use domain::id::{LocationId, OrderId, TenantNumber, VariantId};
use domain::order::{Pick, StockMove};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub use self::level::{
    Adjusted, Adjustment, Counted, Level, Location, Movement, Wanted, adjust, counted, levels,
    locations, movements, put_location,
};

use crate::statement::{Statement, column};

/// Levels, their changes by hand, and where they are.
mod level;

/// A row of the ledger of stock: which row of stock an order changed, why, and who did it.
#[derive(Clone, Debug)]
pub(crate) struct LedgerRow {
    pub(crate) change: StockMove,
    pub(crate) order: OrderId,
    pub(crate) reason: &'static str,
    pub(crate) actor: String,
    pub(crate) at: Timestamp,
}

/// Writes rows into the ledger, and their sums into the columns. The second statement locks
/// rows, in the order of their keys, until the transaction ends: it comes last.
pub(crate) fn moving(tenant: TenantNumber, rows: &[LedgerRow]) -> Option<[Statement; 2]> {
    if rows.is_empty() {
        return None;
    }
    let changes = column(rows, |row| row.change);
    let record = columns(include_str!("stock/record.sql"), tenant, &changes)
        .with(column(rows, |row| row.order.0), Type::UUID_ARRAY)
        .with(column(rows, |row| row.reason), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.actor.clone()), Type::TEXT_ARRAY)
        .with(column(rows, |row| row.at), Type::TIMESTAMPTZ_ARRAY);
    Some([record, columns(include_str!("stock/move.sql"), tenant, &sums(&changes))])
}

/// One move for each row of stock, by its key.
fn sums(changes: &[StockMove]) -> Vec<StockMove> {
    let mut sums: BTreeMap<_, StockMove> = BTreeMap::new();
    for change in changes {
        sums.entry((change.variant, change.location))
            .and_modify(|sum| {
                sum.on_hand += change.on_hand;
                sum.reserved += change.reserved;
                sum.allocated += change.allocated;
            })
            .or_insert(*change);
    }
    sums.into_values().collect()
}

fn columns(sql: &'static str, tenant: TenantNumber, changes: &[StockMove]) -> Statement {
    // A quantity is at most 10,000 for each of some hundred lines.
    let counts = |of: fn(&StockMove) -> i64| {
        column(changes, |change| i32::try_from(of(change)).unwrap_or(i32::MAX))
    };
    Statement::new(sql)
        .with(tenant.0, Type::INT4)
        .with(column(changes, |change| change.variant.0), Type::UUID_ARRAY)
        .with(column(changes, |change| change.location.0), Type::UUID_ARRAY)
        .with(counts(|change| change.on_hand), Type::INT4_ARRAY)
        .with(counts(|change| change.reserved), Type::INT4_ARRAY)
        .with(counts(|change| change.allocated), Type::INT4_ARRAY)
}

/// What there is of a variant at a location.
pub(crate) fn offer(row: &Row) -> Pick {
    Pick {
        variant: VariantId(row.get(0)),
        location: LocationId(row.get(1)),
        quantity: u32::try_from(row.get::<_, i32>(2)).unwrap_or(0),
    }
}
