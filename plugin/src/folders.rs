//! Where this user's own files are: one place for all that the plugin reads and keeps outside of
//! projects. Nothing is made here; whoever writes a file makes its folder.

use std::path::PathBuf;

use directories::ProjectDirs;

/// The folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Models that the user trained or was given.
    pub models: PathBuf,
    /// Presets that the user saved.
    pub presets: PathBuf,
    /// Clips that were dragged out of the window: hosts may go on reading them there.
    pub clips: PathBuf,
    /// The file of what holds for every instance.
    pub settings: PathBuf,
}

impl Folders {
    /// As the system has them for this user; `None` where the user has no home.
    #[must_use]
    pub fn of_user() -> Option<Folders> {
        let ours = ProjectDirs::from("", "", "Deep Pocket")?;
        let data = ours.data_dir();
        Some(Folders {
            models: data.join("models"),
            presets: data.join("presets"),
            clips: data.join("clips"),
            settings: ours.config_dir().join("settings.json"),
        })
    }
}
