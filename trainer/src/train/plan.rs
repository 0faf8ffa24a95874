//! Options of a training that determine its result, wherever it runs.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use clap::builder::ArgPredicate::IsPresent;
use groove::learn::data::rows::Rows;
use groove::learn::data::{Data, Piece, Split, balanced};
use groove::learn::initial::InitialNet;
use groove::learn::optimise::{Schedule, TrainingMode};
use groove::learn::own_style::COLUMN_RATE;
use groove::model::{Metadata, Stack};

use super::training_preset::{TrainingPreset, preset_defaults};
use crate::data;
use crate::files;

/// Options that determine a training's result.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// Folder of drum MIDI: the Groove MIDI Dataset's, or any other; several are read together
    #[arg(long, env = "GROOVE_DIR", required = true)]
    pub(crate) data: Vec<PathBuf>,
    /// Kind of model; also sets the defaults of the following options
    #[arg(long, value_enum, default_value = "deep-pocket", conflicts_with = "init")]
    pub(crate) preset: TrainingPreset,
    /// Model file to fine-tune on a few clips of your own: its kind and sizes are kept, other
    /// defaults suit that, and the training stops when it no longer improves
    #[arg(long, value_name = "FILE")]
    pub(crate) init: Option<PathBuf>,
    /// Trained model file to distil from as well; several are averaged
    #[arg(long = "teacher", value_name = "FILE")]
    pub(crate) teachers: Vec<PathBuf>,
    /// Style of the pieces, if the folder has no info.csv; with --init, a name that the model does
    /// not know adds a style
    #[arg(long)]
    pub(crate) style: Option<String>,
    /// Repeat the pieces of styles with few, so that styles count alike; each piece at most this
    /// many times
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) balance: Option<u8>,
    /// Name of the model, shown in the plugin's window
    #[arg(long, default_value = "Groove, all styles", default_value_if("init", IsPresent, "Own clips"),
        default_value_ifs = preset_defaults(["Drum RNN, drum kit", "Drum RNN, one drum", "Report of 2019"]))]
    pub(crate) name: String,
    /// Updates in total
    #[arg(long, default_value_t = 2400, default_value_if("init", IsPresent, "60"),
        default_value_ifs = preset_defaults(["1000", "1000", "300"]))]
    pub(crate) updates: u64,
    /// Layers of the hit network
    #[arg(long, default_value_t = 2, conflicts_with = "init",
        default_value_ifs = preset_defaults(["3", "2", "2"]))]
    pub(crate) layers: usize,
    /// Cells in a layer of the hit network
    #[arg(long, default_value_t = 304, conflicts_with = "init",
        default_value_ifs = preset_defaults(["256", "128", "64"]))]
    pub(crate) cells: usize,
    /// Cells of the network of velocities and offsets
    #[arg(long, default_value_t = 192, conflicts_with = "init",
        default_value_ifs = preset_defaults(["64", "64", "64"]))]
    pub(crate) feel_cells: usize,
    /// Lanes of a batch: pieces side by side
    #[arg(long, default_value_t = 32, default_value_if("init", IsPresent, "8"),
        default_value_ifs = preset_defaults(["128", "128", "32"]))]
    pub(crate) lanes: usize,
    /// Steps of a batch in each lane
    #[arg(long, default_value_t = 128, default_value_ifs = preset_defaults(["32", "32", "128"]))]
    pub(crate) steps: usize,
    /// Dropout: share of a layer's outputs
    #[arg(long, default_value_t = 0.4, default_value_ifs = preset_defaults(["0.5", "0.5", "0.5"]))]
    pub(crate) dropout: f32,
    /// Peak learning rate; a style of your own learns 200 times as fast
    #[arg(long, default_value_t = 2e-3, default_value_if("init", IsPresent, "0.0001"),
        default_value_ifs = preset_defaults(["0.001", "0.001", "0.001"]))]
    pub(crate) rate: f64,
    /// Updates of the warm-up [default: a tenth of all, at most 100]
    #[arg(long, default_value_ifs = preset_defaults(["1", "1", "1"]))]
    pub(crate) warm_up: Option<u64>,
    /// Weight decay; with --init, towards the initial weights
    #[arg(long, default_value_t = 0.02, default_value_if("init", IsPresent, "100"),
        default_value_ifs = preset_defaults(["0", "0", "0"]))]
    pub(crate) decay: f64,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Plan {
    /// Creates the initial network.
    ///
    /// # Errors
    /// If the model file of `--init` is not complete, or the style is unknown.
    pub fn start(&self) -> Result<InitialNet> {
        let style = self.style.as_deref();
        if let Some(path) = &self.init {
            let start = InitialNet::from_bytes(&files::read(path)?, &self.name, style)
                .with_context(|| format!("{}", path.display()))?;
            if let Some(number) = start.new_style() {
                eprintln!("{} is a new style, number {number}", start.metadata.style_name(number));
            }
            return Ok(start);
        }
        let stack = Stack { layers: self.layers, cells: self.cells };
        let feel = Stack { layers: 1, cells: self.feel_cells };
        let start = InitialNet::new(Metadata {
            inputs: self.preset.inputs(),
            classes: self.preset.kit(),
            ..Metadata::new(&self.name, stack, feel, "")
        });
        style.map_or(Ok(()), |style| start.check_style(style))?;
        Ok(start)
    }

    /// Reads the data and prints the skipped files.
    ///
    /// # Errors
    /// If the data cannot be read or is empty.
    pub fn read(&self, model: &Metadata) -> Result<Data> {
        let data = data::read(&self.data, self.style.as_deref(), self.seed, model)?;
        eprintln!("{} pieces{}", data.pieces.len(), data.skipped_text());
        Ok(data)
    }

    /// Returns the training pieces.
    ///
    /// # Errors
    /// If the preset uses none of them.
    pub fn pieces(&self, data: &Data) -> Result<Vec<Piece>> {
        let mut pieces = data.split(Split::Train);
        pieces.retain(|piece| self.preset.learns_from(piece));
        if let Some(most) = self.balance {
            pieces = balanced(&pieces, most.into());
        }
        ensure!(
            !pieces.is_empty() || self.preset != TrainingPreset::Report2019,
            "there is no rock beat to learn from: where a folder has no info.csv, --style rock \
             says that it holds them"
        );
        Ok(pieces)
    }

    /// Returns the layout of a batch in a number of parts that divides the lanes.
    ///
    /// # Errors
    /// If a batch would be empty.
    pub fn rows(&self, parts: usize) -> Result<Rows> {
        ensure!(self.lanes > 0 && self.steps > 0, "a batch needs at least one lane and one step");
        Ok(Rows { parts, steps: self.steps, lanes: self.lanes / parts })
    }

    /// Returns the schedule of the learning rate.
    #[must_use]
    pub fn schedule(&self, mode: &TrainingMode) -> Schedule {
        let faster = match mode {
            TrainingMode::StyleColumns(_) => COLUMN_RATE,
            TrainingMode::New | TrainingMode::FineTune => 1.0,
        };
        Schedule {
            rate: self.rate * faster,
            // Short trainings warm up sooner.
            warm_up: self.warm_up.unwrap_or((self.updates / 10).clamp(1, 100)),
            updates: self.updates,
            // The product with the rate is the share that an update pulls back.
            decay: self.decay / faster,
        }
    }
}
