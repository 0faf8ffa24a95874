//! Alterations of training passes: slips in the past, fills put into a beat, other meters.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::piece::Piece;
use crate::model::encode::Kind;
use crate::pattern::drum::Drum;
use crate::pattern::{Hit, Meter, Step};

/// Share of the bars that end with a fill, in a part that gets fills.
const FILLED_BARS: f64 = 0.15;
/// Share of the steps that slip, in a past that has slips.
const SLIPS: f64 = 0.04;

/// Returns the steps with some of them changed: a missing hit, an additional hit of another step,
/// or another step.
pub(super) fn with_slips(steps: &[Step], draws: &mut impl Rng) -> Vec<Step> {
    let slip = |step: &Step| {
        if !draws.random_bool(SLIPS) {
            return *step;
        }
        let other = steps[draws.random_range(0..steps.len())];
        let hits: Vec<(Drum, Hit)> = step.hits().collect();
        let others: Vec<(Drum, Hit)> = other.hits().collect();
        let mut slipped = *step;
        match (draws.random_range(0..3), hits.choose(draws), others.choose(draws)) {
            (0, Some(&(drum, _)), _) => slipped.set(drum, None),
            (1, _, Some(&(drum, hit))) => slipped.strike(drum, hit),
            _ => slipped = other,
        }
        slipped
    };
    steps.iter().map(slip).collect()
}

/// Ends some bars with a fill of the same meter, and if possible of the same style. Takes a random
/// number of the fill's last beats, so that it ends with the bar; its hits on the following first
/// step are kept.
pub(super) fn put_fills(
    steps: &mut [Step],
    marks: &mut [bool],
    kind: &Kind,
    fills: &[Piece],
    draws: &mut impl Rng,
) {
    let bar = kind.meter.steps();
    let fit = |same_style: bool| -> Vec<&Piece> {
        let fits = |fill: &&Piece| {
            let of = &fill.kind;
            of.meter == kind.meter && (!same_style || of.style == kind.style)
        };
        fills.iter().filter(fits).collect()
    };
    let mut fit_fills = fit(true);
    if fit_fills.is_empty() {
        fit_fills = fit(false);
    }
    for end in (2 * bar..=steps.len()).step_by(bar) {
        let Some(fill) = fit_fills.choose(draws).filter(|_| draws.random_bool(FILLED_BARS)) else {
            continue;
        };
        let whole = (fill.steps.len() + bar / 2) / bar;
        let (whole, beats) = (whole.clamp(1, 2) * bar, bar.div_ceil(4));
        // A part is as likely as the whole.
        let length = match draws.random_bool(0.5) {
            true => whole,
            false => (4 * draws.random_range(1..=whole.div_ceil(bar) * beats)).min(whole),
        };
        if marks[end - length..end].contains(&true) {
            continue;
        }
        for back in 1..=length {
            let step = fill.steps.get(whole - back).copied();
            steps[end - back] = step.unwrap_or(Step::SILENT);
            marks[end - back] = true;
        }
        if let (Some(after), Some(one)) = (fill.steps.get(whole), steps.get_mut(end)) {
            after.hits().for_each(|(drum, hit)| one.strike(drum, hit));
        }
    }
}

