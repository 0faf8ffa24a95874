//! CPU time of the window: `cargo xtask window-cost`.
//!
//! The plugin runs in the CLAP host in real time, on a virtual screen. Mesa renders in software
//! (llvmpipe), so that the whole cost of a frame is CPU time. The argument is a library that prints
//! its own part.

#[path = "../tests/common/mod.rs"]
mod common;

use anyhow::{Context, Result, ensure};
use common::screen::{Screen, run_on_screen};
use common::studio::{SONG, Studio};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, Setup};
use xtask::process_usage;
use xtask::workspace::CLAP_ID;

/// Environment variable of the process that runs on the screen.
const ON_SCREEN: &str = "DEEP_POCKET_COST";
/// Duration of each measurement, in seconds.
const SECONDS: f64 = 10.0;
/// Number of opened windows and of knob changes.
const TIMES: usize = 20;

fn main() -> Result<()> {
    let plugin = PathBuf::from(std::env::args().nth(1).context("say which library")?);
    if std::env::var_os(ON_SCREEN).is_none() {
        let mut again = Command::new(std::env::current_exe()?);
        again.arg(&plugin).env(ON_SCREEN, "1");
        let output = run_on_screen(&mut again, Command::output)?;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "the window could not be measured");
        return report(&String::from_utf8_lossy(&output.stdout));
    }
    let screen = Screen::connect()?;
    opening(&screen, &plugin)?;
    knobs(&screen, &plugin)?;
    for (name, playing) in [("playing", true), ("stopped", false)] {
        let mut studio = Studio::open(&screen, &plugin, 1.0, None)?;
        studio.pass(2.0, playing, &[])?;
        measure(name, || studio.pass(SECONDS, playing, &[]))?;
        // The window prints its own figures when it closes.
        drop(studio);
    }
    let mut studio = Studio::open(&screen, &plugin, 1.0, None)?;
    studio.pass(1.0, true, &[])?;
    studio.host.close_window()?;
    measure("closed", || studio.pass(SECONDS, true, &[]))?;
    println!("end");
    Ok(())
}

/// Prints the CPU load of Mesa's rendering threads and of all others.
fn measure(name: &str, mut run: impl FnMut() -> Result<()>) -> Result<()> {
    let mesa = |times: &[(String, Duration)], is: bool| -> Duration {
        let wanted = times.iter().filter(|(name, _)| name.starts_with("llvmpipe") == is);
        wanted.map(|(_, time)| *time).sum()
    };
    let (before, begun) = (process_usage::cpu_time_by_thread()?, Instant::now());
    run()?;
    let (after, took) = (process_usage::cpu_time_by_thread()?, begun.elapsed().as_secs_f64());
    let share = |is: bool| (mesa(&after, is) - mesa(&before, is)).as_secs_f64() / took;
    println!("cores {name} {} {}", share(true), share(false));
    Ok(())
}

/// Prints the time until a window shows its first frame, in milliseconds.
fn opening(screen: &Screen, plugin: &Path) -> Result<()> {
    let mut host = ClapHost::load(plugin, CLAP_ID)?;
    host.activate(Setup { sample_rate: 48_000.0, max_block: SONG.block, offline: false })?;
    for _ in 0..TIMES {
        let begun = Instant::now();
        let size = host.create_window()?;
        let parent = screen.window(size)?;
        let blank = screen.part(parent, (2, 2), (8, 8))?;
        host.attach_window(parent)?;
        // The window's background is black before the first frame.
        let drawn = |part: &[u8]| part != blank && part.chunks(4).any(|pixel| pixel[0] > 0x10);
        while !drawn(&screen.part(parent, (2, 2), (8, 8))?) {
            ensure!(begun.elapsed() < Duration::from_secs(10), "the window stays blank");
            host.pump();
            std::thread::sleep(Duration::from_millis(1));
        }
        println!("opened {}", begun.elapsed().as_secs_f64() * 1e3);
        host.close_window()?;
        screen.destroy(parent)?;
    }
    Ok(())
}

/// Prints the time from a knob change in the host until the phrase changes on the screen, in
/// milliseconds. The song is stopped, so that nothing else moves.
fn knobs(screen: &Screen, plugin: &Path) -> Result<()> {
    let mut studio = Studio::open(screen, plugin, 1.0, None)?;
    studio.rest(1.0)?;
    let parent = studio.parent;
    let phrase = || screen.part(parent, (260, 100), (900, 340));
    for turn in 0..TIMES {
        let before = phrase()?;
        studio.host.set("Daring", if turn % 2 == 0 { 0.95 } else { 0.5 })?;
        let begun = Instant::now();
        studio.block()?;
        while phrase()? == before {
            ensure!(begun.elapsed() < Duration::from_secs(5), "the phrase stays as it is");
            studio.block()?;
        }
        println!("knob {}", begun.elapsed().as_secs_f64() * 1e3);
        studio.rest(0.5)?;
    }
    Ok(())
}

/// Prints the figures as text.
fn report(text: &str) -> Result<()> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    ensure!(text.ends_with("end\n"), "the figures are not complete");
    let figures = |name: &str| -> Vec<f64> {
        let named = lines.iter().filter(|line| line[0] == name);
        let mut figures: Vec<f64> = named.filter_map(|line| line.get(1)?.parse().ok()).collect();
        figures.sort_by(f64::total_cmp);
        figures
    };
    for (name, what) in
        [("opened", "from opening to the first picture"), ("knob", "from a knob to the new phrase")]
    {
        let sorted = figures(name);
        let (middle, last) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
        let frames = last * 60.0 / 1e3;
        println!("{what}: {middle:.0} ms, {last:.0} at most ({frames:.1} pictures at 60 a second)");
    }
    // Each window prints its figures when it closes; they belong to the state above.
    let mut state = None;
    for line in &lines {
        match line[..] {
            ["cores", name, mesa, others] => {
                let percent = |share: &str| share.parse::<f64>().map(|share| share * 100.0);
                let (mesa, others) = (percent(mesa)?, percent(others)?);
                println!(
                    "{name}: {:.1} % of a core, {mesa:.1} of it in Mesa's threads",
                    mesa + others
                );
                state = Some(name);
            }
            ["window", pictures, micros] => {
                let (pictures, micros): (f64, f64) = (pictures.parse()?, micros.parse()?);
                if let Some(name) = state.take() {
                    let each = micros / pictures.max(1.0);
                    println!("  {name}: {pictures} pictures, {each:.0} µs of our own in each");
                }
            }
            _ => {}
        }
    }
    Ok(())
}
