//! Faults on purpose, so that tests can show what becomes of them. Only with the feature `fault`,
//! which this crate's tests switch on and no bundle has.

use groove::take::Take;

/// The take at which the audio half fails in every block.
pub const IN_ENGINE: u32 = 65_534;

/// The take at which the worker fails in every bar.
pub const IN_WORKER: u32 = 65_535;

pub(crate) fn in_engine(seed: u32) {
    assert_ne!(seed, IN_ENGINE, "the audio half fails on purpose");
}

pub(crate) fn in_worker(take: &Take) {
    assert_ne!(take.seed, IN_WORKER, "the worker fails on purpose");
}
