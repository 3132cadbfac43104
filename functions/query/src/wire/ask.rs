use std::collections::BTreeMap;

use app::Problem;
use domain::calendar::{Calendar, Comparison, Grain, Preset, Range, Zone};
use domain::metric::{Aggregation, GapRule};
use domain::question::{Filter, Frame, GroupBy, limit};
use domain::sales::Ratio;
use domain::tenant::Tenant;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;

use super::filter::{FilterIn, tag_key};

/// Questions, each under a name of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionsIn {
    /// 1 to 20 queries by name. A name has up to 64 letters, digits, `_`, `-` and `.`.
    queries: BTreeMap<String, QueryIn>,
}

/// One question: a `metric` or a `ratio` over a `range`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueryIn {
    /// The metric. Unless you have declared them, `average_order_value` and `conversion_rate` are
    /// the ratios of revenue by orders and of orders by carts.
    #[schema(example = "revenue")]
    metric: Option<String>,
    /// Instead of a metric: the sum of one by the sum of another, at every level.
    ratio: Option<RatioIn>,
    /// `sum`, `count`, `avg`, `min`, `max`, `last`, `rate` or `cumulative`; as declared unless
    /// given.
    #[schema(value_type = Option<String>, example = "sum")]
    aggregation: Option<Aggregation>,
    /// Over which time.
    range: RangeIn,
    /// `15min`, `hour`, `day`, `week`, `month`, `quarter`, `year`, `fiscal_quarter` or
    /// `fiscal_year`; one bucket over the range unless given.
    #[schema(value_type = Option<String>, example = "day")]
    grain: Option<Grain>,
    /// An IANA zone; the tenant's unless given.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// Which series count; all unless given.
    filter: Option<FilterIn>,
    /// Into which groups they fall.
    group_by: Option<GroupByIn>,
    /// `previous`, `year` (52 weeks at the grain `week`) or `weekday_year`: over as much time as
    /// has passed.
    #[schema(value_type = Option<String>, example = "previous")]
    compare: Option<Comparison>,
    /// Leave out buckets that are not over or that the range cuts.
    #[serde(default)]
    only_complete: bool,
    /// What a bucket without points shows: `zero`, `null` or `carry`; as declared unless given.
    #[schema(value_type = Option<String>, example = "zero")]
    gap: Option<GapRule>,
}

/// Two metrics, the first divided by the second.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatioIn {
    /// The metric above the line.
    #[schema(example = "revenue")]
    of: String,
    /// The metric below the line.
    #[schema(example = "orders")]
    by: String,
}

/// From when up to, but without, when; or a preset.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RangeIn {
    /// An RFC 3339 instant, or a date: its first instant in the zone.
    #[schema(example = "2026-11-01")]
    from: Option<String>,
    /// The first instant after the range, likewise.
    #[schema(example = "2026-12-01")]
    to: Option<String>,
    /// `today`, `yesterday`, `wtd`, `mtd`, `qtd`, `ytd`, `fytd` run up to tomorrow; `7d`, `8w`,
    /// `12m`, `last_week`, `last_month`, `last_quarter`, `last_year` are complete periods.
    #[schema(value_type = Option<String>, example = "mtd")]
    preset: Option<Preset>,
}

/// A group for each value of a tag.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupByIn {
    /// The tag's key.
    #[schema(example = "country")]
    tag: String,
    /// How many groups keep their name, 1 to 100: the greatest over both compared ranges.
    #[serde(default = "top_default")]
    top: u32,
    /// Whether all others are shown as one group.
    #[serde(default = "other_default")]
    other: bool,
}

/// A question that was checked, except for what the metrics' declarations say.
pub(crate) struct Asked {
    /// Under which name.
    pub(crate) name: String,
    /// The metric.
    pub(crate) of: String,
    /// Of a ratio: the metric it is divided by.
    pub(crate) by: Option<String>,
    /// As it was asked for.
    pub(crate) aggregation: Option<Aggregation>,
    /// Over which instants.
    pub(crate) frame: Frame,
    /// The word that was given for the comparison.
    pub(crate) compare: Option<Comparison>,
    /// Which series count.
    pub(crate) filter: Option<Filter>,
    /// Into which groups they fall.
    pub(crate) group_by: Option<GroupBy>,
    /// As it was asked for.
    pub(crate) gap: Option<GapRule>,
}

/// The years a range may lie in.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

impl QuestionsIn {
    /// Checks all that can be checked without the metrics.
    pub(crate) fn check(self, tenant: &Tenant, now: Timestamp) -> Result<Vec<Asked>, Problem> {
        if self.queries.is_empty() || self.queries.len() > limit::QUERIES {
            let most = limit::QUERIES;
            return Err(Problem::invalid("queries", format!("send 1 to {most} named queries")));
        }
        self.queries.into_iter().map(|(name, query)| query.check(name, tenant, now)).collect()
    }
}

