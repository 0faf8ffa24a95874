//! Models: the built-in one and the files in the user's folder.
//!
//! The window lists a folder ([`list`]) and asks the worker to play a model or to copy a dropped
//! file into the folder ([`import`]). The worker loads it ([`read`]) and finds the model of a take
//! again ([`find`]). The weights of a file are loaded once per process and freed when no instance
//! uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use groove::files::write_atomic;
use groove::model::{Metadata, Model};
use groove::pattern::style::{OWN_STYLES, STYLES, style_in};
use serde::{Deserialize, Serialize};

use crate::project::folders::files_in;

/// Maximum size of a model file, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// File extension.
const ENDING: &str = "safetensors";

/// Reference to a model that takes of a project use, to find or at least name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelFile {
    /// [`Model::identity`]: the hash of the file.
    pub identity: u64,
    /// Name in its header.
    pub name: String,
    /// Last known path.
    pub path: PathBuf,
}

/// A model file in a folder.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// Path of the file.
    pub path: PathBuf,
    /// Its header, or a message why it cannot be used.
    pub about: Result<Metadata, String>,
}

/// Lists the model files of a folder by name; empty if the folder does not exist. Reads and checks
/// headers, not weights.
#[must_use]
pub fn list(folder: &Path) -> Vec<ModelEntry> {
    let paths = files_in(folder, is_model_file);
    paths.into_iter().map(|path| ModelEntry { about: header(&path), path }).collect()
}

/// Returns `true` if a path has the extension of model files.
#[must_use]
pub fn is_model_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Reads the header of a model file.
fn header(path: &Path) -> Result<Metadata, String> {
    let bytes = read_bytes(path)?;
    Model::read_metadata(&bytes).map_err(|fault| unfit(path, &fault.to_string()))
}

/// Checks a file, copies it into the user's folder and returns its path there. Creates the folder
/// if necessary. A file with the same contents is not copied again, whatever its name.
///
/// # Errors
/// Returns a message if the file is not a usable model or cannot be copied. Never overwrites a
/// file.
pub fn import(dropped: &Path, folder: &Path) -> Result<PathBuf, String> {
    let bytes = read_bytes(dropped)?;
    Model::from_bytes(&bytes).map_err(|fault| unfit(dropped, &fault.to_string()))?;
    let same = |listed: &ModelEntry| read_bytes(&listed.path).is_ok_and(|other| other == bytes);
    if let Some(known) = list(folder).into_iter().find(same) {
        return Ok(known.path);
    }
    let stem = dropped.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    store(&bytes, &stem, folder)
}

/// Writes a model file into a folder under a name that no file there has, and returns its path.
///
/// # Errors
/// Returns a message if it cannot be written.
pub fn store(bytes: &[u8], stem: &str, folder: &Path) -> Result<PathBuf, String> {
    for number in 1..1_000 {
        let name = match number {
            1 => format!("{stem}.{ENDING}"),
            _ => format!("{stem} {number}.{ENDING}"),
        };
        let path = folder.join(name);
        if !path.exists() {
            let copied = write_atomic(&path, bytes).map_err(|fault| uncopied(&path, &fault));
            return copied.map(|()| path);
        }
    }
    Err(format!("There are too many models with the name {stem} in the folder."))
}

/// File of the built-in model.
const BUILT_IN: &[u8] = include_bytes!("../../../assets/deep-pocket.safetensors");

/// Returns the built-in model, loaded once per process.
///
/// # Errors
/// Returns a message if the model is unusable.
pub fn built_in() -> Result<Arc<Model>, String> {
    static MODEL: OnceLock<Result<Arc<Model>, String>> = OnceLock::new();
    let read = || {
        Model::from_bytes(BUILT_IN)
            .map(Arc::new)
            .map_err(|fault| format!("The built-in model cannot be loaded: {fault}."))
    };
    MODEL.get_or_init(read).clone()
}

/// Returns `true` for a model that has no own style and was learned from the built-in one: it plays
/// as that.
#[must_use]
pub fn plays_as_built_in(model: &Metadata) -> bool {
    let descends = |built_in: Arc<Model>| {
        let Metadata { trained_on, beat, feel, .. } = built_in.metadata();
        model.trained_on.starts_with(trained_on) && (model.beat, model.feel) == (*beat, *feel)
    };
    model.own_styles().next().is_none() && built_in().is_ok_and(descends)
}

/// Models in use in this process.
static LOADED: Mutex<Vec<Weak<Model>>> = Mutex::new(Vec::new());

/// Returns a model that is already loaded.
fn find_loaded(identity: u64) -> Option<Arc<Model>> {
    let read = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    read.iter().filter_map(Weak::upgrade).find(|model| model.identity() == identity)
}

