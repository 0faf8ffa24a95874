//! Hats and cymbals: a plate as a bank of resonators excited by a short noise burst, plus filtered
//! noise for the dense resonances above. Strokes accumulate in the same plate.

use fundsp::audionode::AudioNode;
use fundsp::biquad::BiquadCoefs;
use fundsp::biquad_bank::BiquadBank;
use fundsp::noise::Noise;
use fundsp::setting::Setting;
use fundsp::svf::{FixedSvf, HighpassMode, LowpassMode};
use fundsp::{F32x, Float};
use multiversion::multiversion;

use super::dsp::{SILENCE_LEVEL, StrokeRng, decay, filter, noise, sides};

/// Resonators side by side in one bank.
const LANES: usize = 8;

/// Maximum number of banks per plate.
const BANKS: usize = 8;

/// Parameters of a plate.
pub(super) struct CymbalSpec {
    /// Banks of eight resonators.
    banks: usize,
    /// Lowest and highest resonance, in Hz.
    range: (f32, f32),
    /// Decay to -60 dB of the lowest and of the highest resonance, in seconds.
    ring: (f32, f32),
    /// Level of the resonances, and emphasis of the high ones as a power of frequency.
    tone: (f32, f32),
    /// Burst: decay to -60 dB in seconds, and upper cutoff at full velocity in Hz.
    burst: (f32, f32),
    /// Hiss: lower cutoff in Hz, level, rise time in seconds, decay to -60 dB in seconds.
    hiss: (f32, f32, f32, f32),
    /// Level of the stick's tick.
    tick: f32,
    /// Overall level.
    level: f32,
    /// Pan, -1 (left) to 1 (right).
    pan: f32,
}

pub(super) const CLOSED_HAT: CymbalSpec = CymbalSpec {
    banks: 4,
    range: (2_400.0, 13_500.0),
    ring: (0.16, 0.09),
    tone: (0.65, 0.3),
    burst: (0.012, 15_000.0),
    hiss: (6_500.0, 0.5, 0.0005, 0.13),
    tick: 0.3,
    level: 1.15,
    pan: -0.25,
};

pub(super) const OPEN_HAT: CymbalSpec = CymbalSpec {
    ring: (1.1, 0.75),
    hiss: (6_000.0, 0.4, 0.001, 0.95),
    burst: (0.02, 15_000.0),
    level: 0.62,
    ..CLOSED_HAT
};

pub(super) const CRASH: CymbalSpec = CymbalSpec {
    banks: 8,
    range: (320.0, 12_500.0),
    ring: (3.2, 1.3),
    tone: (0.42, 0.35),
    burst: (0.06, 14_000.0),
    hiss: (3_600.0, 0.6, 0.004, 1.9),
    tick: 0.15,
    level: 0.6,
    pan: -0.4,
};

pub(super) const RIDE: CymbalSpec = CymbalSpec {
    banks: 6,
    range: (420.0, 9_500.0),
    ring: (2.6, 1.1),
    tone: (0.8, 0.35),
    burst: (0.01, 11_000.0),
    hiss: (5_000.0, 0.07, 0.003, 1.0),
    tick: 0.5,
    level: 1.3,
    pan: 0.4,
};

/// Eight resonators and their levels on the left and right.
struct Bank {
    resonators: BiquadBank<F32x>,
    /// Gain of each resonator from the two bursts; varies from stroke to stroke.
    takes: [F32x; 2],
    gives: [F32x; 2],
}

/// A ringing plate.
pub(super) struct Cymbal {
    spec: &'static CymbalSpec,
    rate: f32,
    seed: u32,
    count: u32,
    sounds: bool,
    banks: [Bank; BANKS],
    noise: [Noise; 2],
    /// Level of the burst, and its factor per sample.
    burst: (f32, f32),
    soften: [FixedSvf<f32, LowpassMode<f32>>; 2],
    /// Level of the hiss, its target, and the level of the tick.
    hiss: (f32, f32),
    tick: f32,
    /// Smoothing factors per sample.
    rises: f32,
    falls: f32,
    ticks: f32,
    high: [FixedSvf<f32, HighpassMode<f32>>; 2],
    /// Upper bound of the resonances' level, by the slowest one.
    ring: (f32, f32),
    whole: (f32, f32),
    pan: (f32, f32),
}

