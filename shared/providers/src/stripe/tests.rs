use domain::id::TenantNumber;
use domain::tenant::Currency;

use super::attempt::Failure;
use super::error::Fault;
use super::form::{Form, segment};
use super::wire::Answer as _;
use super::*;
use crate::trust::TrustError;

const SECRET: &str = "sk_test_not_to_be_shown";
const ORDER: &str = "00000000-0000-0000-0000-000000000001";
const PAYMENT: &str = "00000000-0000-0000-0000-000000000002";

fn access(base_url: &str) -> Access {
    Access {
        base_url: base_url.to_owned(),
        secret_key: SECRET.to_owned(),
        ca_file: None,
        patience: Patience::default(),
    }
}

fn subject() -> Subject {
    let (order, payment) = (ORDER.parse().unwrap(), PAYMENT.parse().unwrap());
    Subject { tenant: TenantNumber(7), order, payment }
}

fn euros(amount_minor: i64) -> Money {
    Money { amount_minor, currency: Currency::try_from("EUR".to_owned()).unwrap() }
}

#[test]
fn parameters_are_bracketed_escaped_and_in_order() {
    let form = Form::new().with_number("amount", 1299).with_subject(&subject());
    assert_eq!(
        form.finish(),
        format!(
            "amount=1299&metadata%5Btenant%5D=7&metadata%5Border%5D={ORDER}\
             &metadata%5Bpayment%5D={PAYMENT}"
        )
    );
    assert_eq!(Form::new().with("a", "ä &=+\n").finish(), "a=%C3%A4+%26%3D%2B%0A");
    assert_eq!(Form::new().finish(), "");
}

#[test]
fn a_name_of_theirs_cannot_lead_elsewhere() {
    assert_eq!(segment("pi_3Abc-1"), "pi_3Abc-1");
    assert_eq!(segment("../refunds?x=1#"), "%2E%2E%2Frefunds%3Fx%3D1%23");
}

#[test]
fn an_address_that_cannot_be_used_is_refused_and_no_key_is_shown() {
    for url in
        ["", "api.stripe.com", "ftp://api.stripe.com", "https://user@host", "https://host/?a=b"]
    {
        assert!(Stripe::new(&access(url)).is_err(), "{url}");
    }
    let sound = Stripe::new(&access("http://127.0.0.1:1/")).unwrap();
    assert_eq!(format!("{sound:?}"), r#"Stripe { base_url: "http://127.0.0.1:1", .. }"#);
    assert!(!format!("{:?}", access("http://host")).contains(SECRET));

    let live = Access { secret_key: "sk_live_x".to_owned(), ..access("http://127.0.0.1:1") };
    assert!(matches!(Stripe::new(&live), Err(StripeSetupError::Unsupported(_))));
    let broken = Access { secret_key: "sk_test_\n".to_owned(), ..access(LIVE_URL) };
    let error = Stripe::new(&broken).unwrap_err();
    assert!(matches!(error, StripeSetupError::Key));
    let file = Some("/nowhere.pem".to_owned());
    let error = Stripe::new(&Access { ca_file: file, ..access(LIVE_URL) }).unwrap_err();
    assert!(matches!(error, StripeSetupError::Trust(TrustError::Certificates { .. })));
}

#[test]
fn pauses_double_vary_and_end() {
    let patience = Patience::default();
    let pause = |attempt, chance| {
        let failure = Failure::Open(Fault::Status(500));
        patience.pause(attempt, &failure, chance).unwrap().as_millis()
    };
    assert_eq!([pause(1, 0), pause(1, 255)], [125, 250]);
    assert_eq!([pause(2, 0), pause(2, 255)], [250, 500]);
    assert_eq!([pause(40, 0), pause(40, 255)], [1000, 2000]);
    let told = Failure::Busy(Some(Duration::from_secs(7)));
    assert_eq!(patience.pause(1, &told, 0), Some(Duration::from_secs(7)));
    for last in [Failure::Hopeless(Fault::Status(500)), Failure::NotAllowed("x".to_owned())] {
        assert_eq!(patience.pause(1, &last, 0), None);
    }
}

/// Each way in which a call can end, after attempts that did nothing and after one that may have
/// done it.
#[test]
fn an_attempt_that_may_have_done_it_is_never_forgotten() {
    let ends: [fn() -> Failure; 4] = [
        || Failure::Unsent(Fault::Status(0)),
        || Failure::Open(Fault::Status(500)),
        || Failure::Busy(None),
        || Failure::NotAllowed("api_key_expired".to_owned()),
    ];
    for end in ends {
        assert!(matches!(end().verdict(true), StripeError::Unknown(_)));
        assert!(!matches!(end().verdict(false), StripeError::Unknown(_)));
    }
    assert!(matches!(Failure::Busy(None).verdict(false), StripeError::RateLimited { .. }));
    assert!(matches!(ends[0]().verdict(false), StripeError::Unavailable(_)));
    assert!(matches!(ends[3]().verdict(false), StripeError::NotAllowed { .. }));
}

fn payment(status: &str, more: &str) -> Payment {
    let body = format!(
        r#"{{"id":"pi_1","client_secret":"pi_1_secret_2","status":"{status}","amount":3600,
            "currency":"eur","created":1764000000,"invented":{{}}{more}}}"#
    );
    Payment::read(body.as_bytes()).unwrap()
}

#[test]
fn a_look_says_what_a_notice_would() {
    let metadata =
        format!(r#","metadata":{{"tenant":"7","order":"{ORDER}","payment":"{PAYMENT}"}}"#);
    let paid = payment("succeeded", &format!(r#","amount_received":3600{metadata}"#));
    assert_eq!(paid.fact(), Some(Fact::Captured { amount: euros(3600) }));
    assert_eq!(paid.subject, Some(subject()));
    assert_eq!(paid.client_secret.as_ref().map(ClientSecret::reveal), Some("pi_1_secret_2"));
    assert!(!format!("{paid:?}").contains("secret_2"));

    let authorized = payment("requires_capture", r#","amount_capturable":3600"#);
    assert_eq!(authorized.fact(), Some(Fact::Authorized { amount: euros(3600) }));
    let declined = r#","last_payment_error":{"code":"card_declined","decline_code":"lost_card"}"#;
    let code = "lost_card".to_owned();
    let failed = payment("requires_payment_method", declined);
    assert_eq!(failed.fact(), Some(Fact::AttemptFailed { code }));
    assert_eq!(payment("requires_payment_method", r#","metadata":null"#).fact(), None);
    assert_eq!(payment("canceled", "").fact(), Some(Fact::Voided));
    assert_eq!(payment("something_new", "").state, PaymentState::Other);
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_none() {
    for body in [
        "",
        "[]",
        r#"{"id":"pi_1"}"#,
        r#"{"id":"pi_1","status":"succeeded","amount":1,"currency":"€","created":1}"#,
        r#"{"id":"pi_1","status":"succeeded","amount":1,"currency":"eur","created":9e18}"#,
    ] {
        assert!(Payment::read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_list_knows_where_it_goes_on() {
    let event = r#"{"id":"evt_1","created":1,"type":"x", "data":{}}"#;
    let page = |has_more| {
        let body = format!(r#"{{"object":"list","has_more":{has_more},"data":[{event}]}}"#);
        Page::<ListedEvent>::read(body.as_bytes()).unwrap()
    };
    assert_eq!(page(true).next.as_deref(), Some("evt_1"));
    assert_eq!(page(true).items[0].body, event, "byte for byte");
    assert_eq!(page(false).next, None);
}
