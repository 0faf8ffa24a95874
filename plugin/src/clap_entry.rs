//! CLAP entry point that sends raw MIDI to hosts that do not accept note events, marks the project
//! as modified, and offers what the framework lacks: note names, presets for the host's browser, a
//! [note effect](note_effect) of the same plugin, and one with [several outputs](outputs).
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
//! channels of it or of the output, and a host that lacks functions which CLAP requires.
//!
//! Upstream: nice-plug, `try_send_event` in `wrapper/clap/context.rs`; reports 7 to 9 of
//! `docs/upstream.md`. Delete this module, and export with `nice_export_clap!`, once nice-plug falls
//! back to `CLAP_EVENT_MIDI`, does not panic there, a plugin can mark its project, and it has
//! interfaces for note names and presets.

#[cfg(feature = "audio-unit")]
mod audio_unit;
mod block;
mod event_output;
mod extensions;
mod instance;
mod note_effect;
mod note_names;
mod outputs;
mod preset_discovery;
mod preset_load;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use clap_sys::ext::audio_ports::CLAP_EXT_AUDIO_PORTS;
use clap_sys::ext::audio_ports_config::CLAP_EXT_AUDIO_PORTS_CONFIG;
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::note_name::CLAP_EXT_NOTE_NAME;
use clap_sys::ext::params::CLAP_EXT_PARAMS;
use clap_sys::ext::preset_load::{CLAP_EXT_PRESET_LOAD, CLAP_EXT_PRESET_LOAD_COMPAT};
use clap_sys::ext::state::CLAP_EXT_STATE;
use clap_sys::factory::preset_discovery::{
    CLAP_PRESET_DISCOVERY_FACTORY_ID, CLAP_PRESET_DISCOVERY_FACTORY_ID_COMPAT,
};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use instance::{ClapInstance, HostPointer, Variant, instance};
use note_effect::UnheardOutput;

use crate::link::drum_outputs::{OutputsOwner, create_with};
use crate::{DeepPocket, ShareParts};

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

impl Variant {
    /// Creates the variant with a CLAP id.
    fn of(id: &CStr) -> Option<Self> {
        if id == described().clap_id() {
            Some(Variant::Instrument)
        } else if id == note_effect::ID {
            Some(Variant::NoteEffect(UnheardOutput::default()))
        } else {
            (id == outputs::ID).then(|| Variant::Outputs(Arc::default()))
        }
    }

    /// Returns the descriptor, which lives as long as the program.
    fn descriptor(&self) -> &'static clap_plugin_descriptor {
        match self {
            Variant::Instrument => described().clap_plugin_descriptor(),
            Variant::NoteEffect(_) => note_effect::descriptor(described()),
            Variant::Outputs(_) => outputs::descriptor(described()),
        }
    }
}

extern "C" fn init(_: *const c_char) -> bool {
    setup_logger::<DeepPocket>();
    true
}

extern "C" fn deinit() {}

extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: the pointer is a C string, as CLAP requires.
    let id = unsafe { CStr::from_ptr(id) };
    if id == CLAP_PLUGIN_FACTORY_ID {
        (&raw const FACTORY).cast()
    } else if [CLAP_PRESET_DISCOVERY_FACTORY_ID, CLAP_PRESET_DISCOVERY_FACTORY_ID_COMPAT]
        .contains(&id)
    {
        (&raw const preset_discovery::PRESET_DISCOVERY).cast()
    } else {
        ptr::null()
    }
}

unsafe extern "C" fn count(_: *const clap_plugin_factory) -> u32 {
    3
}

unsafe extern "C" fn descriptor(
    _: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    match index {
        0 => described().clap_plugin_descriptor(),
        1 => note_effect::descriptor(described()),
        2 => outputs::descriptor(described()),
        _ => ptr::null(),
    }
}

/// Returns `true` if a host has all functions that CLAP requires.
fn is_complete(host: &clap_host) -> bool {
    host.get_extension.is_some()
        && host.request_restart.is_some()
        && host.request_process.is_some()
        && host.request_callback.is_some()
}

