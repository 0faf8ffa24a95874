//! Parameters of the drum machines.

use super::super::membrane::MembraneSpec;
use super::clap::ClapSpec;

/// Parameters of a hat or cymbal.
pub(super) struct MetalSound {
    /// Only the cowbell's two square waves are heard, not all six.
    pub(super) cowbell: bool,
    /// Lower and upper band: centre in Hz, quality, level, decay to -60 dB in seconds.
    pub(super) bands: [(f32, f32, f32, f32); 2],
    /// Lower cutoff of both, in Hz.
    pub(super) floor: f32,
    /// Noise: lower cutoff in Hz, level, decay to -60 dB in seconds.
    pub(super) noise: (f32, f32, f32),
    /// Overall level.
    pub(super) level: f32,
    /// Pan, -1 (left) to 1 (right).
    pub(super) pan: f32,
}

/// All sounds of a machine.
pub(super) struct MachineSounds {
    pub(super) kick: MembraneSpec,
    pub(super) snare: MembraneSpec,
    /// Rim, a short click of wood.
    pub(super) rim: MembraneSpec,
    pub(super) clap: ClapSpec,
    /// Low, mid and high tom, and the same with a hard attack.
    pub(super) toms: [MembraneSpec; 3],
    pub(super) accented_toms: [MembraneSpec; 3],
    pub(super) closed_hat: MetalSound,
    pub(super) pedal_hat: MetalSound,
    pub(super) half_open_hat: MetalSound,
    pub(super) open_hat: MetalSound,
    pub(super) crash: MetalSound,
    pub(super) second_crash: MetalSound,
    pub(super) splash: MetalSound,
    pub(super) ride: MetalSound,
    pub(super) bell: MetalSound,
}

/// A drum without noise; the base of the others.
const PLAIN: MembraneSpec = MembraneSpec {
    pitch: 50.0,
    partials: &[(1.0, 1.0, 0.6)],
    bend: [(0.0, 0.1), (0.0, 0.1)],
    knock: (3_000.0, 0.0, 0.01),
    wires: (1_000.0, 0.0, 0.1),
    drive: 1.2,
    level: 1.0,
    pan: 0.0,
    apart: 0.0,
    varies: 0.2,
    damps: 0.03,
};

/// A tom: pitch in Hz, decay to -60 dB in seconds, pitch bend, click, pan.
const fn tom(base: MembraneSpec, pitch: f32, pan: f32) -> MembraneSpec {
    MembraneSpec { pitch, pan, ..base }
}

const DEEP_TOM: MembraneSpec = MembraneSpec {
    partials: &[(1.0, 1.0, 0.8), (1.9, 0.1, 0.2)],
    bend: [(0.45, 0.08), (0.12, 0.4)],
    knock: (900.0, 0.4, 0.02),
    wires: (600.0, 0.06, 0.25),
    level: 1.05,
    damps: 0.1,
    ..PLAIN
};

const DEEP_TOM_ACCENT: MembraneSpec = MembraneSpec {
    bend: [(0.9, 0.08), (0.2, 0.4)],
    knock: (1_800.0, 1.6, 0.015),
    level: 1.3,
    ..DEEP_TOM
};

const CLUB_TOM: MembraneSpec = MembraneSpec {
    partials: &[(1.0, 1.0, 0.75), (1.5, 0.35, 0.35), (2.77, 0.15, 0.2)],
    bend: [(0.8, 0.1), (0.25, 0.35)],
    knock: (2_200.0, 0.9, 0.012),
    wires: (900.0, 0.08, 0.15),
    drive: 1.6,
    level: 1.05,
    damps: 0.1,
    ..PLAIN
};

const CLUB_TOM_ACCENT: MembraneSpec = MembraneSpec {
    bend: [(1.6, 0.1), (0.35, 0.35)],
    knock: (2_800.0, 2.6, 0.012),
    level: 1.35,
    ..CLUB_TOM
};

const DEEP_HAT: MetalSound = MetalSound {
    cowbell: false,
    bands: [(7_100.0, 2.0, 1.6, 0.1), (10_500.0, 1.6, 3.2, 0.09)],
    floor: 6_500.0,
    noise: (9_000.0, 0.0, 0.1),
    level: 0.9,
    pan: -0.15,
};

