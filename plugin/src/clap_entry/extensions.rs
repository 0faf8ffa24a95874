//! Extensions of the framework with functions of our own before its functions: no window where the
//! framework would panic, and a look at the note names after each change of parameters outside of a
//! block.

use std::ffi::c_char;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use clap_sys::events::{clap_input_events, clap_output_events};
use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_plugin_gui};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_plugin_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::stream::clap_istream;
use nice_plug::wrapper::clap::clap_plugin;

use super::instance::{framework_extension, instance};
use super::note_names;

/// Returns the framework's window functions with a `create` of our own.
///
/// # Safety
/// As for [`instance`].
pub(super) unsafe fn gui(plugin: *const clap_plugin) -> Option<&'static clap_plugin_gui> {
    static TABLE: OnceLock<clap_plugin_gui> = OnceLock::new();
    // SAFETY: guaranteed by the caller; the type is that of the extension.
    let gui = unsafe { framework_extension::<clap_plugin_gui>(plugin, CLAP_EXT_GUI) }?;
    Some(TABLE.get_or_init(|| clap_plugin_gui { create: Some(create_window), ..*gui }))
}

unsafe extern "C" fn create_window(
    plugin: *const clap_plugin,
    api: *const c_char,
    is_floating: bool,
) -> bool {
    // SAFETY: hosts pass the pointer that the factory returned, and their own arguments.
    unsafe {
        !api.is_null()
            && instance(plugin).initialised.load(Ordering::Acquire)
            && instance(plugin).host.has_windows()
            && framework_extension::<clap_plugin_gui>(plugin, CLAP_EXT_GUI)
                .and_then(|gui| gui.create)
                .is_some_and(|create| create(plugin, api, is_floating))
    }
}

/// Returns the framework's parameters with a `flush` of our own.
///
/// # Safety
/// As for [`instance`].
pub(super) unsafe fn params(plugin: *const clap_plugin) -> Option<&'static clap_plugin_params> {
    static TABLE: OnceLock<clap_plugin_params> = OnceLock::new();
    // SAFETY: guaranteed by the caller; the type is that of the extension.
    let params = unsafe { framework_extension::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS) }?;
    Some(TABLE.get_or_init(|| clap_plugin_params { flush: Some(flush), ..*params }))
}

unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    input: *const clap_input_events,
    output: *const clap_output_events,
) {
    // SAFETY: hosts pass the pointer that the factory returned, and their own arguments.
    unsafe {
        let params = framework_extension::<clap_plugin_params>(plugin, CLAP_EXT_PARAMS);
        if let Some(flush) = params.and_then(|params| params.flush) {
            flush(plugin, input, output);
        }
        note_names::check(instance(plugin));
    }
}

/// Returns the framework's state with a `load` of our own.
///
/// # Safety
/// As for [`instance`].
pub(super) unsafe fn state(plugin: *const clap_plugin) -> Option<&'static clap_plugin_state> {
    static TABLE: OnceLock<clap_plugin_state> = OnceLock::new();
    // SAFETY: guaranteed by the caller; the type is that of the extension.
    let state = unsafe { framework_extension::<clap_plugin_state>(plugin, CLAP_EXT_STATE) }?;
    Some(TABLE.get_or_init(|| clap_plugin_state { load: Some(load), ..*state }))
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    // SAFETY: hosts pass the pointer that the factory returned, and their own arguments.
    unsafe {
        let state = framework_extension::<clap_plugin_state>(plugin, CLAP_EXT_STATE);
        let loaded = state.and_then(|state| state.load).is_some_and(|load| load(plugin, stream));
        note_names::check(instance(plugin));
        loaded
    }
}
