//! Bars that the worker has delivered or was asked for, in a fixed number of slots.
//! [`crate::audio::engine`] decides which bars to request.

use groove::play::clock::Grid;
use groove::{Meter, StoredBar};

use crate::link::{BarAnswer, TakesInUse};

/// Number of slots.
const CAPACITY: usize = 64;

/// Identity of a bar of the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarKey {
    /// Number of the take; 0 marks an empty slot.
    pub(crate) number: u32,
    pub(crate) meter: Meter,
    pub(crate) bar: i64,
}

impl BarKey {
    /// Returns the key of a bar of a take.
    pub(crate) const fn of(number: u32, grid: &Grid, bar: i64) -> BarKey {
        BarKey { number, meter: grid.meter, bar }
    }
}

/// State of a bar in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarState {
    /// Neither cached nor requested.
    Absent,
    /// Requested from the worker.
    Requested,
    /// Delivered.
    Ready,
    /// The worker could not generate it.
    Failed,
}

/// The cached bars. The keys are stored contiguously and apart from the bars because every lookup
/// scans all of them.
#[derive(Debug)]
pub(crate) struct BarCache {
    keys: [BarKey; CAPACITY],
    states: [BarState; CAPACITY],
    bars: Box<[Option<StoredBar>; CAPACITY]>,
}

impl BarCache {
    /// Creates an empty cache. Allocates.
    pub(crate) fn new() -> Self {
        let empty = BarKey { number: 0, meter: Meter::FOUR_FOUR, bar: 0 };
        BarCache {
            keys: [empty; CAPACITY],
            states: [BarState::Absent; CAPACITY],
            bars: Box::new([const { None }; CAPACITY]),
        }
    }

    fn find(&self, key: BarKey) -> Option<usize> {
        self.keys.iter().position(|other| *other == key)
    }

    pub(crate) fn state(&self, key: BarKey) -> BarState {
        self.find(key).map_or(BarState::Absent, |index| self.states[index])
    }

    /// Returns the bar if the worker has delivered it.
    pub(crate) fn get(&self, key: BarKey) -> Option<&StoredBar> {
        let index = self.find(key)?;
        self.bars[index].as_ref().filter(|_| self.states[index] == BarState::Ready)
    }

    /// Reserves a slot for a requested bar. Evicts a bar of a take that is no longer in use, or
    /// else the bar farthest from `near`. Returns `false` if every cached bar is nearer to `near`
    /// than the new one.
    pub(crate) fn reserve(&mut self, key: BarKey, takes: TakesInUse, near: i64) -> bool {
        let distance = |bar: i64| bar.abs_diff(near);
        let worth = |other: &BarKey| match takes.may_need(other.number) {
            _ if other.number == 0 => u64::MAX,
            false => u64::MAX - 1,
            true => distance(other.bar),
        };
        let place = (0..CAPACITY).max_by_key(|&index| worth(&self.keys[index]));
        let Some(index) = place.filter(|&i| worth(&self.keys[i]) > distance(key.bar)) else {
            return false;
        };
        self.keys[index] = key;
        self.states[index] = BarState::Requested;
        true
    }

    /// Stores the worker's answer. Returns the bar that was in its slot before or, if the slot was
    /// evicted, the answer's own.
    #[must_use = "dropping a bar frees memory"]
    pub(crate) fn put(&mut self, answer: BarAnswer) -> Option<StoredBar> {
        let BarAnswer { number, meter, bar, played } = answer;
        let Some(index) = self.find(BarKey { number, meter, bar }) else { return played };
        self.states[index] = if played.is_some() { BarState::Ready } else { BarState::Failed };
        std::mem::replace(&mut self.bars[index], played)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Bar;

    fn key(number: u32, bar: i64) -> BarKey {
        BarKey { number, meter: Meter::FOUR_FOUR, bar }
    }

    #[test]
    fn an_answer_fills_its_reserved_slot() {
        let takes = TakesInUse { playing: 1, ..TakesInUse::default() };
        let mut cache = BarCache::new();
        assert_eq!(cache.state(key(1, 5)), BarState::Absent);
        assert!(cache.reserve(key(1, 5), takes, 5));
        assert_eq!(cache.state(key(1, 5)), BarState::Requested);
        let played = Some(StoredBar::from(&Bar::default()));
        let answer = BarAnswer { number: 1, meter: Meter::FOUR_FOUR, bar: 5, played };
        assert_eq!(cache.put(answer.clone()), None);
        assert!(cache.get(key(1, 5)).is_some());
        assert_eq!(cache.put(BarAnswer { bar: 6, ..answer.clone() }), answer.played, "no slot");
        assert_eq!(cache.state(key(1, 6)), BarState::Absent);
        assert_eq!(cache.put(BarAnswer { played: None, ..answer.clone() }), answer.played);
        assert_eq!(cache.state(key(1, 5)), BarState::Failed);
        assert_eq!(cache.get(key(1, 5)), None);
    }

    #[test]
    fn eviction_prefers_unused_takes_then_distant_bars() {
        let takes = TakesInUse { playing: 2, ..TakesInUse::default() };
        let mut cache = BarCache::new();
        assert!(cache.reserve(key(1, 0), TakesInUse { playing: 1, ..takes }, 0));
        for bar in 0..63 {
            assert!(cache.reserve(key(2, bar), takes, 0));
        }
        assert!(cache.reserve(key(2, 63), takes, 0));
        assert_eq!(cache.state(key(1, 0)), BarState::Absent);
        assert!(!cache.reserve(key(2, 64), takes, 0));
        assert!(cache.reserve(key(2, 70), takes, 60));
        assert_eq!(cache.state(key(2, 0)), BarState::Absent);
    }
}
