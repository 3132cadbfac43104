use std::collections::BTreeMap;

use domain::order::{Event, moves};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Replay;
use crate::orders::projection::PostingRow;
use crate::{Error, Flight, Parameter};

/// What the events of all orders come to.
#[derive(Default)]
pub(super) struct Sums {
    /// What they moved, by variant and location.
    moved: BTreeMap<(Uuid, Uuid), [i64; 3]>,
    placed: i64,
    last_number: i64,
}

const COLUMNS: [&str; 3] = ["on_hand", "reserved", "allocated"];

impl Sums {
    /// Adds those of an order. The versions whose postings do not balance.
    pub(super) fn add(
        &mut self,
        events: &[Event],
        number: Option<i64>,
        postings: &[PostingRow],
    ) -> Vec<i32> {
        for it in moves(events) {
            let sums = self.moved.entry((it.variant.0, it.location.0)).or_default();
            let more = [it.on_hand, it.reserved, it.allocated];
            *sums = std::array::from_fn(|column| sums[column] + more[column]);
        }
        self.placed += i64::from(number.is_some());
        self.last_number = self.last_number.max(number.unwrap_or(0));
        let mut balances: BTreeMap<i32, i64> = BTreeMap::new();
        for posting in postings {
            *balances.entry(posting.version).or_default() += posting.amount_minor;
        }
        balances.into_iter().filter(|(_, sum)| *sum != 0).map(|(version, _)| version).collect()
    }
}

impl Replay<'_> {
    /// Stock against its ledger, the ledger against the events, numbers against their sequence.
    pub(super) async fn ledgers(&mut self) -> Result<(), Error> {
        let parameters: &[Parameter<'_>] = &[(&self.tenant.0, Type::INT4)];
        let statements =
            [include_str!("moved.sql"), include_str!("stock.sql"), include_str!("last_number.sql")];
        let statements = statements.map(|sql| Flight { sql, parameters });
        let answers = self.tx.pipeline(&statements).await?;
        let mut moved = std::mem::take(&mut self.sums.moved);
        for row in &answers[0] {
            let kept = [row.get(2), row.get(3), row.get(4)];
            let by_events = moved.remove(&(row.get(0), row.get(1))).unwrap_or_default();
            self.movements((row.get(0), row.get(1)), kept, by_events);
        }
        for (key, by_events) in moved {
            self.movements(key, [0; 3], by_events);
        }
        for row in &answers[1] {
            let (level, ledger): (Vec<i64>, Vec<i64>) = (row.get(2), row.get(3));
            let key = format!("{} {}", row.get::<_, Uuid>(0), row.get::<_, Uuid>(1));
            let what = differing(&level, "the movements add up to", &ledger);
            self.tell(("stock", key), what, false);
        }
        let last: i64 = answers[2].first().map_or(0, |row| row.get(0));
        let Sums { placed, last_number, .. } = self.sums;
        if last != placed || last_number != placed {
            let what = format!(
                "{last} were drawn, {placed} orders are placed, the highest number is {last_number}"
            );
            self.tell(("sequence_number", "order".to_owned()), what, false);
        }
        Ok(())
    }

    fn movements(&mut self, (variant, location): (Uuid, Uuid), kept: [i64; 3], wanted: [i64; 3]) {
        if kept != wanted {
            let what = differing(&kept, "by the events of orders", &wanted);
            self.tell(("stock_movement", format!("{variant} {location}")), what, false);
        }
    }
}

fn differing(kept: &[i64], against: &str, wanted: &[i64]) -> String {
    let both = COLUMNS.iter().zip(kept.iter().zip(wanted)).filter(|(_, (kept, it))| kept != it);
    let told = both.map(|(name, (kept, it))| format!("{name} is {kept}, {against} {it}"));
    told.collect::<Vec<_>>().join("; ")
}
