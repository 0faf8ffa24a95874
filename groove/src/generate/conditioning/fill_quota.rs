//! Requested fills: the place of a step in its fill, the strokes that the fill still lacks, and
//! what follows it.
//!
//! A fill has a quota of strokes, hits of snare and toms, from its length and amount. Each step
//! leans towards the strokes that are left divided by the steps that are left, so a step is
//! decided by the steps before it alone. Where every step left is needed, subsets without a stroke
//! are ruled out.

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::style::style_name;
use crate::pattern::{Meter, Step};
use crate::take::Take;

/// Strokes a quarter note of the drummers' fills, at 20, 50 and 90 % of the fills of the Groove
/// train split in 4/4 (514 files): from the beat of the first stroke to the end of the fill.
/// Styles with 25 fills or more have their own numbers. `trainer measure --only fills` counts them
/// again.
const STROKES: [f32; 3] = [1.875, 2.667, 4.0];
const STYLE_STROKES: [(&str, [f32; 3]); 9] = [
    ("afrocuban", [1.667, 2.0, 3.0]),
    ("funk", [1.75, 2.667, 4.0]),
    ("hiphop", [2.727, 3.667, 5.0]),
    ("jazz", [1.75, 2.5, 3.5]),
    ("latin", [2.0, 2.667, 5.0]),
    ("neworleans", [2.5, 3.5, 4.333]),
    ("punk", [1.75, 2.5, 4.0]),
    ("rock", [1.75, 2.667, 3.9375]),
    ("soul", [2.0, 3.25, 3.75]),
];

/// Drums that strokes are counted on.
pub(crate) const STROKE_DRUMS: [Drum; 4] = [Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom];
/// Drums of which one keeps the time on the beats of a fill.
pub(crate) const TIMEKEEPERS: [Drum; 2] = [Drum::Bass, Drum::ClosedHat];
/// Least probability that one of [`TIMEKEEPERS`] is struck on a beat of a fill: a little above the share
/// of quarters of the drummers' rock fills in which one is (0.40; 0.34 in the fills of all
/// styles), since a played fill of two beats has only two of them.
pub(crate) const MIN_TIMEKEEPING: f32 = 0.45;
/// Share of the fills that are followed by crash and kick for certain. The others are followed by
/// what the drummer plays, often the same.
pub(crate) const CRASH_AFTER_FILL: f32 = 0.6;
/// Weights of a beat, of another eighth and of another sixteenth among the steps that strokes are
/// left for: proportional to the share of these steps that have a stroke in the last two beats of
/// the drummers' fills of the train split (0.75, 0.59, 0.48).
const WEIGHTS: [f32; 3] = [1.3, 1.05, 0.85];
/// Greatest change of the amount from fill to fill, so that not all have the same strokes.
const AMOUNT_VARIATION: f32 = 0.2;

/// Strokes a quarter note that a take asks of a fill; `draw`, 0 to 1, tells one fill of the take
/// from another.
#[must_use]
pub fn strokes(take: &Take, draw: f32) -> f32 {
    let Take { style, blend: (second, share), fills, .. } = *take;
    let varied = fills.amount + AMOUNT_VARIATION * (2.0 * draw - 1.0);
    let amount = 2.0 * varied.clamp(0.0, 1.0);
    let of = |style: u8| {
        let [few, usual, many] = quantiles(style);
        match amount <= 1.0 {
            true => few + (usual - few) * amount,
            false => usual + (many - usual) * (amount - 1.0),
        }
    };
    of(style) + (of(second) - of(style)) * share.clamp(0.0, 1.0)
}

/// Strokes a quarter note at 20, 50 and 90 % of the drummers' fills of a style.
#[must_use]
pub fn quantiles(style: u8) -> [f32; 3] {
    let name = style_name(style);
    STYLE_STROKES.iter().find(|(known, _)| *known == name).map_or(STROKES, |(_, own)| *own)
}

/// Number of drums of a set that a step should strike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// The drums.
    pub drums: DrumSet,
    /// Mean number of them that the distribution is leaned towards.
    pub mean: f32,
    /// At least one of them is struck.
    pub needed: bool,
}

impl Quota {
    /// Quota of a step, from the strokes a quarter note of the whole fill, the steps of the fill
    /// that were played so far, and the places in the bar of those that are left, this one first.
    /// Steps that were not heard (a loop begins within its fill) count for nothing.
    pub(crate) fn new(
        drums: DrumSet,
        rate: f32,
        played: &[Step],
        left: impl Iterator<Item = usize>,
        meter: Meter,
    ) -> Quota {
        let (mut weight, mut weights, mut steps) = (1.0, 0.0, 0.0);
        for place in left {
            let of = match place {
                beat if beat % meter.beat_steps() == 0 => WEIGHTS[0],
                eighth if eighth % 2 == 0 => WEIGHTS[1],
                _ => WEIGHTS[2],
            };
            if steps == 0.0 {
                weight = of;
            }
            weights += of;
            steps += 1.0;
        }
        let struck: u32 = played.iter().map(|step| step.drums().and(drums).len()).sum();
        let whole = rate * (played.len() as f32 + steps) / 4.0;
        let lacking = whole - struck as f32;
        // The fill ends at the quota rounded to a whole number, or above.
        Quota { drums, mean: lacking * weight / weights.max(weight), needed: lacking > steps - 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::style::{STYLES, style_number};
    use crate::take::Fills;

    #[test]
    fn more_amount_is_more_strokes_in_every_style() {
        for style in 0..=STYLES.len() {
            let style = u8::try_from(style).expect("few styles");
            let at = |amount, draw| {
                let fills = Fills { amount, ..Fills::default() };
                strokes(&Take { style, fills, ..Take::default() }, draw)
            };
            let all = [0.0, 0.25, 0.5, 0.75, 1.0].map(|amount| at(amount, 0.5));
            assert!(at(0.5, 0.0) < at(0.5, 0.5) && at(0.5, 0.5) < at(0.5, 1.0));
            assert_eq!(at(0.0, 0.0), all[0], "no fewer than the fewest");
            assert!(all.is_sorted_by(|less, more| less < more), "{all:?}");
            assert_eq!([all[0], all[2], all[4]], quantiles(style));
        }
        for (name, _) in STYLE_STROKES {
            assert!(style_number(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_quota_is_needed_in_full_where_as_many_steps_are_left() {
        let drums: DrumSet = STROKE_DRUMS.into_iter().collect();
        let mut stroke = Step::SILENT;
        stroke.set(Drum::Snare, Some(Hit { velocity: 90, offset_ticks: 0 }));
        stroke.set(Drum::Bass, Some(Hit { velocity: 90, offset_ticks: 0 }));
        // Two strokes a quarter note, eight steps: four.
        let quota =
            |played: &[Step]| Quota::new(drums, 2.0, played, played.len()..8, Meter::FOUR_FOUR);
        let (beat, off) = (quota(&[]), quota(&[Step::SILENT]));
        assert!(beat.mean > 0.5 && !beat.needed);
        assert!(off.mean < 4.0 / 7.0, "fewer between the beats");
        assert!(quota(&[Step::SILENT; 4]).needed && !quota(&[Step::SILENT; 3]).needed);
        let done = quota(&[stroke; 4]);
        assert_eq!((done.mean, done.needed), (0.0, false));
    }
}
