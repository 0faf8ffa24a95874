//! Random host: generates actions from a seed, with the ground truth about each block.

mod song;
mod stage;

use super::action::{HostAbilities, HostAction, HostBlock};
use super::random_user::LaneSettings;
use super::reference::{BarLines, TICKS_PER_BEAT};
use super::stage_state::StageState;
use super::truth::{GroundTruth, Motion};
use crate::host::{Event, Message, Setup, Transport};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Range of song positions, in quarter notes; the reference reaches further.
const SONG_RANGE: std::ops::Range<f64> = -16.0..200.0;

/// Sample rates in Hz.
const SAMPLE_RATES: [f64; 9] =
    [8_000.0, 11_025.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0, 384_000.0];

/// Maximum block sizes, in frames.
const MAX_BLOCKS: [u32; 6] = [1, 64, 480, 2_048, 65_536, 65_536];

/// Position that a host reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PositionSource {
    /// Quarter notes without seconds.
    Beats,
    /// Quarter notes and seconds.
    BeatsAndSeconds,
    /// Seconds alone; the plugin counts samples.
    Seconds,
    /// No position: the song starts at 0.
    Missing,
    /// A stopped transport: the plugin's free run counts from 0.
    FreeRun,
}

/// Cut of a block at the end of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoopCut {
    /// None: the loop wraps inside of blocks.
    Never,
    /// At the nearest sample.
    Nearest,
    /// At the last sample before the end.
    Before,
    /// At the first sample after the end.
    After,
}

/// A host that acts at random.
#[derive(Debug)]
pub struct RandomHost {
    rng: ChaCha8Rng,
    abilities: HostAbilities,
    takes: usize,
    take: usize,
    setup: Setup,
    lanes: LaneSettings,
    /// Parameter changes before the next block.
    pending_parameters: VecDeque<(String, f64)>,
    position_source: PositionSource,
    loop_cut: LoopCut,
    /// The host reports bar lines, which may then be anywhere.
    reports_bar_lines: bool,
    tempo: f64,
    /// Factor of the tempo from block to block, and number of blocks left.
    tempo_ramp: (f64, u32),
    /// The tempo changes within blocks too, and the host integrates it.
    tempo_glides: bool,
    bar_lines: BarLines,
    cycle: Option<(f64, f64)>,
    loop_passes: u64,
    position: f64,
    /// Sample of the position, for hosts that report seconds alone.
    sample: i64,
    /// Motion of the song into the next block.
    motion: Motion,
    /// Number of blocks left in which the transport is stopped or stalled.
    blocks_left: u32,
    /// Frames and position of the last block.
    last_frames: u32,
    last_position: f64,
    ends_all_notes: bool,
    keys: Vec<u8>,
    /// Keys were held since the transport was last stopped.
    keys_used: bool,
    stage: StageState,
}

impl RandomHost {
    /// Creates a host for a plugin with a number of saved states, the first of which is loaded.
    #[must_use]
    pub fn new(rng: ChaCha8Rng, abilities: HostAbilities, takes: usize) -> Self {
        RandomHost {
            rng,
            abilities,
            takes,
            take: 0,
            setup: Setup { sample_rate: 48_000.0, max_block: 1, offline: true },
            lanes: LaneSettings::default(),
            pending_parameters: VecDeque::new(),
            position_source: PositionSource::Beats,
            loop_cut: LoopCut::Never,
            reports_bar_lines: false,
            tempo: 120.0,
            tempo_ramp: (1.0, 0),
            tempo_glides: false,
            bar_lines: BarLines { meter: (4, 4), line: 0 },
            cycle: None,
            loop_passes: 0,
            position: 0.0,
            sample: 0,
            motion: Motion::Stopped,
            blocks_left: 1,
            last_frames: 1,
            last_position: 0.0,
            ends_all_notes: true,
            keys: Vec::new(),
            keys_used: false,
            stage: StageState::default(),
        }
    }

    fn chance(&mut self, of_thousand: f64) -> bool {
        self.rng.random_bool(of_thousand / 1_000.0)
    }

    fn has_beats(&self) -> bool {
        matches!(self.position_source, PositionSource::Beats | PositionSource::BeatsAndSeconds)
    }

    fn per_sample(&self) -> f64 {
        self.tempo / 60.0 / self.setup.sample_rate
    }

