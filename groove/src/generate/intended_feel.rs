//! Velocities and offsets that a clip or a primer means, mixed with the drummer's.

use crate::pattern::drum::CLASSES;
use crate::pattern::{Meter, Step, TICKS_PER_STEP};

/// Amount at which what is intended stays, and varies as a drummer's hits do.
pub const DEFAULT_AMOUNT: f32 = 0.5;
/// Share of the drummer's variation around an intended velocity or offset at the default amount.
const VARIATION: f32 = 0.5;
/// Limit of the variation of an intended offset at the default amount, in steps.
pub(super) const MOST_OFFSET: f32 = 8.0 / 240.0;

/// Maximum steps of a felt beat, see [`Meter::beat_steps`].
const MOST_BEAT_STEPS: usize = 6;
/// Root mean square of a class's systematic offsets, in ticks of 1/240 step, from which on a primer
/// swings or lies back. The network itself follows smaller ones.
const SYSTEMATIC_OFFSET: f32 = 12.0;
/// Passes of the fit of places and classes; it converges in a few.
const PASSES: usize = 8;

/// Mixture of a clip's velocity or offset with the model's.
#[derive(Clone, Copy)]
pub(super) struct Blend {
    pub(super) is_meant: bool,
    /// Share of the model's median, the rest is the clip's; and of its deviation from the median.
    median: f32,
    deviation: f32,
    /// Factor of the limit of the deviation: 1 at the default amount, infinite at 1.
    limit: f32,
}

impl Blend {
    pub(super) fn new(is_meant: bool, amount: f32) -> Self {
        let (low, high) = ((2.0 * amount).min(1.0), (2.0 * amount - 1.0).max(0.0));
        let median = if is_meant { high } else { low };
        let deviation = if is_meant { low * (VARIATION + (1.0 - VARIATION) * high) } else { low };
        let limit = if is_meant { 1.0 / (1.0 - high) } else { f32::INFINITY };
        Blend { is_meant, median, deviation, limit }
    }

    pub(super) fn mix(self, [clip, median, sampled]: [f32; 3], most: f32) -> f32 {
        let most = self.limit * most;
        let deviation = (self.deviation * (sampled - median)).clamp(-most, most);
        clip + self.median * (median - clip) + deviation
    }
}

/// Intended offset of each class in steps; `None` where it is the drummer's.
pub(crate) type MeantOffsets = [Option<f32>; CLASSES];

/// Swing and lay-back of a primer: its mean offsets by step of the felt beat and class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystematicOffsets {
    by_place: [MeantOffsets; MOST_BEAT_STEPS],
    meter: Meter,
}

impl SystematicOffsets {
    /// Those of steps that begin with a bar; `None` if they neither swing nor lie back.
    ///
    /// A class that is not struck at a step of the beat gets the sum of two terms, fitted to all
    /// others: one of the step, which is the swing, and one of the class, which is its lay-back.
    pub(crate) fn of(steps: &[Step], meter: Meter) -> Option<Self> {
        let mut cells = [[(0.0f32, 0.0f32); CLASSES]; MOST_BEAT_STEPS];
        for (place, step) in steps.iter().enumerate() {
            for (drum, hit) in step.hits() {
                let cell = &mut cells[place_in_beat(place, meter)][drum.index()];
                *cell = (cell.0 + hit.offset(), cell.1 + 1.0);
            }
        }
        let mean = |(sum, count): (f32, f32)| (count > 0.0).then(|| sum / count);
        let mut by_place = cells.map(|places| places.map(mean));
        let is_systematic = |class: usize| {
            let hits: f32 = cells.iter().map(|places| places[class].1).sum();
            let weighted = cells.iter().zip(&by_place).map(|(count, mean)| {
                count[class].1 * mean[class].unwrap_or(0.0) * mean[class].unwrap_or(0.0)
            });
            weighted.sum::<f32>() > hits * (SYSTEMATIC_OFFSET / f32::from(TICKS_PER_STEP)).powi(2)
        };
        if !(0..CLASSES).any(is_systematic) {
            return None;
        }
        let (places, classes) = fitted(&cells);
        for (row, place) in by_place.iter_mut().zip(places) {
            for (cell, class) in row.iter_mut().zip(classes) {
                *cell = cell.or_else(|| Some(place? + class?));
            }
        }
        Some(SystematicOffsets { by_place, meter })
    }

