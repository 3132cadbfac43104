//! The letter: figures in, words and a picture out. Pure.

use app::port::{Inline, Letter};
use app::template;
use domain::report::{Figures, Headline, Mood, Trend};
use takings_chart::{ChartError, Comparison, Expected, LineChart};

const HTML: &str = include_str!("letter.html");
const TEXT: &str = include_str!("letter.txt");

/// The name of the chart inside the letter.
const CHART_ID: &str = "chart@takings";
/// Mail is read on screens with two pixels for each point and more.
const PIXELS_PER_POINT: u8 = 2;
/// Beyond a month of days the chart's numbers are told without those of the period before.
const BUCKETS_TOLD_IN_FULL: usize = 31;

/// Writes the letter of a report to one recipient.
///
/// # Errors
/// [`ChartError`] when the trend has more buckets than a chart can hold.
pub fn write(figures: &Figures, to: &str, message_id: &str) -> Result<Letter, ChartError> {
    let inline = match &figures.trend {
        Some(trend) => vec![Inline {
            content_id: CHART_ID.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: chart(figures, trend).png(PIXELS_PER_POINT)?,
        }],
        None => vec![],
    };
    Ok(Letter {
        message_id: message_id.to_owned(),
        to: to.to_owned(),
        subject: subject(figures),
        html: html(figures),
        text: text(figures),
        inline,
        unsubscribe_url: Some(&figures.unsubscribe_url).filter(|it| !it.is_empty()).cloned(),
    })
}

