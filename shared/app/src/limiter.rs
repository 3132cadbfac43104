use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use crate::caller::Allowance;
use crate::port::{KeyValue, PortError};

/// Counts points per allowance and minute. Each process leases its share of the minute in blocks
/// from a shared counter, so that calls hardly ever wait for it.
#[derive(Default)]
pub struct Limiter {
    leases: Mutex<HashMap<Uuid, Lease>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    minute: i64,
    left: i64,
    taken: i64,
    /// The counter has nothing more in this minute.
    exhausted: bool,
}

/// What the counter just gave.
#[derive(Default)]
struct Leased {
    granted: i64,
    taken: i64,
    exhausted: bool,
}

/// What a call may do, and what its `RateLimit` headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the points were granted. A call that was refused has consumed nothing.
    pub granted: bool,
    /// Points a minute.
    pub limit: u32,
    /// About what is left of this minute.
    pub remaining: u32,
    /// Seconds until the next minute.
    pub reset_s: u64,
}

/// A minute is leased in this many blocks.
const BLOCKS: i64 = 20;
/// Leases of allowances that were not seen for minutes are dropped when there are more than this.
const LEASES: usize = 10_000;

impl Limiter {
    /// Takes points out of a minute's allowance.
    ///
    /// # Errors
    /// When the shared counter is away: the caller decides whether to serve.
    pub async fn take(
        &self,
        key_value: &dyn KeyValue,
        allowance: Allowance,
        points: usize,
        now: Timestamp,
    ) -> Result<Verdict, PortError> {
        let limit = i64::from(allowance.points_per_minute);
        let points = i64::try_from(points).unwrap_or(i64::MAX);
        let minute = now.as_second().div_euclid(60);
        let reset_s = 60 - now.as_second().rem_euclid(60);
        let mut leased = Leased::default();
        loop {
            let missing = match self.spend(allowance.of, minute, points, &leased) {
                Ok(taken) => return Ok(verdict(true, limit, limit - taken, reset_s)),
                Err(lease) if lease.exhausted => {
                    return Ok(verdict(false, limit, lease.left, reset_s));
                }
                Err(lease) => points - lease.left,
            };
            let block = missing.max(limit / BLOCKS).min(limit);
            let counter = format!("rate:{}:{minute}", allowance.of);
            let expires_at = Timestamp::from_second((minute + 2) * 60).ok();
            let sum = key_value.add(&counter, block, expires_at).await?;
            leased = Leased {
                granted: block - (sum - limit).clamp(0, block),
                taken: sum.min(limit),
                exhausted: sum >= limit,
            };
        }
    }

    /// Adds what was just leased, and spends, in one step: else calls at once would spend each
    /// other's. Answers the lease when it is too small.
    fn spend(&self, of: Uuid, minute: i64, points: i64, leased: &Leased) -> Result<i64, Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() > LEASES {
            leases.retain(|_, lease| lease.minute == minute);
        }
        let lease = leases.entry(of).or_default();
        if lease.minute < minute {
            *lease = Lease { minute, ..Lease::default() };
        }
        lease.left += leased.granted;
        lease.taken = lease.taken.max(leased.taken);
        lease.exhausted |= leased.exhausted;
        if lease.left < points {
            return Err(*lease);
        }
        lease.left -= points;
        Ok(lease.taken - lease.left)
    }
}

fn verdict(granted: bool, limit: i64, remaining: i64, reset_s: i64) -> Verdict {
    let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    Verdict {
        granted,
        limit: count(limit),
        remaining: count(remaining),
        reset_s: u64::try_from(reset_s).unwrap_or(60),
    }
}
