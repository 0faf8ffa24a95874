//! Import of drum clips: the drum notes of a MIDI file, its tempo, meters and length, and what is
//! not imported.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::damage::list;
use super::error::{MAX_CLIP_STEPS, MidiError};
use super::file::{ChannelValue, FileNote, MidiFile, TimeSignature};
use super::parts::{DRUM_CHANNEL, LeftOut, OtherPart, Part, named_lanes, voice};
use crate::pattern::drum::Drum;
use crate::pattern::input_maps::{InputMap, choose_map};
use crate::pattern::{Articulation, Hit, MAX_CHOKE_TICKS, MAX_STEPS, Meter, TICKS_PER_STEP};

/// Ticks per step.
const STEP: u32 = TICKS_PER_STEP as u32;

/// Meaning of the pitches of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PitchMap {
    /// The map that fits the notes best.
    #[default]
    Detect,
    /// This map if it has every note, else as `Detect`.
    Prefer(InputMap),
    /// This map.
    Fixed(InputMap),
    /// Every note is a snare, for sources whose rhythm alone matters.
    Rhythm,
}

/// A drum note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DrumNote {
    /// Tick from the start of the file, 960 per quarter note.
    pub tick: u32,
    /// Class.
    pub drum: Drum,
    /// Way of striking it.
    pub articulation: Articulation,
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// Ticks to the choke of the cymbal; 0 if it rings on.
    pub choke: u32,
}

impl DrumNote {
    /// The note as a hit at this offset from its step, in ticks.
    pub(super) fn hit(&self, offset_ticks: i8) -> Hit {
        let choke_ticks = match self.choke {
            0 => 0,
            ticks => u16::try_from((i64::from(ticks) + i64::from(offset_ticks)).max(1))
                .map_or(0, |ticks| if ticks <= MAX_CHOKE_TICKS { ticks } else { 0 }),
        };
        let articulation = self.articulation;
        Hit { articulation, choke_ticks, ..Hit::plain(self.velocity, offset_ticks) }
    }
}

/// A choke of a cymbal: its class, and one articulation for each cymbal of the class.
struct CymbalChoke {
    tick: u64,
    cymbal: (Drum, Articulation),
}

/// A bar of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarSpan {
    /// Tick of its start.
    pub start: u32,
    /// Length in ticks.
    pub ticks: u32,
    /// Meter; that of its length, in 64ths at least, if a change of meter cuts the bar.
    pub meter: Meter,
}

/// The drums of a MIDI file.
#[derive(Clone, Debug)]
pub struct Import {
    /// Drum notes in order of time.
    pub notes: Vec<DrumNote>,
    /// Tempo in quarter notes per minute from a tick on, in order of time. Empty: the file has no
    /// tempo.
    pub tempos: Vec<(u32, f64)>,
    /// Time signatures, in order of time. Empty: the file has none.
    pub time_signatures: Vec<TimeSignature>,
    /// End of the file in ticks: its last End of Track.
    pub end: u32,
    /// Map of the pitches, and why; `None` for a rhythm.
    pub map: Option<(InputMap, String)>,
    /// Parts that are not drums.
    pub other_parts: Vec<OtherPart>,
    /// Notes of the drum parts that no lane plays, as phrases.
    pub left_out: Vec<String>,
    /// Damage of the file, as phrases.
    pub losses: Vec<String>,
}

impl Import {
    /// Reads the drums of a file.
    ///
    /// Lanes that a text event names are drums at their channels and pitches. Else the parts on
    /// channel 10 are, with those on other channels that have a kit's pitches; a melody is not.
    ///
    /// # Errors
    /// Returns a [`MidiError`] if the file cannot be read, or has no drums.
    pub fn read(bytes: &[u8], map: PitchMap) -> Result<Import, MidiError> {
        let file = MidiFile::read(bytes)?;
        if file.notes.is_empty() {
            return Err(MidiError::NoDrums);
        }
        let mut import = Import {
            notes: Vec::new(),
            tempos: Vec::new(),
            time_signatures: file.time_signatures.clone(),
            end: 0,
            map: None,
            other_parts: Vec::new(),
            left_out: Vec::new(),
            losses: file.losses.clone(),
        };
        let chokes = match map {
            PitchMap::Rhythm => import.read_rhythm(&file)?,
            PitchMap::Detect => import.read_drums(&file, None)?,
            PitchMap::Prefer(map) => import.read_drums(&file, Some((map, false)))?,
            PitchMap::Fixed(map) => import.read_drums(&file, Some((map, true)))?,
        };
        import.keep_loudest();
        chokes.iter().for_each(|choke| import.choke(choke));
        let longest = u32::try_from(MAX_CLIP_STEPS).unwrap_or(u32::MAX) * STEP;
        let narrowed = |tick: u64| u32::try_from(tick).unwrap_or(u32::MAX).min(longest);
        import.tempos = (file.tempos.iter())
            .map(|&(tick, micros)| (narrowed(tick), 60e6 / f64::from(micros)))
            .collect();
        import.end = narrowed(file.end);
        Ok(import)
    }

