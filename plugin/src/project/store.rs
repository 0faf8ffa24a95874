//! Project data behind a lock, shared by the window, the worker and the host's main thread. The
//! audio thread receives its part through a triple buffer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use groove::take::chart::Chart;
use groove::take::history::History;
use groove::take::pins::Pins;
use groove::take::{Primer, Take, Toward};
use groove::{Bar, Meter};
use triple_buffer::Input;

use crate::project::models::ModelFile;
use crate::project::presets::Preset;
use crate::project::saved_bars::SavedBars;
use crate::project::saved_state::HeldLanes;

/// Take data besides the parameters, sent to the audio thread; the latest value wins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TakeExtras {
    /// Recorded or loaded primer.
    pub primer: Primer,
    /// Counts changes of the primer by the window or a load. The audio thread adopts the primer
    /// when the count changes, and tags its recordings with it.
    pub primer_version: u32,
    /// Pinned cells.
    pub pins: Pins,
    /// Morph target.
    pub toward: Option<Toward>,
    /// Model of the take, as in [`Take::model`].
    pub model: u64,
    /// Chart of the song. It stays when the take changes.
    pub chart: Chart,
}

/// Maximum number of held lanes that undo and redo find again.
const MAX_HELD: usize = 16;

/// Tells the host that the project has changed. Called from any thread except the audio thread.
type ChangeHook = Box<dyn Fn() + Send + Sync>;

/// Project data shared by worker, window and the host's main thread.
pub struct ProjectStore {
    data: Mutex<StoreData>,
    /// Counter of changes to saved data, loads included.
    changes: AtomicU32,
    /// Counter of projects that were loaded.
    loads: AtomicU32,
    on_change: Mutex<Option<ChangeHook>>,
}

#[derive(Debug)]
pub(super) struct StoreData {
    pub(super) extras: TakeExtras,
    /// Writes to the audio thread.
    extras_writer: Input<TakeExtras>,
    pub(super) history: Option<History>,
    pub(super) notes: SavedBars,
    pub(super) models: Vec<ModelFile>,
    /// Lanes held around regenerated ones, the newest last.
    pub(super) held: Vec<HeldLanes>,
    /// Preset that the host has loaded, until the window has shown it.
    loaded_preset: Option<Preset>,
}

impl StoreData {
    /// Returns the lanes that the current pins hold around a regenerated one.
    pub(super) fn held(&self) -> Option<HeldLanes> {
        self.held.iter().rev().find(|held| held.pins == self.extras.pins).copied()
    }

    /// Publishes the take data to the audio thread.
    fn publish_extras(&mut self) {
        self.extras_writer.write(self.extras);
    }
}

impl ProjectStore {
    pub(super) fn new(extras_writer: Input<TakeExtras>) -> Self {
        let data = StoreData {
            extras: TakeExtras::default(),
            extras_writer,
            history: None,
            notes: SavedBars::default(),
            models: Vec::new(),
            held: Vec::new(),
            loaded_preset: None,
        };
        ProjectStore {
            data: Mutex::new(data),
            changes: AtomicU32::new(0),
            loads: AtomicU32::new(0),
            on_change: Mutex::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, StoreData> {
        // Every change replaces a whole value, so the data is valid after a panic.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces everything by the data of a project.
    pub(super) fn load(&self, act: impl FnOnce(&mut StoreData)) {
        let mut data = self.lock();
        act(&mut data);
        data.publish_extras();
        self.loads.fetch_add(1, Ordering::Release);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Stores a primer that the audio thread recorded, unless the primer was changed here since
    /// `version`, the last change that the audio thread knew.
    pub fn record_primer(&self, version: u32, primer: Primer) {
        let mut data = self.lock();
        if data.extras.primer_version == version && data.extras.primer != primer {
            data.extras.primer = primer;
            drop(data);
            self.mark_changed();
        }
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
            data.extras.primer_version = before.primer_version.wrapping_add(1);
        }
        if data.extras != before {
            data.publish_extras();
            drop(data);
            self.mark_changed();
        }
    }

    /// Returns the lanes that the current pins hold around a regenerated one. For the window.
    #[must_use]
    pub fn held(&self) -> Option<HeldLanes> {
        self.lock().held()
    }

    /// Remembers the held lanes of pins that are set next. For the window.
    pub fn hold(&self, held: HeldLanes) {
        let mut data = self.lock();
        if data.held.len() == MAX_HELD {
            data.held.remove(0);
        }
        data.held.push(held);
    }

    /// Accesses the history, created with `take` if necessary. For the window.
    pub fn with_history<R>(&self, take: &Take, act: impl FnOnce(&mut History) -> R) -> R {
        act(self.lock().history.get_or_insert_with(|| History::new(*take)))
    }

    /// Counts a change to saved data and tells the host. The host may save at once, so the data
    /// must not be locked.
    pub fn mark_changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
        let on_change = self.on_change.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(on_change) = &*on_change {
            on_change();
        }
    }

    /// Sets or removes the function that tells the host of changes.
    pub(crate) fn set_on_change(&self, on_change: Option<ChangeHook>) {
        *self.on_change.lock().unwrap_or_else(PoisonError::into_inner) = on_change;
    }

    /// Returns the counter of changes to saved data; wraps. Lock-free.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Returns the counter of loaded projects; wraps. Lock-free.
    #[must_use]
    pub fn loads(&self) -> u32 {
        self.loads.load(Ordering::Acquire)
    }

    /// Remembers a preset that the host has loaded, for the window. For the host's main thread.
    pub(crate) fn set_loaded_preset(&self, preset: Preset) {
        self.lock().loaded_preset = Some(preset);
    }

    /// Takes the preset that the host has loaded since the last call. For the window.
    pub(crate) fn take_loaded_preset(&self) -> Option<Preset> {
        self.lock().loaded_preset.take()
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
