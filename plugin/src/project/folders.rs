//! Where the user's own things are kept, on each system where such things belong. What is in the
//! folders, [`crate::project::models`], [`crate::project::presets`], [`crate::session::clip_files`] and [`crate::project::settings`] know.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Paths that need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Model files.
    pub models: PathBuf,
    /// Presets.
    pub presets: PathBuf,
    /// Clips that were dragged out of the window: hosts may go on reading them there.
    pub clips: PathBuf,
    /// The file of settings.
    pub settings: PathBuf,
}

impl Folders {
    /// Those of the user; `None` where the system names no home.
    #[must_use]
    #[cfg(not(test))]
    pub fn for_user() -> Option<Folders> {
        let base = directories::BaseDirs::new()?;
        Some(Folders::within(base.data_dir(), base.config_dir()))
    }

    /// Those of a test, which are gone with it: what is tried is not to land in the files of who
    /// tries it.
    #[must_use]
    #[cfg(test)]
    pub fn for_user() -> Option<Folders> {
        thread_local! {
            static HOME: Option<tempfile::TempDir> = tempfile::tempdir().ok();
        }
        HOME.with(|home| home.as_ref().map(|home| Folders::within(home.path(), home.path())))
    }

    /// Those within a folder for data and one for settings.
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

/// Writes a file whole or not at all: beside its place first, and then there. Its folder is made
/// if it is missing.
///
/// # Errors
/// What the system says.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|fault| fault.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_leaves_nothing_beside_it() {
        let root = tempfile::tempdir().expect("a folder");
        let folders = Folders::within(root.path(), &root.path().join("config"));
        for text in ["one", "another"] {
            write_whole(&folders.settings, text.as_bytes()).expect("written");
            assert_eq!(fs::read_to_string(&folders.settings).expect("text"), text);
        }
        let folder = folders.settings.parent().expect("a folder");
        assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
        let blocked = folders.settings.join("below a file");
        assert!(write_whole(&blocked, b"").is_err());
    }
}
