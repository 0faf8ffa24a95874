//! What a project keeps besides the parameters: one versioned record, [`Saved`], and its live copy.
//!
//! Loading a state calls neither `activate` nor `reset`, so every load is counted, and whoever
//! depends on the record compares the count.
//!
//! What the audio thread shares is in atomics and in a triple buffer; the rest, [`Kept`], is behind
//! a lock that worker, window and the host's main thread take, and the audio thread never does.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use groove::history::History;
use groove::pins::Pins;
use groove::take::{Primer, Take};
use groove::{Bar, Meter};
use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};
use triple_buffer::{Input, Output, triple_buffer};

use crate::notes::Notes;

/// Version of [`Saved`] that this code writes. Version 1 had tempo and window alone.
pub const STATE_VERSION: u32 = 2;

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
            history: None,
            notes: Notes::default(),
            damaged: false,
        }
    }
}

/// What the audio thread is told of the take besides the parameters: the latest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extras {
    /// The primer that was loaded.
    pub primer: Primer,
    /// Cells that are pinned.
    pub pins: Pins,
}

/// What the worker and the window keep for the project.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Keeping>);

#[derive(Debug, Default)]
struct Keeping {
    extras: Extras,
    history: Option<History>,
    notes: Notes,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Keeping> {
        // Every change is of a whole value, so what a panicked thread left is good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another take is played: its primer is kept, but for keys that are held.
    pub fn see(&self, take: &Take) {
        if !matches!(take.primer, Primer::Hold { .. }) {
            self.lock().extras.primer = take.primer;
        }
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
    /// Written by loads and the window.
    told: Mutex<Input<Extras>>,
    /// For the audio half, until it takes it.
    tells: Mutex<Option<Output<Extras>>>,
}

impl Default for State {
    fn default() -> Self {
        let (told, tells) = triple_buffer(&Extras::default());
        State {
            kept: Arc::default(),
            told: Mutex::new(told),
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
        let mut kept = self.kept.lock();
        kept.extras.pins = pins;
        self.tell(kept.extras);
    }

    fn tell(&self, extras: Extras) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).write(extras);
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
        let Saved { primer, pins, history, notes, .. } = saved;
        let extras = Extras { primer, pins };
        *self.kept.lock() = Keeping { extras, history, notes };
        self.tell(extras);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        let tempo = saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo));
        let tempo = tempo.map_or(0, f32::to_bits);
        // The audio thread may write the tempo at any time, but a load counts more.
        let mut seen = self.tempo.load(Ordering::Acquire);
        loop {
            let next = joined(halves(seen).0.wrapping_add(1), tempo);
            match self.tempo.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
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
