//! Oracle: derives the notes of each block and compares them with the plugin's output.
//!
//! The random host passes the ground truth about each block: song position, kind of motion, and
//! number of loop passes. With that and a [`ReferenceTake`] the oracle applies one rule: a note
//! sounds on the nearest sample to its exact position; of two, on the later one. A note before a
//! loop seam sounds before the seam; a note after a jump does not sound before the jump; a note
//! that the host skips does not sound. The oracle never asks the plugin and shares no code with it.

mod comparison;

use super::findings::Findings;
use super::random_user::LaneSettings;
use super::reference::{MAX_HIT_OFFSET, PlacedHit, ReferenceTake, TICKS_PER_BEAT};
use super::truth::{GroundTruth, Motion};
use crate::host::{Event, Message};
use anyhow::{Result, ensure};

/// Distance from the middle between two samples that counts as the middle, in samples.
const TIE: f64 = 1.0 / 8192.0;

/// Length of a note that nothing cuts short, in quarter notes: half a step.
const LENGTH: f64 = 0.125;

/// Distance from a seam within which a step is on the seam, in quarter notes: half a tick.
const SEAM_TOLERANCE: f64 = 0.5 / TICKS_PER_BEAT;

/// Start of a note: sample in the block, key, velocity, channel, and controller 4 before it.
type Onset = (u32, u8, u8, u8, Option<u8>);

/// A sounding note.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    key: u8,
    channel: u8,
    /// Start, in quarter notes.
    at: f64,
    /// Sample in this block; `None` if it started in an earlier one.
    sample: Option<u32>,
}

/// Samples of a block in which the song advances evenly.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Position of the sample `origin`, in quarter notes.
    position: f64,
    origin: u32,
    /// First and last sample of its notes.
    first: u32,
    last: u32,
}

/// Follows the song and checks the output.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Results so far.
    pub findings: Findings,
    /// End of the song span whose notes have sounded, in quarter notes.
    done: f64,
    /// Number of loop passes.
    loop_passes: u64,
    /// Loop of the last block.
    cycle: Option<(f64, f64)>,
    /// The last block ended at a loop seam: its notes end with the next block.
    at_seam: bool,
    sounding: Vec<Sounding>,
    expected: Vec<Onset>,
    placed: Vec<PlacedHit>,
    /// First sample of each stretch of the block, and its position.
    stretches: Vec<(u32, f64)>,
    releases: Vec<u32>,
}

impl Oracle {
    /// Compares a block's output with the expected notes.
    ///
    /// # Errors
    /// If the random host and the oracle disagree about the ground truth, which is a bug in the
    /// test.
    pub fn check_block(
        &mut self,
        truth: &GroundTruth,
        reference: &ReferenceTake,
        output: &[Event],
    ) -> Result<()> {
        self.expected.clear();
        self.stretches.clear();
        self.releases.clear();
        self.stretches.push((0, truth.position));
        if truth.frames > 0 {
            if truth.ends_all_notes
                || truth.lanes.bypassed
                || matches!(truth.motion, Motion::Stopped | Motion::Stalled)
            {
                self.releases.push(0);
            }
            if matches!(truth.motion, Motion::Jumps | Motion::Continues) {
                self.expect(truth, reference)?;
            }
        }
        let mut struck = self.track_notes(truth, output);
        if !truth.unpredictable {
            self.check_silence(truth, &struck);
            self.compare(truth, &mut struck);
        }
        Ok(())
    }

    /// Enters a block: returns the position of its first sample, and the start of the song span to
    /// play if the song jumped here.
    fn enter(&mut self, truth: &GroundTruth) -> Result<(f64, Option<f64>)> {
        let mut position = truth.position;
        if truth.cycle != self.cycle {
            (self.cycle, self.loop_passes) = (truth.cycle, truth.loop_passes);
        }
        let mut entered = None;
        if truth.motion == Motion::Jumps {
            self.done = position - (0.5 + TIE) * truth.beats_per_sample;
            self.loop_passes = truth.loop_passes;
            self.releases.push(0);
            entered = Some(self.done);
        } else if let Some((start, end)) = truth.cycle {
            if truth.loop_passes == self.loop_passes + 1 {
                // The host cut its block one sample before the seam and skips the rest.
                (self.done, self.loop_passes) = (start, truth.loop_passes);
                self.releases.push(0);
            } else if truth.loop_passes + 1 == self.loop_passes {
                position += start - end;
            } else {
                ensure!(
                    truth.loop_passes == self.loop_passes,
                    "the number of loop passes is wrong: {truth:?}"
                );
            }
        } else {
            self.loop_passes = truth.loop_passes;
        }
        self.stretches[0] = (0, position);
        if std::mem::take(&mut self.at_seam) {
            self.releases.push(0);
        }
        Ok((position, entered))
    }

