//! What a model plays, beside what drummers of the same style played: how steady it is, how often
//! each drum is struck, how much of it stands verbatim in what it learned from, and whether a
//! random forest can tell the two apart.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use groove::generate::Drummer;
use groove::kit::Kit;
use groove::model::Model;
use groove::take::Take;
use groove::{DrumSet, Meter, Step};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Serialize;
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::data::{Piece, Split};

/// Takes that are played of a style, and bars of each. A quarter of them would leave the rate of
/// the crash uncertain by a quarter of itself.
const TAKES: u32 = 240;
const BARS: i64 = 16;

/// Most two-bar windows of either side that the forest learns from, and is asked about.
const WINDOWS: usize = 700;

/// Steps in a bar of 4/4; other meters are left out.
pub(crate) const STEPS: usize = 16;

/// What is struck in one bar of 4/4, step by step.
type BarHits = [u16; STEPS];

/// A piece as bars of 4/4; an unfinished last bar is left out.
pub(crate) type Piecewise = Vec<BarHits>;

/// Figures of what is played as one style.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// Mean F1 of the hits of neighbouring bars.
    pub bar_f1: f64,
    /// The same of the human train beats.
    pub human_bar_f1: f64,
    /// Area under the ROC curve of a forest that tells played from human windows; 0.5 is a guess.
    pub roc_area: f64,
    /// Share of the two-bar windows that stand in the human train beats.
    pub verbatim: f64,
    /// The same of the human validation beats.
    pub human_verbatim: f64,
    /// By class: hits a bar.
    pub hits_per_bar: Vec<f64>,
    /// The same of the human train beats.
    pub human_hits_per_bar: Vec<f64>,
}

impl Played {
    /// Plays a style and compares. `pieces` are all pieces of the data, as the model's classes.
    ///
    /// # Errors
    /// When the network cannot be computed, or the style has too few human beats.
    pub fn measure(model: &Arc<Model>, pieces: &[Piece], style: u8) -> Result<Played> {
        let (train, validation) =
            (human(pieces, Split::Train, style), human(pieces, Split::Validation, style));
        anyhow::ensure!(train.len() >= 4, "there are too few human beats of the style");
        let tempi = tempi(pieces, style);
        let take = |seed: u32| {
            let tempo = tempi[seed as usize * tempi.len() / TAKES as usize];
            play(model, &Take { seed, style, tempo, ..Take::default() }, BARS)
        };
        let played: Vec<Piecewise> = (0..TAKES).into_par_iter().map(take).collect::<Result<_>>()?;
        let known: HashSet<[BarHits; 2]> = train.iter().flat_map(|piece| windows(piece)).collect();
        let verbatim = |pieces: &[Piecewise]| {
            let all: Vec<[BarHits; 2]> = pieces.iter().flat_map(|piece| windows(piece)).collect();
            all.iter().filter(|window| known.contains(*window)).count() as f64 / all.len() as f64
        };
        let classes = model.metadata().classes.classes();
        Ok(Played {
            bar_f1: bar_f1(&played),
            human_bar_f1: bar_f1(&train),
            roc_area: told_apart(&played, &train, classes)?,
            verbatim: verbatim(&played),
            human_verbatim: verbatim(&validation),
            hits_per_bar: hits_per_bar(&played, classes),
            human_hits_per_bar: hits_per_bar(&train, classes),
        })
    }

    /// Lines to read.
    #[must_use]
    pub fn table(&self, style: &str, kit: &Kit) -> String {
        let mut text = format!(
            "played as {style:<14}{:>10}{:>10}\n\
             bar-to-bar hit F1       {:>10.3}{:>10.3}\n\
             two-bar windows verbatim{:>10.3}{:>10.3}\n\
             told apart, ROC area    {:>10.3}\n",
            "played",
            "human",
            self.bar_f1,
            self.human_bar_f1,
            self.verbatim,
            self.human_verbatim,
            self.roc_area,
        );
        for (drum, class) in kit.lanes() {
            let (played, human) =
                (self.hits_per_bar[drum.index()], self.human_hits_per_bar[drum.index()]);
            let name = format!("{} a bar", class.name);
            text += &format!("{name:<24}{played:>10.2}{human:>10.2}\n");
        }
        text
    }
}

