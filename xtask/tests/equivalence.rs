//! A song gives the same events in any block size, in real time and offline, in both formats, and
//! after its state has moved to another instance.

mod common;

use anyhow::Result;
use common::recording::Pace;
use common::setup::{TAKE, velocity_steps};
use common::{load_clap, load_vst3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use xtask::host::saved_state::{body, with_chart};
use xtask::host::{Host, HostSong, Message, Setup, TimedMessage, Transport, record_block};

/// Number of random songs without a chart, which come first, and of all: the others have one of two
/// charts.
const PLAIN: u64 = 100;
const SONGS: u64 = 300;

/// Maximum block sizes, in frames. Each song is played with one of them.
const BLOCKS: [u32; 10] = [1, 3, 17, 64, 128, 333, 512, 1_000, 2_048, 4_096];

/// A song of a few stretches: tempo, meter, start, and length in samples.
#[derive(Clone, Debug)]
struct Scenario {
    take: f64,
    /// Number of its chart; 0: none.
    chart: u64,
    sample_rate: f64,
    stretches: Vec<(f64, (u16, u16), f64, u64)>,
}

impl Scenario {
    fn new(seed: u64) -> Self {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let sample_rate = [44_100.0, 48_000.0, 96_000.0][draw.random_range(0..3)];
        // Songs of one take and meter follow each other, because the generator works on one at a
        // time.
        let chart = seed / PLAIN;
        let take = if chart == 0 { 0.0 } else { 0.37 };
        let meter = [(4, 4), (3, 4), (7, 8)][usize::try_from(seed / 20 % 3).expect("it is small")];
        let (mut stretches, mut end) = (Vec::new(), f64::INFINITY);
        while stretches.len() < draw.random_range(1..4) {
            let tempo = draw.random_range(60.0..300.0);
            // On a tick, which all formats represent exactly.
            let from = f64::from(draw.random_range(-3_840..30_720)) / 960.0;
            let beats = draw.random_range(0.3..1.5);
            // A small jump with a tempo change may not be detected as a jump.
            if (from - end).abs() > 0.1 {
                let song = HostSong { sample_rate, tempo, meter, block: 1, cycle: None };
                stretches.push((tempo, meter, from, song.samples(beats)));
                end = from + beats;
            }
        }
        Scenario { take, chart, sample_rate, stretches }
    }

    /// Plays the song in blocks of one size.
    fn play(&self, host: &mut dyn Host, block: u32, offline: bool) -> Result<Vec<Plain>> {
        host.activate(Setup { sample_rate: self.sample_rate, max_block: block, offline })?;
        let (mut events, mut begin) = (Vec::new(), 0);
        for &(tempo, meter, from, samples) in &self.stretches {
            let song = HostSong { sample_rate: self.sample_rate, tempo, meter, block, cycle: None };
            events.extend(song.roll(host, from, samples)?.into_iter().map(|it| plain(it, begin)));
            begin += samples;
        }
        // The transport stops.
        let (tempo, meter, ..) = self.stretches[0];
        let song = HostSong { sample_rate: self.sample_rate, tempo, meter, block, cycle: None };
        events.extend(song.roll_stopped(host, 0.0, 1)?.into_iter().map(|it| plain(it, begin)));
        // Notes on one sample may come in any order.
        events.sort_unstable();
        Ok(events)
    }

    /// Selects the take in an instance, and its chart: sections, stops and accents.
    fn prepare(&self, host: &mut dyn Host) -> Result<()> {
        if self.chart > 0 {
            let state = with_chart(&host.save()?, &chart(self.chart))?;
            host.load(&state)?;
        }
        host.set(TAKE, self.take)?;
        // Drum maps: General MIDI, and that of Roland kits with controller 4.
        host.set("Drum map", if self.take == 0.0 { 0.0 } else { 1.0 / 63.0 })?;
        host.activate(Setup { sample_rate: 48_000.0, max_block: 64, offline: true })?;
        let song =
            HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 64, cycle: None };
        song.roll_stopped(host, 0.0, 64)?;
        song.roll(host, 0.0, 64)?;
        song.roll_stopped(host, 0.0, 64)?;
        Ok(())
    }
}

/// A chart of the songs' first bars: a section every few bars, a stop in each, and a bass line.
/// The kinds and places of the sections depend on the chart's number.
fn chart(number: u64) -> serde_json::Value {
    let kinds = ["intro", "verse", "chorus", "bridge", "verse", "chorus", "break", "outro"];
    let shift = usize::try_from(number - 1).expect("it is small");
    let sections = kinds.iter().cycle().skip(shift).take(8).enumerate().map(|(number, kind)| {
        let start = number * 3 + shift;
        json!({ "start": start, "kind": kind, "intensity": (number % 5) as f64 / 4.0 })
    });
    let stops = (0..8).map(|number| {
        let bar = number * 3 + 1 + shift;
        let (start, end) = (json!({ "bar": bar, "step": 4 }), json!({ "bar": bar + 1, "step": 0 }));
        // Every third one is a fill, and every second one begins with a hit.
        let pick_up = if number % 3 == 2 { 12 } else { 4 * (number % 2) };
        json!({ "start": start, "end": end, "pick_up": pick_up, "hit": number % 2 == 0 })
    });
    let bars =
        (0..24).map(|bar| json!([bar, if bar % 2 == 0 { "2..1..1...2" } else { "..1...3" }]));
    json!({
        "sections": sections.collect::<Vec<_>>(),
        "stops": stops.collect::<Vec<_>>(),
        "accents": { "bar_steps": 16, "bars": bars.collect::<Vec<_>>() },
        "follow": 0.7,
    })
}

