use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The time, or another one: for tests, and for a demo that lives on the day after its data.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Always this instant.
    Fixed(Timestamp),
    /// The machine's, moved by so much.
    Moved(SignedDuration),
}

impl Clock {
    /// A clock that shows this instant now, and runs on.
    #[must_use]
    pub fn starting_at(at: Timestamp) -> Self {
        Self::Moved(at.duration_since(Self::System.now()))
    }

    /// The current instant.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where time is read")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => *at,
            Self::Moved(by) => Timestamp::now().saturating_add(*by).unwrap_or(Timestamp::MAX),
        }
    }

    /// The current instant and some time more, or the last instant there is.
    #[must_use]
    pub fn after(&self, duration: Duration) -> Timestamp {
        self.now().checked_add(duration).unwrap_or(Timestamp::MAX)
    }
}
