//! What a letter is made of, as it was read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use app::{App, Failure};
use domain::calendar::{Comparison, Frequency, Grain, Range};
use domain::forecast::{Outlook, daily};
use domain::id::TenantNumber;
use domain::metric::{Aggregation, Finest, GapRule, MetricName};
use domain::question::{self, Frame, Reading, Windows};
use domain::report::{Item, Period};
use domain::tenant::Tenant;
use jiff::Timestamp;
use jiff::civil::Date;
use store::forecasts::{self, Kept};
use store::metrics::Metric;
use store::queries::{self, Answered, Question};
use store::reports::deliveries::Claimed;
use store::{access, quarantine};

/// Everything that was read for one letter.
pub(crate) struct Material {
    pub(crate) tenant: Tenant,
    pub(crate) period: Period,
    pub(crate) next: Period,
    pub(crate) as_of: Timestamp,
    /// One for each item of the report.
    pub(crate) sheets: Vec<Sheet>,
    /// Rows in the quarantine.
    pub(crate) refused_rows: i64,
}

/// What was read for one item.
pub(crate) struct Sheet {
    pub(crate) item: Item,
    /// None where a metric is not there.
    pub(crate) read: Option<Read>,
}

/// The figures of one item.
pub(crate) struct Read {
    pub(crate) of: Arc<Metric>,
    pub(crate) by: Option<Arc<Metric>>,
    pub(crate) grain: Grain,
    pub(crate) windows: Windows,
    pub(crate) answered: Answered,
    /// The newest forecast.
    pub(crate) forecast: Option<Kept>,
    /// Days of the next period that were over when the forecast was made.
    pub(crate) known: BTreeMap<Date, f64>,
}

/// The report's tenant is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no tenant {0}")]
struct NoTenant(TenantNumber);

/// No report shows more: a month has 31 days, the longest day 25 hours and more quarters.
const BUCKETS: usize = 200;

