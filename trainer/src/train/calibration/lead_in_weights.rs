//! Weights of lead-ins, found in free playing: takes of a style as a whole match the drummers.
//!
//! A take inherits much from its lead-in: whether it has a backbeat, a ride, and how clearly it is
//! of its style. Each lead-in's takes have mean figures; the new weights are those nearest to the
//! old ones (least relative entropy) for which the style's figures are within limits. Their factors
//! have the form exp(sum of multipliers times figures), and gradient ascent finds the multipliers.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use candle_core::Device;
use groove::generate::lead_in_choice::choose;
use groove::learn::bar_f1::{HitBars, bar_f1};
use groove::learn::data::{Data, Piece, Split};
use groove::model::{self, Model};
use groove::take::{Take, TakeControls};
use groove::{Articulation, CLASSES, Drum, Hit, Step};
use rayon::prelude::*;

use crate::files;
use crate::metrics::StyleClassifier;
use crate::metrics::backbone::BackboneShares;
use crate::metrics::bar_faults::is_strange;
use crate::metrics::comparison::{self, BarSteps, FIXED_TEMPO, Groove, human_whole, play, tempi};
use crate::metrics::free_run::{self, hits_of, hits_per_bar};
use crate::metrics::stroke_shares::pedal_on_two_and_four;

/// Takes at the drummers' tempi and as many at [`FIXED_TEMPO`], and bars of each.
const TAKES: u32 = 4_000;
const BARS: i64 = 16;
/// First seed, far from those of the evaluation and of the other calibrations.
const FIRST_SEED: u32 = 3_000_000;
/// Takes with the style's mean figures that are added to those of each lead-in: a lead-in has few,
/// and a figure of few takes is extreme by chance.
const PRIOR: f64 = 2.0;
/// Steps of the ascent, gain of each, and decay of the multipliers, which keeps them finite where
/// no weights reach the limits.
const ASCENT: usize = 40_000;
const GAIN: f64 = 0.02;
const DECAY: f64 = 0.003;
/// Limit of a weight's factor.
const MOST_FACTOR: f64 = 20.0;

/// Lower and upper limits of differences from the drummers. Takes are rather steadier than the
/// drummers, some of whose beats are solos. In order: share of bars with a backbeat; share of takes
/// with it in more than .8, and in less than .2, of the bars; share of bars with the kick on 2 or 4,
/// and on 1; share of quarters with a hat or cymbal; F1 of neighbouring bars; share of windows
/// recognised as the style; share of strange bars ([`is_strange`]), which has limits of its own;
/// share of bars with the pedal of the hi-hat on 2 and 4.
const LIMITS: [(f64, f64); SHARES] = [
    (-0.05, 0.04),
    (-0.11, 0.055),
    (-0.065, 0.0),
    (-0.03, 0.01),
    (-0.03, 0.075),
    (-0.03, 0.1),
    (-0.02, 0.002),
    (-0.035, 1.0),
    (-1.0, 1.0),
    (-0.1, 0.045),
];
/// Maximum share of strange bars; if it is less, the takes' share before times a factor, the second
/// one for styles with fewer lead-ins than [`MANY`], which would lose their variety.
const STRANGE_LIMIT: f64 = 0.09;
const STRANGE_FACTORS: [f64; 2] = [0.75, 0.85];
const MANY: usize = 150;
/// Maximum difference of hits per bar: fewer and more hits of a drum, each a share of the drummers'
/// and at least a number.
const FEWER: (f64, f64) = (0.15, 0.17);
const MORE: (f64, f64) = (0.06, 0.12);

const SHARES: usize = 10;
/// Places of two of [`LIMITS`].
const BAR_F1: usize = 6;
const STRANGE: usize = 8;
const RATES: usize = CLASSES + 2;
const FIGURES: usize = SHARES + RATES;
/// Figures of one take or means of several: those of [`LIMITS`], and [`rates`].
type Figures = [f64; FIGURES];

/// Returns the bytes of a model with new weights of the lead-ins of some styles.
pub(crate) fn with_lead_in_weights(
    path: &Path,
    bytes: &[u8],
    data: &Data,
    styles: &[u8],
) -> Result<Vec<u8>> {
    let model = Arc::new(files::parse_model(path, bytes)?);
    let trees = StyleClassifier::learn(model.metadata(), &data.pieces)
        .context("the data lacks a style of the style classifier")?;
    let mut lead_ins = model.lead_ins().to_vec();
    for &style in styles {
        let name = model.metadata().style_name(style);
        eprintln!("playing {name}, to weight its lead-ins");
        let mut limits = limits(&data.pieces, &trees, style, name)?;
        let drummers = tempi(&data.pieces, style);
        let groups = [
            TakeGroup::play(&model, &trees, style, &drummers)?,
            TakeGroup::play(&model, &trees, style, &[FIXED_TEMPO])?,
        ];
        let same = vec![1.0; lead_ins.len()];
        let strange = groups.each_ref().map(|group| group.expected(&same)[STRANGE]);
        let choice = lead_ins.iter().filter(|lead_in| lead_in.style == style).count();
        let factor = STRANGE_FACTORS[usize::from(choice < MANY)];
        limits[1][STRANGE] = STRANGE_LIMIT.max(factor * strange[0].midpoint(strange[1]));
        let (factors, before, after) = factors(&groups, &limits);
        for (number, figures) in [("before", before), ("after", after)] {
            eprintln!("{number}, at the drummers' tempi and {FIXED_TEMPO}: {figures:.3?}");
        }
        for (lead_in, factor) in lead_ins.iter_mut().zip(factors) {
            // At most `MOST_FACTOR`, far from the limits of an f32.
            #[expect(clippy::cast_possible_truncation)]
            let factor = factor as f32;
            lead_in.weight *= factor;
        }
    }
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    Ok(model::write(model.metadata(), &tensors, &lead_ins, true)?)
}

