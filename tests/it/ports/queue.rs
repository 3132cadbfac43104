use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use app::port::{MAX_ATTEMPTS, Outgoing, Queue, Received};
use domain::message::QueueName;

const PLAIN: QueueName = QueueName::Forecasts;
const FIFO: QueueName = QueueName::Imports;
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_secs(1);
const AFTER_SHORT: Duration = Duration::from_millis(1_200);
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(super) async fn what_was_sent_is_received_and_gone_once_acknowledged(queue: &dyn Queue) {
    let mut expected = BTreeSet::new();
    let messages: Vec<Outgoing> = (0..25)
        .map(|number| Outgoing { trace: Some(TRACE.to_owned()), ..plain(&number.to_string()) })
        .collect();
    expected.extend(messages.iter().map(|message| message.body.clone()));
    queue.send(PLAIN, &messages).await.unwrap();
    let mut bodies = BTreeSet::new();
    for _ in 0..10 {
        for message in queue.receive(PLAIN, 10, LONG).await.unwrap() {
            assert_eq!((message.attempt, message.trace.as_deref()), (1, Some(TRACE)));
            assert!(queue.acknowledge(PLAIN, &message.receipt).await.unwrap());
            assert!(bodies.insert(message.body), "no message comes twice");
        }
    }
    assert_eq!(bodies, expected);
    assert_eq!(queue.receive(FIFO, 10, LONG).await.unwrap(), [], "queues do not mix");
}

pub(super) async fn a_message_that_is_not_acknowledged_comes_again_as_the_next_attempt(
    queue: &dyn Queue,
) {
    queue.send(PLAIN, &[plain("1")]).await.unwrap();
    let first = only(queue, PLAIN, SHORT).await;
    assert_eq!(queue.receive(PLAIN, 10, SHORT).await.unwrap(), [], "it is invisible for a while");
    tokio::time::sleep(AFTER_SHORT).await;
    let second = only(queue, PLAIN, LONG).await;
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!((&second.id, &second.body), (&first.id, &first.body));
    assert_ne!(second.receipt, first.receipt);
    assert!(queue.acknowledge(PLAIN, &second.receipt).await.unwrap());
}

pub(super) async fn a_released_message_comes_again_at_once(queue: &dyn Queue) {
    queue.send(PLAIN, &[plain("1")]).await.unwrap();
    let first = only(queue, PLAIN, LONG).await;
    assert!(queue.release(PLAIN, &first.receipt, Duration::ZERO).await.unwrap());
    assert_eq!(only(queue, PLAIN, LONG).await.attempt, 2);
}

pub(super) async fn a_message_that_failed_too_often_is_a_dead_letter(queue: &dyn Queue) {
    queue.send(PLAIN, &[plain("1")]).await.unwrap();
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(queue.dead_letters(PLAIN).await.unwrap(), 0);
        let received = only(queue, PLAIN, LONG).await;
        assert_eq!(received.attempt, attempt);
        queue.release(PLAIN, &received.receipt, Duration::ZERO).await.unwrap();
    }
    assert_eq!(queue.receive(PLAIN, 10, LONG).await.unwrap(), []);
    assert_eq!(queue.dead_letters(PLAIN).await.unwrap(), 1);
}

pub(super) async fn a_buried_message_is_a_dead_letter_and_frees_its_group(queue: &dyn Queue) {
    queue.send(FIFO, &[grouped("a", "1"), grouped("a", "2")]).await.unwrap();
    let first = queue.receive(FIFO, 1, LONG).await.unwrap().remove(0);
    assert_eq!((first.body.as_str(), first.group.as_deref()), ("1", Some("a")));
    queue.bury(FIFO, &first).await.unwrap();
    assert_eq!(queue.dead_letters(FIFO).await.unwrap(), 1);
    assert_eq!(only(queue, FIFO, LONG).await.body, "2");
}

pub(super) async fn a_delayed_message_comes_later(queue: &dyn Queue) {
    let later = Outgoing { delay: SHORT, ..plain("later") };
    queue.send(PLAIN, &[later, plain("now")]).await.unwrap();
    assert_eq!(only(queue, PLAIN, LONG).await.body, "now");
    tokio::time::sleep(AFTER_SHORT).await;
    assert_eq!(only(queue, PLAIN, LONG).await.body, "later");
}

pub(super) async fn a_repeated_message_is_dropped(queue: &dyn Queue) {
    queue.send(FIFO, &[grouped("a", "1"), grouped("a", "1")]).await.unwrap();
    queue.send(FIFO, &[grouped("a", "1")]).await.unwrap();
    let first = only(queue, FIFO, LONG).await;
    queue.send(FIFO, &[grouped("a", "1")]).await.unwrap();
    assert!(queue.acknowledge(FIFO, &first.receipt).await.unwrap());
    assert_eq!(queue.receive(FIFO, 10, LONG).await.unwrap(), []);
}

pub(super) async fn ids_are_told_apart_by_group(queue: &dyn Queue) {
    let other = Outgoing { dedupe: Some("a-1".into()), ..grouped("b", "1") };
    let first = Outgoing { dedupe: Some("a-1".into()), ..grouped("a", "1") };
    queue.send(FIFO, &[first.clone(), other, first]).await.unwrap();
    let mut groups: Vec<String> =
        queue.receive(FIFO, 10, LONG).await.unwrap().iter().map(group).collect();
    groups.sort();
    assert_eq!(groups, ["a", "b"]);
}

