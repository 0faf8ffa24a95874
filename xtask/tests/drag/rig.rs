//! Rig for drag and drop: a window manager, the plugin's window in a host, a pointer, and programs
//! of other toolkits.

#![allow(dead_code, reason = "the tests and the example each use a part of this")]

use anyhow::{Context, Result, bail, ensure};
use groove::pattern::midi::{Clip, PitchMap};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConfigureWindowAux, ConnectionExt,
    KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use xtask::host::clap::ClapHost;
use xtask::workspace::{CLAP_ID, built_bundle};

use crate::common::recording::Recording;
use crate::common::screen::Screen;
use crate::common::setup::{SONG, ready};

/// X11 key symbols.
pub const ESCAPE: u32 = 0xff1b;
pub const RETURN: u32 = 0xff0d;
pub const CONTROL: u32 = 0xffe3;

/// Time limit of every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that ends when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The rig.
pub struct Rig<'a> {
    pub screen: &'a Screen,
    pub host: ClapHost,
    /// The host's window, which embeds the plugin's.
    pub window: u32,
    connection: RustConnection,
    root: u32,
    size: (u32, u32),
    _manager: Program,
}

impl<'a> Rig<'a> {
    /// Opens the plugin's window with the first phrase of the song.
    pub fn new(screen: &'a Screen) -> Result<Self> {
        let (connection, number) = x11rb::connect(None)?;
        let root = connection.setup().roots[number].root;
        let manager = Command::new("openbox").stderr(Stdio::null()).spawn();
        let manager = Program(manager.context("openbox could not be run")?);
        let name = connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        until("a window manager", || {
            let any = AtomEnum::ANY;
            Ok(connection.get_property(false, root, name, any, 0, 1)?.reply()?.value_len > 0)
        })?;

        let bundle = built_bundle("clap")?;
        let mut host = ClapHost::load(&bundle, CLAP_ID)?;
        ready(&mut host, &SONG)?;
        SONG.roll_stopped(&mut host, 0.0, SONG.block.into())?;
        let size = host.create_window()?;
        let window = screen.window(size)?;
        until("the window", || {
            // A window manager may miss the first request while it starts.
            connection.map_window(window)?;
            let seen = connection.get_window_attributes(window)?.reply()?.map_state;
            Ok(seen == MapState::VIEWABLE)
        })?;
        // Leaves room for other windows.
        connection.configure_window(window, &ConfigureWindowAux::new().x(20).y(40))?.check()?;
        host.attach_window(window)?;
        screen.wait_for_colours(window, 20, || host.pump())?;
        let rig = Rig { screen, host, window, connection, root, size, _manager: manager };
        // Hits have the same colour as a few controls.
        rig.wait_for("the phrase", [0xff, 0xb4, 0x54], 1_000)?;
        Ok(rig)
    }

    /// Number of pixels of the window with a colour: red, green, blue.
    pub fn count(&self, [red, green, blue]: [u8; 3]) -> Result<usize> {
        let picture = self.screen.picture(self.window)?;
        let same = |pixel: &&[u8]| pixel[..3] == [blue, green, red];
        Ok(picture.chunks_exact(4).filter(same).count())
    }

    /// Waits until a number of pixels of the window have a colour.
    pub fn wait_for(&self, what: &str, colour: [u8; 3], least: usize) -> Result<()> {
        until(what, || Ok(self.count(colour)? >= least))
    }

    /// Returns a screen position, given from the right and lower edge of the plugin's window.
    pub fn near_corner(&self, left: i16, up: i16) -> Result<(i16, i16)> {
        let (width, height) = (i16::try_from(self.size.0)?, i16::try_from(self.size.1)?);
        let (x, y) = (width - left, height - up);
        let place = self.connection.translate_coordinates(self.window, self.root, x, y)?;
        let place = place.reply()?;
        Ok((place.dst_x, place.dst_y))
    }

    /// Moves the pointer at once.
    pub fn point(&self, (x, y): (i16, i16)) -> Result<()> {
        self.fake(MOTION_NOTIFY_EVENT, 0, (x, y))
    }

    /// Drags from one position to another with pauses and small steps, as a user does: windows
    /// expect separate enter, press, and motion events.
    pub fn drag_to(&self, from: (i16, i16), to: (i16, i16)) -> Result<()> {
        self.point(from)?;
        pause(200);
        self.fake(BUTTON_PRESS_EVENT, 1, from)?;
        pause(200);
        for step in 1..=40 {
            let part = |from: i16, to: i16| {
                i16::try_from(i32::from(from) + (i32::from(to) - i32::from(from)) * step / 40)
            };
            self.point((part(from.0, to.0)?, part(from.1, to.1)?))?;
            pause(20);
        }
        pause(400);
        Ok(())
    }

