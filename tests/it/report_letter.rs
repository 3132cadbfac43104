use domain::calendar::Grain;
use domain::metric::Direction;
use domain::report::{Bucket, ExpectedBucket, Figures, Forecast, Headline, Measure, Period, Trend};
use domain::tenant::Currency;
use jiff::civil::date;
use report_sender::letter::write;

fn pounds() -> Measure {
    Measure::Money(Currency::try_from("GBP".to_owned()).unwrap())
}

fn headline(label: &str, measure: Measure, value: f64, previous: Option<f64>) -> Headline {
    Headline {
        metric: label.to_lowercase(),
        label: label.to_owned(),
        measure,
        value: Some(value),
        previous,
        direction: Direction::Up,
    }
}

fn trend(days: i8) -> Trend {
    let bucket = |day: i8| Bucket {
        label: format!("Day {day}"),
        value: Some(100_000.0 + 12_345.0 * f64::from(day)),
        previous: Some(98_765.0),
    };
    let expected =
        ExpectedBucket { label: "Mon 16".to_owned(), value: 2e5, lower: 1.8e5, upper: 2.2e5 };
    Trend {
        metric: "revenue".to_owned(),
        label: "Revenue".to_owned(),
        measure: pounds(),
        grain: Grain::Day,
        buckets: (1..=days).map(bucket).collect(),
        last_incomplete: false,
        expected: vec![expected],
    }
}

fn figures() -> Figures {
    Figures {
        tenant_name: "Harbor Books & Prints".to_owned(),
        report_name: "Weekly takings".to_owned(),
        zone: "Europe/London".to_owned(),
        currency: "GBP".to_owned(),
        period: Period {
            title: "Week 46".to_owned(),
            first: date(2026, 11, 9),
            last: date(2026, 11, 15),
            grain: Grain::Week,
        },
        as_of: "2026-11-16T06:00:00Z".parse().unwrap(),
        headlines: vec![
            headline("Revenue", pounds(), 1_234_500.0, Some(1_099_500.0)),
            headline("Orders", Measure::Number { unit: String::new() }, 412.0, Some(515.0)),
            headline("Return rate", Measure::Share, 0.031, None),
        ],
        trend: Some(trend(7)),
        next_period: Period {
            title: String::new(),
            first: date(2026, 11, 16),
            last: date(2026, 11, 22),
            grain: Grain::Week,
        },
        forecasts: vec![Forecast {
            metric: "revenue".to_owned(),
            label: "Revenue".to_owned(),
            measure: pounds(),
            value: 1_310_000.0,
            known: None,
            lower: 1_190_000.0,
            upper: 1_430_000.0,
            level: 0.8,
            model: "Theta".to_owned(),
            mase: Some(0.82),
            typical_miss: Some(0.061),
        }],
        notes: vec!["3 rows were refused and are not counted.".to_owned()],
        late: false,
        unsubscribe_url: "https://takings.example/unsubscribe/abc".to_owned(),
        reason: "You get this because the owner added your address.".to_owned(),
    }
}

fn letter(figures: &Figures) -> app::port::Letter {
    write(figures, "reader@shop.example", "<1@takings.example>").unwrap()
}

#[test]
fn a_letter_says_everything_in_both_of_its_forms() {
    let letter = letter(&figures());
    assert_eq!(
        letter.subject,
        "Harbor Books & Prints: Revenue £12,345.00, +12.3% (9–15 November 2026)"
    );
    assert_eq!(letter.to, "reader@shop.example");
    assert_eq!(letter.unsubscribe_url.as_deref(), Some("https://takings.example/unsubscribe/abc"));
    for said in [
        "Weekly takings",
        "Week 46, 9–15 November 2026",
        "Revenue came to £12,345.00, up 12.3% (£1,350.00) on the week before.",
        "Orders moved most: down 20.0% (103) to 412.",
        "from £10,995.00",
        "−20.0%",
        "nothing to compare with",
        "16–22 November 2026",
        "£13,100",
        "£11,900 to £14,300 in at least 80% of cases",
        "Theta, a day typically missed by 6.1%, MASE 0.82",
        "Revenue by day",
        "Day 3",
        "£1,370.35",
        "3 rows were refused and are not counted.",
        "Monday, 16 November 2026, 06:00 GMT",
        "Europe/London",
        "GBP",
        "You get this because the owner added your address.",
        "https://takings.example/unsubscribe/abc",
    ] {
        assert!(letter.html.contains(said), "HTML lacks {said}");
        assert!(letter.text.contains(said), "text lacks {said}");
    }
}