pub(super) async fn what_sqs_would_refuse_is_refused(queue: &dyn Queue) {
    let no_group = Outgoing { group: None, ..grouped("a", "1") };
    let no_id = Outgoing { dedupe: None, ..grouped("a", "1") };
    let later = Outgoing { delay: SHORT, ..grouped("a", "1") };
    let much_later = Outgoing { delay: Duration::from_secs(901), ..plain("1") };
    for (name, message) in [(FIFO, no_group), (FIFO, no_id), (FIFO, later), (PLAIN, much_later)] {
        queue.send(name, &[message]).await.unwrap_err();
        assert_eq!(queue.receive(name, 10, LONG).await.unwrap(), []);
    }
}

pub(super) async fn a_group_is_received_in_order(queue: &dyn Queue) {
    let sent = ["1", "2", "3"].map(|number| [grouped("a", number), grouped("b", number)]);
    queue.send(FIFO, sent.as_flattened()).await.unwrap();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for _ in 0..12 {
        for message in queue.receive(FIFO, 1, LONG).await.unwrap() {
            seen.entry(group(&message)).or_default().push_str(&message.body);
            assert!(queue.acknowledge(FIFO, &message.receipt).await.unwrap());
        }
    }
    let whole = |group: &str| (group.to_owned(), "123".to_owned());
    assert_eq!(seen, BTreeMap::from([whole("a"), whole("b")]));
}

pub(super) async fn two_receivers_never_hold_the_same_group(queue: &dyn Queue) {
    const GROUPS: [&str; 4] = ["a", "b", "c", "d"];
    let sent: Vec<Outgoing> =
        (0..6).flat_map(|number| GROUPS.map(|group| grouped(group, &number.to_string()))).collect();
    queue.send(FIFO, &sent).await.unwrap();
    let held = Mutex::new(BTreeMap::new());
    let seen = Mutex::new(BTreeMap::<String, String>::new());
    let receiver = |name: &'static str| {
        let (held, seen) = (&held, &seen);
        async move {
            for _ in 0..30 {
                let messages = queue.receive(FIFO, 3, LONG).await.unwrap();
                for message in &messages {
                    let holder = held.lock().unwrap().insert(group(message), name);
                    assert!(holder.is_none_or(|holder| holder == name), "{message:?}");
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                for message in messages {
                    seen.lock()
                        .unwrap()
                        .entry(group(&message))
                        .or_default()
                        .push_str(&message.body);
                    held.lock().unwrap().remove(&group(&message));
                    assert!(queue.acknowledge(FIFO, &message.receipt).await.unwrap());
                }
            }
        }
    };
    tokio::join!(receiver("first"), receiver("second"));
    let all = GROUPS.map(|group| (group.to_owned(), "012345".to_owned()));
    assert_eq!(seen.into_inner().unwrap(), BTreeMap::from(all));
}

pub(super) async fn an_earlier_receipt_cannot_acknowledge(queue: &dyn Queue) {
    queue.send(PLAIN, &[plain("1")]).await.unwrap();
    let first = only(queue, PLAIN, LONG).await;
    queue.release(PLAIN, &first.receipt, Duration::ZERO).await.unwrap();
    let second = only(queue, PLAIN, LONG).await;
    assert!(!queue.acknowledge(PLAIN, &first.receipt).await.unwrap());
    assert!(!queue.release(PLAIN, &first.receipt, Duration::ZERO).await.unwrap());
    assert!(queue.acknowledge(PLAIN, &second.receipt).await.unwrap());
    assert!(!queue.acknowledge(PLAIN, &second.receipt).await.unwrap());
}

pub(super) async fn a_repeated_message_is_dropped_even_when_the_first_is_done(queue: &dyn Queue) {
    queue.send(FIFO, &[grouped("a", "1")]).await.unwrap();
    let first = only(queue, FIFO, LONG).await;
    assert!(queue.acknowledge(FIFO, &first.receipt).await.unwrap());
    queue.send(FIFO, &[grouped("a", "1"), grouped("a", "2")]).await.unwrap();
    assert_eq!(only(queue, FIFO, LONG).await.body, "2");
}

pub(super) async fn dead_letters_are_sent_back(queue: &dyn Queue) {
    queue.send(FIFO, &[grouped("a", "1"), grouped("a", "2")]).await.unwrap();
    for _ in 0..2 {
        let message = only(queue, FIFO, LONG).await;
        queue.bury(FIFO, &message).await.unwrap();
    }
    assert_eq!(queue.dead_letters(FIFO).await.unwrap(), 2);
    queue.redrive(FIFO).await.unwrap();
    assert_eq!(queue.dead_letters(FIFO).await.unwrap(), 0);
    let again = only(queue, FIFO, LONG).await;
    assert_eq!((again.body.as_str(), again.attempt), ("1", 1));
}

pub(super) async fn a_group_keeps_its_order_when_a_message_comes_again(queue: &dyn Queue) {
    queue.send(FIFO, &[grouped("a", "1"), grouped("a", "2")]).await.unwrap();
    let first = only(queue, FIFO, LONG).await;
    assert_eq!(queue.receive(FIFO, 10, LONG).await.unwrap(), [], "the group waits for it");
    queue.release(FIFO, &first.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(only(queue, FIFO, LONG).await.body, "1");
}

fn plain(body: &str) -> Outgoing {
    Outgoing { body: body.to_owned(), ..Outgoing::default() }
}

/// Its body is its dedupe id within the group.
fn grouped(group: &str, body: &str) -> Outgoing {
    Outgoing {
        group: Some(group.to_owned()),
        dedupe: Some(format!("{group}-{body}")),
        ..plain(body)
    }
}

fn group(message: &Received) -> String {
    message.group.clone().expect("it was sent with one")
}

async fn only(queue: &dyn Queue, name: QueueName, visibility: Duration) -> Received {
    let mut messages = queue.receive(name, 10, visibility).await.unwrap();
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.remove(0)
}