    /// Returns a random set-up.
    pub fn next_setup(&mut self) -> Setup {
        let (rates, longest) = if self.abilities.full { (9, 0) } else { (7, 2) };
        self.setup = Setup {
            sample_rate: SAMPLE_RATES[self.rng.random_range(0..rates)],
            max_block: MAX_BLOCKS[self.rng.random_range(longest..MAX_BLOCKS.len())],
            offline: !self.chance(120.0),
        };
        self.ends_all_notes = true;
        self.stop();
        self.setup
    }

    /// Maximum frames of a block.
    #[must_use]
    pub fn max_block(&self) -> u32 {
        self.setup.max_block
    }

    /// Returns the next action.
    pub fn next_action(&mut self) -> HostAction {
        if self.motion == Motion::Stopped && self.blocks_left == 0 {
            self.start();
        }
        if self.position_source == PositionSource::FreeRun {
            self.advance_free_run();
        }
        if let Some((name, value)) = self.pending_parameters.pop_front() {
            return HostAction::Set(name, value);
        }
        match self.rng.random_range(0..100_000) {
            0..50 => return HostAction::Activate(self.next_setup()),
            50..80 => {
                self.ends_all_notes = true;
                if self.motion != Motion::Stopped {
                    (self.motion, self.blocks_left) = (Motion::Jumps, 0);
                }
                if self.position_source == PositionSource::Seconds
                    || self.position_source == PositionSource::Missing
                {
                    self.stop();
                }
                return HostAction::Reset;
            }
            80..480 => {
                let before = self.lanes.channels();
                let (name, value) = self.lanes.random_change(&mut self.rng);
                self.ends_all_notes |= self.lanes.channels() != before;
                return HostAction::Set(name, value);
            }
            1_480..1_500 => {
                self.tap_stage_parameter();
                if let Some((name, value)) = self.pending_parameters.pop_front() {
                    return HostAction::Set(name, value);
                }
            }
            480..1_480 if self.motion == Motion::Stopped => {
                // An evolving take takes long to generate.
                let evolves = self.chance(200.0);
                self.take =
                    if evolves { self.takes - 1 } else { self.rng.random_range(0..self.takes) };
                (self.lanes, self.ends_all_notes) = (LaneSettings::default(), true);
                self.blocks_left = self.blocks_left.max(1);
                return HostAction::Load(self.take);
            }
            _ => {}
        }
        HostAction::Block(self.block())
    }

    /// Stops the song. Returns the next parameter change that belongs before the last block.
    pub fn final_change(&mut self) -> Option<(String, f64)> {
        if self.motion != Motion::Stopped {
            self.stop();
        }
        self.pending_parameters.pop_front()
    }

    /// Returns a last block with the transport stopped, after the changes of
    /// [`RandomHost::final_change`].
    pub fn final_block(&mut self) -> HostBlock {
        // Long enough that no new song starts.
        self.blocks_left = u32::MAX;
        loop {
            let block = self.block();
            if block.truth.frames > 0 {
                return block;
            }
        }
    }

    fn block(&mut self) -> HostBlock {
        let mut frames = self.random_length();
        if self.motion == Motion::Stalled && self.blocks_left > 0 {
            (frames, self.blocks_left) = (self.last_frames, self.blocks_left - 1);
        } else if frames > 0 && self.blocks_left > 0 {
            self.blocks_left -= 1;
        } else if frames > 0 {
            self.change_something();
        }
        let per_sample = self.per_sample();
        if matches!(self.motion, Motion::Jumps | Motion::Continues) {
            frames = self.limit_length(frames);
            let after = self.position + f64::from(frames) * per_sample;
            if frames > 0
                && after > SONG_RANGE.end
                && self.cycle.is_none_or(|(_, end)| self.position >= end)
            {
                self.stop();
                self.blocks_left -= 1;
            }
        }
        let mut input = self.random_keys(frames);
        let position = if self.has_beats() { host_precision(self.position) } else { self.position };
        self.stage_input(position, frames, &mut input);
        let truth = GroundTruth {
            motion: self.motion,
            position,
            beats_per_sample: per_sample,
            frames,
            cycle: self.cycle,
            loop_passes: self.loop_passes,
            bar_lines: self.bar_lines,
            lanes: self.lanes,
            ends_all_notes: self.ends_all_notes,
            stage: self.stage.window,
            unpredictable: self.keys_used || !self.setup.offline,
        };
        let may_join_next = frames > 0 && self.abilities.full && self.chance(100.0);
        let block =
            HostBlock { transport: self.transport(), input, truth, take: self.take, may_join_next };
        if frames > 0 {
            self.ends_all_notes = false;
            (self.last_frames, self.last_position) = (frames, self.position);
            self.advance(frames);
        }
        block
    }

