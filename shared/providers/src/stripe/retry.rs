use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::{Instant, sleep};

use super::Patience;
use super::attempt::{Call, Failure, Wire};
use super::error::StripeError;

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Wire {
    /// Asks until there is an answer, or no time left. Every attempt is the same request under
    /// the same key.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Bytes, StripeError> {
        let ends = Instant::now() + self.patience.total;
        // Once an attempt may have done its work, a later one that did nothing proves nothing.
        let mut may_be_done = false;
        let mut attempt = 1;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let failure = match self.attempt(call, self.patience.attempt.min(left)).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            may_be_done |= call.method != Method::GET && failure.may_be_done();
            let pause = self.patience.pause(attempt, &failure, chance());
            let pause = pause.filter(|pause| Instant::now() + *pause < ends);
            match pause {
                Some(pause) if attempt < self.patience.attempts => sleep(pause).await,
                _ => return Err(failure.verdict(may_be_done)),
            }
            attempt += 1;
        }
    }
}

impl Patience {
    /// How long to wait after an attempt, from half of what the doubling says to all of it, by
    /// chance: what failed together is not to come back together. None when asking again is no
    /// use.
    pub(super) fn pause(&self, attempt: u32, failure: &Failure, chance: u8) -> Option<Duration> {
        let doublings = attempt.saturating_sub(1).min(16);
        let longest = self.first_pause.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        let pause = longest / 2 + (longest / 2) * u32::from(chance) / 255;
        match failure {
            Failure::Unsent(_) | Failure::Open(_) | Failure::Busy(None) => Some(pause),
            Failure::Busy(Some(after)) => Some(pause.max(*after)),
            Failure::Hopeless(_) | Failure::NotAllowed(_) | Failure::Refused(_) => None,
        }
    }
}

impl Failure {
    fn may_be_done(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Hopeless(_))
    }

    /// What the last attempt means for the whole call.
    pub(super) fn verdict(self, may_be_done: bool) -> StripeError {
        let undone = match self {
            // What is refused under the key is refused for every attempt under it.
            Self::Refused(refused) => return refused,
            Self::Unsent(fault) | Self::Open(fault) | Self::Hopeless(fault) => {
                StripeError::Unavailable(Box::new(fault))
            }
            Self::Busy(after) => StripeError::RateLimited { after },
            Self::NotAllowed(code) => StripeError::NotAllowed { code },
        };
        match (may_be_done, undone) {
            (false, undone) => undone,
            (true, StripeError::Unavailable(cause)) => StripeError::Unknown(cause),
            (true, undone) => StripeError::Unknown(Box::new(undone)),
        }
    }
}

fn chance() -> u8 {
    let mut byte = [0];
    aws_lc_rs::rand::fill(&mut byte).expect("the kernel's generator is always there");
    byte[0]
}