/// Lower and upper limits of the figures, from the drummers' train beats. The recall of drummers is
/// that of held-out beats.
fn limits(
    pieces: &[Piece],
    trees: &StyleClassifier,
    style: u8,
    name: &str,
) -> Result<[Figures; 2]> {
    let whole = human_whole(pieces, Split::Train, style);
    anyhow::ensure!(!whole.is_empty(), "the style has no beats to compare with");
    let beats = free_run::human(pieces, Split::Train, style);
    let mut human = figures(&whole, name, trees.human_recall(style));
    human[BAR_F1] = bar_f1(&beats);
    let first = comparison::human(pieces, Split::Train, style);
    human[SHARES..].copy_from_slice(&rates(&beats, &first));
    let (mut lower, mut upper) = (human, human);
    for (place, limits) in LIMITS.into_iter().enumerate() {
        lower[place] += limits.0;
        upper[place] += limits.1;
    }
    for (place, rate) in human.into_iter().enumerate().skip(SHARES) {
        lower[place] -= (FEWER.0 * rate).max(FEWER.1);
        upper[place] += (MORE.0 * rate).max(MORE.1);
    }
    Ok([lower, upper])
}

/// Takes of a style at one choice of tempi, by lead-in.
struct TakeGroup {
    /// Number of takes of each lead-in, in the order of the model's.
    counts: Vec<f64>,
    /// Means of the figures of each lead-in's takes and of [`PRIOR`] takes of the mean of all.
    figures: Vec<Figures>,
    /// Standard deviations over all takes.
    spread: Figures,
}

impl TakeGroup {
    fn play(
        model: &Arc<Model>,
        trees: &StyleClassifier,
        style: u8,
        tempi: &[f32],
    ) -> Result<TakeGroup> {
        let name = model.metadata().style_name(style);
        let take = |number: u32| -> Result<(usize, Figures)> {
            let tempo = tempi[number as usize * tempi.len() / TAKES as usize];
            let seed = FIRST_SEED + number;
            let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
            let lead_in = choose(model.lead_ins(), &take).context("the model has no lead-ins")?;
            let groove = Groove { bars: play(model, &take, BARS)?, tempo };
            Ok((
                lead_in,
                figures(std::slice::from_ref(&groove), name, trees.recall_of(&groove, style)),
            ))
        };
        let takes = (0..TAKES).into_par_iter().map(take).collect::<Result<Vec<_>>>()?;
        Ok(TakeGroup::of(&takes, model.lead_ins().len()))
    }

