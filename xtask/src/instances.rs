//! `cargo xtask instances`: many instances of the built `.clap` in one process, at the pace of a
//! sound card: whether all play what they must, and what that costs.

use crate::{bundle, system};
use anyhow::{Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};
use xtask::host::clap::Clap;
use xtask::host::{Heard, Host, Setup, Song, Transport};
use xtask::usage::{resident, time_of};
use xtask::workspace::{CLAP_ID, Workspace};

/// The switch of the drums that the plugin itself plays.
const KIT: &str = "Audition kit";

/// What the plugin calls its threads.
const WORKERS: &str = "deep-pocket";

const SONG: Song =
    Song { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 512, cycle: None };

/// What all threads together used of one core, in percent: the plugin's own, and the host's, which
/// calls into the plugin.
struct Cost {
    workers: f64,
    host: f64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cost { workers, host } = self;
        write!(
            f,
            "{:.2} % of a core (workers {workers:.2} %, host with audio {host:.2} %)",
            workers + host
        )
    }
}

/// Does something and measures what it costs.
fn cost<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Cost)> {
    let (begin, before) = (Instant::now(), time_of(WORKERS)?);
    let done = work()?;
    let (wall, after) = (begin.elapsed(), time_of(WORKERS)?);
    let percent = |place: usize| {
        (after[place].saturating_sub(before[place])).as_secs_f64() / wall.as_secs_f64() * 100.0
    };
    Ok((done, Cost { workers: percent(0), host: percent(1) }))
}

/// What came out of each instance, and how long the plugin took for a block of one of them.
struct Rolled {
    heard: Vec<Vec<Heard>>,
    block: Duration,
}

/// Has every instance process so many blocks at the pace of a sound card.
fn roll(hosts: &mut [Clap], blocks: u32, transport: impl Fn(f64) -> Transport) -> Result<Rolled> {
    let mut heard = vec![Vec::new(); hosts.len()];
    let (begin, mut busy, mut output) = (Instant::now(), Duration::ZERO, Vec::new());
    for block in 0..blocks {
        let sample = u64::from(block) * u64::from(SONG.block);
        let due = Duration::from_secs_f64(sample as f64 / SONG.sample_rate);
        std::thread::sleep((begin + due).saturating_duration_since(Instant::now()));
        let transport = transport(sample as f64 * SONG.beats_per_sample());
        let called = Instant::now();
        for (host, heard) in hosts.iter_mut().zip(&mut heard) {
            output.clear();
            host.process(SONG.block, Some(&transport), &[], &mut output)?;
            let at = |offset: u32| sample + u64::from(offset);
            heard.extend(output.iter().map(|it| Heard { at: at(it.offset), message: it.message }));
        }
        busy += called.elapsed();
    }
    let calls = blocks.max(1) * u32::try_from(hosts.len().max(1))?;
    Ok(Rolled { heard, block: busy / calls })
}

/// What many instances cost.
pub(crate) struct Outcome {
    /// All of it, in lines.
    pub(crate) report: String,
    /// Of one core, in percent, all threads together: while they play.
    pub(crate) playing: f64,
    /// The same while the host calls them with a transport that stands.
    pub(crate) stopped: f64,
    /// Memory of each after the first, in MB of 2^20 bytes.
    pub(crate) more: f64,
}

/// What it costs, of one core in percent, to call as many instances of another plugin as often with
/// a transport that stands.
///
/// # Errors
/// The plugin does not load.
pub(crate) fn called(plugin: &Path, id: &str, count: u16, seconds: u32) -> Result<f64> {
    let load = |_| {
        let mut host = Clap::load(plugin, id)?;
        let (sample_rate, max_block) = (SONG.sample_rate, SONG.block);
        host.activate(Setup { sample_rate, max_block, offline: false })?;
        Ok(host)
    };
    let mut hosts = (0..count).map(load).collect::<Result<Vec<_>>>()?;
    let (_, cost) = cost(|| roll(&mut hosts, seconds * 48_000 / SONG.block, stopped))?;
    Ok(cost.workers + cost.host)
}

fn stopped(_: f64) -> Transport {
    Transport { playing: false, ..SONG.transport(0.0) }
}

/// Builds the plugin, plays so many instances of it for so many seconds, lets them rest as long,
/// and says what that cost.
///
/// # Errors
/// The plugin does not build or load, an instance does not play what it plays in a bounce, or
/// instances that rest are not cheap.
pub(crate) fn instances(workspace: &Workspace, count: u16, seconds: u32) -> Result<Outcome> {
    system::provide(system::Purpose::Build)?;
    let built = bundle::bundle(workspace)?;
    let blocks = seconds * 48_000 / SONG.block;
    let samples = u64::from(blocks) * u64::from(SONG.block);
    let mut hosts = Vec::new();
    let mut expected = Vec::new();
    let mut first = 0;
    let begin = resident()?;
    for number in 0..count {
        let mut host = Clap::load(&built.clap, CLAP_ID)?;
        host.set("Take", f64::from(number) / f64::from(count))?;
        // Who has many routes them to drum instruments.
        host.set(KIT, 0.0)?;
        let setup = Setup { sample_rate: SONG.sample_rate, max_block: SONG.block, offline: true };
        host.activate(setup)?;
        SONG.rest(&mut host, 0.0, SONG.block.into())?;
        expected.push(SONG.roll(&mut host, 0.0, samples)?);
        host.activate(Setup { offline: false, ..setup })?;
        hosts.push(host);
        if number == 0 {
            first = resident()?;
        }
    }
    // A second at rest, as between loading a project and pressing play.
    roll(&mut hosts, 94, stopped)?;
    let (played, playing) = cost(|| roll(&mut hosts, blocks, |beats| SONG.transport(beats)))?;
    let all = resident()?;
    let missed =
        played.heard.iter().zip(&expected).filter(|(heard, expected)| heard != expected).count();
    // What they were busy with when the song stopped is done in a moment.
    roll(&mut hosts, 200, stopped)?;
    let (rested, resting) = cost(|| roll(&mut hosts, blocks, stopped))?;
    let ((), idle) = cost(|| {
        std::thread::sleep(Duration::from_secs(seconds.into()));
        Ok(())
    })?;
    for host in &mut hosts {
        host.set(KIT, 1.0)?;
    }
    let (_, heard) = cost(|| roll(&mut hosts, blocks, |beats| SONG.transport(beats)))?;
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let more = megabytes(all.saturating_sub(first)) / f64::from(count.max(2) - 1);
    let report = [
        format!("instances                     {count}"),
        format!("playing                       {playing}"),
        format!("  a block of one              {:.1?}", played.block),
        format!("  that missed a bar           {missed}"),
        format!("transport stopped             {resting}"),
        format!("  a block of one              {:.1?}", rested.block),
        format!("not called by the host        {idle}"),
        format!("playing, each with its kit    {heard}"),
        format!("memory of the first           {:.1} MB", megabytes(first.saturating_sub(begin))),
        format!("memory of each other          {more:.2} MB"),
    ]
    .join("\n");
    ensure!(
        missed == 0,
        "{report}\n{missed} instances did not play in real time what they play in a bounce."
    );
    ensure!(resting.workers < 1.0, "{report}\nThe threads of stopped instances do not sleep.");
    let [playing, stopped] = [playing, resting].map(|cost| cost.workers + cost.host);
    Ok(Outcome { report, playing, stopped, more })
}
