//! What is learned, from what and how fast: the options that say what a training comes to, wherever
//! it runs.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::ArgPredicate::IsPresent;
use groove::model::{Metadata, Stack};

use super::initial::Start;
use super::optimise::{Learning, Schedule};
use super::training_preset::{Preset, others};
use crate::data::rows::Rows;
use crate::data::{Data, Piece, Split};

/// How many times as fast a style of the model's own learns as a whole net would.
const COLUMN_RATE: f64 = 200.0;

/// A training, but for where it is written and how it is watched.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// Folder of drum MIDI: the Groove MIDI Dataset's, or any other
    #[arg(long, env = "GROOVE_DIR")]
    pub(crate) data: PathBuf,
    /// Kind of model: it also sets the defaults of the options that follow
    #[arg(long, value_enum, default_value = "deep-pocket", conflicts_with = "init")]
    pub(crate) preset: Preset,
    /// Model file to begin with, to tune it to a handful of own clips: its kind and sizes are
    /// kept, other defaults are made for that, and it stops when it gets no better
    #[arg(long, value_name = "FILE")]
    pub(crate) init: Option<PathBuf>,
    /// Trained model file to learn from as well; several are averaged
    #[arg(long = "teacher", value_name = "FILE")]
    pub(crate) teachers: Vec<PathBuf>,
    /// Style of the pieces, where the folder has no info.csv; with --init, a name that the model
    /// does not know is a new style
    #[arg(long)]
    pub(crate) style: Option<String>,
    /// The model's name, as the window shows it
    #[arg(long, default_value = "Groove, all styles", default_value_if("init", IsPresent, "Own clips"),
        default_value_ifs = others(["Drum RNN, drum kit", "Drum RNN, one drum", "Report of 2019"]))]
    pub(crate) name: String,
    /// Updates to make in all
    #[arg(long, default_value_t = 2400, default_value_if("init", IsPresent, "60"),
        default_value_ifs = others(["1000", "1000", "300"]))]
    pub(crate) updates: u64,
    /// Layers of the network of hits
    #[arg(long, default_value_t = 2, conflicts_with = "init",
        default_value_ifs = others(["3", "2", "2"]))]
    pub(crate) layers: usize,
    /// Cells in a layer of the network of hits
    #[arg(long, default_value_t = 304, conflicts_with = "init",
        default_value_ifs = others(["256", "128", "64"]))]
    pub(crate) cells: usize,
    /// Cells of the network of velocities and offsets
    #[arg(long, default_value_t = 192, conflicts_with = "init",
        default_value_ifs = others(["64", "64", "64"]))]
    pub(crate) feel_cells: usize,
    /// Pieces side by side in a batch
    #[arg(long, default_value_t = 32, default_value_if("init", IsPresent, "8"),
        default_value_ifs = others(["128", "128", "32"]))]
    pub(crate) lanes: usize,
    /// Steps of a piece in a batch
    #[arg(long, default_value_t = 128, default_value_ifs = others(["32", "32", "128"]))]
    pub(crate) steps: usize,
    /// Share of a layer's outputs that is dropped in training
    #[arg(long, default_value_t = 0.4, default_value_ifs = others(["0.5", "0.5", "0.5"]))]
    pub(crate) dropout: f32,
    /// Greatest learning rate; a style of the model's own learns 200 times as fast
    #[arg(long, default_value_t = 2e-3, default_value_if("init", IsPresent, "0.0001"),
        default_value_ifs = others(["0.001", "0.001", "0.001"]))]
    pub(crate) rate: f64,
    /// Updates over which the rate rises [default: a tenth of all, 100 at most]
    #[arg(long, default_value_ifs = others(["1", "1", "1"]))]
    pub(crate) warm_up: Option<u64>,
    /// Weight decay; with --init, pull to the weights that it began with
    #[arg(long, default_value_t = 0.02, default_value_if("init", IsPresent, "100"),
        default_value_ifs = others(["0", "0", "0"]))]
    pub(crate) decay: f64,
    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Plan {
    /// What the training begins with.
    ///
    /// # Errors
    /// When the model file to begin with is no whole model, or the style is unknown.
    pub fn start(&self) -> Result<Start> {
        let style = self.style.as_deref();
        if let Some(path) = &self.init {
            return Start::from_file(path, &self.name, style);
        }
        let stack = Stack { layers: self.layers, cells: self.cells };
        let feel = Stack { layers: 1, cells: self.feel_cells };
        let start = Start::new(Metadata {
            inputs: self.preset.inputs(),
            classes: self.preset.kit(),
            ..Metadata::new(&self.name, stack, feel, "")
        });
        style.map_or(Ok(()), |style| start.check_style(style))?;
        Ok(start)
    }

    /// Reads what is to be learned from, and says what was left out.
    ///
    /// # Errors
    /// When it cannot be read, or there is nothing in it.
    pub fn read(&self, model: &Metadata) -> Result<Data> {
        let data = Data::read(&self.data, self.style.as_deref(), self.seed, model)?;
        eprintln!("{} pieces{}", data.pieces.len(), data.skipped_text());
        Ok(data)
    }

    /// The pieces that are learned from.
    ///
    /// # Errors
    /// When the preset learns from none of them.
    pub fn pieces(&self, data: &Data) -> Result<Vec<Piece>> {
        let mut pieces = data.split(Split::Train);
        pieces.retain(|piece| self.preset.learns_from(piece));
        ensure!(
            !pieces.is_empty() || self.preset != Preset::Report2019,
            "there is no rock beat to learn from: where a folder has no info.csv, --style rock \
             says that it holds them"
        );
        Ok(pieces)
    }

    /// The rows of a batch, in so many parts, of which the lanes are a multiple.
    ///
    /// # Errors
    /// When a batch would be empty.
    pub fn rows(&self, parts: usize) -> Result<Rows> {
        ensure!(self.lanes > 0 && self.steps > 0, "a batch needs a lane and a step at least");
        Ok(Rows { parts, steps: self.steps, lanes: self.lanes / parts })
    }

    /// How fast it learns.
    #[must_use]
    pub fn schedule(&self, learning: Learning) -> Schedule {
        let faster = match learning {
            Learning::Column(_) => COLUMN_RATE,
            Learning::New | Learning::Tuned => 1.0,
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
