//! Memory, threads, and CPU time of this process, from Linux's `/proc`.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// Returns the resident memory, in bytes.
///
/// # Errors
/// If the system does not report it.
pub fn resident_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("the system does not report the resident memory")? * 1024)
}

/// Returns the CPU time since the start of the process: of the threads with a name, and of all
/// others. Threads that have ended are not included.
///
/// # Errors
/// If the system does not report it.
pub fn cpu_time_of(name: &str) -> Result<[Duration; 2]> {
    let mut split = [Duration::ZERO; 2];
    for (known, time) in cpu_time_by_thread()? {
        split[usize::from(known != name)] += time;
    }
    Ok(split)
}

/// Returns the name of each thread and its CPU time since its start.
///
/// # Errors
/// If the system does not report it.
pub fn cpu_time_by_thread() -> Result<Vec<(String, Duration)>> {
    let mut times = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        let folder = task?.path();
        // The thread may end between these reads.
        let (Ok(name), Ok(text)) =
            (fs::read_to_string(folder.join("comm")), fs::read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        let nanoseconds = text.split_whitespace().next().and_then(|time| time.parse().ok());
        let time = Duration::from_nanos(nanoseconds.context("the system reports no CPU time")?);
        times.push((name.trim().to_owned(), time));
    }
    Ok(times)
}

/// Returns the number of threads.
///
/// # Errors
/// If the system does not report it.
pub fn thread_count() -> Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}
