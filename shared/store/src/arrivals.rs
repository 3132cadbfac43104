use std::collections::HashMap;
use std::sync::Arc;

use domain::batch::{Batch, Judged, Outcome, Row, Verdict};
use domain::id::{QuarantineId, ReceiptId, TenantNumber};
use domain::metric::{Code, Declaration, Finest, Kind};
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::gate::Gates;
use crate::metrics::{self, Metric};
use crate::points::{self, Columns, Point};
use crate::series::{self, Found, Wanted};
use crate::{Db, Error, Flight, Parameter, Tx, receipts};

use self::load::Load;

/// What an arrival writes.
mod load;

/// Where arrivals of a tenant meet: most of them touch the same rollups. Points with ids have a
/// gate of their own: one that was sent before spoils its transaction.
pub(crate) type Arriving = Gates<(TenantNumber, bool), Load, ()>;

/// A batch on its way into the tables.
pub struct Arrival<'a> {
    /// Whose points.
    pub tenant: &'a Tenant,
    /// The points.
    pub batch: &'a Batch,
    /// Names the batch: under one receipt, a part is written once.
    pub receipt: ReceiptId,
    /// Which part this is, when the batch came through a queue in parts.
    pub part: Option<u32>,
    /// Tells apart another body under the same receipt.
    pub body_hash: Uuid,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The refused row that this batch repairs.
    pub repairs: Option<QuarantineId>,
}

/// How an arrival ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// It was written now.
    Now(Outcome),
    /// It had been written before.
    Before {
        /// The hash of the body that was written.
        body_hash: Uuid,
        /// What became of it; `None` for the later parts of a batch that was written whole.
        outcome: Option<Outcome>,
    },
}

/// A row that can be written, unless its id says otherwise.
struct Ready<'a> {
    row: &'a Row,
    point: Point,
    gauge: bool,
    folded: Option<String>,
}

const TRIES: u32 = 5;

