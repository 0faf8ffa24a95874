//! What a plugin must do in any host. Each scenario makes its own instances with `load`, so that
//! both formats go through the same.

use super::recording::{Pace, Recording};
use super::timing::{self, play};
use anyhow::Result;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xtask::host::{Event, Host, Message, Note, Setup, Song, Transport};

/// Makes one more instance of the plugin.
pub type Load<'a> = &'a dyn Fn() -> Box<dyn Host>;

/// The song of most scenarios: at this rate and tempo a tick is 25 samples, so that whatever is
/// compared can be compared exactly.
pub const SONG: Song =
    Song { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 480, cycle: None };

/// The parameter that picks another take.
pub const TAKE: &str = "Take";

/// Low tom and crash: drums that a beat has little of.
const HELD: [u8; 2] = [43, 49];

/// Sets the plugin up for this song, to be rendered as fast as it goes.
pub fn ready(host: &mut dyn Host, song: &Song) -> Result<()> {
    host.activate(Setup { sample_rate: song.sample_rate, max_block: song.block, offline: true })
}

/// Defines the tests that both formats share, each on instances that `$load` makes.
#[macro_export]
macro_rules! scenarios {
    ($load:expr) => {
        scenarios!($load;
            every_note_stands_on_its_sample,
            any_tempo_and_start_are_in_time,
            other_meters_are_in_time,
            the_same_place_in_the_song_plays_the_same,
            stop_and_jump_release_everything,
            a_loop_plays_the_same_each_time,
            without_a_playing_transport_it_is_silent,
            held_keys_change_the_take_by_the_next_beat,
            a_saved_state_plays_the_same_in_a_new_instance,
            a_damaged_state_does_no_harm,
            odd_transports_are_survived,
            extreme_tempi_and_rates_are_in_time,
            in_real_time_it_plays_what_a_bounce_plays,
            another_channel_leaves_nothing_hanging,
            whatever_the_host_does_no_note_hangs,
        );
    };
    ($load:expr; $($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() -> anyhow::Result<()> {
            common::scenarios::$name(&$load)
        })*
    };
}

