//! Training data: folders of drum MIDI with their tables, patterns, and rows of strokes.

mod dataset;
mod folder;
#[cfg(test)]
mod folder_tests;
mod patterns;
pub(crate) mod stroke_rows;
mod takes;

pub(crate) use dataset::read;
pub(crate) use takes::read_takes;
