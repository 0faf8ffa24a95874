//! The kit: five drums with a membrane, hats and cymbals, the level, and the soft clipper.

use std::cmp::Ordering;

use multiversion::multiversion;

use super::cymbal::Cymbal;
use super::cymbal_sounds::{
    CLOSED_BOW, CLOSED_EDGE, CLOSED_HAT, CRASH, CRASH_BOW, CRASH_EDGE, HALF_OPEN_HAT, OPEN_BOW,
    OPEN_EDGE, OPEN_HAT, PEDAL, RIDE, RIDE_BELL, RIDE_BOW, RIDE_EDGE, SECOND_CRASH,
};
use super::dsp::decay;
use super::membrane::Membrane;
use super::membrane_sounds::{
    CROSS_STICK, HIGH_TOM, HIGH_TOM_RIM, KICK, LOW_TOM, LOW_TOM_RIM, MID_TOM, MID_TOM_RIM, SNARE,
    SNARE_RIM,
};
use crate::model::kernels::activation::tanh;
use crate::pattern::Articulation;
use crate::pattern::drum::Drum;

/// Decay to -60 dB of a ringing hat whose plates meet, and of a closed or half-open one whose plates
/// part, in seconds.
const CHOKE: f32 = 0.07;
const PART: f32 = 0.15;

/// Decay to -60 dB of a cymbal that a hand holds, in seconds.
const HAND: f32 = 0.2;

/// Decay to -60 dB of everything when the kit is silenced, in seconds.
const SILENCE: f32 = 0.005;

/// Smoothing time of level changes, in seconds.
const FOLLOW: f32 = 0.01;

/// Headroom before the soft clipper, as a factor: the middle of a beat stays in its linear range.
const HEADROOM: f32 = 0.5;

/// The audition kit.
pub struct AuditionKit {
    rate: f32,
    membranes: [Membrane; 5],
    /// Closed, half-open and open hat, two crashes, ride.
    cymbals: [Cymbal; 6],
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
                cymbal(&HALF_OPEN_HAT, 6),
                cymbal(&OPEN_HAT, 6),
                cymbal(&CRASH, 7),
                cymbal(&SECOND_CRASH, 9),
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

    /// Strikes a drum at the next rendered sample, at a MIDI velocity of 1 to 127. An articulation
    /// that the drum lacks counts as plain.
    pub fn strike(&mut self, drum: Drum, articulation: Articulation, velocity: u8) {
        self.sounds = true;
        let velocity = f32::from(velocity.clamp(1, 127)) / 127.0;
        if matches!(drum, Drum::ClosedHat | Drum::OpenHat) {
            return self.strike_hat(drum, articulation, velocity);
        }
        let [.., crash, second, ride] = &mut self.cymbals;
        let [kick, snare, low, mid, high] = &mut self.membranes;
        match (drum, articulation) {
            (Drum::Snare, Articulation::Rim) => snare.strike(&SNARE_RIM, velocity),
            (Drum::Snare, Articulation::CrossStick) => snare.strike(&CROSS_STICK, velocity),
            (Drum::Snare, _) => snare.strike(&SNARE, velocity),
            (Drum::LowTom, Articulation::Rim) => low.strike(&LOW_TOM_RIM, velocity),
            (Drum::LowTom, _) => low.strike(&LOW_TOM, velocity),
            (Drum::MidTom, Articulation::Rim) => mid.strike(&MID_TOM_RIM, velocity),
            (Drum::MidTom, _) => mid.strike(&MID_TOM, velocity),
            (Drum::HighTom, Articulation::Rim) => high.strike(&HIGH_TOM_RIM, velocity),
            (Drum::HighTom, _) => high.strike(&HIGH_TOM, velocity),
            (Drum::Crash, Articulation::Edge) => crash.strike(&CRASH_EDGE, velocity),
            (Drum::Crash, Articulation::Second) => second.strike(&CRASH_BOW, velocity),
            (Drum::Crash, Articulation::SecondEdge) => second.strike(&CRASH_EDGE, velocity),
            (Drum::Crash, _) => crash.strike(&CRASH_BOW, velocity),
            (Drum::Ride, Articulation::Edge) => ride.strike(&RIDE_EDGE, velocity),
            (Drum::Ride, Articulation::Bell) => ride.strike(&RIDE_BELL, velocity),
            (Drum::Ride, _) => ride.strike(&RIDE_BOW, velocity),
            (Drum::Kick | Drum::ClosedHat | Drum::OpenHat, _) => kick.strike(&KICK, velocity),
        }
    }

    /// Strikes the hi-hat. Plates that meet choke what rings.
    fn strike_hat(&mut self, drum: Drum, articulation: Articulation, velocity: f32) {
        let (opening, blow) = match (drum, articulation) {
            (Drum::OpenHat, Articulation::HalfOpen) => (1, &OPEN_BOW),
            (Drum::OpenHat, Articulation::HalfOpenEdge) => (1, &OPEN_EDGE),
            (Drum::OpenHat, Articulation::Edge) => (2, &OPEN_EDGE),
            (Drum::OpenHat, _) => (2, &OPEN_BOW),
            (_, Articulation::Edge) => (0, &CLOSED_EDGE),
            (_, Articulation::Pedal) => (0, &PEDAL),
            _ => (0, &CLOSED_BOW),
        };
        for (other, hat) in self.cymbals[..3].iter_mut().enumerate() {
            match other.cmp(&opening) {
                Ordering::Less => hat.choke(PART),
                Ordering::Equal => hat.strike(blow, velocity),
                Ordering::Greater => hat.choke(CHOKE),
            }
        }
    }

    /// Damps a crash or ride as a hand does, from the next rendered sample on. Other drums ring on.
    pub fn choke(&mut self, drum: Drum, articulation: Articulation) {
        let [.., crash, second, ride] = &mut self.cymbals;
        match (drum, articulation.piece()) {
            (Drum::Crash, Articulation::Second) => second.choke(HAND),
            (Drum::Crash, _) => crash.choke(HAND),
            (Drum::Ride, _) => ride.choke(HAND),
            _ => {}
        }
    }

    /// Fades everything out as fast as possible without a click.
    pub fn silence(&mut self) {
        self.membranes.iter_mut().for_each(|membrane| membrane.fade(SILENCE));
        self.cymbals.iter_mut().for_each(|cymbal| cymbal.choke(SILENCE));
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
