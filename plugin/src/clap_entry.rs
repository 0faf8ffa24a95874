//! CLAP entry point that sends raw MIDI to hosts that do not accept note events, and marks the
//! project as modified.
//!
//! Works around: the framework sends notes as CLAP note events only and offers nothing to a host
//! that refuses them, as Carla does. Its export macro cannot be extended, so this module implements
//! the plugin factory itself. It returns the framework's plugin with a `process` of its own, which
//! stands between the plugin and the host's event queue.
//!
//! The host's note-ports extension is not queried: hosts built on clack-extensions 0.2.0 return a
//! pointer to a pointer there, and a plugin that follows it crashes the host.
//!
//! Also works around: the framework has nothing that marks a project as modified. The window
//! changes a hidden parameter, but a primer may be recorded while the window is closed. Each change
//! therefore requests a callback on the main thread, which marks the project. VST3 hosts only learn
//! of changes through the window.
//!
//! Upstream: nice-plug, `try_send_event` in `wrapper/clap/context.rs`; reports 7 and 8 of
//! `docs/upstream.md`. Delete this module, and export with `nice_export_clap!`, once nice-plug falls back to `CLAP_EVENT_MIDI`
//! and a plugin can mark its project.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON,
    clap_event_header, clap_event_midi, clap_event_note, clap_output_events,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use crate::project::store::ProjectStore;
use crate::{DeepPocket, ShareStore};

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
    let table = clap_plugin {
        destroy: Some(destroy),
        process: Some(process),
        on_main_thread: Some(on_main_thread),
        ..framework
    };
    let place = Arc::new(OnceLock::new());
    // SAFETY: as above.
    (unsafe { &*wrapper }.task_executor.lock())(ShareStore(Arc::clone(&place)));
    let store: Option<Arc<ProjectStore>> = place.get().cloned();
    let changed = Arc::new(AtomicBool::new(false));
    if let Some(store) = &store {
        let (host, changed) = (HostPointer(host), Arc::clone(&changed));
        store.set_on_change(Some(Box::new(move || {
            changed.store(true, Ordering::Release);
            host.request_callback();
        })));
    }
    let midi_only = AtomicBool::new(false);
    let host = HostPointer(host);
    let instance = ClapInstance { table, framework, host, store, changed, midi_only };
    Box::into_raw(Box::new(instance)).cast()
}

/// An instance as its host sees it. The framework finds its own data through the table's
/// `plugin_data`, so all its functions also work with this table.
#[repr(C)]
struct ClapInstance {
    /// First field, so that the host's pointer is valid for the whole struct.
    table: clap_plugin,
    framework: clap_plugin,
    host: HostPointer,
    store: Option<Arc<ProjectStore>>,
    /// The project has changed since it was marked.
    changed: Arc<AtomicBool>,
    /// The host has refused a note event and accepted it as raw MIDI. Used by the audio thread
    /// only.
    midi_only: AtomicBool,
}

/// The host of an instance, which it outlives.
#[derive(Clone, Copy)]
struct HostPointer(*const clap_host);

// SAFETY: `request_callback` may be called from any thread; the rest is called from the main thread
// only.
unsafe impl Send for HostPointer {}
// SAFETY: as above.
unsafe impl Sync for HostPointer {}

impl HostPointer {
    /// Requests a call of [`on_main_thread`].
    fn request_callback(self) {
        // SAFETY: the host outlives the plugin.
        unsafe {
            if let Some(request) = (*self.0).request_callback {
                request(self.0);
            }
        }
    }

    /// Marks the project as modified, if the host has projects. For the main thread.
    fn mark_dirty(self) {
        // SAFETY: the host outlives the plugin, and its extensions live as long.
        unsafe {
            let Some(extension) = (*self.0).get_extension else { return };
            let state = extension(self.0, CLAP_EXT_STATE.as_ptr()).cast::<clap_host_state>();
            if let Some(mark) = state.as_ref().and_then(|state| state.mark_dirty) {
                mark(self.0);
            }
        }
    }
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
    if let Some(store) = &instance.store {
        store.set_on_change(None);
    }
    if let Some(destroy) = instance.framework.destroy {
        // SAFETY: the table is valid until the end of this function.
        unsafe { destroy(&raw const instance.table) };
    }
}

unsafe extern "C" fn on_main_thread(plugin: *const clap_plugin) {
    // SAFETY: hosts pass the pointer that `create` returned.
    let instance = unsafe { instance(plugin) };
    if instance.changed.swap(false, Ordering::AcqRel) {
        instance.host.mark_dirty();
    }
    if let Some(on_main_thread) = instance.framework.on_main_thread {
        // SAFETY: the host's argument is passed on unchanged.
        unsafe { on_main_thread(plugin) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    use groove::take::{Primer, Rhythm};

    static REQUESTED: AtomicU32 = AtomicU32::new(0);
    static MARKED: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C" fn extension(_: *const clap_host, name: *const c_char) -> *const c_void {
        static STATE: clap_host_state = clap_host_state { mark_dirty: Some(mark) };
        // SAFETY: the name is a C string, as CLAP requires.
        match unsafe { CStr::from_ptr(name) } == CLAP_EXT_STATE {
            true => (&raw const STATE).cast(),
            false => ptr::null(),
        }
    }

    unsafe extern "C" fn mark(_: *const clap_host) {
        MARKED.fetch_add(1, Ordering::Relaxed);
    }

    unsafe extern "C" fn request(_: *const clap_host) {
        REQUESTED.fetch_add(1, Ordering::Relaxed);
    }

    unsafe extern "C" fn ignore(_: *const clap_host) {}

    #[test]
    fn a_change_marks_the_project_without_a_window() {
        let host = clap_host {
            clap_version: CLAP_VERSION,
            host_data: ptr::null_mut(),
            name: c"test".as_ptr(),
            vendor: c"".as_ptr(),
            url: c"".as_ptr(),
            version: c"".as_ptr(),
            get_extension: Some(extension),
            request_restart: Some(ignore),
            request_process: Some(ignore),
            request_callback: Some(request),
        };
        let counts = || [&REQUESTED, &MARKED].map(|count| count.load(Ordering::Relaxed));
        // SAFETY: the calls are in the order that CLAP defines, and the host outlives the plugin.
        unsafe {
            let plugin =
                create(&raw const FACTORY, &raw const host, described().clap_id().as_ptr());
            let call = |function: Option<unsafe extern "C" fn(*const clap_plugin)>| {
                function.expect("a function")(plugin);
            };
            assert!((*plugin).init.expect("a function")(plugin));
            call((*plugin).on_main_thread);
            let [requested, marked] = counts();
            assert_eq!(marked, 0, "nothing was changed");
            let store = Arc::clone(instance(plugin).store.as_ref().expect("the project"));
            let primer = Primer::Tap(Rhythm { onsets: 5, steps: 16 });
            store.record_primer(store.extras().primer_version, primer);
            assert_eq!(counts(), [requested + 1, 0]);
            call((*plugin).on_main_thread);
            call((*plugin).on_main_thread);
            assert_eq!(MARKED.load(Ordering::Relaxed), 1, "once");
            call((*plugin).destroy);
            // A worker may outlive its instance for a moment.
            store.mark_changed();
            assert_eq!(MARKED.load(Ordering::Relaxed), 1);
        }
    }
}
