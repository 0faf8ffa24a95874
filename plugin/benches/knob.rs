//! Latency from a parameter change until the first changed bar reaches the engine, with many
//! instances playing in real time.
//!
//! Lines that begin with `figure` are for `cargo xtask bench`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deep_pocket::audio::engine::Engine;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::link;
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
    state: ProjectState,
    controls: Controls,
    _worker: Worker,
    /// Stick value, as bits, of the take of the last generated bar.
    played: Arc<AtomicU32>,
}

impl Instance {
    fn new(seed: u32) -> Instance {
        let (audio, end, _) = link();
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
        Instance { engine, state, controls, _worker: worker, played }
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

fn main() {
    let mut instances: Vec<Instance> = (1..).take(INSTANCES).map(Instance::new).collect();
    let mut times = Vec::new();
    let mut turned: Option<(usize, Instant)> = None;
    let begin = Instant::now();
    let mut unanswered = 0;
    for block in 0..(TURNS as u64 + 1) * BLOCKS {
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
            *stick = if *stick < 0.5 { 0.6 } else { 0.4 } + times.len() as f32 * 1e-4;
            turned = Some((which, Instant::now()));
            let Instance { engine, controls, .. } = &mut instances[which];
            engine.set_controls(controls);
        }
        instances.iter_mut().for_each(|instance| instance.block(samples * TEMPO / 60.0 / RATE));
    }
    times.sort_unstable();
    let at = |share: f64| {
        // Precise enough for so few samples.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (times.len() as f64 * share) as usize;
        times[place.min(times.len() - 1)].as_secs_f64() * 1e3
    };
    println!("{} turns, {unanswered} without an answer in time", times.len());
    println!("median                {:.1} ms", at(0.5));
    println!("99th percentile       {:.1} ms", at(0.99));
    println!("figure knob_median_ms {:.2}", at(0.5));
    println!("figure knob_p99_ms {:.2}", at(0.99));
    println!("figure knob_unanswered {unanswered}");
}
