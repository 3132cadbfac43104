use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

/// Every event in every shape in which it was ever written. Lines are added, and none is changed.
const EVENTS: &str = include_str!("golden/events.jsonl");
/// An order from its opening to the end, as it was written.
const HISTORY: &str = include_str!("golden/history.jsonl");

fn read(lines: &str) -> impl Iterator<Item = Event> {
    lines.lines().map(|line| {
        let mut written: Value = serde_json::from_str(line).unwrap();
        let kind = written["kind"].as_str().unwrap().to_owned();
        Event::from_wire(&kind, written["body"].take()).unwrap_or_else(|e| panic!("{line}: {e}"))
    })
}

#[test]
fn x22_what_was_ever_written_is_read_for_ever() {
    let mut kinds = BTreeSet::new();
    for event in read(EVENTS) {
        let (kind, body) = event.to_wire().unwrap();
        assert_eq!(Event::from_wire(&kind, body).unwrap(), event, "{kind}");
        kinds.insert(kind);
    }
    let known = include_str!("../event.rs").matches("#[serde(rename = \"").count();
    assert_eq!(kinds.len(), known, "every kind stands in the corpus");
}

#[test]
fn x22_what_a_newer_program_adds_is_not_in_the_way_of_an_older_one() {
    for event in histories::one_of_each() {
        let (kind, mut body) = event.to_wire().unwrap();
        if let Some(fields) = body.as_object_mut() {
            fields.insert("added_later".to_owned(), Value::from(1));
        }
        assert_eq!(Event::from_wire(&kind, body).unwrap(), event, "{kind}");
    }
}

#[test]
fn x22_a_history_that_was_written_folds_to_what_it_was() {
    let events: Vec<Event> = read(HISTORY).collect();
    let order = Order::fold(id(), &events).unwrap();
    let states = [order.status().as_str(), order.payment_status().as_str()];
    assert_eq!(states, ["completed", "part_refunded"]);
    assert_eq!(order.fulfillment_status().as_str(), "part_returned");
    assert_eq!((order.number, order.version), (Some(7), 16));
    assert_eq!((order.captured_minor(), order.refunding_minor()), (3600, 1200));
}
