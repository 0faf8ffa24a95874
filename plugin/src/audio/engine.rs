//! The audio half: follows the host, decides which take sounds from which beat on, asks the worker
//! for bars ahead of the song, and plays them.
//!
//! It allocates when it is made and never after. While it processes it takes no lock, logs
//! nothing, and waits only where [`crate::audio::offline_detect`] says that the host is not in real time. Which
//! bars exist is the worker's business; what the host's events look like, `lib.rs` knows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use groove::Drum;
use groove::clock::{Block, Clock, Entry, Grid, Span, TICKS_PER_BEAT, Transport};
use groove::schedule::{Note, Scheduler, first_bar};
use groove::take::Take;
use groove::{CLASSES, Channels};

use crate::audio::bar_cache::{Key, Place, Shelf};
use crate::audio::idle_span::{AHEAD, Calm, calm_until, soon};
use crate::audio::key_input::Keys;
use crate::audio::offline_detect::{Mode, Pace};
use crate::audio::render_cache::Stage;
use crate::audio::take_queue::{Landing, Lineup, REACH};
use crate::link::{AudioEnd, Fault, Request, Status, Takes};
use crate::params::controls::{Controls, Knobs};
use crate::project::state::{State, TakeTempo};

/// Notes that go through in a block.
const THROUGH: usize = 64;

/// Most bars ahead that are asked for, however long the blocks.
const FARTHEST: i64 = 40;

/// How long an activation may wait for the first bar of the song.
const FIRST_BAR: Duration = Duration::from_millis(250);

/// A note message to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Sample, counted from the start of the block.
    pub sample: u32,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127; 0 ends the note.
    pub velocity: u8,
    /// The drum that is struck; `None` where a note ends or goes through.
    pub drum: Option<Drum>,
}

/// The audio half of an instance. What is large is in places of its own, so that what each block
/// looks at lies together.
pub struct Engine {
    end: AudioEnd,
    clock: Clock,
    scheduler: Scheduler,
    shelf: Shelf,
    pace: Pace,
    lineup: Lineup,
    controls: Controls,
    /// Where nothing happens.
    calm: Option<Calm>,
    /// What the take that is wanted has of parameters, and its tempo.
    wished: Option<(Knobs, f32)>,
    stage: Stage,
    /// Where the last late bar was, so that each counts once.
    missed: Option<Key>,
    late: u32,
    refused: u32,
    keys: Keys,
    /// Notes of the coming block that go through, in order: never more than there is room for.
    through: Vec<Message>,
    /// Where it is in quarter notes while it runs without the host, and the rate in Hertz.
    free: f64,
    rate: f64,
    /// Channels of the notes that sound, and of the next ones.
    channels: Channels,
    /// Seed of the take that the latched tempo belongs to, and the load that it came with.
    latched: Option<(u32, u32)>,
    /// A reset came while notes sounded.
    release: bool,
    faulted: bool,
}

impl Engine {
    /// An engine that has yet to be activated.
    #[must_use]
    pub fn new(end: AudioEnd) -> Self {
        Engine {
            end,
            clock: Clock::new(48_000.0),
            scheduler: Scheduler::default(),
            shelf: Shelf::new(),
            pace: Pace::new(48_000.0, Mode::Realtime),
            lineup: Lineup::default(),
            controls: Controls::default(),
            calm: None,
            wished: None,
            stage: Stage::new(),
            missed: None,
            late: 0,
            refused: 0,
            keys: Keys::new(),
            through: Vec::with_capacity(THROUGH),
            free: 0.0,
            rate: 48_000.0,
            channels: [0; CLASSES],
            latched: None,
            release: false,
            faulted: false,
        }
    }

    /// What the parameters say from the coming block on.
    pub fn set(&mut self, controls: &Controls) {
        self.controls = *controls;
        self.stage.set(controls.performance, controls.pitches, controls.channels);
        self.lineup.set_begins(controls.begins);
        self.calm = None;
    }

