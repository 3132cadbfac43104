//! What follows from what providers say, against the sandbox of `local`, which speaks Stripe's
//! HTTP.

use std::time::Duration;

use app::{Clock, Deadline, Delivery, Failure, Role};
use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::message::{PaymentMessage, QueueName};
use domain::money::Money;
use domain::order::{Capture, Command, Order, OrderStatus, PaymentStatus};
use domain::payment::{Fact, Notice, STRIPE, Subject};
use domain::tenant::Currency;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use local::sandbox::{Fault, FaultKind};
use providers::stripe::{NewPayment, Payment};
use store::orders::{self, Act};
use tests::gateway::Gateway;
use tests::lambda::function;
use uuid::Uuid;

use crate::orders::shop::{NOW, Shop, paid};

/// A shop whose payments go through a gateway.
struct Till {
    shop: Shop,
    gateway: Gateway,
}

impl Till {
    async fn with_stock(on_hand: i32) -> Self {
        let gateway = Gateway::start().await;
        let mut shop = Shop::with_stock(on_hand).await;
        let stripe = gateway.stripe.clone();
        shop.world = shop.world.with_setup(|setup| setup.gateway = Some(stripe));
        Self { shop, gateway }
    }

    /// An order, and its payment as the gateway made it; nobody has written its name down yet.
    async fn order(&self, amount_minor: i64) -> (Order, Payment) {
        let order = self.shop.open().await.unwrap();
        let subject = self.subject(&order);
        let amount =
            Money { amount_minor, currency: Currency::try_from("EUR".to_owned()).unwrap() };
        let new = NewPayment { amount, capture: Capture::Automatic, subject };
        let key = format!("pay:{}:create:1", subject.payment);
        (order, self.gateway.stripe.create_payment(&new, &key).await.unwrap())
    }

    fn subject(&self, order: &Order) -> Subject {
        Subject { tenant: self.shop.tenant, order: order.id, payment: order.payments[0].id }
    }

    async fn pay(&self, payment: &Payment) {
        let key = format!("{}:confirm", payment.reference);
        self.gateway.stripe.confirm(&payment.reference, "pm_card_visa", &key).await.unwrap();
    }

    /// Hands over what the gateway says, in whatever order.
    async fn settle(&self, notices: Vec<Notice>) -> Vec<Result<(), Failure>> {
        join_all(notices.into_iter().map(|notice| self.deliver(notice))).await
    }

    async fn deliver(&self, notice: Notice) -> Result<(), Failure> {
        let message = PaymentMessage::Notice { provider: STRIPE.to_owned(), notice };
        let delivery = Delivery {
            body: serde_json::to_string(&message).unwrap(),
            attempt: 1,
            deadline: Deadline::within(Duration::from_secs(60)),
        };
        let app::Trigger::Queue(QueueName::Payments, consumer) = function("payment-settle").trigger
        else {
            panic!("it consumes payments")
        };
        consumer(self.app(), delivery).await
    }

    /// The same till later.
    fn at(self, now: Timestamp) -> Self {
        let stripe = self.gateway.stripe.clone();
        let world = self.shop.world.with_setup(|setup| {
            setup.clock = Clock::Fixed(now);
            setup.gateway = Some(stripe);
        });
        Self { shop: Shop { world, ..self.shop }, ..self }
    }

    /// The sweeper looks, and what it asks for is done.
    async fn settle_due(&self) {
        app::relay::announce(&self.app()).await.unwrap();
        self.shop.world.tick("sweeper").await;
        self.shop.world.drain_queues().await;
    }

    fn app(&self) -> app::App {
        self.shop.world.app(Role::App)
    }

    async fn now(&self, id: OrderId) -> Order {
        orders::load(&self.shop.db, self.shop.tenant, id).await.unwrap().unwrap()
    }

