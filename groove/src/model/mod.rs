//! The model: two LSTMs and a feed-forward network on Candle, read from a safetensors file.
//!
//! *Beat* predicts the struck drums of a step: one distribution over all subsets of the model's
//! [kit](crate::pattern::kit) (512 for nine drums), mixed with the [pointer
//! memory](pointer_memory). *Feel* takes the struck drums as input and predicts for each a
//! distribution over velocities and one over offsets. Tensor names, shapes and gate order (i f g o)
//! are those of `torch.nn.LSTM` under the prefixes `beat.` and `feel.`, with a linear layer `out`
//! on top. `memory` is a second linear layer on top of `beat`; it outputs the controls of the
//! pointer memory.
//!
//! *Strokes*, in files of version 3, takes one hit with its velocity and offset, and chooses its
//! articulation and further strokes: [`strokes`].
//!
//! [`encode`], [`feel`] and [`strokes`] define the input rows, [`crate::generate`] the sampling. Only this
//! folder names Candle.

pub mod calibration;
pub mod encode;
mod error;
pub mod feel;
mod file;
pub mod kernels;
pub mod lead_in;
pub mod metadata;
mod network;
pub mod offset_correction;
pub mod pointer_memory;
pub mod stroke_offsets;
pub mod strokes;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{FORMATS, ModelError};
pub use file::write;
pub use metadata::{Figures, Metadata, Stack};
pub use network::{Model, State};
