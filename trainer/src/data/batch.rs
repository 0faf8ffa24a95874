//! Steps to batches: rows of inputs, the outcomes that they should predict, and where pieces
//! start.
//!
//! Training streams passes through the lanes of a batch, one after the other
//! ([`crate::data::stream`]), and the networks' states go with them from batch to batch, so that what
//! is learned is what is played: from a first step on. Measuring packs each piece whole.

use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use groove::encode::Kind;
use groove::feel::{Bins, OFFSET_BINS, REFERENCES, References, VELOCITY_BINS, bins};
use groove::memory::Memory;
use groove::model::Metadata;
use groove::{Drum, Step};
use rayon::prelude::*;

use super::dataset::Piece;
use super::rows::Rows;

/// What the right outcomes of a batch are.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Sizes of the distributions that follow each other in a row of logits.
    pub sizes: Vec<usize>,
    /// Rows x distributions: the outcome; [`NONE`] where there is none to predict.
    pub outcomes: Vec<u16>,
}

/// No outcome to predict.
pub const NONE: u16 = u16::MAX;

impl Targets {
    /// Calls `act` with the outcome, the place in the row and the logits of each distribution that
    /// has an outcome to predict.
    pub(crate) fn each(
        &self,
        row: usize,
        logits: &mut [f32],
        mut act: impl FnMut(usize, usize, &mut [f32]),
    ) {
        let outcomes = &self.outcomes[row * self.sizes.len()..][..self.sizes.len()];
        let (mut rest, mut place) = (logits, 0);
        for (&size, &outcome) in self.sizes.iter().zip(outcomes) {
            let (distribution, after) = std::mem::take(&mut rest).split_at_mut(size);
            rest = after;
            if outcome == NONE {
                distribution.fill(0.0);
            } else {
                act(usize::from(outcome), place, distribution);
            }
            place += size;
        }
    }
}

/// A batch for both networks.
pub struct Batch {
    pub(crate) rows: Rows,
    /// Rows x [`Metadata::row`].
    pub(crate) beat: Tensor,
    /// Rows x [`Metadata::feel_row`].
    pub(crate) feel: Tensor,
    pub(crate) starts: Arc<Vec<bool>>,
    /// By row: what is remembered of the piece, and what is struck ([`NONE`]: counts for nothing).
    pub(crate) memories: Arc<Vec<Memory>>,
    pub(crate) hits: Arc<Vec<u16>>,
    pub(crate) manner: Targets,
    /// By row and class: the bins of the hits that the struck ones are likely to resemble.
    pub(crate) references: Arc<Vec<[Option<Bins>; REFERENCES]>>,
}

/// A step of a piece, under the kind of playing that the network is told.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// What was played before, as the network is told it.
    pub(crate) past: &'a [Step],
    pub(crate) step: &'a Step,
    pub(crate) kind: Kind,
}

impl Batch {
    /// Makes the batch of these places for such a model, row by row; `None` is a row that counts
    /// for nothing.
    pub(crate) fn new(metadata: &Metadata, rows: Rows, places: &[Option<Place>]) -> Result<Batch> {
        let (row, feel_row) = (metadata.row(), metadata.feel_row());
        let classes = metadata.classes.classes();
        let mut beat = vec![0.0; places.len() * row];
        let mut feel = vec![0.0; places.len() * feel_row];
        let mut hits = vec![NONE; places.len()];
        let mut memories = vec![Memory::default(); places.len()];
        let mut manner = vec![NONE; places.len() * 2 * classes];
        let mut resembled = vec![[None; REFERENCES]; places.len() * classes];
        places
            .par_iter()
            .zip(beat.par_chunks_mut(row).zip(feel.par_chunks_mut(feel_row)))
            .zip(hits.par_iter_mut().zip(memories.par_iter_mut()))
            .zip(manner.par_chunks_mut(2 * classes).zip(resembled.par_chunks_mut(classes)))
            .for_each(|(((place, (beat, feel)), (hits, memory)), (manner, resembled))| {
                let Some(Place { past, step, kind }) = place else { return };
                metadata.write_row(past, kind, beat);
                *memory = Memory::at(past, kind.meter);
                feel[..row].copy_from_slice(beat);
                let drums = step.drums();
                let references = References::at(past, memory, kind.meter);
                references.write(drums, &mut feel[row..]);
                for (drum, resembled) in Drum::ALL.into_iter().zip(resembled) {
                    *resembled = references.bins(drum);
                }
                *hits = drums.bits();
                for (drum, hit) in step.hits() {
                    let (velocity, offset) = bins(hit);
                    let bin = |bin| u16::try_from(bin).unwrap_or(NONE);
                    manner[2 * drum.index()] = bin(velocity);
                    manner[2 * drum.index() + 1] = bin(offset);
                }
            });
        let starts =
            places.iter().map(|place| place.is_none_or(|place| place.past.is_empty())).collect();
        Ok(Batch {
            rows,
            beat: Tensor::from_vec(beat, (places.len(), row), &Device::Cpu)?,
            feel: Tensor::from_vec(feel, (places.len(), feel_row), &Device::Cpu)?,
            starts: Arc::new(starts),
            memories: Arc::new(memories),
            hits: Arc::new(hits),
            manner: Targets {
                sizes: [VELOCITY_BINS, OFFSET_BINS].repeat(classes),
                outcomes: manner,
            },
            references: Arc::new(resembled),
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

/// Packs pieces whole for such a model, told as they are.
///
/// # Errors
/// When Candle cannot make the tensors.
pub fn pack(metadata: &Metadata, pieces: &[Piece], parts: usize, lanes: usize) -> Result<Packed> {
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
            let (past, step) = (&piece.steps[..step], &piece.steps[step]);
            places[row] = Some(Place { past, step, kind: piece.kind });
        }
        rows_of.push(at);
    }
    Ok(Packed { batch: Batch::new(metadata, rows, &places)?, places: rows_of })
}
