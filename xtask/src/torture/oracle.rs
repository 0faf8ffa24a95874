//! What must sound, and whether it did.
//!
//! The judge is told the truth about each block by the host that made it up: where the song is,
//! how it got there, how often it went round its loop. From that and a [`ReferenceTake`] it knows the
//! sample of each note by the rule alone: the nearest sample to the exact position, in the middle
//! the later one; what lies before a seam sounds before it, what lies after a jump not before it,
//! and what the host passes over not at all. It never asks the plugin, and shares no code with it.

use super::findings::Findings;
use super::random_user::LaneSettings;
use super::reference::{MAX_HIT_OFFSET, PlacedHit, ReferenceTake, TICKS_PER_BEAT};
use super::truth::{GroundTruth, Motion};
use crate::host::{Event, Message};
use anyhow::{Result, ensure};

/// How near to the middle between two samples counts as the middle.
const TIE: f64 = 1.0 / 8192.0;

/// A note that nothing cuts short lasts half a step, in quarter notes.
const LENGTH: f64 = 0.125;

/// A note that must sound, or did: sample of the block, key, velocity, channel.
type Onset = (u32, u8, u8, u8);

/// A note that sounds.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    key: u8,
    channel: u8,
    /// Where it began, in quarter notes.
    at: f64,
    /// Its sample in this block; nothing if it began in an earlier one.
    sample: Option<u32>,
}

/// A run of samples in which the song goes on evenly.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Position of the sample `origin`, in quarter notes.
    position: f64,
    origin: u32,
    /// Where its notes may be.
    first: u32,
    last: u32,
}

/// Follows the song and compares.
#[derive(Debug, Default)]
pub struct Oracle {
    /// What was found so far.
    pub findings: Findings,
    /// Up to where in the song notes have sounded.
    done: f64,
    /// How often the song has gone round its loop.
    loop_passes: u64,
    /// The loop of the last block.
    cycle: Option<(f64, f64)>,
    /// The last block ended with a seam: what sounds ends with the next one.
    at_seam: bool,
    sounding: Vec<Sounding>,
    expected: Vec<Onset>,
    placed: Vec<PlacedHit>,
    /// Runs of samples in the block: first sample, and the position of it. All that sounds ends
    /// with the first sample of each but the first one, and of that if the song was elsewhere.
    runs: Vec<(u32, f64)>,
    releases: Vec<u32>,
}

