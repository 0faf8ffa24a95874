//! Preset discovery: the host lists the factory presets and the user's presets in its browser,
//! without an instance of the plugin.
//!
//! The factory presets are in the plugin itself, and their names are their load keys. The user's
//! presets are files of one folder, which is declared once it exists: the first saved preset makes
//! it, and nothing else does.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::time::UNIX_EPOCH;
use std::{fs, ptr};

use clap_sys::factory::preset_discovery::{
    CLAP_PRESET_DISCOVERY_IS_FACTORY_CONTENT, CLAP_PRESET_DISCOVERY_IS_USER_CONTENT,
    CLAP_PRESET_DISCOVERY_LOCATION_FILE, CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN,
    clap_preset_discovery_factory, clap_preset_discovery_filetype, clap_preset_discovery_indexer,
    clap_preset_discovery_location, clap_preset_discovery_location_kind,
    clap_preset_discovery_metadata_receiver as Receiver, clap_preset_discovery_provider,
    clap_preset_discovery_provider_descriptor,
};
use clap_sys::timestamp::CLAP_TIMESTAMP_UNKNOWN;
use clap_sys::universal_plugin_id::clap_universal_plugin_id;
use nice_plug::wrapper::clap::CLAP_VERSION;

use super::preset_load::{c_string, find, text};
use super::{note_effect, outputs};
use crate::project::folders::Folders;
use crate::project::presets::{self, Preset};

/// Factory of the only provider.
pub(super) static PRESET_DISCOVERY: clap_preset_discovery_factory = clap_preset_discovery_factory {
    count: Some(count),
    get_descriptor: Some(descriptor),
    create: Some(create),
};

const PROVIDER_ID: &CStr = c"org.deeppocket.deep-pocket.presets";

static DESCRIPTOR: clap_preset_discovery_provider_descriptor =
    clap_preset_discovery_provider_descriptor {
        clap_version: CLAP_VERSION,
        id: PROVIDER_ID.as_ptr(),
        name: c"Deep Pocket presets".as_ptr(),
        vendor: c"Deep Pocket".as_ptr(),
    };

/// Id of the instrument, as in [`crate::DeepPocket`]; a test compares them. The other plugins load the
/// presets too.
const PLUGIN_ID: &CStr = c"org.deeppocket.deep-pocket";

unsafe extern "C" fn count(_: *const clap_preset_discovery_factory) -> u32 {
    1
}

unsafe extern "C" fn descriptor(
    _: *const clap_preset_discovery_factory,
    index: u32,
) -> *const clap_preset_discovery_provider_descriptor {
    if index == 0 { &raw const DESCRIPTOR } else { ptr::null() }
}

unsafe extern "C" fn create(
    _: *const clap_preset_discovery_factory,
    indexer: *const clap_preset_discovery_indexer,
    id: *const c_char,
) -> *const clap_preset_discovery_provider {
    // SAFETY: the pointer is null or a C string, as CLAP requires.
    if indexer.is_null() || unsafe { text(id) } != Some(PROVIDER_ID) {
        return ptr::null();
    }
    let provider = clap_preset_discovery_provider {
        desc: &raw const DESCRIPTOR,
        provider_data: indexer.cast_mut().cast(),
        init: Some(init),
        destroy: Some(destroy),
        get_metadata: Some(get_metadata),
        get_extension: Some(get_extension),
    };
    Box::into_raw(Box::new(provider))
}

unsafe extern "C" fn destroy(provider: *const clap_preset_discovery_provider) {
    // SAFETY: the host destroys each provider from `create` once.
    drop(unsafe { Box::from_raw(provider.cast_mut()) });
}

unsafe extern "C" fn get_extension(
    _: *const clap_preset_discovery_provider,
    _: *const c_char,
) -> *const c_void {
    ptr::null()
}

/// Declares the file type and the locations.
unsafe extern "C" fn init(provider: *const clap_preset_discovery_provider) -> bool {
    // SAFETY: the host passes the provider from `create`, and its indexer outlives it.
    let (indexer, data) = unsafe {
        let data: *const clap_preset_discovery_indexer = (*provider).provider_data.cast();
        (data, &*data)
    };
    let (Some(declare_type), Some(declare_location)) =
        (data.declare_filetype, data.declare_location)
    else {
        return false;
    };
    let file_type = clap_preset_discovery_filetype {
        name: c"Deep Pocket preset".as_ptr(),
        description: c"A take with its performance".as_ptr(),
        file_extension: c"json".as_ptr(),
    };
    let built_in = clap_preset_discovery_location {
        flags: CLAP_PRESET_DISCOVERY_IS_FACTORY_CONTENT,
        name: c"Deep Pocket".as_ptr(),
        kind: CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN,
        location: ptr::null(),
    };
    // SAFETY: all that the indexer reads outlives the calls.
    let declared = unsafe {
        declare_type(indexer, &raw const file_type)
            && declare_location(indexer, &raw const built_in)
    };
    if !declared {
        return false;
    }
    let Some(folder) = user_folder() else { return true };
    let own = clap_preset_discovery_location {
        flags: CLAP_PRESET_DISCOVERY_IS_USER_CONTENT,
        name: c"My presets".as_ptr(),
        kind: CLAP_PRESET_DISCOVERY_LOCATION_FILE,
        location: folder.as_ptr(),
    };
    // SAFETY: as above.
    unsafe { declare_location(indexer, &raw const own) }
}

