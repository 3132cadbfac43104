use super::*;

/// Numbers that look random and are the same in every run (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.uniform() * end as f64) as usize
    }

    /// About normal: twelve uniform numbers have variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

const WEEK: [f64; 7] = [120.0, 124.0, 118.0, 122.0, 136.0, 150.0, 106.0];

fn known(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

fn weeks(days: usize) -> Vec<Option<f64>> {
    known((0..days).map(|day| WEEK[day % 7]))
}

fn noisy_weeks(days: usize, seed: u64) -> Vec<f64> {
    let mut dice = Dice(seed);
    (0..days).map(|day| WEEK[day % 7] + 8.0 * dice.normal()).collect()
}

/// A week on top of shocks of which four fifths last until the next day.
fn wandering_weeks(days: usize, seed: u64) -> Vec<f64> {
    let mut dice = Dice(seed);
    let mut shock = 0.0;
    let mut day = |day: usize| {
        shock = 0.8 * shock + 5.0 * dice.normal();
        WEEK[day % 7] + shock
    };
    (0..days).map(&mut day).collect()
}

fn weekly(horizon: usize) -> Options {
    Options { seasons: vec![7], ..Options::daily(horizon) }
}

#[test]
fn a_week_that_repeats_itself_is_forecast_by_the_simplest_model_without_error() {
    let forecast = forecast(&weeks(90), &weekly(10)).unwrap();
    assert_eq!(forecast.model, Model::SeasonalNaive);
    assert_eq!((forecast.error.mae, forecast.error.mase), (0.0, Some(0.0)));
    let means: Vec<f64> = forecast.points.iter().map(|point| point.mean).collect();
    let expected: Vec<f64> = (90..100).map(|day| WEEK[day % 7]).collect();
    assert_eq!(means, expected);
    assert!(forecast.points[0].intervals.iter().all(|it| it.lower == it.upper));
    assert_eq!(forecast.candidates.len(), 3);
    assert_eq!(forecast.fallback, None);
}

#[test]
fn a_week_in_noise_is_forecast_better_than_by_the_week_before() {
    let forecast = forecast(&known(noisy_weeks(365, 1)), &weekly(28)).unwrap();
    assert_ne!(forecast.model, Model::SeasonalNaive);
    assert!(forecast.error.mase.unwrap() < 0.85, "{:?}", forecast.error);
    assert_eq!((forecast.error.origins, forecast.error.steps), (5, 5 * 28));
    for (day, point) in forecast.points.iter().enumerate() {
        assert!((point.mean - WEEK[(365 + day) % 7]).abs() < 8.0, "{point:?}");
    }
}

#[test]
fn errors_are_those_of_forecasts_made_without_knowing_the_days() {
    // 24 days, horizon 8 and no season: origins at 16, 14, 12, 10 and 8, each 8 days long.
    let days: Vec<f64> = (0..24).map(f64::from).collect();
    let options = Options { seasons: vec![], ..Options::daily(8) };
    let forecast = forecast(&known(days), &options).unwrap();
    let Outcome::Measured(naive) = &forecast.candidates[0].outcome else { panic!("no naive") };
    // Repeating the last day of a line errs by 1 to 8; day by day the line changes by 1.
    assert_eq!((naive.mae, naive.bias, naive.mase), (4.5, -4.5, Some(4.5)));
    assert_eq!((naive.origins, naive.steps), (5, 40));
    assert_eq!(naive.wape, Some(4.5 / 15.5));
    assert_eq!(forecast.model, Model::Mstl, "the ETS trend continues a line");
}

#[test]
fn a_weekday_on_which_the_shop_is_closed_stays_closed() {
    let mut days = noisy_weeks(200, 3);
    days.iter_mut().skip(6).step_by(7).for_each(|value| *value = 0.0);
    let forecast = forecast(&known(days), &weekly(14)).unwrap();
    for (day, point) in forecast.points.iter().enumerate() {
        let expected = if (200 + day) % 7 == 6 { 0.0 } else { WEEK[(200 + day) % 7] };
        assert!((point.mean - expected).abs() < 8.0, "{day}: {point:?}");
        assert!(point.intervals.iter().all(|it| it.lower >= 0.0));
    }
}

#[test]
fn a_missing_day_is_bridged_from_the_same_weekday_and_never_counted() {
    let mut days = weeks(90);
    for gap in [3, 40, 41, 42, 43, 88, 89] {
        days[gap] = None;
    }
    let forecast = forecast(&days, &weekly(10)).unwrap();
    assert_eq!((forecast.error.mae, forecast.error.steps), (0.0, 5 * 10 - 6));
    assert_eq!(forecast.points[0].mean, WEEK[90 % 7]);
}

#[test]
fn gaps_are_bridged_in_the_season_first_and_then_between_neighbors() {
    let days = [Some(1.0), None, Some(3.0), Some(3.0), None, None, Some(9.0), None, Some(5.0)];
    // Places 0 and 2 of the season of three are known, place 1 never is.
    let filled = history::filled(&days, 3);
    assert_eq!(filled, [1.0, 2.0, 3.0, 3.0, 3.5, 4.0, 9.0, 7.0, 5.0]);
    assert_eq!(history::filled(&days[..2], 3), [1.0, 1.0]);
}

#[test]
fn days_before_the_first_known_one_do_not_count() {
    let mut days = vec![None; 200];
    days.extend(weeks(60));
    assert_eq!(forecast(&days, &weekly(7)), forecast(&weeks(60), &weekly(7)));
}

#[test]
fn a_constant_is_forecast_as_it_is() {
    let forecast = forecast(&known([12.5; 60]), &weekly(5)).unwrap();
    assert_eq!(forecast.fallback, Some(Fallback::Constant));
    assert_eq!((forecast.error.mae, forecast.error.mase), (0.0, Some(0.0)));
    let same = |point: &Point| point.mean == 12.5 && point.intervals[1].upper == 12.5;
    assert!(forecast.points.iter().all(same));
}

#[test]
fn too_little_is_refused_with_what_is_needed() {
    let refused = forecast(&weeks(41), &weekly(28)).unwrap_err();
    assert_eq!(refused, Refused::TooLittleData { days: 41, needed: 42 });
    assert_eq!(
        refused.to_string(),
        "too little data: 41 days have a value, and this forecast needs 42"
    );
    assert!(forecast(&weeks(42), &weekly(28)).is_ok());
    let nothing = Refused::TooLittleData { days: 0, needed: 42 };
    assert_eq!(forecast(&[None; 90], &weekly(28)), Err(nothing.clone()));
    assert_eq!(forecast(&[], &weekly(28)), Err(nothing));
}

#[test]
fn a_series_with_more_gaps_than_days_is_refused() {
    let mut days = weeks(100);
    days.extend([None; 90]);
    let refused = Err(Refused::TooManyGaps { missing: 90, days: 124 });
    assert_eq!(forecast(&days, &weekly(28)), refused);
}

#[test]
fn a_value_that_is_no_number_is_named() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e301] {
        let mut days = weeks(90);
        days[17] = Some(value);
        let refused = forecast(&days, &weekly(7)).unwrap_err();
        assert_eq!(refused, Refused::NotFinite { index: 17 });
    }
}

