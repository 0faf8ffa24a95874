//! Makes the pictures of the window again, from the built `.clap` in our host on a screen of its
//! own: `cargo xtask pictures`. They are looked at by people; the tests check what can be checked.

#[path = "../tests/common/pointer.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod pointer;
#[path = "../tests/common/screen.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod screen;

use anyhow::{Context, Result};
use pointer::Pointer;
use screen::{Screen, Xvfb};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use xtask::host::clap::Clap;
use xtask::host::{Event, Host, Message, Setup, Song, Transport, step};
use xtask::workspace::{CLAP_ID, built_bundle};

const SONG: Song =
    Song { sample_rate: 48_000.0, tempo: 112.0, meter: (4, 4), block: 480, cycle: None };

/// Set for the process that is on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_PICTURES";

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).context("say where the pictures go")?);
    if std::env::var_os(ON_SCREEN).is_none() {
        let xvfb = Xvfb::start()?;
        let status = Command::new(std::env::current_exe()?)
            .arg(&folder)
            .env(ON_SCREEN, "1")
            .env("DISPLAY", &xvfb.display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .status()?;
        anyhow::ensure!(status.success(), "the pictures could not be made");
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let screen = Screen::connect()?;
    let picture = |name: &str, scale: f64, size: Option<(u32, u32)>, act: Act| {
        let mut studio = Studio::open(&screen, scale, size)?;
        act(&mut studio)?;
        studio.save(&folder.join(format!("{name}.png")))?;
        println!("{name}");
        anyhow::Ok(())
    };
    picture("stopped", 1.0, None, |studio| studio.rest(0.6))?;
    picture("playing", 1.0, None, |studio| studio.roll(5.2, &[]))?;
    picture("in-use", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        // Cells of the bass, a painted hat, and keys that are held.
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
        studio.click(0.955, 0.036, 1)?;
        studio.roll(1.0, &[])
    })?;
    picture("menu", 1.0, None, |studio| {
        studio.roll(1.0, &[])?;
        studio.click(0.46, 0.549, 3)?;
        studio.roll(0.5, &[])
    })?;
    picture("small", 1.0, Some((960, 540)), |studio| studio.roll(3.0, &[]))?;
    picture("large", 1.0, Some((1920, 1080)), |studio| studio.roll(3.0, &[]))?;
    picture("double", 2.0, None, |studio| studio.roll(3.0, &[]))?;
    Ok(())
}

type Act = fn(&mut Studio<'_>) -> Result<()>;

/// A host with the plugin's window open.
struct Studio<'a> {
    screen: &'a Screen,
    host: Clap,
    parent: u32,
    size: (u32, u32),
    pointer: Pointer,
    /// Where the song is, in quarter notes.
    beats: f64,
}

impl<'a> Studio<'a> {
    fn open(screen: &'a Screen, scale: f64, size: Option<(u32, u32)>) -> Result<Self> {
        let bundle = built_bundle("clap").map_err(anyhow::Error::msg)?;
        let mut host = Clap::load(&bundle, CLAP_ID)?;
        host.activate(Setup { sample_rate: 48_000.0, max_block: SONG.block, offline: false })?;
        let mut usual = host.create_window()?;
        if scale > 1.0 {
            usual = host.scale_window(scale)?;
        }
        if let Some(size) = size {
            usual = host.resize_window(size)?;
        }
        let parent = screen.window(usual)?;
        host.attach_window(parent)?;
        let size = usual;
        let pointer = Pointer::new()?;
        let mut studio = Studio { screen, host, parent, size, pointer, beats: 0.0 };
        studio.rest(0.5)?;
        screen.wait_for_colours(parent, 20, || {})?;
        Ok(studio)
    }

    /// Lets time pass in the host, in seconds, with these keys held.
    fn pass(&mut self, seconds: f64, playing: bool, held: &[u8]) -> Result<()> {
        let start = Instant::now();
        let block = f64::from(SONG.block) / SONG.sample_rate;
        let mut heard = Vec::new();
        let keys = |down: bool| -> Vec<Event> {
            let message = |&key| match down {
                true => Message::On { key, channel: 9, velocity: 0.8 },
                false => Message::Off { key, channel: 9 },
            };
            held.iter().map(|key| Event { offset: 0, message: message(key) }).collect()
        };
        let mut passed = 0.0;
        while passed < seconds {
            let input = if passed == 0.0 { keys(true) } else { Vec::new() };
            let transport = Transport { playing, ..SONG.transport(self.beats) };
            step(&mut self.host, SONG.block, Some(&transport), &input, 0, &mut heard)?;
            if playing {
                self.beats += f64::from(SONG.block) * SONG.beats_per_sample();
            }
            passed += block;
            let due = start + Duration::from_secs_f64(passed);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    fn roll(&mut self, seconds: f64, held: &[u8]) -> Result<()> {
        self.pass(seconds, true, held)
    }

    fn rest(&mut self, seconds: f64) -> Result<()> {
        self.pass(seconds, false, &[])
    }

    /// Moves the pointer to a place of the window, as shares of its width and height.
    #[expect(clippy::cast_possible_truncation)]
    fn hover(&mut self, x: f64, y: f64) -> Result<()> {
        let at = (x * f64::from(self.size.0), y * f64::from(self.size.1));
        self.pointer.go((at.0 as i16, at.1 as i16))?;
        self.roll(0.1, &[])
    }

    fn click(&mut self, x: f64, y: f64, button: u8) -> Result<()> {
        self.hover(x, y)?;
        self.pointer.press(button)?;
        self.roll(0.1, &[])?;
        self.pointer.release(button)?;
        self.roll(0.5, &[])
    }

    /// Has ImageMagick write what the window shows.
    fn save(&mut self, file: &Path) -> Result<()> {
        let status = Command::new("import")
            .args(["-window", &self.parent.to_string(), "-depth", "8", "-strip"])
            .arg(file)
            .status()
            .context("ImageMagick's import could not be run")?;
        anyhow::ensure!(status.success(), "{} could not be written", file.display());
        Ok(())
    }
}

impl Drop for Studio<'_> {
    fn drop(&mut self) {
        let _ = self.pointer.go((0, 0));
        let _ = self.host.close_window();
        let _ = self.screen.destroy(self.parent);
    }
}
