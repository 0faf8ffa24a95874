//! Clock and scheduler against an exact integer model: every hit is played once, at the sample
//! nearest to its position, whatever the block sizes; every note ends.

use std::cmp::Reverse;

use groove::play::clock::{Clock, Transport};
use groove::play::schedule::{Note, Scheduler};
use groove::{Bar, CLASSES, Drum, Hit, Meter};
use proptest::prelude::*;

/// A song of bars that repeat every seven, so that neighbours differ.
#[derive(Clone, Debug)]
struct Song {
    meter: Meter,
    bars: Vec<Bar>,
}

impl Song {
    fn bar(&self, index: i64) -> &Bar {
        &self.bars[usize::try_from(index.rem_euclid(7)).expect("below 7")]
    }

    /// Hits of the steps in a range of ticks: tick of the step, tick of the hit, drum, velocity.
    fn hits(&self, from: i64, to: i64) -> Vec<(i64, i64, Drum, u8)> {
        let bar_ticks = 3840 * i64::from(self.meter.numerator) / i64::from(self.meter.denominator);
        let mut hits = Vec::new();
        for index in from.div_euclid(bar_ticks)..=to.div_euclid(bar_ticks) {
            for (number, step) in (0..).zip(self.bar(index).steps()) {
                let at = index * bar_ticks + number * 240;
                for (drum, hit) in step.hits() {
                    if (from..to).contains(&at) {
                        hits.push((at, at + i64::from(hit.offset_ticks), drum, hit.velocity));
                    }
                }
            }
        }
        hits
    }
}

/// Struck notes by sample since the start: (sample, class, velocity).
type Struck = Vec<(i64, usize, u8)>;

/// The sample nearest to a tick, ties to the later one, in exact integers.
fn nearest(ticks: i64, rate: i64, tempo: i64) -> i64 {
    (ticks * rate * 60 * 2 + 960 * tempo).div_euclid(2 * 960 * tempo)
}

/// Plays blocks and checks invariants.
struct Player {
    clock: Clock,
    scheduler: Scheduler,
    now: i64,
    struck: Struck,
    /// Start of the sounding note, by class.
    since: [Option<i64>; CLASSES],
    last: (i64, bool),
}

impl Player {
    fn new(rate: i64) -> Self {
        Player {
            clock: Clock::new(rate as f64),
            scheduler: Scheduler::default(),
            now: 0,
            struck: Vec::new(),
            since: [None; CLASSES],
            last: (0, false),
        }
    }

    fn hear(&mut self, note: Note, frames: u32) {
        let (sample, is_on) = match note {
            Note::On { sample, pitch, velocity, .. } => {
                let drum = Drum::from_general_midi(pitch).expect("a drum");
                let began = self.since[drum.index()].replace(self.now + i64::from(sample));
                assert!(began.is_none(), "{drum:?} struck while it sounds");
                self.struck.push((self.now + i64::from(sample), drum.index(), velocity));
                (sample, true)
            }
            Note::Off { sample, pitch, .. } => {
                let drum = Drum::from_general_midi(pitch).expect("a drum");
                let began = self.since[drum.index()].take();
                assert!(began.is_some(), "{drum:?} ended without sounding");
                (sample, false)
            }
            Note::Choke { .. } | Note::LetGo { .. } => panic!("{note:?} in a bar without chokes"),
        };
        assert!(sample < frames.max(1), "sample {sample} of {frames}");
        let at = self.now + i64::from(sample);
        assert!(at >= self.last.0, "{at} after {}", self.last.0);
        self.last = (at, is_on);
    }

    fn block(&mut self, song: &Song, transport: &Transport, frames: u32) {
        let mut notes = Vec::new();
        let block = self.clock.block(transport, frames);
        if !transport.playing {
            self.scheduler.release(0, &mut |note| notes.push(note));
        }
        for span in block.spans {
            self.scheduler.play(&span, |bar| Some(song.bar(bar)), &mut |note| notes.push(note));
        }
        for note in notes {
            self.hear(note, frames);
        }
        self.now += i64::from(frames);
    }

