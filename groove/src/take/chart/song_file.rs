//! Charts of arrangement files: sections from markers; accents, stops and intensity from the notes
//! of all parts but the drums.

use std::collections::BTreeMap;

use crate::pattern::midi::{BarSpan, Import, MidiError, MidiFile, Note, PitchMap, Song};
use crate::pattern::{Meter, TICKS_PER_STEP};
use crate::take::chart::{Accent, Accents, Chart, Place, Section, SectionKind, Stop};

/// Channel of drums, 0 to 15.
const DRUM_CHANNEL: u8 = 9;
/// Basses of General MIDI.
const BASS_PROGRAMS: std::ops::RangeInclusive<u8> = 32..=39;
/// Steps of rest before a stab, and after one.
const STAB_RESTS: (usize, usize) = (2, 3);
/// Ticks after a last hit up to which its bar would count as a bar line.
const BAR_LINE: u64 = 4 * TICKS_PER_STEP as u64 + 1;
/// Notes that make a stab.
const STAB_NOTES: usize = 3;
/// Shortest rest of the whole band that is a stop, in felt beats.
const STOP_BEATS: usize = 2;
/// Kinds of markers with other names, in the order of their first appearance.
const OTHER_KINDS: [SectionKind; 4] =
    [SectionKind::Verse, SectionKind::Chorus, SectionKind::Bridge, SectionKind::Solo];

/// An arrangement file as a drummer hears it.
#[derive(Clone, Debug)]
pub struct SongFile {
    /// The chart.
    pub chart: Chart,
    /// Silent bars of drums with the file's tempos, time signatures and markers.
    pub song: Song,
    /// Sentences on what was found and what is left out.
    pub told: String,
}

impl SongFile {
    /// Reads a Standard MIDI File of a bass, a guitar, a piano or a whole arrangement.
    ///
    /// # Errors
    /// Returns a [`MidiError`] if the file cannot be read or has no notes.
    pub fn read(bytes: &[u8]) -> Result<SongFile, MidiError> {
        let file = MidiFile::read(bytes)?;
        let mut import = Import::read(bytes, PitchMap::Rhythm)?;
        let last = file.notes.last().map_or(0, |note| note.tick);
        let ends = import.bars(Meter::FOUR_FOUR).last().map_or(0, |bar| bar.start + bar.ticks);
        if last >= u64::from(ends) {
            // The last hit of a song has a bar, unlike the bar line that ends a clip.
            let end = u32::try_from(last + BAR_LINE).unwrap_or(u32::MAX);
            import.end = import.end.max(end);
        }
        let bars = import.bars(Meter::FOUR_FOUR);
        let grid = Grid::of(&bars);
        let mut song = import.silent_song(Meter::FOUR_FOUR);
        let narrowed = |tick: u64| u32::try_from(tick).unwrap_or(u32::MAX);
        song.markers =
            file.markers.iter().map(|(tick, name)| (narrowed(*tick), name.clone())).collect();
        let band: Vec<Note> =
            file.notes.iter().filter(|note| note.channel != DRUM_CHANNEL).copied().collect();
        let mut told = Vec::new();
        let mut chart = Chart::default();
        let sections = grid.sections(&file, &band);
        if sections.is_empty() {
            told.push("The file has no markers, so the song is one section.".to_owned());
        }
        if !chart.set_sections(sections) {
            told.push("The song has more sections than a chart: the last are left out.".into());
        }
        if band.is_empty() {
            told.push("The file has only drums, so there is nothing to follow.".into());
        } else {
            if band.len() < file.notes.len() {
                told.push("The file's own drums are left out.".into());
            }
            let (part, name) = bass_part(&file, &band);
            told.push(format!("The kick follows {name}."));
            let (accents, all_fit) = grid.accents(&part, &band);
            chart.accents = accents;
            if !all_fit {
                let bars = chart.accents.bars();
                told.push(format!(
                    "Only the first {bars} bars have accents: there is no more room."
                ));
            }
            if !chart.set_stops(grid.stops(&band, !chart.sections().is_empty())) {
                told.push("The song has more stops than a chart: the last are left out.".into());
            }
        }
        Ok(SongFile { chart, song, told: told.join(" ") })
    }
}

