use jiff::civil::date;

use super::*;
use crate::tenant::Currency;

fn money(code: &str) -> Measure {
    Measure::Money(Currency::try_from(code.to_owned()).unwrap())
}

fn number(unit: &str) -> Measure {
    Measure::Number { unit: unit.to_owned() }
}

fn headline(label: &str, value: Option<f64>, previous: Option<f64>) -> Headline {
    Headline {
        metric: label.to_lowercase(),
        label: label.to_owned(),
        measure: money("GBP"),
        value,
        previous,
        direction: Direction::Up,
    }
}

fn week(first: Date) -> Period {
    let last = first.checked_add(jiff::Span::new().days(6)).unwrap();
    Period { title: String::new(), first, last, grain: Grain::Week }
}

fn figures(headlines: Vec<Headline>) -> Figures {
    Figures {
        tenant_name: "Harbor Books".to_owned(),
        report_name: "Week".to_owned(),
        zone: "Europe/London".to_owned(),
        currency: "GBP".to_owned(),
        period: week(date(2026, 11, 9)),
        as_of: "2026-11-16T05:00:00Z".parse().unwrap(),
        headlines,
        trend: None,
        next_period: week(date(2026, 11, 16)),
        forecasts: vec![],
        notes: vec![],
        late: false,
        unsubscribe_url: "https://takings.example/u".to_owned(),
        reason: "You are a recipient.".to_owned(),
    }
}

fn first_sentence(headline: Headline) -> String {
    figures(vec![headline]).sentences().remove(0)
}

#[test]
fn money_is_written_by_the_exponent_of_its_currency() {
    for (code, minor, written) in [
        ("GBP", 123_450.0, "£1,234.50"),
        ("USD", 5.0, "$0.05"),
        ("EUR", -100_000_000.0, "−€1,000,000.00"),
        ("JPY", 1_234_567.0, "¥1,234,567"),
        ("KWD", 1_234_567.0, "KWD\u{a0}1,234.567"),
        ("CLF", 12_345.0, "CLF\u{a0}1.2345"),
        ("CHF", 0.0, "CHF\u{a0}0.00"),
        ("GBP", -0.4, "£0.00"),
        ("GBP", 100.5, "£1.01"),
        ("GBP", -100.5, "−£1.01"),
        ("GBP", f64::NAN, "–"),
        ("GBP", f64::INFINITY, "–"),
    ] {
        assert_eq!(money(code).exact(minor), written, "{code} {minor}");
    }
}

#[test]
fn an_estimate_is_written_without_digits_it_does_not_have() {
    assert_eq!(money("GBP").rounded(1_236_567.0), "£12,400");
    assert_eq!(money("GBP").rounded(-99_999.0), "−£1,000");
    assert_eq!(money("GBP").rounded(1_234.0), "£12.34");
    assert_eq!(money("GBP").rounded(45_678.0), "£457");
    assert_eq!(number("").rounded(1234.56), "1,230");
    assert_eq!(number("").rounded(987_654_321.0), "988,000,000");
    assert_eq!(number("").rounded(421.3), "421");
    assert_eq!(number("").rounded(2.5), "2.50");
    assert_eq!(Measure::Share.rounded(0.1234), "12.3%");
}

#[test]
fn numbers_and_shares_are_written_with_their_unit() {
    assert_eq!(number("").exact(541_909.0), "541,909");
    assert_eq!(number("kg").exact(3.5), "3.50\u{a0}kg");
    assert_eq!(number("").exact(1.005), "1.01");
    assert_eq!(number("").exact(-12.0), "−12");
    assert_eq!(number("").exact(1e300).len(), 401);
    assert_eq!(Measure::Share.exact(0.0415), "4.2%");
    assert_eq!(Measure::Share.change(-0.006), "−0.6 points");
    assert_eq!(money("GBP").change(12_000.0), "+£120.00");
}

