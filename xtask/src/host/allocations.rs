//! Counts allocations and frees of loaded libraries on the calling thread.
//!
//! A library that is opened at run time resolves `malloc` and its relatives in the program that
//! opened it before the C library's. This program defines them: each counts while the calling
//! thread asks for it, and calls the C library's. The program's own Rust code has an allocator that
//! calls the C library directly, so that only the library's allocations are counted. Only glibc
//! exports the required names; on other systems, and with the real-time sanitizer's own functions
//! of these names, nothing is counted.

/// Allocations can be counted on this system.
pub const CAN_COUNT_ALLOCATIONS: bool =
    cfg!(all(target_os = "linux", target_env = "gnu", not(feature = "rtsan")));

/// Runs a closure and counts the allocations and frees of libraries that it calls on this thread; 0
/// if they cannot be counted, see [`CAN_COUNT_ALLOCATIONS`].
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
        /// Allocations and frees on this thread; `None` while they are not counted.
        pub(super) static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    fn count() {
        // A thread that ends may free memory after its counter is gone.
        let _ = COUNT.try_with(|count| count.set(count.get().map(|count| count + 1)));
    }

    // Each function only counts before it calls the C library's, so the contracts of the C standard
    // and POSIX hold.

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        count();
        // SAFETY: any size is valid.
        unsafe { __libc_malloc(size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: any size is valid.
        unsafe { __libc_calloc(number, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
        count();
        // SAFETY: the caller's pointer is the C library's, as all of ours are.
        unsafe { __libc_realloc(pointer, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: any size is valid; the caller guarantees the alignment.
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
        // SAFETY: the caller passes a valid place for the pointer.
        unsafe { place.write(pointer) };
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(pointer: *mut c_void) {
        if !pointer.is_null() {
            count();
        }
        // SAFETY: the caller's pointer is the C library's, as all of ours are.
        unsafe { __libc_free(pointer) }
    }

    /// Allocator of this program's own code: the C library's, uncounted.
    struct Uncounted;

    // SAFETY: the C library's allocator meets the contract; its blocks are aligned to 16 bytes or
    // more.
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
            // Functions of the C library, which is a shared library like a plugin.
            fn strdup(text: *const std::ffi::c_char) -> *mut std::ffi::c_char;
            fn free(pointer: *mut std::ffi::c_void);
        }
        // The compiler knows both functions and would remove a copy that nobody reads.
        type Copying = unsafe extern "C" fn(*const std::ffi::c_char) -> *mut std::ffi::c_char;
        type Freeing = unsafe extern "C" fn(*mut std::ffi::c_void);
        let strdup: Copying = std::hint::black_box(strdup);
        let free: Freeing = std::hint::black_box(free);
        let (copy, count) = count_allocations(|| {
            // SAFETY: the text ends with a zero.
            unsafe { strdup(c"a beat".as_ptr()) }
        });
        assert_eq!(count, 1);
        // SAFETY: `strdup` allocated it, and nothing else frees it.
        let ((), count) = count_allocations(|| unsafe { free(copy.cast()) });
        assert_eq!(count, 1);
        let (_, count) = count_allocations(|| drop(std::hint::black_box(vec![1; 1000])));
        assert_eq!(count, 0);
    }
}
