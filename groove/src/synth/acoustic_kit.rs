//! The acoustic kit: five drums with a membrane, hats and cymbals.

use std::cmp::Ordering;

use super::cymbal::Cymbal;
use super::cymbal_sounds::{
    CLOSED_BOW, CLOSED_EDGE, CLOSED_HAT, CRASH, CRASH_BOW, CRASH_EDGE, HALF_OPEN_HAT, OPEN_BOW,
    OPEN_EDGE, OPEN_HAT, PEDAL, RIDE, RIDE_BELL, RIDE_BOW, RIDE_EDGE, SECOND_CRASH,
};
use super::dsp::{CHOKE, PART};
use super::membrane::Membrane;
use super::membrane_sounds::{
    CROSS_STICK, HIGH_TOM, HIGH_TOM_RIM, KICK, LOW_TOM, LOW_TOM_RIM, MID_TOM, MID_TOM_RIM, SNARE,
    SNARE_RIM,
};
use super::outputs::Outputs;
use super::trims::Trim;
use crate::pattern::Articulation;
use crate::pattern::drum::Drum;

/// Drums of the membranes and of the cymbals.
const MEMBRANES: [Drum; 5] = [Drum::Kick, Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom];
const CYMBALS: [Drum; 6] =
    [Drum::ClosedHat, Drum::OpenHat, Drum::OpenHat, Drum::Crash, Drum::Crash, Drum::Ride];

/// The acoustic kit.
pub(super) struct AcousticKit {
    membranes: [Membrane; 5],
    /// Closed, half-open and open hat, two crashes, ride.
    cymbals: [Cymbal; 6],
}

impl AcousticKit {
    /// A silent kit for a sample rate in Hz.
    pub(super) fn new(rate: f32) -> Self {
        let membrane = |spec, seed| Membrane::new(spec, rate, seed);
        let cymbal = |spec, seed| Cymbal::new(spec, rate, seed);
        AcousticKit {
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
        }
    }

    /// Strikes a drum at a velocity of 0 to 1. An articulation that the drum lacks counts as plain.
    pub(super) fn strike(
        &mut self,
        drum: Drum,
        articulation: Articulation,
        velocity: f32,
        trim: &Trim,
    ) {
        if matches!(drum, Drum::ClosedHat | Drum::OpenHat) {
            return self.strike_hat(drum, articulation, velocity, trim);
        }
        let [.., crash, second, ride] = &mut self.cymbals;
        let [kick, snare, low, mid, high] = &mut self.membranes;
        match (drum, articulation) {
            (Drum::Snare, Articulation::Rim) => snare.strike(&SNARE_RIM, velocity, trim),
            (Drum::Snare, Articulation::CrossStick) => snare.strike(&CROSS_STICK, velocity, trim),
            (Drum::Snare, _) => snare.strike(&SNARE, velocity, trim),
            (Drum::LowTom, Articulation::Rim) => low.strike(&LOW_TOM_RIM, velocity, trim),
            (Drum::LowTom, _) => low.strike(&LOW_TOM, velocity, trim),
            (Drum::MidTom, Articulation::Rim) => mid.strike(&MID_TOM_RIM, velocity, trim),
            (Drum::MidTom, _) => mid.strike(&MID_TOM, velocity, trim),
            (Drum::HighTom, Articulation::Rim) => high.strike(&HIGH_TOM_RIM, velocity, trim),
            (Drum::HighTom, _) => high.strike(&HIGH_TOM, velocity, trim),
            (Drum::Crash, Articulation::Edge) => crash.strike(&CRASH_EDGE, velocity, trim),
            (Drum::Crash, Articulation::Second) => second.strike(&CRASH_BOW, velocity, trim),
            (Drum::Crash, Articulation::SecondEdge) => second.strike(&CRASH_EDGE, velocity, trim),
            (Drum::Crash, _) => crash.strike(&CRASH_BOW, velocity, trim),
            (Drum::Ride, Articulation::Edge) => ride.strike(&RIDE_EDGE, velocity, trim),
            (Drum::Ride, Articulation::Bell) => ride.strike(&RIDE_BELL, velocity, trim),
            (Drum::Ride, _) => ride.strike(&RIDE_BOW, velocity, trim),
            (Drum::Kick | Drum::ClosedHat | Drum::OpenHat, _) => kick.strike(&KICK, velocity, trim),
        }
    }

    /// Strikes the hi-hat. Plates that meet choke what rings.
    fn strike_hat(&mut self, drum: Drum, articulation: Articulation, velocity: f32, trim: &Trim) {
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
                Ordering::Equal => hat.strike(blow, velocity, trim),
                Ordering::Greater => hat.choke(CHOKE),
            }
        }
    }

    /// Damps a crash or ride; other drums ring on.
    pub(super) fn choke(&mut self, drum: Drum, articulation: Articulation, seconds: f32) {
        let [.., crash, second, ride] = &mut self.cymbals;
        match (drum, articulation.piece()) {
            (Drum::Crash, Articulation::Second) => second.choke(seconds),
            (Drum::Crash, _) => crash.choke(seconds),
            (Drum::Ride, _) => ride.choke(seconds),
            _ => {}
        }
    }

    /// Fades everything out in a time in seconds.
    pub(super) fn fade(&mut self, seconds: f32) {
        self.membranes.iter_mut().for_each(|membrane| membrane.fade(seconds));
        self.cymbals.iter_mut().for_each(|cymbal| cymbal.choke(seconds));
    }

    pub(super) fn is_silent(&self) -> bool {
        self.membranes.iter().all(Membrane::is_silent) && self.cymbals.iter().all(Cymbal::is_silent)
    }

    /// Adds the next samples.
    pub(super) fn add(&mut self, outputs: &mut Outputs) {
        for (membrane, drum) in self.membranes.iter_mut().zip(MEMBRANES) {
            let [left, right] = outputs.of(drum);
            membrane.add(left, right);
        }
        for (cymbal, drum) in self.cymbals.iter_mut().zip(CYMBALS) {
            let [left, right] = outputs.of(drum);
            cymbal.add(left, right);
        }
    }
}
