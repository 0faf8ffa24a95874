//! Scenarios of playback: timing, jumps, loops, held keys.

use crate::common::recording::{Pace, Recording};
use crate::common::setup::{Load, SONG, onsets, ready};
use crate::common::timing::{self, play};
use anyhow::Result;
use xtask::host::{Event, HostSong, Message, RecordedNote, Setup};

/// Low tom and crash, which are rare in a beat.
const HELD: [u8; 2] = [43, 49];

pub fn every_note_is_on_its_sample(load: Load) -> Result<()> {
    let mut host = load();
    let bars = 4.0 * 4.0;
    let expected = timing::reference(&mut *host, 120.0, 0.0, bars)?;
    assert!(expected.len() >= 16, "{} notes in four bars", expected.len());
    for sample_rate in [44_100.0, 48_000.0, 96_000.0] {
        let mut first: Option<Vec<RecordedNote>> = None;
        for block in [1, 17, 64, 480, 4096] {
            let song = HostSong { sample_rate, block, ..SONG };
            let notes = play(&mut *host, &song, 0.0, bars)?;
            let error = timing::error(&song, &expected, &notes)?;
            println!(
                "{sample_rate} Hz, blocks of {block}: {} notes, greatest error {error} samples",
                notes.len()
            );
            assert!(error == 0.0, "{error} samples of error in {song:?}");
            let first = first.get_or_insert_with(|| notes.clone());
            assert_eq!(*first, notes, "blocks of {block} against blocks of 1 at {sample_rate} Hz");
        }
    }
    Ok(())
}

pub fn notes_are_on_time_at_any_tempo_and_start(load: Load) -> Result<()> {
    let mut host = load();
    for (tempo, from) in [(93.7, 0.0), (187.3, 6.37), (61.0, -5.25), (120.0, 4_000.0)] {
        let expected = timing::reference(&mut *host, tempo, from, 16.0)?;
        for (sample_rate, block) in [(44_100.0, 17), (48_000.0, 333), (96_000.0, 1024)] {
            let song = HostSong { sample_rate, tempo, block, ..SONG };
            let notes = play(&mut *host, &song, from, 16.0)?;
            let error = timing::error(&song, &expected, &notes)?;
            assert!(error == 0.0, "{error} samples of error from beat {from} in {song:?}");
        }
    }
    Ok(())
}

pub fn meters_play_the_same_in_any_block_size(load: Load) -> Result<()> {
    let mut host = load();
    for meter in [(3, 4), (6, 8), (7, 8), (5, 4)] {
        let song = HostSong { meter, ..SONG };
        let beats = 4.0 * f64::from(meter.0) * 4.0 / f64::from(meter.1);
        let notes = play(&mut *host, &song, 0.0, beats)?;
        assert!(!notes.is_empty(), "no note in four bars of {meter:?}");
        let other = HostSong { block: 61, ..song };
        assert_eq!(notes, play(&mut *host, &other, 0.0, beats)?, "{meter:?}");
    }
    Ok(())
}

pub fn the_same_place_in_the_song_plays_the_same(load: Load) -> Result<()> {
    let whole = play(&mut *load(), &SONG, 0.0, 48.0)?;
    // A new instance starts in the middle; then the same one plays from the start.
    let mut host = load();
    let middle = play(&mut *host, &SONG, 20.0, 16.0)?;
    let (from, to) = (SONG.samples(20.0), SONG.samples(36.0));
    // The first and last sixteenth are left out: an early hit of the next bar sounds only if that
    // bar is reached, and one of the first bar lies before the jump.
    let rim = SONG.samples(0.25);
    let inside: Vec<_> = onsets(&whole, from + rim..to - rim, from);
    assert!(!inside.is_empty());
    assert_eq!(inside, onsets(&middle, rim..to - from - rim, 0));
    let again = play(&mut *host, &SONG, 0.0, 48.0)?;
    assert_eq!(whole, again);
    Ok(())
}

pub fn a_stop_or_jump_ends_all_notes(load: Load) -> Result<()> {
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    // Each length ends a block after a hit, so that a note sounds when the song is interrupted.
    for (from, beats) in [(0.0, 4.04), (17.0, 3.02), (2.5, 1.53), (-3.0, 3.01), (31.0, 2.01)] {
        heard.roll(&SONG, &mut *host, from, SONG.samples(beats))?;
        assert!(heard.sounding() <= 9, "{} notes sound at once", heard.sounding());
    }
    heard.stop(&SONG, &mut *host, 33.01)?;
    assert_eq!(heard.sounding(), 0, "notes that sound after a block with the transport stopped");
    let notes = heard.notes()?;
    assert!(notes.len() >= 8, "{} notes", notes.len());
    // A jump ends all notes in its first block: no note extends beyond it unless it is struck
    // again.
    let jump = SONG.samples(4.04);
    let over = notes.iter().filter(|n| n.on < jump && n.off > jump + u64::from(SONG.block)).count();
    assert_eq!(over, 0, "notes that sound over a jump");
    Ok(())
}

