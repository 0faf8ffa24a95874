//! Reading and writing of files, with errors that name them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use groove::model::Model;

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Parses a whole model, which checks all of it.
///
/// # Errors
/// If the bytes are not a complete model.
pub(crate) fn parse_model(path: &Path, bytes: &[u8]) -> Result<Model> {
    Model::from_bytes(bytes).with_context(|| format!("{}", path.display()))
}

/// Reads and parses a whole model.
///
/// # Errors
/// If the file cannot be read, or is not a complete model.
pub(crate) fn read_model(path: &Path) -> Result<Model> {
    parse_model(path, &read(path)?)
}

/// Reads the tensors of a model file, by name.
///
/// # Errors
/// If it cannot be read, or is not a whole safetensors file.
pub(crate) fn tensors(path: &Path) -> Result<HashMap<String, Tensor>> {
    candle_core::safetensors::load_buffer(&read(path)?, &Device::Cpu)
        .with_context(|| format!("{}", path.display()))
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a file atomically.
///
/// # Errors
/// If it cannot be written; an existing file is kept.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    groove::files::write_atomic(path, bytes)
        .with_context(|| format!("{} cannot be written; the existing file is kept", path.display()))
}

/// Creates a folder and its parents.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .with_context(|| format!("the folder {} cannot be created", path.display()))
}
