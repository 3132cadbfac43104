//! Widths of intervals from the errors of the rehearsals.
//!
//! Split conformal prediction with scaled absolute errors (Lei et al. 2018; over rolling origins
//! as in Stankeviciute et al. 2021): the half width at a step is the usual error at that step,
//! times the quantile, over all origins and steps, of errors by the usual error at their step.
//!
//! - The usual error is the mean absolute one of the step, pooled with neighboring steps wherever
//!   it would otherwise shrink as the horizon grows (pool adjacent violators, Ayer et al. 1955),
//!   so intervals only ever widen.
//! - The finite-sample correction raises a level to `level * (n + 1) / n`. Errors from one origin
//!   resemble each other, and origins closer than the horizon repeat the same days, so `n` is not
//!   the number of errors but of independent ones: the errors by their design effect (Kish 1965;
//!   correlation within origins from the analysis of variance), and by the repetition of days.

/// Half widths by step and level.
pub(crate) struct Widths {
    /// The usual error by step.
    usual: Vec<f64>,
    /// Errors by the usual error of their step, ascending.
    scores: Vec<f64>,
    /// How many independent errors these amount to, at least 1.
    independent: f64,
}

impl Widths {
    /// From errors by origin and step, some unknown, which cover so many `distinct_days`.
    pub(crate) fn new(errors: &[Vec<Option<f64>>], distinct_days: usize) -> Self {
        let steps = errors.first().map_or(0, Vec::len);
        let usual = monotone((0..steps).map(|step| Block::of_step(errors, step)));
        let scores_of = |origin: &Vec<Option<f64>>| -> Vec<f64> {
            let known = origin.iter().zip(&usual).filter_map(|(error, usual)| {
                Some(if *usual > 0.0 { (*error)?.abs() / usual } else { 0.0 })
            });
            known.collect()
        };
        let by_origin: Vec<Vec<f64>> =
            errors.iter().map(scores_of).filter(|scores| !scores.is_empty()).collect();
        let repetition = (errors.len() * steps) as f64 / distinct_days as f64;
        let independent = (independent(&by_origin) / repetition).max(1.0);
        let mut scores = by_origin.concat();
        scores.sort_by(f64::total_cmp);
        Self { usual, scores, independent }
    }

    /// The half width of the interval for `level` at `step`, counted from 0.
    pub(crate) fn half_width(&self, step: usize, level: f64) -> f64 {
        let corrected = level * (self.independent + 1.0) / self.independent;
        let count = self.scores.len();
        let rank = ((corrected * count as f64).ceil() as usize).clamp(1, count);
        self.usual[step] * self.scores[rank - 1]
    }
}

/// Neighboring steps with one mean absolute error.
#[derive(Clone, Copy)]
struct Block {
    sum: f64,
    count: usize,
    steps: usize,
}

impl Block {
    fn of_step(errors: &[Vec<Option<f64>>], step: usize) -> Self {
        let known = errors.iter().filter_map(|origin| origin[step]);
        let (sum, count) =
            known.fold((0.0, 0), |(sum, count), error| (sum + error.abs(), count + 1));
        Self { sum, count, steps: 1 }
    }

    fn mean(self) -> f64 {
        self.sum / self.count as f64
    }

    fn must_join(self, next: Self) -> bool {
        self.count == 0 || next.count == 0 || self.mean() > next.mean()
    }

    fn with(self, next: Self) -> Self {
        let Self { sum, count, steps } = next;
        Self { sum: self.sum + sum, count: self.count + count, steps: self.steps + steps }
    }
}

/// The means of `steps`, pooled so that none is below the one before; a step of which no error is
/// known joins its neighbors.
fn monotone(steps: impl Iterator<Item = Block>) -> Vec<f64> {
    let mut blocks: Vec<Block> = Vec::new();
    for step in steps {
        let mut last = step;
        while let Some(before) = blocks.pop_if(|before| before.must_join(last)) {
            last = before.with(last);
        }
        blocks.push(last);
    }
    blocks.into_iter().flat_map(|block| std::iter::repeat_n(block.mean(), block.steps)).collect()
}

/// The number of `groups`' scores by their design effect.
fn independent(groups: &[Vec<f64>]) -> f64 {
    if groups.len() < 2 {
        return 1.0;
    }
    let (count, group_count) = (groups.concat().len() as f64, groups.len() as f64);
    let mean_of = |group: &[f64]| group.iter().sum::<f64>() / group.len() as f64;
    let grand_mean = mean_of(&groups.concat());
    let (mut between, mut within) = (0.0, 0.0);
    for group in groups {
        let mean = mean_of(group);
        between += group.len() as f64 * (mean - grand_mean).powi(2);
        within += group.iter().map(|score| (score - mean).powi(2)).sum::<f64>();
    }
    let size = count / group_count;
    let between = between / (group_count - 1.0);
    let within = within / (count - group_count);
    // Not a number where nothing varies, or with one score a group: no correlation then.
    let correlation = ((between - within) / (between + (size - 1.0) * within)).max(0.0);
    count / (1.0 + (size - 1.0) * correlation)
}
