//! Injected faults for tests of fault isolation. Compiled only with the feature `fault`, which this
//! crate's tests enable and no bundle has.

use groove::take::Take;

/// Seed of the take at which the engine panics in every block.
pub const IN_ENGINE: u32 = 65_534;

/// Seed of the take at which the worker panics in every bar.
pub const IN_WORKER: u32 = 65_535;

/// Seed of the take at which drawing the window panics.
pub const IN_WINDOW: u32 = 65_533;

pub(crate) fn in_window(seed: i32) {
    assert_ne!(u32::try_from(seed), Ok(IN_WINDOW), "the window fails on purpose");
}

pub(crate) fn in_engine(seed: u32) {
    assert_ne!(seed, IN_ENGINE, "the audio half fails on purpose");
}

pub(crate) fn in_worker(take: &Take) {
    assert_ne!(take.controls.seed, IN_WORKER, "the worker fails on purpose");
}
