//! Programmed styles of a trained model. Their data has no drummer's velocity and timing, so that a
//! style takes these from a related recorded style, its kin, and learns only which drums are
//! struck: one input column of the hit network, lead-ins and calibrations. Everything else of the
//! model stays as it is, and all other styles play as before.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use clap::Args;
use groove::generate::humanise::{DEFAULT_AMOUNT, humanise};
use groove::model::encode::Kind;
use groove::model::lead_in::LeadIn;
use groove::model::{self, Metadata, Model};
use groove::pattern::style::{FIRST_PROGRAMMED, STYLES, style_in, style_number};
use rayon::prelude::*;

use super::calibration::calibrations_with;
use super::calibration::strokes::stroke_offsets_with;
use super::console::progress_bar;
use super::lead_ins::lead_ins;
use super::optimise::{Optimiser, Schedule, TrainingMode};
use crate::data::rows::Rows;
use crate::data::stream::BatchStream;
use crate::data::{Data, Piece, Split, balanced};
use crate::files;
use crate::metrics::teacher_forced::PredictionReport;
use crate::network::losses::{cross_entropy, mixture};
use crate::network::net::{Dropout, Net, NetState};

/// Programmed styles, each with its kin: the recorded style from whose column it starts, and whose
/// velocities and timing it has.
const KIN: [(&str, &str); 12] = [
    ("metal", "rock"),
    ("hardrock", "rock"),
    ("house", "dance"),
    ("techno", "dance"),
    ("trap", "hiphop"),
    ("drumandbass", "funk"),
    ("garage", "hiphop"),
    ("breakbeat", "funk"),
    ("disco", "dance"),
    ("dancehall", "reggae"),
    ("reggaeton", "latin"),
    ("boombap", "hiphop"),
];

/// Tensors with input columns.
const HITS: &str = "beat.weight_ih_l0";
const FEEL: &str = "feel.weight_ih_l0";
/// Maximum number of repetitions of a piece of a style with few.
const REPEATS: usize = 8;
/// Steps of a batch in each lane.
const STEPS: usize = 128;

