//! A host's block to spans of musical time.
//!
//! A host says at the start of each block where in the song it is, as far as it knows. The clock
//! makes [`Span`]s of that: runs of samples in which musical time goes on evenly, each with the
//! half-open range of song positions whose notes are to be played in it. Ranges of spans that
//! continue each other touch exactly, so that no note falls between two blocks and none is in
//! both, however the host rounds.
//!
//! **The one rule for samples**: a note sounds at the sample nearest to its exact position; in
//! the middle between two samples, at the later one. What lies within [`TIE`] of a sample of the
//! middle counts as the middle, because hosts round their positions. What lies before the seam of a
//! loop sounds before it, and what a host passes over, as those do that cut their blocks a sample
//! before the seam, does not sound.
//!
//! Positions are in quarter notes from the start of the song and may be negative. Which notes
//! there are is not known here; [`crate::play::schedule`] plays them.

use crate::pattern::{Meter, TICKS_PER_STEP};

/// Ticks in a quarter note.
pub const TICKS_PER_BEAT: f64 = TICKS_PER_STEP as f64 * 4.0;

/// How near to the middle between two samples counts as the middle, in samples. CLAP's positions
/// have 31 bits after the point, which is up to a twentieth of this at usual tempi and rates.
pub const TIE: f64 = 1.0 / 8192.0;

/// How far a bar line may be off the position or the grid, in quarter notes, before it is not
/// believed.
const BAR_TOLERANCE: f64 = 1e-3;

/// What a host says about a block. It may leave out any field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the song plays.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo: Option<f64>,
    /// Time signature.
    pub meter: Option<Meter>,
    /// Position of the block's first sample in quarter notes.
    pub beats: Option<f64>,
    /// Position of the block's first sample in samples; used where there are no beats.
    pub samples: Option<i64>,
    /// Where the bar at the position starts, in quarter notes.
    pub bar_start: Option<f64>,
    /// Start and end of the loop in quarter notes, while the host loops.
    pub loop_range: Option<(f64, f64)>,
}

/// Where the bar lines are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Index of a bar: 0 is the first of the song.
    pub bar: i64,
    /// Where that bar starts, in ticks of 1/960 quarter note; a whole number in all songs whose
    /// bar lines are on ticks.
    pub start_ticks: f64,
    /// Time signature.
    pub meter: Meter,
}

impl Grid {
    /// The grid at a position, given the host's bar line if it has one. A bar line that cannot be
    /// the one before the position is not believed; the grid then starts at the song's start.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
    pub fn at(position: f64, meter: Meter, bar_start: Option<f64>) -> Self {
        let beats = meter.beats();
        let start = bar_start
            .filter(|&start| {
                let into = position - start;
                (-BAR_TOLERANCE..=beats + BAR_TOLERANCE).contains(&into)
            })
            .unwrap_or_else(|| floor((position + 1e-9) / beats) * beats);
        let ticks = start * TICKS_PER_BEAT;
        let near = floor(ticks + 0.5);
        let start_ticks = if (ticks - near).abs() < BAR_TOLERANCE { near } else { ticks };
        let bar = floor(start_ticks / (beats * TICKS_PER_BEAT) + 1e-6) as i64;
        Grid { bar, start_ticks, meter }
    }

    /// Where a bar starts, in ticks.
    #[must_use]
    pub fn bar_ticks(&self, bar: i64) -> f64 {
        self.start_ticks + (bar - self.bar) as f64 * self.meter.beats() * TICKS_PER_BEAT
    }

    /// Index of the bar at a position in quarter notes.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
    pub fn bar_at(&self, position: f64) -> i64 {
        let bars =
            (position * TICKS_PER_BEAT - self.start_ticks) / (self.meter.beats() * TICKS_PER_BEAT);
        self.bar.saturating_add(floor(bars) as i64)
    }
}

/// How a span follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Musical time goes on.
    Continues,
    /// The song starts here, or the host went elsewhere without notice. What would have sounded
    /// just before the position for a step at or after it sounds at once.
    Jumps,
    /// The loop goes round. What sounds just before its start sounded before its end.
    Wraps,
}

/// A run of samples in which musical time goes on evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// First sample, counted from the start of the block.
    pub first: u32,
    /// Number of samples, at least 1.
    pub frames: u32,
    /// Song position of the first sample, in quarter notes.
    pub start: f64,
    /// Quarter notes a sample.
    pub beats_per_sample: f64,
    /// Notes at this position and later ones are to be played,
    pub from: f64,
    /// up to but without this one.
    pub to: f64,
    /// How the span follows the one before.
    pub entry: Entry,
    /// Where the bar lines are.
    pub grid: Grid,
    /// Start and end of the loop, while the position is before its end.
    pub seam: Option<(f64, f64)>,
}

impl Span {
    /// The sample of a position, counted from the start of the block: the nearest one of the span.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to u32")]
    pub fn sample_of(&self, position: f64) -> u32 {
        let sample = nearest((position - self.start) / self.beats_per_sample);
        self.first + sample.clamp(0.0, f64::from(self.frames - 1)) as u32
    }

