//! Calibration of free playing: rate corrections and the stick, found per style after training.
//!
//! A network that predicts drummers well still drifts when it hears only itself: rare drums become
//! rarer, the backbone erodes, and bars resemble each other less. The calibration adds a number to
//! the log-probability of a subset for each drum in it: the style's tilt of that drum, its tilt at
//! this step of the bar, and the stick, which is added if the drum was struck at the same step of
//! the previous bar and subtracted if not. Up to a constant, this is minus the stick times the
//! Hamming distance between the subset and that step.
//!
//! A higher stick makes bars duller unless the tilts compensate. Each style therefore has a
//! [`StyleCalibration`]: a [`RateCorrection`] at several points of the stick control. Each is found
//! by free runs with the same hits per bar and drum, and another share of hits that neighbouring
//! bars have in common ([`target_similarity`]).

use serde::{Deserialize, Serialize};

use crate::pattern::drum::{CLASSES, DrumSet};

/// Logit bias by class.
pub type LogitBias = [f32; CLASSES];

/// Values of the stick control at which a style is calibrated. Between them the corrections are
/// interpolated. Above the last one the stick grows without bound, and at 1 the previous bar is
/// repeated.
pub const STICK_POINTS: [f32; 4] = [0.0, 0.25, 0.5, 0.75];

/// Mean hit F1 of neighbouring bars at a value of the stick control, given that of the style's
/// drummers: a share of theirs below the middle, and between theirs and 1 above it.
#[must_use]
pub fn target_similarity(place: f32, drummers: f64) -> f64 {
    let place = f64::from(place);
    if place <= 0.5 {
        drummers * (0.6 + 0.8 * place)
    } else {
        drummers + (1.0 - drummers) * (2.0 * place - 1.0)
    }
}

/// Steps of a bar of 4/4, each with tilts of its own.
pub const BAR_STEPS: usize = 16;

/// Calibration of a style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StyleCalibration {
    /// Tilts by stick point and class.
    pub tilts: [LogitBias; STICK_POINTS.len()],
    /// Additional tilts by stick point, step of a bar of 4/4, and class. They preserve the backbone
    /// of the style: the snare on 2 and 4, the kick on 1.
    #[serde(default)]
    pub step_tilts: [[LogitBias; BAR_STEPS]; STICK_POINTS.len()],
    /// Stick by stick point.
    pub sticks: [f32; STICK_POINTS.len()],
}

/// Rate correction at one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateCorrection {
    /// Added to the log-probability of every subset with the class, by class.
    pub tilt: LogitBias,
    /// Bias towards the hits of the previous bar.
    pub stick: f32,
}

impl StyleCalibration {
    /// The correction at a value of the stick control, 0 to 1. `step` is the step of a bar of 4/4,
    /// if one corresponds.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    pub fn at(&self, place: f32, step: Option<usize>) -> RateCorrection {
        let last = STICK_POINTS.len() - 1;
        let along = place.clamp(0.0, 1.0) / STICK_POINTS[1];
        let low = (along.floor() as usize).min(last);
        let high = (low + 1).min(last);
        let share = along - low as f32;
        let between = |values: [f32; 2]| values[0] + (values[1] - values[0]) * share;
        let tilt = |class: usize| {
            between([low, high].map(|place| {
                let of_step = step.map_or(0.0, |step| self.step_tilts[place][step][class]);
                self.tilts[place][class] + of_step
            }))
        };
        let mut stick = between([self.sticks[low], self.sticks[high]]);
        if low == last {
            stick = self.sticks[last] + share / (1.0 - share).max(0.01);
        }
        RateCorrection { tilt: std::array::from_fn(tilt), stick }
    }
}

impl RateCorrection {
    /// Interpolates towards another correction by a share, 0 to 1.
    #[must_use]
    pub fn blend(&self, other: &RateCorrection, share: f32) -> RateCorrection {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        let all =
            |a: &LogitBias, b: &LogitBias| std::array::from_fn(|class| mix(a[class], b[class]));
        RateCorrection { tilt: all(&self.tilt, &other.tilt), stick: mix(self.stick, other.stick) }
    }