    /// Prepares for blocks at a sample rate in Hertz, and waits a moment for the first bar of the
    /// song. For the host's main thread.
    pub fn activate(&mut self, rate: f64, mode: Mode, state: &State) {
        self.faulted = false;
        self.keys.connect(state);
        self.clock = Clock::new(rate);
        self.rate = if rate.is_finite() && rate >= 1.0 { rate } else { 48_000.0 };
        self.pace = Pace::new(rate, mode);
        self.reset();
        let block = self.clock.block(&Transport { beats: Some(0.0), ..Transport::default() }, 0);
        self.keys.listen(&block, false, &self.controls, &self.lineup);
        self.hear(state, &block, false);
        self.lineup.settle();
        self.end.set_takes(self.lineup.takes());
        self.look_ahead(&block, 0.0);
        self.publish(&block, false);
        let until = Instant::now() + FIRST_BAR;
        while let Some(now) = self.lineup.playing()
            && self.shelf.place(Key::of(now, &block.grid, 0)) == Place::Asked
            && Instant::now() < until
        {
            self.end.wake();
            std::thread::sleep(Duration::from_micros(200));
            self.collect();
        }
    }

    /// Forgets keys and position. Notes that sound end in the next block. For the audio thread.
    pub fn reset(&mut self) {
        self.clock.restart();
        self.keys.reset();
        self.through.clear();
        self.release = true;
        self.calm = None;
    }

    /// A key went down, or up with velocity 0, at a sample of the coming block.
    pub fn key(&mut self, sample: u32, pitch: u8, velocity: u8) {
        self.keys.key(sample, pitch, velocity);
        self.calm = None;
    }

    /// A note of the coming block that is to go through; says whether there was room for it.
    pub fn pass(&mut self, message: Message) -> bool {
        let fits = self.through.len() < self.through.capacity();
        if fits {
            self.through.push(message);
        }
        fits
    }

    /// Plays a block. `out` takes the messages in order of time and says whether the host took
    /// them. A fault in here ends in silence until the next activation, never in a panic.
    pub fn process(
        &mut self,
        transport: &Transport,
        frames: u32,
        state: &State,
        mut out: impl FnMut(Message) -> bool,
    ) {
        if self.faulted {
            return;
        }
        let mut through = std::mem::take(&mut self.through);
        let mut passing = through.iter();
        // What goes through is merged in by time.
        let mut next = passing.next();
        let mut merged = |message: Message| {
            while let Some(through) = next.filter(|through| through.sample <= message.sample) {
                out(*through);
                next = passing.next();
            }
            out(message)
        };
        let played = catch_unwind(AssertUnwindSafe(|| {
            self.run(transport, frames, state, &mut merged);
        }));
        next.into_iter().chain(passing).for_each(|through| {
            out(*through);
        });
        through.clear();
        self.through = through;
        if played.is_err() {
            self.fail(frames, &mut out);
        }
    }

