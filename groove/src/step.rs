//! One step of the networks, on one core: products of a row with a matrix, and LSTM cells.
//!
//! Weights stay in Candle's tensors, laid out as [`crate::product`] reads them best; it reads them
//! where they lie, and passes over those whose input is nought, as most of a row is. Products and
//! exponentials round alike whatever vector instructions the machine has. So two machines that
//! play the same take play the same notes.

use candle_core::{CpuStorage, DType, Result, Storage, Tensor};
use multiversion::multiversion;

use crate::activation::{exp, ln, sigmoid, tanh};
use crate::product::{PANEL, Told, Weights, add_product};

/// Reads a tensor's numbers where they lie. They must be contiguous floats.
fn with_numbers<R>(tensor: &Tensor, act: impl FnOnce(Weights) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        return Err(candle_core::Error::RequiresContiguous { op: "step" }.bt());
    };
    match &*storage {
        Storage::Cpu(CpuStorage::F16(numbers)) => Ok(act(Weights::Half(&numbers[start..end]))),
        Storage::Cpu(CpuStorage::F32(numbers)) => Ok(act(Weights::Full(&numbers[start..end]))),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other.dtype(), "step").bt()),
    }
}

/// Whether all of a tensor's numbers are numbers.
pub(crate) fn is_finite(tensor: &Tensor) -> Result<bool> {
    with_numbers(tensor, |numbers| match numbers {
        Weights::Half(numbers) => numbers.iter().all(|number| number.is_finite()),
        Weights::Full(numbers) => numbers.iter().all(|number| number.is_finite()),
    })
}

/// Room for a product, which is used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    told: Vec<Told>,
    sums: Vec<f32>,
}

/// A matrix and a bias.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Panels x inputs x [`PANEL`], of 16 or 32 bits.
    weight: Tensor,
    /// Outputs, up to whole panels.
    bias: Vec<f32>,
    outputs: usize,
}

impl Linear {
    /// From a weight of outputs x inputs, as files have it.
    pub(crate) fn new(weight: &Tensor, bias: &Tensor) -> Result<Linear> {
        let (outputs, inputs) = weight.dims2()?;
        let panels = outputs.div_ceil(PANEL);
        let missing = panels * PANEL - outputs;
        let weight = weight.pad_with_zeros(0, 0, missing)?.reshape((panels, PANEL, inputs))?;
        let bias = bias.to_dtype(DType::F32)?.pad_with_zeros(0, 0, missing)?.to_vec1()?;
        Ok(Linear { weight: weight.transpose(1, 2)?.contiguous()?, bias, outputs })
    }

    /// The product with a row of inputs, which comes in parts, plus the bias.
    pub(crate) fn apply<'a>(&self, parts: &[&[f32]], work: &'a mut Work) -> Result<&'a mut [f32]> {
        let inputs = parts.iter().flat_map(|part| part.iter().copied()).enumerate();
        work.told.clear();
        work.told.extend(inputs.filter(|(_, input)| *input != 0.0));
        work.sums.clear();
        work.sums.extend_from_slice(&self.bias);
        with_numbers(&self.weight, |weight| add_product(&work.told, weight, &mut work.sums))?;
        Ok(&mut work.sums[..self.outputs])
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

/// The logarithm of each number, in place, all of them normal and above 0.
#[multiversion(targets("x86_64+avx512f+avx2", "x86_64+avx2"))]
pub(crate) fn ln_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = ln(*x));
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
        let (inputs, outputs) = (37, 152);
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
        let (front, back) = row.split_at(20);
        let mut work = Work::default();
        for (dtype, error) in [(DType::F32, 1e-5), (DType::F16, 1e-3)] {
            let weight = weight.to_dtype(dtype).expect("a weight of such numbers");
            let linear = Linear::new(&weight, &bias).expect("a layer");
            let ours = linear.apply(&[front, back], &mut work).expect("a product");
            assert_eq!(ours.len(), wanted.len());
            assert!(ours.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < error));
        }
    }
}