    /// The logit bias at a step. `before` holds the drums that the previous bar strikes there, if
    /// any.
    #[must_use]
    pub fn logit_bias(&self, before: Option<DrumSet>) -> LogitBias {
        let mut bias = self.tilt;
        if let Some(before) = before {
            for (class, bias) in bias.iter_mut().enumerate() {
                let struck = before.bits() >> class & 1 == 1;
                *bias += if struck { self.stick } else { -self.stick };
            }
        }
        bias
    }
}

/// Adds to each log-probability the bias of the drums in its subset. The probabilities are not
/// normalised afterwards.
pub fn add_logit_bias(logits: &mut [f32], bias: &LogitBias) {
    // By subset: the sum of its drums' bias, from that of the subset without its first drum.
    let mut sums = [0.0f32; 1 << CLASSES];
    for (bits, logit) in logits.iter_mut().enumerate().skip(1) {
        let rest = bits & (bits - 1);
        sums[bits] = sums[rest] + bias[bits.trailing_zeros() as usize];
        *logit += sums[bits];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::drum::Drum;

    const SUBSETS: usize = 1 << CLASSES;

    #[test]
    fn bias_is_added_for_each_drum() {
        let mut logits = vec![1.0; SUBSETS];
        let mut bias = [0.0; CLASSES];
        (bias[0], bias[8]) = (0.5, -2.0);
        add_logit_bias(&mut logits, &bias);
        for (bits, logit) in logits.iter().enumerate() {
            let has = |class: usize| (bits >> class & 1) as f32;
            assert!((logit - 1.0 - 0.5 * has(0) + 2.0 * has(8)).abs() < 1e-6, "subset {bits}");
        }
    }

    #[test]
    fn stick_is_the_hamming_distance_to_the_previous_bar() {
        let past: DrumSet = [Drum::Kick, Drum::Ride].into_iter().collect();
        let correction = RateCorrection { stick: 0.7, ..RateCorrection::default() };
        let mut logits = vec![0.0; SUBSETS];
        add_logit_bias(&mut logits, &correction.logit_bias(Some(past)));
        let before = past.bits();
        let at_before = logits[usize::from(before)];
        for (bits, logit) in (0u16..).zip(&logits) {
            let distance = (bits ^ before).count_ones() as f32;
            assert!((at_before - logit - 0.7 * distance).abs() < 1e-5, "subset {bits}");
        }
        assert_eq!(correction.logit_bias(None), [0.0; CLASSES]);
    }

    #[test]
    fn corrections_are_interpolated_between_stick_points_and_grow_beyond() {
        let mut calibration =
            StyleCalibration { sticks: [-1.0, 0.0, 1.0, 3.0], ..StyleCalibration::default() };
        for (place, tilts) in calibration.tilts.iter_mut().enumerate() {
            tilts[2] = place as f32;
        }
        calibration.step_tilts[2][5][2] = 7.0;
        assert_eq!(calibration.at(0.5, Some(5)).tilt[2], 9.0);
        assert_eq!(calibration.at(0.375, Some(5)).tilt[2], 5.0);
        assert_eq!(calibration.at(0.5, Some(6)).tilt[2], 2.0);
        let at = |place| (calibration.at(place, None).stick, calibration.at(place, None).tilt[2]);
        assert_eq!([at(0.0), at(0.125), at(0.5)], [(-1.0, 0.0), (-0.5, 0.5), (1.0, 2.0)]);
        assert_eq!(at(0.75), (3.0, 3.0));
        let mut last = 3.0;
        for place in [0.8, 0.9, 0.99, 1.0] {
            assert!(at(place).0 > last && at(place).1 == 3.0);
            last = at(place).0;
        }
    }

    #[test]
    fn middle_of_the_stick_control_targets_the_drummers_similarity() {
        assert_eq!(target_similarity(0.5, 0.7), 0.7);
        assert_eq!(target_similarity(1.0, 0.7), 1.0);
        let aims = STICK_POINTS.map(|place| target_similarity(place, 0.7));
        assert!(aims.is_sorted());
    }
}
