//! Archive of a build for users: the plugin, the program, pages, credits and the licences of all that
//! is linked.

use crate::build::bundle::BuiltPlugin;
use crate::build::files::{copy_tree, file_name, sha256};
use crate::build::process;
use anyhow::{Context, Result};
use krates::{DepKind, Krates, NoneFilter, Scope};
use std::collections::BTreeMap;
use std::env::consts::OS;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::{NAME, Workspace};

/// Credits of the training data.
const CREDIT: &str = "\
Deep Pocket's drummer learned from the Groove MIDI Dataset by Jon Gillick, Adam Roberts, Jesse
Engel, Douglas Eck and David Bamman (\"Learning to Groove with Inverse Sequence Transformations\",
ICML 2019), published by Google under the Creative Commons Attribution 4.0 International licence
(https://creativecommons.org/licenses/by/4.0/). Its drum hits were put on a grid of sixteenths.
The styles that the dataset lacks were learned from patterns of Deep Pocket's own, which are in the
public domain (CC0 1.0).
";

/// How to install from the archive, on Windows and elsewhere.
const INSTALL_WINDOWS: &str = "\
Install: run the installer that belongs to this archive, or copy \"Deep Pocket.clap\" into
%LOCALAPPDATA%\\Programs\\Common\\CLAP and \"Deep Pocket.vst3\" into
%LOCALAPPDATA%\\Programs\\Common\\VST3.";
const INSTALL_OTHERS: &str = "\
Install: run install.sh here (install.sh --uninstall removes everything), or copy
\"Deep Pocket.clap\" and \"Deep Pocket.vst3\" (on macOS also \"Deep Pocket.component\") into your
plugin folders.";

/// The rest of the README of the archive.
const READ_ME: &str = "\
Let your DAW scan for plugins, put Deep Pocket on an instrument track, and press play.

deep-pocket is the standalone program: deep-pocket --help.

routing.md describes how to route the notes to a drum instrument in each DAW; first-use.md shows a
first session. Licences: LICENSE-* for Deep Pocket and its typeface, THIRD-PARTY.txt for its
dependencies, CREDITS.txt for the training data.
";

/// README of the archive for a system.
pub(super) fn read_me(os: &str) -> String {
    let install = if os == "windows" { INSTALL_WINDOWS } else { INSTALL_OTHERS };
    format!("Deep Pocket: a neural drummer in a plugin.\n\n{install}\n{READ_ME}")
}

/// Fills the folder of an archive: the plugin, pages, licences of what is linked for a target, credits,
/// and some more texts by name.
pub(super) fn fill(
    workspace: &Workspace,
    built: &BuiltPlugin,
    folder: &Path,
    target: &str,
    texts: &[(&str, &str)],
) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for file in built.bundles().chain([&built.program]) {
        copy_tree(file, &folder.join(file_name(file)))?;
    }
    let pages = ["docs/routing.md", "docs/first-use.md", "docs/first-use"];
    for text in ["LICENSE-MIT", "LICENSE-APACHE", "LICENSE-INTER"].into_iter().chain(pages) {
        let from = workspace.root.join(text);
        copy_tree(&from, &folder.join(from.file_name().context("a text has no name")?))?;
    }
    let licences = third_party(workspace, target)?;
    let own = [("CREDITS.txt", CREDIT), ("THIRD-PARTY.txt", &*licences)];
    for (file, text) in own.iter().chain(texts) {
        fs::write(folder.join(file), text)?;
    }
    Ok(())
}

/// Writes the SHA-256 of files, in the format that `sha256sum --check` reads.
pub(super) fn write_checksums(packages: &Path, name: &str, files: &[PathBuf]) -> Result<PathBuf> {
    let mut lines = String::new();
    for file in files {
        writeln!(lines, "{}  {}", sha256(&fs::read(file)?), file_name(file))?;
    }
    let path = packages.join(format!("{name}.sha256"));
    fs::write(&path, lines)?;
    Ok(path)
}

