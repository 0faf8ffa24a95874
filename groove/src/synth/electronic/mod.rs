//! The electronic kits: drum machines, of which each is a set of parameters for the same voices.
//!
//! Kick, snare, rim and toms are membranes of few partials; `clap` is gated noise; hats and cymbals
//! are six square waves through filters (`metal`). `sounds` has the parameters.

mod clap;
mod metal;
mod sounds;

use std::cmp::Ordering;

use super::dsp::{CHOKE, PART};
use super::kits::Machine;
use super::membrane::Membrane;
use super::outputs::Outputs;
use super::trims::Trim;
use crate::pattern::Articulation;
use crate::pattern::drum::Drum;
use clap::Clap;
use metal::{Metal, Oscillators};
use sounds::{CLUB, DEEP, MachineSounds, MetalSound};

/// Level of an edge or accent over a plain stroke, as a factor.
const ACCENT: f32 = 1.3;

/// Drums of the membranes and of hats and cymbals.
const MEMBRANES: [Drum; 5] = [Drum::Kick, Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom];
const METALS: [Drum; 7] = [
    Drum::ClosedHat,
    Drum::OpenHat,
    Drum::OpenHat,
    Drum::Crash,
    Drum::Crash,
    Drum::Ride,
    Drum::Ride,
];

/// The voices of the electronic kits.
pub(super) struct ElectronicKit {
    membranes: [Membrane; 5],
    clap: Clap,
    oscillators: Oscillators,
    /// Closed, half-open and open hat, two crashes, ride, bell.
    metals: [Metal; 7],
}

impl ElectronicKit {
    /// A silent kit for a sample rate in Hz.
    pub(super) fn new(rate: f32) -> Self {
        let membrane = |spec, seed| Membrane::new(spec, rate, seed);
        ElectronicKit {
            membranes: [
                membrane(&CLUB.kick, 11),
                membrane(&CLUB.snare, 12),
                membrane(&CLUB.toms[0], 13),
                membrane(&CLUB.toms[1], 14),
                membrane(&CLUB.toms[2], 15),
            ],
            clap: Clap::new(rate, 16),
            oscillators: Oscillators::new(rate),
            metals: [17, 18, 19, 20, 21, 22, 23].map(|seed| Metal::new(rate, seed)),
        }
    }

    /// Strikes a drum of a machine at a velocity of 0 to 1.
    pub(super) fn strike(
        &mut self,
        machine: Machine,
        (drum, articulation): (Drum, Articulation),
        velocity: f32,
        trim: &Trim,
    ) {
        let (sounds, other) = match machine {
            Machine::Club => (&CLUB, &DEEP),
            Machine::Deep => (&DEEP, &CLUB),
        };
        let [kick, snare, toms @ ..] = &mut self.membranes;
        match (drum, articulation) {
            (Drum::Kick, Articulation::Second) => kick.strike(&other.kick, velocity, trim),
            (Drum::Kick, _) => kick.strike(&sounds.kick, velocity, trim),
            (Drum::Snare, Articulation::Clap) => self.clap.strike(&sounds.clap, velocity, trim),
            (Drum::Snare, Articulation::CrossStick) => snare.strike(&sounds.rim, velocity, trim),
            (Drum::Snare, Articulation::Rim) => {
                snare.strike(&sounds.snare, velocity, trim);
                self.clap.strike(&sounds.clap, velocity, trim);
            }
            (Drum::Snare, _) => snare.strike(&sounds.snare, velocity, trim),
            (Drum::LowTom | Drum::MidTom | Drum::HighTom, Articulation::Rim) => {
                let place = drum.index() - Drum::LowTom.index();
                toms[place].strike(&sounds.accented_toms[place], velocity, trim);
            }
            (Drum::LowTom | Drum::MidTom | Drum::HighTom, _) => {
                let place = drum.index() - Drum::LowTom.index();
                toms[place].strike(&sounds.toms[place], velocity, trim);
            }
            (Drum::ClosedHat | Drum::OpenHat, _) => {
                self.strike_hat(sounds, (drum, articulation), velocity, trim);
            }
            (Drum::Crash | Drum::Ride, _) => {
                let (voice, sound, level) = cymbal(sounds, drum, articulation);
                self.metals[voice].strike(sound, level, velocity, trim);
            }
        }
    }

