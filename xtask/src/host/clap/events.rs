//! Conversion between [`Event`]s and CLAP events.

use crate::host::realtime::{flushes_denormals, outside_realtime_context};
use crate::host::{Event, Message, Transport};
use clack_host::events::{
    event_types::{MidiEvent, NoteOffEvent, NoteOnEvent, TransportEvent, TransportFlags},
    io::{OutputEventBuffer, TryPushError},
    spaces::CoreEventSpace,
};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};

/// Output event list of the plugin.
pub(super) struct EventSink {
    pub(super) events: EventBuffer,
    /// Denormal mode at the last event; `None` before the first.
    pub(super) flushed_denormals: Option<bool>,
    /// Note events are accepted. Raw MIDI always is.
    pub(super) accepts_notes: bool,
}

impl OutputEventBuffer for EventSink {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        self.flushed_denormals = Some(flushes_denormals());
        let note = matches!(
            event.as_core_event(),
            Some(CoreEventSpace::NoteOn(_) | CoreEventSpace::NoteOff(_))
        );
        if note && !self.accepts_notes {
            return Err(TryPushError::new());
        }
        // The buffer belongs to the host and may grow.
        outside_realtime_context(|| self.events.push(event));
        Ok(())
    }
}

/// Appends an event to the plugin's input.
pub(super) fn push_event(buffer: &mut EventBuffer, event: &Event) {
    match event.message {
        Message::NoteOn { key, channel, velocity } => buffer.push(&NoteOnEvent::new(
            event.offset,
            Pckn::from_raw(0, channel.into(), key.into(), -1),
            velocity,
        )),
        Message::NoteOff { key, channel } => buffer.push(&NoteOffEvent::new(
            event.offset,
            Pckn::from_raw(0, channel.into(), key.into(), -1),
            0.0,
        )),
        Message::Midi(bytes) => buffer.push(&MidiEvent::new(event.offset, 0, bytes)),
    }
}

/// Converts an event of the plugin's output; `None` if it is neither a note nor raw MIDI.
pub(super) fn recorded_event(event: &UnknownEvent) -> Option<Event> {
    let offset = event.header().time();
    let place = |pckn: Pckn| {
        Some((u8::try_from(pckn.raw_key()).ok()?, u8::try_from(pckn.raw_channel()).ok()?))
    };
    let message = match event.as_core_event()? {
        CoreEventSpace::NoteOn(on) => {
            let (key, channel) = place(on.pckn())?;
            Message::NoteOn { key, channel, velocity: on.velocity() }
        }
        CoreEventSpace::NoteOff(off) => {
            let (key, channel) = place(off.pckn())?;
            Message::NoteOff { key, channel }
        }
        CoreEventSpace::Midi(midi) => Message::Midi(midi.data()),
        _ => return None,
    };
    Some(Event { offset, message })
}

/// Converts a transport to CLAP. Missing fields have no flag.
pub(super) fn transport_event(transport: &Transport, offset: u32) -> TransportEvent {
    let mut flags = TransportFlags::empty();
    flags.set(TransportFlags::IS_PLAYING, transport.playing);
    flags.set(TransportFlags::HAS_TEMPO, transport.tempo.is_some());
    flags.set(TransportFlags::HAS_TIME_SIGNATURE, transport.meter.is_some());
    flags.set(TransportFlags::HAS_BEATS_TIMELINE, transport.beats.is_some());
    flags.set(TransportFlags::HAS_SECONDS_TIMELINE, transport.seconds.is_some());
    flags.set(TransportFlags::IS_LOOP_ACTIVE, transport.cycle.is_some());
    // A position before the start of the song is a count-in.
    let counts_in = transport.playing && transport.beats.is_some_and(|beats| beats < 0.0);
    flags.set(TransportFlags::IS_RECORDING | TransportFlags::IS_WITHIN_PRE_ROLL, counts_in);
    let (numerator, denominator) = transport.meter.unwrap_or_default();
    let beats = transport.beats.unwrap_or_default();
    let bar = if numerator == 0 || denominator == 0 {
        4.0
    } else {
        f64::from(numerator) * 4.0 / f64::from(denominator)
    };
    let bars = (beats / bar).floor();
    let (start, end) = transport.cycle.unwrap_or_default();
    let seconds = |beats: f64| beats * 60.0 / transport.tempo.unwrap_or(120.0);
    TransportEvent {
        header: EventHeader::new_core(offset, clack_host::events::EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_float(beats),
        song_pos_seconds: SecondsTime::from_float(transport.seconds.unwrap_or_default()),
        tempo: transport.tempo.unwrap_or_default(),
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_float(start),
        loop_end_beats: BeatTime::from_float(end),
        loop_start_seconds: SecondsTime::from_float(seconds(start)),
        loop_end_seconds: SecondsTime::from_float(seconds(end)),
        bar_start: BeatTime::from_float(transport.bar_start.unwrap_or(bars * bar)),
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, which is far away")]
        bar_number: bars as i32,
        time_signature_numerator: numerator,
        time_signature_denominator: denominator,
    }
}
