//! How well a model foresees what drummers played: likelihood of hits, and the errors of the
//! median velocity and offset, over whole pieces with dropout off.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use anyhow::Result;
use groove::memory::CONTROLS;
use groove::model::{FEEL_OUTPUTS, Figures, OFFSET_BIN, VELOCITY_BIN, feel_logits};
use groove::pattern::TICKS_PER_STEP;
use groove::style::{style_name, style_number};
use groove::{SUBSETS, Step};
use rayon::prelude::*;
use serde::Serialize;

use crate::batch::pack;
use crate::data::Piece;
use crate::kernel;
use crate::net::{Carries, Net};
use crate::ops::with_slice;

/// Pieces that are measured side by side, in each of the parts.
const LANES: usize = 6;

/// Fewest pieces of a style of which a figure is given.
const ENOUGH: usize = 2;

/// Sums over steps and hits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    steps: f64,
    /// Negative log-likelihood of the hits, natural logarithm.
    surprise: f64,
    hits: f64,
    /// Absolute error of velocity, of 127, and of offset, in milliseconds.
    velocity: f64,
    offset_ms: f64,
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Score) {
        self.steps += other.steps;
        self.surprise += other.surprise;
        self.hits += other.hits;
        self.velocity += other.velocity;
        self.offset_ms += other.offset_ms;
    }
}

impl Score {
    /// Perplexity per step of the 512-way distribution.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        (self.surprise / self.steps).exp()
    }
}

/// Scores each piece.
///
/// # Errors
/// When Candle cannot compute.
pub fn scores(net: &Net, pieces: &[Piece]) -> Result<Vec<Score>> {
    let packed = pack(pieces, rayon::current_num_threads(), LANES)?;
    let outputs = net.forward(&packed.batch, &mut Carries::default(), None)?;
    let numbers = |tensor| with_slice(tensor, <[f32]>::to_vec);
    let (mut hits, controls) = (numbers(&outputs.hits)?, numbers(&outputs.controls)?);
    hits.par_chunks_mut(SUBSETS)
        .zip(controls.par_chunks(CONTROLS))
        .zip(packed.batch.memories.par_iter())
        .for_each(|((hits, controls), memory)| memory.mix(controls, hits));
    let manner = numbers(&outputs.manner)?;
    let score = |(piece, rows): (&Piece, &Vec<usize>)| {
        let mut score = Score::default();
        for (step, &row) in piece.steps.iter().zip(rows) {
            let hits = &hits[row * SUBSETS..][..SUBSETS];
            let manner = &manner[row * FEEL_OUTPUTS..][..FEEL_OUTPUTS];
            score += score_step(step, hits, manner, piece.kind.tempo);
        }
        score
    };
    Ok(pieces.par_iter().zip(&packed.places).map(score).collect())
}

/// Scores a step, given the logarithms of the hits' distribution and the logits of their manner.
fn score_step(step: &Step, hits: &[f32], manner: &[f32], tempo: f32) -> Score {
    let surprise = -f64::from(hits[usize::from(step.drums().bits())]);
    let mut score = Score { steps: 1.0, surprise, ..Score::default() };
    let ms_a_tick = 15_000.0 / f64::from(tempo) / f64::from(TICKS_PER_STEP);
    for (drum, hit) in step.hits() {
        let (velocity, offset) = feel_logits(manner, drum);
        let velocity = median(velocity) * f64::from(VELOCITY_BIN);
        // The middle of a value is half a unit above its lower edge.
        let offset = median(offset) * f64::from(OFFSET_BIN) - 120.0;
        score.hits += 1.0;
        score.velocity += (velocity - f64::from(hit.velocity) - 0.5).abs();
        score.offset_ms += (offset - f64::from(hit.offset_ticks) - 0.5).abs() * ms_a_tick;
    }
    score
}

/// The median of a binned distribution, in bins, by straight lines within the bins.
fn median(logits: &[f32]) -> f64 {
    let mut chances = logits.to_vec();
    kernel::softmax(&mut chances);
    let mut below = 0.0;
    for (bin, &chance) in chances.iter().enumerate() {
        let chance = f64::from(chance);
        if below + chance >= 0.5 {
            return bin as f64 + (0.5 - below) / chance;
        }
        below += chance;
    }
    chances.len() as f64
}

/// What `evaluate` reports; the JSON has these keys.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By group (`beats`, `rock_beats`, `fills`, and each style's beats): perplexity per step.
    pub perplexity: BTreeMap<String, f64>,
    /// Velocity of beats.
    pub velocity: Velocity,
    /// Offset of beats.
    pub offset: Offset,
    /// By group: pieces and steps.
    pub counts: BTreeMap<String, [usize; 2]>,
}

/// Errors of velocity.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Velocity {
    /// Mean absolute error of the median, of 127.
    pub mae: f64,
}

/// Errors of the offset.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Offset {
    /// Mean absolute error of the median, in milliseconds.
    pub mae_ms: f64,
}

impl Report {
    /// Measures a net on pieces.
    ///
    /// # Errors
    /// When Candle cannot compute.
    pub fn measure(net: &Net, pieces: &[Piece]) -> Result<Report> {
        let scores = scores(net, pieces)?;
        let rock = style_number("rock");
        let mut groups: BTreeMap<String, (usize, Score)> = BTreeMap::new();
        for (piece, score) in pieces.iter().zip(scores) {
            let mut names = Vec::new();
            if piece.kind.fill {
                names.push("fills");
            } else {
                names.push("beats");
                names.extend((Some(piece.kind.style) == rock).then_some("rock_beats"));
                names.extend((piece.kind.style > 0).then(|| style_name(piece.kind.style)));
            }
            for name in names {
                let (count, sum) = groups.entry(name.into()).or_default();
                *count += 1;
                *sum += score;
            }
        }
        let main = ["beats", "rock_beats", "fills"];
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
        Ok(Report {
            perplexity: each(Score::perplexity),
            velocity: Velocity { mae: beats.velocity / beats.hits },
            offset: Offset { mae_ms: beats.offset_ms / beats.hits },
            counts,
        })
    }

    /// The figures that go into a model's header.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let perplexity = |name| self.perplexity.get(name).copied();
        let finite = |x: f64| x.is_finite().then_some(x);
        Figures {
            beats: perplexity("beats"),
            rock_beats: perplexity("rock_beats"),
            fills: perplexity("fills"),
            velocity_mae: finite(self.velocity.mae),
            offset_mae_ms: finite(self.offset.mae_ms),
        }
    }

    /// A table to read.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{:<16}{:>8}{:>9}{:>12}\n", "", "pieces", "steps", "perplexity");
        for (name, perplexity) in &self.perplexity {
            let [pieces, steps] = self.counts[name];
            text += &format!("{name:<16}{pieces:>8}{steps:>9}{perplexity:>12.3}\n");
        }
        text += &format!(
            "velocity, mean absolute error of 127 (beats) {:.2}\n\
             offset, mean absolute error in ms (beats)    {:.2}\n",
            self.velocity.mae, self.offset.mae_ms
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_where_half_is_below() {
        assert!((median(&[0.0, 0.0]) - 1.0).abs() < 1e-6);
        assert!((median(&[0.0, 0.0, 0.0]) - 1.5).abs() < 1e-6);
        assert!((median(&[-50.0, 9.0, -50.0]) - 1.5).abs() < 1e-6);
    }
}
