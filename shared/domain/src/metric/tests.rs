use super::*;

fn euro() -> Currency {
    Currency::try_from("EUR".to_owned()).unwrap()
}

#[test]
fn an_epoch_is_read_by_its_magnitude() {
    let expected: Timestamp = "2026-11-21T07:00:00Z".parse().unwrap();
    let seconds = 1_795_244_400.0;
    for scale in [1.0, 1e3, 1e6, 1e9] {
        assert_eq!(epoch(seconds * scale), Ok(expected), "{scale}");
    }
    for number in [0.0, -1.0, 12_345.0, 5e9, 1e22, f64::NAN, f64::INFINITY] {
        assert_eq!(epoch(number), Err(Code::AtAmbiguous), "{number}");
    }
}

#[test]
fn a_decimal_becomes_whole_minor_units_or_is_refused() {
    for (text, minor) in [("12.34", 1234), ("12.3", 1230), ("12", 1200), ("-0.01", -1)] {
        assert_eq!(decimal_to_minor(text, euro()), Ok(minor), "{text}");
    }
    for text in ["", "-", ".5", "1.234", "1e3", "1,00", "99999999999999999999", "+1"] {
        assert_eq!(decimal_to_minor(text, euro()), Err(Code::MinorUnits), "{text}");
    }
}

#[test]
fn instants_far_ahead_or_long_past_are_refused_by_our_clock() {
    let now: Timestamp = "2026-11-21T07:00:00Z".parse().unwrap();
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(timely(at("2026-11-21T07:10:00Z"), now, false), Ok(()));
    assert_eq!(timely(at("2026-11-21T07:10:01Z"), now, true), Err(Code::AtFuture));
    assert_eq!(timely(at("2026-11-14T07:00:00Z"), now, false), Ok(()));
    assert_eq!(timely(at("2026-11-14T06:59:59Z"), now, false), Err(Code::AtLate));
    assert_eq!(timely(at("2010-12-01T08:26:00Z"), now, true), Ok(()));
}

#[test]
fn tags_are_checked_for_number_keys_and_values() {
    assert_eq!(Tags::one("country", "DE").check(), Ok(()));
    assert_eq!(Tags::one("Country", "DE").check().unwrap_err().0, Code::TagKey);
    assert_eq!(Tags::one("country", "").check().unwrap_err().0, Code::TagValue);
    assert_eq!(Tags::one("country", "a\nb").check().unwrap_err().0, Code::TagValue);
    let many = Tags((0..21).map(|n| (format!("t{n}"), "x".to_owned())).collect());
    assert_eq!(many.check().unwrap_err().0, Code::TagCount);
}

#[test]
fn every_code_is_written_as_serde_writes_it() {
    for code in [Code::Malformed, Code::AtAmbiguous, Code::MinorUnits, Code::Conflict] {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}
