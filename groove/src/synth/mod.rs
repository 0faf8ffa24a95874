//! The audition kit: nine synthesised drums in stereo, so that a beat is heard before anything is
//! routed.
//!
//! `membrane` has the drums with a skin, `cymbal` the hats and cymbals; their sound is fundsp's
//! oscillators, noise, filters and resonators. Strokes differ in colour as well as in loudness by
//! velocity, and no two are alike: what varies is drawn from the number of strokes so far. A hat
//! that is closed ends the open one.
//!
//! All is of fixed size and made before it plays: nothing is allocated, and what is silent is not
//! computed. Which notes are played, and when, the caller knows.

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

/// How fast the open hat ends where it is closed, and everything where it is silenced, in seconds.
const CHOKE: f32 = 0.05;
const SILENCE: f32 = 0.005;

/// How fast a change of level is followed, in seconds.
const FOLLOW: f32 = 0.01;

/// What is sent is this much below what is drawn, so that the middle of a beat is in the straight
/// part of the curve that keeps every sample within full scale.
const HEADROOM: f32 = 0.5;

/// A kit that plays.
pub struct AuditionKit {
    rate: f32,
    membranes: [Membrane; 5],
    cymbals: [Cymbal; 4],
    level: f32,
    target: f32,
    /// Whether anything sounds: it was struck, and has not been found silent since.
    sounds: bool,
}

impl AuditionKit {
    /// A silent kit at full level, for a sample rate in Hertz; nonsense counts as 48,000.
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

    /// Sets the level as a factor, 0 to 2. It is followed within some milliseconds.
    pub fn set_level(&mut self, level: f32) {
        self.target = if level.is_finite() { level.clamp(0.0, 2.0) } else { 1.0 };
        if !self.sounds {
            self.level = self.target;
        }
    }

    /// Strikes a drum at the next sample that is rendered, at a MIDI velocity of 1 to 127.
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

    /// Ends all that sounds, as fast as makes no click.
    pub fn silence(&mut self) {
        self.membranes.iter_mut().for_each(|membrane| membrane.fade(SILENCE));
        self.cymbals.iter_mut().for_each(|cymbal| cymbal.fade(SILENCE));
    }

    /// Whether nothing sounds, and nothing will until a drum is struck.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        !self.sounds
    }

    /// Renders the next samples over what is there. All are within -1 and 1.
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

/// The curve that keeps every sample within full scale.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn soft_clip(samples: &mut [f32]) {
    samples.iter_mut().for_each(|sample| *sample = tanh(*sample));
}

/// The factor from one sample to the next of what falls by 60 dB in so many seconds.
fn decay(seconds: f32, rate: f32) -> f32 {
    (-6.908 / (seconds * rate)).exp()
}

/// What a filter is made with; its frequency is kept below the highest that there is.
fn filter(rate: f32, cutoff: f32, q: f32) -> SvfParams<f32> {
    SvfParams { sample_rate: rate, cutoff: cutoff.min(0.45 * rate), q, gain: 1.0 }
}

/// White noise that begins at a place of its own.
fn noise(seed: u32) -> Noise {
    let mut noise = Noise::new();
    noise.set(Setting::seed(u64::from(seed) << 24));
    noise.reset();
    noise
}

/// How much of a drum goes left and right, from where it stands, -1 to 1: of the same power.
fn sides(pan: f32) -> (f32, f32) {
    let angle = (1.0 + pan) * std::f32::consts::FRAC_PI_4;
    (std::f32::consts::SQRT_2 * angle.cos(), std::f32::consts::SQRT_2 * angle.sin())
}

/// Draws of one stroke: a function of the drum's seed and the number of its stroke.
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
