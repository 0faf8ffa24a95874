//! The audio thread's engine: follows the host's transport, decides which take sounds from which
//! beat on, requests bars from the worker ahead of the song, and plays them.
//!
//! It allocates only in its constructor. While it processes it takes no lock and logs nothing, and
//! it waits only where [`crate::audio::offline_detect`] reports an offline render. `lib.rs`
//! converts the host's events.

mod free_run;
mod listening;
mod playback;
mod supply;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use groove::play::clock::{Block, Clock, Span, TICKS_PER_BEAT, Transport};
use groove::play::schedule::Scheduler;
use groove::take::Take;
use groove::{CLASSES, Channels};

use crate::audio::bar_cache::{BarCache, BarKey, BarState};
use crate::audio::idle_span::{IdleSpan, idle_until};
use crate::audio::key_input::KeyInput;
use crate::audio::listener::Listener;
pub use crate::audio::note_message::NoteMessage;
use crate::audio::offline_detect::{HostMode, OfflineDetector};
use crate::audio::pass_through::PassThrough;
use crate::audio::render_cache::{RenderCache, RenderSettings};
use crate::audio::stage_keys::StageKeys;
use crate::audio::take_queue::TakeQueue;
use crate::link::{AudioEnd, Fault, Status, TakesInUse};
use crate::params::controls::Controls;
use crate::params::stage::{StageControls, StageKey};
use crate::project::state::ProjectState;
use crate::project::take_tempo::TakeTempo;

/// Maximum lookahead in bars, however long the blocks.
const MAX_BARS_AHEAD: i64 = 40;

/// Time after a jump of the song in which nothing replaces a late bar, in seconds: the worker has
/// not had the time to deliver it, and a bar of the old place would be heard at the new one.
const UNREPLACED: f64 = 0.2;

