//! What is wished of a step, as changes to the distribution over subsets of drums: leans, masks,
//! and how busy each lane is. Notes are never edited afterwards, so that the drummer plays around
//! what is asked for.

use crate::balance::{Lean, lean_on};
use crate::drum::{CLASSES, DrumSet};

/// Rounds in which the lanes' rates are brought to where they are wanted.
const ROUNDS: usize = 6;

/// What is wished of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// Drums that are struck.
    pub must: DrumSet,
    /// Drums that are not struck, unless they must be.
    pub never: DrumSet,
    /// At least one drum is struck.
    pub some: bool,
    /// Added to the log-probability of a subset for each drum in it.
    pub lean: Lean,
    /// By class: added to the log-odds that the drum is struck, whatever the others do: theirs
    /// stay as they are.
    pub odds: Lean,
}

impl Wish {
    /// Changes the log-probabilities of all subsets, by subset number. Subsets that are not
    /// allowed get minus infinity. Gives the logarithm of the share of the probability that was
    /// allowed: how well the past led up to the wish.
    pub fn apply(&self, logits: &mut [f32]) -> f32 {
        lean_on(logits, &self.lean);
        if self.odds.iter().any(|&odds| odds != 0.0) {
            steer(logits, &self.odds);
        }
        let all = log_sum(logits.iter().copied());
        let (must, never) = (self.must.bits(), self.never.without(self.must).bits());
        for (bits, logit) in (0u16..).zip(logits.iter_mut()) {
            if bits & must != must || bits & never != 0 || (self.some && bits == 0) {
                *logit = f32::NEG_INFINITY;
            }
        }
        log_sum(logits.iter().copied()) - all
    }
}

/// The logarithm of the sum of exponentials; minus infinity of nothing.
pub fn log_sum(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let top = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    if top == f32::NEG_INFINITY {
        return top;
    }
    top + logits.map(|logit| (logit - top).exp()).sum::<f32>().ln()
}

/// Adds to the log-odds of each drum, and keeps those of the others where they were, by iterative
/// proportional fitting (Deming and Stephan 1940) of a factor for each drum.
fn steer(logits: &mut [f32], odds: &Lean) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut chances: Vec<f32> = logits.iter().map(|logit| (logit - top).exp()).collect();
    let classes = CLASSES.min(chances.len().ilog2() as usize);
    // By drum: the chance that it is struck by the chance that it is not.
    let ratio = |chances: &[f32], class: usize| -> Option<f32> {
        let (mut on, mut off) = (0.0, 0.0);
        for (bits, chance) in chances.iter().enumerate() {
            *if bits >> class & 1 == 1 { &mut on } else { &mut off } += chance;
        }
        let (least, total) = (1e-9, on + off);
        (on > least * total && off > least * total).then(|| on / off)
    };
    let wanted: Vec<Option<f32>> = (0..classes)
        .map(|class| ratio(&chances, class).map(|ratio| ratio * odds[class].exp()))
        .collect();
    let mut lean = [0.0; CLASSES];
    for _ in 0..ROUNDS {
        for (class, &wanted) in wanted.iter().enumerate() {
            let (Some(wanted), Some(found)) = (wanted, ratio(&chances, class)) else { continue };
            let factor = wanted / found;
            lean[class] += factor.ln();
            for (bits, chance) in chances.iter_mut().enumerate() {
                if bits >> class & 1 == 1 {
                    *chance *= factor;
                }
            }
        }
    }
    lean_on(logits, &lean);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drum::Drum;

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
    fn a_lane_is_steered_and_the_others_stay() {
        let (mut steered, before) = (logits(), rates(&logits()));
        let mut odds = [0.0; CLASSES];
        odds[0] = 1.5;
        steer(&mut steered, &odds);
        let after = rates(&steered);
        let odds_of = |rate: f32| (rate / (1.0 - rate)).ln();
        assert!((odds_of(after[0]) - odds_of(before[0]) - 1.5).abs() < 0.02);
        for class in 1..CLASSES {
            assert!((after[class] - before[class]).abs() < 0.01, "class {class}");
        }
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
        let share = wish.apply(&mut wished);
        let found = rates(&wished);
        assert!((found[1] - 1.0).abs() < 1e-5 && (found[7] - 1.0).abs() < 1e-5 && found[0] == 0.0);
        // The share that is left is the chance of such subsets.
        let chance: f32 = {
            let all = log_sum(logits().into_iter());
            let fit = (0..512usize).filter(|bits| bits & 0b1000_0011 == 0b1000_0010);
            fit.map(|bits| (logits()[bits] - all).exp()).sum()
        };
        assert!((share - chance.ln()).abs() < 1e-4);
    }

    #[test]
    fn silence_can_be_ruled_out() {
        let mut wished = vec![9.0, 0.0];
        Wish { some: true, ..Wish::default() }.apply(&mut wished);
        assert_eq!(wished, [f32::NEG_INFINITY, 0.0]);
    }
}
