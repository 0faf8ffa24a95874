//! The audition kit: nine synthesised stereo drums, for listening before any routing.
//! ~ `membrane` has kick, snare and toms, `cymbal` the hats and cymbals. Both are built from
//! fundsp's oscillators, noise, filters and resonators. Velocity changes colour as well as level,
//! and no two strokes are alike: a generator seeded by the stroke count varies them. A closed hat
//! chokes the open one.
//! ~ All buffers have a fixed size and are allocated up front; silent drums are not computed. The
//! caller schedules the notes.

mod cymbal;
mod membrane;
mod wav;

use fundsp::audionode::AudioNode;
use fundsp::noise::Noise;
use fundsp::setting::Setting;
use fundsp::svf::SvfParams;

use multiversion::multiversion;

use crate::model::activation::tanh;
use crate::pattern::drum::Drum;
use cymbal::{CLOSED_HAT, CRASH, Cymbal, OPEN_HAT, RIDE};
use membrane::{BASS, HIGH_TOM, LOW_TOM, MID_TOM, Membrane, SNARE};
pub use wav::{render, wav};

/// Fade of the open hat when it is choked, and of everything when the kit is silenced, in seconds.
const CHOKE: f32 = 0.05;
const SILENCE: f32 = 0.005;

/// Smoothing time of level changes, in seconds.
const FOLLOW: f32 = 0.01;

/// Headroom before the soft clipper, as a factor: the middle of a beat stays in its linear range.
const HEADROOM: f32 = 0.5;

/// The audition kit.
pub struct AuditionKit {
    rate: f32,
    membranes: [Membrane; 5],
    cymbals: [Cymbal; 4],
    level: f32,
    target: f32,
    /// True from a stroke until the kit is silent again.
    sounds: bool,
}

impl AuditionKit {
    /// A silent kit at full level, for a sample rate in Hz. Invalid rates count as 48,000.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "within a few hundred thousand")]
        let rate = if (1_000.0..=1e6).contains(&rate) { rate as f32 } else { 48_000.0 };
        let membrane = |spec, seed| Membrane::new(spec, rate, seed);
        let cymbal = |spec, seed| Cymbal::new(spec, rate, seed);
        AuditionKit {
            rate,
            membranes: [
                membrane(&BASS, 1),
                membrane(&SNARE, 2),
                membrane(&LOW_TOM, 3),
                membrane(&MID_TOM, 4),
                membrane(&HIGH_TOM, 5),
            ],
            cymbals: [
                cymbal(&CLOSED_HAT, 6),
                cymbal(&OPEN_HAT, 6),
                cymbal(&CRASH, 7),
                cymbal(&RIDE, 8),
            ],
            level: 1.0,
            target: 1.0,
            sounds: false,
        }
    }

    /// Sets the level as a factor, 0 to 2. Changes are smoothed over some milliseconds.
    pub fn set_level(&mut self, level: f32) {
        self.target = if level.is_finite() { level.clamp(0.0, 2.0) } else { 1.0 };
        if !self.sounds {
            self.level = self.target;
        }
    }

    /// Strikes a drum at the next rendered sample, at a MIDI velocity of 1 to 127.
    pub fn strike(&mut self, drum: Drum, velocity: u8) {
        self.sounds = true;
        let velocity = f32::from(velocity.clamp(1, 127)) / 127.0;
        let [closed, open, crash, ride] = &mut self.cymbals;
        let [bass, snare, low, mid, high] = &mut self.membranes;
        match drum {
            Drum::Bass => bass.strike(velocity),
            Drum::Snare => snare.strike(velocity),
            Drum::ClosedHat => {
                open.fade(CHOKE);
                closed.strike(velocity);
            }
            Drum::OpenHat => {
                closed.fade(CHOKE);
                open.strike(velocity);
            }
            Drum::LowTom => low.strike(velocity),
            Drum::MidTom => mid.strike(velocity),
            Drum::HighTom => high.strike(velocity),
            Drum::Crash => crash.strike(velocity),
            Drum::Ride => ride.strike(velocity),
        }
    }

    /// Fades everything out as fast as possible without a click.
    pub fn silence(&mut self) {
        self.membranes.iter_mut().for_each(|membrane| membrane.fade(SILENCE));
        self.cymbals.iter_mut().for_each(|cymbal| cymbal.fade(SILENCE));
    }

    /// Returns true if nothing sounds until the next stroke.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        !self.sounds
    }

    /// Renders the next samples, replacing the contents. All are within -1 and 1.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        left.fill(0.0);
        right.fill(0.0);
        if !self.sounds {
            return;
        }
        for membrane in &mut self.membranes {
            membrane.add(left, right);
        }
        for cymbal in &mut self.cymbals {
            cymbal.add(left, right);
        }
        let nearer = 1.0 - decay(FOLLOW, self.rate);
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            self.level += nearer * (self.target - self.level);
            *left *= HEADROOM * self.level;
            *right *= HEADROOM * self.level;
        }
        soft_clip(left);
        soft_clip(right);
        self.sounds = !(self.membranes.iter().all(Membrane::is_silent)
            && self.cymbals.iter().all(Cymbal::is_silent));
        if !self.sounds {
            self.level = self.target;
        }
    }
}

/// Soft clipper that keeps every sample within full scale.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn soft_clip(samples: &mut [f32]) {
    samples.iter_mut().for_each(|sample| *sample = tanh(*sample));
}

/// Factor per sample of a decay by 60 dB in a time in seconds.
fn decay(seconds: f32, rate: f32) -> f32 {
    (-6.908 / (seconds * rate)).exp()
}

/// Filter parameters with the cutoff limited to 0.45 of the sample rate.
fn filter(rate: f32, cutoff: f32, q: f32) -> SvfParams<f32> {
    SvfParams { sample_rate: rate, cutoff: cutoff.min(0.45 * rate), q, gain: 1.0 }
}

/// White noise with a seed.
fn noise(seed: u32) -> Noise {
    let mut noise = Noise::new();
    noise.set(Setting::seed(u64::from(seed) << 24));
    noise.reset();
    noise
}

/// Gains of the left and right channel at a pan of -1 to 1, at constant power.
fn sides(pan: f32) -> (f32, f32) {
    let angle = (1.0 + pan) * std::f32::consts::FRAC_PI_4;
    (std::f32::consts::SQRT_2 * angle.cos(), std::f32::consts::SQRT_2 * angle.sin())
}

/// Random numbers of one stroke: a function of the drum's seed and the stroke count.
#[derive(Clone, Copy)]
struct StrokeRng(u32);

impl StrokeRng {
    fn of(seed: u32, stroke: u32) -> Self {
        StrokeRng(seed.wrapping_mul(0x9e37_79b9) ^ stroke.wrapping_mul(0x85eb_ca6b))
    }

    /// A number between -1 and 1.
    fn draw(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 15).wrapping_mul(mixed | 1);
        mixed ^= mixed.wrapping_add((mixed ^ mixed >> 7).wrapping_mul(mixed | 61));
        mixed ^= mixed >> 14;
        (mixed >> 8) as f32 / f32::from(u16::MAX) / 128.0 - 1.0
    }
}
