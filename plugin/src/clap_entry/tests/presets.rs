//! Presets in a host's browser, and loaded from it.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::{fs, ptr};

use clap_sys::ext::preset_load::{CLAP_EXT_PRESET_LOAD, clap_plugin_preset_load};
use clap_sys::factory::preset_discovery::*;
use clap_sys::universal_plugin_id::clap_universal_plugin_id;
use groove::play::perform::Performance;
use groove::take::{Take, TakeControls};
use nice_plug::prelude::ClapPlugin;
use nice_plug::wrapper::clap::CLAP_VERSION;

use super::super::get_factory;
use super::test_host::Instance;
use crate::DeepPocket;
use crate::project::folders::Folders;
use crate::project::presets::{self, Preset};
use crate::session::Session;

/// Ids of the note effect and of the plugin with several outputs.
const NOTE_EFFECT_ID: &str = "org.deeppocket.deep-pocket.notes";
const OUTPUTS_ID: &str = "org.deeppocket.deep-pocket.outputs";

/// Loads a preset as a host does.
fn load(instance: &Instance, kind: u32, location: Option<&str>, key: Option<&str>) -> bool {
    let [location, key] =
        [location, key].map(|text| text.map(|it| CString::new(it).expect("text")));
    let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    let presets: &clap_plugin_preset_load = instance.extension(CLAP_EXT_PRESET_LOAD);
    let load = presets.from_location.expect("a function");
    // SAFETY: the texts outlive the call.
    unsafe { load(instance.plugin, kind, pointer(&location), pointer(&key)) }
}

fn session(instance: &Instance) -> Session {
    let parts = &instance.inner().parts;
    Session::new(Arc::clone(&parts.params), Arc::clone(&parts.link))
}

fn own_preset() -> Preset {
    let controls = TakeControls { seed: 77, style: 17, tempo: 96.0, ..TakeControls::default() };
    let performance = Performance { swing: 0.5, ..Performance::default() };
    Preset::new("Back alley", "heavy, Late", Take::from(controls), performance)
}

#[test]
fn factory_presets_are_loaded_by_name_and_saved_at_once() {
    let instance = Instance::new();
    instance.init();
    let told = &instance.told;
    for (number, preset) in presets::factory().iter().enumerate() {
        assert!(!session(&instance).sounds_as(preset), "{}", preset.name);
        let kind = CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN;
        assert!(load(&instance, kind, None, Some(&preset.name)), "{}", preset.name);
        assert!(session(&instance).sounds_as(preset), "{}", preset.name);
        let count = u32::try_from(number).expect("few") + 1;
        assert_eq!(told.loaded.load(Ordering::Relaxed), count);
        assert_eq!(told.rescans.load(Ordering::Relaxed), count);
        // No block and no flush has come.
        let other = Instance::new();
        other.init();
        other.load(&instance.save());
        assert!(session(&other).sounds_as(preset), "{}", preset.name);
    }
    instance.main_thread();
    assert!(told.dirty.load(Ordering::Relaxed) > 0, "the project is marked");
    assert_eq!(told.take_error(), None);
    // Each is an entry of the history.
    let mut session = session(&instance);
    let last = presets::factory().len() - 1;
    assert!(session.undo(&mut |param, value| {
        // SAFETY: the pointer is into the instance's parameters.
        unsafe { param._internal_set_normalized_value(value) };
    }));
    assert_eq!(session.take().controls.seed, presets::factory()[last - 1].take.controls.seed);
}

#[test]
fn own_presets_are_loaded_by_file_and_shown_in_the_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = presets::save(folder.path(), &own_preset()).expect("saved");
    let instance = Instance::new();
    let path = path.to_str().expect("text");
    assert!(!load(&instance, CLAP_PRESET_DISCOVERY_LOCATION_FILE, Some(path), None));
    assert!(instance.told.take_error().expect("an error").contains("not initialised"));
    instance.init();
    assert!(load(&instance, CLAP_PRESET_DISCOVERY_LOCATION_FILE, Some(path), None));
    let session = session(&instance);
    assert!(session.sounds_as(&own_preset()));
    assert_eq!(session.take_loaded_preset(), Some(own_preset()));
    assert_eq!(session.take_loaded_preset(), None, "once");
}

