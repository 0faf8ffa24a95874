//! How the drummer's free playing is kept like the drummers' own: a lean towards and away from
//! drums, found for each style after the training by playing.
//!
//! A network that foresees what drummers play next still drifts when it hears only itself: rare
//! drums come more rarely, bars resemble each other less, and now and then a drum runs away (a
//! crash at every beat). All are mended by adding to the log-probability of a subset a number for
//! each drum in it: the style's tilt of that drum; the stick, added if the drum was struck at the
//! same step of the bar before and taken away if not (but for a constant, minus the stick times
//! the Hamming distance between the subset and that step); and what calls a drum back to its usual
//! rate, [`CALL_BACK`] times the logarithm of the usual by the recent rate.

use serde::{Deserialize, Serialize};

use crate::drum::CLASSES;
use crate::pattern::Step;

/// Strength of the call back to the usual rate.
const CALL_BACK: f32 = 0.3;
/// Steps of the past that the recent rate is counted over.
const RECENT: usize = 128;
/// Steps at the usual rate that are counted with them, so that a take's first bars are free.
const AS_USUAL: f32 = 64.0;
/// Hits a step that both rates have more, so that a rare drum's absence says little.
const HARDLY: f32 = 0.005;

/// The balance of a style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// By class: added to the log-probability of every subset that has it.
    pub tilt: [f32; CLASSES],
    /// How much the bar before is stuck to.
    pub stick: f32,
    /// By class: the drummers' hits a step; 0 is not kept to.
    pub usual: [f32; CLASSES],
}

/// Numbers by class that lean a distribution over subsets.
pub type Lean = [f32; CLASSES];

impl Balance {
    /// The lean of this balance after these steps, in a meter of `bar` steps.
    #[must_use]
    pub fn lean(&self, past: &[Step], bar: usize) -> Lean {
        let mut lean = self.tilt;
        if let Some(same) = past.len().checked_sub(bar) {
            let before = past[same].drums();
            for (class, lean) in lean.iter_mut().enumerate() {
                let struck = before.bits() >> class & 1 == 1;
                *lean += if struck { self.stick } else { -self.stick };
            }
        }
        let recent = &past[past.len().saturating_sub(RECENT)..];
        let mut hits = [0.0; CLASSES];
        for step in recent {
            step.drums().iter().for_each(|drum| hits[drum.index()] += 1.0);
        }
        let steps = recent.len() as f32 + AS_USUAL;
        for ((lean, &usual), hits) in lean.iter_mut().zip(&self.usual).zip(hits) {
            if usual > 0.0 {
                let rate = (hits + AS_USUAL * usual) / steps;
                *lean += CALL_BACK * ((usual + HARDLY) / (rate + HARDLY)).ln();
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
    use crate::pattern::Hit;

    const SUBSETS: usize = 1 << CLASSES;

    fn step(drums: &[Drum]) -> Step {
        let mut step = Step::SILENT;
        for &drum in drums {
            step.set(drum, Some(Hit { velocity: 90, offset_ticks: 0 }));
        }
        step
    }

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
        let past = [step(&[Drum::Bass, Drum::Ride]), step(&[]), step(&[Drum::Snare])];
        let balance = Balance { stick: 0.7, ..Balance::default() };
        let mut logits = vec![0.0; SUBSETS];
        lean_on(&mut logits, &balance.lean(&past, 3));
        let before = past[0].drums().bits();
        let at_before = logits[usize::from(before)];
        for (bits, logit) in (0u16..).zip(&logits) {
            let distance = (bits ^ before).count_ones() as f32;
            assert!((at_before - logit - 0.7 * distance).abs() < 1e-5, "subset {bits}");
        }
        assert_eq!(balance.lean(&past, 4), [0.0; CLASSES]);
    }

    #[test]
    fn a_drum_is_called_back_to_its_usual_rate() {
        let mut balance = Balance::default();
        (balance.usual[0], balance.usual[7]) = (0.25, 0.03);
        let lean = |past: &[Step]| balance.lean(past, 64);
        assert_eq!(lean(&[]), [0.0; CLASSES]);
        let crash = vec![step(&[Drum::Crash]); 16];
        let (once, more) = (lean(&crash), lean(&crash.repeat(2)));
        assert!(once[0] > 0.0 && once[7] < -0.5, "{once:?}");
        assert!(more[0] > once[0] && more[7] < once[7]);
        // What lies further back than it looks is forgotten; a drum without a rate is left alone.
        let past = [crash, vec![step(&[]); RECENT]].concat();
        assert!(lean(&past)[7] > 0.0);
        assert_eq!(lean(&[step(&[Drum::Snare]); 9])[1], 0.0);
    }
}
