//! What a project keeps besides the parameters: one versioned record, [`SavedState`], and its live copy.
//!
//! Loading a state calls neither `activate` nor `reset`, so every load is counted, and whoever
//! depends on the record compares the count.
//!
//! What the audio thread shares is in atomics and in a triple buffer; the rest, [`ProjectStore`], is behind
//! a lock that worker, window and the host's main thread take, and the audio thread never does.

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

/// Version of [`SavedState`] that this code writes. Version 1 had tempo and window alone, version 2 no
/// models and no morph.
pub const STATE_VERSION: u32 = 3;

/// Window size in logical pixels, before the user changes it.
pub const WINDOW: (u32, u32) = (1280, 720);

/// What a project keeps besides the parameters. Fields that a state lacks are the defaults;
/// fields that this code does not know are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedState {
    /// Version of the code that wrote it, [`STATE_VERSION`].
    pub version: u32,
    /// The tempo that the take was first played at, in quarter notes a minute: a part of the take.
    /// `None`: not played yet.
    pub tempo: Option<f32>,
    /// Window width and height in logical pixels.
    pub window: (u32, u32),
    /// What was played or tapped as a primer.
    pub primer: Primer,
    /// Cells that are pinned.
    pub pins: Pins,
    /// The take that this one is on the way to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toward: Option<Toward>,
    /// [`Take::model`].
    pub model: u64,
    /// The model files that its takes are played with.
    pub models: Vec<ModelFile>,
    /// The takes of before; `None`: none yet.
    pub history: Option<History>,
    /// The notes of the take.
    pub notes: SavedBars,
    /// A part of the record that was loaded could not be read, and is the default.
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

/// What the audio thread is told of the take besides the parameters: the latest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TakeExtras {
    /// What was played or tapped last, or is to be heard in its place.
    pub primer: Primer,
    /// Counts how often the window or a load said what the primer is: only then it counts more
    /// than what the audio half has heard since.
    pub primer_version: u32,
    /// Cells that are pinned.
    pub pins: Pins,
    /// The take that this one is on the way to.
    pub toward: Option<Toward>,
    /// The model that plays it, as in [`Take::model`].
    pub model: u64,
}

/// What the worker and the window keep for the project.
#[derive(Debug)]
pub struct ProjectStore(Mutex<StoreData>);

#[derive(Debug)]
struct StoreData {
    extras: TakeExtras,
    /// To the audio half.
    extras_writer: Input<TakeExtras>,
    /// The primer of before the last change by the window or a load: takes that are on their way
    /// from the audio thread may still have it.
    outdated: Option<Primer>,
    history: Option<History>,
    notes: SavedBars,
    models: Vec<ModelFile>,
    commands: VecDeque<WorkerCommand>,
    /// What came of the last errand, until the window asks.
    report: Option<Result<String, String>>,
    /// Counts what has changed and is saved.
    changes: u32,
}

/// Something that the window asks the worker to do.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// To read a model file and play with it; `None`: with the built-in one.
    ChooseModel(Option<PathBuf>),
    /// To copy a model file into the user's folder and play with it.
    ImportModel(PathBuf),
    /// To play bars of the take that plays before the song comes to them: from the first on, so
    /// many.
    PlayAhead(Box<Take>, Meter, i64, u16),
    /// To play a clip's hits by hand, as the take would, and to pin them so.
    Humanise(Clip, Box<Take>),
}

impl StoreData {
    /// What the audio half is to play by has changed.
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
        // Every change is of a whole value, so what a panicked thread left is good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another take is played: what was played or tapped for it is kept.
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

    /// What the take has besides the parameters.
    #[must_use]
    pub fn extras(&self) -> TakeExtras {
        self.lock().extras
    }

    /// Changes what the take has besides the parameters. For the window, and for errands.
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

    /// Reads or changes the history, which begins with the take that is given. For the window.
    pub fn with_history<R>(&self, take: &Take, act: impl FnOnce(&mut History) -> R) -> R {
        act(self.lock().history.get_or_insert_with(|| History::new(*take)))
    }

    /// Something that is saved has changed.
    pub fn mark_changed(&self) {
        let mut data = self.lock();
        data.changes = data.changes.wrapping_add(1);
    }

