//! Diversity: how much takes of different seeds differ, beside different files of drummers.

use std::collections::HashSet;

use groove::learn::bar_f1::hit_f1;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

use super::comparison::{BarSteps, Comparison, Groove};

/// Maximum number of pairs that are compared.
const PAIRS: usize = 3000;
/// Bars of each groove that are compared, by number.
pub(crate) const BARS: usize = 4;

/// Diversity of the takes of a style.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Diversity {
    /// Number of distinct first bars, by their hits, divided by the number of takes.
    pub distinct_first_bars: f64,
    /// Mean hit F1 of bars with the same number, of the first four, over pairs of takes.
    pub pair_f1: f64,
    /// The same over pairs of the drummers' train files.
    pub human_pair_f1: f64,
}

impl Diversity {
    /// Measures a style; `None` if there are fewer than two human beats.
    pub(crate) fn of(sides: &Comparison) -> Option<Diversity> {
        let sets = |bar: &BarSteps| bar.map(|step| step.drums().bits());
        let first: Vec<_> =
            sides.played.iter().filter_map(|take| take.bars.first()).map(sets).collect();
        let distinct: HashSet<_> = first.iter().collect();
        Some(Diversity {
            distinct_first_bars: distinct.len() as f64 / first.len() as f64,
            pair_f1: pair_f1(&sides.played)?,
            human_pair_f1: pair_f1(&sides.train)?,
        })
    }

    /// Heading of [`Diversity::line`].
    pub(crate) const HEADING: &'static str =
        "diversity               first bars   F1 of takes   F1 of files";

    /// Returns the figures as a line of text.
    pub(crate) fn line(&self, style: &str) -> String {
        format!(
            "{style:<24}{:>10.3}{:>14.3}{:>14.3}",
            self.distinct_first_bars, self.pair_f1, self.human_pair_f1
        )
    }
}

/// Mean F1 over all pairs of grooves, or over a seeded sample of them.
pub(crate) fn pair_f1(grooves: &[Groove]) -> Option<f64> {
    let count = grooves.len();
    let pairs: Vec<(usize, usize)> = if count * count.saturating_sub(1) / 2 <= PAIRS {
        (0..count).flat_map(|b| (0..b).map(move |a| (a, b))).collect()
    } else {
        let mut draws = ChaCha8Rng::seed_from_u64(1);
        let mut pair = || {
            let a = draws.random_range(0..count);
            (a, (a + draws.random_range(1..count)) % count)
        };
        (0..PAIRS).map(|_| pair()).collect()
    };
    mean(pairs.into_iter().filter_map(|(a, b)| takes_f1(&grooves[a], &grooves[b])))
}

/// Mean hit F1 of bars with the same number, of the first four, of two grooves; `None` if all are
/// silent.
pub(crate) fn takes_f1(one: &Groove, other: &Groove) -> Option<f64> {
    let drums = |bar: &BarSteps| bar.map(|step| step.drums()).into_iter();
    let bars = one.bars.iter().zip(&other.bars).take(BARS);
    mean(bars.filter_map(|(a, b)| hit_f1(drums(a), drums(b))))
}

fn mean(all: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = all.fold((0.0, 0.0), |(sum, count), f1| (sum + f1, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::bar_f1::STEPS;
    use groove::{Drum, Hit, Step};

    fn bar(steps: &[usize]) -> BarSteps {
        let mut bar = [Step::SILENT; STEPS];
        for &step in steps {
            bar[step].set(Drum::Kick, Some(Hit::plain(90, 0)));
        }
        bar
    }

    fn groove(bars: &[BarSteps]) -> Groove {
        Groove { bars: bars.to_vec(), tempo: 100.0 }
    }

    #[test]
    fn pair_f1_compares_bars_of_the_same_number() {
        let (a, b) = (bar(&[0, 4]), bar(&[0, 8]));
        let f1 = |x: &[BarSteps], y: &[BarSteps]| pair_f1(&[groove(x), groove(y)]);
        assert_eq!(f1(&[a, b], &[a, b]), Some(1.0));
        assert_eq!(f1(&[a, b], &[b, a]), Some(0.5));
        assert_eq!(f1(&[a; 4], &[a; 4]), f1(&[a, a, a, a, b], &[a, a, a, a, a]));
        assert_eq!(f1(&[bar(&[])], &[bar(&[])]), None);
        assert_eq!(pair_f1(&[groove(&[a])]), None);
    }

    #[test]
    fn pairs_of_many_grooves_are_sampled_without_self_pairs() {
        // Each has steps of its own: no two of the 16 share a hit.
        let alone: Vec<Groove> = (0..16).map(|step| groove(&[bar(&[step])])).collect();
        assert_eq!(pair_f1(&alone), Some(0.0));
        let many: Vec<Groove> = alone.iter().cycle().take(160).cloned().collect();
        let f1 = pair_f1(&many).expect("a figure");
        // Nine of the other 159 are equal.
        assert!((f1 - 9.0 / 159.0).abs() < 0.02, "{f1}");
    }

    #[test]
    fn first_bars_with_equal_hits_count_as_one() {
        let (a, b) = (bar(&[0, 4]), bar(&[0, 8]));
        let mut softer = a;
        softer[0].set(Drum::Kick, Some(Hit::plain(20, 9)));
        let played = vec![groove(&[a]), groove(&[softer]), groove(&[b]), groove(&[b])];
        let sides = Comparison {
            style: 0,
            name: String::new(),
            train: played.clone(),
            whole: Vec::new(),
            played,
        };
        assert_eq!(Diversity::of(&sides).expect("figures").distinct_first_bars, 0.5);
    }
}