#[test]
fn the_chart_travels_inside_and_its_alternative_text_holds_the_numbers() {
    let letter = letter(&figures());
    let [chart] = letter.inline.as_slice() else { panic!("one picture") };
    assert_eq!(chart.media_type, "image/png");
    assert_eq!(&chart.bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(chart.bytes[16..20], 1200_u32.to_be_bytes(), "600 points at two pixels");
    assert!(chart.bytes.len() <= 40_000);
    let (_, after) = letter.html.split_once("<img ").unwrap();
    let (image, _) = after.split_once('>').unwrap();
    assert!(image.contains(&format!("src=\"cid:{}\"", chart.content_id)));
    assert!(image.contains("alt=\"Revenue by day, 9–15 November 2026: Day 1 £1,123.45 (before: "));
}

#[test]
fn a_letter_loads_nothing_and_suits_outlook_and_the_dark() {
    let html = letter(&figures()).html;
    for outside in ["src=\"http", "<link", "url(", "@import", "<script"] {
        assert!(!html.contains(outside), "{outside}");
    }
    for needed in ["<!--[if mso]>", "name=\"color-scheme\"", "prefers-color-scheme: dark"] {
        assert!(html.contains(needed), "{needed}");
    }
    assert_eq!(html.matches("<table").count(), html.matches("</table>").count());
    assert!(!html.contains("{{") && !html.contains("<!-- part"));
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>\"x\"</script> {{reason}} & '\r\nBcc: a@b";
    let mut figures = figures();
    for text in [
        &mut figures.tenant_name,
        &mut figures.report_name,
        &mut figures.zone,
        &mut figures.currency,
        &mut figures.period.title,
        &mut figures.headlines[0].label,
        &mut figures.forecasts[0].label,
        &mut figures.notes[0],
        &mut figures.reason,
        &mut figures.unsubscribe_url,
    ] {
        hostile.clone_into(text);
    }
    let trend = figures.trend.as_mut().unwrap();
    hostile.clone_into(&mut trend.label);
    hostile.clone_into(&mut trend.buckets[0].label);

    let letter = letter(&figures);

    assert!(!letter.html.contains("<script"));
    assert!(
        letter.html.contains("&lt;script&gt;&quot;x&quot;&lt;/script&gt; {{reason}} &amp; &#39;")
    );
    assert!(letter.text.contains(hostile));
    assert!(!letter.subject.contains(['\r', '\n']));
}

#[test]
fn a_report_without_data_is_still_a_letter() {
    let bare =
        Figures { headlines: vec![], trend: None, forecasts: vec![], notes: vec![], ..figures() };
    let letter = letter(&bare);
    assert_eq!(letter.subject, "Harbor Books & Prints: Weekly takings (9–15 November 2026)");
    assert_eq!(letter.inline, []);
    for absent in ["<img", "<h2", "<th"] {
        assert!(!letter.html.contains(absent), "{absent}");
    }
    assert!(letter.text.contains("https://takings.example/unsubscribe/abc"));
    assert!(!letter.text.contains("Expected") && !letter.text.contains("missing"));
}

#[test]
fn a_late_letter_says_so() {
    let late = Figures { late: true, ..figures() };
    let notice = "This report is late";
    assert!(letter(&late).html.contains(notice) && letter(&late).text.contains(notice));
    assert!(!letter(&figures()).html.contains(notice));
}

#[test]
fn the_largest_letter_is_not_clipped() {
    let mut large = figures();
    large.headlines = vec![headline("Average order value", pounds(), 1e9, Some(9e8)); 20];
    large.forecasts = vec![large.forecasts[0].clone(); 20];
    large.notes = vec!["A source has not been heard of for 14 hours.".to_owned(); 20];
    large.trend = Some(trend(92));
    let letter = letter(&large);
    assert!(letter.html.len() <= 100_000, "{} bytes", letter.html.len());
    assert!(letter.inline[0].bytes.len() <= 40_000);
}

#[test]
fn the_same_figures_give_the_same_letter() {
    assert_eq!(letter(&figures()), letter(&figures()));
}
