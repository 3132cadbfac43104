use serde::{Deserialize, Serialize};

/// Why a row was refused. Stable: a code is never reused for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not JSON, not an object, or a field of another type.
    Malformed,
    /// The metric's name is missing or misspelt.
    MetricName,
    /// The tenant has as many metrics as it may have.
    MetricLimit,
    /// The metric is declared with another kind.
    KindConflict,
    /// The metric is declared with another unit.
    UnitConflict,
    /// No value, or not a finite number.
    Value,
    /// Money that is not whole minor units.
    MinorUnits,
    /// No instant can be read, or a local time without its offset.
    At,
    /// An epoch whose unit cannot be told from its magnitude.
    AtAmbiguous,
    /// Ahead of our clock by more than ten minutes.
    AtFuture,
    /// Older than seven days, without the right to write history; or before 1970.
    AtLate,
    /// A tag's key is misspelt.
    TagKey,
    /// A tag's value is empty, too long or unprintable.
    TagValue,
    /// More than twenty tags.
    TagCount,
    /// The point's id is empty or too long.
    Id,
    /// The id was used before for another point.
    Conflict,
}

impl Code {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Malformed => "the row is not a JSON object with the documented fields",
            Self::MetricName => "send `metric`: a letter, then up to 63 of a-z, 0-9, `_` and `.`",
            Self::MetricLimit => "the tenant has 1,000 metrics; use tags instead of more names",
            Self::KindConflict => "the metric is declared with another kind; send that, or none",
            Self::UnitConflict => "the metric is declared with another unit; convert, or omit it",
            Self::Value => "send `value`: a finite number, or a decimal as a string",
            Self::MinorUnits => "send money as whole minor units, or as a decimal string",
            Self::At => "send `at` as RFC 3339 with an offset, or as an epoch; or omit it for now",
            Self::AtAmbiguous => "send the epoch in s, ms, µs or ns of a year from 1990 to 2100",
            Self::AtFuture => "the instant is over ten minutes ahead; check the sender's clock",
            Self::AtLate => {
                "the instant is over seven days old; from 1970 on, send it with ?backfill=true"
            }
            Self::TagKey => "a tag's key is a letter, then up to 63 of a-z, 0-9 and `_`",
            Self::TagValue => "a tag's value has 1 to 200 bytes and no control characters",
            Self::TagCount => "a point has at most 20 tags",
            Self::Id => "a point's id has 1 to 64 bytes",
            Self::Conflict => {
                "the id was sent with another instant, value or series; that point stands"
            }
        }
    }

    /// In snake case, as in replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::MetricName => "metric_name",
            Self::MetricLimit => "metric_limit",
            Self::KindConflict => "kind_conflict",
            Self::UnitConflict => "unit_conflict",
            Self::Value => "value",
            Self::MinorUnits => "minor_units",
            Self::At => "at",
            Self::AtAmbiguous => "at_ambiguous",
            Self::AtFuture => "at_future",
            Self::AtLate => "at_late",
            Self::TagKey => "tag_key",
            Self::TagValue => "tag_value",
            Self::TagCount => "tag_count",
            Self::Id => "id",
            Self::Conflict => "conflict",
        }
    }
}
