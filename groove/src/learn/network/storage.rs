//! Access to the numbers of CPU tensors.

use candle_core::{Result, Shape, Tensor};

use crate::model::kernels::ops::values;

/// Calls `act` with the values of a CPU tensor.
pub fn with_slice<T>(tensor: &Tensor, act: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        candle_core::Storage::Cpu(storage) => Ok(act(values(storage, layout)?)),
        _ => candle_core::bail!("the training ops run on the CPU"),
    }
}

/// Returns a tensor on the device of another one.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, shape, like.device())
}
