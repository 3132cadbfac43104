//! Questions about recorded figures: which instants they cover, where those are read from, and
//! how what was read becomes an answer.
//!
//! A question names a range. Its buckets, cut to the range, are *slots*; the slots of the range
//! are its *window*, and those of the range it is compared with another. Each window is read in
//! *runs* out of the coarsest rollups that fit, down to points where none does. What was read
//! comes back as *entries*, which [`fold`] turns into lines of figures.

mod answer;
mod figure;
mod filter;
mod source;
mod window;

#[cfg(test)]
mod tests;

use crate::metric::{Aggregation, Declaration, GapRule, Kind};

pub use answer::{Answer, Entry, Line, Lines, Part, PastLine, Place, Value, fold};
pub use figure::{Cell, Reading};
pub use filter::{Filter, FilterTooLarge, Test};
pub use source::{Kept, Run, Scan, Source};
pub use window::{Frame, Past, Slot, Window, Windows};

/// Limits of a question, in one place and published by the API.
pub mod limit {
    /// Named queries in one call.
    pub const QUERIES: usize = 20;
    /// Characters of a query's name.
    pub const NAME_CHARS: usize = 64;
    /// Buckets times groups in one reply.
    pub const FIGURES: usize = 10_000;
    /// Groups shown by name, unless the query says otherwise.
    pub const TOP_DEFAULT: u32 = 10;
    /// Groups shown by name, at most.
    pub const TOP: u32 = 100;
    /// Levels of a filter.
    pub const FILTER_DEPTH: usize = 4;
    /// Tests of tags in a filter.
    pub const FILTER_LEAVES: usize = 50;
    /// Values of one `in` or `not_in`.
    pub const FILTER_VALUES: usize = 100;
}

/// The groups of a question: one for each value of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupBy {
    /// The tag's key.
    pub tag: String,
    /// How many groups keep their name, 1 to [`limit::TOP`].
    pub top: u32,
    /// Whether the others are shown, as one.
    pub other: bool,
}

/// The aggregation means nothing for metrics of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` means nothing for a {}; choose {}",
    .aggregation.as_str(),
    .kind.as_str(),
    listed(*.kind)
)]
pub struct NotAllowed {
    aggregation: Aggregation,
    kind: Kind,
}

/// The rule does not fit the aggregation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`carry` holds a level: it fits last, avg, min and max; choose zero or null")]
pub struct NothingToCarry;

/// The aggregation asked for, or the declared one.
///
/// # Errors
/// When it means nothing for the metric's kind.
pub fn aggregation(
    declaration: &Declaration,
    asked: Option<Aggregation>,
) -> Result<Aggregation, NotAllowed> {
    let (aggregation, kind) = (asked.unwrap_or(declaration.aggregation), declaration.kind);
    if kind.allows(aggregation) { Ok(aggregation) } else { Err(NotAllowed { aggregation, kind }) }
}

/// What an empty bucket shows: what was asked for, or what was declared as far as it fits the
/// aggregation. No points are a sum of zero, but no average; and a sum is not carried on.
///
/// # Errors
/// When carrying is asked for what is no level.
pub fn gap(
    declared: GapRule,
    aggregation: Aggregation,
    asked: Option<GapRule>,
) -> Result<GapRule, NothingToCarry> {
    let level = is_level(aggregation);
    match (asked, declared) {
        (Some(GapRule::Carry), _) if !level => Err(NothingToCarry),
        (Some(asked), _) => Ok(asked),
        (None, GapRule::Zero) if level => Ok(GapRule::Null),
        (None, GapRule::Carry) if !level => Ok(GapRule::Zero),
        (None, declared) => Ok(declared),
    }
}

/// Whether the figures of parts add up to the figure of the whole.
#[must_use]
pub fn adds_up(reading: Reading) -> bool {
    matches!(reading, Reading::Aggregate(aggregation) if !is_level(aggregation))
}

impl Aggregation {
    /// Every aggregation.
    pub const ALL: [Self; 8] = [
        Self::Sum,
        Self::Count,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Last,
        Self::Rate,
        Self::Cumulative,
    ];

    /// In lower case, as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Count => "count",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Last => "last",
            Self::Rate => "rate",
            Self::Cumulative => "cumulative",
        }
    }
}

impl Kind {
    /// In lower case, as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Event => "event",
        }
    }
}

fn is_level(aggregation: Aggregation) -> bool {
    use Aggregation as A;
    matches!(aggregation, A::Avg | A::Min | A::Max | A::Last)
}

fn listed(kind: Kind) -> String {
    let allowed = Aggregation::ALL.into_iter().filter(|aggregation| kind.allows(*aggregation));
    allowed.map(Aggregation::as_str).collect::<Vec<_>>().join(", ")
}
