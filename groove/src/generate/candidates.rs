//! Candidate bars of a theme.
//!
//! The theme decides how a whole take is played, and a network that samples now and then begins
//! with a fill, a stumble or half a groove. A bar of the theme that differs too much from the bars
//! before the theme is therefore decoded again with other random numbers, up to a limit, and the
//! best candidate is kept. Most first candidates are kept, so a small change of a control rarely
//! changes the choice.

use crate::generate::conditioning::{StepPlan, TakeContext};
use crate::generate::decoder::Decoder;
use crate::generate::phrase::PartialPhrase;
use crate::model::ModelError;
use crate::pattern::Step;
use crate::pattern::drum::{Drum, DrumSet};
use crate::take::Primer;

/// Distance of candidate numbers from those of the attempts around pins, which draw at the same
/// positions.
const ATTEMPT_STRIDE: u8 = 16;
/// Hit F1 assumed between a single preceding bar and its repetition, where no second bar exists.
const SINGLE_BAR_SIMILARITY: f32 = 0.75;
/// Minimum hit F1 between a bar of the theme and the preceding bars, as a share of the hit F1 among
/// those bars: the share at stick 0, and its rise up to the middle of the stick control.
const MIN_SIMILARITY: (f32, f32) = (0.4, 0.5);

/// Drums whose strokes per bar are counted together: timekeeping and fills.
const GROUPS: [&[Drum]; 5] = [
    &[Drum::Kick],
    &[Drum::Snare],
    &[Drum::ClosedHat, Drum::OpenHat, Drum::Ride],
    &[Drum::LowTom, Drum::MidTom, Drum::HighTom],
    &[Drum::Crash],
];
/// Margin around the range of strokes of a group in the preceding bars: absolute, and as a share of
/// the range's end.
const RANGE_MARGIN: (f32, f32) = (1.0, 0.25);
/// Strokes by which the range widens at the ends of the density control.
const DENSITY_MARGIN: f32 = 12.0;
/// Similarity that each stroke outside the range costs.
const OUTLIER_COST: f32 = 0.05;
/// Margin for rounding when a candidate that cannot become the best is given up early.
const ROUNDING: f32 = 1e-4;

/// Bars before a theme, and the criteria that a bar of the theme must meet.
pub(crate) struct PrecedingBars {
    bars: Vec<Vec<DrumSet>>,
    /// Drums that are compared.
    of: DrumSet,
    /// Weight of the preceding bar's hits in the similarity: 0.5 is the hit F1, 1 the share of the
    /// preceding bar's hits that are kept, 0 the share of the new bar's hits that the preceding bar
    /// has.
    weight: f32,
    threshold: f32,
    /// Fewest and most strokes of a bar, by group.
    ranges: [(f32, f32); GROUPS.len()],
}

impl PrecedingBars {
    /// Mean similarity of a bar to the preceding ones, and number of strokes outside their range.
    fn score(&self, bar: &[Step]) -> (f32, f32) {
        let bar = drums(bar, self.of);
        let sum: f32 =
            self.bars.iter().map(|preceding| similarity(preceding, &bar, self.weight)).sum();
        let outside = GROUPS.iter().zip(self.ranges).map(|(group, (least, most))| {
            let count = strokes(&bar, group);
            (least - count).max(count - most).max(0.0)
        });
        (sum / self.bars.len() as f32, outside.sum())
    }

    /// Upper bound of the merit of a bar that begins with these steps: the rest matches each of the
    /// preceding bars.
    fn merit_bound(&self, begun: &[Step]) -> f32 {
        let begun = drums(begun, self.of);
        let bound = |preceding: &Vec<DrumSet>| {
            let rest = &preceding[begun.len().min(preceding.len())..];
            let best = [&begun[..], rest].concat();
            similarity(preceding, &best, self.weight)
        };
        let sum: f32 = self.bars.iter().map(bound).sum();
        let outside = GROUPS
            .iter()
            .zip(self.ranges)
            .map(|(group, (_, most))| (strokes(&begun, group) - most).max(0.0));
        merit(sum / self.bars.len() as f32, outside.sum())
    }
}

fn merit(similarity: f32, outside: f32) -> f32 {
    similarity - OUTLIER_COST * outside
}

/// Number of strokes of some drums in a bar.
fn strokes(bar: &[DrumSet], group: &[Drum]) -> f32 {
    let group: DrumSet = group.iter().copied().collect();
    bar.iter().map(|drums| drums.and(group).len()).sum::<u32>() as f32
}

fn drums(bar: &[Step], of: DrumSet) -> Vec<DrumSet> {
    bar.iter().map(|step| step.drums().and(of)).collect()
}

/// Shared hits of two bars as a share of a weighted sum of the hits of both (Tversky 1977).
fn similarity(preceding: &[DrumSet], bar: &[DrumSet], weight: f32) -> f32 {
    let count = |bar: &[DrumSet]| bar.iter().map(|drums| drums.len()).sum::<u32>() as f32;
    let shared =
        preceding.iter().zip(bar).map(|(preceding, bar)| preceding.and(*bar).len()).sum::<u32>();
    shared as f32 / (weight * count(preceding) + (1.0 - weight) * count(bar)).max(1.0)
}

