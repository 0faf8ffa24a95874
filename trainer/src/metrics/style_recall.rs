//! Style recall: trees trained on five styles of drummers and on the programmed and own styles of
//! the data classify the takes by their hits. With programmed styles the tempo counts, too, as
//! independent of the hits: these are defined by a range of tempi, and two-step has the same figures
//! as drum and bass at 172 bpm and as garage at 132.

use std::collections::BTreeMap;

use groove::learn::data::{Piece, Split};
use groove::model::Metadata;
use groove::pattern::style::{FIRST_PROGRAMMED, OWN_STYLES};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Serialize;

use super::comparison::{Comparison, Groove, human, tempi};
use super::judge::features::WindowFeatures;
use super::judge::forest_params;
use super::judge::trees::{FeatureScale, FeatureTable, Forest, ForestParams, TrainingSet};

/// Recorded styles among the classes, if the data has all of them.
const RECORDED: [&str; 5] = ["rock", "funk", "jazz", "hiphop", "latin"];

/// Forests, each trained on a new sample with the same number of windows per style, and trees of
/// each.
const FORESTS: u64 = 8;
const TREES: u64 = 40;

/// Two tempi are alike up to this distance, in octaves.
const TEMPO_DISTANCE: f32 = 0.1;
/// Share of a style's bars that is added for every tempo, so that none is excluded.
const TEMPO_PRIOR: f32 = 0.02;

/// Share of the windows of a style that are classified correctly.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StyleRecall {
    /// Of the takes; `None` if the style was not played.
    pub played: Option<f64>,
    /// Of the drummers' validation beats; `None` if the style has none.
    pub human: Option<f64>,
}

/// A trained style classifier.
#[derive(Debug)]
pub(crate) struct StyleClassifier {
    scale: FeatureScale,
    forests: Vec<Forest>,
    /// Style numbers in the order of the classes, each with the recall of the drummers.
    styles: Vec<(u8, Option<f64>)>,
    /// Tempi of the train bars of each class; empty if the tempo does not count.
    tempi: Vec<Vec<f32>>,
}

impl StyleClassifier {
    /// Trains on the train beats; `None` if the data lacks one of the recorded styles and has fewer
    /// than two programmed or own ones.
    pub(crate) fn learn(metadata: &Metadata, pieces: &[Piece]) -> Option<StyleClassifier> {
        let mut draws = ChaCha8Rng::seed_from_u64(1);
        let windows_of = |style: u8| rows(&human(pieces, Split::Train, style));
        let with_windows = |style: u8| {
            let windows = windows_of(style);
            (!windows.is_empty()).then_some((style, windows))
        };
        let recorded =
            RECORDED.iter().filter_map(|name| with_windows(metadata.style_number(name)?));
        let mut classes: Vec<(u8, Vec<Vec<f32>>)> = recorded.collect();
        if classes.len() < RECORDED.len() {
            classes.clear();
        }
        let numbers = metadata.style_numbers.iter().copied();
        let more = |&style: &u8| style >= FIRST_PROGRAMMED || OWN_STYLES.contains(&style);
        classes.extend(numbers.filter(more).filter_map(with_windows));
        if classes.len() < 2 {
            return None;
        }
        let (styles, windows): (Vec<u8>, Vec<Vec<Vec<f32>>>) = classes.into_iter().unzip();
        let count = windows.iter().map(Vec::len).min()?;
        let labels: Vec<u8> = (0u8..).zip(&styles).flat_map(|(n, _)| vec![n; count]).collect();
        let mut first = 0;
        let mut places: Vec<Vec<usize>> = Vec::new();
        for windows in &windows {
            places.push((first..first + windows.len()).collect());
            first += windows.len();
        }
        let rows = windows.concat();
        let scale = FeatureScale::of(&rows);
        let table = FeatureTable::new(&scale, &rows);
        let features = rows[0].len();
        let mut forest = |seed: u64| {
            let mut drawn = Vec::new();
            for places in &mut places {
                places.shuffle(&mut draws);
                drawn.extend_from_slice(&places[..count]);
            }
            let set = TrainingSet { table: &table, features, rows: &drawn, labels: &labels };
            Forest::fit(set, ForestParams { trees: TREES, ..forest_params(features, seed) })
        };
        let forests = (0..FORESTS).map(&mut forest).collect();
        let is_programmed = styles.iter().any(|&style| style >= FIRST_PROGRAMMED);
        let heard = styles.iter().filter(|_| is_programmed);
        let tempi = heard.map(|&style| tempi(pieces, style)).collect();
        let unknown = styles.iter().map(|&style| (style, None)).collect();
        let mut trees = StyleClassifier { scale, forests, styles: unknown, tempi };
        for (class, style) in styles.into_iter().enumerate() {
            trees.styles[class].1 = trees.recall(&human(pieces, Split::Validation, style), class);
        }
        Some(trees)
    }

    /// Returns the recall of every style.
    pub(crate) fn recalls(
        &self,
        metadata: &Metadata,
        sides: &[Comparison],
    ) -> BTreeMap<String, StyleRecall> {
        let recalls = |(class, &(style, human)): (usize, &(u8, Option<f64>))| {
            let played = sides.iter().find(|sides| sides.style == style);
            let played = played.and_then(|sides| self.recall(&sides.played, class));
            (metadata.style_name(style).to_owned(), StyleRecall { played, human })
        };
        self.styles.iter().enumerate().map(recalls).collect()
    }

    /// Returns the recall of the drummers' validation beats of a style, if it is a class.
    pub(crate) fn human_recall(&self, style: u8) -> Option<f64> {
        self.styles.iter().find(|(number, _)| *number == style).and_then(|(_, recall)| *recall)
    }