const CLUB_HAT: MetalSound = MetalSound {
    bands: [(6_200.0, 1.6, 1.4, 0.11), (9_600.0, 1.2, 2.2, 0.1)],
    floor: 5_500.0,
    noise: (8_000.0, 0.32, 0.12),
    level: 1.0,
    ..DEEP_HAT
};

const DEEP_CYMBAL: MetalSound = MetalSound {
    bands: [(3_440.0, 2.2, 1.3, 1.1), (7_100.0, 1.4, 2.4, 2.4)],
    floor: 2_600.0,
    noise: (8_000.0, 0.05, 1.5),
    level: 0.6,
    pan: -0.3,
    ..DEEP_HAT
};

const CLUB_CYMBAL: MetalSound = MetalSound {
    bands: [(4_200.0, 1.2, 1.0, 2.0), (8_200.0, 1.0, 1.6, 2.8)],
    floor: 3_000.0,
    noise: (5_500.0, 0.3, 2.6),
    level: 1.05,
    pan: -0.3,
    ..DEEP_HAT
};

/// Analogue machine with a long low kick. Frequencies of kick, rim, snare and cowbell are those of
/// the circuits of its model, in the middle of their controls.
pub(super) static DEEP: MachineSounds = MachineSounds {
    kick: MembraneSpec {
        pitch: 49.5,
        partials: &[(1.0, 1.0, 2.0), (2.0, 0.05, 0.15)],
        bend: [(1.6, 0.03), (0.12, 0.35)],
        knock: (1_800.0, 0.5, 0.006),
        drive: 1.3,
        level: 1.2,
        damps: 0.06,
        ..PLAIN
    },
    snare: MembraneSpec {
        pitch: 173.0,
        partials: &[(1.0, 0.7, 0.22), (1.94, 0.4, 0.14)],
        bend: [(0.3, 0.015), (0.0, 0.1)],
        knock: (2_000.0, 0.5, 0.006),
        wires: (1_800.0, 0.75, 0.32),
        damps: 0.08,
        level: 1.05,
        ..PLAIN
    },
    rim: MembraneSpec {
        pitch: 455.0,
        partials: &[(1.0, 0.6, 0.04), (3.664, 1.0, 0.045)],
        knock: (3_400.0, 1.0, 0.005),
        drive: 1.8,
        level: 1.1,
        ..PLAIN
    },
    clap: ClapSpec {
        band: (1_050.0, 1.3),
        apart: 0.01,
        burst: 0.03,
        tail: (0.6, 0.32),
        level: 2.6,
    },
    toms: [tom(DEEP_TOM, 85.0, 0.3), tom(DEEP_TOM, 125.0, 0.05), tom(DEEP_TOM, 175.0, -0.3)],
    accented_toms: [
        tom(DEEP_TOM_ACCENT, 85.0, 0.3),
        tom(DEEP_TOM_ACCENT, 125.0, 0.05),
        tom(DEEP_TOM_ACCENT, 175.0, -0.3),
    ],
    closed_hat: DEEP_HAT,
    pedal_hat: MetalSound {
        bands: [(5_000.0, 1.6, 1.2, 0.07), (8_000.0, 1.6, 1.2, 0.06)],
        floor: 3_000.0,
        level: 0.4,
        ..DEEP_HAT
    },
    half_open_hat: MetalSound {
        bands: [(7_100.0, 2.0, 1.6, 0.34), (10_500.0, 1.6, 3.2, 0.3)],
        level: 0.65,
        ..DEEP_HAT
    },
    open_hat: MetalSound {
        bands: [(7_100.0, 2.0, 1.6, 0.85), (10_500.0, 1.6, 3.2, 0.75)],
        level: 0.65,
        ..DEEP_HAT
    },
    crash: DEEP_CYMBAL,
    second_crash: MetalSound {
        bands: [(4_300.0, 2.2, 1.3, 1.0), (8_600.0, 1.4, 2.6, 2.0)],
        pan: 0.35,
        ..DEEP_CYMBAL
    },
    splash: MetalSound {
        bands: [(5_200.0, 2.0, 1.2, 0.4), (9_500.0, 1.4, 2.8, 0.8)],
        pan: 0.35,
        ..DEEP_CYMBAL
    },
    ride: MetalSound {
        bands: [(5_200.0, 3.0, 1.3, 0.5), (9_200.0, 2.0, 1.5, 1.2)],
        floor: 4_000.0,
        noise: (8_000.0, 0.0, 0.5),
        level: 0.75,
        pan: 0.3,
        ..DEEP_HAT
    },
    bell: MetalSound {
        cowbell: true,
        bands: [(2_640.0, 1.0, 0.6, 0.09), (800.0, 1.0, 0.7, 0.65)],
        floor: 400.0,
        noise: (8_000.0, 0.0, 0.1),
        level: 0.9,
        pan: 0.3,
    },
};

