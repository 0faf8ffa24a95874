//! Primers: context that the model is fed before a theme.

use serde::{Deserialize, Serialize};

use crate::pattern::drum::DrumSet;
use crate::pattern::{MAX_STEP_STROKES, Step};
use crate::take::bounded_tail::BoundedTail;
use crate::take::packed_hits::PackedHits;

/// Maximum number of steps of a primer: four bars of 4/4.
pub const MAX_PRIMER_STEPS: usize = 64;

/// Capacity for the strokes and chokes of a primer, which may be any steps.
const MAX_PRIMER_STROKES: usize = MAX_PRIMER_STEPS * MAX_STEP_STROKES;

/// Context of a theme, and its lasting effect.
#[expect(clippy::large_enum_variant, reason = "a take is a value without references")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Primer {
    /// No primer.
    #[default]
    Off,
    /// Held keys: the theme begins with these drums, every bar has them, and they stay more likely.
    Hold {
        /// Held drums.
        drums: DrumSet,
        /// Step of the phrase from which on they are held; they are struck there.
        at: u16,
    },
    /// Played notes or a clip, from which the theme continues.
    Play(Played),
    /// A rhythm on any keys, to which the kit plays.
    Tap(Rhythm),
}

/// Up to [`MAX_PRIMER_STEPS`] recorded steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "BoundedTail<Step, MAX_PRIMER_STEPS>", into = "Vec<Step>")]
pub struct Played {
    hits: PackedHits<MAX_PRIMER_STROKES>,
    count: u8,
}

impl Played {
    /// The last steps that fit.
    #[must_use]
    pub fn new(steps: &[Step]) -> Self {
        let kept = &steps[steps.len().saturating_sub(MAX_PRIMER_STEPS)..];
        let mut hits = PackedHits::EMPTY;
        for (place, step) in kept.iter().enumerate() {
            step.hits().for_each(|(drum, hit)| {
                hits.set(place, drum, Some(hit));
            });
        }
        Played { hits, count: u8::try_from(kept.len()).unwrap_or(0) }
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        (0..usize::from(self.count)).map(|place| self.hits.step(place)).collect()
    }

    /// Returns true if the steps have any hit.
    pub(crate) fn has_hits(&self) -> bool {
        self.hits != PackedHits::EMPTY
    }
}

impl From<BoundedTail<Step, MAX_PRIMER_STEPS>> for Played {
    fn from(steps: BoundedTail<Step, MAX_PRIMER_STEPS>) -> Self {
        Played::new(&steps.items)
    }
}

impl From<Played> for Vec<Step> {
    fn from(played: Played) -> Self {
        played.steps()
    }
}

/// A repeating rhythm of up to 64 steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Bit `n`: onset at step `n`.
    pub onsets: u64,
    /// Length in steps, 1 to 64.
    pub steps: u8,
}

impl Rhythm {
    /// The rhythm of the first 64 steps, regardless of drums.
    #[must_use]
    pub fn of(steps: &[Step]) -> Self {
        let kept = &steps[..steps.len().min(64)];
        let onset = |(place, step): (usize, &Step)| u64::from(!step.drums().is_empty()) << place;
        Rhythm {
            onsets: kept.iter().enumerate().map(onset).fold(0, |all, onset| all | onset),
            steps: u8::try_from(kept.len().max(1)).unwrap_or(64),
        }
    }

    /// Returns true at an onset. `step` counts from the start of the song or phrase.
    #[must_use]
    pub fn at(self, step: usize) -> bool {
        self.onsets >> (step % usize::from(self.steps.clamp(1, 64))) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::drum::Drum;

    /// A step with all drums and as many strokes as it holds.
    fn full_step() -> Step {
        let mut step = Step::SILENT;
        for drum in Drum::ALL {
            for offset_ticks in [3, -100, 60, 110] {
                step.add(drum, Hit { choke_ticks: 999, ..Hit::plain(80, offset_ticks) });
            }
        }
        step
    }

    #[test]
    fn a_primer_has_room_for_any_steps() {
        let steps = [full_step(); MAX_PRIMER_STEPS];
        let hits = || steps[0].hits();
        let strokes: usize = hits().map(|(_, hit)| hit.strokes().count()).sum();
        let chokes = hits().filter(|(_, hit)| hit.choke_ticks > 0).count();
        assert_eq!(strokes + chokes, MAX_STEP_STROKES);
        assert_eq!(Played::new(&steps).steps(), steps);
    }

    #[test]
    fn a_tapped_rhythm_repeats() {
        let mut steps = vec![Step::SILENT; 16];
        for place in [0, 3, 6] {
            steps[place].set(Drum::Ride, Some(Hit::new(0.5, 0.1)));
        }
        let rhythm = Rhythm::of(&steps);
        let met: Vec<usize> = (0..32).filter(|&step| rhythm.at(step)).collect();
        assert_eq!(met, [0, 3, 6, 16, 19, 22]);
        assert!(!Rhythm::of(&[]).at(5));
        assert!(!Rhythm { onsets: 2, steps: 0 }.at(1), "a damaged one goes round at once");
    }
}
