//! Free-running metrics of takes beside drummers of the same style: steadiness, rate of each drum,
//! and share of windows copied verbatim from the training data.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Result;
use groove::model::Model;
use groove::pattern::kit::Kit;
use groove::take::Take;
use groove::{DrumSet, Step};
use serde::Serialize;

use super::comparison::{self, BarSteps, Comparison, Groove, hit_f1, is_beat};
pub(crate) use super::comparison::{STEPS, tempi};
use crate::data::{Piece, Split};

/// Minimum number of human train beats of a style.
const ENOUGH: usize = 4;

/// Hits of a bar of 4/4, step by step, as bits of the drums.
type BarHits = [u16; STEPS];

/// Bars of a take or a piece; an incomplete last bar is dropped.
pub(crate) type HitBars = Vec<BarHits>;

/// Free-running figures of a style.
#[derive(Clone, Debug, Serialize)]
pub struct FreeRun {
    /// Mean F1 of the hits of neighbouring bars.
    pub bar_f1: f64,
    /// The same of the human train beats.
    pub human_bar_f1: f64,
    /// Share of the two-bar windows that occur in the human train beats.
    pub verbatim: f64,
    /// The same of the human validation beats.
    pub human_verbatim: f64,
    /// Hits per bar, by class.
    pub hits_per_bar: Vec<f64>,
    /// The same of the human train beats.
    pub human_hits_per_bar: Vec<f64>,
}

impl FreeRun {
    /// Compares takes with the pieces of the data, read with the model's classes; `None` if the
    /// style has too few human beats.
    pub(crate) fn measure(sides: &Comparison, pieces: &[Piece], classes: usize) -> Option<FreeRun> {
        let [train, validation] =
            [Split::Train, Split::Validation].map(|split| human(pieces, split, sides.style));
        if train.len() < ENOUGH {
            return None;
        }
        let played: Vec<HitBars> = sides.played.iter().map(hits_of).collect();
        let known: HashSet<[BarHits; 2]> = train.iter().flat_map(|piece| windows(piece)).collect();
        let verbatim = |pieces: &[HitBars]| {
            let all: Vec<[BarHits; 2]> = pieces.iter().flat_map(|piece| windows(piece)).collect();
            all.iter().filter(|window| known.contains(*window)).count() as f64 / all.len() as f64
        };
        Some(FreeRun {
            bar_f1: bar_f1(&played),
            human_bar_f1: bar_f1(&train),
            verbatim: verbatim(&played),
            human_verbatim: verbatim(&validation),
            hits_per_bar: hits_per_bar(&played, classes),
            human_hits_per_bar: hits_per_bar(&train, classes),
        })
    }

    /// Returns the figures as text.
    #[must_use]
    pub fn table(&self, style: &str, kit: &Kit) -> String {
        let mut text = format!(
            "played as {style:<14}{:>10}{:>10}\n\
             bar-to-bar hit F1       {:>10.3}{:>10.3}\n\
             two-bar windows verbatim{:>10.3}{:>10.3}\n",
            "played", "human", self.bar_f1, self.human_bar_f1, self.verbatim, self.human_verbatim,
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

fn hits(bar: &BarSteps) -> BarHits {
    bar.map(|step| step.drums().bits())
}

/// Returns the hits of a beat.
pub(crate) fn hits_of(groove: &Groove) -> HitBars {
    groove.bars.iter().map(hits).collect()
}

/// Returns the human beats in 4/4 of a style and a split; style number 0 is all styles.
pub(crate) fn human(pieces: &[Piece], split: Split, style: u8) -> Vec<HitBars> {
    let beats = pieces.iter().filter(|piece| piece.split == split && is_beat(piece, style));
    beats.map(|piece| comparison::bars_of(piece).iter().map(hits).collect()).collect()
}

/// Plays the hits of the first bars of a take, in 4/4.
pub(crate) fn play(model: &Arc<Model>, take: &Take, bars: i64) -> Result<HitBars> {
    Ok(comparison::play(model, take, bars)?.iter().map(hits).collect())
}

fn windows(piece: &[BarHits]) -> impl Iterator<Item = [BarHits; 2]> + '_ {
    piece.windows(2).map(|pair| [pair[0], pair[1]])
}

/// Returns [`bar_f1`] of a sequence of steps.
pub(crate) fn bar_f1_of(steps: &[Step]) -> f64 {
    let bar = |bar: &[Step]| std::array::from_fn(|step| bar[step].drums().bits());
    bar_f1(&[steps.chunks_exact(STEPS).map(bar).collect()])
}

/// Returns the mean hit F1 of neighbouring bars that are not both empty.
pub(crate) fn bar_f1(pieces: &[HitBars]) -> f64 {
    let drums = |bar: BarHits| bar.map(DrumSet::from_bits).into_iter();
    let pairs = pieces.iter().flat_map(|piece| windows(piece));
    let (mut sum, mut count) = (0.0, 0.0);
    for f1 in pairs.filter_map(|[a, b]| hit_f1(drums(a), drums(b))) {
        sum += f1;
        count += 1.0;
    }
    sum / count
}

pub(crate) fn hits_per_bar(pieces: &[HitBars], classes: usize) -> Vec<f64> {
    let bars: usize = pieces.iter().map(Vec::len).sum();
    let mut hits = vec![0.0; classes];
    for set in pieces.iter().flatten().flatten() {
        DrumSet::from_bits(*set).iter().for_each(|drum| hits[drum.index()] += 1.0);
    }
    hits.into_iter().map(|hits| hits / bars as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_is_one_for_repetition_and_zero_without_common_hits() {
        let (mut a, mut b) = ([0; STEPS], [0; STEPS]);
        (a[0], a[4], b[0], b[8]) = (1, 2, 1, 2);
        assert!((bar_f1(&[vec![a, a, a]]) - 1.0).abs() < 1e-9);
        assert!((bar_f1(&[vec![a, b]]) - 0.5).abs() < 1e-9);
        b[0] = 2;
        assert!(bar_f1(&[vec![a, b]]).abs() < 1e-9);
    }
}
