//! What must sound, and whether it did.
//!
//! The judge is told the truth about each block by the host that made it up: where the song is,
//! how it got there, how often it went round its loop. From that and a [`Score`] it knows the
//! sample of each note by the rule alone: the nearest sample to the exact position, in the middle
//! the later one; what lies before a seam sounds before it, what lies after a jump not before it,
//! and what the host passes over not at all. It never asks the plugin, and shares no code with it.

use super::kit::Kit;
use super::score::{Bars, Placed, REACH, Score, TICKS};
use crate::host::{Event, Message};
use anyhow::{Result, ensure};

/// How near to the middle between two samples counts as the middle.
const TIE: f64 = 1.0 / 8192.0;

/// A note that nothing cuts short lasts half a step, in quarter notes.
const LENGTH: f64 = 0.125;

/// How the song goes in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The transport stands.
    Rests,
    /// The host says that it plays, but it stays where it was.
    Stands,
    /// It plays from somewhere else than where the last block ended.
    Jumps,
    /// It goes on.
    Goes,
}

/// The truth about a block.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// How the song goes.
    pub motion: Motion,
    /// Position of the first sample as the host says it, in quarter notes.
    pub position: f64,
    /// Quarter notes a sample.
    pub beats_per_sample: f64,
    /// Number of samples.
    pub frames: u32,
    /// The loop.
    pub cycle: Option<(f64, f64)>,
    /// How often the song has gone round the loop since it was set or jumped into.
    pub passes: u64,
    /// Where bar lines are.
    pub bars: Bars,
    /// Where notes go.
    pub kit: Kit,
    /// Whether all that sounded before must end with the first sample.
    pub release: bool,
    /// Whether it is not known what must sound, because keys are held or the host is in real
    /// time: then only the order of the notes and their ends are judged.
    pub free: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Notes that sounded.
    pub notes: u64,
    /// Of these, the ones whose place was known beforehand.
    pub placed: u64,
    /// Greatest distance of a note from its sample.
    pub error: u64,
    /// Notes that did not sound.
    pub lost: u64,
    /// Notes that sounded twice, or without reason.
    pub doubled: u64,
    /// Notes that did not end, or ended without sounding, or as soon as they began.
    pub hung: u64,
    /// The first few faults, a sentence each.
    pub faults: Vec<String>,
}

impl Findings {
    /// Faults that are put into words; the others are counted.
    const WORDS: usize = 12;

    fn fault(&mut self, sentence: impl FnOnce() -> String) {
        if self.faults.len() < Self::WORDS {
            self.faults.push(sentence());
        }
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: &Findings) {
        self.notes += other.notes;
        self.placed += other.placed;
        self.error = self.error.max(other.error);
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.hung += other.hung;
        let room = Self::WORDS.saturating_sub(self.faults.len());
        self.faults.extend(other.faults.iter().take(room).cloned());
    }
}

/// A note that must sound, or did: sample of the block, key, velocity, channel.
type Struck = (u32, u8, u8, u8);

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
struct Run {
    /// Position of the sample `origin`, in quarter notes.
    position: f64,
    origin: u32,
    /// Where its notes may be.
    first: u32,
    last: u32,
}

/// Follows the song and compares.
#[derive(Debug, Default)]
pub struct Judge {
    /// What was found so far.
    pub findings: Findings,
    /// Up to where in the song notes have sounded.
    done: f64,
    /// How often the song has gone round its loop.
    passes: u64,
    /// The loop of the last block.
    cycle: Option<(f64, f64)>,
    /// The last block ended with a seam: what sounds ends with the next one.
    at_seam: bool,
    sounding: Vec<Sounding>,
    expected: Vec<Struck>,
    placed: Vec<Placed>,
    /// Runs of samples in the block: first sample, and the position of it. All that sounds ends
    /// with the first sample of each but the first one, and of that if the song was elsewhere.
    runs: Vec<(u32, f64)>,
    releases: Vec<u32>,
}

impl Judge {
    /// Compares a block's output with what it must be.
    ///
    /// # Errors
    /// The script and the judge disagree about the truth, which is a fault of this program.
    pub fn block(&mut self, truth: &Truth, score: &Score, output: &[Event]) -> Result<()> {
        self.expected.clear();
        self.runs.clear();
        self.releases.clear();
        self.runs.push((0, truth.position));
        if truth.frames > 0 {
            if truth.release
                || truth.kit.bypassed
                || matches!(truth.motion, Motion::Rests | Motion::Stands)
            {
                self.releases.push(0);
            }
            if matches!(truth.motion, Motion::Jumps | Motion::Goes) {
                self.expect(truth, score)?;
            }
        }
        let mut struck = self.listen(truth, output);
        if !truth.free {
            self.compare(truth, &mut struck);
        }
        Ok(())
    }

