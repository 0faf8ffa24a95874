//! The judge: a classifier two-sample test. Trees learn to separate played from human windows, and
//! score windows of other files.

pub(crate) mod features;
mod stroke_features;
pub(crate) mod trees;

use std::ops::Range;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Serialize;

use crate::metrics::comparison::{Comparison, Groove};
use features::WindowFeatures;
use trees::{FeatureScale, FeatureTable, Forest, ForestParams, TrainingSet, roc_area};

/// Minimum number of takes, and of human beats, for the judge.
pub(crate) const ENOUGH: usize = 8;

/// Random halvings of the files; each is used in both directions.
const SPLITS: u64 = 4;
/// Maximum number of windows of each class, in training and in testing.
const WINDOWS: usize = 1800;
/// Forest parameters; the number of candidate features is a multiple of the square root of all.
const TREES: u64 = 300;
const BREADTH: f64 = 2.0;
const LEAF: usize = 1;

/// Areas under the ROC curve for a style: .5 is chance, 1 is perfect separation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct JudgeAreas {
    /// Mean area from the hits alone, over halvings and directions.
    pub hits: f64,
    /// Standard deviation of `hits`.
    pub hits_sd: f64,
    /// Mean area from hits, velocities and offsets.
    pub feel: f64,
    /// Standard deviation of `feel`.
    pub feel_sd: f64,
    /// Mean area from hits, velocities, offsets, articulations and strokes.
    pub raw: f64,
    /// Standard deviation of `raw`.
    pub raw_sd: f64,
    /// The same judge on drummers alone: in every halving, half of the human train files are
    /// labelled as played at random.
    pub human_hits: f64,
    /// Standard deviation of `human_hits`.
    pub human_hits_sd: f64,
    /// As `human_hits`, from hits, velocities and offsets.
    pub human_feel: f64,
    /// Standard deviation of `human_feel`.
    pub human_feel_sd: f64,
    /// As `human_hits`, from everything.
    pub human_raw: f64,
    /// Standard deviation of `human_raw`.
    pub human_raw_sd: f64,
    /// Number of human train files.
    pub human_files: usize,
}

/// Feature sets: hits alone, hits and feel, or all. Indices into `WindowTable::features`.
const HITS: usize = 0;
const FEEL: usize = 1;
const RAW: usize = 2;

/// Windows of many files in one table, and the rows of each file.
struct WindowTable {
    table: FeatureTable,
    files: Vec<Range<usize>>,
    /// Number of features of each set.
    features: [usize; 3],
}

impl JudgeAreas {
    /// Judges the takes of a style; `None` if there are too few takes or human beats. `known`
    /// supplies the figures of drummers alone, if another set of takes was judged before.
    pub(crate) fn of(sides: &Comparison, known: Option<&JudgeAreas>) -> Option<JudgeAreas> {
        if sides.train.len().min(sides.played.len()) < ENOUGH {
            return None;
        }
        let windows = WindowTable::of(sides.played.iter().chain(&sides.train));
        let (played, human) = windows.files.split_at(sides.played.len());
        let areas = |feel: usize| -> (f64, f64) {
            let halving = |seed| windows.areas(played, human, feel, seed);
            mean_and_sd(&(0..SPLITS).flat_map(halving).collect::<Vec<f64>>())
        };
        let ((hits, hits_sd), (feel, feel_sd)) = (areas(HITS), areas(FEEL));
        let (raw, raw_sd) = areas(RAW);
        let human_files = sides.train.len();
        if let Some(known) = known {
            return Some(JudgeAreas { hits, hits_sd, feel, feel_sd, raw, raw_sd, ..*known });
        }
        let among_humans = |feel: usize| -> (f64, f64) {
            let halving = |seed| {
                let mut files = human.to_vec();
                files.shuffle(&mut ChaCha8Rng::seed_from_u64(1000 + seed));
                let (relabelled, human) = files.split_at(files.len() / 2);
                windows.areas(relabelled, human, feel, seed)
            };
            mean_and_sd(&(0..SPLITS).flat_map(halving).collect::<Vec<f64>>())
        };
        let (human_hits, human_hits_sd) = among_humans(HITS);
        let (human_feel, human_feel_sd) = among_humans(FEEL);
        let (human_raw, human_raw_sd) = among_humans(RAW);
        Some(JudgeAreas {
            hits,
            hits_sd,
            feel,
            feel_sd,
            raw,
            raw_sd,
            human_hits,
            human_hits_sd,
            human_feel,
            human_feel_sd,
            human_raw,
            human_raw_sd,
            human_files,
        })
    }

    /// Heading of [`JudgeAreas::line`].
    pub(crate) const HEADING: &'static str = "told from drummers, ROC area      hits           feel            raw    \
         drummers: hits           feel            raw";

    /// Returns the areas as a line of text.
    pub(crate) fn line(&self, style: &str) -> String {
        let pair = |mean: f64, sd: f64| format!("{mean:>8.3} ±{sd:.3}");
        format!(
            "{style:<24}{} {} {}    {} {} {}",
            pair(self.hits, self.hits_sd),
            pair(self.feel, self.feel_sd),
            pair(self.raw, self.raw_sd),
            pair(self.human_hits, self.human_hits_sd),
            pair(self.human_feel, self.human_feel_sd),
            pair(self.human_raw, self.human_raw_sd),
        )
    }
}

