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
//! Calls on which the framework panics do not reach it, because a panic in its functions aborts the
//! host: a window in a host without `clap.gui` or before `init`, a block before the first
//! activation, a SysEx event without data, a block without the declared side-chain or with missing
//! channels of it, and a host that lacks functions which CLAP requires.
//!
//! Upstream: nice-plug, `try_send_event` in `wrapper/clap/context.rs`; reports 7 to 9 of
//! `docs/upstream.md`. Delete this module, and export with `nice_export_clap!`, once nice-plug falls
//! back to `CLAP_EVENT_MIDI`, does not panic there, and a plugin can mark its project.

mod event_output;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI_SYSEX, clap_event_header, clap_event_midi_sysex,
    clap_input_events, clap_output_events,
};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui, clap_plugin_gui};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use event_output::{EventOutput, push};

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
    if id.is_null() || unsafe { CStr::from_ptr(id) } != described().clap_id() {
        return ptr::null();
    }
    // SAFETY: the pointer is null or a host, as CLAP requires.
    let complete = unsafe { host.as_ref() }.is_some_and(|host| {
        host.get_extension.is_some()
            && host.request_restart.is_some()
            && host.request_process.is_some()
            && host.request_callback.is_some()
    });
    if !complete {
        return ptr::null();
    }
    // The framework takes the wrapper back when it destroys the plugin.
    // SAFETY: the host outlives the plugin, as CLAP requires.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<DeepPocket>::new(host) });
    // SAFETY: the wrapper is alive and not shared yet.
    let framework = unsafe { *(*wrapper).clap_plugin.as_ptr() };
    let table = clap_plugin {
        init: Some(init_instance),
        destroy: Some(destroy),
        activate: Some(activate),
        process: Some(process),
        get_extension: Some(get_extension),
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
    let (host, gui) = (HostPointer(host), OnceLock::new());
    let [midi_only, initialised, activated] = [false; 3].map(AtomicBool::new);
    let instance = ClapInstance {
        table,
        framework,
        gui,
        host,
        store,
        changed,
        midi_only,
        initialised,
        activated,
    };
    Box::into_raw(Box::new(instance)).cast()
}

/// An instance as its host sees it. The framework finds its own data through the table's
/// `plugin_data`, so all its functions also work with this table.
#[repr(C)]
struct ClapInstance {
    /// First field, so that the host's pointer is valid for the whole struct.
    table: clap_plugin,
    framework: clap_plugin,
    /// The framework's window functions with a `create` of our own. Set on the main thread.
    gui: OnceLock<clap_plugin_gui>,
    host: HostPointer,
    store: Option<Arc<ProjectStore>>,
    /// The project has changed since it was marked.
    changed: Arc<AtomicBool>,
    /// The host has refused a note event and accepted it as raw MIDI. Used by the audio thread
    /// only.
    midi_only: AtomicBool,
    /// `init` has succeeded.
    initialised: AtomicBool,
    /// The instance has been activated at least once.
    activated: AtomicBool,
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

    /// Returns an extension of the host. For the main thread.
    ///
    /// # Safety
    /// `T` must be the extension's type.
    unsafe fn extension<T>(self, id: &CStr) -> Option<&'static T> {
        // SAFETY: the host outlives the plugin, and its extensions live as long.
        unsafe { (*self.0).get_extension?(self.0, id.as_ptr()).cast::<T>().as_ref() }
    }

    /// Marks the project as modified, if the host has projects. For the main thread.
    fn mark_dirty(self) {
        // SAFETY: the type is that of the extension.
        let state = unsafe { self.extension::<clap_host_state>(CLAP_EXT_STATE) };
        if let Some(mark) = state.and_then(|state| state.mark_dirty) {
            // SAFETY: the host outlives the plugin.
            unsafe { mark(self.0) };
        }
    }

    /// Returns `true` if the host has the functions that an open window calls. For the main thread.
    fn has_windows(self) -> bool {
        // SAFETY: the type is that of the extension.
        let gui = unsafe { self.extension::<clap_host_gui>(CLAP_EXT_GUI) };
        gui.is_some_and(|gui| gui.request_resize.is_some() && gui.closed.is_some())
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

unsafe extern "C" fn init_instance(plugin: *const clap_plugin) -> bool {
    // SAFETY: hosts pass the pointer that `create` returned.
    let instance = unsafe { instance(plugin) };
    // SAFETY: the host's argument is passed on unchanged.
    let done = instance.framework.init.is_some_and(|init| unsafe { init(plugin) });
    instance.initialised.fetch_or(done, Ordering::Release);
    done
}

unsafe extern "C" fn activate(
    plugin: *const clap_plugin,
    rate: f64,
    shortest: u32,
    longest: u32,
) -> bool {
    // SAFETY: hosts pass the pointer that `create` returned.
    let instance = unsafe { instance(plugin) };
    let Some(activate) = instance.framework.activate else { return false };
    // SAFETY: the host's arguments are passed on unchanged.
    let active = unsafe { activate(plugin, rate, shortest, longest) };
    instance.activated.fetch_or(active, Ordering::Release);
    active
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    // SAFETY: the pointer is null or a C string, as CLAP requires.
    if id.is_null() || unsafe { CStr::from_ptr(id) } != CLAP_EXT_GUI {
        // SAFETY: hosts pass the pointer that `create` returned.
        let get = unsafe { instance(plugin) }.framework.get_extension;
        // SAFETY: the host's arguments are passed on unchanged.
        return get.map_or(ptr::null(), |get| unsafe { get(plugin, id) });
    }
    // SAFETY: hosts pass the pointer that `create` returned.
    let (instance, gui) = unsafe { (instance(plugin), window_functions(plugin)) };
    gui.map_or(ptr::null(), |gui| {
        let gui = clap_plugin_gui { create: Some(create_window), ..*gui };
        ptr::from_ref(instance.gui.get_or_init(|| gui)).cast()
    })
}

/// Returns the framework's window functions.
///
/// # Safety
/// As for [`instance`].
unsafe fn window_functions<'a>(plugin: *const clap_plugin) -> Option<&'a clap_plugin_gui> {
    // SAFETY: guaranteed by the caller; the framework returns this type.
    unsafe {
        let get = instance(plugin).framework.get_extension?;
        get(plugin, CLAP_EXT_GUI.as_ptr()).cast::<clap_plugin_gui>().as_ref()
    }
}

unsafe extern "C" fn create_window(
    plugin: *const clap_plugin,
    api: *const c_char,
    is_floating: bool,
) -> bool {
    // SAFETY: hosts pass the pointer that `create` returned, and their own arguments.
    unsafe {
        !api.is_null()
            && instance(plugin).initialised.load(Ordering::Acquire)
            && instance(plugin).host.has_windows()
            && window_functions(plugin)
                .and_then(|gui| gui.create)
                .is_some_and(|create| create(plugin, api, is_floating))
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
    // SAFETY: the block is a copy of the host's with queues that outlive this call.
    unsafe { process(plugin, &raw const block) }
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
