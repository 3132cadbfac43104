use app::Role;
use domain::id::{OrderId, RefundId};
use domain::order::{Command, Order, OrderStatus};
use domain::payment::STRIPE;
use futures_util::future::join_all;
use serde_json::{Value, json};
use store::orders::{self, Act};
use tests::Answer;
use uuid::Uuid;

use super::{AUTOMATIC, percent};
use crate::cart::Basket;
use crate::checkout::Till;

impl Till {
    /// A till whose code HALF may be used so often by all, and so often by one.
    async fn with_half(stock: i32, all: u32, customer: Option<u32>) -> Self {
        let till = Self::with_stock(stock).await;
        let mut half = percent(50);
        (half["redemptions_limit"], half["customer_limit"]) = (json!(all), json!(customer));
        till.shop.discount("HALF", &half).await;
        till
    }

    async fn basket_with(&self, code: &str) -> Basket {
        let basket = self.basket(1).await;
        self.shop.type_codes(&basket, &[code]).await;
        basket
    }

    /// One customer's checkout of a shirt with the code HALF.
    async fn half(&self, email: &str) -> Answer {
        let basket = self.basket_with("HALF").await;
        self.check_out_by(&basket, &basket.id, ("Ann", email)).await
    }

    /// Each customer has a cart with the code, and all check out at once.
    async fn at_once(&self, emails: &[String]) -> Vec<Answer> {
        let baskets = join_all(emails.iter().map(|_| self.basket_with("HALF"))).await;
        self.check_all_out(&baskets, emails).await
    }

    async fn check_all_out(&self, baskets: &[Basket], emails: &[String]) -> Vec<Answer> {
        let both = baskets.iter().zip(emails);
        let calls = both
            .map(|(basket, email)| self.check_out_by(basket, &basket.id, ("Ann", email.as_str())));
        join_all(calls).await
    }

    async fn does(&self, order: &Value, command: impl Fn(&Order) -> Command) -> Order {
        let app = self.shop.world.app(Role::App);
        let (tenant, at) = (self.shop.world.tenant().number, app.clock.now());
        let id = OrderId(order.as_str().unwrap().parse().unwrap());
        let act = Act::by("test", STRIPE, at);
        let commands = |loaded: &orders::Loaded| Ok(vec![command(&loaded.order)]);
        orders::commit(&app.db, tenant, id, &act, commands).await.unwrap().order
    }

    pub(crate) async fn expire(&self, order: &Value) -> Order {
        self.does(order, |order| Command::Expire { now: order.terms.expires_at }).await
    }

    async fn cancel(&self, order: &Value) -> Order {
        let refund = RefundId(Uuid::now_v7());
        self.does(order, |_order| Command::Cancel { reason: "changed".to_owned(), refund }).await
    }

    /// As it is counted, and as many rows say so.
    async fn redeemed(&self) -> i64 {
        let counted = "select sum(redeemed)::bigint from discount";
        let rows = "select count(*) from redemption where given_back_at is null";
        let (counted, rows) =
            (self.shop.world.count(counted).await, self.shop.world.count(rows).await);
        assert_eq!(counted, rows);
        counted
    }
}

fn customers(count: u32) -> Vec<String> {
    (0..count).map(|n| format!("customer-{n}@customer.example")).collect()
}

fn with_status(answers: &[Answer], wanted: &[u16]) -> usize {
    answers.iter().filter(|answer| wanted.contains(&answer.status)).count()
}

#[tokio::test]
async fn f34_a_limit_of_ten_is_used_ten_times_by_a_hundred_at_once() {
    let till = Till::with_half(200, 10, None).await;
    let answers = till.at_once(&customers(100)).await;
    assert_eq!(with_status(&answers, &[201]), 10);
    assert_eq!(with_status(&answers, &[409, 422]), 90);
    for answer in answers.iter().filter(|answer| answer.status == 201) {
        assert_eq!(answer.json["total_minor"], 2_495);
    }
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(answer.json["detail"].as_str().unwrap().contains("used up"), "{}", answer.text());
    }
    assert_eq!((till.redeemed().await, till.orders().await), (10, 10));
    let open = "select count(*) from cart where state = 'open'";
    assert_eq!(till.shop.world.count(open).await, 90);
    assert_eq!(till.shop.world.count("select sum(reserved)::bigint from stock").await, 10);
    let late = till.half("late@customer.example").await.expect(422);
    assert_eq!(late.json["field"], "codes");
}

