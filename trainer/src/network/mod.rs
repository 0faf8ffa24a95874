//! The stroke network during training, and the reference of candle-nn's own layers.

pub(crate) mod candle_net;
#[cfg(test)]
mod pytorch_tests;
pub(crate) mod stroke_net;
