//! Style recall: trees that learned five styles from drummers are asked for the style of takes.

use std::collections::BTreeMap;

use groove::model::Metadata;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Serialize;

use super::comparison::{Groove, Sides, human};
use super::features::Features;
use super::judge::growth;
use super::trees::{Forest, Growth, Lesson, Scale, Table};
use crate::data::{Piece, Split};

/// Styles that are told apart.
const STYLES: [&str; 5] = ["rock", "funk", "jazz", "hiphop", "latin"];

/// Forests, each grown from as many windows of every style as the rarest one has, drawn anew.
const FORESTS: u64 = 8;
const TREES: u64 = 40;

/// Share of the windows of a style that the trees give the right style.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StyleTold {
    /// Of the takes; none if the style was not played.
    pub played: Option<f64>,
    /// Of the drummers' validation beats; none if there is none of the style.
    pub human: Option<f64>,
}

/// Trees that know the styles.
#[derive(Debug)]
pub(crate) struct StyleTrees {
    scale: Scale,
    forests: Vec<Forest>,
    /// Style numbers in the order of the classes, with the recall of the drummers.
    styles: Vec<(u8, Option<f64>)>,
}

impl StyleTrees {
    /// Learns the styles from the human train beats; `None` if the data lacks one of them.
    pub(crate) fn learn(metadata: &Metadata, pieces: &[Piece]) -> Option<StyleTrees> {
        let mut draws = ChaCha8Rng::seed_from_u64(1);
        let styles: Vec<u8> =
            STYLES.iter().filter_map(|name| metadata.style_number(name)).collect();
        let windows: Vec<Vec<Vec<f32>>> =
            styles.iter().map(|&style| rows(&human(pieces, Split::Train, style))).collect();
        let count = windows.iter().map(Vec::len).min()?;
        if count == 0 || styles.len() < STYLES.len() {
            return None;
        }
        let labels: Vec<u8> = (0u8..).zip(&styles).flat_map(|(n, _)| vec![n; count]).collect();
        let mut first = 0;
        let mut places: Vec<Vec<usize>> = Vec::new();
        for windows in &windows {
            places.push((first..first + windows.len()).collect());
            first += windows.len();
        }
        let rows = windows.concat();
        let scale = Scale::of(&rows);
        let table = Table::new(&scale, &rows);
        let features = rows[0].len();
        let mut forest = |seed: u64| {
            let mut drawn = Vec::new();
            for places in &mut places {
                places.shuffle(&mut draws);
                drawn.extend_from_slice(&places[..count]);
            }
            let lesson = Lesson { table: &table, features, rows: &drawn, labels: &labels };
            Forest::fit(lesson, Growth { trees: TREES, ..growth(features, seed) })
        };
        let forests = (0..FORESTS).map(&mut forest).collect();
        let mut trees = StyleTrees { scale, forests, styles: Vec::new() };
        for (class, &style) in styles.iter().enumerate() {
            let recall = trees.recall(&human(pieces, Split::Validation, style), class);
            trees.styles.push((style, recall));
        }
        Some(trees)
    }

    /// The recalls of the styles, given the takes of some of them.
    pub(crate) fn told(&self, metadata: &Metadata, sides: &[Sides]) -> BTreeMap<String, StyleTold> {
        let told = |(class, &(style, human)): (usize, &(u8, Option<f64>))| {
            let played = sides.iter().find(|sides| sides.style == style);
            let played = played.and_then(|sides| self.recall(&sides.played, class));
            (metadata.style_name(style).to_owned(), StyleTold { played, human })
        };
        self.styles.iter().enumerate().map(told).collect()
    }

    /// Share of the windows that are given the class; `None` if there are no windows.
    fn recall(&self, grooves: &[Groove], class: usize) -> Option<f64> {
        let rows = rows(grooves);
        let table = Table::new(&self.scale, &rows);
        let is_right = |&row: &usize| {
            let mut votes = [0.0; STYLES.len()];
            for forest in &self.forests {
                let shares = forest.shares(&table, row);
                votes.iter_mut().zip(shares).for_each(|(vote, share)| *vote += share);
            }
            let best = (0..votes.len()).max_by(|&a, &b| votes[a].total_cmp(&votes[b]));
            best == Some(class)
        };
        let right = (0..rows.len()).into_par_iter().filter(is_right).count();
        (!rows.is_empty()).then(|| right as f64 / rows.len() as f64)
    }
}

/// All features of all windows.
fn rows(grooves: &[Groove]) -> Vec<Vec<f32>> {
    let windows: Vec<_> = grooves.iter().flat_map(Groove::windows).collect();
    windows.into_par_iter().map(|window| Features::of(window).all).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::comparison::STEPS;
    use groove::encode::Kind;
    use groove::model::Stack;
    use groove::{Drum, Hit, Meter, Step};

    /// Six bars that strike one drum every so many steps.
    fn piece(style: u8, drum: Drum, every: usize, split: Split) -> Piece {
        let meter = Meter::FOUR_FOUR;
        let kind = Kind { style, blend: (0, 0.0), tempo: 90.0, meter, fill: false };
        let mut steps = vec![Step::SILENT; 6 * STEPS];
        for step in steps.iter_mut().step_by(every) {
            step.set(drum, Some(Hit { velocity: 90, offset_ticks: 0 }));
        }
        Piece { steps, kind, split }
    }

    #[test]
    fn styles_that_differ_are_told_and_others_are_not() {
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let mut pieces = Vec::new();
        for (style, drum) in STYLES.iter().zip(Drum::ALL) {
            let style = metadata.style_number(style).expect("a style");
            for split in [Split::Train, Split::Validation] {
                pieces.push(piece(style, drum, 3, split));
                pieces.push(piece(style, drum, 4, split));
            }
        }
        let trees = StyleTrees::learn(&metadata, &pieces).expect("trees");
        let rock = metadata.style_number("rock").expect("a style");
        let takes = |drum| {
            let piece = piece(rock, drum, 4, Split::Train);
            human(&[piece], Split::Train, rock)
        };
        let told = |drum| {
            let (name, played) = ("rock".to_owned(), takes(drum));
            trees.told(
                &metadata,
                &[Sides { style: rock, name, played, train: Vec::new(), whole: Vec::new() }],
            )
        };
        let right = told(Drum::ALL[0]);
        assert_eq!(right.len(), STYLES.len());
        assert_eq!((right["rock"].played, right["rock"].human), (Some(1.0), Some(1.0)));
        assert_eq!(right["jazz"].played, None);
        assert_eq!(told(Drum::ALL[2])["rock"].played, Some(0.0), "played like jazz");
        assert!(StyleTrees::learn(&metadata, &pieces[4..]).is_none(), "no rock");
    }
}
