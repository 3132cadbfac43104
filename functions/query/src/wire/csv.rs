use csv::{ByteRecord, Terminator, WriterBuilder};
use domain::question::{Line, Slot, Value};

use super::reply::{At, ChangeOut, Known, named};

const COLUMNS: [&str; 15] = [
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
];

/// One row for each query, group and bucket; RFC 4180.
pub(crate) fn table(
    known: &[Known<'_>],
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(4096));
    writer.write_record(COLUMNS)?;
    for known in known {
        let whole = &known.answered.answer.whole;
        for (index, slot) in known.slots().iter().enumerate() {
            writer.write_byte_record(&row(known, ("all", None), (index, slot), whole))?;
        }
        for (place, line) in known.groups() {
            for (index, slot) in known.slots().iter().enumerate() {
                writer.write_byte_record(&row(known, named(place), (index, slot), line))?;
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
