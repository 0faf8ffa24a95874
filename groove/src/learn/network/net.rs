//! The two networks during training, as Candle ops over whole sequences. They compute the same
//! values as [`crate::model`] step by step, which a test checks.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor, Var};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::linear::{linear, mask};
use super::lstm::{LstmState, LstmWeights, lstm};
use super::reference_logits::add_references;
use super::storage::with_slice;
use crate::learn::data::batch::Batch;
use crate::learn::data::rows::Rows;
use crate::model::pointer_memory::{CONTROLS, Memory};
use crate::model::{Metadata, Stack};

/// Initial bias of the pointer memory's controls, tuned by hand: a bar is weighted by the number of
/// drums in its last four steps that differ from the present ones, and by its age; the memory gets
/// three tenths of the mixture.
const MEMORY_START: [f32; CONTROLS] = {
    let mut start = [0.0; CONTROLS];
    start[1] = -8.0;
    start[6] = -0.4;
    start[CONTROLS - 1] = -0.85;
    start
};

/// Outputs of the networks for a batch, row by row.
pub struct Outputs {
    /// Rows x subsets: logits of hits.
    pub hits: Tensor,
    /// Rows x [`CONTROLS`]: controls of the pointer memory; `None` in a model without one.
    pub controls: Option<Tensor>,
    /// Rows x classes x [`FEEL_LOGITS`](crate::model::feel::FEEL_LOGITS): logits of velocity and offset.
    pub feel: Tensor,
}

impl Outputs {
    /// Rows x subsets: log-probabilities of hits, mixed with the pointer memory in a model that has
    /// one.
    pub fn hit_log_probabilities(&self, batch: &Batch) -> Result<Vec<f32>> {
        let subsets = self.hits.dim(1)?;
        let mut hits = with_slice(&self.hits, <[f32]>::to_vec)?;
        let controls =
            self.controls.as_ref().map(|it| with_slice(it, <[f32]>::to_vec)).transpose()?;
        let none = Memory::default();
        hits.par_chunks_mut(subsets).zip(batch.memories.par_iter()).enumerate().for_each(
            |(row, (hits, memory))| match &controls {
                Some(controls) => memory.mix(&controls[row * CONTROLS..][..CONTROLS], hits),
                None => none.mix(&[0.0; CONTROLS], hits),
            },
        );
        Ok(hits)
    }
}

/// Weights of both networks, in the order of [`Metadata::tensors`].
pub struct Net {
    /// Header of the model.
    pub metadata: Metadata,
    /// Weights, by name.
    pub weights: Vec<(String, Var)>,
}

/// LSTM states of both networks between two batches, layer by layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetState {
    /// Of the hit network.
    pub beat: Vec<LstmState>,
    /// Of the feel network.
    pub feel: Vec<LstmState>,
}

/// Dropout of one training pass.
pub struct Dropout {
    rate: f32,
    draws: ChaCha8Rng,
}

impl Dropout {
    /// Drops this share of the outputs of every layer, with the random numbers of an update.
    #[must_use]
    pub fn new(rate: f32, seed: u64, update: u64) -> Self {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        draws.set_stream(update + 1);
        Dropout { rate, draws }
    }

    fn apply(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut bytes = vec![0u8; x.elem_count()];
        self.draws.fill_bytes(&mut bytes);
        // A byte is precise enough: the scale compensates the rounding of the rate.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let dropped = (self.rate * 256.0).round() as u8;
        let scale = 256.0 / (256.0 - f32::from(dropped));
        let factor = |byte: u8| if byte < dropped { 0.0 } else { scale };
        Ok(mask(x, bytes.into_iter().map(factor).collect())?)
    }
}

impl Net {
    /// Initial weights: uniform within one over the root of the number of cells, forget gates
    /// biased to 1.
    pub fn new(metadata: &Metadata, seed: u64) -> Result<Net> {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let mut weights = Vec::new();
        for (name, shape) in metadata.tensors() {
            let cells = if name.starts_with("feel.") { metadata.feel } else { metadata.beat }.cells;
            let bound = 1.0 / (cells as f32).sqrt();
            let count = shape.iter().product();
            let mut values: Vec<f32> =
                (0..count).map(|_| draws.random_range(-bound..bound)).collect();
            if name.contains(".bias_ih") {
                values[cells..2 * cells].fill(1.0);
            }
            if name == "memory.bias" {
                values.copy_from_slice(&MEMORY_START);
            }
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
            weights.push((name, Var::from_tensor(&tensor)?));
        }
        Ok(Net { metadata: metadata.clone(), weights })
    }