    /// Whether it has failed since the last activation.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.faulted
    }

    /// Something failed in a block of so many samples: what sounds ends, and there is silence until
    /// the next activation.
    pub fn fail(&mut self, frames: u32, out: &mut impl FnMut(Message) -> bool) {
        self.faulted = true;
        self.end.raise(Fault::Engine);
        let last = frames.saturating_sub(1);
        // If even this fails there is nothing left to try.
        let _ = catch_unwind(AssertUnwindSafe(|| self.release_at(last, out)));
    }

    fn run(
        &mut self,
        transport: &Transport,
        frames: u32,
        state: &State,
        out: &mut impl FnMut(Message) -> bool,
    ) {
        self.collect();
        let transport = &self.free_running(transport, frames);
        let block = self.clock.block(transport, frames);
        let playing = transport.playing;
        let calm = self.calm.filter(|_| !self.keys.is_told());
        if calm.is_some_and(|calm| calm.covers(&block, playing, state.take_tempo())) {
            self.end.move_to(block.position);
            self.pace.pass(frames);
            return;
        }
        self.pace.begin(frames);
        let controls = self.controls;
        self.keys.listen(&block, playing, &controls, &self.lineup);
        let take_tempo = self.hear(state, &block, playing);
        #[cfg(feature = "fault")]
        crate::fault_injection::in_engine(controls.take.seed);
        // A song that plays but stays where it is, as some do while they count in, has no time in
        // which a note could end.
        let stands = frames > 0 && block.spans.is_empty();
        let silent = stands || !playing || controls.bypass;
        if self.release || silent || self.channels != controls.channels {
            self.release_at(0, out);
            self.release = false;
            self.channels = controls.channels;
            self.scheduler.route(controls.channels);
        }
        let mut next = 0;
        let mut last = None;
        for span in block.spans {
            last = Some(span);
            self.enter(&span);
            let mut rest = Some(span);
            while let Some(part) = rest {
                let change = self
                    .keys
                    .change(next)
                    .filter(|change| change.sample < span.first + span.frames);
                let change_at = change.map_or(f64::INFINITY, |change| {
                    let into = f64::from(change.sample) - f64::from(span.first);
                    into.mul_add(span.beats_per_sample, span.start)
                });
                let landing = self.lineup.landing(&span);
                let land_at = landing.map_or(f64::INFINITY, |landing| landing.cut);
                let far = part.from + 2.0 * span.grid.meter.beats();
                let (before, after) = part.split(change_at.min(land_at).min(far));
                if let Some(before) = before {
                    if controls.bypass || controls.gate && !self.keys.any() {
                        self.release_at(before.sample_of(before.from), out);
                    } else {
                        self.play(&before, out);
                    }
                }
                rest = after;
                match (&rest, landing, change) {
                    (Some(rest), Some(landing), _) if landing.cut <= rest.from => {
                        self.land(&span, landing);
                    }
                    (Some(rest), _, Some(change)) if change_at <= rest.from => {
                        next += 1;
                        let (keys, lineup) = (&mut self.keys, &self.lineup);
                        keys.turn(&change, change_at, &span.grid, &controls, lineup);
                        self.wish();
                        self.want(change_at, &span);
                    }
                    _ => {}
                }
            }
        }
        if self.keys.finish(next) {
            self.keys.hold(block.position, &block.grid, &controls, &self.lineup);
            self.wish();
        }
        if !playing {
            self.lineup.settle();
            self.end.set_takes(self.lineup.takes());
        }
        let beats = f64::from(frames) * block.spans.beats_per_sample();
        let asked = self.look_ahead(&block, beats);
        self.publish(&block, playing);
        let until = match last {
            _ if !asked => None,
            None if playing => None,
            None => Some(block.position),
            Some(span) => {
                self.lineup.settled().filter(|_| !controls.bypass && !controls.gate).and_then(
                    |take| calm_until(&block, &span, beats, take, &self.stage, &self.scheduler),
                )
            }
        };
        let Block { tempo, grid, loop_range, .. } = block;
        self.calm =
            until.map(|until| Calm { until, playing, frames, tempo, grid, loop_range, take_tempo });
    }

    /// Hears which take the controls ask for. Its tempo is the one at which it is first played, and
    /// stays: notes must not depend on when they were asked for.
    fn hear(&mut self, state: &State, block: &Block, playing: bool) -> TakeTempo {
        let mut kept = state.take_tempo();
        // Another seed is another take, unless both came with a project.
        let seed = self.controls.take.seed;
        let another = self.latched.is_some_and(|(of, load)| load == kept.load() && of != seed);
        if another && !state.is_brought(seed) {
            kept = state.latch_tempo(kept, None);
        }
        self.latched = Some((seed, kept.load()));
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = block.tempo as f32;
        if kept.tempo().is_none() && playing {
            kept = state.latch_tempo(kept, Some(now));
        }
        let wished = Some((self.controls.take, kept.tempo().unwrap_or(now)));
        if self.wished != wished || self.keys.refreshed() {
            self.wished = wished;
            self.wish();
        }
        kept
    }

    /// The take that is wanted has changed.
    fn wish(&mut self) {
        if let Some((knobs, tempo)) = self.wished {
            let take = self.keys.complete(Take { tempo, ..knobs.into() });
            self.lineup.wish(&take);
        }
    }

    /// The host's transport; while that stands and it is to run freely, one of our own that counts
    /// the samples that the host asks for.
    fn free_running(&mut self, host: &Transport, frames: u32) -> Transport {
        let Some(tempo) = self.controls.free_run.filter(|_| !host.playing) else {
            self.free = 0.0;
            return *host;
        };
        let beats = Some(self.free);
        self.free += f64::from(frames) * tempo / 60.0 / self.rate;
        Transport {
            playing: true,
            tempo: Some(tempo),
            meter: host.meter,
            beats,
            ..Transport::default()
        }
    }

    /// At the start of a span: after a jump, a waiting take begins at once if it can.
    fn enter(&mut self, span: &Span) {
        self.want(span.from, span);
        if span.entry != Entry::Continues {
            self.lineup.wait_from(span.from);
        }
        if span.entry == Entry::Jumps {
            self.lineup.begin();
            self.land(span, Landing { cut: span.from, bar: span.grid.bar_at(span.start) });
        }
    }

    /// Notes that the take that is wanted is to play from the next beat after a position on.
    fn want(&mut self, since: f64, span: &Span) {
        let patient = self.pace.patience().is_some();
        let Engine { lineup, shelf, stage, .. } = self;
        lineup.want(since, span, patient, |number, bar| {
            let place = |bar| shelf.place(Key::of(number, &span.grid, bar));
            stage.sources(bar).all(|bar| matches!(place(bar), Place::Here | Place::Failed))
        });
        self.end.set_takes(self.lineup.takes());
    }

    /// A beat has come.
    fn land(&mut self, span: &Span, landing: Landing) {
        let waiting = self.lineup.landing_at(landing);
        waiting.for_each(|number| self.fetch(number, &span.grid, landing.bar));
        let Engine { lineup, shelf, stage, .. } = self;
        lineup.land(landing, |number| {
            let is_here = |bar| shelf.get(Key::of(number, &span.grid, bar)).is_some();
            stage.sources(landing.bar).all(is_here)
        });
        self.end.set_takes(self.lineup.takes());
    }

    /// Plays notes of the playing take.
    fn play(&mut self, span: &Span, out: &mut impl FnMut(Message) -> bool) {
        let Some(playing) = self.lineup.playing() else { return };
        let grid = &span.grid;
        for bar in first_bar(grid, span.from)..=grid.bar_at(span.to + REACH) {
            self.bring(playing, grid, bar);
        }
        if let Some((start, _)) = span.seam.filter(|(_, end)| span.to > end - REACH) {
            for bar in grid.bar_at(start)..=grid.bar_at(start + REACH) {
                self.bring(playing, grid, bar);
            }
        }
        let Engine { scheduler, shelf, stage, missed, late, refused, .. } = self;
        let bars = |bar: i64| {
            let key = Key::of(playing, grid, bar);
            stage.get(key).or_else(|| {
                let failed = |bar| shelf.place(Key { bar, ..key }) == Place::Failed;
                if *missed != Some(key) && !stage.sources(bar).any(failed) {
                    *missed = Some(key);
                    *late = late.saturating_add(1);
                }
                stage.instead(key)
            })
        };
        scheduler.play(span, bars, &mut |note| send(note, refused, out));
        self.stage.passes(Key::of(playing, grid, grid.bar_at(span.to)));
    }

    fn release_at(&mut self, sample: u32, out: &mut impl FnMut(Message) -> bool) {
        let Engine { scheduler, refused, .. } = self;
        scheduler.release(sample, &mut |note| send(note, refused, out));
    }

    /// Takes the worker's bars in.
    fn collect(&mut self) {
        while let Some(answer) = self.end.answers.pop() {
            self.pace.hope();
            self.shelf.put(&answer);
            self.calm = None;
        }
    }

    /// Asks for what a bar of the song is made of, unless that has been done. Says whether it has.
    fn ask(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let near = self.stage.sources(near).next().unwrap_or(near);
        let mut asked = true;
        for source in self.stage.sources(bar) {
            asked &= self.ask_source(number, grid, source, near);
        }
        asked
    }

    fn ask_source(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let wanted = Key::of(number, grid, bar);
        self.shelf.place(wanted) != Place::Absent
            || self.end.requests.has_room()
                && self.lineup.tell(number, |take| self.end.takes.push(take).is_ok())
                && self.shelf.reserve(wanted, self.lineup.takes(), near)
                && self.end.ask(Request { number, meter: grid.meter, bar })
    }

    /// Gets a bar of the song ready to be played.
    fn bring(&mut self, number: u32, grid: &Grid, bar: i64) {
        let key = Key::of(number, grid, bar);
        if !self.stage.hold(key) {
            self.fetch(number, grid, bar);
            self.stage.prepare(&self.shelf, key);
        }
    }

    /// Asks for what a bar of the song is made of and that is needed now, and waits for it where
    /// the pace allows that.
    fn fetch(&mut self, number: u32, grid: &Grid, bar: i64) {
        for source in self.stage.sources(bar) {
            self.fetch_source(number, grid, source);
        }
    }

    fn fetch_source(&mut self, number: u32, grid: &Grid, bar: i64) {
        self.ask_source(number, grid, bar, bar);
        let wanted = Key::of(number, grid, bar);
        let Some(patience) = self.pace.patience() else { return };
        let waits = |shelf: &Shelf| matches!(shelf.place(wanted), Place::Absent | Place::Asked);
        if !waits(&self.shelf) {
            return;
        }
        let begin = Instant::now();
        loop {
            self.collect();
            // After a jump the queue may have been full of what is not needed any more.
            self.ask_source(number, grid, bar, bar);
            if !waits(&self.shelf) {
                break;
            }
            if begin.elapsed() > patience {
                self.pace.give_up(patience);
                break;
            }
            self.end.wake();
            std::thread::sleep(Duration::from_micros(100));
        }
        self.pace.waited(begin.elapsed());
    }

    /// Asks for the bars to come: of the playing take from the end of the block on, of waiting
    /// takes from the next beat on, and those at the start of the loop. Says whether all are asked
    /// for now.
    fn look_ahead(&mut self, block: &Block, beats: f64) -> bool {
        let grid = &block.grid;
        let seam = block.loop_range.filter(|(_, end)| block.position < *end);
        let here = grid.bar_at(block.position);
        let far = soon(block, block.position, beats).max(here + AHEAD).min(here + FARTHEST);
        let last = seam.map_or(far, |(_, end)| far.min(grid.bar_at(end)));
        let mut asked = true;
        if let Some(playing) = self.lineup.playing() {
            for bar in here..=last {
                asked &= self.ask(playing, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                let first = grid.bar_at(start);
                for bar in first..=(first + AHEAD).min(last) {
                    asked &= self.ask(playing, grid, bar, here);
                }
            }
        }
        for waiting in self.lineup.waiting() {
            let next = grid.bar_at(waiting.since.max(block.position) + REACH);
            for bar in next..=next + 1 {
                asked &= self.ask(waiting.number, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                asked &= self.ask(waiting.number, grid, grid.bar_at(start), here);
            }
        }
        asked
    }

    fn publish(&self, block: &Block, following: bool) {
        let Takes { playing, ready, asked } = self.lineup.takes();
        let (grid, position) = (&block.grid, block.position);
        let bar = grid.bar_at(position);
        let bar_start = grid.bar_ticks(bar) / TICKS_PER_BEAT;
        // In double time the second half of a bar is a bar of its own.
        let half = usize::from(position - bar_start >= 0.5 * grid.meter.beats());
        let source = self.stage.sources(bar).take(1 + half).last().unwrap_or(bar);
        let landing = self
            .lineup
            .waiting()
            .next()
            .map_or(position, |waiting| self.lineup.landing_after(&waiting, grid));
        self.end.publish(&Status {
            following,
            tempo: block.tempo,
            meter: grid.meter,
            position,
            bar_start,
            bar,
            source,
            landing,
            held: self.keys.held(),
            playing,
            pending: if asked == 0 { ready } else { asked },
            late: self.late,
            refused: self.refused,
        });
    }
}

/// Gives the host a note, and counts it if the host does not take it.
fn send(note: Note, refused: &mut u32, out: &mut impl FnMut(Message) -> bool) {
    let message = match note {
        Note::On { sample, channel, drum, pitch, velocity } => {
            Message { sample, channel, pitch, velocity, drum: Some(drum) }
        }
        Note::Off { sample, channel, pitch } => {
            Message { sample, channel, pitch, velocity: 0, drum: None }
        }
    };
    if !out(message) {
        *refused = refused.saturating_add(1);
    }
}
