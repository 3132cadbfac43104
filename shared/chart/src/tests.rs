use resvg::usvg::roxmltree::Document;

use super::*;
use crate::scale::Scale;
use crate::text::{fit, width};

fn week() -> LineChart {
    let days = ["Mon 14", "Tue 15", "Wed 16", "Thu 17", "Fri 18", "Sat 19", "Sun 20"];
    let values = [1843.2, 1622.0, 2104.75, 1990.0, 2876.4, 3312.9, 2210.0];
    let buckets = days.iter().zip(values);
    LineChart {
        title: "Revenue by day".to_owned(),
        alt_text: "Revenue by day: Mon 14 £1,843.20".to_owned(),
        unit: Unit { before: "£".to_owned(), after: String::new() },
        current_name: "14–20 November".to_owned(),
        current: buckets
            .map(|(day, value)| Bucket { label: (*day).to_owned(), value: Some(value) })
            .collect(),
        comparison: Some(Comparison {
            name: "Week before".to_owned(),
            values: values.iter().rev().map(|value| Some(value * 0.87)).collect(),
        }),
        forecast: Some(Forecast {
            name: "Forecast, 80% interval".to_owned(),
            buckets: values.iter().map(|value| expected(value * 1.02)).collect(),
        }),
        ..LineChart::default()
    }
}

fn expected(value: f64) -> Expected {
    Expected { label: "next".to_owned(), value, lower: value * 0.8, upper: value * 1.2 }
}

fn series(values: impl IntoIterator<Item = Option<f64>>) -> LineChart {
    let bucket = |(index, value)| Bucket { label: format!("{index} Jan"), value };
    let current = values.into_iter().enumerate().map(bucket).collect();
    LineChart { current, ..LineChart::default() }
}

/// A number in 0..1 that looks random and is always the same.
fn noise(index: usize) -> f64 {
    (index as f64 * 12.9898).sin().mul_add(43_758.547, 0.5).rem_euclid(1.0)
}

fn axis(values: &[f64]) -> Vec<f64> {
    Scale::over(values.iter().copied()).ticks()
}

fn axis_labels(values: &[f64], before: &str) -> Vec<String> {
    let unit = Unit { before: before.to_owned(), after: String::new() };
    Scale::over(values.iter().copied()).labels(&unit)
}

#[test]
fn text_of_the_caller_is_escaped_everywhere() {
    let hostile = "<script>\"&'\u{0}\u{8}\n]]>".to_owned();
    let mut chart = week();
    chart.title.clone_from(&hostile);
    chart.alt_text.clone_from(&hostile);
    chart.current_name.clone_from(&hostile);
    chart.unit = Unit { before: hostile.clone(), after: hostile.clone() };
    chart.current[0].label.clone_from(&hostile);
    chart.comparison.as_mut().unwrap().name.clone_from(&hostile);
    chart.forecast.as_mut().unwrap().buckets[0].label = hostile;

    let svg = chart.svg().unwrap();

    let document = Document::parse(&svg).expect("well-formed XML");
    assert!(document.descendants().all(|node| !node.has_tag_name("script")));
    let shown = "<script>\"&' ]]>";
    assert_eq!(document.root_element().attribute("aria-label"), Some(shown));
    assert!(document.descendants().any(|node| node.text() == Some(shown)));
}

#[test]
fn a_drawing_needs_nothing_from_outside() {
    let svg = week().svg().unwrap();
    for reference in ["href", "url(", "<image", "<style", "@import", "<use"] {
        assert!(!svg.contains(reference), "{reference}");
    }
    assert_eq!(svg.matches("http").count(), 1, "only the namespace");
}

#[test]
fn the_same_data_gives_the_same_bytes() {
    assert_eq!(week().svg().unwrap(), week().svg().unwrap());
    assert_eq!(week().png(2).unwrap(), week().png(2).unwrap());
}

