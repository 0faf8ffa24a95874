//! Rust files of the workspace.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// A Rust file of the workspace.
pub(crate) struct RustFile {
    /// Path from the workspace's root, with forward slashes.
    pub(crate) path: String,
    /// Contents.
    pub(crate) text: String,
}

/// Reads every Rust file below a folder of the workspace.
///
/// # Errors
/// If a folder or file cannot be read.
pub(crate) fn read_sources(root: &Path, folder: &str) -> Result<Vec<RustFile>> {
    let mut sources = Vec::new();
    for entry in WalkDir::new(root.join(folder)).sort_by_file_name() {
        let file = entry?.into_path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("{} could not be read", file.display()))?;
            let path = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            sources.push(RustFile { path, text });
        }
    }
    Ok(sources)
}