    /// Counts what has changed and is saved.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.lock().changes
    }

    /// The model files that takes of the project are played with.
    #[must_use]
    pub fn models(&self) -> Vec<ModelFile> {
        self.lock().models.clone()
    }

    /// Takes of the project are played with a model file, which may have moved.
    pub fn know_model(&self, file: ModelFile) {
        let mut data = self.lock();
        data.models.retain(|known| known.identity != file.identity);
        data.models.push(file);
    }

    /// Asks the worker to do something; it must be woken.
    pub fn send(&self, errand: WorkerCommand) {
        self.lock().commands.push_back(errand);
    }

    /// Whether there is anything to do. For the worker.
    #[must_use]
    pub fn has_command(&self) -> bool {
        !self.lock().commands.is_empty()
    }

    /// What to do next. For the worker.
    #[must_use]
    pub fn next_command(&self) -> Option<WorkerCommand> {
        self.lock().commands.pop_front()
    }

    /// What came of an errand: a sentence either way. For the worker.
    pub fn report(&self, report: Result<String, String>) {
        self.lock().report = Some(report);
    }

    /// What came of the last errand, once. For the window.
    #[must_use]
    pub fn take_report(&self) -> Option<Result<String, String>> {
        self.lock().report.take()
    }

    /// Whether something came of an errand of which the window has not heard. For its watch.
    #[must_use]
    pub fn has_report(&self) -> bool {
        self.lock().report.is_some()
    }

    /// Keeps a bar of the take that plays.
    pub fn save_bar(&self, take: &Take, bar: i64, played: &Bar) {
        self.lock().notes.insert(take, bar, played);
    }

    /// A bar of the take as it was saved or played before.
    #[must_use]
    pub fn bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.get(take, meter, bar)
    }

    /// What stands in for a bar of the take that nobody can play.
    #[must_use]
    pub fn fallback_bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.fallback(take, meter, bar)
    }
}

/// The live copy of [`SavedState`].
pub struct ProjectState {
    /// Count of loads in the upper half, bits of the tempo in the lower (0: none yet). In one
    /// word, so that the audio thread cannot overwrite a tempo that was loaded in between.
    tempo: AtomicU64,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// What was wrong with the last state: 0 nothing, 1 damaged, 2 from a newer version.
    load_problem: AtomicU8,
    kept: Arc<ProjectStore>,
    /// Seed of the take that a tempo was brought back for, and one more; 0: none.
    restored_seed: AtomicU64,
    /// For the audio half, until it takes it.
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
    /// Quarter notes a minute, `None` before the take was first played.
    #[must_use]
    pub fn tempo(self) -> Option<f32> {
        let (_, bits) = unpack(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Which load the tempo came with: differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        unpack(self.0).0
    }
}

impl ProjectState {
    /// The take's tempo. For the audio thread.
    #[must_use]
    pub fn take_tempo(&self) -> TakeTempo {
        TakeTempo(self.tempo.load(Ordering::Acquire))
    }

    /// Sets or forgets the take's tempo, unless a state was loaded since `seen`. For the audio
    /// thread. Gives what holds now.
    pub fn latch_tempo(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = pack(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.tempo.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// What worker and window keep.
    #[must_use]
    pub fn kept(&self) -> &Arc<ProjectStore> {
        &self.kept
    }

    /// What tells the audio half of pins and primers; there is one. For the host's main thread.
    #[must_use]
    pub fn take_extras_reader(&self) -> Option<Output<TakeExtras>> {
        self.extras_reader.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What is pinned. For the window.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.kept.lock().extras.pins
    }

    /// Other pins. For the window.
    pub fn set_pins(&self, pins: Pins) {
        self.kept.change(|extras| extras.pins = pins);
    }

    /// Brings the tempo of a take back that is about to be played again, given its seed: the seed
    /// does not count as that of a new take then. For the window.
    pub fn restore_tempo(&self, seed: u32, tempo: f32) {
        self.restored_seed.store(u64::from(seed) + 1, Ordering::Release);
        self.load_tempo(tempo.to_bits());
    }

    /// Whether a take with this seed has its tempo already, because it was played before. For the
    /// audio thread.
    #[must_use]
    pub fn is_restored(&self, seed: u32) -> bool {
        self.restored_seed.load(Ordering::Acquire) == u64::from(seed) + 1
    }

    /// The audio thread may write the tempo at any time, but this counts more.
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

    /// The window's width and height in logical pixels.
    #[must_use]
    pub fn window(&self) -> (u32, u32) {
        unpack(self.window.load(Ordering::Relaxed))
    }

    /// Keeps the window's size with the project. For the window.
    pub fn set_window(&self, width: u32, height: u32) {
        self.window.store(pack(width, height), Ordering::Relaxed);
    }

    /// What was wrong with the state that was loaded last, for the window to say.
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
            // A newer version may have fields of our names that we cannot read.
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
