//! Drums with a membrane: a few partials that fall in pitch as they decay, the knock of beater or
//! stick, and the wires of the snare drum. A stroke dampens those before it.

use fundsp::audionode::AudioNode;
use fundsp::svf::{BandpassMode, FixedSvf, HighpassMode, LowpassMode};
use multiversion::multiversion;

use super::dsp::{Decay, Noise, SILENCE_LEVEL, StrokeRng, decay, filter, sides};
use super::trims::Trim;
use crate::model::kernels::activation::tanh;

/// Maximum number of partials.
const PARTIALS: usize = 8;

/// Strokes of a drum that sound at once.
const STROKES: usize = 4;

/// Fade of the oldest stroke, which makes room, in seconds.
const OLDEST: f32 = 0.03;

/// Samples side by side, and samples per piece.
const LANES: usize = 16;
const PIECE: usize = 4 * LANES;

/// Parameters of a way of striking a drum.
pub(super) struct MembraneSpec {
    /// Final pitch, in Hz.
    pub(super) pitch: f32,
    /// Partials, up to [`PARTIALS`]: multiple of the pitch, level, decay to -60 dB in seconds.
    pub(super) partials: &'static [(f32, f32, f32)],
    /// Pitch bend at full velocity as a share of the pitch, and its decay to -60 dB in seconds:
    /// fast and slow part.
    pub(super) bend: [(f32, f32); 2],
    /// Knock: frequency in Hz, level, decay to -60 dB in seconds.
    pub(super) knock: (f32, f32, f32),
    /// Wires: lower cutoff in Hz, level, decay to -60 dB in seconds.
    pub(super) wires: (f32, f32, f32),
    /// Gain into the saturation, which adds the harmonics that small speakers need.
    pub(super) drive: f32,
    /// Overall level.
    pub(super) level: f32,
    /// Pan, -1 (left) to 1 (right), and half the distance between the two hands' strokes.
    pub(super) pan: f32,
    pub(super) apart: f32,
    /// Variation from stroke to stroke, 0 to 1.
    pub(super) varies: f32,
    /// Fade of earlier strokes by this one, in seconds.
    pub(super) damps: f32,
}

/// A drum and its last strokes.
pub(super) struct Membrane {
    seed: u32,
    strokes: [Stroke; STROKES],
    count: u32,
}

impl Membrane {
    pub(super) fn new(spec: &'static MembraneSpec, rate: f32, seed: u32) -> Self {
        let strokes = [0, 1, 2, 3].map(|place| Stroke::new(spec, rate, 4 * seed + place));
        Membrane { seed, strokes, count: 0 }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.strokes.iter().all(|stroke| !stroke.sounds)
    }

    pub(super) fn strike(&mut self, spec: &'static MembraneSpec, velocity: f32, trim: &Trim) {
        self.count = self.count.wrapping_add(1);
        self.fade(spec.damps);
        // In turns, so that the stroke after this one takes the oldest one's place.
        let place = self.count as usize % STROKES;
        self.strokes[(place + 1) % STROKES].fade(OLDEST);
        let rng = StrokeRng::of(self.seed, self.count);
        let hand = StrokeRng::hand(self.count);
        self.strokes[place].begin(spec, velocity, trim, hand, rng);
    }

    pub(super) fn fade(&mut self, seconds: f32) {
        self.strokes.iter_mut().for_each(|stroke| stroke.fade(seconds));
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.strokes.iter_mut().for_each(|stroke| stroke.add(left, right));
    }
}

/// A partial: level, phase (0 to 1), and frequency as a multiple of the drum's, in cycles per
/// sample and Hz.
#[derive(Clone, Copy, Default)]
struct Partial {
    loud: Decay,
    phase: f32,
    ratio: f32,
}