#[test]
fn a_picture_is_600_points_wide_at_every_scale() {
    for scale in 1..=4_u8 {
        let file = week().png(scale).unwrap();
        let header = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let (width, height) = header.info().size();
        assert_eq!(width, 600 * u32::from(scale));
        assert!((280..=340).contains(&(height / u32::from(scale))), "{height}");
    }
    assert!(matches!(week().png(0), Err(ChartError::Scale(0))));
    assert!(matches!(week().png(5), Err(ChartError::Scale(5))));
}

#[test]
fn words_are_drawn_with_the_embedded_face() {
    let ink = |chart: &LineChart| {
        let file = chart.png(1).unwrap();
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels.iter().filter(|place| **place != 0).count()
    };
    let mut mute = week();
    mute.title = " ".to_owned();
    assert!(ink(&week()) > ink(&mute) + 300, "a title leaves ink");
}

#[test]
fn a_week_and_a_restless_year_are_small_files() {
    assert!(week().png(2).unwrap().len() <= 24_000);
    let sales =
        |day: usize| Some(3000.0 * (day % 7) as f64 + 8000.0 * noise(day) + 30.0 * day as f64);
    let mut year = series((0..366).map(sales));
    year.title = "Revenue by day".to_owned();
    let values = (366..732).map(sales).collect();
    year.comparison = Some(Comparison { name: "2010".to_owned(), values });
    let size = year.png(2).unwrap().len();
    assert!(size <= 40_000, "{size}");
}

#[test]
fn odd_data_is_drawn_without_a_panic() {
    let odd: [Vec<Option<f64>>; 12] = [
        vec![],
        vec![None],
        vec![None; 7],
        vec![Some(5.0)],
        vec![Some(0.0); 7],
        vec![Some(-0.0), Some(-3.0)],
        vec![Some(-5.0), Some(-5.0)],
        vec![Some(1e300), Some(-1e300)],
        vec![Some(5e-324), Some(1e-310)],
        vec![Some(1e-9), Some(3e-9)],
        vec![Some(1.0), None, Some(2.0), None, None, Some(1e15)],
        (0..366).map(|day| Some(noise(day))).collect(),
    ];
    for values in odd {
        for last_incomplete in [false, true] {
            let mut chart = series(values.clone());
            chart.last_incomplete = last_incomplete;
            let svg = chart.svg().unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{values:?}");
            chart.comparison =
                Some(Comparison { name: "x".repeat(500), values: vec![Some(1.0); 9] });
            chart.forecast = Some(Forecast { name: "f".repeat(500), buckets: vec![expected(2.0)] });
            chart.png(1).unwrap_or_else(|error| panic!("{values:?}: {error}"));
        }
    }
}

#[test]
fn what_is_not_a_number_is_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e301] {
        assert!(matches!(series([Some(bad)]).svg(), Err(ChartError::Value(_))), "{bad}");
        let mut chart = week();
        chart.comparison.as_mut().unwrap().values[0] = Some(bad);
        assert!(matches!(chart.svg(), Err(ChartError::Value(_))), "{bad}");
        let mut chart = week();
        chart.forecast.as_mut().unwrap().buckets[0].upper = bad;
        assert!(matches!(chart.png(2), Err(ChartError::Value(_))), "{bad}");
    }
    let long = series(vec![Some(1.0); BUCKETS_MAX + 1]);
    assert!(matches!(long.svg(), Err(ChartError::Buckets(_))));
}

