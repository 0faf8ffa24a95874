//! Note names and pages of controls as a host sees them.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_param_value,
};
use clap_sys::ext::note_name::{CLAP_EXT_NOTE_NAME, clap_note_name, clap_plugin_note_name};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::remote_controls::{
    CLAP_EXT_REMOTE_CONTROLS, clap_plugin_remote_controls, clap_remote_controls_page,
};
use clap_sys::id::CLAP_INVALID_ID;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};

use super::test_host::{Changes, Instance};

/// Returns ids and names of the parameters.
fn params(instance: &Instance) -> Vec<(u32, String)> {
    let params: &clap_plugin_params = instance.extension(CLAP_EXT_PARAMS);
    // SAFETY: the plugin lives, and each structure that it fills outlives the calls.
    unsafe {
        let count = params.count.expect("a function")(instance.plugin);
        let info = |index| {
            let mut info = MaybeUninit::<clap_param_info>::zeroed();
            let get = params.get_info.expect("a function");
            assert!(get(instance.plugin, index, info.as_mut_ptr()));
            let info = info.assume_init();
            let name = CStr::from_ptr(info.name.as_ptr()).to_string_lossy().into_owned();
            (info.id, name)
        };
        (0..count).map(info).collect()
    }
}

/// A change of the drum map, as an event.
fn map_event(instance: &Instance, map: u8) -> Changes {
    let known = params(instance);
    let (param_id, _) = known.iter().find(|(_, name)| name == "Drum map").expect("the map");
    let header = clap_event_header {
        size: u32::try_from(size_of::<clap_event_param_value>()).expect("small"),
        time: 0,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: CLAP_EVENT_PARAM_VALUE,
        flags: 0,
    };
    Changes(vec![clap_event_param_value {
        header,
        param_id: *param_id,
        cookie: std::ptr::null_mut(),
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        value: map.into(),
    }])
}

/// Returns the name of a pitch as the host reads it.
fn note_name(instance: &Instance, pitch: i16) -> Option<String> {
    let names: &clap_plugin_note_name = instance.extension(CLAP_EXT_NOTE_NAME);
    // SAFETY: as in `params`.
    unsafe {
        let get = names.get.expect("a function");
        let count = names.count.expect("a function")(instance.plugin);
        let mut name = MaybeUninit::<clap_note_name>::zeroed();
        assert!(!get(instance.plugin, count, name.as_mut_ptr()), "beyond the last");
        let found = (0..count).map(|index| {
            assert!(get(instance.plugin, index, name.as_mut_ptr()));
            name.assume_init()
        });
        let found = found.filter(|name| name.key == pitch).collect::<Vec<_>>();
        assert!(found.len() <= 1, "one name for each pitch");
        let name = found.first()?;
        assert_eq!((name.port, name.channel), (-1, -1));
        Some(CStr::from_ptr(name.name.as_ptr()).to_string_lossy().into_owned())
    }
}

#[test]
fn the_host_is_told_of_other_names_after_each_way_to_change_the_map() {
    let instance = Instance::new();
    instance.init();
    let known = || instance.told.names_changed.load(Ordering::Relaxed);
    let asked = || instance.told.callbacks.swap(0, Ordering::Relaxed) > 0;
    assert_eq!(note_name(&instance, 49).as_deref(), Some("Crash"));
    instance.main_thread();
    assert_eq!(known(), 0);
    let general_midi = instance.save();
    asked();

    // While the plugin is inactive, a flush brings the change.
    let params: &clap_plugin_params = instance.extension(CLAP_EXT_PARAMS);
    let flush = params.flush.expect("a function");
    map_event(&instance, 3).pass(|input, output| {
        // SAFETY: the lists outlive the call.
        unsafe { flush(instance.plugin, input, output) };
    });
    assert!(asked());
    instance.main_thread();
    instance.main_thread();
    assert_eq!(known(), 1);
    assert_eq!(note_name(&instance, 49).as_deref(), Some("Closed hat (key: Crash)"));

    instance.load(&general_midi);
    assert!(asked());
    instance.main_thread();
    assert_eq!(known(), 2);

    process(&instance, map_event(&instance, 1));
    assert!(asked());
    instance.main_thread();
    assert_eq!(known(), 3);
    // The same map again is no change.
    process(&instance, map_event(&instance, 1));
    instance.main_thread();
    assert_eq!(known(), 3);
}

/// Processes a block with changes of parameters.
fn process(instance: &Instance, mut changes: Changes) {
    let plugin = instance.plugin;
    let mut sound = [[0f32; 64], [0f32; 64]];
    let mut channels = sound.each_mut().map(|channel| channel.as_mut_ptr());
    let mut output = clap_audio_buffer {
        data32: channels.as_mut_ptr(),
        data64: std::ptr::null_mut(),
        channel_count: 2,
        latency: 0,
        constant_mask: 0,
    };
    let status = changes.pass(|in_events, out_events| {
        let block = clap_process {
            steady_time: -1,
            frames_count: 64,
            transport: std::ptr::null(),
            audio_inputs: std::ptr::null(),
            audio_outputs: &raw mut output,
            audio_inputs_count: 0,
            audio_outputs_count: 1,
            in_events,
            out_events,
        };
        // SAFETY: the block outlives the calls, which are in the order that CLAP defines.
        unsafe {
            assert!((*plugin).activate.expect("a function")(plugin, 48_000.0, 1, 64));
            assert!((*plugin).start_processing.expect("a function")(plugin));
            let status = (*plugin).process.expect("a function")(plugin, &raw const block);
            (*plugin).stop_processing.expect("a function")(plugin);
            (*plugin).deactivate.expect("a function")(plugin);
            status
        }
    });
    assert_ne!(status, CLAP_PROCESS_ERROR);
}

#[test]
fn pages_of_controls_hold_parameters_and_begin_with_the_main_ones() {
    let instance = Instance::new();
    instance.init();
    let known = params(&instance);
    let controls: &clap_plugin_remote_controls = instance.extension(CLAP_EXT_REMOTE_CONTROLS);
    // SAFETY: as in `params`.
    let pages: Vec<_> = unsafe {
        let count = controls.count.expect("a function")(instance.plugin);
        let page = |index| {
            let mut page = MaybeUninit::<clap_remote_controls_page>::zeroed();
            assert!(controls.get.expect("a function")(instance.plugin, index, page.as_mut_ptr()));
            page.assume_init()
        };
        (0..count).map(page).collect()
    };
    let titles = |page: &clap_remote_controls_page| -> Vec<String> {
        let ids = page.param_ids.iter().filter(|id| **id != CLAP_INVALID_ID);
        let title = |id: &u32| known.iter().find(|(known, _)| known == id).map(|it| it.1.clone());
        ids.map(|id| title(id).expect("a parameter of the plugin")).collect()
    };
    let main = ["Style", "Take number", "Intensity", "Complexity", "Repeat", "Blend", "Swing"];
    assert_eq!(titles(&pages[0])[..7], main);
    // Nine lanes need two pages of eight.
    assert_eq!(pages.len(), 4 + 2 + 2);
    let all: Vec<_> = pages.iter().flat_map(titles).collect();
    assert_eq!(all.len(), 8 + 6 + 7 + 5 + 2 * 9);
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all.len(), "no parameter twice");
}
