//! Candle ops with backward passes of their own, for what is slow as a graph of small ones: a
//! whole sequence through an LSTM layer, a linear layer, and dropout. The losses are in
//! [`crate::losses`].
//!
//! Rows of a batch lie in *parts*: the lanes of a batch are cut into as many parts as there are
//! cores, and a part's rows are in time order, all its lanes at each step. So a part is one
//! contiguous block, and a core runs its own part's sequence without waiting for another.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::kernel::{self, Matrix, Panels, multiply};

/// How the rows of a batch are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Independent parts, one a core.
    pub parts: usize,
    /// Steps of every lane.
    pub steps: usize,
    /// Lanes in a part.
    pub lanes: usize,
}

impl Rows {
    /// Rows in all.
    #[must_use]
    pub fn count(self) -> usize {
        self.parts * self.steps * self.lanes
    }

    /// The row of a lane (counted over all parts) at a step.
    #[must_use]
    pub fn row(self, lane: usize, step: usize) -> usize {
        (lane / self.lanes * self.steps + step) * self.lanes + lane % self.lanes
    }
}

/// The f32 numbers of a contiguous tensor's storage.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("the training ops want contiguous tensors")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Runs `act` on the numbers of a contiguous CPU tensor.
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

/// What an LSTM layer carries from one batch to the next: hidden and cell state, lane by lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carry {
    /// Hidden state.
    pub hidden: Vec<f32>,
    /// Cell state.
    pub cell: Vec<f32>,
}

/// What the forward pass leaves for the backward pass.
struct Trace {
    /// Rows x 4H: activations of the gates.
    gates: Vec<f32>,
    /// Rows x H: cell state after, and before, each step.
    cell: Vec<f32>,
    cell_before: Vec<f32>,
    /// Rows x (H + 1): hidden state before each step, and the 1 that the bias is multiplied with.
    told: Vec<f32>,
}

/// A sequence through one LSTM layer, from its inputs to its hidden states.
struct LstmSequence {
    rows: Rows,
    /// By row: whether a new piece starts here, so that nothing is remembered.
    starts: Arc<Vec<bool>>,
    carry: Carry,
    /// Whether anything learns below it.
    needs_input: bool,
    /// The backward pass takes it, and works in its place.
    trace: Arc<Mutex<Option<Trace>>>,
}

/// Weights of an LSTM layer of H cells, gates i f g o.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// 4H x inputs.
    pub input: &'a Tensor,
    /// 4H x H.
    pub recurrent: &'a Tensor,
    /// 4H.
    pub bias: &'a Tensor,
    /// Whether anything learns below the layer.
    pub needs_input: bool,
}

/// Runs a sequence, rows x inputs, through an LSTM layer. Gives the outputs, rows x H, and what
/// to carry on. `carry` may be empty: then every lane starts from nothing.
///
/// # Errors
/// When shapes do not fit.
pub fn lstm(
    x: &Tensor,
    layer: Layer,
    rows: Rows,
    starts: &Arc<Vec<bool>>,
    carry: &Carry,
) -> Result<(Tensor, Carry)> {
    let cells = layer.recurrent.dim(1)?;
    let mut carry = carry.clone();
    carry.hidden.resize(rows.parts * rows.lanes * cells, 0.0);
    carry.cell.resize(rows.parts * rows.lanes * cells, 0.0);
    let trace = Arc::new(Mutex::new(None));
    let (starts, needs_input) = (starts.clone(), layer.needs_input);
    let op = LstmSequence { rows, starts, carry, needs_input, trace: trace.clone() };
    // The bias is a last column: an op has three arguments at most.
    let recurrent = Tensor::cat(&[layer.recurrent, &layer.bias.unsqueeze(1)?], 1)?;
    let out = x.apply_op3(layer.input, &recurrent, op)?;
    let last = |values: &[f32]| {
        let lane_row = |lane| rows.row(lane, rows.steps - 1) * cells;
        (0..rows.parts * rows.lanes)
            .flat_map(|lane| values[lane_row(lane)..lane_row(lane) + cells].iter().copied())
            .collect()
    };
    let hidden = with_slice(&out, last)?;
    let trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
    let cell = trace.as_ref().map(|trace: &Trace| last(&trace.cell)).unwrap_or_default();
    Ok((out, Carry { hidden, cell }))
}

