//! Drums with a skin: a few partials that fall in pitch as they die away, the knock of the beater
//! or stick, and the wires of the snare drum. A stroke fades the one before.

use fundsp::audionode::AudioNode;
use fundsp::noise::Noise;
use fundsp::svf::{BandpassMode, FixedSvf, HighpassMode, LowpassMode};
use fundsp::{F32x, Num as _};
use multiversion::multiversion;

use super::{Chance, decay, filter, noise, sides};
use crate::activation::tanh;

/// Most partials of a drum: they are computed side by side.
const PARTIALS: usize = 8;

/// How loud a stroke is when it is over, and nothing is computed any more.
const OVER: f32 = 3e-5;

/// How one drum sounds.
pub(super) struct Spec {
    /// Frequency that it comes to rest at, in Hertz.
    pitch: f32,
    /// Frequency as a multiple of the pitch, loudness, and seconds to -60 dB.
    partials: &'static [(f32, f32, f32)],
    /// How much higher it begins at full velocity, as a share of the pitch, and seconds to -60 dB:
    /// at once, and after.
    bend: [(f32, f32); 2],
    /// Knock: Hertz, loudness, seconds to -60 dB.
    knock: (f32, f32, f32),
    /// Wires: Hertz from which on they sound, loudness, seconds to -60 dB.
    wires: (f32, f32, f32),
    /// How hard it is driven into its curve: the harmonics that small speakers need.
    drive: f32,
    /// Loudness of it all.
    level: f32,
    /// From -1, left, to 1, right.
    pan: f32,
}

pub(super) const BASS: Spec = Spec {
    pitch: 49.0,
    partials: &[(1.0, 1.0, 0.5), (1.6, 0.25, 0.16), (2.3, 0.12, 0.09)],
    bend: [(3.6, 0.045), (0.35, 0.22)],
    knock: (2_900.0, 4.5, 0.022),
    wires: (1_000.0, 0.0, 0.1),
    drive: 1.8,
    level: 1.35,
    pan: 0.0,
};

pub(super) const SNARE: Spec = Spec {
    pitch: 186.0,
    partials: &[
        (1.0, 0.62, 0.26),
        (1.76, 0.42, 0.19),
        (2.35, 0.16, 0.12),
        (2.93, 0.12, 0.1),
        (3.61, 0.08, 0.08),
    ],
    bend: [(0.25, 0.05), (0.05, 0.2)],
    knock: (2_400.0, 1.4, 0.02),
    wires: (1_500.0, 0.75, 0.34),
    drive: 1.2,
    level: 1.1,
    pan: 0.05,
};

/// Partials of a tom: a round skin's, the first ones nearer to a chord by the air in the shell.
const TOM: &[(f32, f32, f32)] = &[
    (1.0, 0.9, 0.75),
    (1.58, 0.32, 0.4),
    (2.13, 0.16, 0.26),
    (2.65, 0.1, 0.18),
    (3.2, 0.06, 0.12),
];

pub(super) const LOW_TOM: Spec = Spec {
    pitch: 84.0,
    partials: TOM,
    bend: [(0.5, 0.06), (0.14, 0.5)],
    knock: (1_500.0, 1.5, 0.025),
    wires: (900.0, 0.05, 0.2),
    drive: 1.3,
    level: 0.95,
    pan: 0.45,
};

pub(super) const MID_TOM: Spec =
    Spec { pitch: 118.0, knock: (1_800.0, 1.5, 0.025), pan: 0.05, ..LOW_TOM };

pub(super) const HIGH_TOM: Spec =
    Spec { pitch: 160.0, knock: (2_200.0, 1.5, 0.025), pan: -0.4, ..LOW_TOM };

/// A drum and its last two strokes.
pub(super) struct Skin {
    seed: u32,
    strokes: [Stroke; 2],
    count: u32,
}

impl Skin {
    pub(super) fn new(spec: &'static Spec, rate: f32, seed: u32) -> Self {
        let stroke = |place| Stroke::new(spec, rate, 2 * seed + place);
        Skin { seed, strokes: [stroke(0), stroke(1)], count: 0 }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.strokes.iter().all(|stroke| !stroke.sounds)
    }

    pub(super) fn strike(&mut self, velocity: f32) {
        self.count = self.count.wrapping_add(1);
        let [new, old] = &mut self.strokes;
        let (new, old) = if self.count.is_multiple_of(2) { (new, old) } else { (old, new) };
        // The stick damps the skin that it lands on.
        old.fade(0.06);
        new.begin(velocity, Chance::of(self.seed, self.count));
    }

    pub(super) fn fade(&mut self, seconds: f32) {
        self.strokes.iter_mut().for_each(|stroke| stroke.fade(seconds));
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.strokes.iter_mut().for_each(|stroke| stroke.add(left, right));
    }
}

/// What falls: its value, and the factor from one sample to the next.
#[derive(Clone, Copy, Default)]
struct Fall {
    value: f32,
    factor: f32,
}

impl Fall {
    fn next(&mut self) -> f32 {
        let value = self.value;
        self.value *= self.factor;
        value
    }
}

struct Stroke {
    spec: &'static Spec,
    rate: f32,
    sounds: bool,
    /// Loudness of the whole, which falls once the stroke fades.
    whole: Fall,
    pitch: f32,
    bend: [Fall; 2],
    /// Of each partial: where it is, 0 to 1, how loud, and that's factor from sample to sample.
    phases: F32x,
    partials: F32x,
    fall: F32x,
    ratios: F32x,
    noise: [Noise; 2],
    knock: Fall,
    knocks: FixedSvf<f32, BandpassMode<f32>>,
    wires: Fall,
    rattle: [FixedSvf<f32, HighpassMode<f32>>; 2],
    dull: [FixedSvf<f32, LowpassMode<f32>>; 2],
    pan: (f32, f32),
}

