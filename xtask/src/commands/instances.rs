//! `cargo xtask instances`: many instances of the built `.clap` in one process at the pace of a
//! sound card. Checks that all play their notes, and measures CPU time and memory.

use crate::build::bundle;
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};
use xtask::host::clap::ClapHost;
use xtask::host::{Host, HostSong, Setup, TimedMessage, Transport};
use xtask::process_usage::{cpu_time_of, resident_memory};
use xtask::workspace::{CLAP_ID, Workspace};

/// Parameter that switches the plugin's own drum sounds.
const AUDITION_KIT: &str = "Audition kit";

/// Name of the plugin's threads.
const WORKER_THREADS: &str = "deep-pocket";

/// Blocks of the pauses: a second, and two.
const SECOND: u32 = 94;
const TWO_SECONDS: u32 = 200;

const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 512, cycle: None };

/// CPU time in percent of one core: the plugin's worker threads, and the host's thread, which runs
/// the plugin's `process`.
struct CpuLoad {
    workers: f64,
    host: f64,
}

impl CpuLoad {
    fn total(&self) -> f64 {
        self.workers + self.host
    }
}

impl std::fmt::Display for CpuLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CpuLoad { workers, host } = self;
        write!(
            f,
            "{:.2} % of a core (workers {workers:.2} %, host with audio {host:.2} %)",
            self.total()
        )
    }
}

/// Runs a closure and measures its CPU load.
fn measure_load<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, CpuLoad)> {
    let (begin, before) = (Instant::now(), cpu_time_of(WORKER_THREADS)?);
    let done = work()?;
    let (wall, after) = (begin.elapsed(), cpu_time_of(WORKER_THREADS)?);
    let percent = |place: usize| {
        (after[place].saturating_sub(before[place])).as_secs_f64() / wall.as_secs_f64() * 100.0
    };
    Ok((done, CpuLoad { workers: percent(0), host: percent(1) }))
}

/// Output of each instance, and the mean time of a block of one of them.
struct Playback {
    recordings: Vec<Vec<TimedMessage>>,
    block_time: Duration,
}

/// Processes blocks with every instance at the pace of a sound card.
fn play(
    hosts: &mut [ClapHost],
    blocks: u32,
    transport: impl Fn(f64) -> Transport,
) -> Result<Playback> {
    let mut recordings = vec![Vec::new(); hosts.len()];
    let (begin, mut busy, mut output) = (Instant::now(), Duration::ZERO, Vec::new());
    for block in 0..blocks {
        let sample = u64::from(block) * u64::from(SONG.block);
        let due = Duration::from_secs_f64(sample as f64 / SONG.sample_rate);
        std::thread::sleep((begin + due).saturating_duration_since(Instant::now()));
        let transport = transport(sample as f64 * SONG.beats_per_sample());
        let called = Instant::now();
        for (host, recording) in hosts.iter_mut().zip(&mut recordings) {
            output.clear();
            host.process(SONG.block, Some(&transport), &[], &mut output)?;
            let at = |offset: u32| sample + u64::from(offset);
            recording.extend(
                output.iter().map(|it| TimedMessage { at: at(it.offset), message: it.message }),
            );
        }
        busy += called.elapsed();
    }
    let calls = blocks.max(1) * u32::try_from(hosts.len().max(1))?;
    Ok(Playback { recordings, block_time: busy / calls })
}

/// CPU time and memory of many instances.
pub(crate) struct InstanceCosts {
    /// All figures as lines of text.
    pub(crate) report: String,
    /// CPU load of all instances while they play, in percent of one core.
    pub(crate) playing: f64,
    /// CPU load while the transport is stopped.
    pub(crate) stopped: f64,
    /// Memory of each instance after the first, in MiB.
    pub(crate) memory_per_instance: f64,
}

/// Returns the CPU load, in percent of one core, of instances of any plugin while the transport is
/// stopped.
///
/// # Errors
/// If the plugin does not load.
pub(crate) fn measure_stopped(plugin: &Path, id: &str, count: u16, seconds: u32) -> Result<f64> {
    let load = |_| {
        let mut host = ClapHost::load(plugin, id)?;
        let (sample_rate, max_block) = (SONG.sample_rate, SONG.block);
        host.activate(Setup { sample_rate, max_block, offline: false })?;
        Ok(host)
    };
    let mut hosts = (0..count).map(load).collect::<Result<Vec<_>>>()?;
    let (_, load) = measure_load(|| play(&mut hosts, seconds * 48_000 / SONG.block, stopped))?;
    Ok(load.total())
}