impl CustomOp3 for LstmSequence {
    fn name(&self) -> &'static str {
        "lstm-sequence"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        input: &CpuStorage,
        input_layout: &Layout,
        recurrent: &CpuStorage,
        recurrent_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (gates_width, inputs) = input_layout.shape().dims2()?;
        let cells = gates_width / 4;
        let Rows { steps, lanes, .. } = self.rows;
        let count = self.rows.count();
        let mut gates = vec![0.0; count * gates_width];
        let x = Matrix::new(slice(x, x_layout)?, inputs);
        let input = Matrix::new(slice(input, input_layout)?, inputs);
        multiply(&mut gates, false, x, input.t(), true);
        let recurrent = Matrix::new(slice(recurrent, recurrent_layout)?, cells + 1);
        let weights = Panels::new(recurrent.t());
        let mut blocks: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; count * cells]);
        let [hidden, cell, cell_before] = &mut blocks;
        let mut told = vec![1.0; count * (cells + 1)];
        let part = steps * lanes * cells;
        gates
            .par_chunks_mut(4 * part)
            .zip(hidden.par_chunks_mut(part).zip(cell.par_chunks_mut(part)))
            .zip(told.par_chunks_mut(steps * lanes * (cells + 1)))
            .zip(cell_before.par_chunks_mut(part))
            .zip(self.starts.par_chunks(steps * lanes))
            .zip(self.carry.hidden.par_chunks(lanes * cells))
            .zip(self.carry.cell.par_chunks(lanes * cells))
            .for_each(|((((((gates, (h, c)), told), c_before), starts), h0), c0)| {
                let step = lanes * cells;
                for t in 0..steps {
                    let at = t * step;
                    let (past_h, now_h) = h.split_at_mut(at);
                    let (past_c, now_c) = c.split_at_mut(at);
                    let before_h = past_h.get(at.wrapping_sub(step)..).unwrap_or(h0);
                    let before_c = &mut c_before[at..at + step];
                    before_c.copy_from_slice(past_c.get(at.wrapping_sub(step)..).unwrap_or(c0));
                    let told = &mut told[t * lanes * (cells + 1)..][..lanes * (cells + 1)];
                    for lane in 0..lanes {
                        let cells_of = lane * cells..(lane + 1) * cells;
                        let told = &mut told[lane * (cells + 1)..][..cells];
                        told.copy_from_slice(&before_h[cells_of.clone()]);
                        if starts[t * lanes + lane] {
                            told.fill(0.0);
                            before_c[cells_of].fill(0.0);
                        }
                    }
                    let gates = &mut gates[4 * at..4 * (at + step)];
                    weights.multiply(gates, true, told);
                    for lane in 0..lanes {
                        let cells_of = lane * cells..(lane + 1) * cells;
                        kernel::cell_forward(
                            &mut gates[4 * lane * cells..4 * (lane + 1) * cells],
                            &before_c[cells_of.clone()],
                            &mut now_c[cells_of.clone()],
                            &mut now_h[cells_of],
                        );
                    }
                }
            });
        let [hidden, cell, cell_before] = blocks;
        let trace = Trace { gates, cell, cell_before, told };
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
        Ok((CpuStorage::F32(hidden), Shape::from((count, cells))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        input: &Tensor,
        recurrent: &Tensor,
        _out: &Tensor,
        d_out: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Trace { gates: mut d_gates, cell, cell_before, told }) = trace else {
            candle_core::bail!("an LSTM layer runs backward once, after its forward pass")
        };
        let (gates_width, inputs) = input.dims2()?;
        let cells = gates_width / 4;
        let Rows { steps, lanes, .. } = self.rows;
        let step = lanes * cells;
        let weights = with_slice(recurrent, |recurrent| {
            Panels::new(Matrix::new(recurrent, cells + 1).left(cells))
        })?;
        with_slice(d_out, |d_out| {
            d_gates
                .par_chunks_mut(4 * steps * step)
                .zip(d_out.par_chunks(steps * step))
                .zip(cell.par_chunks(steps * step))
                .zip(cell_before.par_chunks(steps * step))
                .zip(self.starts.par_chunks(steps * lanes))
                .for_each(|((((d_gates, d_out), cell), cell_before), starts)| {
                    let mut d_hidden = vec![0.0; step];
                    let mut d_cell = vec![0.0; step];
                    for t in (0..steps).rev() {
                        let at = t * step;
                        kernel::add(&mut d_hidden, &d_out[at..at + step]);
                        let gates = &mut d_gates[4 * at..4 * (at + step)];
                        for lane in 0..lanes {
                            let cells_of = lane * cells..(lane + 1) * cells;
                            kernel::cell_backward(
                                &mut gates[4 * lane * cells..4 * (lane + 1) * cells],
                                &cell_before[at..][cells_of.clone()],
                                &cell[at..][cells_of.clone()],
                                &d_hidden[cells_of.clone()],
                                &mut d_cell[cells_of],
                            );
                        }
                        weights.multiply(&mut d_hidden, false, gates);
                        for lane in (0..lanes).filter(|lane| starts[t * lanes + lane]) {
                            d_hidden[lane * cells..(lane + 1) * cells].fill(0.0);
                            d_cell[lane * cells..(lane + 1) * cells].fill(0.0);
                        }
                    }
                });
        })?;
        let d_gates = Matrix::new(&d_gates, gates_width);
        let mut d_recurrent = vec![0.0; recurrent.elem_count()];
        multiply(&mut d_recurrent, false, d_gates.t(), Matrix::new(&told, cells + 1), true);
        let (d_x, d_input) = linear_gradients(d_gates, x, input, inputs, self.needs_input)?;
        Ok((d_x, Some(d_input), Some(tensor(d_recurrent, recurrent.shape(), recurrent)?)))
    }
}

/// Gradients of the inputs, where they are needed, and of the weights of a product.
fn linear_gradients(
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
///
/// # Errors
/// When shapes do not fit.
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
        let x = Matrix::new(slice(x, x_layout)?, inputs);
        let (rows, _) = x_layout.shape().dims2()?;
        let bias = slice(bias, bias_layout)?;
        let mut out: Vec<f32> = Vec::with_capacity(rows * outputs);
        (0..rows).for_each(|_| out.extend_from_slice(bias));
        let weight = Matrix::new(slice(weight, weight_layout)?, inputs).t();
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

/// Multiplies by fixed numbers: dropout's mask.
struct Mask(Vec<f32>);

/// `x` times `factors`, element by element.
pub(crate) fn mask(x: &Tensor, factors: Vec<f32>) -> Result<Tensor> {
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
        Ok((CpuStorage::F32(self.apply(slice(x, layout)?)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, d_out: &Tensor) -> Result<Option<Tensor>> {
        let d_x = with_slice(d_out, |d_out| self.apply(d_out))?;
        Ok(Some(tensor(d_x, x.shape(), x)?))
    }
}

#[cfg(test)]
#[path = "ops_tests.rs"]
mod tests;
