//! The audition kit: synthesised stereo drums, for listening before any routing.
//!
//! `membrane` has kick, snare and toms, `cymbal` the hats and cymbals, as banks of
//! `resonators` and `hiss`;
//! `membrane_sounds` and `cymbal_sounds` have the parameters of each articulation. Velocity changes
//! colour as well as level. Strokes alternate between two hands, and no two are alike: a generator
//! seeded by the stroke count varies them. Hats that close choke an open one; drums and cymbals ring
//! on under the next stroke.
//!
//! All buffers have a fixed size and are allocated up front; silent drums are not computed. The
//! caller schedules the notes.

mod audition_kit;
mod cymbal;
mod cymbal_sounds;
mod dsp;
mod hiss;
mod membrane;
mod membrane_sounds;
mod resonators;
mod wav;

pub use audition_kit::AuditionKit;
pub use wav::{render, wav};
