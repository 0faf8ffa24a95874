//! CLAP and VST3 bundles of the built library.
//!
//! A CLAP is the library itself under another name, and on macOS a bundle. A VST3 is a folder whose
//! inner path names the platform (VST 3 SDK, "Plug-in Format Structure").
//!
//! `nice-plug-xtask` does not serve: it bundles only libraries that have their package's name, gives
//! every plugin for macOS an identifier and a version of its own, and ignores a failed signature.

use super::files::copy_file;
use super::process;
use super::system_packages::{self, Purpose};
use anyhow::{Result, bail};
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::{CLAP_ID, NAME, Workspace};

/// Error sentence for a failed build of the plugin.
pub(crate) const BUILD_FAILED: &str = "The plugin could not be built; see the lines above.";

/// Files of a built plugin.
pub(crate) struct BuiltPlugin {
    /// CLAP bundle.
    pub(crate) clap: PathBuf,
    /// VST3 bundle.
    pub(crate) vst3: PathBuf,
    /// Standalone program.
    pub(crate) program: PathBuf,
}

impl BuiltPlugin {
    /// Prints the paths of all files.
    pub(crate) fn print_paths(&self) {
        for path in [&self.clap, &self.vst3, &self.program] {
            println!("{}", path.display());
        }
    }
}

/// Installs missing system packages, builds the plugin and the standalone program in release mode,
/// and bundles the plugin.
///
/// # Errors
/// If a package cannot be installed, the build fails or the bundles cannot be written.
pub(crate) fn build_bundles(workspace: &Workspace) -> Result<BuiltPlugin> {
    system_packages::ensure_installed(Purpose::Build)?;
    process::run(
        &mut workspace.cargo(&["build", "--release", "--package", "plugin"]),
        BUILD_FAILED,
    )?;
    let release = workspace.target.join("release");
    let library = release.join(format!("{DLL_PREFIX}deep_pocket{DLL_SUFFIX}"));
    let bundles = workspace.bundles();
    let clap = bundles.join(format!("{NAME}.clap"));
    let vst3 = bundles.join(format!("{NAME}.vst3"));
    if OS == "macos" {
        mac_bundle(&library, &clap)?;
        mac_bundle(&library, &vst3)?;
    } else {
        copy_file(&library, &clap)?;
        copy_file(&library, &vst3.join(path_inside_vst3()?))?;
    }
    Ok(BuiltPlugin { clap, vst3, program: release.join(format!("deep-pocket{EXE_SUFFIX}")) })
}

/// Returns the library's path inside the VST3 folder on Linux and Windows.
fn path_inside_vst3() -> Result<PathBuf> {
    let (folder, ending) = match (OS, ARCH) {
        ("linux", arch) => (format!("{arch}-linux"), "so"),
        ("windows", "x86_64") => ("x86_64-win".into(), "vst3"),
        ("windows", "aarch64") => ("arm64-win".into(), "vst3"),
        (os, arch) => bail!("VST3 does not support {os} on {arch}."),
    };
    Ok(Path::new("Contents").join(folder).join(format!("{NAME}.{ending}")))
}

/// Writes a macOS bundle: the library and its property list.
fn mac_bundle(library: &Path, bundle: &Path) -> Result<()> {
    copy_file(library, &bundle.join("Contents/MacOS").join(NAME))?;
    fs::write(bundle.join("Contents/PkgInfo"), "BNDL????")?;
    fs::write(bundle.join("Contents/Info.plist"), property_list())?;
    // Apple silicon loads only signed libraries; an ad-hoc signature is enough.
    let mut sign = Command::new("codesign");
    let failure = format!("{} could not be signed", bundle.display());
    process::run(sign.args(["--force", "--sign", "-"]).arg(bundle), &failure)
}

fn property_list() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>CFBundleExecutable</key><string>{NAME}</string>
  <key>CFBundleIdentifier</key><string>{CLAP_ID}</string>
  <key>CFBundleName</key><string>{NAME}</string>
  <key>CFBundlePackageType</key><string>BNDL</string>
  <key>CFBundleShortVersionString</key><string>{version}</string>
  <key>CFBundleVersion</key><string>{version}</string>
  <key>NSHighResolutionCapable</key><true/>
</dict>
</plist>
"#
    )
}
