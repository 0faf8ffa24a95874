//! Factors of lead-ins' weights: the smallest change for which the figures of a style's takes are
//! within limits.
//!
//! Each lead-in's takes have mean figures; the new weights are those nearest to the old ones (least
//! relative entropy) for which the style's figures are within the limits. Their factors have the
//! form exp(sum of multipliers times figures), and gradient ascent finds the multipliers. The hit
//! F1 between takes is quadratic in the weights; its figure of a lead-in is the mean F1 to takes of
//! the present weights, found again at each step.

use crate::metrics::comparison::Groove;
use crate::metrics::diversity::takes_f1;

/// Figures of a take: means of bars or windows, and the hit F1 between takes as the last.
pub(super) const FIGURES: usize = 22;
pub(super) const PAIR_F1: usize = FIGURES - 1;
pub(super) type TakeFigures = [f64; FIGURES];

/// Takes with the style's mean figures that are added to those of each lead-in, and pairs of takes
/// to those of each pair of lead-ins: a figure of few takes is extreme by chance.
const PRIOR: f64 = 2.0;
/// Maximum number of takes of which all pairs are compared.
const COMPARED: usize = 2_000;
/// Scale of the hit F1 between takes, as the standard deviation is of the other figures.
const F1_SPREAD: f64 = 0.04;
/// Steps of the ascent, gain of each, share of the way to the new factors, and decay of the
/// multipliers, which keeps them finite where no weights reach the limits.
const ASCENT: usize = 10_000;
const GAIN: f64 = 0.02;
const STRIDE: f64 = 0.1;
const DECAY: f64 = 0.003;
/// Limit of a weight's factor.
const MOST_FACTOR: f64 = 20.0;

/// A take that began from a lead-in, given by its index.
pub(super) struct PlayedTake {
    pub(super) lead_in: usize,
    /// All but the last, which is a figure of several takes.
    pub(super) figures: TakeFigures,
    pub(super) groove: Groove,
}

/// Takes of a style at one choice of tempi, by lead-in.
pub(super) struct TakeGroup {
    /// Number of takes of each lead-in, in the order of the model's.
    counts: Vec<f64>,
    /// Means of the figures of each lead-in's takes and of [`PRIOR`] takes of the mean of all.
    figures: Vec<TakeFigures>,
    /// Indices of the lead-ins with takes, and mean hit F1 between takes of two of them, by rows.
    known: Vec<usize>,
    similarity: Vec<f64>,
    /// Standard deviations over all takes, and [`F1_SPREAD`].
    spread: TakeFigures,
}

impl TakeGroup {
    /// Takes from a number of lead-ins.
    pub(super) fn of(takes: &[PlayedTake], lead_ins: usize) -> TakeGroup {
        let all = takes.len() as f64;
        let mut counts = vec![0.0; lead_ins];
        let mut figures = vec![[0.0; FIGURES]; lead_ins];
        let (mut mean, mut squares) = ([0.0; FIGURES], [0.0; FIGURES]);
        for take in takes {
            counts[take.lead_in] += 1.0;
            for (place, figure) in take.figures.iter().enumerate() {
                figures[take.lead_in][place] += figure;
                mean[place] += figure / all;
                squares[place] += figure * figure / all;
            }
        }
        for (figures, count) in figures.iter_mut().zip(&counts) {
            for (figure, mean) in figures.iter_mut().zip(mean) {
                *figure = (*figure + PRIOR * mean) / (count + PRIOR);
            }
        }
        let deviation = |place: usize| (squares[place] - mean[place] * mean[place]).max(1e-6);
        let mut spread: TakeFigures = std::array::from_fn(|place| deviation(place).sqrt());
        spread[PAIR_F1] = F1_SPREAD;
        let known: Vec<usize> = (0..lead_ins).filter(|&lead_in| counts[lead_in] > 0.0).collect();
        let similarity = similarity(takes, &known);
        TakeGroup { counts, figures, known, similarity, spread }
    }

    /// Means over all lead-ins, each weighted by its takes times a factor. The last figure of each
    /// lead-in becomes the one of these weights.
    pub(super) fn expected(&mut self, factors: &[f64]) -> TakeFigures {
        let weights: Vec<f64> =
            self.known.iter().map(|&lead_in| self.counts[lead_in] * factors[lead_in]).collect();
        let all: f64 = weights.iter().sum();
        for (&lead_in, row) in self.known.iter().zip(self.similarity.chunks_exact(weights.len())) {
            let sum: f64 = row.iter().zip(&weights).map(|(f1, weight)| f1 * weight).sum();
            self.figures[lead_in][PAIR_F1] = sum / all;
        }
        let mut sums = [0.0; FIGURES];
        for (&lead_in, weight) in self.known.iter().zip(&weights) {
            let figures = &self.figures[lead_in];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += weight * figure);
        }
        sums.map(|sum| sum / all)
    }
}

/// Mean hit F1 between takes of two lead-ins, by rows of `known`.
fn similarity(takes: &[PlayedTake], known: &[usize]) -> Vec<f64> {
    let row = |take: &PlayedTake| known.partition_point(|&lead_in| lead_in < take.lead_in);
    // Evenly spaced, because the tempi of the takes rise.
    let count = takes.len().min(COMPARED);
    let compared: Vec<&PlayedTake> =
        (0..count).map(|number| &takes[number * takes.len() / count]).collect();
    let mut sums = vec![(0.0, 0.0); known.len() * known.len()];
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (number, one) in compared.iter().enumerate() {
        for other in &compared[..number] {
            let Some(f1) = takes_f1(&one.groove, &other.groove) else { continue };
            (sum, pairs) = (sum + f1, pairs + 1.0);
            for (a, b) in [(one, other), (other, one)] {
                let (sum, pairs) = &mut sums[row(a) * known.len() + row(b)];
                (*sum, *pairs) = (*sum + f1, *pairs + 1.0);
            }
        }
    }
    let mean = if pairs > 0.0 { sum / pairs } else { 0.0 };
    sums.iter().map(|(sum, pairs)| (sum + PRIOR * mean) / (pairs + PRIOR)).collect()
}

