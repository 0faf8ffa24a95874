//! Rhythm data: drums, articulations, hits, rudiments, bars, styles and kits, clips and MIDI files.

mod articulation;
mod bar;
pub mod clip;
pub mod drum;
mod hit;
pub mod input_maps;
#[cfg(feature = "model")]
pub mod kit;
pub mod midi;
pub mod pitches;
pub mod rudiment;
mod step;
pub mod style;

pub use articulation::{Articulation, MAX_ARTICULATIONS};
pub use bar::{Bar, MAX_STEPS, Meter, STEPS_PER_BEAT, StoredBar, bars};
pub use hit::{Hit, MAX_CHOKE_TICKS, MAX_STROKES, Stroke, TICKS_PER_STEP};
#[cfg(feature = "model")]
pub(crate) use step::MAX_STEP_STROKES;
pub use step::Step;
