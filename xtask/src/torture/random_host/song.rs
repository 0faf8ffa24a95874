//! Song of the random host: starts, stops, jumps, tempo, meter, and loops.

use super::{LoopCut, PositionSource, RandomHost, SONG_RANGE, host_precision};
use crate::torture::reference::{METERS, TICKS_PER_BEAT};
use crate::torture::truth::Motion;
use rand::Rng;

/// Tempi of free runs, evenly spaced in the range of the parameter.
const FREE_TEMPI: [f64; 5] = [20.0, 115.0, 210.0, 305.0, 400.0];

impl RandomHost {
    /// Stops the transport for some blocks.
    pub(super) fn stop(&mut self) {
        if self.position_source == PositionSource::FreeRun {
            self.pending_parameters.push_back(("Free run".into(), 0.0));
            self.position_source = PositionSource::Beats;
        }
        self.motion = Motion::Stopped;
        self.blocks_left = self.rng.random_range(1..6);
    }

    /// Starts the transport in another song.
    pub(super) fn start(&mut self) {
        self.position_source = match self.rng.random_range(0..10) {
            _ if !self.abilities.full => PositionSource::Beats,
            0 | 1 => PositionSource::Seconds,
            2 if self.chance(500.0) => PositionSource::Missing,
            2 => PositionSource::FreeRun,
            3..6 => PositionSource::BeatsAndSeconds,
            _ => PositionSource::Beats,
        };
        let beats = self.has_beats();
        self.reports_bar_lines = beats && self.abilities.full && self.chance(500.0);
        self.tempo_glides = beats && self.chance(300.0);
        self.loop_cut = [LoopCut::Never, LoopCut::Nearest, LoopCut::Before, LoopCut::After]
            [self.rng.random_range(0..4)];
        self.tempo = self.random_tempo();
        self.tempo_ramp = (1.0, 0);
        self.cycle = None;
        self.jump();
        self.change_meter();
        (self.motion, self.blocks_left) = (Motion::Jumps, 0);
        if self.position_source == PositionSource::FreeRun {
            self.pending_parameters.push_back(("Free run".into(), 1.0));
            self.change_free_tempo();
        }
    }

    /// Changes the tempo of the free run.
    fn change_free_tempo(&mut self) {
        let number = self.rng.random_range(0..FREE_TEMPI.len());
        self.tempo = FREE_TEMPI[number];
        self.pending_parameters
            .push_back(("Free tempo".into(), number as f64 / (FREE_TEMPI.len() - 1) as f64));
    }

    /// Ends a free run or changes its tempo at random.
    pub(super) fn advance_free_run(&mut self) {
        match self.rng.random_range(0..1_000) {
            0..3 => self.stop(),
            _ if self.position > SONG_RANGE.end - 50.0 => self.stop(),
            3..6 if self.motion == Motion::Continues => self.change_free_tempo(),
            _ => {}
        }
    }

    fn random_tempo(&mut self) -> f64 {
        match self.rng.random_range(0..4) {
            0 => f64::from(self.rng.random_range(60..200)),
            _ => 10.0 * 99.9_f64.powf(self.rng.random::<f64>()),
        }
    }

    /// Returns a position on a tick or a little after one.
    fn random_position(&mut self, range: std::ops::Range<f64>) -> f64 {
        let tick = (self.rng.random_range(range) * TICKS_PER_BEAT).round();
        let off = if self.chance(300.0) { 0.7 } else { 0.0 };
        let whole = if self.chance(400.0) { (tick / 240.0).round() * 240.0 } else { tick + off };
        host_precision(whole / TICKS_PER_BEAT)
    }

    /// Jumps to another position.
    fn jump(&mut self) {
        let here = self.position;
        let (around, near) = (self.chance(500.0), self.chance(800.0));
        let (from, to) = match self.cycle {
            Some((start, end)) if around => (start - 1.0, end + 0.5),
            _ if near => (here - 4.0, here + 4.0),
            _ => (SONG_RANGE.start, SONG_RANGE.end - 40.0),
        };
        let to = to.clamp(SONG_RANGE.start + 2.0, SONG_RANGE.end - 40.0);
        let from = from.clamp(SONG_RANGE.start, to - 1.0);
        // A position near the current one, or a loop length away, would not be a jump.
        let guard = 0.01 + 8.0 * self.per_sample();
        let length = self.cycle.map_or(0.0, |(start, end)| end - start);
        let known = [here, here - length, here + length, self.last_position];
        let target = loop {
            let target = self.random_position(from..to);
            if known.iter().all(|known| (target - known).abs() > guard) {
                break target;
            }
        };
        self.loop_passes = 0;
        match self.position_source {
            PositionSource::Beats | PositionSource::BeatsAndSeconds => self.position = target,
            PositionSource::Missing | PositionSource::FreeRun => self.position = 0.0,
            PositionSource::Seconds => {
                let per_sample = self.per_sample();
                #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
                if self.motion == Motion::Stopped {
                    self.sample = (target / per_sample).round() as i64;
                    self.position = self.sample as f64 * per_sample;
                } else {
                    let samples = ((target - here) / per_sample).round();
                    self.sample += samples as i64;
                    self.position += samples * per_sample;
                }
            }
        }
    }

