use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::{Calendar, Grain, Preset, Range, Zone};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::hand::Hand;
use super::shop::{Point, Shop};
use super::{counter, gauge};

/// The count by hand.
mod hand;

/// The shop's clocks change three times in the range, once for each of the first zones.
const FROM: &str = "2026-09-28T00:00:00Z";
const NOW: &str = "2026-11-05T15:23:17.5Z";
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "Pacific/Apia",
];
const METRICS: [&str; 5] = ["revenue", "visits", "stock", "basket", "units"];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.roll(choices.len() as u64)).unwrap();
        &choices[index]
    }
}

/// Everything of a question that the count by hand needs.
struct Question {
    json: Value,
    metric: &'static str,
    by: Option<&'static str>,
    aggregation: String,
    gap: &'static str,
    calendar: Calendar,
    range: Range,
    grain: Option<Grain>,
    only_complete: bool,
    countries: Option<Vec<&'static str>>,
    top: Option<usize>,
}

async fn questions_are_answered_as_by_hand(zone: &str, seed: u64) {
    let mut dice = Dice(seed);
    let shop = Shop::open(NOW, zone).await;
    shop.declare("revenue", counter()).await;
    shop.declare("visits", json!({ "kind": "counter", "unit": "" })).await;
    shop.declare("stock", gauge()).await;
    shop.declare("basket", json!({ "kind": "event", "unit": "pcs" })).await;
    shop.declare("units", json!({ "kind": "counter", "unit": "pcs", "finest": "day" })).await;
    let points = points(&mut dice, zone);
    shop.record_all(&points).await;
    shop.world.tick("keeper").await;
    let packed = shop.world.count("select count(*) from point_block").await;
    let open = shop.world.count("select sum(n)::bigint from point_head").await;
    assert!(packed > 0 && open > 0, "{packed} days are packed, {open} points are not");
    let mut counted = 0;
    for _ in 0..30 {
        let questions: Vec<Question> = (0..4).map(|_| question(&mut dice, zone)).collect();
        let named: serde_json::Map<String, Value> = questions
            .iter()
            .enumerate()
            .map(|(index, question)| (format!("q{index}"), question.json.clone()))
            .collect();
        let answer = shop.send(&json!({ "queries": named })).await;
        if answer.json["code"] == "too_wide" {
            continue;
        }
        let answer = answer.expect(200);
        for (index, question) in questions.iter().enumerate() {
            check(question, &answer.json["answers"][format!("q{index}")], &points);
            counted += 1;
        }
    }
    assert!(counted >= 60, "only {counted} questions were narrow enough");
}

#[tokio::test]
async fn in_berlin() {
    questions_are_answered_as_by_hand("Europe/Berlin", 1).await;
}

#[tokio::test]
async fn in_new_york() {
    questions_are_answered_as_by_hand("America/New_York", 2).await;
}

#[tokio::test]
async fn on_lord_howe_island() {
    questions_are_answered_as_by_hand("Australia/Lord_Howe", 3).await;
}

#[tokio::test]
async fn in_kathmandu() {
    questions_are_answered_as_by_hand("Asia/Kathmandu", 4).await;
}

fn points(dice: &mut Dice, zone: &str) -> Vec<Point> {
    let (from, now) = (at(FROM), at(NOW));
    let calendar = Calendar { zone: Zone::parse(zone).unwrap(), ..Calendar::default() };
    let span_ms = u64::try_from(now.duration_since(from).as_millis()).unwrap();
    let mut taken = BTreeSet::new();
    let mut points = Vec::new();
    for metric in METRICS {
        for _ in 0..400 {
            let offset = i64::try_from(dice.roll(span_ms)).unwrap();
            let mut at = from + SignedDuration::from_millis(offset);
            if dice.one_in(5) {
                let grain = *dice.of(&[Grain::QuarterHour, Grain::Hour, Grain::Day]);
                at = calendar.bucket_of(at, grain).start;
                at -= SignedDuration::from_millis(i64::try_from(dice.roll(2)).unwrap());
            }
            if !taken.insert((metric, at)) {
                continue;
            }
            let mut tags = BTreeMap::new();
            if !dice.one_in(6) {
                let country = *dice.of(&["DE", "FR", "IT", "US", "ES"]);
                tags.insert("country".to_owned(), country.to_owned());
            }
            if dice.one_in(2) {
                tags.insert("till".to_owned(), dice.roll(3).to_string());
            }
            #[expect(clippy::cast_precision_loss, reason = "up to a thousand")]
            let value = dice.roll(2_000) as f64 - 200.0;
            let value = if metric == "stock" { value / 8.0 } else { value };
            points.push(Point { metric, tags, at, value });
        }
    }
    points
}

