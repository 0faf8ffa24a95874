//! What wakes a worker that sleeps, and what ends it.
//!
//! Waking a thread is a system call, so the audio thread only rings; the bell's thread
//! (`bell`) passes that on. What there is to do, and who does it, is decided elsewhere.

use super::sync::{AtomicBool, OnceLock, Ordering, Thread, current, park};

/// The signal to one worker.
#[derive(Debug, Default)]
pub struct WorkerNotify {
    /// There is something to do. Set by the audio thread, taken back by the bell's thread.
    pending: AtomicBool,
    /// Set once, by who ends the worker.
    stopped: AtomicBool,
    /// The worker's thread, once it serves.
    thread: OnceLock<Thread>,
}

impl WorkerNotify {
    /// Says that there is something to do: the worker is woken in a moment. For the audio thread;
    /// no system call.
    pub fn notify(&self) {
        self.pending.store(true, Ordering::Release);
    }

    /// Wakes the worker if it was rung for, and says whether it was. For the bell's thread. As
    /// long as the worker does not serve, the ringing is kept for it.
    pub fn deliver(&self) -> bool {
        let Some(thread) = self.thread.get() else { return false };
        let rung =
            self.pending.load(Ordering::Relaxed) && self.pending.swap(false, Ordering::AcqRel);
        if rung {
            thread.unpark();
        }
        rung
    }

    /// Makes the worker look now. A system call: for the host's main thread, and for the audio
    /// thread only where it may wait anyway.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Ends the worker, once its thread is unparked: that is the caller's, who has its handle.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether the worker is to end.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Works on this thread until it is stopped. `work` does one thing and says whether there was
    /// any to do; where there was none, the thread sleeps until it is woken.
    pub fn run_until_stopped(&self, mut work: impl FnMut() -> bool) {
        let _ = self.thread.set(current());
        while !self.has_stopped() {
            if !work() {
                park();
            }
        }
    }
}