#[tokio::test]
async fn f34_a_customer_has_it_once_however_the_address_is_written() {
    let till = Till::with_half(50, 100, Some(1)).await;
    let names = ["ann@customer.example", "Ann@Customer.example", "ANN@customer.example"];
    let emails: Vec<String> = names.iter().cycle().take(20).map(ToString::to_string).collect();
    let answers = till.at_once(&emails).await;
    assert_eq!((with_status(&answers, &[201]), with_status(&answers, &[409, 422])), (1, 19));
    till.half("bob@customer.example").await.expect(201);
    let again = till.half("ann@customer.example").await.expect(422);
    assert!(again.json["detail"].as_str().unwrap().contains("HALF"), "{}", again.text());
    assert_eq!(till.redeemed().await, 2);
    let told = "select count(*) from redemption r where r::text like '%customer.example%'";
    assert_eq!(till.shop.world.count(told).await, 0);
}

#[tokio::test]
async fn f34_without_a_code_it_is_taken_off_until_it_is_used_up() {
    let till = Till::with_stock(50).await;
    let mut half = percent(50);
    (half["redemptions_limit"], half["customer_limit"]) = (json!(2), json!(1));
    till.shop.discount(AUTOMATIC, &half).await;
    let mut totals = vec![];
    for email in ["ann", "ann", "bob", "cleo"] {
        let basket = till.basket(1).await;
        let by = ("Ann", format!("{email}@customer.example"));
        let made = till.check_out_by(&basket, &basket.id, (by.0, &by.1)).await.expect(201);
        totals.push(made.json["total_minor"].as_i64().unwrap());
    }
    assert_eq!(totals, [2_495, 4_990, 2_495, 4_990]);
    let basket = till.basket(1).await;
    assert_eq!(till.shop.read(&basket).await["discounts"], json!([]));
}