    fn change_meter(&mut self) {
        self.bar_lines.meter = METERS[self.rng.random_range(0..METERS.len())];
        self.bar_lines.line = 0;
        if self.reports_bar_lines {
            #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
            let tick = (self.position * TICKS_PER_BEAT).floor() as i64;
            self.bar_lines.line =
                if self.chance(500.0) { tick } else { tick.div_euclid(240) * 240 };
        }
    }

    /// Sets a loop around the position or after it, or none.
    fn change_cycle(&mut self) {
        let far = |seam: f64, position: f64, per_sample: f64| {
            (seam - position).abs() > 0.01 + 8.0 * per_sample
        };
        let per_sample = self.per_sample();
        let here = self.position;
        if self.cycle.is_some_and(|(start, end)| {
            !far(start, here, per_sample) || !far(end, here, per_sample)
        }) {
            return;
        }
        let before = self.cycle.take();
        let passes = std::mem::take(&mut self.loop_passes);
        if self.chance(150.0) {
            return;
        }
        // No host has a loop of less than eight samples.
        let least = 12.0 * 999.0 / 60.0 / self.setup.sample_rate;
        let least = least.max(2.0 / TICKS_PER_BEAT);
        let most: f64 = if self.chance(300.0) { 0.25 } else { 8.0 };
        let length = least * (most.max(2.0 * least) / least).powf(self.rng.random::<f64>());
        let start = here + self.rng.random_range(-1.0..0.5) * length;
        let start = self.random_position(start..start + length / 4.0);
        let end =
            host_precision(start + ((length * TICKS_PER_BEAT).round() / TICKS_PER_BEAT).max(least));
        if far(start, here, per_sample) && far(end, here, per_sample) && end < SONG_RANGE.end {
            self.cycle = Some((start, end));
            // The shortest loops are equal: the loop continues.
            if self.cycle == before {
                self.loop_passes = passes;
            }
        }
    }

    /// Changes the transport at random.
    pub(super) fn change_something(&mut self) {
        if matches!(self.motion, Motion::Stopped | Motion::Jumps)
            || self.position_source == PositionSource::FreeRun
        {
            return;
        }
        if self.motion == Motion::Stalled {
            self.motion = Motion::Continues;
            self.position += f64::from(self.last_frames) * self.per_sample();
            return;
        }
        let beats = self.has_beats();
        // While the tempo glides, the host has already advanced with the next tempo.
        let glides = self.tempo_glides && self.tempo_ramp.1 > 0;
        match self.rng.random_range(0..1_000) {
            0..2 => self.stop(),
            2..6 if self.position_source != PositionSource::Missing => {
                self.tempo_ramp.1 = 0;
                self.jump();
                self.motion = Motion::Jumps;
            }
            12..20 if !glides => self.tempo = self.random_tempo(),
            20..26 if !(glides || self.tempo_glides && self.cycle.is_some()) => {
                let blocks = self.rng.random_range(2..60);
                let factor = (self.random_tempo() / self.tempo).powf(1.0 / f64::from(blocks));
                self.tempo_ramp = (factor, blocks);
            }
            // A host that reports bar lines has one map for all of a song, by which the plugin
            // counts bars; random maps are tested in `plugin/tests/engine_and_worker`.
            26..28 if !self.reports_bar_lines => self.change_meter(),
            30..45 if beats && self.abilities.full && self.tempo_ramp.1 == 0 => self.change_cycle(),
            _ => {}
        }
        if self.tempo_ramp.1 > 0 {
            self.tempo_ramp.1 -= 1;
            self.tempo = (self.tempo * self.tempo_ramp.0).clamp(10.0, 999.0);
        }
    }

    /// Advances the song after a block.
    pub(super) fn advance(&mut self, frames: u32) {
        if matches!(self.motion, Motion::Stopped | Motion::Stalled) {
            return;
        }
        self.motion = Motion::Continues;
        // Stalls at random, as some hosts do during a count-in.
        let beats = self.has_beats();
        let long = f64::from(frames) * self.per_sample() > 0.002 + 4.0 * self.per_sample();
        if beats && long && self.cycle.is_none() && self.chance(1.0) {
            (self.motion, self.blocks_left) = (Motion::Stalled, self.rng.random_range(1..6));
            self.tempo_ramp.1 = 0;
            return;
        }
        let next = if self.tempo_glides && self.tempo_ramp.1 > 0 {
            (self.tempo * self.tempo_ramp.0).clamp(10.0, 999.0)
        } else {
            self.tempo
        };
        let per_sample = f64::midpoint(self.tempo, next) / 60.0 / self.setup.sample_rate;
        let before = self.position;
        self.position += f64::from(frames) * per_sample;
        self.sample += i64::from(frames);
        let Some((start, end)) = self.cycle.filter(|(_, end)| before < *end) else { return };
        let short = 1.001 * per_sample;
        let cuts = match self.loop_cut {
            LoopCut::Never => false,
            LoopCut::Nearest => self.position >= end - short / 2.0,
            LoopCut::Before => self.position >= end - short,
            LoopCut::After => self.position >= end,
        };
        if cuts {
            self.position = start;
            self.loop_passes += 1;
        }
        while host_precision(self.position) >= end {
            self.position += start - end;
            self.loop_passes += 1;
        }
    }
}
