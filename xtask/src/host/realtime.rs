//! What the calling thread is to the plugin while that processes: how its processor treats tiny
//! numbers, and the context in which the compiler's real-time sanitizer reports what may block
//! (allocations, locks that wait, system calls). That sanitizer is there with the feature `rtsan`
//! alone; see `cargo xtask rtsan`.

use std::hint::black_box;

/// Whether this thread's processor takes numbers that are too small to be normal for zero.
#[must_use]
pub fn flushes_denormals() -> bool {
    black_box(f32::MIN_POSITIVE) * black_box(0.5) == 0.0
}

/// Does something in the context that the sanitizer watches.
pub fn in_realtime_context<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rtsan")]
    rtsan_standalone::realtime_enter();
    let done = work();
    #[cfg(feature = "rtsan")]
    rtsan_standalone::realtime_exit();
    done
}

/// Does something, within that context, that the sanitizer is to let pass.
pub fn outside_realtime_context<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(feature = "rtsan")]
    rtsan_standalone::disable();
    let done = work();
    #[cfg(feature = "rtsan")]
    rtsan_standalone::enable();
    done
}
