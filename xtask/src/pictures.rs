//! `cargo xtask pictures`: the window as it looks now; and `cargo xtask window-cost`: what it costs.
//! Both are done by examples, since what they need of the tests may link to what the system check
//! installs first.

use crate::{bundle, system};
use anyhow::{Context, Result, ensure};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;
use xtask::workspace::{BUNDLES_VARIABLE, Workspace, cargo};

/// Builds the plugin and makes the pictures of its window again.
///
/// # Errors
/// The build fails, or there is no screen to be had.
pub(crate) fn pictures(workspace: &Workspace) -> Result<()> {
    system::provide(system::Purpose::Test)?;
    let built = bundle::bundle(workspace)?;
    let folder = workspace.target.join("pictures");
    example(workspace, "pictures", &[&folder, &built.program])?;
    println!("{}", folder.display());
    Ok(())
}

/// Builds the plugin so that its window says what it spends, and measures what it costs.
///
/// # Errors
/// The build fails, or there is no screen to be had.
pub(crate) fn cost(workspace: &Workspace) -> Result<()> {
    system::provide(system::Purpose::Test)?;
    let status = cargo()
        .current_dir(&workspace.root)
        .args(["build", "--release", "--package", "plugin", "--lib", "--features", "measure"])
        .arg("--target-dir")
        .arg(&workspace.target)
        .status()
        .context("Cargo could not be run")?;
    ensure!(status.success(), "The plugin could not be built; the lines above say why.");
    let library = format!("{DLL_PREFIX}deep_pocket{DLL_SUFFIX}");
    // It is not put into the bundles: those have nothing of it.
    example(workspace, "cost", &[&workspace.target.join("release").join(library)])
}

/// Runs an example with paths.
fn example(workspace: &Workspace, name: &str, paths: &[&Path]) -> Result<()> {
    let status = cargo()
        .current_dir(&workspace.root)
        .args(["run", "--package", "xtask", "--example", name, "--"])
        .args(paths)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .env(BUNDLES_VARIABLE, workspace.bundles())
        .status()
        .context("Cargo could not be run")?;
    ensure!(status.success(), "The window could not be tried; the lines above say why.");
    Ok(())
}
