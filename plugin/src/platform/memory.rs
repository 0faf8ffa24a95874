//! Memory of the process. The system's allocator keeps what a thread has freed in small parts; under
//! Linux with glibc it gives it back here, elsewhere nothing is done.

/// Gives freed memory back to the system. Takes milliseconds.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
