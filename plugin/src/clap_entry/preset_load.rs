//! Preset load: the host loads a factory preset by its name or a preset of the user by its file.
//!
//! The preset is applied as the window applies one: it is an entry of the take's history. Its
//! parameters are set at once, as in the framework's loading of a state, and the host reads them
//! again; queued changes would arrive only with the next block, after a host may have saved.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap_sys::ext::preset_load::{
    CLAP_EXT_PRESET_LOAD, CLAP_EXT_PRESET_LOAD_COMPAT, clap_host_preset_load,
    clap_plugin_preset_load,
};
use clap_sys::factory::preset_discovery::{
    CLAP_PRESET_DISCOVERY_LOCATION_FILE, CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN,
    clap_preset_discovery_location_kind,
};
use nice_plug::params::internals::ParamPtr;
use nice_plug::wrapper::clap::clap_plugin;

use super::instance::{ClapInstance, HostPointer, instance};
use crate::project::presets::{self, Preset};
use crate::session::Session;

/// Extension of the plugin.
pub(super) static PRESET_LOAD: clap_plugin_preset_load =
    clap_plugin_preset_load { from_location: Some(from_location) };

unsafe extern "C" fn from_location(
    plugin: *const clap_plugin,
    kind: clap_preset_discovery_location_kind,
    location: *const c_char,
    load_key: *const c_char,
) -> bool {
    // SAFETY: hosts pass the pointer that the factory returned.
    let instance = unsafe { instance(plugin) };
    // SAFETY: the pointers are null or C strings, as CLAP requires.
    let found = unsafe { find(kind, text(location), text(load_key)) };
    let found = match instance.initialised.load(Ordering::Acquire) {
        true => found,
        false => Err("The preset cannot be loaded: the plugin is not initialised yet.".to_owned()),
    };
    let host = preset_functions(instance.host);
    match found {
        Ok(preset) => {
            apply(instance, preset);
            if let Some(loaded) = host.and_then(|host| host.loaded) {
                // SAFETY: the host outlives the plugin; the location is its own.
                unsafe { loaded(instance.host.0, kind, location, load_key) };
            }
            true
        }
        Err(sentence) => {
            let sentence = c_string(&sentence);
            if let Some(on_error) = host.and_then(|host| host.on_error) {
                // SAFETY: as above; the sentence outlives the call.
                unsafe {
                    on_error(instance.host.0, kind, location, load_key, 0, sentence.as_ptr());
                }
            }
            false
        }
    }
}

/// Returns the host's functions for presets, of the current version or the draft.
fn preset_functions(host: HostPointer) -> Option<&'static clap_host_preset_load> {
    // SAFETY: the type is that of both extensions.
    unsafe {
        host.extension(CLAP_EXT_PRESET_LOAD).or_else(|| host.extension(CLAP_EXT_PRESET_LOAD_COMPAT))
    }
}

/// Returns the text of a C string; `None` for a null pointer.
///
/// # Safety
/// The pointer must be null or a C string.
pub(super) unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    // SAFETY: guaranteed by the caller.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) })
}

/// Returns a text as a C string. Null characters, which it cannot hold, become spaces.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

/// Returns the preset at a location: of the plugin by name, or of a file.
///
/// # Errors
/// Returns a sentence if there is none or it cannot be read.
pub(super) fn find(
    kind: clap_preset_discovery_location_kind,
    location: Option<&CStr>,
    load_key: Option<&CStr>,
) -> Result<Preset, String> {
    match (kind, location, load_key) {
        (CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN, _, Some(name)) => {
            let name = name.to_string_lossy();
            let found = presets::factory().iter().find(|preset| preset.name == name);
            found.cloned().ok_or_else(|| format!("There is no factory preset named {name}."))
        }
        (CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN, _, None) => {
            Err("The host did not say which factory preset to load.".to_owned())
        }
        (CLAP_PRESET_DISCOVERY_LOCATION_FILE, Some(path), _) => match path.to_str() {
            Ok(path) => presets::load(Path::new(path)),
            Err(_) => Err("The path of the preset is not in UTF-8.".to_owned()),
        },
        _ => Err("The host did not say where the preset is.".to_owned()),
    }
}

/// Plays a preset.
fn apply(instance: &ClapInstance, preset: Preset) {
    let parts = &instance.parts;
    let mut set = |param: ParamPtr, value: f32| {
        // SAFETY: the pointer is into the parameters that the instance holds.
        unsafe { param._internal_set_normalized_value(value) };
    };
    let mut session = Session::new(Arc::clone(&parts.params), Arc::clone(&parts.link));
    session.play(&preset.take, &preset.performance, &mut set);
    parts.params.state.kept().set_loaded_preset(preset);
    instance.host.rescan_values();
}
