use std::collections::BTreeSet;

use domain::id::PaymentId;
use domain::order::Capture;
use domain::payment::read;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use providers::stripe::{Heard, Window};
use tests::gateway::{Gateway, new_payment};
use uuid::Uuid;

#[expect(clippy::disallowed_methods, reason = "the sandbox is at the time of the machine")]
fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn a_payment_is_found_among_hundreds_by_what_we_wrote_on_it() {
    let gateway = Gateway::start().await;
    let news: Vec<_> = (0..230).map(|_| new_payment(3600, Capture::Automatic)).collect();
    let keys: Vec<String> = news.iter().map(|new| format!("pay:{}", new.subject.payment)).collect();
    let calls = news.iter().zip(&keys).map(|(new, key)| gateway.stripe.create_payment(new, key));
    let made: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    let window = Window { from: minutes_ago(5), to: minutes_ago(-5) };
    for index in [0, 115, 229] {
        let id = news[index].subject.payment;
        let found = gateway.stripe.find_payments(id, window).await.unwrap();
        assert_eq!(found, [made[index].clone()]);
    }
    let unknown = PaymentId(Uuid::now_v7());
    assert_eq!(gateway.stripe.find_payments(unknown, window).await.unwrap(), []);
    let before = Window { from: minutes_ago(60), to: minutes_ago(5) };
    let id = news[0].subject.payment;
    assert_eq!(gateway.stripe.find_payments(id, before).await.unwrap(), []);

    let (mut seen, mut after) = (BTreeSet::new(), None);
    loop {
        let page = gateway.stripe.list_payments(window, after.as_deref()).await.unwrap();
        assert!(page.items.len() <= 100);
        seen.extend(page.items.into_iter().map(|payment| payment.reference));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 230, "each once, and all of them");
}

#[tokio::test]
async fn a_payment_that_was_made_twice_is_found_twice() {
    let gateway = Gateway::start().await;
    let new = new_payment(3600, Capture::Automatic);
    for key in ["first", "after its key was forgotten"] {
        gateway.stripe.create_payment(&new, key).await.unwrap();
    }
    let window = Window { from: minutes_ago(5), to: minutes_ago(-5) };
    assert_eq!(gateway.stripe.find_payments(new.subject.payment, window).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_no_webhook_brought_is_listed_as_a_webhook_would_bring_it() {
    let gateway = Gateway::start().await;
    gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let brought = gateway.sandbox.take_pending().unwrap();
    let second = gateway.paid(Capture::Manual, "pm_card_visa").await;

    let all = gateway.stripe.list_events(minutes_ago(5), Heard::OrNot, None).await.unwrap();
    assert_eq!(all.items.len(), brought.len() + 3);
    let never = gateway.stripe.list_events(minutes_ago(5), Heard::Never, None).await.unwrap();
    let facts: Vec<_> = never
        .items
        .iter()
        .filter_map(|event| read(event.body.as_bytes()).unwrap())
        .map(|notice| (notice.reference, notice.fact))
        .collect();
    assert_eq!(facts, [(second.reference.clone(), second.fact().unwrap())]);
    let listed = all.items.iter().find(|event| event.id == brought[0].event).unwrap();
    assert_eq!(listed.body.as_bytes(), brought[0].body, "byte for byte");
    let later = gateway.stripe.list_events(minutes_ago(-5), Heard::OrNot, None).await.unwrap();
    assert_eq!(later.items, []);
}

#[tokio::test]
async fn what_is_not_there_is_missing() {
    let gateway = Gateway::start().await;
    let payment = gateway.stripe.retrieve_payment("pi_nobody").await.unwrap_err();
    assert!(payment.is_missing(), "{payment:?}");
    let refund = gateway.stripe.retrieve_refund("re_nobody").await.unwrap_err();
    assert!(refund.is_missing(), "{refund:?}");
    let elsewhere = gateway.stripe.retrieve_payment("../refunds").await.unwrap_err();
    assert!(elsewhere.is_missing(), "{elsewhere:?}");
}
