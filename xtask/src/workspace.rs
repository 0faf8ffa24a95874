//! Paths of the workspace, of Cargo's target folder, and of the bundles in it.

use anyhow::{Context, Result, ensure};
use krates::cm::{Metadata, MetadataCommand};
use std::path::PathBuf;
use std::process::Command;

/// Name of the plugin and of its bundles.
pub const NAME: &str = "Deep Pocket";

/// CLAP id of the plugin. It must never change: projects refer to it.
pub const CLAP_ID: &str = "org.deeppocket.deep-pocket";

/// CLAP id of the note effect in the same library. It must never change, either.
pub const NOTE_EFFECT_ID: &str = "org.deeppocket.deep-pocket.notes";

/// CLAP id of the plugin with several outputs in the same library. It must never change, either.
pub const OUTPUTS_ID: &str = "org.deeppocket.deep-pocket.outputs";

/// Environment variable with the folder of the bundles to test; `cargo xtask test` sets it.
pub const BUNDLES_VARIABLE: &str = "DEEP_POCKET_BUNDLES";

/// Folders of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Folder with the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks Cargo for the workspace and its target folder.
    ///
    /// # Errors
    /// If Cargo cannot be run or does not read the workspace.
    pub fn find() -> Result<Self> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec();
        let metadata = metadata.context("Cargo cannot read the workspace")?;
        let Metadata { workspace_root, target_directory, .. } = metadata;
        Ok(Workspace { root: workspace_root.into(), target: target_directory.into() })
    }

    /// Returns the folder of the bundles.
    #[must_use]
    pub fn bundles(&self) -> PathBuf {
        self.target.join("bundled")
    }

    /// Returns a Cargo command line that runs in this workspace.
    #[must_use]
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).args(arguments);
        command
    }
}

/// Returns the built bundle with a file extension, "clap" or "vst3".
///
/// # Errors
/// If it has not been built.
pub fn built_bundle(extension: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os(BUNDLES_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => Workspace::find()?.bundles(),
    };
    let bundle = folder.join(format!("{NAME}.{extension}"));
    ensure!(
        bundle.exists(),
        "{} is missing: build it with `cargo xtask bundle`, or run everything with `cargo xtask test`",
        bundle.display()
    );
    Ok(bundle)
}
