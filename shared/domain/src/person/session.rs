use jiff::{SignedDuration, Timestamp};

/// How a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// In a cookie.
    Browser,
    /// By access tokens, and one that renews them.
    Client,
}

/// What becomes of a call that shows a token of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is the newest: the next one follows.
    Next,
    /// It was the newest until just now, and whoever renewed it may not have got the answer:
    /// the same answer again.
    Again,
    /// It was used up long ago. Two hold it, and one of them is a thief: the session ends.
    Reused,
    /// Nobody was ever given that.
    Forged,
}

/// How long an answer that was lost may be asked for again.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

impl SessionKind {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Client => "client",
        }
    }

    /// By its stored form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Browser, Self::Client].into_iter().find(|kind| kind.as_str() == text)
    }

    /// How long it lives without being renewed, or, in a browser, seen.
    #[must_use]
    pub fn idle(self) -> SignedDuration {
        match self {
            Self::Browser => SignedDuration::from_hours(12),
            Self::Client => SignedDuration::from_hours(30 * 24),
        }
    }

    /// How long it lives at most.
    #[must_use]
    pub fn lifetime(self) -> SignedDuration {
        match self {
            Self::Browser => SignedDuration::from_hours(7 * 24),
            Self::Client => SignedDuration::from_hours(90 * 24),
        }
    }

    /// Whether it is over, without anybody having ended it.
    #[must_use]
    pub fn is_over(self, created_at: Timestamp, renewed_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(created_at) >= self.lifetime()
            || now.duration_since(renewed_at) >= self.idle()
    }
}

impl Renewal {
    /// What becomes of a token of `shown`, where `newest` was given `since` then.
    #[must_use]
    pub fn of(shown: i32, newest: i32, since: Timestamp, now: Timestamp) -> Self {
        if shown == newest {
            Self::Next
        } else if shown > newest {
            Self::Forged
        } else if shown == newest - 1 && now.duration_since(since) < AGAIN {
            Self::Again
        } else {
            Self::Reused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_last_token_is_good_again_for_as_long_as_an_answer_may_be_lost() {
        let since = at(100);
        for (shown, now, becomes) in [
            (3, 100, Renewal::Next),
            (3, 1_000_000, Renewal::Next),
            (2, 129, Renewal::Again),
            (2, 130, Renewal::Reused),
            (1, 100, Renewal::Reused),
            (4, 100, Renewal::Forged),
        ] {
            assert_eq!(Renewal::of(shown, 3, since, at(now)), becomes, "{shown} at {now}");
        }
    }

    #[test]
    fn a_session_ends_when_it_rests_or_is_old() {
        let hours = |hours: i64| at(hours * 3600);
        for (renewed, now, is_over) in
            [(0, 11, false), (0, 12, true), (160, 167, false), (167, 168, true)]
        {
            let over = SessionKind::Browser.is_over(at(0), hours(renewed), hours(now));
            assert_eq!(over, is_over, "renewed at {renewed}, {now} now");
        }
    }
}
