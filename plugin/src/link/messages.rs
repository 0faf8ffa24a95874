//! Data that crosses between threads.

use std::sync::Arc;

pub use groove::model::{Figures, Metadata};
use groove::take::StageAct;
pub use groove::take::Take;
use groove::take::chart::Heard;
use groove::{Bar, DrumSet, Meter, StoredBar};

/// A request by the audio thread for one bar of a take that it has sent before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarRequest {
    /// Number of the take, counted by the audio thread from 1.
    pub number: u32,
    /// Meter of the bar.
    pub meter: Meter,
    /// Index of the bar in the song; may be negative.
    pub bar: i64,
}

/// The worker's answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct BarAnswer {
    /// Number of the take that the bar belongs to.
    pub number: u32,
    /// Requested meter.
    pub meter: Meter,
    /// Index of the bar in the song.
    pub bar: i64,
    /// The bar. `None` if there is no model or it failed at this bar.
    pub played: Option<StoredBar>,
}

/// Something at a position of the song, from the audio thread to the worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SongEvent {
    /// Something was heard of the band.
    Heard(Heard),
    /// Something was done on stage.
    Performed {
        /// It is the first act since the song started.
        begins: bool,
        /// The act.
        act: StageAct,
    },
}

impl SongEvent {
    /// Returns true if the worker must look at it soon. Notes alone need no attention until there
    /// are many.
    pub(super) fn is_urgent(self) -> bool {
        !matches!(
            self,
            SongEvent::Heard(Heard::On { .. } | Heard::Off { .. } | Heard::Sound { .. })
        )
    }
}

/// Playback status as last published by the audio thread. Each field is a separate atomic, so two
/// fields may be one block apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// The plugin follows a playing transport.
    pub following: bool,
    /// In quarter notes per minute.
    pub tempo: f64,
    /// Time signature.
    pub meter: Meter,
    /// Song position in quarter notes; may be negative.
    pub position: f64,
    /// Start of the current bar, in quarter notes.
    pub bar_start: f64,
    /// Index of the current bar, 0 for the first of the song; may be negative.
    pub bar: i64,
    /// Index of the pattern's bar that plays there; differs from `bar` in half and double time.
    pub source: i64,
    /// Launch position of the waiting take, in quarter notes; meaningless if none waits.
    pub launch: f64,
    /// Drums whose keys are held.
    pub held: DrumSet,
    /// Number of the playing take, 0 before the first.
    pub playing: u32,
    /// Number of the newest waiting take, 0 if none waits.
    pub pending: u32,
    /// Bars that were late since the instance was created. Another bar was played instead.
    pub late: u32,
    /// Notes that the host refused since the instance was created.
    pub refused: u32,
}

/// A phrase of a take as generated.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// Number of the take.
    pub number: u32,
    /// The take.
    pub take: Take,
    /// Index of the first bar: a multiple of the take's phrase length; may be negative.
    pub first_bar: i64,
    /// Bars of the pattern, as many as the take's phrases have.
    pub bars: Vec<Bar>,
    /// First bar of the following phrase.
    pub next: Bar,
}

impl Phrase {
    /// Returns a bar by index in the phrase, including the one after it.
    #[must_use]
    pub fn bar(&self, index: usize) -> Option<&Bar> {
        self.bars.get(index).or((index == self.bars.len()).then_some(&self.next))
    }
}

/// Phrases for the window, written by the worker whenever one of them changes.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    /// Phrase at the song position of the playing take; while the transport stands, of the take
    /// that would play.
    pub playing: Option<Arc<Phrase>>,
    /// Same phrase of the waiting take.
    pub pending: Option<Arc<Phrase>>,
}

/// State of the model.
#[derive(Clone, Debug, Default)]
pub enum ModelState {
    /// Not loaded yet.
    #[default]
    Loading,
    /// Loaded; the header holds name, training data and held-out figures.
    Ready(Arc<Metadata>),
    /// Unavailable, for the reason in this sentence.
    Missing(String),
}

/// A fault during playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The engine failed: the plugin is silent until the next activation.
    Engine,
    /// The worker failed at a bar and continued.
    Worker,
}

impl Fault {
    pub(super) const ALL: [Fault; 2] = [Fault::Engine, Fault::Worker];

    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Fault::Engine => {
                "The engine failed and is silent. Switch the plugin off and on to restart it."
            }
            Fault::Worker => "The drummer failed to play a bar; another bar repeats instead.",
        }
    }
}
