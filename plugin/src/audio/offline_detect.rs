//! Whether the audio thread may wait for the worker: never in real time, and in a bounce as long
//! as it takes.
//!
//! CLAP says which of the two it is. VST3 says it one set-up late, so that what it says is of no
//! use; there, and where a host does not say it at all, the pace tells: blocks that come much
//! faster than they would play are a bounce. The very first block after an activation has no pace
//! yet. If the song already plays in it and its bar is missing, we wait under VST3, because the
//! beginning of a bounce must not be lost; a live host that activates a plugin within a playing
//! song pays for that once, with a gap of some milliseconds.

use std::time::{Duration, Instant};

/// What the host says about its pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMode {
    /// It is in real time.
    Realtime,
    /// It is a bounce.
    Offline,
    /// It says nothing that can be relied on.
    Unknown,
}

/// Audio that must have come too early, in seconds, before a host that calls itself real-time is
/// taken for a bounce: more than any sound card has in its buffers.
const OFFLINE_LEAD: f64 = 0.5;

/// The longest wait for a bar in a bounce.
const MAX_BOUNCE_WAIT: Duration = Duration::from_secs(5);

/// The longest wait, all in all, while the pace is not known.
const MAX_UNKNOWN_WAIT: Duration = Duration::from_secs(2);

/// Measures the pace of blocks.
#[derive(Debug)]
pub(crate) struct OfflineDetector {
    mode: HostMode,
    rate: f64,
    /// When this block began, or the last one that was timed.
    begun: Option<Instant>,
    /// Audio since then, in seconds.
    block: f64,
    /// How long we have waited since it began.
    paused: Duration,
    /// Audio since the activation, in seconds.
    processed: f64,
    /// How far the audio is ahead of the wall clock, in seconds; never negative.
    lead: f64,
    /// How long we have waited while the pace was not known.
    waited: Duration,
    /// The longest wait that was in vain, and the worker has not answered since.
    in_vain: Duration,
}

impl OfflineDetector {
    pub(crate) fn new(rate: f64, mode: HostMode) -> Self {
        OfflineDetector {
            mode,
            rate,
            begun: None,
            block: 0.0,
            paused: Duration::ZERO,
            processed: 0.0,
            lead: 0.0,
            waited: Duration::ZERO,
            in_vain: Duration::ZERO,
        }
    }

    /// A block of so many samples begins. The time that we have waited does not count: waiting
    /// does not change what the host's pace is taken for.
    pub(crate) fn begin_block(&mut self, frames: u32) {
        let now = Instant::now();
        if let Some(begun) = self.begun.replace(now) {
            let taken = now.duration_since(begun).saturating_sub(self.paused);
            self.lead = (self.lead + self.block - taken.as_secs_f64()).max(0.0);
            self.processed += self.block;
        }
        self.paused = Duration::ZERO;
        self.block = f64::from(frames) / self.rate;
    }

    /// A block of so many samples in which nobody waits for anything. It is timed with the next
    /// one: clocks are slow.
    pub(crate) fn skip_block(&mut self, frames: u32) {
        self.block += f64::from(frames) / self.rate;
    }

    /// How long we may wait for a bar now; `None` in real time. What was waited for in vain once is
    /// not waited for again, but a longer wait is: a beginning that was given up may turn out to be
    /// a bounce.
    pub(crate) fn max_wait(&self) -> Option<Duration> {
        let max_wait = match self.mode {
            HostMode::Offline => MAX_BOUNCE_WAIT,
            _ if self.is_ahead() => MAX_BOUNCE_WAIT,
            HostMode::Unknown if self.lead >= 0.8 * self.processed => {
                MAX_UNKNOWN_WAIT.saturating_sub(self.waited)
            }
            _ => Duration::ZERO,
        };
        (max_wait > self.in_vain).then_some(max_wait)
    }

    fn is_ahead(&self) -> bool {
        self.lead > OFFLINE_LEAD + self.block
    }

    /// We have waited so long for a bar.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.paused += time;
        if !self.is_ahead() {
            self.waited += time;
        }
    }

    /// The worker did not answer in this time: waiting as long again would only make a bounce stand
    /// still.
    pub(crate) fn wait_failed(&mut self, max_wait: Duration) {
        self.in_vain = self.in_vain.max(max_wait);
    }

    /// The worker answers.
    pub(crate) fn worker_answered(&mut self) {
        self.in_vain = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(detector: &mut OfflineDetector, count: usize, sleep: Duration) {
        for _ in 0..count {
            detector.begin_block(240);
            detector.skip_block(240);
            std::thread::sleep(sleep);
        }
        detector.begin_block(480);
    }

    #[test]
    fn in_real_time_nobody_waits() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Realtime);
        detector.begin_block(480);
        assert_eq!(detector.max_wait(), None);
        blocks(&mut detector, 20, Duration::from_millis(10));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn the_flag_is_enough_and_so_is_the_pace() {
        assert_eq!(
            OfflineDetector::new(48_000.0, HostMode::Offline).max_wait(),
            Some(MAX_BOUNCE_WAIT)
        );
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Realtime);
        blocks(&mut detector, 100, Duration::ZERO);
        assert_eq!(detector.max_wait(), Some(MAX_BOUNCE_WAIT));
    }

    #[test]
    fn an_unknown_pace_is_known_after_a_block() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Unknown);
        detector.begin_block(480);
        assert_eq!(detector.max_wait(), Some(MAX_UNKNOWN_WAIT));
        blocks(&mut detector, 1, Duration::from_millis(12));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn while_the_pace_is_unknown_all_waiting_is_bounded() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Unknown);
        detector.begin_block(480);
        detector.waited(Duration::from_millis(1_500));
        assert_eq!(detector.max_wait(), Some(Duration::from_millis(500)));
        detector.waited(Duration::from_secs(1));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn who_was_let_down_waits_again_after_an_answer() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Offline);
        detector.wait_failed(MAX_BOUNCE_WAIT);
        assert_eq!(detector.max_wait(), None);
        detector.worker_answered();
        assert!(detector.max_wait().is_some());
    }

    #[test]
    fn a_beginning_that_was_given_up_may_turn_out_to_be_a_bounce() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Unknown);
        detector.begin_block(480);
        let max_wait = detector.max_wait().expect("the beginning is waited for");
        detector.waited(max_wait);
        detector.wait_failed(max_wait);
        assert_eq!(detector.max_wait(), None);
        blocks(&mut detector, 100, Duration::ZERO);
        assert_eq!(detector.max_wait(), Some(MAX_BOUNCE_WAIT));
    }
}
