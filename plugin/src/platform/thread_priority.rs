//! Priority of a thread. Under Linux a thread of its own has a nice value; elsewhere nothing is
//! changed.

/// Nice value of work that nobody waits for, of at most 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Makes the current thread give way to all others.
pub(crate) fn lower_priority() {
    // A refusal costs others time and is no fault. Under Linux this is the thread, not the process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}