/// Options of the training of programmed styles.
#[derive(Args, Clone, Debug)]
pub struct ProgrammedOptions {
    /// Updates of the styles' columns
    #[arg(long, default_value_t = 400)]
    updates: u64,
    /// Lanes of a batch: pieces side by side
    #[arg(long, default_value_t = 16)]
    lanes: usize,
    /// Peak learning rate
    #[arg(long, default_value_t = 0.02)]
    rate: f64,
    /// Dropout: share of a layer's outputs
    #[arg(long, default_value_t = 0.2)]
    dropout: f32,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Returns the bytes of a model that has learned the programmed styles of the data, given the
/// metadata of [`with_programmed_styles`] that the data was read with. The model may have learned
/// them before.
///
/// # Errors
/// If the data has none, or the model is incomplete.
pub(crate) fn with_programmed(
    path: &Path,
    bytes: &[u8],
    data: &Data,
    options: &ProgrammedOptions,
) -> Result<Vec<u8>> {
    let model = files::parse_model(path, bytes)?;
    let pieces: Vec<Piece> =
        data.pieces.iter().filter(|piece| piece.kind.style >= FIRST_PROGRAMMED).cloned().collect();
    let styles: Vec<u8> =
        pieces.iter().map(|piece| piece.kind.style).collect::<BTreeSet<u8>>().into_iter().collect();
    ensure!(!styles.is_empty(), "the data has no piece of a programmed style");
    let mut metadata = with_programmed_styles(model.metadata())?;
    let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    widen(&mut tensors, model.metadata(), &metadata)?;
    start_from_kin(&mut tensors, &metadata, &styles)?;
    eprintln!("{} pieces; playing them with a drummer's velocities and timing", pieces.len());
    let pieces = performed(&model, pieces, options.seed)?;
    learn(&mut tensors, &metadata, &pieces, &styles, options)?;
    let mut bank: Vec<LeadIn> = model.lead_ins().to_vec();
    bank.retain(|lead_in| !styles.contains(&lead_in.style));
    bank.extend(lead_ins(&pieces));
    for &style in &styles {
        let count = bank.iter().filter(|lead_in| lead_in.style == style).count();
        eprintln!("{}: {count} lead-ins", metadata.style_name(style));
        ensure!(count > 0, "no phrase of {} satisfies its idiom", metadata.style_name(style));
    }
    for source in data.source.split("; ") {
        if !metadata.trained_on.contains(source) {
            metadata.trained_on = format!("{}; {source}", metadata.trained_on);
        }
    }
    let write = |metadata: &Metadata| model::write(metadata, &tensors, &bank, true);
    let model = files::parse_model(path, &write(&metadata)?)?;
    metadata.calibrations = calibrations_with(model, &pieces, &styles)?;
    if metadata.has_strokes() {
        let model = files::parse_model(path, &write(&metadata)?)?;
        metadata.stroke_offsets = stroke_offsets_with(model, &pieces, &styles)?;
    }
    Ok(write(&metadata)?)
}

/// Returns the header of a model with all programmed styles, and room for as many own styles as
/// before.
///
/// # Errors
/// If a style cannot be added.
pub(crate) fn with_programmed_styles(metadata: &Metadata) -> Result<Metadata> {
    let mut more = metadata.clone();
    for style in STYLES.iter().filter(|style| style.number >= FIRST_PROGRAMMED) {
        if more.style_place(style.number).is_none() {
            more.style_cells += 1;
            more.add_style(style.name)?;
        }
    }
    Ok(more)
}

/// Inserts zero columns for the new style cells, after those that the model has.
fn widen(tensors: &mut HashMap<String, Tensor>, old: &Metadata, new: &Metadata) -> Result<()> {
    let first = old.inputs.first_style_cell().context("the model has no style inputs")?;
    let (at, more) = (first + old.style_cells, new.style_cells - old.style_cells);
    for name in [HITS, FEEL] {
        let tensor = tensors.get(name).with_context(|| format!("the tensor {name} is missing"))?;
        let tensor = tensor.to_dtype(DType::F32)?;
        let (rows, width) = tensor.dims2()?;
        let zeros = Tensor::zeros((rows, more), DType::F32, &Device::Cpu)?;
        let parts = [tensor.narrow(1, 0, at)?, zeros, tensor.narrow(1, at, width - at)?];
        tensors.insert(name.into(), Tensor::cat(&parts, 1)?);
    }
    Ok(())
}

/// Number of the kin of a style.
fn kin(style: u8) -> Option<u8> {
    let name = style_in(STYLES, style)?.name;
    KIN.iter().find(|(own, _)| *own == name).and_then(|(_, kin)| style_number(kin))
}

/// Copies the columns of each style's kin to its own.
fn start_from_kin(
    tensors: &mut HashMap<String, Tensor>,
    metadata: &Metadata,
    styles: &[u8],
) -> Result<()> {
    for name in [HITS, FEEL] {
        let tensor = tensors.get_mut(name).context("the input weights are missing")?;
        let mut rows: Vec<Vec<f32>> = tensor.to_vec2()?;
        for &style in styles {
            let cell = cell(metadata, style)?;
            let of_kin = kin(style).and_then(|kin| metadata.style_cell(kin));
            rows.iter_mut().for_each(|row| row[cell] = of_kin.map_or(0.0, |of_kin| row[of_kin]));
        }
        *tensor = Tensor::new(rows, &Device::Cpu)?;
    }
    Ok(())
}

fn cell(metadata: &Metadata, style: u8) -> Result<usize> {
    metadata.style_cell(style).context("the model lacks a style")
}

/// Plays programmed pieces with the velocities and timing of their kin's drummers. Swing and
/// accents of a piece are kept.
fn performed(model: &Model, pieces: Vec<Piece>, seed: u64) -> Result<Vec<Piece>> {
    let play = |(number, piece): (usize, Piece)| {
        if piece.performed() == [true; 2] {
            return Ok(piece);
        }
        let kind = Kind { style: kin(piece.kind.style).unwrap_or(0), ..piece.kind };
        let seed = u32::try_from(seed).unwrap_or(0).wrapping_add(u32::try_from(number)?);
        let steps = humanise(model, &kind, &piece.steps, Some(seed), DEFAULT_AMOUNT)?;
        Ok(Piece { steps, ..piece })
    };
    pieces.into_par_iter().enumerate().map(play).collect()
}

/// Trains the hit network's columns of some styles.
fn learn(
    tensors: &mut HashMap<String, Tensor>,
    metadata: &Metadata,
    pieces: &[Piece],
    styles: &[u8],
    options: &ProgrammedOptions,
) -> Result<()> {
    let of = |split| pieces.iter().filter(move |piece| piece.split == split).cloned();
    let train: Vec<Piece> = of(Split::Train).collect();
    let held_out: Vec<Piece> = of(Split::Validation).collect();
    let columns: Vec<usize> =
        styles.iter().map(|&style| cell(metadata, style)).collect::<Result<_>>()?;
    let net = Net::from_tensors(metadata, tensors)?;
    report("before", &net, metadata, &held_out, styles)?;
    let schedule =
        Schedule { rate: options.rate, warm_up: 20, updates: options.updates, decay: 0.0 };
    let mode = TrainingMode::StyleColumns(columns.clone());
    let mut optimiser = Optimiser::new(&net, schedule, mode)?;
    let parts = if options.lanes.is_multiple_of(2) { 2 } else { 1 };
    let rows = Rows { parts, steps: STEPS, lanes: options.lanes / parts };
    let mut stream = BatchStream::new(metadata, balanced(&train, REPEATS), rows, options.seed)?;
    let mut states = NetState::default();
    let bar = progress_bar(options.updates, 0);
    for update in 0..options.updates {
        let batch = stream.next()?;
        let mut dropout = Dropout::new(options.dropout, options.seed, update);
        let outputs = net.forward(&batch, &mut states, Some(&mut dropout))?;
        let steps = batch.steps() as f32;
        let controls = outputs.controls.as_ref().context("the model has no pointer memory")?;
        let hits = mixture(&outputs.hits, controls, &batch.memories, &batch.hits, None, steps)?;
        let feel = cross_entropy(&outputs.feel, batch.feel_targets, None, steps)?;
        let gradients = (hits + feel)?.backward()?;
        optimiser.update(&net, &gradients, update)?;
        bar.inc(1);
    }
    bar.finish();
    let learned = optimiser.average(&net)?;
    let learned = learned.get(HITS).context("the input weights are missing")?;
    tensors.insert(HITS.into(), bounded(learned, &columns)?);
    report("after", &Net::from_tensors(metadata, tensors)?, metadata, &held_out, styles)
}

/// Limits columns to the largest weight of the other columns in each row: the scale of a row's
/// int8 weights, and so the rounding of the other columns, stays as it was.
fn bounded(weights: &Tensor, columns: &[usize]) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = weights.to_vec2()?;
    for row in &mut rows {
        let others = row.iter().enumerate().filter(|(column, _)| !columns.contains(column));
        let most = others.fold(0f32, |most, (_, weight)| most.max(weight.abs()));
        columns.iter().for_each(|&column| row[column] = row[column].clamp(-most, most));
    }
    Ok(Tensor::new(rows, &Device::Cpu)?)
}

/// Prints the validation perplexity of the beats of each style.
fn report(
    when: &str,
    net: &Net,
    metadata: &Metadata,
    held_out: &[Piece],
    styles: &[u8],
) -> Result<()> {
    for &style in styles {
        let of_style = |piece: &&Piece| piece.kind.style == style;
        let pieces: Vec<Piece> = held_out.iter().filter(of_style).cloned().collect();
        let beats = PredictionReport::measure(net, &pieces)?.figures().beats;
        let beats = beats.map_or("-".to_owned(), |beats| format!("{beats:.3}"));
        eprintln!("{when}: validation beats of {}: {beats}", metadata.style_name(style));
    }
    Ok(())
}
