use domain::batch::{Batch, Judged, Outcome, Verdict};
use domain::calendar::Zone;
use domain::id::{QuarantineId, TenantNumber};
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Arrival;
use crate::gate::Cargo;
use crate::points::{self, Columns, Point};
use crate::{Db, Error, Flight, Parameter, receipts};

/// Everything that one arrival writes, or that several arrivals of a tenant write together.
#[derive(Default)]
pub(crate) struct Load {
    pub(super) points: Vec<Point>,
    pub(super) rows: Rows,
}

/// What is written beside the points, in columns.
#[derive(Default)]
pub(super) struct Rows {
    ids: Ids,
    batches: Batches,
    refused: Refused,
}

/// Ids of points that nobody is thought to have sent before.
#[derive(Default)]
struct Ids {
    keys: Vec<Uuid>,
    series: Vec<i32>,
    at: Vec<Timestamp>,
    values: Vec<f64>,
    created_at: Vec<Timestamp>,
}

/// Receipts, with what became of the rows.
#[derive(Default)]
struct Batches {
    keys: Vec<Uuid>,
    body_hashes: Vec<Uuid>,
    receipts: Vec<Uuid>,
    parts: Vec<i32>,
    outcomes: Vec<String>,
    created_at: Vec<Timestamp>,
}

/// Rows for the quarantine.
#[derive(Default)]
struct Refused {
    ids: Vec<Uuid>,
    codes: Vec<&'static str>,
    fields: Vec<String>,
    lines: Vec<String>,
    received_at: Vec<Timestamp>,
}

impl Load {
    /// Takes up the points and the verdicts of one arrival; answers what its sender is told.
    pub(super) fn of(
        arrival: &Arrival<'_>,
        points: Vec<Point>,
        verdicts: Vec<(u32, Verdict)>,
    ) -> (Self, Outcome) {
        let age_s = |point: &Point| arrival.received_at.duration_since(point.at).as_secs();
        let lateness_s = points.iter().map(age_s).max().unwrap_or(0).max(0);
        let mut outcome = Outcome { lateness_s, ..Outcome::default() };
        let mut load = Self { points, rows: Rows::default() };
        for (index, verdict) in verdicts {
            if verdict == Verdict::Accepted {
                outcome.accepted += 1;
                continue;
            }
            let mut quarantined = None;
            if let Verdict::Rejected(code, field) = &verdict
                && arrival.repairs.is_none()
            {
                let id = Uuid::now_v7();
                quarantined = Some(QuarantineId(id));
                let refused = &mut load.rows.refused;
                refused.ids.push(id);
                refused.codes.push(code.as_str());
                // Postgres has no text with a zero in it, and clients name fields as they like.
                refused.fields.push(field.replace('\0', "\u{fffd}"));
                refused.lines.push(line(arrival.batch, index));
                refused.received_at.push(arrival.received_at);
            }
            outcome.rows.push(Judged { index, verdict, quarantined });
        }
        load.rows.batches.add(arrival, &outcome);
        (load, outcome)
    }

    /// Claims an id for a point.
    pub(super) fn claim(&mut self, key: Uuid, point: &Point, received_at: Timestamp) {
        let ids = &mut self.rows.ids;
        ids.keys.push(key);
        ids.series.push(point.series);
        ids.at.push(point.at);
        ids.values.push(point.value);
        ids.created_at.push(received_at);
    }

    /// Whether any of its points has an id.
    pub(super) fn has_ids(&self) -> bool {
        !self.rows.ids.keys.is_empty()
    }

    /// Adds what another arrival of the same tenant writes.
    pub(super) fn join(&mut self, mut other: Self) {
        self.points.append(&mut other.points);
        let (ids, more) = (&mut self.rows.ids, &mut other.rows.ids);
        ids.keys.append(&mut more.keys);
        ids.series.append(&mut more.series);
        ids.at.append(&mut more.at);
        ids.values.append(&mut more.values);
        ids.created_at.append(&mut more.created_at);
        let (batches, more) = (&mut self.rows.batches, &mut other.rows.batches);
        batches.keys.append(&mut more.keys);
        batches.body_hashes.append(&mut more.body_hashes);
        batches.receipts.append(&mut more.receipts);
        batches.parts.append(&mut more.parts);
        batches.outcomes.append(&mut more.outcomes);
        batches.created_at.append(&mut more.created_at);
        let (refused, more) = (&mut self.rows.refused, &mut other.rows.refused);
        refused.ids.append(&mut more.ids);
        refused.codes.append(&mut more.codes);
        refused.fields.append(&mut more.fields);
        refused.lines.append(&mut more.lines);
        refused.received_at.append(&mut more.received_at);
    }

