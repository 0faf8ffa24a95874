//! The standalone program without JACK: its own transport plays the drummer, counts in and clicks.

mod common;

use common::{Host, process};
use deep_pocket::declare_backend;
use deep_pocket::link::midi_clock::{ClockMessage, ClockState};
use groove::Meter;
use nice_plug::prelude::*;

/// Samples of a block.
const BLOCK: usize = 480;

/// Starts the program. Its backend reports a song that always plays.
fn program() -> Host {
    declare_backend("alsa");
    let mut host = Host::new();
    host.context.transport.playing = true;
    host.context.transport.tempo = Some(150.0);
    host.context.transport.time_sig_numerator = Some(3);
    host
}

fn set(host: &Host, id: &str, value: f32) {
    let hosted = host.plugin.params().param_map();
    let (_, param, _) = hosted.iter().find(|(known, ..)| known == id).expect("a parameter");
    // SAFETY: the plugin keeps the parameter alive.
    unsafe { param._internal_set_normalized_value(value) };
}

/// Plays a number of blocks. Returns the note-ons and the loudest sample.
fn play(host: &mut Host, blocks: usize) -> (u32, f32) {
    let (before, mut loudest) = (host.context.ons, 0f32);
    for _ in 0..blocks {
        host.block(BLOCK, process);
        let heard = host.sound.iter().flat_map(|channel| &channel[..BLOCK]);
        loudest = heard.fold(loudest, |loudest, sample| loudest.max(sample.abs()));
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    (host.context.ons - before, loudest)
}

#[test]
fn nothing_plays_before_play() {
    let mut host = program();
    assert_eq!(play(&mut host, 200), (0, 0.0));
    let own = host.plugin.link().own_transport();
    assert_eq!(own.meter(), Meter::new(3, 4), "the meter of the command line");
    set(&host, "free_run", 1.0);
    let (notes, loudest) = play(&mut host, 300);
    assert!(notes > 5 && loudest > 0.05, "{notes} notes, {loudest}");
    assert!((host.plugin.link().status().tempo - 150.0).abs() < 1e-3, "and its tempo");
    set(&host, "free_run", 0.0);
    play(&mut host, 1);
    assert_eq!(play(&mut host, 100).0, 0);
}

#[test]
fn a_bar_is_counted_before_the_first_note() {
    let mut host = program();
    play(&mut host, 1);
    host.plugin.link().own_transport().count_in.set(true);
    // The count-in holds from the next block in which nothing plays.
    play(&mut host, 1);
    set(&host, "audition", 0.0);
    set(&host, "free_run", 1.0);
    // Three beats at 150 bpm are 57,600 samples, 120 blocks.
    let (notes, loudest) = play(&mut host, 118);
    assert_eq!(notes, 0, "the drummer waits");
    let status = host.plugin.link().status();
    assert_eq!((status.bar, host.plugin.link().own_transport().counted()), (0, 3));
    assert!(loudest > 0.1, "it is counted: {loudest}");
    assert!(play(&mut host, 200).0 > 5);
    // Without the kit and the metronome, nothing is heard after the count-in.
    assert!(play(&mut host, 50).1 < 1e-3);
    host.plugin.link().own_transport().click.set(true);
    assert!(play(&mut host, 100).1 > 0.1, "the metronome clicks");
}

#[test]
fn a_followed_midi_clock_starts_the_song_and_stops_it() {
    let mut host = program();
    play(&mut host, 1);
    let (link, begun) = (host.plugin.link().clone(), std::time::Instant::now());
    let own = link.own_transport();
    own.clock.follows.set(true);
    let ports = own.clock_ports().expect("not in a host");
    // Two and a half seconds in real time, clocks at 120 bpm, blocks of 10 ms.
    let (mut clocks, mut blocks, mut started) = (0.0, 0.0, false);
    let before = host.context.ons;
    while begun.elapsed().as_secs_f64() < 2.5 {
        let now = begun.elapsed().as_secs_f64();
        if clocks <= now {
            if !std::mem::replace(&mut started, true) {
                ports.receive(&[0xFA]);
            }
            ports.receive(&[0xF8]);
            clocks += 0.5 / 24.0;
        }
        if blocks <= now {
            host.block(BLOCK, process);
            blocks += 0.01;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let status = link.status();
    assert!(status.following && own.clock.state() == ClockState::Playing);
    assert!((status.tempo - 120.0).abs() < 15.0, "{}", status.tempo);
    assert!((4.0..5.5).contains(&status.position), "{}", status.position);
    assert!(host.context.ons - before > 5);
    ports.receive(&[0xFC]);
    play(&mut host, 1);
    assert_eq!((play(&mut host, 50).0, link.status().following), (0, false));
}

#[test]
fn a_midi_clock_is_sent_while_the_song_plays() {
    let mut host = program();
    play(&mut host, 1);
    let ports = host.plugin.link().own_transport().clock_ports().expect("not in a host");
    host.plugin.link().own_transport().clock.sends.set(true);
    play(&mut host, 20);
    assert_eq!(ports.next_to_send(), None, "the song stands");
    set(&host, "free_run", 1.0);
    // 150 bpm: 800 samples a message.
    play(&mut host, 100);
    set(&host, "free_run", 0.0);
    play(&mut host, 1);
    let sent: Vec<_> = std::iter::from_fn(|| ports.next_to_send()).collect();
    let messages: Vec<_> = sent.iter().map(|(_, message)| *message).collect();
    assert_eq!(messages.first(), Some(&ClockMessage::Start));
    assert_eq!(messages.last(), Some(&ClockMessage::Stop));
    let clocks = &sent[1..sent.len() - 1];
    assert!(clocks.iter().all(|(_, message)| *message == ClockMessage::Clock));
    assert_eq!(clocks.len(), 60);
}
