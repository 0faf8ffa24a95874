//! Losses as Candle ops whose gradients are made in the forward pass: the cross-entropy of
//! velocities and offsets, and that of hits under the mixture of network and memory. Targets are
//! the outcomes, or the outcomes and a teacher's probabilities.

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use groove::memory::{CONTROLS, LIKENESS, Memory};
use rayon::prelude::*;

use super::kernel;
use super::storage::{slice, tensor};
use crate::data::batch::{NONE, Targets};

/// Probabilities of a teacher, in the layout of the logits, that a share [`TAUGHT`] of the targets
/// are (Hinton et al. 2015); none: the targets are the outcomes alone.
pub(crate) type Taught = Option<Arc<Vec<f32>>>;

/// Share of the teacher's probabilities in the targets.
pub(crate) const TAUGHT: f32 = 0.7;

/// Probability of an outcome in the targets.
fn wanted(taught: Option<&[f32]>, outcome: usize, right: usize) -> f32 {
    let right = f32::from(u8::from(outcome == right));
    taught.map_or(right, |taught| TAUGHT * taught[outcome] + (1.0 - TAUGHT) * right)
}

/// Sum of the cross-entropies of the targets, over `scale`. The gradient is made in the forward
/// pass, while the probabilities are at hand.
struct CrossEntropy {
    targets: Targets,
    taught: Taught,
    scale: f32,
    gradient: OnceLock<Vec<f32>>,
}

/// Sum over all targets of -log p(target), or of the cross-entropy with what a teacher adds to the
/// target, divided by `scale`: a scalar.
pub fn cross_entropy(
    logits: &Tensor,
    targets: Targets,
    taught: Taught,
    scale: f32,
) -> Result<Tensor> {
    logits.apply_op1(CrossEntropy { targets, taught, scale, gradient: OnceLock::new() })
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let mut gradient = slice(logits, layout)?.to_vec();
        let sums: Vec<f64> = gradient
            .par_chunks_mut(width)
            .enumerate()
            .map(|(row, logits)| {
                let mut sum = 0.0;
                self.targets.each(row, logits, |right, place, logits| {
                    let taught = self.taught.as_ref().map(|taught| &taught[row * width + place..]);
                    let dot = |logits: &[f32]| -> f32 {
                        let each = logits.iter().enumerate();
                        each.map(|(outcome, logit)| wanted(taught, outcome, right) * logit).sum()
                    };
                    let logit = if taught.is_some() { dot(logits) } else { logits[right] };
                    sum += f64::from(kernel::softmax(logits) - logit);
                    for (outcome, logit) in logits.iter_mut().enumerate() {
                        *logit = (*logit - wanted(taught, outcome, right)) / self.scale;
                    }
                });
                sum
            })
            .collect();
        let loss = total(&sums, self.scale);
        let _ = self.gradient.set(gradient);
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _out: &Tensor, d_out: &Tensor) -> Result<Option<Tensor>> {
        let gradient = self.gradient.get().cloned().unwrap_or_default();
        Ok(Some(scaled(gradient, d_out, logits)?))
    }
}

/// Sum of the cross-entropies of what is struck under the mixture of network and memory that
/// [`groove::memory`] defines, over `scale`.
struct Mixture {
    memories: Arc<Vec<Memory>>,
    struck: Arc<Vec<u16>>,
    taught: Taught,
    scale: f32,
    gradients: OnceLock<[Vec<f32>; 2]>,
}

/// Sum over all rows of -log p(struck), or of the cross-entropy with what a teacher adds, divided
/// by `scale`: a scalar. `logits` is rows x subsets, `controls` rows x [`CONTROLS`]; rows whose
/// outcome is [`NONE`] count for nothing.
pub(crate) fn mixture(
    logits: &Tensor,
    controls: &Tensor,
    memories: &Arc<Vec<Memory>>,
    struck: &Arc<Vec<u16>>,
    taught: Taught,
    scale: f32,
) -> Result<Tensor> {
    let (memories, struck) = (memories.clone(), struck.clone());
    let op = Mixture { memories, struck, taught, scale, gradients: OnceLock::new() };
    logits.apply_op2(controls, op)
}

