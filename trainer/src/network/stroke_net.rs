//! The stroke network during training, as Candle ops over rows of inputs.

use anyhow::Result;
use candle_core::Tensor;
use groove::learn::network::linear::linear;

/// Outputs for rows of inputs, given weight and bias of each layer.
pub(crate) fn forward(layers: &[Tensor], inputs: &Tensor) -> Result<Tensor> {
    let mut x = inputs.clone();
    for (number, layer) in layers.chunks_exact(2).enumerate() {
        if number > 0 {
            x = x.tanh()?;
        }
        x = linear(&x, &layer[0], &layer[1])?;
    }
    Ok(x)
}
