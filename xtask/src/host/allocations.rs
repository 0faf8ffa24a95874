//! How often a loaded library allocates or frees on the thread that calls it.
//!
//! A library that is opened at run time finds `malloc` and its kin in the program that opened it,
//! before the C library's. So this program has its own: each counts, while the calling thread
//! asks for it, and goes on to the C library's. Our own Rust code goes around them, by an
//! allocator that calls the C library straight, so that what is count_allocations is the library's doing
//! and not the host's. Only glibc has the names that this needs; elsewhere nothing is count_allocations, and
//! neither is it where the real-time sanitizer has its own functions of these names.

/// Whether allocations can be count_allocations on this system.
pub const CAN_COUNT_ALLOCATIONS: bool =
    cfg!(all(target_os = "linux", target_env = "gnu", not(feature = "rtsan")));

/// Does something and says how many allocations and frees the libraries that it called made
/// meanwhile on this thread; always 0 where nothing can be count_allocations, see [`CAN_COUNT_ALLOCATIONS`].
pub fn count_allocations<T>(work: impl FnOnce() -> T) -> (T, u64) {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(feature = "rtsan")))]
    {
        let before = glibc::COUNT.replace(Some(0));
        let done = work();
        (done, glibc::COUNT.replace(before).unwrap_or(0))
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu", not(feature = "rtsan"))))]
    (work(), 0)
}

#[cfg(all(target_os = "linux", target_env = "gnu", not(feature = "rtsan")))]
mod glibc {
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::Cell;
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
        fn __libc_free(pointer: *mut c_void);
    }

    thread_local! {
        /// Allocations and frees on this thread; nothing while it does not count.
        pub(super) static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    fn count() {
        // A thread that is going away may free after its counter has gone.
        let _ = COUNT.try_with(|count| count.set(count.get().map(|count| count + 1)));
    }

    // What the C standard and POSIX say of these functions holds for them here, because each does
    // nothing but to count before it calls the C library's own.

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        count();
        // SAFETY: any size may be asked for.
        unsafe { __libc_malloc(size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: any size may be asked for.
        unsafe { __libc_calloc(number, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
        count();
        // SAFETY: the caller's pointer is one of the C library's, because all of ours are.
        unsafe { __libc_realloc(pointer, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: any size may be asked for; the alignment is the caller's promise.
        unsafe { __libc_memalign(alignment, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: as above.
        unsafe { __libc_memalign(alignment, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(
        place: *mut *mut c_void,
        alignment: usize,
        size: usize,
    ) -> c_int {
        count();
        // SAFETY: as above.
        let pointer = unsafe { __libc_memalign(alignment, size) };
        if pointer.is_null() {
            const ENOMEM: c_int = 12;
            return ENOMEM;
        }
        // SAFETY: the caller gives a place for the pointer.
        unsafe { place.write(pointer) };
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(pointer: *mut c_void) {
        if !pointer.is_null() {
            count();
        }
        // SAFETY: the caller's pointer is one of the C library's, because all of ours are.
        unsafe { __libc_free(pointer) }
    }

    /// Our own code's allocator: the C library's, uncounted.
    struct Uncounted;

    // SAFETY: the C library's allocator keeps what Rust asks of one; its blocks are aligned to
    // 16 bytes, and to more where that is asked for.
    unsafe impl GlobalAlloc for Uncounted {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the layout's alignment is a power of two.
            unsafe { __libc_memalign(layout.align().max(16), layout.size()).cast() }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, _: Layout) {
            // SAFETY: the pointer came from `alloc`.
            unsafe { __libc_free(pointer.cast()) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Uncounted = Uncounted;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_librarys_allocations_are_counted_and_our_own_are_not() {
        if !CAN_COUNT_ALLOCATIONS {
            return;
        }
        unsafe extern "C" {
            // From the C library, which is a shared one like any plugin.
            fn strdup(text: *const std::ffi::c_char) -> *mut std::ffi::c_char;
            fn free(pointer: *mut std::ffi::c_void);
        }
        // The compiler knows both, and would leave out a copy that nobody reads.
        type Copying = unsafe extern "C" fn(*const std::ffi::c_char) -> *mut std::ffi::c_char;
        type Freeing = unsafe extern "C" fn(*mut std::ffi::c_void);
        let strdup: Copying = std::hint::black_box(strdup);
        let free: Freeing = std::hint::black_box(free);
        let (copy, count) = count_allocations(|| {
            // SAFETY: the text ends with a zero.
            unsafe { strdup(c"a beat".as_ptr()) }
        });
        assert_eq!(count, 1);
        // SAFETY: `strdup` made it, and nobody else frees it.
        let ((), count) = count_allocations(|| unsafe { free(copy.cast()) });
        assert_eq!(count, 1);
        let (_, count) = count_allocations(|| drop(std::hint::black_box(vec![1; 1000])));
        assert_eq!(count, 0);
    }
}
