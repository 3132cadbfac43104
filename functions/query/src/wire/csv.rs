use csv::{ByteRecord, Terminator, WriterBuilder};
use domain::question::{Line, Slot, Value};
use jiff::Timestamp;

use super::comparison::ChangeOut;
use super::reply::{At, Known, named};

const COLUMNS: [&str; 19] = [
    "query",
    "group",
    "name",
    "start",
    "end",
    "complete",
    "elapsed",
    "value",
    "filled",
    "of",
    "by",
    "compared_start",
    "compared_value",
    "delta_abs",
    "delta_pct",
    "query_id",
    "from",
    "to",
    "as_of",
];

/// One row for each query, group and bucket; RFC 4180. Each says what it was asked and when.
pub(crate) fn table(
    now: Timestamp,
    known: &[Known<'_>],
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(4096));
    writer.write_record(COLUMNS)?;
    for known in known {
        let (query_id, range) = (known.query_id(), known.asked.frame.range);
        let [from, to] = [range.from, range.to].map(|at| At(at, known.zone()).to_string());
        let asked = [query_id, from, to, now.to_string()];
        let asked = asked.each_ref().map(String::as_str);
        let whole = &known.answered.answer.whole;
        for (index, slot) in known.slots().iter().enumerate() {
            let mut row = row(known, ("all", None), (index, slot), whole);
            row.extend(asked);
            writer.write_byte_record(&row)?;
        }
        for (place, line) in known.groups() {
            for (index, slot) in known.slots().iter().enumerate() {
                let mut row = row(known, named(place), (index, slot), line);
                row.extend(asked);
                writer.write_byte_record(&row)?;
            }
        }
    }
    Ok(writer.into_inner()?)
}

fn row(
    known: &Known<'_>,
    (group, name): (&str, Option<&str>),
    (index, slot): (usize, &Slot),
    line: &Line,
) -> ByteRecord {
    let at = |at| At(at, known.zone()).to_string();
    let number = |number: Option<f64>| number.map(|it| it.to_string()).unwrap_or_default();
    let value = line.values.get(index).copied().unwrap_or_default();
    let past = line.past.as_ref().and_then(|past| past.values.get(index).copied().flatten());
    let change = past.map(|base: Value| ChangeOut::of(&value, &base));
    let compared_start = known.question.windows.past.as_ref().and_then(|past| {
        let slot = past.window.slots.get(past.pairs.get(index).copied()??)?;
        Some(at(slot.start))
    });
    let cells = [
        text(&known.asked.name),
        group.to_owned(),
        name.map(text).unwrap_or_default(),
        at(slot.start),
        at(slot.end),
        slot.complete.to_string(),
        slot.elapsed.to_string(),
        number(value.value),
        value.filled.to_string(),
        number(value.parts.map(|(of, _)| of)),
        number(value.parts.map(|(_, by)| by)),
        compared_start.unwrap_or_default(),
        number(change.as_ref().and_then(|change| change.value)),
        number(change.as_ref().and_then(|change| change.delta_abs)),
        number(change.as_ref().and_then(|change| change.delta_pct)),
    ];
    ByteRecord::from(cells.to_vec())
}

/// A spreadsheet would run a text that begins like a formula.
fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
