use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use domain::calendar::{Range, Zone};
use domain::id::TenantNumber;
use domain::metric::{Aggregation, Finest, GapRule};
use domain::question::{
    Answer, Cell, Entry, Filter, GroupBy, Kept, Part, Place, Reading, Scan, Source, Test, Windows,
    fold,
};
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::metrics::Metric;
use crate::{Db, Error, Flight, Parameter};

/// A question whose metrics are known.
#[derive(Clone, Debug)]
pub struct Question {
    /// The metric.
    pub of: Arc<Metric>,
    /// Of a ratio: the metric it is divided by.
    pub by: Option<Arc<Metric>>,
    /// How what is read becomes a figure.
    pub reading: Reading,
    /// What a slot without points shows.
    pub gap: GapRule,
    /// Which series count.
    pub filter: Option<Filter>,
    /// Into which groups they fall.
    pub group_by: Option<GroupBy>,
    /// Over which instants.
    pub windows: Windows,
}

/// What a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The figures.
    pub answer: Answer,
    /// The first day on which the metric has points: before it, none means that it did not exist.
    /// It may lag by ten seconds.
    pub first_day: Option<Timestamp>,
}

/// First days are looked up again after this.
const FIRST_DAY_REMEMBERED: Duration = Duration::from_secs(10);
const FIRST_DAYS: usize = 10_000;

/// Finds metrics by name, lately met ones without asking; those that are not there are left out.
///
/// # Errors
/// What Postgres answers.
pub async fn metrics(
    db: &Db,
    tenant: TenantNumber,
    names: &BTreeSet<&str>,
) -> Result<HashMap<String, Arc<Metric>>, Error> {
    let mut known: HashMap<String, Arc<Metric>> = HashMap::new();
    let mut unknown = Vec::new();
    for name in names {
        match db.dictionary().metric(tenant, name) {
            Some(metric) => drop(known.insert(metric.name.clone(), metric)),
            None => unknown.push(*name),
        }
    }
    if !unknown.is_empty() {
        for metric in crate::metrics::find(db, tenant, &unknown).await? {
            let metric = Arc::new(metric);
            db.dictionary().keep_metric(tenant, metric.clone());
            known.insert(metric.name.clone(), metric);
        }
    }
    Ok(known)
}

/// Answers questions, all in one round trip and from one snapshot, in their order.
///
/// # Errors
/// What Postgres answers.
pub async fn ask(db: &Db, tenant: &Tenant, questions: &[Question]) -> Result<Vec<Answered>, Error> {
    let mut statements: Vec<(usize, Statement)> = Vec::new();
    for (index, question) in questions.iter().enumerate() {
        let wanted = Read::of(question, &tenant.calendar.zone).statements(tenant.number);
        statements.extend(wanted.into_iter().map(|statement| (index, statement)));
    }
    let mut first_days = FirstDays::known(db, questions);
    statements.extend(first_days.statement(tenant.number).map(|wanted| (usize::MAX, wanted)));
    let parameters: Vec<Vec<Parameter<'_>>> =
        statements.iter().map(|(_, statement)| statement.parameters()).collect();
    let flights: Vec<Flight<'_>> = statements
        .iter()
        .zip(&parameters)
        .map(|((_, statement), parameters)| Flight { sql: statement.sql, parameters })
        .collect();
    let found = db.snapshot(tenant.number, &flights).await?;
    let mut entries = vec![Vec::new(); questions.len()];
    for ((index, statement), rows) in statements.iter().zip(&found) {
        match statement.shape {
            Shape::Line { part, past } => {
                entries[*index].extend(rows.iter().map(|row| line_entry(row, part, past)));
            }
            Shape::Figures => entries[*index].extend(rows.iter().map(figures_entry)),
            Shape::FirstDays => first_days.learn(db, rows),
        }
    }
    let answered = |(question, entries): (&Question, Vec<Entry>)| Answered {
        answer: fold(&question.windows, question.reading, question.gap, entries),
        first_day: first_days.of(question),
    };
    Ok(questions.iter().zip(entries).map(answered).collect())
}

/// A statement that owns its parameters.
struct Statement {
    sql: &'static str,
    shape: Shape,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

/// What a statement answers.
#[derive(Clone, Copy)]
enum Shape {
    Line { part: Part, past: bool },
    Figures,
    FirstDays,
}

/// What to read for one question.
struct Read<'a> {
    question: &'a Question,
    main: Scan,
    past: Option<Scan>,
}

