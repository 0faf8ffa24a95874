//! The built plugin's window under real pointer events: the plugin plays the edits, and the window
//! draws however late and often it is opened.

mod common;

use common::load_clap;
use common::pointer::Pointer;
use common::screen::{Screen, on_screen};
use common::setup::{SONG, TAKE, ready};
use common::studio::Studio;
use common::timing::play;
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, RecordedNote};
use xtask::workspace::built_bundle;

/// Opens the plugin's window in a window of the host.
fn open(screen: &Screen, host: &mut ClapHost, pause: u64) -> u32 {
    let size = host.create_window().expect("screen, host and pointer answer");
    std::thread::sleep(Duration::from_millis(pause));
    let parent = screen.window(size).expect("screen, host and pointer answer");
    host.attach_window(parent).expect("screen, host and pointer answer");
    let took = screen.wait_for_colours(parent, 20, || host.pump());
    println!("attached {pause} ms late: {took:?}");
    took.expect("screen, host and pointer answer");
    parent
}

#[test]
fn the_window_draws_when_attached_late() {
    on_screen("the_window_draws_when_attached_late", |screen| {
        for pause in [0, 30, 100, 300, 2_000] {
            for _ in 0..10 {
                let mut host = load_clap();
                let parent = open(screen, &mut host, pause);
                host.close_window().expect("screen, host and pointer answer");
                screen.destroy(parent).expect("screen, host and pointer answer");
            }
        }
    });
}

#[test]
fn the_window_draws_after_twenty_openings() {
    on_screen("the_window_draws_after_twenty_openings", |screen| {
        let mut host = load_clap();
        for _ in 0..21 {
            let parent = open(screen, &mut host, 0);
            host.close_window().expect("screen, host and pointer answer");
            screen.destroy(parent).expect("screen, host and pointer answer");
        }
    });
}

/// Where the CPU renders the window, a frame draws only what has changed; a new size draws all.
#[test]
fn a_window_drawn_in_parts_looks_like_one_drawn_at_once() {
    on_screen("a_window_drawn_in_parts_looks_like_one_drawn_at_once", |screen| {
        let bundle = built_bundle("clap").expect("a bundle");
        let mut studio = Studio::open(screen, &bundle, 1.0, None).expect("a window");
        studio.roll(2.0, &[38]).expect("no fault");
        // A tooltip comes and goes.
        studio.hover(0.071, 0.81).expect("no fault");
        studio.roll(1.5, &[]).expect("no fault");
        studio.hover(0.998, 0.998).expect("no fault");
        studio.rest(1.0).expect("no fault");
        let in_parts = screen.picture(studio.parent).expect("a picture");
        for size in [(1_300, 740), (1_280, 720)] {
            assert_eq!(studio.host.resize_window(size).expect("a size"), size);
            studio.rest(1.0).expect("no fault");
        }
        let at_once = screen.picture(studio.parent).expect("a picture");
        let pixels = in_parts.chunks_exact(4).zip(at_once.chunks_exact(4));
        let different = pixels.filter(|(one, other)| one[..3] != other[..3]).count();
        // Each frame has another mark in the lower left corner.
        assert!(different <= 1, "{different} pixels");
        let corner = &in_parts[4 * 1_280 * 719..][..3];
        let blue = corner[0].wrapping_sub(0x1a);
        assert!((1..=8).contains(&blue), "no mark of a frame drawn in parts: {corner:x?}");
    });
}

/// A user of the plugin's window.
struct User {
    pointer: Pointer,
    host: ClapHost,
}

