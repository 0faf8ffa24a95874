//! Training data: folders of drum MIDI, batches of their steps, and the stream of batches.

pub(crate) mod augment;
pub mod batch;
mod dataset;
mod folder;
#[cfg(test)]
mod folder_tests;
mod patterns;
mod piece;
pub mod rows;
pub(crate) mod stream;
pub(crate) mod stroke_rows;
mod summary;

pub(crate) use dataset::Data;
pub(crate) use folder::{Split, is_midi};
pub(crate) use piece::{Piece, balanced, known_style};