    /// Releases the button.
    pub fn release(&self) -> Result<()> {
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))
    }

    /// Presses keys, given by their X11 symbols, and holds each until all are down.
    pub fn press(&self, names: &[u32]) -> Result<()> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let keys = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let known = keys.keysyms.chunks(keys.keysyms_per_keycode.into());
        let find = |name: &u32| {
            let named = |(_, names): &(u8, &[u32])| names.contains(name);
            (first..=last).zip(known.clone()).find(named).context("there is no such key")
        };
        let keys: Vec<_> = names.iter().map(find).collect::<Result<_>>()?;
        for (key, _) in &keys {
            self.fake(KEY_PRESS_EVENT, *key, (0, 0))?;
            pause(200);
        }
        for (key, _) in keys.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, *key, (0, 0))?;
        }
        Ok(())
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Waits for a window of another program and returns the topmost with this text in its title.
    pub fn other_window(&self, title: &str) -> Result<u32> {
        let list = self.connection.intern_atom(false, b"_NET_CLIENT_LIST")?.reply()?.atom;
        let name = self.connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        let property = |window, property| {
            let any = AtomEnum::ANY;
            Ok(self.connection.get_property(false, window, property, any, 0, 1 << 10)?.reply()?)
        };
        let mut found = None;
        until(title, || {
            let windows = property(self.root, list)?;
            for window in windows.value32().into_iter().flatten() {
                let named: Result<_> = property(window, name);
                // The window may close in the meantime.
                if named.is_ok_and(|name| String::from_utf8_lossy(&name.value).contains(title)) {
                    found = Some(window);
                }
            }
            Ok(found.is_some())
        })?;
        found.context("it was found")
    }

    /// Moves a window, and returns the corner of its contents.
    pub fn place(&self, window: u32, x: i32, y: i32) -> Result<(i16, i16)> {
        let place = ConfigureWindowAux::new().x(x).y(y);
        self.connection.configure_window(window, &place)?.check()?;
        pause(500);
        let corner = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        Ok((corner.dst_x, corner.dst_y))
    }

    /// Writes the screen as a PPM file.
    pub fn photograph(&self, file: &Path) -> Result<()> {
        let size = self.connection.get_geometry(self.root)?.reply()?;
        let pixels = self.screen.picture(self.root)?;
        let mut text = format!("P6 {} {} 255\n", size.width, size.height).into_bytes();
        text.extend(pixels.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
        Ok(std::fs::write(file, text)?)
    }

    /// Returns the notes of the song's first four bars in order: tick, key and velocity. Another
    /// instance plays them, so that the window keeps showing them.
    pub fn played(&self) -> Result<Vec<(i64, u8, u8)>> {
        let mut host = ClapHost::load(&built_bundle("clap")?, CLAP_ID)?;
        ready(&mut host, &SONG)?;
        let mut recording = Recording::default();
        recording.roll(&SONG, &mut host, 0.0, SONG.samples(16.0))?;
        recording.stop(&SONG, &mut host, 16.0)?;
        let notes = recording.notes()?.into_iter().map(|note| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let tick = (note.on as f64 * SONG.beats_per_sample() * 960.0).round() as i64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let velocity = (note.velocity * 127.0).round() as u8;
            (tick, note.key, velocity)
        });
        Ok(notes.collect())
    }
}

impl Drop for Rig<'_> {
    fn drop(&mut self) {
        let _ = self.host.close_window();
        let _ = self.screen.destroy(self.window);
    }
}

/// A program of another toolkit, with a window beside the plugin's.
pub struct Neighbour {
    _program: Program,
    lines: Receiver<String>,
    /// Centre of its window.
    pub middle: (i16, i16),
}

impl Neighbour {
    /// Starts the program; `gives` is the file that can be dragged from it.
    pub fn start(script: &str, gives: Option<&Path>) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drag");
        // The system's Python: its packages are installed with the test packages.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(folder.join(script)).args(gives).stdout(Stdio::piped());
        command.env("GDK_BACKEND", "x11").env("QT_QPA_PLATFORM", "xcb");
        let mut program = Program(command.spawn().context("python3 could not be run")?);
        let out = program.0.stdout.take().context("the program has no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut neighbour = Neighbour { _program: program, lines, middle: (0, 0) };
        let place = neighbour.wait_for_line("ready")?;
        let (x, y) = place.split_once(' ').context("a place has two numbers")?;
        neighbour.middle = (x.parse()?, y.parse()?);
        Ok(neighbour)
    }

    /// Waits until the program prints a word, and returns the rest of the line.
    pub fn wait_for_line(&self, word: &str) -> Result<String> {
        let start = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            println!("neighbour: {line}");
            let (first, rest) = line.split_once(' ').unwrap_or((&line, ""));
            if first == word {
                return Ok(rest.to_owned());
            }
        }
        bail!("the other program did not say {word:?} within {PATIENCE:?}");
    }

    /// Returns all lines that were not read yet.
    pub fn unread_lines(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// Waits until the program has received a file, and returns its path.
    pub fn received_file(&self) -> Result<PathBuf> {
        let uri = self.wait_for_line("took")?;
        let path = uri.strip_prefix("file://").context("a file of this machine")?;
        // Of the characters in the tests' file names, only the space is encoded.
        let path = path.replace("%20", " ");
        ensure!(!path.contains('%'), "{path} has characters that are not plain");
        Ok(path.into())
    }
}

/// Returns the notes in a MIDI file: tick, key and velocity.
pub fn notes_of(file: &Path) -> Result<Vec<(i64, u8, u8)>> {
    let clip = Clip::read(&std::fs::read(file)?, PitchMap::Detect)?;
    ensure!(clip.tempo == SONG.tempo, "the clip's tempo is {}", clip.tempo);
    let mut notes = Vec::new();
    for (place, step) in (0..).zip(&clip.steps) {
        for (drum, hit) in step.hits() {
            for stroke in hit.strokes() {
                let key = groove::Pitches::GENERAL_MIDI.of(drum, stroke.articulation);
                notes.push((place * 240 + i64::from(stroke.offset_ticks), key, stroke.velocity));
            }
        }
    }
    Ok(notes)
}

/// Returns the notes, in order, that are further than half a step from the edges of four bars. A
/// note nearer to an edge may be moved into the clip from before its start or from the next phrase.
pub fn without_edges(mut notes: Vec<(i64, u8, u8)>) -> Vec<(i64, u8, u8)> {
    notes.retain(|note| (120..16 * 960 - 120).contains(&note.0));
    notes.sort_unstable();
    notes
}

/// Sleeps for some milliseconds.
pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// Waits until a condition holds.
pub fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        pause(20);
    }
    Ok(())
}
