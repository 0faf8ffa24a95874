//! Teacher-forced metrics: the likelihood of the hits, and the errors of the median velocity and
//! offset, over whole pieces without dropout.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use anyhow::{Context, Result};
use rayon::prelude::*;

use crate::learn::data::Piece;
use crate::learn::data::batch::{Batch, pack};
use crate::learn::network::kernel;
use crate::learn::network::net::{Net, NetState, Outputs};
use crate::learn::network::storage::with_slice;
use crate::model::calibration::add_logit_bias;
use crate::model::feel::{FEEL_LOGITS, OFFSET_BIN, VELOCITY_BIN, VELOCITY_BINS, bins, median};
use crate::model::lead_in::{Grouping, step_of_four_four};
use crate::model::offset_correction::OffsetErrors;
use crate::model::{Figures, Metadata};
use crate::pattern::Step;
use crate::pattern::TICKS_PER_STEP;
use crate::pattern::drum::CLASSES;
use crate::pattern::style::{ANY, style_number};

/// Maximum number of rows that are evaluated at once, unless a piece is longer: they take 30 kB each.
const MOST_ROWS: usize = 4096;

/// Minimum number of pieces for the figure of a style.
const ENOUGH: usize = 2;

/// Sums over steps and hits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    steps: f64,
    /// Negative log-likelihood of the hits, in nats.
    nll: f64,
    hits: f64,
    /// Absolute error of velocity (1 to 127), and of offset in milliseconds.
    velocity: f64,
    offset_ms: f64,
    /// By velocity bin: predicted hits minus played hits.
    excess: [f64; VELOCITY_BINS],
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        self.steps += other.steps;
        self.nll += other.nll;
        self.hits += other.hits;
        self.velocity += other.velocity;
        self.offset_ms += other.offset_ms;
        for (excess, other) in self.excess.iter_mut().zip(other.excess) {
            *excess += other;
        }
    }
}

impl Score {
    /// Returns the perplexity per step over the subsets of drums.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        (self.nll / self.steps).exp()
    }

    /// Returns the Wasserstein-1 distance between predicted and played velocities (1 to 127).
    fn velocity_w1(&self) -> f64 {
        let mut surplus = 0.0;
        let mut moved = 0.0;
        for excess in self.excess {
            surplus += excess;
            moved += f64::abs(surplus) * f64::from(VELOCITY_BIN);
        }
        moved / self.hits
    }
}

/// Predictions of packed pieces, row by row.
pub struct Predictions {
    /// Rows x subsets: log-probabilities.
    pub hits: Vec<f32>,
    /// Rows x classes x [`FEEL_LOGITS`].
    pub feel: Vec<f32>,
}

impl Predictions {
    /// The predictions of a batch, given the networks' outputs.
    pub fn new(outputs: &Outputs, batch: &Batch) -> Result<Predictions> {
        let hits = outputs.hit_log_probabilities(batch)?;
        Ok(Predictions { hits, feel: with_slice(&outputs.feel, <[f32]>::to_vec)? })
    }

    /// Scores each piece, given the row of each of its steps.
    pub fn scores(
        &self,
        metadata: &Metadata,
        pieces: &[Piece],
        places: &[Vec<usize>],
    ) -> Vec<Score> {
        let (classes, subsets) = (metadata.classes.classes(), metadata.classes.subsets());
        let score = |(piece, rows): (&Piece, &Vec<usize>)| {
            let mut score = Score::default();
            let dial = metadata.calibration(piece.kind.style);
            let meter = piece.kind.meter;
            let bar = meter.steps();
            let mut errors = OffsetErrors::default();
            for (at, (step, &row)) in piece.steps.iter().zip(rows).enumerate() {
                let mut hits = self.hits[row * subsets..][..subsets].to_vec();
                if !piece.kind.fill {
                    let before = at.checked_sub(bar).map(|same| piece.steps[same].drums());
                    let balance = dial.at(0.5, step_of_four_four(meter, Grouping::Usual, at % bar));
                    add_logit_bias(&mut hits, &balance.logit_bias(before));
                }
                kernel::softmax(&mut hits);
                let feel = &self.feel[row * classes * FEEL_LOGITS..][..classes * FEEL_LOGITS];
                let corrections = metadata.offset_correction.map(|by| {
                    let corrections = errors.corrections(by, at % bar);
                    for (drum, _) in step.hits() {
                        errors.predict(drum, &feel[drum.index() * FEEL_LOGITS..][..FEEL_LOGITS]);
                    }
                    errors.learn(by, at % bar, step);
                    corrections
                });
                let corrections = corrections.unwrap_or_default();
                score += score_step(step, &hits, feel, &corrections, piece.kind.tempo);
            }
            score
        };
        pieces.par_iter().zip(places).map(score).collect()
    }
}

