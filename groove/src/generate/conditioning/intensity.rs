//! Intensity of a take: more or fewer strokes of each class, and louder or softer ones.
//!
//! Both ends keep the playing near the drummers': `trainer measure --only intensity` measures
//! loudness, hits and the judge's area. The judge tells loud and full playing sooner than soft and
//! sparse playing, so the way up is shorter.

use crate::model::calibration::LogitBias;
use crate::model::feel::VELOCITY_BINS;
use crate::take::Take;

/// Direction in the log-odds of the classes. A drummer who plays louder opens up: open hat, ride and
/// crash gain more than the closed hat.
const CLASS_BIAS: LogitBias = [0.7, 0.7, 0.4, 1.0, 0.4, 0.4, 0.4, 1.2, 1.0];
/// Share of [`CLASS_BIAS`] at no intensity and at full intensity.
const FULLNESS: [f32; 2] = [-0.6, 0.17];
/// Added to the log-odds of the loudest velocity bin against the softest at no intensity and at full
/// intensity.
const VELOCITY_TILT: [f32; 2] = [-3.0, 0.72];

/// Value at a take's intensity: 0 at the usual one, between the values at no and at full intensity.
fn between(take: &Take, [none, full]: [f32; 2]) -> f32 {
    let distance = 2.0 * take.intensity.clamp(0.0, 1.0) - 1.0;
    distance.abs() * if distance < 0.0 { none } else { full }
}

/// Fullness of a take, a share of [`CLASS_BIAS`].
pub(crate) fn fullness(take: &Take) -> f32 {
    between(take, FULLNESS)
}

/// Logit bias of the classes of a take.
pub(crate) fn class_bias(take: &Take) -> LogitBias {
    let fullness = fullness(take);
    CLASS_BIAS.map(|bias| bias * fullness)
}

/// Added to the log-probability of a velocity bin of a take, by bin.
pub(crate) fn velocity_tilt(take: &Take) -> f32 {
    between(take, VELOCITY_TILT) / (VELOCITY_BINS - 1) as f32
}