/// Machine with a hard kick, a bright snare, and sampled cymbals in its model.
pub(super) static CLUB: MachineSounds = MachineSounds {
    kick: MembraneSpec {
        pitch: 52.0,
        partials: &[(1.0, 1.0, 0.62), (2.0, 0.08, 0.12)],
        bend: [(4.0, 0.06), (0.6, 0.2)],
        knock: (3_600.0, 3.2, 0.008),
        drive: 1.9,
        level: 1.4,
        ..PLAIN
    },
    snare: MembraneSpec {
        pitch: 186.0,
        partials: &[(1.0, 0.7, 0.2), (1.73, 0.45, 0.14)],
        bend: [(0.7, 0.03), (0.05, 0.1)],
        knock: (3_000.0, 1.2, 0.008),
        wires: (1_100.0, 0.85, 0.4),
        damps: 0.08,
        drive: 1.5,
        level: 1.0,
        ..PLAIN
    },
    rim: MembraneSpec {
        pitch: 220.0,
        partials: &[(1.0, 0.5, 0.04), (2.27, 0.8, 0.045), (4.55, 0.8, 0.03)],
        knock: (3_000.0, 1.6, 0.005),
        drive: 2.2,
        level: 1.15,
        ..PLAIN
    },
    clap: ClapSpec {
        band: (1_200.0, 1.0),
        apart: 0.0105,
        burst: 0.03,
        tail: (0.55, 0.42),
        level: 2.7,
    },
    toms: [tom(CLUB_TOM, 88.0, 0.3), tom(CLUB_TOM, 130.0, 0.05), tom(CLUB_TOM, 180.0, -0.3)],
    accented_toms: [
        tom(CLUB_TOM_ACCENT, 88.0, 0.3),
        tom(CLUB_TOM_ACCENT, 130.0, 0.05),
        tom(CLUB_TOM_ACCENT, 180.0, -0.3),
    ],
    closed_hat: CLUB_HAT,
    pedal_hat: MetalSound {
        bands: [(4_600.0, 1.4, 1.2, 0.08), (7_500.0, 1.4, 1.0, 0.07)],
        floor: 2_800.0,
        noise: (6_000.0, 0.08, 0.06),
        level: 0.4,
        ..CLUB_HAT
    },
    half_open_hat: MetalSound {
        bands: [(6_200.0, 1.6, 1.4, 0.34), (9_600.0, 1.2, 2.2, 0.34)],
        noise: (8_000.0, 0.32, 0.36),
        ..CLUB_HAT
    },
    open_hat: MetalSound {
        bands: [(6_200.0, 1.6, 1.4, 0.8), (9_600.0, 1.2, 2.2, 0.8)],
        noise: (8_000.0, 0.32, 0.9),
        ..CLUB_HAT
    },
    crash: CLUB_CYMBAL,
    second_crash: MetalSound {
        bands: [(5_000.0, 1.2, 1.0, 1.7), (9_300.0, 1.0, 1.6, 2.3)],
        noise: (6_500.0, 0.3, 2.1),
        pan: 0.35,
        ..CLUB_CYMBAL
    },
    splash: MetalSound {
        bands: [(5_400.0, 1.4, 1.0, 0.5), (9_800.0, 1.2, 1.8, 0.8)],
        noise: (7_000.0, 0.3, 0.7),
        pan: 0.35,
        ..CLUB_CYMBAL
    },
    ride: MetalSound {
        bands: [(4_800.0, 2.4, 1.2, 1.0), (8_600.0, 1.6, 1.2, 1.6)],
        floor: 3_500.0,
        noise: (9_000.0, 0.06, 1.0),
        level: 0.7,
        pan: 0.3,
        ..DEEP_HAT
    },
    bell: MetalSound {
        cowbell: true,
        bands: [(3_200.0, 1.0, 0.9, 0.4), (1_080.0, 1.0, 0.5, 0.5)],
        floor: 600.0,
        noise: (8_000.0, 0.04, 0.05),
        level: 0.8,
        pan: 0.3,
    },
};
