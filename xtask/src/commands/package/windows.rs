//! Windows: the archive of a build that another system has linked, and the installer.

use super::archive::{fill, read_me, write_archive, write_checksums};
use crate::build::bundle::bundle_for;
use crate::build::process;
use anyhow::Result;
use std::env::consts::OS;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::Workspace;

/// Script of the installer, from the workspace's root.
const SCRIPT: &str = "assets/desktop/installer.nsi";

/// Writes archive, installer and checksums of a build for Windows on x86-64. `build` is the folder of
/// its library and program, `target` its triple. Returns the installer; `None` without NSIS.
///
/// # Errors
/// If a file cannot be read or written.
pub(crate) fn package_windows(
    workspace: &Workspace,
    build: &Path,
    target: &str,
) -> Result<Option<PathBuf>> {
    let packages = workspace.target.join("packages");
    let name = format!("deep-pocket-{}-windows-x86_64", env!("CARGO_PKG_VERSION"));
    let built = bundle_for("windows", "x86_64", build, &build.join("bundled"))?;
    let folder = packages.join(&name);
    fill(workspace, &built, &folder, target, &[("README.txt", &read_me("windows"))])?;
    let installer = write_installer(workspace, &packages, &name)?;
    let written: Vec<PathBuf> =
        [write_archive(&packages, &name)?].into_iter().chain(installer.clone()).collect();
    let sums = write_checksums(&packages, &name, &written)?;
    written.iter().chain([&sums]).for_each(|path| println!("{}", path.display()));
    Ok(installer)
}

/// Writes the installer of an archive's folder in `packages`; `None` if NSIS is not installed.
///
/// # Errors
/// If NSIS fails.
pub(super) fn write_installer(
    workspace: &Workspace,
    packages: &Path,
    name: &str,
) -> Result<Option<PathBuf>> {
    if !process::succeeds(Command::new("makensis").arg("-VERSION")) {
        println!("NSIS is not installed, so there is no installer.");
        return Ok(None);
    }
    let installer = packages.join(format!("{name}-setup.exe"));
    let define = |name: &str, value: &Path| {
        let mut text = OsString::from(format!("-D{name}="));
        text.push(value);
        text
    };
    let mut makensis = Command::new("makensis");
    makensis.args(["-V2", concat!("-DVERSION=", env!("CARGO_PKG_VERSION"))]);
    if OS != "windows" {
        // NSIS for Windows has 32-bit installers alone, which Wine does not run everywhere.
        makensis.arg("-DTARGET=amd64-unicode");
    }
    makensis.arg(define("FILES", &packages.join(name))).arg(define("OUT", &installer));
    process::run(makensis.arg(workspace.root.join(SCRIPT)), "The installer could not be written.")?;
    Ok(Some(installer))
}
