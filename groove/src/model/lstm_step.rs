//! One step of the networks on one core: matrix-vector products and LSTM cells.
//!
//! Weights stay in Candle tensors, in the layout of [`crate::model::int8_matvec`], and are read in
//! place. Zero inputs, the majority of a row, are skipped. Products and exponentials round alike
//! with all vector instructions, so that two machines that play the same take play the same notes.

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor};
use multiversion::multiversion;

use crate::model::activation::{exp, ln, sigmoid, tanh};
use crate::model::int8_matvec::{PANEL, SparseInput, Weights, add_product};

/// Returns true if a tensor has neither infinities nor NaNs.
pub(crate) fn is_finite(tensor: &Tensor) -> Result<bool> {
    let numbers: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    Ok(numbers.iter().all(|number| number.is_finite()))
}

/// Largest quantised weight, in multiples of its output's scale.
const MAX_WEIGHT: f32 = 127.0;

/// Reused buffers of a product.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    inputs: Vec<SparseInput>,
    sums: Vec<f32>,
}

/// A linear layer with int8 weights, scaled per output: half the memory traffic of 16-bit weights
/// at the same held-out perplexity.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Panels x inputs x [`PANEL`], see [`crate::model::int8_matvec`].
    weight: Tensor,
    /// By output, padded to whole panels.
    scales: Vec<f32>,
    /// By output, padded to whole panels.
    bias: Vec<f32>,
    outputs: usize,
}

impl Linear {
    /// Quantises a weight of outputs x inputs, the layout of model files.
    pub(crate) fn new(weight: &Tensor, bias: &Tensor) -> Result<Linear> {
        let (outputs, inputs) = weight.dims2()?;
        let panels = outputs.div_ceil(PANEL);
        let bias = bias.to_dtype(DType::F32)?;
        let bias = bias.pad_with_zeros(0, 0, panels * PANEL - outputs)?.to_vec1()?;
        let rows: Vec<Vec<f32>> = weight.to_dtype(DType::F32)?.to_vec2()?;
        let mut scales = vec![0.0; panels * PANEL];
        let mut bytes = vec![0; panels * inputs * PANEL];
        for (panel, rows) in rows.chunks(PANEL).enumerate() {
            for (lane, row) in rows.iter().enumerate() {
                let most = row.iter().fold(0f32, |most, weight| most.max(weight.abs()));
                scales[panel * PANEL + lane] = most / MAX_WEIGHT;
                let per = if most > 0.0 { MAX_WEIGHT / most } else { 0.0 };
                let column = bytes[(panel * inputs) * PANEL + lane..].iter_mut().step_by(PANEL);
                for (byte, weight) in column.zip(row) {
                    *byte = nearest(weight * per);
                }
            }
        }
        let weight = Tensor::from_vec(bytes, (panels, inputs, PANEL), &Device::Cpu)?;
        Ok(Linear { weight, scales, bias, outputs })
    }

    /// The product with a row of inputs, given in parts, plus the bias.
    pub(crate) fn apply<'a>(
        &self,
        parts: &[&[f32]],
        scratch: &'a mut Scratch,
    ) -> Result<&'a mut [f32]> {
        let inputs = parts.iter().flat_map(|part| part.iter().copied()).enumerate();
        scratch.inputs.clear();
        scratch.inputs.extend(inputs.filter(|(_, input)| *input != 0.0));
        scratch.sums.clear();
        scratch.sums.extend_from_slice(&self.bias);
        let (storage, layout) = self.weight.storage_and_layout();
        let (Storage::Cpu(CpuStorage::U8(bytes)), Some((start, end))) =
            (&*storage, layout.contiguous_offsets())
        else {
            return Err(candle_core::Error::RequiresContiguous { op: "step" }.bt());
        };
        let weights = Weights { bytes: &bytes[start..end], scales: &self.scales };
        add_product(&scratch.inputs, weights, &mut scratch.sums);
        Ok(&mut scratch.sums[..self.outputs])
    }
}

/// The nearest integer as the bits of an `i8`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
fn nearest(number: f32) -> u8 {
    ((number + 128.5) as u8).wrapping_sub(128)
}

/// Recurrent state of an LSTM layer.
#[derive(Clone, Debug)]
pub(crate) struct LstmState {
    /// Output of the last step.
    pub(crate) hidden: Vec<f32>,
    cell: Vec<f32>,
}

