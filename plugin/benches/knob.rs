//! Latency from a parameter change until the first changed bar reaches the engine, with many
//! instances playing in real time.
//!
//! `cargo bench -p plugin --bench knob -- --learn FOLDER --seconds 180` measures the same while one
//! instance learns eight files of a drummer, again and again, and prints missed bars, memory and
//! threads.
//!
//! Lines that begin with `figure` are for `cargo xtask bench`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deep_pocket::audio::engine::Engine;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::learning::LearningState;
use deep_pocket::link::mailbox::{LearningSource, WorkerCommand};
use deep_pocket::link::{Link, link};
use deep_pocket::params::controls::Controls;
use deep_pocket::project::models;
use deep_pocket::project::state::ProjectState;
use deep_pocket::project::store::ProjectStore;
use deep_pocket::worker::{ModelPlayer, Worker};
use groove::Meter;
use groove::play::clock::Transport;

const RATE: f64 = 48_000.0;
const TEMPO: f64 = 120.0;
const INSTANCES: usize = 16;
const FRAMES: u32 = 128;
/// Number of changes, and blocks between them: enough for each instance to answer and play.
const TURNS: usize = 320;
const BLOCKS: u64 = 40;

/// An instance without its plugin shell.
struct Instance {
    engine: Engine,
    link: Arc<Link>,
    state: ProjectState,
    controls: Controls,
    _worker: Worker,
    /// Stick value, as bits, of the take of the last generated bar.
    played: Arc<AtomicU32>,
}

impl Instance {
    fn new(seed: u32) -> Instance {
        let (audio, end, link) = link();
        let state = ProjectState::default();
        let played = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&played);
        let load = move |identity, kept: &ProjectStore| {
            let model = models::find(identity, &kept.models(), None)?;
            let ModelPlayer { metadata, mut play } = ModelPlayer::of(&model);
            let told = Arc::clone(&told);
            Ok(ModelPlayer {
                metadata,
                play: Box::new(move |take, meter, bar| {
                    let bar = play(take, meter, bar);
                    told.store(take.controls.stick.to_bits(), Ordering::Release);
                    bar
                }),
            })
        };
        let worker = Worker::start(end, Arc::clone(state.kept()), load).expect("a thread");
        let mut controls = Controls::default();
        controls.take.seed = seed;
        let mut engine = Engine::new(audio);
        engine.set_controls(&controls);
        engine.activate(RATE, HostMode::Realtime, &state);
        Instance { engine, link, state, controls, _worker: worker, played }
    }

    fn block(&mut self, beats: f64) {
        let transport = Transport {
            playing: true,
            tempo: Some(TEMPO),
            meter: Some(Meter::FOUR_FOUR),
            beats: Some(beats),
            ..Transport::default()
        };
        let Instance { engine, state, .. } = self;
        engine.process(&transport, FRAMES, state, |_| true);
    }

    /// Returns `true` if a bar of the wanted take has been generated.
    fn has_answer(&self) -> bool {
        self.played.load(Ordering::Acquire) == self.controls.take.stick.to_bits()
    }
}

/// Learnings beside the playing: eight files of one drummer, again and again, by one instance.
struct Learner {
    link: Arc<Link>,
    files: Vec<PathBuf>,
    begun: Instant,
    /// Duration of each learning that has ended.
    times: Vec<Duration>,
    /// Resident memory in MiB and threads of the process: before, and after each learning.
    usage: Vec<(f64, usize)>,
}

