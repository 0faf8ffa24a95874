//! Whose turn it is among the workers of a process. While one makes a bar that is heard soon, those
//! that only work ahead wait: on two cores, sixteen instances whose phrases begin together would
//! keep a turned knob waiting for all of them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest that work ahead waits for its turn: it is needed, too.
const PATIENCE: Duration = Duration::from_millis(200);

/// Workers that make a bar that is heard soon.
static PRESSED: Mutex<usize> = Mutex::new(0);

/// There are none any more.
static CALM: Condvar = Condvar::new();

fn pressed() -> MutexGuard<'static, usize> {
    PRESSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker that makes a bar that is heard soon, as long as this lives.
pub(crate) struct Pressed(());

impl Pressed {
    pub(crate) fn new() -> Self {
        *pressed() += 1;
        Pressed(())
    }
}

impl Drop for Pressed {
    fn drop(&mut self) {
        let mut count = pressed();
        *count -= 1;
        if *count == 0 {
            CALM.notify_all();
        }
    }
}

/// Waits, before a bar that nobody needs yet, for those that somebody does: not for long.
pub(crate) fn give_way() {
    // Whether they were done or it took too long, it goes on.
    let _ = CALM.wait_timeout_while(pressed(), PATIENCE, |count| *count > 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn work_ahead_waits_until_nobody_is_pressed_and_not_for_ever() {
        let begin = Instant::now();
        let first = Pressed::new();
        give_way();
        assert!(begin.elapsed() >= PATIENCE);
        let (second, begin) = (Pressed::new(), Instant::now());
        std::thread::scope(|scope| {
            scope.spawn(move || drop((first, second)));
            give_way();
        });
        assert_eq!(*pressed(), 0);
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}
