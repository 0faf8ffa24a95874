//! The built `.vst3` in a host: the scenarios of the `.clap`, its window, and equality of both
//! formats.

mod common;

use common::screen::on_screen;
use common::setup::{SONG, ready, velocity_steps};
use common::timing::play;
use common::{load_clap, load_vst3};
use xtask::host::saved_state::body;
use xtask::host::{Host, RecordedNote};
use xtask::workspace::NAME;

scenarios!(|| Box::new(load_vst3()));

#[test]
fn the_description_is_complete() {
    assert_eq!(load_vst3().description(), (NAME.into(), true, true));
}

#[test]
fn both_formats_play_the_same() {
    let (mut clap, mut vst3) = (load_clap(), load_vst3());
    for take in [0.0, 0.37, 1.0] {
        let played = [&mut clap as &mut dyn Host, &mut vst3].map(|host| {
            host.set(common::setup::TAKE, take).unwrap();
            ready(host, &SONG).unwrap();
            // The plugin receives the change with a block.
            SONG.roll_stopped(host, 0.0, 480).unwrap();
            play(host, &SONG, -1.0, 33.0).unwrap().iter().map(plain).collect::<Vec<_>>()
        });
        assert!(!played[0].is_empty());
        assert_eq!(played[0], played[1], "CLAP and VST3, take {take}");
    }
    // A project that moves from one format to the other.
    let state = clap.save().unwrap();
    let mut other = load_vst3();
    other.load(body(&state)).unwrap();
    assert_eq!(
        play(&mut clap, &SONG, 0.0, 8.0).unwrap().iter().map(plain).collect::<Vec<_>>(),
        play(&mut other, &SONG, 0.0, 8.0).unwrap().iter().map(plain).collect::<Vec<_>>(),
    );
}

/// A note in integers: velocities are `f64` in one format and `f32` in the other.
fn plain(note: &RecordedNote) -> (u64, u64, u8, u8, u32) {
    (note.on, note.off, note.key, note.channel, velocity_steps(note.velocity))
}

#[test]
fn the_window_opens_draws_and_closes() {
    on_screen("the_window_opens_draws_and_closes", |screen| {
        let mut host = load_vst3();
        ready(&mut host, &SONG).unwrap();
        for _ in 0..3 {
            let size = host.window_size().unwrap();
            let parent = screen.window(size).unwrap();
            host.open_window(parent).unwrap();
            let took = screen.wait_for_colours(parent, 20, || host.pump()).unwrap();
            println!("a window of {size:?} pixels drawn after {took:?}");
            SONG.roll(&mut host, 0.0, SONG.samples(4.0)).unwrap();
            host.close_window().unwrap();
            screen.destroy(parent).unwrap();
        }
    });
}

#[test]
fn instances_leave_no_threads_behind() {
    // In its own process, because it counts the threads of the process.
    on_screen("instances_leave_no_threads_behind", |_| {
        common::scenarios::instances_leave_no_threads_behind(&|| Box::new(load_vst3())).unwrap();
    });
}

#[test]
fn a_learned_controller_moves_its_parameter() {
    // In its own process, because the settings are the user's.
    on_screen("a_learned_controller_moves_its_parameter", |_| {
        common::scenarios::a_learned_controller_moves_its_parameter(&|| Box::new(load_vst3()))
            .unwrap();
    });
}
