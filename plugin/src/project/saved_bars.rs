//! Bars of the take saved with the project, so that it sounds the same after an update, with other
//! weights, or without its model. The worker stores them as it plays.

use std::collections::BTreeMap;

use groove::pattern::MAX_STEPS;
use groove::take::Take;
use groove::take::bounded_tail::BoundedTail;
use groove::{Bar, Meter, Step, StoredBar};
use serde::{Deserialize, Serialize};

/// Maximum number of bars: those nearest to the last one played.
const MAX_BARS: usize = 64;

/// Bars of one take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BoundedTail<TakeRecord, 1>", into = "BoundedTail<TakeRecord, 1>")]
pub struct SavedBars {
    take: Option<Take>,
    /// Keyed by meter and bar of the pattern.
    bars: BTreeMap<(u8, u8, i64), StoredBar>,
}

/// A take and its bars, as saved.
#[derive(Serialize, Deserialize)]
struct TakeRecord {
    take: Take,
    bars: BoundedTail<BarRecord, MAX_BARS>,
}

/// A bar, as saved.
#[derive(Serialize, Deserialize)]
struct BarRecord {
    bar: i64,
    meter: (u8, u8),
    pitches: groove::Pitches,
    steps: BoundedTail<Step, MAX_STEPS>,
}

fn key(meter: Meter, bar: i64) -> (u8, u8, i64) {
    (meter.numerator, meter.denominator, bar)
}

impl SavedBars {
    /// Stores a bar. Drops the bars of any other take.
    pub fn insert(&mut self, take: &Take, bar: i64, played: &Bar) {
        if self.take.as_ref() != Some(take) {
            (self.take, self.bars) = (Some(*take), BTreeMap::new());
        }
        self.bars.insert(key(played.meter(), bar), played.into());
        while self.bars.len() > MAX_BARS {
            let farthest = self.bars.keys().copied().max_by_key(|(.., other)| other.abs_diff(bar));
            farthest.and_then(|farthest| self.bars.remove(&farthest));
        }
    }

    /// Returns a bar of a take, if it is stored.
    #[must_use]
    pub fn get(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        let same = self.take.as_ref() == Some(take);
        same.then(|| self.bars.get(&key(meter, bar)).map(Bar::from)).flatten()
    }

    /// Returns a substitute for a bar that cannot be generated: the bar at the same place of
    /// another phrase.
    #[must_use]
    pub fn fallback(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        let (_, place) = take.phrase_of(bar);
        let fits = |of: &(u8, u8, i64)| key(meter, of.2) == *of && take.phrase_of(of.2).1 == place;
        let nearest = self.bars.keys().filter(|of| fits(of)).min_by_key(|of| of.2.abs_diff(bar))?;
        let same = self.take.as_ref() == Some(take);
        same.then(|| self.bars.get(nearest).map(Bar::from)).flatten()
    }
}

impl From<BoundedTail<TakeRecord, 1>> for SavedBars {
    /// Clamps a damaged record to valid values.
    fn from(mut saved: BoundedTail<TakeRecord, 1>) -> Self {
        let mut notes = SavedBars::default();
        let Some(TakeRecord { take, bars }) = saved.items.pop() else { return notes };
        let take = take.repaired();
        for BarRecord { bar, meter: (numerator, denominator), pitches, steps } in bars.items {
            let meter = Meter::new(numerator.into(), denominator.into());
            let mut played = Bar::silent(meter).at(pitches.repaired());
            for (cell, step) in played.steps_mut().iter_mut().zip(steps.items) {
                *cell = step;
            }
            notes.insert(&take, bar, &played);
        }
        notes
    }
}

impl From<SavedBars> for BoundedTail<TakeRecord, 1> {
    fn from(notes: SavedBars) -> Self {
        let bars =
            notes.bars.into_iter().map(|((numerator, denominator, bar), played)| BarRecord {
                bar,
                meter: (numerator, denominator),
                pitches: *played.pitches(),
                steps: BoundedTail { items: played.steps().to_vec(), before: 0 },
            });
        let bars = BoundedTail { items: bars.collect(), before: 0 };
        let take = notes.take.map(|take| TakeRecord { take, bars });
        BoundedTail { items: take.into_iter().collect(), before: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::take::TakeControls;
    use groove::{Drum, Hit};

    fn bar(velocity: u8) -> Bar {
        let mut bar = Bar::silent(Meter::new(3, 4)).at([1, 2, 3, 4, 5, 6, 7, 8, 9].into());
        bar.steps_mut()[11].set(Drum::Ride, Some(Hit::plain(velocity, -3)));
        bar
    }

    #[test]
    fn saved_bars_round_trip() {
        let (take, other) =
            (Take::default(), Take::from(TakeControls { seed: 2, ..TakeControls::default() }));
        let mut notes = SavedBars::default();
        notes.insert(&take, -1, &bar(5));
        notes.insert(&take, 2, &bar(7));
        let text = serde_json::to_string(&notes).expect("text");
        let back: SavedBars = serde_json::from_str(&text).expect("notes");
        assert_eq!(back, notes);
        let meter = Meter::new(3, 4);
        assert_eq!(back.get(&take, meter, 2), Some(bar(7)));
        assert_eq!(back.get(&take, Meter::FOUR_FOUR, 2), None);
        assert_eq!((back.get(&other, meter, 2), back.fallback(&other, meter, 2)), (None, None));
        // Bar 6 is at the same place of the phrase as bars 2 and -2; bar 3 at that of bar -1.
        assert_eq!(back.fallback(&take, meter, 6), Some(bar(7)));
        assert_eq!(back.fallback(&take, meter, 3), Some(bar(5)));
        assert_eq!(back.fallback(&take, meter, 0), None);
        notes.insert(&other, 0, &bar(9));
        assert_eq!(notes.get(&take, meter, 2), None);
    }

    #[test]
    fn the_nearest_bars_are_kept() {
        let (take, mut notes) = (Take::default(), SavedBars::default());
        (0..1_000).for_each(|number| notes.insert(&take, number, &bar(1)));
        assert_eq!(notes.bars.len(), MAX_BARS);
        assert!(notes.get(&take, Meter::new(3, 4), 999).is_some());
        assert!(notes.get(&take, Meter::new(3, 4), 900).is_none());
    }
}
