//! Pinning of the library that holds this code.

use std::ffi::{CStr, OsStr};
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;

/// Keeps the library that holds this function in memory until the process ends, even if the host
/// unloads it. Returns `false` if that fails. A program is never unloaded.
pub(super) fn keep_loaded() -> bool {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address is one of a loaded function, and `info` has room for the answer.
    let found = unsafe { libc::dladdr((keep_loaded as *const fn()).cast(), info.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid `Dl_info`.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_fname.is_null() {
        return false;
    }
    // SAFETY: the loader keeps the name as long as the library, which is running.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    let file = fs::canonicalize(OsStr::from_bytes(name.to_bytes()));
    let program = std::env::current_exe().and_then(fs::canonicalize);
    if file.is_ok_and(|file| program.is_ok_and(|program| program == file)) {
        return true;
    }
    let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: the library is loaded already, so none of its code runs; the handle is never closed.
    !unsafe { libc::dlopen(info.dli_fname, flags) }.is_null()
}
