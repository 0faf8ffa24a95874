//! The judge: trees that learn to tell played windows from human ones, asked about other files.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Serialize;

use super::comparison::{Groove, Sides};
use super::features::Features;
use super::trees::{Forest, Growth, Lesson, Scale, Table, roc_area};

/// Fewest human beats that a judge learns from.
pub(crate) const ENOUGH: usize = 8;

/// Random halvings of the files; each is judged in both directions.
const SPLITS: u64 = 4;
/// Most windows of a side that trees learn from, and are asked about.
const WINDOWS: usize = 1800;
/// Shape of the trees; the candidates are a multiple of the square root of the number of features.
const TREES: u64 = 300;
const BREADTH: f64 = 2.0;
const LEAF: usize = 1;

/// Areas under the ROC curve of a style; .5 is a guess, 1 is certain.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Judged {
    /// Mean area by the hits alone, over halvings and directions.
    pub hits: f64,
    /// Standard deviation of the same.
    pub hits_sd: f64,
    /// Mean area by hits, velocities and offsets.
    pub feel: f64,
    /// Standard deviation of the same.
    pub feel_sd: f64,
    /// The same judge on drummers alone: in every halving the human train files are labelled at
    /// random, one half as played and one as human.
    pub human_hits: f64,
    /// Standard deviation of the same.
    pub human_hits_sd: f64,
    /// As `human_hits`, with velocities and offsets.
    pub human_feel: f64,
    /// Standard deviation of the same.
    pub human_feel_sd: f64,
    /// Human train files.
    pub human_files: usize,
}

/// Sets of features: those of the hits, or all. Places in `Windows::features`.
const HITS: usize = 0;
const FEEL: usize = 1;

/// Windows of many files in one table, and the rows of each file.
struct Windows {
    table: Table,
    files: Vec<Range<usize>>,
    /// Number of features of the hits, and of all.
    features: [usize; 2],
}

impl Judged {
    /// Judges the takes of a style; `None` if there are too few human beats. The figures of
    /// drummers alone are those of `known`, where other takes of the style were judged before.
    pub(crate) fn of(sides: &Sides, known: Option<&Judged>) -> Option<Judged> {
        if sides.train.len() < ENOUGH {
            return None;
        }
        let windows = Windows::of(sides.played.iter().chain(&sides.train));
        let (played, human) = windows.files.split_at(sides.played.len());
        let areas = |feel: usize| -> (f64, f64) {
            let halving = |seed| windows.areas(played, human, feel, seed);
            mean_and_sd(&(0..SPLITS).flat_map(halving).collect::<Vec<f64>>())
        };
        let ((hits, hits_sd), (feel, feel_sd)) = (areas(HITS), areas(FEEL));
        let human_files = sides.train.len();
        if let Some(known) = known {
            return Some(Judged { hits, hits_sd, feel, feel_sd, ..*known });
        }
        let among_humans = |feel: usize| -> (f64, f64) {
            let halving = |seed| {
                let mut files = human.to_vec();
                files.shuffle(&mut ChaCha8Rng::seed_from_u64(1000 + seed));
                let (posing, human) = files.split_at(files.len() / 2);
                windows.areas(posing, human, feel, seed)
            };
            mean_and_sd(&(0..SPLITS).flat_map(halving).collect::<Vec<f64>>())
        };
        let (human_hits, human_hits_sd) = among_humans(HITS);
        let (human_feel, human_feel_sd) = among_humans(FEEL);
        Some(Judged {
            hits,
            hits_sd,
            feel,
            feel_sd,
            human_hits,
            human_hits_sd,
            human_feel,
            human_feel_sd,
            human_files,
        })
    }

    /// Heading of [`Judged::line`].
    pub(crate) const HEADING: &'static str =
        "told from drummers, ROC area      hits           feel    drummers: hits           feel";

    /// A line to read.
    pub(crate) fn line(&self, style: &str) -> String {
        let pair = |mean: f64, sd: f64| format!("{mean:>8.3} ±{sd:.3}");
        format!(
            "{style:<24}{} {}    {} {}",
            pair(self.hits, self.hits_sd),
            pair(self.feel, self.feel_sd),
            pair(self.human_hits, self.human_hits_sd),
            pair(self.human_feel, self.human_feel_sd),
        )
    }
}

