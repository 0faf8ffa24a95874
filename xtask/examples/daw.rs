//! Drags the clip out of the built plugin's window into a real DAW and takes a picture: what the
//! tests do with small programs, and too much to install for them. Qtractor has not come up in time
//! in any run so far, so nothing has been dropped into it.
//!
//! `cargo xtask bundle && cargo run -p xtask --example daw -- qtractor` (Debian's package of that
//! name; openbox and Xvfb are the tests'). The picture is `target/deep-pocket/qtractor.ppm`.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/drag/rig.rs"]
mod rig;

use anyhow::{Context, Result, bail, ensure};
use common::screen::{Screen, run_on_screen};
use rig::{RETURN, Rig, rest};
use std::process::{Child, Command, Stdio};
use xtask::workspace::Workspace;

/// Set for the process that runs on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_ON_SCREEN";

/// How to get a DAW ready for a drop.
struct Daw {
    /// The program, and what it is told.
    command: &'static [&'static str],
    /// In the title of a window that it greets with, which Return closes.
    greeting: &'static str,
    /// In the title of its own window.
    title: &'static str,
}

const DAWS: [Daw; 1] = [Daw { command: &["qtractor"], greeting: "Error", title: "Untitled" }];

fn main() -> Result<()> {
    let name = std::env::args().nth(1).context("Say which DAW: qtractor.")?;
    let Some(daw) = DAWS.iter().find(|daw| daw.command[0] == name) else {
        bail!("{name} is no DAW that this knows. Say one of: qtractor.");
    };
    if std::env::var_os(ON_SCREEN).is_none() {
        let mut again = Command::new(std::env::current_exe()?);
        again.args(std::env::args().skip(1)).env(ON_SCREEN, "1");
        let status = run_on_screen(&mut again, Command::status)?;
        ensure!(status.success(), "The clip did not arrive.");
        return Ok(());
    }
    let screen = Screen::connect()?;
    let rig = Rig::new(&screen)?;
    let mut program = Command::new(daw.command[0])
        .args(&daw.command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{name} could not be run"))?;
    let dragged = drag(&rig, daw);
    let _ = program.kill();
    let _: Result<_, _> = Child::wait(&mut program);
    dragged
}

/// Drags the clip onto the DAW's window and photographs what it makes of it.
fn drag(rig: &Rig<'_>, daw: &Daw) -> Result<()> {
    rig.other_window(daw.greeting)?;
    rest(1_000);
    rig.press(RETURN)?;
    rest(1_000);
    let window = rig.other_window(daw.title)?;
    let middle = rig.place(window, 1_260, 80)?;
    rig.carry(rig.near_corner(75, 95)?, middle)?;
    let folder = Workspace::find()?.target.join("deep-pocket");
    std::fs::create_dir_all(&folder)?;
    rig.photograph(&folder.join(format!("{}-over.ppm", daw.command[0])))?;
    rig.let_go()?;
    rest(3_000);
    let picture = folder.join(format!("{}.ppm", daw.command[0]));
    rig.photograph(&picture)?;
    println!("{}", picture.display());
    Ok(())
}
