//! The built `.vst3` in a host: the same scenarios as for the `.clap`, its window, and that both
//! formats play the same.

mod common;

use common::scenarios::{SONG, body, ready, velocity_steps};
use common::screen::on_screen;
use common::timing::play;
use common::{load_clap, load_vst3};
use xtask::host::{Host, Note};
use xtask::workspace::NAME;

scenarios!(|| Box::new(load_vst3()));

#[test]
fn it_says_what_it_is() {
    assert_eq!(load_vst3().description(), (NAME.into(), true, true));
}

#[test]
fn both_formats_play_the_same() {
    let (mut clap, mut vst3) = (load_clap(), load_vst3());
    for take in [0.0, 0.37, 1.0] {
        let played = [&mut clap as &mut dyn Host, &mut vst3].map(|host| {
            host.set(common::scenarios::TAKE, take).unwrap();
            ready(host, &SONG).unwrap();
            // The change reaches the plugin with a block.
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

/// A note in whole numbers: a velocity is a `f64` in one format and a `f32` in the other.
fn plain(note: &Note) -> (u64, u64, u8, u8, u32) {
    (note.on, note.off, note.key, note.channel, velocity_steps(note.velocity))
}

#[test]
fn its_window_opens_draws_and_closes() {
    on_screen("its_window_opens_draws_and_closes", |screen| {
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
fn it_comes_and_goes() {
    // On its own, because it counts the threads of its process.
    on_screen("it_comes_and_goes", |_| {
        common::scenarios::it_comes_and_goes(&|| Box::new(load_vst3())).unwrap();
    });
}
