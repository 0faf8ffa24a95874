//! Gestures to undo. Takes are in the history of the project; performance controls, the chart of the
//! song and the settings of the kit's lanes belong to no take, so their changes are kept here while the
//! window is open.

use groove::play::perform::Performance;
use groove::take::chart::Chart;

use crate::project::kit_trims::KitTrims;

/// Maximum number of gestures.
const MAX_GESTURES: usize = 256;

/// Maximum time between changes of one gesture, in seconds.
const TOGETHER_SECONDS: f64 = 0.05;

/// State that belongs to no take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rest {
    pub(super) performance: Performance,
    pub(super) chart: Chart,
    pub(super) trims: KitTrims,
}

impl Rest {
    /// Returns `true` if two states are equal except for parameter rounding.
    pub(super) fn is_near(&self, other: &Rest) -> bool {
        equal_performance(&self.performance, &other.performance)
            && (self.chart, self.trims) == (other.chart, other.trims)
    }
}

/// An undoable gesture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gesture {
    /// It added a take to the history.
    pub(super) take: bool,
    /// State of the rest before and after it, if it changed that.
    pub(super) rest: Option<[Rest; 2]>,
}

/// Gestures of this window, and the state by which new ones are detected.
pub(super) struct Gestures {
    pub(super) done: Vec<Gesture>,
    pub(super) undone: Vec<Gesture>,
    /// The rest after the last gesture.
    pub(super) settled: Rest,
    /// The rest at the last update, and since when it is unchanged, in seconds.
    pub(super) seen: (Rest, f64),
    /// Time at which the change of the last gesture was first seen, in seconds; `None` for a gesture
    /// that was recorded directly, not detected by a comparison.
    seen_since: Option<f64>,
    /// The host has not applied `settled` yet; until this time in seconds.
    pub(super) in_flight: Option<f64>,
    /// [`ProjectStore::loads`](crate::project::store::ProjectStore::loads) of the project.
    pub(super) project: u32,
}

impl Gestures {
    pub(super) fn new(rest: Rest, project: u32) -> Self {
        Gestures {
            done: Vec::new(),
            undone: Vec::new(),
            settled: rest,
            seen: (rest, f64::NEG_INFINITY),
            seen_since: None,
            in_flight: None,
            project,
        }
    }

    pub(super) fn push(&mut self, gesture: Gesture) {
        self.undone.clear();
        self.seen_since = None;
        if self.done.len() >= MAX_GESTURES {
            self.done.remove(0);
        }
        self.done.push(gesture);
    }

    /// Records a gesture that added a take to the history.
    pub(super) fn push_take(&mut self) {
        self.push(Gesture { take: true, rest: None });
    }

    /// Records a gesture whose change was seen since a time in seconds. A take and a rest that
    /// changed together, by the pad for example, are one gesture.
    pub(super) fn push_seen(&mut self, gesture: Gesture, since: f64) {
        let is_same = self.seen_since.is_some_and(|last| (last - since).abs() < TOGETHER_SECONDS);
        match self.done.last_mut().filter(|_| is_same) {
            Some(last) if last.take != gesture.take => {
                (last.take, last.rest) = (true, last.rest.or(gesture.rest));
                self.seen_since = None;
            }
            _ => {
                self.push(gesture);
                self.seen_since = Some(since);
            }
        }
    }

    pub(super) fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    pub(super) fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}

/// Returns `true` if two performances are equal except for parameter rounding.
pub(super) fn equal_performance(one: &Performance, other: &Performance) -> bool {
    let numbers = |it: &Performance| [it.swing, it.timing, it.dynamics, it.velocity / 127.0];
    let rest = |it: &Performance| (it.mute, it.solo, it.pace, it.swing_of);
    let near = |(a, b): (f32, f32)| (a - b).abs() < 6e-3;
    numbers(one).into_iter().zip(numbers(other)).all(near) && rest(one) == rest(other)
}
