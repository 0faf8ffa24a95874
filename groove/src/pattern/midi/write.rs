//! Writer of Standard MIDI Files.

use std::collections::BTreeMap;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind,
};

use super::{MidiLayout, Song, TICKS_PER_BEAT, TimeSignature};
use crate::pattern::clip::{Clip, Onset};
use crate::pattern::drum::Drum;
use crate::pattern::{Articulation, TICKS_PER_STEP};

/// The loudest note of a place at a tick.
#[derive(Default)]
struct Loudest {
    velocity: u8,
    /// Controller 4 before it.
    pedal: Option<u8>,
    /// Tick of its choke.
    choke: Option<u32>,
}

impl Clip {
    /// Writes a Standard MIDI File of one track at 960 ticks per quarter note, with tempo, meter,
    /// track and lane names. It has the length of the clip's bars, so that it loops.
    ///
    /// A note lasts half a step. It ends a tick before the next one of its pitch, and with the
    /// clip. Of several notes of one pitch at one tick the loudest is kept. If the layout has the
    /// pedal of the hi-hat, controller 4 precedes each of its notes. The note of a choked cymbal
    /// lasts until the choke, which is polyphonic aftertouch of 127, and of 0 half a step later.
    #[must_use]
    pub fn write(&self, layout: &MidiLayout) -> Vec<u8> {
        Song::of(self.clone()).write(layout)
    }
}

impl Song {
    /// Writes a Standard MIDI File as [`Clip::write`] does, with all tempos, time signatures
    /// and markers at their ticks.
    #[must_use]
    pub fn write(&self, layout: &MidiLayout) -> Vec<u8> {
        let (onsets, end) = (self.onsets(), self.end);
        let lanes = lane_names(layout, &onsets);
        let meta = |tick: u32, message| (tick.min(end), TrackEventKind::Meta(message));
        let mut events = vec![meta(0, MetaMessage::TrackName(layout.name.as_bytes()))];
        let tempos = self.tempos.iter();
        events
            .extend(tempos.map(|&(tick, tempo)| {
                meta(tick, MetaMessage::Tempo(microseconds_per_beat(tempo)))
            }));
        events.extend(self.time_signatures.iter().map(|signature| {
            meta(u32::try_from(signature.tick).unwrap_or(end), time_signature(signature))
        }));
        let markers = self.markers.iter();
        events
            .extend(markers.map(|(tick, name)| meta(*tick, MetaMessage::Marker(name.as_bytes()))));
        events.extend(lanes.iter().map(|lane| meta(0, MetaMessage::Text(lane.as_bytes()))));
        let mut places: BTreeMap<(u8, u8), BTreeMap<u32, Loudest>> = BTreeMap::new();
        for Onset { tick, drum, articulation, velocity, choke } in onsets {
            let place = layout.place(drum, articulation);
            let pedal = articulation.hat_pedal(drum).filter(|_| layout.hat_pedal);
            let loudest = places.entry(place).or_default().entry(tick).or_default();
            if velocity > loudest.velocity {
                *loudest = Loudest { velocity, pedal, choke };
            }
        }
        for (place, onsets) in places {
            push_notes(place, &onsets, end, &mut events);
        }
        // A note-off precedes a note-on at the same tick, and a controller stays just before its
        // note: the stable sort keeps all other order.
        events.sort_by_key(|&(tick, event)| (tick, is_start(&event)));
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
        // Writing to memory cannot fail, and the format requires one track.
        let written = Smf { header, tracks: vec![track] }.write_std(&mut bytes);
        debug_assert!(written.is_ok());
        bytes
    }
}

/// Adds the notes of a channel and pitch, with their controllers and chokes.
fn push_notes(
    (channel, pitch): (u8, u8),
    onsets: &BTreeMap<u32, Loudest>,
    end: u32,
    events: &mut Vec<(u32, TrackEventKind<'_>)>,
) {
    let half = u32::from(TICKS_PER_STEP) / 2;
    for (&on, &Loudest { velocity, pedal, choke }) in onsets {
        let next = onsets.range(on + 1..).next().map(|(&next, _)| next);
        let last = next.map_or(end, |next| next - 1);
        events.extend(pedal.map(|value| (on, hat_pedal(channel, value))));
        events.push((on, note(channel, pitch, velocity)));
        match choke.filter(|&choke| choke <= last) {
            Some(choke) => {
                events.push((choke, key_pressure(channel, pitch, 127)));
                events.push((choke, note(channel, pitch, 0)));
                let release = (choke + half).min(next.unwrap_or(end));
                events.push((release, key_pressure(channel, pitch, 0)));
            }
            None => {
                events.push((last.min(on + half).max(on + 1), note(channel, pitch, 0)));
            }
        }
    }
}

/// Text events that name the lanes, and the articulations that are struck at other pitches than
/// their lane's.
fn lane_names(layout: &MidiLayout, onsets: &[Onset]) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = |drum: Drum, articulation: Articulation| {
        let (channel, pitch) = layout.place(drum, articulation);
        let articulation = match articulation {
            Articulation::Plain => String::new(),
            other => format!(", {}", other.name(drum)),
        };
        names.push(format!("{}{articulation}: note {pitch}, channel {}", drum.name(), channel + 1));
    };
    for drum in layout.lanes.iter() {
        name(drum, Articulation::Plain);
        let plain = layout.place(drum, Articulation::Plain);
        for &articulation in Articulation::of(drum) {
            let struck = onsets.iter().any(|on| (on.drum, on.articulation) == (drum, articulation));
            if struck && layout.place(drum, articulation) != plain {
                name(drum, articulation);
            }
        }
    }
    names
}

pub(super) fn note(channel: u8, pitch: u8, velocity: u8) -> TrackEventKind<'static> {
    let (key, vel) = (u7::new(pitch), u7::new(velocity));
    let message = match velocity {
        0 => MidiMessage::NoteOff { key, vel },
        _ => MidiMessage::NoteOn { key, vel },
    };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

fn key_pressure(channel: u8, pitch: u8, value: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::Aftertouch { key: u7::new(pitch), vel: u7::new(value) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

fn hat_pedal(channel: u8, value: u8) -> TrackEventKind<'static> {
    let message = MidiMessage::Controller { controller: u7::new(4), value: u7::new(value) };
    TrackEventKind::Midi { channel: u4::new(channel), message }
}

/// Returns true for a note-on and for a controller, which precedes one.
fn is_start(event: &TrackEventKind) -> bool {
    let TrackEventKind::Midi { message, .. } = event else { return false };
    matches!(message, MidiMessage::NoteOn { .. } | MidiMessage::Controller { .. })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn microseconds_per_beat(tempo: f64) -> u24 {
    // The cast saturates floats that are out of range or NaN; the field has 24 bits.
    u24::new(((60e6 / tempo).round().clamp(1.0, 16_777_215.0)) as u32)
}

fn time_signature(signature: &TimeSignature) -> MetaMessage<'static> {
    let power = u8::try_from(signature.denominator.trailing_zeros()).unwrap_or(2);
    // 24 MIDI clocks per metronome click and 8 thirty-second notes per quarter, the usual values.
    MetaMessage::TimeSignature(signature.numerator, power, 24, 8)
}
