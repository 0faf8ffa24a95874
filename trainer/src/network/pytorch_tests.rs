//! Tests of the networks against PyTorch. `reference.json` holds the values that
//! `trainer/python/reference.py` computed from weights and inputs with the same formulas as here.
//! Covers the networks of the trainer and of the plugin.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use groove::learn::data::batch::{Batch, NONE, Targets};
use groove::learn::data::rows::Rows;
use groove::learn::network::losses::{cross_entropy, mixture};
use groove::learn::network::net::{Net, NetState};
use groove::learn::network::storage::with_slice;
use groove::model::feel::{
    self, Bins, CLASS_OUTPUTS, FEEL_LOGITS, OFFSET_BINS, REFERENCES, VELOCITY_BINS,
};
use groove::model::pointer_memory::{CONTROLS, LIKENESS, Memory, SUMMARY, Slot};
use groove::model::{Metadata, Model, Stack, strokes, write};
use serde::Deserialize;

use super::stroke_net;

const ROWS: Rows = Rows { parts: 1, steps: 8, lanes: 2 };
/// Step at which a piece starts in the second lane.
const START: usize = 3;
const CLASSES: usize = 9;
const SLOTS: usize = 4;

/// Losses of the whole batch, and values of the last step of the second lane.
#[derive(Deserialize)]
struct Reference {
    hits_loss: f32,
    manner_loss: f32,
    logits: Vec<f32>,
    controls: Vec<f32>,
    mixed: Vec<f32>,
    outputs: Vec<f32>,
    manner: Vec<f32>,
    strokes: Vec<f32>,
}

/// Reproducible pseudo-random numbers from `shift` - `scale` / 2 to `shift` + `scale` / 2.
fn numbers(count: usize, salt: usize, scale: f32, shift: f32) -> Vec<f32> {
    let mix = |i: usize| ((i * 7919 + salt * 104_729 + 13) * 31 % 10_007) as f32;
    (0..count).map(|i| (mix(i) / 10_007.0 - 0.5) * scale + shift).collect()
}

/// Tensors of these names and shapes. The salts of their numbers count from the first one's.
fn weights(
    first_salt: usize,
    shapes: impl IntoIterator<Item = (String, Vec<usize>)>,
) -> Result<Vec<(String, Tensor)>> {
    let tensor = |(salt, (name, shape)): (usize, (String, Vec<usize>))| {
        let values = numbers(shape.iter().product(), salt, 0.4, 0.0);
        Ok((name, Tensor::from_vec(values, shape, &Device::Cpu)?))
    };
    (first_salt..).zip(shapes).map(tensor).collect()
}

fn number(value: usize) -> u16 {
    u16::try_from(value).expect("a small number")
}

fn memories(hits: &[u16]) -> Vec<Memory> {
    let likeness = numbers(ROWS.count() * SLOTS * LIKENESS, 103, 1.0, 0.5);
    let summary = numbers(ROWS.count() * SUMMARY, 104, 1.0, 0.5);
    let slot = |row: usize, slot: usize| Slot {
        struck: if slot.is_multiple_of(2) { hits[row] } else { number(slot * 31) },
        likeness: std::array::from_fn(|at| likeness[(row * SLOTS + slot) * LIKENESS + at]),
    };
    let memory = |row: usize| Memory {
        slots: (0..row % (SLOTS + 1)).map(|at| slot(row, at)).collect(),
        summary: std::array::from_fn(|at| summary[row * SUMMARY + at]),
    };
    (0..ROWS.count()).map(memory).collect()
}

fn references(row: usize, class: usize) -> [Option<Bins>; REFERENCES] {
    std::array::from_fn(|which| {
        let bins = (
            (row * 7 + class * 3 + which) % VELOCITY_BINS,
            (row * 5 + class + which * 11) % OFFSET_BINS,
        );
        Some(bins).filter(|_| !(row + class + which).is_multiple_of(3))
    })
}

fn targets(row: usize, class: usize) -> [u16; 2] {
    match (row + class).is_multiple_of(4) {
        true => [NONE; 2],
        false => {
            [number((row + 2 * class) % VELOCITY_BINS), number((row * 3 + class) % OFFSET_BINS)]
        }
    }
}

/// Input rows of the hit network, and of the network of velocities and offsets.
fn rows(metadata: &Metadata) -> [Vec<f32>; 2] {
    let (row, extra) = (metadata.row(), metadata.feel_row() - metadata.row());
    let beat = numbers(ROWS.count() * row, 101, 1.0, 0.0);
    let cells = numbers(ROWS.count() * extra, 102, 1.0, 0.0);
    let feel = beat.chunks(row).zip(cells.chunks(extra)).flat_map(|parts| [parts.0, parts.1]);
    let feel = feel.flatten().copied().collect();
    [beat, feel]
}

fn batch(metadata: &Metadata) -> Result<Batch> {
    let [beat, feel] = rows(metadata);
    let tensor = |values: Vec<f32>| {
        let width = values.len() / ROWS.count();
        Tensor::from_vec(values, (ROWS.count(), width), &Device::Cpu)
    };
    let mut starts = vec![false; ROWS.count()];
    for (lane, step) in [(0, 0), (1, 0), (1, START)] {
        starts[ROWS.row(lane, step)] = true;
    }
    let hits: Vec<u16> = (0..ROWS.count()).map(|row| number((row * 97 + 5) % 512)).collect();
    let places = || (0..ROWS.count()).flat_map(|row| (0..CLASSES).map(move |class| (row, class)));
    Ok(Batch {
        rows: ROWS,
        beat_inputs: tensor(beat)?,
        feel_inputs: tensor(feel)?,
        starts: Arc::new(starts),
        memories: Arc::new(memories(&hits)),
        hits: Arc::new(hits),
        feel_targets: Targets {
            sizes: [VELOCITY_BINS, OFFSET_BINS].repeat(CLASSES),
            outcomes: places().flat_map(|(row, class)| targets(row, class)).collect(),
        },
        references: Arc::new(places().map(|(row, class)| references(row, class)).collect()),
    })
}

