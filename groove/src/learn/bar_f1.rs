//! Similarity of bars: the F1 of their hits.

use crate::pattern::Step;
use crate::pattern::drum::DrumSet;

/// Steps of a bar of 4/4.
pub const STEPS: usize = 16;

/// Hits of a bar of 4/4, step by step, as bits of the drums.
pub type BarHits = [u16; STEPS];

/// Bars of a take or a piece; an incomplete last bar is dropped.
pub type HitBars = Vec<BarHits>;

/// Returns the pairs of neighbouring bars.
pub fn windows(piece: &[BarHits]) -> impl Iterator<Item = [BarHits; 2]> + '_ {
    piece.windows(2).map(|pair| [pair[0], pair[1]])
}

/// Returns the F1 of the hits of two sequences of steps; `None` if both are silent.
pub fn hit_f1(
    one: impl Iterator<Item = DrumSet>,
    other: impl Iterator<Item = DrumSet>,
) -> Option<f64> {
    let (mut both, mut all) = (0, 0);
    for (a, b) in one.zip(other) {
        both += a.and(b).len();
        all += a.len() + b.len();
    }
    (all > 0).then(|| 2.0 * f64::from(both) / f64::from(all))
}

/// Returns the mean hit F1 of neighbouring bars that are not both empty.
#[must_use]
pub fn bar_f1(pieces: &[HitBars]) -> f64 {
    let drums = |bar: BarHits| bar.map(DrumSet::from_bits).into_iter();
    let pairs = pieces.iter().flat_map(|piece| windows(piece));
    let (mut sum, mut count) = (0.0, 0.0);
    for f1 in pairs.filter_map(|[a, b]| hit_f1(drums(a), drums(b))) {
        sum += f1;
        count += 1.0;
    }
    sum / count
}

/// Returns [`bar_f1`] of a sequence of steps.
#[must_use]
pub fn bar_f1_of(steps: &[Step]) -> f64 {
    let bar = |bar: &[Step]| std::array::from_fn(|step| bar[step].drums().bits());
    bar_f1(&[steps.chunks_exact(STEPS).map(bar).collect()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_is_one_for_repetition_and_zero_without_common_hits() {
        let (mut a, mut b) = ([0; STEPS], [0; STEPS]);
        (a[0], a[4], b[0], b[8]) = (1, 2, 1, 2);
        assert!((bar_f1(&[vec![a, a, a]]) - 1.0).abs() < 1e-9);
        assert!((bar_f1(&[vec![a, b]]) - 0.5).abs() < 1e-9);
        b[0] = 2;
        assert!(bar_f1(&[vec![a, b]]).abs() < 1e-9);
    }
}
