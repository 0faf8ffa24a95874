//! Engine, worker, state and recorded output. Bars are a known function of take and index, so that
//! each note identifies its take and bar.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deep_pocket::audio::engine::{Engine, NoteMessage};
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::{Link, link};
use deep_pocket::params::controls::Controls;
use deep_pocket::project::state::ProjectState;
use deep_pocket::worker::{ModelPlayer, Worker};
use groove::model::{Metadata, Stack};
use groove::play::clock::Transport;
use groove::take::{Primer, Take};
use groove::{Bar, Drum, DrumSet, Hit, Meter};

pub const RATE: f64 = 48_000.0;

/// Default controls with seed 1.
pub fn controls() -> Controls {
    let mut controls = Controls::default();
    controls.take.seed = 1;
    controls
}

/// A bar with a snare on each sixteenth. Its velocity is 40 plus the bar's number, plus 20 for seed
/// 2, plus 40 while a crash is held.
pub fn known_bar(take: &Take, meter: Meter, bar: i64) -> Bar {
    let mut velocity = 40 + bar.rem_euclid(10);
    velocity += 20 * i64::from(take.controls.seed - 1);
    let held = |drums: DrumSet| drums.contains(Drum::Crash);
    velocity +=
        if matches!(take.primer, Primer::Hold { drums, .. } if held(drums)) { 40 } else { 0 };
    let hit = Hit::plain(u8::try_from(velocity).expect("below 128"), -10);
    let mut played = Bar::silent(meter);
    played.steps_mut().iter_mut().for_each(|step| step.set(Drum::Snare, Some(hit)));
    played
}

/// Engine, worker and recorded output.
pub struct Rig {
    /// The engine.
    pub engine: Engine,
    pub link: Arc<Link>,
    pub state: ProjectState,
    pub controls: Controls,
    /// Controls last sent to the engine.
    told: Controls,
    pub worker: Option<Worker>,
    pub now: u64,
    /// Sample and velocity; 0 is a note-off.
    pub heard: Vec<(u64, u8)>,
    /// Sample of each stroke and style of its take.
    pub styles: Vec<(u64, u8)>,
}

/// Five seconds for everything that the worker does in a test.
pub struct Deadline(Instant);

impl Deadline {
    pub fn start() -> Deadline {
        Deadline(Instant::now() + Duration::from_secs(5))
    }

    /// Waits until there is something to return.
    pub fn wait_for<T>(&self, look: impl Fn() -> Option<T>, what: &str) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < self.0, "{what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Rig {
    pub fn new(
        mode: HostMode,
        play: impl Fn(&Take, Meter, i64) -> Bar + Clone + Send + 'static,
    ) -> Self {
        let (audio, end, link) = link();
        let state = ProjectState::default();
        let worker = Worker::start(end, Arc::clone(state.kept()), move |_, _| {
            let play = play.clone();
            let size = Stack { layers: 1, cells: 1 };
            Ok(ModelPlayer {
                metadata: Arc::new(Metadata::new("A double", size, size, "nothing")),
                play: Box::new(move |take, meter, bar| Ok(play(take, meter, bar))),
            })
        });
        let worker = Some(worker.expect("a thread"));
        let mut engine = Engine::new(audio);
        let controls = controls();
        engine.set_controls(&controls);
        engine.activate(RATE, mode, &state);
        let (told, heard, styles) = (controls, Vec::new(), Vec::new());
        Rig { engine, link, state, controls, told, worker, now: 0, heard, styles }
    }

    /// Sends the controls to the engine even if they did not change.
    pub fn tell(&mut self) {
        self.told = self.controls;
        self.engine.set_controls(&self.controls);
    }

    pub fn block(&mut self, beats: f64, frames: u32) {
        self.block_of(&at(beats), frames);
    }

    pub fn block_of(&mut self, transport: &Transport, frames: u32) {
        if self.told != self.controls {
            self.tell();
        }
        let Rig { engine, heard, styles, now, state, controls, .. } = self;
        engine.process(transport, frames, state, |message: NoteMessage| {
            assert!(message.sample < frames.max(1));
            assert_eq!((message.channel, message.pitch), (controls.channel, 38));
            let at = *now + u64::from(message.sample);
            heard.push((at, message.velocity));
            if message.struck.is_some() {
                styles.push((at, message.style));
            }
            true
        });
        self.now += u64::from(frames);
    }

    /// Plays `beats` quarter notes from a position, in blocks of one size.
    pub fn roll(&mut self, from: f64, beats: f64, frames: u32) {
        let end = self.now as f64 + beats * 24_000.0;
        let start = self.now;
        while (self.now as f64) < end {
            self.block(from + (self.now - start) as f64 / 24_000.0, frames);
        }
    }

    pub fn stop(&mut self) {
        self.block_of(&Transport::default(), 64);
    }

    /// Returns onset and velocity of all notes. Checks that every note has ended.
    pub fn notes(&self) -> Vec<(u64, u8)> {
        let mut sounding = false;
        for &(at, velocity) in &self.heard {
            assert_ne!(sounding, velocity > 0, "on and off alternate, at {at}");
            sounding = velocity > 0;
        }
        assert!(!sounding, "a note hangs");
        assert!(self.heard.is_sorted_by_key(|(at, _)| *at));
        self.heard.iter().copied().filter(|(_, velocity)| *velocity > 0).collect()
    }
}

/// Returns a playing transport at this position.
pub fn at(beats: f64) -> Transport {
    Transport {
        playing: true,
        tempo: Some(120.0),
        meter: Some(Meter::FOUR_FOUR),
        beats: Some(beats),
        ..Transport::default()
    }
}
