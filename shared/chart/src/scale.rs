//! The axis of values: round steps of 1, 2 and 5, and how their numbers are written.

use crate::Unit;

/// The most steps that the axis aims at; zero inside the range can add one.
const STEPS_AIM: f64 = 5.0;

/// The axis of values: it always holds zero, so that heights can be compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Scale {
    step: f64,
    first: i32,
    last: i32,
}

impl Scale {
    /// The axis for these values; without any, from 0 to 1.
    pub(crate) fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high, mut whole) = (0.0_f64, 0.0_f64, true);
        for value in values {
            (low, high, whole) = (low.min(value), high.max(value), whole && value.fract() == 0.0);
        }
        if high - low < f64::MIN_POSITIVE * 1e3 {
            return Self { step: 1.0, first: 0, last: 1 };
        }
        let mut step = round_up((high - low) / STEPS_AIM);
        if whole {
            step = step.max(1.0);
        }
        // At most six steps of a finite size, so the casts are exact.
        Self { step, first: (low / step).floor() as i32, last: (high / step).ceil() as i32 }
    }

    /// The values of the grid lines, from low to high.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        (self.first..=self.last).map(|index| f64::from(index) * self.step).collect()
    }

    /// Where a value stands: 0 at the foot of the axis, 1 at its head.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        let (low, high) = (f64::from(self.first), f64::from(self.last));
        (value / self.step - low) / (high - low)
    }

    /// The numbers of the axis: all in one power of a thousand, with equal decimals.
    pub(crate) fn labels(&self, unit: &Unit) -> Vec<String> {
        let ticks = self.ticks();
        let largest = ticks.iter().fold(0.0_f64, |largest, tick| largest.max(tick.abs()));
        ticks.iter().map(|tick| label(*tick, self.step, largest, unit)).collect()
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `size`.
fn round_up(size: f64) -> f64 {
    let power = 10_f64.powf(size.log10().floor());
    let fits = |factor: &f64| factor * power >= size * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

fn label(tick: f64, step: f64, largest: f64, unit: &Unit) -> String {
    let number = if tick == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e15).contains(&largest) {
        let (divisor, letter) = thousands(largest);
        let decimals = -(step / divisor * (1.0 + 1e-9)).log10().floor();
        let decimals = decimals.clamp(0.0, 7.0) as usize;
        grouped(&format!("{:.decimals$}", tick.abs() / divisor)) + letter
    } else {
        format!("{:.1e}", tick.abs())
    };
    let minus = if tick < 0.0 { "\u{2212}" } else { "" };
    format!("{minus}{}{number}{}", unit.before, unit.after)
}

/// The power of a thousand in which an axis up to `largest` is short, and its letter.
fn thousands(largest: f64) -> (f64, &'static str) {
    match largest {
        1e12.. => (1e12, "T"),
        1e9.. => (1e9, "B"),
        1e6.. => (1e6, "M"),
        1e4.. => (1e3, "k"),
        _ => (1.0, ""),
    }
}

/// Commas between the thousands of a plain decimal.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::with_capacity(number.len() + 4);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}
