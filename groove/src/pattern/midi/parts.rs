//! Parts of a file, the notes of one channel in one track: which of them are drums, and which drum
//! a pitch of them is.

use std::collections::BTreeMap;

use super::damage::counted_noun;
use super::file::{ChokeEvent, FileNote, MidiFile};
use crate::pattern::Articulation;
use crate::pattern::drum::Drum;
use crate::pattern::input_maps::{InputMap, PitchCounts, Voice};

/// Channel of drums, 0 to 15.
pub(super) const DRUM_CHANNEL: u8 = 9;

/// Words by which the name of a track shows a drum part.
const DRUM_WORDS: [&str; 14] = [
    "drum",
    "kit",
    "perc",
    "beat",
    "groove",
    "snare",
    "kick",
    "hihat",
    "hi-hat",
    "hats",
    "toms",
    "cymbal",
    "batterie",
    "schlagzeug",
];

/// Words by which the name of a track shows another part.
const OTHER_WORDS: [&str; 24] = [
    "bass", "piano", "keys", "keyboard", "rhodes", "organ", "guitar", "gtr", "string", "violin",
    "cello", "viola", "synth", "lead", "pad", "vocal", "voice", "choir", "melody", "brass", "sax",
    "trumpet", "flute", "chord",
];

/// First and last program of the percussive instruments of General MIDI.
const PERCUSSIVE_PROGRAMS: std::ops::RangeInclusive<u8> = 112..=119;

/// Longest short note in ticks: a sixteenth and a little.
const SHORT: u64 = 250;

/// Greatest distance of notes that sound together, in ticks.
const TOGETHER: u64 = 30;

/// A part that is not drums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPart {
    /// Name of its track; empty if it has none.
    pub name: String,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Number of notes.
    pub notes: usize,
    /// Lowest and highest pitch.
    pub pitches: (u8, u8),
}

impl OtherPart {
    /// "16 notes on channel 1, pitches 60 to 72".
    pub(super) fn text(&self) -> String {
        let OtherPart { name, channel, notes, pitches: (low, high) } = self;
        let named = if name.is_empty() { String::new() } else { format!(" in {name}") };
        let notes = counted_noun(*notes, "note");
        format!("{notes}{named} on channel {}, pitches {low} to {high}", channel + 1)
    }
}

/// The notes of one channel in one track.
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) channel: u8,
    pub(super) notes: Vec<FileNote>,
    /// First program of the channel other than the default one.
    program: Option<u8>,
}

impl<'a> Part<'a> {
    /// The parts of a file, in order of tracks and channels.
    pub(super) fn all(file: &'a MidiFile) -> Vec<Part<'a>> {
        let mut parts: BTreeMap<(usize, u8), Part> = BTreeMap::new();
        for note in &file.notes {
            let (track, channel) = (note.track, note.channel);
            let part = parts.entry((track, channel)).or_insert_with(|| Part {
                name: &file.track_names[track],
                channel,
                notes: Vec::new(),
                program: None,
            });
            part.notes.push(*note);
        }
        for program in file.programs.iter().filter(|program| program.value > 0) {
            for part in parts.values_mut().filter(|part| part.channel == program.channel) {
                part.program.get_or_insert(program.value);
            }
        }
        parts.into_values().collect()
    }

    /// Number of its notes at each pitch.
    pub(super) fn counts(&self) -> PitchCounts {
        let mut counts = [0; 128];
        self.notes.iter().for_each(|note| counts[usize::from(note.pitch)] += 1);
        counts
    }

    /// The chokes on its channel and track.
    pub(super) fn chokes<'f>(&self, file: &'f MidiFile) -> impl Iterator<Item = &'f ChokeEvent> {
        let track = self.notes.first().map_or(0, |note| note.track);
        let channel = self.channel;
        file.chokes.iter().filter(move |choke| (choke.track, choke.channel) == (track, channel))
    }

    /// Returns true if the part is drums as far as can be told: by its channel, the name of its
    /// track, its program, or else by its pitches in a map.
    pub(super) fn is_drums(&self, map: InputMap) -> bool {
        let is_told = self.channel == DRUM_CHANNEL || self.is_named(&DRUM_WORDS);
        is_told || !self.is_another_instrument() && self.has_notes_of_a_kit(map)
    }

    /// Returns true if a part on a channel with drums belongs to them: every note is a drum.
    pub(super) fn joins_drums(&self, map: InputMap) -> bool {
        !self.is_another_instrument() && map.drums(&self.counts()) == self.notes.len()
    }

    fn is_named(&self, words: &[&str]) -> bool {
        let name = self.name.to_lowercase();
        words.iter().any(|word| name.contains(word))
    }

    /// Returns true if the name or program is that of another instrument.
    fn is_another_instrument(&self) -> bool {
        let is_percussive = |program| PERCUSSIVE_PROGRAMS.contains(&program);
        self.is_named(&OTHER_WORDS) || self.program.is_some_and(|it| !is_percussive(it))
    }

    /// Returns true if the notes are likely those of a kit: most are at its main pitches, and some
    /// sound together or all are short. Melodies and bass lines have some of these pitches too, so
    /// the fewer kinds of drums there are, the fewer pitches may be there.
    fn has_notes_of_a_kit(&self, map: InputMap) -> bool {
        let counts = self.counts();
        let (mut kick, mut snare, mut cymbal, mut pitches) = (0, 0, 0, 0);
        for (pitch, &count) in (0..).zip(&counts).filter(|(_, count)| **count > 0) {
            pitches += 1;
            match map.voice(pitch).and_then(|voice| voice.at_pedal(None)) {
                Some((Drum::Kick, _)) => kick += count,
                Some((Drum::Snare, _)) => snare += count,
                Some((Drum::ClosedHat | Drum::OpenHat, _))
                | Some((Drum::Crash | Drum::Ride, Articulation::Plain)) => cymbal += count,
                _ => {}
            }
        }
        let share = |count: usize| count as f64 / self.notes.len().max(1) as f64;
        let (main, drums) = (share(kick + snare + cymbal), share(map.drums(&counts)));
        let is_short = self.notes.iter().all(|note| note.ticks <= SHORT);
        let kinds = [kick, snare, cymbal].into_iter().filter(|&count| count > 0).count();
        match (kinds, cymbal > 0) {
            (3, _) if share(self.simultaneous()) >= 0.1 => main >= 0.5 && drums >= 0.8,
            (3, _) => drums >= 0.9 && (is_short || pitches <= 5 && main >= 0.8),
            (2, true) => main >= 0.9 && pitches <= if is_short { 8 } else { 4 },
            (2, false) => main >= 0.9 && pitches <= 4,
            _ => main >= 0.9 && pitches <= 2,
        }
    }

    /// Number of notes that begin with the one before.
    fn simultaneous(&self) -> usize {
        let pairs = self.notes.windows(2);
        pairs.filter(|pair| pair[1].tick - pair[0].tick <= TOGETHER).count()
    }

    /// The part as one that is not drums.
    pub(super) fn other(&self) -> OtherPart {
        let pitches = self.notes.iter().map(|note| note.pitch);
        OtherPart {
            name: self.name.to_owned(),
            channel: self.channel,
            notes: self.notes.len(),
            pitches: (pitches.clone().min().unwrap_or(0), pitches.max().unwrap_or(0)),
        }
    }
}