/// Scores a step, given the distribution of the hits, the logits of velocity and offset, and the
/// corrections of the offsets in ticks, by class.
fn score_step(
    step: &Step,
    hits: &[f32],
    feel: &[f32],
    corrections: &[f32; CLASSES],
    tempo: f32,
) -> Score {
    let chance = hits[usize::from(step.drums().bits())].max(1e-30);
    let nll = -f64::from(chance.ln());
    let mut score = Score { steps: 1.0, nll, ..Score::default() };
    let ms_a_tick = 15_000.0 / f64::from(tempo) / f64::from(TICKS_PER_STEP);
    for (drum, hit) in step.hits() {
        let logits = &feel[drum.index() * FEEL_LOGITS..][..FEEL_LOGITS];
        let (velocity, offset) = logits.split_at(VELOCITY_BINS);
        let (velocity, offset) = (probabilities(velocity), probabilities(offset));
        for (excess, chance) in score.excess.iter_mut().zip(&velocity) {
            *excess += f64::from(*chance);
        }
        score.excess[bins(hit).0] -= 1.0;
        let velocity = median(&velocity) * f64::from(VELOCITY_BIN);
        let offset = median(&offset) * f64::from(OFFSET_BIN) - 120.0;
        let offset = offset + f64::from(corrections[drum.index()]);
        // The middle of a value is half a unit above its lower edge.
        score.hits += 1.0;
        score.velocity += (velocity - f64::from(hit.velocity) - 0.5).abs();
        score.offset_ms += (offset - f64::from(hit.offset_ticks) - 0.5).abs() * ms_a_tick;
    }
    score
}

fn probabilities(logits: &[f32]) -> Vec<f32> {
    let mut chances = logits.to_vec();
    kernel::softmax(&mut chances);
    chances
}

/// Prediction of pieces by a net.
#[derive(Clone, Debug)]
pub struct PredictionReport {
    /// Perplexity per step by group: `beats`, `rock_beats`, `fills`, and each style's beats.
    pub perplexity: BTreeMap<String, f64>,
    /// Pieces and steps by group.
    pub counts: BTreeMap<String, [usize; 2]>,
    /// Mean absolute error of the median velocity in beats (1 to 127).
    pub velocity_mae: f64,
    /// Wasserstein-1 distance between predicted and played velocities in beats (1 to 127).
    pub velocity_w1: f64,
    /// Mean absolute error of the median offset in beats, in milliseconds.
    pub offset_mae_ms: f64,
}

impl PredictionReport {
    /// Measures a net on pieces, on all cores.
    ///
    /// # Errors
    /// If Candle fails.
    pub fn measure(net: &Net, pieces: &[Piece]) -> Result<PredictionReport> {
        let parts = rayon::current_num_threads();
        let report = PredictionReport::measure_until(net, pieces, parts, &|| false)?;
        report.context("an evaluation that nobody stops ends")
    }

