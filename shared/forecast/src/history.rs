//! What may be forecast, and what stands in for a missing day.

use crate::{DAYS_MAX, Refused};

/// Beyond this a sum of errors might not be finite.
const LARGEST: f64 = 1e300;

/// A series from its first known day on.
pub(crate) struct History<'a> {
    days: &'a [Option<f64>],
}

impl<'a> History<'a> {
    /// Takes the most recent [`DAYS_MAX`] days of `values`, from the first known one on.
    pub(crate) fn new(values: &'a [Option<f64>]) -> Result<Self, Refused> {
        let usable = |value: &f64| value.is_finite() && value.abs() <= LARGEST;
        if let Some(index) = values.iter().position(|value| value.is_some_and(|v| !usable(&v))) {
            return Err(Refused::NotFinite { index });
        }
        let recent = &values[values.len().saturating_sub(DAYS_MAX)..];
        let first = recent.iter().position(Option::is_some).unwrap_or(recent.len());
        Ok(Self { days: &recent[first..] })
    }

    /// All days, missing ones included.
    pub(crate) fn days(&self) -> &'a [Option<f64>] {
        self.days
    }

    pub(crate) fn is_constant(&self) -> bool {
        let mut known = self.days.iter().flatten();
        let first = known.next();
        known.all(|value| Some(value) == first)
    }
}

/// How many of `days` have a value.
pub(crate) fn known(days: &[Option<f64>]) -> usize {
    days.iter().flatten().count()
}

/// `days` without gaps. A missing day lies on the straight line between the nearest known days of
/// its own place in the season (a Monday between two Mondays), or takes the nearest where there is
/// one on one side only; where its place was never known, the same rule applies to its neighbors.
/// Empty when no day is known.
pub(crate) fn filled(days: &[Option<f64>], season: usize) -> Vec<f64> {
    let mut days = days.to_vec();
    for place in 0..season {
        bridge(&mut days, place, season);
    }
    bridge(&mut days, 0, 1);
    days.into_iter().flatten().collect()
}

fn bridge(days: &mut [Option<f64>], start: usize, stride: usize) {
    let places = (start..days.len()).step_by(stride);
    let known: Vec<(usize, f64)> =
        places.clone().filter_map(|place| Some((place, days[place]?))).collect();
    for place in places {
        if days[place].is_some() {
            continue;
        }
        let next = known.partition_point(|&(other, _)| other < place);
        let before = next.checked_sub(1).map(|previous| known[previous]);
        days[place] = match (before, known.get(next).copied()) {
            (Some((from, a)), Some((to, b))) => {
                Some(a + (b - a) * (place - from) as f64 / (to - from) as f64)
            }
            (one, other) => one.or(other).map(|(_, value)| value),
        };
    }
}
