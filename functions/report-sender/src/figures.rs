//! What was read in, the figures of a letter out. Pure.

use domain::calendar::Grain;
use domain::forecast::{self, Outlook, SHOWN_LEVEL};
use domain::metric::{Aggregation, Unit};
use domain::question::{Slot, Value};
use domain::report::{
    Bucket, ExpectedBucket, Figures, Forecast, Headline, Item, Measure, Period, Trend,
};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use store::metrics::Metric;
use store::reports::deliveries::Claimed;

use crate::material::{Material, Read, Sheet};

/// Puts the figures of a letter together. The address is empty in a test letter.
pub(crate) fn of(material: &Material, claimed: &Claimed, unsubscribe_url: String) -> Figures {
    let tenant = &material.tenant;
    let first = material.sheets.first();
    Figures {
        tenant_name: tenant.name.clone(),
        report_name: claimed.name.clone(),
        zone: tenant.calendar.zone.name().to_owned(),
        currency: tenant.currency.code().to_owned(),
        period: material.period.clone(),
        as_of: material.as_of,
        headlines: material.sheets.iter().filter_map(|sheet| headline(material, sheet)).collect(),
        trend: first.and_then(|sheet| trend(material, sheet)),
        next_period: material.next.clone(),
        forecasts: material.sheets.iter().filter_map(|sheet| forecast(material, sheet)).collect(),
        notes: notes(material),
        late: claimed.late,
        unsubscribe_url,
        reason: match claimed.test {
            true => format!("This is a test letter that {} asked for.", tenant.name),
            false => format!("You get this because {} added your address.", tenant.name),
        },
    }
}

fn headline(material: &Material, sheet: &Sheet) -> Option<Headline> {
    let read = sheet.read.as_ref()?;
    let range = material.period.range(&material.tenant.calendar.zone);
    let whole = &read.answered.answer.whole;
    let previous = whole.past.as_ref().map(|past| past.total).unwrap_or_default();
    Some(Headline {
        metric: sheet.key(),
        label: sheet.label(),
        measure: read.measure(),
        value: read.since_first(range.to, whole.total),
        previous: read.since_first(range.from, previous),
        direction: read.of.declaration.direction,
    })
}

fn trend(material: &Material, sheet: &Sheet) -> Option<Trend> {
    let read = sheet.read.as_ref()?;
    let whole = &read.answered.answer.whole;
    let past = read.windows.past.as_ref();
    let previous = |index: usize| {
        let slot = past?.window.slots.get((*past?.pairs.get(index)?)?)?;
        read.since_first(slot.end, (*whole.past.as_ref()?.values.get(index)?)?)
    };
    let label = |slot: &Slot| {
        let wall = material.tenant.calendar.zone.wall(slot.start);
        match read.grain {
            Grain::Hour => wall.strftime("%H:%M").to_string(),
            _ => day_label(wall.date()),
        }
    };
    let slots = &read.windows.main.slots;
    let buckets: Vec<Bucket> = slots
        .iter()
        .zip(&whole.values)
        .enumerate()
        .map(|(index, (slot, value))| Bucket {
            label: label(slot),
            value: read.since_first(slot.end, *value),
            previous: previous(index),
        })
        .collect();
    let drawn = buckets.len() > 1 && buckets.iter().any(|bucket| bucket.value.is_some());
    drawn.then(|| Trend {
        metric: sheet.key(),
        label: sheet.label(),
        measure: read.measure(),
        grain: read.grain,
        buckets,
        last_incomplete: slots.last().is_some_and(|slot| !slot.complete),
        expected: if read.grain == Grain::Day { expected(material, read) } else { vec![] },
    })
}

/// The days of the next period that the forecast reaches, for a figure that is drawn by the day.
fn expected(material: &Material, read: &Read) -> Vec<ExpectedBucket> {
    let Some((forecast, _)) = read.ready() else { return vec![] };
    let bucket = |date: Date| {
        // A day that is over by now leaves no gap in what is drawn.
        let known = || read.known.get(&date).map(|value| forecast::Expected::certain(*value));
        let day = forecast.day(date).and_then(forecast::Day::shown).or_else(known)?;
        let label = day_label(date);
        Some(ExpectedBucket { label, value: day.value, lower: day.lower, upper: day.upper })
    };
    dates(&material.next).filter_map(bucket).collect()
}

fn forecast(material: &Material, sheet: &Sheet) -> Option<Forecast> {
    let read = sheet.read.as_ref()?;
    let (forecast, aggregation) = read.ready()?;
    let dates: Vec<Date> = dates(&material.next).collect();
    let is_known = |date: &&Date| forecast.day(**date).is_none();
    let known: Vec<f64> =
        dates.iter().filter(is_known).filter_map(|date| read.known.get(date).copied()).collect();
    let expected = forecast.over(&dates, |date| read.known.get(&date).copied(), aggregation)?;
    Some(Forecast {
        metric: sheet.key(),
        label: sheet.label(),
        measure: read.measure(),
        value: expected.value,
        known: (!known.is_empty() && aggregation == Aggregation::Sum).then(|| known.iter().sum()),
        lower: expected.lower,
        upper: expected.upper,
        level: SHOWN_LEVEL,
        model: forecast.model.clone(),
        mase: forecast.error.mase,
        typical_miss: forecast.error.wape,
    })
}

