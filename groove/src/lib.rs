//! The musical engine of Deep Pocket, independent of plugin framework, window and threads.
//!
//! Data flows one way. MIDI files become patterns ([`pattern`]). The `model` encodes the steps so
//! far and predicts the next one. `generate` decodes the bar at a song position for a `take`. The
//! [`play::clock`] turns a host's block into spans of musical time, and [`play::schedule`] turns
//! spans and bars into notes at sample offsets. `synth` is the audition kit, `hearing` finds onsets in
//! audio, and `learn` teaches a model a style.

pub mod files;
#[cfg(feature = "model")]
pub mod generate;
#[cfg(feature = "model")]
pub mod hearing;
#[cfg(feature = "learn")]
pub mod learn;
#[cfg(feature = "model")]
pub mod model;
pub mod pattern;
pub mod play;
#[cfg(feature = "audition")]
pub mod synth;
#[cfg(feature = "model")]
pub mod take;

pub use pattern::drum::{CLASSES, Channels, Drum, DrumSet};
pub use pattern::pitches::{LanePitches, Pitches};
pub use pattern::{Articulation, Bar, Hit, Meter, Step, StoredBar};

/// Documentation test of the example in the crate's README.
#[cfg(all(doctest, feature = "model"))]
#[doc = include_str!("../README.md")]
struct ReadmeExample;
