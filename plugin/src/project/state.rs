//! What a project keeps besides the parameters: one versioned record, [`Saved`], and its live copy.
//!
//! Loading a state calls neither `activate` nor `reset`, so every load is counted, and whoever
//! depends on the record compares the count.
//!
//! What the audio thread shares is in atomics and in a triple buffer; the rest, [`Kept`], is behind
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
use crate::project::saved_bars::Notes;

/// Version of [`Saved`] that this code writes. Version 1 had tempo and window alone, version 2 no
/// models and no morph.
pub const STATE_VERSION: u32 = 3;

/// Window size in logical pixels, before the user changes it.
pub const WINDOW: (u32, u32) = (1280, 720);

/// What a project keeps besides the parameters. Fields that a state lacks are the defaults;
/// fields that this code does not know are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
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
    pub notes: Notes,
    /// A part of the record that was loaded could not be read, and is the default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

impl Default for Saved {
    fn default() -> Self {
        Saved {
            version: STATE_VERSION,
            tempo: None,
            window: WINDOW,
            primer: Primer::Off,
            pins: Pins::NONE,
            toward: None,
            model: 0,
            models: Vec::new(),
            history: None,
            notes: Notes::default(),
            damaged: false,
        }
    }
}

/// What the audio thread is told of the take besides the parameters: the latest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extras {
    /// What was played or tapped last, or is to be heard in its place.
    pub primer: Primer,
    /// Counts how often the window or a load said what the primer is: only then it counts more
    /// than what the audio half has heard since.
    pub primers: u32,
    /// Cells that are pinned.
    pub pins: Pins,
    /// The take that this one is on the way to.
    pub toward: Option<Toward>,
    /// The model that plays it, as in [`Take::model`].
    pub model: u64,
}

/// What the worker and the window keep for the project.
#[derive(Debug)]
pub struct Kept(Mutex<Keeping>);

#[derive(Debug)]
struct Keeping {
    extras: Extras,
    /// To the audio half.
    told: Input<Extras>,
    /// The primer of before the last change by the window or a load: takes that are on their way
    /// from the audio thread may still have it.
    outdated: Option<Primer>,
    history: Option<History>,
    notes: Notes,
    models: Vec<ModelFile>,
    errands: VecDeque<Errand>,
    /// What came of the last errand, until the window asks.
    said: Option<Result<String, String>>,
    /// Counts what has changed and is saved.
    changes: u32,
}

/// Something that the window asks the worker to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// To read a model file and play with it; `None`: with the built-in one.
    Model(Option<PathBuf>),
    /// To copy a model file into the user's folder and play with it.
    NewModel(PathBuf),
    /// To play bars of the take that plays before the song comes to them: from the first on, so
    /// many.
    Ahead(Box<Take>, Meter, i64, u16),
    /// To play a clip's hits by hand, as the take would, and to pin them so.
    Humanise(Clip, Box<Take>),
}

impl Keeping {
    /// What the audio half is to play by has changed.
    fn tell(&mut self) {
        self.told.write(self.extras);
        self.changes = self.changes.wrapping_add(1);
    }
}

