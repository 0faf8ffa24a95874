//! Maps a host's blocks to spans of musical time.
//!
//! At the start of each block a host reports its song position, as far as it knows it. The clock
//! derives [`Span`]s: runs of samples at a constant tempo, each with the half-open range of song
//! positions whose notes it plays. Ranges of consecutive spans touch exactly, so that no note falls
//! between two blocks or into both, whatever the host's rounding.
//!
//! **Sample rule**: a note sounds at the sample nearest to its exact position, and halfway between
//! two samples at the later one. A position within [`TIE`] of the halfway point counts as halfway,
//! because hosts round their positions. Notes before a loop's seam sound before it. Notes that a
//! host skips, as hosts do that end their blocks a sample before the seam, do not sound.
//!
//! Positions are in quarter notes from the start of the song and may be negative. Notes are the
//! business of [`crate::play::schedule`].

use crate::pattern::Meter;
use crate::play::bar_count::BarCount;
pub use crate::play::grid::{Grid, TICKS_PER_BEAT};
use crate::play::grid::{bar_line, floor};

/// Tolerance around the halfway point between two samples, in samples. CLAP's positions have 31
/// fractional bits, up to a twentieth of this at usual tempi and rates.
pub const TIE: f64 = 1.0 / 8192.0;

/// Transport state of a host for a block. Any field may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// True while the song plays.
    pub playing: bool,
    /// Tempo in quarter notes per minute.
    pub tempo: Option<f64>,
    /// Time signature.
    pub meter: Option<Meter>,
    /// Position of the block's first sample in quarter notes.
    pub beats: Option<f64>,
    /// Position of the block's first sample in samples, used without beats.
    pub samples: Option<i64>,
    /// Start of the current bar, in quarter notes.
    pub bar_start: Option<f64>,
    /// Start and end of the loop in quarter notes, while looping is on.
    pub loop_range: Option<(f64, f64)>,
}

/// Transition from the previous span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Musical time continues.
    Continues,
    /// The song starts here, or the host jumped. Hits that belong to a step at or after the
    /// position but sound just before it sound at once.
    Jumps,
    /// The loop wraps. Hits that sound just before its start sounded before its end.
    Wraps,
}

/// A run of samples at a constant tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// First sample, counted from the start of the block.
    pub first: u32,
    /// Number of samples, at least 1.
    pub frames: u32,
    /// Song position of the first sample, in quarter notes.
    pub start: f64,
    /// Quarter notes per sample.
    pub beats_per_sample: f64,
    /// Start of the range of positions whose notes are played, inclusive.
    pub from: f64,
    /// End of that range, exclusive.
    pub to: f64,
    /// Transition from the previous span.
    pub entry: Entry,
    /// Bar line grid.
    pub grid: Grid,
    /// Start and end of the loop, while the position is before its end.
    pub seam: Option<(f64, f64)>,
}

impl Span {
    /// The span's sample nearest to a position, counted from the start of the block.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
    pub fn sample_of(&self, position: f64) -> u32 {
        let sample = nearest((position - self.start) / self.beats_per_sample);
        self.first + sample.clamp(0.0, f64::from(self.frames - 1)) as u32
    }

    /// Splits the range of notes at a position. The samples stay the same.
    #[must_use]
    pub fn split(self, position: f64) -> (Option<Span>, Option<Span>) {
        if position <= self.from {
            (None, Some(self))
        } else if position >= self.to {
            (Some(self), None)
        } else {
            let before = Span { to: position, ..self };
            let after = Span { from: position, entry: Entry::Continues, ..self };
            (Some(before), Some(after))
        }
    }
}

/// A block in musical time.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Position of the first sample in quarter notes; also known while stopped, as far as the host
    /// reports it.
    pub position: f64,
    /// Tempo in quarter notes per minute.
    pub tempo: f64,
    /// Bar line grid.
    pub grid: Grid,
    /// The loop, if the host has a valid one.
    pub loop_range: Option<(f64, f64)>,
    /// Spans to play; empty while stopped.
    pub spans: Spans,
}

/// The spans of a block, in order of their samples.
#[derive(Clone, Copy, Debug)]
pub struct Spans {
    done: u32,
    left: u32,
    position: f64,
    beats_per_sample: f64,
    from: f64,
    entry: Entry,
    grid: Grid,
    loop_range: Option<(f64, f64)>,
}

impl Spans {
    /// Returns true if nothing is left to play.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Quarter notes per sample.
    #[must_use]
    pub fn beats_per_sample(&self) -> f64 {
        self.beats_per_sample
    }

