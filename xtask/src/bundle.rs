//! Puts the built library into the shapes that hosts look for: `.clap` and `.vst3`.
//!
//! A CLAP is the library itself under another name, and on macOS a bundle. A VST3 is a folder
//! whose inner path names the machine (VST 3 SDK, "Plug-in Format Structure").

use anyhow::{Context, Result, bail, ensure};
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::{CLAP_ID, NAME, Workspace, cargo};

/// What was built.
pub(crate) struct Built {
    /// The CLAP bundle.
    pub(crate) clap: PathBuf,
    /// The VST3 bundle.
    pub(crate) vst3: PathBuf,
    /// The standalone program.
    pub(crate) program: PathBuf,
}

impl Built {
    /// Prints where everything is.
    pub(crate) fn report(&self) {
        for path in [&self.clap, &self.vst3, &self.program] {
            println!("{}", path.display());
        }
    }
}

/// Builds the plugin and the standalone program in release mode and bundles the plugin.
///
/// # Errors
/// The build fails, or the bundles cannot be written.
pub(crate) fn bundle(workspace: &Workspace) -> Result<Built> {
    let status = cargo()
        .current_dir(&workspace.root)
        .args(["build", "--release", "--package", "plugin", "--target-dir"])
        .arg(&workspace.target)
        .status()
        .context("Cargo could not be run")?;
    ensure!(status.success(), "The plugin could not be built; the lines above say why.");
    let release = workspace.target.join("release");
    let library = release.join(format!("{DLL_PREFIX}deep_pocket{DLL_SUFFIX}"));
    let bundles = workspace.bundles();
    let clap = bundles.join(format!("{NAME}.clap"));
    let vst3 = bundles.join(format!("{NAME}.vst3"));
    if OS == "macos" {
        mac_bundle(&library, &clap)?;
        mac_bundle(&library, &vst3)?;
    } else {
        place(&library, &clap)?;
        place(&library, &vst3.join(inside_vst3()?))?;
    }
    Ok(Built { clap, vst3, program: release.join(format!("deep-pocket{EXE_SUFFIX}")) })
}

/// The library's path inside the VST3 folder on Linux and Windows.
fn inside_vst3() -> Result<PathBuf> {
    let (folder, ending) = match (OS, ARCH) {
        ("linux", arch) => (format!("{arch}-linux"), "so"),
        ("windows", "x86_64") => ("x86_64-win".into(), "vst3"),
        ("windows", "aarch64") => ("arm64-win".into(), "vst3"),
        (os, arch) => bail!("VST3 has no place for a plugin on {os} for {arch}."),
    };
    Ok(Path::new("Contents").join(folder).join(format!("{NAME}.{ending}")))
}

/// A macOS bundle: the library, and a property list that says what it is.
fn mac_bundle(library: &Path, bundle: &Path) -> Result<()> {
    place(library, &bundle.join("Contents/MacOS").join(NAME))?;
    fs::write(bundle.join("Contents/PkgInfo"), "BNDL????")?;
    fs::write(bundle.join("Contents/Info.plist"), property_list())?;
    // A library without a signature, if only one of our own, does not load on Apple's processors.
    let status = Command::new("codesign")
        .args(["--force", "--sign", "-"])
        .arg(bundle)
        .status()
        .context("codesign could not be run; it comes with Xcode's command line tools")?;
    ensure!(status.success(), "{} could not be signed", bundle.display());
    Ok(())
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

/// Copies a file to a place, whose folders are made. The file appears there whole or not at all,
/// and a host that has the former one open keeps that.
pub(crate) fn place(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("{} could not be copied to {}", from.display(), to.display());
    let folder = to.parent().with_context(failed)?;
    let fresh = to.with_extension("fresh");
    fs::create_dir_all(folder).with_context(failed)?;
    fs::copy(from, &fresh).with_context(failed)?;
    fs::rename(&fresh, to).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_file_replaces_the_former_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("a/b/to.so"));
        for contents in ["one", "two"] {
            fs::write(&from, contents).unwrap();
            place(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = place(&folder.path().join("absent.so"), &folder.path().join("to")).unwrap_err();
        assert!(error.to_string().contains("absent.so"), "{error}");
    }
}
