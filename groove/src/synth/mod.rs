//! The audition kit: nine synthesised stereo drums, for listening before any routing.
//!
//! `membrane` has kick, snare and toms, `cymbal` the hats and cymbals. Both are built from fundsp's
//! oscillators, noise, filters and resonators. Velocity changes colour as well as level, and no two
//! strokes are alike: a generator seeded by the stroke count varies them. A closed hat chokes the
//! open one.
//!
//! All buffers have a fixed size and are allocated up front; silent drums are not computed. The
//! caller schedules the notes.

mod audition_kit;
mod cymbal;
mod cymbal_sounds;
mod dsp;
mod membrane;
mod membrane_sounds;
mod resonators;
mod wav;

pub use audition_kit::AuditionKit;
pub use wav::{render, wav};
