//! Stroke quotas of requested fills.
//!
//! A fill has a quota of strokes, hits of snare and toms, from its length and amount. Each step is
//! biased towards the remaining strokes divided by the remaining steps, so a step depends on the
//! steps before it alone. Where every remaining step is needed, subsets without a stroke are
//! excluded.

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::style::style_name;
use crate::pattern::{Meter, Step};
use crate::take::{Take, TakeControls};

/// Strokes per quarter note in the drummers' fills: quantiles at 20, 50 and 90 % of the 4/4 fills
/// in the Groove train split (514 files), from the beat of the first stroke to the end of the fill.
/// Styles with at least 25 fills have their own numbers. `trainer measure --only fills` counts them
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

/// Drums that count as strokes.
pub(crate) const STROKE_DRUMS: [Drum; 4] = [Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom];
/// Drums of which one keeps time on the beats of a fill.
pub(crate) const TIMEKEEPERS: [Drum; 2] = [Drum::Kick, Drum::ClosedHat];
/// Minimum probability that one of the [`TIMEKEEPERS`] is struck on a beat of a fill. Slightly
/// above the share of quarter notes in the drummers' rock fills with such a hit (0.40; 0.34 over
/// all styles), because a played fill of two beats has only two of them.
pub(crate) const MIN_TIMEKEEPING: f32 = 0.45;
/// Share of the fills that crash and kick always follow. After the others the model decides, often
/// with the same result.
pub(crate) const CRASH_AFTER_FILL: f32 = 0.6;
/// Weights of a beat, of another eighth and of another sixteenth when remaining strokes are
/// distributed: proportional to the share of these steps with a stroke in the last two beats of the
/// drummers' fills of the train split (0.75, 0.59, 0.48).
const WEIGHTS: [f32; 3] = [1.3, 1.05, 0.85];
/// Maximum change of the amount from fill to fill, so that stroke counts vary.
const AMOUNT_VARIATION: f32 = 0.2;

/// Strokes per quarter note of a fill of a take. `draw`, 0 to 1, differs from fill to fill.
#[must_use]
pub fn strokes(take: &Take, draw: f32) -> f32 {
    let Take { controls: TakeControls { style, blend: (second, share), .. }, fills, .. } = *take;
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

/// Strokes per quarter note at 20, 50 and 90 % of the drummers' fills of a style.
#[must_use]
pub fn quantiles(style: u8) -> [f32; 3] {
    let name = style_name(style);
    STYLE_STROKES.iter().find(|(known, _)| *known == name).map_or(STROKES, |(_, own)| *own)
}

/// Target number of strokes at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Drums that count.
    pub drums: DrumSet,
    /// Mean number of them that the distribution is biased towards.
    pub mean: f32,
    /// At least one of them is struck.
    pub needed: bool,
}

impl Quota {
    /// Quota of a step.
    ///
    /// `rate` is the whole fill's strokes per quarter note, `played` the steps of the fill so far,
    /// and `left` the positions in the bar of the remaining steps, this one first. Steps that were
    /// not played, as when a loop begins inside a fill, do not count.
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
        // The fill ends with the quota rounded to a whole number, or more.
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
    fn amount_increases_strokes_in_every_style() {
        for style in std::iter::once(0).chain(STYLES.iter().map(|style| style.number)) {
            let at = |amount, draw| {
                let fills = Fills { amount, ..Fills::default() };
                strokes(
                    &Take {
                        controls: TakeControls { style, ..TakeControls::default() },
                        fills,
                        ..Take::default()
                    },
                    draw,
                )
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
    fn quota_is_needed_when_as_many_steps_remain() {
        let drums: DrumSet = STROKE_DRUMS.into_iter().collect();
        let mut stroke = Step::SILENT;
        stroke.set(Drum::Snare, Some(Hit::plain(90, 0)));
        stroke.set(Drum::Kick, Some(Hit::plain(90, 0)));
        // Two strokes per quarter note over eight steps: four strokes.
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
