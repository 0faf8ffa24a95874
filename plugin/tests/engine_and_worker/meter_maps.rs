//! Songs whose meter changes: bars, fills and phrases follow the bars that the host counts.
//!
//! The oracle is the host's own map: a list of bars, each with its meter and start. The bar that
//! the plugin is asked for identifies itself by its velocity, and its fill by a second velocity.

use deep_pocket::audio::offline_detect::HostMode;
use groove::play::clock::Transport;
use groove::take::{Fills, Take};
use groove::{Bar, Drum, Hit, Meter};

use crate::rig::Rig;

/// Meters of the maps.
const METERS: [(i32, i32); 8] = [(4, 4), (3, 4), (7, 8), (5, 4), (12, 8), (2, 4), (5, 16), (6, 8)];

/// Fills of the songs: in the last half bar of every fourth bar.
const FILLS: Fills = Fills { every: 4, steps: 4, amount: 0.5 };

/// Velocity of a step: the bar's number, and 60 more in a fill.
fn velocity(meter: Meter, bar: i64, step: usize) -> u8 {
    let fill = bar.rem_euclid(4) == 3 && step + 4 >= meter.steps();
    u8::try_from(1 + bar.rem_euclid(60)).expect("small") + if fill { 60 } else { 0 }
}

/// A bar with a stroke on each sixteenth. The fill is where the engine's take puts it.
fn marked_bar(_: &Take, meter: Meter, bar: i64) -> Bar {
    let mut played = Bar::silent(meter);
    for (step, cell) in played.steps_mut().iter_mut().enumerate() {
        let fill = if FILLS.cover(meter, bar, step) { 60 } else { 0 };
        let velocity = u8::try_from(1 + bar.rem_euclid(60)).expect("small") + fill;
        cell.set(Drum::Snare, Some(Hit::plain(velocity, 0)));
    }
    played
}

/// Random numbers from a linear congruential generator.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        usize::try_from(self.0 >> 33).expect("32 bits") % limit
    }
}

/// A bar of the host's map.
#[derive(Clone, Copy, Debug)]
struct HostBar {
    meter: Meter,
    /// Start in samples from the start of the song; a sixteenth is 6,000.
    start: u64,
}

/// A random map: runs of bars of one meter, each a multiple of a sixteenth.
fn random_map(draw: &mut Draw) -> Vec<HostBar> {
    let mut bars = Vec::new();
    let mut start = 0;
    while bars.len() < 24 {
        let (numerator, denominator) = METERS[draw.below(METERS.len())];
        let meter = Meter::new(numerator, denominator);
        for _ in 0..=draw.below(5) {
            bars.push(HostBar { meter, start });
            start += meter.steps() as u64 * 6_000;
        }
    }
    bars
}

/// Plays the map from one bar to before another. Blocks are cut at bar lines, as by hosts that
/// change the meter there. Checks each note against the map; returns their number.
fn play(
    rig: &mut Rig,
    map: &[HostBar],
    from: usize,
    to: usize,
    longest: usize,
    draw: &mut Draw,
) -> usize {
    let mut notes = 0;
    for (number, bar) in map.iter().enumerate().take(to).skip(from) {
        let length = bar.meter.steps() as u64 * 6_000;
        let mut done = 0;
        while done < length {
            let frames = (1 + draw.below(longest) as u64).min(length - done);
            let transport = Transport {
                playing: true,
                tempo: Some(120.0),
                meter: Some(bar.meter),
                beats: Some((bar.start + done) as f64 / 24_000.0),
                bar_start: Some(bar.start as f64 / 24_000.0),
                ..Transport::default()
            };
            let (block, heard) = (rig.now, rig.heard.len());
            rig.block_of(&transport, u32::try_from(frames).expect("short"));
            for &(at, struck) in rig.heard[heard..].iter().filter(|(_, velocity)| *velocity > 0) {
                let into = at - block + done;
                assert_eq!(into % 6_000, 0, "between two sixteenths, in bar {number}");
                let step = usize::try_from(into / 6_000).expect("small");
                let bar_number = i64::try_from(number).expect("small");
                assert_eq!(
                    struck,
                    velocity(bar.meter, bar_number, step),
                    "bar {number} of {map:?}, step {step}"
                );
                notes += 1;
            }
            done += frames;
        }
    }
    notes
}

#[test]
fn fills_follow_the_bars_of_two_hundred_random_meter_maps() {
    let mut draw = Draw(1);
    let mut notes = 0;
    for _ in 0..200 {
        let map = random_map(&mut draw);
        let longest = [300, 7_000, 40_000][draw.below(3)];
        let mut rig = Rig::new(HostMode::Offline, marked_bar);
        let steps = |from: usize, to: usize| -> usize {
            map[from..to].iter().map(|bar| bar.meter.steps()).sum()
        };
        assert_eq!(play(&mut rig, &map, 0, 24, longest, &mut draw), steps(0, 24));
        // Parts of the song again, as in a loop and after a stop.
        for _ in 0..2 {
            let from = draw.below(22);
            let to = from + 1 + draw.below(24 - from);
            assert_eq!(play(&mut rig, &map, from, to, longest, &mut draw), steps(from, to));
            rig.stop();
        }
        notes += rig.notes().len();
    }
    println!("{notes} notes");
}