    /// Strikes the hi-hat. A closed one chokes what rings.
    fn strike_hat(
        &mut self,
        sounds: &'static MachineSounds,
        (drum, articulation): (Drum, Articulation),
        velocity: f32,
        trim: &Trim,
    ) {
        let (voice, sound, level) = match (drum, articulation) {
            (Drum::OpenHat, Articulation::HalfOpen) => (1, &sounds.half_open_hat, 1.0),
            (Drum::OpenHat, Articulation::HalfOpenEdge) => (1, &sounds.half_open_hat, ACCENT),
            (Drum::OpenHat, Articulation::Edge) => (2, &sounds.open_hat, ACCENT),
            (Drum::OpenHat, _) => (2, &sounds.open_hat, 1.0),
            (_, Articulation::Pedal) => (0, &sounds.pedal_hat, 1.0),
            (_, Articulation::Edge) => (0, &sounds.closed_hat, ACCENT),
            _ => (0, &sounds.closed_hat, 1.0),
        };
        for (other, hat) in self.metals[..3].iter_mut().enumerate() {
            match other.cmp(&voice) {
                Ordering::Less => hat.choke(PART),
                Ordering::Equal => hat.strike(sound, level, velocity, trim),
                Ordering::Greater => hat.choke(CHOKE),
            }
        }
    }

    /// Damps a crash or ride; other drums ring on.
    pub(super) fn choke(&mut self, drum: Drum, articulation: Articulation, seconds: f32) {
        let voices = match (drum, articulation.piece()) {
            (Drum::Crash, Articulation::Second) => 4..5,
            (Drum::Crash, _) => 3..4,
            (Drum::Ride, _) => 5..7,
            _ => 0..0,
        };
        self.metals[voices].iter_mut().for_each(|metal| metal.choke(seconds));
    }

    /// Fades everything out in a time in seconds.
    pub(super) fn fade(&mut self, seconds: f32) {
        self.membranes.iter_mut().for_each(|membrane| membrane.fade(seconds));
        self.clap.fade(seconds);
        self.metals.iter_mut().for_each(|metal| metal.choke(seconds));
    }

    pub(super) fn is_silent(&self) -> bool {
        self.membranes.iter().all(Membrane::is_silent)
            && self.clap.is_silent()
            && self.metals.iter().all(Metal::is_silent)
    }

    /// Adds the next samples.
    pub(super) fn add(&mut self, outputs: &mut Outputs) {
        for (membrane, drum) in self.membranes.iter_mut().zip(MEMBRANES) {
            let [left, right] = outputs.of(drum);
            membrane.add(left, right);
        }
        let [left, right] = outputs.of(Drum::Snare);
        self.clap.add(left, right);
        metal::add(&mut self.oscillators, &mut self.metals, &METALS, outputs);
    }
}

/// Voice, sound and level of a stroke on crash or ride.
fn cymbal(
    sounds: &'static MachineSounds,
    drum: Drum,
    articulation: Articulation,
) -> (usize, &'static MetalSound, f32) {
    match (drum, articulation) {
        (Drum::Ride, Articulation::Bell) => (6, &sounds.bell, 1.0),
        (Drum::Ride, Articulation::Edge) => (5, &sounds.ride, ACCENT),
        (Drum::Ride, _) => (5, &sounds.ride, 1.0),
        (_, Articulation::Edge) => (3, &sounds.crash, ACCENT),
        (_, Articulation::Second | Articulation::China) => (4, &sounds.second_crash, 1.0),
        (_, Articulation::SecondEdge) => (4, &sounds.second_crash, ACCENT),
        (_, Articulation::Splash) => (4, &sounds.splash, 1.0),
        _ => (3, &sounds.crash, 1.0),
    }
}
