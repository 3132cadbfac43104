use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use crate::caller::{Allowance, Caller};
use crate::port::{KeyValue, PortError};

/// Counts points per key and minute. Each process leases its share of the minute in blocks from
/// a shared counter, so that calls hardly ever wait for it.
#[derive(Default)]
pub struct Limiter {
    leases: Mutex<HashMap<Uuid, Lease>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    minute: i64,
    left: i64,
    taken: i64,
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
/// Leases of keys that were not seen for minutes are dropped when there are more than this.
const LEASES: usize = 10_000;

impl Limiter {
    /// Takes points out of the key's minute.
    ///
    /// # Errors
    /// When the shared counter is away: the caller decides whether to serve.
    pub async fn take(
        &self,
        key_value: &dyn KeyValue,
        caller: &Caller,
        points: usize,
        now: Timestamp,
    ) -> Result<Verdict, PortError> {
        let Allowance { of: key, points_per_minute } = caller.allowance;
        let limit = i64::from(points_per_minute);
        let points = i64::try_from(points).unwrap_or(i64::MAX);
        let minute = now.as_second().div_euclid(60);
        let reset_s = 60 - now.as_second().rem_euclid(60);
        let missing = match self.spend(key, minute, points) {
            Ok(taken) => return Ok(verdict(true, limit, limit - taken, reset_s)),
            Err(missing) => missing,
        };
        let block = missing.max(limit / BLOCKS).min(limit);
        let counter = format!("rate:{key}:{minute}");
        let expires_at = Timestamp::from_second((minute + 2) * 60).ok();
        let sum = key_value.add(&counter, block, expires_at).await?;
        let granted = block - (sum - limit).clamp(0, block);
        self.keep(key, minute, granted, sum.min(limit));
        match self.spend(key, minute, points) {
            Ok(taken) => Ok(verdict(true, limit, limit - taken, reset_s)),
            Err(_) => Ok(verdict(false, limit, limit - sum, reset_s)),
        }
    }

    /// Spends what is leased, or answers how much is missing.
    fn spend(&self, key: Uuid, minute: i64, points: i64) -> Result<i64, i64> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() > LEASES {
            leases.retain(|_, lease| lease.minute == minute);
        }
        let lease = leases.entry(key).or_default();
        if lease.minute != minute {
            *lease = Lease { minute, left: 0, taken: 0 };
        }
        if lease.left < points {
            return Err(points - lease.left);
        }
        lease.left -= points;
        Ok(lease.taken - lease.left)
    }

    fn keep(&self, key: Uuid, minute: i64, granted: i64, taken: i64) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases.entry(key).or_default();
        if lease.minute == minute {
            lease.left += granted;
            lease.taken = lease.taken.max(taken);
        }
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
