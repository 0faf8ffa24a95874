//! The two networks and their state.

use std::collections::HashMap;

use candle_core::{DType, Tensor};

use super::calibration::StyleCalibration;
use super::error::ModelError;
use super::feel::CLASS_OUTPUTS;
use super::lead_in::LeadIn;
use super::lstm_step::{Linear, LstmState, Scratch};
use super::metadata::{Metadata, Stack};
use super::pointer_memory::{CONTROLS, Memory};

/// A loaded model: weights only. [`State`] holds the state of playing.
#[derive(Debug)]
pub struct Model {
    metadata: Metadata,
    identity: u64,
    beat: Layers,
    /// Outputs: logits, and the memory controls if the model has a pointer memory.
    beat_out: Linear,
    feel: Layers,
    /// By class.
    feel_out: Vec<Linear>,
    lead_ins: Vec<LeadIn>,
}

/// Recurrent state of the two networks.
#[derive(Clone, Debug)]
pub struct State {
    beat: Vec<LstmState>,
    feel: Vec<LstmState>,
    /// Buffers without state.
    scratch: Scratch,
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
            beat: Layers::new("beat", metadata.beat, tensors)?,
            beat_out: beat_out(&metadata, tensors)?,
            feel: Layers::new("feel", metadata.feel, tensors)?,
            feel_out: feel_out(&metadata, tensors)?,
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

    /// The state before the first step.
    #[must_use]
    pub fn start(&self) -> State {
        State { beat: self.beat.start(), feel: self.feel.start(), scratch: Scratch::default() }
    }

    /// Log-probabilities of all subsets of the kit at the next step, given a row of
    /// [`Metadata::row`] cells and the pointer memory at this step.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn hits<'a>(
        &self,
        state: &'a mut State,
        row: &[f32],
        memory: &Memory,
    ) -> Result<&'a [f32], ModelError> {
        self.beat.step(&mut state.beat, row, &mut state.scratch)?;
        let outputs = self.beat_out.apply(&[top(&state.beat)], &mut state.scratch)?;
        let (logits, controls) = outputs.split_at_mut(self.metadata.classes.subsets());
        if controls.is_empty() {
            Memory::default().mix(&[0.0; CONTROLS], logits);
        } else {
            memory.mix(controls, logits);
        }
        Ok(logits)
    }

    /// Advances the feel network by a row of [`Metadata::feel_row`] cells. Must be called at every
    /// step, including silent ones.
    ///
    /// # Errors
    /// Returns an error if Candle fails.
    pub fn feel(&self, state: &mut State, row: &[f32]) -> Result<(), ModelError> {
        self.feel.step(&mut state.feel, row, &mut state.scratch)
    }

    /// The [`CLASS_OUTPUTS`] velocity and offset outputs of a class of the kit, after
    /// [`Model::feel`].
    ///
    /// # Errors
    /// Returns an error if Candle fails, or if the class does not exist.
    pub fn velocity_offset<'a>(
        &self,
        state: &'a mut State,
        class: usize,
    ) -> Result<&'a [f32], ModelError> {
        let out = self.feel_out.get(class).ok_or_else(|| {
            let classes = self.feel_out.len();
            ModelError::Classes(format!(
                "the model has {classes} drum classes and no class {class}"
            ))
        })?;
        Ok(out.apply(&[top(&state.feel)], &mut state.scratch)?)
    }
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

/// Output of a network's top layer.
fn top(states: &[LstmState]) -> &[f32] {
    states.last().map_or(&[], |cells| &cells.hidden)
}

/// A stack of LSTM layers. Each is one matrix from its inputs and its last output to the gates.
#[derive(Debug)]
struct Layers {
    layers: Vec<Linear>,
    cells: usize,
}

impl Layers {
    fn new(
        prefix: &str,
        size: Stack,
        tensors: &HashMap<String, Tensor>,
    ) -> Result<Layers, ModelError> {
        let mut layers = Vec::new();
        for layer in 0..size.layers {
            let part = |part: &str| get(tensors, format!("{prefix}.{part}_l{layer}"));
            let weight = Tensor::cat(&[part("weight_ih")?, part("weight_hh")?], 1)?;
            let bias = |name| part(name)?.to_dtype(DType::F32).map_err(ModelError::from);
            let bias = bias("bias_ih")?.add(&bias("bias_hh")?)?;
            layers.push(Linear::new(&weight, &bias)?);
        }
        Ok(Layers { layers, cells: size.cells })
    }

    fn start(&self) -> Vec<LstmState> {
        vec![LstmState::new(self.cells); self.layers.len()]
    }

    /// Advances the states by a step.
    fn step(
        &self,
        states: &mut [LstmState],
        row: &[f32],
        scratch: &mut Scratch,
    ) -> Result<(), ModelError> {
        let mut below: Option<&[f32]> = None;
        for (layer, state) in self.layers.iter().zip(states) {
            let gates = layer.apply(&[below.unwrap_or(row), &state.hidden], scratch)?;
            state.step(gates);
            below = Some(&state.hidden);
        }
        Ok(())
    }
}
