//! The built plugin's window under a screen reader: a client of AT-SPI reads every control, and edits
//! a dial and a cell of the grid.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use common::load_clap;
use common::pointer::Pointer;
use common::screen::{Screen, on_bus};
use common::setup::{SONG, ready};
use common::timing::play;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, RecordedNote};

/// A control as the reader sees it.
#[derive(Debug)]
struct Control {
    role: String,
    name: String,
    value: String,
    description: String,
    focused: bool,
}

/// Returns a command of the reader.
fn reader(arguments: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screen_reader/reader.py");
    // The system's Python: its packages are installed with the test packages.
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).args(arguments);
    command
}

/// A host with the plugin's window, and a screen reader.
struct Desk {
    host: ClapHost,
    parent: u32,
}

impl Desk {
    /// Opens the window on a system whose assistive tools are on.
    fn open(screen: &Screen) -> Self {
        let switched = reader(&["on"]).status().expect("python3 runs");
        assert!(switched.success(), "assistive tools are switched on");
        let mut host = load_clap();
        ready(&mut host, &SONG).expect("the plugin starts");
        let size = host.create_window().expect("the plugin has a window");
        let parent = screen.window(size).expect("the screen answers");
        host.attach_window(parent).expect("the window is attached");
        screen.wait_for_colours(parent, 20, || host.pump()).expect("the window draws");
        Desk { host, parent }
    }

    /// Lets the host process for a while.
    fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.host.pump();
            SONG.roll_stopped(&mut self.host, 0.0, 480).expect("the plugin processes");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs the reader while the host goes on. Returns what it prints.
    fn reader(&mut self, arguments: &[&str]) -> String {
        let reader = reader(arguments).stdout(Stdio::piped()).spawn().expect("python3 runs");
        let reader = std::thread::spawn(move || reader.wait_with_output());
        while !reader.is_finished() {
            self.wait(Duration::from_millis(10));
        }
        let output = reader.join().expect("the thread ends").expect("the reader ends");
        assert!(output.status.success(), "the reader failed: {arguments:?}");
        self.wait(Duration::from_millis(300));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn controls(&mut self) -> Vec<Control> {
        let lines = self.reader(&["list"]);
        let control = |line: &str| {
            let mut parts = line.split('|').map(str::to_owned);
            let mut next = || parts.next().unwrap_or_default();
            let (role, name, value, description) = (next(), next(), next(), next());
            next();
            Control { role, name, value, description, focused: next() == "focused" }
        };
        lines.lines().map(control).collect()
    }

    /// Returns the notes of the first four bars.
    fn played(&mut self) -> Vec<RecordedNote> {
        play(&mut self.host, &SONG, 0.0, 16.0).expect("the plugin plays")
    }

    fn close(mut self, screen: &Screen) {
        self.host.close_window().expect("the window closes");
        screen.destroy(self.parent).expect("the screen answers");
        drop(self.host);
        // The adapter's thread runs on in the library, which stays in memory.
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Returns the first control whose name starts with these words.
fn named<'a>(controls: &'a [Control], start: &str) -> &'a Control {
    let mut found = controls.iter().filter(|control| control.role != "label");
    found.find(|control| control.name.starts_with(start)).unwrap_or_else(|| panic!("no {start}"))
}

#[test]
fn screen_reader_lists_every_control_and_edits_a_cell() {
    on_bus("screen_reader_lists_every_control_and_edits_a_cell", |screen| {
        let mut desk = Desk::open(screen);
        desk.played();
        let controls = desk.controls();
        let silent: Vec<_> = controls
            .iter()
            .filter(|control| control.name.is_empty())
            .filter(|control| !["filler", "panel", "frame"].contains(&&*control.role))
            .collect();
        assert!(silent.is_empty(), "controls without a name: {silent:?}");
        println!("{} controls", controls.len());
        for (role, name, value, description) in [
            ("slider", "Repeat", "50", ""),
            ("combo box", "Style", "", "Rock. "),
            ("spin button", "Take number", "", "530. "),
            ("push button", "New take", "", ""),
            ("toggle button", "Audition kit", "", ""),
            ("radio button", "Phrase length: 4 bars", "", ""),
        ] {
            let control = named(&controls, name);
            assert_eq!((&*control.role, &*control.value), (role, value), "{name}");
            let described = control.description.starts_with(description);
            assert!(described, "{name}: {}", control.description);
        }
        let cells = controls.iter().filter(|control| control.role == "table cell");
        assert_eq!(cells.count(), 9 * 64);

        desk.reader(&["set", "Repeat", "80"]);
        let values = desk.host.parameters();
        let repeat = values.iter().find(|(name, _)| name == "Repeat").expect("the parameter");
        assert!((repeat.1 - 0.8).abs() < 1e-3, "repeat is at {}", repeat.1);

        // The first cell of the kick without a hit.
        let controls = desk.controls();
        let empty = controls.iter().find(|control| {
            control.role == "table cell" && control.value == "0" && control.name.ends_with("kick")
        });
        let empty = empty.expect("a cell without the kick").name.clone();
        let before = desk.played();
        desk.reader(&["click", &empty]);
        let after = desk.played();
        assert_ne!(before, after, "the cell plays");
        let controls = desk.controls();
        let struck = named(&controls, &empty);
        assert!(struck.name.contains("velocity"), "{}", struck.name);
        assert_eq!(struck.description, "pinned");
        let name = struck.name.clone();
        desk.reader(&["set", &name, "34"]);
        let controls = desk.controls();
        assert_eq!(named(&controls, &empty).value, "34");
        desk.close(screen);
    });
}

/// X11 key symbols of the right arrow and of Enter.
const RIGHT: u32 = 0xff53;
const ENTER: u32 = 0xff0d;

#[test]
fn screen_reader_gives_a_cell_the_keyboard() {
    on_bus("screen_reader_gives_a_cell_the_keyboard", |screen| {
        let mut desk = Desk::open(screen);
        desk.played();
        let pointer = Pointer::new().expect("the screen answers");
        let controls = desk.controls();
        let first = named(&controls, "Bar 2, beat 3, high tom").name.clone();
        desk.reader(&["focus", &first]);
        let controls = desk.controls();
        assert!(named(&controls, &first).focused, "the cell has the keyboard");
        for key in [RIGHT, ENTER] {
            pointer.strike(key).expect("the screen answers");
            desk.wait(Duration::from_millis(300));
        }
        let controls = desk.controls();
        let next = named(&controls, "Bar 2, beat 3 e, high tom");
        assert!(next.focused, "the arrow moves");
        assert_ne!(next.value, "0", "Enter adds a hit");
        desk.close(screen);
    });
}
