use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use domain::id::TenantNumber;
use domain::metric::GapRule;
use domain::question::{Answer, Entry, Filter, GroupBy, Reading, Windows, fold};
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use self::statement::{Read, Shape, Statement, figures_entry, line_entries};
use crate::metrics::Metric;
use crate::{Db, Error, Flight, Parameter};

/// Filters as SQL/JSON paths.
mod filter;
/// What is sent for a question, and the rows that come back.
mod statement;

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
    statements.sort_by_key(|(_, statement)| !statement.routine);
    let routine = statements.partition_point(|(_, statement)| statement.routine);
    let parameters: Vec<Vec<Parameter<'_>>> =
        statements.iter().map(|(_, statement)| statement.parameters()).collect();
    let flights: Vec<Flight<'_>> = statements
        .iter()
        .zip(&parameters)
        .map(|((_, statement), parameters)| Flight { sql: statement.sql, parameters })
        .collect();
    let found = db.snapshot(tenant.number, &flights, routine).await?;
    let mut entries = vec![Vec::new(); questions.len()];
    for ((index, statement), rows) in statements.iter().zip(&found) {
        match &statement.shape {
            Shape::Line { part, windows } => {
                let found = |row| line_entries(row, *part, windows);
                entries[*index].extend(rows.iter().flat_map(found));
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
        statement.routine = true;
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
