//! Free-running metrics of takes beside drummers of the same style: steadiness, rate of each drum,
//! and share of windows copied verbatim from the training data.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Result;
use groove::DrumSet;
use groove::learn::bar_f1::{BarHits, HitBars, bar_f1, windows};
use groove::learn::data::{Piece, Split};
use groove::model::Model;
use groove::pattern::kit::DrumClasses;
use groove::take::Take;
use serde::Serialize;

pub(crate) use super::comparison::tempi;
use super::comparison::{self, BarSteps, Comparison, Groove, is_beat};

/// Minimum number of human train beats of a style.
const ENOUGH: usize = 4;

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
    pub fn table(&self, style: &str, kit: &DrumClasses) -> String {
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

pub(crate) fn hits_per_bar(pieces: &[HitBars], classes: usize) -> Vec<f64> {
    let bars: usize = pieces.iter().map(Vec::len).sum();
    let mut hits = vec![0.0; classes];
    for set in pieces.iter().flatten().flatten() {
        DrumSet::from_bits(*set).iter().for_each(|drum| hits[drum.index()] += 1.0);
    }
    hits.into_iter().map(|hits| hits / bars as f64).collect()
}
