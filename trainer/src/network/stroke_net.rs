//! The stroke network during training, as Candle ops over rows of inputs.

use anyhow::Result;
use candle_core::Tensor;

use super::linear::linear;

/// Outputs of the stroke network for rows of inputs.
pub(crate) fn forward(tensors: &[&Tensor; 6], inputs: &Tensor) -> Result<Tensor> {
    let [first, first_bias, second, second_bias, out, out_bias] = tensors;
    let hidden = linear(inputs, first, first_bias)?.tanh()?;
    let hidden = linear(&hidden, second, second_bias)?.tanh()?;
    Ok(linear(&hidden, out, out_bias)?)
}