impl Learner {
    /// Finds the first eight files in a folder of a drummer, and starts the first learning.
    fn new(link: &Arc<Link>, folder: &Path) -> Learner {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).expect("a folder of MIDI files");
            let (inner, here): (Vec<_>, Vec<_>) = entries
                .map(|entry| entry.expect("an entry").path())
                .partition(|path| path.is_dir());
            folders.extend(inner);
            files
                .extend(here.into_iter().filter(|it| it.extension().is_some_and(|of| of == "mid")));
        }
        files.sort();
        files.truncate(8);
        assert_eq!(files.len(), 8, "eight MIDI files in {}", folder.display());
        let (link, begun) = (Arc::clone(link), Instant::now());
        let mut learner = Learner { link, files, begun, times: vec![], usage: vec![usage()] };
        learner.begin();
        learner
    }

    fn begin(&mut self) {
        let number = self.link.learning().begin();
        let source = LearningSource::Files(self.files.clone());
        self.link.mailbox().send(WorkerCommand::Learn(number, source));
        self.link.worker_notify().wake();
        self.begun = Instant::now();
    }

    /// Begins again when a learning has ended.
    fn go_on(&mut self) {
        match self.link.learning().state().0 {
            LearningState::Failed(why) => panic!("{why}"),
            LearningState::Learned(_) => {
                self.times.push(self.begun.elapsed());
                self.link.learning().cancel();
                self.usage.push(usage());
                self.begin();
            }
            _ => {}
        }
    }

    fn print(&self) {
        let seconds: Vec<String> =
            self.times.iter().map(|time| format!("{:.0}", time.as_secs_f64())).collect();
        println!("learned {} times, in seconds: {}", self.times.len(), seconds.join(" "));
        for (number, (memory, threads)) in self.usage.iter().enumerate() {
            println!("after {number} learnings: {memory:.0} MiB, {threads} threads");
        }
    }
}

/// Resident memory in MiB and threads of this process, as Linux reports them.
fn usage() -> (f64, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0usize)
    };
    (field("VmRSS:") as f64 / 1024.0, field("Threads:"))
}

/// Options: `--learn FOLDER` learns files of a drummer meanwhile, for `--seconds` of playing.
struct Options {
    learn: Option<PathBuf>,
    blocks: u64,
}

impl Options {
    fn read() -> Options {
        let mut options = Options { learn: None, blocks: (TURNS as u64 + 1) * BLOCKS };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--learn" => options.learn = words.next().map(PathBuf::from),
                "--seconds" => {
                    let seconds: u64 =
                        words.next().and_then(|it| it.parse().ok()).expect("a number of seconds");
                    options.blocks = seconds * 48_000 / u64::from(FRAMES);
                }
                // Cargo says that this is a bench.
                "--bench" => {}
                other => panic!("{other} is no option"),
            }
        }
        options
    }
}

fn main() {
    let options = Options::read();
    let mut instances: Vec<Instance> = (1..).take(INSTANCES).map(Instance::new).collect();
    let mut learner = options.learn.as_ref().map(|folder| Learner::new(&instances[0].link, folder));
    let mut times = Vec::new();
    let mut turned: Option<(usize, Instant)> = None;
    let begin = Instant::now();
    let mut unanswered = 0;
    for block in 0..options.blocks {
        let samples = block as f64 * f64::from(FRAMES);
        let due = begin + Duration::from_secs_f64(samples / RATE);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if let Some((_, at)) = turned.take_if(|(which, _)| instances[*which].has_answer()) {
            times.push(at.elapsed());
        }
        if block > 0 && block % BLOCKS == 0 {
            unanswered += usize::from(turned.is_some());
            let which = times.len() % INSTANCES;
            let stick = &mut instances[which].controls.take.stick;
            *stick = if *stick < 0.5 { 0.6 } else { 0.4 } + times.len() as f32 * 1e-4 % 0.05;
            turned = Some((which, Instant::now()));
            let Instance { engine, controls, .. } = &mut instances[which];
            engine.set_controls(controls);
            if let Some(learner) = &mut learner {
                learner.go_on();
            }
        }
        instances.iter_mut().for_each(|instance| instance.block(samples * TEMPO / 60.0 / RATE));
    }
    times.sort_unstable();
    if let Some(learner) = learner {
        learner.print();
        let late: u32 = instances.iter().map(|instance| instance.link.status().late).sum();
        println!("missed bars           {late}");
    }
    print(&times, unanswered, options.learn.is_some());
}

/// Prints the figures of sorted times. Those beside learnings have other names.
fn print(times: &[Duration], unanswered: usize, learns: bool) {
    let at = |share: f64| {
        // Precise enough for so few samples.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (times.len() as f64 * share) as usize;
        times[place.min(times.len() - 1)].as_secs_f64() * 1e3
    };
    println!("{} turns, {unanswered} without an answer in time", times.len());
    println!("median                {:.1} ms", at(0.5));
    println!("99th percentile       {:.1} ms", at(0.99));
    let name = if learns { "learn_knob" } else { "knob" };
    println!("figure {name}_median_ms {:.2}", at(0.5));
    println!("figure {name}_p99_ms {:.2}", at(0.99));
    println!("figure {name}_unanswered {unanswered}");
}
