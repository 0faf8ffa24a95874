//! The controls of a take's theme, which a morph interpolates.

use serde::{Deserialize, Serialize};

use crate::pattern::drum::{CLASSES, DrumSet};
use crate::take::pad::PadPoint;

/// The controls that decide a take's theme, without primer and pins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TakeControls {
    /// Random seed.
    pub seed: u32,
    /// Style number as in [`crate::pattern::style`].
    pub style: u8,
    /// A second style and its share of the blend, 0 to 1.
    pub blend: (u8, f32),
    /// Tempo that the model is told, in quarter notes per minute.
    pub tempo: f32,
    /// Temperature control of the theme: 1 samples like the drummers, less is safer, more is more
    /// daring.
    pub temperature: f32,
    /// Similarity of bars to the previous ones, 0 to 1: 0.5 is the style's drummers', 1 repeats the
    /// first bar exactly.
    pub stick: f32,
    /// Density of the kit, -1 to 1; 0 is the style's drummers'.
    pub density: f32,
    /// Density by lane, -1 to 1.
    pub lanes: [f32; CLASSES],
    /// Drums that are not struck.
    pub off: DrumSet,
    /// Point of the pad *Intensity* by *Complexity*.
    #[serde(skip_serializing_if = "PadPoint::is_middle")]
    pub pad: PadPoint,
}

impl Default for TakeControls {
    fn default() -> Self {
        TakeControls {
            seed: 0,
            style: 0,
            blend: (0, 0.0),
            tempo: 120.0,
            temperature: 1.0,
            stick: 0.5,
            density: 0.0,
            lanes: [0.0; CLASSES],
            off: DrumSet::EMPTY,
            pad: PadPoint::MIDDLE,
        }
    }
}

impl TakeControls {
    /// The style with the larger share of the blend.
    #[must_use]
    pub fn main_style(&self) -> u8 {
        let (second, share) = self.blend;
        if share > 0.5 { second } else { self.style }
    }

    /// The controls with what their pad adds, and the pad in the middle.
    pub(super) fn with_pad_added(self) -> Self {
        let TakeControls { pad, density, temperature, lanes, .. } = self;
        TakeControls {
            density: pad.density(density),
            temperature: pad.temperature(temperature),
            lanes: pad.lanes(lanes),
            pad: PadPoint::MIDDLE,
            ..self
        }
    }

    /// The controls at a morph position between these (0) and others (1). Controls without
    /// intermediate values take the nearer ones'.
    pub(super) fn interpolated(&self, other: &TakeControls, share: f32) -> TakeControls {
        let near = if share < 0.5 { self } else { other };
        let mix = |a: f32, b: f32| a + (b - a) * share;
        TakeControls {
            // A blend of two blends would have more than two styles.
            blend: match [self, other].map(|end| end.blend.1 > 0.0 && end.blend.0 != end.style) {
                [false, false] if share < 0.5 => (other.style, share),
                [false, false] => (self.style, 1.0 - share),
                _ => near.blend,
            },
            tempo: mix(self.tempo, other.tempo),
            temperature: mix(self.temperature, other.temperature),
            stick: mix(self.stick, other.stick),
            density: mix(self.density, other.density),
            lanes: std::array::from_fn(|class| mix(self.lanes[class], other.lanes[class])),
            pad: self.pad.interpolated(&other.pad, share),
            ..*near
        }
    }

    /// Repairs the values of a damaged file: numbers are clamped to their ranges, and NaN becomes
    /// the default.
    pub(super) fn repaired(self) -> Self {
        let usual = TakeControls::default();
        TakeControls {
            blend: (self.blend.0, repaired(self.blend.1, usual.blend.1, 0.0, 1.0)),
            tempo: repaired(self.tempo, usual.tempo, 1.0, 10_000.0),
            temperature: repaired(self.temperature, usual.temperature, 0.01, 100.0),
            stick: repaired(self.stick, usual.stick, 0.0, 1.0),
            density: repaired(self.density, usual.density, -1.0, 1.0),
            lanes: self.lanes.map(|lane| repaired(lane, 0.0, -1.0, 1.0)),
            pad: self.pad.repaired(),
            ..self
        }
    }
}

/// A number clamped to its range, or the usual one if it is not finite.
pub(super) fn repaired(value: f32, usual: f32, least: f32, most: f32) -> f32 {
    if value.is_finite() { value.clamp(least, most) } else { usual }
}