    /// Returns true if there is exactly one span, of at most `frames` samples, that continues the
    /// last block and ends before a position. No seam may lie before that position.
    #[must_use]
    pub fn go_on_before(&self, position: f64, frames: u32) -> bool {
        self.entry == Entry::Continues
            && (1..=frames).contains(&self.left)
            && self.end(self.left) <= position
    }

    /// End of the range of notes after `frames` samples, if no seam precedes it.
    fn end(&self, frames: u32) -> f64 {
        self.position + (f64::from(frames) - 0.5 - TIE) * self.beats_per_sample
    }
}

impl Iterator for Spans {
    type Item = Span;

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
    fn next(&mut self) -> Option<Span> {
        if self.left == 0 {
            return None;
        }
        let mut seam = self.loop_range.filter(|&(_, end)| self.position < end);
        let mut frames = self.left;
        let mut at_seam = false;
        if let Some((start, end)) = seam {
            let mut until = nearest((end - self.position) / self.beats_per_sample);
            if until < 1.0 {
                self.position += start - end;
                (self.from, self.entry) = (start, Entry::Wraps);
                until = nearest((end - self.position) / self.beats_per_sample).max(1.0);
            }
            at_seam = until <= f64::from(self.left);
            if at_seam {
                frames = until as u32;
            }
            seam = Some((start, end));
        }
        let to = match seam {
            Some((_, end)) if at_seam => end,
            _ => self.end(frames),
        }
        .max(self.from);
        let span = Span {
            first: self.done,
            frames,
            start: self.position,
            beats_per_sample: self.beats_per_sample,
            from: self.from,
            to,
            entry: self.entry,
            grid: self.grid,
            seam,
        };
        self.done += frames;
        self.left -= frames;
        self.position += f64::from(frames) * self.beats_per_sample;
        (self.from, self.entry) = (to, Entry::Continues);
        if let Some((start, end)) = seam.filter(|_| at_seam) {
            self.position += start - end;
            (self.from, self.entry) = (start, Entry::Wraps);
        }
        Some(span)
    }
}

/// State after the last playing block.
#[derive(Clone, Copy, Debug)]
struct PreviousBlock {
    /// Position reported by the host.
    start: f64,
    frames: u32,
    beats_per_sample: f64,
    /// The block's spans, exhausted: the end of the block, and how the next one continues it.
    end: Spans,
    /// Sample and beat from which positions are derived, for hosts without beats.
    anchor: (i64, f64),
}

/// Tracks a host's transport from block to block.
#[derive(Clone, Debug)]
pub struct Clock {
    rate: f64,
    tempo: f64,
    beats_per_sample: f64,
    last: Option<PreviousBlock>,
    bar_count: BarCount,
}

