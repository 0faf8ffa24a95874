//! Tolerant reader of Standard MIDI Files: everything that a file says, and what is damaged in it.
//!
//! Formats 0, 1 and 2, bare or in a RIFF container (`.rmi`), with anything before or between the
//! chunks. Ticks are scaled to 960 per quarter note. The tracks of a file of format 2 follow each
//! other.

use std::collections::{BTreeMap, VecDeque};

use super::damage::{Damage, counted_noun};
use super::error::{MAX_FILE_BYTES, MidiError};
use super::events::{TrackEvent, TrackEvents, read_track};
use crate::pattern::TICKS_PER_STEP;

/// Ticks per quarter note of a [`MidiFile`].
const QUARTER: u64 = 4 * TICKS_PER_STEP as u64;

/// Maximum number of repairs in one file, which bounds the time that a file can cost.
const MAX_REPAIRS: usize = 1_000;

/// Maximum number of faults that are told one by one.
const MAX_LOSSES: usize = 16;

/// Value of polyphonic aftertouch from which a cymbal is choked: electronic kits send 127, and 0
/// when the hand lets go.
const CHOKED: u8 = 64;

/// Number of the foot controller: the hi-hat's pedal.
const FOOT_CONTROLLER: u8 = 4;

/// A note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNote {
    /// Start in ticks.
    pub tick: u64,
    /// Length in ticks; up to the end of its track if the file does not end it.
    pub ticks: u64,
    /// Track, from 0.
    pub track: usize,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Pitch, 0 to 127.
    pub pitch: u8,
    /// Velocity, 1 to 127.
    pub velocity: u8,
}

/// A value of a channel at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelValue {
    /// Tick.
    pub tick: u64,
    /// Track, from 0.
    pub track: usize,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Controller value or program number, 0 to 127.
    pub value: u8,
}

/// A hand that chokes a cymbal: polyphonic aftertouch above the middle of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChokeEvent {
    /// Tick.
    pub tick: u64,
    /// Track, from 0.
    pub track: usize,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Pitch of the cymbal, 0 to 127.
    pub pitch: u8,
}

/// A time signature as the file has it, from a tick on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSignature {
    /// Tick.
    pub tick: u64,
    /// Beats in a bar, at least 1.
    pub numerator: u8,
    /// Note value of a beat, a power of two up to 256.
    pub denominator: u16,
}

/// Content of a Standard MIDI File.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MidiFile {
    /// All notes, in order of time.
    pub notes: Vec<FileNote>,
    /// Values of controller 4, the pedal of a hi-hat, in order of time.
    pub pedal: Vec<ChannelValue>,
    /// Chokes of cymbals, in order of time.
    pub chokes: Vec<ChokeEvent>,
    /// Program changes, in order of time.
    pub programs: Vec<ChannelValue>,
    /// Names of the tracks, empty if a track has none.
    pub track_names: Vec<String>,
    /// Text events, in the order of the file.
    pub texts: Vec<String>,
    /// Markers and cue points, in order of time.
    pub markers: Vec<(u64, String)>,
    /// Tempo in microseconds per quarter note from a tick on, in order of time. Empty: the file
    /// has no tempo.
    pub tempos: Vec<(u64, u32)>,
    /// Time signatures, in order of time. Empty: the file has none.
    pub time_signatures: Vec<TimeSignature>,
    /// Last End of Track, in ticks.
    pub end: u64,
    /// Damage of the file, one sentence without capital and full stop each.
    pub losses: Vec<String>,
}

impl MidiFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If the file is too large, has no header, counts in SMPTE frames, or has no tracks.
    pub fn read(bytes: &[u8]) -> Result<MidiFile, MidiError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(MidiError::Large(bytes.len()));
        }
        let content_end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut reader = Reader { bytes, content_end, repairs: MAX_REPAIRS, ..Reader::default() };
        reader.read_chunks()?;
        Ok(reader.file)
    }
}

