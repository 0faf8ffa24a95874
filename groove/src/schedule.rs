//! Spans and bars to notes: on and off, each at its sample, in order of time.
//!
//! A hit may be up to half a step early or late, so it can sound before its bar begins; which
//! hits sound in a span is decided by their exact position alone, once. A note lasts half a step,
//! less where its drum is struck again sooner. Where the transport leaves the place (start of
//! another span than the expected one, loop seam, stop), everything that sounds is released.
//!
//! All is of fixed size: nothing is allocated, and a span of any length is played in pieces of
//! one quarter note. Where bars come from and where notes go is the caller's business.

use arrayvec::ArrayVec;

use crate::clock::{Entry, Grid, Span, TICKS_PER_BEAT};
use crate::drum::{CLASSES, Channels, Drum};
use crate::pattern::{Bar, Hit, TICKS_PER_STEP};

/// Length of a note that nothing cuts short, in quarter notes.
const LENGTH: f64 = TICKS_PER_STEP as f64 / 2.0 / TICKS_PER_BEAT;

/// Greatest earliness and lateness of a hit, in quarter notes.
const REACH: f64 = TICKS_PER_STEP as f64 / 2.0 / TICKS_PER_BEAT;

/// Half a tick, in quarter notes: what is nearer together is the same place.
const NEAR: f64 = 0.5 / TICKS_PER_BEAT;

/// Length of the pieces that a span is played in, in quarter notes.
const PIECE: f64 = 1.0;

/// Room for the hits of a piece. Steps are at least half a step apart (bars of 1/32), so
/// (`PIECE` + 2 `REACH`) / (1/8) + 1 steps of nine hits can be in reach of a piece.
const HITS: usize = 11 * CLASSES;

/// A note message for a sample of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A drum is struck.
    On {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel, 0 to 15, that of its drum.
        channel: u8,
        /// Which drum.
        drum: Drum,
        /// MIDI pitch, that of its bar.
        pitch: u8,
        /// MIDI velocity, 1 to 127.
        velocity: u8,
    },
    /// A drum's note ends.
    Off {
        /// Sample, counted from the start of the block.
        sample: u32,
        /// MIDI channel, the one that it began on.
        channel: u8,
        /// MIDI pitch, the one that it began with.
        pitch: u8,
    },
}

/// A hit at its exact position in quarter notes.
#[derive(Clone, Copy, Debug)]
struct Onset {
    position: f64,
    drum: Drum,
    pitch: u8,
    velocity: u8,
    /// Longest possible length, in quarter notes.
    length: f64,
}

/// A note that sounds.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    channel: u8,
    pitch: u8,
    /// Where the span starts that it began in, in quarter notes, and on which sample it began.
    began: (f64, u32),
    /// Where it ends, in quarter notes.
    end: f64,
}

/// The hits of a piece, in a fixed place.
type Onsets = ArrayVec<Onset, HITS>;

/// Plays spans, and knows what sounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scheduler {
    /// By class.
    sounding: [Option<Sounding>; CLASSES],
    /// By class: where its next notes go.
    channels: Channels,
}

