//! The pad *Intensity* by *Complexity*: two numbers that move several parameters. Each keeps its own
//! control; the pad shows the point that the leading ones are at.

use groove::Drum;
use nice_plug::params::Param;
use nice_plug::params::internals::ParamPtr;

use crate::params::{DeepPocketParams, LaneParams};

/// Velocities that full intensity adds, and none takes away.
const VELOCITY: f32 = 20.0;
/// Density of the lanes that gain at full intensity: a drummer who plays louder opens up.
const OPEN: f32 = 0.5;
const OPEN_LANES: [Drum; 3] = [Drum::OpenHat, Drum::Ride, Drum::Crash];
/// Density at full complexity.
const DENSITY: f32 = 0.5;
/// Added to the usual *Daring* at full complexity, and taken away at none.
const DARING: f32 = 0.2;

/// A point of the pad, both from 0 to 1; 0.5 is as drummers of the style play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PadPoint {
    /// Complexity: density, fills and daring.
    pub complexity: f32,
    /// Intensity: loudness, and more of open hat, ride and crash.
    pub intensity: f32,
}

impl PadPoint {
    /// The middle, where all parameters have their defaults.
    pub const MIDDLE: PadPoint = PadPoint { complexity: 0.5, intensity: 0.5 };

    /// Returns the point with both numbers clamped to their range.
    #[must_use]
    pub fn new(complexity: f32, intensity: f32) -> Self {
        let [complexity, intensity] = [complexity, intensity].map(|share| share.clamp(0.0, 1.0));
        PadPoint { complexity, intensity }
    }

    /// Returns the point that *Density* and *Velocity* are at.
    #[must_use]
    pub fn of(params: &DeepPocketParams) -> Self {
        let share = |value: f32, full: f32| 0.5 + 0.5 * value / full;
        PadPoint::new(
            share(params.drummer.density.value(), DENSITY),
            share(params.playing.velocity.value(), VELOCITY),
        )
    }

    /// Returns the parameters that the pad moves, and their values at the point, 0 to 1.
    pub fn values(self, params: &DeepPocketParams) -> impl Iterator<Item = (ParamPtr, f32)> {
        let [more, louder] = [self.complexity, self.intensity].map(|share| 2.0 * share - 1.0);
        let DeepPocketParams { drummer, fills, playing, lanes, temperature, .. } = params;
        let lane = |drum: Drum| -> &LaneParams { &lanes[drum.index()] };
        let complexity = [
            value(&drummer.density, DENSITY * more),
            value(&fills.amount, 0.5 + 0.5 * more),
            value(temperature, 1.0 + DARING * more),
        ];
        let loudness = value(&playing.velocity, VELOCITY * louder);
        let open = OPEN_LANES.map(|drum| value(&lane(drum).density, OPEN * louder));
        complexity.into_iter().chain([loudness]).chain(open)
    }
}

fn value<P: Param<Plain = f32>>(param: &P, plain: f32) -> (ParamPtr, f32) {
    (param.as_ptr(), param.preview_normalized(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::writer::tests::{at_once, scrambled};

    #[test]
    fn the_middle_is_the_default_and_a_point_is_found_again() {
        let params = DeepPocketParams::default();
        for (param, value) in PadPoint::MIDDLE.values(&params) {
            // SAFETY: the parameters are alive.
            let usual = unsafe { param.default_normalized_value() };
            assert!((value - usual).abs() < 1e-6);
        }
        assert_eq!(PadPoint::of(&params), PadPoint::MIDDLE);
        for (complexity, intensity) in [(0.0, 1.0), (0.3, 0.65), (1.0, 0.0), (0.74, 0.2)] {
            let params = scrambled(3);
            let point = PadPoint::new(complexity, intensity);
            point.values(&params).for_each(|(param, value)| at_once(param, value));
            let found = PadPoint::of(&params);
            // The velocity has steps of 1.
            assert!((found.complexity - complexity).abs() < 0.011, "{found:?}, {point:?}");
            assert!((found.intensity - intensity).abs() < 0.026, "{found:?}, {point:?}");
        }
        assert_eq!(PadPoint::new(7.0, -2.0), PadPoint { complexity: 1.0, intensity: 0.0 });
    }
}
