//! A linear layer and dropout's mask as Candle ops with their own backward passes.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};

use super::kernel::{self, Matrix, multiply};
use super::storage::{tensor, with_slice};
use crate::model::kernels::ops::values;

/// Returns the gradients of the inputs, if needed, and of the weights of a matrix product.
pub(super) fn linear_gradients(
    d_out: Matrix,
    x: &Tensor,
    weight: &Tensor,
    inputs: usize,
    needs_input: bool,
) -> Result<(Option<Tensor>, Tensor)> {
    let mut d_weight = vec![0.0; weight.elem_count()];
    with_slice(x, |x| {
        multiply(&mut d_weight, false, d_out.t(), Matrix::new(x, inputs), true);
    })?;
    let d_weight = tensor(d_weight, weight.shape(), weight)?;
    if !needs_input {
        return Ok((None, d_weight));
    }
    let mut d_x = vec![0.0; x.elem_count()];
    with_slice(weight, |weight| {
        multiply(&mut d_x, false, d_out, Matrix::new(weight, inputs), true);
    })?;
    Ok((Some(tensor(d_x, x.shape(), x)?), d_weight))
}

/// A linear layer.
struct Linear;

/// `x w' + b`: `x` rows x inputs, `weight` outputs x inputs, `bias` outputs.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.apply_op3(weight, bias, Linear)
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = weight_layout.shape().dims2()?;
        let x = Matrix::new(values(x, x_layout)?, inputs);
        let (rows, _) = x_layout.shape().dims2()?;
        let bias = values(bias, bias_layout)?;
        let mut out: Vec<f32> = Vec::with_capacity(rows * outputs);
        (0..rows).for_each(|_| out.extend_from_slice(bias));
        let weight = Matrix::new(values(weight, weight_layout)?, inputs).t();
        multiply(&mut out, true, x, weight, true);
        Ok((CpuStorage::F32(out), Shape::from((rows, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        d_out: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (outputs, inputs) = weight.dims2()?;
        let mut d_bias = vec![0.0; outputs];
        let (d_x, d_weight) = with_slice(d_out, |d_out| {
            d_out.chunks(outputs).for_each(|row| kernel::add(&mut d_bias, row));
            linear_gradients(Matrix::new(d_out, outputs), x, weight, inputs, true)
        })??;
        Ok((d_x, Some(d_weight), Some(tensor(d_bias, bias.shape(), bias)?)))
    }
}

/// Element-wise product with constants: dropout's mask.
struct Mask(Vec<f32>);

/// Returns `x` times `factors`, element by element.
pub fn mask(x: &Tensor, factors: Vec<f32>) -> Result<Tensor> {
    x.apply_op1(Mask(factors))
}

impl Mask {
    fn apply(&self, values: &[f32]) -> Vec<f32> {
        values.iter().zip(&self.0).map(|(value, factor)| value * factor).collect()
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "mask"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.apply(values(x, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, d_out: &Tensor) -> Result<Option<Tensor>> {
        let d_x = with_slice(d_out, |d_out| self.apply(d_out))?;
        Ok(Some(tensor(d_x, x.shape(), x)?))
    }
}
