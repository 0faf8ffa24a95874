//! Parameters of hats and cymbals, and of the ways of striking them.

use super::cymbal::{Blow, CymbalSpec};

pub(super) const CLOSED_HAT: CymbalSpec = CymbalSpec {
    bell: &[],
    bell_ring: (1.0, 1.0),
    banks: 2,
    range: (900.0, 13_500.0),
    ring: (0.12, 0.1),
    hiss: (4_000.0, 14_000.0),
    hiss_ring: (0.13, 0.12),
    hiss_rise: (0.0005, 0.0005),
    hiss_tilt: 0.3,
    sizzle: 0.0,
    pan: -0.25,
};

pub(super) const HALF_OPEN_HAT: CymbalSpec = CymbalSpec {
    range: (600.0, 13_500.0),
    ring: (0.65, 0.5),
    hiss_ring: (0.75, 0.6),
    hiss_rise: (0.001, 0.002),
    sizzle: 0.6,
    ..CLOSED_HAT
};

pub(super) const OPEN_HAT: CymbalSpec = CymbalSpec {
    range: (450.0, 13_500.0),
    ring: (1.7, 1.2),
    hiss_ring: (1.6, 1.1),
    hiss_rise: (0.001, 0.004),
    sizzle: 0.15,
    ..CLOSED_HAT
};

pub(super) const CRASH: CymbalSpec = CymbalSpec {
    banks: 4,
    range: (300.0, 11_000.0),
    ring: (6.5, 3.0),
    hiss: (2_200.0, 13_000.0),
    hiss_ring: (5.0, 2.0),
    hiss_rise: (0.003, 0.012),
    hiss_tilt: -0.2,
    sizzle: 0.0,
    pan: -0.4,
    ..CLOSED_HAT
};

pub(super) const SECOND_CRASH: CymbalSpec = CymbalSpec {
    range: (410.0, 12_500.0),
    ring: (5.8, 2.6),
    hiss: (2_900.0, 14_500.0),
    hiss_ring: (4.4, 1.8),
    pan: 0.5,
    ..CRASH
};

pub(super) const RIDE: CymbalSpec = CymbalSpec {
    bell: &[587.0, 921.0, 1_433.0, 2_118.0, 2_990.0, 4_021.0, 5_230.0, 6_710.0],
    bell_ring: (4.5, 2.2),
    banks: 4,
    range: (380.0, 9_500.0),
    ring: (5.5, 2.8),
    hiss: (2_500.0, 11_000.0),
    hiss_ring: (3.5, 1.8),
    hiss_rise: (0.003, 0.006),
    hiss_tilt: -0.2,
    sizzle: 0.0,
    pan: 0.4,
};

pub(super) const CLOSED_BOW: Blow = Blow {
    plate: 0.8,
    bell: 0.0,
    hiss: 0.12,
    tick: 0.3,
    contact: (0.008, 15_000.0),
    pulse: 0.3,
    tilt: 0.35,
};

pub(super) const CLOSED_EDGE: Blow =
    Blow { plate: 1.3, hiss: 0.2, tick: 0.25, contact: (0.014, 13_000.0), tilt: 0.1, ..CLOSED_BOW };

pub(super) const PEDAL: Blow = Blow {
    plate: 0.7,
    hiss: 0.06,
    tick: 0.0,
    contact: (0.02, 5_500.0),
    pulse: 0.0,
    tilt: -0.3,
    ..CLOSED_BOW
};

pub(super) const OPEN_BOW: Blow =
    Blow { plate: 0.7, hiss: 0.12, contact: (0.015, 15_000.0), tilt: 0.3, ..CLOSED_BOW };

pub(super) const OPEN_EDGE: Blow =
    Blow { plate: 1.0, hiss: 0.18, tick: 0.2, contact: (0.03, 14_000.0), tilt: 0.1, ..OPEN_BOW };

pub(super) const CRASH_BOW: Blow = Blow {
    plate: 1.2,
    hiss: 0.12,
    tick: 0.25,
    contact: (0.02, 13_000.0),
    pulse: 0.2,
    tilt: 0.2,
    ..CLOSED_BOW
};

pub(super) const CRASH_EDGE: Blow = Blow {
    plate: 1.6,
    hiss: 0.2,
    tick: 0.1,
    contact: (0.06, 13_000.0),
    pulse: 0.1,
    tilt: 0.0,
    ..CLOSED_BOW
};

pub(super) const RIDE_BOW: Blow = Blow {
    plate: 0.6,
    bell: 0.2,
    hiss: 0.025,
    tick: 0.6,
    contact: (0.003, 12_000.0),
    pulse: 0.7,
    tilt: 0.3,
};

pub(super) const RIDE_EDGE: Blow = Blow {
    plate: 1.5,
    bell: 0.1,
    hiss: 0.16,
    tick: 0.1,
    contact: (0.05, 12_000.0),
    pulse: 0.1,
    tilt: 0.0,
};

pub(super) const RIDE_BELL: Blow = Blow {
    plate: 0.25,
    bell: 1.1,
    hiss: 0.01,
    tick: 0.4,
    contact: (0.002, 13_000.0),
    pulse: 1.0,
    tilt: 0.2,
};