impl Partial {
    /// Adds the next samples, given the integrated pitch at each of them.
    #[inline(always)]
    fn add(&self, turns: &[f32; PIECE], tones: &mut [f32; PIECE]) {
        let mut ahead = self.loud;
        let mut loud = [0.0; LANES];
        loud.iter_mut().for_each(|loud| *loud = ahead.next());
        let fall = ahead.value / self.loud.value;
        let tones = tones.as_chunks_mut::<LANES>().0;
        for (tones, turns) in tones.iter_mut().zip(turns.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                tones[lane] += loud[lane] * sine(self.phase + self.ratio * turns[lane]);
                loud[lane] *= fall;
            }
        }
    }

    /// Advances by a number of samples and the integrated pitch over them.
    fn pass(&mut self, samples: usize, turned: f32) {
        self.loud.value *= self.loud.factor.powi(i32::try_from(samples).unwrap_or(i32::MAX));
        self.phase += self.ratio * turned;
        self.phase -= self.phase.floor();
    }
}

/// Sine of a number of turns, with an error below 1e-6. Minimax polynomial for a quarter turn.
#[inline(always)]
fn sine(turns: f32) -> f32 {
    let turn = turns - (turns + 0.5).floor();
    let quarter = 0.25 - (turn.abs() - 0.25).abs();
    let x = std::f32::consts::TAU * quarter;
    let square = x * x;
    let series = 0.008_306_29 - 0.000_183_63 * square;
    let sine = x * (0.999_996_6 - square * (0.166_648_24 - square * series));
    sine.copysign(turn)
}

struct Stroke {
    spec: &'static MembraneSpec,
    rate: f32,
    sounds: bool,
    /// Overall level. Decays once the stroke fades.
    whole: Decay,
    pitch: f32,
    bend: [Decay; 2],
    partials: [Partial; PARTIALS],
    noise: [Noise; 2],
    knock: Decay,
    knocks: FixedSvf<f32, BandpassMode<f32>>,
    wires: Decay,
    rattle: [FixedSvf<f32, HighpassMode<f32>>; 2],
    dull: [FixedSvf<f32, LowpassMode<f32>>; 2],
    pan: (f32, f32),
}

impl Stroke {
    fn new(spec: &'static MembraneSpec, rate: f32, seed: u32) -> Self {
        let params = |cutoff, q| filter(rate, cutoff, q);
        let rattle = || FixedSvf::new(HighpassMode::new(), &params(spec.wires.0, 0.8));
        let dull = || FixedSvf::new(LowpassMode::new(), &params(9_000.0, 0.7));
        Stroke {
            spec,
            rate,
            sounds: false,
            whole: Decay::default(),
            pitch: spec.pitch,
            bend: [Decay::default(); 2],
            partials: [Partial::default(); PARTIALS],
            noise: [Noise::new(2 * seed), Noise::new(2 * seed + 1)],
            knock: Decay::default(),
            knocks: FixedSvf::new(BandpassMode::new(), &params(spec.knock.0, 1.0)),
            wires: Decay::default(),
            rattle: [rattle(), rattle()],
            dull: [dull(), dull()],
            pan: sides(spec.pan),
        }
    }

    /// Begins a stroke by one of two hands, 1 or -1.
    fn begin(
        &mut self,
        spec: &'static MembraneSpec,
        velocity: f32,
        trim: &Trim,
        hand: f32,
        mut rng: StrokeRng,
    ) {
        let (rate, hard) = (self.rate, velocity * velocity);
        let mut draw = || spec.varies * rng.draw();
        let hand = if spec.apart > 0.0 { hand } else { 0.0 };
        (self.spec, self.sounds) = (spec, true);
        let level = spec.level * velocity.powf(1.2) * (1.0 + 0.035 * hand + 0.02 * draw());
        self.whole = Decay { value: level * trim.level, factor: 1.0 };
        self.pan = sides(spec.pan + spec.apart * hand);
        self.pitch = spec.pitch * (1.0 + 0.002 * hand + 0.004 * draw()) * trim.pitch;
        for (bend, (share, seconds)) in self.bend.iter_mut().zip(spec.bend) {
            let value = share * (0.35 + 0.65 * velocity);
            *bend = Decay { value, factor: decay(seconds, rate) };
        }
        // Hard strokes emphasise the upper partials; each hand strikes another place, within
        // limits.
        for (place, (partial, &(ratio, gain, seconds))) in
            self.partials.iter_mut().zip(spec.partials).enumerate()
        {
            let side = if place % 2 == 0 { -hand } else { hand };
            let varied = 0.5 + 0.6 * velocity + 0.08 * side + 0.14 * draw();
            let value = if place == 0 { gain } else { gain * varied };
            let factor = decay(seconds * (1.0 + 0.06 * draw()) * trim.decay, rate);
            *partial = Partial { loud: Decay { value, factor }, phase: 0.0, ratio: ratio / rate };
        }
        let (hertz, gain, seconds) = spec.knock;
        let bright = (0.55 + 0.6 * velocity) * (1.0 + 0.06 * hand + 0.07 * draw());
        self.knocks.reset();
        self.knocks.set_center((hertz * bright).min(0.45 * rate));
        self.knock = Decay { value: gain * (0.25 + hard), factor: decay(seconds, rate) };
        let (hertz, gain, seconds) = spec.wires;
        let value = gain * (1.0 + 0.1 * draw());
        let seconds = seconds * (0.75 + 0.35 * velocity) * trim.decay;
        self.wires = Decay { value, factor: decay(seconds, rate) };
        for rattle in &mut self.rattle {
            rattle.reset();
            rattle.set_center(hertz.min(0.45 * rate));
        }
        for dull in &mut self.dull {
            dull.reset();
            dull.set_center(((3_500.0 + 11_000.0 * velocity) * bright.sqrt()).min(0.45 * rate));
        }
    }

