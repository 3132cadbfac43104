use std::collections::BTreeMap;

use app::Problem;
use domain::metric::{Aggregation, Declaration, Direction, Finest, GapRule, Kind, Unit};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::metrics::Metric;
use store::series::Series;
use utoipa::ToSchema;

/// What is to be known of a metric.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclarationIn {
    /// `counter` (amounts that add up), `gauge` (a level) or `event` (things that happen).
    #[schema(value_type = String, example = "counter")]
    kind: Kind,
    /// A currency code for money (values are then whole minor units), or a short word.
    #[serde(default)]
    #[schema(example = "EUR")]
    unit: String,
    /// How a bucket becomes one figure: `sum`, `count`, `avg`, `min`, `max`, `last`, `rate`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "sum")]
    aggregation: Option<Aggregation>,
    /// What a bucket without points shows: `zero`, `null` or `carry`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "zero")]
    gap: Option<GapRule>,
    /// Which way is good: `up`, `down` or `neutral`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "up")]
    direction: Option<Direction>,
    /// `hour`, or `day` for metrics with very many series.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "hour")]
    finest: Option<Finest>,
    /// For people, at most 100 characters.
    #[serde(default)]
    label: String,
}

/// A metric.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricOut {
    name: String,
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = String)]
    unit: Unit,
    #[schema(value_type = String)]
    aggregation: Aggregation,
    #[schema(value_type = String)]
    gap: GapRule,
    #[schema(value_type = String)]
    direction: Direction,
    #[schema(value_type = String)]
    finest: Finest,
    label: String,
    /// Made on first sight and not yet confirmed by anybody.
    draft: bool,
}

/// Metrics, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricsOut {
    pub(crate) metrics: Vec<MetricOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Series of a metric.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesOut {
    pub(crate) series: Vec<OneSeriesOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i32>,
}

/// One series.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneSeriesOut {
    id: i32,
    tags: BTreeMap<String, String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// The tags of a metric, the one with the most values first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagsOut {
    pub(crate) tags: Vec<TagOut>,
}

/// A tag of a metric.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagOut {
    pub(crate) key: String,
    /// Different values.
    pub(crate) values: i64,
    /// Series that have the tag.
    pub(crate) series: i64,
}

/// The values of a tag, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagValuesOut {
    pub(crate) values: Vec<TagValueOut>,
}

/// A value of a tag.
#[derive(Serialize, ToSchema)]
pub(crate) struct TagValueOut {
    pub(crate) value: String,
    /// Series that have it.
    pub(crate) series: i64,
}

impl TryFrom<DeclarationIn> for Declaration {
    type Error = Problem;

    fn try_from(wire: DeclarationIn) -> Result<Self, Problem> {
        let unit = Unit::try_from(wire.unit)
            .map_err(|error| Problem::invalid("unit", error.to_string()))?;
        if wire.label.chars().count() > 100 || wire.label.chars().any(char::is_control) {
            return Err(Problem::invalid("label", "a label has at most 100 printable characters"));
        }
        let usual = Self::draft(wire.kind, unit);
        let aggregation = wire.aggregation.unwrap_or(usual.aggregation);
        if !wire.kind.allows(aggregation) || aggregation == Aggregation::Cumulative {
            return Err(Problem::invalid(
                "aggregation",
                "a counter is summed, a gauge shows its last, avg, min or max, an event any",
            ));
        }
        Ok(Self {
            aggregation,
            gap: wire.gap.unwrap_or(usual.gap),
            direction: wire.direction.unwrap_or(usual.direction),
            finest: wire.finest.unwrap_or(usual.finest),
            label: wire.label,
            draft: false,
            ..usual
        })
    }
}

impl From<Metric> for MetricOut {
    fn from(metric: Metric) -> Self {
        let Declaration { kind, unit, aggregation, gap, direction, finest, label, draft } =
            metric.declaration;
        Self { name: metric.name, kind, unit, aggregation, gap, direction, finest, label, draft }
    }
}

impl From<Series> for OneSeriesOut {
    fn from(series: Series) -> Self {
        Self { id: series.id, tags: series.tags.0, created_at: series.created_at }
    }
}