    /// The notes before a position, and the notes from there on. The samples stay the same.
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
    /// Position of the first sample in quarter notes; also known while the transport stands, as
    /// far as the host tells it.
    pub position: f64,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Where the bar lines are.
    pub grid: Grid,
    /// The loop, if the host has a usable one.
    pub loop_range: Option<(f64, f64)>,
    /// What is to be played; nothing while the transport stands.
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
    /// Whether there is nothing left to play.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Quarter notes a sample.
    #[must_use]
    pub fn beats_per_sample(&self) -> f64 {
        self.beats_per_sample
    }

    /// Whether there is but one, of at most so many samples, which goes on where the last block
    /// ended and ends before a position. No seam may lie before that.
    #[must_use]
    pub fn go_on_before(&self, position: f64, frames: u32) -> bool {
        self.entry == Entry::Continues
            && (1..=frames).contains(&self.left)
            && self.end(self.left) <= position
    }

    /// Up to where notes are to be played in so many samples, if no seam comes before.
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

/// What the last playing block left.
#[derive(Clone, Copy, Debug)]
struct PreviousBlock {
    /// Position that the host gave.
    start: f64,
    frames: u32,
    beats_per_sample: f64,
    /// Spans of the block, all taken: where it ended, and how the next one continues it.
    end: Spans,
    /// How samples became beats, for hosts that have no beats.
    anchor: (i64, f64),
}

/// Follows a host's transport from block to block.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    rate: f64,
    tempo: f64,
    beats_per_sample: f64,
    last: Option<PreviousBlock>,
}

impl Clock {
    /// A clock for a sample rate in Hertz. A rate that makes no sense counts as 48,000.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let rate = if rate.is_finite() && rate >= 1.0 { rate } else { 48_000.0 };
        Clock { rate, tempo: 0.0, beats_per_sample: 0.0, last: None }.at(120.0)
    }

    /// The same at a tempo in quarter notes a minute.
    fn at(self, tempo: f64) -> Self {
        Clock { tempo, beats_per_sample: tempo / 60.0 / self.rate, ..self }
    }

    /// Forgets where the host was: the next block starts anew.
    pub fn restart(&mut self) {
        self.last = None;
    }

    /// The next block, of so many samples.
    pub fn block(&mut self, transport: &Transport, frames: u32) -> Block {
        let beats = transport.beats.filter(|beats| beats.is_finite() && beats.abs() < 1e9);
        let tempo = self.tempo_of(transport.tempo, beats);
        if tempo.to_bits() != self.tempo.to_bits() {
            *self = self.at(tempo);
        }
        let beats_per_sample = self.beats_per_sample;
        let meter = transport.meter.unwrap_or_default();
        let (position, anchor) = self.position_of(transport.samples, beats, beats_per_sample);
        let grid = Grid::at(position, meter, transport.bar_start.filter(|start| start.is_finite()));
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
            if let Some((from, entry)) = self.continued(position, beats_per_sample) {
                (spans.from, spans.entry) = (from, entry);
            }
            let mut end = spans;
            while end.next().is_some() {}
            self.last =
                Some(PreviousBlock { start: position, frames, beats_per_sample, end, anchor });
        }
        Block { position, tempo: self.tempo, grid, loop_range, spans }
    }

    /// The host's tempo; without one, what its positions say, or what held before.
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

    /// The position in quarter notes, and which sample stands for which beat from here on.
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
                // Only a tempo change moves the anchor: without one, positions depend on the
                // sample alone and no rounding adds up.
                let same = last.beats_per_sample.to_bits() == beats_per_sample.to_bits();
                (position, if same { last.anchor } else { (samples, position) })
            }
            (None, None, last) => (last.map_or(0.0, |last| last.end.position), (0, 0.0)),
        }
    }

    /// Whether the host says that it plays but does not move, as some do while they count in.
    fn stands(&self, position: f64) -> bool {
        self.last.is_some_and(|last| {
            (position - last.start).abs() < 1e-9 && self.continued(position, 0.0).is_none()
        })
    }

    /// From where and how the block goes on, if the position is about where the last block ended.
    /// A tempo that changed between the two may have changed anywhere in the last one.
    fn continued(&self, position: f64, beats_per_sample: f64) -> Option<(f64, Entry)> {
        let last = self.last?;
        // A tempo that rose has brought the song farther, one that fell less far, never the other
        // way.
        let ramp = if beats_per_sample > 0.0 {
            f64::from(last.frames) * (beats_per_sample - last.beats_per_sample)
        } else {
            0.0
        };
        let slack = 2.0 * last.beats_per_sample + 1.0 / TICKS_PER_BEAT;
        let slack = ramp.min(0.0) - slack..=ramp.max(0.0) + slack;
        let off = position - last.end.position;
        // Hosts that cut their blocks at the seam may cut a sample before it. While the tempo
        // changes, a short loop may be within the slack: then the nearer of the two places is it.
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

/// The nearest whole number, the greater one in the middle.
fn nearest(samples: f64) -> f64 {
    floor(samples + 0.5 + TIE)
}

/// The greatest whole number that is not above. `f64::floor` is a call where the code is to run on
/// processors of any age.
#[expect(clippy::cast_possible_truncation, reason = "used if it is small")]
fn floor(number: f64) -> f64 {
    let whole = number as i64 as f64;
    if number.abs() < 9e15 { whole - f64::from(whole > number) } else { number }
}
