//! Charts as SVG, and PNG from it, with an embedded font: calm enough for a mail.
//!
//! A chart is plain data; drawing it is a pure function, so the same data gives the same bytes.
//! The paper is always white, because a picture cannot follow its reader into dark mode.

mod draw;
mod png;
mod scale;
mod text;

#[cfg(test)]
mod tests;

/// The most buckets a chart takes, current and forecast together: a year of days and a month.
pub const BUCKETS_MAX: usize = 400;

/// Values beyond this magnitude are refused: their differences could overflow.
pub const MAGNITUDE_MAX: f64 = 1e300;

/// One quantity over time: a period, what came before it and what is expected after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// Set in bold above the chart; empty leaves it out.
    pub title: String,
    /// What a reader who does not see the picture is told: the numbers, not the looks.
    pub alt_text: String,
    /// How the numbers of the axis are written.
    pub unit: Unit,
    /// The name of the current period in the legend.
    pub current_name: String,
    /// The current period.
    pub current: Vec<Bucket>,
    /// The last bucket is not over: its line is dashed and its dot hollow.
    pub last_incomplete: bool,
    /// An earlier period, bucket by bucket beside the current one; drawn paler.
    pub comparison: Option<Comparison>,
    /// What is expected after the last bucket.
    pub forecast: Option<Forecast>,
}

/// What stands before and after the numbers of the axis, such as `£` or `%`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Before the number, after its minus sign.
    pub before: String,
    /// After the number.
    pub after: String,
}

/// One bucket of the current period.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Under the axis, where there is room; empty is never shown.
    pub label: String,
    /// None is a gap in the line.
    pub value: Option<f64>,
}

/// An earlier period.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// In the legend.
    pub name: String,
    /// In the order of the current buckets; what goes beyond them is not drawn.
    pub values: Vec<Option<f64>>,
}

/// What is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// In the legend, with the level of the interval, such as `Forecast, 80% interval`.
    pub name: String,
    /// The buckets after the current period.
    pub buckets: Vec<Expected>,
}

/// One expected bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Under the axis, where there is room.
    pub label: String,
    /// The middle of what is expected.
    pub value: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A value is NaN, infinite or beyond [`MAGNITUDE_MAX`].
    #[error("the chart holds {0}, which cannot be drawn")]
    Value(f64),
    /// More buckets than [`BUCKETS_MAX`].
    #[error("the chart has {0} buckets; at most {BUCKETS_MAX} can be drawn")]
    Buckets(usize),
    /// The scale is not 1 to 4.
    #[error("a picture cannot be drawn at {0} pixels for each point; use 1 to 4")]
    Scale(u8),
    /// The SVG could not be read back.
    #[error("the drawing could not be read")]
    Svg(#[from] resvg::usvg::Error),
    /// The picture could not be written.
    #[error("the picture could not be written as PNG")]
    Png(#[from] ::png::EncodingError),
}

impl LineChart {
    /// The chart as one self-contained SVG document, 600 points wide.
    ///
    /// # Errors
    /// [`ChartError::Value`] and [`ChartError::Buckets`].
    pub fn svg(&self) -> Result<String, ChartError> {
        self.check()?;
        Ok(draw::svg(self))
    }

    /// The chart as PNG, 600 × `pixels_per_point` pixels wide; 2 suits mail.
    ///
    /// # Errors
    /// As [`LineChart::svg`], [`ChartError::Scale`], and those of drawing itself.
    pub fn png(&self, pixels_per_point: u8) -> Result<Vec<u8>, ChartError> {
        if !(1..=4).contains(&pixels_per_point) {
            return Err(ChartError::Scale(pixels_per_point));
        }
        png::render(&self.svg()?, pixels_per_point)
    }

    /// Buckets from left to right, expected ones included.
    fn slots(&self) -> usize {
        self.current.len() + self.expected().len()
    }

    fn expected(&self) -> &[Expected] {
        self.forecast.as_ref().map_or(&[], |forecast| &forecast.buckets)
    }

    fn compared(&self) -> &[Option<f64>] {
        let values = self.comparison.as_ref().map_or(&[][..], |comparison| &comparison.values);
        &values[..values.len().min(self.current.len())]
    }

    /// Every number that is drawn.
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let current = self.current.iter().filter_map(|bucket| bucket.value);
        let expected = self.expected().iter().flat_map(|it| [it.lower, it.value, it.upper]);
        current.chain(self.compared().iter().copied().flatten()).chain(expected)
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.slots() > BUCKETS_MAX {
            return Err(ChartError::Buckets(self.slots()));
        }
        let drawable = -MAGNITUDE_MAX..=MAGNITUDE_MAX;
        let bad = self.values().find(|value| !drawable.contains(value));
        bad.map_or(Ok(()), |value| Err(ChartError::Value(value)))
    }
}
