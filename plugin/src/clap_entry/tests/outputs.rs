//! The plugin with several outputs: its ports, its blocks, and the state that it shares with the
//! instrument.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::ext::audio_ports::{
    CLAP_AUDIO_PORT_IS_MAIN, CLAP_EXT_AUDIO_PORTS, CLAP_PORT_STEREO, clap_plugin_audio_ports,
};
use clap_sys::ext::audio_ports_config::CLAP_EXT_AUDIO_PORTS_CONFIG;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use groove::Drum;

use super::super::{FACTORY, descriptor, outputs};
use super::test_host::Instance;

/// Outputs of the plugin.
const OUTPUTS: usize = 10;

#[test]
fn the_drums_have_ports_after_the_main_output() {
    let plugin = Instance::of(outputs::ID);
    plugin.init();
    // SAFETY: the factory's functions take any index, and the texts live as long as the program.
    unsafe {
        let listed = descriptor(&raw const FACTORY, 2);
        assert_eq!(CStr::from_ptr((*listed).id), c"org.deeppocket.deep-pocket.outputs");
        assert_eq!((*plugin.plugin).desc, listed);
        let get = (*plugin.plugin).get_extension.expect("a function");
        assert!(get(plugin.plugin, CLAP_EXT_AUDIO_PORTS_CONFIG.as_ptr()).is_null());
    }
    let ports: &clap_plugin_audio_ports = plugin.extension(CLAP_EXT_AUDIO_PORTS);
    let (count, get) = (ports.count.expect("a function"), ports.get.expect("a function"));
    let info = |index, is_input| {
        let mut info = MaybeUninit::zeroed();
        // SAFETY: the place outlives the call, and zeros are a valid structure.
        unsafe {
            let found = get(plugin.plugin, index, is_input, info.as_mut_ptr());
            found.then(|| info.assume_init())
        }
    };
    // SAFETY: the plugin lives as long as `plugin`.
    let counts = unsafe { [true, false].map(|is_input| count(plugin.plugin, is_input)) };
    assert_eq!(counts, [1, 10]);
    let side_chain = info(0, true).expect("a port");
    let main = info(0, false).expect("a port");
    // Hosts keep the ids with the project.
    assert_eq!((side_chain.id, main.id), (0, 1));
    assert_eq!((main.flags, main.channel_count), (CLAP_AUDIO_PORT_IS_MAIN, 2));
    for (index, drum) in (1..).zip(Drum::ALL) {
        let port = info(index, false).expect("a port");
        assert_eq!((port.id, port.flags, port.channel_count), (index + 1, 0, 2));
        // SAFETY: both are C strings.
        unsafe {
            assert_eq!(CStr::from_ptr(port.port_type), CLAP_PORT_STEREO);
            assert_eq!(CStr::from_ptr(port.name.as_ptr()).to_str(), Ok(drum.name()));
        }
    }
    assert!(info(10, false).is_none() && info(1, true).is_none());
    // SAFETY: as above.
    assert!(!unsafe { get(plugin.plugin, 1, false, ptr::null_mut()) });
}

/// Outputs of a host: so many ports, of which some are incomplete, and buffers that are not silent.
fn block(
    plugin: &Instance,
    count: usize,
    channels: impl Fn(usize) -> [bool; 2],
) -> (i32, Vec<[Vec<f32>; 2]>) {
    const FRAMES: usize = 64;
    let mut sound: Vec<_> = (0..count).map(|_| [vec![1f32; FRAMES], vec![1f32; FRAMES]]).collect();
    let mut pointers: Vec<_> = sound
        .iter_mut()
        .enumerate()
        .map(|(output, sides)| {
            let mut has = channels(output).into_iter();
            sides.each_mut().map(|side| {
                if has.next() == Some(true) { side.as_mut_ptr() } else { ptr::null_mut() }
            })
        })
        .collect();
    // Exactly as many as the host says: a sanitizer finds what reads past them.
    let mut ports: Box<[_]> = pointers
        .iter_mut()
        .map(|pair| clap_audio_buffer {
            data32: pair.as_mut_ptr(),
            data64: ptr::null_mut(),
            channel_count: 2,
            latency: 0,
            constant_mask: 0,
        })
        .collect();
    let block = clap_process {
        steady_time: -1,
        frames_count: 64,
        transport: ptr::null(),
        audio_inputs: ptr::null(),
        audio_outputs: ports.as_mut_ptr(),
        audio_inputs_count: 0,
        audio_outputs_count: u32::try_from(count).expect("few"),
        in_events: ptr::null(),
        out_events: ptr::null(),
    };
    // SAFETY: the block outlives the call, and the plugin is active.
    let status =
        unsafe { (*plugin.plugin).process.expect("a function")(plugin.plugin, &raw const block) };
    (status, sound)
}

#[test]
fn hosts_may_pass_fewer_outputs_and_incomplete_ones() {
    let instance = Instance::of(outputs::ID);
    instance.init();
    let plugin = instance.plugin;
    // SAFETY: the calls are in the order that CLAP defines.
    unsafe {
        assert!((*plugin).activate.expect("a function")(plugin, 48_000.0, 1, 64));
        assert!((*plugin).start_processing.expect("a function")(plugin));
    }
    for count in 0..=OUTPUTS + 1 {
        let (status, sound) = block(&instance, count, |_| [true; 2]);
        assert_ne!(status, CLAP_PROCESS_ERROR, "{count} outputs");
        for (output, sides) in sound.iter().enumerate() {
            // The plugin does not know an eleventh one.
            let expected = if output < OUTPUTS { 0.0 } else { 1.0 };
            assert!(sides.iter().flatten().all(|it| *it == expected), "{output} of {count}");
        }
        for incomplete in 1..count.min(OUTPUTS) {
            let has = |output| [output != incomplete, output != incomplete + 1];
            let (status, sound) = block(&instance, count, has);
            assert_ne!(status, CLAP_PROCESS_ERROR, "{incomplete} of {count} outputs");
            for (output, sides) in sound.iter().enumerate().take(OUTPUTS) {
                for (side, has) in sides.iter().zip(has(output)) {
                    let expected = if has { 0.0 } else { 1.0 };
                    assert!(side.iter().all(|it| *it == expected), "{output} of {count}");
                }
            }
        }
    }
    let (status, _) = block(&instance, OUTPUTS, |output| [output > 0; 2]);
    assert_eq!(status, CLAP_PROCESS_ERROR, "no main output");
    // SAFETY: as above.
    unsafe {
        (*plugin).stop_processing.expect("a function")(plugin);
        (*plugin).deactivate.expect("a function")(plugin);
    }
}

#[test]
fn a_state_moves_between_the_plugins_with_one_and_with_several_outputs() {
    let (instrument, several) = (Instance::new(), Instance::of(outputs::ID));
    instrument.init();
    several.init();
    instrument.assert_state_moves_to(&several);
}
