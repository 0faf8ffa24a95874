//! Playback: transport, performance controls, and notes at sample offsets.

mod bar_count;
pub mod clock;
#[cfg(test)]
mod clock_tests;
pub mod drum_maps;
mod grid;
#[cfg(feature = "model")]
pub mod perform;
pub mod schedule;
#[cfg(test)]
mod schedule_tests;
