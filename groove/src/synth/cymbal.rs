//! Hats and cymbals: a plate as banks of resonators excited by the contact of the stick, and bands
//! of noise for the dense resonances above, each with its own rise and decay. Strokes accumulate in
//! the same plate.

use fundsp::audionode::AudioNode;
use fundsp::noise::Noise;
use fundsp::svf::{FixedSvf, HighpassMode, LowpassMode};
use multiversion::multiversion;

use super::dsp::{Decay, SILENCE_LEVEL, StrokeRng, decay, filter, noise, sides};
use super::resonators::{Bank, LANES, Lanes};

/// Maximum number of banks per plate.
const BANKS: usize = 9;

/// Samples per piece.
const PIECE: usize = 64;

/// Noise that keeps resonators out of the denormal numbers.
const TRACE: f32 = 1e-12;

/// Parameters of a plate.
pub(super) struct CymbalSpec {
    /// Frequencies of the bell's partials in Hz, in a bank before the others.
    pub(super) bell: Option<[f32; LANES]>,
    /// Decay to -60 dB of the bell's lowest and highest partial, in seconds.
    pub(super) bell_ring: (f32, f32),
    /// Banks of eight resonators.
    pub(super) banks: usize,
    /// Lowest and highest resonance, in Hz.
    pub(super) range: (f32, f32),
    /// Decay to -60 dB of the lowest and of the highest resonance, in seconds.
    pub(super) ring: (f32, f32),
    /// Hiss: lowest and highest band in Hz, decay to -60 dB and rise time of these in seconds, and
    /// emphasis of the high ones as a power of frequency.
    pub(super) hiss: (f32, f32),
    pub(super) hiss_ring: (f32, f32),
    pub(super) hiss_rise: (f32, f32),
    pub(super) hiss_tilt: f32,
    /// Depth of the irregular rattle of two plates that touch, 0 to 1.
    pub(super) sizzle: f32,
    /// Pan, -1 (left) to 1 (right).
    pub(super) pan: f32,
}

/// Parameters of a way of striking a plate.
pub(super) struct Blow {
    /// Levels of the resonances, the bell, the hiss, and the stick's tick.
    pub(super) plate: f32,
    pub(super) bell: f32,
    pub(super) hiss: f32,
    pub(super) tick: f32,
    /// Contact: decay to -60 dB in seconds, and upper cutoff at full velocity in Hz.
    pub(super) contact: (f32, f32),
    /// Level of the contact's first impulse, which excites all resonances alike, next to its
    /// noise.
    pub(super) pulse: f32,
    /// Emphasis of the high resonances as a power of frequency.
    pub(super) tilt: f32,
}

/// A bank of a plate: resonators, their frequencies, and their levels.
#[derive(Clone, Default)]
struct Modes {
    bank: Bank,
    hertz: Lanes,
    /// Gain of each resonator from the two contacts; varies from stroke to stroke.
    takes: [Lanes; 2],
    /// Level of each resonator on the left and right.
    gives: [Lanes; 2],
}

impl Modes {
    fn add(&mut self, lane: usize, (hertz, seconds): (f32, f32), rate: f32, rng: &mut StrokeRng) {
        self.bank.tune(lane, hertz, seconds, rate);
        self.hertz[lane] = hertz;
        let (side, level) = (0.6 * rng.draw(), 10f32.powf(0.2 * rng.draw()));
        self.gives[0][lane] = level * (1.0 - side);
        self.gives[1][lane] = level * (1.0 + side);
    }
}

/// Bands of noise, left and right: resonators, current level of each band, and the level that it
/// rises to, which decays.
struct Hiss {
    banks: [Bank; 2],
    /// The last two samples of the noise.
    past: [[f32; 2]; 2],
    now: Lanes,
    target: Lanes,
    rises: Lanes,
    falls: Lanes,
    gains: Lanes,
    /// Slow noise, its smoothing factor per sample, and its gain.
    sizzle: (f32, f32, f32),
}

