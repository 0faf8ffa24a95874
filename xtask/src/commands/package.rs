//! `cargo xtask package`: an archive for users: both bundles, the standalone program, an install
//! script, and all licences. Beside it: a Debian package where the system can write one, the list of
//! contents, and the checksums of all of them.

mod contents;
mod debian;
mod signature;

use crate::build::bundle::BuiltPlugin;
use crate::build::files::{copy_tree, file_name, sha256};
use crate::build::process;
use anyhow::{Context, Result};
use krates::{DepKind, Krates, NoneFilter, Scope};
use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
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

/// README of the archive.
const READ_ME: &str = "\
Deep Pocket: a neural drummer in a plugin.

Install: run install.sh here (install.sh --uninstall removes everything), or copy
\"Deep Pocket.clap\" and \"Deep Pocket.vst3\" (on macOS also \"Deep Pocket.component\") into your
plugin folders. Let your DAW scan for plugins, put Deep Pocket on an instrument track, and press play.

deep-pocket is the standalone program: deep-pocket --help.

routing.md describes how to route the notes to a drum instrument in each DAW; first-use.md shows a
first session. Licences: LICENSE-* for Deep Pocket and its typeface, THIRD-PARTY.txt for its
dependencies, CREDITS.txt for the training data.
";

/// Script that installs the bundles and the program for this user.
const INSTALL: &str = r#"#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mac="$HOME/Library/Audio/Plug-Ins"
programs="$HOME/.local/bin"
installed=
# install FILE FOLDER
install() {
    if [ -e "$here/$1" ]; then
        rm -rf "${2:?}/$1"
        [ "$action" = --uninstall ] && return
        mkdir -p "$2"
        cp -R "$here/$1" "$2/"
        installed="$installed $2"
    fi
}
action=${1:-}
case $(uname) in
    Darwin) clap="$mac/CLAP" vst3="$mac/VST3" ;;
    *) clap="$HOME/.clap" vst3="$HOME/.vst3" ;;
esac
install "Deep Pocket.clap" "$clap"
install "Deep Pocket.vst3" "$vst3"
install "Deep Pocket.component" "$mac/Components"
install deep-pocket "$programs"
if [ "$action" = --uninstall ]; then
    echo "Deep Pocket is removed. Your presets, models and clips are still there."
else
    echo "Installed into$installed. Let your DAW scan for plugins."
fi
"#;

/// Writes the archive and what belongs to it, and returns the paths. A secret key of minisign signs the
/// checksums.
///
/// # Errors
/// If a dependency has no licence, a file cannot be written, or the key cannot be used.
pub(crate) fn package(
    workspace: &Workspace,
    built: &BuiltPlugin,
    key: Option<&Path>,
) -> Result<Vec<PathBuf>> {
    let name = format!("deep-pocket-{}-{OS}-{ARCH}", env!("CARGO_PKG_VERSION"));
    let packages = workspace.target.join("packages");
    let folder = packages.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for file in built.bundles().chain([&built.program]) {
        copy_tree(file, &folder.join(file_name(file)))?;
    }
    let pages = ["docs/routing.md", "docs/first-use.md", "docs/first-use"];
    for text in ["LICENSE-MIT", "LICENSE-APACHE", "LICENSE-INTER"].into_iter().chain(pages) {
        let from = workspace.root.join(text);
        copy_tree(&from, &folder.join(from.file_name().context("a text has no name")?))?;
    }
    let licences = third_party(workspace)?;
    for (file, text) in [
        ("README.txt", READ_ME),
        ("CREDITS.txt", CREDIT),
        ("THIRD-PARTY.txt", &licences),
        ("install.sh", INSTALL),
    ] {
        fs::write(folder.join(file), text)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.join("install.sh"), fs::Permissions::from_mode(0o755))?;
    }
    let mut written = vec![write_archive(&packages, &name)?];
    written.extend(debian::write(&workspace.root, &packages, &folder)?);
    written.push(write_contents(workspace, &packages, &name)?);
    let sums = write_checksums(&packages, &name, &written)?;
    let signature = key.map(|key| signature::sign(&sums, key)).transpose()?;
    written.extend([sums].into_iter().chain(signature));
    Ok(written)
}

/// Writes the list of contents. It has the time of the commit, so that it can be made again.
fn write_contents(workspace: &Workspace, packages: &Path, name: &str) -> Result<PathBuf> {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root).env("TZ", "UTC0");
    git.args(["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"]);
    // An unpacked source has no commits.
    let created = process::print(&mut git).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned());
    let target = process::rustc_print(&["host-tuple"])?;
    let list = contents::contents(&linked(workspace)?, &target, &created)?;
    let path = packages.join(format!("{name}.spdx.json"));
    fs::write(&path, serde_json::to_string_pretty(&list)? + "\n")?;
    Ok(path)
}

/// Writes the SHA-256 of files, in the format that `sha256sum --check` reads.
fn write_checksums(packages: &Path, name: &str, files: &[PathBuf]) -> Result<PathBuf> {
    let mut lines = String::new();
    for file in files {
        writeln!(lines, "{}  {}", sha256(&fs::read(file)?), file_name(file))?;
    }
    let path = packages.join(format!("{name}.sha256"));
    fs::write(&path, lines)?;
    Ok(path)
}

/// Packs a folder into a `.tar.gz` beside it. On Linux the archive is reproducible.
fn write_archive(packages: &Path, name: &str) -> Result<PathBuf> {
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
fn third_party(workspace: &Workspace) -> Result<String> {
    let mut said = format!("{NAME} is built on the following packages.\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in linked(workspace)?.krates().filter(|package| package.source.is_some()) {
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

/// Returns the packages that are linked into the plugin; those of tests and build scripts are not.
fn linked(workspace: &Workspace) -> Result<Krates> {
    let mut metadata = krates::Cmd::new();
    metadata.manifest_path(workspace.root.join("plugin/Cargo.toml"));
    if OS == "macos" {
        metadata.features(["audio-unit".to_owned()]);
    }
    let mut packages = krates::Builder::new();
    for kind in [DepKind::Dev, DepKind::Build] {
        packages.ignore_kind(kind, Scope::All);
    }
    packages.include_targets([(process::rustc_print(&["host-tuple"])?, vec![])]);
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
        let said = third_party(&Workspace::find()?)?;
        let lines: Vec<&str> = said.lines().take_while(|line| !line.starts_with("---")).collect();
        let has = |name: &str| lines.iter().any(|line| line.starts_with(&format!("{name} ")));
        assert!(has("candle-core") && has("nice-plug") && has("egui"), "{lines:?}");
        assert!(!has("proptest") && !has("clack-host"), "what only tests need is not passed on");
        assert!(lines.iter().skip(1).all(|line| line.is_empty() || line.contains(": ")));
        assert!(said.contains("Permission is hereby granted"), "the texts are there, too");
        Ok(())
    }
}
