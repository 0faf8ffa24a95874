//! Standard MIDI files to clips and back.
//!
//! Reading works from ticks, which are musical time: every drum note goes to its nearest
//! sixteenth and keeps the rest as its offset; the loudest of colliding hits wins. Writing gives
//! 960 ticks a quarter, so that what is written reads back as the same pattern. Files with SMPTE
//! time codes have no musical time and are refused.
//!
//! A file of ours is one track, which every DAW takes as one clip. Each lane is named by a text at
//! its start ("Snare: note 38, channel 10"), which DAWs show in their lists of events; so it is
//! read back as it was at whatever pitches and channels its lanes are.

use std::collections::BTreeMap;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind,
};
use thiserror::Error;

pub use crate::clip::Clip;
use crate::clip::{Onset, step_at};
use crate::drum::{CLASSES, Drum, DrumSet, Pitches};
use crate::pattern::{Hit, Meter, Step, TICKS_PER_STEP};

/// Ticks a quarter note in the files that we write.
pub const TICKS_PER_BEAT: u16 = 4 * TICKS_PER_STEP;

/// Longest clip that is read, in steps: a little over three hours at 100 beats a minute.
pub const LONGEST: usize = 80_000;

/// Largest file that is read, in bytes.
pub const LARGEST: usize = 16 << 20;

/// Tempo of a file that names none, in quarter notes a minute, as the standard says.
const DEFAULT_TEMPO: f64 = 120.0;

/// Why a file is not a clip.
#[derive(Debug, Error)]
pub enum MidiError {
    /// The file is larger than [`LARGEST`].
    #[error("the file has {0} bytes; the largest MIDI file that is read has {LARGEST}")]
    Large(usize),
    /// No MIDI file, or a broken one.
    #[error("this is not a whole MIDI file ({0})")]
    Broken(String),
    /// The file counts time in seconds.
    #[error("the file counts time in SMPTE frames, so its notes have no place in a bar")]
    Smpte,
    /// The file has no note that is a drum.
    #[error("the file has no drum notes")]
    NoDrums,
    /// The last note is further than [`LONGEST`] steps from the start.
    #[error("the file is {0} sixteenths long; the longest that is read is {LONGEST}")]
    Long(u64),
}

/// Which pitches mean which drum when a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrumMap {
    /// A Roland kit, as in the Groove MIDI Dataset: [`Drum::from_roland`].
    Roland,
    /// Anything: [`Drum::from_general_midi`].
    GeneralMidi,
    /// Every pitch, as one drum: of what is no drums at all only the rhythm matters.
    Rhythm,
}

impl DrumMap {
    /// The drum of a pitch.
    #[must_use]
    pub const fn drum(self, pitch: u8) -> Option<Drum> {
        match self {
            DrumMap::Roland => Drum::from_roland(pitch),
            DrumMap::GeneralMidi => Drum::from_general_midi(pitch),
            DrumMap::Rhythm => Some(Drum::Snare),
        }
    }
}

/// How a clip is written: what it is called, and where its notes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sheet<'a> {
    /// The track's name.
    pub name: &'a str,
    /// Pitch by class.
    pub pitches: Pitches,
    /// MIDI channel by class, 0 to 15.
    pub channels: [u8; CLASSES],
    /// The lanes that are named: those of the clip.
    pub lanes: DrumSet,
}

impl<'a> Sheet<'a> {
    /// All lanes at these pitches on channel 10, that of drums.
    #[must_use]
    pub fn new(name: &'a str, pitches: Pitches) -> Self {
        Sheet { name, pitches, channels: [9; CLASSES], lanes: DrumSet::ALL }
    }

    /// Channel and pitch of a drum.
    fn place(&self, drum: Drum) -> (u8, u8) {
        (self.channels[drum.index()].min(15), self.pitches[drum.index()].min(127))
    }
}

