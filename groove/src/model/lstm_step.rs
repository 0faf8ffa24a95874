//! One step of the networks, on one core: products of a row with a matrix, and LSTM cells.
//!
//! Weights stay in Candle's tensors, laid out as [`crate::model::int8_matvec`] reads them best; it reads them
//! where they lie, and passes over those whose input is nought, as most of a row is. Products and
//! exponentials round alike whatever vector instructions the machine has. So two machines that
//! play the same take play the same notes.

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor};
use multiversion::multiversion;

use crate::model::activation::{exp, ln, sigmoid, tanh};
use crate::model::int8_matvec::{PANEL, SparseInput, Weights, add_product};

/// Whether all of a tensor's numbers are numbers.
pub(crate) fn is_finite(tensor: &Tensor) -> Result<bool> {
    let numbers: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    Ok(numbers.iter().all(|number| number.is_finite()))
}

/// The most that a weight is, in multiples of its output's scale.
const MAX_WEIGHT: f32 = 127.0;

/// Room for a product, which is used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    inputs: Vec<SparseInput>,
    sums: Vec<f32>,
}

/// A matrix and a bias. A weight is a whole number of up to 127, times a scale of its output: half
/// of what 16 bits take to read, and the held-out perplexity stays what it was.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Panels x inputs x [`PANEL`], as [`crate::model::int8_matvec`] reads them.
    weight: Tensor,
    /// Of each output, up to whole panels.
    scales: Vec<f32>,
    /// The same.
    bias: Vec<f32>,
    outputs: usize,
}

impl Linear {
    /// From a weight of outputs x inputs, as files have it.
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

    /// The product with a row of inputs, which comes in parts, plus the bias.
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

/// The bits of the whole number that is nearest, as an `i8`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
fn nearest(number: f32) -> u8 {
    ((number + 128.5) as u8).wrapping_sub(128)
}

/// What an LSTM layer keeps from step to step.
#[derive(Clone, Debug)]
pub(crate) struct LstmState {
    /// What the layer gave last.
    pub(crate) hidden: Vec<f32>,
    cell: Vec<f32>,
}

impl LstmState {
    /// Before the first step.
    pub(crate) fn new(cells: usize) -> LstmState {
        LstmState { hidden: vec![0.0; cells], cell: vec![0.0; cells] }
    }

    /// Moves on by a step, given the sums of the gates in the order i f g o.
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

/// exp of each number, in place; not-a-number and what is below -87 become the least.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn exp_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = exp(*x));
}

/// The logarithm of each number, in place, all of them normal and above 0.
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
    fn a_product_is_candles_own() {
        let (inputs, outputs) = (37, 152);
        // Weights that bytes hold as they are: of each output one is the greatest.
        let whole = |i: usize| if i.is_multiple_of(inputs) { 254 } else { i * 7919 % 255 };
        let weights = (0..inputs * outputs).map(|i| (whole(i) as f32 - 127.0) / 512.0);
        let weight = Tensor::from_iter(weights, &Device::Cpu)
            .and_then(|weight| weight.reshape((outputs, inputs)))
            .expect("a matrix");
        let bias = Tensor::from_vec(numbers(outputs, 2), outputs, &Device::Cpu).expect("a bias");
        // Some inputs are nought, as most of a row is.
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
    fn any_weight_is_the_nearest_of_255() {
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