/// Factors of the weights, and the figures of both groups before and after.
pub(super) fn factors(
    groups: &mut [TakeGroup; 2],
    [lower, upper]: &[TakeFigures; 2],
) -> (Vec<f64>, [TakeFigures; 2], [TakeFigures; 2]) {
    let mut factors = vec![1.0; groups[0].counts.len()];
    let before = groups.each_mut().map(|group| group.expected(&factors));
    let mut logs = vec![0.0; factors.len()];
    let mut multipliers = [[0.0; FIGURES]; 2];
    for _ in 0..ASCENT {
        let mut wanted = vec![0.0; logs.len()];
        for (group, multipliers) in groups.iter_mut().zip(&mut multipliers) {
            let expected = group.expected(&factors);
            for (place, multiplier) in multipliers.iter_mut().enumerate() {
                let limited = expected[place].clamp(lower[place], upper[place]);
                let miss = (limited - expected[place]) / group.spread[place];
                *multiplier += GAIN * (miss - DECAY * *multiplier);
            }
            // Lead-ins without takes at these tempi do not contribute.
            for &lead_in in &group.known {
                let of = group.figures[lead_in].iter().zip(&expected).zip(&group.spread);
                let terms = of.zip(multipliers.iter());
                wanted[lead_in] +=
                    terms.map(|(((of, mean), spread), by)| by * (of - mean) / spread).sum::<f64>();
            }
        }
        let most = MOST_FACTOR.ln();
        for ((log, factor), wanted) in logs.iter_mut().zip(&mut factors).zip(wanted) {
            *log += STRIDE * (wanted.clamp(-most, most) - *log);
            *factor = log.exp();
        }
    }
    let after = groups.each_mut().map(|group| group.expected(&factors));
    (factors, before, after)
}

#[cfg(test)]
mod tests {
    use groove::{Drum, Hit, Step};

    use super::*;

    /// Takes from two lead-ins; the figures of each are all the same, or the first one differs.
    fn takes(first: [f64; 2], drums: [[Drum; 2]; 2]) -> Vec<PlayedTake> {
        let take = |number: usize| {
            let lead_in = number % 2;
            let mut figures = [0.5; FIGURES];
            figures[0] = first[lead_in];
            let mut bar = [Step::SILENT; 16];
            bar[0].set(drums[lead_in][number / 2 % 2], Some(Hit::plain(90, 0)));
            PlayedTake { lead_in, figures, groove: Groove { bars: vec![bar], tempo: 100.0 } }
        };
        (0..400).map(take).collect()
    }

    fn groups(first: [f64; 2], drums: [[Drum; 2]; 2]) -> [TakeGroup; 2] {
        [(); 2].map(|()| TakeGroup::of(&takes(first, drums), 2))
    }

    const SAME: [[Drum; 2]; 2] = [[Drum::Kick; 2]; 2];

    fn limits(place: usize, lower: f64, upper: f64) -> [TakeFigures; 2] {
        let mut limits = [[0.0; FIGURES], [1.0; FIGURES]];
        (limits[0][place], limits[1][place]) = (lower, upper);
        limits
    }

    #[test]
    fn figures_within_limits_keep_the_weights() {
        let (factors, before, after) =
            factors(&mut groups([1.0, 0.0], SAME), &limits(0, 0.49, 0.53));
        assert_eq!(factors, [1.0, 1.0]);
        assert_eq!(before, after);
    }

    #[test]
    fn weights_move_until_figures_are_within_limits() {
        let (factors, before, after) =
            factors(&mut groups([1.0, 0.0], SAME), &limits(0, 0.78, 0.82));
        assert!((before[0][0] - 0.5).abs() < 1e-9);
        assert!((0.75..0.82).contains(&after[0][0]), "{}", after[0][0]);
        assert!(factors[0] > 1.2 && factors[1] < 0.5, "{factors:?}");
        assert!(factors.iter().all(|factor| *factor <= MOST_FACTOR));
    }

    #[test]
    fn weights_move_until_takes_differ_enough() {
        // The first lead-in always plays the same, the second one of two drums.
        let drums = [[Drum::Kick; 2], [Drum::Snare, Drum::Ride]];
        let (factors, before, after) =
            factors(&mut groups([0.5; 2], drums), &limits(PAIR_F1, 0.0, 0.34));
        assert!((before[0][PAIR_F1] - 0.375).abs() < 0.01, "{}", before[0][PAIR_F1]);
        assert!(after[0][PAIR_F1] < 0.35, "{}", after[0][PAIR_F1]);
        assert!(factors[0] < 0.9 && factors[1] > 1.05, "{factors:?}");
    }

    #[test]
    fn means_of_few_takes_are_drawn_to_the_mean_of_all() {
        let mut some = takes([1.0, 0.0], SAME);
        some.truncate(1);
        some.extend(takes([1.0, 0.0], SAME).into_iter().filter(|take| take.lead_in == 1).take(3));
        let figures = TakeGroup::of(&some, 2).figures;
        assert!((figures[0][0] - 0.5).abs() < 1e-9);
        assert!((figures[1][0] - 0.1).abs() < 1e-9);
    }
}
