//! The user's settings, in one small file that is independent of projects.
//!
//! A new instance starts with them ([`Settings::load`]); a loaded project takes precedence. The
//! window changes them with [`Settings::change`].

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use groove::LanePitches;
use groove::files::write_atomic;
use groove::play::drum_maps::{DRUM_MAPS, map_number};
use serde::{Deserialize, Serialize};

use crate::project::folders::Folders;

/// Version of the file that this code writes.
const VERSION: u32 = 1;

/// Maximum size of the file, in bytes.
const MAX_BYTES: u64 = 1 << 16;

/// The settings. Missing fields have defaults; unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Version of the code that wrote them.
    pub version: u32,
    /// Drum map of new instances.
    pub map: Option<UserMap>,
    /// Folder of the last file dialog.
    pub folder: Option<PathBuf>,
    /// The window has greeted the user.
    pub greeted: bool,
    /// Ids of the parameters that MIDI controllers move, by controller.
    pub controllers: BTreeMap<u8, String>,
    /// The window's keys act while nobody types in it.
    pub shortcuts: bool,
}

/// A drum map and the pitches of the user's own map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserMap {
    /// Name of the map.
    pub name: String,
    /// Pitches of the user's own map, by class.
    pub pitches: LanePitches,
}

impl UserMap {
    /// Returns the number of the map, 0 if the name is unknown.
    #[must_use]
    pub fn number(&self) -> u8 {
        map_number(DRUM_MAPS, &self.name).unwrap_or(0)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            version: VERSION,
            map: None,
            folder: None,
            greeted: false,
            controllers: BTreeMap::new(),
            shortcuts: true,
        }
    }
}

impl Settings {
    /// Loads the current user's settings; see [`Settings::load`].
    #[must_use]
    pub fn for_user() -> (Settings, Option<String>) {
        let folders = Folders::for_user();
        folders.map_or_else(Default::default, |folders| Settings::load(&folders.settings))
    }

    /// Changes the current user's settings.
    ///
    /// # Errors
    /// Returns a message if the settings cannot be saved.
    pub fn change(act: impl FnOnce(&mut Settings)) -> Result<(), String> {
        let folders = Folders::for_user()
            .ok_or("The settings cannot be saved: the system reports no user folder.")?;
        let (mut settings, _) = Settings::load(&folders.settings);
        act(&mut settings);
        settings.save(&folders.settings)
    }

    /// Loads settings from a file. Returns defaults if the file is missing, and defaults with a
    /// message if it is damaged.
    #[must_use]
    pub fn load(path: &Path) -> (Settings, Option<String>) {
        let damaged = |why: String| {
            let message = format!(
                "Your settings in {} could not be read ({why}): defaults are in use.",
                path.display()
            );
            (Settings::default(), Some(message))
        };
        match fs::metadata(path) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => {
                return (Settings::default(), None);
            }
            Err(fault) => return damaged(fault.to_string()),
            Ok(file) if file.len() > MAX_BYTES => return damaged("it is too large".into()),
            Ok(_) => {}
        }
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(fault) => return damaged(fault.to_string()),
        };
        match serde_json::from_str::<Settings>(&text) {
            Ok(mut settings) => {
                let in_midi = |map: &UserMap| map.pitches.iter().all(|&pitch| pitch <= 127);
                settings.map = settings.map.filter(in_midi);
                (settings, None)
            }
            Err(fault) => damaged(fault.to_string()),
        }
    }

    /// Writes the settings atomically.
    ///
    /// # Errors
    /// Returns a message if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let settings = Settings { version: VERSION, ..self.clone() };
        let text = serde_json::to_string_pretty(&settings).map_err(|fault| fault.to_string());
        text.and_then(|text| write_atomic(path, text.as_bytes()).map_err(|fault| fault.to_string()))
            .map_err(|why| {
                format!("Your settings could not be written to {}: {why}.", path.display())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_round_trip_and_damage_gives_defaults() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/settings.json");
        assert_eq!(Settings::load(&path), (Settings::default(), None));
        let map = UserMap { name: DRUM_MAPS[1].name.into(), pitches: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
        assert_eq!(map.number(), 1);
        let settings = Settings { map: Some(map), ..Settings::default() };
        settings.save(&path).expect("written");
        assert_eq!(Settings::load(&path), (settings, None));
        for damaged in ["", "{\"map\": 7}", "\u{7f}"] {
            fs::write(&path, damaged).expect("written");
            let (settings, message) = Settings::load(&path);
            assert_eq!(settings, Settings::default());
            assert!(
                message.is_some_and(|message| message.contains("could not be read")),
                "{damaged}"
            );
        }
        fs::write(&path, "x".repeat(100_000)).expect("written");
        assert!(Settings::load(&path).1.is_some_and(|message| message.contains("too large")));
        let newer = r#"{"version":9,"choir":1,"map":{"name":"?","pitches":[200,0,0,0,0,0,0,0,0]}}"#;
        fs::write(&path, newer).expect("written");
        assert_eq!(Settings::load(&path).0.map, None);
        let sentence = Settings::default().save(&path.join("x")).expect_err("a file is no folder");
        assert!(sentence.starts_with("Your settings could not be written"));
    }
}
