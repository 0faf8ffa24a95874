//! Playback: transport, performance controls, and notes at sample offsets.

pub mod clock;
#[cfg(test)]
mod clock_tests;
pub mod drum_maps;
#[cfg(feature = "model")]
pub mod perform;
pub mod schedule;
#[cfg(test)]
mod schedule_tests;
