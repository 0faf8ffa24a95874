//! The plugin's network, with its int8 ops, beside candle-nn's LSTM with the same weights.

use anyhow::Result;
use groove::learn::data::Piece;
use groove::learn::data::batch::{Packed, pack};
use groove::learn::prediction::{PredictionReport, Predictions, Score};
use groove::model::feel::{FEEL_LOGITS, add_references};
use groove::model::{Metadata, Model, ModelError};
use rayon::prelude::*;

use crate::network::candle_net::CandleNet;

/// Pieces that candle-nn's LSTM runs at once, each in a lane of its own.
const LANES: usize = 32;

/// Teacher-forced figures of both networks and the distance between them.
pub struct NetworkComparison {
    /// Figures of the plugin's network.
    pub plugin: PredictionReport,
    /// Figures of candle-nn's LSTM.
    pub candle: PredictionReport,
    /// Largest difference between the log-probabilities of a set of drums.
    pub hits_difference: f32,
    /// Largest difference between logits of velocity or offset.
    pub feel_difference: f32,
}

impl NetworkComparison {
    /// Feeds the pieces to both networks.
    ///
    /// # Errors
    /// If Candle fails.
    pub fn measure(model: &Model, pieces: &[Piece]) -> Result<NetworkComparison> {
        let (metadata, candle) = (model.metadata(), CandleNet::new(model)?);
        let (mut scores, mut differences) = ([Vec::new(), Vec::new()], [0.0; 2]);
        for pieces in pieces.chunks(LANES) {
            let packed = pack(metadata, pieces, 1, pieces.len())?;
            let candle = Predictions::new(&candle.forward(&packed.batch)?, &packed.batch)?;
            let plugin = play(model, &packed)?;
            let places = &packed.places;
            let mut add = |at: usize, all: Vec<Score>| scores[at].extend(all);
            add(0, plugin.scores(metadata, pieces, places));
            add(1, candle.scores(metadata, pieces, places));
            let [subsets, logits] = widths(metadata);
            for (difference, (a, b, width)) in differences
                .iter_mut()
                .zip([(&plugin.hits, &candle.hits, subsets), (&plugin.feel, &candle.feel, logits)])
            {
                *difference = largest(a, b, width, places).max(*difference);
            }
        }
        let [plugin, candle] = scores.map(|all| PredictionReport::new(metadata, pieces, all));
        let [hits_difference, feel_difference] = differences;
        Ok(NetworkComparison { plugin, candle, hits_difference, feel_difference })
    }

    /// Returns the figures as text.
    #[must_use]
    pub fn table(&self) -> String {
        format!(
            "the plugin's network, int8\n{}\n\
             candle-nn's LSTM, the same weights as 32-bit floats\n{}\n\
             largest difference of log-probabilities of hits     {:.2e}\n\
             largest difference of logits of velocity and offset {:.2e}\n",
            self.plugin.table(),
            self.candle.table(),
            self.hits_difference,
            self.feel_difference,
        )
    }
}

/// Subsets, and logits of velocity and offset.
fn widths(metadata: &Metadata) -> [usize; 2] {
    [metadata.classes.subsets(), metadata.classes.classes() * FEEL_LOGITS]
}

/// Largest difference between the rows of pieces.
fn largest(a: &[f32], b: &[f32], width: usize, places: &[Vec<usize>]) -> f32 {
    let rows = places.par_iter().flatten().map(|row| row * width..(row + 1) * width);
    let of_row = rows.map(|row| {
        let both = a[row.clone()].iter().zip(&b[row]);
        both.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    });
    of_row.reduce(|| 0.0, f32::max)
}

/// Feeds packed pieces to the plugin's network, step by step.
fn play(model: &Model, packed: &Packed) -> Result<Predictions> {
    let batch = &packed.batch;
    let beat_inputs: Vec<Vec<f32>> = batch.beat_inputs.to_vec2()?;
    let feel_inputs: Vec<Vec<f32>> = batch.feel_inputs.to_vec2()?;
    let classes = model.metadata().classes.classes();
    let step = |state: &mut groove::model::State, row: usize| {
        let hits = model.hits(state, &beat_inputs[row], &batch.memories[row])?;
        model.feel(state, &feel_inputs[row])?;
        let mut feel = vec![0.0; classes * FEEL_LOGITS];
        for (class, logits) in feel.chunks_mut(FEEL_LOGITS).enumerate() {
            let references = &batch.references[row * classes + class];
            add_references(&model.velocity_offset(state, class)?, references, logits);
        }
        Ok((row, hits, feel))
    };
    let play = |rows: &Vec<usize>| {
        let mut state = model.start();
        rows.iter().map(|&row| step(&mut state, row)).collect::<Result<Vec<_>, ModelError>>()
    };
    let played: Vec<_> = packed.places.par_iter().map(play).collect::<Result<_, _>>()?;
    let [mut hits, mut feel] = widths(model.metadata()).map(|it| vec![0.0; it * beat_inputs.len()]);
    for (row, row_hits, row_feel) in played.into_iter().flatten() {
        hits[row * row_hits.len()..][..row_hits.len()].copy_from_slice(&row_hits);
        feel[row * row_feel.len()..][..row_feel.len()].copy_from_slice(&row_feel);
    }
    Ok(Predictions { hits, feel })
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::data::Split;
    use groove::learn::network::net::Net;
    use groove::model::encode::{Inputs, Kind};
    use groove::model::{Stack, write};
    use groove::pattern::kit::DrumClasses;
    use groove::{Drum, Hit, Meter, Step};
    use std::collections::HashMap;

    fn piece(length: usize) -> Piece {
        let mut steps = vec![Step::SILENT; length];
        for (at, step) in steps.iter_mut().enumerate().filter(|(at, _)| at % 3 != 1) {
            step.set(Drum::ALL[at % 2], Some(Hit::new(0.5, 0.1)));
        }
        let (tempo, meter) = (100.0, Meter::FOUR_FOUR);
        let kind = Kind { style: 2, blend: (0, 0.0), tempo, meter, fill: false };
        Piece { steps, kind, split: Split::Train }
    }

    #[test]
    fn the_plugins_network_agrees_with_candle_nn() -> Result<()> {
        let stack = Stack { layers: 2, cells: 24 };
        let nine = Metadata::new("", stack, Stack { layers: 1, cells: 16 }, "");
        let two = Metadata {
            inputs: Inputs::DrumRnn,
            classes: DrumClasses(nine.classes.0[..2].to_vec()),
            ..nine.clone()
        };
        for metadata in [nine, two] {
            let tensors: HashMap<_, _> = Net::new(&metadata, 3)?
                .weights
                .into_iter()
                .map(|(name, var)| (name, var.as_tensor().clone()))
                .collect();
            let model = Model::from_bytes(&write(&metadata, &tensors, &[], true)?)?;
            let pieces: Vec<Piece> = (20..20 + LANES + 2).map(piece).collect();
            let compared = NetworkComparison::measure(&model, &pieces)?;
            let NetworkComparison { plugin, candle, hits_difference, feel_difference } = compared;
            assert!(hits_difference < 1e-4 && feel_difference < 1e-4, "{hits_difference}");
            // The two round differently.
            assert!(hits_difference > 0.0 && feel_difference > 0.0);
            let of = |report: &PredictionReport| report.perplexity["beats"];
            assert!((of(&plugin) - of(&candle)).abs() < 1e-3);
            assert!((plugin.velocity_mae - candle.velocity_mae).abs() < 1e-3);
        }
        Ok(())
    }
}
