//! The plugin with several outputs: the same plugin with a further stereo output for each drum. Its
//! state is the instrument's: each loads what the other saved.
//!
//! Works around: the framework reads outputs that a host does not pass, and skips blocks that lack
//! one. It therefore knows the main output only, and the outputs of the drums reach the kit through
//! [`DrumOutputs`].
//!
//! Upstream: nice-plug, `process` in `wrapper/clap/wrapper.rs`; report 11 of `docs/upstream.md`.

use std::ffi::CStr;
use std::sync::OnceLock;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::ext::audio_ports::{
    CLAP_EXT_AUDIO_PORTS, CLAP_PORT_STEREO, clap_audio_port_info, clap_plugin_audio_ports,
};
use clap_sys::id::CLAP_INVALID_ID;
use clap_sys::process::clap_process;
use groove::{CLASSES, Drum};
use nice_plug::wrapper::clap::{PluginDescriptor, clap_plugin, clap_plugin_descriptor};

use super::instance::framework_extension;
use super::note_names;
use crate::link::drum_outputs::DrumOutputs;

/// CLAP id of the plugin with several outputs. It must never change: projects refer to it.
pub(super) const ID: &CStr = c"org.deeppocket.deep-pocket.outputs";

/// Id of the first drum's port; the others follow in class order. The framework's ports have smaller
/// ones.
const FIRST_PORT_ID: u32 = 2;

/// Returns the descriptor: that of the instrument with another id, name and description.
pub(super) fn descriptor(instrument: &PluginDescriptor) -> &'static clap_plugin_descriptor {
    static DESCRIPTOR: OnceLock<clap_plugin_descriptor> = OnceLock::new();
    DESCRIPTOR.get_or_init(|| clap_plugin_descriptor {
        id: ID.as_ptr(),
        name: c"Deep Pocket Outputs".as_ptr(),
        description: c"Deep Pocket with a stereo output for each drum".as_ptr(),
        ..*instrument.clap_plugin_descriptor()
    })
}

/// Audio ports: those of the instrument, then the drums.
pub(super) static AUDIO_PORTS: clap_plugin_audio_ports =
    clap_plugin_audio_ports { count: Some(count), get: Some(get) };

unsafe extern "C" fn count(plugin: *const clap_plugin, is_input: bool) -> u32 {
    // SAFETY: hosts pass the pointer that the factory returned; the type is that of the extension.
    let framework = unsafe {
        framework_extension::<clap_plugin_audio_ports>(plugin, CLAP_EXT_AUDIO_PORTS)
            .and_then(|ports| ports.count)
            .map_or(0, |count| count(plugin, is_input))
    };
    framework + if is_input { 0 } else { u32::try_from(CLASSES).unwrap_or(0) }
}

unsafe extern "C" fn get(
    plugin: *const clap_plugin,
    index: u32,
    is_input: bool,
    info: *mut clap_audio_port_info,
) -> bool {
    if is_input || index == 0 {
        // SAFETY: hosts pass the pointer that the factory returned, and their own arguments; the type
        // is that of the extension.
        return unsafe {
            framework_extension::<clap_plugin_audio_ports>(plugin, CLAP_EXT_AUDIO_PORTS)
                .and_then(|ports| ports.get)
                .is_some_and(|get| get(plugin, index, is_input, info))
        };
    }
    let place = index - 1;
    let drum = usize::try_from(place).ok().and_then(|place| Drum::ALL.get(place));
    let Some(drum) = drum.filter(|_| !info.is_null()) else { return false };
    let port = clap_audio_port_info {
        id: FIRST_PORT_ID + place,
        name: note_names::c_name(drum.name()),
        flags: 0,
        channel_count: 2,
        port_type: CLAP_PORT_STEREO.as_ptr(),
        in_place_pair: CLAP_INVALID_ID,
    };
    // SAFETY: the host passes a pointer to such a structure.
    unsafe { info.write(port) };
    true
}

/// Has a block processed with the drums' outputs.
///
/// # Safety
/// For the audio thread; the outputs must be valid as far as the block counts them.
pub(super) unsafe fn process<R>(
    outputs: &DrumOutputs,
    block: &clap_process,
    process: impl FnOnce() -> R,
) -> R {
    let frames = usize::try_from(block.frames_count).unwrap_or(0);
    // SAFETY: guaranteed by the caller.
    unsafe {
        let main = channels(block, 0);
        let drums = std::array::from_fn(|place| channels(block, place + 1));
        outputs.with(frames, main, &drums, process)
    }
}

/// Returns the channels of an output; none if the host does not pass it.
///
/// # Safety
/// As for [`process`].
pub(super) unsafe fn channels(block: &clap_process, output: usize) -> &[*mut f32] {
    let count = usize::try_from(block.audio_outputs_count).unwrap_or(0);
    if output >= count || block.audio_outputs.is_null() {
        return &[];
    }
    // SAFETY: guaranteed by the caller; a port has as many pointers as channels.
    unsafe {
        let &clap_audio_buffer { data32, channel_count, .. } = &*block.audio_outputs.add(output);
        let channels = usize::try_from(channel_count).unwrap_or(0);
        if data32.is_null() { &[] } else { std::slice::from_raw_parts(data32, channels) }
    }
}
