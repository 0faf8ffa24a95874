//! Scenarios of unusual hosts.

use crate::common::recording::Recording;
use crate::common::setup::{Load, SONG, TAKE, ready};
use crate::common::timing::play;
use anyhow::{Context, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xtask::host::{Event, HostSong, Message, Transport};

pub fn incomplete_transports_are_accepted(load: Load) -> Result<()> {
    let mut host = load();
    for sample_rate in [8_000.0, 11_025.0, 384_000.0] {
        for block in [1, 65_536] {
            for tempo in [10.0, 120.0, 999.0] {
                let song = HostSong { sample_rate, tempo, block, ..SONG };
                ready(&mut *host, &song)?;
                let mut heard = Recording::default();
                let length = 4 * u64::from(block).max(2_000);
                heard.roll(&song, &mut *host, -1.0, length)?;
                heard.stop(&song, &mut *host, 0.0)?;
                heard.notes()?;
            }
        }
    }
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    let full = SONG.transport(4.0);
    let odd = [
        Some(Transport { tempo: None, ..full }),
        Some(Transport { meter: None, ..full }),
        Some(Transport { beats: None, ..full }),
        Some(Transport { beats: None, seconds: None, ..full }),
        Some(Transport { playing: true, ..Transport::default() }),
        None,
        Some(full),
        None,
    ];
    for transport in odd {
        for _ in 0..40 {
            heard.record_block(&mut *host, SONG.block, transport.as_ref(), &[])?;
        }
    }
    heard.stop(&SONG, &mut *host, 0.0)?;
    heard.notes()?;
    Ok(())
}

/// MIDI controllers 120 and 123 and a stop of the transport release a held key; the sustain pedal
/// and a program change do nothing.
pub fn all_notes_off_and_a_stop_close_the_gate(load: Load) -> Result<()> {
    for (message, closes) in [
        (Some([0xb0, 123, 0]), true),
        (Some([0xb5, 120, 0]), true),
        (None, true),
        (Some([0xb0, 64, 127]), false),
        (Some([0xc0, 5, 0]), false),
    ] {
        let mut host = load();
        host.set("Only while held", 1.0)?;
        ready(&mut *host, &SONG)?;
        let mut heard = Recording::default();
        let key = Message::NoteOn { key: 20, channel: 0, velocity: 0.8 };
        let transport = |block: u32| SONG.transport(f64::from(block) * 0.02);
        for block in 0..400 {
            let event = match block {
                10 => Some(key),
                200 => message.map(Message::Midi),
                _ => None,
            };
            let input: Vec<Event> =
                event.map(|message| Event { offset: 7, message }).into_iter().collect();
            if block == 200 && message.is_none() {
                let stopped = Transport { playing: false, ..transport(block) };
                heard.record_block(&mut *host, SONG.block, Some(&stopped), &input)?;
            } else {
                heard.record_block(&mut *host, SONG.block, Some(&transport(block)), &input)?;
            }
        }
        heard.stop(&SONG, &mut *host, 8.0)?;
        let released = 200 * u64::from(SONG.block) + 7;
        let (before, after): (Vec<_>, Vec<_>) =
            heard.notes()?.into_iter().partition(|note| note.on <= released);
        assert!(!before.is_empty(), "the gate is open");
        assert_eq!(after.is_empty(), closes, "{message:?}: {after:?}");
        assert!(!closes || before.iter().all(|note| note.off <= released), "{message:?}");
    }
    Ok(())
}

/// Random host actions, the same in each run: block sizes, jumps, stops, tempo, meter, loops that
/// wrap inside of blocks, keys, parameters, and reactivation.
pub fn no_note_hangs_under_random_host_actions(load: Load) -> Result<()> {
    let longest = 2_048;
    let mut played = 0;
    for seed in 0..4 {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let mut host = load();
        let mut song = HostSong { block: longest, ..SONG };
        ready(&mut *host, &song)?;
        let mut heard = Recording::default();
        let (mut position, mut playing) = (0.0, true);
        for _ in 0..1_000 {
            let mut input = Vec::new();
            let frames = match draw.random_range(0..3) {
                0 => 1,
                1 => draw.random_range(1..64),
                _ => draw.random_range(64..=longest),
            };
            match draw.random_range(0..100) {
                0 => position = draw.random_range(-8.0..400.0),
                1 => position -= 0.001,
                2 => song.tempo = draw.random_range(10.0..999.0),
                3 => {
                    song.meter = [(4, 4), (3, 4), (7, 8), (12, 8), (1, 16)][draw.random_range(0..5)]
                }
                4 => playing = !playing,
                5 => song.cycle = Some((position, position + draw.random_range(0.001..4.0))),
                6 => song.cycle = None,
                7 | 8 => input.push(Event {
                    offset: draw.random_range(0..frames),
                    message: Message::NoteOn {
                        key: draw.random_range(30..60),
                        channel: 0,
                        velocity: 0.7,
                    },
                }),
                9 | 10 => input.push(Event {
                    offset: draw.random_range(0..frames),
                    message: Message::NoteOff { key: draw.random_range(30..60), channel: 0 },
                }),
                11 => host.set(TAKE, draw.random())?,
                12 => host.set("Channel", draw.random())?,
                13 => host.set("Style", draw.random())?,
                14 => {
                    heard.stop(&song, &mut *host, position)?;
                    ready(&mut *host, &song)?;
                }
                _ => {}
            }
            let transport = Transport { playing, ..song.transport(position) };
            heard.record_block(&mut *host, frames, Some(&transport), &input)?;
            if playing {
                position += f64::from(frames) * song.beats_per_sample();
            }
            if let Some((start, end)) = song.cycle.filter(|&(start, end)| {
                playing && position >= end && position < end + (end - start)
            }) {
                position += start - end;
            }
        }
        heard.stop(&song, &mut *host, position)?;
        played += heard.notes()?.len();
    }
    println!("{played} notes");
    assert!(played >= 200, "{played} notes");
    Ok(())
}

/// Loads, plays and unloads repeatedly; no thread is left. Must run in its own process, because it
/// counts the threads of the process.
pub fn instances_leave_no_threads_behind(load: Load) -> Result<()> {
    let mut before = None;
    for _ in 0..6 {
        let mut one = load();
        let mut two = load();
        play(&mut *one, &SONG, 0.0, 4.0)?;
        ready(&mut *two, &SONG)?;
        // The second instance is destroyed while it plays and while the first exists.
        SONG.roll(&mut *two, 0.0, SONG.samples(1.01))?;
        drop(two);
        play(&mut *one, &SONG, 0.0, 1.0)?;
        drop(one);
        if cfg!(target_os = "linux") {
            let now = std::fs::read_dir("/proc/self/task")?.count();
            // Threads after the first round belong to the process.
            let before = *before.get_or_insert(now);
            assert!(now <= before, "{now} threads after {before}");
        }
    }
    Ok(())
}

/// A MIDI controller that the user's settings connect moves its parameter; others move nothing. Must run
/// in its own process, whose settings are its own.
pub fn a_learned_controller_moves_its_parameter(load: Load) -> Result<()> {
    let folder = std::env::var("XDG_CONFIG_HOME")?;
    let folder = std::path::Path::new(&folder).join("Deep Pocket");
    std::fs::create_dir_all(&folder)?;
    let settings = r#"{"version": 1, "controllers": {"11": "stick"}}"#;
    std::fs::write(folder.join("settings.json"), settings)?;
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut repeat_after = |controller: u8, value: u8| -> Result<f64> {
        let message = Message::Midi([0xb0, controller, value]);
        let mut output = Vec::new();
        for input in [&[Event { offset: 0, message }][..], &[]] {
            host.process(SONG.block, None, input, &mut output)?;
        }
        let values = host.parameters();
        let repeat = values.iter().find(|(name, _)| name == "Repeat");
        Ok(repeat.context("the parameter")?.1)
    };
    let others = repeat_after(12, 127)?;
    assert!((others - 0.5).abs() < 1e-6, "another controller moves it to {others}");
    let learned = repeat_after(11, 127)?;
    assert!((learned - 1.0).abs() < 1e-6, "the learned controller moves it to {learned}");
    let learned = repeat_after(11, 0)?;
    assert!(learned.abs() < 1e-6, "the learned controller moves it to {learned}");
    Ok(())
}