#[test]
fn a_preset_that_cannot_be_loaded_changes_nothing_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged.json");
    fs::write(&damaged, "{").expect("a file");
    let missing = folder.path().join("missing.json");
    let instance = Instance::new();
    instance.init();
    let before = instance.save();
    let (file, plugin) =
        (CLAP_PRESET_DISCOVERY_LOCATION_FILE, CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN);
    for (kind, location, key, sentence) in [
        (plugin, None, Some("No such"), "There is no factory preset named No such."),
        (plugin, None, None, "did not say which"),
        (file, None, None, "did not say where"),
        (file, damaged.to_str(), None, "damaged.json cannot be loaded: it is not a preset"),
        (file, missing.to_str(), None, "missing.json cannot be loaded: "),
        (7, None, Some("x"), "did not say where"),
    ] {
        assert!(!load(&instance, kind, location, key), "{sentence}");
        let said = instance.told.take_error().unwrap_or_default();
        assert!(said.contains(sentence), "{said}");
    }
    assert_eq!(instance.told.loaded.load(Ordering::Relaxed), 0);
    assert_eq!(instance.save(), before);
}

/// Declarations to an indexer: extensions of files, and flags and paths of locations.
#[derive(Default)]
struct Index {
    extensions: Vec<String>,
    locations: Vec<(u32, u32, Option<String>)>,
}

/// Returns the text of a C string.
fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: the plugin passes null or C strings.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

unsafe extern "C" fn declare_filetype(
    indexer: *const clap_preset_discovery_indexer,
    found: *const clap_preset_discovery_filetype,
) -> bool {
    // SAFETY: the indexer of `Provider::new` has this data.
    unsafe {
        let index = &mut *(*indexer).indexer_data.cast::<Index>();
        index.extensions.extend(text((*found).file_extension));
    }
    true
}

unsafe extern "C" fn declare_location(
    indexer: *const clap_preset_discovery_indexer,
    found: *const clap_preset_discovery_location,
) -> bool {
    // SAFETY: as above.
    unsafe {
        let index = &mut *(*indexer).indexer_data.cast::<Index>();
        index.locations.push(((*found).flags, (*found).kind, text((*found).location)));
    }
    true
}

/// A provider in an indexer.
struct Provider {
    raw: *const clap_preset_discovery_provider,
    index: Box<Index>,
    _indexer: Box<clap_preset_discovery_indexer>,
}

impl Provider {
    fn new() -> Self {
        let mut index = Box::<Index>::default();
        let indexer = Box::new(clap_preset_discovery_indexer {
            clap_version: CLAP_VERSION,
            name: c"test".as_ptr(),
            vendor: c"".as_ptr(),
            url: c"".as_ptr(),
            version: c"".as_ptr(),
            indexer_data: (&raw mut *index).cast::<c_void>(),
            declare_filetype: Some(declare_filetype),
            declare_location: Some(declare_location),
            declare_soundpack: None,
            get_extension: None,
        });
        let factory: *const clap_preset_discovery_factory =
            get_factory(CLAP_PRESET_DISCOVERY_FACTORY_ID.as_ptr()).cast();
        // SAFETY: the factory is the plugin's, and the indexer outlives the provider.
        let raw = unsafe {
            assert_eq!((*factory).count.expect("a function")(factory), 1);
            let describe = (*factory).get_descriptor.expect("a function");
            assert!(describe(factory, 1).is_null());
            let create = (*factory).create.expect("a function");
            assert!(create(factory, &raw const *indexer, c"another".as_ptr()).is_null());
            let raw = create(factory, &raw const *indexer, (*describe(factory, 0)).id);
            assert!((*raw).init.expect("a function")(raw));
            raw
        };
        Provider { raw, index, _indexer: indexer }
    }

    /// Reads what is at a location.
    fn read(&self, kind: u32, location: Option<&Path>) -> (bool, Listing) {
        let location =
            location.map(|path| CString::new(path.to_str().expect("text")).expect("text"));
        let location = location.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        let mut listing = Listing::default();
        let receiver = clap_preset_discovery_metadata_receiver {
            receiver_data: (&raw mut listing).cast(),
            on_error: Some(on_error),
            begin_preset: Some(begin_preset),
            add_plugin_id: Some(add_plugin_id),
            set_soundpack_id: None,
            set_flags: None,
            add_creator: None,
            set_description: Some(set_description),
            set_timestamps: None,
            add_feature: Some(add_feature),
            add_extra_info: Some(add_extra_info),
        };
        // SAFETY: the receiver outlives the call.
        let read = unsafe {
            let get = (*self.raw).get_metadata.expect("a function");
            get(self.raw, kind, location, &raw const receiver)
        };
        (read, listing)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // SAFETY: the provider is destroyed once.
        unsafe { (*self.raw).destroy.expect("a function")(self.raw) };
    }
}

/// Descriptions to a receiver.
#[derive(Default)]
struct Listing {
    presets: Vec<Listed>,
    errors: Vec<String>,
}

