//! The Candle op that adds the logits of the references of [`crate::model::feel`] to those of velocity
//! and offset, with its backward pass.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::storage::{tensor, with_slice};
use crate::model::feel::{self, Bins, CLASS_OUTPUTS, FEEL_LOGITS, REFERENCES};
use crate::model::kernels::ops::values;

/// Adds the logits of the distances from references to those of the bins, as defined in
/// [`crate::model::feel`].
struct AddReferences {
    references: Arc<Vec<[Option<Bins>; REFERENCES]>>,
}

/// Maps rows x classes x [`CLASS_OUTPUTS`] to rows x classes x [`FEEL_LOGITS`], given the
/// references by row and class.
pub fn add_references(
    outputs: &Tensor,
    references: &Arc<Vec<[Option<Bins>; REFERENCES]>>,
) -> Result<Tensor> {
    outputs.apply_op1(AddReferences { references: references.clone() })
}

impl CustomOp1 for AddReferences {
    fn name(&self) -> &'static str {
        "add-references"
    }

    fn cpu_fwd(&self, outputs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = layout.shape().dims2()?;
        let width = width / CLASS_OUTPUTS * FEEL_LOGITS;
        let mut logits = vec![0.0; rows * width];
        values(outputs, layout)?
            .par_chunks(CLASS_OUTPUTS)
            .zip(logits.par_chunks_mut(FEEL_LOGITS))
            .zip(self.references.par_iter())
            .for_each(|((outputs, logits), references)| {
                feel::add_references(outputs, references, logits);
            });
        Ok((CpuStorage::F32(logits), Shape::from((rows, width))))
    }

    fn bwd(&self, outputs: &Tensor, _out: &Tensor, d_out: &Tensor) -> Result<Option<Tensor>> {
        let mut d_outputs = vec![0.0; outputs.elem_count()];
        with_slice(d_out, |d_out| {
            d_out
                .par_chunks(FEEL_LOGITS)
                .zip(d_outputs.par_chunks_mut(CLASS_OUTPUTS))
                .zip(self.references.par_iter())
                .for_each(|((d_logits, d_outputs), references)| {
                    for ((part, bin), d_logit) in feel::parts().zip(d_logits) {
                        feel::terms(part, bin, references).for_each(|at| d_outputs[at] += d_logit);
                    }
                });
        })?;
        Ok(Some(tensor(d_outputs, outputs.shape(), outputs)?))
    }
}
