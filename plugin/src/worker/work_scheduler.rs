//! Whose turn it is among the workers of a process. Those that make a bar that is heard soon go
//! first; those that only work ahead take turns and leave half of the cores free. Else sixteen
//! instances whose bars begin together would keep a turned knob waiting for all of them.
//!
//! Who has to wait sleeps as one does who has nothing to do, and is woken when it is its turn, or
//! by its bell: a bar that nobody needed may be needed by then.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Thread, available_parallelism, current};

/// Who is at a bar, and who waits.
struct WorkSlots {
    /// Workers whose bar is heard soon.
    urgent: usize,
    /// Workers whose bar is not.
    ahead: usize,
    /// Those that would work ahead, in the order in which they came.
    waiting: VecDeque<Thread>,
}

impl WorkSlots {
    fn is_free(&self) -> bool {
        /// How many may work ahead at once.
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

/// Calls the next one who waits, if it may begin. For a worker that may have been called and has
/// nothing to do.
pub(crate) fn wake_next() {
    slots().unpark_next();
}

/// A worker that makes a bar that is heard soon, as long as this lives.
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

/// A worker that makes a bar that nobody needs yet, as long as this lives.
pub(crate) struct AheadWork(());

impl AheadWork {
    /// `None`: it is not this thread's turn. It is unparked when it is.
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
    fn work_ahead_takes_turns_and_waits_for_those_who_are_pressed() {
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
            // It was called itself, and has nothing to do.
            wake_next();
        });
        assert!(slots().waiting.is_empty() && AheadWork::new().is_some());
    }
}
