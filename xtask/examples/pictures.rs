//! Screenshots of the window, from the built `.clap` in the CLAP host on a virtual screen: `cargo
//! xtask pictures`. They are for people to look at.

#[path = "../tests/common/mod.rs"]
mod common;

use anyhow::{Context, Result};
use common::screen::{Screen, run_on_screen};
use common::studio::Studio;
use groove::take::chart::SongFile;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use xtask::host::Host as _;
use xtask::host::saved_state::with_chart;
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
        studio.click(0.715, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    // A broken model of the user is reported in the list of models.
    let models = PathBuf::from(std::env::var("XDG_DATA_HOME")?).join("Deep Pocket/Models");
    std::fs::create_dir_all(&models)?;
    std::fs::write(models.join("half-copied.safetensors"), [0; 64])?;
    picture("model", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.61, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("presets", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        // The next preset, whose tempo is offered.
        studio.click(0.298, 0.036, 1)?;
        studio.click(0.19, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("help", 1.0, None, |studio| {
        studio.click(0.322, 0.036, 1)?;
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
    // The menu of uses of a MIDI file, with its slider "Amount".
    picture("midi-file-menu", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.72, 0.896, 1)?;
        studio.roll(0.5, &[])
    })?;
    // The menu of the dial Repeat.
    picture("dial-menu", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.062, 0.897, 3)?;
        studio.roll(0.5, &[])
    })?;
    picture("held-lanes", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.hover(0.06, 0.605)?;
        studio.roll(0.3, &[])?;
        studio.click(0.118, 0.605, 1)?;
        studio.roll(1.5, &[])
    })?;
    picture("kits", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.875, 0.036, 1)?;
        studio.roll(0.5, &[])
    })?;
    picture("kit-drums", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.927, 0.036, 1)?;
        studio.roll(0.5, &[])
    })?;
    picture("song", 1.0, None, |studio| {
        load_song(studio)?;
        studio.roll(4.2, &[])
    })?;
    picture("song-menu", 1.0, None, |studio| {
        load_song(studio)?;
        studio.roll(1.0, &[])?;
        studio.click(0.45, 0.11, 3)?;
        studio.roll(0.5, &[])
    })?;
    picture("song-empty", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.04, 0.103, 1)?;
        studio.roll(0.5, &[])
    })?;
    picture("strokes", 1.0, None, strokes)?;
    picture("strokes-double", 2.0, None, strokes)?;
    picture("small", 1.0, Some((960, 540)), |studio| studio.roll(3.0, &[]))?;
    picture("large", 1.0, Some((1920, 1080)), |studio| studio.roll(3.0, &[]))?;
    picture("double", 2.0, None, |studio| studio.roll(3.0, &[]))
}

/// Loads the project with the chart of the demo song.
fn load_song(studio: &mut Studio<'_>) -> Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/song.mid");
    let chart = SongFile::read(&std::fs::read(file)?)?.chart;
    let state = with_chart(&studio.host.save()?, &serde_json::to_value(chart)?)?;
    studio.host.load(&state)
}

/// Flam, drag, double, roll, rim shot and cross-stick on the snare, and the pedal of the hi-hat, by
/// the keys of the cells' menus; the menu of the last cell stays open.
fn strokes(studio: &mut Studio<'_>) -> Result<()> {
    const ESCAPE: u32 = 0xff1b;
    let [snare, hat] = [0.549, 0.322];
    let cells: [(f64, f64, &[u8]); 8] = [
        (1.5, snare, b"f"),
        (3.5, snare, b"d"),
        (6.5, snare, b"b"),
        (8.5, snare, b"r"),
        (10.5, snare, b"2"),
        (12.5, snare, b"3"),
        (13.5, hat, b"3"),
        (14.5, snare, b"3r"),
    ];
    studio.roll(0.5, &[])?;
    for (step, y, keys) in cells {
        studio.key(ESCAPE)?;
        studio.click(step.mul_add(14.0, 480.0) / 1_280.0, y, 3)?;
        for key in keys {
            studio.key(u32::from(*key))?;
        }
    }
    studio.roll(0.5, &[])
}

/// Screenshot of the standalone program, which says that there is no sound card.
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