impl Hiss {
    fn new(spec: &CymbalSpec, rate: f32) -> Self {
        let follow = 1.0 - decay(0.03, rate);
        let mut hiss = Hiss {
            banks: Default::default(),
            past: [[0.0; 2]; 2],
            now: [0.0; LANES],
            target: [0.0; LANES],
            rises: [0.0; LANES],
            falls: [0.0; LANES],
            gains: [0.0; LANES],
            sizzle: (0.0, follow, spec.sizzle * (6.0 / follow).sqrt()),
        };
        let along = |(low, high): (f32, f32), place: f32| low * (high / low).powf(place);
        let (low, high) = spec.hiss;
        let width = (high / low).powf(1.0 / (LANES - 1) as f32) - 1.0;
        for lane in 0..LANES {
            let place = lane as f32 / (LANES - 1) as f32;
            let hertz = along(spec.hiss, place);
            hiss.banks.iter_mut().for_each(|bank| bank.tune_band(lane, hertz, width, rate));
            hiss.rises[lane] = 1.0 - decay(6.908 * along(spec.hiss_rise, place), rate);
            hiss.falls[lane] = decay(along(spec.hiss_ring, place), rate);
            hiss.gains[lane] = (hertz / 6_000.0).powf(spec.hiss_tilt);
        }
        hiss
    }

    fn strike(&mut self, level: f32) {
        for (target, gain) in self.target.iter_mut().zip(self.gains) {
            // A new stroke on a ringing plate does not add its full level.
            *target = (*target * *target * 0.5 + (level * gain).powi(2)).sqrt();
        }
    }

    fn reset(&mut self) {
        self.banks.iter_mut().for_each(Bank::reset);
        (self.now, self.target) = ([0.0; LANES], [0.0; LANES]);
    }

    fn loudest(&self) -> f32 {
        self.now.iter().chain(&self.target).fold(0.0, |most, &now| most.max(now))
    }

    /// The next sample, left and right.
    #[inline(always)]
    fn tick(&mut self, noise: [f32; 2], damping: f32) -> [f32; 2] {
        for lane in 0..LANES {
            self.now[lane] += self.rises[lane] * (self.target[lane] - self.now[lane]);
            self.now[lane] *= damping;
            self.target[lane] *= self.falls[lane] * damping;
        }
        let (slow, follow, gain) = &mut self.sizzle;
        *slow += *follow * (noise[0] - *slow);
        let rattle = (1.0 + *gain * *slow).clamp(0.15, 3.0);
        std::array::from_fn(|side| {
            let [before, last] = self.past[side];
            self.past[side] = [last, noise[side]];
            let step = rattle * (noise[side] - before);
            let mut input = [0.0; LANES];
            for lane in 0..LANES {
                input[lane] = self.banks[side].unit()[lane] * (self.now[lane] + TRACE) * step;
            }
            sum(&self.banks[side].tick(&input))
        })
    }
}

/// Sum of a bank's lanes.
#[inline(always)]
fn sum(lanes: &Lanes) -> f32 {
    let [a, b, c, d, e, f, g, h] = *lanes;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
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
    hiss: Hiss,
    tick: Decay,
    high: [FixedSvf<f32, HighpassMode<f32>>; 2],
    /// Damping by a hand, a foot or another plate, as a factor per sample.
    damping: f32,
    pan: (f32, f32),
}

