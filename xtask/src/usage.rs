//! What this process uses of the machine, as Linux tells it: memory, threads, time on the cores.

use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// Memory that is resident, in bytes.
///
/// # Errors
/// The system does not tell.
pub fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("the system does not say how much memory is resident")? * 1024)
}

/// Time on the cores since the process began: of threads whose name is this, and of the others.
/// Threads that have ended do not count.
///
/// # Errors
/// The system does not tell.
pub fn time_of(name: &str) -> Result<[Duration; 2]> {
    let mut split = [Duration::ZERO; 2];
    for (known, time) in times()? {
        split[usize::from(known != name)] += time;
    }
    Ok(split)
}

/// Time on the cores of each thread since it began, with the thread's name.
///
/// # Errors
/// The system does not tell.
pub fn times() -> Result<Vec<(String, Duration)>> {
    let mut times = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        let folder = task?.path();
        // A thread may end while it is looked at.
        let (Ok(name), Ok(text)) =
            (fs::read_to_string(folder.join("comm")), fs::read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        let nanoseconds = text.split_whitespace().next().and_then(|time| time.parse().ok());
        let time = Duration::from_nanos(nanoseconds.context("the system keeps no time")?);
        times.push((name.trim().to_owned(), time));
    }
    Ok(times)
}

/// Number of threads.
///
/// # Errors
/// The system does not tell.
pub fn threads() -> Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}