fn stopped(_: f64) -> Transport {
    Transport { playing: false, ..SONG.transport(0.0) }
}

/// Instances that are ready to play in real time.
struct Instances {
    hosts: Vec<ClapHost>,
    /// Output of each in an offline render.
    expected: Vec<Vec<TimedMessage>>,
    /// Resident memory before and after the first instance, in bytes.
    memory_before: u64,
    memory_with_first: u64,
}

impl Instances {
    /// Loads instances, each with another take, and renders blocks with each of them offline.
    fn load(clap: &Path, count: u16, blocks: u32) -> Result<Self> {
        let memory_before = resident_memory()?;
        let mut instances =
            Instances { hosts: vec![], expected: vec![], memory_before, memory_with_first: 0 };
        let setup = Setup { sample_rate: SONG.sample_rate, max_block: SONG.block, offline: true };
        for number in 0..count {
            let mut host = ClapHost::load(clap, CLAP_ID)?;
            host.set("Take number", f64::from(number) / f64::from(count))?;
            // Users of many instances route them to drum instruments.
            host.set(AUDITION_KIT, 0.0)?;
            host.activate(setup)?;
            SONG.roll_stopped(&mut host, 0.0, SONG.block.into())?;
            let samples = u64::from(blocks) * u64::from(SONG.block);
            instances.expected.push(SONG.roll(&mut host, 0.0, samples)?);
            host.activate(Setup { offline: false, ..setup })?;
            instances.hosts.push(host);
            if number == 0 {
                instances.memory_with_first = resident_memory()?;
            }
        }
        Ok(instances)
    }
}

/// Builds the plugin, plays `count` instances for `seconds`, stops them for as long, and measures
/// their costs.
///
/// # Errors
/// If the plugin does not build or load, an instance plays other notes in real time than offline,
/// or the workers of stopped instances use CPU time.
pub(crate) fn measure(workspace: &Workspace, count: u16, seconds: u32) -> Result<InstanceCosts> {
    let built = bundle::build_bundles(workspace)?;
    let blocks = seconds * 48_000 / SONG.block;
    let Instances { mut hosts, expected, memory_before, memory_with_first } =
        Instances::load(&built.clap, count, blocks)?;
    let hosts = &mut hosts;
    // A pause as between loading a project and starting the transport.
    play(hosts, SECOND, stopped)?;
    let (played, playing) = measure_load(|| play(hosts, blocks, |beats| SONG.transport(beats)))?;
    let memory = resident_memory()?;
    let recordings = played.recordings.iter().zip(&expected);
    let missed = recordings.filter(|(recorded, expected)| recorded != expected).count();
    // The workers finish what they were busy with when the transport stopped.
    play(hosts, TWO_SECONDS, stopped)?;
    let (rested, resting) = measure_load(|| play(hosts, blocks, stopped))?;
    let ((), idle) = measure_load(|| {
        std::thread::sleep(Duration::from_secs(seconds.into()));
        Ok(())
    })?;
    for host in hosts.iter_mut() {
        host.set(AUDITION_KIT, 1.0)?;
    }
    let (_, audible) = measure_load(|| play(hosts, blocks, |beats| SONG.transport(beats)))?;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let first_memory = mebibytes(memory_with_first.saturating_sub(memory_before));
    let memory_per_instance =
        mebibytes(memory.saturating_sub(memory_with_first)) / f64::from(count.max(2) - 1);
    let report = [
        format!("instances                     {count}"),
        format!("playing                       {playing}"),
        format!("  a block of one              {:.1?}", played.block_time),
        format!("  that missed a bar           {missed}"),
        format!("transport stopped             {resting}"),
        format!("  a block of one              {:.1?}", rested.block_time),
        format!("not called by the host        {idle}"),
        format!("playing, each with its kit    {audible}"),
        format!("memory of the first           {first_memory:.1} MB"),
        format!("memory of each other          {memory_per_instance:.2} MB"),
    ]
    .join("\n");
    ensure!(missed == 0, "{report}\n{missed} instances missed notes in real time.");
    ensure!(resting.workers < 1.0, "{report}\nThe workers of stopped instances do not park.");
    let (playing, stopped) = (playing.total(), resting.total());
    Ok(InstanceCosts { report, playing, stopped, memory_per_instance })
}