impl Cymbal {
    pub(super) fn new(spec: &'static CymbalSpec, rate: f32, seed: u32) -> Self {
        let mut rng = StrokeRng::of(seed, 0);
        let mut modes: [Modes; BANKS] = Default::default();
        let (bell, plate) = modes.split_at_mut(usize::from(spec.bell.is_some()));
        if let (Some(partials), [bell]) = (spec.bell, bell) {
            for (lane, hertz) in partials.into_iter().enumerate() {
                let place = lane as f32 / (LANES - 1) as f32;
                let (slow, fast) = spec.bell_ring;
                bell.add(lane, (hertz, slow * (fast / slow).powf(place)), rate, &mut rng);
            }
        }
        let count = (spec.banks * LANES) as f32;
        for (bank, modes) in plate.iter_mut().take(spec.banks).enumerate() {
            for lane in 0..LANES {
                // Neighbouring frequencies are in different banks, so that all banks are similar.
                let place = ((lane * spec.banks + bank) as f32 + 0.5 + 0.45 * rng.draw()) / count;
                let (low, high) = spec.range;
                let (slow, fast) = spec.ring;
                let seconds = slow * (fast / slow).powf(place) * (1.0 + 0.3 * rng.draw());
                modes.add(lane, (low * (high / low).powf(place), seconds), rate, &mut rng);
            }
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
            noise: [noise(64 + 2 * seed), noise(64 + 2 * seed + 1)],
            contact: Decay::default(),
            pulse: 0.0,
            soften: [soft(), soft()],
            hiss: Hiss::new(spec, rate),
            tick: Decay::default(),
            high: [high(), high()],
            damping: 1.0,
            pan: sides(spec.pan),
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        !self.sounds
    }

    pub(super) fn strike(&mut self, blow: &Blow, velocity: f32) {
        self.count = self.count.wrapping_add(1);
        let mut rng = StrokeRng::of(self.seed, self.count);
        let hand = StrokeRng::hand(self.count);
        self.sounds = true;
        self.damp(1.0);
        let loud = velocity.powf(1.15) * (1.0 + 0.03 * hand);
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
        self.tick = Decay { value: velocity * loud * blow.tick, factor: decay(0.006, self.rate) };
    }

    /// Sets the gains of the resonators for a blow: each hand strikes another place, within limits.
    fn place(&mut self, blow: &Blow, hand: f32, rng: &mut StrokeRng) {
        let bells = usize::from(self.spec.bell.is_some());
        let level = blow.plate / ((self.spec.banks * LANES) as f32).sqrt();
        for (place, modes) in self.modes[..bells + self.spec.banks].iter_mut().enumerate() {
            let is_bell = place < bells;
            let level = if is_bell { blow.bell / (LANES as f32).sqrt() } else { level };
            for lane in 0..LANES {
                let tilt = if is_bell { 0.0 } else { blow.tilt };
                let unit = modes.bank.unit()[lane] * (modes.hertz[lane] / 3_000.0).powf(tilt);
                // Neighbouring resonances have their nodes under different hands.
                let side = if (place + lane).is_multiple_of(2) { hand } else { -hand };
                let share = 0.7 + 0.06 * side + 0.25 * rng.draw();
                modes.takes[0][lane] = level * unit * share;
                modes.takes[1][lane] = level * unit * (1.0 - 0.5 * share);
            }
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
        self.sounds = false;
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        if !self.sounds {
            return;
        }
        for (left, right) in left.chunks_mut(PIECE).zip(right.chunks_mut(PIECE)) {
            render_cymbal(self, left, right);
        }
        let rings = |modes: &Modes| {
            modes.gives.iter().map(|gives| modes.bank.loudest(gives)).fold(0.0, f32::max)
        };
        let strokes = self.contact.value + self.pulse + self.tick.value + self.hiss.loudest();
        if self.modes.iter().map(rings).fold(strokes, f32::max) < SILENCE_LEVEL {
            self.rest();
        }
    }
}

/// Adds the next samples of a plate, up to [`PIECE`].
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn render_cymbal(cymbal: &mut Cymbal, left: &mut [f32], right: &mut [f32]) {
    let samples = left.len();
    let mut noise = [[0.0; PIECE]; 2];
    let (strikes, ticks) = (cymbal.contact.is_heard(), cymbal.tick.is_heard());
    let mut contact = [[0.0; PIECE]; 2];
    let mut sound = [[0.0; PIECE]; 2];
    for (noise, source) in noise.iter_mut().zip(&mut cymbal.noise) {
        noise[..samples].fill_with(|| source.tick(&[].into())[0]);
    }
    for at in 0..samples {
        let strength = if strikes { cymbal.contact.next() } else { 0.0 };
        let tick = if ticks { cymbal.tick.next() } else { 0.0 };
        let pulse = std::mem::take(&mut cymbal.pulse);
        for side in 0..2 {
            let noise = noise[side][at];
            if strikes {
                let struck = noise * strength + pulse;
                contact[side][at] = cymbal.soften[side].tick(&[struck].into())[0];
            }
            contact[side][at] += noise * TRACE;
            if ticks {
                sound[side][at] = cymbal.high[side].tick(&[noise * tick].into())[0];
            }
        }
    }
    let banks = usize::from(cymbal.spec.bell.is_some()) + cymbal.spec.banks;
    for at in 0..samples {
        let contact = [contact[0][at], contact[1][at]];
        let mut sums = [[0.0; LANES]; 2];
        for Modes { bank, takes, gives, .. } in &mut cymbal.modes[..banks] {
            let mut input = [0.0; LANES];
            for lane in 0..LANES {
                input[lane] = takes[0][lane] * contact[0] + takes[1][lane] * contact[1];
            }
            let rings = bank.tick(&input);
            for side in 0..2 {
                for lane in 0..LANES {
                    sums[side][lane] += rings[lane] * gives[side][lane];
                }
            }
        }
        let noise = [noise[0][at], noise[1][at]];
        let hiss = cymbal.hiss.tick(noise, cymbal.damping);
        left[at] += cymbal.pan.0 * (sound[0][at] + sum(&sums[0]) + hiss[0]);
        right[at] += cymbal.pan.1 * (sound[1][at] + sum(&sums[1]) + hiss[1]);
    }
}
