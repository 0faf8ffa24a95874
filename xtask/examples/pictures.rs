//! Screenshots of the window, from the built `.clap` in the CLAP host on a virtual screen: `cargo
//! xtask pictures`. They are for people to look at.

#[path = "../tests/common/mod.rs"]
mod common;

use anyhow::{Context, Result};
use common::screen::{Screen, run_on_screen};
use common::studio::Studio;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use xtask::workspace::built_bundle;

/// Environment variable of the process that runs on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_PICTURES";

fn main() -> Result<()> {
    let path = |place| std::env::args().nth(place).map(PathBuf::from);
    let folder = path(1).context("say where the pictures go")?;
    let program = path(2).context("say where the standalone program is")?;
    if std::env::var_os(ON_SCREEN).is_none() {
        let mut again = Command::new(std::env::current_exe()?);
        again.args([&folder, &program]).env(ON_SCREEN, "1");
        let status = run_on_screen(&mut again, Command::status)?;
        anyhow::ensure!(status.success(), "the pictures could not be made");
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let screen = Screen::connect()?;
    let bundle = built_bundle("clap").map_err(anyhow::Error::msg)?;
    let picture = |name: &str, scale: f64, size: Option<(u32, u32)>, act: Act| {
        let mut studio = Studio::open(&screen, &bundle, scale, size)?;
        act(&mut studio)?;
        studio.save(&folder.join(format!("{name}.png")))?;
        println!("{name}");
        anyhow::Ok(())
    };
    take_all(&picture)?;
    standalone(&program, &folder.join("standalone.png"))
}

/// Action in the window before its screenshot.
type Act = fn(&mut Studio<'_>) -> Result<()>;

/// Takes a screenshot: name, scale factor, size of the window, and action.
type Picture<'a> = &'a dyn Fn(&str, f64, Option<(u32, u32)>, Act) -> Result<()>;

/// Takes the screenshots of the plugin's window.
fn take_all(picture: Picture) -> Result<()> {
    picture("stopped", 1.0, None, |studio| studio.rest(0.6))?;
    picture("playing", 1.0, None, |studio| studio.roll(5.2, &[]))?;
    picture("in-use", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        // Cells of the kick, a painted hat, and held keys.
        for (x, y) in [(0.228, 0.605), (0.271, 0.605), (0.315, 0.605), (0.36, 0.605), (0.40, 0.549)]
        {
            studio.click(x, y, 1)?;
        }
        studio.roll(2.0, &[36, 42])?;
        studio.hover(0.06, 0.549)?;
        studio.roll(1.0, &[])
    })?;
    picture("output", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.808, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    // A broken model of the user is reported in the list of models.
    let models = PathBuf::from(std::env::var("XDG_DATA_HOME")?).join("Deep Pocket/Models");
    std::fs::create_dir_all(&models)?;
    std::fs::write(models.join("half-copied.safetensors"), [0; 64])?;
    picture("model", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.711, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("presets", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.19, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("menu", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.46, 0.549, 3)?;
        studio.roll(0.5, &[])
    })?;
    picture("clip-menu", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.96, 0.846, 1)?;
        studio.roll(0.5, &[])
    })?;
    picture("file", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.96, 0.846, 1)?;
        studio.click(0.85, 0.665, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("small", 1.0, Some((960, 540)), |studio| studio.roll(3.0, &[]))?;
    picture("large", 1.0, Some((1920, 1080)), |studio| studio.roll(3.0, &[]))?;
    picture("double", 2.0, None, |studio| studio.roll(3.0, &[]))
}

/// Screenshot of the standalone program, which plays by itself.
fn standalone(program: &Path, picture: &Path) -> Result<()> {
    let mut running = Command::new(program)
        .args(["--backend", "dummy"])
        .stdout(Stdio::null())
        .spawn()
        .context("the standalone program could not be run")?;
    std::thread::sleep(Duration::from_secs(6));
    let taken = Command::new("import")
        .args(["-window", "Deep Pocket", "-depth", "8", "-strip"])
        .arg(picture)
        .status();
    running.kill()?;
    running.wait()?;
    anyhow::ensure!(taken?.success(), "the standalone program shows no window");
    println!("standalone");
    Ok(())
}