/// Header of a file.
#[derive(Clone, Copy)]
struct FileHeader {
    format: u16,
    tracks: u16,
    ticks_per_quarter: u64,
    has_right_length: bool,
    next: usize,
}

#[derive(Default)]
struct Reader<'a> {
    bytes: &'a [u8],
    /// Position of the zeros at the end of the file.
    content_end: usize,
    repairs: usize,
    file: MidiFile,
    /// Number of faults beyond [`MAX_LOSSES`].
    further_losses: usize,
    tempos: BTreeMap<u64, u32>,
    time_signatures: BTreeMap<u64, TimeSignature>,
    invalid_signatures: usize,
    invalid_tempos: usize,
}

impl<'a> Reader<'a> {
    fn read_chunks(&mut self) -> Result<(), MidiError> {
        let bytes = self.bytes;
        let start = find(bytes, 0, b"MThd").ok_or(MidiError::Broken("it has no header".into()))?;
        let mut header = read_header(bytes, start)?;
        if start > 0 && !bytes.starts_with(b"RIFF") {
            self.lose(format!("{} before the header are skipped", counted_noun(start, "byte")));
        }
        if !header.has_right_length {
            self.lose("the header has a wrong length".into());
        }
        let mut at = header.next;
        while at < bytes.len() {
            if let Some(chunk) = Chunk::at(bytes, at) {
                at = match chunk.name {
                    b"MTrk" => self.read_track_chunk(&header, &chunk),
                    b"MThd" if self.file.track_names.is_empty() => {
                        header = read_header(bytes, at)?;
                        header.next
                    }
                    b"MThd" => {
                        self.lose("another file that follows in it is left out".into());
                        break;
                    }
                    _ => chunk.end,
                };
                continue;
            }
            let next = find(bytes, at + 1, b"MTrk").unwrap_or(bytes.len());
            if at < self.content_end {
                let tracks = self.file.track_names.len();
                let skipped = counted_noun(next - at, "byte");
                self.lose(format!("{skipped} after {} are skipped", counted_noun(tracks, "track")));
            }
            at = next;
        }
        let (found, said) = (self.file.track_names.len(), usize::from(header.tracks));
        if found == 0 {
            return Err(MidiError::Broken("it has no tracks".into()));
        }
        if found != said {
            self.lose(format!("the file says that it has {said} tracks, but has {found}"));
        }
        self.finish();
        Ok(())
    }

    fn lose(&mut self, sentence: String) {
        match self.file.losses.len() < MAX_LOSSES {
            true => self.file.losses.push(sentence),
            false => self.further_losses += 1,
        }
    }

    /// Reads a track; returns the position after it.
    fn read_track_chunk(&mut self, header: &FileHeader, chunk: &Chunk) -> usize {
        let bytes = self.bytes;
        let track = self.file.track_names.len();
        // A length is right if a chunk follows, or nothing but zeros. An End of Track ends in one.
        let is_right = chunk.end == bytes.len()
            || chunk.end < bytes.len()
                && (chunk.end > self.content_end || Chunk::at(bytes, chunk.end).is_some());
        let limit = match is_right {
            true => chunk.end,
            false => find(bytes, chunk.start, b"MTrk").unwrap_or(bytes.len()),
        };
        let mut damage = Damage::default();
        let mut read = read_track(bytes, chunk.start, limit, &mut damage, &mut self.repairs);
        let next = match read.has_end && is_right && read.next < limit {
            true => self.after_end(&mut read, limit, track),
            false => read.next,
        };
        let is_cut = !read.has_end && next == bytes.len();
        if next != chunk.end && !is_cut {
            let (length, said) = (next - chunk.start, chunk.end - chunk.start);
            self.lose(format!(
                "track {} has {length} bytes, but its header says {said}",
                track + 1
            ));
        }
        if !read.has_end {
            let what = match chunk.end > bytes.len() && is_cut {
                true => "the file ends in the middle of it",
                false => "it has no End of Track",
            };
            self.lose(format!("track {} ends with its last event: {what}", track + 1));
        }
        let origin = if header.format == 2 { self.file.end } else { 0 };
        let scaled = |tick: u64| {
            // Rounded to the nearest.
            origin.saturating_add(
                (tick.saturating_mul(QUARTER) + header.ticks_per_quarter / 2)
                    / header.ticks_per_quarter,
            )
        };
        for sentence in damage.sentences(track + 1, |tick| beat(scaled(tick))) {
            self.lose(sentence);
        }
        self.add_track(&read, scaled);
        next
    }

