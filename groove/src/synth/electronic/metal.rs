//! Hats and cymbals of a drum machine: six square waves that run freely, mixed and filtered into two
//! bands above a cutoff, and high-passed noise, each with its own decay. All voices share the
//! oscillators, except one that is tuned, which has its own.

use fundsp::audionode::AudioNode;
use fundsp::svf::{BandpassMode, FixedSvf, HighpassMode};
use multiversion::multiversion;

use super::super::dsp::{Decay, Noise, SILENCE_LEVEL, StrokeRng, decay, filter, sides};
use super::super::outputs::Outputs;
use super::super::resonators::PIECE;
use super::super::trims::Trim;
use super::sounds::MetalSound;
use crate::pattern::drum::Drum;

/// Frequencies of the square waves, in Hz; the last two are the cowbell's.
const SQUARES: [f32; 6] = [205.3, 304.4, 369.6, 522.7, 540.0, 800.0];

/// The square waves.
pub(super) struct Oscillators {
    /// Phase of each, 0 to 1, and its cycles per sample.
    phases: [f32; SQUARES.len()],
    steps: [f32; SQUARES.len()],
}

/// Sum of all square waves, and of the cowbell's two.
struct Tones {
    all: [f32; PIECE],
    bell: [f32; PIECE],
}

impl Oscillators {
    pub(super) fn new(rate: f32) -> Self {
        Oscillators { phases: [0.0; SQUARES.len()], steps: Oscillators::steps(1.0, rate) }
    }

    /// Cycles per sample of each, at a factor of pitch.
    fn steps(pitch: f32, rate: f32) -> [f32; SQUARES.len()] {
        SQUARES.map(|hertz| (pitch * hertz / rate).min(0.25))
    }

    /// The next samples.
    #[inline(always)]
    fn next(&mut self, samples: usize) -> Tones {
        let mut tones = Tones { all: [0.0; PIECE], bell: [0.0; PIECE] };
        for (place, (phase, &step)) in self.phases.iter_mut().zip(&self.steps).enumerate() {
            let mut wave = [0.0; PIECE];
            let per_step = 1.0 / step;
            for (at, wave) in wave.iter_mut().enumerate() {
                *wave = square(*phase + step * at as f32, per_step);
            }
            for (sum, wave) in tones.all.iter_mut().zip(wave) {
                *sum += wave / SQUARES.len() as f32;
            }
            if place >= SQUARES.len() - 2 {
                for (sum, wave) in tones.bell.iter_mut().zip(wave) {
                    *sum += 0.5 * wave;
                }
            }
            *phase += step * samples as f32;
            *phase -= phase.floor();
        }
        tones
    }
}

/// Square wave of a phase in cycles, with both edges rounded over a sample (polynomial band-limited
/// steps), given the samples per cycle.
#[inline(always)]
fn square(phase: f32, cycle: f32) -> f32 {
    let up = phase - phase.floor();
    let half = phase + 0.5;
    let down = half - half.floor();
    let plain = if up < 0.5 { 1.0 } else { -1.0 };
    plain + edge(up, cycle) - edge(down, cycle)
}

/// Correction of an edge at phase 0.
#[inline(always)]
fn edge(phase: f32, cycle: f32) -> f32 {
    let after = 1.0 - (phase * cycle).min(1.0);
    let before = 1.0 - ((1.0 - phase) * cycle).min(1.0);
    before * before - after * after
}

/// A hat or cymbal.
pub(super) struct Metal {
    rate: f32,
    seed: u32,
    count: u32,
    sound: Option<&'static MetalSound>,
    bands: [FixedSvf<f32, BandpassMode<f32>>; 2],
    /// Cutoff of the bands, and of the noise on each side.
    floor: FixedSvf<f32, HighpassMode<f32>>,
    high: [FixedSvf<f32, HighpassMode<f32>>; 2],
    /// Levels of both bands and of the noise.
    levels: [Decay; 3],
    noise: [Noise; 2],
    pan: (f32, f32),
    /// Factor of pitch; other than 1 with these oscillators.
    pitch: f32,
    own: Oscillators,
}