impl Stroke {
    fn new(spec: &'static Spec, rate: f32, seed: u32) -> Self {
        let params = |cutoff, q| filter(rate, cutoff, q);
        let rattle = || FixedSvf::new(HighpassMode::new(), &params(spec.wires.0, 0.8));
        let dull = || FixedSvf::new(LowpassMode::new(), &params(9_000.0, 0.7));
        Stroke {
            spec,
            rate,
            sounds: false,
            whole: Fall::default(),
            pitch: spec.pitch,
            bend: [Fall::default(); 2],
            phases: F32x::zero(),
            partials: F32x::zero(),
            fall: F32x::zero(),
            ratios: of_each(spec, |_, (ratio, ..)| ratio / rate),
            noise: [noise(2 * seed), noise(2 * seed + 1)],
            knock: Fall::default(),
            knocks: FixedSvf::new(BandpassMode::new(), &params(spec.knock.0, 1.0)),
            wires: Fall::default(),
            rattle: [rattle(), rattle()],
            dull: [dull(), dull()],
            pan: sides(spec.pan),
        }
    }

    fn begin(&mut self, velocity: f32, mut chance: Chance) {
        let (spec, rate) = (self.spec, self.rate);
        let hard = velocity * velocity;
        self.sounds = true;
        self.whole = Fall { value: spec.level * velocity.powf(1.2), factor: 1.0 };
        self.pitch = spec.pitch * (1.0 + 0.006 * chance.draw());
        for (bend, (share, seconds)) in self.bend.iter_mut().zip(spec.bend) {
            let value = share * (0.35 + 0.65 * velocity);
            *bend = Fall { value, factor: decay(seconds, rate) };
        }
        // Hard strokes bring out what is above the first partial; where the stick lands varies.
        self.phases = F32x::zero();
        self.partials = of_each(spec, |place, (_, gain, _)| match place {
            0 => gain,
            _ => gain * (0.5 + 0.6 * velocity + 0.2 * chance.draw()),
        });
        self.fall =
            of_each(spec, |_, (_, _, seconds)| decay(seconds * (1.0 + 0.06 * chance.draw()), rate));
        let (hertz, gain, seconds) = spec.knock;
        let bright = (0.55 + 0.6 * velocity) * (1.0 + 0.12 * chance.draw());
        self.knocks.reset();
        self.knocks.set_center((hertz * bright).min(0.45 * rate));
        self.knock = Fall { value: gain * (0.25 + hard), factor: decay(seconds, rate) };
        let (_, gain, seconds) = spec.wires;
        let value = gain * (1.0 + 0.1 * chance.draw());
        let seconds = seconds * (0.75 + 0.35 * velocity);
        self.wires = Fall { value, factor: decay(seconds, rate) };
        self.rattle.iter_mut().for_each(AudioNode::reset);
        for dull in &mut self.dull {
            dull.reset();
            dull.set_center((3_500.0 + 11_000.0 * velocity).min(0.45 * rate));
        }
    }

    fn fade(&mut self, seconds: f32) {
        self.whole.factor = self.whole.factor.min(decay(seconds, self.rate));
    }

    fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.sounds {
            sound(self, left, right);
        }
    }
}

/// Adds the next samples of a stroke.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn sound(stroke: &mut Stroke, left: &mut [f32], right: &mut [f32]) {
    let (drive, softer) = (stroke.spec.drive, 1.0 / stroke.spec.drive.sqrt());
    for (left, right) in left.iter_mut().zip(right) {
        let bend: f32 = stroke.bend.iter_mut().map(Fall::next).sum();
        let pitch = stroke.pitch * (1.0 + bend);
        let mut tone = (stroke.partials * (stroke.phases * F32x::TAU).sin()).reduce_add();
        stroke.partials *= stroke.fall;
        stroke.phases += stroke.ratios * pitch;
        stroke.phases -= stroke.phases.floor();
        let [first, second] = &mut stroke.noise;
        let noise = [first.tick(&[].into())[0], second.tick(&[].into())[0]];
        tone += stroke.knocks.tick(&[noise[0] * stroke.knock.next()].into())[0];
        let tone = softer * tanh(drive * tone);
        let wires = stroke.wires.next();
        let mut rattle = [0.0; 2];
        for ((rattle, noise), (high, low)) in
            rattle.iter_mut().zip(noise).zip(stroke.rattle.iter_mut().zip(&mut stroke.dull))
        {
            *rattle = low.tick(&high.tick(&[noise * wires].into()))[0];
        }
        let whole = stroke.whole.next();
        *left += whole * stroke.pan.0 * (tone + rattle[0]);
        *right += whole * stroke.pan.1 * (tone + rattle[1]);
    }
    let loudest = stroke.partials.reduce_add() + stroke.wires.value + stroke.knock.value;
    stroke.sounds = stroke.whole.value * loudest > OVER;
}

/// A number for each partial, given its place and what the drum says of it; 0 for those that the
/// drum has not.
fn of_each(spec: &Spec, mut number: impl FnMut(usize, (f32, f32, f32)) -> f32) -> F32x {
    let mut numbers = [0.0; PARTIALS];
    for (place, (cell, partial)) in numbers.iter_mut().zip(spec.partials).enumerate() {
        *cell = number(place, *partial);
    }
    F32x::new(numbers)
}