    async fn heard(&self) -> Vec<(String, i32)> {
        let rows =
            self.shop.world.sql("select kind, events from payment_notice order by kind").await;
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

#[tokio::test]
async fn a_paid_order_is_placed_once_however_often_and_at_once_it_is_told() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1190).await;
    till.pay(&payment).await;
    let notice = till.gateway.notices().remove(0);
    let answers = till.settle(vec![notice; 20]).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let placed = till.now(order.id).await;
    assert_eq!((placed.status(), placed.number), (OrderStatus::Confirmed, Some(1)));
    assert_eq!(placed.payments[0].reference.as_ref(), Some(&payment.reference));
    assert_eq!(till.heard().await, [("payment_intent.succeeded".to_owned(), 4)]);
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn f04_who_pays_when_the_stock_is_gone_gets_the_money_back() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1190).await;
    till.shop.world.sql("update orders set expires_at = now() - interval '1 hour'").await;
    let expire = domain::order::Command::Expire { now: order.terms.expires_at };
    let events = domain::order::decide(&order, expire).unwrap();
    till.shop.write(order.id, Some(&order), &events).await.unwrap();
    // The piece that was free again goes to somebody else.
    till.shop.open().await.unwrap();
    till.pay(&payment).await;
    let answers = till.settle(till.gateway.notices()).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let refunded = till.gateway.notices();
    let answers = till.settle(refunded).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let order = till.now(order.id).await;
    assert_eq!(order.payment_status(), PaymentStatus::Refunded, "{order:?}");
    assert_eq!(order.number, None);
    let page = till.gateway.stripe.refunds_of(&payment.reference, None).await.unwrap();
    assert_eq!(page.items.iter().map(|refund| refund.amount.amount_minor).sum::<i64>(), 1190);
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn f17_another_amount_goes_to_review_and_back() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1000).await;
    till.pay(&payment).await;
    let notice = till.gateway.notices().remove(0);
    // Told three times, and once more by a worker whose first call to the provider was lost.
    for _ in 0..3 {
        till.deliver(notice.clone()).await.unwrap();
    }
    let order = till.now(order.id).await;
    assert!(order.review.is_some() && order.number.is_none(), "{order:?}");
    let page = till.gateway.stripe.refunds_of(&payment.reference, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].amount.amount_minor, 1000);
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn what_is_old_is_recorded_and_changes_nothing() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1190).await;
    till.pay(&payment).await;
    let notice = till.gateway.notices().remove(0);
    till.deliver(notice.clone()).await.unwrap();
    let before = till.now(order.id).await;
    let late = Notice {
        event: "evt_late".to_owned(),
        kind: "payment_intent.processing".to_owned(),
        fact: Fact::Processing,
        ..notice
    };
    till.deliver(late).await.unwrap();
    assert_eq!(till.now(order.id).await, before);
    let heard = till.heard().await;
    assert_eq!(heard[0], ("payment_intent.processing".to_owned(), 0));
}

#[tokio::test]
async fn f11_a_notice_that_comes_before_its_payment_is_known_finds_it_later() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1190).await;
    let notice = |event: &str, reference: &str| Notice {
        event: event.to_owned(),
        kind: "payment_intent.succeeded".to_owned(),
        created_at: NOW.parse().unwrap(),
        reference: reference.to_owned(),
        subject: None,
        fact: paid(),
    };
    // Nobody has written the name down yet: it comes again.
    let early = till.deliver(notice("evt_1", &payment.reference)).await.unwrap_err();
    assert!(matches!(early, Failure::Retry(_)), "{early:?}");
    let started = Notice {
        subject: Some(till.subject(&order)),
        fact: Fact::Processing,
        ..notice("evt_0", &payment.reference)
    };
    till.deliver(started).await.unwrap();
    till.deliver(notice("evt_1", &payment.reference)).await.unwrap();
    assert_eq!(till.now(order.id).await.number, Some(1));
}

#[tokio::test]
async fn what_belongs_to_no_order_is_kept_for_a_person() {
    let till = Till::with_stock(1).await;
    let nobodys = Subject {
        tenant: TenantNumber(1),
        order: OrderId(Uuid::now_v7()),
        payment: PaymentId(Uuid::now_v7()),
    };
    let notice = Notice {
        event: "evt_1".to_owned(),
        kind: "payment_intent.succeeded".to_owned(),
        created_at: NOW.parse().unwrap(),
        reference: "pi_1".to_owned(),
        subject: Some(nobodys),
        fact: paid(),
    };
    let lost = till.deliver(notice).await.unwrap_err();
    assert!(matches!(lost, Failure::Discard(_)), "{lost:?}");
    assert_eq!(till.heard().await, []);
}

