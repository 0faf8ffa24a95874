//! CLAP entry point that sends raw MIDI to hosts that do not accept note events.
//!
//! Works around: the framework sends notes as CLAP note events only and offers nothing to a host
//! that refuses them, as Carla does. Its export macro cannot be extended, so this module implements
//! the plugin factory itself. It returns the framework's plugin with a `process` of its own, which
//! stands between the plugin and the host's event queue.
//!
//! The host's note-ports extension is not queried: hosts built on clack-extensions 0.2.0 return a
//! pointer to a pointer there, and a plugin that follows it crashes the host.
//!
//! Upstream: nice-plug, `try_send_event` in `wrapper/clap/context.rs`; reports 7 and 8 of
//! `docs/upstream.md`. Delete this module, and export with `nice_export_clap!`, once nice-plug falls
//! back to `CLAP_EVENT_MIDI`.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON,
    clap_event_header, clap_event_midi, clap_event_note, clap_output_events,
};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use crate::DeepPocket;

/// Entry point that hosts look up.
// SAFETY: CLAP defines this name; no other static of the library has it.
#[unsafe(no_mangle)]
#[used]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(count),
    get_plugin_descriptor: Some(descriptor),
    create_plugin: Some(create),
};

fn described() -> &'static PluginDescriptor {
    static DESCRIPTOR: OnceLock<PluginDescriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(PluginDescriptor::for_plugin::<DeepPocket>)
}

extern "C" fn init(_: *const c_char) -> bool {
    setup_logger::<DeepPocket>();
    true
}

extern "C" fn deinit() {}

extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: the pointer is null or a C string, as CLAP requires.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        (&raw const FACTORY).cast()
    } else {
        ptr::null()
    }
}

unsafe extern "C" fn count(_: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn descriptor(
    _: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { described().clap_plugin_descriptor() } else { ptr::null() }
}

unsafe extern "C" fn create(
    _: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: the pointer is null or a C string, as CLAP requires.
    if host.is_null() || id.is_null() || unsafe { CStr::from_ptr(id) } != described().clap_id() {
        return ptr::null();
    }
    // The framework takes the wrapper back when it destroys the plugin.
    // SAFETY: the host outlives the plugin, as CLAP requires.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<DeepPocket>::new(host) });
    // SAFETY: the wrapper is alive and not shared yet.
    let framework = unsafe { *(*wrapper).clap_plugin.as_ptr() };
    let table = clap_plugin { destroy: Some(destroy), process: Some(process), ..framework };
    let instance = ClapInstance { table, framework, midi_only: AtomicBool::new(false) };
    Box::into_raw(Box::new(instance)).cast()
}

/// An instance as its host sees it. The framework finds its own data through the table's
/// `plugin_data`, so all its functions also work with this table.
#[repr(C)]
struct ClapInstance {
    /// First field, so that the host's pointer is valid for the whole struct.
    table: clap_plugin,
    framework: clap_plugin,
    /// The host has refused a note event and accepted it as raw MIDI. Used by the audio thread
    /// only.
    midi_only: AtomicBool,
}

/// # Safety
/// The pointer must come from [`create`] and not be destroyed yet.
unsafe fn instance<'a>(plugin: *const clap_plugin) -> &'a ClapInstance {
    // SAFETY: guaranteed by the caller; the table is the first field.
    unsafe { &*plugin.cast::<ClapInstance>() }
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the host destroys each instance from `create` once.
    let instance = unsafe { Box::from_raw(plugin.cast::<ClapInstance>().cast_mut()) };
    if let Some(destroy) = instance.framework.destroy {
        // SAFETY: the table is valid until the end of this function.
        unsafe { destroy(&raw const instance.table) };
    }
}

unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    block: *const clap_process,
) -> clap_process_status {
    // SAFETY: hosts pass the pointer that `create` returned.
    let instance = unsafe { instance(plugin) };
    let Some(process) = instance.framework.process else { return CLAP_PROCESS_ERROR };
    // SAFETY: the pointer is valid or null, as CLAP requires.
    match unsafe { block.as_ref() } {
        Some(block) if !block.out_events.is_null() => {
            let output = EventOutput { host: block.out_events, midi_only: &instance.midi_only };
            let events = clap_output_events {
                ctx: (&raw const output).cast_mut().cast(),
                try_push: Some(push),
            };
            let block = clap_process { out_events: &raw const events, ..*block };
            // SAFETY: the block is a copy of the host's with a queue that outlives this call.
            unsafe { process(plugin, &raw const block) }
        }
        // SAFETY: the host's arguments are passed on unchanged.
        _ => unsafe { process(plugin, block) },
    }
}

/// Output events of a block.
struct EventOutput<'a> {
    host: *const clap_output_events,
    midi_only: &'a AtomicBool,
}

unsafe extern "C" fn push(
    list: *const clap_output_events,
    event: *const clap_event_header,
) -> bool {
    // SAFETY: the list was created by `process`, which is still running.
    let EventOutput { host, midi_only } = unsafe { &*(*list).ctx.cast::<EventOutput<'_>>() };
    // SAFETY: the host's queue is valid for the whole block.
    let send = |event| unsafe { (**host).try_push.is_some_and(|push| push(*host, event)) };
    // SAFETY: the framework passes complete events.
    let midi = unsafe { midi(event) };
    let notes_as_midi = midi_only.load(Ordering::Relaxed);
    match midi {
        // Other events are sent unchanged.
        None => send(event),
        Some(midi) if notes_as_midi => send(&raw const midi.header),
        Some(midi) => {
            // A full queue refuses both and leaves the decision open.
            send(event) || {
                let taken = send(&raw const midi.header);
                midi_only.store(taken, Ordering::Relaxed);
                taken
            }
        }
    }
}

/// Converts a note-on or note-off to raw MIDI.
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
        _ => return None,
    };
    // SAFETY: the header identifies a note event.
    let note = unsafe { *event.cast::<clap_event_note>() };
    let velocity = (note.velocity * 127.0).round().clamp(0.0, 127.0) as u8;
    let data = [status | note.channel.clamp(0, 15) as u8, note.key.clamp(0, 127) as u8, velocity];
    let size = u32::try_from(size_of::<clap_event_midi>()).ok()?;
    let header = clap_event_header { size, type_: CLAP_EVENT_MIDI, ..header };
    Some(clap_event_midi { header, port_index: 0, data })
}
