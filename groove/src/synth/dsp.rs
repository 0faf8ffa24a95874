//! Signal processing shared by all drums.

use fundsp::svf::SvfParams;

/// Level below which a drum or a part of it counts as silent and is not computed.
pub(super) const SILENCE_LEVEL: f32 = 3e-5;

/// Decay to -60 dB of a ringing hat whose plates meet, and of a closed or half-open one whose plates
/// part, in seconds.
pub(super) const CHOKE: f32 = 0.07;
pub(super) const PART: f32 = 0.15;

/// Factor per sample of a decay by 60 dB in a time in seconds.
pub(super) fn decay(seconds: f32, rate: f32) -> f32 {
    (-6.908 / (seconds * rate)).exp()
}

/// The value at a place from 0 to 1 between two others, in equal ratios.
pub(super) fn along((from, to): (f32, f32), place: f32) -> f32 {
    from * (to / from).powf(place)
}

/// Exponential decay: value, and factor per sample.
#[derive(Clone, Copy, Default)]
pub(super) struct Decay {
    pub(super) value: f32,
    pub(super) factor: f32,
}

impl Decay {
    #[inline(always)]
    pub(super) fn next(&mut self) -> f32 {
        let value = self.value;
        self.value *= self.factor;
        value
    }

    /// Returns true while audible; an inaudible value becomes 0.
    pub(super) fn is_heard(&mut self) -> bool {
        if self.value <= SILENCE_LEVEL {
            self.value = 0.0;
        }
        self.value > 0.0
    }
}

/// Filter parameters with the cutoff limited to 0.45 of the sample rate.
pub(super) fn filter(rate: f32, cutoff: f32, q: f32) -> SvfParams<f32> {
    SvfParams { sample_rate: rate, cutoff: cutoff.min(0.45 * rate), q, gain: 1.0 }
}

/// White noise between -1 and 1, from a linear congruential generator.
pub(super) struct Noise(u32);

impl Noise {
    pub(super) fn new(seed: u32) -> Self {
        Noise(seed.wrapping_mul(0x9e37_79b9))
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0.cast_signed() as f32 / 2_147_483_648.0
    }
}

/// Gains of the left and right channel at a pan of -1 to 1, at constant power.
pub(super) fn sides(pan: f32) -> (f32, f32) {
    let angle = (1.0 + pan) * std::f32::consts::FRAC_PI_4;
    (std::f32::consts::SQRT_2 * angle.cos(), std::f32::consts::SQRT_2 * angle.sin())
}

/// Random numbers of one stroke: a function of the drum's seed and the stroke count.
#[derive(Clone, Copy)]
pub(super) struct StrokeRng(u32);

impl StrokeRng {
    pub(super) fn of(seed: u32, stroke: u32) -> Self {
        StrokeRng(seed.wrapping_mul(0x9e37_79b9) ^ stroke.wrapping_mul(0x85eb_ca6b))
    }

    /// The hand of a stroke: 1 for the first, leading one, then -1, in turns.
    pub(super) fn hand(stroke: u32) -> f32 {
        if stroke.is_multiple_of(2) { -1.0 } else { 1.0 }
    }

    /// A number between -1 and 1.
    pub(super) fn draw(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 15).wrapping_mul(mixed | 1);
        mixed ^= mixed.wrapping_add((mixed ^ mixed >> 7).wrapping_mul(mixed | 61));
        mixed ^= mixed >> 14;
        (mixed >> 8) as f32 / f32::from(u16::MAX) / 128.0 - 1.0
    }
}
