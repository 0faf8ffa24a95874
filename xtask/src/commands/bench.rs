//! `cargo xtask bench`: performance figures beside their targets, as a table.
//!
//! The benches of the crates print lines `figure NAME NUMBER`, which are collected here. Figures of
//! the built plugin are measured here in the CLAP host: start-up and block times, beside an empty
//! plugin of the same framework.

use super::instances;
use crate::build::{bundle, process};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Event, Host, HostSong, Setup};
use xtask::workspace::{CLAP_ID, Workspace};

/// Benches that print figures.
const BENCHES: [&str; 3] = ["step", "knob", "update"];

/// Targets: name of a figure, its upper limit, and its description.
const TARGETS: [(&str, f64, &str); 16] = [
    ("step_vs_weights", 1.5, "a step, by reading the weights once"),
    ("step_vs_bytes", 1.0, "a step, by reading the player's own bytes once"),
    ("step_vs_onnx", 0.6, "a step, by ONNX Runtime's"),
    ("phrase_ms", 16.0, "a phrase of 4 bars"),
    ("first_bar_ms", 5.0, "the first bar of a take"),
    ("knob_p99_ms", 20.0, "from a knob to changed notes, 99th percentile"),
    ("process_vs_empty", 2.0, "process(), 64 frames, by an empty plugin's"),
    ("process_p999_us", 20.0, "process(), 99.9th percentile"),
    ("audition_share", 0.01, "process() with audition on, of the block's time"),
    ("instances_128_cores", 0.1, "128 instances that play, of one core"),
    ("instances_512_cores", 0.2, "512 instances that play, of one core"),
    ("instance_mib", 1.0, "memory of each instance after the first"),
    ("first_instance_ms", 50.0, "the first instance, until it can play"),
    ("next_instance_ms", 5.0, "each other instance, until it can play"),
    ("plugin_mib", 20.0, "the plugin's file"),
    ("train_vs_pytorch", 1.0, "an update in training, by PyTorch's"),
];

/// Variable that lowers the vector instructions of the player's products, for measurements.
const SIMD_VARIABLE: &str = "DEEP_POCKET_SIMD";

/// CLAP id of `plugin/examples/empty.rs`.
const EMPTY_ID: &str = "org.deeppocket.empty";

/// Loop of four bars. After the first pass all its notes are cached.
const SONG: HostSong = HostSong {
    sample_rate: 48_000.0,
    tempo: 120.0,
    meter: (4, 4),
    block: 64,
    cycle: Some((0.0, 16.0)),
};

/// Blocks in which a new instance must play its first hit: 20 ms.
const FIRST_BLOCKS: u32 = 15;

/// Samples of a pass of the loop, a multiple of all block sizes.
const PASS: u32 = 384_000;

/// Timed blocks of each size.
const CALLS: u32 = 60_000;

type Figures = BTreeMap<String, f64>;

/// Measures everything and prints a table or JSON. ONNX Runtime and PyTorch are included if the
/// Python of the variable `PYTHON` has them.
///
/// # Errors
/// If a build fails or the plugin does not play.
pub(crate) fn bench(workspace: &Workspace, json: bool) -> Result<()> {
    if let Ok(limit) = std::env::var(SIMD_VARIABLE) {
        ensure!(
            ["avx512", "avx2", "portable"].contains(&limit.as_str()),
            "{SIMD_VARIABLE} is {limit:?}: it takes avx512, avx2 or portable."
        );
    }
    let built = bundle::build_bundles(workspace)?;
    let empty = build_benches(workspace)?;
    let mut figures = Figures::new();
    let megabytes = std::fs::metadata(&built.clap)?.len() as f64 / f64::from(1 << 20);
    figures.insert("plugin_mib".into(), megabytes);
    measure_startup(&built.clap, &empty, &mut figures)?;
    measure_blocks(&built.clap, &empty, &mut figures)?;
    run_benches(workspace, &mut figures)?;
    let costs = instances::measure(workspace, 128, 10)?;
    eprintln!("{}", costs.report);
    figures.insert("instances_128_cores".into(), costs.playing / 100.0);
    figures.insert("stopped_128_cores".into(), costs.stopped / 100.0);
    let more = instances::measure(workspace, 512, 10)?;
    figures.insert("instances_512_cores".into(), more.playing / 100.0);
    let empty_plugin = instances::measure_stopped(&empty, EMPTY_ID, 128, 10)?;
    figures.insert("stopped_128_empty_cores".into(), empty_plugin / 100.0);
    figures.insert("instance_mib".into(), costs.memory_per_instance);
    if json {
        let known = |(name, ..): &(&str, f64, &str)| (name.to_string(), json!(figures.get(*name)));
        let mut known: BTreeMap<_, _> = TARGETS.iter().map(known).collect();
        known.insert("processor".into(), json!(processor()));
        println!("{}", serde_json::to_string_pretty(&known)?);
    } else {
        println!("\n{}", processor());
        print_table(&figures);
    }
    Ok(())
}

