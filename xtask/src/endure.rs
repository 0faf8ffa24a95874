//! `cargo xtask torture`: the built `.clap` under a host at its worst, on several threads, each
//! with an instance of its own.

use crate::{bundle, system};
use anyhow::{Result, anyhow, ensure};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;
use xtask::host::clap::Clap;
use xtask::torture::act::Abilities;
use xtask::torture::{Report, Take, learn, torture};
use xtask::workspace::{CLAP_ID, Workspace};

/// Hosts at once.
const THREADS: u64 = 4;

/// Builds the plugin and tortures it, with each of the seeds. Prints the figures, as JSON if so
/// asked.
///
/// # Errors
/// The plugin does not build or load, or a figure is not what it must be.
pub(crate) fn endure(
    workspace: &Workspace,
    blocks: u64,
    seeds: Range<u64>,
    json: bool,
) -> Result<()> {
    system::provide(system::Purpose::Build)?;
    let built = bundle::bundle(workspace)?;
    let begin = Instant::now();
    let takes = learn(&mut Clap::load(&built.clap, CLAP_ID)?)?;
    let learned = begin.elapsed();
    let mut unclean = Vec::new();
    for seed in seeds {
        let begin = Instant::now();
        let report = run(&built.clap, &takes, blocks, seed)?;
        if json {
            println!("{}", report.json());
        } else {
            println!("seed                          {seed}\n{report}");
            println!("{:.1?}, and {learned:.1?} to learn the takes", begin.elapsed());
        }
        if !report.is_clean() {
            unclean.push(seed);
        }
    }
    ensure!(unclean.is_empty(), "The plugin did not endure seed {unclean:?}; the figures say why.");
    Ok(())
}

/// One seed, on all threads.
fn run(clap: &Path, takes: &[Take], blocks: u64, seed: u64) -> Result<Report> {
    // In a bounce the host waits for the drummer half of the time, so that two hosts share a core.
    // How many there are must not depend on the machine, or a seed would not be the same run there.
    let reports: Vec<Result<Report>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let share = blocks / THREADS + u64::from(thread < blocks % THREADS);
                scope.spawn(move || {
                    let mut host = Clap::load(clap, CLAP_ID)?;
                    let seed = seed.wrapping_mul(1_000).wrapping_add(thread);
                    torture(&mut host, takes, Abilities { full: true }, share, seed)
                })
            })
            .collect();
        let failed = |_| Err(anyhow!("a thread of the host failed"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(failed)).collect()
    });
    let mut reports = reports.into_iter();
    let mut whole = reports.next().unwrap_or_else(|| Ok(Report::default()))?;
    for report in reports {
        whole.add(&report?);
    }
    Ok(whole)
}
