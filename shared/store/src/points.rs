use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use domain::calendar::{Calendar, Grain, HourIndex, Zone};
use domain::id::TenantNumber;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, Parameter, Tx, one_row};

/// One point of a known series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Which series.
    pub series: i32,
    /// When, to the millisecond.
    pub at: Timestamp,
    /// How much; of money: minor units.
    pub value: f64,
    /// Whether hours are kept of its metric, or days only.
    pub hourly: bool,
}

/// Points in columns, sorted by series and time, with what they add to the rollups.
pub struct Columns {
    runs: Runs,
    hours: Rollup,
    days: Rollup,
}

/// Points of one series and one UTC day each, in columns: `count` of them, in the two long
/// columns, from the one at `first` on, where 1 is the first of all.
#[derive(Default)]
struct Runs {
    series: Vec<i32>,
    day: Vec<Date>,
    first: Vec<i32>,
    count: Vec<i32>,
    offsets_ms: Vec<i32>,
    values: Vec<f64>,
    /// The UTC day of the last run, by number from 1970 on.
    last_day: i64,
}

/// Rollup rows in columns, sorted, so that two writers never wait for each other in a circle.
#[derive(Default)]
struct Rollup {
    series: Vec<i32>,
    bucket: Vec<Timestamp>,
    n: Vec<i64>,
    sum: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
    last: Vec<f64>,
    last_at: Vec<Timestamp>,
}