/// Loads a model file, or shares it if it is already loaded.
///
/// # Errors
/// Returns a message if the file cannot be read or is not a usable model.
pub fn read(path: &Path) -> Result<Arc<Model>, String> {
    let bytes = read_bytes(path)?;
    if let Some(known) = find_loaded(Model::identity_of(&bytes)) {
        return Ok(known);
    }
    let model = Model::from_bytes(&bytes).map_err(|fault| unfit(path, &fault.to_string()))?;
    let model = Arc::new(model);
    let mut read = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    read.retain(|known| known.strong_count() > 0);
    read.push(Arc::downgrade(&model));
    Ok(model)
}

/// Finds a model by identity, 0 for the built-in one: among the loaded models, at its last known
/// path, or in the user's folder under any name.
///
/// # Errors
/// Returns a message that names the missing model.
pub fn find(
    identity: u64,
    known: &[ModelFile],
    folder: Option<&Path>,
) -> Result<Arc<Model>, String> {
    if identity == 0 {
        return built_in();
    }
    if let Some(model) = find_loaded(identity) {
        return Ok(model);
    }
    let (path, _) = find_file(identity, known, folder)?;
    read(&path)
}

/// Returns the file of a model by identity, 0 for the built-in one.
///
/// # Errors
/// Returns a message that names the missing model.
pub fn bytes_of(
    identity: u64,
    known: &[ModelFile],
    folder: Option<&Path>,
) -> Result<Vec<u8>, String> {
    match identity {
        0 => Ok(BUILT_IN.to_vec()),
        _ => find_file(identity, known, folder).map(|(_, bytes)| bytes),
    }
}

/// Finds the file of a model by identity: at its last known path, or in the user's folder under any
/// name. Returns its path and contents.
///
/// # Errors
/// Returns a message that names the missing model.
pub fn find_file(
    identity: u64,
    known: &[ModelFile],
    folder: Option<&Path>,
) -> Result<(PathBuf, Vec<u8>), String> {
    let file = known.iter().find(|file| file.identity == identity);
    let there = file.map(|file| file.path.clone()).into_iter();
    let listed = folder.into_iter().flat_map(list).map(|listed| listed.path);
    for path in there.chain(listed) {
        if let Ok(bytes) = read_bytes(&path)
            && Model::identity_of(&bytes) == identity
        {
            return Ok((path, bytes));
        }
    }
    Err(match file {
        Some(ModelFile { name, path, .. }) => format!(
            "The model {name} is missing: it was {}. What the project has saved of its notes is \
             played; put the file back, or choose another model.",
            path.display()
        ),
        None => "The model that plays this take is missing. What the project has saved of its \
                 notes is played; choose another model."
            .into(),
    })
}

/// Returns the display name of a style. The styles of a model that are not built in have its names.
#[must_use]
pub fn style_title(number: u8, model: Option<&Metadata>) -> String {
    if number == 0 {
        return "Any style".into();
    }
    if let Some(style) = style_in(STYLES, number) {
        return style.title.into();
    }
    if let Some(model) = model.filter(|model| model.style_place(number).is_some()) {
        let mut letters = model.style_name(number).chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        return first.chain(letters).collect();
    }
    match OWN_STYLES.contains(&number) {
        true => format!("Own {}", number - OWN_STYLES.start() + 1),
        false => format!("Style {number}"),
    }
}

/// Returns the style numbers of a model, or without one those of the built-in styles: any, the
/// others by name, and the model's own.
#[must_use]
pub fn style_numbers(model: Option<&Metadata>) -> Vec<u8> {
    let mut numbers: Vec<u8> = match model {
        Some(model) => model.style_numbers.clone(),
        None => STYLES.iter().map(|style| style.number).collect(),
    };
    numbers.sort_by_key(|&number| match OWN_STYLES.contains(&number) {
        true => (true, String::new(), number),
        false => (false, style_name(number, model), number),
    });
    numbers.insert(0, 0);
    numbers
}

fn style_name(number: u8, model: Option<&Metadata>) -> String {
    let built_in = style_in(STYLES, number).map(|style| style.name);
    built_in.or_else(|| model.map(|model| model.style_name(number))).unwrap_or_default().to_owned()
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|fault| unreadable(path, &fault))?.len();
    if size > MAX_BYTES {
        return Err(unfit(path, "it is larger than any supported model"));
    }
    fs::read(path).map_err(|fault| unreadable(path, &fault))
}

fn unreadable(path: &Path, fault: &std::io::Error) -> String {
    format!("{} cannot be read: {fault}.", named(path))
}

fn uncopied(path: &Path, fault: &std::io::Error) -> String {
    format!("The model cannot be copied to {}: {fault}.", path.display())
}

fn unfit(path: &Path, why: &str) -> String {
    format!("{} cannot be loaded: {why}.", named(path))
}

