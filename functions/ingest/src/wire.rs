use std::borrow::Cow;
use std::collections::HashMap;

use app::{Problem, ProblemCode};
use domain::batch::{Batch, Outcome, Refused, Row, SeriesKey, Value, Verdict};
use domain::metric::{Code, Kind, MetricName, Tags, Unit, epoch, limit, timely, to_millisecond};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// One point, as clients send it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointIn<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow, default)]
    at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(borrow, default)]
    unit: Option<Cow<'a, str>>,
}

/// One point. Send an array of these, or one a line as `application/x-ndjson`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `PointIn` reads")]
pub(crate) struct PointDocument {
    /// The metric; a new one becomes a draft.
    #[schema(example = "revenue")]
    metric: String,
    /// A finite number; of money: whole minor units, or a decimal as a string.
    value: ValueDocument,
    /// RFC 3339 with an offset, or an epoch in s, ms, µs or ns. Kept to the millisecond.
    /// Missing: now.
    #[schema(example = "2026-11-21T07:00:00Z")]
    at: Option<String>,
    /// Up to 20 tags.
    tags: Option<HashMap<String, String>>,
    /// Your own id of the point: the same point is counted once.
    #[schema(example = "order:1042:paid")]
    id: Option<String>,
    /// `counter`, `gauge` or `event`: checked against the declaration.
    kind: Option<String>,
    /// Checked against the declaration.
    #[schema(example = "EUR")]
    unit: Option<String>,
}

/// A value, in either of its forms.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(example = 1299)]
#[expect(dead_code, reason = "documents what `value` reads")]
enum ValueDocument {
    /// As a number.
    Number(f64),
    /// As a decimal.
    Decimal(String),
}

/// What became of a batch.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BatchOut {
    /// Under which the answer can be read again.
    pub(crate) receipt: Uuid,
    /// Rows that were written.
    pub(crate) accepted: u32,
    /// Rows with an id that had been written before.
    pub(crate) duplicate: u32,
    /// Readings of a gauge that took the place of an earlier one with the same id.
    pub(crate) replaced: u32,
    /// Rows that were not written; they are in the quarantine.
    pub(crate) rejected: u32,
    /// How long before its arrival the oldest point that was written lies, in seconds.
    pub(crate) lateness_s: i64,
    /// Every row that was not simply accepted.
    pub(crate) results: Vec<ResultOut>,
    /// How long ids and idempotency keys are remembered, exactly.
    pub(crate) dedupe_horizon_days: i64,
}

/// What became of a row that was not simply accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultOut {
    /// Its position in the request, from 0.
    index: u32,
    /// `duplicate`, `replaced`, `folded` or `rejected`.
    status: &'static str,
    /// Why it was rejected.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    /// The field at fault, or the tag that was folded.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    /// Where to repair it.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine_id: Option<Uuid>,
}

/// The clock and the rights a batch is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Judge {
    pub(crate) now: Timestamp,
    pub(crate) backfill: bool,
}

/// Reads a body: a JSON object, an array of them, or one a line.
pub(crate) fn read(body: &[u8], lines: bool, judge: Judge) -> Result<Batch, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| malformed("the body is not UTF-8").caused_by(error))?;
    let rows: Vec<&str> = if lines {
        text.lines().filter(|line| !line.trim().is_empty()).collect()
    } else if text.trim_start().starts_with('[') {
        if let Some(batch) = sound(text, judge) {
            return Ok(batch);
        }
        let rows: Vec<&RawValue> = serde_json::from_str(text)
            .map_err(|error| malformed(&format!("the array cannot be read: {error}")))?;
        rows.into_iter().map(RawValue::get).collect()
    } else {
        vec![text]
    };
    if rows.is_empty() {
        return Err(malformed("the body holds no point; send an array, or one point a line"));
    }
    if rows.len() > limit::POINTS {
        return Err(Problem::new(
            ProblemCode::TooLarge,
            format!(
                "{} points are more than {} in one call; split them, or use an import",
                rows.len(),
                limit::POINTS
            ),
        ));
    }
    let mut reader = Reader::new(judge);
    for (index, row) in rows.into_iter().enumerate() {
        reader.row(u32::try_from(index).unwrap_or(u32::MAX), row);
    }
    Ok(reader.batch)
}

/// Reads an array in one pass. One with anything wrong in it is read again row by row, so that
/// each fault is told of its row.
fn sound(text: &str, judge: Judge) -> Option<Batch> {
    // Many more objects than points would be read for nothing.
    if text.matches('{').count() > 2 * limit::POINTS {
        return None;
    }
    let points: Vec<PointIn<'_>> = serde_json::from_str(text).ok()?;
    if points.is_empty() || points.len() > limit::POINTS {
        return None;
    }
    let mut reader = Reader::new(judge);
    reader.batch.rows.reserve_exact(points.len());
    for (index, point) in points.into_iter().enumerate() {
        reader.take(u32::try_from(index).unwrap_or(u32::MAX), point).ok()?;
    }
    Some(reader.batch)
}