/// Rewrites a beat in 4/4 in another meter, of which the data has few. Beats are omitted or
/// repeated; in compound meters the four sixteenths of a beat become the first, third and fifth of
/// six, as in a shuffle.
pub(super) fn in_other_meter(steps: &[Step], draws: &mut impl Rng) -> (Vec<Step>, Meter) {
    const LONG: [usize; 6] = [0, 4, 1, 4, 2, 3];
    /// Numerator, denominator, beats that are played, compound or not, steps cut at the end.
    type Rewrite = (i32, i32, &'static [usize], bool, usize);
    const REWRITES: [Rewrite; 9] = [
        (3, 4, &[0, 1, 3], false, 0),
        (3, 4, &[0, 1, 2], false, 0),
        (5, 4, &[0, 1, 2, 3, 3], false, 0),
        (5, 4, &[0, 1, 2, 1, 3], false, 0),
        (7, 8, &[0, 1, 2, 3], false, 2),
        (6, 8, &[0, 1], true, 0),
        (6, 8, &[2, 3], true, 0),
        (12, 8, &[0, 1, 2, 3], true, 0),
        (9, 8, &[0, 1, 3], true, 0),
    ];
    let &(n, d, beats, compound, cut) = REWRITES.choose(draws).unwrap_or(&REWRITES[0]);
    let meter = Meter::new(n, d);
    let mut other = Vec::new();
    for bar in steps.chunks(16) {
        let step = |beat: usize, part: usize| bar.get(4 * beat + part).copied();
        let mut whole = Vec::new();
        for &beat in beats {
            if compound {
                whole.extend(LONG.map(|part| step(beat, part).filter(|_| part < 4)));
            } else {
                whole.extend((0..4).map(|part| step(beat, part)));
            }
        }
        whole.truncate(whole.len() - cut);
        other.extend(whole.into_iter().map(Option::unwrap_or_default));
    }
    (other, meter)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::learn::data::Split;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// A piece of equal snare hits.
    pub(in crate::learn::data) fn piece(steps: usize, velocity: u8, fill: bool) -> Piece {
        let mut step = Step::SILENT;
        step.set(Drum::Snare, Some(Hit::plain(velocity, 0)));
        let kind = Kind { style: 3, blend: (0, 0.0), tempo: 100.0, meter: Meter::FOUR_FOUR, fill };
        Piece { steps: vec![step; steps], kind, split: Split::Train }
    }

    fn velocity(step: &Step) -> u8 {
        step.hit(Drum::Snare).map_or(0, |hit| hit.velocity)
    }

    #[test]
    fn an_inserted_fill_ends_with_its_bar_and_is_marked() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let fills = [piece(32, 100, true), piece(17, 100, true)];
        let (mut marked, mut ones) = (0, 0);
        for _ in 0..50 {
            let beat = piece(16 * 8, 50, false);
            let (mut steps, mut marks) = (beat.steps, vec![false; 16 * 8]);
            put_fills(&mut steps, &mut marks, &beat.kind, &fills, &mut draws);
            for (at, (step, &mark)) in steps.iter().zip(&marks).enumerate() {
                marked += usize::from(mark);
                let starts = mark && (at == 0 || !marks[at - 1]);
                assert!(!starts || at % 4 == 0, "a fill starts on a beat, not at {at}");
                let ends = !mark && at > 0 && marks[at - 1];
                assert!(!ends || at % 16 == 0, "a fill ends with its bar, not at {at}");
                match velocity(step) {
                    100 if mark => {}
                    100 => {
                        assert!(ends, "what is struck on the one after a fill");
                        ones += 1;
                    }
                    other => assert_eq!((other, mark), (50, false), "step {at}"),
                }
            }
        }
        assert!(marked > 500 && ones > 5, "{marked} steps of fills, {ones} on the one after");
    }

    #[test]
    fn rewritten_bars_have_the_meters_length_and_the_same_start() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let steps: Vec<Step> = (0..16 * 4)
            .map(|at| piece(1, if at % 16 == 0 { 120 } else { 60 }, false).steps[0])
            .collect();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let (other, meter) = in_other_meter(&steps, &mut draws);
            assert_eq!(other.len(), 4 * meter.steps());
            seen.insert(meter);
            if meter != Meter::new(6, 8) {
                assert!(other.chunks(meter.steps()).all(|bar| velocity(&bar[0]) == 120));
            }
        }
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn slips_change_few_steps() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let steps: Vec<Step> = (0..2_000)
            .map(|at| piece(1, 1 + u8::try_from(at % 100).unwrap_or(0), false).steps[0])
            .collect();
        let past = with_slips(&steps, &mut draws);
        let slipped = steps.iter().zip(&past).filter(|(a, b)| a != b).count();
        assert!((20..200).contains(&slipped), "{slipped} of 2000");
    }
}
