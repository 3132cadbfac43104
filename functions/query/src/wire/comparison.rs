use domain::calendar::Comparison;
use domain::question::{Past, PastLine, Value};
use domain::report::{Change, NoRate};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::reply::{At, Known, edges};

/// The figures to compare with.
#[derive(Serialize, ToSchema)]
pub(super) struct ComparisonOut<'a> {
    /// As it was asked for.
    #[schema(value_type = Option<String>)]
    with: Option<Comparison>,
    /// The first instant of the range that is compared with.
    #[schema(value_type = String)]
    from: At<'a>,
    /// The first instant after it.
    #[schema(value_type = String)]
    to: At<'a>,
    /// Where it is cut, because no more time than this has passed of the question's range.
    #[schema(value_type = Option<String>)]
    cut: Option<At<'a>>,
    /// One for each bucket; none where the past has no counterpart.
    #[schema(value_type = Vec<Option<ComparedOut<'a>>>)]
    buckets: ComparedBucketsOut<'a>,
    /// The figure of the whole range.
    total: ChangeOut,
}

/// The buckets of the past, each made while it is written.
struct ComparedBucketsOut<'a>(Known<'a>, &'a Past, &'a PastLine);

// A `ChangeOut` spelled out: `flatten` goes through a map for each.
/// A bucket of the past.
#[derive(Serialize, ToSchema)]
struct ComparedOut<'a> {
    /// The first instant.
    start: &'a str,
    /// The first instant after.
    end: &'a str,
    /// The figure then.
    value: Option<f64>,
    /// The figure now less the figure then.
    delta_abs: Option<f64>,
    /// The same in percent of the figure then.
    delta_pct: Option<f64>,
    /// Why there is no percentage: `no_value`, `no_base`, `base_is_zero` or `base_is_negative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// A figure of the past, and the change since.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangeOut {
    /// The figure then.
    pub(super) value: Option<f64>,
    /// The figure now less the figure then.
    pub(super) delta_abs: Option<f64>,
    /// The same in percent of the figure then.
    pub(super) delta_pct: Option<f64>,
    /// Why there is no percentage: `no_value`, `no_base`, `base_is_zero` or `base_is_negative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
}

impl<'a> ComparisonOut<'a> {
    /// How the figures of an answer have changed.
    pub(super) fn of(known: Known<'a>, past: &'a Past, line: &'a PastLine) -> Self {
        let at = |at: Timestamp| At(at, known.zone());
        let whole = &known.answered.answer.whole;
        Self {
            with: known.asked.compare,
            from: at(past.range.from),
            to: at(past.range.to),
            cut: past.cut.map(at),
            buckets: ComparedBucketsOut(known, past, line),
            total: ChangeOut::of(&whole.total, &line.total),
        }
    }
}

impl Serialize for ComparedBucketsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(known, past, line) = self;
        let edges = edges(&past.window.slots, known.zone());
        let whole = &known.answered.answer.whole;
        serializer.collect_seq((0..known.slots().len()).map(|index| {
            let at = past.pairs.get(index).copied()??;
            let edges = edges.get(at..at + 2)?;
            let base = line.values.get(index).copied()??;
            let ChangeOut { value, delta_abs, delta_pct, reason } =
                ChangeOut::of(whole.values.get(index)?, &base);
            let (start, end) = (&edges[0], &edges[1]);
            Some(ComparedOut { start, end, value, delta_abs, delta_pct, reason })
        }))
    }
}

impl ChangeOut {
    pub(super) fn of(value: &Value, base: &Value) -> Self {
        let change = Change::between(value.value, base.value);
        let reason = change.relative.err().map(|reason| match reason {
            NoRate::NoValue => "no_value",
            NoRate::NoPrevious => "no_base",
            NoRate::PreviousZero => "base_is_zero",
            NoRate::PreviousNegative => "base_is_negative",
        });
        Self {
            value: base.value,
            delta_abs: change.absolute,
            delta_pct: change.relative.ok().map(|share| share * 100.0),
            reason,
        }
    }
}