impl LstmState {
    /// The state before the first step.
    pub(crate) fn new(cells: usize) -> LstmState {
        LstmState { hidden: vec![0.0; cells], cell: vec![0.0; cells] }
    }

    /// Advances by a step, given the gate pre-activations in the order i f g o.
    pub(crate) fn step(&mut self, gates: &[f32]) {
        lstm(gates, &mut self.cell, &mut self.hidden);
    }
}

#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn lstm(gates: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let cells = cell.len();
    let (i, rest) = gates.split_at(cells);
    let (f, rest) = rest.split_at(cells);
    let (g, o) = rest.split_at(cells);
    let o = &o[..cells];
    let hidden = &mut hidden[..cells];
    for at in 0..cells {
        let kept = sigmoid(f[at]) * cell[at];
        cell[at] = sigmoid(i[at]).mul_add(tanh(g[at]), kept);
        hidden[at] = sigmoid(o[at]) * tanh(cell[at]);
    }
}

/// exp of each number in place. NaN and numbers below -87 give the least value.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn exp_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = exp(*x));
}

/// Logarithm of each number in place. All must be normal and above 0.
#[multiversion(targets("x86_64+avx512f+avx2", "x86_64+avx2"))]
pub(crate) fn ln_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = ln(*x));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, salt: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + salt * 104_729) % 10_007) as f32 / 10_007.0 - 0.5).collect()
    }

    #[test]
    fn product_matches_candle() {
        let (inputs, outputs) = (37, 152);
        // Weights that int8 holds exactly: the largest of each output is 127.
        let whole = |i: usize| if i.is_multiple_of(inputs) { 254 } else { i * 7919 % 255 };
        let weights = (0..inputs * outputs).map(|i| (whole(i) as f32 - 127.0) / 512.0);
        let weight = Tensor::from_iter(weights, &Device::Cpu)
            .and_then(|weight| weight.reshape((outputs, inputs)))
            .expect("a matrix");
        let bias = Tensor::from_vec(numbers(outputs, 2), outputs, &Device::Cpu).expect("a bias");
        // Some inputs are zero, as in most rows.
        let row: Vec<f32> =
            numbers(inputs, 3).into_iter().map(|x| if x < -0.2 { 0.0 } else { x }).collect();
        let x = Tensor::from_slice(&row, (1, inputs), &Device::Cpu).expect("a row");
        let wanted = x
            .matmul(&weight.t().expect("its transpose"))
            .and_then(|y| y.broadcast_add(&bias))
            .and_then(|y| y.flatten_all()?.to_vec1::<f32>())
            .expect("Candle's product");
        let (front, back) = row.split_at(20);
        let mut scratch = Scratch::default();
        for dtype in [DType::F32, DType::F16] {
            let weight = weight.to_dtype(dtype).expect("a weight of such numbers");
            let linear = Linear::new(&weight, &bias).expect("a layer");
            let ours = linear.apply(&[front, back], &mut scratch).expect("a product");
            assert_eq!(ours.len(), wanted.len());
            assert!(ours.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn weights_are_rounded_to_the_nearest_of_255_levels() {
        let (inputs, outputs) = (11, 100);
        let rows: Vec<f32> =
            numbers(inputs * outputs, 1).into_iter().map(|x| x * x * x).chain([0.0; 11]).collect();
        let weight = Tensor::from_slice(&rows, (outputs + 1, inputs), &Device::Cpu);
        let bias = Tensor::zeros(outputs + 1, DType::F32, &Device::Cpu);
        let linear = Linear::new(&weight.expect("a matrix"), &bias.expect("no bias"));
        let (linear, mut scratch) = (linear.expect("a layer"), Scratch::default());
        for input in 0..inputs {
            let mut row = vec![0.0; inputs];
            row[input] = 1.0;
            let column = linear.apply(&[&row], &mut scratch).expect("a column");
            for (played, row) in column.iter().zip(rows.chunks(inputs)) {
                let most = row.iter().fold(0f32, |most, weight| most.max(weight.abs()));
                let off = (played - row[input]).abs();
                assert!(off <= most / MAX_WEIGHT * 0.501, "{off} of {most}");
            }
        }
    }
}
