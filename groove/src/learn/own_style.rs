//! A style of the user's own: one input column of a trained model, learned from a few clips, and its
//! lead-ins. All other styles of the model play as before. The result depends on model, clips and
//! seed alone, not on the number of cores.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};

use super::data::rows::Rows;
use super::data::stream::BatchStream;
use super::data::{Data, Piece, SourceFile, Split};
use super::initial::{INPUT_WEIGHTS, InitialNet};
use super::lead_ins::lead_ins;
use super::network::net::NetState;
use super::optimise::{Optimiser, Schedule};
use super::training::{Evaluated, FixedParts, SoftTargets, Training};
use crate::model::{self, Model};

/// Parts of a batch, each of which one core computes. Sums of different parts round differently,
/// so the number is fixed.
pub const PARTS: usize = 2;

/// Learning rate of a style's column relative to that of a whole net.
pub const COLUMN_RATE: f64 = 200.0;

/// Lanes of a batch, and steps in each.
const LANES: usize = 8;
const STEPS: usize = 128;
/// Updates at most, and updates between two evaluations.
const UPDATES: u64 = 60;
const LOOK_EVERY: u64 = 5;
/// Dropout: share of a layer's outputs.
const DROPOUT: f32 = 0.4;
/// Peak learning rate and weight decay of a whole net.
const RATE: f64 = 1e-4;
const DECAY: f64 = 100.0;

/// Material of a style.
#[derive(Clone, Debug, Default)]
pub struct Clips {
    /// Folder of the files.
    pub folder: PathBuf,
    /// Paths of MIDI files from the folder, in their order.
    pub files: Vec<PathBuf>,
    /// Paths that cannot be searched, and why.
    pub unread: Vec<(PathBuf, String)>,
    /// Recorded performances; their styles and splits are set when they are read.
    pub played: Vec<Piece>,
}

/// A model file with the learned style.
#[derive(Clone, Debug)]
pub struct OwnStyle {
    /// The file.
    pub bytes: Vec<u8>,
    /// Number of the style.
    pub number: u8,
    /// Perplexity per step on the held-out clips, before and after.
    pub perplexities: [f64; 2],
}

impl OwnStyle {
    /// Share by which the perplexity on the held-out clips fell: 0 if nothing was learned.
    #[must_use]
    pub fn gain(&self) -> f64 {
        let [before, after] = self.perplexities;
        1.0 - after / before
    }
}