/// Builds the benches and the empty plugin, and returns the path of that.
fn build_benches(workspace: &Workspace) -> Result<PathBuf> {
    let mut empty = workspace.cargo(&["build", "--release", "--workspace", "--example", "empty"]);
    let mut benches = benches(workspace);
    for command in [&mut empty, benches.arg("--no-run")] {
        process::run(command, "The benches could not be built; see the lines above.")?;
    }
    let folder = workspace.target.join("release/examples");
    Ok(folder.join(format!("{DLL_PREFIX}empty{DLL_SUFFIX}")))
}

/// Returns the processor's name, number of cores and widest vector instructions, and the limit that
/// [`SIMD_VARIABLE`] sets to those of the player's products.
fn processor() -> String {
    let description = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = description.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let limit = std::env::var("DEEP_POCKET_SIMD")
        .map_or(String::new(), |limit| format!(", DEEP_POCKET_SIMD={limit}"));
    format!("{name}, {cores} cores, {}{limit}", vector_instructions())
}

/// Returns the name of the widest vector instructions of the processor.
fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512vnni") {
            return "AVX-512 with VNNI";
        }
        if is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2 with FMA";
        }
    }
    std::env::consts::ARCH
}

fn print_table(figures: &Figures) {
    println!();
    for (name, limit, description) in TARGETS {
        match figures.get(name) {
            Some(found) => {
                let missed = if *found <= limit { "" } else { "  MISSED" };
                println!("{name:<20} {found:>9.3}  at most {limit:>5}  {description}{missed}");
            }
            None => println!("{name:<20} {:>9}  at most {limit:>5}  {description}", "-"),
        }
    }
    println!();
    let has_target = |name: &str| TARGETS.iter().any(|(known, ..)| *known == name);
    for (name, found) in figures.iter().filter(|(name, _)| !has_target(name)) {
        println!("{name:<32} {found:>9.3}");
    }
}

/// Returns the command line that builds and runs the crates' benches.
fn benches(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo(&["bench", "--workspace"]);
    command.args(BENCHES.iter().flat_map(|bench| ["--bench", bench]));
    command
}

/// Runs the crates' benches and collects the figures that they print.
fn run_benches(workspace: &Workspace, figures: &mut Figures) -> Result<()> {
    let mut command = benches(workspace);
    let mut child = command.stdout(Stdio::piped()).spawn().context("`cargo` could not be run")?;
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
    ensure!(child.wait()?.success(), "A bench failed; see the lines above.");
    Ok(())
}

/// Creates and activates an instance, and returns the time that this took.
fn create(path: &Path, id: &str) -> Result<(ClapHost, Duration)> {
    let begin = Instant::now();
    let mut host = ClapHost::load(path, id)?;
    let (sample_rate, max_block) = (SONG.sample_rate, 1024);
    host.activate(Setup { sample_rate, max_block, offline: false })?;
    Ok((host, begin.elapsed()))
}