impl User {
    /// Lets the host process for a while.
    fn wait(&mut self) {
        let until = Instant::now() + Pointer::REST;
        while Instant::now() < until {
            self.host.pump();
            SONG.roll_stopped(&mut self.host, 0.0, 480).expect("screen, host and pointer answer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Presses at a position, moves in small steps, and releases.
    fn drag(&mut self, (x, y): (i16, i16), (dx, dy): (i16, i16)) {
        self.pointer.go((x, y)).expect("screen, host and pointer answer");
        self.wait();
        self.pointer.press(1).expect("screen, host and pointer answer");
        self.wait();
        if (dx, dy) != (0, 0) {
            for step in 1..=8 {
                self.pointer
                    .go((x + dx * step / 8, y + dy * step / 8))
                    .expect("screen, host and pointer answer");
                self.wait();
            }
        }
        self.pointer.release(1).expect("screen, host and pointer answer");
        for _ in 0..5 {
            self.wait();
        }
    }

    /// Returns the notes of the first four bars.
    fn played(&mut self) -> Vec<RecordedNote> {
        play(&mut self.host, &SONG, 0.0, 16.0).expect("screen, host and pointer answer")
    }

    fn value(&mut self, name: &str) -> f64 {
        let values = self.host.parameters();
        values
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
            .expect("a parameter of this name")
    }
}

/// Returns true if a key is struck on a sixteenth of the song.
fn struck(notes: &[RecordedNote], key: u8, step: u32) -> bool {
    let at = SONG.samples(f64::from(step) / 4.0);
    notes.iter().any(|note| note.key == key && note.on.abs_diff(at) < SONG.samples(0.125))
}

const KICK: u8 = 36;

#[test]
fn pointer_edits_change_the_notes() {
    on_screen("pointer_edits_change_the_notes", |screen| {
        let mut host = load_clap();
        ready(&mut host, &SONG).expect("screen, host and pointer answer");
        let parent = open(screen, &mut host, 0);
        let mut user =
            User { pointer: Pointer::new().expect("screen, host and pointer answer"), host };
        user.wait();
        // First sixteenth without a kick, in the first bar.
        let before = user.played();
        let step = (1..16)
            .find(|&step| !struck(&before, KICK, step))
            .expect("a sixteenth without the kick");
        user.drag((249 + 14 * i16::try_from(step).expect("a sixteenth") + 14, 436), (0, 0));
        let toggled = user.played();
        assert!(struck(&toggled, KICK, step), "sixteenth {step} is struck");
        // The dial Repeat, upwards.
        assert!((user.value("Repeat") - 0.5).abs() < 1e-6);
        user.drag((79, 646), (0, -60));
        assert!(user.value("Repeat") > 0.7, "stick is at {}", user.value("Repeat"));
        let stuck = user.played();
        assert_ne!(stuck, toggled);
        // Another take around the pinned hit.
        let take = user.value(TAKE);
        user.drag((1090, 530), (0, 0));
        assert!((user.value(TAKE) - take).abs() > 1e-9, "the take is another");
        let renewed = user.played();
        assert_ne!(renewed, stuck);
        assert!(struck(&renewed, KICK, step), "what is pinned stays");
        // Back to the previous take.
        user.drag((1_166, 530), (0, 0));
        assert!((user.value(TAKE) - take).abs() < 1e-9, "the take is the one before");
        assert_eq!(user.played(), stuck);
        // The host has the keyboard focus again.
        let until = Instant::now() + Duration::from_secs(5);
        while user.pointer.focus().expect("screen, host and pointer answer") != parent {
            assert!(Instant::now() < until, "the window keeps the keys");
            user.wait();
        }
        user.host.close_window().expect("screen, host and pointer answer");
        screen.destroy(parent).expect("screen, host and pointer answer");
    });
}

/// X11 key symbols of the space bar and a digit.
const SPACE: u32 = 0x20;
const SEVEN: u32 = 0x37;

/// The letters N and Q.
const NEW_TAKE: u32 = 0x6e;
const OTHER: u32 = 0x71;

#[test]
fn keys_without_a_focused_field_go_to_the_host() {
    on_screen("keys_without_a_focused_field_go_to_the_host", |screen| {
        let mut host = load_clap();
        ready(&mut host, &SONG).expect("screen, host and pointer answer");
        let parent = open(screen, &mut host, 0);
        screen.give_keys(parent).expect("screen, host and pointer answer");
        let mut user =
            User { pointer: Pointer::new().expect("screen, host and pointer answer"), host };
        let strike = |user: &mut User, key: u32| {
            user.pointer.strike(key).expect("screen, host and pointer answer");
            for _ in 0..5 {
                user.wait();
            }
            screen.keys_pressed().expect("screen, host and pointer answer")
        };
        assert_eq!(strike(&mut user, SPACE), 1, "before anything was clicked");
        // A segment, a cell, and a dial.
        for place in [(463, 526), (500, 436), (91, 585)] {
            user.drag(place, (0, 0));
            assert_eq!(strike(&mut user, SPACE), 1, "after a click at {place:?}");
        }
        // A focused text field takes the keys.
        user.drag((1_200, 570), (0, 0));
        assert_eq!(strike(&mut user, SEVEN), 0, "a digit of the seed");
        assert_eq!(strike(&mut user, SPACE), 0, "a space in the field");
        assert_eq!(strike(&mut user, 0xff0d), 0, "the end of the field");
        let seed = user.value(TAKE) * 65_535.0;
        assert!((seed - 7.0).abs() < 0.5, "the seed is {seed}");
        assert_eq!(strike(&mut user, SPACE), 1, "after the seed was typed");
        // Shortcuts are the window's, all other keys the host's.
        assert_eq!(strike(&mut user, NEW_TAKE), 0, "a shortcut");
        let renewed = user.value(TAKE) * 65_535.0;
        assert!((renewed - seed).abs() > 0.5, "the shortcut has no effect");
        assert_eq!(strike(&mut user, OTHER), 1, "a letter without a meaning");
        user.host.close_window().expect("screen, host and pointer answer");
        screen.destroy(parent).expect("screen, host and pointer answer");
    });
}
