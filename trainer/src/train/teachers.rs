//! Distillation: targets from the outcomes and from an ensemble of trained models (Hinton et al.
//! 2015).

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use groove::learn::data::batch::Batch;
use groove::learn::network::kernel;
use groove::learn::network::net::{Net, NetState};
use groove::learn::network::storage::with_slice;
use groove::learn::training::SoftTargets;
use groove::model::Metadata;
use groove::model::feel::FEEL_LOGITS;
use rayon::prelude::*;

use crate::files;

/// Trained models, each with its LSTM states.
#[derive(Default)]
pub(crate) struct Teachers(Vec<(Net, NetState)>);

impl Teachers {
    /// Reads the teachers' model files.
    ///
    /// # Errors
    /// If a file is not a complete model, or has other inputs or classes than the student.
    pub(crate) fn read(paths: &[PathBuf], student: &Metadata) -> Result<Teachers> {
        let read = |path: &PathBuf| {
            let bytes = files::read(path)?;
            let metadata = files::parse_model(path, &bytes)?.metadata().clone();
            ensure!(
                metadata.inputs == student.inputs && metadata.classes == student.classes,
                "{} has other inputs or drums than the trained model and cannot be its teacher",
                path.display()
            );
            Ok((Net::from_model_file(&metadata, &bytes)?, NetState::default()))
        };
        paths.iter().map(read).collect::<Result<_>>().map(Teachers)
    }

    /// Returns the teachers' probabilities for the next batch of the stream; `None` without
    /// teachers.
    pub(crate) fn soft_targets(&mut self, batch: &Batch) -> Result<SoftTargets> {
        let count = self.0.len() as f32;
        let mut soft_targets: Option<[Vec<f32>; 2]> = None;
        for (net, states) in &mut self.0 {
            let outputs = net.forward(batch, states, None)?;
            let mut hits = outputs.hit_log_probabilities(batch)?;
            let mut feel = with_slice(&outputs.feel, <[f32]>::to_vec)?;
            hits.par_chunks_mut(net.metadata.classes.subsets()).for_each(|hits| {
                kernel::softmax(hits);
            });
            feel.par_chunks_mut(FEEL_LOGITS).for_each(|logits| {
                let (velocity, offset) = logits.split_at_mut(groove::model::feel::VELOCITY_BINS);
                kernel::softmax(velocity);
                kernel::softmax(offset);
            });
            let [all_hits, all_feel] =
                soft_targets.get_or_insert_with(|| [vec![0.0; hits.len()], vec![0.0; feel.len()]]);
            for (sums, values) in [(all_hits, hits), (all_feel, feel)] {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / count);
            }
        }
        let [hits, feel] =
            soft_targets.map_or([None, None], |both| both.map(|all| Some(Arc::new(all))));
        Ok(SoftTargets { hits, feel })
    }
}