    fn stop(&mut self, song: &Song) {
        self.block(song, &Transport::default(), 64);
        assert_eq!(self.since, [None; CLASSES], "something hangs");
        assert!(self.scheduler.is_silent());
    }

    fn finish(mut self) -> Struck {
        self.struck.sort_unstable();
        self.struck
    }
}

fn meters() -> impl Strategy<Value = Meter> {
    prop::sample::select(vec![
        (4, 4),
        (3, 4),
        (6, 8),
        (7, 8),
        (5, 4),
        (9, 16),
        (3, 32),
        (1, 32),
        (16, 4),
    ])
    .prop_map(|(n, d)| Meter::new(n, d))
}

fn songs() -> impl Strategy<Value = Song> {
    (meters(), prop::collection::vec((0..512u16, any::<[i8; CLASSES]>()), 7 * 64)).prop_map(
        |(meter, cells)| {
            let mut bars = vec![Bar::silent(meter); 7];
            for (number, (drums, offsets)) in cells.into_iter().enumerate() {
                // A third of the steps is struck.
                if let Some(step) = bars[number % 7].steps_mut().get_mut(number / 7) {
                    for drum in Drum::ALL {
                        if drums % 3 == 0 && drums >> drum.index() & 1 == 1 {
                            let offset_ticks = offsets[drum.index()].clamp(-120, 119);
                            let velocity = 1 + (offsets[0].unsigned_abs() >> 1);
                            step.set(drum, Some(Hit::plain(velocity, offset_ticks)));
                        }
                    }
                }
            }
            Song { meter, bars }
        },
    )
}

fn rates() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![8_000, 44_100, 48_000, 96_000, 384_000])
}

fn block_sizes() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        prop::sample::select(vec![17, 64, 480, 4096, 65_536]).prop_map(|size| vec![size]),
        prop::collection::vec(1..5000u32, 1..20),
    ]
}

fn transport(song: &Song, tempo: i64, beats: f64) -> Transport {
    Transport {
        playing: true,
        tempo: Some(tempo as f64),
        meter: Some(song.meter),
        beats: Some(beats),
        ..Transport::default()
    }
}

/// A position as CLAP sends it: 31 fractional bits.
#[expect(clippy::cast_possible_truncation)]
fn as_clap(beats: f64) -> f64 {
    (beats * 2_147_483_648.0) as i64 as f64 / 2_147_483_648.0
}