/// `Harbor Books: Revenue £12,345.00, +12.3% (14–20 November 2026)`, on one line.
fn subject(figures: &Figures) -> String {
    let news = match figures.headlines.first() {
        Some(first) if first.value.is_some() => {
            let change = first.change();
            let change = match change.absolute {
                Some(_) => format!(", {}", change.short(&first.measure)),
                None => String::new(),
            };
            format!("{} {}{change}", first.label, first.written())
        }
        _ => figures.report_name.clone(),
    };
    let dates = figures.period.dates();
    let subject = format!("{}: {news} ({dates})", figures.tenant_name);
    subject.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

fn html(figures: &Figures) -> String {
    let sentences = figures.sentences();
    let preview = sentences.first().map_or("", String::as_str);
    let said = sentences.iter().enumerate().map(|(index, sentence)| {
        let name = if index == 0 { "sentence first" } else { "sentence" };
        part(name, &[("sentence", sentence)])
    });
    let notes = figures.notes.iter().map(|note| part("note", &[("note", note)]));
    let late = if figures.late { part("late", &[]) } else { String::new() };
    part(
        "page",
        &[
            ("subject", &subject(figures)),
            ("preview", preview),
            ("tenant", &figures.tenant_name),
            ("report", &figures.report_name),
            ("period", &period(figures)),
            ("late", &late),
            ("sentences", &said.collect::<String>()),
            ("headlines", &html_headlines(figures)),
            (
                "chart",
                &figures.trend.as_ref().map_or_else(String::new, |it| html_chart(figures, it)),
            ),
            ("forecasts", &html_forecasts(figures)),
            ("notes", &section("notes", &notes.collect::<String>(), &[])),
            ("as_of", &figures.as_of_written()),
            ("zone", &figures.zone),
            ("currency", &figures.currency),
            ("noun", &figures.period.noun()),
            ("reason", &figures.reason),
            ("unsubscribe", &html_unsubscribe(figures)),
        ],
    )
}

fn html_headlines(figures: &Figures) -> String {
    let row = |headline: &Headline| {
        let (mood, color) = match headline.mood() {
            Mood::Good => ("good", "#0f766e"),
            Mood::Bad => ("bad", "#b42318"),
            Mood::Neutral => ("soft", "#6b7077"),
        };
        let change = headline.change();
        let values = [
            ("label", headline.label.as_str()),
            ("value", &headline.written()),
            ("mood", mood),
            ("weight", if change.absolute.is_some() { "700" } else { "400" }),
            ("color", color),
            ("change", &change.short(&headline.measure)),
            ("previous", &from(headline)),
        ];
        part("headline", &values)
    };
    let rows: String = figures.headlines.iter().map(row).collect();
    let noun = figures.period.noun();
    section("headlines", &rows, &[("noun", &noun), ("column", &capitalized(&noun))])
}

fn html_chart(figures: &Figures, trend: &Trend) -> String {
    let values = [
        ("heading", heading(trend)),
        ("content_id", CHART_ID.to_owned()),
        ("alt", told(figures, trend)),
    ];
    part("chart", &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}

fn html_forecasts(figures: &Figures) -> String {
    let rows = figures.forecasts.iter().map(|forecast| {
        let made_by = [forecast.model.clone(), forecast.error_written()];
        let values = [
            ("label", forecast.label.as_str()),
            ("made_by", &joined(&made_by, ", ")),
            ("value", &forecast.measure.rounded(forecast.value)),
            ("interval", &interval(forecast)),
        ];
        part("forecast", &values)
    });
    let rows: String = rows.collect();
    section("forecasts", &rows, &[("period", &figures.next_period.dates())])
}

fn text(figures: &Figures) -> String {
    let late = "This report is late: it was due while we were out of service. \
                Its figures are complete.";
    let sections = [
        if figures.late { late.to_owned() } else { String::new() },
        figures.sentences().join("\n"),
        text_headlines(figures),
        figures.trend.as_ref().map_or_else(String::new, |it| text_trend(figures, it)),
        text_forecasts(figures),
        match figures.notes.as_slice() {
            [] => String::new(),
            notes => format!("What is missing\n  {}", notes.join("\n  ")),
        },
    ];
    let values = [
        ("tenant", figures.tenant_name.as_str()),
        ("report", &figures.report_name),
        ("period", &period(figures)),
        ("body", &joined(&sections, "\n\n")),
        ("as_of", &figures.as_of_written()),
        ("zone", &figures.zone),
        ("currency", &figures.currency),
        ("noun", &figures.period.noun()),
        ("reason", &figures.reason),
        ("unsubscribe", &text_unsubscribe(figures)),
    ];
    template::text(TEXT, &values)
}

fn text_headlines(figures: &Figures) -> String {
    let row = |headline: &Headline| {
        let change = headline.change().short(&headline.measure);
        [headline.label.clone(), headline.written(), change, from(headline)]
    };
    let rows: Vec<_> = figures.headlines.iter().map(row).collect();
    columns(&format!("The {} against the one before", figures.period.noun()), &rows)
}

fn text_trend(figures: &Figures, trend: &Trend) -> String {
    let written = |value: Option<f64>| trend.measure.exact(value.unwrap_or(f64::NAN));
    let before = figures.period.noun();
    let rows: Vec<_> = (trend.buckets.iter())
        .map(|bucket| {
            let previous = match bucket.previous {
                Some(_) => format!("{before} before {}", written(bucket.previous)),
                None => String::new(),
            };
            [bucket.label.clone(), written(bucket.value), previous]
        })
        .collect();
    columns(&heading(trend), &rows)
}

fn text_forecasts(figures: &Figures) -> String {
    let row = |forecast: &domain::report::Forecast| {
        let made_by = joined(&[forecast.model.clone(), forecast.error_written()], ", ");
        let value = forecast.measure.rounded(forecast.value);
        [forecast.label.clone(), value, interval(forecast), made_by]
    };
    let rows: Vec<_> = figures.forecasts.iter().map(row).collect();
    columns(&format!("Expected for {}", figures.next_period.dates()), &rows)
}

/// A test letter has nothing to unsubscribe from.
fn html_unsubscribe(figures: &Figures) -> String {
    match figures.unsubscribe_url.as_str() {
        "" => String::new(),
        url => part("unsubscribe", &[("url", url)]),
    }
}

fn text_unsubscribe(figures: &Figures) -> String {
    match figures.unsubscribe_url.as_str() {
        "" => String::new(),
        url => format!("Unsubscribe from this report:\n{url}"),
    }
}

/// `Week 47, 16–22 November 2026`.
fn period(figures: &Figures) -> String {
    joined(&[figures.period.title.clone(), figures.period.dates()], ", ")
}

/// `from £10,995.00`, unless there is nothing to come from.
fn from(headline: &Headline) -> String {
    headline.previous.map_or_else(String::new, |_| format!("from {}", headline.previous_written()))
}

fn interval(forecast: &domain::report::Forecast) -> String {
    let [lower, upper] = [forecast.lower, forecast.upper].map(|it| forecast.measure.rounded(it));
    format!("{lower} to {upper} in at least {} of cases", forecast.level_written())
}

/// `Revenue by day`.
fn heading(trend: &Trend) -> String {
    format!("{} by {}", trend.label, trend.grain.name().replace('_', " "))
}

/// The chart in words: its numbers, for those who do not see it.
fn told(figures: &Figures, trend: &Trend) -> String {
    let written = |value: Option<f64>| trend.measure.exact(value.unwrap_or(f64::NAN));
    let in_full = trend.buckets.len() <= BUCKETS_TOLD_IN_FULL;
    let buckets = trend.buckets.iter().map(|bucket| {
        let before = match bucket.previous {
            Some(_) if in_full => format!(" (before: {})", written(bucket.previous)),
            _ => String::new(),
        };
        format!("{} {}{before}", bucket.label, written(bucket.value))
    });
    let buckets = buckets.collect::<Vec<_>>().join(", ");
    format!("{}, {}: {buckets}.", heading(trend), figures.period.dates())
}

/// The trend as a picture. Numbers that cannot be drawn become gaps.
fn chart(figures: &Figures, trend: &Trend) -> LineChart {
    let units = trend.measure.units_per_written();
    let height = |value: Option<f64>| {
        value.map(|value| value / units).filter(|it| it.abs() <= takings_chart::MAGNITUDE_MAX)
    };
    let (before, after) = trend.measure.affixes();
    let buckets = trend.buckets.iter().map(|bucket| takings_chart::Bucket {
        label: bucket.label.clone(),
        value: height(bucket.value),
    });
    let earlier: Vec<_> = trend.buckets.iter().map(|bucket| height(bucket.previous)).collect();
    let expected = trend.expected.iter().filter_map(|bucket| {
        Some(Expected {
            label: bucket.label.clone(),
            value: height(Some(bucket.value))?,
            lower: height(Some(bucket.lower))?,
            upper: height(Some(bucket.upper))?,
        })
    });
    let forecast = figures.forecasts.iter().find(|it| it.metric == trend.metric);
    let level = forecast.map(|it| format!(", {} interval", it.level_written()));
    LineChart {
        title: String::new(),
        alt_text: told(figures, trend),
        unit: takings_chart::Unit { before, after },
        current_name: figures.period.dates(),
        current: buckets.collect(),
        last_incomplete: trend.last_incomplete,
        comparison: earlier.iter().any(Option::is_some).then(|| Comparison {
            name: format!("{} before", capitalized(&figures.period.noun())),
            values: earlier,
        }),
        forecast: (!trend.expected.is_empty()).then(|| takings_chart::Forecast {
            name: format!("Forecast{}", level.unwrap_or_default()),
            buckets: expected.collect(),
        }),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is not empty, with a separator between.
fn joined(texts: &[String], separator: &str) -> String {
    let texts: Vec<_> = texts.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    texts.join(separator)
}

/// A heading over aligned columns; nothing without rows.
fn columns<const N: usize>(heading: &str, rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let mut text = heading.to_owned();
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column == 1 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("\n  {}", line.trim_end()));
    }
    text
}

/// A part of the HTML around its rows; nothing without rows.
fn section(name: &str, rows: &str, values: &[(&str, &str)]) -> String {
    if rows.is_empty() { String::new() } else { part(name, &[values, &[("rows", rows)]].concat()) }
}

/// One part of the HTML template.
fn part(name: &str, values: &[(&str, &str)]) -> String {
    template::part(HTML, name, values)
}
