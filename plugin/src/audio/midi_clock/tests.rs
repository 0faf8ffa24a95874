//! Simulated clocks: messages and blocks with jitter.

use super::follower::ClockFollower;
use super::sender::ClockSender;
use super::{BlockTimes, FollowedBlock};
use crate::link::midi_clock::{ClockMessage, ClockState};

const RATE: f64 = 48_000.0;

/// Numbers from -1 to 1, the same in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 33) as u32) / f64::from(1u32 << 30) - 1.0
    }
}

/// A sequencer, a program that follows it, and the errors of its position.
struct Simulation {
    follower: ClockFollower,
    times: BlockTimes,
    noise: Noise,
    /// Largest lateness of messages and of blocks, in seconds.
    jitter: [f64; 2],
    frames: u32,
    /// Time of the next block.
    now: f64,
    /// Messages on their way: times of their arrival.
    coming: Vec<(f64, ClockMessage)>,
}

impl Simulation {
    fn new(frames: u32, jitter: [f64; 2]) -> Self {
        Simulation {
            follower: ClockFollower::default(),
            times: BlockTimes::default(),
            noise: Noise(7),
            jitter,
            frames,
            now: 0.0,
            coming: Vec::new(),
        }
    }

    /// Sends a message at a time; it arrives later.
    fn send(&mut self, time: f64, message: ClockMessage) {
        let late = self.jitter[0] * 0.5 * (1.0 + self.noise.next());
        let before = self.coming.last().map_or(0.0, |(at, _)| *at);
        self.coming.push(((time + late).max(before), message));
    }

    /// Sends clocks from a time up to another one at a tempo. Returns the time of the next.
    fn clocks(&mut self, from: f64, to: f64, tempo: f64) -> f64 {
        let mut at = from;
        while at < to - 1e-9 {
            self.send(at, ClockMessage::Clock);
            at += 60.0 / tempo / 24.0;
        }
        at
    }

    /// Processes the next block. Returns its exact time and the block.
    fn block(&mut self) -> (f64, FollowedBlock) {
        let exact = self.now;
        let called = exact + self.jitter[1] * 0.5 * (1.0 + self.noise.next());
        let arrived = self.coming.partition_point(|(at, _)| *at <= called);
        for (at, message) in self.coming.drain(..arrived) {
            self.follower.receive(at, message);
        }
        let seconds = f64::from(self.frames) / RATE;
        self.now += seconds;
        let time = self.times.block(called, seconds);
        (exact, self.follower.block(time, seconds))
    }

    /// Processes the blocks up to a time.
    fn run(&mut self, until: f64) -> Vec<(f64, FollowedBlock)> {
        let mut blocks = Vec::new();
        while self.now < until {
            blocks.push(self.block());
        }
        blocks
    }
}

/// Range of the distance from a song that begins at a time at a tempo, in seconds.
fn errors(blocks: &[(f64, FollowedBlock)], begin: f64, tempo: f64) -> [f64; 2] {
    let errors = blocks.iter().map(|(at, block)| block.beats * 60.0 / tempo - (at - begin));
    errors.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], it| [low.min(it), high.max(it)])
}

#[test]
fn the_position_follows_a_jittery_clock_within_a_millisecond() {
    for (tempo, frames) in [(60.0, 64), (90.0, 1_024), (120.0, 256), (174.0, 512), (200.0, 2_048)] {
        let mut simulation = Simulation::new(frames, [0.002, 0.002]);
        simulation.send(0.5, ClockMessage::Start);
        simulation.clocks(0.5, 30.0, tempo);
        let before = simulation.run(0.5);
        assert!(before.iter().all(|(_, block)| !block.playing));
        simulation.run(4.0);
        let settled = simulation.run(30.0);
        assert!(settled.iter().all(|(_, block)| block.playing));
        let [low, high] = errors(&settled, 0.5, tempo);
        // Constant lateness, of half the jitter of messages and blocks each, is no error.
        let middle = 0.5 * (low + high);
        println!(
            "{tempo} bpm, {frames} samples: {:.2} ms around {:.2} ms",
            1e3 * (high - middle),
            1e3 * middle
        );
        assert!(high - middle < 0.001 && middle.abs() < 0.001, "{tempo}: {low} {high}");
        let tempi = settled.iter().map(|(_, block)| block.tempo);
        assert!(tempi.into_iter().all(|found| (found / tempo - 1.0).abs() < 0.02), "{tempo}");
    }
}

