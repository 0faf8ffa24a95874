//! Layers of the networks as Candle ops around the [int8 product](crate::model::kernels::int8_matvec). Only
//! ops read the storage of tensors; everything else handles tensors.
//!
//! Products and exponentials round alike with all vector instructions, so that two machines that
//! play the same take play the same notes.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Device, Layout, Module, Result, Shape,
    Tensor, WithDType, bail,
};

use crate::model::kernels::activation::{lstm_cell, tanh_all};
use crate::model::kernels::int8_matvec::{
    IN_WORD, PANEL, SparseInput, WORDS, Weights, add_product, byte_of,
};
use crate::model::pointer_memory::{CONTROLS, Memory};

/// Returns the numbers of a contiguous tensor, given its storage, inside an op.
///
/// # Errors
/// Returns an error if the tensor is not contiguous or of another type.
pub fn values<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the networks' ops need contiguous tensors")
    };
    Ok(&storage.as_slice::<T>()?[start..end])
}

/// Largest quantised weight, in multiples of its output's scale.
const MAX_WEIGHT: f32 = 127.0;

/// A linear layer with int8 weights, scaled per output: half the memory traffic of 16-bit weights
/// at the same held-out perplexity. As an op, it maps inputs and [`Linear::weight`] to outputs.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Panels x inputs x [`PANEL`], see [`crate::model::kernels::int8_matvec`].
    weight: Tensor,
    /// By output, padded to whole panels.
    scales: Vec<f32>,
    /// By output, padded to whole panels.
    biases: Vec<f32>,
    outputs: usize,
}

impl Linear {
    /// Quantises a weight of outputs x inputs, the layout of model files.
    pub(crate) fn new(weight: &Tensor, bias: &Tensor) -> Result<Linear> {
        let (outputs, inputs) = weight.dims2()?;
        let panels = outputs.div_ceil(PANEL);
        let rows: Vec<Vec<f32>> = weight.to_dtype(DType::F32)?.to_vec2()?;
        let mut scales = vec![0.0; panels * PANEL];
        let mut bytes = vec![0; panels * inputs * PANEL];
        for (panel, rows) in rows.chunks(PANEL).enumerate() {
            for (lane, row) in rows.iter().enumerate() {
                let most = row.iter().fold(0f32, |most, weight| most.max(weight.abs()));
                scales[panel * PANEL + lane] = most / MAX_WEIGHT;
                let per = if most > 0.0 { MAX_WEIGHT / most } else { 0.0 };
                let first = panel * inputs * PANEL + byte_of(lane);
                let column = bytes[first..].iter_mut().step_by(PANEL);
                for (byte, weight) in column.zip(row) {
                    *byte = nearest(weight * per);
                }
            }
        }
        let weight = Tensor::from_vec(bytes, (panels, inputs, PANEL), &Device::Cpu)?;
        let bias = bias.to_dtype(DType::F32)?.pad_with_zeros(0, 0, panels * PANEL - outputs)?;
        Ok(Linear { weight, scales, biases: bias.to_vec1()?, outputs })
    }

    /// The weight of outputs x inputs and the bias, as the 32-bit floats that the int8 weights
    /// stand for.
    pub(crate) fn dequantised(&self) -> Result<[Tensor; 2]> {
        let bits = self.weight.to_dtype(DType::F32)?;
        let signed = (&bits - (bits.gt(MAX_WEIGHT)?.to_dtype(DType::F32)? * 256.0)?)?;
        let (panels, inputs, _) = signed.dims3()?;
        // Panel, byte of the word, word: the order of outputs.
        let signed = signed.reshape((panels, inputs, WORDS, IN_WORD))?.permute((0, 3, 2, 1))?;
        let rows = signed.reshape((panels * PANEL, inputs))?.narrow(0, 0, self.outputs)?;
        let part =
            |all: &[f32]| Tensor::from_slice(&all[..self.outputs], self.outputs, &Device::Cpu);
        Ok([rows.broadcast_mul(&part(&self.scales)?.unsqueeze(1)?)?, part(&self.biases)?])
    }

    /// The outputs, given the inputs in parts and the storage of the weight.
    fn apply(
        &self,
        parts: &[&[f32]],
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<Vec<f32>> {
        let (_, inputs, _) = weight_layout.shape().dims3()?;
        let found = parts.iter().map(|part| part.len()).sum::<usize>();
        if found != inputs {
            bail!("a layer of {inputs} inputs got {found}")
        }
        let mut sums = self.biases.clone();
        let weights = Weights { bytes: values(weight, weight_layout)?, scales: &self.scales };
        add_product(&nonzero(parts, inputs), weights, &mut sums);
        sums.truncate(self.outputs);
        Ok(sums)
    }
}

impl Module for Linear {
    /// The product with a vector of inputs, plus the bias.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.apply_op2_no_bwd(&self.weight, self)
    }
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "int8-linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let outputs = self.apply(&[values(x, x_layout)?], weight, weight_layout)?;
        Ok((CpuStorage::F32(outputs), Shape::from(self.outputs)))
    }
}

/// Hyperbolic tangent as an op.
pub(crate) struct Tanh;

impl CustomOp1 for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut cells = values::<f32>(x, layout)?.to_vec();
        tanh_all(&mut cells);
        Ok((CpuStorage::F32(cells), layout.shape().clone()))
    }
}

