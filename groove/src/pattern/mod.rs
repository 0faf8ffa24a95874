//! Steps and bars: fixed size and `Copy`, so that a bar can cross to the audio thread and be
//! dropped there for nothing.
//!
//! A step is a sixteenth note. A hit is a class, a velocity and an offset. Offsets are kept in
//! [`TICKS_PER_STEP`]ths of a step, the resolution of the MIDI files that we write, so that a
//! pattern survives a round trip through a file unchanged.

mod bar;
pub mod clip;
pub mod drum;
mod hit;
#[cfg(feature = "model")]
pub mod kit;
pub mod midi;
pub mod style;

pub use bar::{Bar, MAX_STEPS, Meter, STEPS_PER_BEAT, bars};
pub use hit::{Hit, Step, TICKS_PER_STEP};
