use std::sync::Arc;

use app::port::MailError;
use futures_util::future::join_all;
use serde_json::json;
use tests::gateway::WEBHOOK_SECRET;

use crate::checkout::Till;
use crate::reports::shop::PostOffice;

/// A till whose letters go to a post office.
async fn till() -> (Till, Arc<PostOffice>) {
    let (till, post) = (Till::with_stock(10).await, Arc::new(PostOffice::default()));
    let (stripe, mailer) = (till.gateway.stripe.clone(), post.clone());
    let world = till.shop.world.with_setup(|setup| {
        setup.mailer = mailer;
        setup.gateway = Some(stripe);
        WEBHOOK_SECRET.clone_into(&mut setup.config.stripe_webhook_secrets);
    });
    (Till { shop: crate::cart::Shop { world, ..till.shop }, ..till }, post)
}

async fn nudge(till: &Till) {
    let body = "select json_build_object('type', 'order.changed.v1', 'tenant', tenant,
                    'order', id)::text from orders";
    let body: String = till.shop.world.sql(body).await[0].get(0);
    let world = &till.shop.world;
    let app = world.app(app::Role::App);
    let app::Trigger::Queue(_, consumer) = tests::lambda::function("mail-sender").trigger else {
        panic!("it consumes nudges")
    };
    let delivery = || app::Delivery {
        body: body.clone(),
        attempt: 1,
        deadline: app::Deadline::within(std::time::Duration::from_secs(60)),
    };
    join_all((0..10).map(|_| consumer(app.clone(), delivery()))).await;
}

async fn states(till: &Till) -> Vec<(String, String)> {
    let told = "select news, state from order_letter order by version";
    till.shop.world.sql(told).await.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_customer_is_told_once_what_was_bought_however_often_it_is_heard() {
    let (till, post) = till().await;
    till.sold(2, "once").await;
    nudge(&till).await;
    till.shop.world.sql("delete from order_follower").await;
    nudge(&till).await;
    let [letter] = &post.letters()[..] else { panic!("not one letter: {:?}", post.letters()) };
    assert_eq!(letter.to, "ann@customer.example");
    assert_eq!(letter.subject, "Shop 1: Order 1 is confirmed");
    for said in [
        "Hello Ann, this is what you ordered.",
        "2 × The shirt: €99.80",
        "Total: €99.80",
        "of which tax: €15.93",
        "Ann\nMain Street 1\nBerlin\nDE",
        "http://localhost:8080/v1/order-status/",
    ] {
        assert!(letter.text.contains(said), "`{said}` is not in\n{}", letter.text);
    }
    assert_eq!(states(&till).await, [("confirmed".to_owned(), "accepted".to_owned())]);
}

#[tokio::test]
async fn a_letter_of_unknown_fate_is_not_sent_again_and_one_that_was_not_taken_is() {
    let (till, post) = till().await;
    post.answer_with(MailError::Unknown);
    till.sold(1, "unknown").await;
    nudge(&till).await;
    assert!(post.letters().is_empty());
    assert_eq!(states(&till).await[0].1, "unknown");
    till.shop.world.sql("delete from orders").await;
    post.answer_with(MailError::NotAccepted);
    let basket = till.basket(1).await;
    let made = till.check_out(&basket, "again").await.expect(201).json;
    let reference = made["payment"]["reference"].as_str().unwrap();
    till.gateway.stripe.confirm(reference, "pm_card_visa", "again").await.unwrap();
    till.hear_despite_failures().await;
    assert!(post.letters().is_empty());
    nudge(&till).await;
    assert_eq!(post.letters().len(), 1);
}

#[tokio::test]
async fn who_was_erased_is_written_no_more() {
    let (till, post) = till().await;
    let basket = till.basket(1).await;
    let made = till.check_out(&basket, "once").await.expect(201).json;
    till.shop.world.sql("update contact set email = null, name = null, erased_at = now()").await;
    let reference = made["payment"]["reference"].as_str().unwrap();
    till.gateway.stripe.confirm(reference, "pm_card_visa", "once").await.unwrap();
    till.hear().await;
    assert_eq!(till.status(&basket, &made["order"]).await["number"], json!(1));
    assert!(post.letters().is_empty());
}
