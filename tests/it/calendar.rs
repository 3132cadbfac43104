//! Every zone of the bundled database, every change of its offset from 2015 to 2030, every
//! grain: buckets are what walking along the wall clock finds, and so partition time.
//!
//! The reference shares nothing with the calendar. It only asks a zone for its offset at single
//! instants, walks by the minute or the quarter hour, and cuts where the wall enters another
//! hour, day, week, month or year.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::calendar::{Bucket, Calendar, Grain, HourIndex, Range, Weekday, Zone};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Time in whole minutes since 1970 UTC: what offsets and their changes are made of since 2015.
type Minute = i64;

/// The offset of a zone in minutes, and since when; in order.
type Wall = Vec<(Minute, i64)>;

const HOUR: Minute = 60;
const DAY: Minute = 24 * HOUR;

/// 2013-01-01, so long before what is swept that every bucket has its start.
const WALL_FIRST: Minute = 15_706 * DAY;
/// 2032-06-01, after the end of every bucket.
const WALL_END: Minute = 22_797 * DAY;
/// 2015-01-01
const SWEEP_FIRST: Minute = 16_436 * DAY;
/// 2031-01-01
const SWEEP_END: Minute = 22_280 * DAY;

#[test]
fn buckets_of_every_zone_are_what_walking_along_the_wall_clock_finds() {
    let names: Vec<_> = TimeZoneDatabase::bundled().available().map(|it| it.to_string()).collect();
    assert!(names.len() > 590, "the bundled database has only {} zones", names.len());
    let walls =
        in_parallel(&names, |name| wall(&TimeZoneDatabase::bundled().get(name).unwrap(), name));
    let mut zones_of_wall = BTreeMap::<Wall, Vec<Zone>>::new();
    for (wall, name) in walls.into_iter().zip(&names) {
        zones_of_wall.entry(wall).or_default().push(Zone::parse(name).unwrap());
    }
    let groups: Vec<_> = zones_of_wall.into_iter().collect();
    let swept = in_parallel(&groups, |(wall, zones)| sweep(wall, zones));
    assert_eq!(swept.iter().sum::<usize>(), names.len());
}

/// Holds the zones that share a wall clock against it.
fn sweep(wall: &Wall, zones: &[Zone]) -> usize {
    let (monday, sunday) = (Weekday(civil::Weekday::Monday), Weekday(civil::Weekday::Sunday));
    let tenants = [
        (monday, 4, &Grain::ALL[..]),
        (sunday, 2, &[Grain::Week, Grain::FiscalQuarter, Grain::FiscalYear]),
    ];
    let days = days(wall);
    for (week_start, fiscal_year_start_month, grains) in tenants {
        let calendar =
            |zone: &Zone| Calendar { zone: zone.clone(), week_start, fiscal_year_start_month };
        for grain in grains.iter().copied().filter(|grain| grain.width_seconds().is_none()) {
            let expected = periods(&days, &calendar(&zones[0]), grain);
            // Other names of the zone are the same data: they answer for the changes alone.
            assert_buckets(&calendar(&zones[0]), grain, (SWEEP_FIRST, SWEEP_END), &expected);
            for zone in zones {
                assert_instants(&calendar(zone), grain, wall, &expected);
            }
        }
    }
    for grain in [Grain::QuarterHour, Grain::Hour] {
        for around in changes(wall) {
            let window = (around - DAY, around + DAY);
            let expected = slots(wall, window, grain);
            for zone in zones {
                let calendar = Calendar { zone: zone.clone(), ..Calendar::default() };
                assert_buckets(&calendar, grain, window, &expected);
                for at in instants(around) {
                    assert_bucket(&calendar, grain, at, &expected);
                }
            }
        }
    }
    for zone in zones {
        assert_index(zone, wall);
    }
    zones.len()
}

