//! Parameters of the drums with a membrane, and of the ways of striking them.

use super::membrane::MembraneSpec;

/// Fade of strokes by the next one, which the stick dampens, in seconds.
const DAMPED: f32 = 0.25;

pub(super) const KICK: MembraneSpec = MembraneSpec {
    pitch: 49.0,
    partials: &[(1.0, 1.0, 0.62), (1.6, 0.25, 0.2), (2.3, 0.12, 0.1)],
    bend: [(3.6, 0.045), (0.35, 0.22)],
    knock: (2_900.0, 4.5, 0.022),
    wires: (1_000.0, 0.0, 0.1),
    drive: 1.8,
    level: 1.35,
    pan: 0.0,
    apart: 0.0,
    varies: 1.0,
    damps: DAMPED,
};

pub(super) const SNARE: MembraneSpec = MembraneSpec {
    pitch: 186.0,
    partials: &[
        (1.0, 0.62, 0.32),
        (1.76, 0.42, 0.24),
        (2.35, 0.16, 0.16),
        (2.93, 0.12, 0.13),
        (3.61, 0.08, 0.1),
    ],
    bend: [(0.25, 0.05), (0.05, 0.2)],
    knock: (2_400.0, 1.4, 0.02),
    wires: (1_500.0, 0.75, 0.48),
    drive: 1.2,
    level: 1.1,
    pan: 0.05,
    apart: 0.06,
    varies: 1.0,
    damps: DAMPED,
};

/// Head and rim together: the shell's and hoop's partials ring above the head's.
pub(super) const SNARE_RIM: MembraneSpec = MembraneSpec {
    pitch: 192.0,
    partials: &[
        (1.0, 0.6, 0.34),
        (1.76, 0.5, 0.28),
        (2.35, 0.26, 0.24),
        (3.61, 0.2, 0.22),
        (5.05, 0.34, 0.34),
        (7.2, 0.24, 0.28),
        (9.9, 0.18, 0.2),
        (13.3, 0.12, 0.12),
    ],
    knock: (3_600.0, 3.4, 0.014),
    wires: (1_700.0, 0.85, 0.48),
    drive: 1.5,
    level: 1.4,
    ..SNARE
};

/// A click of wood; the hand on the head stops the wires.
pub(super) const CROSS_STICK: MembraneSpec = MembraneSpec {
    pitch: 430.0,
    partials: &[
        (1.0, 0.42, 0.07),
        (2.07, 0.62, 0.08),
        (2.83, 0.44, 0.06),
        (4.1, 0.3, 0.045),
        (5.9, 0.12, 0.03),
    ],
    bend: [(0.06, 0.01), (0.0, 0.1)],
    knock: (1_700.0, 2.6, 0.012),
    wires: (1_800.0, 0.05, 0.12),
    drive: 1.2,
    level: 0.95,
    ..SNARE
};

/// Partials of a tom whose lowest one rings for a time in seconds: a circular membrane's, the first
/// ones shifted towards a chord by the air in the shell.
const fn tom(ring: f32) -> [(f32, f32, f32); 5] {
    [
        (1.0, 0.9, ring),
        (1.58, 0.34, 0.55 * ring),
        (2.13, 0.18, 0.36 * ring),
        (2.65, 0.1, 0.24 * ring),
        (3.2, 0.06, 0.16 * ring),
    ]
}

/// Partials of a tom's rim shot: the head's, and those of hoop and shell.
const fn tom_rim(ring: f32) -> [(f32, f32, f32); 7] {
    [
        (1.0, 0.9, ring),
        (1.58, 0.46, 0.55 * ring),
        (2.13, 0.32, 0.36 * ring),
        (3.2, 0.22, 0.3 * ring),
        (5.3, 0.26, 0.25 * ring),
        (7.7, 0.2, 0.18 * ring),
        (10.9, 0.14, 0.12 * ring),
    ]
}

pub(super) const LOW_TOM: MembraneSpec = MembraneSpec {
    pitch: 84.0,
    partials: &tom(1.8),
    bend: [(0.5, 0.06), (0.14, 0.5)],
    knock: (1_500.0, 1.5, 0.025),
    wires: (900.0, 0.05, 0.2),
    drive: 1.3,
    level: 0.95,
    pan: 0.45,
    apart: 0.04,
    varies: 1.0,
    damps: DAMPED,
};

pub(super) const MID_TOM: MembraneSpec = MembraneSpec {
    pitch: 118.0,
    partials: &tom(1.5),
    knock: (1_800.0, 1.5, 0.025),
    pan: 0.05,
    ..LOW_TOM
};

pub(super) const HIGH_TOM: MembraneSpec = MembraneSpec {
    pitch: 160.0,
    partials: &tom(1.2),
    knock: (2_200.0, 1.5, 0.025),
    pan: -0.4,
    ..LOW_TOM
};

pub(super) const LOW_TOM_RIM: MembraneSpec = MembraneSpec {
    partials: &tom_rim(1.8),
    knock: (2_600.0, 3.4, 0.014),
    drive: 1.5,
    level: 1.15,
    ..LOW_TOM
};

pub(super) const MID_TOM_RIM: MembraneSpec = MembraneSpec {
    pitch: 118.0,
    partials: &tom_rim(1.5),
    knock: (2_900.0, 3.4, 0.014),
    pan: 0.05,
    ..LOW_TOM_RIM
};

pub(super) const HIGH_TOM_RIM: MembraneSpec = MembraneSpec {
    pitch: 160.0,
    partials: &tom_rim(1.2),
    knock: (3_300.0, 3.4, 0.014),
    pan: -0.4,
    ..LOW_TOM_RIM
};
