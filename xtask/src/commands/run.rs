//! `cargo xtask run`: sets the system up, builds, plays eight bars, and opens the window.

use super::beat::beat;
use crate::build::bundle::{self, BuiltPlugin};
use crate::build::process;
use anyhow::Result;
use std::process::Command;
use xtask::workspace::{NAME, Workspace};

/// Installs missing packages, builds, plays eight bars in a host, writes and prints them, and opens
/// the standalone window if there is a screen and not `headless`.
///
/// # Errors
/// If a package cannot be installed, the build fails, the plugin does not load or plays nothing, or
/// the file cannot be written.
pub(crate) fn run(workspace: &Workspace, headless: bool) -> Result<()> {
    let built = bundle::build_bundles(workspace)?;
    built.print_paths();
    beat(&built.clap, &workspace.target.join("deep-pocket").join("beat.mid"))?;
    if !headless && has_screen() {
        open_window(&built)?;
    }
    Ok(())
}

/// Returns true if a window can be opened. On Linux the window needs X11.
fn has_screen() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty())
}

/// Opens the standalone program and waits until it is closed.
fn open_window(built: &BuiltPlugin) -> Result<()> {
    println!("Opening {NAME}. Close its window to continue.");
    let failure = format!("{} exited with an error", built.program.display());
    process::run(&mut Command::new(&built.program), &failure)
}
