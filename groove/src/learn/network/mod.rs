//! The two networks during training: Candle ops with their own backward passes, losses, and the
//! arithmetic below them.

#[cfg(test)]
mod gradient_tests;
pub mod kernel;
pub mod linear;
pub mod losses;
pub mod lstm;
pub mod net;
pub mod reference_logits;
pub mod storage;
