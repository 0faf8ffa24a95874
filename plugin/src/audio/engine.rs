//! The audio thread's engine: follows the host's transport, decides which take sounds from which
//! beat on, requests bars from the worker ahead of the song, and plays them.
//!
//! It allocates only in its constructor. While it processes it takes no lock and logs nothing, and
//! it waits only where [`crate::audio::offline_detect`] reports an offline render. `lib.rs`
//! converts the host's events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use groove::Drum;
use groove::clock::{Block, Clock, Entry, Grid, Span, TICKS_PER_BEAT, Transport};
use groove::schedule::{Note, Scheduler, first_bar};
use groove::take::Take;
use groove::{CLASSES, Channels};

use crate::audio::bar_cache::{BarCache, BarKey, BarState};
use crate::audio::idle_span::{BARS_AHEAD, IdleSpan, idle_until, lookahead_bar};
use crate::audio::key_input::KeyInput;
use crate::audio::offline_detect::{HostMode, OfflineDetector};
use crate::audio::render_cache::RenderCache;
use crate::audio::take_queue::{EARLY_REACH, LaunchPoint, TakeQueue};
use crate::link::{AudioEnd, BarRequest, Fault, Status, TakesInUse};
use crate::params::controls::{Controls, TakeControls};
use crate::project::state::{ProjectState, TakeTempo};

/// Maximum number of pass-through notes in a block.
const MAX_PASS_THROUGH: usize = 64;

/// Maximum lookahead in bars, however long the blocks.
const MAX_BARS_AHEAD: i64 = 40;

/// Maximum time that an activation waits for the first bar of the song.
const FIRST_BAR_WAIT: Duration = Duration::from_millis(250);

/// A note message to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteMessage {
    /// Sample offset from the start of the block.
    pub sample: u32,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127; 0 ends the note.
    pub velocity: u8,
    /// Drum that is struck; `None` for a note-off or a pass-through note.
    pub drum: Option<Drum>,
}

/// The audio half of an instance. Large members are boxed so that the fields that every block reads
/// share cache lines.
pub struct Engine {
    end: AudioEnd,
    clock: Clock,
    scheduler: Scheduler,
    bar_cache: BarCache,
    offline: OfflineDetector,
    take_queue: TakeQueue,
    controls: Controls,
    /// Current span in which nothing happens.
    idle: Option<IdleSpan>,
    /// Take controls and tempo of the wanted take.
    wanted: Option<(TakeControls, f32)>,
    render_cache: RenderCache,
    /// Bar that was counted as late last, so that each late bar counts once.
    last_late: Option<BarKey>,
    late: u32,
    refused: u32,
    keys: KeyInput,
    /// Pass-through notes of the next block, in order; never more than the capacity.
    pass_through: Vec<NoteMessage>,
    /// Song position in quarter notes while it runs without the host's transport.
    free_position: f64,
    sample_rate: f64,
    /// Channels of the sounding and of the next notes.
    channels: Channels,
    /// Seed of the take that the latched tempo belongs to, and the load counter at that time.
    latched: Option<(u32, u32)>,
    /// A reset is pending: sounding notes end in the next block.
    release_pending: bool,
    failed: bool,
}

impl Engine {
    /// Creates an engine that is not active yet.
    #[must_use]
    pub fn new(end: AudioEnd) -> Self {
        Engine {
            end,
            clock: Clock::new(48_000.0),
            scheduler: Scheduler::default(),
            bar_cache: BarCache::new(),
            offline: OfflineDetector::new(48_000.0, HostMode::Realtime),
            take_queue: TakeQueue::default(),
            controls: Controls::default(),
            idle: None,
            wanted: None,
            render_cache: RenderCache::new(),
            last_late: None,
            late: 0,
            refused: 0,
            keys: KeyInput::new(),
            pass_through: Vec::with_capacity(MAX_PASS_THROUGH),
            free_position: 0.0,
            sample_rate: 48_000.0,
            channels: [0; CLASSES],
            latched: None,
            release_pending: false,
            failed: false,
        }
    }

    /// Applies the parameters from the next block on.
    pub fn set_controls(&mut self, controls: &Controls) {
        self.controls = *controls;
        self.render_cache.set(controls.performance, controls.pitches, controls.channels);
        self.take_queue.set_launch_grid(controls.launch_grid);
        self.idle = None;
    }