/// Reads the clips for a style that [`InitialNet::from_bytes`] has added to a model. Files are
/// skipped once `stop` returns true.
///
/// # Errors
/// If the model lacks the style.
pub fn read(
    start: &InitialNet,
    style: &str,
    clips: &Clips,
    seed: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Data> {
    let metadata = &start.metadata;
    let number = metadata.style_number(style).context("the model lacks the style")?;
    let mut data = Data::new("");
    data.skipped.clone_from(&clips.unread);
    let file = |path: &PathBuf| SourceFile::unlisted(path.clone(), number);
    let files: Vec<SourceFile> = clips.files.iter().map(file).collect();
    data.add_files(&clips.folder, &files, false, &metadata.classes, stop);
    for mut piece in clips.played.iter().cloned() {
        (piece.kind.style, piece.split) = (number, Split::Train);
        piece.steps = piece.steps.iter().map(|step| metadata.classes.step(step)).collect();
        data.pieces.push(piece);
    }
    data.hold_out(seed);
    Ok(data)
}

/// Learns the style from the data of [`read`]. Reports the share of the updates that are made;
/// `None` once `stop` returns true.
///
/// # Errors
/// If there are fewer than two bars, or the training diverges.
pub fn learn(
    start: &InitialNet,
    data: &Data,
    seed: u64,
    stop: &dyn Fn() -> bool,
    mut report: impl FnMut(f32),
) -> Result<Option<OwnStyle>> {
    let (train, held_out) = (data.split(Split::Train), data.split(Split::Validation));
    ensure!(!held_out.is_empty(), "there are fewer than two bars of drums");
    let fixed = FixedParts {
        metadata: start.metadata_after(data),
        lead_ins: start.lead_ins(|| lead_ins(&data.pieces, &|_, _| None)),
        strokes: start.strokes(),
    };
    let mut training = begin(start, train, seed)?;
    let (mut file, mut perplexities) = (Vec::new(), Vec::new());
    while !training.has_settled(&perplexities) {
        if training.update.is_multiple_of(LOOK_EVERY) {
            let evaluated = training.evaluate(&fixed.metadata, &held_out, stop)?;
            let Some(evaluated) = evaluated else { return Ok(None) };
            perplexities.push(evaluated.perplexity);
            keep_best(&mut training, &fixed, evaluated, &mut file)?;
        }
        if training.update == UPDATES {
            break;
        }
        if stop() {
            return Ok(None);
        }
        training.update(|_| Ok(SoftTargets::default()))?;
        report(training.update as f32 / UPDATES as f32);
    }
    let number = data.pieces.first().map(|piece| piece.kind.style);
    Ok(Some(OwnStyle {
        bytes: file,
        number: number.context("there are no clips")?,
        perplexities: [perplexities[0], training.best.unwrap_or(perplexities[0])],
    }))
}

fn begin(start: &InitialNet, train: Vec<Piece>, seed: u64) -> Result<Training> {
    let schedule = Schedule {
        rate: RATE * COLUMN_RATE,
        warm_up: UPDATES / 10,
        updates: UPDATES,
        decay: DECAY / COLUMN_RATE,
    };
    let net = start.net(seed)?;
    let rows = Rows { parts: PARTS, steps: STEPS, lanes: LANES / PARTS };
    Ok(Training {
        optimiser: Optimiser::new(&net, schedule, start.mode.clone())?,
        net,
        stream: BatchStream::new(&start.metadata, train, rows, seed)?,
        states: NetState::default(),
        update: 0,
        best: None,
        best_feel: None,
        dropout: DROPOUT,
        seed,
        parts: PARTS,
    })
}

fn keep_best(
    training: &mut Training,
    fixed: &FixedParts,
    evaluated: Evaluated,
    file: &mut Vec<u8>,
) -> Result<()> {
    let previous = std::mem::take(file);
    let improved = training.improved(fixed, evaluated, || Ok(previous.clone()))?;
    *file = improved.unwrap_or(previous);
    Ok(())
}

/// Removes an own style from a model file: its name, column and lead-ins. All other styles play as
/// before.
///
/// # Errors
/// If the file is not a complete model, or does not have the style.
pub fn unlearn(bytes: &[u8], number: u8) -> Result<Vec<u8>> {
    let model = Model::from_bytes(bytes)?;
    let mut metadata = model.metadata().clone();
    let (Some(place), Some(cell)) = (metadata.style_place(number), metadata.style_cell(number))
    else {
        bail!("the model does not have the style");
    };
    let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    for name in INPUT_WEIGHTS {
        let tensor =
            tensors.get_mut(name).with_context(|| format!("the tensor {name} is missing"))?;
        *tensor = without_cell(tensor, cell, cell - place + metadata.style_cells)?;
    }
    metadata.remove_style(number);
    let mut lead_ins = model.lead_ins().to_vec();
    lead_ins.retain(|lead_in| lead_in.style != number);
    Ok(model::write(&metadata, &tensors, &lead_ins, true)?)
}

/// Removes a column; those after it up to `end` move to the left, and the last of them becomes zero.
fn without_cell(matrix: &Tensor, column: usize, end: usize) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = matrix.to_dtype(DType::F32)?.to_vec2()?;
    for row in &mut rows {
        row.copy_within(column + 1..end, column);
        row[end - 1] = 0.0;
    }
    Ok(Tensor::new(rows, &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encode::Kind;
    use crate::model::{Metadata, Stack};
    use crate::pattern::drum::Drum;
    use crate::pattern::{Hit, Meter, Step};
    use std::collections::HashMap;

    /// A small model of fixed weights.
    fn small() -> Vec<u8> {
        let stack = |layers| Stack { layers, cells: 8 };
        let metadata = Metadata::new("small", stack(2), stack(1), "nothing, CC BY");
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> =
                (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 250.0).collect();
            (name, Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor"))
        };
        let tensors: HashMap<String, Tensor> = metadata.tensors().into_iter().map(tensor).collect();
        model::write(&metadata, &tensors, &[], true).expect("a whole model")
    }

    /// Performances of some bars with one drum on each beat and hats between.
    fn clips(drum: Drum, count: usize, bars: usize) -> Clips {
        let kind =
            |tempo| Kind { style: 0, blend: (0, 0.0), tempo, meter: Meter::FOUR_FOUR, fill: false };
        let step = |at: usize| {
            let mut step = Step::SILENT;
            let hit = |velocity| Some(Hit::plain(velocity, 0));
            step.set(drum, hit(100).filter(|_| at.is_multiple_of(4)));
            step.set(Drum::Kick, hit(90).filter(|_| at.is_multiple_of(16)));
            step.set(Drum::Snare, hit(95).filter(|_| at % 16 == 4 || at % 16 == 12));
            step.set(Drum::ClosedHat, hit(60).filter(|_| at.is_multiple_of(2)));
            step
        };
        let piece = |number: usize| Piece {
            steps: (0..16 * bars).map(step).collect(),
            kind: kind(90.0 + number as f32),
            split: Split::Train,
        };
        Clips { played: (0..count).map(piece).collect(), ..Clips::default() }
    }

    fn learned(base: &[u8], style: &str, clips: &Clips) -> Result<OwnStyle> {
        let start = InitialNet::from_bytes(base, "Mine", Some(style))?;
        let data = read(&start, style, clips, 1, &|| false)?;
        learn(&start, &data, 1, &|| false, |_| {})?.context("it was not stopped")
    }

    fn tensors(bytes: &[u8]) -> HashMap<String, Vec<Vec<f32>>> {
        let all = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).expect("tensors");
        let rows = |tensor: &Tensor| {
            let width = *tensor.dims().last().unwrap_or(&1);
            let tensor = tensor.to_dtype(DType::F32).and_then(|it| it.flatten_all());
            let numbers: Vec<f32> = tensor.and_then(|it| it.to_vec1()).expect("numbers");
            numbers.chunks(width.max(1)).map(<[f32]>::to_vec).collect()
        };
        let own = all.iter().filter(|(name, _)| !name.starts_with("lead_in"));
        own.map(|(name, tensor)| (name.clone(), rows(tensor))).collect()
    }

    #[test]
    fn a_learned_style_foresees_held_out_clips_better_and_depends_on_no_core() -> Result<()> {
        let clips = clips(Drum::Ride, 4, 4);
        let style = learned(&small(), "polka", &clips)?;
        let [before, after] = style.perplexities;
        assert!(after < before, "{before} to {after}");
        assert_eq!(Model::read_metadata(&style.bytes)?.style_number("polka"), Some(style.number));
        let alone = super::super::on_one_core(|| (), || learned(&small(), "polka", &clips))??;
        assert!(alone.bytes == style.bytes, "the files differ");
        Ok(())
    }

    #[test]
    fn what_was_unlearned_leaves_all_other_styles_bit_for_bit() -> Result<()> {
        let base = small();
        let one = learned(&base, "polka", &clips(Drum::Ride, 4, 4))?;
        let both = learned(&one.bytes, "waltz", &clips(Drum::LowTom, 4, 4))?;
        let rest = unlearn(&both.bytes, one.number)?;
        let (known, about) = (Model::read_metadata(&both.bytes)?, Model::read_metadata(&rest)?);
        assert_eq!(about.own_styles().collect::<Vec<_>>(), ["waltz"]);
        assert_eq!(about.style_number("waltz"), Some(both.number));
        let model = Model::from_bytes(&rest)?;
        assert!(model.lead_ins().iter().any(|it| it.style == both.number));
        assert!(model.lead_ins().iter().all(|it| it.style != one.number));
        let (before, after) = (tensors(&both.bytes), tensors(&rest));
        // The cells of the styles after it move by one, and the last one is empty.
        let gone = known.style_cell(one.number).context("its cell")?;
        assert_eq!(known.style_cell(both.number), Some(gone + 1));
        assert_eq!(about.style_cell(both.number), Some(gone));
        let place = known.style_place(one.number).context("its place")?;
        let end = gone - place + known.style_cells;
        for (name, rows) in &before {
            for (old, new) in rows.iter().zip(&after[name]) {
                let mut wanted = old.clone();
                if INPUT_WEIGHTS.contains(&name.as_str()) {
                    wanted.remove(gone);
                    wanted.insert(end - 1, 0.0);
                }
                assert_eq!(&wanted, new, "{name}");
            }
        }
        assert!(unlearn(&rest, one.number).is_err());
        Ok(())
    }

    #[test]
    fn learning_needs_two_bars_and_can_be_stopped() -> Result<()> {
        let fault = learned(&small(), "polka", &clips(Drum::Ride, 1, 1)).expect_err("too little");
        assert!(fault.to_string().contains("fewer than two bars"), "{fault}");
        learned(&small(), "polka", &clips(Drum::Ride, 1, 2))?;
        let clips = clips(Drum::Ride, 2, 2);
        let start = InitialNet::from_bytes(&small(), "Mine", Some("polka"))?;
        let data = read(&start, "polka", &clips, 1, &|| false)?;
        let shares = std::cell::RefCell::new(Vec::new());
        let stop = || shares.borrow().len() == 3;
        let learned = learn(&start, &data, 1, &stop, |share| shares.borrow_mut().push(share))?;
        assert!(learned.is_none());
        assert_eq!(*shares.borrow(), [1.0 / 60.0, 2.0 / 60.0, 3.0 / 60.0]);
        Ok(())
    }
}
