use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::batch::OTHER;
use domain::id::TenantNumber;
use domain::metric::{Tags, limit};
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::metrics::Metric;
use crate::{Db, Error, Flight};

/// Metrics and series that this process has met, so that not every batch asks for them again.
#[derive(Default)]
pub struct Dictionary {
    metrics: Mutex<HashMap<(TenantNumber, String), Remembered>>,
    series: Mutex<HashMap<(i32, Uuid), i32>>,
    /// Mondays of the weeks that have their partition.
    pub(crate) weeks: Mutex<HashSet<Date>>,
    /// The first day with points of metrics that were asked about lately.
    pub(crate) first_days: Mutex<HashMap<i32, (Timestamp, Instant)>>,
}

/// A metric, and since when it is known.
type Remembered = (Arc<Metric>, Instant);

/// A series of a metric that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which metric.
    pub metric: i32,
    /// Which tags.
    pub tags: Tags,
}

/// A series that was found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In our tables.
    pub id: i32,
    /// The tag that was folded because the metric has too many series.
    pub folded: Option<String>,
}

/// A series as the explorer shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// In our tables.
    pub id: i32,
    /// Its tags.
    pub tags: Tags,
    /// When its first point arrived.
    pub created_at: Timestamp,
}

/// A changed declaration is seen by every process after this.
const METRICS_REMEMBERED: Duration = Duration::from_secs(10);
const METRICS: usize = 10_000;
const SERIES: usize = 500_000;

impl Dictionary {
    /// A metric that was met lately.
    #[must_use]
    pub fn metric(&self, tenant: TenantNumber, name: &str) -> Option<Arc<Metric>> {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let (metric, since) = metrics.get(&(tenant, name.to_owned()))?;
        (since.elapsed() < METRICS_REMEMBERED).then(|| metric.clone())
    }

    /// Remembers a metric.
    pub fn keep_metric(&self, tenant: TenantNumber, metric: Arc<Metric>) {
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        if metrics.len() >= METRICS {
            metrics.clear();
        }
        metrics.insert((tenant, metric.name.clone()), (metric, Instant::now()));
    }

    /// Forgets all metrics: one of them changed.
    pub fn forget_metrics(&self) {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn series(&self, keys: &[(i32, Uuid)]) -> Vec<Option<i32>> {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| series.get(key).copied()).collect()
    }

    fn keep_series(&self, found: &HashMap<(i32, Uuid), i32>) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if series.len() + found.len() > SERIES {
            series.clear();
        }
        series.extend(found);
    }
}

/// Finds or makes series, in the order in which they are wanted. They are committed before any
/// point names them, so that what this process remembers is true. A metric that has as many
/// series as it may have gets no more: its greatest tag is folded.
///
/// # Errors
/// What Postgres answers.
pub async fn resolve(
    db: &Db,
    tenant: TenantNumber,
    wanted: &[Wanted],
) -> Result<Vec<Found>, Error> {
    let keys: Vec<(i32, Uuid)> = wanted.iter().map(|one| (one.metric, hash(&one.tags))).collect();
    let mut ids = db.dictionary().series(&keys);
    let missing: Vec<usize> = (0..wanted.len()).filter(|index| ids[*index].is_none()).collect();
    if missing.is_empty() {
        return Ok(ids.into_iter().flatten().map(|id| Found { id, folded: None }).collect());
    }
    let known = find(db, tenant, missing.iter().map(|index| keys[*index])).await?;
    let mut folds: HashMap<usize, (Tags, String)> = HashMap::new();
    let mut new: Vec<(i32, Tags)> = Vec::new();
    let unknown: Vec<usize> =
        missing.iter().copied().filter(|index| !known.contains_key(&keys[*index])).collect();
    let mut room = Room::of(db, tenant, wanted, &unknown).await?;
    for index in unknown {
        let one = &wanted[index];
        if room.take(one.metric) {
            new.push((one.metric, one.tags.clone()));
        } else if let Some(tag) = room.crowded_tag(db, tenant, one.metric, &new).await? {
            let tags = room.fold(one, &tag);
            new.push((one.metric, tags.clone()));
            if tags != one.tags {
                folds.insert(index, (tags, tag));
            }
        } else {
            new.push((one.metric, one.tags.clone()));
        }
    }
    let made = make(db, tenant, &new).await?;
    db.dictionary().keep_series(&known);
    db.dictionary().keep_series(&made);
    let mut found = Vec::with_capacity(wanted.len());
    for (index, id) in ids.iter_mut().enumerate() {
        let key = folds.get(&index).map_or(keys[index], |(tags, _)| (keys[index].0, hash(tags)));
        let id = id.or_else(|| known.get(&key).copied()).or_else(|| made.get(&key).copied());
        let id = id.ok_or_else(|| Error::Stored("series", "it was not made".into()))?;
        found.push(Found { id, folded: folds.get(&index).map(|(_, tag)| tag.clone()) });
    }
    Ok(found)
}

/// Lists the series of a metric by id, from after `after`.
///
/// # Errors
/// What Postgres answers.
pub async fn list(
    db: &Db,
    tenant: TenantNumber,
    metric: i32,
    after: i32,
    limit: i64,
) -> Result<Vec<Series>, Error> {
    let sql = include_str!("series/list.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&metric as _, Type::INT4),
        (&after as _, Type::INT4),
        (&limit as _, Type::INT8),
    ];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    answers
        .remove(0)
        .iter()
        .map(|row| {
            let tags: String = row.get(1);
            Ok(Series {
                id: row.get(0),
                tags: serde_json::from_str(&tags)
                    .map_err(|error| Error::Stored("tags of a series", error.into()))?,
                created_at: row.get(2),
            })
        })
        .collect()
}

