//! An endless stream of batches: passes through pieces, one after the other in each lane.
//!
//! A pass is a fill, a whole beat, or a part of a beat that starts at any of its phrases as if
//! nothing came before, so that the network trains on more than a few beginnings and all bars of
//! the data count alike. Some passes are altered: a fill is inserted, the beat is rewritten in
//! another meter, or the style is withheld. Some have slips in their past, so that the network,
//! which later hears its own slips, learns to recover. A model with Drum RNN's inputs trains like
//! Drum RNN: on whole pieces without alterations.

use std::sync::Arc;

use anyhow::{Result, ensure};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::augment::{in_other_meter, put_fills, with_slips};
use super::batch::{Batch, StepSample};
use super::piece::Piece;
use super::rows::Rows;
use crate::model::Metadata;
use crate::model::encode::{Inputs, Kind};
use crate::pattern::{Meter, Step};

/// Share of the passes that are fills, and of whole beats among the others.
const FILLS: f64 = 0.33;
const WHOLE: f64 = 0.4;
/// Bars of a phrase, where a part can start, and maximum number of bars of a part.
const PHRASE: usize = 4;
const LONGEST: usize = 64;
/// Share of the passes without their style, which train the style `any`.
const STYLE_DROPOUT: f64 = 0.15;
/// Maximum change of the tempo given to the network, in octaves.
const TEMPO_JITTER: f32 = 0.08;
/// Share of the parts that get fills.
const FILLED: f64 = 0.25;
/// Share of the parts in 4/4 that are rewritten in another meter.
const OTHER_METER: f64 = 0.06;

/// Share of the passes whose past has slips.
const SLIPPED: f64 = 0.5;

/// The stream; a function of its seed.
pub struct BatchStream {
    /// Metadata of the trained model.
    metadata: Metadata,
    beats: Vec<Piece>,
    fills: Vec<Piece>,
    /// Cumulative number of bars of the beats.
    bars: Vec<usize>,
    rows: Rows,
    draws: ChaCha8Rng,
    /// Whole beats and fills that come before one repeats.
    beat_deck: Vec<usize>,
    fill_deck: Vec<usize>,
    lanes: Vec<Pass>,
}

/// A pass in a lane.
#[derive(Clone)]
struct Pass {
    steps: Arc<Vec<Step>>,
    /// The steps of the past as given to the network.
    past: Arc<Vec<Step>>,
    /// By step: true within a fill.
    fill: Arc<Vec<bool>>,
    /// Index of the next step.
    at: usize,
    /// Conditioning of the network.
    kind: Kind,
    /// True if velocities, and offsets, are targets.
    performed: [bool; 2],
}

impl BatchStream {
    /// A stream over pieces.
    ///
    /// # Errors
    /// If there are no pieces.
    pub fn new(
        metadata: &Metadata,
        pieces: Vec<Piece>,
        rows: Rows,
        seed: u64,
    ) -> Result<BatchStream> {
        let pieces = pieces.into_iter().filter(|piece| !piece.steps.is_empty());
        let (fills, beats): (Vec<Piece>, Vec<Piece>) = pieces.partition(|piece| piece.kind.fill);
        ensure!(!fills.is_empty() || !beats.is_empty(), "the train split is empty");
        let bars = beats.iter().scan(0, |sum, piece| {
            *sum += piece.steps.len().div_ceil(piece.kind.meter.steps());
            Some(*sum)
        });
        let mut stream = BatchStream {
            metadata: metadata.clone(),
            bars: bars.collect(),
            beats,
            fills,
            rows,
            draws: ChaCha8Rng::seed_from_u64(seed),
            beat_deck: Vec::new(),
            fill_deck: Vec::new(),
            lanes: Vec::new(),
        };
        for _ in 0..rows.parts * rows.lanes {
            let next = stream.next_pass();
            stream.lanes.push(next);
        }
        Ok(stream)
    }

    /// Returns the next pass.
    fn next_pass(&mut self) -> Pass {
        match self.metadata.inputs {
            Inputs::Lags => self.altered_pass(),
            Inputs::DrumRnn => self.whole_pass(),
        }
    }

    fn whole_pass(&mut self) -> Pass {
        let (beats, fills) = (&self.beats, &self.fills);
        let card = next_card(&mut self.beat_deck, beats.len() + fills.len(), &mut self.draws);
        let piece = beats.get(card).unwrap_or_else(|| &fills[card - beats.len()]);
        let steps = Arc::new(piece.steps.clone());
        let fill = Arc::new(vec![piece.kind.fill; steps.len()]);
        let performed = piece.performed();
        Pass { past: steps.clone(), steps, fill, at: 0, kind: piece.kind, performed }
    }

