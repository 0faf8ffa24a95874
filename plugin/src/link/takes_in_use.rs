//! Which takes the audio thread still has a use for, and how the worker learns that: it passes over
//! requests for others.

use super::sync::{AtomicU32, Ordering};

/// The takes that the audio thread still has a use for; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakesInUse {
    /// Plays.
    pub playing: u32,
    /// Its first bar is there; it plays from the next beat on, unless `asked` is there by then.
    pub ready: u32,
    /// The newest one; its first bar was asked for.
    pub asked: u32,
}

impl TakesInUse {
    /// Whether bars of a take are of use. A number that the audio thread has not yet published is
    /// greater than all.
    #[must_use]
    pub fn may_need(self, number: u32) -> bool {
        let known = [self.playing, self.ready, self.asked];
        known.contains(&number) || known.iter().all(|&other| number > other)
    }
}

/// The takes as the other threads see them. Written by the audio thread, read by all.
///
/// A take only ever moves from `asked` to `ready` and on to `playing`. It is written where it goes
/// before it is taken from where it was, and looked for in the order in which it moves: so whoever
/// reads meanwhile may see it twice, and never misses it.
#[derive(Debug, Default)]
pub struct SharedTakesInUse {
    playing: AtomicU32,
    ready: AtomicU32,
    asked: AtomicU32,
}

impl SharedTakesInUse {
    /// These are in use now. For the audio thread alone.
    pub fn store(&self, takes: TakesInUse) {
        self.playing.store(takes.playing, Ordering::Release);
        self.ready.store(takes.ready, Ordering::Release);
        self.asked.store(takes.asked, Ordering::Release);
    }

    /// The takes in use.
    #[must_use]
    pub fn load(&self) -> TakesInUse {
        let asked = self.asked.load(Ordering::Acquire);
        let ready = self.ready.load(Ordering::Acquire);
        let playing = self.playing.load(Ordering::Acquire);
        TakesInUse { playing, ready, asked }
    }
}
