//! What no webhook brought is heard, what was paid twice goes back, and what fits no order is
//! listed.

use std::time::Duration;

use app::{Clock, Deadline, Role, Tick, Trigger};
use domain::access::Scope;
use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::order::Capture;
use domain::payment::Subject;
use futures_util::future::join_all;
use jiff::SignedDuration;
use local::sandbox::{Fault, FaultKind};
use providers::stripe::{NewPayment, PaymentState};
use serde_json::Value;
use tests::gateway::{Gateway, euros, new_payment};
use tests::lambda::function;

use crate::checkout::Till;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A till with an order of one shirt; how the provider calls its payment.
async fn ordered() -> (Till, String) {
    let till = Till::with_stock(5).await;
    let basket = till.basket(1).await;
    let made = till.check_out(&basket, "order").await.expect(201).json;
    (till, made["payment"]["reference"].as_str().unwrap().to_owned())
}

async fn pay(till: &Till, reference: &str) {
    let key = format!("{reference}:confirm");
    till.gateway.stripe.confirm(reference, "pm_card_visa", &key).await.unwrap();
}

/// Webhooks that were taken, and came to nothing.
fn lose_webhooks(till: &Till) {
    till.gateway.sandbox.take_pending().unwrap();
}

async fn reconcile(till: &Till) {
    till.shop.world.tick("reconciler").await;
    till.shop.world.drain_queues().await;
}

/// Runs it ten times, at later and later times, and checks that nothing changes any more.
async fn ten_times(till: Till) -> Till {
    let before = books(&till).await;
    let mut till = till;
    for run in 1..=10 {
        till = till.later(HOUR * (1 + run));
        till.shop.world.tick("reconciler").await;
        till.shop.world.drain_queues_despite_failures().await;
        assert_eq!(books(&till).await, before, "run {run}");
    }
    till
}

/// All that is written about money.
async fn books(till: &Till) -> Vec<String> {
    let sql = "select e::text from order_event e union all select n::text from payment_notice n
               union all select f::text from payment_finding f order by 1";
    till.shop.world.sql(sql).await.iter().map(|row| row.get(0)).collect()
}

async fn placed(till: &Till) -> i64 {
    let sql = "select count(*) from order_event where kind = 'order.placed.v1'";
    till.shop.world.count(sql).await
}

async fn refunded(till: &Till, reference: &str) -> i64 {
    let page = till.gateway.stripe.refunds_of(reference, None).await.unwrap();
    page.items.iter().map(|refund| refund.amount.amount_minor).sum()
}

async fn state(till: &Till, reference: &str) -> PaymentState {
    till.gateway.stripe.retrieve_payment(reference).await.unwrap().state
}

/// The order's payment once more, as when the provider had forgotten the key.
async fn made_again(till: &Till, key: &str) -> String {
    let rows = till.shop.world.sql("select order_id, id from payment").await;
    let (order, payment) = (OrderId(rows[0].get(0)), PaymentId(rows[0].get(1)));
    let subject = Subject { tenant: TenantNumber(1), order, payment };
    let new = NewPayment { amount: euros(4_990), capture: Capture::Automatic, subject };
    till.gateway.stripe.create_payment(&new, key).await.unwrap().reference
}

async fn findings(till: &Till) -> Vec<Value> {
    let key = till.shop.world.key(&[Scope::OrdersRead]).await;
    let told = till.shop.world.get("/v1/payment-findings", &key).await.expect(200).json;
    told["findings"].as_array().unwrap().clone()
}

#[tokio::test]
async fn f13_an_order_whose_webhook_did_not_come_is_placed_and_once_when_it_comes_later() {
    let (till, reference) = ordered().await;
    pay(&till, &reference).await;
    reconcile(&till).await;
    assert_eq!(placed(&till).await, 1);
    till.hear().await;
    assert_eq!(placed(&till).await, 1);
    let till = ten_times(till).await;
    assert_eq!(refunded(&till, &reference).await, 0);
    assert_eq!(findings(&till).await, [] as [Value; 0]);
}

#[tokio::test]
async fn f11_a_webhook_that_was_taken_and_lost_is_made_up_for() {
    let (till, reference) = ordered().await;
    pay(&till, &reference).await;
    lose_webhooks(&till);
    reconcile(&till).await;
    assert_eq!(placed(&till).await, 0, "it may be under way still");
    let till = till.later(HOUR);
    reconcile(&till).await;
    assert_eq!(placed(&till).await, 1);
    ten_times(till).await;
}

#[tokio::test]
async fn what_nobody_paid_for_days_is_looked_up_and_placed_when_it_was() {
    let (till, reference) = ordered().await;
    let till = till.later(DAY * 5);
    reconcile(&till).await;
    pay(&till, &reference).await;
    lose_webhooks(&till);
    let till = till.later(DAY * 6);
    reconcile(&till).await;
    assert_eq!(placed(&till).await, 1, "its payment is older than what is listed");
}