    /// Collects the expected notes of the block.
    fn expect(&mut self, truth: &GroundTruth, reference: &ReferenceTake) -> Result<()> {
        let per_sample = truth.beats_per_sample;
        let (mut position, mut entered) = self.enter(truth)?;
        let mut first = 0;
        loop {
            let seam = truth.cycle.filter(|(_, end)| position < *end);
            let left = truth.frames - first;
            let until = seam.map(|(_, end)| nearest((end - position) / per_sample));
            if let (Some((start, end)), Some(until)) = (seam, until)
                && until <= i64::from(left)
            {
                if until >= 1 {
                    let last = first + u32::try_from(until)? - 1;
                    let stretch = Stretch { position, origin: first, first, last };
                    self.collect(truth, reference, stretch, end, (seam, entered))?;
                    first = last + 1;
                    #[expect(clippy::cast_precision_loss, reason = "blocks are short")]
                    let gone = until as f64 * per_sample;
                    position += gone;
                }
                position += start - end;
                (self.done, entered) = (start, None);
                self.loop_passes += 1;
                if first == truth.frames {
                    self.at_seam = true;
                    return Ok(());
                }
                self.releases.push(first);
                self.stretches.push((first, position));
                continue;
            }
            let end = (f64::from(left) - 0.5 - TIE).mul_add(per_sample, position).max(self.done);
            let last = truth.frames - 1;
            let stretch = Stretch { position, origin: first, first, last };
            self.collect(truth, reference, stretch, end, (seam, entered))?;
            self.done = end;
            return Ok(());
        }
    }

    /// Collects the notes of one stretch, up to the song position `end`. `seam` is the loop of the
    /// stretch, `entered` the position after a jump.
    fn collect(
        &mut self,
        truth: &GroundTruth,
        reference: &ReferenceTake,
        stretch: Stretch,
        end: f64,
        (seam, entered): (Option<(f64, f64)>, Option<f64>),
    ) -> Result<()> {
        self.placed.clear();
        reference.hits_between(
            &truth.bar_lines,
            self.done - 2.0 * MAX_HIT_OFFSET,
            end + 2.0 * MAX_HIT_OFFSET,
            &mut self.placed,
        )?;
        self.placed.retain(|hit| truth.lanes.is_audible(hit.lane));
        keep_loudest(&truth.lanes, &mut self.placed, 0);
        // The host may have rounded the seam up.
        let within =
            |hit: &PlacedHit, end: f64| hit.step < end - SEAM_TOLERANCE && hit.at < end - 1e-9;
        self.placed.retain(|hit| seam.is_none_or(|(_, end)| within(hit, end)));
        // A note just before a jump whose step lies after it sounds at once.
        let at_once = |hit: &PlacedHit| entered.filter(|from| hit.at < *from && hit.step >= *from);
        for hit in &mut self.placed {
            hit.at = at_once(hit).unwrap_or(hit.at);
        }
        if let Some(seam) = seam {
            self.wrap_early_hits(truth, reference, stretch, seam, at_once)?;
        }
        self.add_expected(truth, stretch, end)
    }

