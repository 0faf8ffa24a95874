//! Requested fills: their positions in the song.

use serde::{Deserialize, Serialize};

use crate::pattern::Meter;

/// Requested fills.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fills {
    /// Period in bars of the song: the last bar of each period ends with a fill. 0 disables fills.
    pub every: u8,
    /// Length in steps, limited to two bars and to the period.
    pub steps: u8,
    /// Busyness, 0 to 1: from the drummers' fills with the fewest strokes (0) over their median
    /// (0.5) to those with the most; see `generate::fill_quota`.
    pub amount: f32,
}

impl Default for Fills {
    fn default() -> Self {
        Fills { every: 0, steps: 8, amount: 0.5 }
    }
}

impl Fills {
    /// Returns true if a step of a bar of the song is part of a fill.
    #[must_use]
    pub fn cover(self, meter: Meter, bar: i64, step: usize) -> bool {
        self.place(meter, bar, step).is_some()
    }

    /// Position in its fill of a step of a bar of the song; `None` outside of fills.
    #[must_use]
    pub(crate) fn place(self, meter: Meter, bar: i64, step: usize) -> Option<FillPlace> {
        if self.every == 0 {
            return None;
        }
        let (length, every) = (meter.steps(), i64::from(self.every));
        let bars_left = usize::try_from(every - bar.rem_euclid(every)).unwrap_or(1);
        let left = (bars_left * length).checked_sub(step)?;
        let steps = usize::from(self.steps).min(2.min(usize::from(self.every)) * length);
        (1..=steps).contains(&left).then(|| FillPlace { done: steps - left, left })
    }
}

/// Position of a step in its fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FillPlace {
    /// Steps of the fill before this one.
    pub(crate) done: usize,
    /// Steps of the fill including this one, at least 1.
    pub(crate) left: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_end_their_periods() {
        let fills = Fills { every: 4, steps: 20, amount: 0.5 };
        let meter = Meter::FOUR_FOUR;
        for bar in -8i64..8 {
            for step in 0..16 {
                let place = bar.rem_euclid(4) * 16 + step;
                assert_eq!(fills.cover(meter, bar, usize::try_from(step).unwrap()), place >= 44);
            }
        }
        let long = Fills { every: 4, steps: 200, amount: 0.5 };
        let covered = (0..4).filter(|&bar| long.cover(meter, bar, 0)).count();
        assert_eq!(covered, 2, "two bars at most");
        assert!(!Fills::default().cover(meter, 3, 15));
    }

    #[test]
    fn fill_position_counts_from_both_ends() {
        for (meter, steps) in
            [(Meter::FOUR_FOUR, 20), (Meter::new(7, 8), 32), (Meter::new(3, 4), 4)]
        {
            let fills = Fills { every: 4, steps, amount: 0.5 };
            let cells = (-8..8).flat_map(|bar| (0..meter.steps()).map(move |step| (bar, step)));
            let places: Vec<_> = cells.map(|(bar, step)| fills.place(meter, bar, step)).collect();
            let whole = usize::from(steps).min(2 * meter.steps());
            for (at, place) in places.iter().enumerate() {
                let left = 4 * meter.steps() - at % (4 * meter.steps());
                let wanted = (left <= whole).then(|| FillPlace { done: whole - left, left });
                assert_eq!(*place, wanted, "step {at}");
            }
        }
        let all = Fills { every: 1, steps: 32, amount: 0.5 };
        let place = all.place(Meter::FOUR_FOUR, 3, 0);
        assert_eq!(place, Some(FillPlace { done: 0, left: 16 }), "no longer than its bars");
    }
}