#[tokio::test]
async fn f06_an_order_that_nobody_pays_is_let_go_once() {
    let till = Till::with_stock(2).await;
    let (order, payment) = till.order(1190).await;
    till.settle_due().await;
    assert_eq!(till.now(order.id).await.status(), OrderStatus::Open, "its time is not over");
    let later = order.terms.expires_at + SignedDuration::from_mins(1);
    let till = till.at(later);
    for _ in 0..3 {
        till.settle_due().await;
    }
    let gone = till.now(order.id).await;
    assert_eq!(gone.status(), OrderStatus::Expired);
    assert_eq!(
        till.gateway.stripe.retrieve_payment(&payment.reference).await.unwrap().fact(),
        Some(Fact::Voided)
    );
    let released = "select count(*) from stock_movement where reason = 'released'";
    assert_eq!(till.shop.world.count(released).await, 1);
    assert_eq!(till.shop.world.count("select sum(reserved)::bigint from stock").await, 0);
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_looked_for_before_it_is_asked_for_again() {
    let till = Till::with_stock(1).await;
    let (order, payment) = till.order(1000).await;
    till.pay(&payment).await;
    let notice = till.gateway.notices().remove(0);
    let on = "POST /v1/refunds".to_owned();
    till.gateway.sandbox.fail(Fault { on, kind: FaultKind::ErrorAfter, times: 4 });
    let lost = till.deliver(notice).await.unwrap_err();
    assert!(matches!(lost, Failure::Retry(_)), "{lost:?}");
    // The provider has forgotten the key: a blind second call would pay back twice.
    let tomorrow = Clock::Moved(SignedDuration::from_hours(25));
    let till = Till { gateway: till.gateway.restarted(tomorrow).await, ..till };
    let later = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(2);
    let till = till.at(later);
    till.settle_due().await;
    let page = till.gateway.stripe.refunds_of(&payment.reference, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let order = till.now(order.id).await;
    assert!(order.operations().is_empty(), "{order:?}");
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn f10_the_notice_races_with_whoever_made_the_payment_and_both_are_right() {
    let till = Till::with_stock(200).await;
    let orders = (0..200).map(|_| till.order(1190));
    let mut rounds = vec![];
    for round in orders {
        rounds.push(round.await);
    }
    for (_, payment) in &rounds {
        till.pay(payment).await;
    }
    let notices = till.gateway.notices();
    assert_eq!(notices.len(), 200);
    for (notice, (order, payment)) in notices.into_iter().zip(&rounds) {
        let app = till.app();
        let made = || async {
            let start = Command::Start {
                payment: order.payments[0].id,
                reference: payment.reference.clone(),
            };
            let act = Act::by("checkout", STRIPE, app.clock.now());
            let tenant = till.shop.tenant;
            orders::commit(&app.db, tenant, order.id, &act, |_| Ok(vec![start.clone()])).await
        };
        let (told, told_again, made) =
            tokio::join!(till.deliver(notice.clone()), till.deliver(notice), made());
        told.unwrap();
        told_again.unwrap();
        assert_eq!(made.unwrap().order.id, order.id);
    }
    let captured = "select count(*) from order_event where kind = 'payment.captured.v1'";
    assert_eq!(till.shop.world.count(captured).await, 200);
    assert_eq!(till.shop.world.count("select count(distinct number) from orders").await, 200);
    assert_eq!(till.shop.world.count("select max(number) from orders").await, 200);
    assert_eq!(till.shop.faults().await, 0);
}

#[tokio::test]
async fn f18_who_paid_for_something_cheap_has_not_paid_for_something_dear() {
    let till = Till::with_stock(2).await;
    let (dear, _) = till.order(1190).await;
    let (cheap, payment) = till.order(1190).await;
    till.pay(&payment).await;
    let notice = till.gateway.notices().remove(0);
    till.deliver(notice.clone()).await.unwrap();
    let forged =
        Notice { event: "evt_forged".to_owned(), subject: Some(till.subject(&dear)), ..notice };
    let refused = till.deliver(forged).await;
    assert!(refused.is_err(), "a payment belongs to one order");
    assert_eq!(till.now(cheap.id).await.status(), OrderStatus::Confirmed);
    let dear = till.now(dear.id).await;
    assert_eq!((dear.status(), dear.captured_minor()), (OrderStatus::Open, 0));
    assert_eq!(till.shop.faults().await, 0);
}
