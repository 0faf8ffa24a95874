//! `cargo xtask bench`: how fast everything is, as one table, each figure beside what the project
//! promises.
//!
//! The benches of the crates print lines `figure NAME NUMBER`, which are collected here. What only
//! the built plugin shows is measured here, in our own host: how long it takes to start and to
//! process a block, beside a plugin of the same framework that does nothing.

use crate::{bundle, instances, system};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use xtask::host::clap::Clap;
use xtask::host::{Event, Host, Setup, Song};
use xtask::workspace::{CLAP_ID, Workspace, cargo};

/// The benches that print figures.
const BENCHES: [&str; 3] = ["step", "knob", "update"];

/// What is promised: a figure, what it is at most, and what it is of.
const PROMISES: [(&str, f64, &str); 14] = [
    ("step_vs_weights", 1.5, "a step, by reading the weights once"),
    ("step_vs_onnx", 0.6, "a step, by ONNX Runtime's"),
    ("phrase_ms", 16.0, "a phrase of 4 bars"),
    ("first_bar_ms", 5.0, "the first bar of a take"),
    ("knob_p99_ms", 20.0, "from a knob to changed notes, 99th percentile"),
    ("process_vs_empty", 2.0, "process(), 64 frames, by an empty plugin's"),
    ("process_p999_us", 20.0, "process(), 99.9th percentile"),
    ("audition_share", 0.01, "process() with audition on, of the block's time"),
    ("instances_128_cores", 0.1, "128 instances that play, of one core"),
    ("instance_mib", 1.0, "memory of each instance after the first"),
    ("first_instance_ms", 50.0, "the first instance, until it can play"),
    ("next_instance_ms", 5.0, "each other instance, until it can play"),
    ("plugin_mib", 20.0, "the plugin's file"),
    ("train_vs_pytorch", 1.0, "an update in training, by PyTorch's"),
];

/// The id of `plugin/examples/empty.rs`.
const EMPTY_ID: &str = "org.deeppocket.empty";

/// Four bars that go round and round: after the first time their notes are all at hand.
const SONG: Song = Song {
    sample_rate: 48_000.0,
    tempo: 120.0,
    meter: (4, 4),
    block: 64,
    cycle: Some((0.0, 16.0)),
};
/// Samples of a round, a multiple of all sizes of blocks.
const ROUND: u32 = 384_000;

/// Blocks that are timed, of each size.
const CALLS: u32 = 60_000;

type Figures = BTreeMap<String, f64>;

/// Measures everything, and prints a table or JSON. ONNX Runtime and PyTorch take part where the
/// Python of the variable `PYTHON` has them.
///
/// # Errors
/// Something does not build, or does not play.
pub(crate) fn bench(workspace: &Workspace, json: bool) -> Result<()> {
    system::provide(system::Purpose::Build)?;
    let built = bundle::bundle(workspace)?;
    let mut example = cargo();
    example.current_dir(&workspace.root).args(["build", "--release", "--workspace"]);
    example.args(["--example", "empty", "--target-dir"]).arg(&workspace.target);
    let mut built_ahead = benches(workspace);
    for command in [&mut example, built_ahead.arg("--no-run")] {
        let status = command.status().context("Cargo could not be run")?;
        ensure!(status.success(), "The benches could not be built; the lines above say why.");
    }
    let empty =
        workspace.target.join("release/examples").join(format!("{DLL_PREFIX}empty{DLL_SUFFIX}"));
    let mut figures = Figures::new();
    let megabytes = std::fs::metadata(&built.clap)?.len() as f64 / f64::from(1 << 20);
    figures.insert("plugin_mib".into(), megabytes);
    start(&built.clap, &empty, &mut figures)?;
    blocks(&built.clap, &empty, &mut figures)?;
    run_benches(workspace, &mut figures)?;
    let outcome = instances::instances(workspace, 128, 10)?;
    eprintln!("{}", outcome.report);
    figures.insert("instances_128_cores".into(), outcome.playing / 100.0);
    figures.insert("stopped_128_cores".into(), outcome.stopped / 100.0);
    let nothing = instances::called(&empty, EMPTY_ID, 128, 10)?;
    figures.insert("stopped_128_empty_cores".into(), nothing / 100.0);
    figures.insert("instance_mib".into(), outcome.more);
    if json {
        let known = |(name, ..): &(&str, f64, &str)| (name.to_string(), figures.get(*name));
        let known: BTreeMap<_, _> = PROMISES.iter().map(known).collect();
        println!("{}", serde_json::to_string_pretty(&known)?);
    } else {
        print_table(&figures);
    }
    Ok(())
}

fn print_table(figures: &Figures) {
    println!();
    for (name, most, what) in PROMISES {
        match figures.get(name) {
            Some(found) => {
                let missed = if *found <= most { "" } else { "  MISSED" };
                println!("{name:<20} {found:>9.3}  at most {most:>5}  {what}{missed}");
            }
            None => println!("{name:<20} {:>9}  at most {most:>5}  {what}", "-"),
        }
    }
    println!();
    let promised = |name: &str| PROMISES.iter().any(|(promised, ..)| *promised == name);
    for (name, found) in figures.iter().filter(|(name, _)| !promised(name)) {
        println!("{name:<32} {found:>9.3}");
    }
}

/// The command line that builds and runs the crates' benches.
fn benches(workspace: &Workspace) -> Command {
    let mut command = cargo();
    command.current_dir(&workspace.root).args(["bench", "--workspace", "--target-dir"]);
    command.arg(&workspace.target);
    BENCHES.iter().for_each(|bench| {
        command.args(["--bench", bench]);
    });
    command
}

