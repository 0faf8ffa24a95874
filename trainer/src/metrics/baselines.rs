//! Baselines without a network, which a useful model beats.
//!
//! The predictor of hits is an n-gram over subsets of drums. Its contexts are the position in the
//! bar, then also the same step one bar ago, then also two bars ago; each backs off to the previous
//! one by the method of Witten and Bell (1991). The predictors of velocity and offset repeat the
//! previous bar.

use std::collections::{BTreeMap, HashMap};

use groove::learn::data::{Piece, Split};
use groove::pattern::TICKS_PER_STEP;
use groove::pattern::style::style_number;
use groove::{Meter, Step};

/// Counts of the outcomes after one context.
#[derive(Default)]
struct ContextCounts {
    total: f64,
    counts: HashMap<u16, f64>,
}

/// An n-gram over the subsets of drums.
pub struct Ngram {
    /// Number of possible subsets.
    subsets: usize,
    levels: [HashMap<Vec<u16>, ContextCounts>; 4],
}

/// Returns the contexts of a step, the shortest first. Steps before the first bar share one value.
fn contexts(sets: &[u16], at: usize, bar: usize) -> [Vec<u16>; 4] {
    let ago = |bars: usize| at.checked_sub(bars * bar).map_or(u16::MAX, |i| sets[i]);
    let position = u16::try_from(at % bar).unwrap_or(0);
    [vec![], vec![position], vec![position, ago(1)], vec![position, ago(1), ago(2)]]
}

fn sets(piece: &Piece) -> Vec<u16> {
    piece.steps.iter().map(|step| step.drums().bits()).collect()
}

impl Ngram {
    /// Counts the outcomes of pieces.
    #[must_use]
    pub fn learn<'a>(subsets: usize, pieces: impl Iterator<Item = &'a Piece>) -> Ngram {
        let mut ngram = Ngram { subsets, levels: Default::default() };
        for piece in pieces {
            let (sets, bar) = (sets(piece), piece.kind.meter.steps());
            for (at, &struck) in sets.iter().enumerate() {
                for (level, context) in ngram.levels.iter_mut().zip(contexts(&sets, at, bar)) {
                    let seen = level.entry(context).or_default();
                    seen.total += 1.0;
                    *seen.counts.entry(struck).or_default() += 1.0;
                }
            }
        }
        ngram
    }

    /// Returns the perplexity per step of pieces; NaN if there is no step.
    #[must_use]
    pub fn perplexity<'a>(&self, pieces: impl Iterator<Item = &'a Piece>) -> f64 {
        let (mut nll, mut steps) = (0.0, 0.0);
        for piece in pieces {
            let (sets, bar) = (sets(piece), piece.kind.meter.steps());
            for (at, struck) in sets.iter().enumerate() {
                let mut chance = 1.0 / self.subsets as f64;
                for (level, context) in self.levels.iter().zip(contexts(&sets, at, bar)) {
                    let Some(seen) = level.get(&context) else { break };
                    let kinds = seen.counts.len() as f64;
                    let count = seen.counts.get(struck).copied().unwrap_or(0.0);
                    chance = (count + kinds * chance) / (seen.total + kinds);
                }
                nll -= chance.ln();
                steps += 1.0;
            }
        }
        (nll / steps).exp()
    }
}

/// Returns the mean absolute errors of repeating the velocity (1 to 127) and the offset
/// (milliseconds) of the same drum at the same step one bar ago, over the hits where it was struck
/// there.
#[must_use]
pub fn bar_ago_errors<'a>(pieces: impl Iterator<Item = &'a Piece>) -> (f64, f64) {
    let (mut hits, mut velocity, mut offset_ms) = (0.0, 0.0, 0.0);
    for piece in pieces {
        let bar = piece.kind.meter.steps();
        let ms_a_tick = 15_000.0 / f64::from(piece.kind.tempo) / f64::from(TICKS_PER_STEP);
        let pairs = piece.steps.iter().zip(piece.steps.iter().skip(bar));
        for (before, now) in pairs {
            for (drum, hit) in Step::hits(now) {
                let Some(old) = before.hit(drum) else { continue };
                hits += 1.0;
                velocity += f64::from(old.velocity.abs_diff(hit.velocity));
                offset_ms += f64::from(old.offset_ticks.abs_diff(hit.offset_ticks)) * ms_a_tick;
            }
        }
    }
    (velocity / hits, offset_ms / hits)
}

/// Returns the perplexities of n-grams trained on the train beats in 4/4; the one for rock is
/// trained on rock alone.
pub(crate) fn ngram_perplexities(
    subsets: usize,
    all: &[Piece],
    pieces: &[Piece],
) -> BTreeMap<&'static str, f64> {
    let rock = style_number("rock");
    let wanted = |piece: &&Piece, rock_only: bool| {
        let kind = &piece.kind;
        !kind.fill && kind.meter == Meter::FOUR_FOUR && (!rock_only || Some(kind.style) == rock)
    };
    [("beats", false), ("rock_beats", true)]
        .into_iter()
        .map(|(name, rock_only)| {
            let train = all.iter().filter(|piece| piece.split == Split::Train);
            let ngram = Ngram::learn(subsets, train.filter(|piece| wanted(piece, rock_only)));
            let perplexity =
                ngram.perplexity(pieces.iter().filter(|piece| wanted(piece, rock_only)));
            (name, perplexity)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::encode::Kind;
    use groove::{Drum, Hit};

    fn piece(bars: usize, velocity: impl Fn(usize) -> u8) -> Piece {
        let mut steps = vec![Step::SILENT; bars * 16];
        for (i, step) in steps.iter_mut().enumerate().filter(|(i, _)| i % 4 == 0) {
            let drum = if i % 8 == 4 { Drum::Snare } else { Drum::Kick };
            step.set(drum, Some(Hit::plain(velocity(i / 16), 0)));
        }
        let kind =
            Kind { style: 0, blend: (0, 0.0), tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };
        Piece { steps, kind, split: Split::Train }
    }

    #[test]
    fn repetition_is_predicted_and_unseen_outcomes_are_possible() {
        let same = piece(50, |_| 100);
        let ngram = Ngram::learn(512, [&same].into_iter());
        assert!(ngram.perplexity([&same].into_iter()) < 1.2);
        let mut other = piece(8, |_| 100);
        other.steps[3].set(Drum::Crash, Some(Hit::plain(90, 0)));
        let perplexity = ngram.perplexity([&other].into_iter());
        assert!(perplexity.is_finite() && perplexity > 1.1, "{perplexity}");
        // Without counts the distribution is uniform.
        let none = Ngram::learn(512, [].into_iter());
        assert!((none.perplexity([&same].into_iter()) - 512.0).abs() < 1e-6);
    }

    #[test]
    fn bar_ago_errors_equal_the_change() {
        let rising = piece(4, |bar| 60 + 10 * u8::try_from(bar).expect("few bars"));
        let (velocity, offset) = bar_ago_errors([&rising].into_iter());
        assert_eq!((velocity, offset), (10.0, 0.0));
    }
}
