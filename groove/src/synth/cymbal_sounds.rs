//! Parameters of hats and cymbals, and of the ways of striking them.

use super::cymbal::{Blow, CymbalSpec};
use super::hiss::HissSpec;

pub(super) const CLOSED_HAT: CymbalSpec = CymbalSpec {
    bell: &[],
    bell_ring: (1.0, 1.0),
    banks: 2,
    range: (900.0, 13_500.0),
    ring: (0.14, 0.13),
    hiss: HissSpec {
        range: (5_000.0, 15_500.0),
        ring: (0.17, 0.15),
        rise: (0.0005, 0.0005),
        tilt: 0.3,
        sizzle: 0.0,
    },
    pan: -0.25,
};

pub(super) const HALF_OPEN_HAT: CymbalSpec = CymbalSpec {
    range: (600.0, 13_500.0),
    ring: (0.65, 0.5),
    hiss: HissSpec { ring: (0.75, 0.6), rise: (0.001, 0.002), sizzle: 0.6, ..CLOSED_HAT.hiss },
    ..CLOSED_HAT
};

pub(super) const OPEN_HAT: CymbalSpec = CymbalSpec {
    range: (450.0, 13_500.0),
    ring: (1.7, 1.2),
    hiss: HissSpec { ring: (1.6, 1.1), rise: (0.001, 0.004), sizzle: 0.15, ..CLOSED_HAT.hiss },
    ..CLOSED_HAT
};

pub(super) const CRASH: CymbalSpec = CymbalSpec {
    bell: &[],
    bell_ring: (1.0, 1.0),
    banks: 4,
    range: (300.0, 11_000.0),
    ring: (6.5, 3.0),
    hiss: HissSpec {
        range: (2_200.0, 13_000.0),
        ring: (5.0, 2.0),
        rise: (0.003, 0.012),
        tilt: -0.2,
        sizzle: 0.0,
    },
    pan: -0.4,
};

pub(super) const SECOND_CRASH: CymbalSpec = CymbalSpec {
    range: (410.0, 12_500.0),
    ring: (5.8, 2.6),
    hiss: HissSpec { range: (2_900.0, 14_500.0), ring: (4.4, 1.8), ..CRASH.hiss },
    pan: 0.5,
    ..CRASH
};

pub(super) const RIDE: CymbalSpec = CymbalSpec {
    bell: &[587.0, 921.0, 1_433.0, 2_118.0, 2_990.0, 4_021.0, 5_230.0, 6_710.0],
    bell_ring: (4.5, 2.2),
    banks: 4,
    range: (380.0, 11_000.0),
    ring: (6.5, 0.9),
    hiss: HissSpec {
        range: (2_500.0, 11_000.0),
        ring: (3.5, 1.8),
        rise: (0.003, 0.006),
        tilt: -0.2,
        sizzle: 0.0,
    },
    pan: 0.4,
};

pub(super) const CLOSED_BOW: Blow = Blow {
    plate: 0.203,
    bell: 0.0,
    hiss: 0.099,
    tick: (0.158, 0.006),
    contact: (0.006, 15_000.0),
    pulse: 0.15,
    tilt: 0.6,
};

pub(super) const CLOSED_EDGE: Blow = Blow {
    plate: 0.3,
    hiss: 0.14,
    tick: (0.113, 0.006),
    contact: (0.012, 14_000.0),
    tilt: 0.3,
    ..CLOSED_BOW
};

pub(super) const PEDAL: Blow = Blow {
    plate: 0.15,
    hiss: 0.03,
    tick: (0.0, 0.006),
    contact: (0.02, 6_500.0),
    pulse: 0.0,
    tilt: 0.0,
    ..CLOSED_BOW
};

pub(super) const OPEN_BOW: Blow =
    Blow { plate: 0.117, hiss: 0.072, contact: (0.012, 15_000.0), tilt: 0.5, ..CLOSED_BOW };

pub(super) const OPEN_EDGE: Blow = Blow {
    plate: 0.189,
    hiss: 0.108,
    tick: (0.09, 0.006),
    contact: (0.03, 14_000.0),
    tilt: 0.3,
    ..OPEN_BOW
};

pub(super) const CRASH_BOW: Blow = Blow {
    plate: 0.18,
    hiss: 0.096,
    tick: (0.15, 0.006),
    contact: (0.02, 14_000.0),
    pulse: 0.2,
    tilt: 0.35,
    ..CLOSED_BOW
};

pub(super) const CRASH_EDGE: Blow = Blow {
    plate: 0.231,
    hiss: 0.132,
    tick: (0.055, 0.006),
    contact: (0.06, 14_000.0),
    pulse: 0.1,
    tilt: 0.15,
    ..CLOSED_BOW
};

pub(super) const RIDE_BOW: Blow = Blow {
    plate: 0.105,
    bell: 0.025,
    hiss: 0.008,
    tick: (0.65, 0.016),
    contact: (0.003, 14_000.0),
    pulse: 0.7,
    tilt: 0.9,
};

pub(super) const RIDE_EDGE: Blow = Blow {
    plate: 0.24,
    bell: 0.03,
    hiss: 0.096,
    tick: (0.09, 0.006),
    contact: (0.05, 13_000.0),
    pulse: 0.1,
    tilt: 0.2,
};

pub(super) const RIDE_BELL: Blow = Blow {
    plate: 0.035,
    bell: 0.18,
    hiss: 0.007,
    tick: (0.25, 0.006),
    contact: (0.002, 14_000.0),
    pulse: 1.0,
    tilt: 0.3,
};
