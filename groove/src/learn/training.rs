//! Updates of a training, and the model file of its best weights so far. Checkpoints, curves and
//! command lines are the trainer's.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use super::data::Piece;
use super::data::batch::{Batch, Targets};
use super::data::stream::BatchStream;
use super::network::losses::{TeacherProbabilities, cross_entropy, mixture};
use super::network::net::{Dropout, Net, NetState};
use super::optimise::Optimiser;
use super::prediction::PredictionReport;
use crate::model::lead_in::LeadIn;
use crate::model::{self, Figures, Metadata, Model};

/// Evaluations without improvement after which fine-tuning stops.
const PATIENCE: usize = 4;

/// Mean probabilities of teachers for a batch; none without teachers.
#[derive(Default)]
pub struct SoftTargets {
    /// Rows x subsets: of the hits.
    pub hits: TeacherProbabilities,
    /// Rows x classes x [`FEEL_LOGITS`](crate::model::feel::FEEL_LOGITS): of velocities and offsets.
    pub feel: TeacherProbabilities,
}

/// Parts of a model file that a training leaves as they are.
pub struct FixedParts {
    /// Header, but for the number of updates and the figures.
    pub metadata: Metadata,
    /// Lead-ins.
    pub lead_ins: Vec<LeadIn>,
    /// Tensors of the stroke network, by name; none of a new model.
    pub strokes: HashMap<String, Tensor>,
}

/// Weights with their figures on the validation pieces.
pub struct Evaluated {
    /// Averaged weights, by name.
    pub average: HashMap<String, Tensor>,
    /// Their figures.
    pub report: PredictionReport,
    /// Perplexity for model selection: of beats, or of fills without beats.
    pub perplexity: f64,
}

/// A running training.
pub struct Training {
    /// Present weights.
    pub net: Net,
    /// Moments and average of the weights.
    pub optimiser: Optimiser,
    /// Batches.
    pub stream: BatchStream,
    /// LSTM states after the last batch.
    pub states: NetState,
    /// Number of updates.
    pub update: u64,
    /// Best perplexity so far.
    pub best: Option<f64>,
    /// Best error of velocity and offset so far.
    pub best_feel: Option<f64>,
    /// Dropout: share of a layer's outputs.
    pub dropout: f32,
    /// Seed of the dropout.
    pub seed: u64,
    /// Parts that are computed in parallel in an evaluation.
    pub parts: usize,
}

impl Training {
    /// Makes one update; returns the summed negative log-likelihood of hits, and the number of
    /// steps. `teach` returns the teachers' targets for the batch.
    ///
    /// # Errors
    /// If the training diverges.
    pub fn update(
        &mut self,
        teach: impl FnOnce(&Batch) -> Result<SoftTargets>,
    ) -> Result<(f64, f64)> {
        let batch = self.stream.next_batch()?;
        let soft_targets = teach(&batch)?;
        let mut dropout = Dropout::new(self.dropout, self.seed, self.update);
        let outputs = self.net.forward(&batch, &mut self.states, Some(&mut dropout))?;
        let steps = batch.steps() as f32;
        let hits = match &outputs.controls {
            Some(controls) => {
                let (memories, struck) = (&batch.memories, &batch.hits);
                mixture(&outputs.hits, controls, memories, struck, soft_targets.hits, steps)?
            }
            None => {
                let sizes = vec![self.net.metadata.classes.subsets()];
                let targets = Targets { sizes, outcomes: batch.hits.to_vec() };
                cross_entropy(&outputs.hits, targets, soft_targets.hits, steps)?
            }
        };
        let feel = cross_entropy(&outputs.feel, batch.feel_targets, soft_targets.feel, steps)?;
        let loss = (&hits + feel)?;
        let gradients = loss.backward()?;
        self.optimiser.update(&self.net, &gradients, self.update)?;
        self.update += 1;
        let steps = f64::from(steps);
        Ok((f64::from(hits.to_scalar::<f32>()?) * steps, steps))
    }

    /// Evaluates the averaged weights on validation pieces; `None` once `stop` returns true.
    ///
    /// # Errors
    /// If there are neither beats nor fills among them.
    pub fn evaluate(
        &self,
        metadata: &Metadata,
        held_out: &[Piece],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Evaluated>> {
        let average = self.optimiser.average(&self.net)?;
        let net = Net::from_tensors(metadata, &average)?;
        let report = PredictionReport::measure_until(&net, held_out, self.parts, stop)?;
        let Some(report) = report else { return Ok(None) };
        let perplexity = selection_perplexity(&report)?;
        Ok(Some(Evaluated { average, report, perplexity }))
    }

    /// Returns the model file with each of the two networks at its best so far, if one of them is:
    /// they share no weights, and the network of velocities and offsets trains for longer.
    /// `previous` returns the model file before.
    ///
    /// # Errors
    /// If that is not a complete model.
    pub fn improved(
        &mut self,
        fixed: &FixedParts,
        evaluated: Evaluated,
        previous: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>> {
        let Evaluated { mut average, report, perplexity } = evaluated;
        let feel = feel_error(&report);
        let better_hits = self.best.is_none_or(|best| perplexity < best);
        let better_feel = self.best_feel.is_none_or(|best| feel < best);
        if !better_hits && !better_feel {
            return Ok(None);
        }
        let updates = fixed.metadata.updates + self.update;
        let mut metadata =
            Metadata { updates, validation: report.figures(), ..fixed.metadata.clone() };
        if self.best.is_some() && !(better_hits && better_feel) {
            let bytes = previous()?;
            let before = Model::read_metadata(&bytes)?;
            let mut kept = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
            kept.retain(|name, _| name.starts_with("feel.") == better_hits);
            average.extend(kept);
            let (new, old) = (report.figures(), before.validation);
            let Figures { velocity_mae, offset_mae_ms, .. } = if better_hits { old } else { new };
            let hits = if better_hits { new } else { old };
            metadata.validation = Figures { velocity_mae, offset_mae_ms, ..hits };
        }
        if better_hits {
            self.best = Some(perplexity);
        }
        if better_feel {
            self.best_feel = Some(feel);
        }
        average.extend(fixed.strokes.clone());
        Ok(Some(model::write(&metadata, &average, &fixed.lead_ins, true)?))
    }

    /// Returns true if fine-tuning has not improved for [`PATIENCE`] evaluations, given the
    /// perplexities of all of them.
    #[must_use]
    pub fn has_settled(&self, perplexities: &[f64]) -> bool {
        let best = perplexities.iter().position(|&perplexity| Some(perplexity) == self.best);
        best.is_some_and(|best| perplexities.len() > best + PATIENCE)
    }
}

/// Returns the perplexity for model selection.
///
/// # Errors
/// If there are neither beats nor fills.
pub fn selection_perplexity(report: &PredictionReport) -> Result<f64> {
    let figures = report.figures();
    // A folder of fills alone has no beats.
    figures.beats.or(figures.fills).context("the validation split has neither beats nor fills")
}

/// Returns the error of velocity and offset for model selection: the sum of both errors, in MIDI
/// units and milliseconds, which have similar sizes. NaN without beats.
fn feel_error(report: &PredictionReport) -> f64 {
    report.velocity_mae + report.offset_mae_ms
}