/// Writes a batch, its rollups, its refused rows, the ids of its points and what became of them
/// in one transaction. Batches of a tenant that arrive together share theirs, until it fails:
/// then each has its own.
///
/// # Errors
/// [`Error::Refused`] when the row to be repaired is gone; otherwise what Postgres answers.
/// After [`Error::Unavailable`] the batch may have been written: record it again under the same
/// receipt.
pub async fn record(db: &Db, arrival: &Arrival<'_>) -> Result<Recorded, Error> {
    let tenant = arrival.tenant.number;
    let has_ids = arrival.batch.rows.iter().any(|row| row.id.is_some());
    let careful = has_ids || arrival.repairs.is_some();
    let mut alone = arrival.repairs.is_some();
    let mut tries = 0;
    loop {
        tries += 1;
        let attempt = if alone && careful {
            by_itself(db, arrival).await.map(Some)
        } else {
            at_once(db, arrival, alone).await
        };
        match attempt {
            Ok(Some(outcome)) => return Ok(Recorded::Now(outcome)),
            Ok(None) => alone = true,
            Err(error) if error.is_contended() && tries < TRIES => {}
            Err(error) if error.is_missing_partition() && tries < TRIES => points::forget_weeks(db),
            Err(error) if error.constraint() == Some("point_key_pkey") && !alone => alone = true,
            Err(error) if error.constraint() == Some("ingest_batch_pkey") => {
                let key = receipts::part_key(arrival.receipt, arrival.part.unwrap_or(0));
                let before = receipts::by_key(db, tenant, key).await?;
                let (body_hash, outcome) = before.ok_or(error)?;
                return Ok(Recorded::Before { body_hash, outcome });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes the batch in one round trip, with others or alone, as if none of its ids had been sent
/// before. Answers `None` when it must be written alone, or with care for its ids.
async fn at_once(db: &Db, arrival: &Arrival<'_>, alone: bool) -> Result<Option<Outcome>, Error> {
    let tenant = arrival.tenant.number;
    let (ready, mut verdicts) = ready(db, arrival).await?;
    let mut keys = HashMap::new();
    for ready in &ready {
        let Some(key) = key_of(ready.row) else { continue };
        if keys.insert(key, ready.point).is_some() {
            return Ok(None);
        }
    }
    accept(&mut verdicts, &ready);
    let points = ready.iter().map(|ready| ready.point).collect();
    let (mut load, outcome) = Load::of(arrival, points, verdicts);
    for (key, point) in &keys {
        load.claim(*key, point, arrival.received_at);
    }
    let zone = &arrival.tenant.calendar.zone;
    let written = if alone {
        Some(load.write(db, tenant, zone).await?)
    } else {
        let together = |loads| load::write(db, tenant, zone, loads);
        db.arriving().pass((tenant, load.has_ids()), load, together).await?
    };
    Ok(written.map(|()| outcome))
}

/// Writes the batch alone, and tells ids that were sent before from new ones.
async fn by_itself(db: &Db, arrival: &Arrival<'_>) -> Result<Outcome, Error> {
    let tenant = arrival.tenant.number;
    let (mut ready, mut verdicts) = ready(db, arrival).await?;
    let zone = &arrival.tenant.calendar.zone;
    let all = Columns::of(ready.iter().map(|ready| ready.point).collect(), zone);
    points::ensure_weeks(db, tenant, &all).await?;
    let tx = db.tenant(tenant).await?;
    let replaced = claim_ids(&tx, arrival, &mut ready, &mut verdicts).await?;
    if !replaced.is_empty() {
        points::lock_series(&tx, tenant, &replaced).await?;
    }
    accept(&mut verdicts, &ready);
    let points = ready.iter().map(|ready| ready.point).collect();
    let (load, outcome) = Load::of(arrival, points, verdicts);
    let columns = Columns::of(load.points, zone);
    let (rows, points) = (load.rows.parameters(&tenant), columns.parameters(&tenant));
    let mut flights: Vec<Flight<'_>> = rows.flights().collect();
    let repaired = repaired(arrival, &outcome);
    if let Some(parameters) = &repaired {
        flights.push(Flight { sql: include_str!("quarantine/claim.sql"), parameters });
    }
    flights.extend(points.flights());
    if let Err(error) = tx.pipeline(&flights).await {
        // Else the connection, which knows the statements, would go with it.
        tx.rollback().await?;
        return Err(error);
    }
    // After the rollups were locked, in the order in which everybody locks them.
    if !replaced.is_empty() {
        points::remove(&tx, tenant, &arrival.tenant.calendar, &replaced).await?;
    }
    tx.commit().await?;
    Ok(outcome)
}

/// The row that is repaired. One that is refused again stays where it is.
fn repaired<'a>(arrival: &'a Arrival<'_>, outcome: &Outcome) -> Option<[Parameter<'a>; 2]> {
    let rejected = |row: &Judged| matches!(row.verdict, Verdict::Rejected(..));
    let written = outcome.accepted > 0 || outcome.rows.iter().any(|row| !rejected(row));
    let id = arrival.repairs.as_ref().filter(|_| written)?;
    Some([(&arrival.tenant.number.0, Type::INT4), (&id.0, Type::UUID)])
}

fn key_of(row: &Row) -> Option<Uuid> {
    row.id.as_ref().map(|id| receipts::digest(&[id.as_bytes()]))
}

/// Resolves metrics, values and series. What cannot be written gets its verdict here, as do the
/// rows that were refused before the database was asked.
async fn ready<'a>(
    db: &Db,
    arrival: &Arrival<'a>,
) -> Result<(Vec<Ready<'a>>, Vec<(u32, Verdict)>), Error> {
    let batch = arrival.batch;
    let mut verdicts = Vec::with_capacity(batch.rows.len() + batch.refused.len());
    for refused in &batch.refused {
        verdicts.push((refused.index, Verdict::Rejected(refused.code, refused.field.clone())));
    }
    let metrics = find_metrics(db, arrival).await?;
    let mut wanted = Vec::with_capacity(batch.series.len());
    let mut at = Vec::with_capacity(batch.series.len());
    for key in &batch.series {
        at.push(match metrics.get(key.metric.as_str()) {
            None => Err((Code::MetricLimit, "metric")),
            Some(metric) => match key.agrees(&metric.declaration) {
                Err(Code::UnitConflict) => Err((Code::UnitConflict, "unit")),
                Err(code) => Err((code, "kind")),
                Ok(()) => {
                    wanted.push(Wanted { metric: metric.id, tags: key.tags.clone() });
                    Ok((wanted.len() - 1, metric.clone()))
                }
            },
        });
    }
    let found: Vec<Found> = series::resolve(db, arrival.tenant.number, &wanted).await?;
    let mut ready = Vec::with_capacity(batch.rows.len());
    for row in &batch.rows {
        let (position, metric) = match &at[row.series as usize] {
            Ok(known) => known,
            Err((code, field)) => {
                verdicts.push((row.index, Verdict::Rejected(*code, (*field).to_owned())));
                continue;
            }
        };
        match row.value.in_unit(&metric.declaration.unit) {
            Err(code) => verdicts.push((row.index, Verdict::Rejected(code, "value".to_owned()))),
            Ok(value) => ready.push(Ready {
                row,
                point: Point {
                    series: found[*position].id,
                    at: row.at,
                    value,
                    hourly: metric.declaration.finest == Finest::Hour,
                },
                gauge: metric.declaration.kind == Kind::Gauge,
                folded: found[*position].folded.clone(),
            }),
        }
    }
    Ok((ready, verdicts))
}

/// Finds the metrics of a batch, and makes drafts of those seen for the first time.
async fn find_metrics(
    db: &Db,
    arrival: &Arrival<'_>,
) -> Result<HashMap<String, Arc<Metric>>, Error> {
    let tenant = arrival.tenant.number;
    let mut metrics: HashMap<String, Arc<Metric>> = HashMap::new();
    let mut unknown: Vec<(&str, Declaration)> = Vec::new();
    for key in &arrival.batch.series {
        let name = key.metric.as_str();
        if metrics.contains_key(name) || unknown.iter().any(|(known, _)| *known == name) {
            continue;
        }
        match db.dictionary().metric(tenant, name) {
            Some(metric) => drop(metrics.insert(name.to_owned(), metric)),
            None => unknown.push((
                name,
                Declaration::draft(
                    key.kind.unwrap_or(Kind::Counter),
                    key.unit.clone().unwrap_or_default(),
                ),
            )),
        }
    }
    if unknown.is_empty() {
        return Ok(metrics);
    }
    let names: Vec<&str> = unknown.iter().map(|(name, _)| *name).collect();
    let mut known = metrics::find(db, tenant, &names).await?;
    unknown.retain(|(name, _)| known.iter().all(|metric| metric.name != *name));
    if !unknown.is_empty() {
        known.extend(metrics::draft(db, tenant, &unknown).await?);
    }
    for metric in known {
        let metric = Arc::new(metric);
        db.dictionary().keep_metric(tenant, metric.clone());
        metrics.insert(metric.name.clone(), metric);
    }
    Ok(metrics)
}

/// Claims the ids of points. What was there before is judged and taken out of `ready`; answers
/// the earlier readings of gauges that are replaced.
async fn claim_ids(
    tx: &Tx,
    arrival: &Arrival<'_>,
    ready: &mut Vec<Ready<'_>>,
    verdicts: &mut Vec<(u32, Verdict)>,
) -> Result<Vec<Point>, Error> {
    let tenant = arrival.tenant.number;
    let mut first: HashMap<Uuid, Point> = HashMap::new();
    ready.retain(|ready| {
        let Some(key) = key_of(ready.row) else { return true };
        let Some(earlier) = first.insert(key, ready.point) else { return true };
        first.insert(key, earlier);
        verdicts.push((ready.row.index, repeated(&earlier, ready)));
        false
    });
    let known = claim(tx, tenant, arrival.received_at, &first).await?;
    let mut replaced = Vec::new();
    let mut updates = Vec::new();
    ready.retain(|ready| {
        let Some(key) = key_of(ready.row) else { return true };
        let Some((series, at, value)) = known.get(&key).copied() else { return true };
        let earlier = Point { series, at, value, ..ready.point };
        let same_place = series == ready.point.series && at == ready.point.at;
        if ready.gauge && same_place && value.to_bits() != ready.point.value.to_bits() {
            replaced.push(earlier);
            updates.push((key, ready.point.value));
            verdicts.push((ready.row.index, Verdict::Replaced));
            return true;
        }
        verdicts.push((ready.row.index, repeated(&earlier, ready)));
        false
    });
    for (key, value) in updates {
        tx.query(
            include_str!("arrivals/replace_key.sql"),
            &[(&tenant.0, Type::INT4), (&key, Type::UUID), (&value, Type::FLOAT8)],
        )
        .await?;
    }
    Ok(replaced)
}

/// Writes the keys that are new, and reads those that were there.
async fn claim(
    tx: &Tx,
    tenant: TenantNumber,
    received_at: Timestamp,
    wanted: &HashMap<Uuid, Point>,
) -> Result<HashMap<Uuid, (i32, Timestamp, f64)>, Error> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<Uuid> = wanted.keys().copied().collect();
    let column = |key: &Uuid| wanted[key];
    let series: Vec<i32> = keys.iter().map(|key| column(key).series).collect();
    let at: Vec<Timestamp> = keys.iter().map(|key| column(key).at).collect();
    let values: Vec<f64> = keys.iter().map(|key| column(key).value).collect();
    let taken = tx
        .query(
            include_str!("arrivals/claim_keys.sql"),
            &[
                (&tenant.0, Type::INT4),
                (&keys, Type::UUID_ARRAY),
                (&series, Type::INT4_ARRAY),
                (&at, Type::TIMESTAMPTZ_ARRAY),
                (&values, Type::FLOAT8_ARRAY),
                (&received_at, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    if taken.is_empty() {
        return Ok(HashMap::new());
    }
    let taken: Vec<Uuid> = taken.iter().map(|row| row.get(0)).collect();
    let rows = tx
        .query(
            include_str!("arrivals/known_keys.sql"),
            &[(&tenant.0, Type::INT4), (&taken, Type::UUID_ARRAY)],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect())
}

/// A point without an instant of its own comes again at another: that is no other point.
fn repeated(earlier: &Point, again: &Ready<'_>) -> Verdict {
    let now = &again.point;
    let same = earlier.series == now.series
        && (earlier.at == now.at || again.row.is_undated)
        && earlier.value.to_bits() == now.value.to_bits();
    if same { Verdict::Duplicate } else { Verdict::Rejected(Code::Conflict, "id".to_owned()) }
}

fn accept(verdicts: &mut Vec<(u32, Verdict)>, ready: &[Ready<'_>]) {
    let judged: std::collections::HashSet<u32> = verdicts.iter().map(|(index, _)| *index).collect();
    for one in ready.iter().filter(|one| !judged.contains(&one.row.index)) {
        let folded = one.folded.clone();
        verdicts.push((one.row.index, folded.map_or(Verdict::Accepted, Verdict::Folded)));
    }
    verdicts.sort_by_key(|(index, _)| *index);
}