    /// Measures a net on pieces with its networks in a number of parallel parts; `None` once `stop`
    /// returns true.
    ///
    /// # Errors
    /// If Candle fails.
    pub fn measure_until(
        net: &Net,
        pieces: &[Piece],
        parts: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<PredictionReport>> {
        let mut scores = vec![Score::default(); pieces.len()];
        // Pieces of similar lengths together, each in a lane of its own.
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(pieces[place].steps.len()));
        let mut rest = &order[..];
        while let Some(&longest) = rest.first() {
            if stop() {
                return Ok(None);
            }
            let lanes = (MOST_ROWS / pieces[longest].steps.len().max(1)).clamp(1, rest.len());
            let (places, after) = rest.split_at(lanes);
            rest = after;
            let together: Vec<Piece> = places.iter().map(|&place| pieces[place].clone()).collect();
            let parts = parts.clamp(1, lanes);
            let packed = pack(&net.metadata, &together, parts, lanes.div_ceil(parts))?;
            let outputs = net.forward(&packed.batch, &mut NetState::default(), None)?;
            let predictions = Predictions::new(&outputs, &packed.batch)?;
            let found = predictions.scores(&net.metadata, &together, &packed.places);
            places.iter().zip(found).for_each(|(&place, score)| scores[place] = score);
        }
        Ok(Some(PredictionReport::new(&net.metadata, pieces, scores)))
    }

    /// Sums up the scores of pieces.
    pub fn new(metadata: &Metadata, pieces: &[Piece], scores: Vec<Score>) -> PredictionReport {
        let rock = style_number("rock");
        let main = ["beats", "rock_beats", "fills"];
        let mut groups: BTreeMap<String, (usize, Score)> = BTreeMap::new();
        for (piece, score) in pieces.iter().zip(scores) {
            let mut names = Vec::new();
            if piece.kind.fill {
                names.push("fills");
            } else {
                names.push("beats");
                names.extend((Some(piece.kind.style) == rock).then_some("rock_beats"));
                let style = metadata.style_name(piece.kind.style);
                names.extend((style != ANY && !main.contains(&style)).then_some(style));
            }
            for name in names {
                let (count, sum) = groups.entry(name.into()).or_default();
                *count += 1;
                *sum += score;
            }
        }
        groups.retain(|name, (count, _)| *count >= ENOUGH || main.contains(&name.as_str()));
        let beats = groups.get("beats").map(|(_, score)| *score).unwrap_or_default();
        let each = |of: fn(&Score) -> f64| -> BTreeMap<String, f64> {
            groups.iter().map(|(name, (_, score))| (name.clone(), of(score))).collect()
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let counts = groups
            .iter()
            .map(|(name, (count, score))| (name.clone(), [*count, score.steps as usize]))
            .collect();
        PredictionReport {
            perplexity: each(Score::perplexity),
            counts,
            velocity_mae: beats.velocity / beats.hits,
            velocity_w1: beats.velocity_w1(),
            offset_mae_ms: beats.offset_ms / beats.hits,
        }
    }

    /// Returns the figures of a model's header.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let perplexity = |name| self.perplexity.get(name).copied();
        let finite = |x: f64| x.is_finite().then_some(x);
        Figures {
            beats: perplexity("beats"),
            rock_beats: perplexity("rock_beats"),
            fills: perplexity("fills"),
            velocity_mae: finite(self.velocity_mae),
            offset_mae_ms: finite(self.offset_mae_ms),
        }
    }

    /// Returns the figures as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{:<16}{:>8}{:>9}{:>12}\n", "", "pieces", "steps", "perplexity");
        for (name, perplexity) in &self.perplexity {
            let [pieces, steps] = self.counts[name];
            text += &format!("{name:<16}{pieces:>8}{steps:>9}{perplexity:>12.3}\n");
        }
        text += &format!(
            "velocity, mean absolute error of 127 (beats) {:.2}\n\
             velocity, Wasserstein-1 of 127 (beats)       {:.2}\n\
             offset, mean absolute error in ms (beats)    {:.2}\n",
            self.velocity_mae, self.velocity_w1, self.offset_mae_ms
        );
        text
    }
}