    /// Returns the frames of the next block, before the song limits them.
    fn random_length(&mut self) -> u32 {
        if self.abilities.full && self.chance(10.0) {
            return 0;
        }
        let most = f64::from(self.setup.max_block);
        // If the plugin detects an offline render by pace alone, blocks must be long enough to come
        // early.
        let least = if self.abilities.full { 1.0 } else { most.min(256.0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let frames = most.powf(self.rng.random::<f64>()).round().clamp(least, most) as u32;
        frames
    }

    /// Limits a block to a short span of the song, and cuts it at the loop's end.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    fn limit_length(&mut self, frames: u32) -> u32 {
        if frames == 0 {
            return 0;
        }
        let per_sample = self.per_sample();
        let most = if self.chance(5.0) { 36.0 } else { 1.0 };
        let mut frames = f64::from(frames).min((most / per_sample).floor().max(1.0));
        if let Some((_, end)) = self.cycle.filter(|(_, end)| self.position < *end) {
            let left = (end - self.position) / per_sample;
            let cut = match self.loop_cut {
                LoopCut::Never => f64::INFINITY,
                LoopCut::Nearest => left.round(),
                LoopCut::Before => left.floor(),
                LoopCut::After => left.ceil(),
            };
            frames = frames.min(cut.max(1.0));
        }
        frames as u32
    }

    /// Returns keys that go down and up.
    fn random_keys(&mut self, frames: u32) -> Vec<Event> {
        let mut input = Vec::new();
        if self.motion == Motion::Stopped && frames > 0 {
            // All keys are released before the song starts again.
            let up = |key| Event { offset: 0, message: Message::NoteOff { key, channel: 0 } };
            input.extend(self.keys.drain(..).map(up));
            self.keys_used = false;
        } else if frames > 0 && self.chance(0.15) {
            let key = self.rng.random_range(30..60);
            let message = Message::NoteOn { key, channel: 0, velocity: 0.7 };
            input.push(Event { offset: self.rng.random_range(0..frames), message });
            self.keys.push(key);
            self.keys_used = true;
        } else if frames > 0 && self.chance(10.0) {
            let up =
                |key| Event { offset: frames / 2, message: Message::NoteOff { key, channel: 0 } };
            input.extend(self.keys.pop().map(up));
        }
        input
    }

    /// Returns the transport as the host reports it.
    fn transport(&mut self) -> Transport {
        let playing =
            self.motion != Motion::Stopped && self.position_source != PositionSource::FreeRun;
        // A stopped transport may move.
        let dragged = self.chance(500.0);
        let position = match self.motion {
            _ if !playing && dragged => self.rng.random_range(SONG_RANGE),
            _ => self.position,
        };
        let beats = self.has_beats().then_some(host_precision(position));
        #[expect(clippy::cast_precision_loss, reason = "songs are short")]
        let seconds = match self.position_source {
            PositionSource::Seconds => Some(self.sample as f64 / self.setup.sample_rate),
            PositionSource::BeatsAndSeconds => Some(position * 60.0 / self.tempo),
            PositionSource::Beats | PositionSource::Missing | PositionSource::FreeRun => None,
        };
        // A host without bar lines leaves the field at 0.
        #[expect(clippy::cast_precision_loss, reason = "songs are short")]
        let bar_start = if self.reports_bar_lines {
            self.bar_lines.start_at(host_precision(position)) as f64 / TICKS_PER_BEAT
        } else {
            0.0
        };
        Transport {
            playing,
            tempo: Some(self.tempo),
            meter: Some(self.bar_lines.meter),
            beats,
            seconds,
            cycle: self.cycle,
            bar_start: Some(bar_start),
        }
    }
}

/// Rounds a position to CLAP's fixed-point precision of 31 fractional bits.
fn host_precision(position: f64) -> f64 {
    const GRAIN: f64 = 2_147_483_648.0;
    (position * GRAIN).round() / GRAIN
}
