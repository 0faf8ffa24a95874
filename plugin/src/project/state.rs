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
use nice_plug::params::persist::PersistentField;
use triple_buffer::{Output, triple_buffer};

use crate::project::kit_trims::LiveTrims;
use crate::project::saved_state::{STATE_VERSION, SavedState, WINDOW};
use crate::project::store::{ProjectStore, TakeExtras};
use crate::project::take_tempo::{TempoLatch, pack, unpack};

/// Live copy of [`SavedState`].
pub struct ProjectState {
    tempo: TempoLatch,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// Problem of the last load: 0 none, 1 damaged, 2 newer version.
    load_problem: AtomicU8,
    trims: LiveTrims,
    kept: Arc<ProjectStore>,
    /// Reader for the audio thread, until it is taken.
    extras_reader: Mutex<Option<Output<TakeExtras>>>,
}

impl Default for ProjectState {
    fn default() -> Self {
        let (extras_writer, extras_reader) = triple_buffer(&TakeExtras::default());
        ProjectState {
            kept: Arc::new(ProjectStore::new(extras_writer)),
            extras_reader: Mutex::new(Some(extras_reader)),
            tempo: TempoLatch::default(),
            trims: LiveTrims::default(),
            window: AtomicU64::new(pack(WINDOW.0, WINDOW.1)),
            load_problem: AtomicU8::new(0),
        }
    }
}

impl ProjectState {
    /// Returns the tempo of the take.
    #[must_use]
    pub const fn tempo(&self) -> &TempoLatch {
        &self.tempo
    }

    /// Returns the settings of the audition kit's lanes.
    #[must_use]
    pub const fn trims(&self) -> &LiveTrims {
        &self.trims
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
        let SavedState { primer, pins, held, toward, chart, model, models, history, notes, .. } =
            saved;
        let toward = Take { toward, ..Take::default() }.repaired().toward;
        self.kept.load(|data| {
            let primer_version = data.extras.primer_version.wrapping_add(1);
            data.extras = TakeExtras { primer, primer_version, pins, toward, model, chart };
            (data.history, data.notes, data.models) = (history, notes, models);
            data.held = held.into_iter().collect();
        });
        self.trims.set(saved.kit);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        self.tempo.load(saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo)));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&SavedState) -> R,
    {
        let saved = {
            let kept = self.kept.lock();
            SavedState {
                version: STATE_VERSION,
                tempo: self.tempo.get().tempo(),
                window: self.window(),
                primer: kept.extras.primer,
                pins: kept.extras.pins,
                held: kept.held(),
                toward: kept.extras.toward,
                chart: kept.extras.chart,
                kit: self.trims.get(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(state: &ProjectState) -> String {
        state.map(|saved| serde_json::to_string(saved).expect("text"))
    }

    #[test]
    fn lanes_of_the_kit_are_saved_and_older_projects_have_the_kit_as_built() {
        let state = ProjectState::default();
        assert!(!saved(&state).contains("kit"), "a kit as built takes no room");
        let mut trims = state.trims().get();
        (trims.0[0].level, trims.0[8].tune) = (-49, 35);
        state.trims().set(trims);
        let back = ProjectState::default();
        back.set(SavedState::read(&saved(&state)));
        assert_eq!((back.trims().get(), back.notice()), (trims, None));
        back.set(SavedState::read("{\"version\":5}"));
        assert!(back.trims().get().is_default(), "another project");
        for damaged in ["7", "[]", "[{\"level\":900}]", "\"loud\""] {
            let record = format!("{{\"version\":5,\"tempo\":88.0,\"kit\":{damaged}}}");
            back.set(SavedState::read(&record));
            assert!(back.trims().get().is_default(), "{damaged}");
            assert_eq!(back.tempo().get().tempo(), Some(88.0), "{damaged}");
            assert!(back.notice().is_some_and(|notice| notice.contains("damaged")), "{damaged}");
        }
    }
}
