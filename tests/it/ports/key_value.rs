use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::port::KeyValue;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::At;

const AT_ONCE: usize = 20;

pub(super) async fn a_record_is_put_replaced_and_removed(at: At<'_>) {
    let records = at(second(0));
    assert_eq!(records.get("key").await.unwrap(), None);
    records.put("key", "one", None).await.unwrap();
    let first = records.get("key").await.unwrap().unwrap();
    records.put("key", "two", Some(second(60))).await.unwrap();
    let second = records.get("key").await.unwrap().unwrap();
    assert_eq!((first.value.as_str(), second.value.as_str()), ("one", "two"));
    assert!(second.version > first.version);
    records.delete("key").await.unwrap();
    records.delete("key").await.unwrap();
    assert_eq!(records.get("key").await.unwrap(), None);
}

pub(super) async fn one_of_twenty_puts_a_record_where_there_is_none(at: At<'_>) {
    let records = at(second(0));
    let values: Vec<String> = (0..AT_ONCE).map(|number| number.to_string()).collect();
    let puts = values.iter().map(|value| records.put_if_absent("key", value, None));
    let won: Vec<bool> = join_all(puts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(records.get("key").await.unwrap().unwrap().value, values[winner]);
}

pub(super) async fn no_update_is_lost_when_twenty_compare_and_set(at: At<'_>) {
    let records = at(second(0));
    records.put("key", "0", None).await.unwrap();
    join_all((0..AT_ONCE).map(|_| raise(&records))).await;
    let record = records.get("key").await.unwrap().unwrap();
    assert_eq!(record.value, AT_ONCE.to_string());
    let earlier = record.version - 1;
    assert!(!records.compare_and_set("key", earlier, "0", None).await.unwrap());
    assert!(!records.compare_and_set("none", 1, "0", None).await.unwrap());
}

pub(super) async fn twenty_who_add_at_once_get_twenty_sums(at: At<'_>) {
    let records = at(second(0));
    let sums = add_at_once(&records, 3, Some(second(60))).await;
    assert_eq!(sums, (1..=20).map(|number| 3 * number).collect());
}

pub(super) async fn a_record_expires_by_the_clock_though_it_is_still_stored(at: At<'_>) {
    at(second(0)).put("key", "value", Some(second(60))).await.unwrap();
    assert!(at(second(59)).get("key").await.unwrap().is_some());
    assert_eq!(at(second(60)).get("key").await.unwrap(), None);
    assert!(at(second(59)).get("key").await.unwrap().is_some(), "it is still stored");
}

pub(super) async fn an_expired_record_is_no_hindrance_and_no_base(at: At<'_>) {
    let early = at(second(0));
    early.put("key", "old", Some(second(60))).await.unwrap();
    let version = early.get("key").await.unwrap().unwrap().version;
    assert!(!at(second(59)).put_if_absent("key", "new", None).await.unwrap());
    let late = at(second(60));
    assert!(!late.compare_and_set("key", version, "new", None).await.unwrap());
    assert!(late.put_if_absent("key", "new", None).await.unwrap());
    assert_eq!(at(second(9_999)).get("key").await.unwrap().unwrap().value, "new");
}

pub(super) async fn an_expired_counter_starts_again_once(at: At<'_>) {
    assert_eq!(at(second(0)).add("key", 100, Some(second(60))).await.unwrap(), 100);
    let late = at(second(60));
    let sums = add_at_once(&late, 1, Some(second(120))).await;
    assert_eq!(sums, (1..=20).collect());
}

pub(super) async fn a_counter_keeps_the_expiry_it_started_with(at: At<'_>) {
    assert_eq!(at(second(0)).add("brief", 1, Some(second(60))).await.unwrap(), 1);
    assert_eq!(at(second(30)).add("brief", 1, Some(second(90))).await.unwrap(), 2);
    assert_eq!(at(second(60)).get("brief").await.unwrap(), None);
    assert_eq!(at(second(0)).add("lasting", 1, None).await.unwrap(), 1);
    assert_eq!(at(second(30)).add("lasting", 1, Some(second(90))).await.unwrap(), 2);
    assert_eq!(at(second(9_999)).add("lasting", 1, None).await.unwrap(), 3);
}

pub(super) async fn a_counter_can_be_read_and_sink_below_zero(at: At<'_>) {
    let records = at(second(0));
    assert_eq!(records.add("key", 2, None).await.unwrap(), 2);
    assert_eq!(records.add("key", -5, None).await.unwrap(), -3);
    assert_eq!(records.get("key").await.unwrap().unwrap().value, "-3");
}

/// Adds 1 to a record that holds a number, however often others are faster.
async fn raise(records: &Arc<dyn KeyValue>) {
    loop {
        let record = records.get("key").await.unwrap().unwrap();
        let next = (record.value.parse::<u64>().unwrap() + 1).to_string();
        if records.compare_and_set("key", record.version, &next, None).await.unwrap() {
            return;
        }
    }
}

async fn add_at_once(
    records: &Arc<dyn KeyValue>,
    amount: i64,
    expires_at: Option<Timestamp>,
) -> BTreeSet<i64> {
    let all = (0..AT_ONCE).map(|_| records.add("key", amount, expires_at));
    join_all(all).await.into_iter().map(Result::unwrap).collect()
}

fn second(number: u64) -> Timestamp {
    const START: Timestamp = Timestamp::constant(1_770_000_000, 0);
    START + Duration::from_secs(number)
}
