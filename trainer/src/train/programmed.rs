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
use groove::learn::data::rows::Rows;
use groove::learn::data::stream::BatchStream;
use groove::learn::data::{Data, Piece, Split};
use groove::learn::network::losses::{cross_entropy, mixture};
use groove::learn::network::net::{Dropout, Net, NetState};
use groove::learn::optimise::{Optimiser, Schedule, TrainingMode};
use groove::learn::prediction::PredictionReport;
use groove::model::encode::Kind;
use groove::model::lead_in::LeadIn;
use groove::model::{self, Metadata, Model};
use groove::pattern::style::{FIRST_PROGRAMMED, STYLES, style_in, style_number};
use rayon::prelude::*;

use super::calibration::calibrations_with;
use super::calibration::strokes::stroke_offsets_with;
use super::lead_ins::lead_ins;
use crate::files;

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
/// Steps of a batch in each lane, lanes, and parts that are computed in parallel.
const STEPS: usize = 128;
const LANES: usize = 8;
const PARTS: usize = 2;

/// Options of the training of programmed styles.
#[derive(Args, Clone, Debug)]
pub struct ProgrammedOptions {
    /// Updates of a style's column
    #[arg(long, default_value_t = 15)]
    updates: u64,
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

/// Returns the bytes of a model that has learned a programmed style of the data, given the data read
/// with the metadata of [`with_programmed_styles`]. Each style is learned by itself, so that one
/// can be learned again without the others.
///
/// # Errors
/// If the data lacks the style, or the model is incomplete.
pub(crate) fn with_programmed(
    path: &Path,
    bytes: &[u8],
    data: &Data,
    style: u8,
    options: &ProgrammedOptions,
) -> Result<Vec<u8>> {
    let model = files::parse_model(path, bytes)?;
    let mut metadata = model.metadata().clone();
    let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    add_style(&mut tensors, &mut metadata, style)?;
    let name = metadata.style_name(style).to_owned();
    let pieces: Vec<Piece> =
        data.pieces.iter().filter(|piece| piece.kind.style == style).cloned().collect();
    let count = pieces.len();
    let pieces = performed(&model, pieces, options.seed)?;
    start_from_kin(&mut tensors, &metadata, style)?;
    let perplexities = learn(&mut tensors, &metadata, &pieces, style, options)?;
    let mut bank: Vec<LeadIn> = model.lead_ins().to_vec();
    bank.retain(|lead_in| lead_in.style != style);
    let own = lead_ins(&pieces);
    ensure!(!own.is_empty(), "no phrase of {name} satisfies its idiom");
    eprintln!("{name}: {count} pieces, {} lead-ins, {perplexities}", own.len());
    bank.extend(own);
    // Recorded styles first, as they were: the order decides which seed has which lead-in.
    bank.sort_by_key(|lead_in| if is_programmed(lead_in.style) { lead_in.style } else { 0 });
    for source in data.source.split("; ") {
        if !metadata.trained_on.contains(source) {
            metadata.trained_on = format!("{}; {source}", metadata.trained_on);
        }
    }
    let write = |metadata: &Metadata| model::write(metadata, &tensors, &bank, true);
    let model = files::parse_model(path, &write(&metadata)?)?;
    metadata.calibrations = calibrations_with(model, &pieces, style)?;
    if metadata.has_strokes() {
        let model = files::parse_model(path, &write(&metadata)?)?;
        metadata.stroke_offsets = stroke_offsets_with(model, &pieces, style)?;
    }
    Ok(write(&metadata)?)
}

/// Returns the programmed styles of the data, by number.
pub(crate) fn programmed_styles(data: &Data) -> BTreeSet<u8> {
    let styles = data.pieces.iter().map(|piece| piece.kind.style);
    styles.filter(|&style| is_programmed(style)).collect()
}

fn is_programmed(style: u8) -> bool {
    style >= FIRST_PROGRAMMED
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

/// Adds a style to a model that lacks it, with room for as many own styles as before: a zero column
/// after the style cells.
fn add_style(
    tensors: &mut HashMap<String, Tensor>,
    metadata: &mut Metadata,
    style: u8,
) -> Result<()> {
    if metadata.style_place(style).is_some() {
        return Ok(());
    }
    let first = metadata.inputs.first_style_cell().context("the model has no style inputs")?;
    let at = first + metadata.style_cells;
    metadata.style_cells += 1;
    metadata.add_style(style_in(STYLES, style).context("the style is not built in")?.name)?;
    for name in [HITS, FEEL] {
        let tensor = tensors.get(name).with_context(|| format!("the tensor {name} is missing"))?;
        let tensor = tensor.to_dtype(DType::F32)?;
        let (rows, width) = tensor.dims2()?;
        let zeros = Tensor::zeros((rows, 1), DType::F32, &Device::Cpu)?;
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

/// Copies the columns of a style's kin to its own.
fn start_from_kin(
    tensors: &mut HashMap<String, Tensor>,
    metadata: &Metadata,
    style: u8,
) -> Result<()> {
    let of_kin = kin(style).and_then(|kin| metadata.style_cell(kin));
    let cell = cell(metadata, style)?;
    for name in [HITS, FEEL] {
        let tensor = tensors.get_mut(name).context("the input weights are missing")?;
        let mut rows: Vec<Vec<f32>> = tensor.to_dtype(DType::F32)?.to_vec2()?;
        rows.iter_mut().for_each(|row| row[cell] = of_kin.map_or(0.0, |of_kin| row[of_kin]));
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

/// Trains the hit network's column of a style. Returns the validation perplexities of its beats
/// before and after, as text.
fn learn(
    tensors: &mut HashMap<String, Tensor>,
    metadata: &Metadata,
    pieces: &[Piece],
    style: u8,
    options: &ProgrammedOptions,
) -> Result<String> {
    let of = |split| pieces.iter().filter(move |piece| piece.split == split).cloned();
    let held_out: Vec<Piece> = of(Split::Validation).collect();
    let column = cell(metadata, style)?;
    let net = Net::from_tensors(metadata, tensors)?;
    let before = beats(&net, &held_out)?;
    let warm_up = (options.updates / 10).max(1);
    let schedule = Schedule { rate: options.rate, warm_up, updates: options.updates, decay: 0.0 };
    let mut optimiser = Optimiser::new(&net, schedule, TrainingMode::StyleColumns(vec![column]))?;
    let rows = Rows { parts: PARTS, steps: STEPS, lanes: LANES / PARTS };
    let mut stream = BatchStream::new(metadata, of(Split::Train).collect(), rows, options.seed)?;
    let mut states = NetState::default();
    for update in 0..options.updates {
        let batch = stream.next_batch()?;
        let mut dropout = Dropout::new(options.dropout, options.seed, update);
        let outputs = net.forward(&batch, &mut states, Some(&mut dropout))?;
        let steps = batch.steps() as f32;
        let controls = outputs.controls.as_ref().context("the model has no pointer memory")?;
        let hits = mixture(&outputs.hits, controls, &batch.memories, &batch.hits, None, steps)?;
        let feel = cross_entropy(&outputs.feel, batch.feel_targets, None, steps)?;
        let gradients = (hits + feel)?.backward()?;
        optimiser.update(&net, &gradients, update)?;
    }
    let learned = optimiser.average(&net)?;
    let learned = learned.get(HITS).context("the input weights are missing")?;
    tensors.insert(HITS.into(), bounded(learned, column)?);
    let after = beats(&Net::from_tensors(metadata, tensors)?, &held_out)?;
    Ok(format!("validation beats {before} before and {after} after"))
}

/// Limits a column to the largest weight of the other columns in each row: the scale of a row's
/// int8 weights, and so the rounding of the other columns, stays as it was.
fn bounded(weights: &Tensor, column: usize) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = weights.to_vec2()?;
    for row in &mut rows {
        let others = row.iter().enumerate().filter(|(other, _)| *other != column);
        let most = others.fold(0f32, |most, (_, weight)| most.max(weight.abs()));
        row[column] = row[column].clamp(-most, most);
    }
    Ok(Tensor::new(rows, &Device::Cpu)?)
}

/// Returns the perplexity of beats, as text.
fn beats(net: &Net, pieces: &[Piece]) -> Result<String> {
    let beats = PredictionReport::measure(net, pieces)?.figures().beats;
    Ok(beats.map_or("-".to_owned(), |beats| format!("{beats:.3}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use groove::generate::Drummer;
    use groove::model::Stack;
    use groove::model::calibration::StyleCalibration;
    use groove::take::{Take, TakeControls};
    use groove::{Bar, Meter};

    const PATTERNS: &str = "style boombap\ntempo 84-96\n\n\
        pattern one\nhat   x.x.x.x.x.x.x.x.\nsnare ....X.......X...\nkick  X......x..X.....\n\n\
        pattern two\nhat   x...x...x...x...\nsnare ....X..g....X...\nkick  X.x.......X.....\n\n\
        fill three\nsnare X.X.X.X.X.X.X.X.\n";

    /// A small model that knows the recorded styles.
    fn recorded() -> Vec<u8> {
        let stack = Stack { layers: 1, cells: 12 };
        let mut metadata = Metadata::new("", stack, stack, "recordings");
        metadata.styles.truncate(18);
        metadata.style_numbers.truncate(18);
        metadata.style_cells = 23;
        metadata.calibrations = vec![StyleCalibration::default(); 19];
        let net = Net::new(&metadata, 3).expect("a net");
        let weights = net.weights.iter();
        let tensors: HashMap<String, Tensor> =
            weights.map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
        model::write(&metadata, &tensors, &[], true).expect("a model")
    }

    fn bars(model: &Arc<Model>, style: u8) -> Vec<Bar> {
        let controls = TakeControls { seed: 5, style, ..TakeControls::default() };
        let mut drummer = Drummer::new(Arc::clone(model));
        let bar = |bar| drummer.bar(&Take::from(controls), Meter::FOUR_FOUR, bar).expect("a bar");
        (0..4).map(bar).collect()
    }

    #[test]
    fn a_programmed_style_is_learned_and_the_others_play_as_before() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("boom-bap.txt"), PATTERNS)?;
        let (path, before) = (Path::new("test"), recorded());
        let old = Arc::new(files::parse_model(path, &before)?);
        let known = with_programmed_styles(old.metadata())?;
        assert_eq!(known.styles.len(), STYLES.len());
        let data = crate::data::read(&[folder.path().to_path_buf()], None, 1, &known)?;
        let boombap = style_number("boombap").context("a style")?;
        assert_eq!(programmed_styles(&data), [boombap].into());
        let options = ProgrammedOptions { updates: 3, rate: 0.5, dropout: 0.2, seed: 1 };
        let learn = |bytes: &[u8]| with_programmed(path, bytes, &data, boombap, &options);
        let bytes = learn(&before)?;
        let new = Arc::new(files::parse_model(path, &bytes)?);
        let metadata = new.metadata();
        assert_eq!((metadata.styles.len(), metadata.style_cells), (19, 24));
        assert_eq!(metadata.trained_on, format!("recordings; {}", data.source));
        assert!(!new.lead_ins().is_empty());
        assert!(new.lead_ins().iter().all(|lead_in| lead_in.style == boombap));
        for style in 1..=18 {
            assert_eq!(bars(&new, style), bars(&old, style), "style {style}");
        }
        assert_ne!(bars(&new, boombap), bars(&old, boombap));
        let mut own = metadata.clone();
        for name in ["a", "b", "c", "d", "e"] {
            own.add_style(name)?;
        }
        assert_eq!(learn(&bytes)?, bytes, "learned again");
        Ok(())
    }

    #[test]
    fn every_programmed_style_has_a_recorded_kin() {
        for style in STYLES.iter().filter(|style| is_programmed(style.number)) {
            let kin = kin(style.number).expect(style.name);
            assert!(!is_programmed(kin), "{}", style.name);
        }
    }
}
