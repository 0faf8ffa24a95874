//! Correction of predicted offsets by the errors of earlier predictions.
//!
//! A drummer is late or early in the same places of each beat, more steadily than the feel network
//! foresees: its errors at one place of the beat are alike. An exponential moving average of them,
//! by class and place, is therefore added to the next prediction there.

use serde::{Deserialize, Serialize};

use crate::model::feel::{OFFSET_BIN, OFFSET_BINS, VELOCITY_BINS, median};
use crate::pattern::Step;
use crate::pattern::drum::{CLASSES, Drum};

/// Places of a beat: steps of a quarter note.
const PLACES: usize = 4;
/// Largest error that counts, in ticks of 1/240 step, so that a stray hit does not move the rest.
const LARGEST: f32 = 40.0;

/// Strength of the correction, part of the model file's header.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OffsetCorrection {
    /// Share of the mean error that is added to a prediction, 0 to 1.
    pub share: f32,
    /// Weight of the earlier errors in the mean at each further one, 0 to 1.
    pub decay: f32,
}

impl OffsetCorrection {
    /// Strength in new models, chosen on the validation split of the Groove MIDI Dataset: the error of
    /// the median falls from 12.34 to 12.11 ms.
    pub const DEFAULT: Self = OffsetCorrection { share: 0.5, decay: 0.85 };
}

/// Mean errors so far, and the predictions of the last step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetErrors {
    /// In ticks, positive if the drummer was later than predicted.
    means: [[f32; PLACES]; CLASSES],
    /// Uncorrected medians of the last step, in ticks.
    predicted: [Option<f32>; CLASSES],
}

impl OffsetErrors {
    /// Corrections of the offsets at a step of the bar, in ticks by class.
    #[must_use]
    pub fn corrections(&self, by: OffsetCorrection, step: usize) -> [f32; CLASSES] {
        self.means.map(|of_class| by.share * of_class[step % PLACES])
    }

    /// Keeps the prediction of a drum, given its [`FEEL_LOGITS`](crate::model::feel::FEEL_LOGITS),
    /// until [`OffsetErrors::learn`].
    pub fn predict(&mut self, drum: Drum, logits: &[f32]) {
        self.predicted[drum.index()] = Some(median_offset(&logits[VELOCITY_BINS..]));
    }

    /// Learns from the hits of the step, given its place in the bar, that was predicted last.
    pub fn learn(&mut self, by: OffsetCorrection, step: usize, hits: &Step) {
        let predicted = std::mem::take(&mut self.predicted);
        for (drum, hit) in hits.hits() {
            if let Some(predicted) = predicted[drum.index()] {
                let played = f32::from(hit.offset_ticks) + 0.5;
                let error = (played - predicted).clamp(-LARGEST, LARGEST);
                let mean = &mut self.means[drum.index()][step % PLACES];
                *mean = by.decay * *mean + (1.0 - by.decay) * error;
            }
        }
    }
}

/// Median of the offset in ticks, given the logits of its bins.
fn median_offset(logits: &[f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut weights = [0.0; OFFSET_BINS];
    let weighted = weights.iter_mut().zip(logits);
    weighted.for_each(|(weight, logit)| *weight = libm::expf(logit - top));
    #[expect(clippy::cast_possible_truncation, reason = "at most 40 bins")]
    let median = median(&weights) as f32;
    median * f32::from(OFFSET_BIN) - 120.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::feel::FEEL_LOGITS;
    use crate::pattern::Hit;

    const BY: OffsetCorrection = OffsetCorrection { share: 0.5, decay: 0.8 };

    /// Logits with all weight on one bin of the offset.
    fn logits(bin: usize) -> [f32; FEEL_LOGITS] {
        let mut logits = [f32::NEG_INFINITY; FEEL_LOGITS];
        logits[VELOCITY_BINS + bin] = 0.0;
        logits
    }

    fn step(offset_ticks: i8) -> Step {
        let mut step = Step::SILENT;
        step.set(Drum::Snare, Some(Hit { offset_ticks, ..Hit::plain(90, 0) }));
        step
    }

    #[test]
    fn a_median_lies_in_the_middle_of_its_bin() {
        assert!((median_offset(&logits(20)[VELOCITY_BINS..]) - 3.0).abs() < 1e-4);
        let mut even = [0.0; FEEL_LOGITS];
        even[..VELOCITY_BINS].fill(9.0);
        assert!(median_offset(&even[VELOCITY_BINS..]).abs() < 1e-3);
    }

    #[test]
    fn corrections_approach_a_steady_error_at_its_place_alone() {
        let mut errors = OffsetErrors::default();
        for _ in 0..60 {
            errors.predict(Drum::Snare, &logits(20));
            errors.learn(BY, 4, &step(22));
        }
        let snare = Drum::Snare.index();
        assert!((errors.corrections(BY, 12)[snare] - 0.5 * 19.5).abs() < 1e-3);
        assert_eq!(errors.corrections(BY, 13)[snare], 0.0);
        assert_eq!(errors.corrections(BY, 12)[Drum::Kick.index()], 0.0);
    }

    #[test]
    fn a_stray_hit_counts_little_and_an_unpredicted_one_not_at_all() {
        let mut errors = OffsetErrors::default();
        errors.learn(BY, 0, &step(100));
        assert_eq!(errors, OffsetErrors::default());
        errors.predict(Drum::Snare, &logits(20));
        errors.learn(BY, 0, &step(119));
        assert!(
            (errors.corrections(BY, 0)[Drum::Snare.index()] - 0.5 * 0.2 * LARGEST).abs() < 1e-4
        );
        errors.learn(BY, 0, &step(119));
        assert!(
            (errors.corrections(BY, 0)[Drum::Snare.index()] - 0.5 * 0.2 * LARGEST).abs() < 1e-4
        );
    }
}
