//! A host that counts what the plugin tells it, and an instance in it.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use clap_sys::events::{
    clap_event_header, clap_event_param_value, clap_input_events, clap_output_events,
};
use clap_sys::ext::note_name::{CLAP_EXT_NOTE_NAME, clap_host_note_name};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params};
use clap_sys::ext::preset_load::{CLAP_EXT_PRESET_LOAD, clap_host_preset_load};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state, clap_plugin_state};
use clap_sys::stream::{clap_istream, clap_ostream};
use groove::take::{Primer, Rhythm};
use nice_plug::wrapper::clap::{CLAP_VERSION, clap_host, clap_plugin};

use super::super::instance::{ClapInstance, instance};
use super::super::{FACTORY, create, described};

/// Calls of the plugin that the host has received.
#[derive(Default)]
pub(super) struct Told {
    pub(super) callbacks: AtomicU32,
    pub(super) names_changed: AtomicU32,
    pub(super) rescans: AtomicU32,
    pub(super) dirty: AtomicU32,
    pub(super) loaded: AtomicU32,
    pub(super) errors: Mutex<Vec<String>>,
}

impl Told {
    pub(super) fn take_error(&self) -> Option<String> {
        self.errors.lock().expect("no panic").pop()
    }
}

/// Returns the calls that a host has received.
unsafe fn told<'a>(host: *const clap_host) -> &'a Told {
    // SAFETY: the host of `Instance::new` has this data, and outlives the call.
    unsafe { &*(*host).host_data.cast::<Told>() }
}

