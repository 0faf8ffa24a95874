//! What was linked for Windows, under Wine: the library plays in our host what it plays here, and
//! the program starts and stays.

use crate::bundle::Built;
use crate::run::beat;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Wine 8 lacks a library with one function, for random numbers, that Rust's own library asks for.
const STAND_IN: &str = r#"#include <stddef.h>
int __stdcall SystemFunction036(void *, unsigned long);
__declspec(dllexport) int ProcessPrng(unsigned char *to, size_t count) {
    return SystemFunction036(to, (unsigned long)count);
}
"#;

/// For how many seconds the program is to stay.
const STAYS: &str = "15";

/// Whether there is a Wine.
pub(crate) fn is_there() -> bool {
    let version = Command::new("wine").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Runs what lies in the folder of the Windows build: our own chores, and the plugin, which is to
/// play there what the bundles play here.
///
/// # Errors
/// Something does not start, or plays other notes.
pub(crate) fn plays(folder: &Path, linker: &str, built: &Built) -> Result<()> {
    let source = folder.join("bcryptprimitives.c");
    fs::write(&source, STAND_IN)?;
    let mut stand_in = Command::new(linker);
    stand_in.current_dir(folder).args(["-shared", "-o", "bcryptprimitives.dll"]);
    done(stand_in.arg(&source).arg("-ladvapi32"))?;

    done(wine(folder).args(["xtask.exe", "beat", "deep_pocket.dll", "beat.mid"]))?;
    let here = folder.join("here.mid");
    beat(&built.clap, &here)?;
    let same = fs::read(folder.join("beat.mid"))? == fs::read(&here)?;
    ensure!(same, "Under Wine it plays other notes: see {}", folder.display());
    println!("Under Wine the library plays the same eight bars in our host.");

    let help = wine(folder).args(["deep-pocket.exe", "--help"]).output();
    let help = String::from_utf8_lossy(&help.context("Wine could not be run")?.stdout).into_owned();
    ensure!(help.contains("--backend"), "Under Wine the program has no help: {help}");
    // What has been started without a screen would stay without one.
    let end = || at_home(folder, &mut Command::new("wineserver")).args(["-k", "-w"]).status();
    end().context("wineserver could not be run")?;
    let mut program = Command::new("timeout");
    program.args([STAYS, "xvfb-run", "--auto-servernum", "wine"]);
    program.args(["deep-pocket.exe", "--backend", "dummy"]);
    let ended = at_home(folder, &mut program).status().context("timeout could not be run")?;
    end().context("wineserver could not be run")?;
    // What timeout says of a program that it had to end.
    ensure!(ended.code() == Some(124), "Under Wine the program ended by itself: {ended}");
    println!("Under Wine the program says what it can, and plays to its null device.");
    Ok(())
}

fn wine(folder: &Path) -> Command {
    let mut command = Command::new("wine");
    at_home(folder, &mut command);
    command
}

/// In the folder, with a Windows of its own.
fn at_home<'a>(folder: &Path, command: &'a mut Command) -> &'a mut Command {
    let home: PathBuf = folder.join("wine");
    command.current_dir(folder).env("WINEPREFIX", home).env("WINEDEBUG", "-all")
}

fn done(command: &mut Command) -> Result<()> {
    println!("> {command:?}");
    let status = command.status().with_context(|| format!("{command:?} could not be run"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
