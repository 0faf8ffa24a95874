//! A host with the plugin's window open on the screen, in real time, for screenshots and
//! measurements.

use super::pointer::Pointer;
use super::screen::Screen;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Event, Host, HostSong, Message, Setup, Transport, record_block};
use xtask::workspace::CLAP_ID;

/// Song of the studio.
pub const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 112.0, meter: (4, 4), block: 480, cycle: None };

/// A host with the plugin's window open.
pub struct Studio<'a> {
    screen: &'a Screen,
    /// The host.
    pub host: ClapHost,
    /// The host's window.
    pub parent: u32,
    size: (u32, u32),
    /// Pointer of the screen.
    pub pointer: Pointer,
    /// Song position, in quarter notes.
    beats: f64,
}

impl<'a> Studio<'a> {
    /// Opens the window of a plugin with a scale factor and a size in pixels.
    ///
    /// # Errors
    /// If plugin, host or screen fail.
    pub fn open(
        screen: &'a Screen,
        bundle: &Path,
        scale: f64,
        size: Option<(u32, u32)>,
    ) -> Result<Self> {
        let mut host = ClapHost::load(bundle, CLAP_ID)?;
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

    /// Processes in real time for a number of seconds, with keys held.
    ///
    /// # Errors
    /// If the plugin reports a fault.
    pub fn pass(&mut self, seconds: f64, playing: bool, held: &[u8]) -> Result<()> {
        let start = Instant::now();
        let block = f64::from(SONG.block) / SONG.sample_rate;
        let mut heard = Vec::new();
        let keys = |down: bool| -> Vec<Event> {
            let message = |&key| match down {
                true => Message::NoteOn { key, channel: 9, velocity: 0.8 },
                false => Message::NoteOff { key, channel: 9 },
            };
            held.iter().map(|key| Event { offset: 0, message: message(key) }).collect()
        };
        let mut passed = 0.0;
        while passed < seconds {
            let input = if passed == 0.0 { keys(true) } else { Vec::new() };
            let transport = Transport { playing, ..SONG.transport(self.beats) };
            record_block(&mut self.host, SONG.block, Some(&transport), &input, 0, &mut heard)?;
            if playing {
                self.beats += f64::from(SONG.block) * SONG.beats_per_sample();
            }
            passed += block;
            let due = start + Duration::from_secs_f64(passed);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    /// Processes one block at once, with the transport stopped.
    ///
    /// # Errors
    /// If the plugin reports a fault.
    pub fn block(&mut self) -> Result<()> {
        let stopped = Transport { playing: false, ..SONG.transport(self.beats) };
        record_block(&mut self.host, SONG.block, Some(&stopped), &[], 0, &mut Vec::new())?;
        std::thread::sleep(Duration::from_millis(1));
        Ok(())
    }

    /// Plays for a number of seconds.
    ///
    /// # Errors
    /// As [`Studio::pass`].
    pub fn roll(&mut self, seconds: f64, held: &[u8]) -> Result<()> {
        self.pass(seconds, true, held)
    }

    /// Keeps the transport stopped for a number of seconds.
    ///
    /// # Errors
    /// As [`Studio::pass`].
    pub fn rest(&mut self, seconds: f64) -> Result<()> {
        self.pass(seconds, false, &[])
    }

    /// Moves the pointer to a position, as fractions of the window's width and height.
    ///
    /// # Errors
    /// If the screen is gone.
    #[expect(clippy::cast_possible_truncation)]
    pub fn hover(&mut self, x: f64, y: f64) -> Result<()> {
        let at = (x * f64::from(self.size.0), y * f64::from(self.size.1));
        self.pointer.go((at.0 as i16, at.1 as i16))?;
        self.roll(0.1, &[])
    }

    /// Clicks at a position.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn click(&mut self, x: f64, y: f64, button: u8) -> Result<()> {
        self.hover(x, y)?;
        self.pointer.press(button)?;
        self.roll(0.1, &[])?;
        self.pointer.release(button)?;
        self.roll(0.5, &[])
    }

    /// Presses the key of an X11 symbol.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn key(&mut self, symbol: u32) -> Result<()> {
        self.pointer.strike(symbol)?;
        self.roll(0.3, &[])
    }

    /// Writes a screenshot of the window with ImageMagick.
    ///
    /// # Errors
    /// If ImageMagick fails.
    pub fn save(&mut self, file: &Path) -> Result<()> {
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