/// Cross-entropy of one row; turns logits and controls into their gradients.
fn mixture_row(
    memory: &Memory,
    struck: u16,
    taught: Option<&[f32]>,
    logits: &mut [f32],
    controls: &mut [f32],
) -> f32 {
    let (gate, shares) = (memory.gate(controls), memory.shares(controls));
    kernel::softmax(logits);
    let outcomes = match taught {
        Some(_) => 0..logits.len(),
        None => usize::from(struck)..usize::from(struck) + 1,
    };
    let (mut loss, mut parts, mut d_gate, mut recalled) = (0.0, 0.0, 0.0, 0.0);
    // By outcome: the target's probability over the mixture's.
    let mut ratios = vec![0.0; outcomes.len()];
    let mut remembered = vec![0.0; outcomes.len()];
    for (slot, share) in memory.slots.iter().zip(&shares) {
        let at = usize::from(slot.struck).checked_sub(outcomes.start);
        if let Some(remembered) = at.and_then(|at| remembered.get_mut(at)) {
            *remembered += share;
        }
    }
    for ((outcome, ratio), remembered) in outcomes.clone().zip(&mut ratios).zip(&remembered) {
        let own = logits[outcome].max(1e-30);
        let chance = (1.0 - gate) * own + gate * remembered;
        let wanted = wanted(taught, outcome, usize::from(struck));
        *ratio = wanted / chance;
        loss -= wanted * chance.ln();
        parts += *ratio * (1.0 - gate) * own;
        d_gate += *ratio * (own - remembered);
        recalled += *ratio * remembered;
    }
    // d(-log chance) of the network's own distribution: that of a softmax, times its part of it.
    for (outcome, own) in logits.iter_mut().enumerate() {
        let at = outcome.checked_sub(outcomes.start).and_then(|at| ratios.get(at));
        *own = parts * *own - at.map_or(0.0, |ratio| ratio * (1.0 - gate) * own.max(1e-30));
    }
    controls.fill(0.0);
    for (slot, share) in memory.slots.iter().zip(&shares) {
        let at = usize::from(slot.struck).checked_sub(outcomes.start);
        let ratio = at.and_then(|at| ratios.get(at)).copied().unwrap_or(0.0);
        let d_score = -gate * share * (ratio - recalled);
        for (control, likeness) in controls.iter_mut().zip(&slot.likeness) {
            *control += d_score * likeness;
        }
    }
    let d_gate = d_gate * gate * (1.0 - gate);
    for (control, part) in controls[LIKENESS..].iter_mut().zip(&memory.summary) {
        *control = d_gate * part;
    }
    controls[CONTROLS - 1] = d_gate;
    loss
}

impl CustomOp2 for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        controls: &CpuStorage,
        controls_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, width) = logits_layout.shape().dims2()?;
        let mut logits = slice(logits, logits_layout)?.to_vec();
        let mut controls = slice(controls, controls_layout)?.to_vec();
        let losses: Vec<f64> = logits
            .par_chunks_mut(width)
            .zip(controls.par_chunks_mut(CONTROLS))
            .zip(self.memories.par_iter().zip(self.struck.par_iter()))
            .enumerate()
            .map(|(row, ((logits, controls), (memory, &struck)))| {
                if struck == NONE {
                    logits.fill(0.0);
                    controls.fill(0.0);
                    return 0.0;
                }
                let taught = self.taught.as_ref().map(|taught| &taught[row * width..]);
                let loss = mixture_row(memory, struck, taught, logits, controls);
                logits.iter_mut().chain(controls).for_each(|g| *g /= self.scale);
                f64::from(loss)
            })
            .collect();
        let loss = total(&losses, self.scale);
        let _ = self.gradients.set([logits, controls]);
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        controls: &Tensor,
        _out: &Tensor,
        d_out: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [d_logits, d_controls] = self.gradients.get().cloned().unwrap_or_default();
        Ok((Some(scaled(d_logits, d_out, logits)?), Some(scaled(d_controls, d_out, controls)?)))
    }
}

/// Sum over a scale; added up in order, so that it is the same however many cores there are.
#[expect(clippy::cast_possible_truncation)]
fn total(losses: &[f64], scale: f32) -> f32 {
    (losses.iter().sum::<f64>() / f64::from(scale)) as f32
}

/// A gradient that was made for a result of gradient 1, for a result of gradient `d_out`.
fn scaled(gradient: Vec<f32>, d_out: &Tensor, like: &Tensor) -> Result<Tensor> {
    let d_out = d_out.to_scalar::<f32>()?;
    tensor(gradient.into_iter().map(|g| g * d_out).collect(), like.shape(), like)
}
