//! How the drummer's free playing is kept like the drummers' own: a lean towards and away from
//! drums, found for each style after the training by playing.
//!
//! A network that foresees what drummers play next still drifts when it hears only itself: rare
//! drums come more rarely, and bars resemble each other less. Both are mended by adding to the
//! log-probability of a subset a number for each drum in it: the style's tilt of that drum; and
//! the stick, added if the drum was struck at the same step of the bar before and taken away if
//! not. The latter is, but for a constant, minus the stick times the Hamming distance between the
//! subset and that step.

use serde::{Deserialize, Serialize};

use crate::drum::{CLASSES, DrumSet};

/// The balance of a style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// By class: added to the log-probability of every subset that has it.
    pub tilt: [f32; CLASSES],
    /// How much the bar before is stuck to.
    pub stick: f32,
}

/// Numbers by class that lean a distribution over subsets.
pub type Lean = [f32; CLASSES];

impl Balance {
    /// The lean of this balance, given what was struck at the same step of the bar before.
    #[must_use]
    pub fn lean(&self, before: Option<DrumSet>) -> Lean {
        let mut lean = self.tilt;
        if let Some(before) = before {
            for (class, lean) in lean.iter_mut().enumerate() {
                let struck = before.bits() >> class & 1 == 1;
                *lean += if struck { self.stick } else { -self.stick };
            }
        }
        lean
    }
}

/// Adds to each log-probability the lean of the drums in its subset. The sum of the
/// probabilities is no longer 1.
pub fn lean_on(logits: &mut [f32], lean: &Lean) {
    // By subset: the sum of its drums' lean, from that of the subset without its first drum.
    let mut sums = [0.0f32; 1 << CLASSES];
    for (bits, logit) in logits.iter_mut().enumerate().skip(1) {
        let rest = bits & (bits - 1);
        sums[bits] = sums[rest] + lean[bits.trailing_zeros() as usize];
        *logit += sums[bits];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drum::Drum;

    const SUBSETS: usize = 1 << CLASSES;

    #[test]
    fn a_tilt_is_added_for_each_drum() {
        let mut logits = vec![1.0; SUBSETS];
        let mut lean = [0.0; CLASSES];
        (lean[0], lean[8]) = (0.5, -2.0);
        lean_on(&mut logits, &lean);
        for (bits, logit) in logits.iter().enumerate() {
            let has = |class: usize| (bits >> class & 1) as f32;
            assert!((logit - 1.0 - 0.5 * has(0) + 2.0 * has(8)).abs() < 1e-6, "subset {bits}");
        }
    }

    #[test]
    fn the_stick_is_the_distance_to_the_bar_before() {
        let before: DrumSet = [Drum::Bass, Drum::Ride].into_iter().collect();
        let balance = Balance { stick: 0.7, ..Balance::default() };
        let mut logits = vec![0.0; SUBSETS];
        lean_on(&mut logits, &balance.lean(Some(before)));
        let at_before = logits[usize::from(before.bits())];
        for (bits, logit) in (0u16..).zip(&logits) {
            let distance = (bits ^ before.bits()).count_ones() as f32;
            assert!((at_before - logit - 0.7 * distance).abs() < 1e-5, "subset {bits}");
        }
        assert_eq!(balance.lean(None), [0.0; CLASSES]);
    }
}
