//! `cargo xtask pictures`: the window as it looks now. The pictures are made by an example, since
//! what it needs of the tests may link to what the system check installs first.

use crate::{bundle, system};
use anyhow::{Context, Result, ensure};
use xtask::workspace::{BUNDLES_VARIABLE, Workspace, cargo};

/// Builds the plugin and makes the pictures of its window again.
///
/// # Errors
/// The build fails, or there is no screen to be had.
pub(crate) fn pictures(workspace: &Workspace) -> Result<()> {
    system::provide(system::Purpose::Test)?;
    bundle::bundle(workspace)?;
    let folder = workspace.target.join("pictures");
    let status = cargo()
        .current_dir(&workspace.root)
        .args(["run", "--package", "xtask", "--example", "pictures", "--"])
        .arg(&folder)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .env(BUNDLES_VARIABLE, workspace.bundles())
        .status()
        .context("Cargo could not be run")?;
    ensure!(status.success(), "The pictures could not be made; the lines above say why.");
    println!("{}", folder.display());
    Ok(())
}
