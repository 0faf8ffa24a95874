//! `cargo xtask rtsan`: the unmodified bundle under the compiler's real-time sanitizer.
//!
//! This program builds itself once more, with the sanitizer's library, which watches what the
//! loaded plugin calls. That one is the host of the torture, on many threads and at the pace of
//! sound cards, because faster than that the plugin takes it for a bounce and may wait. Each
//! `process` runs in a context in which allocations, locks and system calls end the program with a
//! report. That faults are seen is tried first, with a host that allocates in that context.

use crate::{bundle, system};
use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use xtask::host::clap::Clap;
use xtask::host::realtime::in_real_time;
use xtask::host::{Host, Message, Setup};
use xtask::torture::act::{Abilities, Act};
use xtask::torture::script::Script;
use xtask::workspace::{CLAP_ID, Workspace, cargo};

/// Hosts at once. Most of the time they sleep.
const HOSTS: u64 = 24;

/// How the sanitizer ends a program in which it has found something.
const FOUND: i32 = 43;

/// Builds the plugin and the watching host, and lets that run for so many seconds.
///
/// # Errors
/// Something does not build, the plugin does what it must not, or a planted fault is not seen.
pub(crate) fn rtsan(workspace: &Workspace, seconds: u64, seed: u64) -> Result<()> {
    system::provide(system::Purpose::Build)?;
    let clap = bundle::bundle(workspace)?.clap;
    let program = build(workspace)?;
    let run = |planted: bool| -> Result<Output> {
        let mut host = Command::new(&program);
        host.arg("watched").arg(&clap).args(["--seconds", &seconds.to_string()]);
        host.args(["--seed", &seed.to_string()]);
        if planted {
            host.arg("--plant");
        }
        host.output().context("the watching host could not be run")
    };
    let planted = run(true)?;
    let report = String::from_utf8_lossy(&planted.stderr);
    ensure!(
        planted.status.code() == Some(FOUND) && report.contains("malloc"),
        "An allocation in the host's own real-time context was not seen: {report}"
    );
    println!("a planted allocation          seen");
    let found = run(false)?;
    let report = String::from_utf8_lossy(&found.stderr);
    ensure!(found.status.success(), "The plugin does what it must not:\n{report}");
    print!("{}", String::from_utf8_lossy(&found.stdout));
    println!("reports                       0");
    Ok(())
}

/// Builds this program with the sanitizer, in a folder of its own.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let rustc = |ask: &[&str]| -> Result<String> {
        let output = Command::new("rustc").args(ask).output().context("rustc could not be run")?;
        Ok(String::from_utf8(output.stdout)?.trim().into())
    };
    let target = rustc(&["--print", "host-tuple"])?;
    let libraries = Path::new(&rustc(&["--print", "sysroot"])?)
        .join("lib/rustlib")
        .join(&target)
        .join("lib/librustc-stable_rt.rtsan.a");
    ensure!(
        libraries.exists(),
        "This toolchain has no real-time sanitizer: {} is missing.",
        libraries.display()
    );
    let folder = workspace.target.join("rtsan");
    let status = cargo()
        .current_dir(&workspace.root)
        .args(["build", "--release", "--package", "xtask", "--features", "rtsan"])
        .arg("--target-dir")
        .arg(&folder)
        .env("RTSAN_ENABLE", "1")
        .env("RTSAN_LIB_PATH", &libraries)
        // The plugin finds the sanitizer's functions in the program that loads it.
        .env("RUSTFLAGS", "-Clink-arg=-rdynamic")
        .status()
        .context("Cargo could not be run")?;
    ensure!(status.success(), "The watching host could not be built; the lines above say why.");
    Ok(folder.join("release/xtask"))
}

/// What the hosts have done.
#[derive(Default)]
struct Done {
    blocks: AtomicU64,
    notes: AtomicU64,
}

/// Is the watching host, in the program that [`rtsan`] has built.
///
/// # Errors
/// The plugin does not load or reports a fault. What the sanitizer finds ends the program.
pub(crate) fn watched(clap: &Path, seconds: u64, seed: u64, planted: bool) -> Result<()> {
    let done = Done::default();
    if planted {
        in_real_time(|| std::hint::black_box(vec![seed; 9]));
    }
    std::thread::scope(|scope| {
        let hosts: Vec<_> = (0..HOSTS)
            .map(|host| {
                let done = &done;
                let seed = seed.wrapping_mul(1_000).wrapping_add(host);
                scope.spawn(move || play(clap, Duration::from_secs(seconds), seed, done))
            })
            .collect();
        hosts.into_iter().try_for_each(|host| host.join().ok().context("a host failed")?)
    })?;
    println!("blocks                        {}", done.blocks.load(Ordering::Relaxed));
    println!("notes                         {}", done.notes.load(Ordering::Relaxed));
    Ok(())
}

/// Plays what a seed makes up, at the pace of a sound card.
fn play(clap: &Path, time: Duration, seed: u64, done: &Done) -> Result<()> {
    let mut host = Clap::load(clap, CLAP_ID)?;
    let state = host.save()?;
    let mut script = Script::new(ChaCha8Rng::seed_from_u64(seed), Abilities { full: true }, 1);
    let mut setup = Setup { offline: false, ..script.setup() };
    host.activate(setup)?;
    let (begin, mut due, mut output) = (Instant::now(), Instant::now(), Vec::new());
    while begin.elapsed() < time {
        match script.act() {
            Act::Activate(next) => {
                setup = Setup { offline: false, ..next };
                host.activate(setup)?;
            }
            Act::Reset => host.reset()?,
            Act::Load(_) => host.load(&state)?,
            Act::Set(name, value) => host.set(&name, value)?,
            Act::Block(block) => {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                output.clear();
                let frames = block.truth.frames;
                host.process(frames, Some(&block.transport), &block.input, &mut output)?;
                // What comes late is not caught up, as with a sound card.
                let length = Duration::from_secs_f64(f64::from(frames) / setup.sample_rate);
                due = due.max(Instant::now()) + length;
                done.blocks.fetch_add(1, Ordering::Relaxed);
                let is_note = |message: &Message| matches!(message, Message::On { .. });
                let notes = output.iter().filter(|event| is_note(&event.message)).count();
                done.notes.fetch_add(notes as u64, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}