fn bars_of(piece: &Piece) -> Piecewise {
    piece
        .steps
        .chunks_exact(STEPS)
        .map(|bar| std::array::from_fn(|step| bar[step].drums().bits()))
        .collect()
}

/// The human beats in 4/4 of a style and a split; style number 0 is all styles.
pub(crate) fn human(pieces: &[Piece], split: Split, style: u8) -> Vec<Piecewise> {
    let beats = pieces.iter().filter(|piece| piece.split == split && is_beat(piece, style));
    beats.map(bars_of).collect()
}

/// The tempo of each bar of the human train beats of a style, so that long pieces count for more.
pub(crate) fn tempi(pieces: &[Piece], style: u8) -> Vec<f32> {
    pieces
        .iter()
        .filter(|piece| piece.split == Split::Train && is_beat(piece, style))
        .flat_map(|piece| vec![piece.kind.tempo; piece.steps.len().div_ceil(STEPS)])
        .collect()
}

fn is_beat(piece: &Piece, style: u8) -> bool {
    let kind = &piece.kind;
    (style == 0 || kind.style == style) && !kind.fill && kind.meter == Meter::FOUR_FOUR
}

/// Plays the first bars of a take, in 4/4.
pub(crate) fn play(model: &Arc<Model>, take: &Take, bars: i64) -> Result<Piecewise> {
    let mut drummer = Drummer::new(model.clone());
    (0..bars)
        .map(|bar| {
            let bar = drummer.bar(take, Meter::FOUR_FOUR, bar)?;
            Ok(std::array::from_fn(|step| bar.steps()[step].drums().bits()))
        })
        .collect()
}

fn windows(piece: &[BarHits]) -> impl Iterator<Item = [BarHits; 2]> + '_ {
    piece.windows(2).map(|pair| [pair[0], pair[1]])
}

/// [`bar_f1`] of a run of steps.
pub(crate) fn bar_f1_of(steps: &[Step]) -> f64 {
    let bar = |bar: &[Step]| std::array::from_fn(|step| bar[step].drums().bits());
    bar_f1(&[steps.chunks_exact(STEPS).map(bar).collect()])
}

/// Mean over neighbouring bars, not both empty, of the F1 of their hits.
pub(crate) fn bar_f1(pieces: &[Piecewise]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for [a, b] in pieces.iter().flat_map(|piece| windows(piece)) {
        let count = |bits: &dyn Fn(usize) -> u16| -> u32 {
            (0..STEPS).map(|step| bits(step).count_ones()).sum()
        };
        let both = count(&|step| a[step] & b[step]);
        let all = count(&|step| a[step]) + count(&|step| b[step]);
        if all > 0 {
            sum += 2.0 * f64::from(both) / f64::from(all);
            pairs += 1.0;
        }
    }
    sum / pairs
}

pub(crate) fn hits_per_bar(pieces: &[Piecewise], classes: usize) -> Vec<f64> {
    let bars: usize = pieces.iter().map(Vec::len).sum();
    let mut hits = vec![0.0; classes];
    for set in pieces.iter().flatten().flatten() {
        DrumSet::from_bits(*set).iter().for_each(|drum| hits[drum.index()] += 1.0);
    }
    hits.into_iter().map(|hits| hits / bars as f64).collect()
}

