//! The bars that the audio thread has at hand, in a fixed number of places. It knows which were
//! asked for; what to ask for is [`crate::audio::engine`]'s business.

use groove::clock::Grid;
use groove::{Bar, Meter};

use crate::link::{Answer, Takes};

/// Number of bars that can be at hand.
const PLACES: usize = 64;

/// What a bar is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Number of the take; 0 is no take, and marks an empty place.
    pub(crate) number: u32,
    pub(crate) meter: Meter,
    pub(crate) bar: i64,
}

impl Key {
    /// What a bar of a take is known by.
    pub(crate) const fn of(number: u32, grid: &Grid, bar: i64) -> Key {
        Key { number, meter: grid.meter, bar }
    }
}

/// What is known about a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing.
    Absent,
    /// It was asked for.
    Asked,
    /// It is here.
    Here,
    /// The worker could not make it.
    Failed,
}

/// The bars at hand. Keys lie together, apart from the bars, because all of them are searched.
#[derive(Debug)]
pub(crate) struct Shelf {
    keys: [Key; PLACES],
    places: [Place; PLACES],
    bars: Box<[Bar; PLACES]>,
}

impl Shelf {
    /// An empty shelf. Allocates.
    pub(crate) fn new() -> Self {
        let empty = Key { number: 0, meter: Meter::FOUR_FOUR, bar: 0 };
        Shelf {
            keys: [empty; PLACES],
            places: [Place::Absent; PLACES],
            bars: Box::new([Bar::default(); PLACES]),
        }
    }

    fn find(&self, key: Key) -> Option<usize> {
        self.keys.iter().position(|other| *other == key)
    }

    pub(crate) fn place(&self, key: Key) -> Place {
        self.find(key).map_or(Place::Absent, |index| self.places[index])
    }

    /// The bar, if it is here.
    pub(crate) fn get(&self, key: Key) -> Option<&Bar> {
        let index = self.find(key)?;
        (self.places[index] == Place::Here).then(|| &self.bars[index])
    }

    /// Keeps a place for a bar that is asked for. It takes the place of a bar of a take that is no
    /// longer in use, or else of the one farthest from `near`; never of one that is nearer than
    /// the new one, and then says `false`.
    pub(crate) fn reserve(&mut self, key: Key, takes: Takes, near: i64) -> bool {
        let distance = |bar: i64| bar.abs_diff(near);
        let worth = |other: &Key| match takes.want(other.number) {
            _ if other.number == 0 => u64::MAX,
            false => u64::MAX - 1,
            true => distance(other.bar),
        };
        let place = (0..PLACES).max_by_key(|&index| worth(&self.keys[index]));
        let Some(index) = place.filter(|&i| worth(&self.keys[i]) > distance(key.bar)) else {
            return false;
        };
        self.keys[index] = key;
        self.places[index] = Place::Asked;
        true
    }

    /// Puts an answer in its place. One without a place is of no use any more.
    pub(crate) fn put(&mut self, answer: &Answer) {
        let Answer { number, meter, bar, played } = *answer;
        if let Some(index) = self.find(Key { number, meter, bar }) {
            match played {
                Some(played) => {
                    self.bars[index] = played;
                    self.places[index] = Place::Here;
                }
                None => self.places[index] = Place::Failed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32, bar: i64) -> Key {
        Key { number, meter: Meter::FOUR_FOUR, bar }
    }

    #[test]
    fn an_answer_finds_the_place_that_was_kept_for_it() {
        let takes = Takes { playing: 1, ..Takes::default() };
        let mut shelf = Shelf::new();
        assert_eq!(shelf.place(key(1, 5)), Place::Absent);
        assert!(shelf.reserve(key(1, 5), takes, 5));
        assert_eq!(shelf.place(key(1, 5)), Place::Asked);
        let answer =
            Answer { number: 1, meter: Meter::FOUR_FOUR, bar: 5, played: Some(Bar::default()) };
        shelf.put(&answer);
        shelf.put(&Answer { bar: 6, ..answer });
        assert!(shelf.get(key(1, 5)).is_some());
        assert_eq!(shelf.place(key(1, 6)), Place::Absent);
    }

    #[test]
    fn old_takes_give_way_first_and_far_bars_next() {
        let takes = Takes { playing: 2, ..Takes::default() };
        let mut shelf = Shelf::new();
        assert!(shelf.reserve(key(1, 0), Takes { playing: 1, ..takes }, 0));
        for bar in 0..63 {
            assert!(shelf.reserve(key(2, bar), takes, 0));
        }
        assert!(shelf.reserve(key(2, 63), takes, 0));
        assert_eq!(shelf.place(key(1, 0)), Place::Absent);
        assert!(!shelf.reserve(key(2, 64), takes, 0));
        assert!(shelf.reserve(key(2, 70), takes, 60));
        assert_eq!(shelf.place(key(2, 0)), Place::Absent);
    }
}