    fn fade(&mut self, seconds: f32) {
        self.whole.factor = self.whole.factor.min(decay(seconds, self.rate));
    }

    fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.sounds {
            render_stroke(self, left, right);
        }
    }
}

/// Adds the next samples of a stroke.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn render_stroke(stroke: &mut Stroke, left: &mut [f32], right: &mut [f32]) {
    let MembraneSpec { drive, partials, .. } = *stroke.spec;
    let partials = &mut stroke.partials[..partials.len()];
    for (left, right) in left.chunks_mut(PIECE).zip(right.chunks_mut(PIECE)) {
        let samples = left.len();
        // Inaudible parts end before they reach the denormal numbers.
        let parts = partials.iter_mut().map(|partial| &mut partial.loud);
        parts.chain(&mut stroke.bend).for_each(|part| _ = part.is_heard());
        let mut turns = [0.0; PIECE];
        let mut turned = 0.0;
        for turn in &mut turns[..samples] {
            *turn = turned;
            turned += stroke.pitch * (1.0 + stroke.bend.iter_mut().map(Decay::next).sum::<f32>());
        }
        let mut tones = [0.0; PIECE];
        for partial in partials.iter_mut().filter(|partial| partial.loud.value > 0.0) {
            partial.add(&turns, &mut tones);
            partial.pass(samples, turned);
        }
        let mut noise = [[0.0; PIECE]; 2];
        let (knocks, rattles) = (stroke.knock.is_heard(), stroke.wires.is_heard());
        if knocks || rattles {
            for (noise, source) in noise.iter_mut().zip(&mut stroke.noise) {
                noise[..samples].iter_mut().for_each(|noise| *noise = source.next());
            }
        }
        if knocks {
            for (tone, noise) in tones.iter_mut().zip(noise[0]).take(samples) {
                *tone += stroke.knocks.tick(&[noise * stroke.knock.next()].into())[0];
            }
        }
        tones.iter_mut().for_each(|tone| *tone = tanh(drive * *tone) / drive.sqrt());
        let mut sides = [tones; 2];
        if rattles {
            let mut wires = [0.0; PIECE];
            wires[..samples].fill_with(|| stroke.wires.next());
            for at in 0..samples {
                for side in 0..2 {
                    let high = stroke.rattle[side].tick(&[noise[side][at] * wires[at]].into());
                    sides[side][at] += stroke.dull[side].tick(&high)[0];
                }
            }
        }
        let mut whole = [0.0; PIECE];
        whole[..samples].fill_with(|| stroke.whole.next());
        for at in 0..samples {
            left[at] += whole[at] * stroke.pan.0 * sides[0][at];
            right[at] += whole[at] * stroke.pan.1 * sides[1][at];
        }
    }
    let tones: f32 = partials.iter().map(|partial| partial.loud.value).sum();
    let loudest = tones + stroke.wires.value + stroke.knock.value;
    stroke.sounds = stroke.whole.value * loudest > SILENCE_LEVEL;
}
