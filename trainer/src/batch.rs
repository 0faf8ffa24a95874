//! Pieces to batches: rows of inputs, the outcomes that they should predict, and where pieces
//! start.
//!
//! Training streams whole pieces through the lanes of a batch, one after the other, and the
//! networks' states go with them from batch to batch, so that what is learned is what is played:
//! pieces from their first step on. Measuring packs each piece whole.

use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use groove::encode::{Kind, ROW, write_row};
use groove::memory::Memory;
use groove::model::{FEEL_ROW, OFFSET_BINS, VELOCITY_BINS, bins, write_struck};
use groove::{CLASSES, Step};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use crate::data::Piece;
use crate::ops::{NONE, Rows, Targets};

/// Share of the passes through a piece that do not tell the network its style: so it learns to
/// play `any`.
const STYLE_DROPOUT: f64 = 0.15;
/// Share of the passes through a piece that begin at any of its bars and not at the first, as if
/// nothing had been played before: so the network learns to begin from more than a few beginnings.
const CUT_IN: f64 = 0.5;
/// Greatest change of the tempo that the network is told, in octaves.
const TEMPO_JITTER: f32 = 0.08;

/// A batch for both networks.
pub struct Batch {
    pub(crate) rows: Rows,
    /// Rows x [`ROW`].
    pub(crate) beat: Tensor,
    /// Rows x [`FEEL_ROW`].
    pub(crate) feel: Tensor,
    pub(crate) starts: Arc<Vec<bool>>,
    /// By row: what is remembered of the piece, and what is struck ([`NONE`]: counts for nothing).
    pub(crate) memories: Arc<Vec<Memory>>,
    pub(crate) hits: Arc<Vec<u16>>,
    pub(crate) manner: Targets,
}

/// A step of a piece, under the kind of playing that the network is told.
#[derive(Clone, Copy)]
struct Place<'a> {
    steps: &'a [Step],
    step: usize,
    kind: Kind,
}

impl Batch {
    /// Makes the batch of these places, row by row; `None` is a row that counts for nothing.
    fn new(rows: Rows, places: &[Option<Place>]) -> Result<Batch> {
        let mut beat = vec![0.0; places.len() * ROW];
        let mut feel = vec![0.0; places.len() * FEEL_ROW];
        let mut hits = vec![NONE; places.len()];
        let mut memories = vec![Memory::default(); places.len()];
        let mut manner = vec![NONE; places.len() * 2 * CLASSES];
        places
            .par_iter()
            .zip(beat.par_chunks_mut(ROW).zip(feel.par_chunks_mut(FEEL_ROW)))
            .zip(hits.par_iter_mut().zip(memories.par_iter_mut()))
            .zip(manner.par_chunks_mut(2 * CLASSES))
            .for_each(|(((place, (beat, feel)), (hits, memory)), manner)| {
                let Some(Place { steps, step, kind }) = place else { return };
                let past = &steps[..*step];
                write_row(past, kind, beat);
                *memory = Memory::at(past, kind.meter);
                feel[..ROW].copy_from_slice(beat);
                let step = &steps[*step];
                let drums = step.drums();
                write_struck(drums, &mut feel[ROW..]);
                *hits = drums.bits();
                for (drum, hit) in step.hits() {
                    let (velocity, offset) = bins(hit);
                    let bin = |bin| u16::try_from(bin).unwrap_or(NONE);
                    manner[2 * drum.index()] = bin(velocity);
                    manner[2 * drum.index() + 1] = bin(offset);
                }
            });
        let starts = places.iter().map(|place| place.is_none_or(|place| place.step == 0)).collect();
        Ok(Batch {
            rows,
            beat: Tensor::from_vec(beat, (places.len(), ROW), &Device::Cpu)?,
            feel: Tensor::from_vec(feel, (places.len(), FEEL_ROW), &Device::Cpu)?,
            starts: Arc::new(starts),
            memories: Arc::new(memories),
            hits: Arc::new(hits),
            manner: Targets {
                sizes: [VELOCITY_BINS, OFFSET_BINS].repeat(CLASSES),
                outcomes: manner,
            },
        })
    }

    /// Steps that count.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.hits.iter().filter(|&&outcome| outcome != NONE).count()
    }
}

/// Whole pieces side by side in one batch, and where each one lies.
pub struct Packed {
    /// The batch.
    pub batch: Batch,
    /// By piece, in the order given: the row of each of its steps.
    pub places: Vec<Vec<usize>>,
}

