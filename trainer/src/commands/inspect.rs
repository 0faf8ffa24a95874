//! `inspect`: the metadata, tensors and size of a model file.

use std::path::Path;

use anyhow::Result;
use groove::model::Metadata;

use crate::files;

/// Prints the description of a model file.
///
/// # Errors
/// If the file is not a complete model.
pub fn run(path: &Path) -> Result<()> {
    let bytes = files::read(path)?;
    let model = files::parse_model(path, &bytes)?;
    let metadata = model.metadata();
    println!("{}", serde_json::to_string_pretty(metadata)?);
    for (name, shape) in metadata.tensors() {
        println!("{name:<22} {shape:?}");
    }
    println!("{} weights in {} bytes", weight_count(metadata, ""), bytes.len());
    Ok(())
}

/// Returns the number of weights in the tensors whose names start with a prefix.
pub(super) fn weight_count(metadata: &Metadata, prefix: &str) -> usize {
    let tensors = metadata.tensors();
    let kept = tensors.iter().filter(|(name, _)| name.starts_with(prefix));
    kept.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}
