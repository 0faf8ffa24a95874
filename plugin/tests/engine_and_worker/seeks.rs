//! Seeks while the song plays, in real time: no note of the old place sounds at the new one.
//!
//! The oracle is a score of its own: each sixteenth has a stroke whose velocity differs from those
//! of the 126 sixteenths around it. A stroke may sound only at its own position of the song, or on
//! the first sample after a seek if its sixteenth follows the seek and its stroke is a little early.

use std::time::{Duration, Instant};

use deep_pocket::audio::offline_detect::HostMode;
use groove::take::Take;
use groove::{Bar, Drum, Hit, Meter};

use crate::rig::Rig;

/// Quarter notes in a sample, at 120 quarter notes per minute and 48 kHz.
const PER_SAMPLE: f64 = 1.0 / 24_000.0;

/// Time that the worker takes for a bar, about that of the network.
const BAR_TIME: Duration = Duration::from_millis(8);

/// Velocity of the stroke at a sixteenth of the song.
fn velocity(step: i64) -> u8 {
    u8::try_from(1 + (step * 37).rem_euclid(127)).expect("below 128")
}

/// Offset of the stroke at a sixteenth of the song, in ticks of 1/960 quarter note.
fn offset(step: i64) -> i8 {
    [0, -40, 25, -7, 60][usize::try_from(step.rem_euclid(5)).expect("small")]
}

/// Position of the stroke at a sixteenth of the song, in quarter notes.
fn position(step: i64) -> f64 {
    step as f64 / 4.0 + f64::from(offset(step)) / 960.0
}

/// The sixteenth that begins at or before a position.
#[expect(clippy::cast_possible_truncation, reason = "songs are short")]
fn step_at(position: f64) -> i64 {
    (position * 4.0).floor() as i64
}

fn scored_bar(_: &Take, meter: Meter, bar: i64) -> Bar {
    std::thread::sleep(BAR_TIME);
    let mut played = Bar::silent(meter);
    for (step, cell) in (bar * 16..).zip(played.steps_mut()) {
        cell.set(Drum::Snare, Some(Hit::plain(velocity(step), offset(step))));
    }
    played
}

/// Random numbers below one, from a linear congruential generator.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }

    fn within(&mut self, from: f64, to: f64) -> f64 {
        self.next().mul_add(to - from, from)
    }

    /// Returns the target of a seek: a bar line, a place just before one, or any; near or far.
    fn target(&mut self, here: f64) -> f64 {
        let near = match self.next() {
            // From a millisecond on.
            ..0.25 => here + self.within(0.002, 0.1),
            ..0.35 => here - self.within(0.002, 0.1),
            ..0.6 => here + self.within(-6.0, 6.0),
            _ => self.within(0.0, 400.0),
        };
        let line = (near / 4.0).round() * 4.0;
        let target = match self.next() {
            ..0.4 => line,
            ..0.5 => line - self.within(0.0, 0.02),
            _ => near,
        };
        let apart = (target - here).abs() >= 0.002;
        if apart { target.max(0.0) } else { here + 0.01 }
    }
}

/// Notes of a run: heard, and those that the score does not have.
#[derive(Debug, Default)]
struct Findings {
    seeks: u32,
    heard: u32,
    due: u32,
    wrong: Vec<String>,
}

/// Plays `seeks` stretches of the song in blocks of `frames` samples.
fn seek(frames: u32, seeks: u32) -> Findings {
    let mut rig = Rig::new(HostMode::Realtime, scored_bar);
    let mut draw = Draw(u64::from(frames));
    let mut findings = Findings::default();
    let mut here = 0.0;
    let mut due = Instant::now();
    for _ in 0..seeks {
        let first = if findings.seeks == 0 { 0.0 } else { draw.target(here) };
        findings.seeks += 1;
        let end = first + draw.within(0.1, 0.7);
        here = first;
        while here < end {
            let (block, from) = (rig.now, rig.heard.len());
            rig.block(here, frames);
            for &(at, struck) in rig.heard[from..].iter().filter(|(_, velocity)| *velocity > 0) {
                findings.heard += 1;
                let sample = (at - block) as f64;
                let now = sample.mul_add(PER_SAMPLE, here);
                let near = step_at(now) - 1..=step_at(now) + 1;
                let right = |step: i64| {
                    let at_once = here == first
                        && sample == 0.0
                        && step as f64 / 4.0 >= first - 1e-9
                        && position(step) < first;
                    velocity(step) == struck
                        && (at_once || (position(step) - now).abs() <= 1.01 * PER_SAMPLE)
                };
                if !near.clone().any(right) {
                    findings.wrong.push(format!(
                        "velocity {struck} at {now:.4}, {:.4} after the jump to {first:.4}",
                        now - first
                    ));
                }
            }
            here += f64::from(frames) * PER_SAMPLE;
            // No block comes earlier than a real-time host sends it.
            due = Instant::now().max(due + Duration::from_secs_f64(f64::from(frames) / 48_000.0));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let between = |step: &i64| (first..here - 0.001).contains(&position(*step));
        let steps = step_at(first) - 1..=step_at(here) + 1;
        findings.due += u32::try_from(steps.filter(between).count()).expect("few");
    }
    rig.stop();
    rig.notes();
    findings
}

#[test]
fn a_seek_while_the_song_plays_sounds_no_note_of_the_old_place() {
    let runs: Vec<Findings> = std::thread::scope(|scope| {
        let runs = [32, 128, 480, 2_048, 8_192].map(|frames| scope.spawn(move || seek(frames, 80)));
        runs.into_iter().map(|run| run.join().expect("a run")).collect()
    });
    for run in runs {
        println!("{} seeks, {} notes of {}", run.seeks, run.heard, run.due);
        assert_eq!(run.wrong, Vec::<String>::new());
        // Notes are missing only where the worker has not delivered their bar yet.
        assert!(run.heard > run.due / 2, "{} of {} notes", run.heard, run.due);
    }
}
