use std::collections::BTreeMap;
use std::fmt;

use domain::calendar::Grain;
use domain::metric::{Aggregation, GapRule, Unit};
use domain::question::{self, Line, Part, Place, Reading, Slot, Value};
use domain::tenant::Tenant;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};
use store::queries::{Answered, Question};
use utoipa::ToSchema;

use super::ask::Asked;
use super::comparison::{ChangeOut, ComparisonOut};

/// The figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplyOut<'a> {
    /// The instant of the snapshot that all answers are from.
    #[schema(value_type = String, example = "2026-11-21T07:00:00Z")]
    as_of: Timestamp,
    /// One for each query, by its name.
    answers: BTreeMap<&'a str, AnswerOut<'a>>,
}

/// The answer to one query.
#[derive(Serialize, ToSchema)]
struct AnswerOut<'a> {
    /// The same for the same question about the same instants.
    query_id: String,
    /// The metric; or of a ratio, the one above the line.
    metric: &'a str,
    /// Of a ratio: the metric below the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    /// None for a ratio.
    #[schema(value_type = Option<String>)]
    aggregation: Option<Aggregation>,
    /// Of the values; money is in minor units.
    unit: String,
    /// The first instant of the range.
    #[schema(value_type = String)]
    from: At<'a>,
    /// The first instant after the range.
    #[schema(value_type = String)]
    to: At<'a>,
    /// Whose days and weeks.
    zone: &'a str,
    /// The width of the buckets; none means one bucket over the range.
    #[schema(value_type = Option<String>)]
    grain: Option<Grain>,
    /// What buckets without points show.
    #[schema(value_type = String)]
    gap: GapRule,
    /// The newest point in the range.
    #[schema(value_type = Option<String>)]
    last_point_at: Option<At<'a>>,
    /// The first day with points of the metric: before it, none means that it did not exist.
    #[schema(value_type = Option<String>)]
    first_seen: Option<At<'a>>,
    /// Every bucket of the range, with the figures of all groups together.
    #[schema(value_type = Vec<BucketOut<'a>>)]
    buckets: BucketsOut<'a>,
    /// The figure of the whole range.
    total: ValueOut,
    /// The groups: the greatest first, then all others, then the series without the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupOut<'a>>>,
    /// What the range is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<ComparisonOut<'a>>,
    /// What a reader must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// The buckets of an answer. There may be thousands, so each is made while it is written.
struct BucketsOut<'a>(Known<'a>);

// A `ValueOut` spelled out: `flatten` goes through a map for each.
/// One bucket, cut to the range.
#[derive(Serialize, ToSchema)]
struct BucketOut<'a> {
    /// The first instant.
    start: &'a str,
    /// The first instant after.
    end: &'a str,
    /// The whole bucket is in the range and over.
    complete: bool,
    /// How much of it is in the range and over, 0 to 1.
    elapsed: f64,
    /// None: not known, or not begun.
    value: Option<f64>,
    /// No point is in the bucket: the last known value is carried on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    filled: bool,
    /// Of a ratio: the sum above the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<f64>,
    /// Of a ratio: the sum below the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<f64>,
}

/// One figure.
#[derive(Serialize, ToSchema)]
struct ValueOut {
    /// None: not known, or not begun.
    value: Option<f64>,
    /// No point is in the bucket: the last known value is carried on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    filled: bool,
    /// Of a ratio: the sum above the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<f64>,
    /// Of a ratio: the sum below the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<f64>,
}

/// One group of series.
#[derive(Serialize, ToSchema)]
struct GroupOut<'a> {
    /// `value`, `other` for all that are not among the greatest, `none` for series without the
    /// tag.
    group: &'static str,
    /// The tag's value, of a group `value`.
    name: Option<&'a str>,
    /// One for each bucket.
    values: Vec<ValueOut>,
    /// The figure of the whole range.
    total: ValueOut,
    /// One for each bucket, where there is a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Vec<Option<ChangeOut>>>,
    /// The figure of the whole range, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_total: Option<ChangeOut>,
}

/// An instant, written with the offset of the question's zone.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(pub(super) Timestamp, pub(super) &'a TimeZone);

/// A question and all that is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Who asks.
    pub(crate) tenant: &'a Tenant,
    /// What was asked.
    pub(crate) asked: &'a Asked,
    /// What that means.
    pub(crate) question: &'a Question,
    /// What it is answered.
    pub(crate) answered: &'a Answered,
}

impl<'a> ReplyOut<'a> {
    /// Writes all answers.
    pub(crate) fn of(now: Timestamp, known: &[Known<'a>]) -> Self {
        let answers = known.iter().map(|known| (known.asked.name.as_str(), known.answer()));
        Self { as_of: now, answers: answers.collect() }
    }
}

impl<'a> Known<'a> {
    pub(super) fn zone(&self) -> &'a TimeZone {
        self.asked.frame.calendar.zone.time_zone()
    }

