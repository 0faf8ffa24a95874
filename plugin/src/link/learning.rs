//! Learning of a style: its state, and the bars that were played on the keys since the instance was
//! created. The audio thread does not use it.
//!
//! Written by the worker and its learning thread; read by the window, which starts and cancels jobs.
//! A job has a number. The state of a job that is no longer the current one is not changed, so a
//! cancelled job ends without a trace.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use groove::{Meter, Step};

use super::mailbox::unpoisoned;

/// Maximum number of performances that are remembered, and of bars in one.
const PERFORMANCES: usize = 64;
const BARS: usize = 64;

/// State of the learning of an instance.
#[derive(Clone, Debug, Default)]
pub enum LearningState {
    /// Nothing is learned.
    #[default]
    Idle,
    /// The clips are read.
    Reading,
    /// The style is learned.
    Learning {
        /// Share of the most updates that may be needed, 0 to 1.
        share: f32,
        /// Seconds until all of them are made.
        seconds_left: f32,
    },
    /// A style was learned and is not kept yet.
    Learned(Arc<LearnedStyle>),
    /// The reason why nothing was learned, as a sentence.
    Failed(String),
}

/// A learned style.
#[derive(Debug)]
pub struct LearnedStyle {
    /// Name.
    pub name: String,
    /// Perplexity per step of the held-out clips, before and after.
    pub perplexities: [f64; 2],
    /// Contents of the model file.
    pub file: Vec<u8>,
}

/// Bars of one meter that were played one after the other.
#[derive(Clone, Debug)]
pub struct PlayedPassage {
    /// Steps in whole bars.
    pub steps: Vec<Step>,
    /// Meter of the bars.
    pub meter: Meter,
    /// Tempo, in quarter notes a minute.
    pub tempo: f64,
    /// Index of the bar after the last one in the song.
    next_bar: i64,
}

/// State of the current job.
#[derive(Debug, Default)]
struct JobState {
    number: u32,
    state: LearningState,
    /// Report of the files that were read, and of those that were not.
    read: String,
}

/// Learning of an instance.
#[derive(Debug, Default)]
pub struct Learning {
    job: Mutex<JobState>,
    played: Mutex<Vec<PlayedPassage>>,
    changes: AtomicU32,
}

impl Learning {
    /// Starts a job and returns its number. For the window.
    pub fn begin(&self) -> u32 {
        self.replace(LearningState::Reading)
    }

    /// Ends the current job, if there is one. For the window, and the worker when it ends.
    pub fn cancel(&self) {
        self.replace(LearningState::Idle);
    }

    fn replace(&self, state: LearningState) -> u32 {
        let mut job = unpoisoned(&self.job);
        *job = JobState { number: job.number.wrapping_add(1), state, read: String::new() };
        self.changes.fetch_add(1, Ordering::Release);
        job.number
    }

    /// Returns `true` if a job is neither cancelled nor replaced.
    #[must_use]
    pub fn is_current(&self, number: u32) -> bool {
        unpoisoned(&self.job).number == number
    }

    /// Sets the state of a job, unless it is no longer the current one.
    pub fn set(&self, number: u32, state: LearningState) {
        let mut job = unpoisoned(&self.job);
        if job.number == number {
            job.state = state;
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// Sets the report of what a job has read, unless it is no longer the current one.
    pub fn set_read(&self, number: u32, read: String) {
        let mut job = unpoisoned(&self.job);
        if job.number == number {
            job.read = read;
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns the state and the report of what was read.
    #[must_use]
    pub fn state(&self) -> (LearningState, String) {
        let job = unpoisoned(&self.job);
        (job.state.clone(), job.read.clone())
    }

    /// Returns the learned style that is not kept yet.
    #[must_use]
    pub fn learned(&self) -> Option<Arc<LearnedStyle>> {
        match &unpoisoned(&self.job).state {
            LearningState::Learned(style) => Some(Arc::clone(style)),
            _ => None,
        }
    }

    /// Returns the counter of changes of state and played bars; wraps.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Remembers a bar that was played on the keys, with its index in the song. Of too many the
    /// oldest are forgotten. For the worker.
    pub fn remember(&self, bar: i64, steps: &[Step], meter: Meter, tempo: f64) {
        let mut played = unpoisoned(&self.played);
        let follows = |last: &&mut PlayedPassage| {
            let has_room = last.steps.len() < BARS * meter.steps();
            last.meter == meter && last.next_bar == bar && has_room
        };
        match played.last_mut().filter(follows) {
            Some(last) => {
                last.steps.extend_from_slice(steps);
                last.next_bar = bar + 1;
            }
            None => {
                if played.len() == PERFORMANCES {
                    played.remove(0);
                }
                let steps = steps.to_vec();
                played.push(PlayedPassage { steps, meter, tempo, next_bar: bar + 1 });
            }
        }
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Returns what was played on the keys.
    #[must_use]
    pub fn played(&self) -> Vec<PlayedPassage> {
        unpoisoned(&self.played).clone()
    }

    /// Returns the number of bars that were played on the keys.
    #[must_use]
    pub fn played_bars(&self) -> usize {
        let played = unpoisoned(&self.played);
        played.iter().map(|it| it.steps.len() / it.meter.steps()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_learning_leaves_no_trace() {
        let learning = Learning::default();
        let first = learning.begin();
        assert!(matches!(learning.state().0, LearningState::Reading));
        learning.cancel();
        assert!(!learning.is_current(first));
        learning.set(first, LearningState::Failed("late".into()));
        learning.set_read(first, "late".into());
        let (state, read) = learning.state();
        assert!(matches!(state, LearningState::Idle) && read.is_empty());
        let second = learning.begin();
        learning.set(first, LearningState::Failed("late".into()));
        learning.set(second, LearningState::Failed("now".into()));
        assert!(matches!(learning.state().0, LearningState::Failed(why) if why == "now"));
    }

    #[test]
    fn bars_to_learn_from_are_joined_and_the_oldest_forgotten() {
        let learning = Learning::default();
        let bar = [Step::SILENT; 16];
        for number in [4, 5, 6, 9] {
            learning.remember(number, &bar, Meter::FOUR_FOUR, 120.0);
        }
        let lengths: Vec<usize> = learning.played().iter().map(|it| it.steps.len()).collect();
        assert_eq!((&lengths[..], learning.played_bars()), (&[48, 16][..], 4));
        for number in 0..100 {
            learning.remember(2 * number, &bar, Meter::FOUR_FOUR, 120.0);
        }
        assert_eq!(learning.played_bars(), PERFORMANCES);
        let one_by_one = Learning::default();
        (0..200).for_each(|number| one_by_one.remember(number, &bar, Meter::FOUR_FOUR, 120.0));
        assert_eq!((one_by_one.played().len(), one_by_one.played_bars()), (4, 200));
    }
}