/// Maximum time that an activation waits for the first bar of the song.
const FIRST_BAR_WAIT: Duration = Duration::from_millis(250);

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
    /// Tempo of the wanted take; `None` after a change of the controls.
    wanted_tempo: Option<f32>,
    render_cache: RenderCache,
    /// Bar that was counted as late last, so that each late bar counts once.
    last_late: Option<BarKey>,
    late: u32,
    refused: u32,
    keys: KeyInput,
    stage: StageKeys,
    listener: Listener,
    pass_through: PassThrough,
    /// Position in quarter notes to which the song jumped last.
    jumped_to: f64,
    /// The host's transport played in the last block.
    host_played: bool,
    /// Song position in quarter notes while it runs without the host's transport.
    free_position: f64,
    /// Quarter notes that are counted before it starts.
    count_in: f64,
    /// The last block's position in it and quarter notes per sample.
    free_block: Option<(f64, f64)>,
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
            wanted_tempo: None,
            render_cache: RenderCache::new(),
            last_late: None,
            late: 0,
            refused: 0,
            keys: KeyInput::new(),
            stage: StageKeys::default(),
            listener: Listener::new(),
            pass_through: PassThrough::new(),
            jumped_to: 0.0,
            host_played: false,
            free_position: 0.0,
            count_in: 0.0,
            free_block: None,
            sample_rate: 48_000.0,
            channels: [0; CLASSES],
            latched: None,
            release_pending: false,
            failed: false,
        }
    }

    /// Applies the parameters from the next block on.
    pub fn set_controls(&mut self, controls: &Controls) {
        self.press_stage_keys(&controls.stage);
        self.controls = *controls;
        self.wanted_tempo = None;
        self.render_cache.set(RenderSettings {
            performance: controls.performance,
            pitches: controls.pitches,
            channels: controls.channels,
            plain: !controls.articulations,
        });
        self.take_queue.set_launch_grid(controls.launch_grid);
        self.idle = None;
    }

    /// Records the stage keys whose parameters changed.
    fn press_stage_keys(&mut self, now: &StageControls) {
        let before = self.controls.stage;
        let pressed = now.pressed_since(&before);
        for (place, key) in StageKey::ALL.into_iter().enumerate() {
            if pressed[place] {
                self.keys.stage_key(key, true);
            }
            if !now.down[place] && (pressed[place] || before.down[place]) {
                self.keys.stage_key(key, false);
            }
        }
    }

    /// Prepares for processing at a sample rate in Hz and waits up to 250 ms for the
    /// first bar of the song. Call it on the host's main thread.
    pub fn activate(&mut self, rate: f64, mode: HostMode, state: &ProjectState) {
        (self.failed, self.host_played) = (false, false);
        self.keys.connect(state);
        self.clock.set_rate(rate);
        self.listener.set_rate(rate.clamp(8_000.0, 1e6));
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
        self.end_stage();
        self.pass_through.reset();
        self.release_pending = true;
        self.idle = None;
    }

    /// Records a key press at a sample of the next block. Velocity 0 is a release.
    pub fn key(&mut self, sample: u32, pitch: u8, velocity: u8) {
        self.keys.key(sample, pitch, velocity);
        self.idle = None;
    }

    /// Releases all keys at a sample of the next block, as MIDI controllers 120 and 123 do. What
    /// they switched on ends, and so do all sounding notes.
    pub fn release_keys(&mut self, sample: u32) {
        self.keys.release_all(sample);
        self.pass_through.end(sample, None, None);
        self.idle = None;
    }

    /// Queues the note-on of a pass-through note for the next block. Returns `false` if the queue
    /// is full.
    pub fn pass_through(&mut self, message: NoteMessage) -> bool {
        self.pass_through.begin(message)
    }

    /// Ends pass-through notes at a sample of the next block: on one channel or all, of one pitch
    /// or all.
    pub fn end_pass_through(&mut self, sample: u32, channel: Option<u8>, pitch: Option<u8>) {
        self.pass_through.end(sample, channel, pitch);
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
        if std::mem::replace(&mut self.host_played, transport.playing) && !transport.playing {
            // Not every host ends its notes when it stops.
            self.keys.stop();
            self.pass_through.stop();
            self.idle = None;
        }
        self.pass_through.overdue().for_each(|through| {
            out(through);
        });
        let mut through = std::mem::take(&mut self.pass_through);
        let mut passing = through.messages().iter();
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
        self.pass_through.reset();
        self.pass_through.overdue().for_each(|through| {
            out(NoteMessage { sample: last, ..through });
        });
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
        let idle = self.idle.filter(|_| !self.keys.has_news() && !self.is_listening());
        if idle.is_some_and(|idle| idle.covers(&block, playing, state.tempo().get())) {
            self.end.move_to(block.position);
            self.offline.skip_block(frames);
            return;
        }
        self.offline.begin_block(frames);
        if !playing {
            self.end_stage();
            self.stage.rest();
        }
        let controls = self.controls;
        self.keys.update(&block, playing, &controls, &self.take_queue);
        self.keys.send_recording(&mut self.end);
        let take_tempo = self.update_take(state, &block, playing);
        #[cfg(feature = "fault")]
        crate::fault_injection::in_engine(controls.take.seed);
        // A playing song that does not move (a host counting in) never reaches a note-off.
        let stands = frames > 0 && block.spans.is_empty();
        self.release_sounding(stands || !playing || controls.bypass, out);
        self.hear_block(&block, playing);
        let (last, applied_changes) = self.play_block(&block, &controls, out);
        // Keys of a block without samples belong to the next one.
        let ends = frames > 0 || !playing;
        if ends {
            self.finish_keys(&block, applied_changes);
        }
        if !playing {
            self.take_queue.adopt_wanted();
            self.end.set_takes_in_use(self.take_queue.in_use());
        }
        let beats = f64::from(frames) * block.spans.beats_per_sample();
        let all_requested = self.request_ahead(&block, beats);
        self.publish(&block, playing);
        let until = all_requested.then(|| self.idle_end(&block, last, beats, playing)).flatten();
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

    /// Returns the end of the idle span that starts after a block, if there is one.
    fn idle_end(
        &self,
        block: &Block,
        last: Option<Span>,
        beats: f64,
        playing: bool,
    ) -> Option<f64> {
        let Some(span) = last else { return (!playing).then_some(block.position) };
        if self.controls.bypass || self.controls.gate || self.stage.until().is_finite() {
            return None;
        }
        let take = self.take_queue.settled_take()?;
        idle_until(block, &span, beats, take, &self.render_cache, &self.scheduler)
    }

    /// Updates the wanted take from controls and project. The tempo at which a take is first played
    /// is latched, because the notes must not depend on when they were requested.
    fn update_take(&mut self, state: &ProjectState, block: &Block, playing: bool) -> TakeTempo {
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = block.tempo as f32;
        let seed = self.controls.take.seed;
        let kept = state.tempo().follow(&mut self.latched, seed, playing.then_some(now));
        let tempo = Some(kept.tempo().unwrap_or(now));
        if self.wanted_tempo != tempo || self.keys.take_changed() {
            self.wanted_tempo = tempo;
            self.update_wanted_take();
        }
        kept
    }

    /// Ends all sounding notes at the start of a block that is silent, after a request to, and
    /// before the output's channels change.
    fn release_sounding(&mut self, silent: bool, out: &mut impl FnMut(NoteMessage) -> bool) {
        let channels = self.controls.channels;
        if self.release_pending || silent || self.channels != channels {
            self.release_at(0, out);
            self.release_pending = false;
            self.channels = channels;
            self.scheduler.route(channels);
        }
    }

    /// Ends the keys of a block after its notes are played.
    fn finish_keys(&mut self, block: &Block, applied_changes: usize) {
        if self.keys.releases_break(applied_changes) {
            self.stage.release_standing();
        }
        if self.keys.finish(applied_changes) {
            let (controls, takes) = (&self.controls, &self.take_queue);
            self.keys.update_primer(block.position, &block.grid, controls, takes);
            self.update_wanted_take();
        }
    }

    /// Ends what the stage keys have begun.
    fn end_stage(&mut self) {
        if self.stage.clear() {
            self.update_wanted_take();
        }
    }

    /// Passes the wanted take to the take queue.
    fn update_wanted_take(&mut self) {
        if let Some(tempo) = self.wanted_tempo {
            let stage = self.stage.stage();
            let take = Take { stage, ..self.keys.complete(self.controls.take_at(tempo)) };
            self.take_queue.set_wanted(&take, self.stage.take_launch());
        }
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
