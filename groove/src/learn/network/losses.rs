//! Losses as Candle ops whose gradients are computed in the forward pass: the cross-entropy of
//! velocities and offsets, and that of hits under the mixture of network and pointer memory.
//! Targets are the outcomes, or the outcomes mixed with a teacher's probabilities.

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::kernel;
use super::storage::tensor;
use crate::learn::data::batch::{NONE, Targets};
use crate::model::kernels::ops::values;
use crate::model::pointer_memory::{CONTROLS, LIKENESS, Memory};

/// A teacher's probabilities in the layout of the logits, mixed into the targets with weight
/// [`TEACHER_WEIGHT`] (Hinton et al. 2015); `None` without a teacher.
pub type TeacherProbabilities = Option<Arc<Vec<f32>>>;

/// Weight of the teacher's probabilities in the targets.
pub const TEACHER_WEIGHT: f32 = 0.7;

/// Returns the target probability of an outcome.
fn target_probability(teacher: Option<&[f32]>, outcome: usize, right: usize) -> f32 {
    let right = f32::from(u8::from(outcome == right));
    teacher
        .map_or(right, |teacher| TEACHER_WEIGHT * teacher[outcome] + (1.0 - TEACHER_WEIGHT) * right)
}

/// Sum of the cross-entropies, divided by `scale`. The gradient is computed in the forward pass
/// from the same probabilities.
struct CrossEntropy {
    targets: Targets,
    teacher: TeacherProbabilities,
    scale: f32,
    gradient: OnceLock<Vec<f32>>,
}

/// Sum over all targets of -log p(target), or of the cross-entropy with the teacher's mixture,
/// divided by `scale`: a scalar.
pub fn cross_entropy(
    logits: &Tensor,
    targets: Targets,
    teacher: TeacherProbabilities,
    scale: f32,
) -> Result<Tensor> {
    logits.apply_op1(CrossEntropy { targets, teacher, scale, gradient: OnceLock::new() })
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let mut gradient = values(logits, layout)?.to_vec();
        let sums: Vec<f64> = gradient
            .par_chunks_mut(width)
            .enumerate()
            .map(|(row, logits)| {
                let mut sum = 0.0;
                self.targets.each(row, logits, |right, place, logits| {
                    let teacher =
                        self.teacher.as_ref().map(|teacher| &teacher[row * width + place..]);
                    let dot = |logits: &[f32]| -> f32 {
                        let each = logits.iter().enumerate();
                        each.map(|(outcome, logit)| {
                            target_probability(teacher, outcome, right) * logit
                        })
                        .sum()
                    };
                    let logit = if teacher.is_some() { dot(logits) } else { logits[right] };
                    sum += f64::from(kernel::softmax(logits) - logit);
                    for (outcome, logit) in logits.iter_mut().enumerate() {
                        *logit =
                            (*logit - target_probability(teacher, outcome, right)) / self.scale;
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

/// Sum of the cross-entropies of the hits under the mixture of network and pointer memory of
/// [`crate::model::pointer_memory`], divided by `scale`.
struct Mixture {
    memories: Arc<Vec<Memory>>,
    struck: Arc<Vec<u16>>,
    teacher: TeacherProbabilities,
    scale: f32,
    gradients: OnceLock<[Vec<f32>; 2]>,
}

/// Sum over all rows of -log p(struck), or of the cross-entropy with the teacher's mixture, divided
/// by `scale`: a scalar. `logits` is rows x subsets, `controls` rows x [`CONTROLS`]; rows with the
/// outcome [`NONE`] are skipped.
pub fn mixture(
    logits: &Tensor,
    controls: &Tensor,
    memories: &Arc<Vec<Memory>>,
    struck: &Arc<Vec<u16>>,
    teacher: TeacherProbabilities,
    scale: f32,
) -> Result<Tensor> {
    let (memories, struck) = (memories.clone(), struck.clone());
    let op = Mixture { memories, struck, teacher, scale, gradients: OnceLock::new() };
    logits.apply_op2(controls, op)
}

/// Cross-entropy of one row; replaces logits and controls by their gradients.
fn mixture_row(
    memory: &Memory,
    struck: u16,
    teacher: Option<&[f32]>,
    logits: &mut [f32],
    controls: &mut [f32],
) -> f32 {
    let (gate, shares) = (memory.gate(controls), memory.shares(controls));
    kernel::softmax(logits);
    let outcomes = match teacher {
        Some(_) => 0..logits.len(),
        None => usize::from(struck)..usize::from(struck) + 1,
    };
    let (mut loss, mut parts, mut d_gate, mut recalled) = (0.0, 0.0, 0.0, 0.0);
    // By outcome: target probability divided by mixture probability.
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
        let target_probability = target_probability(teacher, outcome, usize::from(struck));
        *ratio = target_probability / chance;
        loss -= target_probability * chance.ln();
        parts += *ratio * (1.0 - gate) * own;
        d_gate += *ratio * (own - remembered);
        recalled += *ratio * remembered;
    }
    // d(-log p) of the network's own distribution: the softmax gradient times its share of the
    // mixture.
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
        let mut logits = values(logits, logits_layout)?.to_vec();
        let mut controls = values(controls, controls_layout)?.to_vec();
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
                let teacher = self.teacher.as_ref().map(|teacher| &teacher[row * width..]);
                let loss = mixture_row(memory, struck, teacher, logits, controls);
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

/// Returns the sum divided by a scale; summed in order, so that the result does not depend on the
/// number of cores.
#[expect(clippy::cast_possible_truncation)]
fn total(losses: &[f64], scale: f32) -> f32 {
    (losses.iter().sum::<f64>() / f64::from(scale)) as f32
}

/// Scales a gradient for an upstream gradient `d_out`.
fn scaled(gradient: Vec<f32>, d_out: &Tensor, like: &Tensor) -> Result<Tensor> {
    let d_out = d_out.to_scalar::<f32>()?;
    tensor(gradient.into_iter().map(|g| g * d_out).collect(), like.shape(), like)
}
