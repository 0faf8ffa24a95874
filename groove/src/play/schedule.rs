//! Converts spans and bars to note-on and note-off messages at sample offsets, in order of time.
//!
//! A hit may be up to half a step early or late, so it can sound before its bar begins. Its exact
//! position alone decides in which span it sounds, once. A note lasts half a step, less if its drum
//! is struck again sooner. A choked cymbal lasts until its choke, unless it is struck again sooner:
//! the choke is sent, then the note-off, and the hand lets go half a step later. A jump, a loop seam
//! or a stop releases all sounding notes, and chokes the cymbals that wait for it.
//!
//! All buffers have a fixed size: nothing is allocated, and a span of any length is played in
//! pieces of one quarter note. The caller supplies bars and receives notes.

use arrayvec::ArrayVec;

use crate::pattern::drum::{CLASSES, Channels, Drum};
use crate::pattern::{
    Articulation, Bar, Hit, MAX_ARTICULATIONS, MAX_STROKES, Stroke, TICKS_PER_STEP,
};
use crate::play::clock::{Entry, Grid, Span, TICKS_PER_BEAT};

/// Default length of a note, in quarter notes.
const LENGTH: f64 = TICKS_PER_STEP as f64 / 2.0 / TICKS_PER_BEAT;

/// Maximum earliness and lateness of a hit, in quarter notes.
const REACH: f64 = TICKS_PER_STEP as f64 / 2.0 / TICKS_PER_BEAT;

/// Half a tick, in quarter notes: positions closer than this are equal.
const NEAR: f64 = 0.5 / TICKS_PER_BEAT;

/// Length of the pieces of a span, in quarter notes.
const PIECE: f64 = 1.0;

/// Capacity for the hits of a piece. Steps are at least half a step apart (bars of 1/32), so that
/// (`PIECE` + 2 `REACH`) / (1/8) + 1 steps of nine hits, with nine further strokes on average, can
/// reach into a piece.
const HITS: usize = 11 * CLASSES * 2;

/// Capacity for sounding notes: the strokes of each class in one step, and the crashes and rides
/// that wait for a choke or are held.
const NOTES: usize = CLASSES * MAX_STROKES + 2 * MAX_ARTICULATIONS;

/// A note message at a sample of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Note-on.
    On {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel of the drum, 0 to 15.
        channel: u8,
        /// Struck drum.
        drum: Drum,
        /// Way of striking.
        articulation: Articulation,
        /// MIDI pitch of the drum and articulation in its bar.
        pitch: u8,
        /// MIDI velocity, 1 to 127.
        velocity: u8,
    },
    /// Note-off.
    Off {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel of the note-on.
        channel: u8,
        /// MIDI pitch of the note-on.
        pitch: u8,
    },
    /// A hand holds a cymbal. Its note-off follows at the same sample.
    Choke {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel of the note-on.
        channel: u8,
        /// Drum of the note-on.
        drum: Drum,
        /// Articulation of the note-on.
        articulation: Articulation,
        /// MIDI pitch of the note-on.
        pitch: u8,
    },
    /// The hand lets go of a cymbal.
    LetGo {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel of the choke.
        channel: u8,
        /// MIDI pitch of the choke.
        pitch: u8,
    },
}

/// A stroke at its exact position in quarter notes.
#[derive(Clone, Copy, Debug)]
struct ScheduledStroke {
    position: f64,
    drum: Drum,
    articulation: Articulation,
    pitch: u8,
    velocity: u8,
    /// Maximum length, in quarter notes.
    length: f64,
    /// True if the note ends with a choke.
    choked: bool,
}

/// State of a sounding note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoteState {
    /// It sounds up to its end.
    Sounds,
    /// It sounds up to a choke at its end.
    AwaitsChoke,
    /// It is choked, and held up to its end.
    Held,
}

/// A sounding note, or a cymbal that is held.
#[derive(Clone, Copy, Debug)]
struct ActiveNote {
    drum: Drum,
    articulation: Articulation,
    state: NoteState,
    channel: u8,
    pitch: u8,
    /// Start of the span in which it began, in quarter notes, and its first sample.
    began: (f64, u32),
    /// End position, in quarter notes.
    end: f64,
}

