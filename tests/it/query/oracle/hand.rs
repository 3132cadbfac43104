use std::collections::BTreeSet;

use domain::calendar::Range;
use jiff::Timestamp;
use serde_json::Value;

use super::{NOW, Question, at, span};
use crate::query::shop::Point;

/// Counts by hand.
pub(super) struct Hand<'a> {
    pub(super) question: &'a Question,
    pub(super) points: &'a [Point],
    pub(super) answer: &'a Value,
}

impl Hand<'_> {
    pub(super) fn check_buckets(&self) {
        let Question { calendar, range, grain, only_complete, .. } = self.question;
        let now = at(NOW);
        let expected: Vec<(Range, bool)> = match grain {
            None => vec![(*range, range.to <= now)],
            Some(grain) => calendar
                .buckets(*range, *grain, usize::MAX)
                .unwrap()
                .into_iter()
                .map(|bucket| {
                    let cut =
                        Range { from: bucket.start.max(range.from), to: bucket.end.min(range.to) };
                    (cut, cut == Range::from(bucket) && bucket.end <= now)
                })
                .collect(),
        };
        let expected: Vec<(Range, bool)> =
            expected.into_iter().filter(|(_, complete)| *complete || !only_complete).collect();
        let shown: Vec<(Range, bool)> = self.answer["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| (span(bucket), bucket["complete"].as_bool().unwrap()))
            .collect();
        assert_eq!(shown, expected, "{}", self.question.json);
    }

    /// The buckets that are compared with, and all that was read of the past.
    pub(super) fn past(&self, main: &[Range]) -> Option<(Vec<Option<Range>>, Range)> {
        let compared = self.answer["comparison"].as_object()?;
        let instant = |field: &str| compared[field].as_str().map(at);
        let buckets: Vec<Option<Range>> = compared["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| bucket.is_object().then(|| span(bucket)))
            .collect();
        assert_eq!(buckets.len(), main.len());
        let mut all =
            Range { from: instant("from").unwrap(), to: instant("cut").or(instant("to")).unwrap() };
        if self.question.only_complete {
            let Question { calendar, range, grain, .. } = self.question;
            let every = grain.map_or(vec![*range], |grain| {
                let buckets = calendar.buckets(*range, grain, usize::MAX).unwrap();
                buckets.into_iter().map(Range::from).collect()
            });
            let cuts_start = main.first().is_none_or(|first| first.from != every[0].from);
            let cuts_end = main.last().is_none_or(|last| last.to != every[every.len() - 1].to);
            let mut known = buckets.iter().flatten();
            if cuts_start {
                all.from = known.clone().next().map_or(all.to, |first| first.from);
            }
            if cuts_end {
                all.to = known.next_back().map_or(all.from, |last| last.to);
            }
        }
        Some((buckets, all))
    }

    pub(super) fn check_line(
        &self,
        group: &dyn Fn(&Point) -> bool,
        main: &[Range],
        shown: &Value,
        total: &Value,
    ) {
        let start = main.first().map(|first| first.from);
        for (index, range) in main.iter().enumerate() {
            let expected = self.figure(group, *range, start);
            self.same(&shown[index]["value"], expected, &format!("bucket {range:?}"));
        }
        let expected = start.and_then(|start| {
            self.figure(group, Range { from: start, to: main[main.len() - 1].to }, Some(start))
        });
        self.same(&total["value"], expected, "total");
    }

    pub(super) fn check_past(
        &self,
        group: &dyn Fn(&Point) -> bool,
        (past, all): &(Vec<Option<Range>>, Range),
        (shown, total): (&Value, &Value),
    ) {
        let all = *all;
        for (index, range) in past.iter().enumerate() {
            let expected = range.and_then(|range| self.figure(group, range, Some(all.from)));
            self.same(&shown[index]["value"], expected, &format!("past bucket {range:?}"));
        }
        let expected =
            (all.from < all.to).then(|| self.figure(group, all, Some(all.from))).flatten();
        self.same(&total["value"], expected, "past total");
    }

    pub(super) fn check_changes(&self, now: &Value, then: &Value) {
        for (now, then) in now.as_array().unwrap().iter().zip(then.as_array().unwrap()) {
            let pair = now["value"].as_f64().zip(then["value"].as_f64());
            self.same(&then["delta_abs"], pair.map(|(now, then)| now - then), "delta");
            let percent =
                pair.filter(|(_, then)| *then > 0.0).map(|(now, then)| (now - then) / then * 100.0);
            self.same(&then["delta_pct"], percent, "percentage");
            let explained = percent.is_some() || then.is_null() || then["reason"].is_string();
            assert!(explained, "{} {then}", self.question.json);
        }
    }

    /// The points of a metric in a group and range that pass the filter.
    fn of(&self, metric: &str, group: &dyn Fn(&Point) -> bool, range: Range) -> Vec<&Point> {
        let passes = |point: &&Point| {
            self.question.countries.as_ref().is_none_or(|countries| {
                let country = point.tags.get("country");
                country.is_some_and(|country| countries.contains(&country.as_str()))
            })
        };
        self.points
            .iter()
            .filter(|point| point.metric == metric && range.contains(point.at) && group(point))
            .filter(passes)
            .collect()
    }

    fn figure(
        &self,
        group: &dyn Fn(&Point) -> bool,
        range: Range,
        start: Option<Timestamp>,
    ) -> Option<f64> {
        let now = at(NOW);
        let Question { metric, by, aggregation, gap, .. } = self.question;
        let sum = |points: &[&Point]| points.iter().map(|point| point.value).sum::<f64>();
        if range.from >= now {
            return None;
        }
        if let Some(by) = by {
            let below = sum(&self.of(by, group, range));
            return (below != 0.0).then(|| sum(&self.of(metric, group, range)) / below);
        }
        let points = match aggregation.as_str() {
            "cumulative" => self.of(metric, group, Range { from: start?, to: range.to }),
            _ => self.of(metric, group, range),
        };
        if points.is_empty() {
            let before = Range { from: Timestamp::MIN, to: range.to };
            return match *gap {
                "zero" => Some(0.0),
                "carry" => newest(&self.of(metric, group, before)),
                _ if aggregation == "cumulative" => Some(0.0),
                _ => None,
            };
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let n = points.len() as f64;
        let values = || points.iter().map(|point| point.value);
        match aggregation.as_str() {
            "sum" | "cumulative" => Some(sum(&points)),
            "count" => Some(n),
            "avg" => Some(sum(&points) / n),
            "min" => values().reduce(f64::min),
            "max" => values().reduce(f64::max),
            "last" => newest(&points),
            _ => Some(sum(&points) / range.to.min(now).duration_since(range.from).as_secs_f64()),
        }
    }

    /// Which countries have figures, in the windows or carried into them.
    pub(super) fn countries(&self, main: &[Range], past: Option<Range>) -> BTreeSet<String> {
        let mut metrics = vec![self.question.metric];
        metrics.extend(self.question.by);
        let windows = self.windows(main, past);
        let carries = self.question.gap == "carry";
        let reached = windows.into_iter().map(|window| match carries {
            true => Range { from: Timestamp::MIN, to: window.to },
            false => window,
        });
        reached
            .flat_map(|range| {
                metrics.iter().flat_map(move |metric| self.of(metric, &|_| true, range))
            })
            .filter_map(|point| point.tags.get("country").cloned())
            .collect()
    }

    fn windows(&self, main: &[Range], past: Option<Range>) -> Vec<Range> {
        let whole =
            main.first().map(|first| Range { from: first.from, to: main[main.len() - 1].to });
        whole.into_iter().chain(past).filter(|range| range.from < range.to).collect()
    }

    /// The greatest countries over both windows.
    pub(super) fn greatest(&self, top: usize, main: &[Range], past: Option<Range>) -> Vec<String> {
        let windows = self.windows(main, past);
        let carries = self.question.gap == "carry";
        let score = |country: &String| {
            let group = |point: &Point| point.tags.get("country") == Some(country);
            let of = |range: &Range| self.of(self.question.metric, &group, *range);
            let points: Vec<&Point> = windows.iter().flat_map(of).collect();
            let reached = |window: &Range| of(&Range { from: Timestamp::MIN, to: window.to });
            let values = || points.iter().map(|point| point.value);
            #[expect(clippy::cast_precision_loss, reason = "some thousands")]
            let n = points.len() as f64;
            match self.question.aggregation.as_str() {
                _ if points.is_empty() && self.question.aggregation != "last" => None,
                _ if self.question.by.is_some() => Some(values().sum::<f64>()),
                "count" => Some(n),
                "avg" => Some(values().sum::<f64>() / n),
                "min" => values().reduce(f64::min),
                "max" => values().reduce(f64::max),
                "last" if carries => newest(&windows.iter().flat_map(reached).collect::<Vec<_>>()),
                "last" => newest(&points),
                _ => Some(values().sum::<f64>()),
            }
        };
        let mut ranked: Vec<(Option<f64>, String)> = self
            .countries(main, past)
            .into_iter()
            .map(|country| (score(&country), country))
            .collect();
        ranked.sort_by(|(a, one), (b, other)| {
            let by_score = match (a, b) {
                (Some(a), Some(b)) => b.total_cmp(a),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            by_score.then_with(|| one.cmp(other))
        });
        ranked.into_iter().take(top).map(|(_, country)| country).collect()
    }

    fn same(&self, shown: &Value, expected: Option<f64>, what: &str) {
        let same = match (shown.as_f64(), expected) {
            (Some(shown), Some(expected)) => {
                (shown - expected).abs() <= 1e-9 * expected.abs().max(1.0)
            }
            (shown, expected) => shown.is_none() && expected.is_none(),
        };
        assert!(same, "{what}: {shown}, by hand {expected:?}\n{}", self.question.json);
    }
}

fn newest(points: &[&Point]) -> Option<f64> {
    points.iter().max_by_key(|point| point.at).map(|point| point.value)
}