    /// Works out what must sound in the block.
    fn expect(&mut self, truth: &Truth, score: &Score) -> Result<()> {
        let per_sample = truth.beats_per_sample;
        let mut position = truth.position;
        if truth.cycle != self.cycle {
            (self.cycle, self.passes) = (truth.cycle, truth.passes);
        }
        let mut entered = None;
        let mut first = 0;
        if truth.motion == Motion::Jumps {
            self.done = position - (0.5 + TIE) * per_sample;
            self.passes = truth.passes;
            self.releases.push(0);
            entered = Some(self.done);
        } else if let Some((start, end)) = truth.cycle {
            if truth.passes == self.passes + 1 {
                // The host cut its block a sample before the seam: it passes over what is left.
                (self.done, self.passes) = (start, truth.passes);
                self.releases.push(0);
            } else if truth.passes + 1 == self.passes {
                position += start - end;
            } else {
                ensure!(truth.passes == self.passes, "the script lost count: {truth:?}");
            }
        } else {
            self.passes = truth.passes;
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
                    let run = Run { position, origin: first, first, last };
                    self.pass(truth, score, run, end, (seam, entered))?;
                    first = last + 1;
                    #[expect(clippy::cast_precision_loss, reason = "blocks are short")]
                    let gone = until as f64 * per_sample;
                    position += gone;
                }
                position += start - end;
                (self.done, entered) = (start, None);
                self.passes += 1;
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
            let run = Run { position, origin: first, first, last };
            self.pass(truth, score, run, end, (seam, entered))?;
            self.done = end;
            return Ok(());
        }
    }

    /// The notes of one run: from where notes have sounded up to an end. With it go the loop that it
    /// is in, and where the song entered if it jumped here.
    fn pass(
        &mut self,
        truth: &Truth,
        score: &Score,
        run: Run,
        end: f64,
        (seam, entered): (Option<(f64, f64)>, Option<f64>),
    ) -> Result<()> {
        // A step within half a tick of a seam is on it.
        let near = 0.5 / TICKS;
        self.placed.clear();
        score.between(&truth.bars, self.done - 2.0 * REACH, end + 2.0 * REACH, &mut self.placed)?;
        self.placed.retain(|hit| truth.kit.hears(hit.lane));
        keep_loudest(&truth.kit, &mut self.placed, 0);
        // The host may have rounded the seam up.
        let within = |hit: &Placed, end: f64| hit.step < end - near && hit.at < end - 1e-9;
        self.placed.retain(|hit| seam.is_none_or(|(_, end)| within(hit, end)));
        // What would have sounded just before a jump for a step after it sounds at once.
        let at_once = |hit: &Placed| entered.filter(|from| hit.at < *from && hit.step >= *from);
        for hit in &mut self.placed {
            hit.at = at_once(hit).unwrap_or(hit.at);
        }
        if let Some((start, seam_end)) = seam {
            let around = self.placed.len();
            score.between(&truth.bars, start - REACH, start + REACH, &mut self.placed)?;
            self.placed.retain(|hit| truth.kit.hears(hit.lane));
            keep_loudest(&truth.kit, &mut self.placed, around);
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
            let (key, channel) = truth.kit.place(hit.lane);
            let note = (u32::try_from(sample)?, key, hit.velocity, channel);
            let same = |it: &Struck| (it.0, it.1, it.3) == (note.0, note.1, note.3);
            if !self.expected[begun..].iter().any(same) {
                self.expected.push(note);
            }
        }
        Ok(())
    }

    /// Follows the notes that sound, and returns those that began.
    fn listen(&mut self, truth: &Truth, output: &[Event]) -> Vec<Struck> {
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
                self.must_be_released(truth, release);
                true
            }) {}
            match event.message {
                Message::On { key, channel, velocity } => {
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
                Message::Off { key, channel } => {
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
            self.must_be_released(truth, release);
        }
        // What has outlasted its length by more than rounding hangs.
        if truth.frames > 0 && matches!(truth.motion, Motion::Jumps | Motion::Goes) {
            let now = position(&self.runs, truth.frames - 1);
            let longest = LENGTH + 3.0 * per_sample + 1.0 / TICKS;
            self.release_if(truth, |it| now - it.at > longest);
        }
        self.sounding.iter_mut().for_each(|it| it.sample = None);
        struck
    }

    /// All that began before a sample has ended with it.
    fn must_be_released(&mut self, truth: &Truth, release: u32) {
        self.release_if(truth, |it| it.sample.is_none_or(|sample| sample < release));
    }

    fn release_if(&mut self, truth: &Truth, hangs: impl Fn(&Sounding) -> bool) {
        let Judge { sounding, findings, .. } = self;
        sounding.retain(|it| {
            let hangs = hangs(it);
            if hangs {
                findings.hung += 1;
                findings.fault(|| format!("{it:?} goes on in {truth:?}"));
            }
            !hangs
        });
    }

    fn compare(&mut self, truth: &Truth, struck: &mut Vec<Struck>) {
        let Judge { expected, findings, .. } = self;
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
            let alike = |other: &&Struck| (other.1, other.2, other.3) == (note.1, note.2, note.3);
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
fn keep_loudest(kit: &Kit, hits: &mut Vec<Placed>, from: usize) {
    let before = hits[from..].to_vec();
    let mut index = 0;
    hits.retain(|hit| {
        index += 1;
        let louder = |other: &Placed| {
            (other.step, kit.place(other.lane)) == (hit.step, kit.place(hit.lane))
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
