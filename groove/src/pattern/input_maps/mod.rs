//! Input maps: drum and articulation of each pitch on instruments that people record with, and the
//! choice of a file's map by its notes.

mod choice;
mod tables;

pub use choice::choose_map;
pub use tables::{InputMap, PitchCounts, Voice};
