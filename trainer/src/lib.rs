//! What the trainer's commands are made of: data, batches, the networks while they learn, and what
//! is measured of them. The commands themselves stand in `main.rs`; `benches` and `tests` reach
//! the networks here.

mod asked;
mod backbone;
mod batch;
pub mod calibrate;
pub mod compare;
mod curve;
mod data;
pub mod evaluate;
mod floor;
mod kernel;
mod lead_ins;
pub mod losses;
mod measure;
pub mod metrics;
mod net;
pub mod ops;
mod optimise;
mod picture;
mod plan;
pub mod play;
mod played;
pub mod prepare;
mod preset;
pub mod presets;
#[cfg(test)]
mod reference_tests;
mod references;
pub mod report;
pub mod sample;
pub mod sheet;
mod start;
mod stream;
pub mod sweep;
pub mod takes;
mod teachers;
pub mod train;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use groove::model::{Metadata, Model};

/// Reads a file that somebody named.
///
/// # Errors
/// When it cannot be read, by name.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Reads a whole model, so that every fault of the file is found.
///
/// # Errors
/// When it is not a model that can play, by name.
pub fn read_model(path: &Path, bytes: &[u8]) -> Result<Model> {
    Model::from_bytes(bytes).with_context(|| format!("{}", path.display()))
}

/// The number of weights of a model, in the tensors whose names begin so.
#[must_use]
pub fn weights(metadata: &Metadata, prefix: &str) -> usize {
    let tensors = metadata.tensors();
    let kept = tensors.iter().filter(|(name, _)| name.starts_with(prefix));
    kept.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}
