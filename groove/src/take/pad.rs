//! The pad *Intensity* by *Complexity*: two offsets that lie over several controls. The controls
//! stay where the user put them.

use serde::{Deserialize, Serialize};

use crate::pattern::drum::{CLASSES, Drum};

/// Velocities that full intensity adds, and none takes away.
const VELOCITY: f32 = 20.0;
/// Density that full intensity adds to the lanes that gain: a drummer who plays louder opens up.
const OPEN: f32 = 0.5;
const OPEN_LANES: [Drum; 3] = [Drum::OpenHat, Drum::Ride, Drum::Crash];
/// Density, temperature and amount of fills that full complexity adds, and none takes away.
const DENSITY: f32 = 0.5;
const TEMPERATURE: f32 = 0.2;
const FILL_AMOUNT: f32 = 0.5;
/// Least temperature that none of complexity leads to.
const LEAST_TEMPERATURE: f32 = 0.2;

/// A point of the pad, both from 0 to 1. 0.5 adds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PadPoint {
    /// Complexity: density, fills and temperature.
    pub complexity: f32,
    /// Intensity: loudness, and more of open hat, ride and crash.
    pub intensity: f32,
}

impl Default for PadPoint {
    fn default() -> Self {
        PadPoint::MIDDLE
    }
}

impl PadPoint {
    /// The middle, which changes nothing.
    pub const MIDDLE: PadPoint = PadPoint { complexity: 0.5, intensity: 0.5 };

    /// The point with both numbers clamped to their range.
    #[must_use]
    pub fn new(complexity: f32, intensity: f32) -> Self {
        let [complexity, intensity] = [complexity, intensity].map(|share| share.clamp(0.0, 1.0));
        PadPoint { complexity, intensity }
    }

    /// True for the middle.
    pub(super) fn is_middle(&self) -> bool {
        *self == PadPoint::MIDDLE
    }

    /// Added to every velocity, of 127. The rest of the point acts on the take.
    #[must_use]
    pub fn velocity(&self) -> f32 {
        VELOCITY * self.louder()
    }

    /// Density of the kit, -1 to 1, at a density control.
    pub(super) fn density(&self, control: f32) -> f32 {
        (control + DENSITY * self.busier()).clamp(-1.0, 1.0)
    }

    /// Temperature at a temperature control.
    pub(super) fn temperature(&self, control: f32) -> f32 {
        (control + TEMPERATURE * self.busier()).max(LEAST_TEMPERATURE.min(control))
    }

    /// Amount of fills, 0 to 1, at a control.
    pub(super) fn fill_amount(&self, control: f32) -> f32 {
        (control + FILL_AMOUNT * self.busier()).clamp(0.0, 1.0)
    }

    /// Densities of the lanes, -1 to 1, at their controls.
    pub(super) fn lanes(&self, controls: [f32; CLASSES]) -> [f32; CLASSES] {
        let mut lanes = controls;
        for drum in OPEN_LANES {
            let lane = &mut lanes[drum.index()];
            *lane = (*lane + OPEN * self.louder()).clamp(-1.0, 1.0);
        }
        lanes
    }

    /// Complexity from -1 to 1.
    fn busier(&self) -> f32 {
        2.0 * self.complexity - 1.0
    }

    /// Intensity from -1 to 1.
    fn louder(&self) -> f32 {
        2.0 * self.intensity - 1.0
    }

    /// The point between this one (0) and another one (1).
    pub(super) fn interpolated(&self, other: &PadPoint, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        PadPoint {
            complexity: mix(self.complexity, other.complexity),
            intensity: mix(self.intensity, other.intensity),
        }
    }

    pub(super) fn repaired(self) -> Self {
        let finite = |share: f32| if share.is_finite() { share } else { 0.5 };
        PadPoint::new(finite(self.complexity), finite(self.intensity))
    }
}