#[test]
fn options_out_of_range_are_refused() {
    for horizon in [0, HORIZON_MAX + 1, usize::MAX] {
        assert_eq!(forecast(&weeks(90), &weekly(horizon)), Err(Refused::Horizon { horizon }));
    }
    let with_level = |level| forecast(&weeks(90), &Options { levels: vec![level], ..weekly(7) });
    assert_eq!(with_level(1.0), Err(Refused::Level { level: 1.0 }));
    assert_eq!(with_level(0.0), Err(Refused::Level { level: 0.0 }));
    assert!(with_level(f64::NAN).is_err());
    let endless = Options { seasons: vec![usize::MAX], ..weekly(7) };
    assert!(matches!(forecast(&weeks(90), &endless), Err(Refused::TooLittleData { .. })));
}

#[test]
fn a_season_is_used_once_every_rehearsal_has_seen_it_twice() {
    let seasons = |days| forecast(&weeks(days), &Options::daily(7)).unwrap().seasons;
    assert_eq!(seasons(730 + 5 * 7 - 1), [7]);
    assert_eq!(seasons(730 + 5 * 7), [7, 365]);
}

#[test]
fn intervals_contain_what_they_promise() {
    for series in [noisy_weeks, wandering_weeks] {
        let (mut inside, mut all) = ([0.0; 2], 0.0);
        for seed in 0..60 {
            let days = series(120 + 14, seed);
            let forecast = forecast(&known(days[..120].to_vec()), &weekly(14)).unwrap();
            for (point, actual) in forecast.points.iter().zip(&days[120..]) {
                all += 1.0;
                for (count, interval) in inside.iter_mut().zip(&point.intervals) {
                    let hit = (interval.lower..=interval.upper).contains(actual);
                    *count += f64::from(u8::from(hit));
                }
            }
        }
        let [at_80, at_95] = inside.map(|count| 100.0 * count / all);
        assert!((74.0..86.0).contains(&at_80), "{at_80} % in the interval of 80 %");
        assert!((90.0..99.0).contains(&at_95), "{at_95} % in the interval of 95 %");
    }
}