fn question(dice: &mut Dice, tenant_zone: &str) -> Question {
    let metric = *dice.of(&METRICS);
    let mut json = json!({ "metric": metric });
    let by = (metric != "visits" && dice.one_in(6)).then_some("visits");
    let all = ["sum", "count", "avg", "min", "max", "last", "rate", "cumulative"];
    let allowed: Vec<&str> = all
        .into_iter()
        .filter(|aggregation| match metric {
            "stock" => !matches!(*aggregation, "sum" | "rate" | "cumulative"),
            "basket" => true,
            _ => *aggregation != "last",
        })
        .collect();
    let aggregation = *dice.of(&allowed);
    let level = matches!(aggregation, "avg" | "min" | "max" | "last");
    let gaps: &[&str] = if level { &["zero", "null", "carry"] } else { &["zero", "null"] };
    let asked_gap = dice.one_in(3).then(|| *dice.of(gaps));
    if let Some(by) = by {
        json = json!({ "ratio": { "of": metric, "by": by } });
    } else {
        json["aggregation"] = json!(aggregation);
        asked_gap.into_iter().for_each(|gap| json["gap"] = json!(gap));
    }
    let gap = match (metric, level) {
        _ if by.is_some() => "null",
        _ if asked_gap.is_some() => asked_gap.unwrap(),
        ("stock", true) => "carry",
        (_, true) => "null",
        (_, false) => "zero",
    };
    let zone = if dice.one_in(2) { *dice.of(&ZONES) } else { tenant_zone };
    json["zone"] = json!(zone);
    let calendar = Calendar { zone: Zone::parse(zone).unwrap(), ..Calendar::default() };
    let grain = (!dice.one_in(6)).then(|| *dice.of(&Grain::ALL));
    json["grain"] = json!(grain);
    let (range, text) = range(dice, &calendar);
    json["range"] = text;
    let only_complete = dice.one_in(5);
    json["only_complete"] = json!(only_complete);
    let countries = dice.one_in(3).then(|| vec!["DE", "FR", "US"]);
    if countries.is_some() {
        json["filter"] = json!({ "tag": "country", "in": ["DE", "FR", "US"] });
    }
    let top = dice.one_in(2).then(|| 1 + usize::try_from(dice.roll(4)).unwrap());
    if let Some(top) = top {
        json["group_by"] = json!({ "tag": "country", "top": top });
    }
    if dice.one_in(2) {
        json["compare"] = json!(*dice.of(&["previous", "year", "weekday_year"]));
    }
    let aggregation = aggregation.to_owned();
    Question {
        json,
        metric,
        by,
        aggregation,
        gap,
        calendar,
        range,
        grain,
        only_complete,
        countries,
        top,
    }
}

fn range(dice: &mut Dice, calendar: &Calendar) -> (Range, Value) {
    if dice.one_in(3) {
        let preset = *dice.of(&["today", "wtd", "mtd", "qtd", "7d", "30d", "last_week", "3d"]);
        let known: Preset = preset.parse().unwrap();
        return (calendar.resolve(known, at(NOW)), json!({ "preset": preset }));
    }
    let longest_s = if dice.one_in(3) { 40 * 86_400 } else { 4 * 86_400 };
    let start_s = i64::try_from(dice.roll(36 * 86_400)).unwrap();
    let length_s = 1 + i64::try_from(dice.roll(longest_s)).unwrap();
    let from = at(FROM) + SignedDuration::from_secs(start_s);
    let to = from + SignedDuration::from_secs(length_s);
    if dice.one_in(2) {
        let days = Range {
            from: calendar.bucket_of(from, Grain::Day).start,
            to: calendar.bucket_of(to, Grain::Day).end,
        };
        let date = |at| calendar.zone.date(at);
        return (days, json!({ "from": date(days.from), "to": date(days.to) }));
    }
    (Range { from, to }, json!({ "from": from, "to": to }))
}

fn check(question: &Question, answer: &Value, points: &[Point]) {
    let hand = Hand { question, points, answer };
    hand.check_buckets();
    let main: Vec<Range> = answer["buckets"].as_array().unwrap().iter().map(span).collect();
    let past = hand.past(&main);
    let whole = |_: &Point| true;
    hand.check_line(&whole, &main, &answer["buckets"], &answer["total"]);
    if let Some(past) = &past {
        let compared = &answer["comparison"];
        hand.check_past(&whole, past, (&compared["buckets"], &compared["total"]));
        hand.check_changes(&answer["buckets"], &compared["buckets"]);
    }
    let Some(top) = question.top else { return };
    let named = hand.greatest(top, &main, past.as_ref().map(|(_, all)| *all));
    let groups = answer["groups"].as_array().unwrap();
    let shown: Vec<&str> = groups.iter().filter_map(|group| group["name"].as_str()).collect();
    assert_eq!(shown, named, "{} {answer}", question.json);
    for group in groups {
        let country = |point: &Point| point.tags.get("country").cloned();
        let in_group = |point: &Point| match (group["group"].as_str().unwrap(), country(point)) {
            ("value", Some(country)) => group["name"] == country.as_str(),
            ("other", Some(country)) => !named.contains(&country),
            ("none", None) => true,
            _ => false,
        };
        hand.check_line(&in_group, &main, &group["values"], &group["total"]);
        if let Some(past) = &past {
            let shown = (&group["compared"], &group["compared_total"]);
            hand.check_past(&in_group, past, shown);
        }
    }
    let other = groups.iter().filter(|group| group["group"] == "other").count();
    let countries = hand.countries(&main, past.as_ref().map(|(_, all)| *all)).len();
    assert_eq!(other, usize::from(countries > top), "{}", question.json);
}

fn span(bucket: &Value) -> Range {
    let instant = |field: &str| at(bucket[field].as_str().unwrap());
    Range { from: instant("start"), to: instant("end") }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
