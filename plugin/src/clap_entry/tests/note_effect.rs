//! The note effect: its descriptor, its ports, and the state that it shares with the instrument.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::atomic::Ordering;

use clap_sys::ext::audio_ports::CLAP_EXT_AUDIO_PORTS;
use clap_sys::ext::audio_ports_config::CLAP_EXT_AUDIO_PORTS_CONFIG;
use clap_sys::ext::note_ports::{CLAP_EXT_NOTE_PORTS, clap_plugin_note_ports};
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};

use super::super::{FACTORY, count, descriptor, note_effect};
use super::test_host::Instance;

#[test]
fn the_factory_lists_the_instrument_first_and_the_note_effect_second() {
    // SAFETY: the factory's functions take any index; the texts live as long as the program.
    unsafe {
        assert_eq!(count(&raw const FACTORY), 3);
        let [instrument, effect] = [0, 1].map(|index| descriptor(&raw const FACTORY, index));
        assert!(descriptor(&raw const FACTORY, 3).is_null());
        assert_eq!(CStr::from_ptr((*instrument).id), c"org.deeppocket.deep-pocket");
        assert_eq!(CStr::from_ptr((*effect).id), c"org.deeppocket.deep-pocket.notes");
        assert_eq!(CStr::from_ptr((*effect).version), CStr::from_ptr((*instrument).version));
        let features = |of: *const *const c_char| {
            (0..)
                .map(move |place| *of.add(place))
                .take_while(|text| !text.is_null())
                .map(|text| CStr::from_ptr(text))
                .collect::<Vec<_>>()
        };
        assert_eq!(features((*instrument).features)[0], c"instrument");
        assert_eq!(features((*effect).features), [c"note-effect", c"drum", c"drum-machine"]);
    }
}

#[test]
fn a_note_effect_has_notes_alone_and_survives_blocks_without_audio() {
    let effect = Instance::of(note_effect::ID);
    effect.init();
    assert!(effect.inner().parts.link.notes_only().load(Ordering::Relaxed));
    let ports: &clap_plugin_note_ports = effect.extension(CLAP_EXT_NOTE_PORTS);
    let block = |frames_count| clap_process {
        steady_time: -1,
        frames_count,
        transport: ptr::null(),
        audio_inputs: ptr::null(),
        audio_outputs: ptr::null_mut(),
        audio_inputs_count: 0,
        audio_outputs_count: 0,
        in_events: ptr::null(),
        out_events: ptr::null(),
    };
    let plugin = effect.plugin;
    // SAFETY: the calls are in the order that CLAP defines.
    unsafe {
        let get = (*plugin).get_extension.expect("a function");
        for audio in [CLAP_EXT_AUDIO_PORTS, CLAP_EXT_AUDIO_PORTS_CONFIG] {
            assert!(get(plugin, audio.as_ptr()).is_null());
        }
        let count = ports.count.expect("a function");
        assert_eq!([true, false].map(|is_input| count(plugin, is_input)), [1, 1]);
        assert_eq!(CStr::from_ptr((*(*plugin).desc).id), note_effect::ID);
        assert!((*plugin).activate.expect("a function")(plugin, 48_000.0, 1, 64));
        assert!((*plugin).start_processing.expect("a function")(plugin));
        let process = (*plugin).process.expect("a function");
        for (frames, succeeds) in [(1, true), (64, true), (65, false)] {
            let block = block(frames);
            let status = process(plugin, &raw const block);
            assert_eq!(status != CLAP_PROCESS_ERROR, succeeds, "{frames} frames");
        }
        (*plugin).stop_processing.expect("a function")(plugin);
        (*plugin).deactivate.expect("a function")(plugin);
    }
}

#[test]
fn a_state_moves_between_instrument_and_note_effect() {
    let (instrument, effect) = (Instance::new(), Instance::of(note_effect::ID));
    instrument.init();
    effect.init();
    let parts = |of: &Instance| of.inner().parts.clone();
    assert!(!parts(&instrument).link.notes_only().load(Ordering::Relaxed));
    instrument.assert_state_moves_to(&effect);
}