impl Clip {
    /// Reads a Standard MIDI File.
    ///
    /// Where any drum note stands on channel 10 or in a lane that the file names, only those are
    /// read; else all are.
    ///
    /// # Errors
    /// A [`MidiError`] that says what is wrong with the file.
    pub fn read(bytes: &[u8], map: DrumMap) -> Result<Clip, MidiError> {
        if bytes.len() > LARGEST {
            return Err(MidiError::Large(bytes.len()));
        }
        if has_no_frames(bytes) {
            return Err(MidiError::Smpte);
        }
        let smf = Smf::parse(bytes).map_err(|fault| MidiError::Broken(fault.to_string()))?;
        let Timing::Metrical(per_beat) = smf.header.timing else {
            return Err(MidiError::Smpte);
        };
        let per_beat = u64::from(per_beat.as_int());
        if per_beat == 0 {
            return Err(MidiError::Broken("zero ticks a quarter note".into()));
        }
        let found = Found::collect(&smf.tracks, map);
        let meter = found.meter.unwrap_or_default();
        let mut steps = Vec::new();
        for &(tick, drum, velocity) in found.notes()? {
            // To our own resolution first, rounded; then to the nearest step, halves late.
            let fine = (tick * u64::from(TICKS_PER_BEAT) + per_beat / 2) / per_beat;
            let sixteenths = fine / u64::from(TICKS_PER_STEP);
            if usize::try_from(sixteenths).is_ok_and(|sixteenths| sixteenths >= LONGEST) {
                return Err(MidiError::Long(sixteenths));
            }
            // Bars end after 64 steps, whatever the meter says.
            let Some((place, offset_ticks)) = step_at(fine, meter) else { continue };
            if place >= steps.len() {
                steps.resize(place + 1, Step::SILENT);
            }
            steps[place].strike(drum, Hit { velocity, offset_ticks });
        }
        if steps.is_empty() {
            return Err(MidiError::NoDrums);
        }
        Ok(Clip { steps, tempo: found.tempo.unwrap_or(DEFAULT_TEMPO), meter })
    }

    /// Writes a Standard MIDI File of one track, 960 ticks a quarter, with tempo, meter, the names
    /// of track and lanes, and as long as the clip's bars, so that it loops.
    ///
    /// A note is half a step long; it ends a tick before the next one of its pitch, and with the
    /// clip. Of notes of one pitch at one tick the loudest stays.
    #[must_use]
    pub fn write(&self, sheet: &Sheet) -> Vec<u8> {
        let lanes: Vec<String> = sheet.lanes.iter().map(|drum| lane(drum, sheet)).collect();
        let mut events: Vec<(u32, TrackEventKind)> = vec![
            (0, TrackEventKind::Meta(MetaMessage::TrackName(sheet.name.as_bytes()))),
            (0, TrackEventKind::Meta(MetaMessage::Tempo(microseconds_per_beat(self.tempo)))),
            (0, TrackEventKind::Meta(time_signature(self.meter))),
        ];
        events.extend(
            lanes.iter().map(|lane| (0, TrackEventKind::Meta(MetaMessage::Text(lane.as_bytes())))),
        );
        let end = self.ticks();
        let mut places: BTreeMap<(u8, u8), BTreeMap<u32, u8>> = BTreeMap::new();
        for Onset { tick, drum, velocity } in self.onsets() {
            let loudest = places.entry(sheet.place(drum)).or_default().entry(tick).or_default();
            *loudest = velocity.max(*loudest);
        }
        for ((channel, pitch), onsets) in places {
            for (&on, &velocity) in &onsets {
                let next = onsets.range(on + 1..).next().map_or(end, |(&next, _)| next - 1);
                let off = next.min(on + u32::from(TICKS_PER_STEP) / 2).max(on + 1);
                events.push((on, note(channel, pitch, velocity)));
                events.push((off, note(channel, pitch, 0)));
            }
        }
        // An off comes before an on of the same tick; the sort keeps everything else in order.
        events.sort_by_key(|&(tick, event)| (tick, is_note_on(&event)));
        let mut track = Track::new();
        let mut last = 0;
        for (tick, kind) in events {
            track.push(TrackEvent { delta: u28::new(tick - last), kind });
            last = tick;
        }
        track.push(TrackEvent {
            delta: u28::new(end - last),
            kind: TrackEventKind::Meta(MetaMessage::EndOfTrack),
        });
        let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(TICKS_PER_BEAT)));
        let mut bytes = Vec::new();
        // Writing to memory cannot fail, and there is one track as the format demands.
        let written = Smf { header, tracks: vec![track] }.write_std(&mut bytes);
        debug_assert!(written.is_ok());
        bytes
    }
}