    /// Takes, each the index of a lead-in and figures.
    fn of(takes: &[(usize, Figures)], lead_ins: usize) -> TakeGroup {
        let all = takes.len() as f64;
        let mut counts = vec![0.0; lead_ins];
        let mut figures = vec![[0.0; FIGURES]; lead_ins];
        let (mut mean, mut squares) = ([0.0; FIGURES], [0.0; FIGURES]);
        for (lead_in, of_take) in takes {
            counts[*lead_in] += 1.0;
            for (place, figure) in of_take.iter().enumerate() {
                figures[*lead_in][place] += figure;
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
        let spread = std::array::from_fn(|place| deviation(place).sqrt());
        TakeGroup { counts, figures, spread }
    }

    /// Means over all lead-ins, each weighted by its takes times a factor.
    fn expected(&self, factors: &[f64]) -> Figures {
        let (mut sums, mut all) = ([0.0; FIGURES], 0.0);
        for ((figures, count), factor) in self.figures.iter().zip(&self.counts).zip(factors) {
            all += count * factor;
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += count * factor * figure);
        }
        sums.map(|sum| sum / all)
    }
}

/// Figures of one take, or means of several beats.
fn figures(grooves: &[Groove], style: &str, recall: Option<f64>) -> Figures {
    let shares = BackboneShares::of(grooves);
    let BackboneShares { backbeat, over_80, under_20, kick_2_4, kick_one, pulse, .. } = shares;
    let hits: Vec<_> = grooves.iter().map(hits_of).collect();
    let mut figures = [0.0; FIGURES];
    figures[..SHARES].copy_from_slice(&[
        backbeat,
        over_80,
        under_20,
        kick_2_4,
        kick_one,
        pulse,
        bar_f1(&hits),
        recall.unwrap_or(0.0),
        strange(grooves, style),
        pedal_on_two_and_four(grooves),
    ]);
    figures[SHARES..].copy_from_slice(&rates(&hits, grooves));
    figures
}

/// Share of the bars that are hardly a beat of the style.
fn strange(grooves: &[Groove], style: &str) -> f64 {
    let is_strange = |bar: &&BarSteps| is_strange(&bar.each_ref().map(Step::drums), style);
    let bars = grooves.iter().flat_map(|groove| &groove.bars);
    bars.clone().filter(is_strange).count() as f64 / bars.count() as f64
}

/// Hits per bar of each class, of the closed hat by foot, and of it on the edge.
fn rates(hits: &[HitBars], grooves: &[Groove]) -> [f64; RATES] {
    let bars = grooves.iter().map(|groove| groove.bars.len()).sum::<usize>() as f64;
    let hats = |articulation: Articulation| {
        let steps = grooves.iter().flat_map(|groove| groove.bars.as_flattened());
        let is = |hit: &Hit| hit.articulation == articulation;
        steps.filter_map(|step| step.hit(Drum::ClosedHat)).filter(is).count() as f64 / bars
    };
    let mut rates = [0.0; RATES];
    rates[..CLASSES].copy_from_slice(&hits_per_bar(hits, CLASSES));
    rates[CLASSES..].copy_from_slice(&[Articulation::Pedal, Articulation::Edge].map(hats));
    rates
}

/// Factors of the weights, and the figures of both groups before and after.
fn factors(
    groups: &[TakeGroup; 2],
    [lower, upper]: &[Figures; 2],
) -> (Vec<f64>, [Figures; 2], [Figures; 2]) {
    let lead_ins = groups[0].counts.len();
    let before = [0, 1].map(|group| groups[group].expected(&vec![1.0; lead_ins]));
    let mut multipliers = [[0.0; FIGURES]; 2];
    let factors = |multipliers: &[Figures; 2]| -> Vec<f64> {
        let log = |lead_in: usize| -> f64 {
            let of_group = |number: usize| -> f64 {
                let TakeGroup { counts, figures, spread } = &groups[number];
                // A lead-in without takes at these tempi has nothing to say about them.
                let known = if counts[lead_in] > 0.0 { 1.0 } else { 0.0 };
                let all = multipliers[number].iter().zip(&figures[lead_in]);
                let all = all.zip(before[number].iter().zip(spread));
                known * all.map(|((by, of), (mean, spread))| by * (of - mean) / spread).sum::<f64>()
            };
            let most = MOST_FACTOR.ln();
            (of_group(0) + of_group(1)).clamp(-most, most)
        };
        (0..lead_ins).map(|lead_in| log(lead_in).exp()).collect()
    };
    for _ in 0..ASCENT {
        let now = factors(&multipliers);
        for (group, multipliers) in groups.iter().zip(&mut multipliers) {
            let expected = group.expected(&now);
            for (place, multiplier) in multipliers.iter_mut().enumerate() {
                let wanted = expected[place].clamp(lower[place], upper[place]);
                let miss = (wanted - expected[place]) / group.spread[place];
                *multiplier += GAIN * (miss - DECAY * *multiplier);
            }
        }
    }
    let found = factors(&multipliers);
    let after = [0, 1].map(|group| groups[group].expected(&found));
    (found, before, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lead-ins with as many takes: one always has a backbeat, the other never.
    fn group() -> TakeGroup {
        let mut figures = vec![[0.5; FIGURES]; 2];
        (figures[0][0], figures[1][0]) = (1.0, 0.0);
        TakeGroup { counts: vec![600.0; 2], figures, spread: [0.5; FIGURES] }
    }

    fn limits(backbeat: f64) -> [Figures; 2] {
        let mut limits = [[0.0; FIGURES], [1.0; FIGURES]];
        (limits[0][0], limits[1][0]) = (backbeat - 0.02, backbeat + 0.02);
        limits
    }

    #[test]
    fn figures_within_limits_keep_the_weights() {
        let (factors, before, after) = factors(&[group(), group()], &limits(0.51));
        assert_eq!(factors, [1.0, 1.0]);
        assert_eq!(before, after);
    }

    #[test]
    fn weights_move_until_figures_are_within_limits() {
        let (factors, before, after) = factors(&[group(), group()], &limits(0.8));
        assert!((before[0][0] - 0.5).abs() < 1e-9);
        assert!((0.76..0.8).contains(&after[0][0]), "{}", after[0][0]);
        assert!(factors[0] > 1.5 && factors[1] < 0.7, "{factors:?}");
        assert!(factors.iter().all(|factor| *factor <= MOST_FACTOR));
    }

    #[test]
    fn means_of_few_takes_are_drawn_to_the_mean_of_all() {
        let with = |backbeat: f64| {
            let mut figures = [0.5; FIGURES];
            figures[0] = backbeat;
            figures
        };
        let takes = [(0, with(1.0)), (1, with(0.0)), (1, with(0.0)), (1, with(0.0))];
        let figures = TakeGroup::of(&takes, 2).figures;
        assert!((figures[0][0] - 0.5).abs() < 1e-9);
        assert!((figures[1][0] - 0.1).abs() < 1e-9);
    }
}