    /// Every note as a snare: those on the drum channel, or else all.
    fn read_rhythm(&mut self, file: &MidiFile) -> Result<Vec<CymbalChoke>, MidiError> {
        let has_drums = file.notes.iter().any(|note| note.channel == DRUM_CHANNEL);
        for note in file.notes.iter().filter(|note| !has_drums || note.channel == DRUM_CHANNEL) {
            self.push(note, Drum::Snare, Articulation::Plain)?;
        }
        Ok(Vec::new())
    }

    /// Reads the drum parts with a preferred or fixed map, or the one that fits best. Returns the
    /// chokes of their cymbals.
    fn read_drums(
        &mut self,
        file: &MidiFile,
        wish: Option<(InputMap, bool)>,
    ) -> Result<Vec<CymbalChoke>, MidiError> {
        let lanes = named_lanes(&file.texts);
        let parts = Part::all(file);
        let (map, reason) = chosen_map(file, &parts, wish);
        let is_named = |note: &FileNote| lanes.contains_key(&(note.channel, note.pitch));
        let has_lanes = file.notes.iter().any(is_named);
        let mut drums: Vec<bool> = parts.iter().map(|part| part.is_drums(map)).collect();
        for (place, part) in parts.iter().enumerate() {
            let has_drums =
                |(other, is_drums): (&Part, &bool)| *is_drums && other.channel == part.channel;
            let is_beside = parts.iter().zip(&drums).any(has_drums);
            drums[place] |= is_beside && part.joins_drums(map);
        }
        if has_lanes {
            drums = parts.iter().map(|part| part.notes.iter().any(is_named)).collect();
        } else if wish.is_some_and(|(_, is_fixed)| is_fixed) && !drums.contains(&true) {
            drums.fill(true);
        }
        let (mut left_out, mut chokes) = (LeftOut::default(), Vec::new());
        for (part, _) in parts.iter().zip(&drums).filter(|(_, is_drums)| **is_drums) {
            let counts = part.counts();
            let mut pedal = Pedal::of(file, part);
            for note in &part.notes {
                let lane = lanes.get(&(note.channel, note.pitch));
                let value = pedal.at(note.tick);
                match voice(map, note.pitch, &counts, value, lane.copied()) {
                    Some((drum, articulation)) => self.push(note, drum, articulation)?,
                    None => left_out.count(map, note.pitch),
                }
            }
            for choke in part.chokes(file) {
                let lane = lanes.get(&(choke.channel, choke.pitch)).copied();
                let drum = voice(map, choke.pitch, &counts, None, lane);
                chokes.extend(drum.map(|(drum, articulation)| CymbalChoke {
                    tick: choke.tick,
                    cymbal: (drum, articulation.piece()),
                }));
            }
        }
        let others = parts.iter().zip(drums).filter(|(_, is_drums)| !is_drums);
        self.other_parts = others.map(|(part, _)| part.other()).collect();
        self.left_out = left_out.phrases(map);
        self.map = Some((map, reason));
        if self.notes.is_empty() {
            let parts = self.other_parts.iter().map(OtherPart::text);
            let told: Vec<String> = parts.chain(self.left_out.clone()).collect();
            return Err(MidiError::NotDrums(told.join("; ")));
        }
        Ok(chokes)
    }

    /// Chokes the last note of a cymbal before a tick. Kits send a choke at each pitch of a cymbal:
    /// only the first counts. Notes are in order of time.
    fn choke(&mut self, choke: &CymbalChoke) {
        let CymbalChoke { tick, cymbal } = *choke;
        let before = self.notes.partition_point(|note| u64::from(note.tick) < tick);
        let mut notes = self.notes[..before].iter_mut().rev();
        let last = notes.find(|note| (note.drum, note.articulation.piece()) == cymbal);
        if let Some(note) = last.filter(|note| note.choke == 0 && note.drum.can_choke()) {
            note.choke = u32::try_from(tick - u64::from(note.tick)).unwrap_or(u32::MAX);
        }
    }

