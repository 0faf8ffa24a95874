//! Intensity of a take: more or fewer strokes of each class, and louder or softer ones.

use crate::model::calibration::LogitBias;
use crate::model::feel::VELOCITY_BINS;
use crate::take::Take;

/// Added to the log-odds of each class at full intensity, subtracted at none. From the ride on a
/// drummer who plays louder opens up: open hat, ride and crash gain more than the closed hat.
const CLASS_BIAS: LogitBias = [0.7, 0.7, 0.4, 1.0, 0.4, 0.4, 0.4, 1.2, 1.0];

/// Added to the log-odds of the loudest velocity bin against the softest at full intensity,
/// subtracted at none.
const VELOCITY_TILT: f32 = 6.0;

/// Distance of a take's intensity from the usual one, -1 to 1.
pub(crate) fn distance(take: &Take) -> f32 {
    2.0 * take.intensity.clamp(0.0, 1.0) - 1.0
}

/// Logit bias of the classes of a take.
pub(crate) fn class_bias(take: &Take) -> LogitBias {
    let distance = distance(take);
    CLASS_BIAS.map(|bias| bias * distance)
}

/// Added to the log-probability of a velocity bin of a take, by bin.
pub(crate) fn velocity_tilt(take: &Take) -> f32 {
    VELOCITY_TILT * distance(take) / (VELOCITY_BINS - 1) as f32
}
