//! Charts by listening: what was heard of a band at positions of the song, and the accents, stops
//! and intensities that come of it.

use std::collections::BTreeMap;

use crate::hearing::{AudioOnset, SoundFrame, onsets};
use crate::pattern::midi::{BarSpan, FileNote};
use crate::pattern::{Meter, TICKS_PER_STEP};
use crate::take::chart::song_grid::{STAB_NOTES, SongGrid};
use crate::take::chart::{Accents, Chart, Place, Stop};

/// Channel of what was heard as audio; MIDI channels are 0 to 15.
const AUDIO: u8 = 16;
/// Pitch of what was heard as audio, on no instrument.
const AUDIO_PITCH: u8 = 0;
/// Strength from which on an onset in audio can be a stab, 0 to 1.
const STRONG: f32 = 0.75;
/// Level at which audio rests: a factor of its quietest frames, at least and at most shares of the
/// loudest.
const REST_OF_QUIET: f32 = 1.5;
const REST_OF_LOUDEST: (f32, f32) = (0.01, 0.1);
/// Share of the frames that count as the quietest.
const QUIETEST: f32 = 0.05;
/// Maximum length of a frame of audio, in ticks, whatever the tempo.
const FRAME_TICKS: f32 = 60.0;

/// Position in a song.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeardPlace {
    /// Bar; negative before the song.
    pub bar: i64,
    /// Ticks from the start of the bar.
    pub ticks: f32,
}

/// A part of what was heard, in order of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// A bar is heard from here on.
    Bar {
        /// Start of what is heard of it.
        at: HeardPlace,
        /// Meter of the bar.
        meter: Meter,
    },
    /// A note begins.
    On {
        /// Position.
        at: HeardPlace,
        /// MIDI channel, 0 to 15.
        channel: u8,
        /// MIDI pitch.
        pitch: u8,
        /// MIDI velocity, 1 to 127.
        velocity: u8,
    },
    /// A note ends.
    Off {
        /// Position.
        at: HeardPlace,
        /// MIDI channel, 0 to 15.
        channel: u8,
        /// MIDI pitch.
        pitch: u8,
    },
    /// A frame of audio.
    Sound {
        /// Start of the frame.
        at: HeardPlace,
        /// Its onset function and level.
        frame: SoundFrame,
    },
    /// Listening ends.
    End {
        /// Position.
        at: HeardPlace,
    },
}

/// A note in a bar.
#[derive(Clone, Copy, Debug)]
struct HeardNote {
    ticks: f32,
    length: f32,
    channel: u8,
    pitch: u8,
    velocity: u8,
}

impl HeardNote {
    /// The note in a song, in a bar that begins at a tick.
    fn note(&self, start: u32) -> FileNote {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in a bar")]
        let [tick, ticks] = [self.ticks, self.length].map(|ticks| ticks.round().max(0.0) as u64);
        let HeardNote { channel, pitch, velocity, .. } = *self;
        FileNote { tick: u64::from(start) + tick, ticks, track: 0, channel, pitch, velocity }
    }
}

/// A bar as it was heard last.
#[derive(Clone, Debug)]
struct HeardBar {
    meter: Meter,
    /// It was heard from its start to its end.
    is_whole: bool,
    notes: Vec<HeardNote>,
    /// Start in ticks of each frame of audio.
    sound: Vec<(f32, SoundFrame)>,
}

impl HeardBar {
    fn length(&self) -> f32 {
        ticks_of(self.meter)
    }
}

/// A note that sounds: channel, pitch, bar, its place among the bar's notes, and its start.
type OpenNote = (u8, u8, i64, usize, f32);

/// Everything that was heard since listening began. A bar that is heard again replaces itself.
#[derive(Clone, Debug, Default)]
pub struct Listened {
    bars: BTreeMap<i64, HeardBar>,
    /// Bar that is being heard.
    here: Option<i64>,
    open: Vec<OpenNote>,
}

