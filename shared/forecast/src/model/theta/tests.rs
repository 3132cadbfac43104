use super::*;

#[track_caller]
fn assert_close(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    let close = actual.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(close, "{actual:?} is not {expected:?}");
}

#[test]
fn smoothing_starts_at_the_level_with_the_least_squared_error() {
    // Errors 1 - l and 2.5 - l / 2, so l = 1.8: errors -0.8 and 1.6, levels 1.4 and 2.2.
    let (squares, level) = smooth(&[1.0, 3.0], 0.5);
    assert_close(&[squares, level], &[3.2, 2.2]);
}

#[test]
fn a_moving_average_halves_the_ends_of_an_even_season() {
    assert_close(&moving_average(&[1.0, 2.0, 6.0, 4.0, 5.0], 3), &[3.0, 4.0, 5.0]);
    assert_close(&moving_average(&[2.0, 1.0, 3.0, 2.0, 4.0], 4), &[2.25]);
}

#[test]
fn a_line_is_continued_with_half_its_slope() {
    let line: Vec<f64> = (1..=20).map(f64::from).collect();
    let forecast = predict(&line, &[], 4);
    for (step, value) in forecast.iter().enumerate() {
        let expected = 20.0 + (step + 1) as f64 / 2.0;
        assert!((value - expected).abs() < 0.01, "{forecast:?}");
    }
}

#[test]
fn factors_of_a_week_are_found_and_applied() {
    let factors = [0.5, 0.8, 1.0, 1.0, 1.2, 1.5, 1.0];
    let days: Vec<f64> = (0..70).map(|day| 200.0 * factors[day % 7]).collect();
    let pattern = Pattern::of(&days, 7);
    assert!(pattern.is_factor);
    assert_close(&pattern.indices, &factors);
    assert_close(&predict(&days, &[7], 7), &days[..7]);
}

#[test]
fn a_day_at_zero_makes_the_pattern_additive() {
    let week = [0.0, 80.0, 90.0, 100.0, 110.0, 150.0, 170.0];
    let days: Vec<f64> = (0..70).map(|day| week[day % 7]).collect();
    let pattern = Pattern::of(&days, 7);
    assert!(!pattern.is_factor);
    assert_close(&pattern.indices, &week.map(|value| value - 100.0));
    assert_close(&predict(&days, &[7], 7), &week);
}

#[test]
fn a_day_next_to_nothing_makes_the_pattern_additive_too() {
    let days: Vec<f64> = (0..70).map(|day| if day % 7 == 0 { 0.001 } else { 100.0 }).collect();
    assert!(!Pattern::of(&days, 7).is_factor);
}

#[test]
fn a_season_is_believed_after_three_rounds_and_never_in_a_constant() {
    let week = [1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 0.0];
    let days: Vec<f64> = (0..21).map(|day| week[day % 7]).collect();
    assert!(is_seasonal(&days, 7));
    assert!(!is_seasonal(&days[..20], 7));
    assert!(!is_seasonal(&[4.0; 70], 7));
}
