//! Project data behind a lock, shared by the window, the worker and the host's main thread, and
//! the worker's command queue. The audio thread receives its part through a triple buffer.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use groove::pattern::midi::Clip;
use groove::take::history::History;
use groove::take::pins::Pins;
use groove::take::{Primer, Take, Toward};
use groove::{Bar, Meter};
use triple_buffer::Input;

use crate::project::models::ModelFile;
use crate::project::saved_bars::SavedBars;

/// Take data besides the parameters, sent to the audio thread; the latest value wins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TakeExtras {
    /// Recorded or loaded primer.
    pub primer: Primer,
    /// Counts changes of the primer by the window or a load; only these override a primer that the
    /// audio thread recorded since.
    pub primer_version: u32,
    /// Pinned cells.
    pub pins: Pins,
    /// Morph target.
    pub toward: Option<Toward>,
    /// Model of the take, as in [`Take::model`].
    pub model: u64,
}

/// Project data shared by worker, window and the host's main thread.
#[derive(Debug)]
pub struct ProjectStore(Mutex<StoreData>);

#[derive(Debug)]
pub(super) struct StoreData {
    pub(super) extras: TakeExtras,
    /// Writes to the audio thread.
    pub(super) extras_writer: Input<TakeExtras>,
    /// Primer before the last change by the window or a load; takes in flight from the audio thread
    /// may still carry it.
    pub(super) outdated: Option<Primer>,
    pub(super) history: Option<History>,
    pub(super) notes: SavedBars,
    pub(super) models: Vec<ModelFile>,
    pub(super) commands: VecDeque<WorkerCommand>,
    /// Result of the last command, until the window reads it.
    pub(super) report: Option<Result<String, String>>,
    /// Counter of changes to saved data.
    pub(super) changes: u32,
}

/// A command from the window to the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// Plays with a model file; `None` is the built-in model.
    ChooseModel(Option<PathBuf>),
    /// Copies a model file into the user's folder and plays with it.
    ImportModel(PathBuf),
    /// Generates bars of the playing take ahead of the song: meter, first bar and count.
    PlayAhead(Box<Take>, Meter, i64, u16),
    /// Humanises a clip in the style of a take and pins the result.
    Humanise(Clip, Box<Take>),
}

impl StoreData {
    /// Publishes the take data to the audio thread.
    pub(super) fn publish_extras(&mut self) {
        self.extras_writer.write(self.extras);
        self.changes = self.changes.wrapping_add(1);
    }
}

impl ProjectStore {
    pub(super) fn new(extras_writer: Input<TakeExtras>) -> Self {
        ProjectStore(Mutex::new(StoreData {
            extras: TakeExtras::default(),
            extras_writer,
            outdated: None,
            history: None,
            notes: SavedBars::default(),
            models: Vec::new(),
            commands: VecDeque::new(),
            report: None,
            changes: 0,
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, StoreData> {
        // Every change replaces a whole value, so the data is valid after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the primer that was recorded for a new take.
    pub fn note_primer(&self, take: &Take) {
        if matches!(take.primer, Primer::Off | Primer::Hold { .. }) {
            return;
        }
        let mut data = self.lock();
        if data.outdated == Some(take.primer) || data.extras.primer == take.primer {
            return;
        }
        data.outdated = None;
        data.extras.primer = take.primer;
        data.changes = data.changes.wrapping_add(1);
    }

    /// Returns the take data besides the parameters.
    #[must_use]
    pub fn extras(&self) -> TakeExtras {
        self.lock().extras
    }

    /// Changes the take data besides the parameters. For the window and for commands.
    pub fn change(&self, act: impl FnOnce(&mut TakeExtras)) {
        let mut data = self.lock();
        let before = data.extras;
        act(&mut data.extras);
        if data.extras.primer != before.primer {
            data.outdated = Some(before.primer);
            data.extras.primer_version = before.primer_version.wrapping_add(1);
        }
        if data.extras != before {
            data.publish_extras();
        }
    }

    /// Accesses the history, created with `take` if necessary. For the window.
    pub fn with_history<R>(&self, take: &Take, act: impl FnOnce(&mut History) -> R) -> R {
        act(self.lock().history.get_or_insert_with(|| History::new(*take)))
    }

    /// Counts a change to saved data.
    pub fn mark_changed(&self) {
        let mut data = self.lock();
        data.changes = data.changes.wrapping_add(1);
    }

    /// Returns the counter of changes to saved data.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.lock().changes
    }

    /// Returns the model files of the project's takes.
    #[must_use]
    pub fn models(&self) -> Vec<ModelFile> {
        self.lock().models.clone()
    }

    /// Adds or updates a model file of the project's takes.
    pub fn know_model(&self, file: ModelFile) {
        let mut data = self.lock();
        data.models.retain(|known| known.identity != file.identity);
        data.models.push(file);
    }

    /// Queues a command. The caller must wake the worker.
    pub fn send(&self, command: WorkerCommand) {
        self.lock().commands.push_back(command);
    }

    /// Returns `true` if a command is queued. For the worker.
    #[must_use]
    pub fn has_command(&self) -> bool {
        !self.lock().commands.is_empty()
    }

    /// Returns the next command. For the worker.
    #[must_use]
    pub fn next_command(&self) -> Option<WorkerCommand> {
        self.lock().commands.pop_front()
    }

    /// Reports the result of a command, as a message either way. For the worker.
    pub fn report(&self, report: Result<String, String>) {
        self.lock().report = Some(report);
    }

    /// Returns the result of the last command, once. For the window.
    #[must_use]
    pub fn take_report(&self) -> Option<Result<String, String>> {
        self.lock().report.take()
    }

    /// Returns `true` if a result is unread. For the window's watcher.
    #[must_use]
    pub fn has_report(&self) -> bool {
        self.lock().report.is_some()
    }

    /// Stores a bar of the playing take.
    pub fn save_bar(&self, take: &Take, bar: i64, played: &Bar) {
        self.lock().notes.insert(take, bar, played);
    }

    /// Returns a stored bar of a take.
    #[must_use]
    pub fn bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.get(take, meter, bar)
    }

    /// Returns a substitute for a bar that cannot be generated.
    #[must_use]
    pub fn fallback_bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.fallback(take, meter, bar)
    }
}