impl Listened {
    /// Adds what was heard next.
    pub fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Bar { at, meter } => self.begin_bar(at, meter),
            Heard::On { at, channel, pitch, velocity } => {
                self.end_note(at, channel, pitch);
                let note = HeardNote { ticks: at.ticks, length: 0.0, channel, pitch, velocity };
                if let Some(place) = self.add(at.bar, note) {
                    self.open.push((channel, pitch, at.bar, place, at.ticks));
                }
            }
            Heard::Off { at, channel, pitch } => self.end_note(at, channel, pitch),
            Heard::Sound { at, frame } => {
                if let Some(bar) = self.bars.get_mut(&at.bar) {
                    bar.sound.push((at.ticks, frame));
                }
            }
            Heard::End { at } => self.end(at),
        }
    }

    fn begin_bar(&mut self, at: HeardPlace, meter: Meter) {
        self.here = Some(at.bar);
        let is_whole = at.ticks < f32::from(TICKS_PER_STEP);
        let sounding: Vec<OpenNote> = std::mem::take(&mut self.open);
        let bar = HeardBar { meter, is_whole, notes: Vec::new(), sound: Vec::new() };
        self.bars.insert(at.bar, bar);
        // A note that sounds over the bar line ends with its bar and goes on as a silent start.
        for (channel, pitch, bar, place, start) in sounding {
            if let Some(begun) = self.bars.get_mut(&bar).filter(|_| bar != at.bar) {
                let length = begun.length() - start;
                if let Some(note) = begun.notes.get_mut(place) {
                    note.length = length;
                }
            }
            let on = HeardNote { ticks: at.ticks, length: 0.0, channel, pitch, velocity: 0 };
            if let Some(place) = self.add(at.bar, on) {
                self.open.push((channel, pitch, at.bar, place, at.ticks));
            }
        }
    }

    fn add(&mut self, bar: i64, note: HeardNote) -> Option<usize> {
        let notes = &mut self.bars.get_mut(&bar)?.notes;
        notes.push(note);
        Some(notes.len() - 1)
    }

    fn end_note(&mut self, at: HeardPlace, channel: u8, pitch: u8) {
        let same = |open: &OpenNote| (open.0, open.1) == (channel, pitch);
        let Some(place) = self.open.iter().position(same) else { return };
        let (.., bar, place, start) = self.open.swap_remove(place);
        let Some(begun) = self.bars.get_mut(&bar) else { return };
        let end = if at.bar == bar { at.ticks } else { begun.length() };
        if let Some(note) = begun.notes.get_mut(place) {
            note.length = (end - start).max(1.0);
        }
    }

    fn end(&mut self, at: HeardPlace) {
        for (channel, pitch, ..) in self.open.clone() {
            self.end_note(at, channel, pitch);
        }
        if let Some(here) = self.here.take()
            && let Some(bar) = self.bars.get_mut(&here)
        {
            let heard_out = at.bar != here || at.ticks > bar.length() - f32::from(TICKS_PER_STEP);
            bar.is_whole &= heard_out;
        }
    }

    /// Returns true if no whole bar was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.whole().next().is_none()
    }

    /// Bars of the song that were heard from start to end.
    fn whole(&self) -> impl DoubleEndedIterator<Item = (u16, &HeardBar)> {
        let numbered = self.bars.iter().filter(|(_, bar)| bar.is_whole);
        numbered.filter_map(|(&number, bar)| Some((u16::try_from(number).ok()?, bar)))
    }

    /// The chart with accents, stops and intensities of the bars that were heard, and a sentence
    /// about them.
    #[must_use]
    pub fn chart(&self, chart: &Chart) -> (Chart, String) {
        let Some((last, _)) = self.whole().next_back() else {
            let told = "No whole bar was heard: let the song run over a bar at least.";
            return (*chart, told.to_owned());
        };
        let song = HeardSong::of(self, last);
        let mut chart = *chart;
        let mut all_fit = song.set_accents(self, &mut chart);
        all_fit &= song.set_stops(self, &mut chart);
        song.set_intensities(self, &mut chart);
        song.set_energy(self, &mut chart);
        let bars = self.whole().count();
        let accents: usize = self.whole().map(|(bar, _)| chart.accents.in_bar(bar.into())).sum();
        let [bars, accents, stops] =
            [(bars, "bar"), (accents, "accent"), (chart.stops().len(), "stop")].map(
                |(number, one)| match number {
                    1 => format!("1 {one}"),
                    many => format!("{many} {one}s"),
                },
            );
        let mut told = format!("Listened to {bars}: {accents}, {stops} in the song.");
        if !all_fit {
            told += " There was no room for all of them: the last are left out.";
        }
        (chart, told)
    }
}