impl WindowTable {
    fn of<'a>(grooves: impl Iterator<Item = &'a Groove>) -> WindowTable {
        let mut pairs = Vec::new();
        let mut files = Vec::new();
        for groove in grooves {
            let start = pairs.len();
            pairs.extend(groove.windows());
            files.push(start..pairs.len());
        }
        let features: Vec<WindowFeatures> = pairs.into_par_iter().map(WindowFeatures::of).collect();
        let [hits, feel] = features.first().map_or([0; 2], |first| [first.hits, first.feel]);
        let rows: Vec<Vec<f32>> = features.into_iter().map(|features| features.all).collect();
        let all = rows.first().map_or(0, Vec::len);
        WindowTable {
            table: FeatureTable::new(&FeatureScale::of(&rows), &rows),
            files,
            features: [hits, feel, all],
        }
    }

    /// Halves the files of both classes at random, and returns the area of trees trained on one
    /// half and tested on the other, in both directions.
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

    /// Returns the area of trees trained on human and played rows, on other such rows.
    fn area(&self, learn: [&[usize]; 2], ask: [&[usize]; 2], feel: usize, seed: u64) -> f64 {
        let count = learn[0].len().min(learn[1].len());
        let rows = learn.map(|rows| &rows[..count]).concat();
        let labels: Vec<u8> = [vec![0; count], vec![1; count]].concat();
        let features = self.features[feel];
        let forest = Forest::fit(
            TrainingSet { table: &self.table, features, rows: &rows, labels: &labels },
            forest_params(features, seed),
        );
        let [human, played] = ask.map(|rows| -> Vec<f32> {
            rows.par_iter().map(|&row| forest.shares(&self.table, row)[1]).collect()
        });
        roc_area(&played, &human)
    }
}

/// Returns the forest parameters for a number of features.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn forest_params(features: usize, seed: u64) -> ForestParams {
    let candidates = (BREADTH * (features as f64).sqrt()).round() as usize;
    ForestParams { trees: TREES, candidates, leaf: LEAF, seed }
}

/// Returns mean and population standard deviation.
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::bar_f1::STEPS;
    use groove::{Drum, Hit, Step};
    use rand::Rng;

    /// Grooves of random hits; a drum has the same probability at every step.
    fn grooves(count: usize, chances: [f64; 2], velocity: u8, seed: u64) -> Vec<Groove> {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let mut step = || {
            let mut step = Step::SILENT;
            for (drum, chance) in [Drum::Kick, Drum::Snare].into_iter().zip(chances) {
                let hit = Hit::plain(velocity, 0);
                step.set(drum, draws.random_bool(chance).then_some(hit));
            }
            step
        };
        let mut bar = || -> [Step; STEPS] { std::array::from_fn(|_| step()) };
        let mut groove = || Groove { bars: (0..7).map(|_| bar()).collect(), tempo: 100.0 };
        (0..count).map(|_| groove()).collect()
    }

    fn judged(played: Vec<Groove>, train: Vec<Groove>) -> Option<JudgeAreas> {
        JudgeAreas::of(
            &Comparison { style: 0, name: String::new(), played, train, whole: Vec::new() },
            None,
        )
    }

    #[test]
    fn the_judge_separates_different_grooves_only() {
        let human = grooves(16, [0.3, 0.2], 80, 1);
        let alike = judged(grooves(16, [0.3, 0.2], 80, 2), human.clone()).expect("figures");
        assert!((0.4..0.6).contains(&alike.hits), "{alike:?}");
        assert!((0.4..0.6).contains(&alike.feel), "{alike:?}");
        assert!((0.35..0.65).contains(&alike.human_hits), "{alike:?}");
        let other = judged(grooves(16, [0.1, 0.4], 80, 3), human.clone()).expect("figures");
        assert!(other.hits > 0.9, "{other:?}");
        // A difference of velocity alone does not change the area from hits.
        let louder = judged(grooves(16, [0.3, 0.2], 90, 2), human.clone()).expect("figures");
        assert!((0.4..0.6).contains(&louder.hits) && louder.feel > 0.99, "{louder:?}");
        let again = grooves(16, [0.1, 0.4], 80, 3);
        let sides = Comparison {
            style: 0,
            name: String::new(),
            played: again,
            train: human,
            whole: Vec::new(),
        };
        let again = JudgeAreas::of(&sides, Some(&louder)).expect("figures");
        assert!(again.hits == other.hits && again.human_feel == louder.human_feel);
    }

    #[test]
    fn a_few_files_are_not_judged() {
        let of = |count: usize, seed: u64| grooves(count, [0.3, 0.2], 80, seed);
        assert!(judged(of(16, 2), of(7, 1)).is_none());
        assert!(judged(of(7, 2), of(16, 1)).is_none());
        assert!(judged(of(8, 2), of(8, 1)).is_some());
    }

    #[test]
    fn mean_and_standard_deviation_are_exact() {
        let (mean, sd) = mean_and_sd(&[1.0, 3.0, 5.0, 7.0]);
        assert!((mean - 4.0).abs() < 1e-9 && (sd - 5f64.sqrt()).abs() < 1e-9);
    }
}