impl ActiveNote {
    /// Emits what ends it at a sample, without a choke.
    fn end(&self, sample: u32, out: &mut impl FnMut(Note)) {
        let ActiveNote { channel, pitch, state, .. } = *self;
        out(match state {
            NoteState::Held => Note::LetGo { sample, channel, pitch },
            NoteState::Sounds | NoteState::AwaitsChoke => Note::Off { sample, channel, pitch },
        });
    }

    /// Emits what is due at its end, at a sample. Returns the cymbal that a choke holds.
    fn finish(self, sample: u32, out: &mut impl FnMut(Note)) -> Option<ActiveNote> {
        let ActiveNote { drum, articulation, channel, pitch, state, .. } = self;
        if state == NoteState::AwaitsChoke {
            out(Note::Choke { sample, channel, drum, articulation, pitch });
        }
        self.end(sample, out);
        let held = ActiveNote { state: NoteState::Held, end: self.end + LENGTH, ..self };
        (state == NoteState::AwaitsChoke).then_some(held)
    }

    /// Returns true if a stroke of a drum ends it: of the same cymbal if it is to be choked or held,
    /// else of the same instrument.
    fn ends_with(&self, drum: Drum, articulation: Articulation) -> bool {
        match self.state {
            NoteState::Sounds => instrument(self.drum) == instrument(drum),
            NoteState::AwaitsChoke | NoteState::Held => {
                (self.drum, self.articulation.piece()) == (drum, articulation.piece())
            }
        }
    }
}

/// The strokes of a piece.
type ScheduledStrokes = ArrayVec<ScheduledStroke, HITS>;

/// Plays spans and tracks sounding notes.
#[derive(Clone, Copy, Debug)]
pub struct Scheduler {
    sounding: [Option<ActiveNote>; NOTES],
    /// Channel of the next notes, by class.
    channels: Channels,
}

impl Default for Scheduler {
    fn default() -> Self {
        Scheduler { sounding: [None; NOTES], channels: Channels::default() }
    }
}

