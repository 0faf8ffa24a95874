//! Detects offline rendering. The audio thread never waits for the worker in real time; in an
//! offline render (a bounce) it waits as long as necessary.
//!
//! CLAP reports the render mode. VST3 reports it one setup too late, so its report is ignored.
//! There, and in hosts that report nothing, the pace decides: blocks that arrive much faster than
//! real time are a bounce. The first block after an activation has no pace yet. If the song already
//! plays in it and its bar is missing, the engine waits under VST3, because a bounce must not lose
//! its beginning. A live host that activates the plugin while the song plays pays once with a gap
//! of a few milliseconds.

use std::time::{Duration, Instant};

/// Render mode reported by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMode {
    /// Real time.
    Realtime,
    /// Offline render (bounce).
    Offline,
    /// No reliable report.
    Unknown,
}

/// Lead of the processed audio over the wall clock, in seconds, beyond which a host is considered
/// offline. Larger than the buffer of any audio interface.
const OFFLINE_LEAD: f64 = 0.5;

/// Maximum wait for an answer of the worker in a bounce.
const MAX_BOUNCE_WAIT: Duration = Duration::from_secs(5);

/// Maximum total wait while the render mode is unknown.
const MAX_UNKNOWN_WAIT: Duration = Duration::from_secs(2);

/// Measures the pace of the blocks.
#[derive(Debug)]
pub(crate) struct OfflineDetector {
    mode: HostMode,
    rate: f64,
    /// Start of the current block or of the last timed one.
    begun: Option<Instant>,
    /// Audio since `begun`, in seconds.
    block: f64,
    /// Time spent waiting since `begun`.
    paused: Duration,
    /// Audio since the activation, in seconds.
    processed: f64,
    /// Lead of the audio over the wall clock, in seconds; never negative.
    lead: f64,
    /// Time spent waiting while the render mode was unknown.
    waited: Duration,
    /// Longest wait without an answer from the worker.
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

    /// Starts a block of `frames` samples. Time spent waiting is excluded, so that waiting does not
    /// affect the measured pace.
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

    /// Counts a block in which nothing waits. It is timed together with the next one, because
    /// reading the clock is expensive.
    pub(crate) fn skip_block(&mut self, frames: u32) {
        self.block += f64::from(frames) / self.rate;
    }

    /// Returns the maximum wait for a bar, or `None` in real time. A wait that failed is not
    /// repeated at the same length, but a longer one is: an abandoned beginning may turn out to be
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

    /// Returns `true` once a wait that began at `begin` is to end without its bar. A bounce waits as
    /// long as the worker delivers bars, however slow the machine is; `answered` is the time of the
    /// last one. While the render mode is unknown, the whole wait counts.
    pub(crate) fn has_waited_in_vain(
        begin: Instant,
        answered: Instant,
        max_wait: Duration,
    ) -> bool {
        let since = if max_wait == MAX_BOUNCE_WAIT { answered } else { begin };
        since.elapsed() > max_wait
    }

    fn is_ahead(&self) -> bool {
        self.lead > OFFLINE_LEAD + self.block
    }

    /// Records the time spent waiting for a bar.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.paused += time;
        if !self.is_ahead() {
            self.waited += time;
        }
    }

    /// Records a wait without an answer, so that a bounce does not stall on further waits of the
    /// same length.
    pub(crate) fn wait_failed(&mut self, max_wait: Duration) {
        self.in_vain = self.in_vain.max(max_wait);
    }

    /// Resets the failed wait: the worker has answered.
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
    fn no_wait_in_real_time() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Realtime);
        detector.begin_block(480);
        assert_eq!(detector.max_wait(), None);
        blocks(&mut detector, 20, Duration::from_millis(10));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn offline_is_detected_by_mode_or_by_pace() {
        assert_eq!(
            OfflineDetector::new(48_000.0, HostMode::Offline).max_wait(),
            Some(MAX_BOUNCE_WAIT)
        );
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Realtime);
        blocks(&mut detector, 100, Duration::ZERO);
        assert_eq!(detector.max_wait(), Some(MAX_BOUNCE_WAIT));
    }

    #[test]
    fn a_bounce_waits_while_answers_come() {
        let in_vain = OfflineDetector::has_waited_in_vain;
        let now = Instant::now();
        let Some(before) = now.checked_sub(MAX_BOUNCE_WAIT + Duration::from_secs(1)) else {
            return;
        };
        assert!(!in_vain(before, now, MAX_BOUNCE_WAIT));
        assert!(in_vain(before, before, MAX_BOUNCE_WAIT));
        assert!(in_vain(before, now, MAX_UNKNOWN_WAIT), "mode unknown");
    }

    #[test]
    fn an_unknown_mode_is_resolved_after_one_block() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Unknown);
        detector.begin_block(480);
        assert_eq!(detector.max_wait(), Some(MAX_UNKNOWN_WAIT));
        blocks(&mut detector, 1, Duration::from_millis(12));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn total_wait_is_bounded_while_the_mode_is_unknown() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Unknown);
        detector.begin_block(480);
        detector.waited(Duration::from_millis(1_500));
        assert_eq!(detector.max_wait(), Some(Duration::from_millis(500)));
        detector.waited(Duration::from_secs(1));
        assert_eq!(detector.max_wait(), None);
    }

    #[test]
    fn waiting_resumes_after_the_worker_answers() {
        let mut detector = OfflineDetector::new(48_000.0, HostMode::Offline);
        detector.wait_failed(MAX_BOUNCE_WAIT);
        assert_eq!(detector.max_wait(), None);
        detector.worker_answered();
        assert!(detector.max_wait().is_some());
    }

    #[test]
    fn an_abandoned_beginning_can_still_become_a_bounce() {
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
