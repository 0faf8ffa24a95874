//! State of a project besides the parameters: one versioned record, [`SavedState`], and its live
//! copy, [`ProjectState`].
//!
//! Loading a state calls neither `activate` nor `reset`. Every load is therefore counted, and code
//! that depends on the record compares the count.
//!
//! Data shared with the audio thread is in atomics and a triple buffer. The rest, [`ProjectStore`],
//! is behind a lock that worker, window and the host's main thread take and the audio thread never
//! does.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use groove::history::History;
use groove::midi::Clip;
use groove::pins::Pins;
use groove::take::{Primer, Take, Toward};
use groove::{Bar, Meter};
use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};
use triple_buffer::{Input, Output, triple_buffer};

use crate::project::models::ModelFile;
use crate::project::saved_bars::SavedBars;

/// Version of [`SavedState`] that this code writes. Version 1 had only tempo and window, version 2
/// no models and no morph.
pub const STATE_VERSION: u32 = 3;

/// Default window size, in logical pixels.
pub const WINDOW: (u32, u32) = (1280, 720);

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
    /// Morph target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toward: Option<Toward>,
    /// [`Take::model`].
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
            toward: None,
            model: 0,
            models: Vec::new(),
            history: None,
            notes: SavedBars::default(),
            damaged: false,
        }
    }
}

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
struct StoreData {
    extras: TakeExtras,
    /// Writes to the audio thread.
    extras_writer: Input<TakeExtras>,
    /// Primer before the last change by the window or a load; takes in flight from the audio thread
    /// may still carry it.
    outdated: Option<Primer>,
    history: Option<History>,
    notes: SavedBars,
    models: Vec<ModelFile>,
    commands: VecDeque<WorkerCommand>,
    /// Result of the last command, until the window reads it.
    report: Option<Result<String, String>>,
    /// Counter of changes to saved data.
    changes: u32,
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
    fn publish_extras(&mut self) {
        self.extras_writer.write(self.extras);
        self.changes = self.changes.wrapping_add(1);
    }
}

