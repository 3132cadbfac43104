use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::Value;
use crate::calendar::Zone;
use crate::metric::{Code, Kind, MetricName, Tags, Unit, epoch, limit, to_millisecond};
use crate::sales::MissingColumn;
use crate::sales::wall::WallClock;
use crate::table::Row;

/// Which header names play which part. Case, and spaces around a name, do not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The metric's name, unless `fixed_metric` is given.
    pub metric: String,
    /// The metric of every line.
    pub fixed_metric: Option<MetricName>,
    /// The value: a decimal; of money in major units.
    pub value: String,
    /// When: as in a sale's line, or an epoch.
    pub at: String,
    /// Keys of tags, and the header each is read from. An empty field is no tag.
    pub tags: BTreeMap<String, String>,
    /// The kind of metrics that are new; those that are known must have it.
    pub kind: Option<Kind>,
    /// The unit of metrics that are new; those that are known must have it.
    pub unit: Option<Unit>,
}

impl Default for Columns {
    /// `metric`, `value`, `at`, and no tags.
    fn default() -> Self {
        Self {
            metric: "metric".to_owned(),
            fixed_metric: None,
            value: "value".to_owned(),
            at: "at".to_owned(),
            tags: BTreeMap::new(),
            kind: None,
            unit: None,
        }
    }
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It makes a point of its metric and tags.
    Point {
        /// When, to the millisecond.
        at: Timestamp,
        /// How much; of money: minor units.
        value: f64,
    },
    /// It cannot be understood. Names the part at fault, as in [`Columns`].
    Refused(Code, &'static str),
    /// Its metric is not known yet: let the reader know its unit, then read the line again.
    Unknown(MetricName),
}

/// Reads the lines of one file. Reading the same line again gives the same point.
#[derive(Debug)]
pub struct PointsReader {
    fixed_metric: Option<MetricName>,
    metric: Option<usize>,
    value: usize,
    at: usize,
    tags: Vec<(String, usize)>,
    clock: WallClock,
    latest: Timestamp,
    units: HashMap<String, Unit>,
}

impl PointsReader {
    /// A reader of files with this header, of wall times in this zone. What is later than
    /// `latest` is refused.
    ///
    /// # Errors
    /// The first column that is named, or needed, and missing.
    pub fn new(
        columns: &Columns,
        header: Row<'_>,
        zone: Zone,
        latest: Timestamp,
    ) -> Result<Self, MissingColumn> {
        let find = |part: &'static str, column: &str| {
            let clean = |name: &str| {
                name.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(column.trim())
            };
            let missing = || MissingColumn { column: column.to_owned(), part };
            header.iter().position(clean).ok_or_else(missing)
        };
        let metric = match columns.fixed_metric {
            Some(_) => None,
            None => Some(find("metric", &columns.metric)?),
        };
        let mut tags = Vec::with_capacity(columns.tags.len());
        for (key, column) in &columns.tags {
            tags.push((key.clone(), find("tag", column)?));
        }
        Ok(Self {
            metric,
            value: find("value", &columns.value)?,
            at: find("at", &columns.at)?,
            tags,
            clock: WallClock::new(zone),
            latest,
            units: HashMap::new(),
            fixed_metric: columns.fixed_metric.clone(),
        })
    }

    /// Lets the reader know a metric.
    pub fn know(&mut self, metric: String, unit: Unit) {
        self.units.insert(metric, unit);
    }

    /// Reads a line.
    pub fn line(&mut self, row: Row<'_>) -> Outcome {
        let field = |position| row.get(position).unwrap_or_default().trim();
        let metric = self.metric(row);
        let Some(unit) = self.units.get(metric) else {
            return match MetricName::parse(metric) {
                Ok(name) => Outcome::Unknown(name),
                Err(_) => Outcome::Refused(Code::MetricName, "metric"),
            };
        };
        let value = match Value::Decimal(field(self.value).to_owned()).in_unit(unit) {
            Ok(value) => value,
            Err(code) => return Outcome::Refused(code, "value"),
        };
        let text = field(self.at);
        let at = match self.clock.instant(text) {
            Some(at) => to_millisecond(at),
            None => match text.parse().map_err(|_fault| Code::At).and_then(epoch) {
                Ok(at) => at,
                Err(code) => return Outcome::Refused(code, "at"),
            },
        };
        if at > self.latest {
            return Outcome::Refused(Code::AtFuture, "at");
        }
        let sound = |value: &str| {
            value.len() <= limit::TAG_VALUE_BYTES && !value.chars().any(char::is_control)
        };
        if !self.tags(row).all(|(_, value)| sound(value)) {
            return Outcome::Refused(Code::TagValue, "tags");
        }
        Outcome::Point { at, value }
    }

    /// The metric of a line, as it is written.
    pub fn metric<'a>(&'a self, row: Row<'a>) -> &'a str {
        match (&self.fixed_metric, self.metric) {
            (Some(fixed), _) => fixed.as_str(),
            (None, column) => column.and_then(|at| row.get(at)).unwrap_or_default().trim(),
        }
    }

    /// The tags of a line, as they are written: key and value.
    pub fn tags<'a>(&'a self, row: Row<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.tags.iter().filter_map(move |(key, position)| {
            let value = row.get(*position)?.trim();
            (!value.is_empty()).then_some((key.as_str(), value))
        })
    }
}

impl Columns {
    /// Checks what can be told without a file.
    ///
    /// # Errors
    /// The code and the tag's key at fault.
    pub fn check(&self) -> Result<(), (Code, String)> {
        let keys = self.tags.keys().map(|key| (key.clone(), "value".to_owned()));
        Tags(keys.collect()).check()
    }
}

#[cfg(test)]
mod tests;