impl Scheduler {
    /// Whether no note sounds.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.sounding.iter().all(Option::is_none)
    }

    /// The channel of each drum's notes from now on. What sounds ends on the one that it began on.
    pub fn route(&mut self, channels: Channels) {
        self.channels = channels;
    }

    /// Ends every note that sounds, at this sample.
    pub fn release(&mut self, sample: u32, out: &mut impl FnMut(Note)) {
        for Sounding { channel, pitch, .. } in self.sounding.iter_mut().filter_map(Option::take) {
            out(Note::Off { sample, channel, pitch });
        }
    }

    /// Plays a span. `bars` gives the bar of an index, or nothing, which is silence; bars of
    /// another meter than the span's are silence too. Notes come out in order of time, ends
    /// before beginnings at the same sample.
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

    /// Where the next note begins or ends after a span that was played: the first such position,
    /// or `until` if it comes before, which is at most a quarter note away. `bars` as in
    /// [`Scheduler::play`].
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

    fn strike(&mut self, span: &Span, onset: &Onset, out: &mut impl FnMut(Note)) {
        let sample = span.sample_of(onset.position);
        self.end_before(span, span.to, sample, out);
        let Onset { position, drum, pitch, velocity, length } = *onset;
        let channel = self.channels[drum.index()];
        let began = (span.start, sample);
        for (class, sounding) in self.sounding.iter_mut().enumerate() {
            // Another drum may have this place: in the user's map, or in the kit of the bar before.
            let ends = |note: &Sounding| {
                class == drum.index() || (note.channel, note.pitch) == (channel, pitch)
            };
            if sounding.is_some_and(|note| ends(&note) && note.began == began) {
                // What is struck in one place at one sample is one note: two drums, or one drum
                // twice where a host leaps ahead while its tempo rises.
                return;
            }
            if let Some(Sounding { channel, pitch, .. }) = sounding.take_if(|note| ends(note)) {
                out(Note::Off { sample, channel, pitch });
            }
        }
        // A note of less than a sample would end before it begins.
        let end = (position + length).max(position.max(span.start) + span.beats_per_sample);
        self.sounding[drum.index()] = Some(Sounding { channel, pitch, began, end });
        out(Note::On { sample, channel, drum, pitch, velocity });
    }

    /// Ends the notes whose end is before a position and not after a sample, in order.
    fn end_before(&mut self, span: &Span, to: f64, latest: u32, out: &mut impl FnMut(Note)) {
        loop {
            let next = (self.sounding.iter().enumerate())
                .filter_map(|(class, note)| note.map(|note| (class, note)))
                .filter(|(_, note)| note.end < to)
                .min_by(|(_, a), (_, b)| a.end.total_cmp(&b.end));
            let Some((class, Sounding { channel, pitch, end, .. })) = next else { return };
            let sample = span.sample_of(end);
            if sample > latest {
                return;
            }
            self.sounding[class] = None;
            out(Note::Off { sample, channel, pitch });
        }
    }
}

/// The hits of a span that sound from a position up to another, in order.
fn gather<'a>(
    span: &Span,
    from: f64,
    to: f64,
    bars: &mut impl FnMut(i64) -> Option<&'a Bar>,
) -> Onsets {
    let mut onsets = Onsets::new();
    let mut keep = |onset: Onset| {
        // There is room: see `HITS`.
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
            // It is heard from the first sample on, half a sample later; its length counts from
            // there, or the end would lie on the very edge between two samples.
            onset.length += (span.start - from).max(0.0);
        }
        keep(onset);
    });
    // In a loop, what is early at its start sounds before its end.
    if let Some((start, end)) = span.seam.filter(|(_, end)| to > end - REACH) {
        each_hit(span, start - NEAR, start + REACH, bars, |step, mut onset| {
            if step >= start - NEAR && onset.position < start - 1e-9 {
                let at_once = entered && onset.position < from && step >= from;
                onset.position = (onset.position + (end - start)).max(start);
                // In a loop that is shorter than the hit is early, what sounds at once at its start
                // is what would sound before its end: one note.
                if at_once && span.sample_of(onset.position) == span.first {
                    return;
                }
                keep(onset);
            }
        });
    }
    // Of two hits of a drum in one place the louder is struck.
    onsets.sort_unstable_by(|a, b| {
        (a.position.total_cmp(&b.position))
            .then(a.drum.cmp(&b.drum))
            .then(b.velocity.cmp(&a.velocity))
    });
    onsets
}

/// The bar of the first hit that can sound at a position in quarter notes or later.
#[must_use]
pub fn first_bar(grid: &Grid, from: f64) -> i64 {
    let (bar, first) = first_step(grid, from - REACH + NEAR);
    if first < grid.meter.steps() as f64 { bar } else { bar + 1 }
}

/// The bar at a position, and its first step from there on; it may have no such step.
fn first_step(grid: &Grid, from: f64) -> (i64, f64) {
    let bar = grid.bar_at(from);
    let into = from * TICKS_PER_BEAT - grid.bar_ticks(bar);
    (bar, (into / f64::from(TICKS_PER_STEP)).ceil().max(0.0))
}