#[tokio::test]
async fn f35_what_expires_or_is_cancelled_gives_back_once() {
    let till = Till::with_half(50, 1, Some(1)).await;
    let first = till.half("ann@customer.example").await.expect(201).json;
    till.half("bob@customer.example").await.expect(422);
    let expired = till.expire(&first["order"]).await;
    assert_eq!((expired.status(), till.redeemed().await), (OrderStatus::Expired, 0));
    let second = till.half("ann@customer.example").await.expect(201).json;
    assert_eq!(till.redeemed().await, 1);
    let ends = join_all((0..10).map(|_| till.cancel(&second["order"]))).await;
    assert!(ends.iter().all(|order| order.status() == OrderStatus::Cancelled));
    assert_eq!(till.redeemed().await, 0);
    till.half("bob@customer.example").await.expect(201);
    let shown = till.shop.world.get("/v1/discounts/HALF", &till.shop.owner).await.json;
    assert_eq!((&shown["redeemed"], &shown["redemptions_limit"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn f35_who_pays_late_keeps_what_was_promised_beyond_the_limit() {
    let till = Till::with_half(50, 1, None).await;
    let late = till.half("ann@customer.example").await.expect(201).json;
    till.expire(&late["order"]).await;
    till.half("bob@customer.example").await.expect(201);
    let reference = late["payment"]["reference"].as_str().unwrap();
    till.gateway.stripe.confirm(reference, "pm_card_visa", "pay").await.unwrap();
    till.hear().await;
    let order = till.does(&late["order"], |_order| Command::Note { text: "late".into() }).await;
    assert_eq!((order.status(), order.captured_minor()), (OrderStatus::Confirmed, 2_495));
    assert_eq!(till.redeemed().await, 2);
    till.half("cleo@customer.example").await.expect(422);
    till.cancel(&late["order"]).await;
    assert_eq!(till.redeemed().await, 1);
}

#[tokio::test]
async fn f35_a_checkout_that_fails_uses_nothing_up() {
    let till = Till::with_half(1, 5, None).await;
    let answers = till.at_once(&customers(10)).await;
    assert_eq!((with_status(&answers, &[201]), with_status(&answers, &[409])), (1, 9));
    assert_eq!(till.redeemed().await, 1);
    // Stripe takes no payment of a billion: the order is cancelled at once.
    let till = Till::with_half(5, 5, None).await;
    till.shop.world.sql("update price set amount_minor = 200000000000").await;
    let refused = till.half("ann@customer.example").await.expect(201).json;
    assert_eq!(refused["status"], "cancelled");
    assert_eq!(till.shop.world.count("select count(*) from redemption").await, 1);
    assert_eq!(till.redeemed().await, 0);
}

#[tokio::test]
async fn f33_the_lines_of_the_order_bear_the_discount_and_its_tax() {
    let till = Till::with_stock(50).await;
    let ten = json!({ "name": "Ten off", "currency": "EUR",
                      "effect": { "kind": "amount", "amount_minor": 1_000 } });
    till.shop.discount("TEN", &ten).await;
    let basket = till.basket(2).await;
    till.shop.add(&basket, "shirt-M", 1).await.expect(200);
    till.shop.type_codes(&basket, &["ten"]).await;
    let made = till.check_out(&basket, "once").await.expect(201).json;
    let order = till.does(&made["order"], |_order| Command::Note { text: "seen".into() }).await;
    let terms = &order.terms;
    let off: Vec<i64> = terms.lines.iter().map(|line| line.discount_minor).collect();
    assert_eq!(off, [667, 333]);
    let net_and_tax: Vec<_> =
        terms.lines.iter().map(|line| (line.net_minor, line.tax_minor)).collect();
    assert_eq!(net_and_tax, [(7_826, 1_487), (3_913, 744)]);
    assert_eq!((terms.totals.discount_minor, terms.totals.total_minor), (1_000, 13_970));
    let applied = &terms.discounts[0];
    assert_eq!((applied.amount_minor, applied.code.as_ref().unwrap().as_str()), (1_000, "TEN"));
}

#[tokio::test]
async fn what_costs_nothing_is_placed_at_once_and_asks_no_provider() {
    let till = Till::with_stock(5).await;
    till.shop.discount("ALL", &percent(100)).await;
    let basket = till.basket_with("ALL").await;
    let made = till.check_out(&basket, "once").await.expect(201).json;
    assert_eq!((&made["status"], &made["number"]), (&json!("confirmed"), &json!(1)));
    assert_eq!((&made["total_minor"], &made["payment"]), (&json!(0), &Value::Null));
    assert_eq!(till.redeemed().await, 1);
    // With the discount goes what was counted of it; the order has what it had.
    till.shop.world.delete("/v1/discounts/ALL", &till.shop.owner).await.expect(204);
    till.cancel(&made["order"]).await;
    assert_eq!(till.shop.world.count("select count(*) from redemption").await, 0);
}

#[tokio::test]
async fn f34_what_is_rewritten_or_taken_away_meanwhile_is_counted_right() {
    let till = Till::with_half(200, 1_000, None).await;
    let emails = customers(60);
    let baskets = join_all(emails.iter().map(|_| till.basket_with("HALF"))).await;
    let mut five = percent(50);
    five["redemptions_limit"] = json!(5);
    let rewrite = join_all((0..10).map(|_| till.shop.discount("HALF", &five)));
    let (answers, _rewritten) = tokio::join!(till.check_all_out(&baskets, &emails), rewrite);
    let sold = with_status(&answers, &[201]);
    assert_eq!(sold + with_status(&answers, &[409, 422]), 60);
    assert_eq!(till.redeemed().await, i64::try_from(sold).unwrap());
    till.shop.discount("HALF", &percent(50)).await;
    let baskets = join_all(emails.iter().map(|_| till.basket_with("HALF"))).await;
    let delete = till.shop.world.delete("/v1/discounts/HALF", &till.shop.owner);
    let (answers, gone) = tokio::join!(till.check_all_out(&baskets, &emails), delete);
    gone.expect(204);
    assert_eq!(with_status(&answers, &[201, 409, 422]), 60);
    let halves = "select count(*) from orders where total_minor = 2495";
    let sold = i64::try_from(sold + with_status(&answers, &[201])).unwrap();
    assert_eq!(till.shop.world.count(halves).await, sold);
    assert_eq!(till.shop.world.count("select count(*) from redemption").await, 0);
}
