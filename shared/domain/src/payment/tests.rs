use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::message::PaymentMessage;

const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_signature_holds_for_its_body_its_secret_and_five_minutes() {
    let header = sign(BODY, b"whsec_new", at(1_000_000));
    let secrets = ["whsec_old", "whsec_new"];
    for now in [1_000_000, 1_000_300, 999_700] {
        assert_eq!(verify(&header, BODY, &secrets, at(now)), Ok(()), "{now}");
    }
    for now in [1_000_301, 999_699] {
        assert_eq!(verify(&header, BODY, &secrets, at(now)), Err(SignatureError::Stale), "{now}");
    }
    let now = at(1_000_000);
    assert_eq!(verify(&header, b"{}", &secrets, now), Err(SignatureError::Mismatch));
    assert_eq!(verify(&header, BODY, &["whsec_old"], now), Err(SignatureError::Mismatch));
    assert_eq!(verify(&header, BODY, &[] as &[&str], now), Err(SignatureError::Mismatch));
}

#[test]
fn f20_while_a_secret_is_rolled_either_signature_is_enough() {
    let now = at(1_000_000);
    let [old, new] = ["whsec_old", "whsec_new"]
        .map(|secret| sign(BODY, secret.as_bytes(), now).split_once(",v1=").unwrap().1.to_owned());
    let zero = "0".repeat(64);
    for header in [
        format!("t=1000000,v1={old},v1={new}"),
        format!("t=1000000,v1={zero},v1={new},v0={zero}"),
        format!("t=1000000, v1={new}"),
    ] {
        assert_eq!(verify(&header, BODY, &["whsec_new"], now), Ok(()), "{header}");
    }
    let ignored = format!("t=1000000,v0={new}");
    assert_eq!(verify(&ignored, BODY, &["whsec_new"], now), Err(SignatureError::Malformed));
}

#[test]
fn what_is_no_signature_is_refused_without_a_panic() {
    let long = "v1=".to_owned() + &"a".repeat(100_000);
    for header in [
        "",
        ",",
        "t=",
        "t=,v1=",
        "t=1000000",
        "v1=00",
        "t=x,v1=00",
        "t=1000000,v1=zz",
        "t=1000000,v1",
        "t=99999999999999999999,v1=00",
        "t=-1,v1=é",
        "=,=",
        &long,
    ] {
        let refused = verify(header, BODY, &["whsec"], at(1_000_000));
        assert!(refused.is_err(), "{header:?}");
    }
    let extreme = format!("t={},v1={}", i64::MIN, "0".repeat(64));
    assert_eq!(verify(&extreme, BODY, &["whsec"], at(1)), Err(SignatureError::Stale));
}

fn event(kind: &str, object: serde_json::Value) -> Vec<u8> {
    let event = json!({ "id": "evt_1", "type": kind, "created": 1_795_244_400,
                        "data": { "object": object } });
    event.to_string().into_bytes()
}

#[test]
fn an_event_says_which_payment_and_what_happened_to_it() {
    let ids = [1_u128, 2].map(uuid::Uuid::from_u128);
    let metadata =
        json!({ "tenant": "7", "order": ids[0].to_string(), "payment": ids[1].to_string() });
    let body = event(
        "payment_intent.succeeded",
        json!({ "id": "pi_1", "amount_received": 1299, "currency": "eur", "metadata": metadata }),
    );
    let notice = read(&body).unwrap().unwrap();
    assert_eq!((notice.event.as_str(), notice.reference.as_str()), ("evt_1", "pi_1"));
    assert_eq!(notice.kind, "payment_intent.succeeded");
    assert_eq!(notice.created_at, at(1_795_244_400));
    assert_eq!(
        notice.subject,
        Some(Subject {
            tenant: TenantNumber(7),
            order: OrderId(ids[0]),
            payment: PaymentId(ids[1]),
        })
    );
    let amount = Money::parse("12.99", "EUR".to_owned().try_into().unwrap()).unwrap();
    assert_eq!(notice.fact, Fact::Captured { amount });
}

#[test]
fn refunds_and_disputes_name_their_payment_and_not_their_charge() {
    let refund = event(
        "charge.refund.updated",
        json!({ "id": "re_1", "payment_intent": "pi_1", "charge": "ch_1", "amount": 500,
                "currency": "jpy", "status": "failed", "metadata": {} }),
    );
    let notice = read(&refund).unwrap().unwrap();
    assert_eq!(notice.reference, "pi_1");
    let Fact::Refund { reference, refund, amount, state } = notice.fact else { panic!("a refund") };
    assert_eq!((reference.as_str(), refund, state), ("re_1", None, RefundState::Failed));
    assert_eq!(amount.amount_minor, 500);

    let dispute = event(
        "charge.dispute.funds_withdrawn",
        json!({ "id": "dp_1", "payment_intent": "pi_1", "amount": 500, "currency": "eur",
                "status": "needs_response" }),
    );
    let notice = read(&dispute).unwrap().unwrap();
    let Fact::Dispute { is_withdrawn, is_reinstated, state, .. } = notice.fact else {
        panic!("a dispute")
    };
    assert_eq!((is_withdrawn, is_reinstated, state), (true, false, DisputeState::Open));
}