    pub(super) fn slots(&self) -> &'a [Slot] {
        &self.question.windows.main.slots
    }

    /// The groups that are shown.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'a (Place, Line)> + use<'a> {
        let other = self.question.group_by.as_ref().is_some_and(|group_by| group_by.other);
        let groups = self.question.group_by.as_ref().map(|_| self.answered.answer.groups.iter());
        groups.into_iter().flatten().filter(move |(place, _)| other || *place != Place::Other)
    }

    fn answer(self) -> AnswerOut<'a> {
        let (asked, question, answer) = (self.asked, self.question, &self.answered.answer);
        let at = |at: Timestamp| At(at, self.zone());
        let grouped = question.group_by.is_some();
        AnswerOut {
            query_id: self.query_id(),
            metric: &asked.of,
            by: asked.by.as_deref(),
            aggregation: match question.reading {
                Reading::Aggregate(aggregation) => Some(aggregation),
                Reading::Ratio => None,
            },
            unit: self.unit(),
            from: at(asked.frame.range.from),
            to: at(asked.frame.range.to),
            zone: asked.frame.calendar.zone.name(),
            grain: asked.frame.grain,
            gap: question.gap,
            last_point_at: answer.last_point_at.map(at),
            first_seen: self.answered.first_day.map(at),
            buckets: BucketsOut(self),
            total: ValueOut::of(&answer.whole.total),
            groups: grouped.then(|| self.groups().map(GroupOut::of).collect()),
            comparison: question
                .windows
                .past
                .as_ref()
                .zip(answer.whole.past.as_ref())
                .map(|(past, line)| ComparisonOut::of(self, past, line)),
            note: (grouped && !question::adds_up(question.reading))
                .then_some("the groups do not add up to the whole: this figure is no sum"),
        }
    }

    fn unit(&self) -> String {
        let of = &self.question.of.declaration.unit;
        match (self.question.reading, &self.question.by) {
            (Reading::Aggregate(Aggregation::Count), _) => String::new(),
            (Reading::Aggregate(Aggregation::Rate), _) => format!("{}/s", of.as_str()),
            (Reading::Aggregate(_), _) | (Reading::Ratio, None) => of.as_str().to_owned(),
            (Reading::Ratio, Some(by)) if by.declaration.unit == *of => String::new(),
            (Reading::Ratio, Some(by)) if by.declaration.unit == Unit::default() => {
                of.as_str().to_owned()
            }
            (Reading::Ratio, Some(by)) => {
                format!("{}/{}", of.as_str(), by.declaration.unit.as_str())
            }
        }
    }
}

impl Serialize for BucketsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(known) = self;
        let edges = edges(known.slots(), known.zone());
        let values = &known.answered.answer.whole.values;
        let all = known.slots().iter().zip(values).zip(edges.windows(2));
        serializer.collect_seq(all.map(|((slot, value), edges)| {
            let ValueOut { value, filled, of, by } = ValueOut::of(value);
            let (start, end) = (&edges[0], &edges[1]);
            let Slot { complete, elapsed, .. } = *slot;
            BucketOut { start, end, complete, elapsed, value, filled, of, by }
        }))
    }
}

impl ValueOut {
    fn of(value: &Value) -> Self {
        let part = |wanted: Part| {
            value.parts.map(|(of, by)| match wanted {
                Part::Of => of,
                Part::By => by,
            })
        };
        Self { value: value.value, filled: value.filled, of: part(Part::Of), by: part(Part::By) }
    }
}

impl<'a> GroupOut<'a> {
    fn of((place, line): &'a (Place, Line)) -> Self {
        let (group, name) = named(place);
        let change = |(value, base): (&Value, &Option<Value>)| {
            base.as_ref().map(|base| ChangeOut::of(value, base))
        };
        let past = line.past.as_ref();
        Self {
            group,
            name,
            values: line.values.iter().map(ValueOut::of).collect(),
            total: ValueOut::of(&line.total),
            compared: past.map(|past| line.values.iter().zip(&past.values).map(change).collect()),
            compared_total: past.map(|past| ChangeOut::of(&line.total, &past.total)),
        }
    }
}

/// Where slots begin, and where the last one ends. They touch, so each instant is written once;
/// the offset is looked up again where it changes.
pub(super) fn edges(slots: &[Slot], zone: &TimeZone) -> Vec<String> {
    let (mut offset, mut changes) = (Offset::UTC, Timestamp::MIN);
    let edge = |at: Timestamp| {
        if at >= changes {
            offset = zone.to_offset(at);
            changes = zone.following(at).next().map_or(Timestamp::MAX, |next| next.timestamp());
        }
        at.display_with_offset(offset).to_string()
    };
    let starts = slots.iter().map(|slot| slot.start);
    starts.chain(slots.last().map(|slot| slot.end)).map(edge).collect()
}

/// What a group is, and its name.
pub(super) fn named(place: &Place) -> (&'static str, Option<&str>) {
    match place {
        Place::Top { value, .. } => ("value", Some(value)),
        Place::Other => ("other", None),
        Place::Rest => ("none", None),
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display_with_offset(self.1.to_offset(self.0)).fmt(f)
    }
}

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
