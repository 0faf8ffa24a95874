//! The audition kit: synthesised stereo drums, for listening before any routing.
//!
//! Two sets of voices: `acoustic_kit` and `electronic`, whose kits are parameters of the same voices
//! (`kits` lists them). `membrane` has kick, snare and toms, `cymbal` the hats and cymbals, as banks
//! of `resonators` and `hiss`; `membrane_sounds` and `cymbal_sounds` have the parameters of each
//! articulation. Velocity changes colour as well as level. On the acoustic kit strokes alternate
//! between two hands; no two strokes are alike on any: a generator seeded by the stroke count varies
//! them. Hats that close choke an open one.
//!
//! Each drum sounds in the main output or in one of its own (`outputs`).
//!
//! All buffers have a fixed size and are allocated up front; silent drums are not computed. The
//! caller schedules the notes.

mod acoustic_kit;
mod audition_kit;
mod cymbal;
mod cymbal_sounds;
mod dsp;
mod electronic;
mod hiss;
mod kits;
mod membrane;
mod membrane_sounds;
mod outputs;
mod resonators;
mod trims;
mod wav;

pub use audition_kit::AuditionKit;
pub use kits::{AUTOMATIC_KIT, KITS, Kit, LAST_KIT, Machine, chosen_kit};
pub use outputs::{Outputs, StereoOutput};
pub use trims::{Trim, Trims, UNTRIMMED};
pub use wav::{render, wav};