fn named(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &[u8] = include_bytes!("../../../assets/deep-pocket.safetensors");

    /// The built-in model's file with one bit of a weight flipped.
    fn another() -> Vec<u8> {
        let mut bytes = SHIPPED.to_vec();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        bytes
    }

    #[test]
    fn a_listing_reports_unusable_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("good.safetensors"), SHIPPED).expect("a file");
        fs::write(at("bad.SAFETENSORS"), &SHIPPED[..100]).expect("a file");
        fs::write(at("notes.txt"), "hello").expect("a file");
        fs::write(at("empty.safetensors"), "").expect("a file");
        let listed = list(folder.path());
        assert_eq!(listed.len(), 3);
        let names: Vec<String> = listed.iter().map(|listed| named(&listed.path)).collect();
        assert_eq!(names, ["bad.SAFETENSORS", "empty.safetensors", "good.safetensors"]);
        let sentence = listed[0].about.as_ref().expect_err("it is bad");
        assert!(sentence.starts_with("bad.SAFETENSORS cannot be loaded: "), "{sentence}");
        assert!(listed[1].about.is_err());
        let good = listed[2].about.as_ref().expect("a header");
        assert!(good.validation.beats.is_some_and(|beats| beats < 5.2));
        assert!(list(&at("nowhere")).is_empty());
    }

    #[test]
    fn a_dropped_file_is_copied_once_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dropped, models) = (folder.path().join("mine.safetensors"), folder.path().join("m/n"));
        fs::write(&dropped, SHIPPED).expect("a file");
        let first = import(&dropped, &models).expect("a copy");
        assert_eq!(first, models.join("mine.safetensors"));
        assert_eq!(import(&dropped, &models).expect("the same"), first);
        fs::write(&dropped, another()).expect("a file");
        assert_eq!(import(&dropped, &models).expect("a copy"), models.join("mine 2.safetensors"));
        assert_eq!(fs::read(&first).expect("bytes"), SHIPPED);
        fs::write(&dropped, &SHIPPED[..5_000]).expect("a file");
        let sentence = import(&dropped, &models).expect_err("it is broken");
        assert!(sentence.starts_with("mine.safetensors cannot be loaded: "), "{sentence}");
        assert_eq!(list(&models).len(), 2);
    }

    #[test]
    fn a_model_is_loaded_once_and_found_after_moving() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.safetensors");
        fs::write(&path, another()).expect("a file");
        let model = read(&path).expect("a model");
        assert!(Arc::ptr_eq(&model, &read(&path).expect("the same")));
        let identity = model.identity();
        let file = ModelFile { identity, name: "One".into(), path: path.clone() };
        drop(model);
        assert!(find_loaded(identity).is_none(), "nobody plays it");
        let known = [file];
        assert_eq!(find(identity, &known, None).expect("where it was").identity(), identity);
        let moved = folder.path().join("moved.safetensors");
        fs::rename(&path, moved).expect("moved");
        let found = find(identity, &known, Some(folder.path())).expect("in the folder");
        assert_eq!(found.identity(), identity);
        drop(found);
        let sentence = find(identity, &known, None).expect_err("it is gone");
        assert!(sentence.contains("The model One is missing"), "{sentence}");
        // Another file at the same path does not match.
        fs::write(&path, SHIPPED).expect("a file");
        assert!(find(identity, &known, None).is_err());
        assert!(find(0, &[], None).is_ok());
    }

    #[test]
    fn what_was_learned_and_unlearned_plays_as_the_built_in_model() {
        let mut about = built_in().expect("a model").metadata().clone();
        about.trained_on += ", and 8 own clips";
        let number = about.add_style("mine").expect("room");
        assert!(!plays_as_built_in(&about), "it has an own style");
        about.remove_style(number);
        assert!(plays_as_built_in(&about));
        about.trained_on = "other recordings".into();
        assert!(!plays_as_built_in(&about));
    }

    #[test]
    fn user_styles_have_the_models_names() {
        let mut about = built_in().expect("a model").metadata().clone();
        assert_eq!(style_title(19, Some(&about)), "Own 1");
        assert_eq!(about.add_style("böhmische polka").expect("room"), 19);
        assert_eq!(style_title(19, Some(&about)), "Böhmische polka");
        assert_eq!(style_title(17, None), "Rock");
        assert_eq!(style_title(13, None), "New Orleans");
        assert_eq!(style_title(0, None), "Any style");
        // A style of a newer version is among the built-in ones.
        about.styles.push("bolero".into());
        about.style_numbers.push(127);
        assert_eq!(
            (style_title(127, Some(&about)), style_title(127, None)),
            ("Bolero".into(), "Style 127".into())
        );
        let numbers = style_numbers(Some(&about));
        assert_eq!((&numbers[..5], numbers.last()), (&[0, 1, 2, 3, 127][..], Some(&19)));
        assert_eq!(style_numbers(None).len(), 1 + STYLES.len());
    }
}
