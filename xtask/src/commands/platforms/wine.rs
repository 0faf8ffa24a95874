//! The Windows build under Wine: the library plays the same notes in the CLAP host, and the
//! standalone program starts and keeps running.

use crate::build::bundle::BuiltPlugin;
use crate::build::process;
use crate::commands::beat::beat;
use anyhow::{Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Source of `bcryptprimitives.dll`: Wine 8 lacks the random number function that Rust's standard
/// library imports from it.
const STAND_IN: &str = r#"#include <stddef.h>
int __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int ProcessPrng(unsigned char *to, size_t count) {
    return SystemFunction036(to, (unsigned long)count);
}
"#;

/// Running time of the standalone program, in seconds.
const PROGRAM_SECONDS: &str = "15";

/// Exit status of `timeout` if it had to end the program.
const TIMED_OUT: i32 = 124;

/// Returns true if Wine is installed.
pub(crate) fn is_installed() -> bool {
    process::succeeds(Command::new("wine").arg("--version"))
}

/// Runs the programs in the folder of the Windows build: `xtask` with the plugin, which must play
/// the same notes as the bundles of this system, and the standalone program.
///
/// # Errors
/// If a program does not start, or the plugin plays other notes.
pub(crate) fn check(folder: &Path, linker: &str, built: &BuiltPlugin) -> Result<()> {
    let source = folder.join("bcryptprimitives.c");
    fs::write(&source, STAND_IN)?;
    let mut stand_in = Command::new(linker);
    stand_in.current_dir(folder).args(["-shared", "-o", "bcryptprimitives.dll"]);
    run(stand_in.arg(&source).arg("-ladvapi32"))?;

    run(wine(folder).args(["xtask.exe", "beat", "deep_pocket.dll", "beat.mid"]))?;
    let here = folder.join("here.mid");
    beat(&built.clap, &here)?;
    let same = fs::read(folder.join("beat.mid"))? == fs::read(&here)?;
    ensure!(same, "The plugin plays other notes under Wine: see {}", folder.display());
    println!("Under Wine the library plays the same eight bars in the CLAP host.");
    check_program(folder)
}

/// Checks that the standalone program prints its help and runs until it is ended.
fn check_program(folder: &Path) -> Result<()> {
    let help = process::capture(wine(folder).args(["deep-pocket.exe", "--help"]))?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    ensure!(help.contains("--backend"), "The program prints no help under Wine: {help}");
    // A Wine server that was started without a screen would keep running without one.
    end_server(folder)?;
    let mut program = Command::new("timeout");
    program.args([PROGRAM_SECONDS, "xvfb-run", "--auto-servernum", "wine"]);
    program.args(["deep-pocket.exe", "--backend", "dummy"]);
    let ended = process::status(set_environment(folder, &mut program))?;
    end_server(folder)?;
    ensure!(ended.code() == Some(TIMED_OUT), "The program ended by itself under Wine: {ended}");
    println!("Under Wine the program prints its help and runs on its dummy backend.");
    Ok(())
}

/// Ends the Wine server of the folder and waits until it is gone.
fn end_server(folder: &Path) -> Result<()> {
    let mut server = Command::new("wineserver");
    process::status(set_environment(folder, &mut server).args(["-k", "-w"]))?;
    Ok(())
}

fn wine(folder: &Path) -> Command {
    let mut command = Command::new("wine");
    set_environment(folder, &mut command);
    command
}

/// Runs a command in the folder, with a Wine prefix of its own.
fn set_environment<'a>(folder: &Path, command: &'a mut Command) -> &'a mut Command {
    let prefix: PathBuf = folder.join("wine");
    command.current_dir(folder).env("WINEPREFIX", prefix).env("WINEDEBUG", "-all")
}

/// Prints and runs a command.
fn run(command: &mut Command) -> Result<()> {
    println!("> {command:?}");
    let failure = format!("{command:?} failed");
    process::run(command, &failure)
}