fn close(what: &str, ours: &[f32], theirs: &[f32]) {
    within(1e-4, what, ours, theirs);
}

fn within(most: f32, what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < most, "{what} {at}: {ours}, PyTorch has {theirs}");
    }
}

#[test]
fn the_networks_match_pytorch() -> Result<()> {
    let reference: Reference = serde_json::from_str(include_str!("reference.json"))?;
    let (beat, feel) = (Stack { layers: 2, cells: 256 }, Stack { layers: 1, cells: 192 });
    // The rows of `reference.json` have 23 style cells, whatever styles are built in.
    let (styles, style_numbers) = (Vec::new(), Vec::new());
    let metadata = Metadata::new("", beat, feel, "");
    let metadata = Metadata { styles, style_numbers, style_cells: 23, ..metadata };
    let tensors: HashMap<_, _> = weights(0, metadata.tensors())?.into_iter().collect();
    let batch = batch(&metadata)?;
    let last = ROWS.row(1, ROWS.steps - 1);

    let outputs =
        Net::from_tensors(&metadata, &tensors)?.forward(&batch, &mut NetState::default(), None)?;
    let of_last = |tensor: &Tensor, width: usize| {
        with_slice(tensor, |values| values[last * width..][..width].to_vec())
    };
    let controls = outputs.controls.as_ref().expect("a model with a memory");
    close("the trainer's logits", &of_last(&outputs.hits, 512)?, &reference.logits);
    close("the trainer's controls", &of_last(controls, CONTROLS)?, &reference.controls);
    let manner = of_last(&outputs.feel, CLASSES * FEEL_LOGITS)?;
    close("the trainer's velocity and offset logits", &manner, &reference.manner);
    let count = ROWS.count() as f32;
    let hits_loss = mixture(&outputs.hits, controls, &batch.memories, &batch.hits, None, count)?;
    close("the loss of hits", &[hits_loss.to_scalar()?], &[reference.hits_loss]);
    let manner_loss = cross_entropy(&outputs.feel, batch.feel_targets.clone(), None, count)?;
    close("the loss of velocity and offset", &[manner_loss.to_scalar()?], &[reference.manner_loss]);

    let model = Model::from_bytes(&write(&metadata, &tensors, &[], false)?)?;
    let [beat, feel] = rows(&metadata);
    let mut state = model.start();
    let mut mixed = Vec::new();
    for row in (START..ROWS.steps).map(|step| ROWS.row(1, step)) {
        let inputs = &beat[row * metadata.row()..][..metadata.row()];
        mixed = model.hits(&mut state, inputs, &batch.memories[row])?;
        let inputs = &feel[row * metadata.feel_row()..][..metadata.feel_row()];
        model.feel(&mut state, inputs)?;
    }
    let mut outputs = Vec::new();
    for class in 0..CLASSES {
        outputs.extend(model.velocity_offset(&state, class)?);
    }
    // The plugin's network has int8 weights.
    within(0.01, "the player's mixture", &mixed, &reference.mixed);
    within(0.01, "the player's outputs", &outputs, &reference.outputs);
    let mut manner = vec![0.0; CLASSES * FEEL_LOGITS];
    for (class, logits) in manner.chunks_mut(FEEL_LOGITS).enumerate() {
        let outputs = &outputs[class * CLASS_OUTPUTS..][..CLASS_OUTPUTS];
        feel::add_references(outputs, &references(last, class), logits);
    }
    within(0.01, "the player's velocity and offset logits", &manner, &reference.manner);
    Ok(())
}

#[test]
fn the_stroke_network_matches_pytorch() -> Result<()> {
    let reference: Reference = serde_json::from_str(include_str!("reference.json"))?;
    let of_strokes = weights(200, Metadata::stroke_tensors())?;
    let rows = numbers(ROWS.count() * strokes::INPUTS, 105, 1.0, 0.0);
    let last = &rows[ROWS.row(1, ROWS.steps - 1) * strokes::INPUTS..][..strokes::INPUTS];

    let layers: Vec<Tensor> = of_strokes.iter().map(|(_, tensor)| tensor.clone()).collect();
    let input = Tensor::from_slice(last, (1, strokes::INPUTS), &Device::Cpu)?;
    let outputs = stroke_net::forward(&layers, &input)?.flatten_all()?.to_vec1()?;
    close("the trainer's strokes", &outputs, &reference.strokes);

    let (beat, feel) = (Stack { layers: 1, cells: 8 }, Stack { layers: 1, cells: 8 });
    let metadata = Metadata::new("", beat, feel, "");
    let tensors = weights(0, metadata.tensors())?.into_iter().chain(of_strokes).collect();
    let model = Model::from_bytes(&write(&metadata, &tensors, &[], false)?)?;
    // The plugin's network has int8 weights.
    within(0.01, "the player's strokes", &model.strokes(last)?, &reference.strokes);
    Ok(())
}
