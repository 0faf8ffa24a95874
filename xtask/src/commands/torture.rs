//! `cargo xtask torture`: the built `.clap` under a host at its worst, on several threads with one
//! instance each.

use crate::build::bundle;
use anyhow::{Result, anyhow, ensure};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;
use xtask::host::clap::ClapHost;
use xtask::torture::action::HostAbilities;
use xtask::torture::{LearnedTake, Report, learn_takes};
use xtask::workspace::{CLAP_ID, Workspace};

/// Number of concurrent hosts. In an offline render the host waits for the generator half of the
/// time, so that two hosts share a core. The number is fixed: a seed gives the same run on every
/// machine.
const HOSTS: u64 = 4;

/// Builds the plugin, runs the torture test with each seed, and prints the figures as text or JSON.
///
/// # Errors
/// If the plugin does not build or load, or a run is not clean.
pub(crate) fn torture(
    workspace: &Workspace,
    blocks: u64,
    seeds: Range<u64>,
    json: bool,
) -> Result<()> {
    let built = bundle::build_bundles(workspace)?;
    let begin = Instant::now();
    let takes = learn_takes(&mut ClapHost::load(&built.clap, CLAP_ID)?, seeds.start)?;
    let learned = begin.elapsed();
    let mut failed = Vec::new();
    for seed in seeds {
        let begin = Instant::now();
        let report = run_seed(&built.clap, &takes, blocks, seed)?;
        if json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            println!("seed                          {seed}\n{report}");
            println!("{:.1?}, and {learned:.1?} to learn the takes", begin.elapsed());
        }
        if !report.is_clean() {
            failed.push(seed);
        }
    }
    ensure!(failed.is_empty(), "The torture test failed with seeds {failed:?}; see the figures.");
    Ok(())
}

/// Runs one seed on all hosts and sums their reports.
fn run_seed(clap: &Path, takes: &[LearnedTake], blocks: u64, seed: u64) -> Result<Report> {
    let reports: Vec<Result<Report>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..HOSTS)
            .map(|number| {
                let share = blocks / HOSTS + u64::from(number < blocks % HOSTS);
                scope.spawn(move || {
                    let mut host = ClapHost::load(clap, CLAP_ID)?;
                    let seed = seed.wrapping_mul(1_000).wrapping_add(number);
                    let abilities = HostAbilities { full: true };
                    xtask::torture::run(&mut host, takes, abilities, share, seed)
                })
            })
            .collect();
        let panicked = |_| Err(anyhow!("a host thread panicked"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    let mut reports = reports.into_iter();
    let mut whole = reports.next().unwrap_or_else(|| Ok(Report::default()))?;
    for report in reports {
        whole.add(&report?);
    }
    Ok(whole)
}