impl Kept {
    fn new(told: Input<Extras>) -> Self {
        Kept(Mutex::new(Keeping {
            extras: Extras::default(),
            told,
            outdated: None,
            history: None,
            notes: Notes::default(),
            models: Vec::new(),
            errands: VecDeque::new(),
            said: None,
            changes: 0,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Keeping> {
        // Every change is of a whole value, so what a panicked thread left is good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another take is played: what was played or tapped for it is kept.
    pub fn see(&self, take: &Take) {
        if matches!(take.primer, Primer::Off | Primer::Hold { .. }) {
            return;
        }
        let mut keeping = self.lock();
        if keeping.outdated == Some(take.primer) || keeping.extras.primer == take.primer {
            return;
        }
        keeping.outdated = None;
        keeping.extras.primer = take.primer;
        keeping.changes = keeping.changes.wrapping_add(1);
    }

    /// What the take has besides the parameters.
    #[must_use]
    pub fn extras(&self) -> Extras {
        self.lock().extras
    }

    /// Changes what the take has besides the parameters. For the window, and for errands.
    pub fn change(&self, act: impl FnOnce(&mut Extras)) {
        let mut keeping = self.lock();
        let before = keeping.extras;
        act(&mut keeping.extras);
        if keeping.extras.primer != before.primer {
            keeping.outdated = Some(before.primer);
            keeping.extras.primers = before.primers.wrapping_add(1);
        }
        if keeping.extras != before {
            keeping.tell();
        }
    }

    /// Reads or changes the history, which begins with the take that is given. For the window.
    pub fn with_history<R>(&self, take: &Take, act: impl FnOnce(&mut History) -> R) -> R {
        act(self.lock().history.get_or_insert_with(|| History::new(*take)))
    }

    /// Something that is saved has changed.
    pub fn mark(&self) {
        let mut keeping = self.lock();
        keeping.changes = keeping.changes.wrapping_add(1);
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
        let mut keeping = self.lock();
        keeping.models.retain(|known| known.identity != file.identity);
        keeping.models.push(file);
    }

    /// Asks the worker to do something; it must be woken.
    pub fn send(&self, errand: Errand) {
        self.lock().errands.push_back(errand);
    }

    /// Whether there is anything to do. For the worker.
    #[must_use]
    pub fn has_errand(&self) -> bool {
        !self.lock().errands.is_empty()
    }

    /// What to do next. For the worker.
    #[must_use]
    pub fn errand(&self) -> Option<Errand> {
        self.lock().errands.pop_front()
    }

    /// What came of an errand: a sentence either way. For the worker.
    pub fn say(&self, said: Result<String, String>) {
        self.lock().said = Some(said);
    }

    /// What came of the last errand, once. For the window.
    #[must_use]
    pub fn said(&self) -> Option<Result<String, String>> {
        self.lock().said.take()
    }

    /// Whether something came of an errand of which the window has not heard. For its watch.
    #[must_use]
    pub fn has_said(&self) -> bool {
        self.lock().said.is_some()
    }

    /// Keeps a bar of the take that plays.
    pub fn keep(&self, take: &Take, bar: i64, played: &Bar) {
        self.lock().notes.keep(take, bar, played);
    }

    /// A bar of the take as it was saved or played before.
    #[must_use]
    pub fn bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.get(take, meter, bar)
    }

    /// What stands in for a bar of the take that nobody can play.
    #[must_use]
    pub fn instead(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        self.lock().notes.instead(take, meter, bar)
    }
}

/// The live copy of [`Saved`].
pub struct State {
    /// Count of loads in the upper half, bits of the tempo in the lower (0: none yet). In one
    /// word, so that the audio thread cannot overwrite a tempo that was loaded in between.
    tempo: AtomicU64,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// What was wrong with the last state: 0 nothing, 1 damaged, 2 from a newer version.
    trouble: AtomicU8,
    kept: Arc<Kept>,
    /// Seed of the take that a tempo was brought back for, and one more; 0: none.
    brought: AtomicU64,
    /// For the audio half, until it takes it.
    tells: Mutex<Option<Output<Extras>>>,
}

impl Default for State {
    fn default() -> Self {
        let (told, tells) = triple_buffer(&Extras::default());
        State {
            kept: Arc::new(Kept::new(told)),
            brought: AtomicU64::new(0),
            tells: Mutex::new(Some(tells)),
            tempo: AtomicU64::new(0),
            window: AtomicU64::new(joined(WINDOW.0, WINDOW.1)),
            trouble: AtomicU8::new(0),
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
        let (_, bits) = halves(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Which load the tempo came with: differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        halves(self.0).0
    }
}

impl State {
    /// The take's tempo. For the audio thread.
    #[must_use]
    pub fn take_tempo(&self) -> TakeTempo {
        TakeTempo(self.tempo.load(Ordering::Acquire))
    }

    /// Sets or forgets the take's tempo, unless a state was loaded since `seen`. For the audio
    /// thread. Gives what holds now.
    pub fn latch_tempo(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = joined(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.tempo.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// What worker and window keep.
    #[must_use]
    pub fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    /// What tells the audio half of pins and primers; there is one. For the host's main thread.
    #[must_use]
    pub fn take_extras(&self) -> Option<Output<Extras>> {
        self.tells.lock().unwrap_or_else(PoisonError::into_inner).take()
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
    pub fn bring_tempo(&self, seed: u32, tempo: f32) {
        self.brought.store(u64::from(seed) + 1, Ordering::Release);
        self.load_tempo(tempo.to_bits());
    }

    /// Whether a take with this seed has its tempo already, because it was played before. For the
    /// audio thread.
    #[must_use]
    pub fn is_brought(&self, seed: u32) -> bool {
        self.brought.load(Ordering::Acquire) == u64::from(seed) + 1
    }

    /// The audio thread may write the tempo at any time, but this counts more.
    fn load_tempo(&self, bits: u32) {
        let mut seen = self.tempo.load(Ordering::Acquire);
        loop {
            let next = joined(halves(seen).0.wrapping_add(1), bits);
            match self.tempo.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// The window's width and height in logical pixels.
    #[must_use]
    pub fn window(&self) -> (u32, u32) {
        halves(self.window.load(Ordering::Relaxed))
    }

    /// Keeps the window's size with the project. For the window.
    pub fn set_window(&self, width: u32, height: u32) {
        self.window.store(joined(width, height), Ordering::Relaxed);
    }

    /// What was wrong with the state that was loaded last, for the window to say.
    #[must_use]
    pub fn notice(&self) -> Option<&'static str> {
        match self.trouble.load(Ordering::Relaxed) {
            1 => Some("The saved state was damaged: what could not be read is at its default."),
            2 => Some(
                "The project was saved by a newer Deep Pocket: what this one knows was loaded.",
            ),
            _ => None,
        }
    }
}

impl<'a> PersistentField<'a, Saved> for State {
    fn set(&self, saved: Saved) {
        let trouble = match saved {
            // A newer version may have fields of our names that we cannot read.
            Saved { version, .. } if version > STATE_VERSION => 2,
            Saved { damaged: true, .. } => 1,
            _ => 0,
        };
        self.trouble.store(trouble, Ordering::Relaxed);
        let Saved { primer, pins, toward, model, models, history, notes, .. } = saved;
        {
            let mut keeping = self.kept.lock();
            keeping.outdated = Some(keeping.extras.primer);
            let primers = keeping.extras.primers.wrapping_add(1);
            let toward = Take { toward, ..Take::default() }.repaired().toward;
            keeping.extras = Extras { primer, primers, pins, toward, model };
            (keeping.history, keeping.notes, keeping.models) = (history, notes, models);
            keeping.tell();
        }
        self.brought.store(0, Ordering::Release);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        let tempo = saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo));
        self.load_tempo(tempo.map_or(0, f32::to_bits));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Saved) -> R,
    {
        let saved = {
            let kept = self.kept.lock();
            Saved {
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

const fn joined(upper: u32, lower: u32) -> u64 {
    (upper as u64) << 32 | lower as u64
}

fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