impl BatchOut {
    /// The answer to a batch.
    pub(crate) fn of(receipt: Uuid, outcome: &Outcome) -> Self {
        let mut out = Self {
            receipt,
            accepted: outcome.accepted,
            lateness_s: outcome.lateness_s,
            dedupe_horizon_days: limit::DEDUPE_HORIZON.as_hours() / 24,
            ..Self::default()
        };
        for row in &outcome.rows {
            let mut result = ResultOut {
                index: row.index,
                status: "rejected",
                code: None,
                field: None,
                detail: None,
                quarantine_id: row.quarantined.map(|id| id.0),
            };
            match &row.verdict {
                Verdict::Accepted => continue,
                Verdict::Folded(tag) => {
                    out.accepted += 1;
                    result.status = "folded";
                    result.field = Some(format!("tags.{tag}"));
                    result.detail =
                        Some("the metric has 10,000 series; the tag was folded to `__other__`");
                }
                Verdict::Duplicate => {
                    out.duplicate += 1;
                    result.status = "duplicate";
                }
                Verdict::Replaced => {
                    out.replaced += 1;
                    result.status = "replaced";
                }
                Verdict::Rejected(code, field) => {
                    out.rejected += 1;
                    result.code = Some(*code);
                    result.field = Some(field.clone()).filter(|field| !field.is_empty());
                    result.detail = Some(code.advice());
                }
            }
            out.results.push(result);
        }
        out
    }

    /// Whether no row came in, and some were refused.
    pub(crate) fn all_rejected(&self) -> bool {
        self.rejected > 0 && self.accepted + self.duplicate + self.replaced == 0
    }
}

/// Rows that name the same metric and tags in the same words share a series without being
/// parsed again.
type Words<'a> = (Cow<'a, str>, &'a str, Option<Kind>, Option<Cow<'a, str>>);

struct Reader<'a> {
    judge: Judge,
    known: HashMap<Words<'a>, Result<u32, (Code, String)>>,
    batch: Batch,
}

impl<'a> Reader<'a> {
    fn new(judge: Judge) -> Self {
        Self { judge, known: HashMap::new(), batch: Batch::default() }
    }

    fn row(&mut self, index: u32, line: &'a str) {
        if let Err((code, field)) = self.point(index, line) {
            self.batch.refused.push(Refused { index, code, field, line: cut(line) });
        }
    }

    fn point(&mut self, index: u32, line: &'a str) -> Result<(), (Code, String)> {
        let point = serde_json::from_str(line).map_err(|error| (Code::Malformed, fault(&error)))?;
        self.take(index, point)
    }

    fn take(&mut self, index: u32, point: PointIn<'a>) -> Result<(), (Code, String)> {
        let value = value(point.value).map_err(at("value"))?;
        let is_undated = point.at.is_none();
        let at_instant = match point.at {
            Some(raw) => instant(raw).map_err(at("at"))?,
            None => to_millisecond(self.judge.now),
        };
        timely(at_instant, self.judge.now, self.judge.backfill).map_err(at("at"))?;
        if point.id.as_ref().is_some_and(|id| id.is_empty() || id.len() > limit::ID_BYTES) {
            return Err((Code::Id, "id".to_owned()));
        }
        let tags = point.tags.map_or("", RawValue::get);
        let series = &mut self.batch.series;
        let key = self
            .known
            .entry((point.metric, tags, point.kind, point.unit))
            .or_insert_with_key(|words| {
                series.push(series_key(words)?);
                Ok(u32::try_from(series.len() - 1).unwrap_or(u32::MAX))
            });
        let series = key.clone()?;
        let id = point.id.map(Cow::into_owned);
        self.batch.rows.push(Row { index, series, at: at_instant, is_undated, value, id });
        Ok(())
    }
}

fn series_key(words: &Words<'_>) -> Result<SeriesKey, (Code, String)> {
    let (metric, tags, kind, unit) = words;
    let metric = MetricName::parse(metric).map_err(|_fault| refusal(Code::MetricName, "metric"))?;
    let tags: Tags = match *tags {
        "" | "null" => Tags::default(),
        text => serde_json::from_str(text).map_err(|_fault| refusal(Code::TagValue, "tags"))?,
    };
    tags.check().map_err(|(code, key)| (code, format!("tags.{key}")))?;
    let unit = match unit {
        None => None,
        Some(text) => Some(
            Unit::try_from(text.clone().into_owned())
                .map_err(|_fault| refusal(Code::UnitConflict, "unit"))?,
        ),
    };
    Ok(SeriesKey { metric, tags, kind: *kind, unit })
}

fn value(raw: &RawValue) -> Result<Value, Code> {
    let text = raw.get();
    if text.starts_with('"') {
        let decimal: String = serde_json::from_str(text).map_err(|_fault| Code::Value)?;
        let is_decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let sound = decimal.len() <= 40 && decimal.bytes().all(is_decimal);
        return if sound { Ok(Value::Decimal(decimal)) } else { Err(Code::Value) };
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Value::Number(number)),
        _ => Err(Code::Value),
    }
}

fn instant(raw: &RawValue) -> Result<Timestamp, Code> {
    let text = raw.get();
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) => text.parse().map(to_millisecond).map_err(|_fault| Code::At),
        None => text.parse().map_err(|_fault| Code::At).and_then(epoch),
    }
}

fn at(field: &'static str) -> impl Fn(Code) -> (Code, String) {
    move |code| refusal(code, field)
}

fn refusal(code: Code, field: &str) -> (Code, String) {
    (code, field.to_owned())
}

/// The name in serde's "missing field `x`" or "unknown field `x`".
fn fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let name = text.split('`').nth(1).unwrap_or_default();
    if text.contains(" field `") { name.to_owned() } else { String::new() }
}

fn cut(line: &str) -> String {
    let mut end = line.len().min(limit::QUARANTINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].replace('\0', "\u{fffd}")
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ProblemCode::Malformed, detail)
}
