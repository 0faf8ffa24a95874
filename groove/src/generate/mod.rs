//! Generation: from a take and a song position to a bar.
//!
//! [`Drummer`] returns bars. `conditioning` turns a take's controls into logit biases and masks,
//! `decoder` samples steps from the networks, `phrase` and `advance` decode a phrase, and
//! `candidates` chooses among several versions of a bar. `song` plays charts.

mod advance;
mod candidates;
mod conditioning;
mod decoder;
mod drummer;
pub mod humanise;
mod intended_feel;
mod interpolate;
pub mod lead_in_choice;
pub mod likelihood;
pub mod morph;
mod phrase;
mod song;
mod stroke_choice;
#[cfg(test)]
mod tests;

pub use conditioning::fill_quota;
pub use drummer::Drummer;
