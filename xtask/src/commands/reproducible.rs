//! `cargo xtask reproducible`: builds the committed sources twice, as two users in two folders
//! would, and compares the library and the program byte by byte.
//!
//! Each build has a home of its own with a copy of this user's package sources, so nothing is
//! downloaded twice. The toolchain is the same one.

use crate::build::files::{file_name, sha256};
use crate::build::{bundle, process};
use anyhow::{Context, Result, ensure};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::Workspace;

/// Folders of the two builds, of different lengths.
const USERS: [&str; 2] = ["a", "somebody-else/with/another/path"];

/// Builds for two users with `jobs` parallel compilers, and prints the SHA-256 of the equal files.
///
/// # Errors
/// If a build fails or the files differ.
pub(crate) fn reproducible(workspace: &Workspace, jobs: u16) -> Result<()> {
    let folder = workspace.target.join("reproducible");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let built = USERS.map(|user| build(workspace, &folder.join(user), jobs));
    let [first, second] = built;
    for (first, second) in first?.iter().zip(second?) {
        let (left, right) = (fs::read(first)?, fs::read(&second)?);
        let differing = left.iter().zip(&right).filter(|(left, right)| left != right).count();
        let both = format!("{} and {}", first.display(), second.display());
        ensure!(left == right, "{both} differ: {differing} bytes of {}", left.len());
        println!("{}: {} bytes, twice the same", file_name(first), left.len());
        println!("SHA-256 {}", sha256(&left));
    }
    fs::remove_dir_all(&folder).context("The builds could not be removed")
}

/// Builds for a user in a folder, and returns the library and the program.
fn build(workspace: &Workspace, folder: &Path, jobs: u16) -> Result<[PathBuf; 2]> {
    let home = folder.join("home");
    let cargo_home = home.join(".cargo");
    fs::create_dir_all(&cargo_home)?;
    let source = bundle::cargo_home()?;
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(source.join("registry")).arg(&cargo_home);
    process::run(&mut copy, "The package sources could not be copied")?;
    // Settings that name the source of the packages.
    for settings in ["config.toml", "config"] {
        let settings = source.join(settings);
        if settings.is_file() {
            fs::copy(&settings, cargo_home.join(file_name(&settings)))?;
        }
    }
    let own = Workspace { root: folder.join("source"), target: folder.join("target") };
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet", "--shared"]).arg(&workspace.root).arg(&own.root);
    process::run(&mut clone, "The committed sources could not be cloned")?;
    let mut build = bundle::build_command(&own, &cargo_home)?;
    build.args(["--jobs", &jobs.to_string()]).env("HOME", &home);
    if let Some(rustup) = std::env::home_dir().filter(|_| std::env::var_os("RUSTUP_HOME").is_none())
    {
        build.env("RUSTUP_HOME", rustup.join(".rustup"));
    }
    process::run(&mut build, bundle::BUILD_FAILED)?;
    let release = own.target.join("release");
    let files =
        [format!("{DLL_PREFIX}deep_pocket{DLL_SUFFIX}"), format!("deep-pocket{EXE_SUFFIX}")];
    Ok(files.map(|file| release.join(file)))
}