    /// Adds the hits just before the start of a loop that sound before its end instead.
    fn wrap_early_hits(
        &mut self,
        truth: &GroundTruth,
        reference: &ReferenceTake,
        stretch: Stretch,
        (start, seam_end): (f64, f64),
        at_once: impl Fn(&PlacedHit) -> Option<f64>,
    ) -> Result<()> {
        let around = self.placed.len();
        reference.hits_between(
            &truth.bar_lines,
            start - MAX_HIT_OFFSET,
            start + MAX_HIT_OFFSET,
            &mut self.placed,
        )?;
        self.placed.retain(|hit| truth.lanes.is_audible(hit.lane));
        keep_loudest(&truth.lanes, &mut self.placed, around);
        let mut at = around;
        while at < self.placed.len() {
            let hit = &mut self.placed[at];
            let around = (hit.at + (seam_end - start)).max(start);
            // In a loop that is shorter than a hit is early, this note may coincide with one
            // that sounds at once.
            let twice = at_once(hit).is_some()
                && nearest((around - stretch.position) / truth.beats_per_sample) <= 0;
            if hit.step >= start - SEAM_TOLERANCE && hit.at < start - 1e-9 && !twice {
                hit.at = around;
                at += 1;
            } else {
                self.placed.swap_remove(at);
            }
        }
        Ok(())
    }

    /// Adds the notes of the collected hits before the song position `end`.
    fn add_expected(&mut self, truth: &GroundTruth, stretch: Stretch, end: f64) -> Result<()> {
        // Of notes with one key and sample, only the first sounds.
        self.placed.sort_by(|a, b| {
            let order = a.at.total_cmp(&b.at).then(a.lane.cmp(&b.lane));
            // Half-open strokes have the keys of open ones and follow them.
            let order = order.then(a.pedal.cmp(&b.pedal));
            order.then(a.articulation.cmp(&b.articulation)).then(b.velocity.cmp(&a.velocity))
        });
        let begun = self.expected.len();
        let changed =
            |at: f64| truth.stage.is_some_and(|window| window.covers(at, truth.beats_per_sample));
        let sounds = |hit: &&PlacedHit| (self.done..end).contains(&hit.at) && !changed(hit.at);
        for hit in self.placed.iter().filter(sounds) {
            let exact = nearest((hit.at - stretch.position) / truth.beats_per_sample);
            let sample = (i64::from(stretch.origin) + exact)
                .clamp(stretch.first.into(), stretch.last.into());
            let (key, channel) = truth.lanes.destination(hit.lane, hit.articulation);
            let pedal = hit.pedal.filter(|_| truth.lanes.has_hat_pedal());
            let note = (u32::try_from(sample)?, key, hit.velocity, channel, pedal);
            let same = |it: &Onset| (it.0, it.1, it.3) == (note.0, note.1, note.3);
            if !self.expected[begun..].iter().any(same) {
                self.expected.push(note);
            }
        }
        Ok(())
    }

    /// Follows the sounding notes and returns the starts of notes.
    fn track_notes(&mut self, truth: &GroundTruth, output: &[Event]) -> Vec<Onset> {
        let mut struck = Vec::new();
        let mut releases = self.releases.clone();
        releases.sort_unstable();
        let mut releases = releases.into_iter().peekable();
        let (mut last, mut pedal) = (0, None);
        for event in output {
            let sample = event.offset;
            if sample >= truth.frames || sample < last {
                self.findings.hung += 1;
                self.findings.fault(|| format!("{event:?} is out of order in {truth:?}"));
            }
            last = sample;
            while releases.next_if(|release| *release < sample).is_some_and(|release| {
                self.expect_ended_before(truth, release);
                true
            }) {}
            let pedalled = pedal.take();
            match event.message {
                Message::NoteOn { key, channel, velocity } => {
                    let of_note = |it: &(u32, u8, u8)| (it.0, it.1) == (sample, channel);
                    if pedalled.is_some_and(|it| !of_note(&it)) {
                        self.report_stray_pedal(truth, event);
                    }
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let velocity = (velocity * 127.0).round() as u8;
                    let value = pedalled.map(|(_, _, value)| value);
                    struck.push((sample, key, velocity, channel, value));
                    self.start_note(truth, event, (key, channel));
                }
                _ if pedalled.is_some() => self.report_stray_pedal(truth, event),
                Message::NoteOff { key, channel } => self.end_note(truth, event, (key, channel)),
                Message::Midi([status @ 0xb0..=0xbf, 4, value]) => {
                    pedal = Some((sample, status & 0xf, value));
                }
                Message::Midi(_) => {}
            }
        }
        if let (Some(_), Some(last)) = (pedal, output.last()) {
            self.report_stray_pedal(truth, last);
        }
        for release in releases {
            self.expect_ended_before(truth, release);
        }
        // A note that outlasts its length by more than rounding hangs.
        if truth.frames > 0 && matches!(truth.motion, Motion::Jumps | Motion::Continues) {
            let now = self.position(truth, truth.frames - 1);
            let longest = LENGTH + 3.0 * truth.beats_per_sample + 1.0 / TICKS_PER_BEAT;
            self.report_hanging(truth, |it| now - it.at > longest);
        }
        self.sounding.iter_mut().for_each(|it| it.sample = None);
        struck
    }

