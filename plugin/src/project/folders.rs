//! The user's folders for models, presets, clips and settings.

use std::fs;
use std::path::{Path, PathBuf};

/// Paths of the folders; they need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Model files.
    pub models: PathBuf,
    /// Presets.
    pub presets: PathBuf,
    /// Clips that were dragged out of the window; hosts may keep reading them there.
    pub clips: PathBuf,
    /// Settings file.
    pub settings: PathBuf,
}

impl Folders {
    /// Returns the user's folders; `None` if the system reports no home directory.
    #[must_use]
    #[cfg(not(test))]
    pub fn for_user() -> Option<Folders> {
        let base = directories::BaseDirs::new()?;
        Some(Folders::within(base.data_dir(), base.config_dir()))
    }

    /// Returns temporary folders, so that tests do not touch the user's files.
    #[must_use]
    #[cfg(test)]
    pub fn for_user() -> Option<Folders> {
        thread_local! {
            static HOME: Option<tempfile::TempDir> = tempfile::tempdir().ok();
        }
        HOME.with(|home| home.as_ref().map(|home| Folders::within(home.path(), home.path())))
    }

    /// Returns the folders within a data and a configuration folder.
    #[must_use]
    pub fn within(data: &Path, config: &Path) -> Folders {
        let (data, config) = (data.join("Deep Pocket"), config.join("Deep Pocket"));
        Folders {
            models: data.join("Models"),
            presets: data.join("Presets"),
            clips: data.join("Clips"),
            settings: config.join("settings.json"),
        }
    }
}

/// Returns the files of a folder that fit, sorted by name; empty if the folder does not exist.
pub(crate) fn files_in(folder: &Path, fits: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| fits(path)).collect();
    paths.sort();
    paths
}