/// Inputs that are not zero; most of a row is. Without a branch on each input, which would be
/// unpredictable.
fn nonzero(parts: &[&[f32]], inputs: usize) -> Vec<SparseInput> {
    let mut sparse = vec![(0, 0.0); inputs];
    let mut count = 0;
    let mut first = 0;
    for part in parts {
        for (place, &input) in (first..).zip(*part) {
            sparse[count] = (place, input);
            count += usize::from(input != 0.0);
        }
        first += part.len();
    }
    sparse.truncate(count);
    sparse
}

/// The nearest integer as the bits of an `i8`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
fn nearest(number: f32) -> u8 {
    ((number + 128.5) as u8).wrapping_sub(128)
}

/// An LSTM layer of H cells: one matrix from its inputs and its last output to the gates. As an op,
/// it maps inputs, state and the weight of the gates to the next state.
#[derive(Debug)]
pub(crate) struct Lstm {
    gates: Linear,
    /// State before the first step, 2H: the last output and the cell state.
    pub(crate) start: Tensor,
    cells: usize,
}

impl Lstm {
    /// A layer with the weights and biases of its inputs and of its last output, in the layout of
    /// `torch.nn.LSTM`.
    pub(crate) fn new(weights: [&Tensor; 2], biases: [&Tensor; 2]) -> Result<Lstm> {
        let [input, hidden] = biases.map(|bias| bias.to_dtype(DType::F32));
        let gates = Linear::new(&Tensor::cat(&weights, 1)?, &(input? + hidden?)?)?;
        let cells = weights[1].dim(1)?;
        Ok(Lstm { gates, start: Tensor::zeros(2 * cells, DType::F32, &Device::Cpu)?, cells })
    }

    /// The state after a step.
    pub(crate) fn step(&self, x: &Tensor, state: &Tensor) -> Result<Tensor> {
        x.apply_op3_no_bwd(state, &self.gates.weight, self)
    }

    /// The output of the step that led to a state.
    pub(crate) fn output(&self, state: &Tensor) -> Result<Tensor> {
        state.narrow(0, 0, self.cells)
    }

    /// The weights of the inputs and of the last output, and the sum of their biases, as the
    /// 32-bit floats that the int8 weights stand for.
    pub(crate) fn dequantised(&self) -> Result<[Tensor; 3]> {
        let [weight, bias] = self.gates.dequantised()?;
        let inputs = weight.dim(1)? - self.cells;
        Ok([weight.narrow(1, 0, inputs)?, weight.narrow(1, inputs, self.cells)?, bias])
    }
}

impl CustomOp3 for Lstm {
    fn name(&self) -> &'static str {
        "int8-lstm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        state: &CpuStorage,
        state_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (last, before) = values::<f32>(state, state_layout)?.split_at(self.cells);
        let mut gates = self.gates.apply(&[values(x, x_layout)?, last], weight, weight_layout)?;
        let mut next = vec![0.0; 2 * self.cells];
        let (hidden, cell) = next.split_at_mut(self.cells);
        lstm_cell(&mut gates, before, cell, hidden);
        Ok((CpuStorage::F32(next), Shape::from(2 * self.cells)))
    }
}

/// Log-probabilities of the subsets of the kit. As an op, it maps their logits, followed by the
/// [`CONTROLS`] of the memory if the model has one, to the mixture.
pub(crate) struct Mixture<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) subsets: usize,
}

impl CustomOp1 for Mixture<'_> {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn cpu_fwd(&self, outputs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (logits, controls) = values::<f32>(outputs, layout)?.split_at(self.subsets);
        let mut logits = logits.to_vec();
        if controls.is_empty() {
            Memory::default().mix(&[0.0; CONTROLS], &mut logits);
        } else {
            self.memory.mix(controls, &mut logits);
        }
        Ok((CpuStorage::F32(logits), Shape::from(self.subsets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, salt: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + salt * 104_729) % 10_007) as f32 / 10_007.0 - 0.5).collect()
    }

    fn played(linear: &Linear, x: &Tensor) -> Vec<f32> {
        linear.forward(x).and_then(|y| y.to_vec1()).expect("a product")
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
        let x = x.flatten_all().expect("a vector");
        for dtype in [DType::F32, DType::F16] {
            let weight = weight.to_dtype(dtype).expect("a weight of such numbers");
            let linear = Linear::new(&weight, &bias).expect("a layer");
            let ours = played(&linear, &x);
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
        let linear = linear.expect("a layer");
        let [weight, _] = linear.dequantised().expect("weights");
        let dequantised: Vec<Vec<f32>> = weight.to_vec2().expect("a matrix");
        for input in 0..inputs {
            let mut row = vec![0f32; inputs];
            row[input] = 1.0;
            let row = Tensor::from_vec(row, inputs, &Device::Cpu).expect("a row");
            let column = played(&linear, &row);
            for ((played, row), dequantised) in
                column.iter().zip(rows.chunks(inputs)).zip(&dequantised)
            {
                assert_eq!(*played, dequantised[input]);
                let most = row.iter().fold(0f32, |most, weight| most.max(weight.abs()));
                let off = (played - row[input]).abs();
                assert!(off <= most / MAX_WEIGHT * 0.501, "{off} of {most}");
            }
        }
    }
}