/// Ignored notes, by kind.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    percussion: BTreeMap<&'static str, usize>,
    unknown: BTreeMap<u8, usize>,
}

impl LeftOut {
    /// Counts a note that is no drum of a map.
    pub(super) fn count(&mut self, map: InputMap, pitch: u8) {
        match map.voice(pitch) {
            Some(Voice::Percussion(name)) => *self.percussion.entry(name).or_default() += 1,
            _ => *self.unknown.entry(pitch).or_default() += 1,
        }
    }

    /// Phrases that name them: "4 notes of a cowbell have no lane".
    pub(super) fn phrases(&self, map: InputMap) -> Vec<String> {
        let mut phrases = Vec::new();
        if !self.percussion.is_empty() {
            let named = self.percussion.iter().map(|(name, count)| format!("{name} ({count})"));
            let all = counted_noun(self.percussion.values().sum(), "note");
            let named = super::damage::list(&named.collect::<Vec<_>>());
            phrases.push(format!("{all} without a lane: {named}"));
        }
        if !self.unknown.is_empty() {
            let pitches: Vec<String> = self.unknown.keys().map(u8::to_string).collect();
            let noun = if pitches.len() == 1 { "pitch" } else { "pitches" };
            let all: usize = self.unknown.values().sum();
            let rest = if all == 1 { "that is no drum" } else { "that are no drums" };
            phrases.push(format!(
                "{} on {noun} {} {rest} of the {} map",
                counted_noun(all, "note"),
                super::damage::list(&pitches),
                map.name()
            ));
        }
        phrases
    }
}

/// Drum and articulation of a pitch. A named lane decides both, and the pedal whether its open hat
/// is half-open. The second snare of General MIDI is a rim shot if the first is there too.
pub(super) fn voice(
    map: InputMap,
    pitch: u8,
    counts: &[usize; 128],
    pedal: Option<u8>,
    lane: Option<(Drum, Articulation)>,
) -> Option<(Drum, Articulation)> {
    if let Some((drum, articulation)) = lane {
        return Voice::Drum(drum, articulation).at_pedal(pedal);
    }
    let (drum, articulation) = map.voice(pitch).and_then(|voice| voice.at_pedal(pedal)).unzip();
    let second_alone = map == InputMap::GeneralMidi && pitch == 40 && counts[38] == 0;
    Some((drum?, if second_alone { Articulation::Plain } else { articulation? }))
}

/// The lanes named by text events, by channel and pitch.
pub(super) fn named_lanes(texts: &[String]) -> BTreeMap<(u8, u8), (Drum, Articulation)> {
    let mut lanes = BTreeMap::new();
    for (place, drum) in texts.iter().filter_map(|text| named_lane(text)) {
        lanes.entry(place).or_insert(drum);
    }
    lanes
}

/// Parses a lane name written by [`Clip::write`](crate::pattern::clip::Clip::write).
pub(super) fn named_lane(text: &str) -> Option<((u8, u8), (Drum, Articulation))> {
    let (name, place) = text.trim_end().split_once(": note ")?;
    let (pitch, channel) = place.split_once(", channel ")?;
    let (name, articulation) = name.split_once(", ").unwrap_or((name, ""));
    // Files written by earlier versions call the kick Bass.
    let name = if name == "Bass" { Drum::Kick.name() } else { name };
    let drum = Drum::ALL.into_iter().find(|drum| drum.name() == name)?;
    let articulation = match articulation {
        "" => Articulation::Plain,
        name => *Articulation::of(drum).iter().find(|of| of.name(drum) == name)?,
    };
    let channel: u8 = channel.parse().ok()?;
    Some(((channel.checked_sub(1)?, pitch.parse().ok()?), (drum, articulation)))
}
