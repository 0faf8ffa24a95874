//! `cargo xtask package`: an archive for users: both bundles, the standalone program, an install
//! script, and all licences.

use crate::build::bundle::BuiltPlugin;
use crate::build::files::copy_tree;
use crate::build::process;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
";

/// README of the archive.
const READ_ME: &str = "\
Deep Pocket: a neural drummer in a plugin.

Install: run install.sh here (install.sh --uninstall removes everything), or copy
\"Deep Pocket.clap\" and \"Deep Pocket.vst3\" into your plugin folders. Let your DAW scan for
plugins, put Deep Pocket on an instrument track, and press play.

deep-pocket is the standalone program: deep-pocket --help.

routing.md describes how to route the notes to a drum instrument in each DAW; first-use.md shows a
first session. Licences: LICENSE-* for Deep Pocket and its typeface, THIRD-PARTY.txt for its
dependencies, CREDITS.txt for the training data.
";

/// Script that installs the bundles and the program for this user.
const INSTALL: &str = r#"#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $(uname) in
    Darwin) clap="$HOME/Library/Audio/Plug-Ins/CLAP" vst3="$HOME/Library/Audio/Plug-Ins/VST3" ;;
    *) clap="$HOME/.clap" vst3="$HOME/.vst3" ;;
esac
programs="$HOME/.local/bin"
rm -rf "$clap/Deep Pocket.clap" "$vst3/Deep Pocket.vst3" "$programs/deep-pocket"
if [ "${1:-}" = --uninstall ]; then
    echo "Deep Pocket is removed. Your presets, models and clips are still there."
    exit
fi
mkdir -p "$clap" "$vst3" "$programs"
cp -R "$here/Deep Pocket.clap" "$clap/"
cp -R "$here/Deep Pocket.vst3" "$vst3/"
cp "$here/deep-pocket" "$programs/"
echo "Installed into $clap, $vst3 and $programs. Let your DAW scan for plugins."
"#;

/// Writes the archive and returns its path.
///
/// # Errors
/// If a dependency has no licence, or the archive cannot be written.
pub(crate) fn package(workspace: &Workspace, built: &BuiltPlugin) -> Result<PathBuf> {
    let name = format!("deep-pocket-{}-{OS}-{ARCH}", env!("CARGO_PKG_VERSION"));
    let packages = workspace.target.join("packages");
    let folder = packages.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for bundle in [&built.clap, &built.vst3, &built.program] {
        copy_tree(bundle, &folder.join(bundle.file_name().context("a bundle has no name")?))?;
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
    write_archive(&packages, &name)
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

/// Returns the licences of all packages that are linked into the plugin and the program, each text
/// once.
fn third_party(workspace: &Workspace) -> Result<String> {
    let metadata = metadata(workspace)?;
    let mut packages: BTreeMap<&str, &Value> = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        packages.insert(text(&package["id"]), package);
    }
    let mut said = format!("{NAME} is built on the following packages.\n");
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in linked(&metadata) {
        let package = packages.get(id.as_str()).context("Cargo reports an unknown package")?;
        if package["source"].is_null() {
            continue;
        }
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        let licence = match (package["license"].as_str(), package["license_file"].as_str()) {
            (Some(licence), _) => licence,
            (None, Some(_)) => "see below",
            (None, None) => anyhow::bail!("{name} has no licence."),
        };
        writeln!(said, "{name}: {licence}")?;
        let folder = Path::new(text(&package["manifest_path"])).parent();
        for file in licence_files(folder.context("a package has no folder")?)? {
            texts.entry(fs::read_to_string(file)?).or_default().push(name.clone());
        }
    }
    for (licence, names) in texts {
        write!(said, "\n{}\n{}\n\n{}\n", "-".repeat(80), names.join(", "), licence.trim())?;
    }
    Ok(said)
}

fn metadata(workspace: &Workspace) -> Result<Value> {
    let rustc = process::capture(Command::new("rustc").arg("-vV"))?;
    let rustc = String::from_utf8(rustc.stdout)?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc names no host")?;
    let arguments = ["metadata", "--format-version=1", "--filter-platform", host];
    let answer = process::capture(&mut workspace.cargo(&arguments))?;
    ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr).trim());
    Ok(serde_json::from_slice(&answer.stdout)?)
}

/// Returns the ids of all packages that are linked into the plugin.
fn linked(metadata: &Value) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
    let plugin = list(&metadata["packages"]).iter().find(|package| package["name"] == "plugin");
    let mut rest: Vec<&str> = plugin.map(|package| text(&package["id"])).into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = rest.pop() {
        if !found.insert(id.to_owned()) {
            continue;
        }
        for dependency in nodes.get(id).into_iter().flat_map(|node| list(&node["deps"])) {
            // Dependencies of tests and build scripts have a kind; linked ones have none.
            if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()) {
                rest.push(text(&dependency["pkg"]));
            }
        }
    }
    found
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

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

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
