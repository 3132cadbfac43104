//! What is left of an order after it was changed is what has to be paid.

use domain::id::PaymentId;
use domain::order::{Event, PaymentStatus, evolve};
use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::Desk;
use super::shop::Shop;

/// An order of two shirts for 99.80 whose money waits for the shop.
async fn authorized() -> (Desk, String, Value) {
    let desk = Desk::with_stock(5).await;
    let manual = json!({ "rounding": "per_line", "capture": "manual", "payment_minutes": 60,
                         "cart_days": 30 });
    desk.till.shop.world.put("/v1/shop", &desk.till.shop.owner, &manual).await.expect(200);
    let order = desk.sold(2).await;
    let told = desk.read(&order).await;
    assert_eq!(told["payment_status"], "authorized");
    (desk, order, told["lines"][0]["id"].clone())
}

/// Takes a shirt out, and sends the rest.
async fn edited_and_sent(desk: &Desk, order: &str, line: &Value) -> Value {
    let one = json!({ "lines": [{ "line": line, "quantity": 1 }], "reason": "one was broken" });
    desk.act_with_key(order, "reductions", "once", &one).await.expect(200);
    desk.till.hear().await;
    let parcel = desk.act_with_key(order, "fulfillments", "all", &json!({})).await.expect(200).json;
    let parcel = parcel["id"].as_str().unwrap();
    for step in ["ship", "deliver"] {
        let path = format!("fulfillments/{parcel}/{step}");
        desk.act(order, &path, &json!({})).await.expect(200);
    }
    desk.read(order).await
}

#[tokio::test]
async fn f22_an_order_that_was_taken_in_part_is_paid_once_it_is_no_more_than_that() {
    let (desk, order, line) = authorized().await;
    let half = json!({ "amount_minor": 4_990 });
    desk.act(&order, "capture", &half).await.expect(200);
    desk.till.hear().await;
    assert_eq!(desk.read(&order).await["payment_status"], "part_captured");
    let told = edited_and_sent(&desk, &order, &line).await;
    assert_eq!(
        (&told["status"], &told["payment_status"]),
        (&json!("completed"), &json!("captured"))
    );
    // What is left was paid for, and no more: nothing goes back.
    assert_eq!(told["totals"]["refunding_minor"], 0);
    assert_eq!(desk.back_at_the_provider(&told).await, 0);
}

#[tokio::test]
async fn f22_of_an_order_that_was_changed_before_what_is_left_is_taken() {
    let (desk, order, line) = authorized().await;
    let told = edited_and_sent(&desk, &order, &line).await;
    assert_eq!(told["status"], "confirmed", "it is delivered, and not paid");
    desk.act(&order, "capture", &json!({})).await.expect(200);
    desk.till.hear().await;
    let told = desk.read(&order).await;
    assert_eq!(
        (&told["status"], &told["payment_status"], &told["totals"]["captured_minor"]),
        (&json!("completed"), &json!("captured"), &json!(4_990))
    );
}

#[tokio::test]
async fn f22_an_order_that_was_changed_after_it_was_paid_goes_on() {
    let desk = Desk::with_stock(5).await;
    let order = desk.sold(2).await;
    let line = desk.read(&order).await["lines"][0]["id"].clone();
    let told = edited_and_sent(&desk, &order, &line).await;
    assert_eq!(
        (&told["status"], &told["payment_status"]),
        (&json!("completed"), &json!("part_refunded"))
    );
    assert_eq!(desk.back_at_the_provider(&told).await, 4_990);
}

#[tokio::test]
async fn f22_a_payment_in_two_parts_is_one_whichever_comes_first() {
    let shop = Shop::with_stock(1).await;
    let order = shop.open().await.unwrap();
    let (first, second) = (order.payments[0].id, PaymentId(Uuid::now_v7()));
    let more = Event::PaymentRequested { payment: second, amount_minor: 190 };
    let order = evolve(order, &more);
    let taken = |payment, amount_minor| Event::PaymentCaptured { payment, amount_minor };
    let (base, rest) = (taken(first, 1_000), taken(second, 190));
    for (early, late) in [(&base, &rest), (&rest, &base)] {
        let part = evolve(order.clone(), early);
        assert_eq!(part.payment_status(), PaymentStatus::PartCaptured);
        let both = evolve(part, late);
        assert_eq!(both.payment_status(), PaymentStatus::Captured);
    }
}
