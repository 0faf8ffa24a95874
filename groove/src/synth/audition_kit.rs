//! The kit: nine drums, the level, and the soft clipper.

use multiversion::multiversion;

use super::cymbal::{CLOSED_HAT, CRASH, Cymbal, OPEN_HAT, RIDE};
use super::dsp::decay;
use super::membrane::{HIGH_TOM, KICK, LOW_TOM, MID_TOM, Membrane, SNARE};
use crate::model::activation::tanh;
use crate::pattern::drum::Drum;

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
                membrane(&KICK, 1),
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
        let [kick, snare, low, mid, high] = &mut self.membranes;
        match drum {
            Drum::Kick => kick.strike(velocity),
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
