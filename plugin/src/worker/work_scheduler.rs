//! Schedules the workers of a process. Bars that are heard soon go first; work ahead takes turns
//! and leaves half of the cores free. Otherwise sixteen instances that start bars together would
//! delay a turned knob by all of their work.
//!
//! Waiting workers park. They are unparked when a slot is free, or by the waker, because the bar
//! may be urgent by then.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Thread, available_parallelism, current};

/// Workers that run and workers that wait.
struct WorkSlots {
    /// Workers on an urgent bar.
    urgent: usize,
    /// Workers on a bar ahead.
    ahead: usize,
    /// Workers that wait to work ahead, in order of arrival.
    waiting: VecDeque<Thread>,
}

impl WorkSlots {
    fn is_free(&self) -> bool {
        /// Maximum number of workers ahead.
        static ROOM: OnceLock<usize> = OnceLock::new();
        let room = *ROOM.get_or_init(|| available_parallelism().map_or(1, |n| n.get().div_ceil(2)));
        self.urgent == 0 && self.ahead < room
    }

    fn unpark_next(&mut self) {
        if self.is_free()
            && let Some(next) = self.waiting.pop_front()
        {
            next.unpark();
        }
    }
}

static SLOTS: Mutex<WorkSlots> =
    Mutex::new(WorkSlots { urgent: 0, ahead: 0, waiting: VecDeque::new() });

fn slots() -> MutexGuard<'static, WorkSlots> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unparks the next waiting worker if a slot is free. For a worker that may have been unparked and
/// has nothing to do.
pub(crate) fn wake_next() {
    slots().unpark_next();
}

/// Guard of a worker on an urgent bar.
pub(crate) struct UrgentWork(());

impl UrgentWork {
    pub(crate) fn new() -> Self {
        slots().urgent += 1;
        UrgentWork(())
    }
}

impl Drop for UrgentWork {
    fn drop(&mut self) {
        let mut slots = slots();
        slots.urgent -= 1;
        slots.unpark_next();
    }
}

/// Guard of a worker on a bar ahead.
pub(crate) struct AheadWork(());

impl AheadWork {
    /// Returns a guard, or `None` if no slot is free. The thread is unparked when one is.
    pub(crate) fn new() -> Option<Self> {
        let mut slots = slots();
        if slots.is_free() {
            slots.ahead += 1;
            // There may be room for another.
            slots.unpark_next();
            return Some(AheadWork(()));
        }
        let thread = current();
        if slots.waiting.iter().all(|waiting| waiting.id() != thread.id()) {
            slots.waiting.push_back(thread);
        }
        None
    }
}

impl Drop for AheadWork {
    fn drop(&mut self) {
        let mut slots = slots();
        slots.ahead -= 1;
        slots.unpark_next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{park, scope, sleep};
    use std::time::Duration;

    #[test]
    fn work_ahead_waits_for_urgent_work() {
        let all: Vec<AheadWork> = std::iter::from_fn(AheadWork::new).collect();
        assert!(!all.is_empty() && slots().waiting.len() == 1);
        let urgent = [UrgentWork::new(), UrgentWork::new()];
        scope(|scope| {
            let work = || {
                let mut turn = AheadWork::new();
                while turn.is_none() {
                    park();
                    turn = AheadWork::new();
                }
                let WorkSlots { urgent, ahead, .. } = *slots();
                assert!(urgent == 0 && ahead > 0);
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
            sleep(Duration::from_millis(50));
            assert!(workers.iter().all(|worker| !worker.is_finished()));
            drop(all);
            drop(urgent);
            // The test's own thread was unparked and has nothing to do.
            wake_next();
        });
        assert!(slots().waiting.is_empty() && AheadWork::new().is_some());
    }
}
