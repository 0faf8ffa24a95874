//! Drags the clip from the built plugin's window into a real DAW, takes screenshots, and compares
//! the DAW's notes with the plugin's. The tests do the same with small programs; a DAW is too large
//! for them.
//!
//! `cargo xtask bundle && cargo run -p xtask --example daw -- ardour` (or `qtractor`; Debian's
//! packages of these names, and openbox, Xvfb and ImageMagick). The screenshots are
//! `target/deep-pocket/ardour*.png`. No sound card is needed: Ardour runs on its dummy engine, and
//! Qtractor imports without one.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/drag/rig.rs"]
mod rig;

use anyhow::{Context, Result, bail, ensure};
use common::screen::{Screen, run_on_screen};
use rig::{CONTROL, RETURN, Rig, notes_of, pause, until, without_edges};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use xtask::workspace::Workspace;

/// Environment variable of the process that runs on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_ON_SCREEN";

/// Preparation of a DAW for a drop, and the location of the dropped notes.
struct Daw {
    /// Command that starts it in a folder of its own.
    start: fn(&Path) -> Result<Command>,
    /// Part of the title of a start dialog that Return closes.
    greeting: Option<&'static str>,
    /// Part of the title of its main window.
    title: &'static str,
    /// Drop position in its window, from the left and from the top, in pixels.
    at: (i16, i16),
    /// Folder of the MIDI files that it imports, within its own folder; `None` if it plays the
    /// dropped file itself.
    imports: Option<&'static str>,
}

const ARDOUR: Daw = Daw {
    start: start_ardour,
    greeting: None,
    title: "deep - Ardour",
    at: (700, 450),
    imports: Some("deep/interchange/deep/midifiles"),
};

const QTRACTOR: Daw = Daw {
    start: |_| Ok(Command::new("qtractor")),
    greeting: Some("Error"),
    title: "Untitled0",
    at: (420, 300),
    imports: None,
};

/// Ardour's answer to the questions of a first start: an engine without a sound card.
const ENGINE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config>
    <Option name="hide-dummy-backend" value="0"/>
    <Option name="try-autostart-engine" value="1"/>
  </Config>
  <Extra>
    <AudioMIDISetup>
      <EngineStates>
        <State backend="None (Dummy)" driver="Normal Speed" device="Silence" input-device=""
          output-device="" sample-rate="48000" buffer-size="1024" n-periods="0" input-latency="0"
          output-latency="0" lm-input="" lm-output="" active="1" use-buffered-io="0"
          midi-option="1 in, 1 out, Silence" lru="1"/>
      </EngineStates>
    </AudioMIDISetup>
  </Extra>
</Ardour>
"#;

/// Creates a session without a window, and returns the command that opens it.
fn start_ardour(folder: &Path) -> Result<Command> {
    let settings = folder.join("ardour7");
    fs::create_dir_all(&settings)?;
    fs::write(settings.join("config"), ENGINE)?;
    // Marks the first start as done.
    fs::write(settings.join(".a7"), "")?;
    let session = folder.join("deep");
    let script = folder.join("session.lua");
    let make = format!(
        "assert(create_session({:?}, \"deep\", 48000))\nclose_session()\nquit()\n",
        session.display().to_string()
    );
    fs::write(&script, make)?;
    let made = Command::new("ardour7-lua")
        .arg(&script)
        .env("XDG_CONFIG_HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("ardour7-lua could not be run")?;
    ensure!(made.success() && session.is_dir(), "Ardour made no session.");
    let mut start = Command::new("ardour");
    start.args(["--no-splash", "--no-announcements"]).arg(session).arg("deep");
    Ok(start)
}

fn main() -> Result<()> {
    let name = std::env::args().nth(1).context("Say which DAW: ardour or qtractor.")?;
    let daw = match name.as_str() {
        "ardour" => ARDOUR,
        "qtractor" => QTRACTOR,
        _ => bail!("{name} is no DAW that this knows. Say ardour or qtractor."),
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
    let folder = tempfile::tempdir()?;
    let mut program = (daw.start)(folder.path())?
        .env("XDG_CONFIG_HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{name} could not be run"))?;
    let dragged = drag(&rig, &daw, &name, folder.path());
    let _ = program.kill();
    let _: Result<_, _> = Child::wait(&mut program);
    dragged
}

/// Drags the clip onto the DAW's window, takes screenshots, and compares the notes.
fn drag(rig: &Rig<'_>, daw: &Daw, name: &str, folder: &Path) -> Result<()> {
    if let Some(greeting) = daw.greeting {
        rig.other_window(greeting)?;
        pause(1_000);
        rig.press(&[RETURN])?;
    }
    let window = rig.other_window(daw.title)?;
    // The window appears before the DAW has started completely.
    pause(5_000);
    let corner = rig.place(window, 1_260, 80)?;
    let pictures = Workspace::find()?.target.join("deep-pocket");
    fs::create_dir_all(&pictures)?;
    let picture = |what: &str| {
        let file = pictures.join(format!("{name}{what}"));
        rig.photograph(&file.with_extension("ppm"))?;
        let converted = Command::new("convert")
            .args([file.with_extension("ppm"), file.with_extension("png")])
            .status()
            .context("ImageMagick could not be run")?;
        ensure!(converted.success(), "The picture could not be converted.");
        fs::remove_file(file.with_extension("ppm"))?;
        println!("{}", file.with_extension("png").display());
        anyhow::Ok(())
    };
    rig.drag_to(rig.near_corner(75, 95)?, (corner.0 + daw.at.0, corner.1 + daw.at.1))?;
    picture("-over")?;
    rig.release()?;
    pause(4_000);
    picture("")?;
    let dropped = midi_file(&dropped_clips()?)?.context("the plugin has written no clip")?;
    let imported = match daw.imports {
        None => dropped,
        Some(imports) => {
            // Imported files are written when the session is saved; a click focuses the window.
            let place = (corner.0 + daw.at.0, corner.1 + 200);
            rig.drag_to(place, place)?;
            rig.release()?;
            rig.press(&[CONTROL, u32::from(b's')])?;
            pause(3_000);
            let mut file = None;
            until("the imported clip", || {
                file = midi_file(&folder.join(imports))?;
                Ok(file.is_some())
            })?;
            file.context("it was found")?
        }
    };
    let imported = fs::copy(&imported, pictures.join(format!("{name}.mid")))
        .map(|_| pictures.join(format!("{name}.mid")))?;
    let (played, has) = (without_edges(rig.played()?), without_edges(notes_of(&imported)?));
    ensure!(played == has, "{name} has {has:?}\nand the plugin plays {played:?}");
    println!("{} notes, all as the plugin plays them: {}", has.len(), imported.display());
    Ok(())
}

/// Returns the folder of dragged clips.
fn dropped_clips() -> Result<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").context("a home of its own")?;
    Ok(Path::new(&data).join("Deep Pocket/Clips"))
}

/// Returns the largest MIDI file of a folder; Ardour also creates empty ones.
fn midi_file(folder: &Path) -> Result<Option<PathBuf>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let midi = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "mid");
    let size = |path: &PathBuf| fs::metadata(path).map_or(0, |about| about.len());
    Ok(files.into_iter().map(|file| file.path()).filter(midi).max_by_key(size))
}
