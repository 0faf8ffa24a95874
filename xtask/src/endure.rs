//! `cargo xtask torture`: the built `.clap` under a host at its worst, on several threads, each
//! with an instance of its own.

use crate::{bundle, system};
use anyhow::{Result, anyhow, ensure};
use std::time::Instant;
use xtask::host::clap::Clap;
use xtask::torture::script::Abilities;
use xtask::torture::{Report, learn, torture};
use xtask::workspace::{CLAP_ID, Workspace};

/// Hosts at once.
const THREADS: u64 = 4;

/// Builds the plugin and tortures it. Prints the figures, as JSON if so asked.
///
/// # Errors
/// The plugin does not build or load, or a figure is not what it must be.
pub(crate) fn endure(workspace: &Workspace, blocks: u64, seed: u64, json: bool) -> Result<()> {
    system::provide(system::Purpose::Build)?;
    let built = bundle::bundle(workspace)?;
    let begin = Instant::now();
    let takes = learn(&mut Clap::load(&built.clap, CLAP_ID)?)?;
    let learned = begin.elapsed();
    // In a bounce the host waits for the drummer half of the time, so that two hosts share a core.
    // How many there are must not depend on the machine, or a seed would not be the same run there.
    let reports: Vec<Result<Report>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (takes, path) = (&takes, &built.clap);
                let share = blocks / THREADS + u64::from(thread < blocks % THREADS);
                scope.spawn(move || {
                    let mut host = Clap::load(path, CLAP_ID)?;
                    let seed = seed.wrapping_mul(1_000).wrapping_add(thread);
                    torture(&mut host, takes, Abilities { full: true }, share, seed)
                })
            })
            .collect();
        let failed = |_| Err(anyhow!("a thread of the host failed"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(failed)).collect()
    });
    let mut whole: Option<Report> = None;
    for report in reports {
        let report = report?;
        match &mut whole {
            Some(whole) => whole.add(&report),
            None => whole = Some(report),
        }
    }
    let whole = whole.unwrap_or_default();
    if json {
        println!("{}", whole.json());
    } else {
        println!("seed                          {seed}\n{whole}");
        println!("{:.1?} to learn, {:.1?} in all", learned, begin.elapsed());
    }
    ensure!(whole.is_clean(), "The plugin did not endure seed {seed}; the figures say why.");
    Ok(())
}
