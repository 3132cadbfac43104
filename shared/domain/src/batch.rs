use std::ops::Range;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::QuarantineId;
use crate::metric::{Code, Declaration, Kind, MetricName, Tags, Unit, decimal_to_minor};

/// Points that arrived together, checked for everything that can be told without the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Which series its points belong to, each once.
    pub series: Vec<SeriesKey>,
    /// Its points, in the order in which they came.
    pub rows: Vec<Row>,
    /// Rows that were refused, in the order in which they came.
    pub refused: Vec<Refused>,
}

/// What names a series, and what its sender says of the metric.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The metric.
    pub metric: MetricName,
    /// The tags.
    #[serde(default, skip_serializing_if = "no_tags")]
    pub tags: Tags,
    /// The kind the sender believes the metric to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The unit the sender believes the metric to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its position among the rows of the request, from 0.
    pub index: u32,
    /// Its series, by position in [`Batch::series`].
    pub series: u32,
    /// When, to the millisecond.
    pub at: Timestamp,
    /// Its sender named no instant: `at` is its arrival, and says nothing when it comes again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_undated: bool,
    /// How much.
    pub value: Value,
    /// The sender's own id of the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A value as it was sent: what it means depends on the unit of the metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A finite number; of money: whole minor units.
    Number(f64),
    /// A decimal; of money: major units.
    Decimal(String),
}

/// A row that was refused before the database was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Its position among the rows of the request, from 0.
    pub index: u32,
    /// Why.
    pub code: Code,
    /// The field at fault; empty when it is the row as a whole.
    pub field: String,
    /// The row as it came, cut to what the quarantine keeps.
    pub line: String,
}

/// What became of a batch, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Rows that were simply accepted.
    pub accepted: u32,
    /// All other rows, in the order of the request.
    pub rows: Vec<Judged>,
    /// How long before its arrival the oldest point that was written lies, in seconds.
    #[serde(default)]
    pub lateness_s: i64,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Its position in the request, from 0.
    pub index: u32,
    /// What became of it.
    pub verdict: Verdict,
    /// Where it can be repaired, when it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<QuarantineId>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was written.
    Accepted,
    /// It was written to a series whose tag was folded to `__other__`.
    Folded(String),
    /// The same point with the same id had been written before.
    Duplicate,
    /// It took the place of an earlier reading of a gauge with the same id and instant.
    Replaced,
    /// It was not written.
    Rejected(Code, String),
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What the greatest tag of a crowded metric is folded to.
pub const OTHER: &str = "__other__";

/// Estimated bytes of one part of a batch: with gzip surely below what a queue message holds.
const PART_BYTES: usize = 500_000;

impl Outcome {
    /// Adds what became of another part of the same batch.
    pub fn join(&mut self, part: Self) {
        self.accepted += part.accepted;
        self.lateness_s = self.lateness_s.max(part.lateness_s);
        self.rows.extend(part.rows);
        self.rows.sort_by_key(|row| row.index);
    }
}

impl SeriesKey {
    /// Whether the sender's idea of the metric is the declared one.
    ///
    /// # Errors
    /// [`Code::KindConflict`] or [`Code::UnitConflict`].
    pub fn agrees(&self, declared: &Declaration) -> Result<(), Code> {
        if self.kind.is_some_and(|kind| kind != declared.kind) {
            return Err(Code::KindConflict);
        }
        if self.unit.as_ref().is_some_and(|unit| *unit != declared.unit) {
            return Err(Code::UnitConflict);
        }
        Ok(())
    }
}

impl Value {
    /// The number to store, given the unit of the metric.
    ///
    /// # Errors
    /// [`Code::MinorUnits`] for money that is not whole, [`Code::Value`] for what is no number.
    pub fn in_unit(&self, unit: &Unit) -> Result<f64, Code> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        // A hundred million of them still add up to a number.
        const MOST: f64 = 1e300;
        match (self, unit.currency()) {
            (Self::Number(number), None) if number.abs() <= MOST => Ok(*number),
            (Self::Number(number), Some(_)) if number.fract() == 0.0 && number.abs() <= EXACT => {
                Ok(*number)
            }
            (Self::Number(_), Some(_)) => Err(Code::MinorUnits),
            (Self::Decimal(text), Some(currency)) => {
                #[expect(clippy::cast_precision_loss, reason = "checked against 2^53 below")]
                let minor = decimal_to_minor(text, currency)? as f64;
                if minor.abs() <= EXACT { Ok(minor) } else { Err(Code::MinorUnits) }
            }
            (Self::Decimal(text), None) => {
                text.parse().ok().filter(|number: &f64| number.abs() <= MOST).ok_or(Code::Value)
            }
            (Self::Number(_), None) => Err(Code::Value),
        }
    }
}

impl Batch {
    /// A row as a client would send it: for the quarantine.
    #[must_use]
    pub fn line(&self, row: &Row) -> String {
        let mut line = serde_json::Map::new();
        if let Some(key) = self.series.get(row.series as usize)
            && let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(key)
        {
            line.extend(fields);
        }
        line.insert("at".to_owned(), row.at.to_string().into());
        line.insert("value".to_owned(), serde_json::to_value(&row.value).unwrap_or_default());
        if let Some(id) = &row.id {
            line.insert("id".to_owned(), id.clone().into());
        }
        serde_json::Value::Object(line).to_string()
    }