fn count(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn ignore(_: *const clap_host) {}

unsafe extern "C" fn request_callback(host: *const clap_host) {
    // SAFETY: as in `told`.
    count(&unsafe { told(host) }.callbacks);
}

unsafe extern "C" fn names_changed(host: *const clap_host) {
    // SAFETY: as in `told`.
    count(&unsafe { told(host) }.names_changed);
}

unsafe extern "C" fn mark_dirty(host: *const clap_host) {
    // SAFETY: as in `told`.
    count(&unsafe { told(host) }.dirty);
}

unsafe extern "C" fn rescan(host: *const clap_host, flags: u32) {
    assert_eq!(flags, CLAP_PARAM_RESCAN_VALUES);
    // SAFETY: as in `told`.
    count(&unsafe { told(host) }.rescans);
}

unsafe extern "C" fn loaded(host: *const clap_host, _: u32, _: *const c_char, _: *const c_char) {
    // SAFETY: as in `told`.
    count(&unsafe { told(host) }.loaded);
}

unsafe extern "C" fn on_error(
    host: *const clap_host,
    _: u32,
    _: *const c_char,
    _: *const c_char,
    _: i32,
    message: *const c_char,
) {
    // SAFETY: as in `told`; the message is a C string.
    let (told, message) = unsafe { (told(host), CStr::from_ptr(message)) };
    told.errors.lock().expect("no panic").push(message.to_string_lossy().into_owned());
}

unsafe extern "C" fn extension(_: *const clap_host, name: *const c_char) -> *const c_void {
    static NAMES: clap_host_note_name = clap_host_note_name { changed: Some(names_changed) };
    static STATE: clap_host_state = clap_host_state { mark_dirty: Some(mark_dirty) };
    static PARAMS: clap_host_params =
        clap_host_params { rescan: Some(rescan), clear: None, request_flush: Some(ignore) };
    static PRESETS: clap_host_preset_load =
        clap_host_preset_load { on_error: Some(on_error), loaded: Some(loaded) };
    // SAFETY: the name is a C string, as CLAP requires.
    let name = unsafe { CStr::from_ptr(name) };
    if name == CLAP_EXT_NOTE_NAME {
        (&raw const NAMES).cast()
    } else if name == CLAP_EXT_STATE {
        (&raw const STATE).cast()
    } else if name == CLAP_EXT_PARAMS {
        (&raw const PARAMS).cast()
    } else if name == CLAP_EXT_PRESET_LOAD {
        (&raw const PRESETS).cast()
    } else {
        ptr::null()
    }
}

/// An instance of the plugin in a host of its own.
pub(super) struct Instance {
    pub(super) plugin: *const clap_plugin,
    pub(super) told: Box<Told>,
    /// The plugin has a pointer to it.
    _host: Box<clap_host>,
}

impl Instance {
    pub(super) fn new() -> Self {
        Instance::of(described().clap_id())
    }

    /// An instance of the plugin with this id.
    pub(super) fn of(id: &CStr) -> Self {
        let told = Box::<Told>::default();
        let host = Box::new(clap_host {
            clap_version: CLAP_VERSION,
            host_data: ptr::from_ref(&*told).cast_mut().cast(),
            name: c"test".as_ptr(),
            vendor: c"".as_ptr(),
            url: c"".as_ptr(),
            version: c"".as_ptr(),
            get_extension: Some(extension),
            request_restart: Some(ignore),
            request_process: Some(ignore),
            request_callback: Some(request_callback),
        });
        // SAFETY: the host outlives the plugin.
        let plugin = unsafe { create(&raw const FACTORY, &raw const *host, id.as_ptr()) };
        assert!(!plugin.is_null());
        Instance { plugin, told, _host: host }
    }

    pub(super) fn init(&self) {
        // SAFETY: the plugin lives as long as `self`.
        unsafe { assert!((*self.plugin).init.expect("a function")(self.plugin)) };
    }

    /// The instance behind the host's pointer.
    pub(super) fn inner(&self) -> &ClapInstance {
        // SAFETY: as above.
        unsafe { instance(self.plugin) }
    }

    /// An extension of the plugin.
    pub(super) fn extension<T>(&self, id: &CStr) -> &T {
        // SAFETY: as above; the tests name the extension's type.
        unsafe {
            let get = (*self.plugin).get_extension.expect("a function");
            get(self.plugin, id.as_ptr()).cast::<T>().as_ref().expect("an extension")
        }
    }

    /// Does what the plugin has asked the main thread for.
    pub(super) fn main_thread(&self) {
        // SAFETY: as above.
        unsafe { (*self.plugin).on_main_thread.expect("a function")(self.plugin) };
    }

    pub(super) fn save(&self) -> Vec<u8> {
        unsafe extern "C" fn write(
            stream: *const clap_ostream,
            from: *const c_void,
            size: u64,
        ) -> i64 {
            let size = usize::try_from(size).expect("small");
            // SAFETY: the stream has this context, and the plugin passes so many bytes.
            unsafe {
                let bytes = std::slice::from_raw_parts(from.cast::<u8>(), size);
                (*(*stream).ctx.cast::<Vec<u8>>()).extend_from_slice(bytes);
            }
            i64::try_from(size).expect("small")
        }
        let mut bytes = Vec::<u8>::new();
        let stream = clap_ostream { ctx: (&raw mut bytes).cast(), write: Some(write) };
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        // SAFETY: the stream outlives the call.
        assert!(unsafe { state.save.expect("a function")(self.plugin, &raw const stream) });
        bytes
    }

    /// Asserts that a changed state of this instance becomes that of another plugin's.
    pub(super) fn assert_state_moves_to(&self, other: &Instance) {
        let store = Arc::clone(self.inner().parts.params.state.kept());
        let primer = Primer::Tap(Rhythm { onsets: 5, steps: 16 });
        store.record_primer(store.extras().primer_version, primer);
        let saved = self.save();
        assert_ne!(other.save(), saved);
        other.load(&saved);
        assert_eq!(other.save(), saved);
    }

    pub(super) fn load(&self, bytes: &[u8]) {
        unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
            // SAFETY: the stream has this context, and the plugin passes room for so many bytes.
            unsafe {
                let rest = &mut *(*stream).ctx.cast::<&[u8]>();
                let size = usize::try_from(size).expect("small").min(rest.len());
                ptr::copy_nonoverlapping(rest.as_ptr(), to.cast(), size);
                *rest = &rest[size..];
                i64::try_from(size).expect("small")
            }
        }
        let mut rest = bytes;
        let stream = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read) };
        let state: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        // SAFETY: the stream outlives the call.
        assert!(unsafe { state.load.expect("a function")(self.plugin, &raw const stream) });
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the plugin is destroyed once.
        unsafe { (*self.plugin).destroy.expect("a function")(self.plugin) };
    }
}

/// Changes of parameters as a host's list of events.
pub(super) struct Changes(pub(super) Vec<clap_event_param_value>);

impl Changes {
    /// Calls a function with the list and a list that takes nothing.
    pub(super) fn pass<R>(
        &mut self,
        act: impl FnOnce(*const clap_input_events, *const clap_output_events) -> R,
    ) -> R {
        unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
            // SAFETY: the list has this context.
            u32::try_from(unsafe { &*(*list).ctx.cast::<Changes>() }.0.len()).expect("few")
        }
        unsafe extern "C" fn nth(
            list: *const clap_input_events,
            index: u32,
        ) -> *const clap_event_header {
            // SAFETY: as above.
            let Changes(events) = unsafe { &*(*list).ctx.cast::<Changes>() };
            events.get(index as usize).map_or(ptr::null(), |event| &raw const event.header)
        }
        unsafe extern "C" fn refuse(
            _: *const clap_output_events,
            _: *const clap_event_header,
        ) -> bool {
            false
        }
        let ctx: *mut Changes = self;
        let input = clap_input_events { ctx: ctx.cast(), size: Some(size), get: Some(nth) };
        let output = clap_output_events { ctx: ptr::null_mut(), try_push: Some(refuse) };
        act(&raw const input, &raw const output)
    }
}
