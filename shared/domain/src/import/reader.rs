use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::Mapping;
use super::tally::{Months, Tally};
use crate::metric::{MetricName, Tags, Unit, to_millisecond};
use crate::points_file::{self, PointsReader};
use crate::sales::{self, ColumnIndexes, Counts, MissingColumn, Refusal, SalesReader};
use crate::table::{Found, Malformed, Row, Splitter};
use crate::tenant::Tenant;

/// Reads a file that arrives in pieces: its lines become points. Reading it again gives the same
/// points for each line, and the same positions of series.
#[derive(Debug)]
pub struct Reader {
    mapping: Mapping,
    tenant: Tenant,
    latest: Timestamp,
    splitter: Splitter,
    form: Option<Form>,
    series: Dictionary,
    lines: u64,
    points: u64,
    malformed: BTreeMap<&'static str, u64>,
    months: Months,
    /// A row was found and waits for its metric to be known.
    pending: bool,
}

/// Lines that follow each other, read.
#[derive(Debug, Default)]
pub struct Lines {
    /// How many lines.
    pub count: u64,
    /// The points they make.
    pub points: Vec<LinePoint>,
    /// Those that were refused.
    pub refused: Vec<RefusedLine>,
}

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinePoint {
    /// By position in [`Reader::series`].
    pub series: u32,
    /// When, to the millisecond.
    pub at: Timestamp,
    /// How much; of money: minor units.
    pub value: f64,
}

/// A line that makes no points because it cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// Its number in the file, from 1: the header has one too.
    pub line: u64,
    /// Why, in one word. Stable.
    pub code: String,
    /// Why, for people.
    pub detail: String,
}

/// A series that the file speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its metric.
    pub metric: String,
    /// Its tags.
    pub tags: Tags,
}

/// How far reading came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// As many lines as were wanted.
    Enough,
    /// What was fed is used up: feed more, or say that this was all.
    Hungry,
    /// The metric is not known: let the reader know its unit and go on.
    Unknown(MetricName),
    /// The file is at its end.
    End,
}

/// The file cannot be read with this mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A column is missing.
    #[error("{missing}; its columns are {found}")]
    Column {
        /// Which.
        missing: MissingColumn,
        /// What the header has.
        found: String,
    },
    /// The first line is no header.
    #[error("the first line is not a header: {0}")]
    Header(Malformed),
    /// There is nothing in it.
    #[error("the file is empty; its first line must name the columns")]
    Empty,
}

#[derive(Debug)]
enum Form {
    Sales(ColumnIndexes, Box<SalesReader>),
    Points(Box<PointsReader>, BTreeMap<String, u64>),
}

/// Series by position. Texts are looked up without being copied.
#[derive(Debug, Default)]
struct Dictionary {
    positions: HashMap<String, u32>,
    series: Vec<Series>,
    text: String,
}

const MALFORMED: &str = "malformed";
const HEADER_CHARS_SHOWN: usize = 300;

impl Reader {
    /// A reader for a tenant. Lines of a time after `latest` are refused.
    #[must_use]
    pub fn new(mapping: Mapping, tenant: &Tenant, latest: Timestamp) -> Self {
        Self {
            mapping,
            tenant: tenant.clone(),
            latest,
            splitter: Splitter::default(),
            form: None,
            series: Dictionary::default(),
            lines: 0,
            points: 0,
            malformed: BTreeMap::new(),
            months: Months::new(tenant.calendar.clone()),
            pending: false,
        }
    }

