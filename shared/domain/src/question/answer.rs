use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Cell, Past, Reading, Slot, Window, Windows};
use crate::metric::{Aggregation, GapRule};

/// What was read of one place, slot and metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Of which group.
    pub place: Place,
    /// Of the window that is compared with.
    pub past: bool,
    /// Which slot; None is the time before the window, from which values are carried in.
    pub slot: Option<usize>,
    /// Of which metric.
    pub part: Part,
    /// What was read.
    pub cell: Cell,
}

/// Which metric of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The one above the line, or the only one.
    Of,
    /// The one below the line.
    By,
}

/// A group of series, in the order in which groups are shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// One of the greatest, by its rank, from 1.
    Top {
        /// Its rank over both windows.
        rank: u32,
        /// The tag's value.
        value: String,
    },
    /// All that have the tag and are not among the greatest.
    Other,
    /// Those without the tag; or all series where there are no groups.
    Rest,
}

/// The figures of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// All groups together.
    pub whole: Line,
    /// The groups, as far as they have points.
    pub groups: Lines,
    /// The newest point in the range.
    pub last_point_at: Option<Timestamp>,
}

/// Groups and their figures.
pub type Lines = Vec<(Place, Line)>;

/// Figures, one for each slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// One for each slot.
    pub values: Vec<Value>,
    /// That of the whole window.
    pub total: Value,
    /// The same of the window that is compared with.
    pub past: Option<PastLine>,
}

/// Figures to compare with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastLine {
    /// One for each slot of the question; None where it has no counterpart.
    pub values: Vec<Option<Value>>,
    /// That of the whole window.
    pub total: Value,
}

/// One figure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Value {
    /// None: not known.
    pub value: Option<f64>,
    /// There was no point; the last known value is carried on.
    pub filled: bool,
    /// Of a ratio: its two parts.
    pub parts: Option<(f64, f64)>,
}

/// How cells become values.
#[derive(Clone, Copy)]
struct Rule {
    reading: Reading,
    gap: GapRule,
}

/// The cells of one group: those of the metric, and of the one it is divided by.
#[derive(Clone, Debug, Default)]
struct Sheet {
    main: Strip,
    past: Strip,
}

#[derive(Clone, Debug, Default)]
struct Strip {
    before: Pair,
    slots: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    of: Cell,
    by: Cell,
}

/// Folds what was read into lines of figures.
#[must_use]
pub fn fold(windows: &Windows, reading: Reading, gap: GapRule, entries: Vec<Entry>) -> Answer {
    let rule = Rule { reading, gap };
    let mut sheets: BTreeMap<Place, Sheet> = BTreeMap::new();
    let mut whole = Sheet::new(windows);
    for entry in entries {
        let sheet = sheets.entry(entry.place).or_insert_with(|| Sheet::new(windows));
        for sheet in [sheet, &mut whole] {
            if let Some(pair) = sheet.pair(entry.past, entry.slot) {
                pair.part(entry.part).merge(&entry.cell);
            }
        }
    }
    let newest = whole.main.slots.iter().map(|pair| pair.of.last_at.max(pair.by.last_at)).max();
    let groups: Lines =
        sheets.into_iter().map(|(place, sheet)| (place, sheet.line(rule, windows))).collect();
    let whole = match groups.as_slice() {
        [(_, only)] => only.clone(),
        _ => whole.line(rule, windows),
    };
    Answer { whole, groups, last_point_at: newest.flatten() }
}

impl Sheet {
    fn new(windows: &Windows) -> Self {
        let strip = |window: &Window| Strip {
            before: Pair::default(),
            slots: vec![Pair::default(); window.slots.len()],
        };
        Self {
            main: strip(&windows.main),
            past: windows.past.as_ref().map(|past| strip(&past.window)).unwrap_or_default(),
        }
    }

    fn pair(&mut self, past: bool, slot: Option<usize>) -> Option<&mut Pair> {
        let strip = if past { &mut self.past } else { &mut self.main };
        match slot {
            None => Some(&mut strip.before),
            Some(index) => strip.slots.get_mut(index),
        }
    }

    fn line(&self, rule: Rule, windows: &Windows) -> Line {
        let (values, total) = self.main.figures(rule, &windows.main.slots);
        let past = windows.past.as_ref().map(|past| self.past_line(rule, past));
        Line { values, total, past }
    }

    fn past_line(&self, rule: Rule, past: &Past) -> PastLine {
        let (values, total) = self.past.figures(rule, &past.window.slots);
        let value = |index: &Option<usize>| index.and_then(|index| values.get(index).copied());
        PastLine { values: past.pairs.iter().map(value).collect(), total }
    }
}

impl Strip {
    fn figures(&self, rule: Rule, slots: &[Slot]) -> (Vec<Value>, Value) {
        let mut held = self.before.of.last();
        let mut whole = Pair::default();
        let mut elapsed_seconds = 0.0;
        let mut values = Vec::with_capacity(slots.len());
        for (pair, slot) in self.slots.iter().zip(slots) {
            whole.merge(pair);
            elapsed_seconds += slot.elapsed_seconds;
            held = pair.of.last().or(held);
            let running = matches!(rule.reading, Reading::Aggregate(Aggregation::Cumulative));
            let shown = if running { &whole } else { pair };
            values.push(if slot.begun() || pair.of.n > 0 {
                shown.value(rule, slot.elapsed_seconds, held)
            } else {
                Value::default()
            });
        }
        let total = if elapsed_seconds > 0.0 || whole.of.n > 0 {
            whole.value(rule, elapsed_seconds, held)
        } else {
            Value::default()
        };
        (values, total)
    }
}

impl Pair {
    fn part(&mut self, part: Part) -> &mut Cell {
        match part {
            Part::Of => &mut self.of,
            Part::By => &mut self.by,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.of.merge(&other.of);
        self.by.merge(&other.by);
    }

    fn value(&self, rule: Rule, elapsed_seconds: f64, held: Option<f64>) -> Value {
        let Reading::Aggregate(aggregation) = rule.reading else {
            let (of, by) = (self.of.sum, self.by.sum);
            let value = finite((by != 0.0).then(|| of / by));
            return Value { value, filled: false, parts: Some((of, by)) };
        };
        let value = finite(self.of.figure(aggregation, elapsed_seconds));
        if self.of.n > 0 {
            return Value { value, ..Value::default() };
        }
        match rule.gap {
            GapRule::Null if aggregation == Aggregation::Cumulative => Value::of(Some(0.0)),
            GapRule::Null => Value::default(),
            GapRule::Zero => Value::of(Some(0.0)),
            GapRule::Carry => Value { filled: held.is_some(), ..Value::of(held) },
        }
    }
}

impl Value {
    fn of(value: Option<f64>) -> Self {
        Self { value, ..Self::default() }
    }
}

/// What has overflown is no figure.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
