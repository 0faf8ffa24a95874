//! Hats and cymbals: a plate as banks of resonators excited by the contact of the stick, and bands
//! of noise for the dense resonances above, each with its own rise and decay. Strokes accumulate in
//! the same plate.

use fundsp::audionode::AudioNode;
use fundsp::svf::{FixedSvf, HighpassMode, LowpassMode};
use multiversion::multiversion;

use super::dsp::{Decay, Noise, SILENCE_LEVEL, StrokeRng, along, decay, filter, sides};
use super::hiss::{Hiss, HissSpec};
use super::resonators::{Bank, LANES, Lanes, PIECE};
use super::trims::Trim;

/// Maximum number of banks per plate.
const BANKS: usize = 4;

/// Maximum number of partials of a bell.
const BELLS: usize = 8;

/// Parameters of a plate.
pub(super) struct CymbalSpec {
    /// Frequencies of the bell's partials in Hz, the first resonators of the plate.
    pub(super) bell: &'static [f32],
    /// Decay to -60 dB of the bell's lowest and highest partial, in seconds.
    pub(super) bell_ring: (f32, f32),
    /// Banks of resonators.
    pub(super) banks: usize,
    /// Lowest and highest resonance, in Hz.
    pub(super) range: (f32, f32),
    /// Decay to -60 dB of the lowest and of the highest resonance, in seconds.
    pub(super) ring: (f32, f32),
    /// Dense resonances above.
    pub(super) hiss: HissSpec,
    /// Pan, -1 (left) to 1 (right).
    pub(super) pan: f32,
}

/// Parameters of a way of striking a plate.
pub(super) struct Blow {
    /// Levels of the resonances, the bell, and the hiss.
    pub(super) plate: f32,
    pub(super) bell: f32,
    pub(super) hiss: f32,
    /// Tick of the stick: level, and decay to -60 dB in seconds.
    pub(super) tick: (f32, f32),
    /// Contact: decay to -60 dB in seconds, and upper cutoff at full velocity in Hz.
    pub(super) contact: (f32, f32),
    /// Level of the contact's first impulse, which excites all resonances alike, next to its
    /// noise.
    pub(super) pulse: f32,
    /// Emphasis of the high resonances as a power of frequency.
    pub(super) tilt: f32,
}

/// A bank of a plate: resonators, their frequencies in Hz and decay times in seconds as they were
/// built, and their levels.
#[derive(Clone, Default)]
struct Modes {
    bank: Bank,
    hertz: Lanes,
    seconds: Lanes,
    /// Gain of each resonator from the two contacts; varies from stroke to stroke.
    takes: [Lanes; 2],
    /// Level of each resonator on the left and right.
    gives: [Lanes; 2],
}

impl Modes {
    fn add(&mut self, lane: usize, (hertz, seconds): (f32, f32), rate: f32, rng: &mut StrokeRng) {
        self.bank.tune(lane, hertz, seconds, rate);
        (self.hertz[lane], self.seconds[lane]) = (hertz, seconds);
        let (side, level) = (0.6 * rng.draw(), 10f32.powf(0.2 * rng.draw()));
        self.gives[0][lane] = level * (1.0 - side);
        self.gives[1][lane] = level * (1.0 + side);
    }
}

impl Modes {
    /// Adds the next samples to the lanes of both sides.
    #[expect(clippy::needless_range_loop, reason = "a lane of several arrays")]
    #[inline(always)]
    fn ring<const STRIKES: bool>(
        &mut self,
        contact: &[[f32; PIECE]; 2],
        lanes: &mut [[Lanes; PIECE]; 2],
        samples: usize,
    ) {
        let [lefts, rights] = lanes;
        let mut past = self.bank.begin();
        for at in 0..samples {
            let mut input = [0.0; LANES];
            if STRIKES {
                for lane in 0..LANES {
                    input[lane] =
                        self.takes[0][lane] * contact[0][at] + self.takes[1][lane] * contact[1][at];
                }
            }
            let rings = self.bank.next(&mut past, &input);
            for lane in 0..LANES {
                lefts[at][lane] += rings[lane] * self.gives[0][lane];
            }
            for lane in 0..LANES {
                rights[at][lane] += rings[lane] * self.gives[1][lane];
            }
        }
        self.bank.end(past);
    }
}

/// A ringing plate.
pub(super) struct Cymbal {
    spec: &'static CymbalSpec,
    rate: f32,
    seed: u32,
    count: u32,
    sounds: bool,
    modes: [Modes; BANKS],
    noise: [Noise; 2],
    /// Contact of the stick: level of its noise, and of an impulse in the next sample.
    contact: Decay,
    pulse: f32,
    soften: [FixedSvf<f32, LowpassMode<f32>>; 2],
    /// The last sample of the contact.
    touch: [f32; 2],
    hiss: Hiss,
    tick: Decay,
    high: [FixedSvf<f32, HighpassMode<f32>>; 2],
    /// Damping by a hand, a foot or another plate, as a factor per sample.
    damping: f32,
    /// Factors of pitch and decay time that the plate is tuned by.
    tuned: (f32, f32),
    pan: (f32, f32),
}

