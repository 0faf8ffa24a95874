//! Note effect: the same plugin without audio ports, for hosts that put note effects before an
//! instrument. Its kit is silent. Its state is the instrument's: each loads what the other saved.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::OnceLock;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::plugin_features::{
    CLAP_PLUGIN_FEATURE_DRUM, CLAP_PLUGIN_FEATURE_DRUM_MACHINE, CLAP_PLUGIN_FEATURE_NOTE_EFFECT,
};
use nice_plug::wrapper::clap::{PluginDescriptor, clap_plugin_descriptor};

/// CLAP id of the note effect. It must never change: projects refer to it.
pub(super) const ID: &CStr = c"org.deeppocket.deep-pocket.notes";

/// Features, ended by a null pointer.
struct Features([*const c_char; 4]);

// SAFETY: the pointers are to constants.
unsafe impl Sync for Features {}

static FEATURES: Features = Features([
    CLAP_PLUGIN_FEATURE_NOTE_EFFECT.as_ptr(),
    CLAP_PLUGIN_FEATURE_DRUM.as_ptr(),
    CLAP_PLUGIN_FEATURE_DRUM_MACHINE.as_ptr(),
    ptr::null(),
]);

/// Returns the descriptor: that of the instrument, which lives as long as the program, with another id,
/// name and features.
pub(super) fn descriptor(instrument: &PluginDescriptor) -> &'static clap_plugin_descriptor {
    static DESCRIPTOR: OnceLock<clap_plugin_descriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(|| clap_plugin_descriptor {
        id: ID.as_ptr(),
        name: c"Deep Pocket Notes".as_ptr(),
        description: c"Deep Pocket as a note effect: put it before a drum instrument".as_ptr(),
        features: FEATURES.0.as_ptr(),
        ..*instrument.clap_plugin_descriptor()
    })
}

/// Stereo output that nobody hears: the framework skips blocks without one.
#[derive(Default)]
pub(super) struct UnheardOutput(UnsafeCell<[Vec<f32>; 2]>);

// SAFETY: `resize` is called while the plugin is not active, and `with_port` while it is.
unsafe impl Sync for UnheardOutput {}

impl UnheardOutput {
    /// Makes room for blocks of this length. Allocates.
    ///
    /// # Safety
    /// The plugin must not be active.
    pub(super) unsafe fn resize(&self, frames: u32) {
        let frames = usize::try_from(frames).unwrap_or(0);
        // SAFETY: no block is processed now, as the caller guarantees.
        *unsafe { &mut *self.0.get() } = [vec![0.0; frames], vec![0.0; frames]];
    }

    /// Calls a function with the port; returns `None` if there is no room for a block of this length.
    ///
    /// # Safety
    /// For the audio thread of an active plugin.
    pub(super) unsafe fn with_port<R>(
        &self,
        frames: u32,
        act: impl FnOnce(*mut clap_audio_buffer) -> R,
    ) -> Option<R> {
        // SAFETY: only one thread processes blocks, and `resize` is not called meanwhile.
        let channels = unsafe { &mut *self.0.get() };
        if channels[0].len() < usize::try_from(frames).ok()? {
            return None;
        }
        let mut pointers = channels.each_mut().map(|channel| channel.as_mut_ptr());
        let mut port = clap_audio_buffer {
            data32: pointers.as_mut_ptr(),
            data64: ptr::null_mut(),
            channel_count: 2,
            latency: 0,
            constant_mask: 0,
        };
        Some(act(&raw mut port))
    }
}