/// The parameters of the statements that write [`Columns`].
pub struct Parameters<'a> {
    is_empty: bool,
    runs: [Parameter<'a>; 7],
    hours: Option<[Parameter<'a>; 9]>,
    days: [Parameter<'a>; 9],
}

/// Thousands of given rows against thousands of points: a planner that believes in a few of
/// either would compare each with each. Joins that have no other plan then look so dear that
/// they would be compiled first, which takes a second.
const PLAN_BY_HASH: Flight<'static> =
    Flight { sql: include_str!("points/plan_by_hash.sql"), parameters: &[] };
const PLAN_FREELY: Flight<'static> =
    Flight { sql: include_str!("points/plan_freely.sql"), parameters: &[] };

impl Columns {
    /// Sorts points and adds them up by the hours and days of the tenant's zone.
    #[must_use]
    pub fn of(mut points: Vec<Point>, zone: &Zone) -> Self {
        points.sort_by_key(|point| (point.series, point.at));
        let mut index = HourIndex::new(zone.clone());
        let mut columns =
            Self { runs: Runs::default(), hours: Rollup::default(), days: Rollup::default() };
        columns.runs.offsets_ms.reserve_exact(points.len());
        columns.runs.values.reserve_exact(points.len());
        for point in &points {
            columns.runs.add(point);
            let (hour, day) = index.hour_and_day(point.at);
            if point.hourly {
                columns.hours.add(point, hour);
            }
            columns.days.add(point, day);
        }
        columns
    }

    /// The Mondays of the points: each must have its partition.
    fn mondays(&self) -> BTreeSet<Date> {
        self.runs.day.iter().map(|day| monday(*day)).collect()
    }

    /// The parameters of the statements that write these columns.
    #[must_use]
    pub fn parameters<'a>(&'a self, tenant: &'a TenantNumber) -> Parameters<'a> {
        Parameters {
            is_empty: self.runs.values.is_empty(),
            runs: [
                (&tenant.0, Type::INT4),
                (&self.runs.series, Type::INT4_ARRAY),
                (&self.runs.day, Type::DATE_ARRAY),
                (&self.runs.first, Type::INT4_ARRAY),
                (&self.runs.count, Type::INT4_ARRAY),
                (&self.runs.offsets_ms, Type::INT4_ARRAY),
                (&self.runs.values, Type::FLOAT8_ARRAY),
            ],
            hours: (!self.hours.series.is_empty()).then(|| self.hours.parameters(tenant)),
            days: self.days.parameters(tenant),
        }
    }
}

impl<'a> Parameters<'a> {
    /// The statements that write the points and their rollups, the rollups last: their rows are
    /// shared by many writers and stay locked until the commit.
    #[must_use]
    pub fn flights(&'a self) -> Vec<Flight<'a>> {
        if self.is_empty {
            return Vec::new();
        }
        let runs = Flight { sql: include_str!("points/append.sql"), parameters: &self.runs };
        let hours = self
            .hours
            .as_ref()
            .map(|parameters| Flight { sql: include_str!("points/roll_hour.sql"), parameters });
        let days = Flight { sql: include_str!("points/roll_day.sql"), parameters: &self.days };
        std::iter::once(runs).chain(hours).chain(std::iter::once(days)).collect()
    }
}

/// Makes the partitions of these points, where this process does not know them to be there.
///
/// # Errors
/// What Postgres answers.
pub async fn ensure_weeks(db: &Db, tenant: TenantNumber, columns: &Columns) -> Result<(), Error> {
    for monday in columns.mondays() {
        let known = &db.dictionary().weeks;
        if known.lock().unwrap_or_else(PoisonError::into_inner).contains(&monday) {
            continue;
        }
        let sql = include_str!("points/ensure_week.sql");
        let parameters = &[(&monday as _, Type::DATE)];
        db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
        known.lock().unwrap_or_else(PoisonError::into_inner).insert(monday);
    }
    Ok(())
}

/// Forgets which partitions are there: one is not.
pub fn forget_weeks(db: &Db) {
    db.dictionary().weeks.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Locks the series of these points against others who remove points: they wait, and then find
/// what we have left. Comes before any rollup is locked.
///
/// # Errors
/// What Postgres answers.
pub(crate) async fn lock_series(
    tx: &Tx,
    tenant: TenantNumber,
    points: &[Point],
) -> Result<(), Error> {
    let series: Vec<i32> = points.iter().map(|point| point.series).collect();
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&series, Type::INT4_ARRAY)];
    tx.query(include_str!("points/lock_series.sql"), parameters).await.map(drop)
}

/// Removes one equal point for each of these, wherever it rests, and rebuilds the buckets they
/// were in. Answers how many were found.
///
/// # Errors
/// What Postgres answers.
pub async fn remove(
    tx: &Tx,
    tenant: TenantNumber,
    calendar: &Calendar,
    points: &[Point],
) -> Result<usize, Error> {
    let days: Vec<(Date, i32)> = points.iter().map(|point| day_and_offset(point.at)).collect();
    let dates: Vec<Date> = days.iter().map(|(day, _)| *day).collect();
    let (Some(first), Some(last)) = (dates.iter().min(), dates.iter().max()) else {
        return Ok(0);
    };
    let series: Vec<i32> = points.iter().map(|point| point.series).collect();
    lock_series(tx, tenant, points).await?;
    let offsets_ms: Vec<i32> = days.iter().map(|(_, offset_ms)| *offset_ms).collect();
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&series, Type::INT4_ARRAY),
        (&dates, Type::DATE_ARRAY),
        (&offsets_ms, Type::INT4_ARRAY),
        (&values, Type::FLOAT8_ARRAY),
        (first, Type::DATE),
        (last, Type::DATE),
    ];
    let remove = Flight { sql: include_str!("points/remove.sql"), parameters };
    let mut answers = tx.pipeline(&[PLAN_BY_HASH, remove, PLAN_FREELY]).await?;
    let removed: i64 = one_row(answers.swap_remove(1), "count of points")?.get(0);
    rebuild(tx, tenant, calendar, points).await?;
    Ok(usize::try_from(removed).unwrap_or(0))
}

