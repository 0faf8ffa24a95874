//! Charts of arrangement files: sections from markers; accents, stops and intensity from the notes
//! of all parts but the drums.

use std::collections::BTreeMap;

use crate::pattern::midi::{FileNote, Import, MidiError, MidiFile, PitchMap, Song};
use crate::pattern::{Meter, TICKS_PER_STEP};
use crate::take::chart::song_grid::SongGrid;
use crate::take::chart::{Chart, Section, SectionKind};

/// Channel of drums, 0 to 15.
const DRUM_CHANNEL: u8 = 9;
/// Basses of General MIDI.
const BASS_PROGRAMS: std::ops::RangeInclusive<u8> = 32..=39;
/// Ticks after a last hit up to which its bar would count as a bar line.
const BAR_LINE: u64 = 4 * TICKS_PER_STEP as u64 + 1;
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
        let grid = SongGrid::of(&bars);
        let mut song = import.silent_song(Meter::FOUR_FOUR);
        let narrowed = |tick: u64| u32::try_from(tick).unwrap_or(u32::MAX);
        song.markers =
            file.markers.iter().map(|(tick, name)| (narrowed(*tick), name.clone())).collect();
        let band: Vec<FileNote> =
            file.notes.iter().filter(|note| note.channel != DRUM_CHANNEL).copied().collect();
        let mut told = Vec::new();
        let mut chart = Chart::default();
        let sections = sections(&grid, &file, &band, bars.len());
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
            let (accents, all_fit) = grid.accents(&part, &band, &band);
            chart.accents = accents;
            for bars in chart.section_ranges(bars.len()) {
                grid.set_energy(&mut chart.energy, &band, bars);
            }
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
fn bass_part(file: &MidiFile, band: &[FileNote]) -> (Vec<FileNote>, String) {
    let mut parts: BTreeMap<(usize, u8), Vec<FileNote>> = BTreeMap::new();
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
    let pitch = |notes: &Vec<FileNote>| {
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

/// Sections at the bars of markers, with an intensity from their kind and their notes.
fn sections(grid: &SongGrid, file: &MidiFile, band: &[FileNote], bars: usize) -> Vec<Section> {
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
        let bar = grid.bar_at(tick + 2 * u64::from(TICKS_PER_STEP));
        let start = u16::try_from(bar).unwrap_or(u16::MAX);
        sections.retain(|section| section.start != start);
        sections.push(Section::new(start, kind));
    }
    let energy = grid.energy(band);
    let ends = sections.iter().skip(1).map(|next| usize::from(next.start)).chain([bars]);
    let ends: Vec<usize> = ends.collect();
    for (section, end) in sections.iter_mut().zip(ends) {
        let start = usize::from(section.start).min(end);
        section.intensity = SongGrid::intensity(section.kind, &energy, start..end);
    }
    sections
}
