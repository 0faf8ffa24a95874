//! CLAP and VST3 bundles of the built library.
//!
//! A CLAP is the library itself under another name, and on macOS a bundle. A VST3 is a folder whose
//! inner path names the platform (VST 3 SDK, "Plug-in Format Structure").
//!
//! `nice-plug-xtask` does not serve: it bundles only libraries that have their package's name, gives
//! every plugin for macOS an identifier and a version of its own, and ignores a failed signature.

use super::files::copy_file;
use super::mac_bundle::mac_bundle;
use super::process;
use super::system_packages::{self, Purpose};
use anyhow::{Context, Result, bail};
use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::{NAME, Workspace};

/// Error sentence for a failed build of the plugin.
pub(crate) const BUILD_FAILED: &str = "The plugin could not be built; see the lines above.";

/// Files of a built plugin.
pub(crate) struct BuiltPlugin {
    /// CLAP bundle.
    pub(crate) clap: PathBuf,
    /// VST3 bundle.
    pub(crate) vst3: PathBuf,
    /// Audio Unit, on macOS.
    pub(crate) component: Option<PathBuf>,
    /// Standalone program.
    pub(crate) program: PathBuf,
}

impl BuiltPlugin {
    /// Returns the bundles of all formats.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.clap, &self.vst3].into_iter().chain(&self.component)
    }

    /// Prints the paths of all files.
    pub(crate) fn print_paths(&self) {
        for path in self.bundles().chain([&self.program]) {
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
    bundle(workspace, &mut release_build(workspace))
}

/// Does the same for files that other people get: the paths of this machine are not in them.
///
/// # Errors
/// As for [`build_bundles`].
pub(crate) fn build_for_others(workspace: &Workspace) -> Result<BuiltPlugin> {
    bundle(workspace, &mut build_command(workspace, &cargo_home()?)?)
}

/// Returns Cargo's folder of this user.
///
/// # Errors
/// If the user has no home folder.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    home.context("This user has no home folder")
}

/// Returns the command that builds the plugin without the paths of this machine, among them Cargo's
/// folder `cargo_home`.
///
/// # Errors
/// If the compiler cannot be run.
pub(crate) fn build_command(workspace: &Workspace, cargo_home: &Path) -> Result<Command> {
    let mut build = release_build(workspace);
    hide_paths(workspace, cargo_home, &mut build)?;
    build.env("CARGO_HOME", cargo_home);
    Ok(build)
}

/// Keeps the paths of this machine out of what a build writes, among them Cargo's folder
/// `cargo_home`.
///
/// # Errors
/// If the compiler cannot be run.
pub(crate) fn hide_paths(
    workspace: &Workspace,
    cargo_home: &Path,
    build: &mut Command,
) -> Result<()> {
    let mut flags: Vec<String> = std::env::var("RUSTFLAGS")
        .map(|flags| flags.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    flags.extend(remapped(&own_paths(workspace, cargo_home)?));
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    Ok(())
}

/// Returns the folders of this machine that the compiler writes into messages of panics, and their
/// names in files for others.
fn own_paths(workspace: &Workspace, cargo_home: &Path) -> Result<[(PathBuf, &'static str); 4]> {
    let sysroot = PathBuf::from(process::rustc_print(&["sysroot"])?);
    // Of two prefixes that fit, the compiler takes the last one.
    Ok([
        (sysroot, "/rust"),
        (cargo_home.to_owned(), "/cargo"),
        (workspace.root.clone(), "/deep-pocket"),
        (workspace.target.clone(), "/target"),
    ])
}

/// Returns flags of the compiler that replace paths.
fn remapped(paths: &[(PathBuf, &'static str)]) -> Vec<String> {
    let flag =
        |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    paths.iter().map(flag).collect()
}

/// Returns the command that builds the plugin in release mode, on macOS with its Audio Unit.
fn release_build(workspace: &Workspace) -> Command {
    let mut build = workspace.cargo(&["build", "--release", "--package", "plugin"]);
    if OS == "macos" {
        let header = workspace.root.join("plugin/src/clap_entry/event_sample.h");
        build.args(["--features", "audio-unit"]);
        build.env("CXXFLAGS", format!("-include '{}'", header.display()));
        build.env("CC_SHELL_ESCAPED_FLAGS", "1");
    }
    build
}

fn bundle(workspace: &Workspace, build: &mut Command) -> Result<BuiltPlugin> {
    system_packages::ensure_installed(Purpose::Build)?;
    process::run(build, BUILD_FAILED)?;
    bundle_for(OS, ARCH, &workspace.target.join("release"), &workspace.bundles())
}

/// Bundles the library in the folder of a build for a system and processor, as
/// `std::env::consts` name them.
///
/// # Errors
/// If the bundles cannot be written, or VST3 does not support the system.
pub(crate) fn bundle_for(
    os: &str,
    arch: &str,
    build: &Path,
    bundles: &Path,
) -> Result<BuiltPlugin> {
    let (library, program) = match os {
        "windows" => ("deep_pocket.dll", "deep-pocket.exe"),
        "macos" => ("libdeep_pocket.dylib", "deep-pocket"),
        _ => ("libdeep_pocket.so", "deep-pocket"),
    };
    let (library, program) = (build.join(library), build.join(program));
    let clap = bundles.join(format!("{NAME}.clap"));
    let vst3 = bundles.join(format!("{NAME}.vst3"));
    let mut component = None;
    if os == "macos" {
        let audio_unit = bundles.join(format!("{NAME}.component"));
        for bundle in [&clap, &vst3, &audio_unit] {
            mac_bundle(&library, bundle)?;
        }
        component = Some(audio_unit);
    } else {
        copy_file(&library, &clap)?;
        copy_file(&library, &vst3.join(path_inside_vst3(os, arch)?))?;
    }
    Ok(BuiltPlugin { clap, vst3, component, program })
}

/// Returns the library's path inside the VST3 folder on Linux and Windows.
fn path_inside_vst3(os: &str, arch: &str) -> Result<PathBuf> {
    let (folder, ending) = match (os, arch) {
        ("linux", arch) => (format!("{arch}-linux"), "so"),
        ("windows", "x86_64") => ("x86_64-win".into(), "vst3"),
        ("windows", "aarch64") => ("arm64-win".into(), "vst3"),
        (os, arch) => bail!("VST3 does not support {os} on {arch}."),
    };
    Ok(Path::new("Contents").join(folder).join(format!("{NAME}.{ending}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        let flags = remapped(&own_paths(&workspace, Path::new("/home/of/cargo"))?);
        for folder in [&workspace.root, &workspace.target] {
            let known = format!("--remap-path-prefix={}=/", folder.display());
            assert!(flags.iter().any(|flag| flag.starts_with(&known)), "{flags:?}");
        }
        assert!(
            flags.contains(&"--remap-path-prefix=/home/of/cargo=/cargo".to_owned()),
            "{flags:?}"
        );
        Ok(())
    }
}
