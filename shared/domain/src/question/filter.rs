use super::limit;

/// Which series count, by their tags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Those that pass every part.
    And(Vec<Filter>),
    /// Those that pass one part at least.
    Or(Vec<Filter>),
    /// Those whose tag passes the test.
    Tag {
        /// The tag's key.
        key: String,
        /// What its value must be.
        test: Test,
    },
}

/// What a tag's value must be. A series without the tag passes `Ne` and `NotIn`, so that a test
/// and its opposite share out all series.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// This value.
    Eq(String),
    /// Not this value.
    Ne(String),
    /// One of these values.
    In(Vec<String>),
    /// None of these values.
    NotIn(Vec<String>),
    /// A value with this text in it.
    Contains(String),
    /// Any value, or none.
    Exists(bool),
}

/// The filter has too many levels or tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a filter has at most {} levels and {} tests; use `in` for many values of one tag",
    limit::FILTER_DEPTH,
    limit::FILTER_LEAVES
)]
pub struct FilterTooLarge;

impl Filter {
    /// Checks depth and number of tests.
    ///
    /// # Errors
    /// When one is over its limit.
    pub fn check(&self) -> Result<(), FilterTooLarge> {
        let fits = self.depth() <= limit::FILTER_DEPTH && self.leaves() <= limit::FILTER_LEAVES;
        if fits { Ok(()) } else { Err(FilterTooLarge) }
    }

    fn depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                1 + parts.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Tag { .. } => 1,
        }
    }

    fn leaves(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::leaves).sum(),
            Self::Tag { .. } => 1,
        }
    }
}