/// Packs pieces whole, told as they are.
///
/// # Errors
/// When Candle cannot make the tensors.
pub fn pack(pieces: &[Piece], parts: usize, lanes: usize) -> Result<Packed> {
    // Longest first, each into the lane that is shortest so far.
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(pieces[i].steps.len()));
    let mut filled = vec![0; parts * lanes];
    let mut starts = vec![(0, 0); pieces.len()];
    for i in order {
        let lane = (0..filled.len()).min_by_key(|&lane| filled[lane]).unwrap_or(0);
        starts[i] = (lane, filled[lane]);
        filled[lane] += pieces[i].steps.len();
    }
    let rows = Rows { parts, steps: filled.iter().copied().max().unwrap_or(0).max(1), lanes };
    let mut places = vec![None; rows.count()];
    let mut rows_of = Vec::with_capacity(pieces.len());
    for (piece, (lane, start)) in pieces.iter().zip(starts) {
        let at: Vec<usize> =
            (0..piece.steps.len()).map(|step| rows.row(lane, start + step)).collect();
        for (step, &row) in at.iter().enumerate() {
            places[row] = Some(Place { steps: &piece.steps, step, kind: piece.kind });
        }
        rows_of.push(at);
    }
    Ok(Packed { batch: Batch::new(rows, &places)?, places: rows_of })
}

/// An endless stream of batches through shuffled pieces: a function of its seed.
pub struct Stream {
    pieces: Vec<Piece>,
    rows: Rows,
    draws: ChaCha8Rng,
    /// Pieces of this pass that are still to come.
    deck: Vec<usize>,
    lanes: Vec<Pass>,
}

/// A pass through a piece, in a lane.
#[derive(Clone, Copy)]
struct Pass {
    piece: usize,
    /// The step of the piece that counts as its first.
    start: usize,
    /// The next step, counted from the start.
    at: usize,
    /// What the network is told of the piece.
    kind: Kind,
}

impl Stream {
    /// A stream over pieces; there must be one at least.
    ///
    /// # Errors
    /// When there is nothing to stream.
    pub fn new(pieces: Vec<Piece>, rows: Rows, seed: u64) -> Result<Stream> {
        anyhow::ensure!(
            pieces.iter().any(|piece| !piece.steps.is_empty()),
            "there is nothing to learn from in the train split"
        );
        let mut stream = Stream {
            pieces,
            rows,
            draws: ChaCha8Rng::seed_from_u64(seed),
            deck: Vec::new(),
            lanes: Vec::new(),
        };
        for _ in 0..rows.parts * rows.lanes {
            let next = stream.deal();
            stream.lanes.push(next);
        }
        Ok(stream)
    }

    /// A pass through the next piece.
    fn deal(&mut self) -> Pass {
        let number = loop {
            if self.deck.is_empty() {
                self.deck = (0..self.pieces.len()).collect();
                self.deck.shuffle(&mut self.draws);
            }
            match self.deck.pop() {
                Some(number) if !self.pieces[number].steps.is_empty() => break number,
                _ => {}
            }
        };
        let piece = &self.pieces[number];
        let mut kind = piece.kind;
        if self.draws.random_bool(STYLE_DROPOUT) {
            kind.style = 0;
        }
        kind.tempo *= self.draws.random_range(-TEMPO_JITTER..TEMPO_JITTER).exp2();
        let bar = kind.meter.steps();
        let bars = piece.steps.len().div_ceil(bar);
        let cut_in = !kind.fill && self.draws.random_bool(CUT_IN);
        let start = if cut_in { self.draws.random_range(0..bars) * bar } else { 0 };
        Pass { piece: number, start, at: 0, kind }
    }

    /// Moves on by one batch; gives the pass, at its step, of every row.
    fn advance(&mut self) -> Vec<Pass> {
        let mut passes = vec![self.lanes[0]; self.rows.count()];
        for step in 0..self.rows.steps {
            for lane in 0..self.lanes.len() {
                let pass = &mut self.lanes[lane];
                passes[self.rows.row(lane, step)] = *pass;
                pass.at += 1;
                if pass.start + pass.at == self.pieces[pass.piece].steps.len() {
                    self.lanes[lane] = self.deal();
                }
            }
        }
        passes
    }

    /// Leaves a batch out, for a training that goes on where another one stopped.
    pub fn skip(&mut self) {
        self.advance();
    }

    /// The next batch.
    ///
    /// # Errors
    /// When Candle cannot make the tensors.
    pub fn next(&mut self) -> Result<Batch> {
        let places: Vec<Option<Place>> = self
            .advance()
            .into_iter()
            .map(|Pass { piece, start, at, kind }| {
                Some(Place { steps: &self.pieces[piece].steps[start..], step: at, kind })
            })
            .collect();
        Batch::new(self.rows, &places)
    }
}
