//! Output events of a block: note events, or raw MIDI for a host that refuses them.

use std::sync::atomic::{AtomicBool, Ordering};

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_EXPRESSION, CLAP_EVENT_NOTE_OFF,
    CLAP_EVENT_NOTE_ON, CLAP_NOTE_EXPRESSION_PRESSURE, clap_event_header, clap_event_midi,
    clap_event_note, clap_event_note_expression, clap_output_events,
};

/// Output events of a block.
pub(super) struct EventOutput<'a> {
    pub(super) host: *const clap_output_events,
    pub(super) midi_only: &'a AtomicBool,
}

/// Sends an event to the host: as it is, or as raw MIDI if the host refuses it.
pub(super) unsafe extern "C" fn push(
    list: *const clap_output_events,
    event: *const clap_event_header,
) -> bool {
    // SAFETY: the list was created by `process`, which is still running.
    let EventOutput { host, midi_only } = unsafe { &*(*list).ctx.cast::<EventOutput<'_>>() };
    // SAFETY: the host's queue is valid for the whole block.
    let send = |event| unsafe { (**host).try_push.is_some_and(|push| push(*host, event)) };
    // SAFETY: the framework passes complete events.
    let (midi, kind) = unsafe { (midi(event), (*event).type_) };
    let notes_as_midi = midi_only.load(Ordering::Relaxed);
    match midi {
        // Other events are sent unchanged.
        None => send(event),
        Some(midi) if notes_as_midi => send(&raw const midi.header),
        Some(midi) => {
            // A full queue refuses both and leaves the decision open.
            send(event) || {
                let taken = send(&raw const midi.header);
                // A host may take notes but no expressions.
                if kind != CLAP_EVENT_NOTE_EXPRESSION {
                    midi_only.store(taken, Ordering::Relaxed);
                }
                taken
            }
        }
    }
}

/// Converts a note-on, a note-off or the pressure of a key to raw MIDI.
///
/// # Safety
/// The pointer must be valid for the size in the event's header.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
unsafe fn midi(event: *const clap_event_header) -> Option<clap_event_midi> {
    // SAFETY: guaranteed by the caller.
    let header = unsafe { *event };
    let status = match (header.space_id, header.type_) {
        (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_ON) => 0x90,
        (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_OFF) => 0x80,
        (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_EXPRESSION) => 0xa0,
        _ => return None,
    };
    let (channel, key, value) = if status == 0xa0 {
        // SAFETY: the header identifies an expression.
        let pressure = unsafe { *event.cast::<clap_event_note_expression>() };
        if pressure.expression_id != CLAP_NOTE_EXPRESSION_PRESSURE {
            return None;
        }
        (pressure.channel, pressure.key, pressure.value)
    } else {
        // SAFETY: the header identifies a note event.
        let note = unsafe { *event.cast::<clap_event_note>() };
        (note.channel, note.key, note.velocity)
    };
    let value = (value * 127.0).round().clamp(0.0, 127.0) as u8;
    let data = [status | channel.clamp(0, 15) as u8, key.clamp(0, 127) as u8, value];
    let size = u32::try_from(size_of::<clap_event_midi>()).ok()?;
    let header = clap_event_header { size, type_: CLAP_EVENT_MIDI, ..header };
    Some(clap_event_midi { header, port_index: 0, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap_sys::events::CLAP_NOTE_EXPRESSION_VOLUME;

    /// Kinds of events that a host has taken, and the bytes of raw MIDI.
    type Taken = Vec<(u16, [u8; 3])>;

    /// Takes raw MIDI and notes, but no expressions.
    unsafe extern "C" fn take_no_expressions(
        list: *const clap_output_events,
        event: *const clap_event_header,
    ) -> bool {
        // SAFETY: the test passes a list with this context, and complete events.
        unsafe {
            let kind = (*event).type_;
            let data = match kind {
                CLAP_EVENT_MIDI => (*event.cast::<clap_event_midi>()).data,
                _ => [0; 3],
            };
            if kind != CLAP_EVENT_NOTE_EXPRESSION {
                (*(*list).ctx.cast::<Taken>()).push((kind, data));
            }
            kind != CLAP_EVENT_NOTE_EXPRESSION
        }
    }

    #[test]
    fn a_choke_reaches_a_host_that_takes_no_expressions() {
        let mut taken = Taken::new();
        let host = clap_output_events {
            ctx: (&raw mut taken).cast(),
            try_push: Some(take_no_expressions),
        };
        let midi_only = AtomicBool::new(false);
        let output = EventOutput { host: &raw const host, midi_only: &midi_only };
        let list =
            clap_output_events { ctx: (&raw const output).cast_mut().cast(), try_push: Some(push) };
        let header = |type_| clap_event_header {
            size: 0,
            time: 7,
            space_id: CLAP_CORE_EVENT_SPACE_ID,
            type_,
            flags: 0,
        };
        let note = clap_event_note {
            header: header(CLAP_EVENT_NOTE_OFF),
            note_id: -1,
            port_index: 0,
            channel: 9,
            key: 49,
            velocity: 0.0,
        };
        let pressure = |expression_id, value| clap_event_note_expression {
            header: header(CLAP_EVENT_NOTE_EXPRESSION),
            expression_id,
            note_id: -1,
            port_index: 0,
            channel: 9,
            key: 49,
            value,
        };
        let choke = pressure(CLAP_NOTE_EXPRESSION_PRESSURE, 1.0);
        let volume = pressure(CLAP_NOTE_EXPRESSION_VOLUME, 1.0);
        // SAFETY: all events and lists outlive the calls.
        let sent = unsafe {
            [&raw const choke.header, &raw const volume.header, &raw const note.header]
                .map(|event| push(&raw const list, event))
        };
        assert_eq!(sent, [true, false, true]);
        assert_eq!(taken, [(CLAP_EVENT_MIDI, [0xa9, 49, 127]), (CLAP_EVENT_NOTE_OFF, [0; 3])]);
        assert!(!midi_only.load(Ordering::Relaxed), "notes stay notes");
        midi_only.store(true, Ordering::Relaxed);
        // SAFETY: as above.
        assert!(unsafe { push(&raw const list, &raw const note.header) });
        assert_eq!(taken.last(), Some(&(CLAP_EVENT_MIDI, [0x89, 49, 0])));
    }
}