impl Cymbal {
    pub(super) fn new(spec: &'static CymbalSpec, rate: f32, seed: u32) -> Self {
        let mut rng = StrokeRng::of(seed, 0);
        let count = (spec.banks * LANES) as f32;
        let banks = std::array::from_fn(|bank| {
            let mut resonators = BiquadBank::new();
            let mut gives = [[0.0; LANES]; 2];
            #[expect(
                clippy::needless_range_loop,
                reason = "the lane's number is a place in frequency, too"
            )]
            for lane in 0..LANES {
                // Neighbouring frequencies are in different banks, so that all banks are similar.
                let place = ((lane * spec.banks + bank) as f32 + 0.5 + 0.45 * rng.draw()) / count;
                let (low, high) = spec.range;
                let hertz = low * (high / low).powf(place);
                let (slow, fast) = spec.ring;
                let seconds = slow * (fast / slow).powf(place) * (1.0 + 0.3 * rng.draw());
                let side = 0.6 * rng.draw();
                let loud = 10f32.powf(0.25 * rng.draw()) * (hertz / 3_000.0).powf(spec.tone.1);
                if bank >= spec.banks || hertz > 0.45 * rate {
                    continue;
                }
                let q = std::f32::consts::PI * hertz * seconds / 6.908;
                let BiquadCoefs { a1, a2, b0, b1, b2 } =
                    BiquadCoefs::<f32>::resonator(rate, hertz, q);
                resonators.set(Setting::biquad(a1, a2, b0, b1, b2).index(lane));
                // A short burst excites long resonances less.
                let loud = loud * (seconds * hertz / 400.0).sqrt() / count.sqrt();
                gives[0][lane] = loud * (1.0 - side);
                gives[1][lane] = loud * (1.0 + side);
            }
            Bank { resonators, takes: [F32x::splat(0.0); 2], gives: gives.map(F32x::new) }
        });
        let params = |cutoff, q| filter(rate, cutoff, q);
        let high = || FixedSvf::new(HighpassMode::new(), &params(spec.hiss.0, 0.9));
        let soft = || FixedSvf::new(LowpassMode::new(), &params(spec.burst.1, 0.7));
        Cymbal {
            spec,
            rate,
            seed,
            count: 0,
            sounds: false,
            banks,
            noise: [noise(64 + 2 * seed), noise(64 + 2 * seed + 1)],
            burst: (0.0, decay(spec.burst.0, rate)),
            soften: [soft(), soft()],
            hiss: (0.0, 0.0),
            tick: 0.0,
            rises: 1.0 - decay(6.908 * spec.hiss.2, rate),
            falls: decay(spec.hiss.3, rate),
            ticks: decay(0.006, rate),
            high: [high(), high()],
            ring: (0.0, decay(spec.ring.0 * 1.3, rate)),
            whole: (1.0, 1.0),
            pan: sides(spec.pan),
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        !self.sounds
    }

    pub(super) fn strike(&mut self, velocity: f32) {
        if !self.sounds || self.whole.1 < 1.0 {
            self.rest();
        }
        self.count = self.count.wrapping_add(1);
        let mut rng = StrokeRng::of(self.seed, self.count);
        self.sounds = true;
        let loud = velocity.powf(1.15);
        self.burst.0 = self.burst.0.max(loud);
        let bright = (0.25 + 0.75 * velocity) * (1.0 + 0.08 * rng.draw());
        for soften in &mut self.soften {
            soften.set_cutoff((self.spec.burst.1 * bright).min(0.45 * self.rate));
        }
        for Bank { takes, .. } in &mut self.banks {
            let first: [f32; LANES] = std::array::from_fn(|_| 0.7 + 0.4 * rng.draw());
            *takes = [F32x::new(first), F32x::new(first.map(|share| 1.0 - 0.5 * share))];
        }
        // A new stroke on a ringing plate does not add its full level.
        let (now, _) = self.hiss;
        let new = loud * (0.35 + 0.65 * velocity);
        self.hiss.1 = (now * now * 0.5 + new * new).sqrt();
        self.tick = velocity * loud;
        self.ring.0 += loud;
    }

    /// Fades out within a time in seconds.
    pub(super) fn fade(&mut self, seconds: f32) {
        self.whole.1 = self.whole.1.min(decay(seconds, self.rate));
    }

    fn rest(&mut self) {
        self.banks.iter_mut().for_each(|bank| bank.resonators.reset());
        self.soften.iter_mut().for_each(AudioNode::reset);
        self.high.iter_mut().for_each(AudioNode::reset);
        (self.burst.0, self.hiss, self.tick, self.ring.0) = (0.0, (0.0, 0.0), 0.0, 0.0);
        (self.whole, self.sounds) = ((1.0, 1.0), false);
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.sounds {
            render_cymbal(self, left, right);
        }
    }
}

/// Adds the next samples of a plate.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn render_cymbal(cymbal: &mut Cymbal, left: &mut [f32], right: &mut [f32]) {
    let spec = cymbal.spec;
    for (left, right) in left.iter_mut().zip(right.iter_mut()) {
        let noise = cymbal.noise.each_mut().map(|noise| noise.tick(&[].into())[0]);
        cymbal.burst.0 *= cymbal.burst.1;
        // A trace of noise prevents denormals.
        let strength = cymbal.burst.0 + 1e-12;
        let mut bursts = [0.0; 2];
        for ((burst, soften), noise) in bursts.iter_mut().zip(&mut cymbal.soften).zip(noise) {
            *burst = soften.tick(&[noise * strength].into())[0];
        }
        let mut sums = [F32x::splat(0.0); 2];
        for Bank { resonators, takes, gives } in &mut cymbal.banks[..spec.banks] {
            let into = takes[0] * bursts[0] + takes[1] * bursts[1];
            let rings = F32x::from_frame(&resonators.tick(&into.to_frame()));
            sums[0] += rings * gives[0];
            sums[1] += rings * gives[1];
        }
        cymbal.hiss.0 += cymbal.rises * (cymbal.hiss.1 - cymbal.hiss.0);
        cymbal.hiss.1 *= cymbal.falls;
        cymbal.tick *= cymbal.ticks;
        let hiss = spec.hiss.1 * cymbal.hiss.0 + spec.tick * cymbal.tick;
        let mut sides = [0.0; 2];
        for (((side, sum), high), noise) in
            sides.iter_mut().zip(sums).zip(&mut cymbal.high).zip(noise)
        {
            let hiss = high.tick(&[noise * hiss].into())[0];
            *side = spec.tone.0 * sum.reduce_add() + hiss;
        }
        cymbal.whole.0 *= cymbal.whole.1;
        let whole = spec.level * cymbal.whole.0;
        *left += whole * cymbal.pan.0 * sides[0];
        *right += whole * cymbal.pan.1 * sides[1];
        cymbal.ring.0 *= cymbal.ring.1;
    }
    let loudest = cymbal.ring.0.max(cymbal.hiss.1).max(cymbal.hiss.0);
    if loudest * cymbal.whole.0 < SILENCE_LEVEL {
        cymbal.rest();
    }
}