#[test]
fn intervals_are_the_conformal_quantiles_of_scaled_errors() {
    // Usual errors 1, 2 and 5 / 2: the third step would shrink, so it is pooled with the second.
    let errors = [[1.0, -2.0, 4.0], [-1.0, 3.0, 1.0]].map(|origin| origin.map(Some).to_vec());
    let widths = Widths::new(&errors, 6);
    // Scores 1, 0.8, 1.6 and 1, 1.2, 0.4 do not differ by origin: six independent errors.
    let half_widths = |step| [0.1, 0.5, 0.7, 0.9].map(|level| widths.half_width(step, level));
    assert_eq!(half_widths(0), [0.4, 1.0, 1.2, 1.6]);
    assert_eq!(half_widths(1), [1.0, 2.5, 3.0, 4.0]);
    assert_eq!(half_widths(1), half_widths(2));
}

#[test]
fn an_answer_survives_being_stored() {
    let mut forecast = forecast(&known([0.0; 60]), &weekly(5)).unwrap();
    let too_short = LeftOut::TooShort { days: 3, needed: 4 };
    forecast
        .candidates
        .push(Candidate { model: Model::Theta, outcome: Outcome::LeftOut(too_short) });
    let stored = serde_json::to_string(&forecast).unwrap();
    assert_eq!(serde_json::from_str::<Forecast>(&stored).unwrap(), forecast);
}

#[test]
fn a_single_model_refuses_what_it_cannot_use() {
    for model in Model::ALL {
        assert_eq!(model.predict(&[f64::NAN; 30], &[7], 3), Err(LeftOut::NotFinite));
        let empty = model.predict(&[], &[], 3);
        assert!(matches!(empty, Err(LeftOut::TooShort { days: 0, .. })), "{model}");
        let endless = model.predict(&[1.0; 30], &[usize::MAX, 0, 1], 3);
        assert_eq!(endless.is_ok(), model == Model::Theta, "{model}");
        assert_eq!(model.predict(&[1.0; 30], &[7], 0), Ok(vec![]));
        let unordered = model.predict(&noisy_weeks(90, 7), &[30, 0, 7, 7], 3).unwrap();
        assert_eq!(unordered, model.predict(&noisy_weeks(90, 7), &[7, 30], 3).unwrap());
    }
}

#[test]
fn no_series_of_finite_values_panics() {
    let mut dice = Dice(42);
    for _ in 0..200 {
        let values = any_series(&mut dice);
        let seasons = [vec![], vec![7], vec![2, 30], vec![7, 365], vec![12, 1, 0]];
        let options = Options {
            horizon: 1 + dice.below(40),
            seasons: seasons[dice.below(seasons.len())].clone(),
            levels: vec![0.01, 0.8, 0.999],
            non_negative: dice.uniform() < 0.5,
        };
        let Ok(forecast) = forecast(&values, &options) else { continue };
        assert_eq!(forecast.points.len(), options.horizon);
        let mut before = 0.0;
        for point in &forecast.points {
            let [narrow, .., wide] = &point.intervals[..] else { panic!("three levels") };
            let ends = [wide.lower, narrow.lower, point.mean, narrow.upper, wide.upper];
            assert!(ends.iter().all(|end| end.is_finite()) && ends.is_sorted(), "{ends:?}");
            assert!(!options.non_negative || wide.lower >= 0.0, "{wide:?}");
            let half_width = wide.upper - point.mean;
            assert!(half_width >= before - 1e-9 * wide.upper.abs(), "{half_width} after {before}");
            before = half_width;
        }
    }
}

/// Up to 400 days of one of many shapes, some days missing.
fn any_series(dice: &mut Dice) -> Vec<Option<f64>> {
    let longest = [30, 60, 120, 400][dice.below(4)];
    let days = dice.below(longest + 1);
    let shape = dice.below(11);
    let gaps = [0.0, 0.0, 0.1, 0.5, 0.9][dice.below(5)];
    let unit = [1e-310, 1e-9, 1.0, 1e9, 1e300][dice.below(5)];
    let mut walk = 0.0;
    let mut value = |day: usize, dice: &mut Dice| match shape {
        0 => 0.0,
        1 => -1.0,
        2 => dice.uniform(),
        3 => dice.uniform() - 0.5,
        4 => f64::from(u8::from(day.is_multiple_of(2))) - 0.5,
        5 => f64::from(u8::from(dice.uniform() < 0.03)),
        6 => (day as f64 / 40.0).exp() / 1e5,
        7 => WEEK[day % 7] / 150.0,
        8 => f64::from(u8::from(day >= days / 2)),
        9 => [1.0, 1e-12][usize::from(day != days / 3)],
        _ => {
            walk += dice.normal() / 100.0;
            walk
        }
    };
    let mut day = |day: usize| {
        let value = value(day, dice) * unit;
        (dice.uniform() >= gaps).then_some(value)
    };
    (0..days).map(&mut day).collect()
}