/// The notes that the kick follows, and their name in a sentence: the bass, or else the lowest part.
fn bass_part(file: &MidiFile, band: &[Note]) -> (Vec<Note>, String) {
    let mut parts: BTreeMap<(usize, u8), Vec<Note>> = BTreeMap::new();
    for note in band {
        parts.entry((note.track, note.channel)).or_default().push(*note);
    }
    let name = |track: usize| file.track_names.get(track).map_or("", String::as_str);
    let is_bass = |&(track, channel): &(usize, u8)| {
        let program = file
            .programs
            .iter()
            .find(|program| (program.track, program.channel) == (track, channel));
        name(track).to_lowercase().contains("bass")
            || program.is_some_and(|program| BASS_PROGRAMS.contains(&program.value))
    };
    let pitch = |notes: &Vec<Note>| {
        notes.iter().map(|note| u64::from(note.pitch)).sum::<u64>() * 128 / notes.len() as u64
    };
    let bass = parts.keys().find(|part| is_bass(part)).copied();
    let lowest = parts.iter().min_by_key(|(_, notes)| pitch(notes)).map(|(part, _)| *part);
    let (track, channel) = bass.or(lowest).unwrap_or_default();
    let named = match name(track) {
        "" => format!("the part on channel {}", channel + 1),
        name => format!("the part {name}"),
    };
    (parts.remove(&(track, channel)).unwrap_or_default(), named)
}

/// The steps of a song's bars, in a row.
struct Grid {
    /// Start in ticks, meter, and number of the first step of each bar.
    bars: Vec<(u64, Meter, usize)>,
    /// Number of steps.
    steps: usize,
}

impl Grid {
    fn of(bars: &[BarSpan]) -> Grid {
        let mut steps = 0;
        let bars = bars.iter().map(|bar| {
            let first = steps;
            steps += bar.meter.steps();
            (u64::from(bar.start), bar.meter, first)
        });
        let bars = bars.collect();
        Grid { bars, steps }
    }

    /// Index of the bar at a tick.
    fn bar_at(&self, tick: u64) -> usize {
        self.bars.partition_point(|&(start, ..)| start <= tick).saturating_sub(1)
    }

    /// Number of the nearest step to a tick.
    fn step_at(&self, tick: u64) -> usize {
        let step = u64::from(TICKS_PER_STEP);
        let (start, meter, first) = self.bars[self.bar_at(tick)];
        let within = usize::try_from((tick - start + step / 2) / step).unwrap_or(usize::MAX);
        first + within.min(meter.steps())
    }

    /// Bar and step of a number; the end of the song is the start of another bar.
    fn place(&self, step: usize) -> (usize, usize) {
        let bar = self.bars.partition_point(|&(.., first)| first <= step).saturating_sub(1);
        let (_, meter, first) = self.bars[bar];
        if step - first >= meter.steps() { (bar + 1, 0) } else { (bar, step - first) }
    }

    fn song_place(&self, step: usize) -> Place {
        let (bar, step) = self.place(step);
        let bar = u16::try_from(bar).unwrap_or(u16::MAX);
        Place { bar, step: u8::try_from(step).unwrap_or(u8::MAX) }
    }

    /// Number of notes that begin at each step, and true for steps at which any note sounds.
    fn sounding(&self, band: &[Note]) -> (Vec<usize>, Vec<bool>) {
        let (mut onsets, mut sounds) = (vec![0; self.steps + 1], vec![false; self.steps + 1]);
        for note in band {
            let from = self.step_at(note.tick);
            let to = self.step_at(note.tick + note.ticks).clamp(from + 1, self.steps + 1);
            onsets[from.min(self.steps)] += 1;
            sounds[from.min(self.steps)..to].fill(true);
        }
        (onsets, sounds)
    }