    /// Writes everything in one transaction and one round trip.
    pub(super) async fn write(
        self,
        db: &Db,
        tenant: TenantNumber,
        zone: &Zone,
    ) -> Result<(), Error> {
        let columns = Columns::of(self.points, zone);
        points::ensure_weeks(db, tenant, &columns).await?;
        let (rows, points) = (self.rows.parameters(&tenant), columns.parameters(&tenant));
        let flights: Vec<Flight<'_>> = rows.flights().chain(points.flights()).collect();
        db.routine(Some(tenant), &flights).await.map(drop)
    }
}

/// Writes the loads of several arrivals together.
pub(super) async fn write(
    db: &Db,
    tenant: TenantNumber,
    zone: &Zone,
    loads: Vec<Load>,
) -> Result<Vec<()>, Error> {
    let answers = vec![(); loads.len()];
    let mut joint = Load::default();
    loads.into_iter().for_each(|load| joint.join(load));
    joint.write(db, tenant, zone).await.map(|()| answers)
}

impl Cargo for Load {
    const MOST_ROWS: usize = 20_000;

    /// Rollups apart.
    fn rows(&self) -> usize {
        self.points.len() + self.rows.refused.ids.len()
    }
}

impl Batches {
    fn add(&mut self, arrival: &Arrival<'_>, outcome: &Outcome) {
        let parts = match arrival.part {
            Some(part) => part..part + 1,
            None => 0..arrival.batch.parts(),
        };
        let first = parts.start;
        for part in parts {
            // The first part tells everything of a batch that was written whole.
            let told = (part == first).then(|| serde_json::to_string(outcome).unwrap_or_default());
            self.keys.push(receipts::part_key(arrival.receipt, part));
            self.body_hashes.push(arrival.body_hash);
            self.receipts.push(arrival.receipt.0);
            self.parts.push(i32::try_from(part).unwrap_or(i32::MAX));
            self.outcomes.push(told.unwrap_or_default());
            self.created_at.push(arrival.received_at);
        }
    }
}

impl Rows {
    pub(super) fn parameters<'a>(&'a self, tenant: &'a TenantNumber) -> RowParameters<'a> {
        let (ids, batches, refused) = (&self.ids, &self.batches, &self.refused);
        RowParameters {
            ids: (!ids.keys.is_empty()).then_some([
                (&tenant.0, Type::INT4),
                (&ids.keys, Type::UUID_ARRAY),
                (&ids.series, Type::INT4_ARRAY),
                (&ids.at, Type::TIMESTAMPTZ_ARRAY),
                (&ids.values, Type::FLOAT8_ARRAY),
                (&ids.created_at, Type::TIMESTAMPTZ_ARRAY),
            ]),
            batches: [
                (&tenant.0, Type::INT4),
                (&batches.keys, Type::UUID_ARRAY),
                (&batches.body_hashes, Type::UUID_ARRAY),
                (&batches.receipts, Type::UUID_ARRAY),
                (&batches.parts, Type::INT4_ARRAY),
                (&batches.outcomes, Type::TEXT_ARRAY),
                (&batches.created_at, Type::TIMESTAMPTZ_ARRAY),
            ],
            refused: (!refused.ids.is_empty()).then_some([
                (&tenant.0, Type::INT4),
                (&refused.ids, Type::UUID_ARRAY),
                (&refused.codes, Type::TEXT_ARRAY),
                (&refused.fields, Type::TEXT_ARRAY),
                (&refused.lines, Type::TEXT_ARRAY),
                (&refused.received_at, Type::TIMESTAMPTZ_ARRAY),
            ]),
        }
    }
}

/// The parameters of the statements that write [`Rows`].
pub(super) struct RowParameters<'a> {
    ids: Option<[Parameter<'a>; 6]>,
    batches: [Parameter<'a>; 7],
    refused: Option<[Parameter<'a>; 6]>,
}

impl RowParameters<'_> {
    /// The ids go first: one that is known ends the transaction before it has done much.
    pub(super) fn flights(&self) -> impl Iterator<Item = Flight<'_>> {
        let ids = self.ids.as_ref().map(|parameters| {
            let sql = include_str!("write_new_keys.sql");
            Flight { sql, parameters }
        });
        let batches = Flight { sql: include_str!("write_batches.sql"), parameters: &self.batches };
        let refused = self.refused.as_ref().map(|parameters| {
            let sql = include_str!("../quarantine/add.sql");
            Flight { sql, parameters }
        });
        ids.into_iter().chain(std::iter::once(batches)).chain(refused)
    }
}

/// The row of a verdict, for the quarantine.
fn line(batch: &Batch, index: u32) -> String {
    if let Ok(at) = batch.refused.binary_search_by_key(&index, |refused| refused.index) {
        return batch.refused[at].line.clone();
    }
    let row = batch.rows.binary_search_by_key(&index, |row| row.index);
    row.map(|at| batch.line(&batch.rows[at])).unwrap_or_default()
}