impl Material {
    /// Reads it all: the figures from one snapshot.
    pub(crate) async fn read(
        app: &App,
        number: TenantNumber,
        claimed: &Claimed,
    ) -> Result<Self, Failure> {
        let tenant = access::tenant_by_number(&app.db, number)
            .await?
            .ok_or_else(|| Failure::discard(NoTenant(number)))?;
        let frequency = claimed.schedule.frequency;
        let mut material = Self {
            period: Period::before(&tenant.calendar, frequency, claimed.due_at),
            next: Period::around(&tenant.calendar, frequency, claimed.due_at),
            as_of: app.clock.now(),
            sheets: vec![],
            refused_rows: quarantine::count(&app.db, number).await?,
            tenant,
        };
        let names: BTreeSet<&str> =
            claimed.items.iter().flat_map(Item::metrics).map(MetricName::as_str).collect();
        let metrics = queries::metrics(&app.db, number, &names).await?;
        let names: Vec<&str> = names.into_iter().collect();
        let mut forecasts: HashMap<String, Kept> =
            forecasts::latest(&app.db, number, Some(&names), None)
                .await?
                .into_iter()
                .map(|kept| (kept.metric.clone(), kept))
                .collect();
        let plans: Vec<Option<Plan>> = claimed
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let hourly = index == 0 && frequency == Frequency::Daily;
                material.plan(item, hourly, &metrics, &mut forecasts)
            })
            .collect::<Result<_, _>>()?;
        let questions: Vec<Question> =
            plans.iter().flatten().flat_map(Plan::questions).cloned().collect();
        let mut answers = queries::ask(&app.db, &material.tenant, &questions).await?.into_iter();
        for (item, plan) in claimed.items.iter().zip(plans) {
            let read = plan.and_then(|plan| plan.answered(&material.tenant, &mut answers));
            material.sheets.push(Sheet { item: item.clone(), read });
        }
        Ok(material)
    }

    fn plan(
        &self,
        item: &Item,
        hourly: bool,
        metrics: &HashMap<String, Arc<Metric>>,
        forecasts: &mut HashMap<String, Kept>,
    ) -> Result<Option<Plan>, Failure> {
        let names = item.metrics();
        let find = |index: usize| metrics.get(names.get(index)?.as_str()).cloned();
        let (Some(of), by) = (find(0), find(1)) else { return Ok(None) };
        if names.len() > 1 && by.is_none() {
            return Ok(None);
        }
        let has_hours = |metric: &Arc<Metric>| metric.declaration.finest == Finest::Hour;
        let hourly = hourly && has_hours(&of) && by.as_ref().is_none_or(has_hours);
        let (reading, gap) = match by {
            Some(_) => (Reading::Ratio, GapRule::Null),
            None => {
                let aggregation = of.declaration.aggregation;
                let gap = question::gap(of.declaration.gap, aggregation, None);
                (Reading::Aggregate(aggregation), gap.unwrap_or(GapRule::Null))
            }
        };
        let grain = if hourly { Grain::Hour } else { Grain::Day };
        let before = Comparison::Ago { count: 1, unit: self.period.grain };
        let range = self.period.range(&self.tenant.calendar.zone);
        let windows = self.windows(range, grain, Some(before))?;
        let question = Question { of, by, reading, gap, filter: None, group_by: None, windows };
        let forecast = match item {
            Item::Metric { metric, .. } => forecasts.remove(metric.as_str()),
            Item::Ratio { .. } => None,
        };
        let known = match &forecast {
            Some(Kept { origin, outlook: Outlook::Ready(_), .. }) => {
                self.known(&question, *origin)?
            }
            _ => None,
        };
        Ok(Some(Plan { question, grain, known, forecast }))
    }

    /// The days of the next period that were over when a forecast was made.
    fn known(&self, question: &Question, origin: Date) -> Result<Option<Question>, Failure> {
        let zone = &self.tenant.calendar.zone;
        let Range { from, to } = self.next.range(zone);
        let to = zone.start_of_day(origin).min(to);
        let aggregation = daily(question.of.declaration.aggregation);
        let (Some(aggregation), Ok(range)) = (aggregation, Range::new(from, to)) else {
            return Ok(None);
        };
        let windows = self.windows(range, Grain::Day, None)?;
        Ok(Some(Question { reading: Reading::Aggregate(aggregation), windows, ..question.clone() }))
    }

    fn windows(
        &self,
        range: Range,
        grain: Grain,
        comparison: Option<Comparison>,
    ) -> Result<Windows, Failure> {
        let frame = Frame {
            calendar: self.tenant.calendar.clone(),
            range,
            grain: Some(grain),
            only_complete: false,
            comparison,
            now: self.as_of,
        };
        frame.windows(BUCKETS).map_err(Failure::discard)
    }
}

/// What is to be read for one item.
struct Plan {
    question: Question,
    grain: Grain,
    known: Option<Question>,
    forecast: Option<Kept>,
}

impl Plan {
    fn questions(&self) -> impl Iterator<Item = &Question> {
        std::iter::once(&self.question).chain(&self.known)
    }

    /// Takes the answers to its questions.
    fn answered(
        self,
        tenant: &Tenant,
        answers: &mut impl Iterator<Item = Answered>,
    ) -> Option<Read> {
        let answered = answers.next()?;
        let mut known = BTreeMap::new();
        if let Some(question) = self.known {
            let values = answers.next()?.answer.whole.values;
            for (slot, value) in question.windows.main.slots.iter().zip(values) {
                known.extend(
                    value.value.map(|value| (tenant.calendar.zone.date(slot.start), value)),
                );
            }
        }
        let Question { of, by, windows, .. } = self.question;
        Some(Read { of, by, grain: self.grain, windows, answered, forecast: self.forecast, known })
    }
}

impl Read {
    /// How the metric is aggregated; None for a ratio.
    pub(crate) fn aggregation(&self) -> Option<Aggregation> {
        self.by.is_none().then_some(self.of.declaration.aggregation)
    }
}