pub fn a_loop_plays_the_same_each_time(load: Load) -> Result<()> {
    for (start, end, block) in [(4.0, 8.0, 480), (3.0, 4.5, 512), (4.0, 4.25, 64), (8.0, 9.0, 4096)]
    {
        let song = HostSong { block, cycle: Some((start, end)), ..SONG };
        let mut host = load();
        ready(&mut *host, &song)?;
        let pass = song.samples(end - start);
        let mut heard = Recording::default();
        heard.roll(&song, &mut *host, start, 6 * pass)?;
        heard.stop(&song, &mut *host, start)?;
        let notes = heard.notes()?;
        let second = onsets(&notes, pass..2 * pass, pass);
        for number in 2..6 {
            let here = onsets(&notes, number * pass..(number + 1) * pass, number * pass);
            assert_eq!(second, here, "pass {number} of the loop {start} to {end}");
        }
        // A loop of a beat or more has notes.
        assert!(end - start < 1.0 || !second.is_empty(), "nothing in the loop {start} to {end}");
    }
    Ok(())
}

pub fn a_stopped_transport_is_silent(load: Load) -> Result<()> {
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    for _ in 0..200 {
        heard.stop(&SONG, &mut *host, 0.0)?;
        heard.record_block(&mut *host, SONG.block, None, &[])?;
    }
    // A user moves the stopped transport.
    for number in 0..200 {
        heard.stop(&SONG, &mut *host, f64::from(number) * 0.37)?;
    }
    assert!(heard.is_empty(), "{:?}", heard.notes());
    Ok(())
}

pub fn held_keys_change_the_take_by_the_next_beat(load: Load) -> Result<()> {
    let (press, release, end) = (9.5, 24.5, 40.0);
    let press_at = SONG.samples(press);
    let release_at = SONG.samples(release);
    let mut host = load();
    let plain = play(&mut *host, &SONG, 0.0, end)?;
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    let keys = |range: std::ops::Range<u64>, at: u64, down: bool, input: &mut Vec<Event>| {
        if range.contains(&at) {
            let offset = u32::try_from(at - range.start).expect("a block is short");
            input.extend(HELD.map(|key| Event {
                offset,
                message: if down {
                    Message::NoteOn { key, channel: 0, velocity: 0.8 }
                } else {
                    Message::NoteOff { key, channel: 0 }
                },
            }));
        }
    };
    let mut feed = |range: std::ops::Range<u64>, input: &mut Vec<Event>| {
        keys(range.clone(), press_at, true, input);
        keys(range, release_at, false, input);
    };
    heard.roll_with(&SONG, &mut *host, 0.0, SONG.samples(end), &mut feed)?;
    heard.stop(&SONG, &mut *host, end)?;
    let held = heard.notes()?;
    let between = |notes: &[RecordedNote], from: f64, to: f64| {
        onsets(notes, SONG.samples(from)..SONG.samples(to), 0)
    };
    assert_eq!(between(&plain, 0.0, press), between(&held, 0.0, press), "before a key is down");
    assert_ne!(between(&plain, 10.0, 14.0), between(&held, 10.0, 14.0), "the bar after");
    let count = |notes: &[RecordedNote]| {
        notes
            .iter()
            .filter(|note| HELD.contains(&note.key))
            .filter(|note| (SONG.samples(10.0)..release_at).contains(&note.on))
            .count()
    };
    println!("held drums: {} strikes, without keys {}", count(&held), count(&plain));
    assert!(count(&held) > count(&plain), "held drums are no more frequent");
    // From the beat after the release on, the notes are those without held keys.
    assert_eq!(between(&plain, 25.25, end), between(&held, 25.25, end), "after the keys are up");
    Ok(())
}

pub fn extreme_tempi_and_rates_play_the_same_in_any_block_size(load: Load) -> Result<()> {
    let mut host = load();
    for (tempo, sample_rate) in [(10.0, 8_000.0), (999.0, 384_000.0), (999.0, 8_000.0)] {
        let song = HostSong { sample_rate, tempo, block: 128, ..SONG };
        let notes = play(&mut *host, &song, 0.0, 8.0)?;
        assert!(!notes.is_empty(), "no note in {song:?}");
        let other = HostSong { block: 65_536, ..song };
        assert_eq!(notes, play(&mut *host, &other, 0.0, 8.0)?, "{song:?}");
    }
    Ok(())
}

pub fn in_real_time_the_notes_equal_an_offline_render(load: Load) -> Result<()> {
    let song = HostSong { tempo: 240.0, block: 512, ..SONG };
    let beats = 16.0;
    let bounced = play(&mut *load(), &song, 0.0, beats)?;
    let mut host = load();
    host.activate(Setup { sample_rate: song.sample_rate, max_block: song.block, offline: false })?;
    // A pause of a second, as between loading a project and starting the transport.
    let mut pace = Pace::new(song.sample_rate);
    let mut heard = Recording::default();
    for _ in 0..94 {
        heard.stop(&song, &mut *host, 0.0)?;
        pace.wait(song.block.into());
    }
    assert!(heard.is_empty());
    heard = Recording::default();
    let mut feed = |range: std::ops::Range<u64>, _: &mut Vec<Event>| {
        pace.wait(range.end - range.start);
    };
    heard.roll_with(&song, &mut *host, 0.0, song.samples(beats), &mut feed)?;
    heard.stop(&song, &mut *host, beats)?;
    assert_eq!(bounced, heard.notes()?);
    Ok(())
}

pub fn a_channel_change_leaves_no_hanging_notes(load: Load) -> Result<()> {
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    for (channel, from) in [(0.0, 0.0), (1.0, 3.02), (0.4, 6.04)] {
        host.set("Channel", channel)?;
        heard.roll(&SONG, &mut *host, from, SONG.samples(3.02))?;
    }
    heard.stop(&SONG, &mut *host, 9.06)?;
    let notes = heard.notes()?;
    let mut channels: Vec<u8> = notes.iter().map(|note| note.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    assert_eq!(channels, [0, 6, 15]);
    Ok(())
}
