//! What is wished of a step, as changes to the distribution over subsets of drums: leans and
//! masks. Notes are never edited afterwards, so that the drummer plays around
//! what is asked for.

use libm::{expf, logf};

use crate::balance::{Lean, lean_on};
use crate::drum::DrumSet;

/// What is wished of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// Drums that are struck.
    pub must: DrumSet,
    /// Drums that somebody asked for: where they are struck, they are struck clearly.
    pub asked: DrumSet,
    /// Drums that are not struck, unless they must be.
    pub never: DrumSet,
    /// At least one drum is struck.
    pub some: bool,
    /// Added to the log-probability of a subset for each drum in it.
    pub lean: Lean,
}

impl Wish {
    /// Changes the log-probabilities of all subsets, by subset number. Subsets that are not
    /// allowed get minus infinity.
    pub fn apply(&self, logits: &mut [f32]) {
        lean_on(logits, &self.lean);
        let (must, never) = (self.must.bits(), self.never.without(self.must).bits());
        for (bits, logit) in (0u16..).zip(logits.iter_mut()) {
            if bits & must != must || bits & never != 0 || (self.some && bits == 0) {
                *logit = f32::NEG_INFINITY;
            }
        }
    }
}

/// The logarithm of the sum of exponentials; minus infinity of nothing.
pub fn log_sum(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let top = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    if top == f32::NEG_INFINITY {
        return top;
    }
    top + logf(logits.map(|logit| expf(logit - top)).sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drum::{CLASSES, Drum};

    /// Bass and snare exclude each other, hats like the bass.
    fn logits() -> Vec<f32> {
        let logit = |bits: usize| {
            let has = |class: usize| (bits >> class & 1) as f32;
            -3.0 * has(0) * has(1) + 2.0 * has(0) * has(2) - has(0) - 0.5 * has(3) - 2.0 * has(7)
        };
        (0..512).map(logit).collect()
    }

    fn rates(logits: &[f32]) -> Vec<f32> {
        let all = log_sum(logits.iter().copied());
        let rate = |class: usize| -> f32 {
            let with = (0..).zip(logits).filter(|(bits, _)| bits >> class & 1 == 1);
            with.map(|(_, logit): (usize, _)| (logit - all).exp()).sum()
        };
        (0..CLASSES).map(rate).collect()
    }

    #[test]
    fn what_must_be_is_and_what_must_not_is_not() {
        let mut wished = logits();
        let drums = |drums: &[Drum]| drums.iter().copied().collect::<DrumSet>();
        let wish = Wish {
            must: drums(&[Drum::Snare, Drum::Crash]),
            never: drums(&[Drum::Bass, Drum::Crash]),
            ..Wish::default()
        };
        wish.apply(&mut wished);
        let found = rates(&wished);
        assert!((found[1] - 1.0).abs() < 1e-5 && (found[7] - 1.0).abs() < 1e-5 && found[0] == 0.0);
        // What is allowed keeps its proportions.
        let (one, other) = (0b1000_0010, 0b1000_0110);
        assert_eq!(wished[one] - wished[other], logits()[one] - logits()[other]);
    }

    #[test]
    fn silence_can_be_ruled_out() {
        let mut wished = vec![9.0, 0.0];
        Wish { some: true, ..Wish::default() }.apply(&mut wished);
        assert_eq!(wished, [f32::NEG_INFINITY, 0.0]);
    }
}