    /// Position after a track whose End of Track does not end its chunk: another track, or events
    /// that are read too.
    fn after_end(&mut self, read: &mut TrackEvents<'a>, limit: usize, track: usize) -> usize {
        if let Some(next) = find(&self.bytes[..limit], read.next, b"MTrk") {
            return next;
        }
        let mut damage = Damage::default();
        let rest = read_track(self.bytes, read.next, limit, &mut damage, &mut 0);
        let bytes = counted_noun(limit - read.next, "byte");
        let is_whole = rest.next == limit && damage.sentences(1, beat).is_empty();
        let fate = if is_whole { "read too" } else { "skipped" };
        self.lose(format!("{bytes} after the End of Track of track {} are {fate}", track + 1));
        if is_whole {
            let end = read.end;
            read.events.extend(rest.events.iter().map(|&(tick, event)| (end + tick, event)));
            read.end += rest.end;
        }
        limit
    }

    /// Adds the content of a track, with ticks scaled.
    fn add_track(&mut self, read: &TrackEvents, scaled: impl Fn(u64) -> u64) {
        let file = &mut self.file;
        let track = file.track_names.len();
        let mut name = String::new();
        // Notes of this track that sound, by channel and pitch, the oldest first.
        let mut sounding: BTreeMap<(u8, u8), VecDeque<usize>> = BTreeMap::new();
        for &(tick, event) in &read.events {
            let tick = scaled(tick);
            match event {
                TrackEvent::NoteOn { channel, pitch, velocity } => {
                    sounding.entry((channel, pitch)).or_default().push_back(file.notes.len());
                    file.notes.push(FileNote { tick, ticks: 0, track, channel, pitch, velocity });
                }
                TrackEvent::NoteOff { channel, pitch } => {
                    let oldest = sounding.get_mut(&(channel, pitch)).and_then(VecDeque::pop_front);
                    if let Some(note) = oldest.and_then(|place| file.notes.get_mut(place)) {
                        note.ticks = tick - note.tick;
                    }
                }
                TrackEvent::Controller { channel, number: FOOT_CONTROLLER, value } => {
                    file.pedal.push(ChannelValue { tick, track, channel, value });
                }
                TrackEvent::KeyPressure { channel, pitch, value: CHOKED.. } => {
                    file.chokes.push(ChokeEvent { tick, track, channel, pitch });
                }
                TrackEvent::Program { channel, program } => {
                    file.programs.push(ChannelValue { tick, track, channel, value: program });
                }
                TrackEvent::Meta { kind: 1, data } => file.texts.push(decoded(data)),
                TrackEvent::Meta { kind: 6 | 7, data } => file.markers.push((tick, decoded(data))),
                TrackEvent::Meta { kind: 3, data } if name.is_empty() => name = decoded(data),
                TrackEvent::Meta { kind: 0x51, data } => match *data {
                    [high, middle, low] if data != [0; 3] => {
                        let micros = u32::from_be_bytes([0, high, middle, low]);
                        self.tempos.insert(tick, micros);
                    }
                    _ => self.invalid_tempos += 1,
                },
                TrackEvent::Meta { kind: 0x58, data } => match *data {
                    [numerator, power, ..] if numerator > 0 && power <= 8 => {
                        let denominator = 1 << power;
                        let signature = TimeSignature { tick, numerator, denominator };
                        self.time_signatures.insert(tick, signature);
                    }
                    _ => self.invalid_signatures += 1,
                },
                _ => {}
            }
        }
        let end = scaled(read.end);
        for place in sounding.into_values().flatten() {
            file.notes[place].ticks = end - file.notes[place].tick;
        }
        file.track_names.push(name);
        file.end = file.end.max(end);
    }