/// Whether a header counts -128 frames a second, which there cannot be and at which the parser
/// overflows. It reads headers wherever they stand.
fn has_no_frames(bytes: &[u8]) -> bool {
    let headers = bytes.windows(4).enumerate().filter(|(_, name)| name == b"MThd");
    headers.map(|(at, _)| bytes.get(at + 12)).any(|frames| frames == Some(&0x80))
}

/// What a look through all tracks finds.
#[derive(Default)]
struct Found {
    tempo: Option<f64>,
    meter: Option<Meter>,
    on_drum_channel: Vec<(u64, Drum, u8)>,
    on_others: Vec<(u64, Drum, u8)>,
}

impl Found {
    fn collect(tracks: &[Track], map: DrumMap) -> Found {
        let mut found = Found::default();
        let (mut tempo_at, mut meter_at) = (u64::MAX, u64::MAX);
        let named = match map {
            DrumMap::Rhythm => BTreeMap::new(),
            DrumMap::Roland | DrumMap::GeneralMidi => named_lanes(tracks),
        };
        for track in tracks {
            let mut tick = 0;
            for event in track {
                tick += u64::from(event.delta.as_int());
                match event.kind {
                    TrackEventKind::Midi { channel, message: MidiMessage::NoteOn { key, vel } }
                        if vel > 0 =>
                    {
                        let (channel, key) = (channel.as_int(), key.as_int());
                        let lane = named.get(&(channel, key)).copied();
                        let Some(drum) = lane.or_else(|| map.drum(key)) else { continue };
                        let notes = match lane {
                            None if channel != 9 => &mut found.on_others,
                            _ => &mut found.on_drum_channel,
                        };
                        notes.push((tick, drum, vel.as_int()));
                    }
                    TrackEventKind::Meta(MetaMessage::Tempo(micros))
                        if tick < tempo_at && micros > 0 =>
                    {
                        tempo_at = tick;
                        found.tempo = Some(60e6 / f64::from(micros.as_int()));
                    }
                    TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, _, _))
                        if tick < meter_at =>
                    {
                        meter_at = tick;
                        let denominator = 1i32.checked_shl(u32::from(power)).unwrap_or(0);
                        found.meter = Some(Meter::new(i32::from(numerator), denominator));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    fn notes(&self) -> Result<&[(u64, Drum, u8)], MidiError> {
        match (self.on_drum_channel.as_slice(), self.on_others.as_slice()) {
            ([], []) => Err(MidiError::NoDrums),
            ([], others) => Ok(others),
            (drums, _) => Ok(drums),
        }
    }
}

/// The text that names a lane.
fn lane(drum: Drum, sheet: &Sheet) -> String {
    let (channel, pitch) = sheet.place(drum);
    format!("{}: note {pitch}, channel {}", drum.name(), channel + 1)
}

/// The lanes that texts of the file name, by channel and pitch.
fn named_lanes(tracks: &[Track]) -> BTreeMap<(u8, u8), Drum> {
    let mut lanes = BTreeMap::new();
    for event in tracks.iter().flatten() {
        let TrackEventKind::Meta(MetaMessage::Text(text)) = event.kind else { continue };
        if let Some((place, drum)) = std::str::from_utf8(text).ok().and_then(named_lane) {
            lanes.entry(place).or_insert(drum);
        }
    }
    lanes
}

/// What a text says of a lane, if that is what it is about: [`lane`], read back.
fn named_lane(text: &str) -> Option<((u8, u8), Drum)> {
    let (name, place) = text.trim_end().split_once(": note ")?;
    let (pitch, channel) = place.split_once(", channel ")?;
    let drum = Drum::ALL.into_iter().find(|drum| drum.name() == name)?;
    let channel: u8 = channel.parse().ok()?;
    Some(((channel.checked_sub(1)?, pitch.parse().ok()?), drum))
}

fn note(channel: u8, pitch: u8, velocity: u8) -> TrackEventKind<'static> {
    let (key, vel) = (u7::new(pitch), u7::new(velocity));
    let message = match velocity {
        0 => MidiMessage::NoteOff { key, vel },
        _ => MidiMessage::NoteOn { key, vel },
    };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

fn is_note_on(event: &TrackEventKind) -> bool {
    matches!(event, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn microseconds_per_beat(tempo: f64) -> u24 {
    // A float that is out of range or no number saturates in the cast; the field has 24 bits.
    u24::new(((60e6 / tempo).round().clamp(1.0, 16_777_215.0)) as u32)
}

fn time_signature(meter: Meter) -> MetaMessage<'static> {
    let power = u8::try_from(meter.denominator.trailing_zeros()).unwrap_or(2);
    // 24 MIDI clocks a metronome click and 8 thirty-seconds a quarter, as is usual.
    MetaMessage::TimeSignature(meter.numerator, power, 24, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(meter: Meter) -> Clip {
        let mut steps = vec![Step::SILENT; 40];
        for (place, drum, velocity, offset_ticks) in [
            (0, Drum::Bass, 100, 0),
            (1, Drum::Snare, 1, -120),
            (1, Drum::Bass, 50, -119),
            (2, Drum::Bass, 127, 119),
            (39, Drum::Crash, 64, 7),
            (39, Drum::OpenHat, 9, -7),
        ] {
            steps[place].set(drum, Some(Hit { velocity, offset_ticks }));
        }
        Clip { steps, tempo: 93.0, meter }
    }

    #[test]
    fn what_is_written_reads_back() {
        for meter in [Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(12, 8)] {
            let clip = clip(meter);
            let bytes = clip.write(&Sheet::new("beat", Drum::PITCHES));
            for map in [DrumMap::Roland, DrumMap::GeneralMidi] {
                let read = Clip::read(&bytes, map).expect("our own file");
                assert_eq!(read.steps, clip.steps);
                assert_eq!(read.meter, meter);
                assert!((read.tempo - 93.0).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn named_lanes_are_read_at_any_pitch_and_channel() {
        let clip = clip(Meter::FOUR_FOUR);
        let pitches = [127, 36, 42, 38, 0, 1, 2, 3, 4];
        let channels = [0, 1, 9, 15, 4, 5, 6, 7, 8];
        let bytes = clip.write(&Sheet { channels, ..Sheet::new("", pitches) });
        let read = Clip::read(&bytes, DrumMap::GeneralMidi).expect("our own file");
        assert_eq!(read.steps, clip.steps);
        for text in ["Snare: note x, channel 1", "Snare: note 3, channel 0", "Gong: note 3", ""] {
            assert_eq!(named_lane(text), None, "{text}");
        }
    }

    #[test]
    fn of_two_lanes_on_one_pitch_the_loudest_is_written() {
        let mut clip = clip(Meter::FOUR_FOUR);
        clip.steps[0].set(Drum::Snare, Some(Hit { velocity: 90, offset_ticks: 0 }));
        let bytes = clip.write(&Sheet::new("", [36; CLASSES]));
        let read = Clip::read(&bytes, DrumMap::GeneralMidi).expect("our own file");
        assert_eq!(read.steps[0].hit(Drum::Bass).map(|hit| hit.velocity), Some(100));
        assert_eq!(read.steps[0].drums().len(), 1);
    }

    #[test]
    fn a_hit_before_the_start_is_written_at_the_start() {
        let mut clip = clip(Meter::FOUR_FOUR);
        clip.steps[0].set(Drum::Bass, Some(Hit { velocity: 80, offset_ticks: -50 }));
        let read = Clip::read(&clip.write(&Sheet::new("", Drum::PITCHES)), DrumMap::Roland)
            .expect("our own file");
        assert_eq!(read.steps[0].hit(Drum::Bass), Some(Hit { velocity: 80, offset_ticks: 0 }));
    }

    #[test]
    fn every_note_on_has_an_off_no_later_than_the_next_on_of_its_pitch() {
        let mut clip = clip(Meter::FOUR_FOUR);
        for place in 0..40 {
            let offset_ticks = if place % 2 == 0 { 119 } else { -120 };
            clip.steps[place].set(Drum::Ride, Some(Hit { velocity: 80, offset_ticks }));
        }
        let bytes = clip.write(&Sheet::new("", Drum::PITCHES));
        let smf = Smf::parse(&bytes).expect("our own file");
        let mut sounding = DrumSet::EMPTY;
        for event in &smf.tracks[0] {
            let TrackEventKind::Midi { message, .. } = event.kind else { continue };
            match message {
                MidiMessage::NoteOn { key, .. } => {
                    let drum = Drum::from_roland(key.as_int()).expect("a drum");
                    assert!(!sounding.contains(drum));
                    sounding.insert(drum);
                }
                MidiMessage::NoteOff { key, .. } => {
                    sounding.remove(Drum::from_roland(key.as_int()).expect("a drum"));
                }
                _ => {}
            }
        }
        assert!(sounding.is_empty());
    }

    #[test]
    fn bad_files_get_a_sentence() {
        assert!(matches!(Clip::read(b"", DrumMap::Roland), Err(MidiError::Broken(_))));
        assert!(matches!(Clip::read(b"MThd", DrumMap::Roland), Err(MidiError::Broken(_))));
        assert!(matches!(
            Clip::read(&vec![0; LARGEST + 1], DrumMap::Roland),
            Err(MidiError::Large(_))
        ));
        let empty = Clip { steps: vec![], tempo: 120.0, meter: Meter::FOUR_FOUR };
        assert!(matches!(
            Clip::read(&empty.write(&Sheet::new("", Drum::PITCHES)), DrumMap::Roland),
            Err(MidiError::NoDrums)
        ));
        let whole = clip(Meter::FOUR_FOUR).write(&Sheet::new("beat", Drum::PITCHES));
        for length in 0..whole.len() {
            // A file that is cut anywhere is an error or a shorter clip, never a panic.
            let _ = Clip::read(&whole[..length], DrumMap::Roland);
        }
    }

    #[test]
    fn time_in_frames_is_refused_whatever_their_number() {
        let whole = clip(Meter::FOUR_FOUR).write(&Sheet::new("beat", Drum::PITCHES));
        for frames in 0x80..=0xff {
            let mut file = whole.clone();
            file[12] = frames;
            assert!(Clip::read(&file, DrumMap::Roland).is_err());
            // A second header, after the first.
            let twice = [&whole[..14], &file].concat();
            assert!(frames != 0x80 || Clip::read(&twice, DrumMap::Roland).is_err());
        }
    }

    #[test]
    fn a_note_far_away_is_refused() {
        let kind = note(9, 36, 100);
        let far = TrackEvent { delta: u28::new((1 << 28) - 1), kind };
        let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(24)));
        let mut bytes = Vec::new();
        Smf { header, tracks: vec![vec![far]] }.write_std(&mut bytes).expect("to memory");
        assert!(matches!(Clip::read(&bytes, DrumMap::Roland), Err(MidiError::Long(_))));
    }
}