impl Clock {
    /// A clock for a sample rate in Hz. Invalid rates count as 48,000.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let (tempo, beats_per_sample, bar_count) = (0.0, 0.0, BarCount::default());
        let mut clock = Clock { rate, tempo, beats_per_sample, last: None, bar_count };
        clock.set_rate(rate);
        clock
    }

    /// Changes the sample rate, in Hz, and starts anew. The bars of the song stay known. Invalid
    /// rates count as 48,000.
    pub fn set_rate(&mut self, rate: f64) {
        self.rate = if rate.is_finite() && rate >= 1.0 { rate } else { 48_000.0 };
        self.set_tempo(120.0);
        self.restart();
    }

    /// Changes the tempo, in quarter notes per minute.
    fn set_tempo(&mut self, tempo: f64) {
        (self.tempo, self.beats_per_sample) = (tempo, tempo / 60.0 / self.rate);
    }

    /// Forgets the host's position: the next block starts anew.
    pub fn restart(&mut self) {
        self.last = None;
        self.bar_count.pause();
    }

    /// Processes the next block of `frames` samples.
    pub fn block(&mut self, transport: &Transport, frames: u32) -> Block {
        let beats = transport.beats.filter(|beats| beats.is_finite() && beats.abs() < 1e9);
        let tempo = self.tempo_of(transport.tempo, beats);
        if tempo.to_bits() != self.tempo.to_bits() {
            self.set_tempo(tempo);
        }
        let beats_per_sample = self.beats_per_sample;
        let meter = transport.meter.unwrap_or_default();
        let (position, anchor) = self.position_of(transport.samples, beats, beats_per_sample);
        let continued = self.continued(position, beats_per_sample);
        let grid = self.grid(position, meter, transport, continued.is_some());
        let shortest = (8.0 * beats_per_sample).max(1.0 / TICKS_PER_BEAT);
        let loop_range = transport
            .loop_range
            .filter(|(start, end)| start.abs() < 1e9 && end.abs() < 1e9 && end - start >= shortest);
        let mut spans = Spans {
            done: 0,
            left: 0,
            position,
            beats_per_sample,
            from: position - (0.5 + TIE) * beats_per_sample,
            entry: Entry::Jumps,
            grid,
            loop_range,
        };
        if !transport.playing {
            self.last = None;
        } else if frames > 0 && !self.stands(position) {
            spans.left = frames;
            if let Some((from, entry)) = continued {
                (spans.from, spans.entry) = (from, entry);
            }
            let mut end = spans;
            while end.next().is_some() {}
            self.last =
                Some(PreviousBlock { start: position, frames, beats_per_sample, end, anchor });
        }
        Block { position, tempo: self.tempo, grid, loop_range, spans }
    }

    /// The grid at a position. Bars are counted along the host's bar lines. A host's bar line that
    /// cannot precede the position is ignored.
    fn grid(
        &mut self,
        position: f64,
        meter: Meter,
        transport: &Transport,
        continues: bool,
    ) -> Grid {
        let line = transport.bar_start.and_then(|start| bar_line(position, meter, start));
        let Some(start_ticks) = line else {
            self.bar_count.pause();
            return Grid::at(position, meter);
        };
        let bar = self.bar_count.bar(start_ticks, meter, continues && transport.playing);
        if !transport.playing {
            self.bar_count.pause();
        }
        Grid { bar, start_ticks, meter }
    }

    /// The host's tempo; else the tempo implied by its positions, or the last known one.
    fn tempo_of(&self, tempo: Option<f64>, beats: Option<f64>) -> f64 {
        if let Some(tempo) = tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo)) {
            return tempo;
        }
        let measured = self
            .last
            .zip(beats)
            .map(|(last, beats)| (beats - last.start) / f64::from(last.frames) * self.rate * 60.0);
        measured.filter(|tempo| (5.0..=1_000.0).contains(tempo)).unwrap_or(self.tempo)
    }

    /// The position in quarter notes, and the anchor from which later positions are derived.
    fn position_of(
        &self,
        samples: Option<i64>,
        beats: Option<f64>,
        beats_per_sample: f64,
    ) -> (f64, (i64, f64)) {
        let place = |(sample, beat): (i64, f64), per_sample: f64, at: i64| {
            (at.saturating_sub(sample) as f64).mul_add(per_sample, beat)
        };
        match (beats, samples, self.last) {
            (Some(beats), _, _) => (beats, (0, 0.0)),
            (None, Some(samples), None) => (place((0, 0.0), beats_per_sample, samples), (0, 0.0)),
            (None, Some(samples), Some(last)) => {
                let position = place(last.anchor, last.beats_per_sample, samples);
                // Only a tempo change moves the anchor. Otherwise positions depend on the sample
                // alone and rounding errors do not accumulate.
                let same = last.beats_per_sample.to_bits() == beats_per_sample.to_bits();
                (position, if same { last.anchor } else { (samples, position) })
            }
            (None, None, last) => (last.map_or(0.0, |last| last.end.position), (0, 0.0)),
        }
    }

    /// Returns true if the host reports playing at an unchanged position, as some do while counting
    /// in.
    fn stands(&self, position: f64) -> bool {
        self.last.is_some_and(|last| {
            (position - last.start).abs() < 1e-9 && self.continued(position, 0.0).is_none()
        })
    }

    /// Start of the next range and its entry, if the position is near the end of the last block. A
    /// tempo that changed in between may have changed anywhere in the last block.
    fn continued(&self, position: f64, beats_per_sample: f64) -> Option<(f64, Entry)> {
        let last = self.last?;
        // A rising tempo moves the position ahead, a falling one back, never the opposite.
        let ramp = if beats_per_sample > 0.0 {
            f64::from(last.frames) * (beats_per_sample - last.beats_per_sample)
        } else {
            0.0
        };
        let slack = 2.0 * last.beats_per_sample + 1.0 / TICKS_PER_BEAT;
        let slack = ramp.min(0.0) - slack..=ramp.max(0.0) + slack;
        let off = position - last.end.position;
        // Hosts that cut their blocks at the seam may cut one sample before it. During a tempo
        // change a short loop may lie within the tolerance: the nearer of the two positions is
        // chosen.
        let around = last.end.loop_range.filter(|(start, end)| {
            let around = off + (end - start);
            around.abs() < off.abs()
                && slack.contains(&around)
                && slack.contains(&(end - last.end.position))
        });
        match around {
            Some((start, _)) => Some((start, Entry::Wraps)),
            None => slack.contains(&off).then_some((last.end.from, last.end.entry)),
        }
    }
}

/// The nearest integer, halves up.
fn nearest(samples: f64) -> f64 {
    floor(samples + 0.5 + TIE)
}