/// Area under the ROC curve of a random forest that learned, on one half of the pieces of either
/// side, to tell played windows from human ones, on the other half.
fn told_apart(played: &[Piecewise], human: &[Piecewise], classes: usize) -> Result<f64> {
    let mut draws = ChaCha8Rng::seed_from_u64(1);
    let mut sides = Vec::new();
    for (pieces, label) in [(played, 1.0f32), (human, 0.0)] {
        let mut order: Vec<&Piecewise> = pieces.iter().collect();
        order.shuffle(&mut draws);
        let (learn, ask) = order.split_at(order.len() / 2);
        for half in [learn, ask] {
            let mut rows: Vec<[BarHits; 2]> =
                half.iter().flat_map(|piece| windows(piece)).collect();
            rows.shuffle(&mut draws);
            rows.truncate(WINDOWS);
            sides.push((rows, label));
        }
    }
    let part = |half: usize| -> Result<(DenseMatrix<f32>, Vec<f32>)> {
        let mut rows = Vec::new();
        let mut labels = Vec::new();
        for (windows, label) in sides.iter().skip(half).step_by(2) {
            for window in windows {
                rows.push(cells(window, classes));
                labels.push(*label);
            }
        }
        let matrix = DenseMatrix::from_2d_vec(&rows).map_err(|fault| anyhow!("{fault}"))?;
        Ok((matrix, labels))
    };
    let ((learn, labels), (ask, truth)) = (part(0)?, part(1)?);
    // A regression of the labels 0 and 1: the mean of the leaves is the share of played windows.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let looked_at = ((2 * STEPS * classes) as f64).sqrt().round() as usize;
    let parameters = RandomForestRegressorParameters::default()
        .with_n_trees(150)
        .with_m(looked_at)
        .with_min_samples_leaf(2)
        .with_seed(1);
    let forest = RandomForestRegressor::fit(&learn, &labels, parameters)
        .map_err(|fault| anyhow!("{fault}"))?;
    let scores: Vec<f32> = forest.predict(&ask).map_err(|fault| anyhow!("{fault}"))?;
    Ok(roc_area(&scores, &truth))
}

/// A window as cells of 0 and 1: step by step, drum by drum.
fn cells(window: &[BarHits; 2], classes: usize) -> Vec<f32> {
    let bits = window.iter().flatten();
    bits.flat_map(|set| (0..classes).map(move |class| f32::from(set >> class & 1))).collect()
}

/// The chance that a positive is scored above a negative; ties count a half.
fn roc_area(scores: &[f32], truth: &[f32]) -> f64 {
    let of = |label: f32| {
        let kept = scores.iter().zip(truth).filter(move |(_, t)| **t == label);
        kept.map(|(score, _)| *score).collect::<Vec<f32>>()
    };
    let (positive, negative) = (of(1.0), of(0.0));
    let mut wins = 0.0;
    for p in &positive {
        for n in &negative {
            wins += if p > n { 1.0 } else { 0.5 * f64::from(u8::from(p == n)) };
        }
    }
    wins / (positive.len() * negative.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_is_one_for_what_repeats_and_nought_for_what_shares_nothing() {
        let (mut a, mut b) = ([0; STEPS], [0; STEPS]);
        (a[0], a[4], b[0], b[8]) = (1, 2, 1, 2);
        assert!((bar_f1(&[vec![a, a, a]]) - 1.0).abs() < 1e-9);
        assert!((bar_f1(&[vec![a, b]]) - 0.5).abs() < 1e-9);
        b[0] = 2;
        assert!(bar_f1(&[vec![a, b]]).abs() < 1e-9);
    }

    #[test]
    fn the_area_is_the_chance_of_the_right_order() {
        assert!((roc_area(&[0.9, 0.8, 0.1], &[1.0, 1.0, 0.0]) - 1.0).abs() < 1e-9);
        assert!((roc_area(&[0.5, 0.5], &[1.0, 0.0]) - 0.5).abs() < 1e-9);
        assert!(roc_area(&[0.1, 0.9], &[1.0, 0.0]).abs() < 1e-9);
    }

    #[test]
    fn a_forest_tells_apart_what_differs_and_not_what_is_alike() {
        // Bars that strike one drum at four steps, shifted from piece to piece.
        let pieces = |count: usize, drum: u16, salt: usize| -> Vec<Piecewise> {
            let bar =
                |k: usize| std::array::from_fn(|i| if (i * 7 + k * 5) % 11 < 3 { drum } else { 0 });
            (0..count)
                .map(|piece| (0..9).map(|n| bar(piece * 13 + n * n + salt)).collect())
                .collect()
        };
        let alike = told_apart(&pieces(20, 1, 0), &pieces(20, 1, 3), 9).expect("a forest");
        let other = told_apart(&pieces(20, 1, 0), &pieces(20, 2, 0), 9).expect("a forest");
        assert!((0.3..0.7).contains(&alike), "{alike}");
        assert!(other > 0.99, "{other}");
    }
}
