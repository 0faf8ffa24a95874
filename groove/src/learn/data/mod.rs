//! Training data: drum MIDI files, batches of their steps, and the stream of batches.

mod augment;
pub mod batch;
mod dataset;
mod files;
mod piece;
pub mod rows;
pub mod stream;
mod summary;

pub use dataset::Data;
pub use files::{SourceFile, Split, has_ending, is_midi, search};
pub use piece::{Piece, balanced, known_style};