#[derive(Default)]
struct Listed {
    name: Option<String>,
    key: Option<String>,
    plugins: Vec<String>,
    description: Option<String>,
    features: BTreeSet<String>,
    facts: Vec<(String, String)>,
}

type Receiver = clap_preset_discovery_metadata_receiver;

unsafe fn listing<'a>(receiver: *const Receiver) -> &'a mut Listing {
    // SAFETY: the receiver of `Provider::read` has this data.
    unsafe { &mut *(*receiver).receiver_data.cast::<Listing>() }
}

unsafe fn last<'a>(receiver: *const Receiver) -> &'a mut Listed {
    // SAFETY: as above.
    unsafe { listing(receiver) }.presets.last_mut().expect("a preset has begun")
}

unsafe extern "C" fn on_error(receiver: *const Receiver, _: i32, message: *const c_char) {
    // SAFETY: as above.
    unsafe { listing(receiver) }.errors.extend(text(message));
}

unsafe extern "C" fn begin_preset(
    receiver: *const Receiver,
    name: *const c_char,
    key: *const c_char,
) -> bool {
    let listed = Listed { name: text(name), key: text(key), ..Listed::default() };
    // SAFETY: as above.
    unsafe { listing(receiver) }.presets.push(listed);
    true
}

unsafe extern "C" fn add_plugin_id(receiver: *const Receiver, id: *const clap_universal_plugin_id) {
    // SAFETY: as above; the id is valid.
    unsafe {
        assert_eq!(text((*id).abi).as_deref(), Some("clap"));
        last(receiver).plugins.extend(text((*id).id));
    }
}

unsafe extern "C" fn set_description(receiver: *const Receiver, description: *const c_char) {
    // SAFETY: as above.
    unsafe { last(receiver) }.description = text(description);
}

unsafe extern "C" fn add_feature(receiver: *const Receiver, feature: *const c_char) {
    // SAFETY: as above.
    unsafe { last(receiver) }.features.extend(text(feature));
}

unsafe extern "C" fn add_extra_info(
    receiver: *const Receiver,
    key: *const c_char,
    value: *const c_char,
) {
    // SAFETY: as above.
    unsafe { last(receiver) }.facts.extend(text(key).zip(text(value)));
}

#[test]
fn the_browser_lists_the_factory_presets_with_keys_that_load_them() {
    let provider = Provider::new();
    assert_eq!(provider.index.extensions, ["json"]);
    let factory = (CLAP_PRESET_DISCOVERY_IS_FACTORY_CONTENT, 1, None);
    assert_eq!(provider.index.locations, [factory], "nothing was saved yet");
    let (read, listing) = provider.read(CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN, None);
    assert!(read && listing.errors.is_empty());
    assert_eq!(listing.presets.len(), presets::factory().len());
    for (listed, preset) in listing.presets.iter().zip(presets::factory()) {
        assert_eq!(listed.name.as_ref(), Some(&preset.name));
        assert_eq!(listed.key.as_ref(), Some(&preset.name));
        assert_eq!(listed.plugins, [DeepPocket::CLAP_ID, NOTE_EFFECT_ID, OUTPUTS_ID]);
        assert!(listed.features.contains(&preset.style().to_lowercase()));
        assert!(listed.features.contains("instrument"));
        let description = listed.description.as_ref().expect("a description");
        assert!(description.starts_with(&preset.feel), "{description}");
        let tempo = format!("{:.0}", preset.take.controls.tempo);
        assert!(listed.facts.contains(&("tempo".to_owned(), tempo)));
    }
}

#[test]
fn the_browser_lists_the_presets_of_the_user() {
    let folder = Folders::for_user().expect("a folder").presets;
    let path = presets::save(&folder, &own_preset()).expect("saved");
    let provider = Provider::new();
    let (flags, kind, at) = &provider.index.locations[1];
    assert_eq!(*flags, CLAP_PRESET_DISCOVERY_IS_USER_CONTENT);
    assert_eq!((*kind, at.as_deref()), (CLAP_PRESET_DISCOVERY_LOCATION_FILE, folder.to_str()));
    let (read, listing) = provider.read(*kind, Some(&path));
    assert!(read && listing.errors.is_empty());
    let [listed] = &listing.presets[..] else { panic!("{} presets", listing.presets.len()) };
    assert_eq!((listed.name.as_deref(), &listed.key), (Some("Back alley"), &None));
    assert!(listed.features.contains("late") && listed.features.contains("heavy"));
    fs::write(&path, "{").expect("a file");
    let (read, listing) = provider.read(*kind, Some(&path));
    assert!(!read && listing.presets.is_empty());
    assert!(listing.errors[0].contains("cannot be loaded"), "{:?}", listing.errors);
}
