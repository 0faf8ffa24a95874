//! Blocks: keeps calls on which the framework panics away from it, and sends raw MIDI to hosts that
//! refuse note events.

use std::ptr;
use std::sync::atomic::Ordering;

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI_SYSEX, clap_event_header, clap_event_midi_sysex,
    clap_input_events, clap_output_events,
};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::wrapper::clap::clap_plugin;

use super::event_output::{EventOutput, push};
use super::instance::{Variant, instance};
use super::{note_names, outputs};

pub(super) unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    block: *const clap_process,
) -> clap_process_status {
    // SAFETY: hosts pass the pointer that the factory returned.
    let instance = unsafe { instance(plugin) };
    let Some(process) = instance.framework.process else { return CLAP_PROCESS_ERROR };
    // SAFETY: the pointer is valid or null, as CLAP requires.
    let Some(block) = (unsafe { block.as_ref() }) else { return CLAP_PROCESS_ERROR };
    if !instance.activated.load(Ordering::Acquire) {
        return CLAP_PROCESS_ERROR;
    }
    let output = EventOutput { host: block.out_events, midi_only: &instance.midi_only };
    let out_events =
        clap_output_events { ctx: (&raw const output).cast_mut().cast(), try_push: Some(push) };
    let in_events = clap_input_events {
        ctx: block.in_events.cast_mut().cast(),
        size: Some(input_size),
        get: Some(input_event),
    };
    let mut block = *block;
    if !block.out_events.is_null() {
        block.out_events = &raw const out_events;
    }
    if !block.in_events.is_null() {
        block.in_events = &raw const in_events;
    }
    // SAFETY: the host's inputs are valid for the whole block.
    if !unsafe { has_side_chain(&block) } {
        (block.audio_inputs, block.audio_inputs_count) = (ptr::null(), 0);
    }
    // SAFETY: as above.
    let main = unsafe { outputs::channels(&block, 0) };
    let has_main_output = !matches!(instance.variant, Variant::NoteEffect(_));
    if has_main_output && main.iter().any(|channel| channel.is_null()) {
        return CLAP_PROCESS_ERROR;
    }
    // SAFETY: the block is a copy of the host's with queues and ports that outlive this call, which
    // is on the audio thread of an active plugin.
    let status = unsafe {
        match &instance.variant {
            Variant::NoteEffect(unheard) => unheard.with_port(block.frames_count, |port| {
                (block.audio_outputs, block.audio_outputs_count) = (port, 1);
                process(plugin, &raw const block)
            }),
            Variant::Outputs(outputs) => {
                Some(outputs::process(outputs, &block, || process(plugin, &raw const block)))
            }
            Variant::Instrument => Some(process(plugin, &raw const block)),
        }
    };
    note_names::check(instance);
    status.unwrap_or(CLAP_PROCESS_ERROR)
}

/// Returns `true` if the host passes the side-chain with all its channels.
///
/// # Safety
/// The inputs must be valid as far as the block counts them.
unsafe fn has_side_chain(block: &clap_process) -> bool {
    if block.audio_inputs_count == 0 || block.audio_inputs.is_null() {
        return false;
    }
    // SAFETY: guaranteed by the caller.
    let input = unsafe { &*block.audio_inputs };
    let channels = usize::try_from(input.channel_count).unwrap_or(0);
    // SAFETY: as above; a port has as many pointers as channels.
    channels > 0
        && !input.data32.is_null()
        && (0..channels).all(|channel| unsafe { !(*input.data32.add(channel)).is_null() })
}

unsafe extern "C" fn input_size(list: *const clap_input_events) -> u32 {
    // SAFETY: the list was created by `process`, and the host's list is valid for the whole block.
    unsafe {
        let host: *const clap_input_events = (*list).ctx.cast();
        (*host).size.map_or(0, |size| size(host))
    }
}

/// Returns an event of the host; null, which the framework skips, for a SysEx event without data.
unsafe extern "C" fn input_event(
    list: *const clap_input_events,
    index: u32,
) -> *const clap_event_header {
    // SAFETY: as for `input_size`; the header says what the event is.
    unsafe {
        let host: *const clap_input_events = (*list).ctx.cast();
        let event = (*host).get.map_or(ptr::null(), |get| get(host, index));
        let empty = event.as_ref().is_some_and(|header| {
            (header.space_id, header.type_) == (CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI_SYSEX)
                && (*event.cast::<clap_event_midi_sysex>()).buffer.is_null()
        });
        if empty { ptr::null() } else { event }
    }
}
