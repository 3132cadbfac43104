use jiff::{SignedDuration, Timestamp};

/// How far one event is on its way to one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried, or tried again.
    Pending,
    /// The endpoint took it.
    Succeeded,
    /// It is tried no more.
    Failed,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Succeeded, Self::Failed];

    /// In snake case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// By its stored form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Endpoints of a tenant.
pub const ENDPOINTS_MAX: i64 = 20;
/// Secrets of an endpoint that are valid at the same time.
pub const SECRETS_MAX: i64 = 10;
/// A secret that was replaced still signs for so long.
pub const OLD_SECRET_VALID: SignedDuration = SignedDuration::from_hours(24);
/// An endpoint that took nothing for so long is told nothing more.
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(120);

/// How long a delivery waits after each try that failed, in seconds. (Svix waits as long.)
const WAITS_S: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// When a delivery is tried again whose try of this number, from 1, has failed now. None: never.
#[must_use]
pub fn next_try(failed: i32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(failed).ok()?.checked_sub(1)?;
    WAITS_S.get(index).map(|wait_s| now + SignedDuration::from_secs(*wait_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_eight_times_within_28_hours() {
        let mut at = Timestamp::UNIX_EPOCH;
        let mut tries = 1;
        while let Some(next) = next_try(tries, at) {
            assert!(next > at);
            (at, tries) = (next, tries + 1);
        }
        assert_eq!((tries, at.as_second()), (8, 99_305));
        assert_eq!(next_try(0, at), None);
    }
}