impl QueryIn {
    fn check(self, name: String, tenant: &Tenant, now: Timestamp) -> Result<Asked, Problem> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > limit::NAME_CHARS || !name.chars().all(plain) {
            return Err(Problem::invalid(
                "queries",
                "a query's name has 1 to 64 letters, digits, `_`, `-` and `.`",
            ));
        }
        let field = |field: &str| format!("queries.{name}.{field}");
        let (of, by) = match (self.metric, self.ratio) {
            (Some(metric), None) => (metric, None),
            (None, Some(ratio)) => (ratio.of, Some(ratio.by)),
            _ => {
                return Err(Problem::invalid(
                    field("metric"),
                    "give exactly one of `metric` and `ratio`",
                ));
            }
        };
        if by.as_ref() == Some(&of) {
            return Err(Problem::invalid(
                field("ratio.by"),
                "a metric by itself is always 1; divide by another",
            ));
        }
        if by.is_some() && self.aggregation.is_some() {
            return Err(Problem::invalid(
                field("aggregation"),
                "a ratio divides sums; leave the aggregation out",
            ));
        }
        if by.is_some() && self.gap.is_some() {
            return Err(Problem::invalid(
                field("gap"),
                "a ratio is null where it would divide by zero; leave the gap rule out",
            ));
        }
        let zone = self.zone.unwrap_or_else(|| tenant.calendar.zone.clone());
        let calendar = Calendar { zone, ..tenant.calendar.clone() };
        let comparison = match (self.compare, self.range.preset) {
            (Some(Comparison::Previous), Some(preset)) => Some(preset.previous()),
            (compare, _) => compare,
        };
        let frame = Frame {
            range: self.range.check(&calendar, now, &field("range"))?,
            grain: self.grain,
            only_complete: self.only_complete,
            comparison,
            now,
            calendar,
        };
        Ok(Asked {
            of,
            by,
            aggregation: self.aggregation,
            frame,
            compare: self.compare,
            filter: self.filter.map(|filter| filter.check(&field("filter"))).transpose()?,
            group_by: self
                .group_by
                .map(|group_by| group_by.check(&field("group_by")))
                .transpose()?,
            gap: self.gap,
            name,
        })
    }
}

impl RangeIn {
    fn check(self, calendar: &Calendar, now: Timestamp, field: &str) -> Result<Range, Problem> {
        let range = match (self.preset, self.from, self.to) {
            (Some(preset), None, None) => calendar.resolve(preset, now),
            (None, Some(from), Some(to)) => {
                let from = instant(&from, calendar, &format!("{field}.from"))?;
                let to = instant(&to, calendar, &format!("{field}.to"))?;
                Range::new(from, to).map_err(|error| Problem::invalid(field, error.to_string()))?
            }
            _ => {
                return Err(Problem::invalid(
                    field,
                    "give `from` and `to`, or a `preset` such as 30d or mtd",
                ));
            }
        };
        Ok(range)
    }
}

impl GroupByIn {
    fn check(self, field: &str) -> Result<GroupBy, Problem> {
        tag_key(&self.tag, &format!("{field}.tag"))?;
        if self.top == 0 || self.top > limit::TOP {
            let most = limit::TOP;
            return Err(Problem::invalid(format!("{field}.top"), format!("give 1 to {most}")));
        }
        Ok(GroupBy { tag: self.tag, top: self.top, other: self.other })
    }
}

impl Asked {
    /// The path of a field of this question.
    pub(crate) fn field(&self, field: &str) -> String {
        format!("queries.{}.{field}", self.name)
    }

    /// The metrics it names, and those of the ratio that it may mean.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &str> {
        let meant = self.ratio().into_iter();
        let meant = meant.flat_map(|it| [it.numerator.name(), it.denominator.name()]);
        std::iter::once(self.of.as_str()).chain(self.by.as_deref()).chain(meant)
    }

    /// Asks for the ratio of this name, if every shop has one.
    pub(crate) fn divide(&mut self) {
        if let Some(ratio) = self.ratio() {
            self.of = ratio.numerator.name().to_owned();
            self.by = Some(ratio.denominator.name().to_owned());
        }
    }

    fn ratio(&self) -> Option<&'static Ratio> {
        let plain = self.by.is_none() && self.aggregation.is_none() && self.gap.is_none();
        Ratio::ALL.iter().find(|ratio| plain && ratio.name == self.of)
    }
}

/// An instant, or the first one of a date.
fn instant(text: &str, calendar: &Calendar, field: &str) -> Result<Timestamp, Problem> {
    let read = match text.parse::<Timestamp>() {
        Ok(at) => Some(at),
        Err(_) if text.len() == "2026-01-01".len() => {
            text.parse::<Date>().ok().map(|date| calendar.zone.start_of_day(date))
        }
        Err(_) => None,
    };
    read.filter(|at| YEARS.contains(&calendar.zone.wall(*at).year())).ok_or_else(|| {
        Problem::invalid(
            field,
            "give an RFC 3339 instant with its offset, or a date such as 2026-01-01, of the \
             years 1970 to 2199",
        )
    })
}

fn top_default() -> u32 {
    limit::TOP_DEFAULT
}

fn other_default() -> bool {
    true
}