/// The bars of a song up to the last one that was heard, and their notes.
struct HeardSong {
    grid: SongGrid,
    /// Notes of the part that the kick follows, of the whole band, and everything that is not
    /// silence, bars that were not heard included.
    part: Vec<FileNote>,
    band: Vec<FileNote>,
    sounding: Vec<FileNote>,
}

impl HeardSong {
    fn of(listened: &Listened, last: u16) -> HeardSong {
        let mut meter = listened.whole().next().map_or(Meter::FOUR_FOUR, |(_, bar)| bar.meter);
        let (mut spans, mut sounding, mut begun) = (Vec::new(), Vec::new(), Vec::new());
        let mut audio = Vec::new();
        let mut start = 0u32;
        for number in 0..=last {
            let heard = listened.bars.get(&i64::from(number)).filter(|bar| bar.is_whole);
            meter = heard.map_or(meter, |bar| bar.meter);
            match heard {
                Some(bar) => {
                    let notes = bar.notes.iter().map(|it| (it.velocity, it.note(start)));
                    for (velocity, note) in notes {
                        sounding.push(note);
                        begun.extend((velocity > 0).then_some(note));
                    }
                    audio.extend(bar.sound.iter().map(|&(at, frame)| (start, at, frame)));
                }
                None => sounding.push(audio_note(start, 0.0, ticks_of(meter), 1)),
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bar")]
            let ticks = ticks_of(meter) as u32;
            spans.push(BarSpan { start, ticks, meter });
            start = start.saturating_add(ticks);
        }
        add_audio(&audio, &mut begun, &mut sounding);
        let part = lowest_part(&begun);
        HeardSong { grid: SongGrid::of(&spans), part, band: begun, sounding }
    }

    /// Sets the accents of the bars that were heard. Returns false if some find no room.
    fn set_accents(&self, listened: &Listened, chart: &mut Chart) -> bool {
        let (heard, mut all_fit) = self.grid.accents(&self.part, &self.band, &self.sounding);
        let longest = listened.whole().map(|(_, bar)| bar.meter.steps()).max().unwrap_or(16);
        if longest > chart.accents.bar_steps() {
            let mut wider = Accents::new(longest);
            for bar in 0..i64::try_from(chart.accents.bars()).unwrap_or(0) {
                for step in 0..chart.accents.bar_steps() {
                    if let Some(accent) = chart.accents.get(bar, step) {
                        all_fit &= wider.set(bar, step, Some(accent));
                    }
                }
            }
            chart.accents = wider;
        }
        for (bar, known) in listened.whole() {
            for step in 0..known.meter.steps() {
                let accent = heard.get(bar.into(), step);
                let fits = chart.accents.set(bar.into(), step, accent);
                all_fit &= fits || accent.is_none();
            }
        }
        all_fit
    }

    /// Sets the stops of the bars that were heard. Returns false if some find no room.
    fn set_stops(&self, listened: &Listened, chart: &mut Chart) -> bool {
        for (bar, known) in listened.whole() {
            let place = |bar| Place { bar, step: 0 };
            chart.remove_stops(place(bar), place(bar.saturating_add(1)), known.meter);
        }
        let found = self.grid.stops(&self.sounding, !chart.sections().is_empty());
        let all: Vec<Stop> = chart.stops().iter().copied().chain(found).collect();
        chart.set_stops(all)
    }

    /// Sets the energy of the bars that were heard, section by section.
    fn set_energy(&self, listened: &Listened, chart: &mut Chart) {
        let last = listened.whole().next_back().map_or(0, |(bar, _)| usize::from(bar) + 1);
        let is_heard = |bar: i64| listened.bars.get(&bar).is_some_and(|bar| bar.is_whole);
        for section in chart.section_ranges(last) {
            let bars: Vec<usize> =
                section.filter(|&bar| i64::try_from(bar).is_ok_and(is_heard)).collect();
            for run in bars.chunk_by(|one, next| one + 1 == *next) {
                let bars = run[0]..run[run.len() - 1] + 1;
                self.grid.set_energy(&mut chart.energy, &self.band, bars);
            }
        }
    }

    /// Moves the intensity of each section that was heard as a whole toward how much was played.
    fn set_intensities(&self, listened: &Listened, chart: &mut Chart) {
        let energy = self.grid.energy(&self.band);
        let is_heard = |bar: u16| listened.bars.get(&bar.into()).is_some_and(|bar| bar.is_whole);
        let mut sections = chart.sections().to_vec();
        let last = u16::try_from(energy.len()).unwrap_or(u16::MAX);
        let ends: Vec<u16> = sections.iter().skip(1).map(|next| next.start).chain([last]).collect();
        for (section, end) in sections.iter_mut().zip(ends) {
            if section.start < end && (section.start..end).all(is_heard) {
                let bars = section.start.into()..end.into();
                section.intensity = SongGrid::intensity(section.kind, &energy, bars);
            }
        }
        chart.set_sections(sections);
    }
}

/// A note for something heard in audio, from a tick of a bar that begins at another.
fn audio_note(start: u32, from: f32, length: f32, velocity: u8) -> FileNote {
    let (channel, pitch) = (AUDIO, AUDIO_PITCH);
    HeardNote { ticks: from, length, channel, pitch, velocity }.note(start)
}

/// Adds the onsets of audio to the notes, and what is not silence. A frame has the start of its bar
/// and its own in the bar, in ticks.
fn add_audio(
    audio: &[(u32, f32, SoundFrame)],
    begun: &mut Vec<FileNote>,
    sounding: &mut Vec<FileNote>,
) {
    let frames: Vec<SoundFrame> = audio.iter().map(|(.., frame)| *frame).collect();
    for AudioOnset { frame, strength } in onsets(&frames) {
        let (start, at, _) = audio[frame];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 127")]
        let velocity = (127.0 * strength).clamp(1.0, 127.0) as u8;
        let note = audio_note(start, at, f32::from(TICKS_PER_STEP), velocity);
        sounding.push(note);
        // A strong sound of a mix is a chord.
        let count = if strength >= STRONG { STAB_NOTES } else { 1 };
        begun.extend(std::iter::repeat_n(note, count));
    }
    let mut levels: Vec<f32> = frames.iter().map(|frame| frame.level).collect();
    levels.sort_by(f32::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let quiet = levels.get((QUIETEST * levels.len() as f32) as usize).copied().unwrap_or(0.0);
    let loudest = levels.last().copied().unwrap_or(0.0);
    let (least, most) = REST_OF_LOUDEST;
    let rest = (REST_OF_QUIET * quiet).clamp(least * loudest, most * loudest);
    for (number, &(start, at, frame)) in audio.iter().enumerate() {
        if frame.level > rest {
            let next = audio.get(number + 1).filter(|(of, ..)| *of == start);
            let length = next.map_or(FRAME_TICKS, |(_, next, _)| (next - at).min(FRAME_TICKS));
            sounding.push(audio_note(start, at, length, 1));
        }
    }
}

/// Notes of the channel whose notes are lowest on average.
fn lowest_part(band: &[FileNote]) -> Vec<FileNote> {
    let mut parts: BTreeMap<u8, (u64, u64)> = BTreeMap::new();
    for note in band {
        let (sum, count) = parts.entry(note.channel).or_default();
        (*sum, *count) = (*sum + u64::from(note.pitch), *count + 1);
    }
    let lowest = parts.iter().min_by_key(|(_, (sum, count))| sum * 128 / count);
    let lowest = lowest.map(|(channel, _)| *channel);
    band.iter().filter(|note| Some(note.channel) == lowest).copied().collect()
}

/// Length of a bar in ticks.
fn ticks_of(meter: Meter) -> f32 {
    meter.steps() as f32 * f32::from(TICKS_PER_STEP)
}