impl Windows {
    fn of<'a>(grooves: impl Iterator<Item = &'a Groove>) -> Windows {
        let mut pairs = Vec::new();
        let mut files = Vec::new();
        for groove in grooves {
            let start = pairs.len();
            pairs.extend(groove.windows());
            files.push(start..pairs.len());
        }
        let features: Vec<Features> = pairs.into_par_iter().map(Features::of).collect();
        let hits = features.first().map_or(0, |features| features.hits);
        let rows: Vec<Vec<f32>> = features.into_iter().map(|features| features.all).collect();
        let all = rows.first().map_or(0, Vec::len);
        Windows { table: Table::new(&Scale::of(&rows), &rows), files, features: [hits, all] }
    }

    /// Halves the files of both sides at random, and returns the area of trees that learned from
    /// one half and judge the other, in both directions.
    fn areas(
        &self,
        played: &[Range<usize>],
        human: &[Range<usize>],
        feel: usize,
        seed: u64,
    ) -> [f64; 2] {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let mut halves = |files: &[Range<usize>]| -> [Vec<usize>; 2] {
            let mut files = files.to_vec();
            files.shuffle(&mut draws);
            let (a, b) = files.split_at(files.len() / 2);
            [a, b].map(|half| {
                let mut rows: Vec<usize> = half.iter().cloned().flatten().collect();
                rows.shuffle(&mut draws);
                rows.truncate(WINDOWS);
                rows
            })
        };
        let (played, human) = (halves(played), halves(human));
        [[0, 1], [1, 0]].map(|[learn, ask]| {
            self.area([&human[learn], &played[learn]], [&human[ask], &played[ask]], feel, seed)
        })
    }

    /// Area of trees that learned human and played rows, on other such rows.
    fn area(&self, learn: [&[usize]; 2], ask: [&[usize]; 2], feel: usize, seed: u64) -> f64 {
        let count = learn[0].len().min(learn[1].len());
        let rows = learn.map(|rows| &rows[..count]).concat();
        let labels: Vec<u8> = [vec![0; count], vec![1; count]].concat();
        let features = self.features[feel];
        let forest = Forest::fit(
            Lesson { table: &self.table, features, rows: &rows, labels: &labels },
            growth(features, seed),
        );
        let [human, played] = ask.map(|rows| -> Vec<f32> {
            rows.par_iter().map(|&row| forest.shares(&self.table, row)[1]).collect()
        });
        roc_area(&played, &human)
    }
}

/// Shape of a forest that looks at so many features.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn growth(features: usize, seed: u64) -> Growth {
    let candidates = (BREADTH * (features as f64).sqrt()).round() as usize;
    Growth { trees: TREES, candidates, leaf: LEAF, seed }
}

/// Mean and standard deviation of the population.
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::comparison::STEPS;
    use groove::{Drum, Hit, Step};
    use rand::Rng;

    /// Beats whose hits are drawn; a drum's chance is the same at every step.
    fn grooves(count: usize, chances: [f64; 2], velocity: u8, seed: u64) -> Vec<Groove> {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let mut step = || {
            let mut step = Step::SILENT;
            for (drum, chance) in [Drum::Bass, Drum::Snare].into_iter().zip(chances) {
                let hit = Hit { velocity, offset_ticks: 0 };
                step.set(drum, draws.random_bool(chance).then_some(hit));
            }
            step
        };
        let mut bar = || -> [Step; STEPS] { std::array::from_fn(|_| step()) };
        let mut groove = || Groove { bars: (0..7).map(|_| bar()).collect(), tempo: 100.0 };
        (0..count).map(|_| groove()).collect()
    }

    fn judged(played: Vec<Groove>, train: Vec<Groove>) -> Option<Judged> {
        Judged::of(&Sides { style: 0, name: String::new(), played, train, whole: Vec::new() }, None)
    }

    #[test]
    fn the_judge_tells_apart_what_differs_and_not_what_is_alike() {
        let human = grooves(16, [0.3, 0.2], 80, 1);
        let alike = judged(grooves(16, [0.3, 0.2], 80, 2), human.clone()).expect("figures");
        assert!((0.4..0.6).contains(&alike.hits), "{alike:?}");
        assert!((0.4..0.6).contains(&alike.feel), "{alike:?}");
        assert!((0.35..0.65).contains(&alike.human_hits), "{alike:?}");
        let other = judged(grooves(16, [0.1, 0.4], 80, 3), human.clone()).expect("figures");
        assert!(other.hits > 0.9, "{other:?}");
        // What differs in velocity alone is no matter of the hits.
        let louder = judged(grooves(16, [0.3, 0.2], 90, 2), human.clone()).expect("figures");
        assert!((0.4..0.6).contains(&louder.hits) && louder.feel > 0.99, "{louder:?}");
        let again = grooves(16, [0.1, 0.4], 80, 3);
        let sides =
            Sides { style: 0, name: String::new(), played: again, train: human, whole: Vec::new() };
        let again = Judged::of(&sides, Some(&louder)).expect("figures");
        assert!(again.hits == other.hits && again.human_feel == louder.human_feel);
    }

    #[test]
    fn a_few_files_are_not_judged() {
        assert!(judged(grooves(16, [0.3, 0.2], 80, 2), grooves(7, [0.3, 0.2], 80, 1)).is_none());
    }

    #[test]
    fn mean_and_standard_deviation() {
        let (mean, sd) = mean_and_sd(&[1.0, 3.0, 5.0, 7.0]);
        assert!((mean - 4.0).abs() < 1e-9 && (sd - 5f64.sqrt()).abs() < 1e-9);
    }
}
