//! The two networks during training: Candle ops with their own backward passes, losses, and the
//! arithmetic below them.

pub(crate) mod candle_net;
#[cfg(test)]
mod gradient_tests;
pub(crate) mod kernel;
pub mod linear;
pub mod losses;
pub mod lstm;
pub(crate) mod net;
#[cfg(test)]
mod pytorch_tests;
mod reference_logits;
pub(crate) mod storage;
pub(crate) mod stroke_net;