impl Oracle {
    /// Compares a block's output with what it must be.
    ///
    /// # Errors
    /// The script and the judge disagree about the truth, which is a fault of this program.
    pub fn check_block(
        &mut self,
        truth: &GroundTruth,
        reference: &ReferenceTake,
        output: &[Event],
    ) -> Result<()> {
        self.expected.clear();
        self.runs.clear();
        self.releases.clear();
        self.runs.push((0, truth.position));
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
            self.compare(truth, &mut struck);
        }
        Ok(())
    }

    /// Works out what must sound in the block.
    fn expect(&mut self, truth: &GroundTruth, reference: &ReferenceTake) -> Result<()> {
        let per_sample = truth.beats_per_sample;
        let mut position = truth.position;
        if truth.cycle != self.cycle {
            (self.cycle, self.loop_passes) = (truth.cycle, truth.loop_passes);
        }
        let mut entered = None;
        let mut first = 0;
        if truth.motion == Motion::Jumps {
            self.done = position - (0.5 + TIE) * per_sample;
            self.loop_passes = truth.loop_passes;
            self.releases.push(0);
            entered = Some(self.done);
        } else if let Some((start, end)) = truth.cycle {
            if truth.loop_passes == self.loop_passes + 1 {
                // The host cut its block a sample before the seam: it passes over what is left.
                (self.done, self.loop_passes) = (start, truth.loop_passes);
                self.releases.push(0);
            } else if truth.loop_passes + 1 == self.loop_passes {
                position += start - end;
            } else {
                ensure!(truth.loop_passes == self.loop_passes, "the script lost count: {truth:?}");
            }
        } else {
            self.loop_passes = truth.loop_passes;
        }
        self.runs[0] = (0, position);
        if std::mem::take(&mut self.at_seam) {
            self.releases.push(0);
        }
        loop {
            let seam = truth.cycle.filter(|(_, end)| position < *end);
            let left = truth.frames - first;
            let until = seam.map(|(_, end)| nearest((end - position) / per_sample));
            if let (Some((start, end)), Some(until)) = (seam, until)
                && until <= i64::from(left)
            {
                if until >= 1 {
                    let last = first + u32::try_from(until)? - 1;
                    let run = Stretch { position, origin: first, first, last };
                    self.pass(truth, reference, run, end, (seam, entered))?;
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
                self.runs.push((first, position));
                continue;
            }
            let end = (f64::from(left) - 0.5 - TIE).mul_add(per_sample, position).max(self.done);
            let last = truth.frames - 1;
            let run = Stretch { position, origin: first, first, last };
            self.pass(truth, reference, run, end, (seam, entered))?;
            self.done = end;
            return Ok(());
        }
    }

    /// The notes of one run: from where notes have sounded up to an end. With it go the loop that it
    /// is in, and where the song entered if it jumped here.
    fn pass(
        &mut self,
        truth: &GroundTruth,
        reference: &ReferenceTake,
        run: Stretch,
        end: f64,
        (seam, entered): (Option<(f64, f64)>, Option<f64>),
    ) -> Result<()> {
        // A step within half a tick of a seam is on it.
        let near = 0.5 / TICKS_PER_BEAT;
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
        let within = |hit: &PlacedHit, end: f64| hit.step < end - near && hit.at < end - 1e-9;
        self.placed.retain(|hit| seam.is_none_or(|(_, end)| within(hit, end)));
        // What would have sounded just before a jump for a step after it sounds at once.
        let at_once = |hit: &PlacedHit| entered.filter(|from| hit.at < *from && hit.step >= *from);
        for hit in &mut self.placed {
            hit.at = at_once(hit).unwrap_or(hit.at);
        }
        if let Some((start, seam_end)) = seam {
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
                // In a loop that is shorter than a hit is early, that may be one note with what
                // sounds at once.
                let twice = at_once(hit).is_some()
                    && nearest((around - run.position) / truth.beats_per_sample) <= 0;
                if hit.step >= start - near && hit.at < start - 1e-9 && !twice {
                    hit.at = around;
                    at += 1;
                } else {
                    self.placed.swap_remove(at);
                }
            }
        }
        // What is struck in one place at one sample is one note: the first.
        self.placed.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.lane.cmp(&b.lane)));
        let begun = self.expected.len();
        for hit in self.placed.iter().filter(|hit| hit.at >= self.done && hit.at < end) {
            let exact = nearest((hit.at - run.position) / truth.beats_per_sample);
            let sample = (i64::from(run.origin) + exact).clamp(run.first.into(), run.last.into());
            let (key, channel) = truth.lanes.destination(hit.lane);
            let note = (u32::try_from(sample)?, key, hit.velocity, channel);
            let same = |it: &Onset| (it.0, it.1, it.3) == (note.0, note.1, note.3);
            if !self.expected[begun..].iter().any(same) {
                self.expected.push(note);
            }
        }
        Ok(())
    }

    /// Follows the notes that sound, and returns those that began.
    fn track_notes(&mut self, truth: &GroundTruth, output: &[Event]) -> Vec<Onset> {
        let mut struck = Vec::new();
        let per_sample = truth.beats_per_sample;
        let position = |runs: &[(u32, f64)], sample: u32| {
            let run = runs.iter().rev().find(|(first, _)| *first <= sample).unwrap_or(&runs[0]);
            f64::from(sample - run.0).mul_add(per_sample, run.1)
        };
        let mut releases = self.releases.clone();
        releases.sort_unstable();
        let mut releases = releases.into_iter().peekable();
        let mut last = 0;
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
            match event.message {
                Message::NoteOn { key, channel, velocity } => {
                    self.findings.notes += 1;
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    struck.push((sample, key, (velocity * 127.0).round() as u8, channel));
                    let at = position(&self.runs, sample);
                    let here = |it: &Sounding| (it.key, it.channel) == (key, channel);
                    if self.sounding.iter().any(here) {
                        self.findings.doubled += 1;
                        self.findings.fault(|| format!("{event:?} while it sounds in {truth:?}"));
                        self.sounding.retain(|it| !here(it));
                    }
                    self.sounding.push(Sounding { key, channel, at, sample: Some(sample) });
                }
                Message::NoteOff { key, channel } => {
                    let found =
                        self.sounding.iter().position(|it| (it.key, it.channel) == (key, channel));
                    let ended = found.map(|place| self.sounding.swap_remove(place));
                    if ended.is_none_or(|it| it.sample == Some(sample)) {
                        self.findings.hung += 1;
                        self.findings.fault(|| {
                            format!("{event:?} ends nothing, or what begins there, in {truth:?}")
                        });
                    }
                }
                Message::Midi(_) => {}
            }
        }
        for release in releases {
            self.expect_ended_before(truth, release);
        }
        // What has outlasted its length by more than rounding hangs.
        if truth.frames > 0 && matches!(truth.motion, Motion::Jumps | Motion::Continues) {
            let now = position(&self.runs, truth.frames - 1);
            let longest = LENGTH + 3.0 * per_sample + 1.0 / TICKS_PER_BEAT;
            self.report_hanging(truth, |it| now - it.at > longest);
        }
        self.sounding.iter_mut().for_each(|it| it.sample = None);
        struck
    }

    /// All that began before a sample has ended with it.
    fn expect_ended_before(&mut self, truth: &GroundTruth, release: u32) {
        self.report_hanging(truth, |it| it.sample.is_none_or(|sample| sample < release));
    }

    fn report_hanging(&mut self, truth: &GroundTruth, hangs: impl Fn(&Sounding) -> bool) {
        let Oracle { sounding, findings, .. } = self;
        sounding.retain(|it| {
            let hangs = hangs(it);
            if hangs {
                findings.hung += 1;
                findings.fault(|| format!("{it:?} goes on in {truth:?}"));
            }
            !hangs
        });
    }

    fn compare(&mut self, truth: &GroundTruth, struck: &mut Vec<Onset>) {
        let Oracle { expected, findings, .. } = self;
        findings.placed += expected.len() as u64;
        expected.sort_unstable();
        struck.sort_unstable();
        if expected == struck {
            return;
        }
        // What is as it must be is taken away first, and what is only late or early next.
        expected.retain(|note| match struck.iter().position(|other| other == note) {
            Some(place) => {
                struck.remove(place);
                false
            }
            None => true,
        });
        expected.retain(|note| {
            let alike = |other: &&Onset| (other.1, other.2, other.3) == (note.1, note.2, note.3);
            let near = struck.iter().filter(alike).min_by_key(|other| other.0.abs_diff(note.0));
            let Some(near) = near.copied() else { return true };
            findings.error = findings.error.max(near.0.abs_diff(note.0).into());
            findings.fault(|| format!("{near:?} instead of {note:?} in {truth:?}"));
            struck.retain(|other| *other != near);
            false
        });
        findings.lost += expected.len() as u64;
        findings.doubled += struck.len() as u64;
        for note in expected.iter() {
            findings.fault(|| format!("{note:?} is lost in {truth:?}"));
        }
        for note in struck.iter() {
            findings.fault(|| format!("{note:?} has no reason in {truth:?}"));
        }
    }
}

/// Of the hits from a place on that are in one place at one step, keeps the loudest; of equals, the
/// last lane.
fn keep_loudest(lanes: &LaneSettings, hits: &mut Vec<PlacedHit>, from: usize) {
    let before = hits[from..].to_vec();
    let mut index = 0;
    hits.retain(|hit| {
        index += 1;
        let louder = |other: &PlacedHit| {
            (other.step, lanes.destination(other.lane)) == (hit.step, lanes.destination(hit.lane))
                && (other.velocity, other.lane) > (hit.velocity, hit.lane)
        };
        index <= from || !before.iter().any(louder)
    });
}

/// The nearest whole number; in the middle, the greater one.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, which is far away")]
fn nearest(samples: f64) -> i64 {
    (samples + 0.5 + TIE).floor() as i64
}