fn notes(material: &Material) -> Vec<String> {
    let mut notes: Vec<String> =
        material.sheets.iter().flat_map(|sheet| gaps(material, sheet)).collect();
    match material.refused_rows {
        0 => {}
        1 => notes.push("One refused row waits for repair and is not counted.".to_owned()),
        rows => notes.push(format!("{rows} refused rows wait for repair and are not counted.")),
    }
    notes
}

/// What is missing of one figure.
fn gaps(material: &Material, sheet: &Sheet) -> Vec<String> {
    let (label, noun) = (sheet.label(), material.period.noun());
    let Some(read) = &sheet.read else {
        return vec![format!("{label} is not recorded: its metric is not there.")];
    };
    let mut gaps = Vec::new();
    let zone = &material.tenant.calendar.zone;
    match read.answered.answer.last_point_at.map(|at| zone.date(at)) {
        None => gaps.push(format!("{label}: nothing was recorded in this {noun}.")),
        // One quiet day is no gap: many shops close on one.
        Some(last) if next_day(next_day(last)) <= material.period.last => {
            let last = last.strftime("%A, %-d %B");
            gaps.push(format!("{label}: nothing was recorded after {last}."));
        }
        Some(_) => {}
    }
    match read.forecast.as_ref().map(|kept| (&kept.outlook, kept.origin)) {
        Some((Outlook::Refused { reason }, _)) => {
            gaps.push(format!("There is no forecast of {label}: {reason}."));
        }
        Some((Outlook::Ready(_), origin)) if forecast(material, sheet).is_none() => {
            let origin = origin.strftime("%-d %B %Y");
            gaps.push(format!("The forecast of {label} is from {origin} and does not reach."));
        }
        _ => {}
    }
    gaps
}

impl Sheet {
    /// What tells it from the others.
    fn key(&self) -> String {
        match &self.item {
            Item::Metric { metric, .. } => metric.to_string(),
            Item::Ratio { of, by, .. } => format!("{of}/{by}"),
        }
    }

    /// Its own label, the metric's, or the metric's name as words.
    fn label(&self) -> String {
        match &self.item {
            Item::Metric { label: Some(label), .. } | Item::Ratio { label, .. } => label.clone(),
            Item::Metric { metric, label: None } => {
                let declared = self.read.as_ref().map(|read| read.of.declaration.label.as_str());
                match declared.filter(|label| !label.is_empty()) {
                    Some(label) => label.to_owned(),
                    None => words(metric.as_str()),
                }
            }
        }
    }
}

impl Read {
    /// The figure, unless the metric had no points yet: then none is not zero.
    fn since_first(&self, end: Timestamp, value: Value) -> Option<f64> {
        let began = self.answered.first_day.is_some_and(|first_day| first_day < end);
        value.value.filter(|_| began)
    }

    /// How the figure is written. A ratio of one unit is a share; one of money by a number is
    /// money.
    fn measure(&self) -> Measure {
        let number = |unit: &str| Measure::Number { unit: unit.to_owned() };
        let written = |unit: &Unit| match unit.currency() {
            Some(currency) => Measure::Money(currency),
            None => number(unit.as_str()),
        };
        let unit = |metric: &Metric| metric.declaration.unit.clone();
        let of = unit(&self.of);
        match (&self.by, self.aggregation()) {
            (Some(by), _) if unit(by) == of && !of.as_str().is_empty() => Measure::Share,
            (Some(by), _) if unit(by).currency().is_some() => number(""),
            (None, Some(Aggregation::Count)) => number(""),
            _ => written(&of),
        }
    }

    /// The forecast, and how its days add up; none for a figure of another kind than its days.
    fn ready(&self) -> Option<(&forecast::Forecast, Aggregation)> {
        let aggregation = self.aggregation().filter(|it| *it != Aggregation::Rate)?;
        match &self.forecast.as_ref()?.outlook {
            Outlook::Ready(forecast) => Some((forecast, forecast::daily(aggregation)?)),
            Outlook::Refused { .. } => None,
        }
    }
}

/// `Mon 14`.
fn day_label(date: Date) -> String {
    date.strftime("%a %-d").to_string()
}

/// `average_order_value` is `Average order value`.
fn words(name: &str) -> String {
    let words = name.replace(['_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn dates(period: &Period) -> impl Iterator<Item = Date> + use<> {
    let last = period.last;
    std::iter::successors(Some(period.first), |date| date.tomorrow().ok())
        .take_while(move |date| *date <= last)
}

fn next_day(date: Date) -> Date {
    date.saturating_add(SignedDuration::from_hours(24))
}