unsafe extern "C" fn create(
    _: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: the pointer is a C string, as CLAP requires.
    let id = unsafe { CStr::from_ptr(id) };
    let Some(variant) = Variant::of(id) else { return ptr::null() };
    // SAFETY: the pointer is null or a host, as CLAP requires.
    if !unsafe { host.as_ref() }.is_some_and(is_complete) {
        return ptr::null();
    }
    // The framework takes the wrapper back when it destroys the plugin.
    // SAFETY: the host outlives the plugin, as CLAP requires.
    let new = || Arc::into_raw(unsafe { Wrapper::<DeepPocket>::new(host) });
    let wrapper = match &variant {
        Variant::Outputs(outputs) => create_with(&(Arc::clone(outputs) as OutputsOwner), new),
        Variant::Instrument | Variant::NoteEffect(_) => new(),
    };
    // SAFETY: the wrapper is alive and not shared yet.
    let framework = unsafe { *(*wrapper).clap_plugin.as_ptr() };
    let table = clap_plugin {
        desc: variant.descriptor(),
        init: Some(init_instance),
        destroy: Some(destroy),
        activate: Some(activate),
        process: Some(block::process),
        get_extension: Some(get_extension),
        on_main_thread: Some(on_main_thread),
        ..framework
    };
    let place = Arc::new(OnceLock::new());
    // SAFETY: as above.
    (unsafe { &*wrapper }.task_executor.lock())(ShareParts(Arc::clone(&place)));
    let Some(parts) = place.get().cloned() else {
        // SAFETY: the wrapper came from `into_raw`, and nobody else has it.
        drop(unsafe { Arc::from_raw(wrapper) });
        return ptr::null();
    };
    if matches!(variant, Variant::NoteEffect(_)) {
        parts.link.notes_only().store(true, Ordering::Relaxed);
    }
    // See `audio_unit`.
    let midi_only = cfg!(feature = "audio-unit") && HostPointer(host).is_clap_wrapper();
    let (host, changed) = (HostPointer(host), Arc::new(AtomicBool::new(false)));
    let mark = Arc::clone(&changed);
    parts.params.state.kept().set_on_change(Some(Box::new(move || {
        mark.store(true, Ordering::Release);
        host.request_callback();
    })));
    let names = AtomicU64::new(note_names::meaning(&parts.params));
    let [names_changed, initialised, activated] = [false; 3].map(AtomicBool::new);
    let instance = ClapInstance {
        table,
        framework,
        host,
        parts,
        changed,
        names,
        names_changed,
        midi_only: AtomicBool::new(midi_only),
        initialised,
        activated,
        variant,
    };
    Box::into_raw(Box::new(instance)).cast()
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    // SAFETY: the host destroys each instance from `create` once.
    let instance = unsafe { Box::from_raw(plugin.cast::<ClapInstance>().cast_mut()) };
    instance.parts.params.state.kept().set_on_change(None);
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
    note_names::report(instance);
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
    if let Variant::NoteEffect(unheard) = &instance.variant {
        // SAFETY: hosts activate a plugin that is not active.
        unsafe { unheard.resize(longest) };
    }
    // SAFETY: the host's arguments are passed on unchanged.
    let active = unsafe { activate(plugin, rate, shortest, longest) };
    instance.activated.fetch_or(active, Ordering::Release);
    active
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    /// Returns the address of a table, null if there is none.
    fn address<T>(table: Option<&'static T>) -> *const c_void {
        table.map_or(ptr::null(), |table| ptr::from_ref(table).cast())
    }
    if id.is_null() {
        return ptr::null();
    }
    // SAFETY: the pointer is a C string, as CLAP requires.
    let name = unsafe { CStr::from_ptr(id) };
    // SAFETY: hosts pass the pointer that `create` returned.
    unsafe {
        let variant = &instance(plugin).variant;
        let has_own_ports = !matches!(variant, Variant::Instrument);
        if has_own_ports && name == CLAP_EXT_AUDIO_PORTS {
            let has_outputs = matches!(variant, Variant::Outputs(_));
            address(has_outputs.then_some(&outputs::AUDIO_PORTS))
        } else if has_own_ports && name == CLAP_EXT_AUDIO_PORTS_CONFIG {
            ptr::null()
        } else if name == CLAP_EXT_GUI {
            address(extensions::gui(plugin))
        } else if name == CLAP_EXT_PARAMS {
            address(extensions::params(plugin))
        } else if name == CLAP_EXT_STATE {
            address(extensions::state(plugin))
        } else if name == CLAP_EXT_NOTE_NAME {
            address(Some(&note_names::NOTE_NAMES))
        } else if name == CLAP_EXT_PRESET_LOAD || name == CLAP_EXT_PRESET_LOAD_COMPAT {
            address(Some(&preset_load::PRESET_LOAD))
        } else {
            let get = instance(plugin).framework.get_extension;
            get.map_or(ptr::null(), |get| get(plugin, id))
        }
    }
}