#[test]
fn a_change_needs_a_positive_base_for_a_percentage() {
    let change = |value, previous| headline("Revenue", value, previous).change();
    assert_eq!(change(Some(120.0), Some(100.0)).relative, Ok(0.2));
    assert_eq!(change(Some(0.0), Some(100.0)).relative, Ok(-1.0));
    assert_eq!(change(Some(5.0), Some(0.0)).relative, Err(NoRate::PreviousZero));
    assert_eq!(change(Some(5.0), Some(-5.0)).relative, Err(NoRate::PreviousNegative));
    assert_eq!(change(Some(5.0), None).relative, Err(NoRate::NoPrevious));
    assert_eq!(change(None, Some(5.0)).relative, Err(NoRate::NoValue));
    assert_eq!(change(Some(f64::NAN), Some(5.0)).relative, Err(NoRate::NoValue));
    assert_eq!(change(Some(5.0), Some(-5.0)).absolute, Some(10.0));
    assert_eq!(change(Some(5.0), None).absolute, None);
}

#[test]
fn a_change_is_short_in_a_table() {
    let short =
        |value, previous| headline("Revenue", value, previous).change().short(&money("GBP"));
    assert_eq!(short(Some(11_230.0), Some(10_000.0)), "+12.3%");
    assert_eq!(short(Some(5_000.0), Some(10_000.0)), "−50.0%");
    assert_eq!(short(Some(130_000.0), Some(10_000.0)), "+1,200%");
    assert_eq!(short(Some(10_000.0), Some(10_000.0)), "0.0%");
    assert_eq!(short(Some(12_000.0), Some(0.0)), "+£120.00");
    assert_eq!(short(Some(12_000.0), None), "nothing to compare with");
    assert_eq!(short(None, Some(1.0)), "no data");
    let share = Change { absolute: Some(0.006), relative: Ok(0.2) };
    assert_eq!(share.short(&Measure::Share), "+0.6 points");
}

#[test]
fn less_is_good_where_less_is_better() {
    let mood = |direction, value| {
        Headline { direction, ..headline("Returns", Some(value), Some(100.0)) }.mood()
    };
    assert_eq!(mood(Direction::Up, 120.0), Mood::Good);
    assert_eq!(mood(Direction::Up, 80.0), Mood::Bad);
    assert_eq!(mood(Direction::Down, 80.0), Mood::Good);
    assert_eq!(mood(Direction::Down, 120.0), Mood::Bad);
    assert_eq!(mood(Direction::Neutral, 120.0), Mood::Neutral);
    assert_eq!(mood(Direction::Up, 100.2), Mood::Neutral, "a difference nobody sees");
    assert_eq!(headline("Revenue", Some(1.0), None).mood(), Mood::Neutral);
}

#[test]
fn the_first_sentence_says_what_happened() {
    let say = |value, previous| first_sentence(headline("Revenue", value, previous));
    assert_eq!(
        say(Some(1_234_500.0), Some(1_099_500.0)),
        "Revenue came to £12,345.00, up 12.3% (£1,350.00) on the week before."
    );
    assert_eq!(
        say(Some(90_000.0), Some(100_000.0)),
        "Revenue came to £900.00, down 10.0% (£100.00) on the week before."
    );
    assert_eq!(say(Some(100.0), Some(100.0)), "Revenue came to £1.00, as in the week before.");
    assert_eq!(say(Some(100.0), Some(0.0)), "Revenue came to £1.00, up £1.00 on the week before.");
    assert_eq!(
        say(Some(100.0), None),
        "Revenue came to £1.00; there is no week before to compare with."
    );
    assert_eq!(say(None, Some(100.0)), "Revenue: there is no data for the week.");
    let share =
        Headline { measure: Measure::Share, ..headline("Return rate", Some(0.041), Some(0.047)) };
    assert_eq!(
        first_sentence(share),
        "Return rate came to 4.1%, down 0.6 points on the week before."
    );
}