impl TakeContext<'_> {
    /// Criteria for the bar of the theme that begins at step `at`. `None` inside a bar, and for
    /// bars that are given, contain a fill or follow a tapped rhythm: these have no candidates.
    pub(crate) fn preceding_bars(
        &self,
        partial: &PartialPhrase,
        at: usize,
    ) -> Option<PrecedingBars> {
        let length = self.meter.steps();
        let plans = partial.plans.get(at..at + length)?;
        let free = |plan: &StepPlan| {
            let given = plan.fixed.or(plan.fixed_after_fill).or(plan.simplified);
            plan.theme && given.is_none() && plan.fill.is_none()
        };
        let of = match self.take.primer {
            Primer::Tap(_) => return None,
            Primer::Hold { drums, .. } => DrumSet::ALL.without(drums),
            Primer::Play(_) | Primer::Off => DrumSet::ALL,
        };
        if !at.is_multiple_of(length) || !plans.iter().all(free) {
            return None;
        }
        let of = of.without(self.take.controls.off);
        let before = &partial.decoder.steps[..partial.start];
        let bars: Vec<Vec<DrumSet>> = before
            .rchunks_exact(length)
            .map(|bar| drums(bar, of))
            .filter(|bar| bar.iter().any(|drums| !drums.is_empty()))
            .collect();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (number, one) in bars.iter().enumerate() {
            for other in &bars[..number] {
                (sum, pairs) = (sum + similarity(one, other, 0.5), pairs + 1.0);
            }
        }
        let own = if pairs > 0.0 { sum / pairs } else { SINGLE_BAR_SIMILARITY };
        let (least, rise) = MIN_SIMILARITY;
        let kept = least + rise * (2.0 * self.stick(true, at)).clamp(0.0, 1.0);
        // A higher temperature allows more deviation.
        let threshold = own * kept / self.take.controls.temperature.max(1.0);
        let weight = 0.5 + 0.5 * self.density();
        let room = self.density() * DENSITY_MARGIN;
        let ranges = GROUPS.map(|group| {
            let counts = || bars.iter().map(|bar| strokes(bar, group));
            let (least, most) =
                (counts().fold(f32::INFINITY, f32::min), counts().fold(0.0, f32::max));
            let least = least - (RANGE_MARGIN.1 * least).max(RANGE_MARGIN.0) + room.min(0.0);
            (least, most + (RANGE_MARGIN.1 * most).max(RANGE_MARGIN.0) + room.max(0.0))
        });
        (!bars.is_empty()).then_some(PrecedingBars { bars, of, weight, threshold, ranges })
    }

    /// Decodes a bar of the theme. Further candidates follow until one meets the criteria, up to
    /// the limit; the best is kept.
    pub(crate) fn play_candidates(
        &self,
        partial: &mut PartialPhrase,
        preceding: &PrecedingBars,
    ) -> Result<(), ModelError> {
        let (at, length) = (partial.steps().len(), self.meter.steps());
        let mut best: Option<(f32, Decoder)> = None;
        let mut tried = 0;
        'candidates: for candidate in 0..=partial.candidates {
            tried = candidate;
            let mut decoder = partial.decoder.clone();
            let start = decoder.steps.len();
            for (place, plan) in partial.plans.iter().enumerate().skip(at).take(length) {
                self.play(&mut decoder, place, plan, ATTEMPT_STRIDE * candidate)?;
                let bound = preceding.merit_bound(&decoder.steps[start..]);
                if best.as_ref().is_some_and(|(known, _)| bound < known - ROUNDING) {
                    continue 'candidates;
                }
            }
            let (similarity, outside) = preceding.score(&decoder.steps[start..]);
            let merit = merit(similarity, outside);
            if best.as_ref().is_none_or(|(known, _)| merit > *known) {
                best = Some((merit, decoder));
            }
            if similarity >= preceding.threshold && outside <= 0.0 {
                break;
            }
        }
        partial.candidates -= tried;
        if let Some((_, decoder)) = best {
            partial.decoder = decoder;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::generate::phrase::LeadInCache;
    use crate::model::Model;
    use crate::model::tests::{kinds, small_bytes};
    use crate::pattern::{Hit, Meter};
    use crate::take::TakeControls;
    use crate::take::{Rhythm, Take};

    fn bar(struck: &[(usize, Drum)]) -> Vec<Step> {
        let mut bar = vec![Step::SILENT; 16];
        for &(at, drum) in struck {
            bar[at].set(drum, Some(Hit::plain(80, 0)));
        }
        bar
    }

    #[test]
    fn score_counts_shared_hits_and_strokes_out_of_range() {
        let beat = [(0, Drum::Kick), (4, Drum::Snare), (8, Drum::Kick), (12, Drum::Snare)];
        let with = |more: &[(usize, Drum)]| bar(&[&beat, more].concat());
        let preceding = PrecedingBars {
            bars: vec![drums(&with(&[]), DrumSet::ALL)],
            of: DrumSet::ALL,
            weight: 0.5,
            threshold: 0.5,
            ranges: [(1.0, 3.0), (1.0, 3.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)],
        };
        assert_eq!(preceding.score(&with(&[])), (1.0, 0.0));
        // Two hits more than the four shared ones.
        let busy = with(&[(1, Drum::HighTom), (2, Drum::LowTom)]);
        let (similarity, outside) = preceding.score(&busy);
        assert!((similarity - 8.0 / 10.0).abs() < 1e-6);
        assert_eq!(outside, 1.0);
        assert_eq!(preceding.score(&bar(&[(4, Drum::Snare)])).1, 1.0, "the kick is missing");
        let of = DrumSet::ALL.without(drums(&busy, DrumSet::ALL)[1]);
        let without = PrecedingBars { of, ..preceding };
        assert_eq!(without.score(&with(&[(1, Drum::HighTom)])), (1.0, 0.0));
    }

    #[test]
    fn first_candidate_above_the_threshold_is_kept_else_the_best() {
        let model = Arc::new(Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model"));
        let (mut first, mut others) = (0, 0);
        for seed in 0..40 {
            let take = Take::from(TakeControls { seed, style: 17, ..TakeControls::default() });
            let context = TakeContext {
                model: &model,
                take: &take,
                meter: Meter::FOUR_FOUR,
                lead_in: Some(0),
                primer_feel: None,
            };
            let start = context.theme(&LeadInCache::default(), None).expect("a theme");
            let mut preceding = context.preceding_bars(&start, 0).expect("a lead-in");
            let played = |preceding: &PrecedingBars| {
                let mut partial = start.clone();
                context.play_candidates(&mut partial, preceding).expect("a bar");
                let drums = partial.steps().iter().map(Step::drums).collect::<Vec<_>>();
                (preceding.score(partial.steps()), drums)
            };
            let mut plain = start.clone();
            for (place, plan) in start.plans.iter().enumerate().take(16) {
                context.play(&mut plain.decoder, place, plan, 0).expect("a step");
            }
            let merit = |(similarity, outside): (f32, f32)| similarity - OUTLIER_COST * outside;
            let alone = preceding.score(plain.steps());
            let best = played(&preceding);
            assert!(merit(best.0) >= merit(alone));
            preceding.threshold = 0.0;
            preceding.ranges = preceding.ranges.map(|_| (0.0, 99.0));
            let any = played(&preceding).1;
            assert!(any.iter().copied().eq(plain.steps().iter().map(Step::drums)));
            *(if any == best.1 { &mut first } else { &mut others }) += 1;
        }
        assert!(first > 0 && others > 0, "{first} {others}");
        assert_eq!(first + others, 40);
    }

    #[test]
    fn the_merit_of_a_bar_is_bounded_by_its_first_steps() {
        let beat = |shift: usize| {
            bar(&[
                (shift, Drum::Kick),
                (4, Drum::Snare),
                (8 + shift, Drum::Kick),
                (12, Drum::Snare),
            ])
        };
        let preceding = PrecedingBars {
            bars: vec![drums(&beat(0), DrumSet::ALL), drums(&beat(2), DrumSet::ALL)],
            of: DrumSet::ALL,
            weight: 0.4,
            threshold: 0.5,
            ranges: [(1.0, 2.0), (1.0, 3.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)],
        };
        for whole in [beat(0), beat(1), beat(3), bar(&[(0, Drum::HighTom), (1, Drum::Crash)])] {
            let (similarity, outside) = preceding.score(&whole);
            let mut last = f32::INFINITY;
            for done in 0..=16 {
                let bound = preceding.merit_bound(&whole[..done]);
                assert!(bound >= merit(similarity, outside) - 1e-6, "{done}");
                assert!(bound <= last + 1e-6, "{done}");
                last = bound;
            }
        }
    }

    #[test]
    fn given_bars_and_tapped_rhythms_have_no_candidates() {
        let model = Arc::new(Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model"));
        let mut take = Take::from(TakeControls { style: 17, ..TakeControls::default() });
        let meter = Meter::FOUR_FOUR;
        let preceding = |take: &Take, at: usize, fixed: bool| {
            let (lead_in, primer_feel) = (Some(1), None);
            let context = TakeContext { model: &model, take, meter, lead_in, primer_feel };
            let mut partial = context.theme(&LeadInCache::default(), None).expect("a theme");
            partial.plans[20].fixed = fixed.then_some(Step::SILENT);
            context.preceding_bars(&partial, at).is_some()
        };
        assert!(
            preceding(&take, 0, false) && preceding(&take, 16, false) && preceding(&take, 0, true)
        );
        assert!(!preceding(&take, 4, false), "in the middle of a bar");
        assert!(!preceding(&take, 16, true), "a step of it is given");
        take.primer = Primer::Tap(Rhythm { onsets: 5, steps: 16 });
        assert!(!preceding(&take, 0, false));
    }
}
