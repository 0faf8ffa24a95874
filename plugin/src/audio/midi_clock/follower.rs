//! Follows a MIDI clock: from messages with jittery arrival times to a smooth song position.
//!
//! The times of the clock messages are filtered by a line fit with growing memory, which turns into
//! a tracking filter of constant gain (an alpha-beta filter; Benedict and Bordner 1962).

use crate::link::midi_clock::{CLOCKS_PER_BEAT, CLOCKS_PER_SIXTEENTH, ClockMessage, ClockState};

/// Gain of the filter once it has settled: jitter is divided by about five, and changes of the tempo
/// are followed within a second.
const SETTLED_GAIN: f64 = 0.06;
/// Deviation from the expected time, in seconds, and number of such arrivals in a row that mean a new
/// tempo: the fit restarts.
const OFF_TIME: f64 = 0.004;
const OFF_TIME_ROW: u32 = 4;
/// Time without a message after which the clock is lost: seconds, and messages if they last longer.
const LOST_SECONDS: f64 = 0.5;
const LOST_CLOCKS: f64 = 4.0;
/// Period before the second message, in seconds: 120 bpm.
const FIRST_PERIOD: f64 = 0.5 / CLOCKS_PER_BEAT;
/// Shortest and longest believable period: 400 and 15 bpm.
const PERIODS: (f64, f64) = (0.15 / CLOCKS_PER_BEAT, 4.0 / CLOCKS_PER_BEAT);
/// Largest deviation of the played tempo from the clock's while the position catches up, a share.
const CATCH_UP: f64 = 0.1;
/// Time in which the position catches up, in seconds.
const CATCH_UP_TIME: f64 = 0.1;
/// Distance in quarter notes from which on the position jumps instead.
const JUMP: f64 = 0.5;

/// Fit of the times of clock messages.
#[derive(Clone, Copy, Debug)]
struct ClockFit {
    /// Filtered and actual time of the last message, in seconds.
    time: f64,
    arrival: f64,
    /// Filtered distance of two messages, in seconds.
    period: f64,
    /// Messages since the fit began.
    count: u32,
    /// Arrivals in a row that were off time.
    off_time: u32,
}

impl ClockFit {
    fn new(arrival: f64, period: f64) -> Self {
        ClockFit { time: arrival, arrival, period, count: 1, off_time: 0 }
    }

    fn receive(&mut self, arrival: f64) {
        let interval = (arrival - self.arrival).clamp(PERIODS.0, PERIODS.1);
        let expected = self.time + self.period;
        let error = arrival - expected;
        self.arrival = arrival;
        self.off_time = if error.abs() > OFF_TIME { self.off_time + 1 } else { 0 };
        if self.count == 1 || self.off_time >= OFF_TIME_ROW {
            let time = if self.count == 1 { self.time + interval } else { arrival };
            *self = ClockFit { time, count: 2, period: interval, arrival, off_time: 0 };
            return;
        }
        self.count += 1;
        let count = f64::from(self.count);
        let fitted = 2.0 * (2.0 * count - 1.0) / (count * (count + 1.0));
        let alpha = fitted.max(SETTLED_GAIN);
        let beta = if fitted > SETTLED_GAIN {
            6.0 / (count * (count + 1.0))
        } else {
            alpha * alpha / (2.0 - alpha)
        };
        self.time = expected + alpha * error;
        self.period = (self.period + beta * error).clamp(PERIODS.0, PERIODS.1);
    }

    /// Returns the time without a message after which the clock is lost, in seconds.
    fn patience(&self) -> f64 {
        LOST_SECONDS.max(LOST_CLOCKS * self.period)
    }
}

/// A block of the followed song.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FollowedBlock {
    /// The song moves.
    pub playing: bool,
    /// Position of the first sample, in quarter notes.
    pub beats: f64,
    /// Tempo of the block, in quarter notes per minute.
    pub tempo: f64,
}

/// Follower of a MIDI clock.
#[derive(Debug, Default)]
pub(crate) struct ClockFollower {
    fit: Option<ClockFit>,
    /// Number of the last clock message in the song.
    clock: i64,
    /// Number of the clock message at which the song starts.
    first: i64,
    /// Start or continue has arrived, the clock that it waits for has not.
    armed: bool,
    state: ClockState,
    /// Position at the end of the last block, in quarter notes; `None` before the first.
    played: Option<f64>,
}

impl ClockFollower {
    /// Processes a message that arrived at a time in seconds.
    pub(crate) fn receive(&mut self, time: f64, message: ClockMessage) {
        self.check(time);
        match message {
            ClockMessage::Clock => {
                match &mut self.fit {
                    Some(fit) => fit.receive(time),
                    None => self.fit = Some(ClockFit::new(time, FIRST_PERIOD)),
                }
                if std::mem::take(&mut self.armed) {
                    (self.state, self.played) = (ClockState::Playing, None);
                    self.first = self.clock + 1;
                }
                if self.state == ClockState::Playing {
                    self.clock += 1;
                }
            }
            ClockMessage::Start => {
                self.clock = -1;
                self.arm();
            }
            ClockMessage::Continue => self.arm(),
            ClockMessage::Stop => {
                (self.armed, self.state) = (false, ClockState::Waiting);
            }
            ClockMessage::Position(sixteenths) => {
                self.first = i64::from(sixteenths) * CLOCKS_PER_SIXTEENTH;
                (self.clock, self.played) = (self.first - 1, None);
            }
        }
    }

    fn arm(&mut self) {
        (self.armed, self.state) = (true, ClockState::Waiting);
    }

    /// Forgets a clock that has stopped coming at a time in seconds.
    fn check(&mut self, now: f64) {
        if self.fit.is_some_and(|fit| now - fit.arrival > fit.patience()) {
            self.fit = None;
            if self.state == ClockState::Playing {
                self.state = ClockState::Lost;
            }
        }
    }

    /// Returns the state.
    pub(crate) fn state(&self) -> ClockState {
        self.state
    }

    /// Returns the next block of the song, which starts at a time in seconds and lasts `seconds`. The
    /// song starts exactly at its first position; what the block is late is caught up.
    pub(crate) fn block(&mut self, now: f64, seconds: f64) -> FollowedBlock {
        self.check(now);
        let stands = self.played.unwrap_or((self.clock + 1) as f64 / CLOCKS_PER_BEAT);
        let tempo = |period: f64| 60.0 / (period * CLOCKS_PER_BEAT);
        let Some(fit) = self.fit.filter(|_| self.state == ClockState::Playing) else {
            let tempo = tempo(self.fit.map_or(FIRST_PERIOD, |fit| fit.period));
            return FollowedBlock { playing: false, beats: stands, tempo };
        };
        let position =
            |time: f64| (self.clock as f64 + (time - fit.time) / fit.period) / CLOCKS_PER_BEAT;
        // The first clock has passed.
        let first = self.first as f64 / CLOCKS_PER_BEAT;
        let mut start = self.played.unwrap_or_else(|| first.min(position(now)));
        let mut behind = position(now) - start;
        if behind.abs() > JUMP {
            (start, behind) = (position(now), 0.0);
        }
        let tempo = tempo(fit.period);
        let correction = behind * 60.0 / tempo / CATCH_UP_TIME;
        let tempo = tempo * (1.0 + correction.clamp(-CATCH_UP, CATCH_UP));
        self.played = Some(start + seconds * tempo / 60.0);
        FollowedBlock { playing: true, beats: start, tempo }
    }
}
