//! One step of the networks, on one core: products of a row with a matrix, and LSTM cells.
//!
//! Weights stay in Candle's tensors; these kernels read them where they lie. A product adds up
//! the rows of the matrix that the input does not silence, in their order and with one rounding
//! for each multiply and add, whatever vector instructions the machine has; and the exponential
//! is ours. So two machines that play the same take play the same notes.

use candle_core::{CpuStorage, Result, Storage, Tensor};
use multiversion::multiversion;

use crate::activation::{exp, sigmoid, tanh};

/// Rows that are added in one pass over the sums.
const ROWS: usize = 8;

/// Reads a tensor's numbers where they lie. They must be contiguous 32-bit floats.
fn with_numbers<R>(tensor: &Tensor, act: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        return Err(candle_core::Error::RequiresContiguous { op: "step" }.bt());
    };
    match &*storage {
        Storage::Cpu(CpuStorage::F32(numbers)) => Ok(act(&numbers[start..end])),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other.dtype(), "step").bt()),
    }
}

/// A matrix and a bias.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Inputs x outputs.
    weight: Tensor,
    /// Outputs.
    bias: Tensor,
}

impl Linear {
    /// From a weight of outputs x inputs, as files have it.
    pub(crate) fn new(weight: &Tensor, bias: &Tensor) -> Result<Linear> {
        Ok(Linear { weight: weight.t()?.contiguous()?, bias: bias.contiguous()? })
    }

    /// The product with a row of inputs, which comes in parts, plus the bias.
    pub(crate) fn apply(&self, parts: &[&[f32]]) -> Result<Vec<f32>> {
        let mut sums = with_numbers(&self.bias, <[f32]>::to_vec)?;
        with_numbers(&self.weight, |weight| add_product(&mut sums, parts, weight))?;
        Ok(sums)
    }
}

/// Adds the product of a row, given in parts, with a matrix of inputs x outputs.
fn add_product(sums: &mut [f32], parts: &[&[f32]], weight: &[f32]) {
    let inputs = parts.iter().flat_map(|part| part.iter());
    debug_assert_eq!(inputs.clone().count() * sums.len(), weight.len());
    let struck: Vec<(f32, &[f32])> = inputs
        .zip(weight.chunks_exact(sums.len()))
        .filter(|(input, _)| **input != 0.0)
        .map(|(input, row)| (*input, row))
        .collect();
    let mut rows = struck.chunks_exact(ROWS);
    for rows in &mut rows {
        let mut inputs = [0.0; ROWS];
        let mut weights: [&[f32]; ROWS] = [&[]; ROWS];
        for ((input, weight), row) in inputs.iter_mut().zip(&mut weights).zip(rows) {
            (*input, *weight) = *row;
        }
        add_rows(sums, inputs, weights);
    }
    for &(input, weight) in rows.remainder() {
        add_row(sums, input, weight);
    }
}

#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn add_rows(sums: &mut [f32], inputs: [f32; ROWS], weights: [&[f32]; ROWS]) {
    let weights = weights.map(|row| &row[..sums.len()]);
    for (at, sum) in sums.iter_mut().enumerate() {
        let mut total = *sum;
        for row in 0..ROWS {
            total = inputs[row].mul_add(weights[row][at], total);
        }
        *sum = total;
    }
}

#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn add_row(sums: &mut [f32], input: f32, weights: &[f32]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum = input.mul_add(*weight, *sum);
    }
}

/// What an LSTM layer keeps from step to step.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    /// What the layer gave last.
    pub(crate) hidden: Vec<f32>,
    cell: Vec<f32>,
}

impl Cells {
    /// Before the first step.
    pub(crate) fn new(cells: usize) -> Cells {
        Cells { hidden: vec![0.0; cells], cell: vec![0.0; cells] }
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

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn numbers(count: usize, salt: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + salt * 104_729) % 10_007) as f32 / 10_007.0 - 0.5).collect()
    }

    #[test]
    fn a_product_is_candles_own() {
        let (inputs, outputs) = (37, 52);
        let weight =
            Tensor::from_vec(numbers(inputs * outputs, 1), (outputs, inputs), &Device::Cpu)
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
        let linear = Linear::new(&weight, &bias).expect("a layer");
        let (front, back) = row.split_at(20);
        let ours = linear.apply(&[front, back]).expect("a product");
        assert!(ours.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn every_machine_rounds_alike() {
        // The plain form of what the kernels do with whatever vectors there are.
        let (rows, width) = (19, 100);
        let (x, weight) = (numbers(rows, 4), numbers(rows * width, 5));
        let mut sums = numbers(width, 6);
        let mut plain = sums.clone();
        add_product(&mut sums, &[&x], &weight);
        for (x, row) in x.iter().zip(weight.chunks(width)) {
            for (sum, weight) in plain.iter_mut().zip(row) {
                *sum = x.mul_add(*weight, *sum);
            }
        }
        assert_eq!(sums, plain);
    }
}
