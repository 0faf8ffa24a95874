//! Input rows and targets of the stroke network.

use anyhow::Result;
use candle_core::{Device, Tensor};
use groove::learn::data::Piece;
use groove::learn::data::batch::{NONE, Targets};
use groove::model::strokes::{
    INPUTS, SIZES, articulation_outcome, next_outcomes, write_row, write_so_far,
};
use groove::pattern::MAX_STROKES;
use groove::{Hit, Step};
use rayon::prelude::*;

/// Inputs and outcomes of the network's decisions: one for the articulation of each hit, one after
/// each of its strokes.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrokeRows {
    /// Rows x [`INPUTS`].
    pub(crate) inputs: Vec<f32>,
    /// Rows x distributions of [`SIZES`]; [`NONE`] where there is no outcome.
    pub(crate) outcomes: Vec<u16>,
}

impl StrokeRows {
    /// The decisions of a piece.
    pub(crate) fn of(piece: &Piece) -> StrokeRows {
        let mut rows = StrokeRows::default();
        for (at, step) in piece.steps.iter().enumerate() {
            rows.add(&piece.steps[..at], step, piece);
        }
        rows
    }

    fn add(&mut self, past: &[Step], step: &Step, piece: &Piece) {
        for (drum, hit) in step.hits() {
            let mut row = [0.0; INPUTS];
            // The network must not see the strokes that it is to choose.
            let main = Hit::plain(hit.velocity, hit.offset_ticks);
            write_row(past, &piece.kind, step.drums(), drum, main, &mut row);
            self.push(&row, articulation_outcome(drum, hit.main()));
            let further: Vec<_> = hit.further().collect();
            for count in 0..=further.len() {
                write_so_far(drum, hit.main(), &further[..count], &mut row);
                // A hit of four strokes has no choice left.
                if count + 1 < MAX_STROKES {
                    let next = further.get(count).copied();
                    self.push(&row, next_outcomes(drum, hit.main(), next));
                }
            }
        }
    }

    fn push(&mut self, row: &[f32], outcomes: [Option<usize>; SIZES.len()]) {
        self.inputs.extend_from_slice(row);
        let outcome = |outcome: Option<usize>| outcome.and_then(|it| u16::try_from(it).ok());
        self.outcomes.extend(outcomes.map(|it| outcome(it).unwrap_or(NONE)));
    }

    fn append(mut self, other: StrokeRows) -> StrokeRows {
        self.inputs.extend(other.inputs);
        self.outcomes.extend(other.outcomes);
        self
    }

    /// The decisions of several pieces, in their order.
    pub(crate) fn of_all(pieces: &[&Piece]) -> StrokeRows {
        let all: Vec<StrokeRows> = pieces.par_iter().map(|piece| StrokeRows::of(piece)).collect();
        all.into_iter().fold(StrokeRows::default(), StrokeRows::append)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.outcomes.len() / SIZES.len()
    }

    /// Inputs and targets of some rows.
    pub(crate) fn batch(&self, rows: &[usize]) -> Result<(Tensor, Targets)> {
        let inputs: Vec<f32> =
            rows.iter().flat_map(|&row| &self.inputs[row * INPUTS..][..INPUTS]).copied().collect();
        let outcome = |&row: &usize| &self.outcomes[row * SIZES.len()..][..SIZES.len()];
        let outcomes = rows.iter().flat_map(outcome).copied().collect();
        let inputs = Tensor::from_vec(inputs, (rows.len(), INPUTS), &Device::Cpu)?;
        Ok((inputs, Targets { sizes: SIZES.to_vec(), outcomes }))
    }
}