    /// Prepares for processing at a sample rate in Hz and waits up to [`FIRST_BAR_WAIT`] for the
    /// first bar of the song. Call it on the host's main thread.
    pub fn activate(&mut self, rate: f64, mode: HostMode, state: &ProjectState) {
        self.failed = false;
        self.keys.connect(state);
        self.clock = Clock::new(rate);
        self.sample_rate = if rate.is_finite() && rate >= 1.0 { rate } else { 48_000.0 };
        self.offline = OfflineDetector::new(rate, mode);
        self.reset();
        let block = self.clock.block(&Transport { beats: Some(0.0), ..Transport::default() }, 0);
        self.keys.update(&block, false, &self.controls, &self.take_queue);
        self.update_take(state, &block, false);
        self.take_queue.adopt_wanted();
        self.end.set_takes_in_use(self.take_queue.in_use());
        self.request_ahead(&block, 0.0);
        self.publish(&block, false);
        let until = Instant::now() + FIRST_BAR_WAIT;
        while let Some(now) = self.take_queue.playing()
            && self.bar_cache.state(BarKey::of(now, &block.grid, 0)) == BarState::Requested
            && Instant::now() < until
        {
            self.end.wake();
            std::thread::sleep(Duration::from_micros(200));
            self.receive_bars();
        }
    }

    /// Forgets held keys and position. Sounding notes end in the next block. Safe on the audio
    /// thread.
    pub fn reset(&mut self) {
        self.clock.restart();
        self.keys.reset();
        self.pass_through.clear();
        self.release_pending = true;
        self.idle = None;
    }

    /// Records a key press at a sample of the next block. Velocity 0 is a release.
    pub fn key(&mut self, sample: u32, pitch: u8, velocity: u8) {
        self.keys.key(sample, pitch, velocity);
        self.idle = None;
    }

    /// Queues a pass-through note for the next block. Returns `false` if the queue is full.
    pub fn pass_through(&mut self, message: NoteMessage) -> bool {
        let fits = self.pass_through.len() < self.pass_through.capacity();
        if fits {
            self.pass_through.push(message);
        }
        fits
    }

    /// Processes a block. `out` receives the messages in time order and returns whether the host
    /// accepted them. A panic inside the engine silences it until the next activation and does not
    /// propagate.
    pub fn process(
        &mut self,
        transport: &Transport,
        frames: u32,
        state: &ProjectState,
        mut out: impl FnMut(NoteMessage) -> bool,
    ) {
        if self.failed {
            return;
        }
        let mut through = std::mem::take(&mut self.pass_through);
        let mut passing = through.iter();
        // Merges the pass-through notes into the output by time.
        let mut next = passing.next();
        let mut merged = |message: NoteMessage| {
            while let Some(through) = next.filter(|through| through.sample <= message.sample) {
                out(*through);
                next = passing.next();
            }
            out(message)
        };
        let played = catch_unwind(AssertUnwindSafe(|| {
            self.process_block(transport, frames, state, &mut merged);
        }));
        next.into_iter().chain(passing).for_each(|through| {
            out(*through);
        });
        through.clear();
        self.pass_through = through;
        if played.is_err() {
            self.fail(frames, &mut out);
        }
    }

    /// Returns `true` if the engine has failed since the last activation.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Marks the engine as failed, ends all sounding notes at the end of the block, and stays
    /// silent until the next activation.
    pub fn fail(&mut self, frames: u32, out: &mut impl FnMut(NoteMessage) -> bool) {
        self.failed = true;
        self.end.raise(Fault::Engine);
        let last = frames.saturating_sub(1);
        // A second panic leaves nothing else to try.
        let _ = catch_unwind(AssertUnwindSafe(|| self.release_at(last, out)));
    }

