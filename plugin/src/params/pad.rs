//! The two parameters of the pad *Intensity* by *Complexity*.

use groove::take::PadPoint;
use nice_plug::prelude::*;

/// Coordinates of the pad, 0 to 1. Their effects add to those of the single controls, which stay
/// where they are.
#[derive(Params)]
pub struct PadParams {
    /// Intensity: loudness, and more of open hat, ride and crash.
    #[id = "intensity"]
    pub intensity: FloatParam,
    /// Complexity: density, fills and daring.
    #[id = "complexity"]
    pub complexity: FloatParam,
}

impl PadParams {
    /// Returns the current point.
    #[must_use]
    pub fn point(&self) -> PadPoint {
        let share = |param: &FloatParam| Some(param.value()).filter(|share| share.is_finite());
        let [complexity, intensity] =
            [&self.complexity, &self.intensity].map(|param| share(param).unwrap_or(0.5));
        PadPoint::new(complexity, intensity)
    }
}
