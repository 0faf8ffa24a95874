//! Undo and redo of every musical gesture, and of the kit's lanes. Output, the audition's other controls
//! and the use of the keys are settings, which undo leaves alone.

use groove::play::perform::Performance;
use groove::take::history::History;

use crate::params::writer::{ParamWriter, SetParam};
use crate::session::gestures::{Gesture, Gestures, Rest};
use crate::session::{HOST_TIMEOUT_SECONDS, SETTLE_SECONDS, Session};

impl Session {
    /// Returns the current rest.
    pub(super) fn rest(&self) -> Rest {
        Rest { performance: self.performance(), chart: self.chart(), trims: self.trims() }
    }

    /// Detects changes of the rest. Returns the seconds until the next necessary call, if any.
    pub(super) fn update_rest(&mut self, now: f64, busy: bool) -> Option<f64> {
        let rest = self.rest();
        let project = self.store().loads();
        if project != self.gestures.project {
            // The gestures were those of another project.
            self.gestures = Gestures::new(rest, project);
        }
        if let Some(until) = self.gestures.in_flight {
            if !rest.is_near(&self.gestures.settled) && now < until {
                return Some(until - now);
            }
            self.gestures.in_flight = None;
            (self.gestures.settled, self.gestures.seen) = (rest, (rest, now));
        }
        if rest != self.gestures.seen.0 {
            self.gestures.seen = (rest, now);
        }
        if busy || rest.is_near(&self.gestures.settled) {
            return None;
        }
        let left = self.gestures.seen.1 + SETTLE_SECONDS - now;
        if left > 0.0 {
            return Some(left);
        }
        self.commit_rest();
        None
    }

    /// Records a change of the rest that is not stable yet.
    pub(super) fn commit_rest(&mut self) {
        let rest = self.rest();
        let before = self.gestures.settled;
        if self.gestures.in_flight.is_none() && !rest.is_near(&before) {
            let since = self.gestures.seen.1;
            let gesture = Gesture { take: false, rest: Some([before, rest]) };
            self.gestures.push_seen(gesture, since);
            self.gestures.settled = rest;
        }
    }

    /// Records that a preset is played: its performance, and perhaps a new take.
    pub(super) fn record_preset(&mut self, take: bool, performance: &Performance) {
        let before = self.gestures.settled;
        let after = Rest { performance: *performance, ..before };
        let rest = (!after.is_near(&before)).then_some([before, after]);
        if take || rest.is_some() {
            self.gestures.push(Gesture { take, rest });
        }
        self.expect_rest(after);
    }

    /// Waits for the host to apply a rest.
    fn expect_rest(&mut self, rest: Rest) {
        self.gestures.settled = rest;
        self.gestures.in_flight = Some(self.now + HOST_TIMEOUT_SECONDS);
    }

    fn apply_rest(&mut self, rest: Rest, set: &mut SetParam) {
        self.expect_rest(rest);
        ParamWriter { send: set, force: true }.performance(&self.params, &rest.performance);
        if self.chart() != rest.chart {
            self.change_chart(|chart| *chart = rest.chart);
        }
        self.set_trims(rest.trims);
    }

    /// Undoes the last gesture, or returns to the previous take. Returns `false` if there is none.
    pub fn undo(&mut self, set: &mut SetParam) -> bool {
        self.commit_pending();
        let gesture = self.gestures.done.pop();
        let moved = self.apply_side(gesture, 0, History::undo, set);
        self.gestures.undone.extend(gesture);
        moved
    }

    /// Repeats the gesture undone last, or advances to the next take. Returns `false` if there is
    /// none.
    pub fn redo(&mut self, set: &mut SetParam) -> bool {
        self.commit_pending();
        let gesture = self.gestures.undone.pop();
        let moved = self.apply_side(gesture, 1, History::redo, set);
        self.gestures.done.extend(gesture);
        moved
    }

    /// Returns to one side of a gesture, 0 before and 1 after it; without a gesture, only steps
    /// through the history of takes. Returns `false` if nothing changes.
    fn apply_side(
        &mut self,
        gesture: Option<Gesture>,
        side: usize,
        step: fn(&mut History) -> bool,
        set: &mut SetParam,
    ) -> bool {
        let moves_take = gesture.is_none_or(|gesture| gesture.take);
        let moved = moves_take && self.move_in_history(set, step);
        let Some(rest) = gesture.and_then(|gesture| gesture.rest) else { return moved };
        self.apply_rest(rest[side], set);
        true
    }

    /// Undoes all gestures and returns to the first take. Returns `false` if there is none.
    pub fn undo_all(&mut self, set: &mut SetParam) -> bool {
        self.commit_pending();
        let first = self.gestures.done.iter().find_map(|gesture| gesture.rest);
        let moved = self.move_in_history(set, |history| history.all().1 > 0 && history.go(Some(0)));
        if let Some([before, _]) = first {
            self.apply_rest(before, set);
        }
        let Gestures { done, undone, .. } = &mut self.gestures;
        undone.extend(done.drain(..).rev());
        moved || first.is_some()
    }

    /// Swaps the sides. At first both hold the same take.
    pub fn switch_sides(&mut self, set: &mut SetParam) {
        self.commit_pending();
        self.move_in_history(set, |history| {
            history.swap();
            true
        });
    }

    /// Goes to a take of the history. Returns `false` if it has none at that place.
    pub fn go_to(&mut self, place: usize, set: &mut SetParam) -> bool {
        self.commit_pending();
        self.move_in_history(set, |history| history.go(Some(place)))
    }

    fn move_in_history(
        &mut self,
        set: &mut SetParam,
        act: impl FnOnce(&mut History) -> bool,
    ) -> bool {
        let moved = self.history(act);
        if moved {
            let take = self.history(|history| history.take());
            self.apply(&take, None, set);
        }
        moved
    }
}
