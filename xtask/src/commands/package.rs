//! `cargo xtask package`: an archive for users: both bundles, the standalone program, an install
//! script, and all licences. Beside it: a Debian package where the system can write one, the list of
//! contents, and the checksums of all of them.

mod archive;
mod contents;
mod debian;
mod signature;
mod windows;

pub(crate) use windows::package_windows;

use crate::build::bundle::BuiltPlugin;
use crate::build::process;
use anyhow::Result;
use archive::{fill, linked, read_me, write_archive, write_checksums};
use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::Workspace;

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
    let target = process::rustc_print(&["host-tuple"])?;
    let texts = [("README.txt", &*read_me(OS)), ("install.sh", INSTALL)];
    let texts = if OS == "windows" { &texts[..1] } else { &texts };
    fill(workspace, built, &folder, &target, texts)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.join("install.sh"), fs::Permissions::from_mode(0o755))?;
    }
    let mut written = vec![write_archive(&packages, &name)?];
    written.extend(debian::write(&workspace.root, &packages, &folder)?);
    if OS == "windows" {
        written.extend(windows::write_installer(workspace, &packages, &name)?);
    }
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
    let list = contents::contents(&linked(workspace, &target)?, &target, &created)?;
    let path = packages.join(format!("{name}.spdx.json"));
    fs::write(&path, serde_json::to_string_pretty(&list)? + "\n")?;
    Ok(path)
}