/// Packs a folder into a `.tar.gz` beside it. On Linux the archive is reproducible.
pub(super) fn write_archive(packages: &Path, name: &str) -> Result<PathBuf> {
    let archive = packages.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.current_dir(packages);
    if OS == "linux" {
        tar.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"]);
        tar.arg("--use-compress-program=gzip -n").arg("-cf");
    } else {
        tar.arg("-czf");
    }
    tar.arg(&archive).arg(name);
    process::run(&mut tar, &format!("{} could not be written", archive.display()))?;
    Ok(archive)
}

/// Sources of others that packages contain, with licences of their own.
const CONTAINED: [(&str, &str); 4] = [
    ("clap-wrapper", "external/clap"),
    ("clap-wrapper", "external/clap-wrapper"),
    ("clap-wrapper", "external/filesystem"),
    ("clap-wrapper", "external/AudioUnitSDK"),
];

/// Returns the licences of all packages that are linked into the plugin and the program, each text
/// once. `cargo-about` keeps one text for each licence instead of all notices of the packages, and
/// links to an HTTP client.
fn third_party(workspace: &Workspace, target: &str) -> Result<String> {
    let mut said = format!("{NAME} is built on the following packages.\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in linked(workspace, target)?.krates().filter(|package| package.source.is_some()) {
        let name = format!("{} {}", package.name, package.version);
        let licence = match (&package.license, &package.license_file) {
            (Some(licence), _) => licence,
            (None, Some(_)) => "see below",
            (None, None) => anyhow::bail!("{name} has no licence."),
        };
        writeln!(said, "{name}: {licence}")?;
        let folder = package.manifest_path.parent().context("a package has no folder")?;
        let folder = folder.as_std_path();
        let mut files = licence_files(folder)?;
        for (_, inner) in CONTAINED.iter().filter(|(outer, _)| *outer == package.name) {
            files.extend(licence_files(&folder.join(inner))?);
        }
        for file in files {
            texts.entry(fs::read_to_string(file)?).or_default().push(name.clone());
        }
    }
    for (licence, names) in texts {
        write!(said, "\n{}\n{}\n\n{}\n", "-".repeat(80), names.join(", "), licence.trim())?;
    }
    Ok(said)
}

/// Returns the packages that are linked into the plugin for a target; those of tests and build scripts are not.
pub(super) fn linked(workspace: &Workspace, target: &str) -> Result<Krates> {
    let mut metadata = krates::Cmd::new();
    metadata.manifest_path(workspace.root.join("plugin/Cargo.toml"));
    if OS == "macos" {
        metadata.features(["audio-unit".to_owned()]);
    }
    let mut packages = krates::Builder::new();
    for kind in [DepKind::Dev, DepKind::Build] {
        packages.ignore_kind(kind, Scope::All);
    }
    packages.include_targets([(target.to_owned(), vec![])]);
    Ok(packages.build(metadata, NoneFilter)?)
}

fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("").to_uppercase();
        let is = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE", "OFL"];
        if path.is_file() && is.iter().any(|beginning| name.starts_with(beginning)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_files() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("a.tar.gz");
        fs::write(&file, "abc")?;
        let sums = write_checksums(folder.path(), "a", &[file])?;
        // FIPS 180-4, the example "abc".
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fs::read_to_string(sums)?, format!("{known}  a.tar.gz\n"));
        Ok(())
    }

    #[test]
    fn every_package_that_is_linked_is_named_with_its_licence() -> Result<()> {
        let target = process::rustc_print(&["host-tuple"])?;
        let said = third_party(&Workspace::find()?, &target)?;
        let lines: Vec<&str> = said.lines().take_while(|line| !line.starts_with("---")).collect();
        let has = |name: &str| lines.iter().any(|line| line.starts_with(&format!("{name} ")));
        assert!(has("candle-core") && has("nice-plug") && has("egui"), "{lines:?}");
        assert!(!has("proptest") && !has("clack-host"), "what only tests need is not passed on");
        assert!(lines.iter().skip(1).all(|line| line.is_empty() || line.contains(": ")));
        assert!(said.contains("Permission is hereby granted"), "the texts are there, too");
        Ok(())
    }
}