#[test]
fn events_that_are_none_of_our_business_are_nothing() {
    for kind in ["payment_intent.created", "customer.created", "charge.succeeded", "invented.v9"] {
        assert!(read(&event(kind, json!({ "id": "x" }))).unwrap().is_none(), "{kind}");
    }
    let foreign = json!({ "id": "re_1", "payment_intent": null, "amount": 5, "currency": "eur",
                          "status": "succeeded" });
    assert!(read(&event("refund.updated", foreign)).unwrap().is_none());
}

#[test]
fn events_in_another_shape_are_an_error_and_no_guess() {
    for body in [
        &b"not json"[..],
        b"[]",
        b"{}",
        br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#,
        &event("payment_intent.succeeded", json!({ "id": "pi_1", "currency": "eur" })),
        &event(
            "payment_intent.succeeded",
            json!({ "id": "pi_1", "amount_received": 1.5, "currency": "eur" }),
        ),
        &event(
            "payment_intent.succeeded",
            json!({ "id": "pi_1", "amount_received": 1, "currency": "€" }),
        ),
        &event(
            "refund.updated",
            json!({ "id": "re_1", "payment_intent": "pi_1", "amount": 1, "currency": "eur" }),
        ),
    ] {
        assert!(read(body).is_err(), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_notice_travels_in_a_message_and_arrives_as_it_was() {
    let amount = Money::parse("12.99", "EUR".to_owned().try_into().unwrap()).unwrap();
    let facts = [
        Fact::ActionRequired,
        Fact::Captured { amount },
        Fact::AttemptFailed { code: "card_declined".to_owned() },
        Fact::Refund {
            reference: "re_1".to_owned(),
            refund: None,
            amount,
            state: RefundState::Failed,
        },
    ];
    for fact in facts {
        let notice = Notice {
            event: "evt_1".to_owned(),
            kind: "payment_intent.succeeded".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            reference: "pi_1".to_owned(),
            subject: None,
            fact,
        };
        let message = PaymentMessage::Notice { provider: STRIPE.to_owned(), notice };
        let wire = serde_json::to_value(&message).unwrap();
        assert_eq!(wire["type"], "payment.notice.v1");
        assert_eq!(serde_json::from_value::<PaymentMessage>(wire).unwrap(), message);
    }
}

#[test]
fn a_listed_payment_is_known_or_news_or_amiss() {
    use crate::id::{OrderId, PaymentId, TenantNumber};
    use crate::tenant::Currency;
    let subject = Subject {
        tenant: TenantNumber(1),
        order: OrderId(uuid::Uuid::from_u128(1)),
        payment: PaymentId(uuid::Uuid::from_u128(2)),
    };
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    let amount = crate::money::Money { amount_minor: 1190, currency };
    let (taken, held) = (Fact::Captured { amount }, Fact::Authorized { amount });
    let ours = |reference: Option<&str>, payment_status: &str, captured_minor| Known {
        tenant: Some(subject.tenant),
        ours: Some(Ours {
            subject,
            reference: reference.map(str::to_owned),
            payment_status: payment_status.to_owned(),
            captured_minor,
        }),
    };
    let verdict = |fact: Option<&Fact>, known: &Known| reconcile("pi_1", fact, true, known);
    for (fact, status, captured_minor, is_news) in [
        (&taken, "pending", 0, true),
        (&taken, "authorized", 0, true),
        (&taken, "captured", 1190, false),
        (&taken, "refunded", 1190, false),
        (&held, "pending", 0, true),
        (&held, "failed", 0, true),
        (&held, "authorized", 0, false),
        (&held, "voided", 0, false),
        (&Fact::Voided, "authorized", 0, true),
        (&Fact::Voided, "voided", 0, false),
        (&Fact::Processing, "pending", 0, false),
    ] {
        let expected = if is_news { Verdict::News(subject) } else { Verdict::Known };
        for reference in [None, Some("pi_1")] {
            let known = ours(reference, status, captured_minor);
            assert_eq!(verdict(Some(fact), &known), expected, "{fact:?} of {known:?}");
        }
    }
    let other = ours(Some("pi_0"), "captured", 1190);
    assert_eq!(verdict(None, &other), Verdict::Amiss(Amiss::Duplicate));
    assert_eq!(verdict(Some(&taken), &other), Verdict::Amiss(Amiss::Duplicate));
    assert_eq!(verdict(Some(&Fact::Voided), &other), Verdict::Known);
    let nobodys = Known::default();
    assert_eq!(verdict(None, &nobodys), Verdict::Known);
    assert_eq!(verdict(Some(&held), &nobodys), Verdict::Amiss(Amiss::NoOrder));
    let unmarked = reconcile("pi_1", Some(&taken), false, &nobodys);
    assert_eq!(unmarked, Verdict::Amiss(Amiss::Unmarked));
}