    /// Reports a controller that does not directly precede a note of its channel and sample.
    fn report_stray_pedal(&mut self, truth: &GroundTruth, event: &Event) {
        self.findings.doubled += 1;
        self.findings.fault(|| format!("a controller without its note at {event:?} in {truth:?}"));
    }

    /// Song position of a sample of the block.
    fn position(&self, truth: &GroundTruth, sample: u32) -> f64 {
        let before = self.stretches.iter().rev().find(|(first, _)| *first <= sample);
        let (first, position) = *before.unwrap_or(&self.stretches[0]);
        f64::from(sample - first).mul_add(truth.beats_per_sample, position)
    }

    fn start_note(&mut self, truth: &GroundTruth, event: &Event, (key, channel): (u8, u8)) {
        self.findings.notes += 1;
        let at = self.position(truth, event.offset);
        let same = |it: &Sounding| (it.key, it.channel) == (key, channel);
        if self.sounding.iter().any(same) {
            self.findings.doubled += 1;
            self.findings.fault(|| format!("{event:?} while it sounds in {truth:?}"));
            self.sounding.retain(|it| !same(it));
        }
        self.sounding.push(Sounding { key, channel, at, sample: Some(event.offset) });
    }

    fn end_note(&mut self, truth: &GroundTruth, event: &Event, (key, channel): (u8, u8)) {
        let found = self.sounding.iter().position(|it| (it.key, it.channel) == (key, channel));
        let ended = found.map(|place| self.sounding.swap_remove(place));
        if ended.is_none_or(|it| it.sample == Some(event.offset)) {
            self.findings.hung += 1;
            self.findings.fault(|| {
                format!("{event:?} ends no note, or one that starts there, in {truth:?}")
            });
        }
    }

    /// Reports notes that started before a sample and still sound.
    fn expect_ended_before(&mut self, truth: &GroundTruth, release: u32) {
        self.report_hanging(truth, |it| it.sample.is_none_or(|sample| sample < release));
    }

    fn report_hanging(&mut self, truth: &GroundTruth, hangs: impl Fn(&Sounding) -> bool) {
        let Oracle { sounding, findings, .. } = self;
        sounding.retain(|it| {
            let hangs = hangs(it);
            if hangs {
                findings.hung += 1;
                findings.fault(|| format!("{it:?} does not end in {truth:?}"));
            }
            !hangs
        });
    }
}

/// Keeps the strokes, from an index on, of the loudest of the lanes that strike at one step and
/// share key and channel; of equals, the last lane. The loudness of a lane is that of its loudest
/// stroke.
fn keep_loudest(lanes: &LaneSettings, hits: &mut Vec<PlacedHit>, from: usize) {
    let before = hits[from..].to_vec();
    let mut index = 0;
    hits.retain(|hit| {
        index += 1;
        let own = |other: &&PlacedHit| (other.step, other.lane) == (hit.step, hit.lane);
        let loudest = before.iter().filter(own).map(|own| own.velocity).max();
        let louder = |other: &PlacedHit| {
            let same = lanes.destination(other.lane, 0) == lanes.destination(hit.lane, 0);
            other.step == hit.step
                && other.lane != hit.lane
                && same
                && (Some(other.velocity), other.lane) > (loudest, hit.lane)
        };
        index <= from || !before.iter().any(louder)
    });
}

/// Rounds to the nearest whole number; from the middle up.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, which is far away")]
fn nearest(samples: f64) -> i64 {
    (samples + 0.5 + TIE).floor() as i64
}
