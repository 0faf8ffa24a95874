//! `protocol`: all published figures of a model, or of a folder of MIDI from any system, on one
//! split of the Groove MIDI Dataset. `docs/protocol.md` defines each figure.

mod answers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args};
use groove::CLASSES;
use groove::learn::data::Split;
use groove::learn::prediction::PredictionReport;
use groove::model::{Metadata, Stack};
use groove::pattern::kit::DrumClasses;
use serde_json::{Value, json};

use super::evaluate::{DataOptions, EvaluatedModel, EvaluationData, all_styles};
use crate::data;
use crate::files;
use crate::metrics::Metrics;
use crate::metrics::comparison::{Comparison, is_beat};
use crate::metrics::free_run::FreeRun;
use crate::metrics::windows::humanise::HumaniseErrors;
use crate::metrics::windows::tap::TapScores;
use crate::metrics::windows::{TwoBarWindow, WindowTask, windows};

/// Minimum number of takes of a style.
const ENOUGH: usize = 5;

/// Folder of takes beside those of the tasks' answers.
const TAKES: &str = "takes";

/// Options of `protocol`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("system").required(true)))]
pub struct ProtocolOptions {
    /// Model file
    #[arg(group = "system")]
    model: Option<PathBuf>,
    /// Folder of MIDI: takes, or folders of `takes`, `humanise` and `tap`
    #[arg(long, value_name = "FOLDER", group = "system")]
    midi: Option<PathBuf>,
    /// Write the inputs of the tasks `humanise` and `tap` into a folder, for another system
    #[arg(long, value_name = "FOLDER", group = "system")]
    write_inputs: Option<PathBuf>,
    #[command(flatten)]
    data_options: DataOptions,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// All figures of a system.
struct Figures {
    prediction: Option<PredictionReport>,
    humanise: Option<HumaniseErrors>,
    /// Errors of the score on the grid.
    grid: HumaniseErrors,
    tap: Option<TapScores>,
    played: BTreeMap<String, FreeRun>,
    metrics: Option<Metrics>,
    kit: DrumClasses,
}

/// Measures a system, or writes the inputs of the tasks.
///
/// # Errors
/// If the model, the folder or the data cannot be read, an answer is missing, Candle cannot compute,
/// or the inputs cannot be written.
pub fn run(options: &ProtocolOptions) -> Result<()> {
    let split = options.data_options.split;
    let figures = if let Some(path) = &options.model {
        of_model(path, &options.data_options)?
    } else {
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let data = options.data_options.read(&metadata, all_styles)?;
        let windows = windows(&data.pieces);
        if let Some(folder) = &options.write_inputs {
            return answers::write_inputs(folder, &metadata, &windows);
        }
        let folder = options.midi.as_deref().unwrap_or(Path::new("."));
        of_midi(folder, split, &metadata, &data, &windows)?
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures.json(split)?)?);
    } else {
        print!("{}", figures.table());
    }
    Ok(())
}

/// Measures a model.
fn of_model(path: &Path, options: &DataOptions) -> Result<Figures> {
    let metadata = files::read_model(path)?.metadata().clone();
    let data = options.read(&metadata, all_styles)?;
    let measured = EvaluatedModel::measure(path, &data)?;
    measured.skipped_styles.iter().for_each(|line| eprintln!("{line}"));
    let windows = windows(&data.pieces);
    let answer = |task| answers::of_model(task, &measured.model, &windows);
    // The tasks need the nine drums.
    let nine_drums = metadata.classes.classes() == CLASSES && !windows.is_empty();
    let (humanise, tap) = match nine_drums {
        true => (Some(answer(WindowTask::Humanise)?), Some(answer(WindowTask::Tap)?)),
        false => (None, None),
    };
    Ok(Figures {
        humanise: humanise.map(|answers| HumaniseErrors::of(&windows, &answers)),
        grid: HumaniseErrors::of_inputs(&windows),
        tap: tap.map(|answers| TapScores::of(&windows, &answers)),
        prediction: Some(measured.report),
        played: measured.played,
        metrics: (!data.styles.is_empty()).then_some(measured.metrics),
        kit: metadata.classes.clone(),
    })
}

