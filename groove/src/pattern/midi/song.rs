//! Songs: the drums of a file bar by bar, each in its own meter, with the file's tempos.

use super::error::{MAX_CLIP_STEPS, MidiError};
use super::file::TimeSignature;
use super::import::{DrumNote, Import};
use super::read::{DEFAULT_TEMPO, is_of_start};
use crate::pattern::clip::{Clip, Onset, bar_ticks, drop_late_chokes, step_at};
use crate::pattern::{Hit, Meter, Step};

/// Bars of one meter within a song.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterSection {
    /// Tick of the first bar.
    pub start: u32,
    /// Its bars, with the tempo at their start. All are whole, but after the last one may be the
    /// first step of another, with the hits on the last bar line.
    pub clip: Clip,
}

/// Clips of several meters in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Song {
    /// The clips, at least one.
    pub sections: Vec<MeterSection>,
    /// Tempo in quarter notes per minute from a tick on, at least one.
    pub tempos: Vec<(u32, f64)>,
    /// Time signatures as they are written, at least one. They begin bars, but a long bar may be
    /// several of a clip.
    pub time_signatures: Vec<TimeSignature>,
    /// Markers, written at their ticks.
    pub markers: Vec<(u32, String)>,
    /// Length in ticks.
    pub end: u32,
}

impl Import {
    /// The drums as a song, and what the user must know: [`Import::sentence`], and notes that found
    /// no room. Silent bars at the end count. The meter is the given one before the first time
    /// signature, the tempo 120 in a file without one.
    ///
    /// Every note goes to its nearest sixteenth and keeps the remainder as its offset.
    ///
    /// # Errors
    /// Returns [`MidiError::Long`] if the song is too long.
    pub fn song(&self, default: Meter) -> Result<(Song, Option<String>), MidiError> {
        let mut song = self.silent_song(default);
        let steps = song.sections.iter().map(|section| section.clip.steps.len()).sum::<usize>();
        if steps > MAX_CLIP_STEPS {
            return Err(MidiError::Long(u64::try_from(steps).unwrap_or(u64::MAX)));
        }
        let mut left_out = 0;
        for note in &self.notes {
            left_out += song.add(note);
        }
        Ok((song, self.told(left_out)))
    }

    /// The song without its hits.
    #[must_use]
    pub fn silent_song(&self, default: Meter) -> Song {
        let tempos = match &self.tempos[..] {
            [] => vec![(0, DEFAULT_TEMPO)],
            tempos => tempos.to_vec(),
        };
        let mut time_signatures = self.time_signatures.clone();
        if time_signatures.first().is_none_or(|first| first.tick > 0) {
            let Meter { numerator, denominator } = default;
            let first = TimeSignature { tick: 0, numerator, denominator: denominator.into() };
            time_signatures.insert(0, first);
        }
        let mut sections: Vec<MeterSection> = Vec::new();
        let mut end = 0;
        let mut is_whole = false;
        for bar in self.bars(default) {
            let silent = || std::iter::repeat_n(Step::SILENT, bar.meter.steps());
            match sections.last_mut().filter(|it| it.clip.meter == bar.meter && is_whole) {
                Some(section) => section.clip.steps.extend(silent()),
                None => {
                    let before = tempos.iter().take_while(|&&(tick, _)| tick <= bar.start).last();
                    let tempo = before.or(tempos.first()).map_or(DEFAULT_TEMPO, |&(_, it)| it);
                    let clip = Clip { steps: silent().collect(), tempo, meter: bar.meter };
                    sections.push(MeterSection { start: bar.start, clip });
                }
            }
            is_whole = u64::from(bar.ticks) == bar_ticks(bar.meter);
            end = bar.start + bar.ticks;
        }
        let last = self.notes.last().map_or(0, |note| note.tick);
        // A hit on the last bar line needs no further bar.
        let end = if last < end { end } else { self.end.max(last + 1) };
        Song { sections, tempos, time_signatures, markers: Vec::new(), end }
    }
}

impl Song {
    /// A song of a single clip.
    #[must_use]
    pub fn of(clip: Clip) -> Song {
        let Meter { numerator, denominator } = clip.meter;
        let signature = TimeSignature { tick: 0, numerator, denominator: denominator.into() };
        Song {
            tempos: vec![(0, clip.tempo)],
            time_signatures: vec![signature],
            markers: Vec::new(),
            end: clip.ticks(),
            sections: vec![MeterSection { start: 0, clip }],
        }
    }

    /// Adds a note. Returns the number of strokes that find no room.
    fn add(&mut self, note: &DrumNote) -> usize {
        let after = self.sections.iter().position(|section| section.start > note.tick);
        let place = after.unwrap_or(self.sections.len()).saturating_sub(1);
        let is_last = place + 1 == self.sections.len();
        let section = &self.sections[place];
        let within = note.tick.saturating_sub(section.start);
        // Bars have at most 64 steps.
        let Some((step, offset)) = step_at(within.into(), section.clip.meter) else { return 1 };
        let is_early = step >= section.clip.steps.len() && offset < 0;
        let (place, step) = match is_early {
            true if !is_last => (place + 1, 0),
            true if is_of_start(note, self.sections[0].clip.steps.first()) => (0, 0),
            _ => (place, step),
        };
        let offset = match (is_early, is_last) {
            (true, false) => i64::from(note.tick) - i64::from(self.sections[place].start),
            _ => offset.into(),
        };
        let offset = i8::try_from(offset).unwrap_or(*Hit::OFFSETS.start());
        let hit = note.hit(offset);
        let steps = &mut self.sections[place].clip.steps;
        steps.resize(steps.len().max(step + 1), Step::SILENT);
        steps[step].add(note.drum, hit)
    }

    /// Strokes in order of time, see [`Clip::onsets`].
    #[must_use]
    pub fn onsets(&self) -> Vec<Onset> {
        let section = |it: &MeterSection| it.clip.onsets_within(it.start, self.end);
        let mut onsets: Vec<Onset> = self.sections.iter().flat_map(section).collect();
        onsets.sort_by_key(|onset| (onset.tick, onset.drum, onset.articulation));
        drop_late_chokes(&mut onsets);
        onsets
    }

    /// The bars as long as those of a meter, in a row, and the numbers of all others, from 1. The
    /// tempo is the first. `None` without such bars.
    #[must_use]
    pub fn in_meter(&self, meter: Meter) -> Option<(Clip, Vec<usize>)> {
        let (mut clip, mut others, mut number) = (None::<Clip>, Vec::new(), 1);
        let length = |meter: Meter| (meter.steps(), bar_ticks(meter));
        for MeterSection { clip: section, .. } in &self.sections {
            let bars = (section.steps.len() / section.meter.steps()).max(1);
            if length(section.meter) == length(meter) {
                match &mut clip {
                    Some(clip) => clip.steps.extend(&section.steps),
                    None => clip = Some(Clip { meter, ..section.clone() }),
                }
            } else {
                others.extend(number..number + bars);
            }
            number += bars;
        }
        clip.map(|clip| (clip, others))
    }

    /// Number of bars of the last clip to a bar of the last time signature, at least 1.
    #[must_use]
    pub fn parts_per_bar(&self) -> u16 {
        let (Some(signature), Some(last)) = (self.time_signatures.last(), self.sections.last())
        else {
            return 1;
        };
        let bar = u64::from(signature.numerator)
            * bar_ticks(Meter { numerator: 1, denominator: 1 })
            / u64::from(signature.denominator.max(1));
        u16::try_from(bar / bar_ticks(last.clip.meter)).unwrap_or(1).max(1)
    }
}
