//! Bars as they are heard: those of the pattern, played as the performance controls say and at the
//! pitches of the drum map.
//!
//! A bar is made once, and again when a control changes. Where the next one is late, the last one
//! stands in.

use groove::output::at_pitches;
use groove::perform::Performance;
use groove::{Bar, CLASSES, Channels, Pitches};

use crate::audio::bar_cache::{Key, Shelf};

/// Bars that are kept: a part of a span and the start of its loop reach no further.
const PLACES: usize = 8;

/// The bars that sound.
#[derive(Debug)]
pub(crate) struct Stage {
    performance: Performance,
    pitches: Option<Pitches>,
    channels: Channels,
    /// By the bar of the song.
    bars: [Option<(Key, Bar)>; PLACES],
    /// When each place was last needed, counted in needs: the longest ago gives way.
    needed: [u64; PLACES],
    now: u64,
    /// The last bar that was played in time.
    last: Option<(Key, Bar)>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Stage {
            performance: Performance::default(),
            pitches: None,
            channels: [0; CLASSES],
            bars: [None; PLACES],
            needed: [0; PLACES],
            now: 0,
            last: None,
        }
    }

    /// How bars are to be played from now on.
    pub(crate) fn set(
        &mut self,
        performance: Performance,
        pitches: Option<Pitches>,
        channels: Channels,
    ) {
        if (self.performance, self.pitches, self.channels) != (performance, pitches, channels) {
            (self.performance, self.pitches, self.channels) = (performance, pitches, channels);
            self.bars = [None; PLACES];
        }
    }

    /// The bars of the pattern that a bar of the song is made of.
    pub(crate) fn sources(&self, bar: i64) -> impl Iterator<Item = i64> + use<> {
        let (first, count) = self.performance.sources(bar);
        (first..).take(count)
    }

    /// Makes a bar of the song, if what it is made of is at hand; says whether it is.
    pub(crate) fn prepare(&mut self, shelf: &Shelf, key: Key) -> bool {
        if self.hold(key) {
            return true;
        }
        let mut sources = [Bar::silent(key.meter); 2];
        let mut count = 0;
        for (source, bar) in sources.iter_mut().zip(self.sources(key.bar)) {
            let Some(found) = shelf.get(Key { bar, ..key }) else { return false };
            *source = *found;
            count += 1;
        }
        let mut played = self.performance.play(key.bar, &sources[..count]);
        if let Some(pitches) = self.pitches {
            played = at_pitches(&played, pitches, self.channels);
        }
        let place = (0..PLACES).min_by_key(|&place| self.needed[place]).unwrap_or(0);
        self.bars[place] = Some((key, played));
        self.now += 1;
        self.needed[place] = self.now;
        true
    }

    /// Whether a bar of the song is made. If so it is now the last to give way: what is needed
    /// together must stay together.
    pub(crate) fn hold(&mut self, key: Key) -> bool {
        let found = self.bars.iter().position(|bar| bar.is_some_and(|(of, _)| of == key));
        if let Some(place) = found {
            self.now += 1;
            self.needed[place] = self.now;
        }
        found.is_some()
    }

    /// A bar of the song that is made.
    pub(crate) fn get(&self, key: Key) -> Option<&Bar> {
        self.bars.iter().flatten().find(|(of, _)| *of == key).map(|(_, bar)| bar)
    }

    /// What stands in for a bar that is late: the last one of the same take.
    pub(crate) fn instead(&self, key: Key) -> Option<&Bar> {
        self.last.as_ref().filter(|(of, _)| of.number == key.number).map(|(_, bar)| bar)
    }

    /// This bar is being played.
    pub(crate) fn passes(&mut self, key: Key) {
        if self.last.as_ref().is_none_or(|(of, _)| *of != key) {
            self.last = self.get(key).map(|bar| (key, *bar)).or(self.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Answer, Takes};
    use groove::perform::Pace;
    use groove::{Drum, Hit, Meter};

    fn key(bar: i64) -> Key {
        Key { number: 1, meter: Meter::FOUR_FOUR, bar }
    }

    /// A shelf with bars whose number is the velocity of their first bass drum.
    fn shelf(bars: std::ops::Range<i64>) -> Shelf {
        let mut shelf = Shelf::new();
        for bar in bars {
            let mut played = Bar::silent(Meter::FOUR_FOUR);
            let velocity = u8::try_from(bar).expect("small");
            played.steps_mut()[0].set(Drum::Bass, Some(Hit { velocity, offset_ticks: 0 }));
            shelf.reserve(key(bar), Takes { playing: 1, ..Takes::default() }, bar);
            let Key { number, meter, bar } = key(bar);
            shelf.put(&Answer { number, meter, bar, played: Some(played) });
        }
        shelf
    }

    fn velocity(stage: &Stage, bar: i64, step: usize) -> Option<u8> {
        stage.get(key(bar))?.steps()[step].hit(Drum::Bass).map(|hit| hit.velocity)
    }

    #[test]
    fn a_bar_is_made_of_the_bars_that_its_pace_needs() {
        let shelf = shelf(1..6);
        let mut stage = Stage::new();
        assert!(stage.prepare(&shelf, key(3)) && !stage.prepare(&shelf, key(7)));
        assert_eq!(velocity(&stage, 3, 0), Some(3));
        let double = Performance { pace: Pace::Double, ..Performance::default() };
        stage.set(double, None, [0; CLASSES]);
        assert_eq!(stage.get(key(3)), None, "made anew");
        assert!(stage.prepare(&shelf, key(2)) && !stage.prepare(&shelf, key(3)));
        assert_eq!((velocity(&stage, 2, 0), velocity(&stage, 2, 8)), (Some(4), Some(5)));
    }

    #[test]
    fn a_bar_that_is_needed_again_does_not_give_way_to_the_next_one() {
        let shelf = shelf(1..12);
        let mut stage = Stage::new();
        (1..9).for_each(|bar| assert!(stage.prepare(&shelf, key(bar))));
        // Back to the oldest of them, as after a jump.
        assert!(stage.hold(key(1)) && stage.prepare(&shelf, key(9)));
        assert_eq!((velocity(&stage, 1, 0), velocity(&stage, 9, 0)), (Some(1), Some(9)));
        assert!(!stage.hold(key(2)), "the oldest that nobody needed gave way");
    }

    #[test]
    fn a_late_bar_has_the_last_one_of_its_take_in_its_place() {
        let shelf = shelf(1..3);
        let mut stage = Stage::new();
        stage.prepare(&shelf, key(2));
        stage.passes(key(2));
        stage.passes(key(3));
        assert_eq!(stage.instead(key(3)), stage.get(key(2)));
        assert_eq!(stage.instead(Key { number: 2, ..key(3) }), None);
    }
}
