//! Training of the stroke network.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use candle_core::{Device, Tensor, Var};
use groove::model::strokes::{
    INPUTS, SIZES, articulation_outcome, next_outcomes, write_row, write_so_far,
};
use groove::model::{self, Metadata};
use groove::pattern::MAX_STROKES;
use groove::{CLASSES, Hit, Step};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::console::progress_bar;
use super::lead_ins::lead_ins;
use super::optimise::{Optimiser, Schedule, TrainingMode};
use crate::data::batch::{NONE, Targets};
use crate::data::{Data, Piece, Split};
use crate::files;
use crate::network::linear::linear;
use crate::network::losses::cross_entropy;
use crate::network::net::Net;

/// Hits per update, and passes over all of them.
const BATCH: usize = 1024;
const EPOCHS: usize = 14;
/// Peak learning rate, weight decay relative to it, and updates of the warm-up.
const RATE: f64 = 2e-3;
const DECAY: f64 = 0.02;
const WARM_UP: u64 = 100;
/// Seed of the initial weights and of the order of the hits.
const SEED: u64 = 1;

/// Inputs and outcomes of the network's decisions: one for the articulation of each hit, one after
/// each of its strokes.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrokeRows {
    /// Rows x [`INPUTS`].
    pub(crate) inputs: Vec<f32>,
    /// Rows x distributions of [`SIZES`]; [`NONE`] where there is no outcome.
    pub(crate) outcomes: Vec<u16>,
}

impl StrokeRows {
    /// The decisions of a piece.
    pub(crate) fn of(piece: &Piece) -> StrokeRows {
        let mut rows = StrokeRows::default();
        for (at, step) in piece.steps.iter().enumerate() {
            rows.add(&piece.steps[..at], step, piece);
        }
        rows
    }

    fn add(&mut self, past: &[Step], step: &Step, piece: &Piece) {
        for (drum, hit) in step.hits() {
            let mut row = [0.0; INPUTS];
            // The network must not see the strokes that it is to choose.
            let main = Hit::plain(hit.velocity, hit.offset_ticks);
            write_row(past, &piece.kind, step.drums(), drum, main, &mut row);
            self.push(&row, articulation_outcome(drum, hit.main()));
            let further: Vec<_> = hit.further().collect();
            for count in 0..=further.len() {
                write_so_far(drum, hit.main(), &further[..count], &mut row);
                // A hit of four strokes has no choice left.
                if count + 1 < MAX_STROKES {
                    let next = further.get(count).copied();
                    self.push(&row, next_outcomes(drum, hit.main(), next));
                }
            }
        }
    }

    fn push(&mut self, row: &[f32], outcomes: [Option<usize>; SIZES.len()]) {
        self.inputs.extend_from_slice(row);
        let outcome = |outcome: Option<usize>| outcome.and_then(|it| u16::try_from(it).ok());
        self.outcomes.extend(outcomes.map(|it| outcome(it).unwrap_or(NONE)));
    }

    fn append(mut self, other: StrokeRows) -> StrokeRows {
        self.inputs.extend(other.inputs);
        self.outcomes.extend(other.outcomes);
        self
    }

    /// The decisions of several pieces, in their order.
    pub(crate) fn of_all(pieces: &[&Piece]) -> StrokeRows {
        let all: Vec<StrokeRows> = pieces.par_iter().map(|piece| StrokeRows::of(piece)).collect();
        all.into_iter().fold(StrokeRows::default(), StrokeRows::append)
    }

    fn len(&self) -> usize {
        self.outcomes.len() / SIZES.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<(Tensor, Targets)> {
        let inputs: Vec<f32> =
            rows.iter().flat_map(|&row| &self.inputs[row * INPUTS..][..INPUTS]).copied().collect();
        let outcome = |&row: &usize| &self.outcomes[row * SIZES.len()..][..SIZES.len()];
        let outcomes = rows.iter().flat_map(outcome).copied().collect();
        let inputs = Tensor::from_vec(inputs, (rows.len(), INPUTS), &Device::Cpu)?;
        Ok((inputs, Targets { sizes: SIZES.to_vec(), outcomes }))
    }
}

/// Outputs of the stroke network for rows of inputs.
pub(crate) fn forward(tensors: &[&Tensor; 6], inputs: &Tensor) -> Result<Tensor> {
    let [first, first_bias, second, second_bias, out, out_bias] = tensors;
    let hidden = linear(inputs, first, first_bias)?.tanh()?;
    let hidden = linear(&hidden, second, second_bias)?.tanh()?;
    Ok(linear(&hidden, out, out_bias)?)
}

/// Trains a stroke network on the train pieces. Returns its tensors, by name.
pub(crate) fn learn(metadata: &Metadata, pieces: &[Piece]) -> Result<HashMap<String, Tensor>> {
    let train: Vec<&Piece> = pieces.iter().filter(|piece| piece.split == Split::Train).collect();
    let rows = StrokeRows::of_all(&train);
    let mut draws = ChaCha8Rng::seed_from_u64(SEED);
    let mut weights = Vec::new();
    for (name, shape) in Metadata::stroke_tensors() {
        let bound = 1.0 / (*shape.last().unwrap_or(&1) as f32).sqrt();
        let bound = if shape.len() == 1 { 0.0 } else { bound };
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| bound * draws.random_range(-1.0..1.0)).collect();
        weights.push((name, Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)?));
    }
    let net = Net { metadata: metadata.clone(), weights };
    let updates = (EPOCHS * rows.len().div_ceil(BATCH)) as u64;
    let schedule = Schedule { rate: RATE, warm_up: WARM_UP, updates, decay: DECAY };
    let mut optimiser = Optimiser::new(&net, schedule, TrainingMode::New)?;
    let bar = progress_bar(updates, 0);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut update = 0;
    for _ in 0..EPOCHS {
        order.shuffle(&mut draws);
        for batch in order.chunks(BATCH) {
            let (inputs, targets) = rows.batch(batch)?;
            let tensors: Vec<&Tensor> =
                net.weights.iter().map(|(_, var)| var.as_tensor()).collect();
            let [a, b, c, d, e, f] = tensors[..] else { anyhow::bail!("six tensors") };
            let outputs = forward(&[a, b, c, d, e, f], &inputs)?;
            let loss = cross_entropy(&outputs, targets, None, batch.len() as f32)?;
            optimiser.update(&net, &loss.backward()?, update)?;
            update += 1;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    optimiser.average(&net)
}

/// Adds a stroke network to the tensors of a model file, and lead-ins with their strokes. Models
/// of other kits than the nine drums have none.
pub(crate) fn with_strokes(path: &Path, bytes: &[u8], data: &Data) -> Result<Vec<u8>> {
    let model = files::parse_model(path, bytes)?;
    let metadata = model.metadata();
    if metadata.classes.classes() != CLASSES {
        return Ok(bytes.to_vec());
    }
    let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    tensors.extend(learn(metadata, &data.pieces)?);
    Ok(model::write(metadata, &tensors, &lead_ins(&data.pieces), true)?)
}