#[test]
fn the_second_sentence_names_the_largest_move() {
    let revenue = || headline("Revenue", Some(110.0), Some(100.0));
    let second = |others: Vec<Headline>| {
        let headlines = [vec![revenue()], others].concat();
        figures(headlines).sentences().get(1).cloned()
    };
    assert_eq!(
        second(vec![
            headline("Orders", Some(105.0), Some(100.0)),
            headline("Returns", Some(70.0), Some(100.0)),
        ]),
        Some("Returns moved most: down 30.0% (£0.30) to £0.70.".to_owned())
    );
    assert_eq!(
        second(vec![headline("Orders", Some(101.0), Some(100.0))]),
        Some("No other figure moved more in proportion.".to_owned())
    );
    assert_eq!(second(vec![]), None, "one figure has no rival");
    let still = vec![headline("Orders", Some(1.0), None), headline("Units", Some(5.0), Some(5.0))];
    assert_eq!(figures(still).sentences().len(), 1, "nothing moved");
}

#[test]
fn the_third_sentence_says_what_is_expected_and_how_far_it_misses() {
    let forecast = |label: &str, typical_miss| Forecast {
        metric: label.to_lowercase(),
        label: label.to_owned(),
        measure: money("GBP"),
        value: 1_310_040.0,
        known: None,
        lower: 1_190_000.0,
        upper: 1_430_000.0,
        level: 0.8,
        model: "Theta".to_owned(),
        mase: Some(0.8234),
        typical_miss,
    };
    let mut figures = figures(vec![headline("Revenue", Some(1.0), Some(1.0))]);
    figures.forecasts = vec![forecast("Orders", None), forecast("Revenue", Some(0.061))];
    assert_eq!(
        figures.sentences().last().unwrap(),
        "The forecast for 16–22 November 2026 puts Revenue at £13,100, between £11,900 and \
         £14,300 in at least 80% of cases; in rehearsals a day was typically missed by 6.1%."
    );
    figures.forecasts.pop();
    assert!(figures.sentences().last().unwrap().ends_with("in at least 80% of cases."));
    figures.forecasts[0].known = Some(31_040.0);
    assert!(figures.sentences().last().unwrap().contains("£13,100 (£310 of it is in already), "));
    assert_eq!(
        forecast("x", Some(0.061)).error_written(),
        "a day typically missed by 6.1%, MASE 0.82"
    );
    assert_eq!(forecast("x", None).error_written(), "MASE 0.82");
}

#[test]
fn a_report_without_figures_says_nothing() {
    assert_eq!(figures(vec![]).sentences(), Vec::<String>::new());
}

#[test]
fn dates_name_a_month_and_a_year_once_where_once_is_enough() {
    let period =
        |first, last| Period { title: String::new(), first, last, grain: Grain::Month }.dates();
    assert_eq!(period(date(2026, 11, 20), date(2026, 11, 20)), "Friday, 20 November 2026");
    assert_eq!(period(date(2026, 11, 1), date(2026, 11, 30)), "November 2026");
    assert_eq!(period(date(2026, 11, 1), date(2026, 11, 29)), "1–29 November 2026");
    assert_eq!(period(date(2026, 11, 30), date(2026, 12, 6)), "30 November – 6 December 2026");
    assert_eq!(period(date(2026, 12, 28), date(2027, 1, 3)), "28 December 2026 – 3 January 2027");
}

#[test]
fn the_state_of_the_data_is_told_by_the_clocks_of_the_zone() {
    let mut figures = figures(vec![]);
    assert_eq!(figures.as_of_written(), "Monday, 16 November 2026, 05:00 GMT");
    figures.zone = "Asia/Kathmandu".to_owned();
    assert_eq!(figures.as_of_written(), "Monday, 16 November 2026, 10:45 +0545");
    figures.zone = "Nowhere/Atall".to_owned();
    assert_eq!(figures.as_of_written(), "Monday, 16 November 2026, 05:00 UTC");
}

#[test]
fn figures_survive_a_queue() {
    let figures = figures(vec![headline("Revenue", Some(120.5), None)]);
    let text = serde_json::to_string(&figures).unwrap();
    assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
}
