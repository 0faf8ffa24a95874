//! The two networks and their state.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Module, Tensor};

use super::calibration::StyleCalibration;
use super::error::ModelError;
use super::feel::CLASS_OUTPUTS;
use super::kernels::ops::{Linear, Lstm, Mixture, Tanh};
use super::lead_in::LeadIn;
use super::metadata::{Metadata, Stack};
use super::pointer_memory::{CONTROLS, Memory};
use super::stroke_offsets::StrokeOffsets;

/// A loaded model: weights only. [`State`] holds the state of playing.
#[derive(Debug)]
pub struct Model {
    metadata: Metadata,
    identity: u64,
    beat: Vec<Lstm>,
    /// Outputs: logits, and the memory controls if the model has a pointer memory.
    beat_out: Linear,
    feel: Vec<Lstm>,
    /// By class.
    feel_out: Vec<Linear>,
    strokes: Option<[Linear; 3]>,
    lead_ins: Vec<LeadIn>,
}

/// Recurrent state of the two networks, layer by layer. Its tensors are never written to: a step
/// replaces them, and copies share them.
#[derive(Clone, Debug)]
pub struct State {
    beat: Vec<Tensor>,
    feel: Vec<Tensor>,
}

impl Model {
    /// Assembles a model from the parts of a file.
    pub(super) fn assemble(
        metadata: Metadata,
        identity: u64,
        tensors: &HashMap<String, Tensor>,
        lead_ins: Vec<LeadIn>,
    ) -> Result<Model, ModelError> {
        Ok(Model {
            beat: layers("beat", metadata.beat, tensors)?,
            beat_out: beat_out(&metadata, tensors)?,
            feel: layers("feel", metadata.feel, tensors)?,
            feel_out: feel_out(&metadata, tensors)?,
            strokes: metadata.has_strokes().then(|| stroke_layers(tensors)).transpose()?,
            identity,
            lead_ins,
            metadata,
        })
    }

    /// The file's header.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// XXH3 hash of the model file, never 0.
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The lead-ins of takes.
    #[must_use]
    pub fn lead_ins(&self) -> &[LeadIn] {
        &self.lead_ins
    }

    /// Replaces the calibrations, in the order of [`Metadata::calibrations`].
    pub fn set_calibrations(&mut self, calibrations: Vec<StyleCalibration>) {
        self.metadata.calibrations = calibrations;
    }

    /// Replaces the offsets of the stroke network, by style number.
    pub fn set_stroke_offsets(&mut self, offsets: BTreeMap<u8, StrokeOffsets>) {
        self.metadata.stroke_offsets = offsets;
    }

    /// The state before the first step.
    #[must_use]
    pub fn start(&self) -> State {
        let start = |layers: &[Lstm]| layers.iter().map(|layer| layer.start.clone()).collect();
        State { beat: start(&self.beat), feel: start(&self.feel) }
    }

    /// Log-probabilities of all subsets of the kit at the next step, given a row of
    /// [`Metadata::row`] cells and the pointer memory at this step.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn hits(
        &self,
        state: &mut State,
        row: &[f32],
        memory: &Memory,
    ) -> Result<Vec<f32>, ModelError> {
        self.given_hits(state, row)?;
        let mixture = Mixture { memory, subsets: self.metadata.classes.subsets() };
        let outputs = self.beat_out.forward(&top(&self.beat, &state.beat)?)?;
        Ok(outputs.apply_op1_no_bwd(&mixture)?.to_vec1()?)
    }

    /// Advances the hit network by a row, as [`Model::hits`], for a step whose drums are given.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn given_hits(&self, state: &mut State, row: &[f32]) -> Result<(), ModelError> {
        Ok(step(&self.beat, &mut state.beat, row)?)
    }

    /// Advances the feel network by a row of [`Metadata::feel_row`] cells. Must be called at every
    /// step, including silent ones.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn feel(&self, state: &mut State, row: &[f32]) -> Result<(), ModelError> {
        Ok(step(&self.feel, &mut state.feel, row)?)
    }

    /// The [`CLASS_OUTPUTS`] velocity and offset outputs of a class of the kit, after
    /// [`Model::feel`].
    ///
    /// # Errors
    /// Returns an error if Candle fails, or if the class does not exist.
    pub fn velocity_offset(&self, state: &State, class: usize) -> Result<Vec<f32>, ModelError> {
        let out = self.feel_out.get(class).ok_or_else(|| {
            let classes = self.feel_out.len();
            ModelError::Classes(format!(
                "the model has {classes} drum classes and no class {class}"
            ))
        })?;
        Ok(out.forward(&top(&self.feel, &state.feel)?)?.to_vec1()?)
    }

    /// The tensors of [`Metadata::tensors`] as the 32-bit floats that the int8 weights stand for,
    /// for a reference implementation. The biases of a layer's inputs and of its last output are
    /// added up in the first.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn dequantised(&self) -> Result<HashMap<String, Tensor>, ModelError> {
        let mut tensors = HashMap::new();
        for (prefix, layers) in [("beat", &self.beat), ("feel", &self.feel)] {
            for (number, layer) in layers.iter().enumerate() {
                let [input, hidden, bias] = layer.dequantised()?;
                let mut add = |part: &str, tensor| {
                    tensors.insert(format!("{prefix}.{part}_l{number}"), tensor);
                };
                add("weight_ih", input);
                add("weight_hh", hidden);
                add("bias_hh", bias.zeros_like()?);
                add("bias_ih", bias);
            }
        }
        let of_classes = self.feel_out.iter().map(Linear::dequantised);
        let of_classes: Vec<_> = of_classes.collect::<candle_core::Result<_>>()?;
        let beat = self.beat_out.dequantised()?;
        let subsets = self.metadata.classes.subsets();
        for (at, part) in ["weight", "bias"].into_iter().enumerate() {
            let rows: Vec<&Tensor> = of_classes.iter().map(|parts| &parts[at]).collect();
            tensors.insert(format!("feel.out.{part}"), Tensor::cat(&rows, 0)?);
            tensors.insert(format!("beat.out.{part}"), beat[at].narrow(0, 0, subsets)?);
            if self.metadata.has_memory() {
                let controls = beat[at].narrow(0, subsets, CONTROLS)?;
                tensors.insert(format!("memory.{part}"), controls);
            }
        }
        Ok(tensors)
    }

    /// The [`OUTPUTS`](super::strokes::OUTPUTS) of the stroke network for a row of its inputs.
    ///
    /// # Errors
    /// Returns an error if Candle fails, or if the model has no stroke network.
    pub fn strokes(&self, row: &[f32]) -> Result<Vec<f32>, ModelError> {
        let missing = || ModelError::Missing("strokes.out.weight".into());
        let [first, second, out] = self.strokes.as_ref().ok_or_else(missing)?;
        let row = Tensor::from_slice(row, row.len(), &Device::Cpu)?;
        let hidden = first.forward(&row)?.apply_op1_no_bwd(&Tanh)?;
        let hidden = second.forward(&hidden)?.apply_op1_no_bwd(&Tanh)?;
        Ok(out.forward(&hidden)?.to_vec1()?)
    }
}