#[tokio::test]
async fn a_payment_that_the_provider_does_not_know_is_listed() {
    let (till, reference) = ordered().await;
    let till = Till { gateway: Gateway::start().await, ..till }.later(DAY + HOUR);
    reconcile(&till).await;
    let found = findings(&till).await;
    assert_eq!(
        (&found[0]["wrong"], &found[0]["reference"]),
        (&"missing".into(), &reference.into())
    );
    ten_times(till).await;
}

#[tokio::test]
async fn a_payment_without_an_order_is_listed_for_a_person() {
    let till = Till::with_stock(1).await;
    // Of a shop that is none of ours, and of an order that ours does not have.
    let foreign = till.gateway.paid(Capture::Automatic, "pm_card_visa").await;
    let mut ours = new_payment(3_600, Capture::Manual);
    ours.subject.tenant = TenantNumber(1);
    let ours = till.gateway.stripe.create_payment(&ours, "ours").await.unwrap().reference;
    pay(&till, &ours).await;
    // Nobody paid this one, so nobody misses anything.
    till.gateway.payment(Capture::Automatic).await;
    lose_webhooks(&till);
    let till = till.later(HOUR);
    reconcile(&till).await;
    let found = findings(&till).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["reference"], ours.as_str());
    assert_eq!(
        (&found[0]["wrong"], &found[0]["amount_minor"]),
        (&"no_order".into(), &3_600.into())
    );
    assert!(found[0].get("settled_at").is_none());
    let nobodys = till.shop.world.sql("select reference from payment_finding where tenant is null");
    let nobodys: Vec<String> = nobodys.await.iter().map(|row| row.get(0)).collect();
    assert_eq!(nobodys, std::slice::from_ref(&foreign.reference));
    let till = ten_times(till).await;
    assert_eq!(refunded(&till, &foreign.reference).await, 0, "it is not ours to give back");
}

#[tokio::test]
async fn f16_what_was_paid_twice_goes_back_once() {
    let (till, reference) = ordered().await;
    pay(&till, &reference).await;
    till.hear().await;
    let twice = made_again(&till, "again").await;
    pay(&till, &twice).await;
    let unpaid = made_again(&till, "once more").await;
    lose_webhooks(&till);
    let till = till.later(HOUR);
    reconcile(&till).await;
    let till = ten_times(till).await;
    assert_eq!(refunded(&till, &twice).await, 4_990);
    assert_eq!(state(&till, &unpaid).await, PaymentState::Canceled);
    assert_eq!(refunded(&till, &reference).await, 0);
    assert_eq!(placed(&till).await, 1);
    let found = findings(&till).await;
    assert_eq!(found.len(), 2);
    for finding in found {
        assert_eq!(finding["wrong"], "duplicate");
        assert!(finding["settled_at"].is_string(), "{finding}");
    }
}

#[tokio::test]
async fn f16_it_goes_back_once_although_the_answer_was_lost_and_the_key_is_forgotten() {
    let (till, reference) = ordered().await;
    pay(&till, &reference).await;
    till.hear().await;
    let twice = made_again(&till, "again").await;
    pay(&till, &twice).await;
    lose_webhooks(&till);
    let on = "POST /v1/refunds".to_owned();
    till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 4 });
    let till = till.later(HOUR);
    let now = Clock::Moved(HOUR).now();
    till.shop.world.host().tick("reconciler", now).await.unwrap_err();
    assert!(findings(&till).await[0].get("settled_at").is_none());
    let gateway = till.gateway.restarted(Clock::Moved(DAY + HOUR)).await;
    let till = Till { gateway, ..till }.later(DAY + HOUR);
    till.shop.world.tick("reconciler").await;
    assert_eq!(refunded(&till, &twice).await, 4_990);
    assert!(findings(&till).await[0]["settled_at"].is_string());
}

#[tokio::test]
async fn a_run_without_time_leaves_everything_to_the_next_and_long_lists_are_read_whole() {
    let till = Till::with_stock(1).await;
    let paid = (0..230).map(|_| till.gateway.paid(Capture::Automatic, "pm_card_visa"));
    join_all(paid).await;
    lose_webhooks(&till);
    let till = till.later(HOUR);
    let Trigger::Schedule(_, job) = function("reconciler").trigger else { panic!("it is daily") };
    let deadline = Deadline::within(Duration::from_secs(1));
    let tick = Tick { planned_at: Clock::Moved(HOUR).now(), deadline };
    job(till.shop.world.app(Role::System), tick).await.unwrap();
    let found = "select count(*) from payment_finding";
    assert_eq!(till.shop.world.count(found).await, 0);
    reconcile(&till).await;
    assert_eq!(till.shop.world.count(found).await, 230);
}
