//! The takes that the audio thread still needs, published so that the worker can drop requests for
//! others.

use super::sync::{AtomicU32, Ordering};

/// Numbers of the takes in use; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakesInUse {
    /// The playing take.
    pub playing: u32,
    /// Its first bar has arrived; it starts at the next launch point unless `asked` is ready by
    /// then.
    pub ready: u32,
    /// The newest take; its first bar has been requested.
    pub asked: u32,
}

impl TakesInUse {
    /// Returns `true` if bars of a take may still be needed. A take that is not published yet has a
    /// greater number than all published ones.
    #[must_use]
    pub fn may_need(self, number: u32) -> bool {
        let known = [self.playing, self.ready, self.asked];
        known.contains(&number) || known.iter().all(|&other| number > other)
    }
}

/// The takes in use as the other threads see them. Written by the audio thread, read by all.
///
/// A take only moves from `asked` to `ready` to `playing`. It is written to its new field before it
/// is removed from the old one, and read in the order in which it moves. A concurrent reader may
/// therefore see it twice but never misses it.
#[derive(Debug, Default)]
pub struct SharedTakesInUse {
    playing: AtomicU32,
    ready: AtomicU32,
    asked: AtomicU32,
}

impl SharedTakesInUse {
    /// Publishes the takes in use. For the audio thread only.
    pub fn store(&self, takes: TakesInUse) {
        self.playing.store(takes.playing, Ordering::Release);
        self.ready.store(takes.ready, Ordering::Release);
        self.asked.store(takes.asked, Ordering::Release);
    }

    /// Returns the takes in use.
    #[must_use]
    pub fn load(&self) -> TakesInUse {
        let asked = self.asked.load(Ordering::Acquire);
        let ready = self.ready.load(Ordering::Acquire);
        let playing = self.playing.load(Ordering::Acquire);
        TakesInUse { playing, ready, asked }
    }
}
