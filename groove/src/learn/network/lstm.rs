//! An LSTM layer over a whole sequence as one Candle op with its own backward pass. As a graph of
//! Candle's small ops it would be several times slower.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::kernel::{self, Matrix, PackedMatrix, multiply};
use super::linear::linear_gradients;
use super::storage::{tensor, with_slice};
use crate::learn::data::rows::Rows;
use crate::model::kernels::activation::lstm_cell;
use crate::model::kernels::ops::values;

/// State of an LSTM layer between two batches, lane by lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LstmState {
    /// Hidden state, lanes x H.
    pub hidden: Vec<f32>,
    /// Cell state, lanes x H.
    pub cell: Vec<f32>,
}

/// Values that the forward pass keeps for the backward pass.
struct LstmTrace {
    /// Rows x 4H: activations of the gates.
    gates: Vec<f32>,
    /// Rows x H: cell state after and before each step.
    cell: Vec<f32>,
    cell_before: Vec<f32>,
    /// Rows x (H + 1): hidden state before each step, and a 1 for the bias.
    hidden_before: Vec<f32>,
}

/// A sequence through one LSTM layer, from its inputs to its hidden states.
struct LstmSequence {
    rows: Rows,
    /// By row: true if a new piece starts here, which resets the state.
    starts: Arc<Vec<bool>>,
    state: LstmState,
    /// True if a trainable layer lies below.
    needs_input: bool,
    /// Taken by the backward pass, which works in place.
    trace: Arc<Mutex<Option<LstmTrace>>>,
}

/// Weights of an LSTM layer of H cells, gates i f g o.
#[derive(Clone, Copy)]
pub struct LstmWeights<'a> {
    /// 4H x inputs.
    pub input: &'a Tensor,
    /// 4H x H.
    pub recurrent: &'a Tensor,
    /// 4H.
    pub bias: &'a Tensor,
    /// True if a trainable layer lies below; otherwise no input gradient is computed.
    pub needs_input: bool,
}

/// Runs a sequence, rows x inputs, through an LSTM layer. Returns the outputs, rows x H, and the
/// final state. An empty `state` starts every lane from zero.
pub fn lstm(
    x: &Tensor,
    layer: LstmWeights,
    rows: Rows,
    starts: &Arc<Vec<bool>>,
    state: &LstmState,
) -> Result<(Tensor, LstmState)> {
    let cells = layer.recurrent.dim(1)?;
    let mut state = state.clone();
    state.hidden.resize(rows.parts * rows.lanes * cells, 0.0);
    state.cell.resize(rows.parts * rows.lanes * cells, 0.0);
    let trace = Arc::new(Mutex::new(None));
    let (starts, needs_input) = (starts.clone(), layer.needs_input);
    let op = LstmSequence { rows, starts, state, needs_input, trace: trace.clone() };
    // The bias is an extra column, because a custom op has at most three arguments.
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
    let cell = trace.as_ref().map(|trace: &LstmTrace| last(&trace.cell)).unwrap_or_default();
    Ok((out, LstmState { hidden, cell }))
}

/// Forward pass of one part. Blocks are in time order, all lanes at each step.
struct ForwardPart<'a> {
    /// Steps x lanes x 4H: products with the inputs, replaced by activations.
    gates: &'a mut [f32],
    /// Steps x lanes x H: outputs.
    hidden: &'a mut [f32],
    cell: &'a mut [f32],
    /// Steps x lanes x (H + 1), see [`LstmTrace`].
    hidden_before: &'a mut [f32],
    /// Steps x lanes x H, see [`LstmTrace`].
    cell_before: &'a mut [f32],
    starts: &'a [bool],
    /// Lanes x H: initial hidden and cell state.
    initial: (&'a [f32], &'a [f32]),
}

impl ForwardPart<'_> {
    fn run(self, weights: &PackedMatrix, lanes: usize, cells: usize) {
        let (step, width) = (lanes * cells, cells + 1);
        for (t, starts) in self.starts.chunks(lanes).enumerate() {
            let at = t * step;
            let (past_h, now_h) = self.hidden.split_at_mut(at);
            let (past_c, now_c) = self.cell.split_at_mut(at);
            let before_h = past_h.get(at.wrapping_sub(step)..).unwrap_or(self.initial.0);
            let before_c = &mut self.cell_before[at..at + step];
            before_c.copy_from_slice(past_c.get(at.wrapping_sub(step)..).unwrap_or(self.initial.1));
            let hidden_before = &mut self.hidden_before[t * lanes * width..][..lanes * width];
            for (lane, &starts) in starts.iter().enumerate() {
                let cells_of = lane * cells..(lane + 1) * cells;
                let hidden_before = &mut hidden_before[lane * width..][..cells];
                hidden_before.copy_from_slice(&before_h[cells_of.clone()]);
                if starts {
                    hidden_before.fill(0.0);
                    before_c[cells_of].fill(0.0);
                }
            }
            let gates = &mut self.gates[4 * at..4 * (at + step)];
            weights.multiply(gates, true, hidden_before);
            for lane in 0..lanes {
                let cells_of = lane * cells..(lane + 1) * cells;
                lstm_cell(
                    &mut gates[4 * lane * cells..4 * (lane + 1) * cells],
                    &before_c[cells_of.clone()],
                    &mut now_c[cells_of.clone()],
                    &mut now_h[cells_of],
                );
            }
        }
    }
}

