//! State of a project besides the parameters: one versioned record, [`SavedState`], and its live
//! copy, [`ProjectState`].
//!
//! Loading a state calls neither `activate` nor `reset`. Every load is therefore counted, and code
//! that depends on the record compares the count.
//!
//! Data shared with the audio thread is in atomics and a triple buffer. The rest, [`ProjectStore`],
//! is behind a lock that worker, window and the host's main thread take and the audio thread never
//! does.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use groove::take::Take;
use groove::take::pins::Pins;
use nice_plug::params::persist::PersistentField;
use triple_buffer::{Output, triple_buffer};

use crate::project::saved_state::{STATE_VERSION, SavedState, WINDOW};
use crate::project::store::{ProjectStore, TakeExtras};

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
            1 => Some("The saved state is damaged: unreadable parts have their default values."),
            2 => Some(
                "A newer version saved this project: only the parts that this version knows were loaded.",
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