    fn altered_pass(&mut self) -> Pass {
        let draws = &mut self.draws;
        let fill = self.beats.is_empty() || !self.fills.is_empty() && draws.random_bool(FILLS);
        let (mut steps, mut kind, performed) = if fill {
            let piece = &self.fills[next_card(&mut self.fill_deck, self.fills.len(), draws)];
            (piece.steps.clone(), piece.kind, piece.performed())
        } else if draws.random_bool(WHOLE) {
            let piece = &self.beats[next_card(&mut self.beat_deck, self.beats.len(), draws)];
            (piece.steps.clone(), piece.kind, piece.performed())
        } else {
            let bar = draws.random_range(0..self.bars[self.bars.len() - 1]);
            let piece = &self.beats[self.bars.partition_point(|&sum| sum <= bar)];
            let bar = piece.kind.meter.steps();
            let phrases = piece.steps.len().div_ceil(PHRASE * bar);
            let start = draws.random_range(0..phrases) * PHRASE * bar;
            let end = piece.steps.len().min(start + LONGEST * bar);
            (piece.steps[start..end].to_vec(), piece.kind, piece.performed())
        };
        let mut fill = vec![kind.fill; steps.len()];
        if !kind.fill && draws.random_bool(FILLED) {
            put_fills(&mut steps, &mut fill, &kind, &self.fills, draws);
        } else if !kind.fill && kind.meter == Meter::FOUR_FOUR && draws.random_bool(OTHER_METER) {
            (steps, kind.meter) = in_other_meter(&steps, draws);
            fill = vec![false; steps.len()];
        }
        if draws.random_bool(STYLE_DROPOUT) {
            kind.style = 0;
        }
        kind.tempo *= draws.random_range(-TEMPO_JITTER..TEMPO_JITTER).exp2();
        let steps = Arc::new(steps);
        let past = match draws.random_bool(SLIPPED) {
            true => Arc::new(with_slips(&steps, draws)),
            false => steps.clone(),
        };
        Pass { steps, past, fill: Arc::new(fill), at: 0, kind, performed }
    }

    /// Advances by one batch; returns the pass, at its step, of every row.
    fn advance(&mut self) -> Vec<Pass> {
        let mut passes = vec![self.lanes[0].clone(); self.rows.count()];
        for step in 0..self.rows.steps {
            for lane in 0..self.lanes.len() {
                let pass = &mut self.lanes[lane];
                passes[self.rows.row(lane, step)] = pass.clone();
                pass.at += 1;
                if pass.at == pass.steps.len() {
                    self.lanes[lane] = self.next_pass();
                }
            }
        }
        passes
    }

    /// Skips a batch, to continue an interrupted training.
    pub fn skip(&mut self) {
        self.advance();
    }

    /// Returns the next batch.
    pub fn next_batch(&mut self) -> Result<Batch> {
        let passes = self.advance();
        let places: Vec<Option<StepSample>> = passes
            .iter()
            .map(|pass| {
                let kind = Kind { fill: pass.fill[pass.at], ..pass.kind };
                let (past, step) = (&pass.past[..pass.at], &pass.steps[pass.at]);
                Some(StepSample { past, step, kind, performed: pass.performed })
            })
            .collect();
        Batch::new(&self.metadata, self.rows, &places)
    }
}

/// Draws the next number below `count` from a shuffled deck, which is reshuffled when empty.
fn next_card(deck: &mut Vec<usize>, count: usize, draws: &mut impl Rng) -> usize {
    if deck.is_empty() {
        deck.extend(0..count);
        deck.shuffle(draws);
    }
    deck.pop().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::data::augment::tests::piece;
    use crate::model::Stack;

    #[test]
    fn the_stream_is_a_function_of_its_seed_and_can_skip() -> Result<()> {
        let pieces = || vec![piece(100, 50, false), piece(70, 60, false), piece(20, 90, true)];
        let rows = Rows { parts: 1, steps: 40, lanes: 3 };
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let stream = || BatchStream::new(&metadata, pieces(), rows, 9);
        let (mut one, mut two) = (stream()?, stream()?);
        for _ in 0..3 {
            one.next_batch()?;
            two.skip();
        }
        let (one, two) = (one.next_batch()?, two.next_batch()?);
        assert_eq!(one.starts, two.starts);
        assert_eq!(one.feel_targets.outcomes, two.feel_targets.outcomes);
        assert!(one.starts.contains(&true));
        Ok(())
    }

    #[test]
    fn drum_rnn_passes_are_whole_and_unaltered() -> Result<()> {
        let pieces = vec![piece(100, 50, false), piece(70, 60, false), piece(20, 90, true)];
        let stack = Stack { layers: 1, cells: 1 };
        let inputs = Inputs::DrumRnn;
        let metadata = Metadata { inputs, ..Metadata::new("", stack, stack, "") };
        let rows = Rows { parts: 1, steps: 1, lanes: 1 };
        let mut stream = BatchStream::new(&metadata, pieces.clone(), rows, 9)?;
        let mut passes: Vec<Pass> = (0..2).map(|_| stream.next_pass()).collect();
        passes.push(stream.lanes[0].clone());
        passes.sort_by_key(|pass| std::cmp::Reverse(pass.steps.len()));
        for (pass, piece) in passes.iter().zip(&pieces) {
            assert_eq!((&*pass.steps, pass.kind), (&piece.steps, piece.kind));
            assert_eq!(pass.past, pass.steps);
        }
        assert!(stream.next_batch()?.beat_inputs.dims() == [1, 518]);
        Ok(())
    }
}