impl Cymbal {
    pub(super) fn new(spec: &'static CymbalSpec, rate: f32, seed: u32) -> Self {
        let mut rng = StrokeRng::of(seed, 0);
        let mut modes: [Modes; BANKS] = Default::default();
        let count = spec.banks * LANES - spec.bell.len();
        for place in 0..spec.banks * LANES {
            let ring = if let Some(&hertz) = spec.bell.get(place) {
                (hertz, along(spec.bell_ring, place as f32 / BELLS as f32))
            } else {
                let place = (place - spec.bell.len()) as f32 + 0.5 + 0.45 * rng.draw();
                let place = place / count as f32;
                (along(spec.range, place), along(spec.ring, place) * (1.0 + 0.3 * rng.draw()))
            };
            modes[place / LANES].add(place % LANES, ring, rate, &mut rng);
        }
        let high = || FixedSvf::new(HighpassMode::new(), &filter(rate, 6_500.0, 0.9));
        let soft = || FixedSvf::new(LowpassMode::new(), &filter(rate, 12_000.0, 0.7));
        Cymbal {
            spec,
            rate,
            seed,
            count: 0,
            sounds: false,
            modes,
            noise: [Noise::new(64 + 2 * seed), Noise::new(64 + 2 * seed + 1)],
            contact: Decay::default(),
            pulse: 0.0,
            soften: [soft(), soft()],
            touch: [0.0; 2],
            hiss: Hiss::new(&spec.hiss, rate),
            tick: Decay::default(),
            high: [high(), high()],
            damping: 1.0,
            tuned: (1.0, 1.0),
            pan: sides(spec.pan),
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        !self.sounds
    }

    pub(super) fn strike(&mut self, blow: &Blow, velocity: f32, trim: &Trim) {
        self.count = self.count.wrapping_add(1);
        let mut rng = StrokeRng::of(self.seed, self.count);
        let hand = StrokeRng::hand(self.count);
        self.sounds = true;
        self.tune((trim.pitch, trim.decay));
        self.damp(1.0);
        let loud = velocity.powf(1.15) * (1.0 + 0.03 * hand) * trim.level;
        let (seconds, cutoff) = blow.contact;
        let bright = (0.25 + 0.75 * velocity) * (1.0 + 0.05 * hand + 0.05 * rng.draw());
        for soften in &mut self.soften {
            soften.set_cutoff((cutoff * bright).min(0.45 * self.rate));
        }
        // White noise of this level has the energy of an impulse of 1.
        let level = loud * (6.0 * 6.908 / (seconds * self.rate)).sqrt();
        let contact = Decay { value: level, factor: decay(seconds, self.rate) };
        if level > self.contact.value {
            self.contact = contact;
        }
        self.pulse += loud * blow.pulse;
        self.place(blow, hand, &mut rng);
        self.hiss.strike(blow.hiss * loud * (0.35 + 0.65 * velocity));
        let (tick, seconds) = blow.tick;
        self.tick = Decay { value: velocity * loud * tick, factor: decay(seconds, self.rate) };
    }

    /// Tunes all resonances by factors of pitch and decay time. Their levels stay.
    fn tune(&mut self, by: (f32, f32)) {
        if self.tuned == by {
            return;
        }
        self.tuned = by;
        let (pitch, length) = by;
        for Modes { bank, hertz, seconds, .. } in &mut self.modes[..self.spec.banks] {
            for lane in 0..LANES {
                bank.tune(lane, pitch * hertz[lane], length * seconds[lane], self.rate);
            }
            bank.damp(self.damping);
        }
        self.hiss.tune(&self.spec.hiss, by, self.rate);
    }

    /// Sets the gains of the resonators for a blow: each hand strikes another place, within limits.
    fn place(&mut self, blow: &Blow, hand: f32, rng: &mut StrokeRng) {
        let bells = self.spec.bell.len();
        let count = (self.spec.banks * LANES - bells) as f32;
        for place in 0..self.spec.banks * LANES {
            let (modes, lane) = (&mut self.modes[place / LANES], place % LANES);
            let level = if place < bells {
                blow.bell / (BELLS as f32).sqrt()
            } else {
                blow.plate / count.sqrt() * (modes.hertz[lane] / 3_000.0).powf(blow.tilt)
            };
            let level = level * modes.bank.unit()[lane];
            // Neighbouring resonances have their nodes under different hands.
            let side = if place.is_multiple_of(2) { hand } else { -hand };
            let share = 0.7 + 0.06 * side + 0.25 * rng.draw();
            modes.takes[0][lane] = level * share;
            modes.takes[1][lane] = level * (1.0 - 0.5 * share);
        }
    }

    /// Damps the plate to -60 dB within a time in seconds.
    pub(super) fn choke(&mut self, seconds: f32) {
        self.damp(self.damping.min(decay(seconds, self.rate)));
        self.contact.factor = self.contact.factor.min(self.damping);
        self.tick.factor = self.tick.factor.min(self.damping);
    }

    fn damp(&mut self, factor: f32) {
        if self.damping != factor {
            self.damping = factor;
            self.modes.iter_mut().for_each(|modes| modes.bank.damp(factor));
        }
    }

    fn rest(&mut self) {
        self.modes.iter_mut().for_each(|modes| modes.bank.reset());
        self.soften.iter_mut().for_each(AudioNode::reset);
        self.high.iter_mut().for_each(AudioNode::reset);
        self.hiss.reset();
        (self.contact.value, self.pulse, self.tick.value) = (0.0, 0.0, 0.0);
        self.touch = [0.0; 2];
        self.sounds = false;
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        if !self.sounds {
            return;
        }
        for (left, right) in left.chunks_mut(PIECE).zip(right.chunks_mut(PIECE)) {
            render_cymbal(self, left, right);
        }
        let strokes = self.contact.value + self.pulse + self.tick.value + self.hiss.loudest();
        if strokes < SILENCE_LEVEL && self.loudest() < SILENCE_LEVEL {
            self.rest();
        }
    }

    /// Amplitude of the loudest resonance.
    fn loudest(&self) -> f32 {
        let used = &self.modes[..self.spec.banks];
        used.iter()
            .flat_map(|modes| modes.gives.iter().map(|gives| modes.bank.loudest(gives)))
            .fold(0.0, f32::max)
    }
}

/// Adds the next samples of a plate, up to [`PIECE`].
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn render_cymbal(cymbal: &mut Cymbal, left: &mut [f32], right: &mut [f32]) {
    let samples = left.len();
    let mut noise = [[0.0; PIECE]; 2];
    for (noise, source) in noise.iter_mut().zip(&mut cymbal.noise) {
        noise[..samples].iter_mut().for_each(|noise| *noise = source.next());
    }
    let mut sound = [[0.0; PIECE]; 2];
    if cymbal.tick.is_heard() {
        for at in 0..samples {
            let tick = cymbal.tick.next();
            for side in 0..2 {
                sound[side][at] = cymbal.high[side].tick(&[noise[side][at] * tick].into())[0];
            }
        }
    }
    let mut contact = [[0.0; PIECE]; 2];
    let strikes = cymbal.contact.is_heard();
    if strikes {
        for at in 0..samples {
            let (strength, pulse) = (cymbal.contact.next(), std::mem::take(&mut cymbal.pulse));
            for side in 0..2 {
                let struck = noise[side][at] * strength + pulse;
                let touch = cymbal.soften[side].tick(&[struck].into())[0];
                contact[side][at] = touch - cymbal.touch[side];
                cymbal.touch[side] = touch;
            }
        }
    }
    let mut lanes = [[[0.0; LANES]; PIECE]; 2];
    for modes in &mut cymbal.modes[..cymbal.spec.banks] {
        if strikes {
            modes.ring::<true>(&contact, &mut lanes, samples);
        } else {
            modes.ring::<false>(&contact, &mut lanes, samples);
        }
    }
    let steps = cymbal.hiss.steps(&noise, samples);
    let sums = cymbal.hiss.sums(&steps, cymbal.damping, &lanes, samples);
    for at in 0..samples {
        left[at] += cymbal.pan.0 * (sound[0][at] + sums[0][at]);
        right[at] += cymbal.pan.1 * (sound[1][at] + sums[1][at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::cymbal_sounds::{CRASH, CRASH_BOW};
    use crate::synth::trims::UNTRIMMED;

    #[test]
    fn a_plate_that_is_tuned_back_sounds_as_a_new_one() {
        let [mut tuned, mut new] = [0, 1].map(|_| Cymbal::new(&CRASH, 48_000.0, 7));
        let struck = |cymbal: &mut Cymbal| {
            cymbal.strike(&CRASH_BOW, 0.8, &UNTRIMMED[0]);
            let mut sides = [vec![0.0; 4_800], vec![0.0; 4_800]];
            let [left, right] = &mut sides;
            cymbal.add(left, right);
            sides
        };
        tuned.tune((2.0, 0.25));
        let mut other = Cymbal::new(&CRASH, 48_000.0, 7);
        other.tune((2.0, 0.25));
        other.tuned = (1.0, 1.0);
        assert!(struck(&mut other) != struck(&mut new), "a tuned plate sounds otherwise");
        let mut new = Cymbal::new(&CRASH, 48_000.0, 7);
        assert!(struck(&mut tuned) == struck(&mut new));
    }
}
