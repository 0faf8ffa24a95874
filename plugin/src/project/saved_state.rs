//! The versioned record of a project's state besides the parameters.

use groove::DrumSet;
use groove::take::chart::Chart;
use groove::take::history::History;
use groove::take::pins::Pins;
use groove::take::{Primer, Toward};
use serde::{Deserialize, Serialize};

use crate::project::kit_trims::KitTrims;
use crate::project::models::ModelFile;
use crate::project::saved_bars::SavedBars;

/// Version of [`SavedState`] that this code writes. Version 1 had only tempo and window, version 2
/// no models and no morph, version 3 no style numbers above 23 and no drum maps above 7, version 4
/// no chart.
pub const STATE_VERSION: u32 = 5;

/// Default window size, in logical pixels.
pub const WINDOW: (u32, u32) = (1280, 720);

/// Lanes that pins hold while one lane is regenerated, until the next take or style.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldLanes {
    /// The regenerated drum, as a set of one.
    pub lane: DrumSet,
    /// The user's own pins, which stay when the lanes are released.
    pub own: Pins,
    /// All pins while the lanes are held. Other pins mean that they are not.
    pub pins: Pins,
}

/// State of a project besides the parameters. Missing fields have defaults; unknown fields are
/// ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedState {
    /// Version of the code that wrote it, [`STATE_VERSION`].
    pub version: u32,
    /// Tempo at which the take was first played, in quarter notes per minute; part of the take.
    /// `None` before that.
    pub tempo: Option<f32>,
    /// Window width and height, in logical pixels.
    pub window: (u32, u32),
    /// Recorded primer.
    pub primer: Primer,
    /// Pinned cells.
    pub pins: Pins,
    /// Lanes held around a lane that was regenerated, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldLanes>,
    /// Morph target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toward: Option<Toward>,
    /// Chart of the song.
    #[serde(skip_serializing_if = "Chart::is_empty")]
    pub chart: Chart,
    /// Level, tune and decay of the audition kit's lanes.
    #[serde(skip_serializing_if = "KitTrims::is_default")]
    pub kit: KitTrims,
    /// [`groove::take::Take::model`].
    pub model: u64,
    /// Model files of the project's takes.
    pub models: Vec<ModelFile>,
    /// History of takes; `None` if empty.
    pub history: Option<History>,
    /// Bars of the take.
    pub notes: SavedBars,
    /// Part of the loaded record was unreadable and has default values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

impl Default for SavedState {
    fn default() -> Self {
        SavedState {
            version: STATE_VERSION,
            tempo: None,
            window: WINDOW,
            primer: Primer::Off,
            pins: Pins::NONE,
            held: None,
            toward: None,
            chart: Chart::default(),
            kit: KitTrims::default(),
            model: 0,
            models: Vec::new(),
            history: None,
            notes: SavedBars::default(),
            damaged: false,
        }
    }
}