/// Measures the time until an instance can play. Must run first: a process reads the weights once.
fn measure_startup(plugin: &Path, empty: &Path, figures: &mut Figures) -> Result<()> {
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
        // The first hit may be late by some milliseconds.
        for block in 0..FIRST_BLOCKS {
            let beats = f64::from(block * SONG.block) * SONG.beats_per_sample();
            host.process(SONG.block, Some(&SONG.transport(beats)), &[], &mut notes)?;
        }
        ensure!(!notes.is_empty(), "An active instance played nothing.");
        times.push(time);
        hosts.push(host);
    }
    times.sort_unstable();
    put("next_instance_ms", times[times.len() / 2]);
    Ok(())
}

/// An instance that plays the loop.
struct LoopedInstance {
    host: ClapHost,
    blocks: u32,
    notes: Vec<Event>,
}

impl LoopedInstance {
    /// Plays the loop once, slowly, so that the notes of every bar are cached.
    fn new(path: &Path, id: &str) -> Result<Self> {
        let (host, _) = create(path, id)?;
        let mut instance = LoopedInstance { host, blocks: 0, notes: Vec::new() };
        for _ in 0..PASS / 1_000 {
            instance.process_block(1_000)?;
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(instance)
    }

    /// Processes a block and returns the time that the plugin took.
    fn process_block(&mut self, frames: u32) -> Result<Duration> {
        let block = self.blocks % (PASS / frames);
        let beats = f64::from(block) * f64::from(frames) * SONG.beats_per_sample();
        self.blocks += 1;
        self.notes.clear();
        self.host.process(frames, Some(&SONG.transport(beats)), &[], &mut self.notes)?;
        Ok(self.host.last_block_duration())
    }

    /// Switches the audition kit on or off; returns false if the plugin has none.
    fn set_audition(&mut self, on: bool) -> Result<bool> {
        let names = self.host.parameters().into_iter().map(|(name, _)| name);
        let Some(name) = names.into_iter().find(|name| name == "Audition kit") else {
            return Ok(false);
        };
        self.host.set(&name, f64::from(u8::from(on)))?;
        Ok(true)
    }
}

/// Measures block times, in turns with the empty plugin.
fn measure_blocks(plugin: &Path, empty: &Path, figures: &mut Figures) -> Result<()> {
    let mut ours = LoopedInstance::new(plugin, CLAP_ID)?;
    let mut empty_plugin = LoopedInstance::new(empty, EMPTY_ID)?;
    let has_audition = ours.set_audition(false)?;
    let quantile = |times: &mut Vec<Duration>, share: f64| {
        times.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (times.len() as f64 * share) as usize;
        times[place].as_secs_f64() * 1e6
    };
    for frames in [64, 16, 256, 1024] {
        (ours.blocks, empty_plugin.blocks) = (0, 0);
        let mut times: [Vec<Duration>; 2] = Default::default();
        for _ in 0..CALLS {
            times[0].push(ours.process_block(frames)?);
            times[1].push(empty_plugin.process_block(frames)?);
        }
        let [mut times, mut empty] = times;
        let (own, others) = (quantile(&mut times, 0.5), quantile(&mut empty, 0.5));
        figures.insert(format!("process_{frames}_frames_us"), own);
        figures.insert(format!("empty_{frames}_frames_us"), others);
        if frames == SONG.block {
            figures.insert("process_vs_empty".into(), own / others);
            figures.insert("process_p999_us".into(), quantile(&mut times, 0.999));
            figures.insert("empty_p999_us".into(), quantile(&mut empty, 0.999));
        }
    }
    if has_audition {
        ours.set_audition(true)?;
        ours.blocks = 0;
        let times =
            (0..CALLS).map(|_| ours.process_block(SONG.block)).collect::<Result<Vec<_>>>()?;
        let mean = times.iter().sum::<Duration>().as_secs_f64() / f64::from(CALLS);
        let block = f64::from(SONG.block) / SONG.sample_rate;
        figures.insert("audition_share".into(), mean / block);
    }
    Ok(())
}
