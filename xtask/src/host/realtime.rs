//! Real-time context of the calling thread: denormal mode, and the context of the compiler's
//! real-time sanitizer.
//!
//! In that context the sanitizer reports allocations, blocking locks, and system calls. It is
//! present with the feature `rtsan` only; see `cargo xtask rtsan`.

use std::hint::black_box;

/// Returns true if this thread's processor flushes denormal numbers to zero.
#[must_use]
pub fn flushes_denormals() -> bool {
    black_box(f32::MIN_POSITIVE) * black_box(0.5) == 0.0
}

/// Runs a closure in the context that the sanitizer watches.
pub fn in_realtime_context<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rtsan")]
    rtsan_standalone::realtime_enter();
    let done = work();
    #[cfg(feature = "rtsan")]
    rtsan_standalone::realtime_exit();
    done
}

/// Runs a closure within that context without being watched.
pub fn outside_realtime_context<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rtsan")]
    rtsan_standalone::disable();
    let done = work();
    #[cfg(feature = "rtsan")]
    rtsan_standalone::enable();
    done
}
