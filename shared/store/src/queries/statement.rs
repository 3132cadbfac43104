use std::sync::Arc;

use domain::calendar::{Range, Zone};
use domain::id::TenantNumber;
use domain::metric::{Aggregation, Finest, GapRule};
use domain::question::{Cell, Entry, Filter, Kept, Part, Place, Reading, Run, Scan, Source};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::Question;
use super::filter::{certain, rest};
use crate::Parameter;
use crate::metrics::Metric;

/// A statement that owns its parameters.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) shape: Shape,
    /// Whether its plan is the same whatever is asked: rollups are read by their index, series by
    /// series.
    pub(super) routine: bool,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

/// What a statement answers.
pub(super) enum Shape {
    Line { part: Part, windows: Vec<Aim> },
    Figures,
    FirstDays,
}

/// What to read for one question.
pub(super) struct Read<'a> {
    question: &'a Question,
    main: Scan,
    past: Option<Scan>,
}

impl<'a> Read<'a> {
    pub(super) fn of(question: &'a Question, zone: &Zone) -> Self {
        let hourly = |metric: &Arc<Metric>| metric.declaration.finest == Finest::Hour;
        let hours = hourly(&question.of) && question.by.as_ref().is_none_or(hourly);
        let kept = Kept { zone: zone.clone(), hours };
        let carries = question.gap == GapRule::Carry;
        let windows = &question.windows;
        Self {
            question,
            main: Scan::of(&windows.main, &kept, carries),
            past: windows.past.as_ref().map(|past| Scan::of(&past.window, &kept, carries)),
        }
    }

    fn metrics(&self) -> Vec<i32> {
        std::iter::once(&self.question.of).chain(&self.question.by).map(|one| one.id).collect()
    }

    /// Whether the smallest and greatest values are wanted. What is not wanted costs time.
    fn extremes(&self) -> bool {
        let wanted = [Aggregation::Min, Aggregation::Max].map(Reading::Aggregate);
        wanted.contains(&self.question.reading)
    }

    /// Whether the newest values are wanted.
    fn newest(&self) -> bool {
        self.question.gap == GapRule::Carry
            || self.question.reading == Reading::Aggregate(Aggregation::Last)
    }

    /// Plain statements where each window is read from one rollup, one for each metric;
    /// otherwise one statement that does everything.
    pub(super) fn statements(&self, tenant: TenantNumber) -> Vec<Statement> {
        let windows: Option<Vec<Sweep>> = std::iter::once((false, &self.main))
            .chain(self.past.iter().map(|past| (true, past)))
            .filter(|(_, scan)| !scan.starts.is_empty())
            .map(|(past, scan)| Sweep::of(past, scan))
            .collect();
        let Some(mut sweeps) = windows.filter(|_| self.question.group_by.is_none()) else {
            return vec![self.figures(tenant)];
        };
        if let [main, past] = sweeps.as_slice()
            && let Some(both) = main.with(past)
        {
            sweeps = vec![both];
        }
        let parts = [Part::Of, Part::By].into_iter().zip(self.metrics());
        parts
            .flat_map(|part| sweeps.iter().map(move |sweep| self.line(tenant, part, sweep)))
            .collect()
    }

    fn line(&self, tenant: TenantNumber, (part, metric): (Part, i32), sweep: &Sweep) -> Statement {
        let sql = match (sweep.run.source, &self.question.filter) {
            (Source::Day, None) => include_str!("days.sql"),
            (Source::Day, Some(_)) => include_str!("days_of_some.sql"),
            (Source::Hour | Source::Point, None) => include_str!("hours.sql"),
            (Source::Hour | Source::Point, Some(_)) => include_str!("hours_of_some.sql"),
        };
        let mut statement =
            Statement::new(sql, Shape::Line { part, windows: sweep.windows.clone() });
        statement
            .with(tenant.0, Type::INT4)
            .with(metric, Type::INT4)
            .with(sweep.run.range.from, Type::TIMESTAMPTZ)
            .with(sweep.run.range.to, Type::TIMESTAMPTZ)
            .with(sweep.edges.clone(), Type::TIMESTAMPTZ_ARRAY)
            .with(self.newest(), Type::BOOL)
            .with(self.extremes(), Type::BOOL);
        if let Some(filter) = &self.question.filter {
            statement.routine = true;
            statement.with(rest(filter), Type::TEXT).with_certain(Some(filter));
        }
        statement
    }