/// Backward pass of one part. Blocks are in time order, all lanes at each step.
struct BackwardPart<'a> {
    /// Steps x lanes x 4H: activations, replaced by gradients of the pre-activations.
    d_gates: &'a mut [f32],
    /// Steps x lanes x H: gradients of the outputs.
    d_out: &'a [f32],
    /// Steps x lanes x H: cell state after and before each step.
    cell: &'a [f32],
    cell_before: &'a [f32],
    starts: &'a [bool],
}

impl BackwardPart<'_> {
    fn run(self, weights: &PackedMatrix, lanes: usize, cells: usize) {
        let step = lanes * cells;
        let mut d_hidden = vec![0.0; step];
        let mut d_cell = vec![0.0; step];
        for (t, starts) in self.starts.chunks(lanes).enumerate().rev() {
            let at = t * step;
            kernel::add(&mut d_hidden, &self.d_out[at..at + step]);
            let gates = &mut self.d_gates[4 * at..4 * (at + step)];
            for lane in 0..lanes {
                let cells_of = lane * cells..(lane + 1) * cells;
                kernel::cell_backward(
                    &mut gates[4 * lane * cells..4 * (lane + 1) * cells],
                    &self.cell_before[at..][cells_of.clone()],
                    &self.cell[at..][cells_of.clone()],
                    &d_hidden[cells_of.clone()],
                    &mut d_cell[cells_of],
                );
            }
            weights.multiply(&mut d_hidden, false, gates);
            for lane in (0..lanes).filter(|&lane| starts[lane]) {
                d_hidden[lane * cells..(lane + 1) * cells].fill(0.0);
                d_cell[lane * cells..(lane + 1) * cells].fill(0.0);
            }
        }
    }
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
        let x = Matrix::new(values(x, x_layout)?, inputs);
        let input = Matrix::new(values(input, input_layout)?, inputs);
        multiply(&mut gates, false, x, input.t(), true);
        let recurrent = Matrix::new(values(recurrent, recurrent_layout)?, cells + 1);
        let weights = PackedMatrix::new(recurrent.t());
        let mut blocks: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; count * cells]);
        let [hidden, cell, cell_before] = &mut blocks;
        let mut hidden_before = vec![1.0; count * (cells + 1)];
        let part = steps * lanes * cells;
        gates
            .par_chunks_mut(4 * part)
            .zip(hidden.par_chunks_mut(part).zip(cell.par_chunks_mut(part)))
            .zip(hidden_before.par_chunks_mut(steps * lanes * (cells + 1)))
            .zip(cell_before.par_chunks_mut(part))
            .zip(self.starts.par_chunks(steps * lanes))
            .zip(self.state.hidden.par_chunks(lanes * cells))
            .zip(self.state.cell.par_chunks(lanes * cells))
            .for_each(
                |((((((gates, (hidden, cell)), hidden_before), cell_before), starts), h), c)| {
                    let initial = (h, c);
                    ForwardPart {
                        gates,
                        hidden,
                        cell,
                        hidden_before,
                        cell_before,
                        starts,
                        initial,
                    }
                    .run(&weights, lanes, cells);
                },
            );
        let [hidden, cell, cell_before] = blocks;
        let trace = LstmTrace { gates, cell, cell_before, hidden_before };
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
        let Some(LstmTrace { gates: mut d_gates, cell, cell_before, hidden_before }) = trace else {
            candle_core::bail!("an LSTM layer runs backward once, after its forward pass")
        };
        let (gates_width, inputs) = input.dims2()?;
        let cells = gates_width / 4;
        let Rows { steps, lanes, .. } = self.rows;
        let step = lanes * cells;
        let weights = with_slice(recurrent, |recurrent| {
            PackedMatrix::new(Matrix::new(recurrent, cells + 1).left(cells))
        })?;
        with_slice(d_out, |d_out| {
            d_gates
                .par_chunks_mut(4 * steps * step)
                .zip(d_out.par_chunks(steps * step))
                .zip(cell.par_chunks(steps * step))
                .zip(cell_before.par_chunks(steps * step))
                .zip(self.starts.par_chunks(steps * lanes))
                .for_each(|((((d_gates, d_out), cell), cell_before), starts)| {
                    BackwardPart { d_gates, d_out, cell, cell_before, starts }
                        .run(&weights, lanes, cells);
                });
        })?;
        let d_gates = Matrix::new(&d_gates, gates_width);
        let mut d_recurrent = vec![0.0; recurrent.elem_count()];
        multiply(
            &mut d_recurrent,
            false,
            d_gates.t(),
            Matrix::new(&hidden_before, cells + 1),
            true,
        );
        let (d_x, d_input) = linear_gradients(d_gates, x, input, inputs, self.needs_input)?;
        Ok((d_x, Some(d_input), Some(tensor(d_recurrent, recurrent.shape(), recurrent)?)))
    }
}