#[test]
fn the_axis_has_few_round_steps_and_holds_zero_and_every_value() {
    assert_eq!(axis(&[1622.0, 3312.9]), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
    assert_eq!(axis(&[-8.0, 7.0]), [-10.0, -5.0, 0.0, 5.0, 10.0]);
    assert_eq!(axis(&[3.0, 1.0]), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(axis(&[0.0, 0.0]), [0.0, 1.0]);
    assert_eq!(axis(&[]), [0.0, 1.0]);
    for index in 0..5000 {
        let size = 10_f64.powf(600.0 * noise(index) - 300.0);
        let (low, high) = (size * (noise(index + 1) - 0.5), size * noise(index + 2));
        let ticks = axis(&[low, high]);
        assert!((2..=8).contains(&ticks.len()), "{low} {high}: {ticks:?}");
        assert!(ticks.contains(&0.0), "{low} {high}");
        assert!(ticks[0] <= low && high <= *ticks.last().unwrap(), "{low} {high}: {ticks:?}");
        let digits = format!("{:.6e}", ticks[1] - ticks[0]);
        assert!(["1.0000", "2.0000", "5.0000"].contains(&&digits[..6]), "{digits}");
    }
}

#[test]
fn the_numbers_of_the_axis_are_short_and_alike() {
    assert_eq!(axis_labels(&[1.0, 4.0], ""), ["0", "1", "2", "3", "4"]);
    assert_eq!(axis_labels(&[3312.9], "£"), ["£0", "£1,000", "£2,000", "£3,000", "£4,000"]);
    assert_eq!(axis_labels(&[25_000.0], "€"), ["€0", "€5k", "€10k", "€15k", "€20k", "€25k"]);
    assert_eq!(axis_labels(&[-1.5e6, 0.4], "$"), ["−$1.5M", "−$1.0M", "−$0.5M", "$0", "$0.5M"]);
    assert_eq!(axis_labels(&[0.35, 0.1], ""), ["0", "0.1", "0.2", "0.3", "0.4"]);
    assert_eq!(axis_labels(&[4e9], "")[1], "1B");
    assert_eq!(axis_labels(&[2e20], "").last().unwrap(), "2.0e20");
}

#[test]
fn words_under_the_axis_never_meet() {
    for count in [1, 2, 7, 12, 31, 90, 366] {
        for label in ["1", "Wed 14", "Wednesday 14 December 2011", "第四十六週の水曜日"] {
            let mut chart = series(vec![Some(1.0); count]);
            chart.current.iter_mut().for_each(|bucket| label.clone_into(&mut bucket.label));
            let svg = chart.svg().unwrap();
            let document = Document::parse(&svg).unwrap();
            let mut edge = f64::NEG_INFINITY;
            let middle = |node: &resvg::usvg::roxmltree::Node<'_, '_>| {
                node.attribute("text-anchor") == Some("middle")
            };
            for node in document.descendants().filter(middle) {
                let x: f64 = node.attribute("x").unwrap().parse().unwrap();
                let half = width(node.text().unwrap(), 16.0) / 2.0;
                assert!(x - half >= edge, "{count} × {label}");
                edge = x + half + 10.0;
            }
            assert!(edge.is_finite() && edge <= 612.0, "{count} × {label}");
        }
    }
}

#[test]
fn long_words_are_cut_with_an_ellipsis() {
    assert_eq!(fit("Revenue", 14.0, 200.0), "Revenue");
    let cut = fit("Revenue of the shop in the harbor", 14.0, 100.0);
    assert!(cut.starts_with("Revenue") && cut.ends_with('…'), "{cut}");
    assert!(width(&cut, 14.0) <= 100.0);
}

#[test]
fn a_bucket_that_is_not_over_is_dotted_and_named() {
    let mut chart = week();
    assert!(!chart.svg().unwrap().contains("not over yet"));
    chart.last_incomplete = true;
    let svg = chart.svg().unwrap();
    assert!(svg.contains("not over yet") && svg.contains("stroke-dasharray=\"1 5\""));
}

#[test]
fn a_lone_line_needs_no_legend() {
    let chart = LineChart { current_name: "Sales".to_owned(), ..series([Some(1.0), Some(2.0)]) };
    assert!(!chart.svg().unwrap().contains("Sales"));
    assert!(week().svg().unwrap().contains("14–20 November"));
}
