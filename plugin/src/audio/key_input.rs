//! MIDI input as part of the take: held keys, primers played on the keys, and the pins and primers
//! stored in the project.

use groove::pattern::TICKS_PER_STEP;
use groove::pattern::input_maps::InputMap;
use groove::play::clock::{Block, Grid, TICKS_PER_BEAT};
use groove::take::chart::Chart;
use groove::take::midi_capture::MidiCapture;
use groove::take::{Primer, Take};
use groove::{Articulation, Drum, DrumSet};
use triple_buffer::Output;

use crate::audio::pass_through::pitches_of;
use crate::audio::take_queue::TakeQueue;
use crate::link::AudioEnd;
use crate::params::controls::{Controls, PrimeMode};
use crate::params::stage::StageKey;
use crate::project::state::ProjectState;
use crate::project::store::TakeExtras;

/// Key changes resolved within a block.
const MAX_CHANGES: usize = 32;

/// Length of a recorded primer, in bars.
const PRIMER_BARS: usize = 2;

/// A key press or release.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyChange {
    pub(crate) sample: u32,
    pitch: u8,
    /// MIDI velocity; 0 is a release.
    velocity: u8,
    /// All keys are released, the recording in progress ends, and so do sounding notes.
    pub(crate) all: bool,
    /// A stage key, and `true` if it goes down.
    pub(crate) stage: Option<(StageKey, bool)>,
    /// Keys down after this change, one bit per pitch.
    keys: u128,
}

impl KeyChange {
    /// Returns the keys that are down after this change, given those before it.
    fn after(&self, keys: u128) -> u128 {
        let bit = 1u128 << self.pitch;
        match self.velocity {
            _ if self.all => 0,
            _ if self.stage.is_some() => keys,
            0 => keys & !bit,
            _ => keys | bit,
        }
    }
}

/// The state of the keys and the part of the take that depends on it.
pub(crate) struct KeyInput {
    /// Keys down at the end of the next block's events and at the playback position, one bit per
    /// pitch.
    keys: u128,
    down: u128,
    /// Changes in the next block.
    changes: Box<[KeyChange; MAX_CHANGES]>,
    changed: usize,
    /// Current primer, the mode it was computed for, and a flag to recompute it.
    primer: Box<Primer>,
    prime: PrimeMode,
    stale: bool,
    /// The take has changed since [`KeyInput::take_changed`] was last called.
    fresh: bool,
    /// Primer that was played or tapped last, or was loaded with the project.
    last_clip: Box<Primer>,
    /// It was recorded here and is not sent to the project yet.
    recorded: bool,
    /// Take data stored in the project.
    project: Box<TakeExtras>,
    capture: Box<MidiCapture>,
    /// Bar that is being recorded, and whether a note was played in it.
    listening: (i64, bool),
    extras: Option<Output<TakeExtras>>,
}

impl KeyInput {
    pub(crate) fn new() -> Self {
        KeyInput {
            keys: 0,
            down: 0,
            changes: Box::default(),
            changed: 0,
            primer: Box::default(),
            prime: PrimeMode::Off,
            stale: true,
            fresh: true,
            last_clip: Box::default(),
            recorded: false,
            project: Box::default(),
            capture: Box::default(),
            listening: (0, false),
            extras: None,
        }
    }

    /// Connects to the project's take data. Call it on the host's main thread.
    pub(crate) fn connect(&mut self, state: &ProjectState) {
        self.extras = self.extras.take().or_else(|| state.take_extras_reader());
    }

    /// Returns `true` if the project has published new take data.
    pub(crate) fn has_news(&self) -> bool {
        self.extras.as_ref().is_some_and(Output::updated)
    }

    /// Releases all keys and ends the recording in progress.
    pub(crate) fn reset(&mut self) {
        (self.keys, self.down, self.changed) = (0, 0, 0);
        self.listening.1 = false;
        self.stale = true;
    }