/// Runs the crates' benches and takes in the figures that they print.
fn run_benches(workspace: &Workspace, figures: &mut Figures) -> Result<()> {
    let mut command = benches(workspace);
    let mut child = command.stdout(Stdio::piped()).spawn().context("Cargo could not be run")?;
    let output = child.stdout.take().context("the benches have no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        if words.next() == Some("figure")
            && let (Some(name), Some(Ok(number))) = (words.next(), words.next().map(str::parse))
        {
            figures.insert(name.into(), number);
        } else {
            eprintln!("{line}");
        }
    }
    ensure!(child.wait()?.success(), "A bench failed; the lines above say why.");
    Ok(())
}

/// An instance that is ready to play, and how long that took: from its creation on.
fn create(path: &Path, id: &str) -> Result<(Clap, Duration)> {
    let begin = Instant::now();
    let mut host = Clap::load(path, id)?;
    let (sample_rate, max_block) = (SONG.sample_rate, 1024);
    host.activate(Setup { sample_rate, max_block, offline: false })?;
    Ok((host, begin.elapsed()))
}

/// How long instances take until they can play. Comes before all else: the weights are read once in
/// a process.
fn start(plugin: &Path, empty: &Path, figures: &mut Figures) -> Result<()> {
    let mut put = |name: &str, time: Duration| {
        figures.insert(name.into(), time.as_secs_f64() * 1e3);
    };
    let (nothing, time) = create(empty, EMPTY_ID)?;
    put("first_empty_instance_ms", time);
    let (first, time) = create(plugin, CLAP_ID)?;
    put("first_instance_ms", time);
    let mut hosts = vec![first, nothing];
    let mut times = Vec::new();
    for _ in 0..16 {
        let (mut host, time) = create(plugin, CLAP_ID)?;
        let mut notes = Vec::new();
        host.process(SONG.block, Some(&SONG.transport(0.0)), &[], &mut notes)?;
        ensure!(!notes.is_empty(), "An instance that was ready played nothing.");
        times.push(time);
        hosts.push(host);
    }
    times.sort_unstable();
    put("next_instance_ms", times[times.len() / 2]);
    Ok(())
}

/// A plugin that goes round the song.
struct Round {
    host: Clap,
    blocks: u32,
    notes: Vec<Event>,
}

impl Round {
    /// Goes round once, in no hurry, so that the notes of every bar are at hand.
    fn new(path: &Path, id: &str) -> Result<Self> {
        let (host, _) = create(path, id)?;
        let mut round = Round { host, blocks: 0, notes: Vec::new() };
        for _ in 0..ROUND / 1_000 {
            round.block(1_000)?;
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(round)
    }

    /// Plays a block of so many frames, and says how long the plugin took.
    fn block(&mut self, frames: u32) -> Result<Duration> {
        let block = self.blocks % (ROUND / frames);
        let beats = f64::from(block) * f64::from(frames) * SONG.beats_per_sample();
        self.blocks += 1;
        self.notes.clear();
        self.host.process(frames, Some(&SONG.transport(beats)), &[], &mut self.notes)?;
        Ok(self.host.took())
    }

    /// Switches the audition kit, if there is one; says whether there is.
    fn audition(&mut self, on: bool) -> Result<bool> {
        let names = self.host.parameters().into_iter().map(|(name, _)| name);
        let Some(name) = names.into_iter().find(|name| name == "Audition kit") else {
            return Ok(false);
        };
        self.host.set(&name, f64::from(u8::from(on)))?;
        Ok(true)
    }
}

/// How long blocks take, in turns with a plugin that does nothing.
fn blocks(plugin: &Path, empty: &Path, figures: &mut Figures) -> Result<()> {
    let mut ours = Round::new(plugin, CLAP_ID)?;
    let mut nothing = Round::new(empty, EMPTY_ID)?;
    let has_audition = ours.audition(false)?;
    let middle = |times: &mut Vec<Duration>, share: f64| {
        times.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (times.len() as f64 * share) as usize;
        times[place].as_secs_f64() * 1e6
    };
    for frames in [64, 16, 256, 1024] {
        (ours.blocks, nothing.blocks) = (0, 0);
        let mut times: [Vec<Duration>; 2] = Default::default();
        for _ in 0..CALLS {
            times[0].push(ours.block(frames)?);
            times[1].push(nothing.block(frames)?);
        }
        let [mut times, mut empty] = times;
        let (own, others) = (middle(&mut times, 0.5), middle(&mut empty, 0.5));
        figures.insert(format!("process_{frames}_frames_us"), own);
        figures.insert(format!("empty_{frames}_frames_us"), others);
        if frames == SONG.block {
            figures.insert("process_vs_empty".into(), own / others);
            figures.insert("process_p999_us".into(), middle(&mut times, 0.999));
            figures.insert("empty_p999_us".into(), middle(&mut empty, 0.999));
        }
    }
    if has_audition {
        ours.audition(true)?;
        ours.blocks = 0;
        let times = (0..CALLS).map(|_| ours.block(SONG.block)).collect::<Result<Vec<_>>>()?;
        let mean = times.iter().sum::<Duration>().as_secs_f64() / f64::from(CALLS);
        let block = f64::from(SONG.block) / SONG.sample_rate;
        figures.insert("audition_share".into(), mean / block);
    }
    Ok(())
}