/// Calls `hit` with the position of the step and the hit, for each hit of each step from a
/// position up to and with another.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bar")]
fn each_hit<'a>(
    span: &Span,
    from: f64,
    to: f64,
    bars: &mut impl FnMut(i64) -> Option<&'a Bar>,
    mut hit: impl FnMut(f64, Onset),
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
                let position = (at + f64::from(struck.offset_ticks)) / TICKS_PER_BEAT;
                let (pitch, velocity, length) =
                    (bar.pitch(drum), struck.velocity, length(struck, next));
                hit(at / TICKS_PER_BEAT, Onset { position, drum, pitch, velocity, length });
            }
        }
    }
}

/// How long a hit's note may be when the same drum's next hit is that one step later: it ends a
/// tick before the next begins, where there is a tick between them.
fn length(hit: Hit, next: Option<Hit>) -> f64 {
    let Some(next) = next else { return LENGTH };
    let apart =
        f64::from(TICKS_PER_STEP) + f64::from(next.offset_ticks) - f64::from(hit.offset_ticks);
    LENGTH.min((apart - 1.0).max(apart / 2.0) / TICKS_PER_BEAT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Transport};
    use crate::clock_tests::playing as at;
    use crate::pattern::Meter;

    /// A bar of hits: step, drum, offset in ticks. Velocity is 100.
    fn bar(hits: &[(usize, Drum, i8)]) -> Bar {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for &(step, drum, offset_ticks) in hits {
            bar.steps_mut()[step].set(drum, Some(Hit { velocity: 100, offset_ticks }));
        }
        bar
    }

    fn play(
        scheduler: &mut Scheduler,
        clock: &mut Clock,
        transport: &Transport,
        frames: u32,
        bar: &Bar,
    ) -> Vec<Note> {
        let mut notes = Vec::new();
        for span in clock.block(transport, frames).spans {
            scheduler.play(&span, |_| Some(bar), &mut |note| notes.push(note));
        }
        notes
    }

    fn on(sample: u32, drum: Drum) -> Note {
        Note::On { sample, channel: 0, drum, pitch: drum.general_midi(), velocity: 100 }
    }

    fn off(sample: u32, drum: Drum) -> Note {
        Note::Off { sample, channel: 0, pitch: drum.general_midi() }
    }

    #[test]
    fn a_drum_twice_in_one_place_is_struck_once_and_as_the_louder() {
        // Steps half a step apart: one hit a quarter step late, the next a quarter step early.
        let bars = [(60, 50), (-60, 90)].map(|(offset_ticks, velocity)| {
            let mut bar = Bar::silent(Meter::new(1, 32));
            bar.steps_mut()[0].set(Drum::Snare, Some(Hit { velocity, offset_ticks }));
            bar
        });
        let transport = Transport { meter: Some(bars[0].meter()), ..at(0.0) };
        let (mut clock, mut scheduler) = (Clock::new(48_000.0), Scheduler::default());
        let mut struck = Vec::new();
        for span in clock.block(&transport, 6000).spans {
            let bar = |index: i64| usize::try_from(index).ok().and_then(|index| bars.get(index));
            scheduler.play(&span, bar, &mut |note| {
                if let Note::On { sample, velocity, .. } = note {
                    struck.push((sample, velocity));
                }
            });
        }
        assert_eq!(struck, [(1500, 90)]);
    }

    #[test]
    fn a_note_sounds_at_its_sample_and_lasts_half_a_step() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(1, Drum::Snare, 24)]);
        // A step is 6,000 samples, a tick 25.
        let notes = play(&mut scheduler, &mut clock, &at(0.0), 24_000, &bar);
        assert_eq!(notes, [on(6_600, Drum::Snare), off(9_600, Drum::Snare)]);
    }

    #[test]
    fn a_note_ends_before_its_drum_is_struck_again() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Snare, 119), (1, Drum::Snare, -120)]);
        let notes = play(&mut scheduler, &mut clock, &at(0.0), 24_000, &bar);
        assert_eq!(
            notes[..3],
            [on(2_975, Drum::Snare), off(2_988, Drum::Snare), on(3_000, Drum::Snare)]
        );
    }

    #[test]
    fn an_early_hit_at_the_very_start_sounds_at_once() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Bass, -20), (1, Drum::Crash, -20)]);
        let notes = play(&mut scheduler, &mut clock, &at(0.0), 64, &bar);
        assert_eq!(notes, [on(0, Drum::Bass)]);
    }

    #[test]
    fn an_early_hit_that_sounds_at_once_has_its_whole_length() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(12, Drum::Bass, -20)]);
        // The last bit of the host's position makes no difference.
        for beats in [-1.0, -1.0 + 1e-12, -1.0 - 1e-12] {
            clock.restart();
            let notes = play(&mut scheduler, &mut clock, &at(beats), 12_000, &bar);
            assert_eq!(notes, [on(0, Drum::Bass), off(3_000, Drum::Bass)], "from {beats}");
        }
    }

    #[test]
    fn an_early_hit_sounds_before_its_bar_and_not_again() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Bass, -20)]);
        let before = play(&mut scheduler, &mut clock, &at(3.5), 12_000, &bar);
        assert_eq!(before, [on(11_500, Drum::Bass)]);
        let after = play(&mut scheduler, &mut clock, &at(4.0), 12_000, &bar);
        assert_eq!(after, [off(2_500, Drum::Bass)]);
    }

    #[test]
    fn an_early_hit_of_a_loops_start_sounds_before_its_end() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Bass, -20), (2, Drum::Snare, 0)]);
        let looped = |beats| Transport { loop_range: Some((0.0, 1.0)), ..at(beats) };
        let first = play(&mut scheduler, &mut clock, &looped(0.0), 24_000, &bar);
        assert_eq!(
            first,
            [
                on(0, Drum::Bass),
                off(3_000, Drum::Bass),
                on(12_000, Drum::Snare),
                off(15_000, Drum::Snare),
                on(23_500, Drum::Bass),
            ]
        );
        let again = play(&mut scheduler, &mut clock, &looped(0.0), 24_000, &bar);
        assert_eq!(again[..2], [off(0, Drum::Bass), on(12_000, Drum::Snare)]);
    }

    #[test]
    fn a_loop_shorter_than_its_first_hit_is_early_strikes_it_once_a_sample() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Bass, -120)]);
        // 1,200 samples, and the hit is 3,000 early.
        let looped = Transport { loop_range: Some((0.0, 0.05)), ..at(0.0) };
        let notes = play(&mut scheduler, &mut clock, &looped, 1_300, &bar);
        let again = [off(1_200, Drum::Bass), on(1_200, Drum::Bass)];
        assert_eq!(notes, [[on(0, Drum::Bass)].as_slice(), &again].concat());
    }

    #[test]
    fn a_hit_on_a_loops_end_is_not_in_it_however_the_host_rounds() {
        for end in [1.025, 1.025 + 2e-10, 1.025 - 2e-10] {
            let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
            // A tick is 25 samples, and the hit 24 of them after the beat.
            let bar = bar(&[(4, Drum::Bass, 24)]);
            let looped = Transport { loop_range: Some((0.9, end)), ..at(0.9) };
            assert_eq!(play(&mut scheduler, &mut clock, &looped, 9_000, &bar), [], "to {end}");
        }
    }

    #[test]
    fn what_sounds_is_released_when_the_song_goes_elsewhere() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Bass, 0), (8, Drum::Snare, 0)]);
        play(&mut scheduler, &mut clock, &at(0.0), 64, &bar);
        let notes = play(&mut scheduler, &mut clock, &at(2.0), 64, &bar);
        assert_eq!(notes, [off(0, Drum::Bass), on(0, Drum::Snare)]);
        let mut released = Vec::new();
        scheduler.release(0, &mut |note| released.push(note));
        assert_eq!(released, [off(0, Drum::Snare)]);
        assert!(scheduler.is_silent());
    }

    #[test]
    fn at_any_speed_a_note_ends_after_it_begins() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(8_000.0));
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for step in bar.steps_mut() {
            Drum::ALL
                .into_iter()
                .for_each(|d| step.set(d, Some(Hit { velocity: 1, offset_ticks: 0 })));
        }
        let fast = Transport { tempo: Some(10_000.0), ..at(0.0) };
        let notes = play(&mut scheduler, &mut clock, &fast, 65_536, &bar);
        let mut since = [None; 128];
        for note in notes {
            match note {
                Note::On { sample, pitch, .. } => {
                    assert!(since[usize::from(pitch)].replace(sample).is_none())
                }
                Note::Off { sample, pitch, .. } => {
                    assert!(since[usize::from(pitch)].take().is_some_and(|on| on < sample));
                }
            }
        }
    }

    #[test]
    fn notes_have_the_pitches_of_their_bar_and_end_on_the_one_they_began_with() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let mut notes =
            |beats: f64, bar: Bar| play(&mut scheduler, &mut clock, &at(beats), 480, &bar);
        let struck =
            |sample, drum, pitch| Note::On { sample, channel: 0, drum, pitch, velocity: 100 };
        let ended = |sample, pitch| Note::Off { sample, channel: 0, pitch };
        let kit = [60, 61, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(notes(0.0, bar(&[(0, Drum::Bass, 0)]).at(kit)), [struck(0, Drum::Bass, 60)]);
        // The bars of another kit follow while that sounds. Its snare has the bass's pitch, its
        // bass the place of the bass: each ends what it would double.
        let other = [70, 60, 0, 0, 0, 0, 0, 0, 0];
        let snare = bar(&[(0, Drum::Snare, 20)]).at(other);
        let bass = bar(&[(0, Drum::Bass, 39)]).at(kit);
        assert_eq!(notes(0.02, snare), [ended(20, 60), struck(20, Drum::Snare, 60)]);
        assert_eq!(notes(0.04, bass), [ended(15, 60), struck(15, Drum::Bass, 60)]);
        assert_eq!(
            notes(0.06, bar(&[(0, Drum::Bass, 58)]).at(other)),
            [ended(10, 60), struck(10, Drum::Bass, 70)]
        );
    }

    #[test]
    fn drums_on_channels_of_their_own_do_not_cut_each_other_short() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let mut channels = [9; CLASSES];
        channels[Drum::Snare.index()] = 3;
        scheduler.route(channels);
        let struck = |sample, channel, drum| {
            let (pitch, velocity) = (60, 100);
            Note::On { sample, channel, drum, pitch, velocity }
        };
        let ended = |sample, channel| Note::Off { sample, channel, pitch: 60 };
        // All at one pitch. The tom has the bass's channel, too.
        let bar = bar(&[(0, Drum::Bass, 0), (0, Drum::Snare, 20), (0, Drum::LowTom, 40)]);
        let bar = bar.at([60; CLASSES]);
        let notes = play(&mut scheduler, &mut clock, &at(0.0), 2_400, &bar);
        let (bass, snare) = (struck(0, 9, Drum::Bass), struck(500, 3, Drum::Snare));
        assert_eq!(notes, [bass, snare, ended(1_000, 9), struck(1_000, 9, Drum::LowTom)]);
        // What sounds ends on the channel that it began on.
        scheduler.route([0; CLASSES]);
        let notes = play(&mut scheduler, &mut clock, &at(0.1), 2_400, &bar);
        assert_eq!(notes, [ended(3_500 - 2_400, 3), ended(4_000 - 2_400, 9)]);
    }

    #[test]
    fn where_a_host_leaps_ahead_a_drum_is_struck_once() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let bar = bar(&[(0, Drum::Snare, 119), (1, Drum::Snare, -120)]);
        assert_eq!(play(&mut scheduler, &mut clock, &at(0.0), 2_950, &bar), []);
        // The tempo rises, and the song is farther than the block before played.
        let faster = Transport { tempo: Some(240.0), ..at(0.133) };
        let notes = play(&mut scheduler, &mut clock, &faster, 4_800, &bar);
        assert!(
            matches!(notes[..], [Note::On { sample: 0, .. }, Note::Off { sample: 1.., .. }]),
            "{notes:?}"
        );
    }

    #[test]
    fn two_drums_of_one_place_at_one_sample_are_one_note() {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(8_000.0));
        let bar = bar(&[(0, Drum::Bass, 119), (1, Drum::Snare, -120)]).at([60; CLASSES]);
        let fast = Transport { tempo: Some(999.0), ..at(0.0) };
        let notes = play(&mut scheduler, &mut clock, &fast, 480, &bar);
        assert!(
            matches!(notes[..], [Note::On { sample: 60, .. }, Note::Off { .. }]),
            "a hit of half a sample: {notes:?}"
        );
    }
}
