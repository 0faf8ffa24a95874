//! Batches: input rows of both networks, their targets, and the rows at which pieces start.
//!
//! Training streams pieces through the lanes of a batch (`BatchStream`) and carries the LSTM
//! states from batch to batch, so the networks train as they play: on whole pieces from their first
//! step. Evaluation packs each piece as a whole.

use std::sync::Arc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::piece::Piece;
use super::rows::Rows;
use crate::model::Metadata;
use crate::model::encode::Kind;
use crate::model::feel::{Bins, OFFSET_BINS, REFERENCES, References, VELOCITY_BINS, bins};
use crate::model::pointer_memory::Memory;
use crate::pattern::Step;
use crate::pattern::drum::Drum;

/// Targets of a batch.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Sizes of the distributions that follow each other in a row of logits.
    pub sizes: Vec<usize>,
    /// Rows x distributions: the outcome, or [`NONE`].
    pub outcomes: Vec<u16>,
}

/// Marks a distribution without an outcome.
pub const NONE: u16 = u16::MAX;

impl Targets {
    /// Calls `act` with the outcome, the place in the row and the logits of each distribution that
    /// has an outcome.
    pub fn each(
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
    /// Layout of the rows.
    pub rows: Rows,
    /// Rows x [`Metadata::row`].
    pub beat_inputs: Tensor,
    /// Rows x [`Metadata::feel_row`].
    pub feel_inputs: Tensor,
    /// By row: true if a piece starts here, or the row is padding.
    pub starts: Arc<Vec<bool>>,
    /// By row: the pointer memory of the piece so far.
    pub memories: Arc<Vec<Memory>>,
    /// By row: the subset of drums struck; [`NONE`] if the row is padding.
    pub hits: Arc<Vec<u16>>,
    /// By row: velocity and offset of each class.
    pub feel_targets: Targets,
    /// By row and class: bins of the earlier hits that the struck ones probably resemble.
    pub references: Arc<Vec<[Option<Bins>; REFERENCES]>>,
}

/// A step of a piece with its past and its conditioning.
#[derive(Clone, Copy)]
pub struct StepSample<'a> {
    /// Steps before this one, as given to the network.
    pub past: &'a [Step],
    /// The step.
    pub step: &'a Step,
    /// Conditioning.
    pub kind: Kind,
    /// True if velocities, and offsets, are targets, see [`Piece::performed`].
    pub performed: [bool; 2],
}

impl Batch {
    /// Builds the batch of these samples, row by row; `None` is padding.
    pub fn new(metadata: &Metadata, rows: Rows, places: &[Option<StepSample>]) -> Result<Batch> {
        let (row, feel_row) = (metadata.row(), metadata.feel_row());
        let classes = metadata.classes.classes();
        let mut beat_inputs = vec![0.0; places.len() * row];
        let mut feel_inputs = vec![0.0; places.len() * feel_row];
        let mut hits = vec![NONE; places.len()];
        let mut memories = vec![Memory::default(); places.len()];
        let mut feel_targets = vec![NONE; places.len() * 2 * classes];
        let mut resembled = vec![[None; REFERENCES]; places.len() * classes];
        places
            .par_iter()
            .zip(beat_inputs.par_chunks_mut(row).zip(feel_inputs.par_chunks_mut(feel_row)))
            .zip(hits.par_iter_mut().zip(memories.par_iter_mut()))
            .zip(feel_targets.par_chunks_mut(2 * classes).zip(resembled.par_chunks_mut(classes)))
            .for_each(
                |(
                    ((place, (beat_inputs, feel_inputs)), (hits, memory)),
                    (feel_targets, resembled),
                )| {
                    let Some(StepSample { past, step, kind, performed }) = place else { return };
                    metadata.write_row(past, kind, beat_inputs);
                    *memory = Memory::at(past, kind.meter);
                    feel_inputs[..row].copy_from_slice(beat_inputs);
                    let drums = step.drums();
                    let references = References::at(past, memory, kind.meter);
                    references.write(drums, &mut feel_inputs[row..]);
                    for (drum, resembled) in Drum::ALL.into_iter().zip(resembled) {
                        *resembled = references.bins(drum);
                    }
                    *hits = drums.bits();
                    for (drum, hit) in step.hits() {
                        let (velocity, offset) = bins(hit);
                        for (place, bin) in [velocity, offset].into_iter().enumerate() {
                            if performed[place] {
                                let target = &mut feel_targets[2 * drum.index() + place];
                                *target = u16::try_from(bin).unwrap_or(NONE);
                            }
                        }
                    }
                },
            );
        let starts =
            places.iter().map(|place| place.is_none_or(|place| place.past.is_empty())).collect();
        Ok(Batch {
            rows,
            beat_inputs: Tensor::from_vec(beat_inputs, (places.len(), row), &Device::Cpu)?,
            feel_inputs: Tensor::from_vec(feel_inputs, (places.len(), feel_row), &Device::Cpu)?,
            starts: Arc::new(starts),
            memories: Arc::new(memories),
            hits: Arc::new(hits),
            feel_targets: Targets {
                sizes: [VELOCITY_BINS, OFFSET_BINS].repeat(classes),
                outcomes: feel_targets,
            },
            references: Arc::new(resembled),
        })
    }

    /// Returns the number of steps that are not padding.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.hits.iter().filter(|&&outcome| outcome != NONE).count()
    }
}

/// Whole pieces packed into one batch, and their rows.
pub struct Packed {
    /// The batch.
    pub batch: Batch,
    /// By piece, in the order given: the row of each step.
    pub places: Vec<Vec<usize>>,
}

/// Packs whole pieces into one batch.
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
        let (kind, performed) = (piece.kind, piece.performed());
        for (step, &row) in at.iter().enumerate() {
            let (past, step) = (&piece.steps[..step], &piece.steps[step]);
            places[row] = Some(StepSample { past, step, kind, performed });
        }
        rows_of.push(at);
    }
    Ok(Packed { batch: Batch::new(metadata, rows, &places)?, places: rows_of })
}
