//! An instance as its host sees it, and the host as the instance sees it.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use clap_sys::ext::gui::{CLAP_EXT_GUI, clap_host_gui};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use nice_plug::wrapper::clap::{clap_host, clap_plugin};

use super::note_effect::UnheardOutput;
use crate::SharedParts;
use crate::link::drum_outputs::DrumOutputs;

/// An instance as its host sees it. The framework finds its own data through the table's
/// `plugin_data`, so all its functions also work with this table.
#[repr(C)]
pub(super) struct ClapInstance {
    /// First field, so that the host's pointer is valid for the whole struct.
    pub(super) table: clap_plugin,
    pub(super) framework: clap_plugin,
    pub(super) host: HostPointer,
    pub(super) parts: SharedParts,
    /// The project has changed since it was marked.
    pub(super) changed: Arc<AtomicBool>,
    /// Drum map that the host was last told of, as in
    /// [`note_names::meaning`](super::note_names::meaning).
    pub(super) names: AtomicU64,
    /// The note names have changed since the host was told.
    pub(super) names_changed: AtomicBool,
    /// The host gets raw MIDI instead of note events: it has refused one, or is known to need it.
    /// Used by the audio thread only.
    pub(super) midi_only: AtomicBool,
    /// `init` has succeeded.
    pub(super) initialised: AtomicBool,
    /// The instance has been activated at least once.
    pub(super) activated: AtomicBool,
    pub(super) variant: Variant,
}

/// Which of the factory's plugins an instance is, with what it has of its own.
pub(super) enum Variant {
    Instrument,
    NoteEffect(UnheardOutput),
    Outputs(Arc<DrumOutputs>),
}

/// Returns the instance of a host's pointer.
///
/// # Safety
/// The pointer must come from the factory and not be destroyed yet.
pub(super) unsafe fn instance<'a>(plugin: *const clap_plugin) -> &'a ClapInstance {
    // SAFETY: guaranteed by the caller; the table is the first field.
    unsafe { &*plugin.cast::<ClapInstance>() }
}

/// Returns an extension of the framework.
///
/// # Safety
/// As for [`instance`]; `T` must be the extension's type.
pub(super) unsafe fn framework_extension<'a, T>(
    plugin: *const clap_plugin,
    id: &CStr,
) -> Option<&'a T> {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let get = instance(plugin).framework.get_extension?;
        get(plugin, id.as_ptr()).cast::<T>().as_ref()
    }
}

/// The host of an instance, which it outlives.
#[derive(Clone, Copy)]
pub(super) struct HostPointer(pub(super) *const clap_host);

// SAFETY: `request_callback` may be called from any thread; the rest is called from the main thread
// only.
unsafe impl Send for HostPointer {}
// SAFETY: as above.
unsafe impl Sync for HostPointer {}

impl HostPointer {
    /// Returns `true` for the host of an Audio Unit, which is clap-wrapper.
    pub(super) fn is_clap_wrapper(self) -> bool {
        // SAFETY: the host outlives the plugin; its vendor is null or a C string.
        unsafe {
            let vendor = (*self.0).vendor;
            !vendor.is_null() && CStr::from_ptr(vendor) == c"The CLAP Wrapper Team"
        }
    }

    /// Requests a call of `on_main_thread`. For any thread.
    pub(super) fn request_callback(self) {
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
    pub(super) unsafe fn extension<T>(self, id: &CStr) -> Option<&'static T> {
        // SAFETY: the host outlives the plugin, and its extensions live as long.
        unsafe { (*self.0).get_extension?(self.0, id.as_ptr()).cast::<T>().as_ref() }
    }

    /// Marks the project as modified, if the host has projects. For the main thread.
    pub(super) fn mark_dirty(self) {
        // SAFETY: the type is that of the extension.
        let state = unsafe { self.extension::<clap_host_state>(CLAP_EXT_STATE) };
        if let Some(mark) = state.and_then(|state| state.mark_dirty) {
            // SAFETY: the host outlives the plugin.
            unsafe { mark(self.0) };
        }
    }

    /// Tells the host that parameters have new values. For the main thread.
    pub(super) fn rescan_values(self) {
        // SAFETY: the type is that of the extension.
        let params = unsafe { self.extension::<clap_host_params>(CLAP_EXT_PARAMS) };
        if let Some(rescan) = params.and_then(|params| params.rescan) {
            // SAFETY: the host outlives the plugin.
            unsafe { rescan(self.0, CLAP_PARAM_RESCAN_VALUES) };
        }
    }

    /// Returns `true` if the host has the functions that an open window calls. For the main thread.
    pub(super) fn has_windows(self) -> bool {
        // SAFETY: the type is that of the extension.
        let gui = unsafe { self.extension::<clap_host_gui>(CLAP_EXT_GUI) };
        gui.is_some_and(|gui| gui.request_resize.is_some() && gui.closed.is_some())
    }
}