    fn figures(&self, tenant: TenantNumber) -> Statement {
        let nothing = Scan::default();
        let past = self.past.as_ref().unwrap_or(&nothing);
        let runs: Vec<(Source, bool, Range)> = [(false, &self.main), (true, past)]
            .into_iter()
            .flat_map(|(past, scan)| scan.runs.iter().map(move |run| (run.source, past, run.range)))
            .collect();
        let source = |source: &Source| match source {
            Source::Day => 0,
            Source::Hour => 1,
            Source::Point => 2,
        };
        let column = |of: fn(&Range) -> Timestamp| -> Vec<Timestamp> {
            runs.iter().map(|(_, _, range)| of(range)).collect()
        };
        let sources: Vec<i32> = runs.iter().map(|(from, ..)| source(from)).collect();
        let pasts: Vec<bool> = runs.iter().map(|(_, past, _)| *past).collect();
        let mut statement = Statement::new(include_str!("figures.sql"), Shape::Figures);
        statement
            .with(tenant.0, Type::INT4)
            .with(self.metrics(), Type::INT4_ARRAY)
            .with(self.question.filter.as_ref().and_then(rest), Type::TEXT)
            .with(self.question.group_by.as_ref().map(|group_by| group_by.tag.clone()), Type::TEXT)
            .with(sources, Type::INT4_ARRAY)
            .with(pasts, Type::BOOL_ARRAY)
            .with(column(|range| range.from), Type::TIMESTAMPTZ_ARRAY)
            .with(column(|range| range.to), Type::TIMESTAMPTZ_ARRAY);
        for wanted in [Source::Day, Source::Hour, Source::Point] {
            let ranges = || runs.iter().filter(|(from, ..)| *from == wanted).map(|run| run.2);
            statement
                .with(ranges().map(|range| range.from).min(), Type::TIMESTAMPTZ)
                .with(ranges().map(|range| range.to).max(), Type::TIMESTAMPTZ);
        }
        let rank_by = match self.question.reading {
            Reading::Aggregate(aggregation) => aggregation,
            Reading::Ratio => Aggregation::Sum,
        };
        let top = self
            .question
            .group_by
            .as_ref()
            .map_or(0, |group_by| i32::try_from(group_by.top).unwrap_or(0));
        statement
            .with(self.main.before, Type::TIMESTAMPTZ)
            .with(past.before, Type::TIMESTAMPTZ)
            .with(self.main.starts.clone(), Type::TIMESTAMPTZ_ARRAY)
            .with(past.starts.clone(), Type::TIMESTAMPTZ_ARRAY)
            .with(self.newest(), Type::BOOL)
            .with(rank_by.as_str(), Type::TEXT)
            .with(top, Type::INT4)
            .with(self.extremes(), Type::BOOL)
            .with_certain(self.question.filter.as_ref());
        statement
    }
}

/// A stretch of one rollup, and the windows it serves.
struct Sweep {
    run: Run,
    /// Where rollups are added up: at the starts of the only window's slots.
    edges: Option<Vec<Timestamp>>,
    windows: Vec<Aim>,
}

/// A window that rows go into.
#[derive(Clone)]
pub(super) struct Aim {
    past: bool,
    range: Range,
    starts: Vec<Timestamp>,
}

impl Sweep {
    fn of(past: bool, scan: &Scan) -> Option<Self> {
        let run = scan.single_run().filter(|run| run.source != Source::Point)?;
        let starts = scan.starts.clone();
        let edges = scan.is_coarse().then(|| starts.clone());
        Some(Self { run, edges, windows: vec![Aim { past, range: run.range, starts }] })
    }

    /// One sweep over both, unless much between them would be read for nothing.
    fn with(&self, other: &Self) -> Option<Self> {
        let (one, two) = (self.run.range, other.run.range);
        let range = Range { from: one.from.min(two.from), to: one.to.max(two.to) };
        let hours = |range: Range| range.to.duration_since(range.from).as_hours();
        let near = 2 * hours(range) <= 3 * (hours(one) + hours(two));
        let fine = self.edges.is_none() && other.edges.is_none();
        (near && fine && self.run.source == other.run.source).then(|| Self {
            run: Run { source: self.run.source, range },
            edges: None,
            windows: [&self.windows[..], &other.windows[..]].concat(),
        })
    }
}

impl Statement {
    pub(super) fn new(sql: &'static str, shape: Shape) -> Self {
        Self { sql, shape, routine: false, values: Vec::new() }
    }

    pub(super) fn with(
        &mut self,
        value: impl ToSql + Sync + Send + 'static,
        kind: Type,
    ) -> &mut Self {
        self.values.push((Box::new(value), kind));
        self
    }

    /// The tag that a filter insists on, and its values.
    fn with_certain(&mut self, filter: Option<&Filter>) -> &mut Self {
        let (key, values) = filter.and_then(certain).unzip();
        self.with(key.map(str::to_owned), Type::TEXT)
            .with(values.map(<[String]>::to_vec), Type::TEXT_ARRAY)
    }

    pub(super) fn parameters(&self) -> Vec<Parameter<'_>> {
        self.values
            .iter()
            .map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
            .collect()
    }
}

/// What a row of a rollup, or of several added up, is in each window that its start is in.
pub(super) fn line_entries(row: &Row, part: Part, windows: &[Aim]) -> impl Iterator<Item = Entry> {
    let (at, cell): (Timestamp, Cell) = (row.get(0), cell(row));
    windows.iter().filter(move |window| window.range.contains(at)).map(move |window| {
        let slot = window.starts.partition_point(|start| *start <= at).checked_sub(1);
        Entry { place: Place::Rest, past: window.past, slot, part, cell }
    })
}

pub(super) fn figures_entry(row: &Row) -> Entry {
    let place = match (row.get::<_, i32>(9), row.get(10)) {
        (1.., Some(value)) => Place::Top { rank: row.get::<_, i32>(9).unsigned_abs(), value },
        (-1, _) => Place::Rest,
        _ => Place::Other,
    };
    let part = if row.get::<_, i32>(7) == 1 { Part::Of } else { Part::By };
    Entry { place, past: row.get(8), slot: slot(row), part, cell: cell(row) }
}

/// Slots are counted from 1; 0 is the time before the window.
fn slot(row: &Row) -> Option<usize> {
    usize::try_from(row.get::<_, i32>(0)).ok()?.checked_sub(1)
}

fn cell(row: &Row) -> Cell {
    let newest: Option<Vec<f64>> = row.get(6);
    Cell {
        n: row.get(1),
        sum: row.get::<_, Option<f64>>(2).unwrap_or(0.0),
        min: row.get::<_, Option<f64>>(3).unwrap_or(f64::INFINITY),
        max: row.get::<_, Option<f64>>(4).unwrap_or(f64::NEG_INFINITY),
        last_at: row.get(5),
        newest: newest.and_then(|newest| newest.try_into().ok()),
    }
}
