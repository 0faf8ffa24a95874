//! The musical engine of Deep Pocket.

#[cfg(feature = "model")]
pub mod generate;
#[cfg(feature = "model")]
pub mod model;
pub mod pattern;
pub mod play;
#[cfg(feature = "audition")]
pub mod synth;
#[cfg(feature = "model")]
pub mod take;

pub use pattern::drum::{CLASSES, Channels, Drum, DrumSet, Pitches};
pub use pattern::{Bar, Hit, Meter, Step};
