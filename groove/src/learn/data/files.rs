//! Search for MIDI files, and the files of a data set with what is known before they are read.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::WalkDir;

use crate::pattern::Meter;

/// A split of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For model selection and reports.
    Validation,
    /// For the final measurement.
    Test,
}

/// A file with the metadata that is known before reading it.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path from the folder.
    pub path: PathBuf,
    /// Style number.
    pub style: u8,
    /// A fill, not a beat.
    pub fill: bool,
    /// Tempo of a table, in quarter notes a minute; overrides that of the file, as the meter does.
    pub tempo: Option<f32>,
    /// Meter of a table.
    pub meter: Option<Meter>,
    /// Split.
    pub split: Split,
}

impl SourceFile {
    /// A file that no table lists.
    #[must_use]
    pub fn unlisted(path: PathBuf, style: u8) -> SourceFile {
        SourceFile { path, style, fill: false, tempo: None, meter: None, split: Split::Train }
    }
}

/// Returns the paths of the MIDI files below a folder, in their order and from the folder, and what
/// cannot be searched, with the reasons. Symbolic links are followed, but no file or folder is
/// visited twice. The search ends early once `stop` returns true.
pub fn search(folder: &Path, stop: &dyn Fn() -> bool) -> (Vec<PathBuf>, Vec<(PathBuf, String)>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let mut visited = HashSet::new();
    // Real files before links to them, whatever their names.
    let walk = WalkDir::new(folder).follow_links(true).sort_by(|a, b| {
        (a.path_is_symlink(), a.file_name()).cmp(&(b.path_is_symlink(), b.file_name()))
    });
    let is_new = |entry: &walkdir::DirEntry, visited: &mut HashSet<PathBuf>| {
        // A path that has none is reported when it is read.
        fs::canonicalize(entry.path()).map_or(true, |path| visited.insert(path))
    };
    let entries = walk.into_iter().filter_entry(|entry| is_new(entry, &mut visited));
    let relative = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_path_buf();
    for entry in entries.take_while(|_| !stop()) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_midi(entry.path()) => {
                found.push(relative(entry.path()));
            }
            Ok(_) => {}
            // A link to a folder around it has been visited.
            Err(fault) if fault.loop_ancestor().is_some() => {}
            Err(fault) => {
                let path = relative(fault.path().unwrap_or(folder));
                let reason = fault.io_error().map_or(fault.to_string(), ToString::to_string);
                unread.push((path, format!("it cannot be searched: {reason}")));
            }
        }
    }
    found.sort();
    (found, unread)
}

/// Returns true if a file's name ends as those of MIDI files do. The hidden companions that macOS
/// writes beside files are none.
#[must_use]
pub fn is_midi(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    has_ending(path, &["mid", "midi", "smf", "rmi", "kar"]) && !name.starts_with("._")
}

/// Returns true if a file's name has one of these endings, in any case.
#[must_use]
pub fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or(OsStr::new(""));
    endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
}
