//! The musical engine of Deep Pocket, without a plugin framework, a window or a thread.
//!
//! Data goes one way: MIDI files become patterns ([`midi`]), patterns become the model's rows
//! ([`encode`], [`memory`], [`feel`]), the [`model`] says what could come next, and [`generate`] makes a bar of it for
//! a take and a song position. The [`clock`] turns a host's block into a span of musical time,
//! and [`schedule`] turns that span and its bars into notes at sample offsets.

#[cfg(feature = "model")]
pub mod activation;
#[cfg(feature = "audition")]
pub mod audition;
#[cfg(feature = "model")]
pub mod balance;
#[cfg(feature = "model")]
mod candidates;
pub mod clip;
pub mod clock;
#[cfg(test)]
mod clock_tests;
#[cfg(feature = "model")]
mod condition;
pub mod drum;
#[cfg(feature = "model")]
pub mod encode;
#[cfg(feature = "model")]
pub mod feel;
#[cfg(feature = "model")]
pub mod fills;
#[cfg(feature = "model")]
pub mod generate;
#[cfg(all(test, feature = "model"))]
mod generate_tests;
#[cfg(feature = "model")]
pub mod history;
#[cfg(feature = "model")]
pub mod humanise;
#[cfg(feature = "model")]
pub mod kit;
#[cfg(feature = "model")]
pub mod last;
#[cfg(feature = "model")]
pub mod lead_in;
#[cfg(feature = "model")]
pub mod listen;
#[cfg(feature = "model")]
pub mod memory;
#[cfg(feature = "model")]
pub mod metadata;
pub mod midi;
#[cfg(feature = "model")]
pub mod model;
#[cfg(feature = "model")]
pub mod morph;
pub mod output;
pub mod pattern;
#[cfg(feature = "model")]
pub mod perform;
#[cfg(feature = "model")]
pub mod pins;
#[cfg(feature = "model")]
mod player;
#[cfg(feature = "model")]
pub mod prime;
#[cfg(feature = "model")]
mod product;
pub mod schedule;
#[cfg(feature = "model")]
mod step;
pub mod style;
#[cfg(feature = "model")]
pub mod take;
#[cfg(feature = "model")]
mod wishes;

pub use drum::{CLASSES, Channels, Drum, DrumSet, Pitches};
pub use pattern::{Bar, Hit, Meter, Step};