impl Scheduler {
    /// Returns true if no note sounds.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.sounding.iter().all(Option::is_none)
    }

    /// Sets the channel of each drum's future notes. Sounding notes end on their own channel.
    pub fn route(&mut self, channels: Channels) {
        self.channels = channels;
    }

    /// Ends every sounding note at a sample. A cymbal that waits for its choke is choked.
    pub fn release(&mut self, sample: u32, out: &mut impl FnMut(Note)) {
        for note in self.sounding.iter_mut().filter_map(Option::take) {
            if let Some(held) = note.finish(sample, out) {
                held.end(sample, out);
            }
        }
    }

    /// Plays a span. `bars` returns the bar of an index; `None` is silence, and so are bars of
    /// another meter than the span's. Notes are emitted in order of time, note-off before note-on
    /// at the same sample.
    pub fn play<'a>(
        &mut self,
        span: &Span,
        mut bars: impl FnMut(i64) -> Option<&'a Bar>,
        out: &mut impl FnMut(Note),
    ) {
        if span.entry != Entry::Continues {
            self.release(span.first, out);
        }
        let mut from = span.from;
        while from < span.to {
            let to = (from + PIECE).min(span.to);
            for onset in &gather(span, from, to, &mut bars) {
                self.strike(span, onset, out);
            }
            self.end_before(span, to, u32::MAX, out);
            from = to;
        }
        self.end_before(span, span.to, u32::MAX, out);
    }

    /// First position after a played span at which a note begins or ends, or `until` if that is
    /// earlier; `until` is at most a quarter note away. `bars` as in [`Scheduler::play`].
    pub fn next<'a>(
        &self,
        span: &Span,
        until: f64,
        mut bars: impl FnMut(i64) -> Option<&'a Bar>,
    ) -> f64 {
        let rest = Span { from: span.to, to: until, entry: Entry::Continues, ..*span };
        let onsets = gather(&rest, rest.from, rest.to, &mut bars);
        let begins = onsets.first().map_or(until, |onset| onset.position);
        let ends = self.sounding.iter().flatten().map(|note| note.end);
        ends.fold(begins, f64::min)
    }

    fn strike(&mut self, span: &Span, onset: &ScheduledStroke, out: &mut impl FnMut(Note)) {
        let sample = span.sample_of(onset.position);
        self.end_before(span, span.to, sample, out);
        let ScheduledStroke { position, drum, articulation, pitch, velocity, length, choked } =
            *onset;
        let channel = self.channels[drum.index()];
        let began = (span.start, sample);
        // Another drum may share the channel and pitch: in the user's map, or in the previous bar's
        // kit.
        let same = |note: &ActiveNote| (note.channel, note.pitch) == (channel, pitch);
        if self.sounding.iter().flatten().any(|note| same(note) && note.began == began) {
            // Two strokes with one pitch at one sample are one note: two drums, or one drum twice
            // if a host jumps ahead during a tempo rise.
            return;
        }
        // Strokes of one drum at one sample sound together, such as pedal and stick on a hi-hat.
        let ends = |note: &mut ActiveNote| {
            same(note) || note.began != began && note.ends_with(drum, articulation)
        };
        for sounding in &mut self.sounding {
            if let Some(note) = sounding.take_if(ends) {
                note.end(sample, out);
            }
        }
        let place = self.sounding.iter().position(Option::is_none).unwrap_or(0);
        if let Some(note) = self.sounding[place].take() {
            note.end(sample, out);
        }
        // A note shorter than a sample would end before it begins.
        let end = (position + length).max(position.max(span.start) + span.beats_per_sample);
        let state = if choked { NoteState::AwaitsChoke } else { NoteState::Sounds };
        self.sounding[place] =
            Some(ActiveNote { drum, articulation, state, channel, pitch, began, end });
        out(Note::On { sample, channel, drum, articulation, pitch, velocity });
    }

    /// Ends the notes that end before a position and not after a sample, in order.
    fn end_before(&mut self, span: &Span, to: f64, latest: u32, out: &mut impl FnMut(Note)) {
        loop {
            let next = (self.sounding.iter().enumerate())
                .filter_map(|(place, note)| note.map(|note| (place, note)))
                .filter(|(_, note)| note.end < to)
                .min_by(|(_, a), (_, b)| a.end.total_cmp(&b.end));
            let Some((place, note)) = next else { return };
            let sample = span.sample_of(note.end);
            if sample > latest {
                return;
            }
            self.sounding[place] = note.finish(sample, out);
        }
    }
}

/// The hits of a span that sound between two positions, in order.
fn gather<'a>(
    span: &Span,
    from: f64,
    to: f64,
    bars: &mut impl FnMut(i64) -> Option<&'a Bar>,
) -> ScheduledStrokes {
    let mut onsets = ScheduledStrokes::new();
    let mut keep = |onset: ScheduledStroke| {
        // Within capacity, see `HITS`.
        if (from..to).contains(&onset.position) {
            let _ = onsets.try_push(onset);
        }
    };
    let entered = span.entry == Entry::Jumps && from <= span.from;
    // The latest hit is a tick short of half a step late.
    each_hit(span, from - REACH + NEAR, to + REACH, bars, |step, mut onset| {
        // The host may have rounded the end up.
        if span.seam.is_some_and(|(_, end)| step >= end - NEAR || onset.position >= end - 1e-9) {
            return;
        }
        if entered && onset.position < from && step >= from {
            onset.position = from;
            // It sounds from the first sample on, half a sample later. Its length counts from
            // there; otherwise the end would lie exactly between two samples.
            onset.length += (span.start - from).max(0.0);
        }
        keep(onset);
    });
    // In a loop, early hits of its start sound before its end.
    if let Some((start, end)) = span.seam.filter(|(_, end)| to > end - REACH) {
        each_hit(span, start - NEAR, start + REACH, bars, |step, mut onset| {
            if step >= start - NEAR && onset.position < start - 1e-9 {
                let at_once = entered && onset.position < from && step >= from;
                onset.position = (onset.position + (end - start)).max(start);
                // In a loop shorter than the hit's earliness, the hit at the start and the early
                // hit before the end coincide: one note.
                if at_once && span.sample_of(onset.position) == span.first {
                    return;
                }
                keep(onset);
            }
        });
    }
    // Of two hits of a drum at one position, the louder comes first.
    onsets.sort_unstable_by(|a, b| {
        (a.position.total_cmp(&b.position))
            .then(a.drum.cmp(&b.drum))
            .then(a.articulation.cmp(&b.articulation))
            .then(b.velocity.cmp(&a.velocity))
    });
    onsets
}

