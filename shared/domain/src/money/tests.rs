use super::*;

fn currency(code: &str) -> Currency {
    Currency::try_from(code.to_owned()).unwrap()
}

fn money(text: &str, code: &str) -> Money {
    Money::parse(text, currency(code)).unwrap()
}

#[test]
fn f30_amounts_keep_to_the_decimals_of_their_currency() {
    for (text, code, minor) in [
        ("12.99", "USD", 1299),
        ("5", "USD", 500),
        ("5.1", "EUR", 510),
        ("500", "JPY", 500),
        ("5.124", "KWD", 5124),
        ("0", "EUR", 0),
        ("0.0001", "CLF", 1),
    ] {
        assert_eq!(money(text, code).amount_minor, minor, "{text} {code}");
    }
    for (text, code) in [
        ("5.001", "USD"),
        ("500.0", "JPY"),
        ("-1", "EUR"),
        ("+1", "EUR"),
        ("1,00", "EUR"),
        (" 1", "EUR"),
        ("", "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
        ("5.x", "EUR"),
        ("1e3", "EUR"),
        ("٣", "EUR"),
    ] {
        let refused = Money::parse(text, currency(code));
        assert!(matches!(refused, Err(MoneyError::NotAnAmount(_))), "{text} {code}");
    }
    let beyond = Money::parse("99999999999999999999", currency("EUR"));
    assert_eq!(beyond, Err(MoneyError::TooLarge));
}

#[test]
fn f30_what_is_charged_comes_back_as_it_was_in_every_currency() {
    for (code, text, charged) in [
        ("JPY", "500", 500),
        ("USD", "5.00", 500),
        ("KWD", "5.120", 5120),
        ("HUF", "500.00", 50_000),
        ("TWD", "5.00", 500),
        ("MGA", "500.00", 500),
        ("BIF", "700", 700),
    ] {
        let shown = money(text, code);
        assert_eq!(shown.to_provider(), Ok(charged), "{code}");
        assert_eq!(Money::from_provider(charged, shown.currency), shown, "{code}");
    }
}

#[test]
fn f31_what_cannot_be_charged_exactly_is_refused() {
    assert_eq!(money("5.124", "KWD").to_provider(), Err(NotChargeable::LastDigit));
    assert_eq!(money("5.55", "MGA").to_provider(), Err(NotChargeable::Decimals));
    assert_eq!(money("5", "ISK").to_provider(), Err(NotChargeable::Currency("ISK")));
    assert_eq!(money("500", "UGX").to_provider(), Err(NotChargeable::Currency("UGX")));
    assert_eq!(money("0", "EUR").to_provider(), Err(NotChargeable::Nothing));
}

#[test]
fn f31_a_currency_that_the_provider_does_not_list_is_refused() {
    for code in ["CLF", "IQD", "LYD", "UYI", "UYW"] {
        let amount = Money { amount_minor: 1_000_000, currency: currency(code) };
        assert_eq!(amount.to_provider(), Err(NotChargeable::Currency(code)));
    }
    for code in ["BHD", "JOD", "KWD", "OMR", "TND"] {
        assert_eq!(money("5.120", code).to_provider(), Ok(5120), "{code}");
    }
}

#[test]
fn amounts_are_written_as_they_are_read() {
    for (text, code) in
        [("12.99", "USD"), ("0.05", "EUR"), ("500", "JPY"), ("0.001", "KWD"), ("0.00", "EUR")]
    {
        assert_eq!(money(text, code).to_string(), format!("{text} {code}"));
    }
    let owed = Money { amount_minor: -5, currency: currency("EUR") };
    assert_eq!(owed.to_string(), "-0.05 EUR");
}

#[test]
fn f33_parts_add_up_to_the_whole() {
    assert_eq!(prorate(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(prorate(5, &[10, 0, 20]), [2, 0, 3]);
    assert_eq!(prorate(7, &[]), [] as [i64; 0]);
    assert_eq!(prorate(7, &[0, -4]), [0, 0]);
    assert_eq!(prorate(i64::MAX, &[i64::MAX, i64::MAX]).iter().sum::<i64>(), i64::MAX);
    for amount in 0..200 {
        for weights in [[3, 7, 11, 1], [1, 0, 0, 1], [99, 1, 1, 1]] {
            let parts = prorate(amount, &weights);
            assert_eq!(parts.iter().sum::<i64>(), amount);
            let all: i64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(weights) {
                assert!((part * all - amount * weight).abs() < all, "{amount} {weights:?}");
            }
        }
    }
}

#[test]
fn a_share_is_rounded_half_up() {
    let share = |ppm| Share::from_ppm(ppm).unwrap();
    assert_eq!(share(500_000).of(1), 1);
    assert_eq!(share(499_999).of(1), 0);
    assert_eq!(share(200_000).within(120), 20);
    assert_eq!(share(0).within(120), 0);
    assert_eq!(Share::ALL.of(i64::MAX), i64::MAX);
    assert_eq!(Share::from_ppm(1_000_001), Err(MoneyError::MoreThanAll(1_000_001)));
}