    /// Sorts what the tracks have by time.
    fn finish(&mut self) {
        if self.invalid_signatures > 0 {
            let number = counted_noun(self.invalid_signatures, "time signature");
            self.lose(format!("{number} without a number of beats or with an unknown note value"));
        }
        if self.invalid_tempos > 0 {
            let number = counted_noun(self.invalid_tempos, "tempo");
            self.lose(format!("{number} of no length or an unknown form"));
        }
        let file = &mut self.file;
        if self.further_losses > 0 {
            file.losses.push(format!(
                "{} are like these",
                counted_noun(self.further_losses, "further fault")
            ));
        }
        file.notes.sort_by_key(|note| note.tick);
        file.markers.sort_by_key(|(tick, _)| *tick);
        file.pedal.sort_by_key(|value| value.tick);
        file.programs.sort_by_key(|value| value.tick);
        file.chokes.sort_by_key(|choke| choke.tick);
        file.tempos = std::mem::take(&mut self.tempos).into_iter().collect();
        file.time_signatures = std::mem::take(&mut self.time_signatures).into_values().collect();
    }
}

/// A chunk whose name is text.
struct Chunk<'a> {
    name: &'a [u8],
    start: usize,
    /// End as the chunk says; that of a track may be beyond the file.
    end: usize,
}

impl<'a> Chunk<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Chunk<'a>> {
        let (name, length) = bytes.get(at..at.checked_add(8)?)?.split_at(4);
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let start = at + 8;
        let end = start.saturating_add(usize::try_from(length).ok()?);
        let is_text = name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let is_known = name == b"MTrk" || name == b"MThd";
        (is_known || is_text && end <= bytes.len()).then_some(Chunk { name, start, end })
    }
}

fn read_header(bytes: &[u8], at: usize) -> Result<FileHeader, MidiError> {
    let cut = || MidiError::Broken("its header is cut off".into());
    let chunk = Chunk::at(bytes, at).ok_or_else(cut)?;
    let word = |place: usize| -> Result<u16, MidiError> {
        let pair = bytes.get(chunk.start + place..chunk.start + place + 2).ok_or_else(cut)?;
        Ok(u16::from_be_bytes([pair[0], pair[1]]))
    };
    let (format, tracks, division) = (word(0)?, word(2)?, word(4)?);
    match division {
        0 => Err(MidiError::Broken("zero ticks a quarter note".into())),
        0x8000.. => Err(MidiError::Smpte),
        ticks => {
            // A header has six bytes; of a longer one the rest is skipped.
            let has_right_length = (chunk.start + 6..=bytes.len()).contains(&chunk.end)
                && (chunk.end == chunk.start + 6 || Chunk::at(bytes, chunk.end).is_some());
            let next = if has_right_length { chunk.end } else { chunk.start + 6 };
            Ok(FileHeader {
                format,
                tracks,
                ticks_per_quarter: ticks.into(),
                has_right_length,
                next,
            })
        }
    }
}

/// Position of a chunk's name at or after a position.
fn find(bytes: &[u8], from: usize, name: &[u8; 4]) -> Option<usize> {
    bytes.get(from..)?.windows(4).position(|window| window == name).map(|place| from + place)
}

/// Text of an event: UTF-8, else Latin-1.
fn decoded(data: &[u8]) -> String {
    let text = std::str::from_utf8(data)
        .map_or_else(|_| data.iter().map(|&byte| char::from(byte)).collect(), str::to_owned);
    text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace()).to_owned()
}

/// Place of a tick: "beat 3", in quarter notes from 1.
fn beat(tick: u64) -> String {
    format!("beat {}", tick / QUARTER + 1)
}