/// The tags of a metric: key, distinct values, series that have it. The most values first.
///
/// # Errors
/// What Postgres answers.
pub async fn tags(
    db: &Db,
    tenant: TenantNumber,
    metric: i32,
) -> Result<Vec<(String, i64, i64)>, Error> {
    let sql = include_str!("series/tags.sql");
    let parameters = &[(&tenant.0 as _, Type::INT4), (&metric as _, Type::INT4)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers.remove(0).iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// The values of one tag and how many series have each.
///
/// # Errors
/// What Postgres answers.
pub async fn tag_values(
    db: &Db,
    tenant: TenantNumber,
    metric: i32,
    key: &str,
    limit: i64,
) -> Result<Vec<(String, i64)>, Error> {
    let sql = include_str!("series/tag_values.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&metric as _, Type::INT4),
        (&key as _, Type::TEXT),
        (&limit as _, Type::INT8),
    ];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers.remove(0).iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// How many more series each metric may have.
struct Room {
    left: HashMap<i32, i64>,
    folded: HashSet<(i32, Uuid)>,
    crowded: HashMap<i32, Option<String>>,
}

impl Room {
    async fn of(
        db: &Db,
        tenant: TenantNumber,
        wanted: &[Wanted],
        unknown: &[usize],
    ) -> Result<Self, Error> {
        let mut metrics: Vec<i32> = unknown.iter().map(|index| wanted[*index].metric).collect();
        metrics.sort_unstable();
        metrics.dedup();
        let mut left: HashMap<i32, i64> =
            metrics.iter().map(|metric| (*metric, limit::SERIES)).collect();
        if !metrics.is_empty() {
            let sql = include_str!("series/count.sql");
            let parameters = &[(&tenant.0 as _, Type::INT4), (&metrics as _, Type::INT4_ARRAY)];
            let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
            for row in &answers[0] {
                left.insert(row.get(0), limit::SERIES - row.get::<_, i64>(1));
            }
        }
        Ok(Self { left, folded: HashSet::new(), crowded: HashMap::new() })
    }

    fn take(&mut self, metric: i32) -> bool {
        let left = self.left.entry(metric).or_insert(limit::SERIES);
        let free = *left > 0;
        *left -= i64::from(free);
        free
    }

    /// Where points of a series go that has no room: their crowded tag is folded. When those who
    /// lack the tag, or who have others without end, have made as many series again as
    /// [`limit::FOLDED`], all go to one.
    fn fold(&mut self, one: &Wanted, crowded: &str) -> Tags {
        let mut tags = one.tags.clone();
        if let Some(value) = tags.0.get_mut(crowded) {
            OTHER.clone_into(value);
        }
        let left = self.left.entry(one.metric).or_insert(limit::SERIES);
        let key = (one.metric, hash(&tags));
        if *left <= -limit::FOLDED && !self.folded.contains(&key) {
            return Tags::one(crowded, OTHER);
        }
        *left -= i64::from(self.folded.insert(key));
        tags
    }

    async fn crowded_tag(
        &mut self,
        db: &Db,
        tenant: TenantNumber,
        metric: i32,
        new: &[(i32, Tags)],
    ) -> Result<Option<String>, Error> {
        if let Some(tag) = self.crowded.get(&metric) {
            return Ok(tag.clone());
        }
        let sql = include_str!("series/crowded_tag.sql");
        let parameters = &[(&tenant.0 as _, Type::INT4), (&metric as _, Type::INT4)];
        let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
        let tag: Option<String> = answers[0].first().map(|row| row.get(0));
        let tag = tag.or_else(|| widest(new.iter().filter(|(of, _)| *of == metric)));
        self.crowded.insert(metric, tag.clone());
        Ok(tag)
    }
}

/// The tag with the most values among series that are yet to be made.
fn widest<'a>(new: impl Iterator<Item = &'a (i32, Tags)>) -> Option<String> {
    let mut values: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for (key, value) in new.flat_map(|(_, tags)| &tags.0) {
        values.entry(key).or_default().insert(value);
    }
    let widest = values.into_iter().max_by_key(|(_, values)| values.len());
    widest.map(|(key, _)| key.to_owned())
}

async fn find(
    db: &Db,
    tenant: TenantNumber,
    keys: impl Iterator<Item = (i32, Uuid)>,
) -> Result<HashMap<(i32, Uuid), i32>, Error> {
    let (metrics, hashes): (Vec<i32>, Vec<Uuid>) = keys.unzip();
    let sql = include_str!("series/find.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&metrics as _, Type::INT4_ARRAY),
        (&hashes as _, Type::UUID_ARRAY),
    ];
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers[0].iter().map(|row| ((row.get(1), row.get(2)), row.get(0))).collect())
}

async fn make(
    db: &Db,
    tenant: TenantNumber,
    new: &[(i32, Tags)],
) -> Result<HashMap<(i32, Uuid), i32>, Error> {
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let metrics: Vec<i32> = new.iter().map(|(metric, _)| *metric).collect();
    let tags: Vec<String> = new.iter().map(|(_, tags)| canonical(tags)).collect();
    let hashes: Vec<Uuid> = new.iter().map(|(_, tags)| hash(tags)).collect();
    let sql = include_str!("series/make.sql");
    let parameters = &[
        (&tenant.0 as _, Type::INT4),
        (&metrics as _, Type::INT4_ARRAY),
        (&tags as _, Type::TEXT_ARRAY),
        (&hashes as _, Type::UUID_ARRAY),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    find(db, tenant, new.iter().map(|(metric, tags)| (*metric, hash(tags)))).await
}

fn canonical(tags: &Tags) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "{}".to_owned())
}

fn hash(tags: &Tags) -> Uuid {
    let digest = Sha256::digest(canonical(tags).as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(first)
}
