//! The audio thread makes no system calls while it plays: a seccomp filter traps each one.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, bail, ensure};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Event, Host, HostSong, Message, Setup};
use xtask::workspace::{CLAP_ID, built_bundle};

const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 256, cycle: None };

/// Number of watched blocks at the pace of a sound card: a few seconds.
const BLOCKS: u32 = 500;

/// Results of a watched thread. It reports them without a system call.
#[derive(Default)]
struct Watch {
    calls: AtomicU64,
    notes: AtomicU64,
    done: AtomicBool,
}

/// Number of trapped system calls, and the number of the last one.
static CALLS: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicI32 = AtomicI32::new(-1);

extern "C" fn caught(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // The record holds three integers, padding, an address, and the number of the system call
    // (sigaction(2)).
    // SAFETY: the kernel passes such a record to the handler of this signal.
    LAST.store(unsafe { info.cast::<i32>().add(6).read() }, Ordering::Relaxed);
    CALLS.fetch_add(1, Ordering::Relaxed);
}

/// Traps and counts each system call of this thread from now on, except the two that the handler
/// and [`rest`] need.
fn watch() -> Result<()> {
    // SAFETY: these flags and an empty mask are valid, and the handler is async-signal-safe.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = caught as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        let failed = libc::sigaction(libc::SIGSYS, &raw const action, std::ptr::null_mut());
        ensure!(failed == 0, "the signal cannot be handled");
    }
    let allowed = [libc::SYS_rt_sigreturn, libc::SYS_ppoll].map(|call| (call, Vec::new()));
    let filter = SeccompFilter::new(
        BTreeMap::from(allowed),
        SeccompAction::Trap,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    Ok(())
}

/// Parks a watched thread until the process ends: ending the thread would be a system call.
fn rest() -> ! {
    loop {
        // SAFETY: without descriptors, time limit, and mask it waits for a signal.
        unsafe { libc::ppoll(std::ptr::null_mut(), 0, std::ptr::null(), std::ptr::null()) };
    }
}

/// Plays, stops, jumps, presses keys, changes parameters, and reports the results.
fn play(watched: &Watch, planted: bool) -> Result<()> {
    let mut host = ClapHost::load(&built_bundle("clap")?, CLAP_ID)?;
    host.activate(Setup { sample_rate: SONG.sample_rate, max_block: SONG.block, offline: false })?;
    let mut output = Vec::with_capacity(1 << 16);
    let (mut beats, mut due) = (0.0, Instant::now());
    let length = Duration::from_secs_f64(f64::from(SONG.block) / SONG.sample_rate);
    // The first half is unwatched: the host may allocate when something happens for the first time.
    for block in 0..2 * BLOCKS {
        if block == BLOCKS {
            watch()?;
            CALLS.store(0, Ordering::Relaxed);
            output.clear();
        }
        let playing = block % 250 > 10;
        match block % 250 {
            60 => beats = 17.3,
            100 => host.set("Repeat", f64::from(block) / 2_000.0)?,
            _ => {}
        }
        let key = |message| [Event { offset: 3, message }];
        let input: &[Event] = match block % 250 {
            150 => &key(Message::NoteOn { key: 49, channel: 0, velocity: 0.8 }),
            200 => &key(Message::NoteOff { key: 49, channel: 0 }),
            _ => &[],
        };
        if planted && block == BLOCKS + 10 {
            // SAFETY: the call has no effect.
            unsafe { libc::getppid() };
        }
        let transport = xtask::host::Transport { playing, ..SONG.transport(beats) };
        host.process(SONG.block, Some(&transport), input, &mut output)?;
        if playing {
            beats += f64::from(SONG.block) * SONG.beats_per_sample();
        }
        // The thread spins at the pace of a sound card, because sleeping is a system call. A late
        // block is not caught up: the plugin would detect an offline render, in which it may block.
        due = due.max(Instant::now()) + length;
        while Instant::now() < due {
            std::hint::spin_loop();
        }
    }
    watched.calls.store(CALLS.load(Ordering::Relaxed), Ordering::Relaxed);
    watched.notes.store(output.len() as u64, Ordering::Relaxed);
    std::mem::forget(host);
    Ok(())
}

/// Returns the system calls and notes of a playing thread.
fn watched(planted: bool) -> Result<(u64, u64)> {
    let watch = Arc::new(Watch::default());
    let theirs = Arc::clone(&watch);
    let thread = std::thread::spawn(move || -> Result<()> {
        play(&theirs, planted)?;
        theirs.done.store(true, Ordering::Release);
        rest()
    });
    while !watch.done.load(Ordering::Acquire) {
        if thread.is_finished() {
            thread.join().ok().context("the audio thread panicked")??;
            bail!("the audio thread ended");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok((watch.calls.load(Ordering::Relaxed), watch.notes.load(Ordering::Relaxed)))
}

#[test]
fn the_audio_thread_makes_no_system_call_while_it_plays() -> Result<()> {
    let (calls, notes) = watched(false)?;
    println!("{calls} system calls, the last {LAST:?}, {notes} note messages");
    assert_eq!(calls, 0, "the last was number {LAST:?}");
    assert!(notes > 10, "{notes} note messages");
    let (planted, _) = watched(true)?;
    assert_eq!(planted, 1, "what is watched for is seen");
    Ok(())
}
