//! Where things are: the workspace, Cargo's target folder, and the bundles in it.

use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// The plugin's name: of its bundles, and on screen.
pub const NAME: &str = "Deep Pocket";

/// The plugin's CLAP id. It never changes, or projects would lose the plugin.
pub const CLAP_ID: &str = "org.deeppocket.deep-pocket";

/// Set by `cargo xtask test`: the folder with the bundles that are to be tested.
pub const BUNDLES_VARIABLE: &str = "DEEP_POCKET_BUNDLES";

/// The folders that the chores work in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The folder with the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user has put it.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks Cargo where the workspace and its target folder are.
    ///
    /// # Errors
    /// Cargo cannot be run, or does not understand the workspace.
    pub fn find() -> Result<Self> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let answer = cargo()
            .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path", manifest])
            .output()
            .context("Cargo could not be run")?;
        ensure!(
            answer.status.success(),
            "Cargo does not understand the workspace: {}",
            String::from_utf8_lossy(&answer.stderr).trim()
        );
        let answer: serde_json::Value = serde_json::from_slice(&answer.stdout)?;
        let folder = |name: &str| {
            answer[name]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("Cargo names no {name}"))
        };
        Ok(Workspace { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// The folder that the bundles are put into.
    #[must_use]
    pub fn bundles(&self) -> PathBuf {
        self.target.join("bundled")
    }

    /// Returns a Cargo command line that runs in this workspace.
    #[must_use]
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).args(arguments);
        command
    }
}

/// A command line that runs the Cargo that runs us.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The built bundle of this file extension, "clap" or "vst3": what the host tests load.
///
/// # Errors
/// It has not been built; the message says how to.
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
