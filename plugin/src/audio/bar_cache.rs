//! The bars that the audio thread has at hand, in a fixed number of places. It knows which were
//! asked for; what to ask for is [`crate::audio::engine`]'s business.

use groove::clock::Grid;
use groove::{Bar, Meter};

use crate::link::{BarAnswer, TakesInUse};

/// Number of bars that can be at hand.
const CAPACITY: usize = 64;

/// What a bar is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarKey {
    /// Number of the take; 0 is no take, and marks an empty place.
    pub(crate) number: u32,
    pub(crate) meter: Meter,
    pub(crate) bar: i64,
}

impl BarKey {
    /// What a bar of a take is known by.
    pub(crate) const fn of(number: u32, grid: &Grid, bar: i64) -> BarKey {
        BarKey { number, meter: grid.meter, bar }
    }
}

/// What is known about a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarState {
    /// Nothing.
    Absent,
    /// It was asked for.
    Requested,
    /// It is here.
    Ready,
    /// The worker could not make it.
    Failed,
}

/// The bars at hand. Keys lie together, apart from the bars, because all of them are searched.
#[derive(Debug)]
pub(crate) struct BarCache {
    keys: [BarKey; CAPACITY],
    states: [BarState; CAPACITY],
    bars: Box<[Bar; CAPACITY]>,
}

impl BarCache {
    /// An empty shelf. Allocates.
    pub(crate) fn new() -> Self {
        let empty = BarKey { number: 0, meter: Meter::FOUR_FOUR, bar: 0 };
        BarCache {
            keys: [empty; CAPACITY],
            states: [BarState::Absent; CAPACITY],
            bars: Box::new([Bar::default(); CAPACITY]),
        }
    }

    fn find(&self, key: BarKey) -> Option<usize> {
        self.keys.iter().position(|other| *other == key)
    }

    pub(crate) fn state(&self, key: BarKey) -> BarState {
        self.find(key).map_or(BarState::Absent, |index| self.states[index])
    }

    /// The bar, if it is here.
    pub(crate) fn get(&self, key: BarKey) -> Option<&Bar> {
        let index = self.find(key)?;
        (self.states[index] == BarState::Ready).then(|| &self.bars[index])
    }

    /// Keeps a place for a bar that is asked for. It takes the place of a bar of a take that is no
    /// longer in use, or else of the one farthest from `near`; never of one that is nearer than
    /// the new one, and then says `false`.
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

    /// Puts an answer in its place. One without a place is of no use any more.
    pub(crate) fn put(&mut self, answer: &BarAnswer) {
        let BarAnswer { number, meter, bar, played } = *answer;
        if let Some(index) = self.find(BarKey { number, meter, bar }) {
            match played {
                Some(played) => {
                    self.bars[index] = played;
                    self.states[index] = BarState::Ready;
                }
                None => self.states[index] = BarState::Failed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32, bar: i64) -> BarKey {
        BarKey { number, meter: Meter::FOUR_FOUR, bar }
    }

    #[test]
    fn an_answer_finds_the_place_that_was_kept_for_it() {
        let takes = TakesInUse { playing: 1, ..TakesInUse::default() };
        let mut cache = BarCache::new();
        assert_eq!(cache.state(key(1, 5)), BarState::Absent);
        assert!(cache.reserve(key(1, 5), takes, 5));
        assert_eq!(cache.state(key(1, 5)), BarState::Requested);
        let answer =
            BarAnswer { number: 1, meter: Meter::FOUR_FOUR, bar: 5, played: Some(Bar::default()) };
        cache.put(&answer);
        cache.put(&BarAnswer { bar: 6, ..answer });
        assert!(cache.get(key(1, 5)).is_some());
        assert_eq!(cache.state(key(1, 6)), BarState::Absent);
    }

    #[test]
    fn old_takes_give_way_first_and_far_bars_next() {
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