/// The buckets of a range touch, and are those expected that overlap it.
fn assert_buckets(
    calendar: &Calendar,
    grain: Grain,
    (from, to): (Minute, Minute),
    expected: &[Minute],
) {
    let range = Range::new(instant(from), instant(to)).expect("it begins before it ends");
    let found = calendar.buckets(range, grain, usize::MAX).expect("there is no limit");
    let name = calendar.zone.name();
    assert!(found.iter().all(|bucket| bucket.start < bucket.end), "{name} {grain}");
    assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start), "{name} {grain}");
    let first = expected.partition_point(|edge| *edge <= from) - 1;
    let end = expected.partition_point(|edge| *edge < to);
    let edges = found.iter().map(|bucket| bucket.start).chain(found.last().map(|last| last.end));
    let edges: Vec<_> = edges.map(minute).collect();
    assert_eq!(edges, expected[first..=end], "{name} {grain}");
}

fn assert_instants(calendar: &Calendar, grain: Grain, wall: &Wall, expected: &[Minute]) {
    for around in changes(wall) {
        for at in instants(around) {
            assert_bucket(calendar, grain, at, expected);
        }
    }
}

fn assert_bucket(calendar: &Calendar, grain: Grain, at: Timestamp, expected: &[Minute]) {
    let found = calendar.bucket_of(at, grain);
    let next = expected.partition_point(|edge| *edge * 60 <= at.as_second());
    let [start, end] = [expected[next - 1], expected[next]].map(instant);
    assert_eq!(found, Bucket { start, end }, "{} {grain} {at}", calendar.zone.name());
    assert!(found.start <= at && at < found.end);
}

fn assert_index(zone: &Zone, wall: &Wall) {
    let calendar = Calendar { zone: zone.clone(), ..Calendar::default() };
    let mut index = HourIndex::new(zone.clone());
    for around in changes(wall) {
        for at in instants(around) {
            let expected = [Grain::Hour, Grain::Day].map(|it| calendar.bucket_of(at, it).start);
            assert_eq!(<[_; 2]>::from(index.hour_and_day(at)), expected, "{} {at}", zone.name());
        }
    }
}

/// When the offset changes in the years swept; a day like any other where it never does.
fn changes(wall: &Wall) -> Vec<Minute> {
    let swept = SWEEP_FIRST..SWEEP_END;
    let changes: Vec<_> =
        wall[1..].iter().map(|(at, _)| *at).filter(|at| swept.contains(at)).collect();
    if changes.is_empty() { vec![SWEEP_FIRST + 2_000 * DAY] } else { changes }
}

/// Instants near a change, out of order.
fn instants(around: Minute) -> impl Iterator<Item = Timestamp> {
    let minutes = [0, -31, 61, 1 - DAY];
    minutes.into_iter().flat_map(move |minutes| {
        let second = (around + minutes) * 60;
        [(second, 0), (second - 1, 999_999_999)].map(|(second, nanosecond)| {
            Timestamp::new(second, nanosecond).expect("2015 to 2030 is in range")
        })
    })
}

/// Asks a zone for its offset once a week, and closes in on each change.
fn wall(zone: &TimeZone, name: &str) -> Wall {
    let offset = |minute: Minute| {
        let seconds = i64::from(zone.to_offset(instant(minute)).seconds());
        assert_eq!(seconds % (15 * 60), 0, "{name} is off the quarter hour");
        seconds / 60
    };
    let mut wall = vec![(WALL_FIRST, offset(WALL_FIRST))];
    for week in (WALL_FIRST..WALL_END).step_by(7 * 1_440) {
        let week_end = week + 7 * DAY;
        while let (since, before) = wall[wall.len() - 1]
            && offset(week_end) != before
        {
            let (mut same, mut other) = (week.max(since), week_end);
            while other - same > 1 {
                let middle = i64::midpoint(same, other);
                *if offset(middle) == before { &mut same } else { &mut other } = middle;
            }
            wall.push((other, offset(other)));
        }
    }
    let mut offset = zone.to_offset(instant(WALL_FIRST));
    let listed = zone
        .following(instant(WALL_FIRST))
        .take_while(|change| change.timestamp() <= instant(WALL_END))
        .filter(|change| std::mem::replace(&mut offset, change.offset()) != change.offset());
    let listed: Vec<_> = listed.map(|change| minute(change.timestamp())).collect();
    let found: Vec<_> = wall[1..].iter().map(|(at, _)| *at).collect();
    assert_eq!(found, listed, "{name}: changes found and changes listed");
    wall
}

