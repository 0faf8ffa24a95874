//! Instances of both formats are created and destroyed while others play, and leak neither memory
//! nor threads. One test in a program of its own, because it measures the whole process.

mod common;

use anyhow::{Context, Result};
use common::vst3::Vst3Host;
use std::sync::atomic::{AtomicBool, Ordering};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, HostSong, Setup};
use xtask::process_usage::{resident_memory, thread_count};
use xtask::workspace::{CLAP_ID, built_bundle};

const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 512, cycle: None };

/// Cycles of each format.
const CYCLES: usize = 100;

/// Limit for the memory left after all cycles, in bytes.
const LEAK: u64 = 1 << 20;

fn load(clap: bool) -> Result<Box<dyn Host>> {
    Ok(match clap {
        true => Box::new(ClapHost::load(&built_bundle("clap")?, CLAP_ID)?),
        false => Box::new(Vst3Host::load(&built_bundle("vst3")?)?),
    })
}

fn ready(host: &mut dyn Host) -> Result<()> {
    host.activate(Setup { sample_rate: SONG.sample_rate, max_block: SONG.block, offline: true })
}

/// Plays the same eight beats until it is stopped.
fn keep_playing(stop: &AtomicBool, plays: &AtomicBool) -> Result<()> {
    let mut hosts = [load(true)?, load(false)?];
    for host in &mut hosts {
        ready(&mut **host)?;
    }
    while !stop.load(Ordering::Acquire) {
        for host in &mut hosts {
            SONG.roll(&mut **host, 0.0, SONG.samples(8.0))?;
        }
        plays.store(true, Ordering::Release);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(())
}

/// Creates, plays and destroys instances of a format.
fn cycles(clap: bool, count: usize) -> Result<()> {
    for _ in 0..count {
        let mut host = load(clap)?;
        ready(&mut *host)?;
        let heard = SONG.roll(&mut *host, 0.0, SONG.samples(1.01))?;
        assert!(!heard.is_empty());
    }
    Ok(())
}

#[test]
fn two_hundred_instances_leak_neither_memory_nor_threads() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let (stop, plays) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let others = scope.spawn(|| keep_playing(&stop, &plays));
        let measured = (|| {
            while !plays.load(Ordering::Acquire) && !others.is_finished() {
                std::thread::yield_now();
            }
            // The first instances leave pools, caches and libraries to the process.
            for clap in [true, false, true, false] {
                cycles(clap, 20)?;
            }
            let (memory, running) = (resident_memory()?, thread_count()?);
            for clap in [true, false] {
                cycles(clap, CYCLES)?;
            }
            Ok::<_, anyhow::Error>((memory, running, resident_memory()?, thread_count()?))
        })();
        stop.store(true, Ordering::Release);
        others.join().ok().context("the other instances failed")??;
        let (memory, running, after, still) = measured?;
        println!("{memory} bytes before, {after} after; {running} threads before, {still} after");
        assert!(after.saturating_sub(memory) < LEAK, "{} bytes are left", after - memory);
        assert_eq!(running, still, "threads");
        Ok(())
    })
}
