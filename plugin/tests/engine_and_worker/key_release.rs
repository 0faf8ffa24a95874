//! Ends of held keys that are not note-offs: MIDI controllers 120 and 123, and a host's stop.

use deep_pocket::audio::engine::NoteMessage;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::params::controls::PrimeMode;
use groove::play::clock::Transport;

use crate::recall::primed_bar;
use crate::rig::{Rig, at, known_bar};

/// Crash key of General MIDI, which adds 40 to the velocities of [`known_bar`] while it is held.
const CRASH: u8 = 49;

/// Sample at which the keys are released: two thirds into the fourth quarter note.
const RELEASE: u64 = 88_000;

/// Plays twelve quarter notes with a key from sample 10,000 on. All keys are released at
/// [`RELEASE`], in blocks of `frames` samples.
fn released(rig: &mut Rig, key: u8, frames: u32) {
    while rig.now < 12 * 24_000 {
        let block = rig.now..rig.now + u64::from(frames);
        let offset = |sample: u64| u32::try_from(sample - block.start).expect("in the block");
        if block.contains(&10_000) {
            rig.engine.key(offset(10_000), key, 99);
        }
        if block.contains(&RELEASE) {
            rig.engine.release_keys(offset(RELEASE));
        }
        rig.block(rig.now as f64 / 24_000.0, frames);
    }
    rig.stop();
}

#[test]
fn all_notes_off_ends_held_drums_at_the_next_beat() {
    for frames in [64, 480, 4_096, 65_536] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        released(&mut rig, CRASH, frames);
        let last = 12 * 24_000 - 6_000;
        for (at, velocity) in rig.notes().into_iter().filter(|(at, _)| *at < last) {
            let bar = u8::try_from((at + 250) / 96_000).expect("few");
            let held = if (24_000..96_000).contains(&(at + 250)) { 40 } else { 0 };
            assert_eq!(velocity, 40 + bar + held, "at {at}, blocks of {frames}");
        }
    }
}

#[test]
fn all_notes_off_closes_the_gate_and_ends_the_sounding_note() {
    for frames in [64, 480, 4_096, 65_536] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        rig.controls.gate = true;
        // The fifteenth sixteenth sounds from 83,750 on; the next release comes half a step later.
        rig.controls.prime = PrimeMode::Off;
        let sounding = 89_750;
        while rig.now < 8 * 24_000 {
            let block = rig.now..rig.now + u64::from(frames);
            let offset = |sample: u64| u32::try_from(sample - block.start).expect("in the block");
            if block.contains(&10_000) {
                rig.engine.key(offset(10_000), 20, 99);
            }
            if block.contains(&(sounding + 1_000)) {
                rig.engine.release_keys(offset(sounding + 1_000));
            }
            rig.block(rig.now as f64 / 24_000.0, frames);
        }
        rig.stop();
        let notes = rig.notes();
        assert_eq!(notes.last().map(|(at, _)| *at), Some(sounding), "blocks of {frames}");
        assert_eq!(rig.heard.last(), Some(&(sounding + 1_000, 0)), "blocks of {frames}");
    }
}

#[test]
fn all_notes_off_ends_sounding_notes_and_the_next_ones_follow() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.roll(0.0, 1.0, 480);
    // The note at 23,750 sounds.
    rig.engine.release_keys(100);
    rig.roll(1.0, 1.0, 480);
    rig.stop();
    assert!(rig.heard.contains(&(24_100, 0)), "{:?}", rig.heard);
    assert_eq!(rig.notes().len(), 9);
}

#[test]
fn a_recording_in_progress_ends_with_the_keys_and_with_the_song() {
    for prime in [PrimeMode::Play, PrimeMode::Tap] {
        for stops in [false, true] {
            let mut rig = Rig::new(HostMode::Offline, primed_bar);
            rig.controls.prime = prime;
            rig.roll(0.0, 1.0, 480);
            rig.engine.key(0, 38, 99);
            rig.roll(1.0, 1.0, 480);
            if stops {
                rig.stop();
            } else {
                rig.engine.release_keys(0);
            }
            rig.roll(2.0, 10.0, 480);
            rig.stop();
            let notes = rig.notes();
            assert!(notes.iter().all(|(_, velocity)| *velocity == 40), "{prime:?}, {stops}");
        }
    }
}

#[test]
fn a_stop_releases_the_keys_that_were_down_before_it() {
    for (key, held) in [(None, false), (Some(CRASH), true)] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        rig.roll(0.0, 1.0, 480);
        rig.engine.key(0, CRASH, 99);
        rig.roll(1.0, 1.0, 480);
        assert!(rig.link.status().held.contains(groove::Drum::Crash));
        // A key that goes down while the host stops or stands is held when it plays again.
        if let Some(key) = key {
            rig.engine.key(63, key, 99);
        }
        rig.stop();
        rig.stop();
        assert_eq!(!rig.link.status().held.is_empty(), held);
        let begin = rig.now;
        rig.roll(8.0, 4.0, 480);
        rig.stop();
        let expected = if held { 82 } else { 42 };
        let after = rig.notes().into_iter().filter(|(at, _)| (begin..begin + 90_000).contains(at));
        assert!(after.into_iter().all(|(_, velocity)| velocity == expected));
    }
}

#[test]
fn a_stop_closes_the_gate() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.controls.gate = true;
    rig.engine.key(0, 20, 99);
    rig.roll(0.0, 2.0, 480);
    rig.stop();
    let played = rig.notes().len();
    assert!(played >= 8);
    rig.roll(0.0, 2.0, 480);
    rig.stop();
    assert_eq!(rig.notes().len(), played);
}

#[test]
fn passed_notes_end_with_all_notes_off_a_stop_and_a_reset() {
    for case in 0..4 {
        let Rig { mut engine, state, .. } = Rig::new(HostMode::Offline, known_bar);
        let mut sounding = Vec::new();
        let mut block = |engine: &mut deep_pocket::audio::engine::Engine, transport: &Transport| {
            engine.process(transport, 480, &state, |message: NoteMessage| {
                let NoteMessage { sample, channel, pitch, velocity, .. } = message;
                if pitch == 90 && velocity > 0 {
                    sounding.push((channel, pitch));
                } else if pitch == 90 {
                    assert!(sounding.contains(&(channel, pitch)), "the end of no note");
                    assert_eq!(sample, [100, 0, 0, 7][case]);
                    sounding.retain(|note| *note != (channel, pitch));
                }
                true
            });
            sounding.len()
        };
        for channel in [0, 5] {
            let message =
                NoteMessage { sample: 3, channel, pitch: 90, velocity: 70, struck: None, style: 0 };
            assert!(engine.pass_through(message));
        }
        assert_eq!(block(&mut engine, &at(0.0)), 2);
        match case {
            0 => engine.release_keys(100),
            1 => {}
            2 => engine.reset(),
            _ => {
                engine.end_pass_through(7, Some(0), Some(90));
                engine.end_pass_through(7, Some(1), Some(90));
                engine.end_pass_through(7, None, Some(90));
            }
        }
        let transport = if case == 1 { Transport::default() } else { at(0.02) };
        assert_eq!(block(&mut engine, &transport), 0, "case {case}");
    }
}
