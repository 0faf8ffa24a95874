//! Training data: folders of drum MIDI, batches of their steps, and the stream of batches.

pub(crate) mod augment;
pub mod batch;
mod dataset;
pub mod rows;
pub(crate) mod stream;
pub(crate) mod stroke_rows;

pub(crate) use dataset::{Data, Piece, Split, known_style};
