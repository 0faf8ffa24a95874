//! `cargo xtask platforms`: compiles the plugin for macOS and Windows, packs the Windows build, and
//! installs and plays it under Wine.
//!
//! For macOS the plugin is only type-checked, because Apple's libraries are not available on Linux; so
//! is the Rust side of its Audio Unit, without the C++.
//! For Windows it is linked if MinGW is installed, and run if Wine is.

mod compiler;
mod wine;

use crate::build::{bundle, process};
use crate::commands::package::package_windows;
use anyhow::Result;
use compiler::Compiler;
use std::fs;
use std::path::Path;
use std::process::Command;
use xtask::workspace::Workspace;

/// Target triple of macOS.
const MAC: &str = "aarch64-apple-darwin";
/// Target triple of Windows.
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// MinGW's linker.
const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Type-checks for macOS, and type-checks or links for Windows, with `jobs` parallel compilers.
///
/// # Errors
/// If the plugin does not compile, no compiler for the target can be found, a package cannot be
/// written, or the plugin plays other notes under Wine.
pub(crate) fn platforms(workspace: &Workspace, jobs: u16) -> Result<()> {
    let has_linker = process::succeeds(Command::new(LINKER).arg("--version"));
    compile(workspace, MAC, false, jobs)?;
    compile(workspace, WINDOWS, has_linker, jobs)?;
    if !has_linker {
        println!("{LINKER} is not installed, so nothing was linked for Windows.");
        return Ok(());
    }
    let folder = workspace.target.join("platforms").join(WINDOWS).join("release");
    let installer = package_windows(workspace, &folder, WINDOWS)?;
    if !wine::is_installed() {
        println!("Wine is not installed, so the Windows build was not run.");
        return Ok(());
    }
    wine::check(&folder, installer.as_deref(), LINKER, &bundle::build_bundles(workspace)?)
}

/// Compiles the plugin for a target; links it too if `link`, together with this program, which
/// loads the plugin under Wine.
fn compile(workspace: &Workspace, target: &str, link: bool, jobs: u16) -> Result<()> {
    let compiler = Compiler::for_target(workspace, target)?;
    let subcommand = if link { "build" } else { "check" };
    let mut build = workspace.cargo(&[subcommand, "--package", "plugin", "--target", target]);
    build.args(["--jobs", &jobs.to_string(), "--target-dir"]);
    build.arg(workspace.target.join("platforms"));
    if link {
        build.args(["--package", "xtask", "--release"]);
        bundle::hide_paths(workspace, &bundle::cargo_home()?, &mut build)?;
    }
    if target == MAC {
        check_audio_unit(&mut build, &workspace.target.join("platforms"))?;
    }
    compiler.configure(&mut build, target)?;
    println!("> {build:?}");
    let failure = format!("The plugin does not compile for {target}; see the lines above.");
    process::run(&mut build, &failure)?;
    println!("{target}: {}", if link { "linked" } else { "compiles, not linked" });
    Ok(())
}

/// Makes a build check the Rust side of the Audio Unit. Its C++ is not compiled, because Apple's headers
/// are missing: a script stands in for compiler and archiver and writes empty files.
fn check_audio_unit(build: &mut Command, folder: &Path) -> Result<()> {
    const SCRIPT: &str = "#!/bin/sh\n\
        while [ $# -gt 0 ]; do\n\
            case $1 in -o) : > \"$2\" ;; *.a) : > \"$1\" ;; esac\n\
            shift\n\
        done\n";
    let script = folder.join("no-compiler");
    fs::create_dir_all(folder)?;
    fs::write(&script, SCRIPT)?;
    process::run(Command::new("chmod").arg("+x").arg(&script), "chmod failed")?;
    build.args(["--features", "audio-unit"]);
    for variable in ["CXX_aarch64_apple_darwin", "AR_aarch64_apple_darwin"] {
        build.env(variable, &script);
    }
    build.env("SDKROOT", folder);
    Ok(())
}