/// Index of the first bar whose hits can sound at or after a position in quarter notes.
#[must_use]
pub fn first_bar(grid: &Grid, from: f64) -> i64 {
    let (bar, first) = first_step(grid, from - REACH + NEAR);
    if first < grid.meter.steps() as f64 { bar } else { bar + 1 }
}

/// The bar at a position, and its first step from there on, which may be past its last.
fn first_step(grid: &Grid, from: f64) -> (i64, f64) {
    let bar = grid.bar_at(from);
    let into = from * TICKS_PER_BEAT - grid.bar_ticks(bar);
    (bar, (into / f64::from(TICKS_PER_STEP)).ceil().max(0.0))
}

/// Calls `hit` with the step position and the hit, for each hit of each step between two positions,
/// inclusive.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bar")]
fn each_hit<'a>(
    span: &Span,
    from: f64,
    to: f64,
    bars: &mut impl FnMut(i64) -> Option<&'a Bar>,
    mut each: impl FnMut(f64, ScheduledStroke),
) {
    let grid = &span.grid;
    let step_ticks = f64::from(TICKS_PER_STEP);
    let (bar, first) = first_step(grid, from);
    for index in bar..=grid.bar_at(to) {
        let start = grid.bar_ticks(index);
        let first = if index == bar { first } else { 0.0 };
        let last = ((to * TICKS_PER_BEAT - start) / step_ticks).floor();
        let steps = grid.meter.steps();
        if last < first || first >= steps as f64 {
            continue;
        }
        let Some(bar) = bars(index).filter(|bar| bar.meter() == grid.meter) else { continue };
        let (first, last) = (first as usize, (last as usize).min(steps - 1));
        for number in first..=last {
            let Some(step) = bar.steps().get(number) else { continue };
            let at = start + number as f64 * step_ticks;
            for (drum, struck) in step.hits() {
                let next = bar.steps().get(number + 1).and_then(|step| step.hit(drum));
                for stroke in struck.strokes() {
                    let Stroke { velocity, offset_ticks, articulation } = stroke;
                    let scheduled = ScheduledStroke {
                        position: (at + f64::from(offset_ticks)) / TICKS_PER_BEAT,
                        drum,
                        articulation,
                        pitch: bar.pitch(drum, articulation),
                        velocity,
                        length: length(stroke, struck, next),
                        choked: struck.choke_ticks > 0,
                    };
                    each(at / TICKS_PER_BEAT, scheduled);
                }
            }
        }
    }
}

/// Maximum length of a stroke's note, given its hit and the same drum's hit one step later: it ends
/// a tick before the next stroke begins, if there is a tick between them. A choked cymbal's note
/// lasts until the choke.
fn length(stroke: Stroke, hit: Hit, next: Option<Hit>) -> f64 {
    if hit.choke_ticks > 0 {
        let ticks = f64::from(hit.choke_ticks) - f64::from(stroke.offset_ticks);
        return ticks.max(1.0) / TICKS_PER_BEAT;
    }
    let after = |later: Stroke, steps: u16| {
        f64::from(steps * TICKS_PER_STEP) + f64::from(later.offset_ticks)
            - f64::from(stroke.offset_ticks)
    };
    let own = hit.strokes().map(|later| after(later, 0));
    let next = next.into_iter().flat_map(Hit::strokes).map(|later| after(later, 1));
    let apart = own.chain(next).filter(|&ticks| ticks > 0.0).fold(f64::INFINITY, f64::min);
    LENGTH.min((apart - 1.0).max(apart / 2.0) / TICKS_PER_BEAT)
}

/// Number of the instrument that a drum is part of: both classes of the hi-hat are one.
const fn instrument(drum: Drum) -> usize {
    match drum {
        Drum::OpenHat => Drum::ClosedHat.index(),
        other => other.index(),
    }
}