    /// Returns the share of a groove's windows that are classified as the style; `None` if it is
    /// not a class.
    pub(crate) fn recall_of(&self, groove: &Groove, style: u8) -> Option<f64> {
        let class = self.styles.iter().position(|(number, _)| *number == style)?;
        self.recall(std::slice::from_ref(groove), class)
    }

    /// Returns the share of the windows that are classified as the class; `None` without windows.
    fn recall(&self, grooves: &[Groove], class: usize) -> Option<f64> {
        let rows = rows(grooves);
        let of_groove =
            |groove: &Groove| vec![self.tempo_shares(groove.tempo); groove.windows().count()];
        let by_tempo: Vec<Vec<f32>> = grooves.iter().flat_map(of_groove).collect();
        let table = FeatureTable::new(&self.scale, &rows);
        let is_right = |&row: &usize| {
            let mut votes = vec![0.0; self.styles.len()];
            for forest in &self.forests {
                let shares = forest.shares(&table, row);
                votes.iter_mut().zip(shares).for_each(|(vote, share)| *vote += share);
            }
            votes.iter_mut().zip(&by_tempo[row]).for_each(|(vote, share)| *vote *= share);
            let best = (0..votes.len()).max_by(|&a, &b| votes[a].total_cmp(&votes[b]));
            best == Some(class)
        };
        let right = (0..rows.len()).into_par_iter().filter(is_right).count();
        (!rows.is_empty()).then(|| right as f64 / rows.len() as f64)
    }

    /// Shares of each class's train bars at about a tempo; 1 for all if the tempo does not count.
    fn tempo_shares(&self, tempo: f32) -> Vec<f32> {
        if self.tempi.is_empty() {
            return vec![1.0; self.styles.len()];
        }
        let is_alike = |other: &&f32| (tempo / **other).log2().abs() <= TEMPO_DISTANCE;
        let share = |tempi: &Vec<f32>| {
            tempi.iter().filter(is_alike).count() as f32 / tempi.len().max(1) as f32 + TEMPO_PRIOR
        };
        self.tempi.iter().map(share).collect()
    }
}

/// Returns the features of all windows.
fn rows(grooves: &[Groove]) -> Vec<Vec<f32>> {
    let windows: Vec<_> = grooves.iter().flat_map(Groove::windows).collect();
    let features = |window| {
        let WindowFeatures { mut all, feel, .. } = WindowFeatures::of(window);
        all.truncate(feel);
        all
    };
    windows.into_par_iter().map(features).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::bar_f1::STEPS;
    use groove::model::Stack;
    use groove::model::encode::Kind;
    use groove::{Drum, Hit, Meter, Step};

    /// Six bars with one drum every `every` steps.
    fn piece(style: u8, drum: Drum, every: usize, split: Split) -> Piece {
        let meter = Meter::FOUR_FOUR;
        let kind = Kind { style, blend: (0, 0.0), tempo: 90.0, meter, fill: false };
        let mut steps = vec![Step::SILENT; 6 * STEPS];
        for step in steps.iter_mut().step_by(every) {
            step.set(drum, Some(Hit::plain(90, 0)));
        }
        Piece { steps, kind, split }
    }

    #[test]
    fn different_styles_are_recognised() {
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let mut pieces = Vec::new();
        for (style, drum) in RECORDED.iter().zip(Drum::ALL) {
            let style = metadata.style_number(style).expect("a style");
            for split in [Split::Train, Split::Validation] {
                pieces.push(piece(style, drum, 3, split));
                pieces.push(piece(style, drum, 4, split));
            }
        }
        let trees = StyleClassifier::learn(&metadata, &pieces).expect("trees");
        let rock = metadata.style_number("rock").expect("a style");
        let takes = |drum| {
            let piece = piece(rock, drum, 4, Split::Train);
            human(&[piece], Split::Train, rock)
        };
        let recalls = |drum| {
            let (name, played) = ("rock".to_owned(), takes(drum));
            trees.recalls(
                &metadata,
                &[Comparison { style: rock, name, played, train: Vec::new(), whole: Vec::new() }],
            )
        };
        let right = recalls(Drum::ALL[0]);
        assert_eq!(right.len(), RECORDED.len());
        assert_eq!((right["rock"].played, right["rock"].human), (Some(1.0), Some(1.0)));
        assert_eq!(right["jazz"].played, None);
        assert_eq!(recalls(Drum::ALL[2])["rock"].played, Some(0.0), "played like jazz");
        assert!(StyleClassifier::learn(&metadata, &pieces[4..]).is_none(), "no rock");
        let programmed = |style, drum| piece(style, drum, 4, Split::Train);
        let two = [programmed(26, Drum::Kick), programmed(27, Drum::Ride)];
        let trees = StyleClassifier::learn(&metadata, &two).expect("trees");
        assert_eq!(trees.recall(&human(&two[..1], Split::Train, 26), 0), Some(1.0));
        assert!(StyleClassifier::learn(&metadata, &two[..1]).is_none(), "nothing to tell apart");
        let mut alike = [programmed(26, Drum::Kick), programmed(27, Drum::Kick)];
        alike[1].kind.tempo = 170.0;
        let trees = StyleClassifier::learn(&metadata, &alike).expect("trees");
        for (class, piece) in alike.iter().enumerate() {
            let beats = human(std::slice::from_ref(piece), Split::Train, piece.kind.style);
            assert_eq!(trees.recall(&beats, class), Some(1.0));
        }
        let more = [&pieces[..], &two].concat();
        let trees = StyleClassifier::learn(&metadata, &more).expect("trees");
        assert_eq!(trees.styles.len(), RECORDED.len() + 2);
    }
}
