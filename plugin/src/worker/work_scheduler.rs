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
struct Turns {
    /// Workers whose bar is heard soon.
    pressed: usize,
    /// Workers whose bar is not.
    ahead: usize,
    /// Those that would work ahead, in the order in which they came.
    waiting: VecDeque<Thread>,
}

impl Turns {
    fn is_free(&self) -> bool {
        /// How many may work ahead at once.
        static ROOM: OnceLock<usize> = OnceLock::new();
        let room = *ROOM.get_or_init(|| available_parallelism().map_or(1, |n| n.get().div_ceil(2)));
        self.pressed == 0 && self.ahead < room
    }

    fn call_next(&mut self) {
        if self.is_free()
            && let Some(next) = self.waiting.pop_front()
        {
            next.unpark();
        }
    }
}

static TURNS: Mutex<Turns> = Mutex::new(Turns { pressed: 0, ahead: 0, waiting: VecDeque::new() });

fn turns() -> MutexGuard<'static, Turns> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls the next one who waits, if it may begin. For a worker that may have been called and has
/// nothing to do.
pub(crate) fn pass_on() {
    turns().call_next();
}

/// A worker that makes a bar that is heard soon, as long as this lives.
pub(crate) struct Pressed(());

impl Pressed {
    pub(crate) fn new() -> Self {
        turns().pressed += 1;
        Pressed(())
    }
}

impl Drop for Pressed {
    fn drop(&mut self) {
        let mut turns = turns();
        turns.pressed -= 1;
        turns.call_next();
    }
}

/// A worker that makes a bar that nobody needs yet, as long as this lives.
pub(crate) struct Ahead(());

impl Ahead {
    /// `None`: it is not this thread's turn. It is unparked when it is.
    pub(crate) fn new() -> Option<Self> {
        let mut turns = turns();
        if turns.is_free() {
            turns.ahead += 1;
            // There may be room for another.
            turns.call_next();
            return Some(Ahead(()));
        }
        let thread = current();
        if turns.waiting.iter().all(|waiting| waiting.id() != thread.id()) {
            turns.waiting.push_back(thread);
        }
        None
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let mut turns = turns();
        turns.ahead -= 1;
        turns.call_next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{park, scope, sleep};
    use std::time::Duration;

    #[test]
    fn work_ahead_takes_turns_and_waits_for_those_who_are_pressed() {
        let all: Vec<Ahead> = std::iter::from_fn(Ahead::new).collect();
        assert!(!all.is_empty() && turns().waiting.len() == 1);
        let pressed = [Pressed::new(), Pressed::new()];
        scope(|scope| {
            let work = || {
                let mut turn = Ahead::new();
                while turn.is_none() {
                    park();
                    turn = Ahead::new();
                }
                let Turns { pressed, ahead, .. } = *turns();
                assert!(pressed == 0 && ahead > 0);
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
            sleep(Duration::from_millis(50));
            assert!(workers.iter().all(|worker| !worker.is_finished()));
            drop(all);
            drop(pressed);
            // It was called itself, and has nothing to do.
            pass_on();
        });
        assert!(turns().waiting.is_empty() && Ahead::new().is_some());
    }
}
