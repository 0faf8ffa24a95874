//! Generation: from a take and a song position to a bar.

mod advance;
mod candidates;
mod conditioning;
mod decoder;
mod drummer;
pub mod humanise;
mod interpolate;
pub mod lead_in_choice;
pub mod likelihood;
pub mod morph;
mod phrase;
#[cfg(test)]
mod tests;

pub use conditioning::fill_quota;
pub use drummer::Drummer;