    /// How many parts the batch has when it must travel through a queue. Depends on the batch
    /// alone, so that every try splits it in the same way.
    #[must_use]
    pub fn parts(&self) -> u32 {
        u32::try_from(self.cuts().len()).unwrap_or(u32::MAX)
    }

    /// Splits the batch into its parts.
    #[must_use]
    pub fn split(&self) -> Vec<Self> {
        self.cuts().into_iter().map(|(rows, refused)| self.part(rows, refused)).collect()
    }

    fn part(&self, rows: Range<usize>, refused: Range<usize>) -> Self {
        let mut part = Self { refused: self.refused[refused].to_vec(), ..Self::default() };
        let mut moved = vec![u32::MAX; self.series.len()];
        for row in &self.rows[rows] {
            let old = row.series as usize;
            if moved[old] == u32::MAX {
                moved[old] = u32::try_from(part.series.len()).unwrap_or(u32::MAX);
                part.series.push(self.series[old].clone());
            }
            part.rows.push(Row { series: moved[old], ..row.clone() });
        }
        part
    }

    fn cuts(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let mut cuts = Vec::new();
        let (mut rows, mut refused, mut bytes) = (0..0, 0..0, 0);
        let mut seen = vec![u32::MAX; self.series.len()];
        for row in &self.rows {
            let part = u32::try_from(cuts.len()).unwrap_or(u32::MAX);
            let series = row.series as usize;
            let new_series = if seen[series] == part { 0 } else { self.series[series].weight() };
            let weight = 96 + row.id.as_ref().map_or(0, String::len) + new_series;
            if bytes + weight > PART_BYTES && !rows.is_empty() {
                cuts.push((rows.clone(), 0..0));
                (rows, bytes) = (rows.end..rows.end, 0);
            }
            seen[series] = u32::try_from(cuts.len()).unwrap_or(u32::MAX);
            rows.end += 1;
            bytes += weight;
        }
        for line in &self.refused {
            let weight = 96 + line.line.len();
            if bytes + weight > PART_BYTES && !(rows.is_empty() && refused.is_empty()) {
                cuts.push((rows.clone(), refused.clone()));
                (rows, refused, bytes) = (rows.end..rows.end, refused.end..refused.end, 0);
            }
            refused.end += 1;
            bytes += weight;
        }
        cuts.push((rows, refused));
        cuts
    }
}

impl SeriesKey {
    fn weight(&self) -> usize {
        let tags: usize = self.tags.0.iter().map(|(key, value)| key.len() + value.len() + 8).sum();
        64 + self.metric.as_str().len() + tags
    }
}

fn no_tags(tags: &Tags) -> bool {
    tags.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::Currency;

    fn key(metric: &str) -> SeriesKey {
        let metric = MetricName::parse(metric).unwrap();
        SeriesKey { metric, tags: Tags::one("country", "DE"), kind: None, unit: None }
    }

    #[test]
    fn money_is_whole_minor_units_or_a_decimal_and_other_values_are_finite() {
        let euro = Unit::money(Currency::try_from("EUR".to_owned()).unwrap());
        let number = Unit::default();
        assert_eq!(Value::Number(1299.0).in_unit(&euro), Ok(1299.0));
        assert_eq!(Value::Number(12.99).in_unit(&euro), Err(Code::MinorUnits));
        assert_eq!(Value::Decimal("12.99".to_owned()).in_unit(&euro), Ok(1299.0));
        assert_eq!(Value::Number(12.99).in_unit(&number), Ok(12.99));
        assert_eq!(Value::Decimal("12.99".to_owned()).in_unit(&number), Ok(12.99));
        assert_eq!(Value::Decimal("NaN".to_owned()).in_unit(&number), Err(Code::Value));
        assert_eq!(Value::Number(f64::INFINITY).in_unit(&number), Err(Code::Value));
        assert_eq!(Value::Number(1e300).in_unit(&euro), Err(Code::MinorUnits));
    }

    #[test]
    fn a_batch_splits_into_parts_that_hold_every_row_once_and_stay_small() {
        let row = |index: u32| Row {
            index,
            series: index % 3,
            at: Timestamp::UNIX_EPOCH,
            is_undated: false,
            value: Value::Number(f64::from(index)),
            id: Some("x".repeat(64)),
        };
        let refused = |index: u32| Refused {
            index,
            code: Code::Malformed,
            field: String::new(),
            line: "y".repeat(4096),
        };
        let batch = Batch {
            series: vec![key("a"), key("b"), key("c")],
            rows: (0..9_000).map(row).collect(),
            refused: (9_000..10_000).map(refused).collect(),
        };
        let parts = batch.split();
        assert_eq!(parts.len(), batch.parts() as usize);
        assert!(parts.len() > 10, "{}", parts.len());
        let mut back = Vec::new();
        for part in &parts {
            assert!(serde_json::to_vec(part).unwrap().len() < PART_BYTES * 5 / 4);
            for row in &part.rows {
                let whole = &batch.rows[row.index as usize];
                assert_eq!(part.series[row.series as usize], batch.series[whole.series as usize]);
                assert_eq!((row.at, &row.value, &row.id), (whole.at, &whole.value, &whole.id));
                back.push(row.index);
            }
            back.extend(part.refused.iter().map(|refused| refused.index));
        }
        assert_eq!(back, (0..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_batch_is_one_part() {
        assert_eq!(Batch::default().split(), vec![Batch::default()]);
    }
}
