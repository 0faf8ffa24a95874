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
    bundle(workspace, &mut workspace.cargo(&BUILD))
}

/// Does the same for files that other people get: the paths of this machine are not in them.
///
/// # Errors
/// As for [`build_bundles`].
pub(crate) fn build_for_others(workspace: &Workspace) -> Result<BuiltPlugin> {
    let mut flags: Vec<String> = std::env::var("RUSTFLAGS")
        .map(|flags| flags.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    flags.extend(remapped(&own_paths(workspace)?));
    bundle(workspace, workspace.cargo(&BUILD).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))
}

/// Returns the folders of this machine that the compiler writes into messages of panics, and their
/// names in files for others.
fn own_paths(workspace: &Workspace) -> Result<Vec<(PathBuf, &'static str)>> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let sysroot = PathBuf::from(process::rustc_print(&["sysroot"])?);
    let cargo = cargo.into_iter().map(|cargo| (cargo, "/cargo"));
    // Of two prefixes that fit, the compiler takes the last one.
    let own = [(workspace.root.clone(), "/deep-pocket"), (workspace.target.clone(), "/target")];
    Ok(std::iter::once((sysroot, "/rust")).chain(cargo).chain(own).collect())
}

/// Returns flags of the compiler that replace paths.
fn remapped(paths: &[(PathBuf, &'static str)]) -> Vec<String> {
    let flag =
        |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    paths.iter().map(flag).collect()
}

const BUILD: [&str; 4] = ["build", "--release", "--package", "plugin"];

fn bundle(workspace: &Workspace, build: &mut Command) -> Result<BuiltPlugin> {
    system_packages::ensure_installed(Purpose::Build)?;
    process::run(build, BUILD_FAILED)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles a library, whose panic has the path of its source, in a folder of its own.
    fn compiled(remap: bool) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("one.rs");
        fs::write(
            &source,
            "#[unsafe(no_mangle)] pub extern \"C\" fn f(x: usize) -> u8 { [1, 2][x] }",
        )?;
        let library = folder.path().join("one.so");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "--crate-type=cdylib", "-Cstrip=debuginfo", "-o"]);
        rustc.arg(&library).arg(&source);
        if remap {
            rustc.args(remapped(&[(folder.path().to_owned(), "/deep-pocket")]));
        }
        process::run(&mut rustc, "one.rs was not compiled")?;
        Ok(fs::read(library)?)
    }

    #[test]
    fn a_build_for_others_has_no_path_of_this_machine() -> Result<()> {
        let has =
            |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        let here = std::env::temp_dir();
        let here = here.to_str().unwrap_or_default();
        let (plain, mapped) = (compiled(false)?, compiled(true)?);
        assert!(has(&plain, here), "a plain build has the path");
        assert!(!has(&mapped, here) && has(&mapped, "/deep-pocket/one.rs"));
        assert_eq!(mapped, compiled(true)?, "two folders, the same bytes");
        Ok(())
    }

    #[test]
    fn all_folders_of_this_machine_are_replaced() -> Result<()> {
        let workspace = Workspace::find()?;
        let flags = remapped(&own_paths(&workspace)?);
        for folder in [&workspace.root, &workspace.target] {
            let known = format!("--remap-path-prefix={}=/", folder.display());
            assert!(flags.iter().any(|flag| flag.starts_with(&known)), "{flags:?}");
        }
        assert!(flags.iter().any(|flag| flag.ends_with("=/cargo")), "{flags:?}");
        Ok(())
    }
}