    /// A net with the weights of a model file.
    ///
    /// # Errors
    /// If a tensor is missing.
    pub fn from_tensors(metadata: &Metadata, tensors: &HashMap<String, Tensor>) -> Result<Net> {
        let weight = |(name, _): (String, Vec<usize>)| {
            let tensor =
                tensors.get(&name).with_context(|| format!("the tensor {name} is missing"))?;
            let var = Var::from_tensor(&tensor.to_dtype(candle_core::DType::F32)?)?;
            Ok((name, var))
        };
        let weights: Result<Vec<_>> = metadata.tensors().into_iter().map(weight).collect();
        Ok(Net { metadata: metadata.clone(), weights: weights? })
    }

    /// A net with the weights in the bytes of a model file.
    ///
    /// # Errors
    /// If a tensor is missing.
    pub fn from_model_file(metadata: &Metadata, bytes: &[u8]) -> Result<Net> {
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        Net::from_tensors(metadata, &tensors)
    }

    fn weight(&self, name: &str) -> Result<&Tensor> {
        let found = self.weights.iter().find(|(n, _)| n == name);
        Ok(found.with_context(|| format!("the tensor {name} is missing"))?.1.as_tensor())
    }

    /// Runs a batch through both networks and updates their LSTM states.
    pub fn forward(
        &self,
        batch: &Batch,
        states: &mut NetState,
        mut dropout: Option<&mut Dropout>,
    ) -> Result<Outputs> {
        let (rows, starts) = (batch.rows, &batch.starts);
        let mut stack = |prefix, size, x: &Tensor, states: &mut Vec<LstmState>| {
            self.stack(prefix, size, x, rows, starts, states, dropout.as_deref_mut())
        };
        let beat = stack("beat", self.metadata.beat, &batch.beat_inputs, &mut states.beat)?;
        let feel = stack("feel", self.metadata.feel, &batch.feel_inputs, &mut states.feel)?;
        let out = |x: &Tensor, name: &str| -> Result<Tensor> {
            let bias = self.weight(&format!("{name}.bias"))?;
            Ok(linear(x, self.weight(&format!("{name}.weight"))?, bias)?)
        };
        Ok(Outputs {
            hits: out(&beat, "beat.out")?,
            controls: match self.metadata.has_memory() {
                true => Some(out(&beat, "memory")?),
                false => None,
            },
            feel: add_references(&out(&feel, "feel.out")?, &batch.references)?,
        })
    }