impl ProjectStore {
    fn new(extras_writer: Input<TakeExtras>) -> Self {
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

    fn lock(&self) -> MutexGuard<'_, StoreData> {
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
    pub fn send(&self, errand: WorkerCommand) {
        self.lock().commands.push_back(errand);
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

/// Live copy of [`SavedState`].
pub struct ProjectState {
    /// Load counter in the upper half, bits of the tempo in the lower (0: none). One word, so that
    /// the audio thread cannot overwrite a tempo loaded meanwhile.
    tempo: AtomicU64,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// Problem of the last load: 0 none, 1 damaged, 2 newer version.
    load_problem: AtomicU8,
    kept: Arc<ProjectStore>,
    /// Seed of the take whose tempo was restored, plus one; 0: none.
    restored_seed: AtomicU64,
    /// Reader for the audio thread, until it is taken.
    extras_reader: Mutex<Option<Output<TakeExtras>>>,
}

impl Default for ProjectState {
    fn default() -> Self {
        let (extras_writer, extras_reader) = triple_buffer(&TakeExtras::default());
        ProjectState {
            kept: Arc::new(ProjectStore::new(extras_writer)),
            restored_seed: AtomicU64::new(0),
            extras_reader: Mutex::new(Some(extras_reader)),
            tempo: AtomicU64::new(0),
            window: AtomicU64::new(pack(WINDOW.0, WINDOW.1)),
            load_problem: AtomicU8::new(0),
        }
    }
}

/// The take's tempo and the load that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeTempo(u64);

impl TakeTempo {
    /// Returns the tempo in quarter notes per minute, `None` before the take was first played.
    #[must_use]
    pub fn tempo(self) -> Option<f32> {
        let (_, bits) = unpack(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Returns the load counter; it differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        unpack(self.0).0
    }
}

impl ProjectState {
    /// Returns the take's tempo. For the audio thread.
    #[must_use]
    pub fn take_tempo(&self) -> TakeTempo {
        TakeTempo(self.tempo.load(Ordering::Acquire))
    }

    /// Sets or clears the take's tempo, unless a state was loaded since `seen`. Returns the current
    /// value. For the audio thread.
    pub fn latch_tempo(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = pack(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.tempo.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// Returns the store shared by worker and window.
    #[must_use]
    pub fn kept(&self) -> &Arc<ProjectStore> {
        &self.kept
    }

    /// Takes the audio thread's reader of take data; there is only one. For the host's main thread.
    #[must_use]
    pub fn take_extras_reader(&self) -> Option<Output<TakeExtras>> {
        self.extras_reader.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns the pins. For the window.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.kept.lock().extras.pins
    }

    /// Sets the pins. For the window.
    pub fn set_pins(&self, pins: Pins) {
        self.kept.change(|extras| extras.pins = pins);
    }

    /// Restores the tempo of a take that is played again; its seed does not count as a new take.
    /// For the window.
    pub fn restore_tempo(&self, seed: u32, tempo: f32) {
        self.restored_seed.store(u64::from(seed) + 1, Ordering::Release);
        self.load_tempo(tempo.to_bits());
    }

    /// Returns `true` if the tempo of the take with this seed was restored. For the audio thread.
    #[must_use]
    pub fn is_restored(&self, seed: u32) -> bool {
        self.restored_seed.load(Ordering::Acquire) == u64::from(seed) + 1
    }

    /// Overrides a tempo that the audio thread writes concurrently.
    fn load_tempo(&self, bits: u32) {
        let mut seen = self.tempo.load(Ordering::Acquire);
        loop {
            let next = pack(unpack(seen).0.wrapping_add(1), bits);
            match self.tempo.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Returns the window's width and height, in logical pixels.
    #[must_use]
    pub fn window(&self) -> (u32, u32) {
        unpack(self.window.load(Ordering::Relaxed))
    }

    /// Saves the window's size. For the window.
    pub fn set_window(&self, width: u32, height: u32) {
        self.window.store(pack(width, height), Ordering::Relaxed);
    }

    /// Returns a message about the last load, for the window.
    #[must_use]
    pub fn notice(&self) -> Option<&'static str> {
        match self.load_problem.load(Ordering::Relaxed) {
            1 => Some("The saved state was damaged: what could not be read is at its default."),
            2 => Some(
                "The project was saved by a newer Deep Pocket: what this one knows was loaded.",
            ),
            _ => None,
        }
    }
}

impl<'a> PersistentField<'a, SavedState> for ProjectState {
    fn set(&self, saved: SavedState) {
        let load_problem = match saved {
            // A newer version may use our field names with other contents.
            SavedState { version, .. } if version > STATE_VERSION => 2,
            SavedState { damaged: true, .. } => 1,
            _ => 0,
        };
        self.load_problem.store(load_problem, Ordering::Relaxed);
        let SavedState { primer, pins, toward, model, models, history, notes, .. } = saved;
        {
            let mut data = self.kept.lock();
            data.outdated = Some(data.extras.primer);
            let primer_version = data.extras.primer_version.wrapping_add(1);
            let toward = Take { toward, ..Take::default() }.repaired().toward;
            data.extras = TakeExtras { primer, primer_version, pins, toward, model };
            (data.history, data.notes, data.models) = (history, notes, models);
            data.publish_extras();
        }
        self.restored_seed.store(0, Ordering::Release);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        let tempo = saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo));
        self.load_tempo(tempo.map_or(0, f32::to_bits));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&SavedState) -> R,
    {
        let saved = {
            let kept = self.kept.lock();
            SavedState {
                version: STATE_VERSION,
                tempo: self.take_tempo().tempo(),
                window: self.window(),
                primer: kept.extras.primer,
                pins: kept.extras.pins,
                toward: kept.extras.toward,
                model: kept.extras.model,
                models: kept.models.clone(),
                history: kept.history.clone(),
                notes: kept.notes.clone(),
                damaged: false,
            }
        };
        f(&saved)
    }
}

const fn pack(upper: u32, lower: u32) -> u64 {
    (upper as u64) << 32 | lower as u64
}

fn unpack(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