#[test]
fn blocks_of_a_followed_song_touch_and_begin_at_its_start() {
    let mut simulation = Simulation::new(512, [0.001, 0.001]);
    simulation.send(0.1, ClockMessage::Start);
    simulation.clocks(0.1, 8.0, 100.0);
    let blocks = simulation.run(7.0);
    let playing: Vec<_> = blocks.into_iter().filter(|(_, block)| block.playing).collect();
    let (at, first) = playing[0];
    assert!(first.beats <= 0.0 && at < 0.13, "nothing of the first beat is skipped");
    for pair in playing.windows(2) {
        let [(_, one), (_, next)] = [pair[0], pair[1]];
        let end = one.beats + 512.0 / RATE * one.tempo / 60.0;
        assert!((next.beats - end).abs() < 1e-9);
    }
}

#[test]
fn a_followed_song_stops_and_continues_where_it_is_told() {
    let mut simulation = Simulation::new(256, [0.001, 0.001]);
    simulation.send(0.0, ClockMessage::Start);
    let stop = simulation.clocks(0.0, 2.0, 120.0);
    simulation.send(stop, ClockMessage::Stop);
    // The clock goes on while the song stands.
    let resume = simulation.clocks(stop, 4.0, 120.0);
    let blocks = simulation.run(3.5);
    let (_, last) = blocks.last().expect("blocks");
    assert!(!last.playing && (last.tempo - 120.0).abs() < 2.0);
    assert!(blocks.iter().filter(|(_, block)| block.playing).all(|(_, block)| block.beats < 4.1));
    simulation.send(resume, ClockMessage::Position(64));
    simulation.send(resume, ClockMessage::Continue);
    simulation.clocks(resume, 8.0, 120.0);
    let blocks = simulation.run(7.9);
    let playing: Vec<_> = blocks.into_iter().filter(|(_, block)| block.playing).collect();
    assert!((playing[0].1.beats - 16.0).abs() < 0.01, "bar 5");
    let settled = &playing[playing.len() / 2..];
    let [low, high] = errors(settled, resume - 8.0, 120.0);
    assert!(low > -0.002 && high < 0.002, "{low} {high}");
}

#[test]
fn a_song_whose_clock_is_lost_stops_until_it_is_started_again() {
    let mut simulation = Simulation::new(256, [0.001, 0.001]);
    simulation.send(0.0, ClockMessage::Start);
    simulation.clocks(0.0, 3.0, 120.0);
    simulation.run(3.2);
    assert_eq!(simulation.follower.state(), ClockState::Playing);
    let blocks = simulation.run(4.0);
    assert_eq!(simulation.follower.state(), ClockState::Lost);
    let stopped = blocks.iter().find(|(_, block)| !block.playing).expect("it stops");
    assert!((3.4..3.6).contains(&stopped.0), "{}", stopped.0);
    // The clock alone does not tell where the song is.
    simulation.clocks(4.0, 5.0, 120.0);
    assert!(simulation.run(5.0).iter().all(|(_, block)| !block.playing));
    simulation.send(5.0, ClockMessage::Start);
    simulation.clocks(5.0, 6.0, 120.0);
    assert!(simulation.run(6.0).last().is_some_and(|(_, block)| block.playing));
    assert_eq!(simulation.follower.state(), ClockState::Playing);
}