    /// Accents of a part, and stabs of the band; false if some find no room.
    fn accents(&self, part: &[Note], band: &[Note]) -> (Accents, bool) {
        let longest = self.bars.iter().map(|(_, meter, _)| meter.steps()).max();
        let mut accents = Accents::new(longest.unwrap_or(16));
        let loud: u64 = part.iter().map(|note| u64::from(note.velocity)).sum();
        let mut strengths: BTreeMap<usize, Accent> = BTreeMap::new();
        for note in part {
            let is_strong = u64::from(note.velocity) * part.len() as u64 >= loud;
            let accent = if is_strong { Accent::Strong } else { Accent::Light };
            let known = strengths.entry(self.step_at(note.tick)).or_insert(accent);
            *known = accent.max(*known);
        }
        let (onsets, sounds) = self.sounding(band);
        for step in (0..self.steps).filter(|&step| onsets[step] >= STAB_NOTES) {
            let silent = |from: usize, to: usize| {
                sounds[from.min(self.steps)..to.min(self.steps)].iter().all(|sounds| !sounds)
            };
            let before = silent(step.saturating_sub(STAB_RESTS.0), step);
            // The stab itself may last two steps.
            if before && silent(step + 2, step + 2 + STAB_RESTS.1) {
                strengths.insert(step, Accent::Stab);
            }
        }
        let mut all_fit = true;
        for (step, accent) in strengths.into_iter().filter(|&(step, _)| step < self.steps) {
            let (bar, step) = self.place(step);
            all_fit &= accents.set(i64::try_from(bar).unwrap_or(i64::MAX), step, Some(accent));
        }
        (accents, all_fit)
    }

    /// Rests of the whole band; also before the first note, if no section begins there.
    fn stops(&self, band: &[Note], has_sections: bool) -> Vec<Stop> {
        let (_, sounds) = self.sounding(band);
        let last = sounds.iter().rposition(|&sounds| sounds).unwrap_or(0);
        let mut stops = Vec::new();
        let mut start = 0;
        for (end, _) in sounds.iter().enumerate().take(last + 1).filter(|(_, sounds)| **sounds) {
            let (_, meter, _) = self.bars[self.place(start).0.min(self.bars.len() - 1)];
            let is_long = end - start >= STOP_BEATS * meter.beat_steps();
            if is_long && (start > 0 || !has_sections) {
                stops.push(Stop {
                    start: self.song_place(start),
                    end: self.song_place(end),
                    pick_up: u8::try_from(meter.beat_steps()).unwrap_or(4),
                });
            }
            start = end + 1;
        }
        stops
    }

    /// Sections at the bars of markers, with an intensity from their kind and their notes.
    fn sections(&self, file: &MidiFile, band: &[Note]) -> Vec<Section> {
        let mut others: Vec<&str> = Vec::new();
        let mut sections: Vec<Section> = Vec::new();
        for (tick, name) in &file.markers {
            let kind = SectionKind::of_marker(name).unwrap_or_else(|| {
                let known = others.iter().position(|other| other == name);
                let place = known.unwrap_or_else(|| {
                    others.push(name);
                    others.len() - 1
                });
                OTHER_KINDS[place % OTHER_KINDS.len()]
            });
            // A marker shortly before a bar line belongs to it.
            let bar = self.bar_at(tick + 2 * u64::from(TICKS_PER_STEP));
            let start = u16::try_from(bar).unwrap_or(u16::MAX);
            sections.retain(|section| section.start != start);
            sections.push(Section::new(start, kind));
        }
        let mut energy = vec![0.0f32; self.bars.len()];
        for note in band {
            energy[self.bar_at(note.tick)] += f32::from(note.velocity);
        }
        let mean = |bars: &[f32]| bars.iter().sum::<f32>() / bars.len().max(1) as f32;
        let all = mean(&energy).max(1.0);
        let ends: Vec<usize> = sections
            .iter()
            .skip(1)
            .map(|next| next.start.into())
            .chain([self.bars.len()])
            .collect();
        for (section, end) in sections.iter_mut().zip(ends) {
            let start = usize::from(section.start).min(end);
            let heard = 0.5 * (mean(&energy[start..end]) / all).min(2.0);
            section.intensity = (0.5 * (section.intensity + heard)).clamp(0.0, 1.0);
        }
        sections
    }
}
