use super::figure::percent;
use super::{Figures, Forecast, Headline, NoRate, Period};

impl Figures {
    /// What happened to the first figure, what moved most, and what is expected: up to three
    /// sentences, fewer where there is nothing to say.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let first = self.headlines.first();
        let expected = self
            .forecasts
            .iter()
            .find(|forecast| first.is_some_and(|first| first.metric == forecast.metric))
            .or(self.forecasts.first());
        [
            first.map(|headline| happened(headline, &self.period)),
            largest_move(&self.headlines),
            expected.map(|forecast| expects(forecast, &self.next_period)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What happened to a figure: `Revenue came to £1,200.00, up 20.0% (£200.00) on the week before.`
fn happened(headline: &Headline, period: &Period) -> String {
    let (label, noun, change) = (&headline.label, period.noun(), headline.change());
    if change.relative == Err(NoRate::NoValue) {
        return format!("{label}: there is no data for the {noun}.");
    }
    let value = headline.written();
    let Some(absolute) = change.absolute else {
        return format!("{label} came to {value}; there is no {noun} before to compare with.");
    };
    if !headline.moved() {
        return format!("{label} came to {value}, as in the {noun} before.");
    }
    format!("{label} came to {value}, {} on the {noun} before.", moved(headline, absolute))
}

/// Which figure moved most in proportion: `Returns moved most: down 30.0% (…) to ….`
fn largest_move(headlines: &[Headline]) -> Option<String> {
    let first = headlines.first().filter(|_| headlines.len() > 1)?;
    let size = |headline: &Headline| headline.change().relative.map_or(0.0, f64::abs);
    let largest = headlines.iter().rev().max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let absolute = largest.change().absolute.filter(|_| largest.moved() && size(largest) > 0.0)?;
    if largest.metric == first.metric {
        return Some("No other figure moved more in proportion.".to_owned());
    }
    let moved = moved(largest, absolute);
    Some(format!("{} moved most: {moved} to {}.", largest.label, largest.written()))
}

/// What is expected: `The forecast for 21–27 November 2026 puts Revenue at £1,250, …`
fn expects(forecast: &Forecast, next: &Period) -> String {
    let written = |value: f64| forecast.measure.rounded(value);
    let error = match forecast.typical_miss {
        Some(miss) => format!("; in rehearsals a day was typically missed by {}", percent(miss)),
        None => String::new(),
    };
    let known = match forecast.known {
        Some(known) => format!(" ({} of it is in already)", written(known)),
        None => String::new(),
    };
    format!(
        "The forecast for {} puts {} at {}{known}, between {} and {} in at least {} of \
         cases{error}.",
        next.dates(),
        forecast.label,
        written(forecast.value),
        written(forecast.lower),
        written(forecast.upper),
        forecast.level_written(),
    )
}

impl Forecast {
    /// The level of the interval: `80%`.
    #[must_use]
    pub fn level_written(&self) -> String {
        percent(self.level).replace(".0%", "%")
    }

    /// How far rehearsals missed: `a day typically missed by 6.1%, MASE 0.82`; empty when not
    /// measured.
    #[must_use]
    pub fn error_written(&self) -> String {
        let miss =
            self.typical_miss.map(|miss| format!("a day typically missed by {}", percent(miss)));
        let mase = self.mase.filter(|mase| mase.is_finite()).map(|mase| format!("MASE {mase:.2}"));
        miss.into_iter().chain(mase).collect::<Vec<_>>().join(", ")
    }
}

/// `up 12.3% (£1,350.00)`, `down 0.6 points`.
fn moved(headline: &Headline, absolute: f64) -> String {
    let way = if absolute > 0.0 { "up" } else { "down" };
    let by = headline.measure.difference(absolute.abs());
    match headline.change().relative {
        Ok(relative) if !headline.measure.is_share() => {
            format!("{way} {} ({by})", percent(relative.abs()))
        }
        _ => format!("{way} {by}"),
    }
}