/// Measures a folder of MIDI.
fn of_midi(
    folder: &Path,
    split: Split,
    metadata: &Metadata,
    data: &EvaluationData,
    windows: &[TwoBarWindow],
) -> Result<Figures> {
    let part = |name: &str| Some(folder.join(name)).filter(|path| path.is_dir());
    let read = |task: WindowTask| {
        part(task.name()).map(|path| answers::read(&path, metadata, windows)).transpose()
    };
    let [humanise, tap] = [read(WindowTask::Humanise)?, read(WindowTask::Tap)?];
    let takes = match part(TAKES) {
        Some(takes) => Some(takes),
        // A folder without any of the three is one of takes.
        None => (humanise.is_none() && tap.is_none()).then(|| folder.to_path_buf()),
    };
    let mut played = BTreeMap::new();
    let sides = match takes {
        Some(takes) => compare_takes(&takes, split, metadata, data)?,
        None => Vec::new(),
    };
    for side in &sides {
        let figures = FreeRun::measure(side, &data.all, metadata.classes.classes());
        figures.map(|figures| played.insert(side.name.clone(), figures));
    }
    let metrics =
        (!sides.is_empty()).then(|| Metrics::of(metadata, &sides, data.trees.as_ref(), None));
    Ok(Figures {
        prediction: None,
        humanise: humanise.map(|answers| HumaniseErrors::of(windows, &answers)),
        grid: HumaniseErrors::of_inputs(windows),
        tap: tap.map(|answers| TapScores::of(windows, &answers)),
        played,
        metrics,
        kit: metadata.classes.clone(),
    })
}

/// Reads the takes of a folder, and compares those of each style with the drummers. Takes that do
/// not count are reported.
fn compare_takes(
    folder: &Path,
    split: Split,
    metadata: &Metadata,
    data: &EvaluationData,
) -> Result<Vec<Comparison>> {
    let takes = data::read_takes(folder, split, metadata)?;
    if !takes.skipped.is_empty() {
        eprintln!("{}", takes.skipped_text().trim_start());
    }
    let mut sides = Vec::new();
    for style in 0..=u8::MAX {
        let beats = takes.pieces.iter().filter(|piece| piece.kind.style == style);
        let beats = beats.filter(|piece| is_beat(piece, 0)).count();
        if beats == 0 || style != 0 && !data.styles.contains(&style) {
            if beats > 0 {
                let name = metadata.style_name(style);
                eprintln!(
                    "{name}: {beats} takes are not compared: not among the requested styles, or too few human beats"
                );
            }
            continue;
        }
        let side = Comparison::of_files(metadata, &takes.pieces, &data.all, style);
        let count = side.as_ref().map_or(0, |side| side.played.len());
        let name = metadata.style_name(style);
        if count < beats {
            eprintln!("{name}: {} of {beats} takes are left out: 8 s or less", beats - count);
        }
        match side {
            Some(side) if count >= ENOUGH => sides.push(side),
            _ => eprintln!("{name} is not compared: it has {count} takes, the minimum is {ENOUGH}"),
        }
    }
    Ok(sides)
}

impl Figures {
    /// Returns the figures as one JSON object; those that the system cannot have are null.
    fn json(&self, split: Split) -> Result<Value> {
        let prediction = self.prediction.as_ref().map(|report| {
            json!({
                "perplexity": report.perplexity,
                "counts": report.counts,
                "velocity_mae": report.velocity_mae,
                "velocity_w1": report.velocity_w1,
                "offset_mae_ms": report.offset_mae_ms,
            })
        });
        let mut all = json!({
            "split": format!("{split:?}").to_lowercase(),
            "prediction": prediction,
            "humanise": { "answers": self.humanise, "grid": self.grid },
            "tap": self.tap,
            "played": self.played,
        });
        if let Some(metrics) = &self.metrics {
            metrics.insert(&mut all, "")?;
        }
        Ok(all)
    }

    /// Returns the figures as text.
    fn table(&self) -> String {
        let mut text = self.prediction.as_ref().map(PredictionReport::table).unwrap_or_default();
        text += &format!(
            "\n{:<24}{:>10}{:>12}{:>10}{:>9}\n",
            "humanised windows", "onset, ms", "sixteenths²", "velocity", "missing"
        );
        if let Some(humanise) = &self.humanise {
            text += &humanise.line("answers");
        }
        text += &self.grid.line("score on the grid");
        if let Some(tap) = &self.tap {
            text += &format!("\n{}", tap.table());
        }
        for (name, figures) in &self.played {
            text += &format!("\n{}", figures.table(name, &self.kit));
        }
        if let Some(metrics) = &self.metrics {
            text += &format!("\n{}", metrics.table());
        }
        text
    }
}
