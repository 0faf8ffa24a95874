//! `cargo xtask pictures`: screenshots of the window; `cargo xtask window-cost`: its CPU time.
//!
//! Both run as examples of this package: examples may link to libraries that the system package
//! check installs first.

use crate::build::{bundle, process, system_packages};
use anyhow::Result;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::Path;
use xtask::workspace::{BUNDLES_VARIABLE, Workspace};

/// Builds the plugin and writes the screenshots to `target/pictures`.
///
/// # Errors
/// If the build fails or no screen is available.
pub(crate) fn pictures(workspace: &Workspace) -> Result<()> {
    system_packages::ensure_installed(system_packages::Purpose::Test)?;
    let built = bundle::build_bundles(workspace)?;
    let folder = workspace.target.join("pictures");
    run_example(workspace, "pictures", &[&folder, &built.program])?;
    println!("{}", folder.display());
    Ok(())
}

/// Builds the plugin with the feature `measure` and prints the CPU time of its window.
///
/// # Errors
/// If the build fails or no screen is available.
pub(crate) fn window_cost(workspace: &Workspace) -> Result<()> {
    system_packages::ensure_installed(system_packages::Purpose::Test)?;
    let mut build = workspace.cargo(&["build", "--release", "--package", "plugin", "--lib"]);
    process::run(build.args(["--features", "measure"]), bundle::BUILD_FAILED)?;
    // The bundles are left without the feature.
    let library = format!("{DLL_PREFIX}deep_pocket{DLL_SUFFIX}");
    run_example(workspace, "cost", &[&workspace.target.join("release").join(library)])
}

/// Runs an example of this package with paths as its arguments.
fn run_example(workspace: &Workspace, name: &str, paths: &[&Path]) -> Result<()> {
    let mut example = workspace.cargo(&["run", "--package", "xtask", "--example", name, "--"]);
    example.args(paths).env(BUNDLES_VARIABLE, workspace.bundles());
    process::run(&mut example, "The window could not be tested; see the lines above.")
}
