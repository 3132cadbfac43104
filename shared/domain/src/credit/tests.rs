use std::collections::HashSet;

use uuid::Uuid;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::try_from(code.to_owned()).unwrap()
}

fn card() -> Credit {
    Credit {
        id: CreditId(Uuid::from_u128(1)),
        last_four: "5678".to_owned(),
        code_key: 1,
        currency: currency("EUR"),
        issued_minor: 5_000,
        balance_minor: 2_000,
        expires_at: None,
        disabled_at: None,
        customer: None,
        is_anothers: false,
        note: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_card_pays_what_it_holds_and_no_more_than_there_is_to_pay() {
    let at = Timestamp::UNIX_EPOCH;
    let pays = |minor| card().pays((currency("EUR"), minor), at);
    assert_eq!([pays(1_500), pays(2_000), pays(9_000)], [Ok(1_500), Ok(2_000), Ok(2_000)]);
    assert_eq!([pays(0), pays(-5)], [Ok(0), Ok(0)]);
}

#[test]
fn why_a_card_pays_nothing_is_said() {
    let now = Timestamp::from_second(100).unwrap();
    let pays = |spoil: fn(&mut Credit), code: &str| {
        let mut card = card();
        spoil(&mut card);
        card.pays((currency(code), 1_000), now)
    };
    let at = |second| Some(Timestamp::from_second(second).unwrap());
    assert_eq!(pays(|it| it.expires_at = Timestamp::from_second(101).ok(), "EUR"), Ok(1_000));
    let expired = pays(|it| it.expires_at = Timestamp::from_second(100).ok(), "EUR");
    assert_eq!(expired, Err(Unusable::Expired(at(100).unwrap())));
    let disabled = pays(|it| it.disabled_at = Some(Timestamp::UNIX_EPOCH), "EUR");
    assert_eq!(disabled, Err(Unusable::Disabled));
    assert_eq!(pays(|_| {}, "USD"), Err(Unusable::Currency(currency("EUR"))));
    assert_eq!(pays(|it| it.is_anothers = true, "EUR"), Err(Unusable::AnotherCustomer));
    assert_eq!(pays(|it| it.balance_minor = 0, "EUR"), Err(Unusable::Empty));
}

#[test]
fn a_code_is_read_as_people_type_it_and_never_logged() {
    let code = Code::from_number(u128::MAX / 7);
    let shown = code.to_string();
    assert_eq!((shown.len(), shown.matches('-').count()), (23, 3), "{shown}");
    for typed in
        [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), format!(" {shown} ")]
    {
        assert_eq!(Code::parse(&typed), Ok(code.clone()), "{typed}");
    }
    let read = Code::parse("0OoIiLl1234567890ABC").unwrap();
    assert_eq!((read.as_str(), read.last_four()), ("00011111234567890ABC", "0ABC"));
    for wrong in ["", "1234", "0OoIiLl1234567890ABCD", "0OoIiLl1234567890AB!", "ÜÜÜÜÜÜÜÜÜÜ"]
    {
        assert_eq!(Code::parse(wrong), Err(NotACode), "{wrong}");
    }
    assert_eq!(format!("{read:?}"), "Code(…0ABC)");
}

#[test]
fn every_bit_of_the_number_is_in_the_code() {
    let codes: HashSet<String> =
        (0..100).map(|bit| Code::from_number(1 << bit).as_str().to_owned()).collect();
    assert_eq!(codes.len(), 100);
    assert!(!codes.contains(Code::from_number(0).as_str()));
}
