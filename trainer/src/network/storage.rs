//! Access to the numbers of CPU tensors.

use candle_core::{CpuStorage, Layout, Result, Shape, Tensor};

/// Returns the f32 values of a contiguous tensor's storage.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("the training ops need contiguous tensors")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `act` with the values of a CPU tensor.
pub(crate) fn with_slice<T>(tensor: &Tensor, act: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        candle_core::Storage::Cpu(storage) => Ok(act(slice(storage, layout)?)),
        _ => candle_core::bail!("the training ops run on the CPU"),
    }
}

pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, shape, like.device())
}