    #[expect(clippy::too_many_arguments)]
    fn stack(
        &self,
        prefix: &str,
        size: Stack,
        x: &Tensor,
        rows: Rows,
        starts: &Arc<Vec<bool>>,
        states: &mut Vec<LstmState>,
        mut dropout: Option<&mut Dropout>,
    ) -> Result<Tensor> {
        states.resize(size.layers, LstmState::default());
        let mut x = x.clone();
        for (layer, state) in states.iter_mut().enumerate() {
            let weight = |part: &str| self.weight(&format!("{prefix}.{part}_l{layer}"));
            let bias = (weight("bias_ih")? + weight("bias_hh")?)?;
            let (input, recurrent) = (weight("weight_ih")?, weight("weight_hh")?);
            let weights = LstmWeights { input, recurrent, bias: &bias, needs_input: layer > 0 };
            (x, *state) = lstm(&x, weights, rows, starts, state)?;
            if let Some(dropout) = dropout.as_deref_mut() {
                x = dropout.apply(&x)?;
            }
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::data::batch::pack;
    use crate::learn::data::{Piece, Split};
    use crate::learn::network::storage::with_slice;
    use crate::model::encode::{Inputs, Kind};
    use crate::model::feel::{self, FEEL_LOGITS, References};
    use crate::model::pointer_memory::Memory;
    use crate::model::{Model, write};
    use crate::pattern::drum::Drum;
    use crate::pattern::kit::DrumClasses;
    use crate::pattern::{Hit, Meter, Step};

    fn piece(length: usize, meter: Meter) -> Piece {
        let mut steps = vec![Step::SILENT; length];
        for (i, step) in steps.iter_mut().enumerate() {
            for drum in Drum::ALL.into_iter().filter(|d| (i * 5 + d.index() * 3) % 7 == 0) {
                step.set(drum, Some(Hit::new(0.1 + (i % 9) as f32 / 10.0, (i % 5) as f32 / 12.0)));
            }
        }
        let kind = Kind { style: 3, blend: (0, 0.0), tempo: 97.0, meter, fill: false };
        Piece { steps, kind, split: Split::Train }
    }

    #[test]
    fn sequences_agree_with_the_model_step_by_step() -> Result<()> {
        let stack = Stack { layers: 2, cells: 24 };
        let nine = Metadata::new("", stack, Stack { layers: 1, cells: 16 }, "");
        let inputs = Inputs::DrumRnn;
        check_agreement(&nine)?;
        check_agreement(&Metadata { inputs, ..nine.clone() })?;
        check_agreement(&Metadata { inputs, classes: DrumClasses::one_drum(), ..nine })
    }

    fn check_agreement(metadata: &Metadata) -> Result<()> {
        let kit = &metadata.classes;
        let drawn = Net::new(metadata, 5)?;
        let drawn = drawn.weights.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        let model = Model::from_bytes(&write(metadata, &drawn.collect(), &[], false)?)?;
        let net = Net::from_tensors(metadata, &model.dequantised()?)?;
        // Three pieces in two lanes, so that one starts in the middle of a lane.
        let mut pieces =
            [piece(50, Meter::FOUR_FOUR), piece(20, Meter::new(7, 8)), piece(25, Meter::FOUR_FOUR)];
        for step in pieces.iter_mut().flat_map(|piece| &mut piece.steps) {
            *step = kit.step(step);
        }
        let packed = pack(metadata, &pieces, 2, 1)?;
        let outputs = net.forward(&packed.batch, &mut NetState::default(), None)?;
        let numbers = |tensor: &Tensor| with_slice(tensor, <[f32]>::to_vec).expect("numbers");
        let (mut hits, feel) = (numbers(&outputs.hits), numbers(&outputs.feel));
        let controls = outputs.controls.as_ref().map(numbers);
        assert_eq!(controls.is_some(), metadata.inputs == Inputs::Lags);
        for (row, hits) in hits.chunks_mut(kit.subsets()).enumerate() {
            match &controls {
                Some(controls) => {
                    packed.batch.memories[row].mix(&controls[row * CONTROLS..][..CONTROLS], hits);
                }
                None => Memory::default().mix(&[0.0; CONTROLS], hits),
            }
        }
        for (piece, rows) in pieces.iter().zip(&packed.places) {
            let mut state = model.start();
            for (at, &place) in rows.iter().enumerate() {
                let past = &piece.steps[..at];
                let mut row = vec![0.0; metadata.feel_row()];
                let (inputs, cells) = row.split_at_mut(metadata.row());
                metadata.write_row(past, &piece.kind, inputs);
                let memory = Memory::at(past, piece.kind.meter);
                let references = References::at(past, &memory, piece.kind.meter);
                references.write(piece.steps[at].drums(), cells);
                let played = model.hits(&mut state, inputs, &memory)?;
                model.feel(&mut state, &row)?;
                let mut felt = vec![0.0; kit.classes() * FEEL_LOGITS];
                for ((drum, _), logits) in kit.lanes().zip(felt.chunks_mut(FEEL_LOGITS)) {
                    let outputs = model.velocity_offset(&state, drum.index())?;
                    feel::add_references(&outputs, &references.bins(drum), logits);
                }
                assert_eq!(played.len(), kit.subsets());
                for (one, all) in [(played, &hits), (felt, &feel)] {
                    let whole = &all[place * one.len()..(place + 1) * one.len()];
                    assert!(one.iter().zip(whole).all(|(a, b)| (a - b).abs() < 1e-4), "step {at}");
                }
            }
        }
        Ok(())
    }
}