    /// Releases the keys that were down when the host stopped, before the changes in the next
    /// block, and ends the recording in progress.
    pub(crate) fn stop(&mut self) {
        let mut keys = 0;
        for change in &mut self.changes[..self.changed] {
            keys = change.after(keys);
            change.keys = keys;
        }
        (self.keys, self.down) = (keys, 0);
        self.listening.1 = false;
        self.stale = true;
    }

    /// Records a key press at a sample of the next block. Velocity 0 is a release.
    pub(crate) fn key(&mut self, sample: u32, pitch: u8, velocity: u8) {
        if pitch <= 127 {
            let stage = StageKey::of_pitch(pitch).map(|key| (key, velocity > 0));
            self.push(KeyChange { sample, pitch, velocity, stage, ..KeyChange::default() });
        }
    }

    /// Records a stage key that goes down or up with the first sample of the next block.
    pub(crate) fn stage_key(&mut self, key: StageKey, down: bool) {
        self.push(KeyChange { stage: Some((key, down)), ..KeyChange::default() });
    }

    /// Releases all keys at a sample of the next block.
    pub(crate) fn release_all(&mut self, sample: u32) {
        self.push(KeyChange { sample, all: true, ..KeyChange::default() });
    }

    fn push(&mut self, change: KeyChange) {
        self.keys = change.after(self.keys);
        // If the buffer is full, the last entry stands for all changes that follow.
        let all = change.all || self.changed == MAX_CHANGES && self.changes[MAX_CHANGES - 1].all;
        let place = self.changed.min(MAX_CHANGES - 1);
        self.changes[place] = KeyChange { all, keys: self.keys, ..change };
        self.changed = place + 1;
    }

    /// Returns a change of the next block by index.
    pub(crate) fn change(&self, number: usize) -> Option<KeyChange> {
        self.changes[..self.changed].get(number).copied()
    }

    /// Returns `true` if the key of a break is released among the changes from index `done` on.
    pub(crate) fn releases_break(&self, done: usize) -> bool {
        let left = self.changes[..self.changed].get(done..).unwrap_or_default();
        left.iter().any(|change| change.all || change.stage == Some((StageKey::Break, false)))
    }

    /// Ends the block and applies the changes from index `done` on. Returns `true` if there were
    /// any.
    pub(crate) fn finish(&mut self, done: usize) -> bool {
        let left = self.changes[..self.changed].get(done..).unwrap_or_default();
        self.changed = 0;
        self.listening.1 &= left.iter().all(|change| !change.all);
        left.last().map(|change| self.down = change.keys).is_some()
    }

    /// Returns `true` if any key is down at the playback position.
    pub(crate) fn any_down(&self) -> bool {
        self.down != 0
    }

    /// Returns the drums whose keys are down.
    pub(crate) fn held(&self) -> DrumSet {
        pitches_of(self.down).filter_map(Drum::from_general_midi).collect()
    }

    /// Returns `true` once after the result of [`KeyInput::complete`] has changed.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    /// Returns the project's chart.
    pub(crate) fn chart(&self) -> &Chart {
        &self.project.chart
    }

    /// Adds primer, pins, morph target, model and chart to a take.
    pub(crate) fn complete(&self, take: Take) -> Take {
        let TakeExtras { pins, toward, model, chart, .. } = *self.project;
        Take { primer: *self.primer, pins, toward, model, chart, ..take }
    }

