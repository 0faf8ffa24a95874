//! Tests against hosts that are incomplete or call out of order.

mod names_and_controls;
mod note_effect;
mod outputs;
mod presets;
mod test_host;

use super::*;
use std::sync::atomic::AtomicU32;

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_MIDI_SYSEX, clap_event_header,
    clap_event_midi, clap_event_midi_sysex, clap_input_events,
};
use clap_sys::ext::gui::{clap_host_gui, clap_plugin_gui};
use clap_sys::ext::state::clap_host_state;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process};
use groove::take::{Primer, Rhythm};

static REQUESTED: AtomicU32 = AtomicU32::new(0);
static MARKED: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn extension(_: *const clap_host, name: *const c_char) -> *const c_void {
    static STATE: clap_host_state = clap_host_state { mark_dirty: Some(mark) };
    // SAFETY: the name is a C string, as CLAP requires.
    match unsafe { CStr::from_ptr(name) } == CLAP_EXT_STATE {
        true => (&raw const STATE).cast(),
        false => ptr::null(),
    }
}

unsafe extern "C" fn mark(_: *const clap_host) {
    MARKED.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn request(_: *const clap_host) {
    REQUESTED.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn ignore(_: *const clap_host) {}

/// A host with these extensions.
fn host(
    extension: unsafe extern "C" fn(*const clap_host, *const c_char) -> *const c_void,
) -> clap_host {
    clap_host {
        clap_version: CLAP_VERSION,
        host_data: ptr::null_mut(),
        name: c"test".as_ptr(),
        vendor: c"".as_ptr(),
        url: c"".as_ptr(),
        version: c"".as_ptr(),
        get_extension: Some(extension),
        request_restart: Some(ignore),
        request_process: Some(ignore),
        request_callback: Some(ignore),
    }
}

fn create_in(host: &clap_host) -> *const clap_plugin {
    // SAFETY: the host outlives the plugin in each test.
    unsafe { create(&raw const FACTORY, host, described().clap_id().as_ptr()) }
}

#[test]
fn a_change_marks_the_project_without_a_window() {
    let host = clap_host { request_callback: Some(request), ..host(extension) };
    let counts = || [&REQUESTED, &MARKED].map(|count| count.load(Ordering::Relaxed));
    // SAFETY: the calls are in the order that CLAP defines, and the host outlives the plugin.
    unsafe {
        let plugin = create_in(&host);
        let call = |function: Option<unsafe extern "C" fn(*const clap_plugin)>| {
            function.expect("a function")(plugin);
        };
        assert!((*plugin).init.expect("a function")(plugin));
        call((*plugin).on_main_thread);
        let [requested, marked] = counts();
        assert_eq!(marked, 0, "nothing was changed");
        let store = Arc::clone(instance(plugin).parts.params.state.kept());
        let primer = Primer::Tap(Rhythm { onsets: 5, steps: 16 });
        store.record_primer(store.extras().primer_version, primer);
        assert_eq!(counts(), [requested + 1, 0]);
        call((*plugin).on_main_thread);
        call((*plugin).on_main_thread);
        assert_eq!(MARKED.load(Ordering::Relaxed), 1, "once");
        call((*plugin).destroy);
        // A worker may outlive its instance for a moment.
        store.mark_changed();
        assert_eq!(MARKED.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_window_in_a_host_without_windows_is_refused() {
    /// Window functions of a host, without those that an open window calls.
    unsafe extern "C" fn hollow(_: *const clap_host, name: *const c_char) -> *const c_void {
        static GUI: clap_host_gui = clap_host_gui {
            resize_hints_changed: None,
            request_resize: None,
            request_show: None,
            request_hide: None,
            closed: None,
        };
        // SAFETY: the name is a C string, as CLAP requires.
        match unsafe { CStr::from_ptr(name) } == CLAP_EXT_GUI {
            true => (&raw const GUI).cast(),
            false => ptr::null(),
        }
    }
    for host in [host(extension), host(hollow)] {
        // SAFETY: the calls are in the order that CLAP defines, and the host outlives the plugin.
        unsafe {
            let plugin = create_in(&host);
            let get = (*plugin).get_extension.expect("a function");
            let gui = get(plugin, CLAP_EXT_GUI.as_ptr()).cast::<clap_plugin_gui>();
            assert_eq!(gui, get(plugin, CLAP_EXT_GUI.as_ptr()).cast());
            let mut api = ptr::null();
            let mut floats = true;
            let preferred = (*gui).get_preferred_api.expect("a function");
            assert!(preferred(plugin, &raw mut api, &raw mut floats) && !floats);
            let create = (*gui).create.expect("a function");
            assert!(!create(plugin, api, false), "before `init`");
            assert!((*plugin).init.expect("a function")(plugin));
            assert!(!create(plugin, api, false));
            assert!(!create(plugin, ptr::null(), false));
            assert!(!get(plugin, CLAP_EXT_STATE.as_ptr()).is_null());
            assert!(get(plugin, ptr::null()).is_null());
            (*plugin).destroy.expect("a function")(plugin);
        }
    }
}

#[test]
fn an_incomplete_host_gets_no_plugin() {
    let complete = host(extension);
    for host in [
        clap_host { get_extension: None, ..complete },
        clap_host { request_restart: None, ..complete },
        clap_host { request_process: None, ..complete },
        clap_host { request_callback: None, ..complete },
    ] {
        assert!(create_in(&host).is_null());
    }
}

/// Input of a block: events in order.
struct Input(Vec<*const clap_event_header>);

unsafe extern "C" fn count_events(list: *const clap_input_events) -> u32 {
    // SAFETY: the list is that of `process_in_vain`.
    u32::try_from(unsafe { &*(*list).ctx.cast::<Input>() }.0.len()).expect("few")
}

unsafe extern "C" fn nth_event(
    list: *const clap_input_events,
    index: u32,
) -> *const clap_event_header {
    // SAFETY: as above.
    let Input(events) = unsafe { &*(*list).ctx.cast::<Input>() };
    events.get(usize::try_from(index).expect("few")).copied().unwrap_or_default()
}

#[test]
fn blocks_that_clap_forbids_are_refused_or_survived() {
    let header = |type_, size: usize| clap_event_header {
        size: u32::try_from(size).expect("small"),
        time: 0,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_,
        flags: 0,
    };
    let sysex = clap_event_midi_sysex {
        header: header(CLAP_EVENT_MIDI_SYSEX, size_of::<clap_event_midi_sysex>()),
        port_index: 0,
        buffer: ptr::null(),
        size: 0,
    };
    let key = clap_event_midi {
        header: header(CLAP_EVENT_MIDI, size_of::<clap_event_midi>()),
        port_index: 0,
        data: [0x90, 49, 100],
    };
    let input = Input(vec![&raw const sysex.header, ptr::null(), &raw const key.header]);
    let mut ctx = input;
    let events = clap_input_events {
        ctx: (&raw mut ctx).cast(),
        size: Some(count_events),
        get: Some(nth_event),
    };
    let mut sound = [[1f32; 64], [1f32; 64]];
    let mut channels = sound.each_mut().map(|channel| channel.as_mut_ptr());
    let mut output = clap_audio_buffer {
        data32: channels.as_mut_ptr(),
        data64: ptr::null_mut(),
        channel_count: 2,
        latency: 0,
        constant_mask: 0,
    };
    let block = clap_process {
        steady_time: -1,
        frames_count: 64,
        transport: ptr::null(),
        audio_inputs: ptr::null(),
        audio_outputs: &raw mut output,
        audio_inputs_count: 0,
        audio_outputs_count: 1,
        in_events: &raw const events,
        out_events: ptr::null(),
    };
    let host = host(extension);
    // SAFETY: the host and the block outlive the plugin; the order of the first call is the fault
    // that is tested.
    unsafe {
        let plugin = create_in(&host);
        assert!((*plugin).init.expect("a function")(plugin));
        let process = (*plugin).process.expect("a function");
        assert_eq!(process(plugin, &raw const block), CLAP_PROCESS_ERROR, "not active");
        assert!((*plugin).activate.expect("a function")(plugin, 48_000.0, 1, 64));
        assert!((*plugin).start_processing.expect("a function")(plugin));
        assert_eq!(process(plugin, ptr::null()), CLAP_PROCESS_ERROR);
        assert_ne!(process(plugin, &raw const block), CLAP_PROCESS_ERROR);
        assert!(sound.as_flattened().iter().all(|sample| *sample == 0.0), "silence");
        (*plugin).stop_processing.expect("a function")(plugin);
        (*plugin).deactivate.expect("a function")(plugin);
        (*plugin).destroy.expect("a function")(plugin);
    }
}
