//! Performance on stage: what was done since the song started.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use groove::take::StageAct;

use crate::link::mailbox::unpoisoned;

/// Maximum number of acts.
const MAX_ACTS: usize = 1_024;

/// Acts of the last performance, in order. The worker adds them, the window takes them.
#[derive(Debug, Default)]
pub struct PerformedActs {
    acts: Mutex<Vec<StageAct>>,
    /// An act found no room. Set by audio thread and worker, cleared by the window.
    lost: AtomicBool,
}

impl PerformedActs {
    /// Adds an act; `begins` is true for the first one since the song started, which replaces all
    /// earlier ones. For the worker.
    pub fn add(&self, begins: bool, act: StageAct) {
        let mut acts = unpoisoned(&self.acts);
        if begins {
            acts.clear();
        }
        if acts.len() < MAX_ACTS {
            acts.push(act);
        } else {
            self.lose();
        }
    }

    /// Reports that an act found no room. Lock-free; for the audio thread.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// Returns true if there is no act. For the window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        unpoisoned(&self.acts).is_empty()
    }

    /// Takes all acts, and true if others found no room. For the window.
    #[must_use]
    pub fn take(&self) -> (Vec<StageAct>, bool) {
        let acts = std::mem::take(&mut *unpoisoned(&self.acts));
        (acts, self.lost.swap(false, Ordering::Relaxed))
    }
}
