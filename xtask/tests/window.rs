//! The built plugin's window under a hand: real events of a pointer, in our host. What the plugin
//! plays follows, and the window draws however late and often it is opened.

mod common;

use common::load_clap;
use common::pointer::Pointer;
use common::scenarios::{SONG, TAKE, ready};
use common::screen::{Screen, on_screen};
use common::timing::play;
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, Note};

/// Opens the window in one of ours.
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
fn it_draws_however_late_it_is_attached() {
    on_screen("it_draws_however_late_it_is_attached", |screen| {
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
fn it_draws_after_twenty_times_open_and_closed() {
    on_screen("it_draws_after_twenty_times_open_and_closed", |screen| {
        let mut host = load_clap();
        for _ in 0..21 {
            let parent = open(screen, &mut host, 0);
            host.close_window().expect("screen, host and pointer answer");
            screen.destroy(parent).expect("screen, host and pointer answer");
        }
    });
}

/// A hand on the window of a plugin.
struct Hand {
    pointer: Pointer,
    host: ClapHost,
}

impl Hand {
    /// Lets the host go on for a while, as a window and its plugin need it to.
    fn wait(&mut self) {
        let until = Instant::now() + Pointer::REST;
        while Instant::now() < until {
            self.host.pump();
            SONG.roll_stopped(&mut self.host, 0.0, 480).expect("screen, host and pointer answer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Presses at a place, moves in small steps by so much, and lets go.
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

    /// What is played in the four bars of the theme.
    fn played(&mut self) -> Vec<Note> {
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

/// Whether the key is struck at a sixteenth of the song.
fn struck(notes: &[Note], key: u8, step: u32) -> bool {
    let at = SONG.samples(f64::from(step) / 4.0);
    notes.iter().any(|note| note.key == key && note.on.abs_diff(at) < SONG.samples(0.125))
}

const BASS: u8 = 36;

#[test]
fn a_hand_changes_what_is_played() {
    on_screen("a_hand_changes_what_is_played", |screen| {
        let mut host = load_clap();
        ready(&mut host, &SONG).expect("screen, host and pointer answer");
        let parent = open(screen, &mut host, 0);
        let mut hand =
            Hand { pointer: Pointer::new().expect("screen, host and pointer answer"), host };
        hand.wait();
        // A cell of the bass in the first bar in which it is silent.
        let before = hand.played();
        let step = (1..16)
            .find(|&step| !struck(&before, BASS, step))
            .expect("a sixteenth without the bass");
        hand.drag((249 + 14 * i16::try_from(step).expect("a sixteenth") + 14, 436), (0, 0));
        let toggled = hand.played();
        assert!(struck(&toggled, BASS, step), "sixteenth {step} is struck");
        // The stick dial, upwards.
        assert!((hand.value("Stick") - 0.5).abs() < 1e-6);
        hand.drag((91, 585), (0, -60));
        assert!(hand.value("Stick") > 0.7, "stick is at {}", hand.value("Stick"));
        let stuck = hand.played();
        assert_ne!(stuck, toggled);
        // Another take, around what is pinned.
        let take = hand.value(TAKE);
        hand.drag((1090, 530), (0, 0));
        assert!((hand.value(TAKE) - take).abs() > 1e-9, "the take is another");
        let renewed = hand.played();
        assert_ne!(renewed, stuck);
        assert!(struck(&renewed, BASS, step), "what is pinned stays");
        // Back to the take before.
        hand.drag((1_166, 530), (0, 0));
        assert!((hand.value(TAKE) - take).abs() < 1e-9, "the take is the one before");
        assert_eq!(hand.played(), stuck);
        // The host has its keys again.
        let until = Instant::now() + Duration::from_secs(5);
        while hand.pointer.focus().expect("screen, host and pointer answer") != parent {
            assert!(Instant::now() < until, "the window keeps the keys");
            hand.wait();
        }
        hand.host.close_window().expect("screen, host and pointer answer");
        screen.destroy(parent).expect("screen, host and pointer answer");
    });
}

/// The space bar and a digit, as X11 numbers them.
const SPACE: u32 = 0x20;
const SEVEN: u32 = 0x37;

#[test]
fn keys_that_nobody_types_here_are_the_hosts() {
    on_screen("keys_that_nobody_types_here_are_the_hosts", |screen| {
        let mut host = load_clap();
        ready(&mut host, &SONG).expect("screen, host and pointer answer");
        let parent = open(screen, &mut host, 0);
        screen.give_keys(parent).expect("screen, host and pointer answer");
        let mut hand =
            Hand { pointer: Pointer::new().expect("screen, host and pointer answer"), host };
        let strike = |hand: &mut Hand, key: u32| {
            hand.pointer.strike(key).expect("screen, host and pointer answer");
            for _ in 0..5 {
                hand.wait();
            }
            screen.keys_pressed().expect("screen, host and pointer answer")
        };
        assert_eq!(strike(&mut hand, SPACE), 1, "before anything was clicked");
        // A segment, a cell and a dial.
        for place in [(463, 526), (500, 436), (91, 585)] {
            hand.drag(place, (0, 0));
            assert_eq!(strike(&mut hand, SPACE), 1, "after a click at {place:?}");
        }
        // While the seed is typed, keys are ours.
        hand.drag((1_200, 570), (0, 0));
        assert_eq!(strike(&mut hand, SEVEN), 0, "a digit of the seed");
        assert_eq!(strike(&mut hand, SPACE), 0, "a space in the field");
        assert_eq!(strike(&mut hand, 0xff0d), 0, "the end of the field");
        let seed = hand.value(TAKE) * 65_535.0;
        assert!((seed - 7.0).abs() < 0.5, "the seed is {seed}");
        assert_eq!(strike(&mut hand, SPACE), 1, "after the seed was typed");
        hand.host.close_window().expect("screen, host and pointer answer");
        screen.destroy(parent).expect("screen, host and pointer answer");
    });
}