    /// The intended offsets at a step of a bar.
    pub(crate) fn at(&self, step: usize) -> MeantOffsets {
        self.by_place[place_in_beat(step, self.meter)]
    }
}

/// Step of the felt beat at a step that is counted from a bar line.
fn place_in_beat(step: usize, meter: Meter) -> usize {
    step % meter.steps() % meter.beat_steps()
}

/// Terms of each place and class whose sums are nearest to the mean offsets of the cells, given by
/// sum and count; `None` where nothing is struck.
fn fitted(
    cells: &[[(f32, f32); CLASSES]; MOST_BEAT_STEPS],
) -> ([Option<f32>; MOST_BEAT_STEPS], [Option<f32>; CLASSES]) {
    let (mut places, mut classes) = ([None; MOST_BEAT_STEPS], [None; CLASSES]);
    let term = |cells: &mut dyn Iterator<Item = ((f32, f32), Option<f32>)>| {
        let (mut sum, mut hits) = (0.0, 0.0);
        for ((total, count), other) in cells {
            sum += total - count * other.unwrap_or(0.0);
            hits += count;
        }
        (hits > 0.0).then(|| sum / hits)
    };
    for _ in 0..PASSES {
        for (place, own) in places.iter_mut().enumerate() {
            *own = term(&mut cells[place].iter().copied().zip(classes));
        }
        for (class, own) in classes.iter_mut().enumerate() {
            *own = term(&mut cells.iter().map(|row| row[class]).zip(places));
        }
    }
    (places, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::drum::Drum;

    /// Four bars of hi-hats on these steps of the beat, and of snares on the backbeats.
    fn beat(hats: &[(usize, i8)], snare: i8) -> Vec<Step> {
        let mut steps = vec![Step::SILENT; 64];
        for (place, step) in steps.iter_mut().enumerate() {
            if let Some(&(_, offset)) = hats.iter().find(|(of, _)| *of == place % 4) {
                step.set(Drum::ClosedHat, Some(Hit::plain(80, offset)));
            }
            if place % 8 == 4 {
                step.set(Drum::Snare, Some(Hit::plain(100, snare)));
            }
        }
        steps
    }

    fn ticks(offsets: &SystematicOffsets, step: usize, drum: Drum) -> Option<f32> {
        offsets.at(step)[drum.index()].map(|offset| (240.0 * offset).round())
    }

    #[test]
    fn swing_is_the_places_and_lay_back_the_classs() {
        let of = |steps: &[Step]| SystematicOffsets::of(steps, Meter::FOUR_FOUR);
        let swung = of(&beat(&[(0, 0), (1, 80), (2, 0), (3, 80)], 0)).expect("swing");
        for (step, offset) in [(0, 0.0), (1, 80.0), (6, 0.0), (15, 80.0)] {
            assert_eq!(ticks(&swung, step, Drum::ClosedHat), Some(offset), "{step}");
            assert_eq!(ticks(&swung, step, Drum::Snare), Some(offset), "{step}");
        }
        assert_eq!(ticks(&swung, 3, Drum::Kick), None, "the primer has no kick");
        let late = of(&beat(&[(0, 0), (2, 0)], 48)).expect("lay-back");
        let places = [4, 2].map(|step| ticks(&late, step, Drum::Snare));
        assert_eq!(places, [Some(48.0), Some(48.0)]);
        assert_eq!(ticks(&late, 2, Drum::ClosedHat), Some(0.0));
        assert_eq!(ticks(&late, 1, Drum::Snare), None, "nothing is struck there");
        assert!(of(&beat(&[(0, 3), (2, -5)], 8)).is_none(), "a drummer's usual variation");
        assert!(of(&[]).is_none());
    }

    #[test]
    fn compound_meters_have_six_steps_a_beat() {
        let mut steps = vec![Step::SILENT; 12];
        steps[11].set(Drum::Ride, Some(Hit::plain(80, 60)));
        let offsets = SystematicOffsets::of(&steps, Meter::new(6, 8)).expect("swing");
        assert_eq!(ticks(&offsets, 5, Drum::Ride), Some(60.0));
        assert_eq!(ticks(&offsets, 3, Drum::Ride), None);
    }
}
