//! The Windows build under Wine, from its installer: the library plays the same notes in the CLAP
//! host, and the standalone program starts and keeps running.

use crate::build::bundle::BuiltPlugin;
use crate::build::files::remove_tree;
use crate::build::process;
use crate::commands::beat::beat;
use anyhow::{Context, Result, ensure};
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

/// Wine prefix in the folder of the build.
const PREFIX: &str = "wine";

/// Running time of the standalone program, in seconds.
const PROGRAM_SECONDS: &str = "15";

/// Exit status of `timeout` if it had to end the program.
const TIMED_OUT: i32 = 124;

/// Returns true if Wine is installed.
pub(crate) fn is_installed() -> bool {
    process::succeeds(Command::new("wine").arg("--version"))
}

/// Runs the Windows build, whose folder has the program of this workspace too. With an installer, it
/// is installed into a new Wine prefix first, run from there and removed again. The plugin must play
/// the same notes as the bundles of this system.
///
/// # Errors
/// If a program does not start, the plugin plays other notes, or installing or removing fails.
pub(crate) fn check(
    folder: &Path,
    installer: Option<&Path>,
    linker: &str,
    built: &BuiltPlugin,
) -> Result<()> {
    remove_tree(&folder.join(PREFIX))?;
    run(wine(folder).args(["wineboot", "--init"]))?;
    let source = folder.join("bcryptprimitives.c");
    fs::write(&source, STAND_IN)?;
    let system = folder.join(PREFIX).join("drive_c/windows/system32/bcryptprimitives.dll");
    let mut stand_in = Command::new(linker);
    stand_in.arg("-shared").arg("-o").arg(&system);
    run(stand_in.arg(&source).arg("-ladvapi32"))?;

    let Some(installer) = installer else {
        println!("Without an installer, the files of the build are run.");
        return play(folder, Path::new("deep_pocket.dll"), Path::new("deep-pocket.exe"), built);
    };
    run(wine(folder).arg(installer).arg("/S"))?;
    let programs = local_programs(folder)?;
    let clap = programs.join("Common/CLAP/Deep Pocket.clap");
    let vst3 = programs.join("Common/VST3/Deep Pocket.vst3");
    ensure!(vst3.is_dir(), "The installer has not written {}", vst3.display());
    play(folder, &clap, &programs.join("Deep Pocket/deep-pocket.exe"), built)?;
    let mut uninstall = wine(folder);
    uninstall.arg(programs.join("Deep Pocket/uninstall.exe")).arg("/S");
    run(&mut uninstall)?;
    end_server(folder)?;
    ensure!(!clap.exists() && !vst3.exists(), "The plugins are still there after uninstalling");
    println!("Under Wine the installer's files play, and uninstalling removes them.");
    Ok(())
}

/// The folder of programs of the prefix's user.
fn local_programs(folder: &Path) -> Result<PathBuf> {
    let users = fs::read_dir(folder.join(PREFIX).join("drive_c/users"))?;
    let folders = users.map(|user| Ok(user?.path().join("AppData/Local/Programs")));
    let folders: Vec<PathBuf> = folders.collect::<Result<_>>()?;
    let found = folders.into_iter().find(|folder| folder.join("Deep Pocket").is_dir());
    found.context("The installer has written no folder of the program")
}

/// Plays the library and runs the program.
fn play(folder: &Path, library: &Path, program: &Path, built: &BuiltPlugin) -> Result<()> {
    run(wine(folder).args(["xtask.exe", "beat"]).arg(library).arg("beat.mid"))?;
    let here = folder.join("here.mid");
    beat(&built.clap, &here)?;
    let same = fs::read(folder.join("beat.mid"))? == fs::read(&here)?;
    ensure!(same, "The plugin plays other notes under Wine: see {}", folder.display());
    println!("Under Wine the library plays the same eight bars in the CLAP host.");
    check_program(folder, program)
}

/// Checks that the standalone program prints its help and runs until it is ended.
fn check_program(folder: &Path, program: &Path) -> Result<()> {
    let help = process::capture(wine(folder).arg(program).arg("--help"))?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    ensure!(help.contains("--backend"), "The program prints no help under Wine: {help}");
    // A Wine server that was started without a screen would keep running without one.
    end_server(folder)?;
    let mut run = Command::new("timeout");
    run.args([PROGRAM_SECONDS, "xvfb-run", "--auto-servernum", "wine"]);
    run.arg(program).args(["--backend", "dummy"]);
    let ended = process::status(set_environment(folder, &mut run))?;
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
    command.current_dir(folder).env("WINEPREFIX", folder.join(PREFIX)).env("WINEDEBUG", "-all")
}

/// Prints and runs a command.
fn run(command: &mut Command) -> Result<()> {
    println!("> {command:?}");
    let failure = format!("{command:?} failed");
    process::run(command, &failure)
}
