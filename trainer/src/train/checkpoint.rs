//! Checkpoints: the state from which an interrupted training continues.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use groove::learn::network::lstm::LstmState;
use groove::learn::network::net::NetState;
use groove::learn::optimise::Schedule;
use groove::model::Stack;
use groove::model::encode::Inputs;
use groove::pattern::kit::DrumClasses;
use serde::{Deserialize, Serialize};

use crate::files;

/// Entry of the checkpoint's header that holds a [`Progress`].
const HEADER: &str = "progress";

/// Settings that must match those of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TrainingSettings {
    pub(super) inputs: Inputs,
    pub(super) classes: DrumClasses,
    pub(super) beat: Stack,
    pub(super) feel: Stack,
    pub(super) lanes: usize,
    pub(super) steps: usize,
    pub(super) dropout: f32,
    pub(super) schedule: Schedule,
    pub(super) seed: u64,
    pub(super) pieces: usize,
    #[serde(default)]
    pub(super) style: Option<String>,
    /// Checksum of the initial model file.
    #[serde(default)]
    pub(super) init: Option<u64>,
    #[serde(default)]
    pub(super) teachers: usize,
}

/// Progress of a training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) settings: TrainingSettings,
    pub(super) update: u64,
    pub(super) best: Option<f64>,
    /// Best error of velocity and offset so far, see `feel_error`.
    #[serde(default, rename = "best_manner")]
    pub(super) best_feel: Option<f64>,
    pub(super) seconds: f64,
}

/// Returns the error sentence for a checkpoint that cannot be read.
pub(super) fn fault(path: &Path) -> String {
    format!("{} cannot be restored; --fresh starts over", path.display())
}

/// Reads the progress and the tensors of a checkpoint.
///
/// # Errors
/// If the file is not a complete checkpoint.
pub(super) fn read(path: &Path) -> Result<(Progress, HashMap<String, Tensor>)> {
    let context = || fault(path);
    let bytes = fs::read(path).with_context(context)?;
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).with_context(context)?;
    let text = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
    let progress = serde_json::from_str(text.with_context(context)?).with_context(context)?;
    let tensors =
        candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).with_context(context)?;
    Ok((progress, tensors))
}

/// Writes a checkpoint.
pub(super) fn write(
    path: &Path,
    progress: &Progress,
    mut tensors: HashMap<String, Tensor>,
    states: &NetState,
) -> Result<()> {
    insert_states(states, &mut tensors)?;
    let header = HashMap::from([(HEADER.to_string(), serde_json::to_string(progress)?)]);
    files::write_atomic(path, &safetensors::serialize(tensors, Some(header))?)
}

fn insert_states(states: &NetState, all: &mut HashMap<String, Tensor>) -> Result<()> {
    for (stack, layers) in [("beat", &states.beat), ("feel", &states.feel)] {
        for (layer, state) in layers.iter().enumerate() {
            for (part, values) in [("hidden", &state.hidden), ("cell", &state.cell)] {
                let tensor = Tensor::from_slice(values, values.len(), &Device::Cpu)?;
                all.insert(format!("carry/{stack}/{layer}/{part}"), tensor);
            }
        }
    }
    Ok(())
}

pub(super) fn load_states(all: &HashMap<String, Tensor>) -> Result<NetState> {
    let stack = |stack: &str| {
        let mut layers = Vec::new();
        let get = |layer: usize, part: &str| all.get(&format!("carry/{stack}/{layer}/{part}"));
        while let (Some(hidden), Some(cell)) =
            (get(layers.len(), "hidden"), get(layers.len(), "cell"))
        {
            layers.push(LstmState { hidden: hidden.to_vec1()?, cell: cell.to_vec1()? });
        }
        Ok::<_, anyhow::Error>(layers)
    };
    Ok(NetState { beat: stack("beat")?, feel: stack("feel")? })
}