impl<'a> Read<'a> {
    fn of(question: &'a Question, zone: &Zone) -> Self {
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

    /// Whether the newest values are wanted.
    fn newest(&self) -> bool {
        self.question.gap == GapRule::Carry
            || self.question.reading == Reading::Aggregate(Aggregation::Last)
    }

    /// One plain statement for each metric and window where each is read from one rollup;
    /// otherwise one statement that does everything.
    fn statements(&self, tenant: TenantNumber) -> Vec<Statement> {
        let windows: Vec<(bool, &Scan)> = std::iter::once((false, &self.main))
            .chain(self.past.iter().map(|past| (true, past)))
            .filter(|(_, scan)| !scan.starts.is_empty())
            .collect();
        let plain = self.question.group_by.as_ref().is_none()
            && windows
                .iter()
                .all(|(_, scan)| scan.single_run().is_some_and(|run| run.source != Source::Point));
        if !plain {
            return vec![self.figures(tenant)];
        }
        let parts = [Part::Of, Part::By].into_iter().zip(self.metrics());
        parts
            .flat_map(|(part, metric)| {
                windows
                    .iter()
                    .filter_map(move |(past, scan)| self.line(tenant, (part, metric), *past, scan))
            })
            .collect()
    }

    fn line(
        &self,
        tenant: TenantNumber,
        (part, metric): (Part, i32),
        past: bool,
        scan: &Scan,
    ) -> Option<Statement> {
        let run = scan.single_run()?;
        let sql = match run.source {
            Source::Day => include_str!("queries/days.sql"),
            Source::Hour | Source::Point => include_str!("queries/hours.sql"),
        };
        let mut statement = Statement::new(sql, Shape::Line { part, past });
        statement
            .with(tenant.0, Type::INT4)
            .with(metric, Type::INT4)
            .with(self.question.filter.as_ref().map(path), Type::TEXT)
            .with(run.range.from, Type::TIMESTAMPTZ)
            .with(run.range.to, Type::TIMESTAMPTZ)
            .with(scan.starts.clone(), Type::TIMESTAMPTZ_ARRAY)
            .with(self.newest(), Type::BOOL);
        Some(statement)
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
        let mut statement = Statement::new(include_str!("queries/figures.sql"), Shape::Figures);
        statement
            .with(tenant.0, Type::INT4)
            .with(self.metrics(), Type::INT4_ARRAY)
            .with(self.question.filter.as_ref().map(path), Type::TEXT)
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
            .with(top, Type::INT4);
        statement
    }
}

impl Statement {
    fn new(sql: &'static str, shape: Shape) -> Self {
        Self { sql, shape, values: Vec::new() }
    }

    fn with(&mut self, value: impl ToSql + Sync + Send + 'static, kind: Type) -> &mut Self {
        self.values.push((Box::new(value), kind));
        self
    }

    fn parameters(&self) -> Vec<Parameter<'_>> {
        self.values
            .iter()
            .map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
            .collect()
    }
}

/// The first days of the metrics of some questions.
#[derive(Default)]
struct FirstDays {
    known: HashMap<i32, Timestamp>,
    wanted: Vec<i32>,
}

impl FirstDays {
    fn known(db: &Db, questions: &[Question]) -> Self {
        let remembered = db.dictionary().first_days.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first_days = Self::default();
        for metric in questions.iter().map(|question| question.of.id) {
            match remembered.get(&metric) {
                Some((day, since)) if since.elapsed() < FIRST_DAY_REMEMBERED => {
                    first_days.known.insert(metric, *day);
                }
                _ if first_days.wanted.contains(&metric) => {}
                _ => first_days.wanted.push(metric),
            }
        }
        first_days
    }

    fn statement(&self, tenant: TenantNumber) -> Option<Statement> {
        if self.wanted.is_empty() {
            return None;
        }
        let sql = include_str!("queries/first_days.sql");
        let mut statement = Statement::new(sql, Shape::FirstDays);
        statement.with(tenant.0, Type::INT4).with(self.wanted.clone(), Type::INT4_ARRAY);
        Some(statement)
    }

    fn learn(&mut self, db: &Db, rows: &[Row]) {
        let mut remembered =
            db.dictionary().first_days.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() + rows.len() > FIRST_DAYS {
            remembered.clear();
        }
        for row in rows {
            let (metric, day): (i32, Timestamp) = (row.get(0), row.get(1));
            self.known.insert(metric, day);
            remembered.insert(metric, (day, Instant::now()));
        }
    }

    fn of(&self, question: &Question) -> Option<Timestamp> {
        self.known.get(&question.of.id).copied()
    }
}

fn line_entry(row: &Row, part: Part, past: bool) -> Entry {
    Entry { place: Place::Rest, past, slot: slot(row), part, cell: cell(row) }
}

fn figures_entry(row: &Row) -> Entry {
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

/// A filter as an SQL/JSON path over the tags: so it is a parameter like any other.
fn path(filter: &Filter) -> String {
    match filter {
        Filter::And(parts) => joined(parts, " && "),
        Filter::Or(parts) => joined(parts, " || "),
        Filter::Tag { key, test } => {
            let tag = format!("$.{}", quoted(key));
            let any = |values: &[String]| {
                let tests = values.iter().map(|value| format!("{tag} == {}", quoted(value)));
                tests.collect::<Vec<_>>().join(" || ")
            };
            match test {
                Test::Eq(value) => format!("({tag} == {})", quoted(value)),
                Test::Ne(value) => format!("(!({tag} == {}))", quoted(value)),
                Test::In(values) => format!("({})", any(values)),
                Test::NotIn(values) => format!("(!({}))", any(values)),
                Test::Contains(text) => format!("({tag} like_regex {} flag \"q\")", quoted(text)),
                Test::Exists(true) => format!("(exists({tag}))"),
                Test::Exists(false) => format!("(!exists({tag}))"),
            }
        }
    }
}

fn joined(parts: &[Filter], by: &str) -> String {
    format!("({})", parts.iter().map(path).collect::<Vec<_>>().join(by))
}

/// Strings of a path are written as in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
