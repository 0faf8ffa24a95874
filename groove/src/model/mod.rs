//! The drummer's network: two LSTMs on Candle, read from a safetensors file.
//!
//! *Beat* says which drums are struck at a step: one distribution over all subsets of the model's
//! [kit](crate::pattern::kit) (512 of nine drums), mixed with the [memory](crate::model::pointer_memory) of the piece.
//! *Feel* is told what is struck and says how: for each drum a distribution over velocities and
//! one over offsets. Tensor names, shapes and gate order (i f g o) are those of
//! `torch.nn.LSTM` under the prefixes `beat.` and `feel.`, with a linear layer `out` on top;
//! `memory` is a second linear layer on top of `beat`, which controls the memory.
//!
//! What the rows mean stands in [`crate::model::encode`] and [`crate::model::feel`]; how a distribution becomes
//! a hit, in [`crate::generate`]. Nothing else in this crate names Candle.

pub mod activation;
pub mod calibration;
pub mod encode;
mod error;
pub mod feel;
mod file;
mod int8_matvec;
pub mod lead_in;
pub(crate) mod lstm_step;
pub mod metadata;
mod network;
pub mod pointer_memory;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{FORMAT, ModelError};
pub use file::write;
pub use metadata::{Figures, Metadata, Stack};
pub use network::{Model, State};
