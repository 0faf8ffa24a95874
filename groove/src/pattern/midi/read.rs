//! Reader of Standard MIDI Files.

use std::collections::BTreeMap;

use midly::{MetaMessage, MidiMessage, Smf, Timing, Track, TrackEventKind};

use super::{DEFAULT_TEMPO, DrumMap, MAX_CLIP_STEPS, MAX_FILE_BYTES, MidiError, TICKS_PER_BEAT};
use crate::pattern::clip::{Clip, bar_ticks, step_at};
use crate::pattern::drum::Drum;
use crate::pattern::{Articulation, Hit, Meter, Step, TICKS_PER_STEP};

impl Clip {
    /// Reads a Standard MIDI File.
    ///
    /// If any drum note is on channel 10 or in a named lane, only those notes are read, else all.
    ///
    /// # Errors
    /// Returns a [`MidiError`] if the file cannot be read as a clip.
    pub fn read(bytes: &[u8], map: DrumMap) -> Result<Clip, MidiError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(MidiError::Large(bytes.len()));
        }
        if has_invalid_frame_rate(bytes) {
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
        let scan = TrackScan::collect(&smf.tracks, map);
        let meter = scan.meter.unwrap_or_default();
        let mut steps = Vec::new();
        let end = scan.end * u64::from(TICKS_PER_BEAT) / per_beat;
        let bars = usize::try_from(end / bar_ticks(meter)).unwrap_or(usize::MAX);
        let whole = match end % bar_ticks(meter) {
            0 => bars.saturating_mul(meter.steps()),
            _ => usize::MAX,
        };
        for &(tick, drum, articulation, velocity) in scan.notes()? {
            // To 960 ticks per quarter note first, rounded; then to the nearest step, ties to the
            // later one.
            let fine = (tick * u64::from(TICKS_PER_BEAT) + per_beat / 2) / per_beat;
            let sixteenths = fine / u64::from(TICKS_PER_STEP);
            if usize::try_from(sixteenths).is_ok_and(|sixteenths| sixteenths >= MAX_CLIP_STEPS) {
                return Err(MidiError::Long(sixteenths));
            }
            // Steps after the 64th of a bar are dropped in every meter.
            let Some((mut place, offset_ticks)) = step_at(fine, meter) else { continue };
            // A note shortly before the end belongs to the start, as in a loop.
            if place == whole && offset_ticks < 0 {
                place = 0;
            }
            if place >= steps.len() {
                steps.resize(place + 1, Step::SILENT);
            }
            steps[place].add(drum, Hit { articulation, ..Hit::plain(velocity, offset_ticks) });
        }
        if steps.is_empty() {
            return Err(MidiError::NoDrums);
        }
        Ok(Clip { steps, tempo: scan.tempo.unwrap_or(DEFAULT_TEMPO), meter })
    }
}

/// Returns true if a header declares -128 frames per second, an invalid value at which the parser
/// overflows. The parser accepts headers at any position.
fn has_invalid_frame_rate(bytes: &[u8]) -> bool {
    let headers = bytes.windows(4).enumerate().filter(|(_, name)| name == b"MThd");
    headers.map(|(at, _)| bytes.get(at + 12)).any(|frames| frames == Some(&0x80))
}

/// Content of all tracks.
#[derive(Default)]
struct TrackScan {
    /// Tick of the last event.
    end: u64,
    tempo: Option<f64>,
    meter: Option<Meter>,
    on_drum_channel: Vec<(u64, Drum, Articulation, u8)>,
    on_others: Vec<(u64, Drum, Articulation, u8)>,
}

impl TrackScan {
    fn collect(tracks: &[Track], map: DrumMap) -> TrackScan {
        let mut scan = TrackScan::default();
        let (mut tempo_at, mut meter_at) = (u64::MAX, u64::MAX);
        let named = match map {
            DrumMap::Rhythm => BTreeMap::new(),
            DrumMap::Roland | DrumMap::GeneralMidi => named_lanes(tracks),
        };
        for track in tracks {
            let mut tick = 0;
            for event in track {
                tick += u64::from(event.delta.as_int());
                scan.end = scan.end.max(tick);
                match event.kind {
                    TrackEventKind::Midi { channel, message: MidiMessage::NoteOn { key, vel } }
                        if vel > 0 =>
                    {
                        let (channel, key) = (channel.as_int(), key.as_int());
                        let lane = named.get(&(channel, key)).copied();
                        let Some((drum, articulation)) = lane.or_else(|| map.drum(key)) else {
                            continue;
                        };
                        let notes = match lane {
                            None if channel != 9 => &mut scan.on_others,
                            _ => &mut scan.on_drum_channel,
                        };
                        notes.push((tick, drum, articulation, vel.as_int()));
                    }
                    TrackEventKind::Meta(MetaMessage::Tempo(micros))
                        if tick < tempo_at && micros > 0 =>
                    {
                        tempo_at = tick;
                        scan.tempo = Some(60e6 / f64::from(micros.as_int()));
                    }
                    TrackEventKind::Meta(MetaMessage::TimeSignature(numerator, power, _, _))
                        if tick < meter_at =>
                    {
                        meter_at = tick;
                        let denominator = 1i32.checked_shl(u32::from(power)).unwrap_or(0);
                        scan.meter = Some(Meter::new(i32::from(numerator), denominator));
                    }
                    _ => {}
                }
            }
        }
        scan
    }

    fn notes(&self) -> Result<&[(u64, Drum, Articulation, u8)], MidiError> {
        match (self.on_drum_channel.as_slice(), self.on_others.as_slice()) {
            ([], []) => Err(MidiError::NoDrums),
            ([], others) => Ok(others),
            (drums, _) => Ok(drums),
        }
    }
}

/// The lanes named by text events, by channel and pitch.
fn named_lanes(tracks: &[Track]) -> BTreeMap<(u8, u8), (Drum, Articulation)> {
    let mut lanes = BTreeMap::new();
    for event in tracks.iter().flatten() {
        let TrackEventKind::Meta(MetaMessage::Text(text)) = event.kind else { continue };
        if let Some((place, drum)) = std::str::from_utf8(text).ok().and_then(named_lane) {
            lanes.entry(place).or_insert(drum);
        }
    }
    lanes
}

/// Parses a lane name written by [`Clip::write`].
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