    fn push(
        &mut self,
        note: &FileNote,
        drum: Drum,
        articulation: Articulation,
    ) -> Result<(), MidiError> {
        let steps = note.tick / u64::from(STEP);
        let tick = u32::try_from(note.tick).ok();
        let tick = tick.filter(|_| usize::try_from(steps).is_ok_and(|it| it < MAX_CLIP_STEPS));
        let tick = tick.ok_or(MidiError::Long(steps))?;
        let velocity = note.velocity;
        self.notes.push(DrumNote { tick, drum, articulation, velocity, choke: 0 });
        Ok(())
    }

    /// Sorts the notes. Of several in one place that are struck alike the loudest is kept, as they
    /// would be one note on every instrument.
    fn keep_loudest(&mut self) {
        self.notes
            .sort_by_key(|note| (note.tick, note.drum, note.articulation, Reverse(note.velocity)));
        let all = self.notes.len();
        self.notes.dedup_by_key(|note| (note.tick, note.drum, note.articulation));
        match all - self.notes.len() {
            0 => {}
            1 => self.left_out.push("1 note in the place of a louder one of its drum".into()),
            many => {
                self.left_out
                    .push(format!("{many} notes in the places of louder ones of their drums"));
            }
        }
    }

    /// Tempo at the start in quarter notes per minute; `None` if the file has none.
    #[must_use]
    pub fn tempo(&self) -> Option<f64> {
        let first = self.notes.first().map_or(0, |note| note.tick);
        let before = self.tempos.iter().take_while(|&&(tick, _)| tick <= first).last();
        before.or(self.tempos.first()).map(|&(_, tempo)| tempo)
    }

    /// Meter of most of the file; `None` if it has no time signature.
    #[must_use]
    pub fn meter(&self) -> Option<Meter> {
        self.time_signatures.first()?;
        let mut lengths: Vec<(Meter, u32)> = Vec::new();
        for span in self.bars(Meter::FOUR_FOUR) {
            match lengths.iter_mut().find(|(meter, _)| *meter == span.meter) {
                Some((_, ticks)) => *ticks += span.ticks,
                None => lengths.push((span.meter, span.ticks)),
            }
        }
        // Of equally long ones the first.
        lengths.into_iter().rev().max_by_key(|&(_, ticks)| ticks).map(|(meter, _)| meter)
    }

    /// The bars of the file up to its end, at least one. A time signature begins a bar; before the
    /// first the meter is `default`.
    ///
    /// Silent bars at the end count. A last hit that belongs to the bar line after a bar adds none,
    /// if the file ends soon after it.
    #[must_use]
    pub fn bars(&self, default: Meter) -> Vec<BarSpan> {
        let mut changes: Vec<(u32, Meter)> = vec![(0, default)];
        changes.extend(self.time_signatures.iter().map(|signature| {
            (u32::try_from(signature.tick).unwrap_or(u32::MAX), meter_of(signature))
        }));
        let last = self.notes.last().map_or(0, |note| note.tick);
        let end = self.end.max(last + 1);
        let mut bars = Vec::new();
        for (place, &(from, meter)) in changes.iter().enumerate() {
            let to = changes.get(place + 1).map_or(end, |&(next, _)| next.min(end));
            let full = meter_ticks(meter);
            let mut start = from;
            while start < to {
                // Only a change of meter cuts a bar.
                let ticks = if to == end { full } else { full.min(to - start) };
                bars.push(BarSpan { start, ticks, meter: cut(meter, ticks) });
                start += full;
            }
        }
        if bars.len() > 1 && bars.last().is_some_and(|bar| is_bar_line(bar, last, end)) {
            bars.pop();
        }
        bars
    }

    /// One sentence on everything that is not as in the file, or that the user must know; `None`
    /// if there is nothing of the kind.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let mut phrases = Vec::new();
        if let Some((map, reason)) = &self.map
            && *map != InputMap::GeneralMidi
        {
            phrases.push(format!("read with the {} map, because {reason}", map.name()));
        }
        if !self.left_out.is_empty() {
            phrases.push(format!("left out: {}", list(&self.left_out)));
        }
        if !self.other_parts.is_empty() {
            let parts: Vec<String> = self.other_parts.iter().map(OtherPart::text).collect();
            phrases.push(format!("not drums: {}", list(&parts)));
        }
        phrases.extend(self.tempo_phrase());
        phrases.extend(self.meter_phrase());
        phrases.extend(self.losses.iter().cloned());
        let mut text = phrases.join("; ");
        let first = text.get(..1)?.to_uppercase();
        text.replace_range(..1, &first);
        text.push('.');
        Some(text)
    }

    /// Phrase on several tempos.
    fn tempo_phrase(&self) -> Option<String> {
        let mut tempos: Vec<String> =
            self.tempos.iter().map(|(_, tempo)| format!("{tempo:.0}")).collect();
        tempos.dedup();
        match &tempos[..] {
            [] | [_] => None,
            [first, second] => Some(format!("the tempo changes from {first} to {second}")),
            [first, .., last] => Some(format!(
                "the tempo changes {} times, from {first} to {last}",
                tempos.len() - 1
            )),
        }
    }

    /// Phrase on bars of several meters, or of one that is too long for a [`Bar`](crate::Bar).
    fn meter_phrase(&self) -> Option<String> {
        let named = |signature: &TimeSignature| {
            format!("{}/{}", signature.numerator, signature.denominator)
        };
        if let Some(long) = self.time_signatures.iter().find(|it| !fits(it)) {
            let Meter { numerator, denominator } = meter_of(long);
            return Some(format!("bars of {} are read as {numerator}/{denominator}", named(long)));
        }
        let kinds: BTreeSet<String> = self.time_signatures.iter().map(named).collect();
        let kinds: Vec<String> = kinds.into_iter().collect();
        (kinds.len() > 1).then(|| format!("the meter changes: {}", list(&kinds)))
    }
}