    /// Takes the next piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        self.splitter.feed(piece);
    }

    /// Says that there are no more pieces.
    pub fn end(&mut self) {
        self.splitter.end();
    }

    /// Lets the reader know the unit of a metric.
    pub fn know(&mut self, metric: &MetricName, unit: Unit) {
        if let Some(Form::Points(points, _)) = &mut self.form {
            points.know(metric.as_str().to_owned(), unit);
        }
    }

    /// Lines that were read.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Every series that was met, in the order in which it was.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series.series
    }

    /// What has been read so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut refused: BTreeMap<String, u64> =
            self.malformed.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
        let mut sales = None;
        match &self.form {
            Some(Form::Sales(_, reader)) => {
                let of_sales = reader.counts().refused.iter();
                refused.extend(of_sales.map(|(refusal, count)| (word(*refusal), *count)));
                sales = Some(Counts { refused: BTreeMap::new(), ..reader.counts().clone() });
            }
            Some(Form::Points(_, of_points)) => refused.extend(of_points.clone()),
            None => {}
        }
        let months = self.months.list();
        Tally { lines: self.lines, points: self.points, refused, sales, months }
    }

    /// Reads on, until `lines` holds as many as are wanted.
    ///
    /// # Errors
    /// [`Unreadable`] when the header lacks a column.
    pub fn read(&mut self, lines: &mut Lines, wanted: u64) -> Result<Progress, Unreadable> {
        while lines.count < wanted {
            match if self.pending { Found::Row } else { self.splitter.advance() } {
                Found::Nothing => return Ok(Progress::Hungry),
                Found::End if self.form.is_none() => return Err(Unreadable::Empty),
                Found::End => return Ok(Progress::End),
                Found::Malformed(fault) if self.form.is_none() => {
                    return Err(Unreadable::Header(fault));
                }
                Found::Malformed(fault) => {
                    *self.malformed.entry(MALFORMED).or_default() += 1;
                    lines.refuse(self.splitter.line(), MALFORMED, fault.to_string());
                }
                Found::Row if self.form.is_none() => {
                    self.form = Some(self.header()?);
                    continue;
                }
                Found::Row => {
                    let unknown = self.line(lines);
                    self.pending = unknown.is_some();
                    if let Some(metric) = unknown {
                        return Ok(Progress::Unknown(metric));
                    }
                }
            }
            lines.count += 1;
            self.lines += 1;
        }
        Ok(Progress::Enough)
    }

    fn header(&self) -> Result<Form, Unreadable> {
        let row = self.splitter.row();
        let zone = self.tenant.calendar.zone.clone();
        let form = match &self.mapping {
            Mapping::Sales(columns) => columns.resolve(row.iter()).map(|indexes| {
                let reader = SalesReader::new(self.tenant.currency, zone).until(self.latest);
                Form::Sales(indexes, Box::new(reader))
            }),
            Mapping::Points(columns) => PointsReader::new(columns, row, zone, self.latest)
                .map(|reader| Form::Points(Box::new(reader), BTreeMap::new())),
        };
        form.map_err(|missing| Unreadable::Column { missing, found: shown(row) })
    }

    /// Reads the row that was found; answers the metric that must be known first.
    fn line(&mut self, lines: &mut Lines) -> Option<MetricName> {
        let row = self.splitter.row();
        let before = lines.points.len();
        match self.form.as_mut()? {
            Form::Sales(indexes, reader) => {
                match reader.line(&indexes.line(|position| row.get(position))) {
                    sales::Outcome::Points(_, points) => {
                        for point in points.iter() {
                            let at = to_millisecond(point.at);
                            self.months.add(at, Some(point.metric), point.value);
                            let series = self.series.position(point.metric.name(), point.tag);
                            lines.points.push(LinePoint { series, at, value: point.value });
                        }
                    }
                    sales::Outcome::Refused(refusal) => {
                        lines.refuse(row.line, &word(refusal), refusal.to_string());
                    }
                }
            }
            Form::Points(reader, refused) => match reader.line(row) {
                points_file::Outcome::Unknown(metric) => return Some(metric),
                points_file::Outcome::Point { at, value } => {
                    self.months.add(at, None, value);
                    let series = self.series.position(reader.metric(row), reader.tags(row));
                    lines.points.push(LinePoint { series, at, value });
                }
                points_file::Outcome::Refused(code, part) => {
                    *refused.entry(code.as_str().to_owned()).or_default() += 1;
                    let detail = format!("{part}: {}", code.advice());
                    lines.refuse(row.line, code.as_str(), detail);
                }
            },
        }
        self.points += u64::try_from(lines.points.len() - before).unwrap_or(0);
        None
    }
}

impl Lines {
    /// Begins again, in the same memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.points.clear();
        self.refused.clear();
    }

    fn refuse(&mut self, line: u64, code: &str, detail: String) {
        self.refused.push(RefusedLine { line, code: code.to_owned(), detail });
    }
}

impl Dictionary {
    /// The position of a series. Its tags come in the same order each time, and no field holds
    /// the separator: it is a control character, which no tag may have.
    fn position<'a>(
        &mut self,
        metric: &str,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> u32 {
        const SEPARATOR: char = '\u{1f}';
        self.text.clear();
        self.text.push_str(metric);
        for (key, value) in tags {
            for part in [key, value] {
                self.text.push(SEPARATOR);
                self.text.push_str(part);
            }
        }
        if let Some(position) = self.positions.get(&self.text) {
            return *position;
        }
        let mut parts = self.text.split(SEPARATOR).map(str::to_owned);
        let metric = parts.next().unwrap_or_default();
        let mut tags = Tags::default();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            tags.0.insert(key, value);
        }
        let position = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        self.series.push(Series { metric, tags });
        self.positions.insert(self.text.clone(), position);
        position
    }
}

/// A refusal in snake case, as it is stored.
fn word(refusal: Refusal) -> String {
    match serde_json::to_value(refusal) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn shown(header: Row<'_>) -> String {
    let names: Vec<String> = header.iter().map(|name| format!("`{}`", name.trim())).collect();
    let names = names.join(", ");
    names.chars().filter(|shown| !shown.is_control()).take(HEADER_CHARS_SHOWN).collect()
}