proptest! {
    #[test]
    fn every_hit_is_played_once_at_its_sample(
        song in songs(),
        rate in rates(),
        tempo in 30..400i64,
        start in -10_000..200_000i64,
        sizes in block_sizes(),
        clap: bool,
        only_samples: bool,
    ) {
        let total = rate * 8;
        let mut player = Player::new(rate);
        let mut sizes = sizes.iter().cycle();
        // A host without beats can only start at a sample.
        let start = if only_samples { start / 960 * 960 * tempo } else { start };
        while player.now < total {
            let frames = *sizes.next().expect("a cycle");
            let beats = start as f64 / 960.0 + player.now as f64 * tempo as f64 / 60.0 / rate as f64;
            let mut transport = transport(&song, tempo, beats);
            if only_samples {
                transport.beats = None;
                transport.samples = Some(start / tempo * rate * 60 / 960 + player.now);
            } else if clap && rate < 100_000 {
                transport.beats = Some(as_clap(beats));
            }
            player.block(&song, &transport, frames);
        }
        let (end, played) = (player.now, { player.stop(&song); player.finish() });
        let reach = end * tempo * 960 / 60 / rate + start + 1000;
        let mut expected = Vec::new();
        for (step, tick, drum, velocity) in song.hits(start - 240, reach) {
            let (sample, tick) = match nearest(tick - start, rate, tempo) {
                sample if sample >= 0 => (sample, tick),
                // Early for a step at or after the start: sounds at once, before all others.
                _ if step >= start => (0, start - 1),
                _ => continue,
            };
            if sample < end {
                expected.push((sample, drum.index(), tick, Reverse(velocity)));
            }
        }
        // In bars of 1/32, early and late hits can put one drum twice on one sample: one note, the
        // first, and at equal positions the louder.
        expected.sort_unstable();
        expected.dedup_by_key(|hit| (hit.0, hit.1));
        let expected: Struck = expected.into_iter().map(|hit| (hit.0, hit.1, hit.3.0)).collect();
        prop_assert_eq!(played, expected);
    }

    #[test]
    fn a_loop_plays_each_step_once_per_pass(
        song in songs(),
        rate in rates(),
        tempo in 30..400i64,
        loop_start in -20..100i64,
        loop_steps in 1..70i64,
        lead in 0..40i64,
        sizes in block_sizes(),
        cut: Option<bool>,
    ) {
        // Bars of 3/32 and 1/32 have steps off the sixteenth grid, which a seam may split.
        prop_assume!(song.meter.denominator < 32);
        let (ls, le) = (loop_start * 240, (loop_start + loop_steps) * 240);
        let start = ls - lead * 240;
        let total = rate * 8;
        let mut player = Player::new(rate);
        let mut sizes = sizes.iter().cycle();
        let per_tick = rate as f64 * 60.0 / tempo as f64 / 960.0;
        while player.now < total {
            let unwrapped = start as f64 + player.now as f64 / per_tick;
            let over = unwrapped - ls as f64;
            let length = (le - ls) as f64;
            let at = if over < 0.0 { unwrapped } else { ls as f64 + over.rem_euclid(length) };
            let mut frames = *sizes.next().expect("a cycle");
            // Hosts that cut their blocks at the seam, one sample before or after it.
            if let Some(up) = cut {
                let left = (le as f64 - at) * per_tick;
                let left = if up { (left - 1e-4).ceil() } else { (left + 1e-4).floor() };
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                if left >= 1.0 && left < f64::from(frames) {
                    frames = left as u32;
                }
            }
            let loop_range = Some((ls as f64 / 960.0, le as f64 / 960.0));
            let transport = Transport { loop_range, ..transport(&song, tempo, at / 960.0) };
            player.block(&song, &transport, frames);
        }
        let (end, played) = (player.now, { player.stop(&song); player.finish() });
        let mut expected: Struck = Vec::new();
        let end_tick = start + end * tempo * 960 / 60 / rate + 1000;
        let mut add = |step: i64, tick: i64, drum: Drum, velocity: u8| {
            let sample = match nearest(tick - start, rate, tempo) {
                sample if sample >= 0 => sample,
                _ if step >= start => 0,
                _ => return,
            };
            if sample < end {
                expected.push((sample, drum.index(), velocity));
            }
        };
        for (step, tick, drum, velocity) in song.hits(start - 240, ls) {
            add(step, tick, drum, velocity);
        }
        for round in 0.. {
            let shift = round * (le - ls);
            if ls + shift > end_tick {
                break;
            }
            for (step, tick, drum, velocity) in song.hits(ls, le) {
                add(step + shift, tick + shift, drum, velocity);
            }
        }
        expected.sort_unstable();
        prop_assert_eq!(played, expected);
    }

    #[test]
    fn random_jumps_leave_no_hanging_or_unordered_notes(
        song in songs(),
        rate in rates(),
        moves in prop::collection::vec(
            (any::<bool>(), -50.0..500.0f64, 1.0..1000.0f64, 1..9000u32, 1..6usize, any::<bool>(), 0.0..9.0f64),
            1..60,
        ),
    ) {
        let mut player = Player::new(rate);
        for (playing, position, tempo, frames, blocks, looped, length) in moves {
            let mut beats = position;
            for _ in 0..blocks {
                let transport = Transport {
                    playing,
                    tempo: Some(tempo),
                    meter: Some(song.meter),
                    beats: Some(beats),
                    loop_range: looped.then_some((position - 1.0, position - 1.0 + length)),
                    ..Transport::default()
                };
                player.block(&song, &transport, frames);
                beats += f64::from(frames) * tempo / 60.0 / rate as f64;
            }
        }
        player.stop(&song);
    }

    #[test]
    fn tempo_ramp_loses_and_doubles_no_note(
        song in songs(),
        rate in rates(),
        first in 40.0..300.0f64,
        ratio in 0.5..2.0f64,
        sizes in block_sizes(),
    ) {
        prop_assume!(song.meter.denominator < 32);
        let mut player = Player::new(rate);
        let total = rate * 6;
        let mut sizes = sizes.iter().cycle();
        let (mut beats, mut tempo, mut sure) = (0.0, first, 0.0);
        // Start, quarter notes per sample, and end of the played range, of each block.
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        while player.now < total {
            let frames = *sizes.next().expect("a cycle");
            sure = beats;
            player.block(&song, &Transport { tempo: Some(tempo), ..transport(&song, 1, beats) }, frames);
            let per_sample = tempo / 60.0 / rate as f64;
            let end = beats + (f64::from(frames) - 0.5) * per_sample;
            blocks.push((beats, per_sample, blocks.last().map_or(end, |last| end.max(last.2))));
            let next = first * (1.0 + (ratio - 1.0) * player.now as f64 / total as f64);
            beats += f64::from(frames) * (tempo + next) / 2.0 / 60.0 / rate as f64;
            tempo = next;
        }
        player.stop(&song);
        // Hits of one drum are in order of their steps: the played notes are a prefix of them, and
        // include all before the last block. If the song jumps ahead with the tempo, hits of one
        // drum that would sound on one sample are one.
        for drum in Drum::ALL {
            let of_drum = |&(_, class, _): &(i64, usize, u8)| class == drum.index();
            let played: Vec<u8> = player.struck.iter().filter(|hit| of_drum(hit)).map(|hit| hit.2).collect();
            let mut all: Vec<_> = song.hits(0, 3840 * 60).into_iter().filter(|hit| hit.2 == drum).collect();
            all.dedup_by_key(|hit| {
                let at = hit.1 as f64 / 960.0;
                let block = blocks.partition_point(|block| block.2 <= at);
                let Some((start, per_sample, _)) = blocks.get(block) else { return (block, hit.1.cast_unsigned()) };
                (block, ((at - start) / per_sample).round().max(0.0).to_bits())
            });
            let velocities: Vec<u8> = all.iter().map(|hit| hit.3).collect();
            let least = all.iter().filter(|hit| (hit.1 as f64) < sure * 960.0 - 1.0).count();
            prop_assert!(velocities.starts_with(&played), "{drum:?}");
            prop_assert!(played.len() >= least, "{drum:?}: {} of {least}", played.len());
        }
    }
}