/// Returns true if all of a last bar is its bar line: the file ends within a step, or within a
/// quarter note and half the bar with hits on the first step alone.
fn is_bar_line(bar: &BarSpan, last: u32, end: u32) -> bool {
    let most = match last < bar.start {
        true => STEP - 1,
        false => (4 * STEP).min(bar.ticks / 2),
    };
    last < bar.start + STEP / 2 && end <= bar.start + most
}

/// Values of controller 4 on a part's channel and track.
struct Pedal {
    values: Vec<ChannelValue>,
    next: usize,
}

impl Pedal {
    fn of(file: &MidiFile, part: &Part) -> Pedal {
        let track = part.notes.first().map_or(0, |note| note.track);
        let values = file.pedal.iter();
        let values = values.filter(|it| it.channel == part.channel && it.track == track);
        Pedal { values: values.copied().collect(), next: 0 }
    }

    /// Value in force at a tick. Ticks must not decrease.
    fn at(&mut self, tick: u64) -> Option<u8> {
        while self.values.get(self.next).is_some_and(|value| value.tick <= tick) {
            self.next += 1;
        }
        self.next.checked_sub(1).map(|last| self.values[last].value)
    }
}

/// The map of a file: the wish, or the choice by the notes on the drum channel, or by all.
fn chosen_map(
    file: &MidiFile,
    parts: &[Part],
    wish: Option<(InputMap, bool)>,
) -> (InputMap, String) {
    let has_drums = parts.iter().any(|part| part.channel == DRUM_CHANNEL);
    let (mut counts, mut names, mut total) = ([0; 128], String::new(), 0);
    for part in parts.iter().filter(|part| !has_drums || part.channel == DRUM_CHANNEL) {
        for (count, more) in counts.iter_mut().zip(part.counts()) {
            *count += more;
        }
        total += part.notes.len();
        names = names + " " + part.name;
    }
    match wish {
        Some((map, is_fixed)) if is_fixed || map.drums(&counts) == total => {
            (map, "it is chosen".into())
        }
        _ => choose_map(&counts, !file.pedal.is_empty(), &names),
    }
}

/// Returns true if a bar of a time signature fits a [`Bar`](crate::Bar).
fn fits(signature: &TimeSignature) -> bool {
    let steps = u32::from(signature.numerator) * 16 / u32::from(signature.denominator);
    signature.denominator <= 64 && usize::try_from(steps).is_ok_and(|steps| steps <= MAX_STEPS)
}

/// The meter of a time signature. If its bars do not fit a [`Bar`](crate::Bar), that of a half, a
/// quarter and so on, such as 17/8 for 17/4; 4/4 for notes shorter than a 64th.
fn meter_of(signature: &TimeSignature) -> Meter {
    let mut fitting = *signature;
    while !fits(&fitting) && fitting.denominator < 64 {
        fitting.denominator *= 2;
    }
    Meter::new(fitting.numerator.into(), fitting.denominator.into())
}

/// The meter of a bar that is cut to a length in ticks.
fn cut(meter: Meter, ticks: u32) -> Meter {
    if ticks == meter_ticks(meter) {
        return meter;
    }
    let (mut numerator, mut denominator) = (((ticks + STEP / 8) / (STEP / 4)).max(1), 64);
    while numerator.is_multiple_of(2) && denominator > meter.denominator.into() {
        (numerator, denominator) = (numerator / 2, denominator / 2);
    }
    Meter::new(i32::try_from(numerator).unwrap_or(1), denominator)
}

/// Ticks per bar.
fn meter_ticks(meter: Meter) -> u32 {
    u32::from(meter.numerator) * 16 * STEP / u32::from(meter.denominator)
}
