//! Training of the stroke network.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use candle_core::{Device, Tensor, Var};
use groove::CLASSES;
use groove::learn::data::{Data, Piece, Split};
use groove::learn::network::losses::cross_entropy;
use groove::learn::network::net::Net;
use groove::learn::optimise::{Optimiser, Schedule, TrainingMode};
use groove::model::{self, Metadata};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::console::progress_bar;
use super::lead_ins::{lead_ins, with_programmed};
use crate::data::stroke_rows::StrokeRows;
use crate::files;
use crate::network::stroke_net::forward;

/// Hits per update, and passes over all of them.
const BATCH: usize = 1024;
const EPOCHS: usize = 14;
/// Peak learning rate, weight decay relative to it, and updates of the warm-up.
const RATE: f64 = 2e-3;
const DECAY: f64 = 0.02;
const WARM_UP: u64 = 100;
/// Seed of the initial weights and of the order of the hits.
const SEED: u64 = 1;

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
    // Clones of the variables: an update is seen through them.
    let layers: Vec<Tensor> = net.weights.iter().map(|(_, var)| var.as_tensor().clone()).collect();
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
            let outputs = forward(&layers, &inputs)?;
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
    let lead_ins = with_programmed(lead_ins(&data.pieces), model.lead_ins());
    Ok(model::write(metadata, &tensors, &lead_ins, true)?)
}