/// An event: sample, false for a note-off, key or controller, channel, velocity or value.
type Plain = (u64, bool, u8, u8, u32);

fn plain(heard: TimedMessage, begin: u64) -> Plain {
    let at = begin + heard.at;
    match heard.message {
        Message::NoteOn { key, channel, velocity } => {
            (at, true, key, channel, velocity_steps(velocity))
        }
        Message::NoteOff { key, channel } => (at, false, key, channel, 0),
        Message::Midi([status, key, velocity]) => {
            (at, status & 0x10 != 0, key, status & 0xf, velocity.into())
        }
    }
}

/// Compares every second song, from `first` on: two tests share the work.
fn alike(first: u64) -> Result<()> {
    let (mut bounced, mut other, mut format) = (load_clap(), load_clap(), load_vst3());
    let (mut events, mut chart) = (0, None);
    for seed in (first..SONGS).step_by(2) {
        let scenario = Scenario::new(seed);
        if chart.replace(scenario.chart) != Some(scenario.chart) {
            scenario.prepare(&mut bounced)?;
        }
        let whole = scenario.play(&mut bounced, 4_096, true)?;
        let block = |add: u64| BLOCKS[usize::try_from((seed + add) % 10).expect("it is small")];
        let cut = scenario.play(&mut bounced, block(0), true)?;
        assert_eq!(whole, cut, "blocks of {} in song {seed}: {scenario:?}", block(0));
        // Another instance with the state of the first.
        let state = bounced.save()?;
        other.load(&state)?;
        let moved = scenario.play(&mut other, block(3), true)?;
        assert_eq!(whole, moved, "another instance in song {seed}: {scenario:?}");
        format.load(body(&state))?;
        let vst3 = scenario.play(&mut format, 4_096.min(block(6).max(64)), true)?;
        assert_eq!(whole, vst3, "VST3 against CLAP in song {seed}: {scenario:?}");
        events += whole.len();
    }
    println!("{events} events in each");
    assert!(events > 500, "{events} events");
    Ok(())
}

#[test]
fn the_first_half_of_the_songs_is_equal_in_all_block_sizes_instances_and_formats() -> Result<()> {
    alike(0)
}

#[test]
fn the_second_half_of_the_songs_is_equal_in_all_block_sizes_instances_and_formats() -> Result<()> {
    alike(1)
}

/// Number of concurrent instances, half of them in each format, and of songs with a chart that each
/// plays.
const LIVE: u64 = 40;
const EACH: u64 = (SONGS - PLAIN) / LIVE;

#[test]
fn in_real_time_two_hundred_songs_with_charts_equal_their_offline_render() -> Result<()> {
    let setup = Setup { sample_rate: 48_000.0, max_block: 256, offline: true };
    let mut players = Vec::new();
    for number in 0..LIVE {
        let mut host: Box<dyn Host> = match number % 2 {
            0 => Box::new(load_clap()),
            _ => Box::new(load_vst3()),
        };
        let songs: Vec<Scenario> =
            (0..EACH).map(|song| Scenario::new(PLAIN + number * EACH + song)).collect();
        songs[0].prepare(host.as_mut())?;
        // Each song is the first stretch of its scenario, at one sample rate for all instances.
        let mut bounced = Vec::new();
        for song in &songs {
            let (tempo, meter, from, samples) = song.stretches[0];
            let song =
                HostSong { sample_rate: setup.sample_rate, tempo, meter, block: 256, cycle: None };
            host.activate(setup)?;
            bounced.push((song, from, samples, song.roll(host.as_mut(), from, samples)?));
            // Sounding notes end here and not in the next song.
            song.roll_stopped(host.as_mut(), from, 1)?;
        }
        host.activate(Setup { offline: false, ..setup })?;
        players.push((host, bounced));
    }
    let mut pace = Pace::new(setup.sample_rate);
    let mut events = 0;
    for number in 0..usize::try_from(EACH)? {
        // A pause at the start of the song, as when a user moves the playhead.
        for _ in 0..280 {
            for (host, songs) in &mut players {
                let (song, from, ..) = songs[number];
                let still = Transport { playing: false, ..song.transport(from) };
                host.process(256, Some(&still), &[], &mut Vec::new())?;
            }
            pace.wait(256);
        }
        let longest = players.iter().map(|(_, songs)| songs[number].2).max().unwrap_or(0);
        let mut heard = vec![Vec::new(); players.len()];
        for begin in (0..longest).step_by(256) {
            for ((host, songs), heard) in players.iter_mut().zip(&mut heard) {
                let (song, from, samples, _) = &songs[number];
                #[allow(clippy::cast_precision_loss)]
                let transport = song.transport(from + begin as f64 * song.beats_per_sample());
                if begin < *samples {
                    let frames = u32::try_from((samples - begin).min(256))?;
                    record_block(host.as_mut(), frames, Some(&transport), &[], begin, heard)?;
                }
            }
            pace.wait(256);
        }
        for ((_, songs), heard) in players.iter().zip(&heard) {
            assert_eq!(songs[number].3, *heard, "{:?}", songs[number]);
            events += heard.len();
        }
    }
    println!("{events} events");
    assert!(events > 500, "{events} events");
    Ok(())
}