/// A walk by steps from multiples of the step, and onto every change; with the offset there.
fn walk(
    wall: &Wall,
    (from, to): (Minute, Minute),
    step: Minute,
    mut visit: impl FnMut(Minute, i64),
) {
    for (index, (since, offset)) in wall.iter().enumerate() {
        let until = wall.get(index + 1).map_or(to, |(next, _)| to.min(*next));
        let mut minute = from.max(*since);
        while minute < until {
            visit(minute, *offset);
            minute = (minute / step + 1) * step;
        }
    }
}

/// The first minute of every local day, with its number since 1970. A day the wall falls back
/// into does not begin again, and a day the wall skips never begins.
fn days(wall: &Wall) -> Vec<(Minute, i64)> {
    let mut days = Vec::new();
    let mut latest = i64::MIN;
    walk(wall, (WALL_FIRST, WALL_END), 15, |minute, offset| {
        let day = (minute + offset) / DAY;
        if day > latest {
            latest = day;
            days.push((minute, day));
        }
    });
    // The walk began in the middle of its first day.
    days.split_off(1)
}

/// The minutes at which a day begins that is in another period than the day before.
fn periods(days: &[(Minute, i64)], calendar: &Calendar, grain: Grain) -> Vec<Minute> {
    let fiscal = i64::from(calendar.fiscal_year_start_month) - 1;
    // The first day of 1970 was a Thursday.
    let week_shift = if calendar.week_start.0 == civil::Weekday::Monday { 3 } else { 4 };
    let mut edges = Vec::new();
    let mut latest = None;
    let mut months = Months::default();
    for (minute, day) in days {
        let month = months.number(*day);
        let period = match grain {
            Grain::Week => (day + week_shift).div_euclid(7),
            Grain::Month => month,
            Grain::Quarter => month.div_euclid(3),
            Grain::Year => month.div_euclid(12),
            Grain::FiscalQuarter => (month - fiscal).div_euclid(3),
            Grain::FiscalYear => (month - fiscal).div_euclid(12),
            _ => *day,
        };
        if latest.replace(period).is_some_and(|latest| latest != period) {
            edges.push(*minute);
        }
    }
    edges
}

/// Counts months since January 1970 along ascending days.
#[derive(Default)]
struct Months {
    number: i64,
    first_day: i64,
}

impl Months {
    fn number(&mut self, day: i64) -> i64 {
        while day >= self.first_day + self.length() {
            self.first_day += self.length();
            self.number += 1;
        }
        self.number
    }

    fn length(&self) -> i64 {
        let year = 1970 + self.number / 12;
        match self.number % 12 {
            1 if year % 4 == 0 => 29,
            1 => 28,
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        }
    }
}

/// The minutes at which the wall enters another hour or quarter hour, or changes its offset.
fn slots(wall: &Wall, (from, to): (Minute, Minute), grain: Grain) -> Vec<Minute> {
    let width = if grain == Grain::Hour { 60 } else { 15 };
    let mut edges = Vec::new();
    let mut latest = None;
    walk(wall, (from - 2 * HOUR, to + 2 * HOUR), 1, |minute, offset| {
        let slot = (offset, (minute + offset) / width);
        if latest.replace(slot).is_some_and(|latest| latest != slot) {
            edges.push(minute);
        }
    });
    edges
}

fn instant(minute: Minute) -> Timestamp {
    Timestamp::from_second(minute * 60).expect("2013 to 2032 is in range")
}

fn minute(at: Timestamp) -> Minute {
    assert_eq!((at.as_second() % 60, at.subsec_nanosecond()), (0, 0), "{at} is within a minute");
    at.as_second() / 60
}

/// Maps a list on every core, in order.
fn in_parallel<T: Sync, R: Send>(items: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        let mut done = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            done.push((index, map(item)));
        }
        done
    };
    let mut results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no zone fails")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