    /// Reads new take data from the project and turns the bar that just ended into a primer.
    pub(crate) fn update(
        &mut self,
        block: &Block,
        playing: bool,
        controls: &Controls,
        take_queue: &TakeQueue,
    ) {
        self.stale |= self.prime != controls.prime;
        self.prime = controls.prime;
        if let Some(extras) = &mut self.extras
            && extras.update()
        {
            let extras_now = *extras.output_buffer();
            if extras_now.primer_version != self.project.primer_version {
                (*self.last_clip, self.recorded) = (extras_now.primer, false);
            }
            (*self.project, self.stale, self.fresh) = (extras_now, true, true);
        }
        let bar = block.grid.bar_at(block.position);
        let (recorded_bar, recorded) = self.listening;
        if playing && bar != recorded_bar {
            self.listening = (bar, false);
            let meter = block.grid.meter;
            let until = bar.saturating_mul(i64::try_from(meter.steps()).unwrap_or(1));
            let clip = match self.prime {
                _ if !recorded => None,
                PrimeMode::Play => self.capture.played(until, PRIMER_BARS, meter).map(Primer::Play),
                PrimeMode::Tap => self.capture.rhythm(until, PRIMER_BARS, meter).map(Primer::Tap),
                PrimeMode::Off | PrimeMode::Hold => None,
            };
            if let Some(clip) = clip {
                (*self.last_clip, self.recorded, self.stale) = (clip, true, true);
            }
        }
        if self.stale {
            self.update_primer(block.position, &block.grid, controls, take_queue);
        }
    }

    /// Sends a new recording to the project, which owns the primer.
    pub(crate) fn send_recording(&mut self, end: &mut AudioEnd) {
        if self.recorded {
            self.recorded = !end.record_primer(self.project.primer_version, *self.last_clip);
        }
    }

    /// Applies a key change at a song position.
    pub(crate) fn apply_change(
        &mut self,
        change: &KeyChange,
        position: f64,
        grid: &Grid,
        controls: &Controls,
        take_queue: &TakeQueue,
    ) {
        self.down = change.keys;
        self.listening.1 &= !change.all;
        if change.velocity > 0 && matches!(self.prime, PrimeMode::Play | PrimeMode::Tap) {
            // Steps are counted in whole bars, whatever tick the host's bars start at.
            let bar = grid.bar_at(position);
            let steps = i64::try_from(grid.meter.steps()).unwrap_or(1);
            let into = position * TICKS_PER_BEAT - grid.bar_ticks(bar);
            let start = bar.saturating_mul(steps) as f64 * f64::from(TICKS_PER_STEP);
            // Keys without a drum of their own play the nearest one.
            let nearest =
                || Drum::from_general_midi(change.pitch).map(|it| (it, Articulation::Plain));
            let drum = InputMap::GeneralMidi.drum(change.pitch).or_else(nearest);
            self.capture.note_on(start + into, drum, change.velocity);
            self.listening.1 = true;
        }
        self.update_primer(position, grid, controls, take_queue);
    }

    /// Recomputes the primer: the keys held since a position, from the next launch point on, or the
    /// recorded notes.
    pub(crate) fn update_primer(
        &mut self,
        since: f64,
        grid: &Grid,
        controls: &Controls,
        take_queue: &TakeQueue,
    ) {
        let drums = self.held();
        let primer = match (self.prime, *self.last_clip) {
            (PrimeMode::Hold, _) if !drums.is_empty() => {
                Primer::Hold { drums, at: launch_step(since, grid, controls, take_queue) }
            }
            (PrimeMode::Play, clip @ Primer::Play(_)) | (PrimeMode::Tap, clip @ Primer::Tap(_)) => {
                clip
            }
            _ => Primer::Off,
        };
        self.fresh |= primer != *self.primer;
        (*self.primer, self.stale) = (primer, false);
    }
}

/// Returns the step of the phrase at which a change since a position takes effect.
fn launch_step(since: f64, grid: &Grid, controls: &Controls, take_queue: &TakeQueue) -> u16 {
    let bars = i64::from(controls.phrase_bars).clamp(1, 8);
    let at = take_queue.next_launch_position(since, grid, bars);
    let bar = grid.bar_at(at + 1e-6);
    let place = usize::try_from(bar.rem_euclid(bars)).unwrap_or(0);
    let into = at * TICKS_PER_BEAT - grid.bar_ticks(bar);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let step = (into / f64::from(TICKS_PER_STEP)).round().clamp(0.0, 255.0) as usize;
    u16::try_from(place * grid.meter.steps() + step).unwrap_or(0)
}
