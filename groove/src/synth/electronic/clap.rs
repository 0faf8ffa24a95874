//! Hand clap: band-passed noise in three short bursts and a longer tail, as of several people in a
//! room.

use fundsp::audionode::AudioNode;
use fundsp::svf::{BandpassMode, FixedSvf};
use multiversion::multiversion;

use super::super::dsp::{Decay, Noise, SILENCE_LEVEL, StrokeRng, decay, filter};
use super::super::trims::Trim;

/// Bursts of a clap; the tail begins with the last one.
const BURSTS: u32 = 3;

/// Parameters of a clap.
pub(super) struct ClapSpec {
    /// Centre of the noise in Hz, and its quality.
    pub(super) band: (f32, f32),
    /// Distance of the bursts, in seconds.
    pub(super) apart: f32,
    /// Decay to -60 dB of a burst, in seconds.
    pub(super) burst: f32,
    /// Tail: level next to a burst, decay to -60 dB in seconds.
    pub(super) tail: (f32, f32),
    /// Overall level.
    pub(super) level: f32,
}

/// The clap. A new one cuts the one before off.
pub(super) struct Clap {
    rate: f32,
    seed: u32,
    count: u32,
    spec: Option<&'static ClapSpec>,
    level: f32,
    /// Bursts still to come, samples until the next one, and samples between them.
    bursts: u32,
    wait: u32,
    apart: u32,
    burst: Decay,
    tail: Decay,
    /// Overall level. Decays once the clap fades.
    whole: Decay,
    noise: [Noise; 2],
    bands: [FixedSvf<f32, BandpassMode<f32>>; 2],
}

impl Clap {
    pub(super) fn new(rate: f32, seed: u32) -> Self {
        let band = || FixedSvf::new(BandpassMode::new(), &filter(rate, 1_000.0, 1.0));
        Clap {
            rate,
            seed,
            count: 0,
            spec: None,
            level: 0.0,
            bursts: 0,
            wait: 0,
            apart: 0,
            burst: Decay::default(),
            tail: Decay::default(),
            whole: Decay::default(),
            noise: [Noise::new(2 * seed), Noise::new(2 * seed + 1)],
            bands: [band(), band()],
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.spec.is_none()
    }

    /// Begins a clap at a velocity of 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some ms")]
    pub(super) fn strike(&mut self, spec: &'static ClapSpec, velocity: f32, trim: &Trim) {
        self.count = self.count.wrapping_add(1);
        let mut rng = StrokeRng::of(self.seed, self.count);
        self.spec = Some(spec);
        self.level = spec.level * velocity.powf(1.2) * trim.level;
        self.bursts = BURSTS;
        self.wait = 0;
        self.apart = (spec.apart * (1.0 + 0.05 * rng.draw()) * self.rate) as u32;
        self.burst.factor = decay(spec.burst, self.rate);
        self.tail.factor = decay(spec.tail.1 * trim.decay, self.rate);
        self.whole = Decay { value: 1.0, factor: 1.0 };
        let (hertz, _) = spec.band;
        for band in &mut self.bands {
            let centre = hertz * (0.8 + 0.3 * velocity) * trim.pitch;
            *band = FixedSvf::new(BandpassMode::new(), &filter(self.rate, centre, spec.band.1));
        }
    }

    pub(super) fn fade(&mut self, seconds: f32) {
        self.whole.factor = self.whole.factor.min(decay(seconds, self.rate));
    }

    pub(super) fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        let Some(spec) = self.spec else { return };
        render_clap(self, spec, left, right);
        let loudest = self.burst.value + self.tail.value;
        if self.bursts == 0 && self.whole.value * loudest < SILENCE_LEVEL {
            (self.burst.value, self.tail.value) = (0.0, 0.0);
            self.spec = None;
        }
        // A clap that fades has no further bursts.
        if self.whole.value < SILENCE_LEVEL {
            self.bursts = 0;
        }
    }

    /// The level of the next sample.
    #[inline(always)]
    fn envelope(&mut self, tail: f32) -> f32 {
        if self.bursts > 0 {
            if self.wait == 0 {
                self.burst.value = self.level;
                self.bursts -= 1;
                self.wait = self.apart;
                if self.bursts == 0 {
                    self.tail.value = self.tail.value.max(tail * self.level);
                }
            }
            self.wait = self.wait.saturating_sub(1);
        }
        self.whole.next() * (self.burst.next() + self.tail.next())
    }
}

/// Adds the next samples of a clap.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn render_clap(clap: &mut Clap, spec: &ClapSpec, left: &mut [f32], right: &mut [f32]) {
    for (left, right) in left.iter_mut().zip(right) {
        let level = clap.envelope(spec.tail.0);
        for (side, sample) in [left, right].into_iter().enumerate() {
            let noise = clap.noise[side].next() * level;
            *sample += clap.bands[side].tick(&[noise].into())[0];
        }
    }
}
