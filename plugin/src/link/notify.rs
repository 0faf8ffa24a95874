//! Wakes and stops a worker.
//!
//! Waking a thread is a system call, so the audio thread only sets a flag; the waker thread
//! ([`crate::worker`]) delivers it.

use super::sync::{AtomicBool, OnceLock, Ordering, Thread, current, park};

/// Notification of one worker.
#[derive(Debug, Default)]
pub struct WorkerNotify {
    /// Work is available. Set by the audio thread, cleared by the waker thread.
    pending: AtomicBool,
    /// Set once, by the owner of the worker.
    stopped: AtomicBool,
    /// The worker's thread, once it runs.
    thread: OnceLock<Thread>,
}

impl WorkerNotify {
    /// Flags that work is available; the waker thread wakes the worker shortly after. Makes no
    /// system call; for the audio thread.
    pub fn notify(&self) {
        self.pending.store(true, Ordering::Release);
    }

    /// Wakes the worker if it was notified, and returns whether it was. For the waker thread. The
    /// flag is kept until the worker runs.
    pub fn deliver(&self) -> bool {
        let Some(thread) = self.thread.get() else { return false };
        let rung =
            self.pending.load(Ordering::Relaxed) && self.pending.swap(false, Ordering::AcqRel);
        if rung {
            thread.unpark();
        }
        rung
    }

    /// Wakes the worker at once. Makes a system call; for the host's main thread, and for the audio
    /// thread only while it may wait.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Requests the worker to stop. The caller must unpark its thread afterwards.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Returns `true` once the worker must stop.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Runs `work` on this thread until stopped. `work` processes one item and returns whether
    /// there was any; otherwise the thread parks until it is woken.
    pub fn run_until_stopped(&self, mut work: impl FnMut() -> bool) {
        let _ = self.thread.set(current());
        while !self.has_stopped() {
            if !work() {
                park();
            }
        }
    }
}