/// Returns the folder of the user's presets, if it exists and a C string in UTF-8 can name it.
fn user_folder() -> Option<CString> {
    let folder = Folders::for_user()?.presets;
    if !folder.is_dir() {
        return None;
    }
    CString::new(folder.to_str()?).ok()
}

unsafe extern "C" fn get_metadata(
    _: *const clap_preset_discovery_provider,
    kind: clap_preset_discovery_location_kind,
    location: *const c_char,
    receiver: *const Receiver,
) -> bool {
    // SAFETY: the pointers are null or valid, as CLAP requires.
    let (location, Some(functions)) = (unsafe { (text(location), receiver.as_ref()) }) else {
        return false;
    };
    let receiver = PresetReceiver { receiver, functions };
    if kind == CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN {
        return presets::factory().iter().all(|preset| receiver.describe(preset, true, None));
    }
    match find(kind, location, None) {
        Ok(preset) => {
            let path = location.and_then(|path| path.to_str().ok()).map(Path::new);
            receiver.describe(&preset, false, path)
        }
        Err(sentence) => {
            receiver.fail(&sentence);
            false
        }
    }
}

/// Receiver of the host for what is known of presets.
struct PresetReceiver<'a> {
    receiver: *const Receiver,
    functions: &'a Receiver,
}

impl PresetReceiver<'_> {
    /// Describes a preset. A preset in the plugin has its name as load key. Returns `false` if the
    /// host wants no more.
    fn describe(&self, preset: &Preset, in_plugin: bool, path: Option<&Path>) -> bool {
        let &PresetReceiver { receiver, functions } = self;
        let name = c_string(&preset.name);
        let load_key = if in_plugin { name.as_ptr() } else { ptr::null() };
        // SAFETY: all texts outlive the calls, and the host's receiver does, too.
        unsafe {
            if !functions.begin_preset.is_some_and(|begin| begin(receiver, name.as_ptr(), load_key))
            {
                return false;
            }
            if let Some(add) = functions.add_plugin_id {
                for id in [PLUGIN_ID, note_effect::ID, outputs::ID] {
                    let id = clap_universal_plugin_id { abi: c"clap".as_ptr(), id: id.as_ptr() };
                    add(receiver, &raw const id);
                }
            }
            if let Some(add) = functions.add_creator.filter(|_| in_plugin) {
                add(receiver, c"Deep Pocket".as_ptr());
            }
            if let Some(set) = functions.set_description {
                set(receiver, c_string(&description(preset)).as_ptr());
            }
            if let Some((set, seconds)) = functions.set_timestamps.zip(path.and_then(changed)) {
                set(receiver, CLAP_TIMESTAMP_UNKNOWN, seconds);
            }
        }
        // The feel of a factory preset is a sentence, that of a user's one his tags.
        self.describe_sound(preset, if in_plugin { "" } else { &preset.feel });
        true
    }

    /// Adds features and further facts of a preset. The tags are separated by commas.
    fn describe_sound(&self, preset: &Preset, tags: &str) {
        let &PresetReceiver { receiver, functions } = self;
        let style = preset.style();
        let (beats, value) = preset.meter;
        let facts = [
            ("style", style.clone()),
            ("tempo", format!("{:.0}", preset.take.controls.tempo)),
            ("meter", format!("{beats}/{value}")),
        ];
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        let features = ["instrument", "drum", "drum-machine", &style].into_iter().chain(tags);
        // SAFETY: all texts outlive the calls, and the host's receiver does, too.
        unsafe {
            for feature in features {
                if let Some(add) = functions.add_feature {
                    add(receiver, c_string(&feature.to_lowercase()).as_ptr());
                }
            }
            for (key, value) in facts {
                if let Some(add) = functions.add_extra_info {
                    add(receiver, c_string(key).as_ptr(), c_string(&value).as_ptr());
                }
            }
        }
    }

    /// Reports why a preset cannot be read.
    fn fail(&self, sentence: &str) {
        if let Some(on_error) = self.functions.on_error {
            // SAFETY: the sentence outlives the call, and the host's receiver does, too.
            unsafe { on_error(self.receiver, 0, c_string(sentence).as_ptr()) };
        }
    }
}

/// Returns the description of a preset: its feel, style, tempo and meter.
fn description(preset: &Preset) -> String {
    let (beats, value) = preset.meter;
    let tempo = preset.take.controls.tempo;
    let made_for = format!("{}, {tempo:.0} bpm, {beats}/{value}", preset.style());
    match preset.feel.trim() {
        "" => made_for,
        feel => format!("{feel}. {made_for}"),
    }
}

/// Returns the time of a file's last change, in seconds since 1970, if the system knows it.
fn changed(path: &Path) -> Option<u64> {
    let time = fs::metadata(path).and_then(|data| data.modified()).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