#[test]
fn another_tempo_is_followed_within_a_second() {
    for (one, other) in [(120.0, 140.0), (120.0, 80.0), (100.0, 103.0)] {
        let mut simulation = Simulation::new(256, [0.002, 0.002]);
        simulation.send(0.0, ClockMessage::Start);
        let turn = simulation.clocks(0.0, 6.0, one);
        simulation.clocks(turn, 16.0, other);
        simulation.run(turn + 1.0);
        let blocks = simulation.run(16.0);
        let begin = turn - turn * one / other;
        let [low, high] = errors(&blocks, begin, other);
        assert!(low > -0.004 && high < 0.004, "{one} to {other}: {low} {high}");
    }
}

/// Runs a sender over blocks of a song. Returns the messages with their samples from the start.
fn sent(song: &[Option<f64>], frames: u32, per_sample: f64) -> Vec<(u32, ClockMessage)> {
    let mut sender = ClockSender::default();
    let mut sent = Vec::new();
    for (place, start) in song.iter().enumerate() {
        let first = u32::try_from(place).expect("few") * frames;
        sender.block(start.map(|start| (start, per_sample)), frames, |sample, message| {
            assert!(sample < frames);
            sent.push((first + sample, message));
        });
    }
    sent
}

#[test]
fn a_sent_clock_has_24_messages_a_beat_at_their_samples() {
    // 120 bpm, 1000 samples a message, after a count-in of a beat.
    let per_sample = 1.0 / 24_000.0;
    let blocks = (0..150).map(|block| Some(f64::from(block) * 480.0 * per_sample - 1.0));
    let blocks: Vec<_> = blocks.chain([None]).collect();
    let sent = sent(&blocks, 480, per_sample);
    assert_eq!(sent[0], (24_000, ClockMessage::Start));
    let clocks = &sent[1..sent.len() - 1];
    assert_eq!(clocks.len(), 48);
    for (number, (sample, message)) in (0u32..).zip(clocks) {
        assert_eq!((*sample, *message), (24_000 + 1_000 * number, ClockMessage::Clock));
    }
    assert_eq!(sent.last(), Some(&(150 * 480, ClockMessage::Stop)));
}

#[test]
fn a_sent_clock_tells_where_a_song_continues() {
    let per_sample = 1.0 / 24_000.0;
    let at =
        |from: f64| (0..50).map(move |block| Some(from + f64::from(block) * 480.0 * per_sample));
    let blocks: Vec<_> = at(0.0).chain(at(8.1)).collect();
    let sent = sent(&blocks, 480, per_sample);
    let jump = sent.iter().position(|(_, message)| *message == ClockMessage::Stop).expect("a stop");
    let after: Vec<_> = sent[jump + 1..jump + 4].to_vec();
    // 8.1 quarter notes are past the 32nd sixteenth; the next one is 0.15 quarter notes away.
    let expected = [
        (24_000, ClockMessage::Position(33)),
        (24_000, ClockMessage::Continue),
        (24_000 + 3_600, ClockMessage::Clock),
    ];
    assert_eq!(after, expected);
}

#[test]
fn a_follower_follows_a_sender() {
    let (tempo, frames) = (132.0, 441);
    let per_sample = tempo / 60.0 / RATE;
    let mut sender = ClockSender::default();
    let mut simulation = Simulation::new(frames, [0.001, 0.001]);
    let mut settled = Vec::new();
    for block in 0..1_000 {
        let start = f64::from(block) * f64::from(frames) * per_sample;
        let now = simulation.now;
        let mut messages = Vec::new();
        sender.block(Some((start, per_sample)), frames, |sample, message| {
            messages.push((now + f64::from(sample) / RATE, message));
        });
        messages.into_iter().for_each(|(at, message)| simulation.send(at, message));
        let followed = simulation.block();
        if block > 400 {
            settled.push(followed);
        }
    }
    let [low, high] = errors(&settled, 0.0, tempo);
    assert!(low > -0.002 && high < 0.002, "{low} {high}");
}
