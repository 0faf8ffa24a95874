//! `cargo xtask rtsan`: the unmodified bundle under the compiler's real-time sanitizer.
//!
//! The command builds this program once more with the sanitizer's library. The second program is
//! the host: it plays random songs on many threads at the pace of sound cards, because at a faster
//! pace the plugin detects an offline render and may block. Each `process` call runs in a context
//! in which an allocation, a blocking lock, or a system call ends the program with a report. A run
//! with a planted allocation checks first that faults are detected.

use crate::build::{bundle, process};
use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::realtime::in_realtime_context;
use xtask::host::{Host, Message, Setup};
use xtask::torture::action::{HostAbilities, HostAction};
use xtask::torture::random_host::RandomHost;
use xtask::workspace::{CLAP_ID, Workspace};

/// Number of concurrent hosts. They sleep most of the time.
const HOSTS: u64 = 24;

/// Exit status of a program in which the sanitizer found a fault.
const FAULT_FOUND: i32 = 43;

/// Builds the plugin and the sanitized host, and runs that for `seconds`.
///
/// # Errors
/// If a build fails, the sanitizer reports the plugin, or the planted fault is not detected.
pub(crate) fn rtsan(workspace: &Workspace, seconds: u64, seed: u64) -> Result<()> {
    let clap = bundle::build_bundles(workspace)?.clap;
    let program = build_host(workspace)?;
    let run = |planted: bool| -> Result<Output> {
        let mut host = Command::new(&program);
        host.arg("watched").arg(&clap).args(["--seconds", &seconds.to_string()]);
        host.args(["--seed", &seed.to_string()]);
        if planted {
            host.arg("--plant");
        }
        process::capture(&mut host)
    };
    let planted = run(true)?;
    let report = String::from_utf8_lossy(&planted.stderr);
    ensure!(
        planted.status.code() == Some(FAULT_FOUND) && report.contains("malloc"),
        "The sanitizer did not detect the planted allocation: {report}"
    );
    println!("a planted allocation          seen");
    let found = run(false)?;
    let report = String::from_utf8_lossy(&found.stderr);
    ensure!(found.status.success(), "The plugin is not real-time safe:\n{report}");
    print!("{}", String::from_utf8_lossy(&found.stdout));
    println!("reports                       0");
    Ok(())
}

/// Builds this program with the sanitizer in a target folder of its own.
fn build_host(workspace: &Workspace) -> Result<PathBuf> {
    let target = process::rustc_print(&["host-tuple"])?;
    let library = Path::new(&process::rustc_print(&["sysroot"])?)
        .join("lib/rustlib")
        .join(&target)
        .join("lib/librustc-stable_rt.rtsan.a");
    ensure!(
        library.exists(),
        "This toolchain has no real-time sanitizer: {} is missing.",
        library.display()
    );
    let folder = workspace.target.join("rtsan");
    let mut build = workspace.cargo(&["build", "--release", "--package", "xtask"]);
    build.args(["--features", "rtsan", "--target-dir"]).arg(&folder);
    build.env("RTSAN_ENABLE", "1").env("RTSAN_LIB_PATH", &library);
    // The plugin resolves the sanitizer's functions in the program that loads it.
    build.env("RUSTFLAGS", "-Clink-arg=-rdynamic");
    process::run(&mut build, "The sanitized host could not be built; see the lines above.")?;
    Ok(folder.join("release/xtask"))
}

/// Totals of all hosts.
#[derive(Default)]
struct Totals {
    blocks: AtomicU64,
    notes: AtomicU64,
}

/// Runs the hosts in the program that [`rtsan`] has built. A fault that the sanitizer finds ends
/// the program.
///
/// # Errors
/// If the plugin does not load or reports a fault.
pub(crate) fn watched(clap: &Path, seconds: u64, seed: u64, planted: bool) -> Result<()> {
    let totals = Totals::default();
    if planted {
        in_realtime_context(|| std::hint::black_box(vec![seed; 9]));
    }
    std::thread::scope(|scope| {
        let hosts: Vec<_> = (0..HOSTS)
            .map(|number| {
                let totals = &totals;
                let seed = seed.wrapping_mul(1_000).wrapping_add(number);
                scope.spawn(move || play(clap, Duration::from_secs(seconds), seed, totals))
            })
            .collect();
        hosts.into_iter().try_for_each(|host| host.join().ok().context("a host panicked")?)
    })?;
    println!("blocks                        {}", totals.blocks.load(Ordering::Relaxed));
    println!("notes                         {}", totals.notes.load(Ordering::Relaxed));
    Ok(())
}

/// Plays a random song at the pace of a sound card.
fn play(clap: &Path, time: Duration, seed: u64, totals: &Totals) -> Result<()> {
    let mut host = ClapHost::load(clap, CLAP_ID)?;
    let state = host.save()?;
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let mut random_host = RandomHost::new(rng, HostAbilities { full: true }, 1);
    let mut setup = Setup { offline: false, ..random_host.next_setup() };
    host.activate(setup)?;
    let (begin, mut due, mut output) = (Instant::now(), Instant::now(), Vec::new());
    while begin.elapsed() < time {
        match random_host.next_action() {
            HostAction::Activate(next) => {
                setup = Setup { offline: false, ..next };
                host.activate(setup)?;
            }
            HostAction::Reset => host.reset()?,
            HostAction::Load(_) => host.load(&state)?,
            HostAction::Set(name, value) => host.set(&name, value)?,
            HostAction::Block(block) => {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                output.clear();
                let frames = block.truth.frames;
                host.process(frames, Some(&block.transport), &block.input, &mut output)?;
                // A late block is not caught up, as with a sound card.
                let length = Duration::from_secs_f64(f64::from(frames) / setup.sample_rate);
                due = due.max(Instant::now()) + length;
                totals.blocks.fetch_add(1, Ordering::Relaxed);
                let is_note = |message: &Message| matches!(message, Message::NoteOn { .. });
                let notes = output.iter().filter(|event| is_note(&event.message)).count();
                totals.notes.fetch_add(notes as u64, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}
