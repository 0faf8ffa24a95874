//! Arithmetic of a step: activation functions, the int8 product, and the layers as Candle ops.

pub mod activation;
mod int8_matvec;
pub mod ops;