    fn process_block(
        &mut self,
        transport: &Transport,
        frames: u32,
        state: &ProjectState,
        out: &mut impl FnMut(NoteMessage) -> bool,
    ) {
        self.receive_bars();
        let transport = &self.free_running(transport, frames);
        let block = self.clock.block(transport, frames);
        let playing = transport.playing;
        let idle = self.idle.filter(|_| !self.keys.has_news());
        if idle.is_some_and(|idle| idle.covers(&block, playing, state.take_tempo())) {
            self.end.move_to(block.position);
            self.offline.skip_block(frames);
            return;
        }
        self.offline.begin_block(frames);
        let controls = self.controls;
        self.keys.update(&block, playing, &controls, &self.take_queue);
        let take_tempo = self.update_take(state, &block, playing);
        #[cfg(feature = "fault")]
        crate::fault_injection::in_engine(controls.take.seed);
        // A playing song that does not move (a host counting in) never reaches a note-off.
        let stands = frames > 0 && block.spans.is_empty();
        let silent = stands || !playing || controls.bypass;
        if self.release_pending || silent || self.channels != controls.channels {
            self.release_at(0, out);
            self.release_pending = false;
            self.channels = controls.channels;
            self.scheduler.route(controls.channels);
        }
        let mut next = 0;
        let mut last = None;
        for span in block.spans {
            last = Some(span);
            self.enter_span(&span);
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
                let launch = self.take_queue.next_launch(&span);
                let land_at = launch.map_or(f64::INFINITY, |launch| launch.cut);
                let far = part.from + 2.0 * span.grid.meter.beats();
                let (before, after) = part.split(change_at.min(land_at).min(far));
                if let Some(before) = before {
                    if controls.bypass || controls.gate && !self.keys.any_down() {
                        self.release_at(before.sample_of(before.from), out);
                    } else {
                        self.play_span(&before, out);
                    }
                }
                rest = after;
                match (&rest, launch, change) {
                    (Some(rest), Some(launch), _) if launch.cut <= rest.from => {
                        self.launch_at(&span, launch);
                    }
                    (Some(rest), _, Some(change)) if change_at <= rest.from => {
                        next += 1;
                        let (keys, take_queue) = (&mut self.keys, &self.take_queue);
                        keys.apply_change(&change, change_at, &span.grid, &controls, take_queue);
                        self.update_wanted_take();
                        self.queue_wanted_take(change_at, &span);
                    }
                    _ => {}
                }
            }
        }
        if self.keys.finish(next) {
            self.keys.update_primer(block.position, &block.grid, &controls, &self.take_queue);
            self.update_wanted_take();
        }
        if !playing {
            self.take_queue.adopt_wanted();
            self.end.set_takes_in_use(self.take_queue.in_use());
        }
        let beats = f64::from(frames) * block.spans.beats_per_sample();
        let asked = self.request_ahead(&block, beats);
        self.publish(&block, playing);
        let until = match last {
            _ if !asked => None,
            None if playing => None,
            None => Some(block.position),
            Some(span) => self
                .take_queue
                .settled_take()
                .filter(|_| !controls.bypass && !controls.gate)
                .and_then(|take| {
                    idle_until(&block, &span, beats, take, &self.render_cache, &self.scheduler)
                }),
        };
        let Block { tempo, grid, loop_range, .. } = block;
        self.idle = until.map(|until| IdleSpan {
            until,
            playing,
            frames,
            tempo,
            grid,
            loop_range,
            take_tempo,
        });
    }

    /// Updates the wanted take from controls and project. The tempo at which a take is first played
    /// is latched, because the notes must not depend on when they were requested.
    fn update_take(&mut self, state: &ProjectState, block: &Block, playing: bool) -> TakeTempo {
        let mut kept = state.take_tempo();
        // Another seed is another take, unless seed and tempo were loaded together.
        let seed = self.controls.take.seed;
        let another = self.latched.is_some_and(|(of, load)| load == kept.load() && of != seed);
        if another && !state.is_restored(seed) {
            kept = state.latch_tempo(kept, None);
        }
        self.latched = Some((seed, kept.load()));
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = block.tempo as f32;
        if kept.tempo().is_none() && playing {
            kept = state.latch_tempo(kept, Some(now));
        }
        let wanted = Some((self.controls.take, kept.tempo().unwrap_or(now)));
        if self.wanted != wanted || self.keys.take_changed() {
            self.wanted = wanted;
            self.update_wanted_take();
        }
        kept
    }

    /// Passes the wanted take to the take queue.
    fn update_wanted_take(&mut self) {
        if let Some((knobs, tempo)) = self.wanted {
            let take = self.keys.complete(Take { tempo, ..knobs.into() });
            self.take_queue.set_wanted(&take);
        }
    }

    /// Returns the host's transport or, while the host is stopped and free run is on, a transport
    /// that counts the samples processed.
    fn free_running(&mut self, host: &Transport, frames: u32) -> Transport {
        let Some(tempo) = self.controls.free_run.filter(|_| !host.playing) else {
            self.free_position = 0.0;
            return *host;
        };
        let beats = Some(self.free_position);
        self.free_position += f64::from(frames) * tempo / 60.0 / self.sample_rate;
        Transport {
            playing: true,
            tempo: Some(tempo),
            meter: host.meter,
            beats,
            ..Transport::default()
        }
    }

    /// Starts a span. After a jump, a waiting take starts at once if it can.
    fn enter_span(&mut self, span: &Span) {
        self.queue_wanted_take(span.from, span);
        if span.entry != Entry::Continues {
            self.take_queue.restart_waits(span.from);
        }
        if span.entry == Entry::Jumps {
            self.take_queue.start_song();
            self.launch_at(span, LaunchPoint { cut: span.from, bar: span.grid.bar_at(span.start) });
        }
    }

    /// Queues the wanted take to start at the first launch point after a position.
    fn queue_wanted_take(&mut self, since: f64, span: &Span) {
        let patient = self.offline.max_wait().is_some();
        let Engine { take_queue, bar_cache, render_cache, .. } = self;
        take_queue.queue_wanted(since, span, patient, |number, bar| {
            let place = |bar| bar_cache.state(BarKey::of(number, &span.grid, bar));
            render_cache
                .sources(bar)
                .all(|bar| matches!(place(bar), BarState::Ready | BarState::Failed))
        });
        self.end.set_takes_in_use(self.take_queue.in_use());
    }

    /// Launches the newest waiting take whose bar is ready.
    fn launch_at(&mut self, span: &Span, launch: LaunchPoint) {
        let waiting = self.take_queue.launchable_at(launch);
        waiting.for_each(|number| self.fetch(number, &span.grid, launch.bar));
        let Engine { take_queue, bar_cache, render_cache, .. } = self;
        take_queue.launch(launch, |number| {
            let is_here = |bar| bar_cache.get(BarKey::of(number, &span.grid, bar)).is_some();
            render_cache.sources(launch.bar).all(is_here)
        });
        self.end.set_takes_in_use(self.take_queue.in_use());
    }

    /// Plays the notes of the playing take in a span.
    fn play_span(&mut self, span: &Span, out: &mut impl FnMut(NoteMessage) -> bool) {
        let Some(playing) = self.take_queue.playing() else { return };
        let grid = &span.grid;
        for bar in first_bar(grid, span.from)..=grid.bar_at(span.to + EARLY_REACH) {
            self.prepare_bar(playing, grid, bar);
        }
        if let Some((start, _)) = span.seam.filter(|(_, end)| span.to > end - EARLY_REACH) {
            for bar in grid.bar_at(start)..=grid.bar_at(start + EARLY_REACH) {
                self.prepare_bar(playing, grid, bar);
            }
        }
        let Engine { scheduler, bar_cache, render_cache, last_late, late, refused, .. } = self;
        let bars = |bar: i64| {
            let key = BarKey::of(playing, grid, bar);
            render_cache.get(key).or_else(|| {
                let failed = |bar| bar_cache.state(BarKey { bar, ..key }) == BarState::Failed;
                if *last_late != Some(key) && !render_cache.sources(bar).any(failed) {
                    *last_late = Some(key);
                    *late = late.saturating_add(1);
                }
                render_cache.fallback(key)
            })
        };
        scheduler.play(span, bars, &mut |note| send(note, refused, out));
        self.render_cache.mark_played(BarKey::of(playing, grid, grid.bar_at(span.to)));
    }

    fn release_at(&mut self, sample: u32, out: &mut impl FnMut(NoteMessage) -> bool) {
        let Engine { scheduler, refused, .. } = self;
        scheduler.release(sample, &mut |note| send(note, refused, out));
    }

    /// Stores the bars that the worker has delivered.
    fn receive_bars(&mut self) {
        while let Some(answer) = self.end.answers.pop() {
            self.offline.worker_answered();
            self.bar_cache.put(&answer);
            self.idle = None;
        }
    }

    /// Requests the source bars of a bar of the song if necessary. Returns `true` once all of them
    /// are requested.
    fn request_bar(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let near = self.render_cache.sources(near).next().unwrap_or(near);
        let mut asked = true;
        for source in self.render_cache.sources(bar) {
            asked &= self.request_source(number, grid, source, near);
        }
        asked
    }

    fn request_source(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let wanted = BarKey::of(number, grid, bar);
        self.bar_cache.state(wanted) != BarState::Absent
            || self.end.requests.has_room()
                && self.take_queue.send_once(number, |take| self.end.takes.push(take).is_ok())
                && self.bar_cache.reserve(wanted, self.take_queue.in_use(), near)
                && self.end.request(BarRequest { number, meter: grid.meter, bar })
    }

    /// Renders a bar of the song if it is not rendered yet.
    fn prepare_bar(&mut self, number: u32, grid: &Grid, bar: i64) {
        let key = BarKey::of(number, grid, bar);
        if !self.render_cache.touch(key) {
            self.fetch(number, grid, bar);
            self.render_cache.render(&self.bar_cache, key);
        }
    }

    /// Requests the source bars of a bar that is needed now, and waits for them where waiting is
    /// allowed.
    fn fetch(&mut self, number: u32, grid: &Grid, bar: i64) {
        for source in self.render_cache.sources(bar) {
            self.fetch_source(number, grid, source);
        }
    }

    fn fetch_source(&mut self, number: u32, grid: &Grid, bar: i64) {
        self.request_source(number, grid, bar, bar);
        let wanted = BarKey::of(number, grid, bar);
        let Some(max_wait) = self.offline.max_wait() else { return };
        let waits = |bar_cache: &BarCache| {
            matches!(bar_cache.state(wanted), BarState::Absent | BarState::Requested)
        };
        if !waits(&self.bar_cache) {
            return;
        }
        let begin = Instant::now();
        loop {
            self.receive_bars();
            // After a jump the request queue may have been full of obsolete requests.
            self.request_source(number, grid, bar, bar);
            if !waits(&self.bar_cache) {
                break;
            }
            if begin.elapsed() > max_wait {
                self.offline.wait_failed(max_wait);
                break;
            }
            self.end.wake();
            std::thread::sleep(Duration::from_micros(100));
        }
        self.offline.waited(begin.elapsed());
    }

    /// Requests upcoming bars: those of the playing take from the end of the block, those of
    /// waiting takes from the next beat, and those at the start of the loop. Returns `true` once
    /// all are requested.
    fn request_ahead(&mut self, block: &Block, beats: f64) -> bool {
        let grid = &block.grid;
        let seam = block.loop_range.filter(|(_, end)| block.position < *end);
        let here = grid.bar_at(block.position);
        let far = lookahead_bar(block, block.position, beats)
            .max(here + BARS_AHEAD)
            .min(here + MAX_BARS_AHEAD);
        let last = seam.map_or(far, |(_, end)| far.min(grid.bar_at(end)));
        let mut asked = true;
        if let Some(playing) = self.take_queue.playing() {
            for bar in here..=last {
                asked &= self.request_bar(playing, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                let first = grid.bar_at(start);
                for bar in first..=(first + BARS_AHEAD).min(last) {
                    asked &= self.request_bar(playing, grid, bar, here);
                }
            }
        }
        for waiting in self.take_queue.waiting() {
            let next = grid.bar_at(waiting.since.max(block.position) + EARLY_REACH);
            for bar in next..=next + 1 {
                asked &= self.request_bar(waiting.number, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                asked &= self.request_bar(waiting.number, grid, grid.bar_at(start), here);
            }
        }
        asked
    }

    fn publish(&self, block: &Block, following: bool) {
        let TakesInUse { playing, ready, asked } = self.take_queue.in_use();
        let (grid, position) = (&block.grid, block.position);
        let bar = grid.bar_at(position);
        let bar_start = grid.bar_ticks(bar) / TICKS_PER_BEAT;
        // In double time the second half of a bar is a bar of its own.
        let half = usize::from(position - bar_start >= 0.5 * grid.meter.beats());
        let source = self.render_cache.sources(bar).take(1 + half).last().unwrap_or(bar);
        let launch = self
            .take_queue
            .waiting()
            .next()
            .map_or(position, |waiting| self.take_queue.launch_position_of(&waiting, grid));
        self.end.publish(&Status {
            following,
            tempo: block.tempo,
            meter: grid.meter,
            position,
            bar_start,
            bar,
            source,
            launch,
            held: self.keys.held(),
            playing,
            pending: if asked == 0 { ready } else { asked },
            late: self.late,
            refused: self.refused,
        });
    }
}

/// Sends a note to the host and counts it if the host refuses it.
fn send(note: Note, refused: &mut u32, out: &mut impl FnMut(NoteMessage) -> bool) {
    let message = match note {
        Note::On { sample, channel, drum, pitch, velocity } => {
            NoteMessage { sample, channel, pitch, velocity, drum: Some(drum) }
        }
        Note::Off { sample, channel, pitch } => {
            NoteMessage { sample, channel, pitch, velocity: 0, drum: None }
        }
    };
    if !out(message) {
        *refused = refused.saturating_add(1);
    }
}