#[test]
fn onsets_are_sample_exact_at_common_block_sizes_and_rates() {
    let mut bars = vec![Bar::silent(Meter::FOUR_FOUR); 7];
    for (number, bar) in bars.iter_mut().enumerate() {
        for (place, step) in bar.steps_mut().iter_mut().enumerate() {
            let offset_ticks =
                i8::try_from((number * 37 + place * 53) % 240).map_or(119, |o| o - 120);
            step.set(Drum::ALL[place % CLASSES], Some(Hit::plain(90, offset_ticks)));
        }
    }
    let song = Song { meter: Meter::FOUR_FOUR, bars };
    for rate in [44_100, 48_000, 96_000] {
        for frames in [1, 17, 64, 480, 4096] {
            let mut player = Player::new(rate);
            while player.now < rate * 4 {
                let beats = as_clap(player.now as f64 * 120.0 / 60.0 / rate as f64);
                player.block(&song, &transport(&song, 120, beats), frames);
            }
            let end = player.now;
            player.stop(&song);
            let mut expected: Struck = song
                .hits(0, 3840 * 3)
                .into_iter()
                .map(|(_, tick, drum, velocity)| {
                    (nearest(tick, rate, 120).max(0), drum.index(), velocity)
                })
                .filter(|&(sample, _, _)| sample < end)
                .collect();
            expected.sort_unstable();
            assert_eq!(player.finish(), expected, "{frames} at {rate}");
        }
    }
}