pub fn every_note_stands_on_its_sample(load: Load) -> Result<()> {
    let mut host = load();
    let bars = 4.0 * 4.0;
    let expected = timing::reference(&mut *host, 120.0, 0.0, bars)?;
    assert!(expected.len() >= 16, "{} notes in four bars", expected.len());
    for sample_rate in [44_100.0, 48_000.0, 96_000.0] {
        let mut first: Option<Vec<Note>> = None;
        for block in [1, 17, 64, 480, 4096] {
            let song = Song { sample_rate, block, ..SONG };
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

pub fn any_tempo_and_start_are_in_time(load: Load) -> Result<()> {
    let mut host = load();
    for (tempo, from) in [(93.7, 0.0), (187.3, 6.37), (61.0, -5.25), (120.0, 4_000.0)] {
        let expected = timing::reference(&mut *host, tempo, from, 16.0)?;
        for (sample_rate, block) in [(44_100.0, 17), (48_000.0, 333), (96_000.0, 1024)] {
            let song = Song { sample_rate, tempo, block, ..SONG };
            let notes = play(&mut *host, &song, from, 16.0)?;
            let error = timing::error(&song, &expected, &notes)?;
            assert!(error == 0.0, "{error} samples of error from beat {from} in {song:?}");
        }
    }
    Ok(())
}

pub fn other_meters_are_in_time(load: Load) -> Result<()> {
    let mut host = load();
    for meter in [(3, 4), (6, 8), (7, 8), (5, 4)] {
        let song = Song { meter, ..SONG };
        let beats = 4.0 * f64::from(meter.0) * 4.0 / f64::from(meter.1);
        let notes = play(&mut *host, &song, 0.0, beats)?;
        assert!(!notes.is_empty(), "no note in four bars of {meter:?}");
        let other = Song { block: 61, ..song };
        assert_eq!(notes, play(&mut *host, &other, 0.0, beats)?, "{meter:?}");
    }
    Ok(())
}

pub fn the_same_place_in_the_song_plays_the_same(load: Load) -> Result<()> {
    let whole = play(&mut *load(), &SONG, 0.0, 48.0)?;
    // Straight to the middle with a new instance, then back to the start with the same one.
    let mut host = load();
    let middle = play(&mut *host, &SONG, 20.0, 16.0)?;
    let (from, to) = (SONG.samples(20.0), SONG.samples(36.0));
    // The first and last sixteenth are left out: an early hit of the next bar sounds only where
    // that bar is reached, and one of the first bar lies before the jump.
    let rim = SONG.samples(0.25);
    let inside: Vec<_> = onsets(&whole, from + rim..to - rim, from);
    assert!(!inside.is_empty());
    assert_eq!(inside, onsets(&middle, rim..to - from - rim, 0));
    let again = play(&mut *host, &SONG, 0.0, 48.0)?;
    assert_eq!(whole, again);
    Ok(())
}

pub fn stop_and_jump_release_everything(load: Load) -> Result<()> {
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    // Lengths that end a block after a hit, so that something sounds when the song breaks off.
    for (from, beats) in [(0.0, 4.04), (17.0, 3.02), (2.5, 1.53), (-3.0, 3.01), (31.0, 2.01)] {
        heard.roll(&SONG, &mut *host, from, SONG.samples(beats))?;
        assert!(heard.sounding() <= 9, "{} notes sound at once", heard.sounding());
    }
    heard.stop(&SONG, &mut *host, 33.01)?;
    assert_eq!(heard.sounding(), 0, "notes that sound after a block with the transport stopped");
    let notes = heard.notes()?;
    assert!(notes.len() >= 8, "{} notes", notes.len());
    // A jump ends what sounds in its first block: no note goes on beyond it for longer than
    // that, unless it is struck again.
    let jump = SONG.samples(4.04);
    let over = notes.iter().filter(|n| n.on < jump && n.off > jump + u64::from(SONG.block)).count();
    assert_eq!(over, 0, "notes that sound over a jump");
    Ok(())
}

pub fn a_loop_plays_the_same_each_time(load: Load) -> Result<()> {
    for (start, end, block) in [(4.0, 8.0, 480), (3.0, 4.5, 512), (4.0, 4.25, 64), (8.0, 9.0, 4096)]
    {
        let song = Song { block, cycle: Some((start, end)), ..SONG };
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
        // A loop of a beat or more has something in it.
        assert!(end - start < 1.0 || !second.is_empty(), "nothing in the loop {start} to {end}");
    }
    Ok(())
}

pub fn without_a_playing_transport_it_is_silent(load: Load) -> Result<()> {
    let mut host = load();
    ready(&mut *host, &SONG)?;
    let mut heard = Recording::default();
    for _ in 0..200 {
        heard.stop(&SONG, &mut *host, 0.0)?;
        heard.record_block(&mut *host, SONG.block, None, &[])?;
    }
    // A stopped transport that someone drags along the song.
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
    let between =
        |notes: &[Note], from: f64, to: f64| onsets(notes, SONG.samples(from)..SONG.samples(to), 0);
    assert_eq!(between(&plain, 0.0, press), between(&held, 0.0, press), "before a key is down");
    assert_ne!(between(&plain, 10.0, 14.0), between(&held, 10.0, 14.0), "the bar after");
    let count = |notes: &[Note]| {
        notes
            .iter()
            .filter(|note| HELD.contains(&note.key))
            .filter(|note| (SONG.samples(10.0)..release_at).contains(&note.on))
            .count()
    };
    println!("held drums: {} strikes, without keys {}", count(&held), count(&plain));
    assert!(count(&held) > count(&plain), "held drums are no more frequent");
    // The keys are up, and from the next beat on it is as if they had never been down.
    assert_eq!(between(&plain, 25.25, end), between(&held, 25.25, end), "after the keys are up");
    Ok(())
}

pub fn a_saved_state_plays_the_same_in_a_new_instance(load: Load) -> Result<()> {
    let usual = play(&mut *load(), &SONG, 0.0, 16.0)?;
    let mut host = load();
    host.set(TAKE, 0.37)?;
    ready(&mut *host, &SONG)?;
    // The change reaches the plugin with a block.
    SONG.roll_stopped(&mut *host, 0.0, 480)?;
    let other = play(&mut *host, &SONG, 0.0, 16.0)?;
    assert_ne!(usual, other, "another take plays the same");
    let state = host.save()?;
    let parameters = host.parameters();
    drop(host);
    // Before it is active, and while it plays.
    let mut fresh = load();
    fresh.load(&state)?;
    assert_eq!(parameters, fresh.parameters());
    assert_eq!(other, play(&mut *fresh, &SONG, 0.0, 16.0)?);
    let mut playing = load();
    ready(&mut *playing, &SONG)?;
    let mut heard = Recording::default();
    heard.roll(&SONG, &mut *playing, 0.0, SONG.samples(2.0))?;
    playing.load(&state)?;
    // What sounds ends when the song stops.
    heard.stop(&SONG, &mut *playing, 2.0)?;
    assert_eq!(other, play(&mut *playing, &SONG, 0.0, 16.0)?);
    Ok(())
}

pub fn a_damaged_state_does_no_harm(load: Load) -> Result<()> {
    let mut host = load();
    let whole = host.save()?;
    let body = body(&whole);
    let mut states = vec![Vec::new(), vec![0], vec![0xff; 100]];
    // Damage to all of it, the framework's own length in front included.
    states.extend((0..8).map(|eighth| whole[..whole.len() * eighth / 8].to_vec()));
    // Damage to what the plugin wrote, with the length in front set right.
    let mut bodies = vec![Vec::new(), b"{}".to_vec(), b"null".to_vec(), vec![b'['; 100_000]];
    bodies.extend((0..body.len()).step_by(body.len() / 40 + 1).map(|place| {
        let mut body = body.to_vec();
        body[place] ^= 0x15;
        body
    }));
    let text = String::from_utf8_lossy(body);
    for number in ["-1", "1e308", "NaN", "99999999999999999999", "null", "\"x\"", "[]"] {
        bodies.push(with_numbers(&text, number).into_bytes());
    }
    states.extend(bodies.iter().map(|body| framed(&whole, body)));
    let mut taken = 0;
    for state in &states {
        taken += usize::from(host.load(state).is_ok());
        ready(&mut *host, &SONG)?;
        let mut heard = Recording::default();
        heard.roll(&SONG, &mut *host, 0.0, SONG.samples(1.0))?;
        heard.stop(&SONG, &mut *host, 1.0)?;
        heard.notes()?;
    }
    println!("{} damaged states, {taken} taken", states.len());
    host.load(&whole)?;
    let usual = play(&mut *load(), &SONG, 0.0, 8.0)?;
    assert_eq!(usual, play(&mut *host, &SONG, 0.0, 8.0)?, "after all the damage");
    Ok(())
}

pub fn odd_transports_are_survived(load: Load) -> Result<()> {
    let mut host = load();
    for sample_rate in [8_000.0, 11_025.0, 384_000.0] {
        for block in [1, 65_536] {
            for tempo in [10.0, 120.0, 999.0] {
                let song = Song { sample_rate, tempo, block, ..SONG };
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

pub fn extreme_tempi_and_rates_are_in_time(load: Load) -> Result<()> {
    let mut host = load();
    for (tempo, sample_rate) in [(10.0, 8_000.0), (999.0, 384_000.0), (999.0, 8_000.0)] {
        let song = Song { sample_rate, tempo, block: 128, ..SONG };
        let notes = play(&mut *host, &song, 0.0, 8.0)?;
        assert!(!notes.is_empty(), "no note in {song:?}");
        let other = Song { block: 65_536, ..song };
        assert_eq!(notes, play(&mut *host, &other, 0.0, 8.0)?, "{song:?}");
    }
    Ok(())
}

pub fn in_real_time_it_plays_what_a_bounce_plays(load: Load) -> Result<()> {
    let song = Song { tempo: 240.0, block: 512, ..SONG };
    let beats = 16.0;
    let bounced = play(&mut *load(), &song, 0.0, beats)?;
    let mut host = load();
    host.activate(Setup { sample_rate: song.sample_rate, max_block: song.block, offline: false })?;
    // A second at rest, as between loading a project and pressing play.
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

pub fn another_channel_leaves_nothing_hanging(load: Load) -> Result<()> {
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

/// A host at its worst, the same at each run: blocks of any length, jumps, stops, tempo and meter
/// at any block, a loop whose end lies inside blocks, keys, turned knobs, resets of the set-up.
pub fn whatever_the_host_does_no_note_hangs(load: Load) -> Result<()> {
    let longest = 2_048;
    let mut played = 0;
    for seed in 0..4 {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let mut host = load();
        let mut song = Song { block: longest, ..SONG };
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

/// Loads, plays and unloads again and again; no thread may stay behind. Meant for a process of
/// its own, because it counts the threads of all of it.
pub fn it_comes_and_goes(load: Load) -> Result<()> {
    let mut before = None;
    for _ in 0..6 {
        let mut one = load();
        let mut two = load();
        play(&mut *one, &SONG, 0.0, 4.0)?;
        ready(&mut *two, &SONG)?;
        // The second goes while it plays, and while the first is still there.
        SONG.roll(&mut *two, 0.0, SONG.samples(1.01))?;
        drop(two);
        play(&mut *one, &SONG, 0.0, 1.0)?;
        drop(one);
        if cfg!(target_os = "linux") {
            let now = std::fs::read_dir("/proc/self/task")?.count();
            // What the first round leaves for good is the process's own.
            let before = *before.get_or_insert(now);
            assert!(now <= before, "{now} threads after {before}");
        }
    }
    Ok(())
}

/// Onsets in a stretch of a recording, counted from `zero`, in an order of their own.
fn onsets(notes: &[Note], range: std::ops::Range<u64>, zero: u64) -> Vec<(u64, u8, u32)> {
    let mut onsets: Vec<_> = notes
        .iter()
        .filter(|note| range.contains(&note.on))
        .map(|note| (note.on - zero, note.key, velocity_steps(note.velocity)))
        .collect();
    onsets.sort_unstable();
    onsets
}

/// A velocity as MIDI has it, so that it can be compared exactly.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn velocity_steps(velocity: f64) -> u32 {
    (velocity * 127.0).round() as u32
}

/// Bytes of the length that the framework writes before a CLAP's state; a VST3's has none.
const LENGTH: usize = size_of::<u64>();

/// What the plugin wrote of a state, without the length that may stand in front.
pub fn body(state: &[u8]) -> &[u8] {
    state.split_first_chunk::<LENGTH>().map_or(state, |(length, body)| {
        let counted = usize::try_from(u64::from_le_bytes(*length));
        if counted == Ok(body.len()) { body } else { state }
    })
}

/// Another body in the frame of a state.
fn framed(state: &[u8], new: &[u8]) -> Vec<u8> {
    if body(state).len() == state.len() {
        return new.to_vec();
    }
    [&(new.len() as u64).to_le_bytes(), new].concat()
}

/// The text with every number in it replaced.
fn with_numbers(text: &str, number: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    for c in text.chars() {
        let numeric = c.is_ascii_digit() || (in_number && matches!(c, '.' | 'e'));
        if numeric && !in_number {
            out.push_str(number);
        } else if !numeric {
            out.push(c);
        }
        in_number = numeric;
    }
    out
}