/// Layers of the stroke network.
fn stroke_layers(tensors: &HashMap<String, Tensor>) -> Result<[Linear; 3], ModelError> {
    let layer = |name: &str| {
        let [weight, bias] = linear(name, tensors)?;
        Ok::<_, ModelError>(Linear::new(&weight, &bias)?)
    };
    Ok([layer("strokes.0")?, layer("strokes.1")?, layer("strokes.out")?])
}

fn get(tensors: &HashMap<String, Tensor>, name: String) -> Result<Tensor, ModelError> {
    tensors.get(&name).cloned().ok_or(ModelError::Missing(name))
}

/// Weight and bias of a linear layer.
fn linear(name: &str, tensors: &HashMap<String, Tensor>) -> Result<[Tensor; 2], ModelError> {
    let part = |part: &str| get(tensors, format!("{name}.{part}"));
    Ok([part("weight")?, part("bias")?])
}

/// Output layer of the hit network: logits and memory controls in one product.
fn beat_out(metadata: &Metadata, tensors: &HashMap<String, Tensor>) -> Result<Linear, ModelError> {
    let [mut weight, mut bias] = linear("beat.out", tensors)?;
    if metadata.has_memory() {
        let [controls, own] = linear("memory", tensors)?;
        weight = Tensor::cat(&[weight, controls], 0)?;
        bias = Tensor::cat(&[bias, own], 0)?;
    }
    Ok(Linear::new(&weight, &bias)?)
}

/// Output layers of the feel network, by class.
fn feel_out(
    metadata: &Metadata,
    tensors: &HashMap<String, Tensor>,
) -> Result<Vec<Linear>, ModelError> {
    let whole = linear("feel.out", tensors)?;
    let of_class = |class: usize| {
        let part = |tensor: &Tensor| tensor.narrow(0, class * CLASS_OUTPUTS, CLASS_OUTPUTS);
        Ok(Linear::new(&part(&whole[0])?, &part(&whole[1])?)?)
    };
    (0..metadata.classes.classes()).map(of_class).collect()
}

/// The LSTM layers of a network.
fn layers(
    prefix: &str,
    size: Stack,
    tensors: &HashMap<String, Tensor>,
) -> Result<Vec<Lstm>, ModelError> {
    let layer = |number: usize| {
        let part = |part: &str| get(tensors, format!("{prefix}.{part}_l{number}"));
        let weights = [&part("weight_ih")?, &part("weight_hh")?];
        Ok(Lstm::new(weights, [&part("bias_ih")?, &part("bias_hh")?])?)
    };
    (0..size.layers).map(layer).collect()
}

/// Advances the states of a network's layers by a step.
fn step(layers: &[Lstm], states: &mut [Tensor], row: &[f32]) -> candle_core::Result<()> {
    let mut x = Tensor::from_slice(row, row.len(), &Device::Cpu)?;
    for (layer, state) in layers.iter().zip(states) {
        *state = layer.step(&x, state)?;
        x = layer.output(state)?;
    }
    Ok(())
}

/// Output of a network's top layer.
fn top(layers: &[Lstm], states: &[Tensor]) -> candle_core::Result<Tensor> {
    match layers.iter().zip(states).next_back() {
        Some((layer, state)) => layer.output(state),
        None => candle_core::bail!("a network has no layers"),
    }
}
