/// Splitmix64 (Steele, Lea and Flood, 2014): the same numbers for a seed on every machine, which
/// also means no logarithms or cosines here.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).expect("half of 128 bits fits into 64")
    }

    /// An index, drawn by weight.
    pub(crate) fn choose(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        let chosen = weights.iter().position(|&weight| match left.checked_sub(weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        chosen.unwrap_or(0)
    }

    /// How many came when so many come on average: about a Poisson number, made of twelve
    /// uniform ones, whose sum is nearly normal.
    pub(crate) fn about(&mut self, mean: f64) -> u64 {
        let sum: u64 = (0..12).map(|_| self.below(1 << 20)).sum();
        let normal = sum as f64 / f64::from(1 << 20) - 6.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
        let rounded = (mean + mean.sqrt() * normal).round().max(0.0) as u64;
        rounded
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