/// Computes the rollups of the buckets that these points are in anew, from all points there.
async fn rebuild(
    tx: &Tx,
    tenant: TenantNumber,
    calendar: &Calendar,
    points: &[Point],
) -> Result<(), Error> {
    for (grain, unroll, reroll) in [
        (
            Grain::Hour,
            include_str!("points/unroll_hour.sql"),
            include_str!("points/reroll_hour.sql"),
        ),
        (Grain::Day, include_str!("points/unroll_day.sql"), include_str!("points/reroll_day.sql")),
    ] {
        let touched: BTreeMap<(i32, Timestamp), Timestamp> = points
            .iter()
            .filter(|point| point.hourly || grain == Grain::Day)
            .map(|point| {
                let bucket = calendar.bucket_of(point.at, grain);
                ((point.series, bucket.start), bucket.end)
            })
            .collect();
        let (Some(from), Some(to)) =
            (touched.keys().map(|(_, start)| *start).min(), touched.values().max().copied())
        else {
            continue;
        };
        let series: Vec<i32> = touched.keys().map(|(series, _)| *series).collect();
        let starts: Vec<Timestamp> = touched.keys().map(|(_, start)| *start).collect();
        let ends: Vec<Timestamp> = touched.values().copied().collect();
        let all: [Parameter<'_>; 6] = [
            (&tenant.0, Type::INT4),
            (&series, Type::INT4_ARRAY),
            (&starts, Type::TIMESTAMPTZ_ARRAY),
            (&ends, Type::TIMESTAMPTZ_ARRAY),
            (&from, Type::TIMESTAMPTZ),
            (&to, Type::TIMESTAMPTZ),
        ];
        tx.pipeline(&[
            Flight { sql: unroll, parameters: &all[..3] },
            PLAN_BY_HASH,
            Flight { sql: reroll, parameters: &all },
            PLAN_FREELY,
        ])
        .await?;
    }
    Ok(())
}

impl Runs {
    fn add(&mut self, point: &Point) {
        let (number, offset_ms) = day_number_and_offset(point.at);
        self.offsets_ms.push(offset_ms);
        self.values.push(point.value);
        match self.count.last_mut() {
            Some(count) if self.series.last() == Some(&point.series) && self.last_day == number => {
                *count += 1;
            }
            _ => {
                self.series.push(point.series);
                self.day.push(day_and_offset(point.at).0);
                self.first.push(i32::try_from(self.values.len()).unwrap_or(i32::MAX));
                self.count.push(1);
                self.last_day = number;
            }
        }
    }
}

impl Rollup {
    fn add(&mut self, point: &Point, bucket: Timestamp) {
        let end = self.series.len();
        if end == 0 || self.series[end - 1] != point.series || self.bucket[end - 1] != bucket {
            self.series.push(point.series);
            self.bucket.push(bucket);
            self.n.push(1);
            self.sum.push(point.value);
            self.min.push(point.value);
            self.max.push(point.value);
            self.last.push(point.value);
            self.last_at.push(point.at);
            return;
        }
        let row = end - 1;
        self.n[row] += 1;
        self.sum[row] += point.value;
        self.min[row] = self.min[row].min(point.value);
        self.max[row] = self.max[row].max(point.value);
        self.last[row] = point.value;
        self.last_at[row] = point.at;
    }

    fn parameters<'a>(&'a self, tenant: &'a TenantNumber) -> [Parameter<'a>; 9] {
        [
            (&tenant.0, Type::INT4),
            (&self.series, Type::INT4_ARRAY),
            (&self.bucket, Type::TIMESTAMPTZ_ARRAY),
            (&self.n, Type::INT8_ARRAY),
            (&self.sum, Type::FLOAT8_ARRAY),
            (&self.min, Type::FLOAT8_ARRAY),
            (&self.max, Type::FLOAT8_ARRAY),
            (&self.last, Type::FLOAT8_ARRAY),
            (&self.last_at, Type::TIMESTAMPTZ_ARRAY),
        ]
    }
}

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The UTC day, by number from 1970 on, and the milliseconds since its midnight.
fn day_number_and_offset(at: Timestamp) -> (i64, i32) {
    let at_ms = at.as_millisecond();
    let offset_ms = i32::try_from(at_ms.rem_euclid(DAY_MS)).expect("a day has fewer than 2^31 ms");
    (at_ms.div_euclid(DAY_MS), offset_ms)
}

fn day_and_offset(at: Timestamp) -> (Date, i32) {
    (at.to_zoned(TimeZone::UTC).date(), day_number_and_offset(at).1)
}

fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}