impl Metal {
    pub(super) fn new(rate: f32, seed: u32) -> Self {
        let band = || FixedSvf::new(BandpassMode::new(), &filter(rate, 8_000.0, 1.0));
        let high = || FixedSvf::new(HighpassMode::new(), &filter(rate, 8_000.0, 0.7));
        Metal {
            rate,
            seed,
            count: 0,
            sound: None,
            bands: [band(), band()],
            floor: high(),
            high: [high(), high()],
            levels: [Decay::default(); 3],
            noise: [Noise::new(128 + 2 * seed), Noise::new(129 + 2 * seed)],
            pan: sides(0.0),
            pitch: 1.0,
            own: Oscillators::new(rate),
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.sound.is_none()
    }

    /// Strikes at a level over that of the sound and a velocity of 0 to 1. Hard strokes emphasise
    /// the upper band and the noise.
    pub(super) fn strike(
        &mut self,
        sound: &'static MetalSound,
        level: f32,
        velocity: f32,
        trim: &Trim,
    ) {
        self.count = self.count.wrapping_add(1);
        let mut rng = StrokeRng::of(self.seed, self.count);
        let level = level * sound.level * velocity.powf(1.2) * (1.0 + 0.02 * rng.draw());
        let level = level * trim.level;
        let hard = 0.45 + 0.55 * velocity;
        let rate = self.rate;
        let pitch = trim.pitch;
        if pitch != self.pitch || self.sound.is_none_or(|before| !std::ptr::eq(before, sound)) {
            self.pitch = pitch;
            self.own.steps = Oscillators::steps(pitch, rate);
            for (filtered, &(hertz, quality, ..)) in self.bands.iter_mut().zip(&sound.bands) {
                *filtered =
                    FixedSvf::new(BandpassMode::new(), &filter(rate, pitch * hertz, quality));
            }
            let high =
                |hertz| FixedSvf::new(HighpassMode::new(), &filter(rate, pitch * hertz, 0.7));
            self.floor = high(sound.floor);
            self.high = [high(sound.noise.0), high(sound.noise.0)];
            self.pan = sides(sound.pan);
        }
        let [(.., low, first), (.., upper, second)] = sound.bands;
        let (_, noise, third) = sound.noise;
        let next = [(low, first), (hard * upper, second), (hard * noise, third)];
        for (now, (part, seconds)) in self.levels.iter_mut().zip(next) {
            // A stroke on a ringing cymbal does not interrupt it.
            now.value = now.value.max(level * part);
            now.factor = decay(seconds * trim.decay, rate);
        }
        self.sound = Some(sound);
    }

    /// Damps to -60 dB within a time in seconds.
    pub(super) fn choke(&mut self, seconds: f32) {
        let factor = decay(seconds, self.rate);
        self.levels.iter_mut().for_each(|level| level.factor = level.factor.min(factor));
    }

    /// Adds the next samples, given those of the oscillators.
    #[inline(always)]
    fn add(&mut self, tones: &Tones, left: &mut [f32], right: &mut [f32]) {
        let Some(sound) = self.sound else { return };
        let own;
        let tones = if self.pitch == 1.0 {
            tones
        } else {
            own = self.own.next(left.len());
            &own
        };
        let heard = self.levels.each_mut().map(Decay::is_heard);
        let source = if sound.cowbell { &tones.bell } else { &tones.all };
        let mut middle = [0.0; PIECE];
        let bands = self.bands.iter_mut().zip(&mut self.levels).zip(heard);
        for ((band, level), _) in bands.filter(|(_, heard)| *heard) {
            for (middle, &tone) in middle.iter_mut().zip(source).take(left.len()) {
                *middle += level.next() * band.tick(&[tone].into())[0];
            }
        }
        for at in 0..left.len() {
            let tone = self.floor.tick(&[middle[at]].into())[0];
            left[at] += self.pan.0 * tone;
            right[at] += self.pan.1 * tone;
        }
        if heard[2] {
            for at in 0..left.len() {
                let level = self.levels[2].next();
                let high = [0, 1]
                    .map(|side| self.high[side].tick(&[self.noise[side].next() * level].into())[0]);
                left[at] += self.pan.0 * high[0];
                right[at] += self.pan.1 * high[1];
            }
        }
        if self.levels.iter().all(|level| level.value < SILENCE_LEVEL) {
            self.levels = [Decay::default(); 3];
            self.sound = None;
        }
    }
}

/// Adds the next samples of all voices, each to the output of its drum.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn add(
    oscillators: &mut Oscillators,
    metals: &mut [Metal],
    drums: &[Drum],
    outputs: &mut Outputs,
) {
    if metals.iter().all(Metal::is_silent) {
        return;
    }
    let frames = outputs.frames();
    for start in (0..frames).step_by(PIECE) {
        let end = frames.min(start + PIECE);
        let tones = oscillators.next(end - start);
        for (metal, &drum) in metals.iter_mut().zip(drums) {
            let [left, right] = outputs.of(drum);
            metal.add(&tones, &mut left[start..end], &mut right[start..end]);
        }
    }
}
