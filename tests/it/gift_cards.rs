//! Gift cards are issued once, corrected, disabled, and found by who has their code.

use std::time::Duration;

use domain::access::Scope;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::client::request;
use tests::{Answer, World};

/// They pay for what is bought, and get back what was not.
mod spent;

const EUROS: i64 = 3_000;

/// Whoever issues cards, and whoever shops with them.
pub(crate) struct Cards<'a> {
    pub(crate) world: &'a World,
    key: String,
    shopper: String,
}

impl<'a> Cards<'a> {
    pub(crate) async fn of(world: &'a World) -> Self {
        let key = world.key(&[Scope::OrdersRead, Scope::OrdersWrite]).await;
        let shopper = world.key(&[Scope::CartsWrite]).await;
        Self { world, key, shopper }
    }

    pub(crate) async fn asked(&self, rest: &str, key: &str, body: &Value) -> Answer {
        let path = format!("/v1/gift-cards{rest}");
        let mut asked =
            request(Method::POST, &path, &self.key).header("content-type", "application/json");
        if !key.is_empty() {
            asked = asked.header("idempotency-key", key);
        }
        self.world.send(asked.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn issued(&self, key: &str, card: &Value) -> Value {
        self.asked("", key, card).await.expect(201).json
    }

    pub(crate) async fn read(&self, card: &Value) -> Value {
        let path = format!("/v1/gift-cards/{}", id(card));
        self.world.get(&path, &self.key).await.expect(200).json
    }

    async fn adjust(&self, card: &Value, key: &str, amount_minor: i64) -> Answer {
        let body = json!({ "amount_minor": amount_minor, "reason": "counted again" });
        self.asked(&format!("/{}/adjustments", id(card)), key, &body).await
    }

    pub(crate) async fn disable(&self, card: &Value) -> Value {
        let body = json!({ "reason": "it was stolen" });
        self.asked(&format!("/{}/disable", id(card)), "", &body).await.expect(200).json
    }

    async fn look_up(&self, code: &str) -> Answer {
        let body = json!({ "code": code });
        self.world.post("/v1/gift-card-balance", &self.shopper, &body).await
    }

    /// What all cards hold. Every balance is what its ledger adds up to, and every entry tells it.
    pub(crate) async fn held(&self) -> i64 {
        let faults = "select count(*) from credit c where c.balance_minor < 0
                or c.balance_minor is distinct from (
                    select sum(e.amount_minor)::bigint from credit_entry e
                    where e.tenant = c.tenant and e.credit = c.id
                ) or exists (
                    select from credit_entry e
                    where e.tenant = c.tenant and e.credit = c.id and e.balance_minor <> (
                        select sum(f.amount_minor) from credit_entry f
                        where f.tenant = e.tenant and f.credit = e.credit and f.number <= e.number
                    )
                )";
        assert_eq!(self.world.count(faults).await, 0, "a ledger does not add up");
        self.world.count("select coalesce(sum(balance_minor), 0)::bigint from credit").await
    }
}

pub(crate) fn id(card: &Value) -> &str {
    card["gift_card"]["id"].as_str().unwrap()
}

pub(crate) fn code(card: &Value) -> &str {
    card["code"].as_str().unwrap()
}

async fn world() -> World {
    World::new().await.with_tenant("Europe/Berlin").await
}

#[tokio::test]
async fn a_card_is_issued_once_and_its_code_is_shown_to_that_call_alone() {
    let world = world().await;
    let cards = Cards::of(&world).await;
    let wanted = json!({ "amount_minor": EUROS, "expires_at": "2036-12-31T23:00:00.123456789Z",
        "customer_email": "ann@customer.example", "note": "for the raffle" });
    let at_once = join_all((0..20).map(|_| cards.issued("once", &wanted))).await;
    let card = &at_once[0];
    assert!(at_once.iter().all(|other| other == card), "{at_once:?}");
    assert_eq!(code(card).len(), 23);
    assert_eq!(card["gift_card"]["last_four"], code(card)[19..]);
    assert_eq!(card["gift_card"]["is_store_credit"], true);
    let another = cards.issued("another", &wanted).await;
    assert_ne!(code(&another), code(card));
    for changed in ["amount_minor", "note", "customer_email", "expires_at"] {
        let mut other = wanted.clone();
        other[changed] = if changed == "amount_minor" { json!(1) } else { Value::Null };
        let refused = cards.asked("", "once", &other).await.expect(422).json;
        assert_eq!(refused["code"], "idempotency_mismatch", "{changed}");
    }
    let refused = cards.asked("", "", &wanted).await.expect(422).json;
    assert_eq!(refused["field"], "Idempotency-Key");
    assert_eq!(cards.held().await, 2 * EUROS);
    let listed = world.get("/v1/gift-cards", &cards.key).await.expect(200);
    let read = cards.read(card).await;
    assert_eq!(read["entries"][0]["kind"], "issued");
    let bare = code(card).replace('-', "");
    for told in [listed.text(), read.to_string()] {
        assert!(!told.contains(code(card)) && !told.contains(&bare), "{told}");
    }
    let kept = "select count(*) from credit c, credit_entry e
                where c::text || e::text ~* 'CODE|customer.example'";
    assert_eq!(world.count(&kept.replace("CODE", &bare)).await, 0);
}

#[tokio::test]
async fn a_code_outlives_new_keys_and_is_read_as_it_is_typed() {
    let world = world().await;
    let wanted = json!({ "amount_minor": EUROS });
    let card = Cards::of(&world).await.issued("once", &wanted).await;
    let world = world.with_setup(|setup| {
        let old = &setup.config.unsubscribe_keys;
        setup.config.unsubscribe_keys = format!("2:{},{old}", "QUJD".repeat(8));
    });
    let cards = Cards::of(&world).await;
    assert_eq!(cards.issued("once", &wanted).await, card);
    let newer = cards.issued("newer", &wanted).await;
    for typed in [code(&card), code(&newer), &code(&card).to_lowercase().replace('-', " ")] {
        let found = cards.look_up(typed).await.expect(200).json;
        assert_eq!((&found["balance_minor"], &found["is_usable"]), (&json!(EUROS), &json!(true)));
    }
    let world = world.with_setup(|setup| {
        setup.config.unsubscribe_keys = format!("2:{}", "QUJD".repeat(8));
    });
    let cards = Cards::of(&world).await;
    cards.look_up(code(&card)).await.expect(404);
    cards.look_up(code(&newer)).await.expect(200);
}

#[tokio::test]
async fn a_balance_is_changed_at_once_by_many_and_never_below_nothing() {
    let world = world().await;
    let cards = Cards::of(&world).await;
    let card = cards.issued("card", &json!({ "amount_minor": EUROS })).await;
    let keys: Vec<String> = (0..50).map(|n| format!("take-{n}")).collect();
    let asked = join_all(keys.iter().map(|key| cards.adjust(&card, key, -100))).await;
    let taken = asked.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((taken, cards.held().await), (30, 0));
    for answer in asked.iter().filter(|answer| answer.status != 200) {
        let told = (answer.status, &answer.json["field"]);
        assert_eq!(told, (422, &json!("amount_minor")), "{}", answer.text());
    }
    let again = join_all((0..10).map(|_| cards.adjust(&card, "give", 700))).await;
    assert!(again.iter().all(|answer| answer.status == 200), "{again:?}");
    assert_eq!(cards.held().await, 700);
    // The same call is the same, whatever has become of the card.
    cards.adjust(&card, "spend", -700).await.expect(200);
    cards.adjust(&card, "spend", -700).await.expect(200);
    let other = cards.adjust(&card, "give", 701).await.expect(422);
    assert_eq!(other.json["code"], "idempotency_mismatch");
    for (key, amount_minor) in [("none", 0), ("much", i64::MAX)] {
        cards.adjust(&card, key, amount_minor).await.expect(422);
    }
    let unknown = json!({ "gift_card": { "id": "7a6e0000-0000-7000-8000-0000000003b9" } });
    cards.adjust(&unknown, "give", 1).await.expect(404);
    assert_eq!(cards.held().await, 0);
}

#[tokio::test]
async fn what_is_left_of_a_disabled_card_is_written_off_once() {
    let world = world().await;
    let cards = Cards::of(&world).await;
    let card = cards.issued("card", &json!({ "amount_minor": EUROS })).await;
    join_all((0..10).map(|_| cards.disable(&card))).await;
    assert_eq!(cards.held().await, 0);
    let read = cards.read(&card).await;
    let entries = read["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries.iter().map(|it| (&it["kind"], &it["amount_minor"])).collect();
    assert_eq!(kinds, [(&json!("disabled"), &json!(-EUROS)), (&json!("issued"), &json!(EUROS))]);
    assert_eq!(entries[0]["reason"], "it was stolen");
    cards.adjust(&card, "more", 100).await.expect(409);
    assert_eq!(cards.look_up(code(&card)).await.expect(200).json["is_usable"], false);
}

#[tokio::test]
async fn lists_and_ledgers_are_read_page_by_page() {
    let world = world().await;
    let cards = Cards::of(&world).await;
    let mut issued = vec![];
    for n in 1..=5 {
        let card = cards.issued(&format!("card-{n}"), &json!({ "amount_minor": n })).await;
        issued.push(card["gift_card"]["id"].clone());
        // Time is kept to the millisecond: those of one stand in any order.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let first = json!({ "gift_card": { "id": issued[0] } });
    for n in 1..5 {
        cards.adjust(&first, &format!("more-{n}"), n).await.expect(200);
    }
    let paged = async |path: &str, of: &str, named: &str| {
        let (mut seen, mut rest) = (vec![], String::new());
        loop {
            let page =
                world.get(&format!("{path}?limit=2{rest}"), &cards.key).await.expect(200).json;
            let rows = page[of].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row[named].clone()));
            let next = &page["next"];
            let Some(next) =
                next.as_str().map(str::to_owned).or(next.as_i64().map(|it| it.to_string()))
            else {
                return seen;
            };
            rest = format!("&before={next}");
        }
    };
    let mut listed = paged("/v1/gift-cards", "gift_cards", "id").await;
    listed.reverse();
    assert_eq!(listed, issued);
    let path = format!("/v1/gift-cards/{}", issued[0].as_str().unwrap());
    assert_eq!(paged(&path, "entries", "number").await, [5, 4, 3, 2, 1].map(|n| json!(n)));
    world.get("/v1/gift-cards?before=yesterday", &cards.key).await.expect(422);
}

#[tokio::test]
async fn codes_are_not_guessed_and_no_other_shop_or_scope_sees_a_card() {
    let world = world().await.with_tenant("Asia/Tokyo").await;
    let cards = Cards::of(&world).await;
    let card = cards.issued("card", &json!({ "amount_minor": EUROS })).await;
    let reader = world.key(&[Scope::OrdersRead]).await;
    world.post("/v1/gift-cards", &reader, &json!({ "amount_minor": 1 })).await.expect(403);
    let body = json!({ "code": code(&card) });
    world.post("/v1/gift-card-balance", &reader, &body).await.expect(403);
    let scopes = [Scope::OrdersRead, Scope::CartsWrite];
    let stranger = world.key_of(&world.tenants()[1], &scopes, 1_000).await;
    world.get(&format!("/v1/gift-cards/{}", id(&card)), &stranger).await.expect(404);
    world.post("/v1/gift-card-balance", &stranger, &body).await.expect(404);
    let none = "00000-00000-00000-00000";
    let missed = cards.look_up(none).await.expect(404).json;
    assert_eq!(missed["field"], "code");
    assert_eq!(cards.look_up("SUMMER").await.expect(422).json["field"], "code");
    // At 120 looks a minute; two minutes may meet here.
    let looks = join_all((0..260).map(|_| cards.look_up(none))).await;
    let refused = looks.iter().find(|answer| answer.status == 429).expect("nobody counts");
    assert_eq!(refused.json["code"], "rate_limited");
    assert!(!refused.header("retry-after").is_empty());
    let found = looks.iter().filter(|answer| answer.status == 404).count();
    assert!((119..=240).contains(&found), "{found} looks");
    // Others are not held up by it.
    let other = world.key(&[Scope::CartsWrite]).await;
    world.post("/v1/gift-card-balance", &other, &body).await.expect(200);
}
