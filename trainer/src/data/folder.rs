//! Search of a folder for drum MIDI and for tables that describe it.
//!
//! A table is a `.csv` file in the columns of the Groove MIDI Dataset, such as its `info.csv` or
//! the one of the Expanded Groove MIDI Dataset, in the folder or one level below it. Its files are
//! those of its rows. Without a table the folder is searched recursively: symbolic links are
//! followed, but no file or folder is visited twice.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use groove::Meter;
use groove::learn::data::{SourceFile, Split, has_ending, search};
use groove::model::Metadata;
use groove::pattern::style::ANY;
use serde::Deserialize;

/// The files of a folder.
#[derive(Debug, Default)]
pub(super) struct FileList {
    /// In order of their paths.
    pub(super) files: Vec<SourceFile>,
    /// True if they are listed by tables.
    pub(super) is_listed: bool,
    /// Paths that cannot be searched, and why.
    pub(super) unread: Vec<(PathBuf, String)>,
    /// MIDI files in the folder that no table lists.
    pub(super) unlisted: usize,
    /// Names and licences of the sources that the tables name.
    pub(super) source: String,
}

/// Sources of programmed drums, as the column `drummer` names them, with their licences.
const SOURCES: [(&str, &str); 4] = [
    ("freedoom", "Freedoom (contributors to the Freedoom project), BSD 3-Clause"),
    ("helland", "Tanner Helland (github.com/tannerhelland/free-music), CC BY 4.0"),
    ("grooveforge", "GrooveForge (Yann Poirier), MIT"),
    ("stickflow", "StickFlow (www.stickflow.app), CC BY 4.0"),
];
/// Source of any other drummer.
const GROOVE: &str = "Groove MIDI Dataset (Gillick et al. 2019), CC BY 4.0";

/// Names and licences of the sources of some drummers.
fn source(drummers: &BTreeSet<String>) -> String {
    let known = |name: &str| SOURCES.iter().any(|(source, _)| *source == name);
    let groove = drummers.iter().any(|name| !known(name)).then_some(GROOVE);
    let others = SOURCES.iter().filter(|(name, _)| drummers.contains(*name));
    let all: Vec<&str> = groove.into_iter().chain(others.map(|(_, credit)| *credit)).collect();
    all.join("; ")
}

impl FileList {
    /// Lists the files of a folder, by its tables if it has any. `style` is the style of a folder
    /// without one.
    pub(super) fn of(folder: &Path, style: u8, model: &Metadata) -> Result<FileList> {
        let tables = tables(folder)?;
        let (found, unread) = search(folder, &|| false);
        let mut list = FileList { is_listed: !tables.is_empty(), unread, ..FileList::default() };
        if tables.is_empty() {
            list.files = found.into_iter().map(|path| SourceFile::unlisted(path, style)).collect();
            return Ok(list);
        }
        let mut drummers = BTreeSet::new();
        for table in &tables {
            list.files.extend(rows(folder, table, model, &mut drummers)?);
        }
        list.source = source(&drummers);
        list.files.sort_by(|a, b| a.path.cmp(&b.path));
        let listed: HashSet<&Path> = list.files.iter().map(|file| file.path.as_path()).collect();
        list.unlisted = found.iter().filter(|path| !listed.contains(path.as_path())).count();
        Ok(list)
    }
}

/// Returns the tables of a folder: those in it, or else those one level below.
///
/// # Errors
/// If the folder cannot be read, or its `info.csv` is not a table of the Groove MIDI Dataset.
pub(super) fn tables(folder: &Path) -> Result<Vec<PathBuf>> {
    let here = csv_files(folder)?;
    if let Some(info) = here.iter().find(|path| path.ends_with("info.csv")) {
        let has_columns = is_table(info)?;
        anyhow::ensure!(
            has_columns,
            "{} is not a table in the columns of the Groove MIDI Dataset",
            info.display()
        );
    }
    let tables = |files: Vec<PathBuf>| -> Vec<PathBuf> {
        files.into_iter().filter(|path| is_table(path).unwrap_or(false)).collect()
    };
    let mut found = tables(here);
    if found.is_empty() {
        let entries = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        // A folder below that cannot be read is reported by the search.
        let below = entries.filter(|path| path.is_dir()).filter_map(|path| csv_files(&path).ok());
        found = tables(below.flatten().collect());
    }
    found.sort();
    Ok(found)
}

/// The `.csv` files of a folder.
fn csv_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be searched", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_csv = |path: &PathBuf| has_ending(path, &["csv"]) && path.is_file();
    Ok(paths.filter(is_csv).collect())
}

/// Returns true if a file has the columns of [`InfoRow`].
fn is_table(path: &Path) -> Result<bool> {
    let mut table = csv::Reader::from_path(path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    let Ok(head) = table.headers() else { return Ok(false) };
    Ok(COLUMNS.iter().all(|column| head.iter().any(|name| name == *column)))
}

/// Columns of [`InfoRow`].
const COLUMNS: [&str; 6] =
    ["style", "bpm", "beat_type", "time_signature", "midi_filename", "split"];

/// The columns of a table that the trainer uses.
#[derive(Deserialize)]
struct InfoRow {
    #[serde(default)]
    drummer: String,
    style: String,
    bpm: f32,
    beat_type: String,
    time_signature: String,
    midi_filename: PathBuf,
    split: Split,
}

/// The files of a table; its drummers are added to those of others.
fn rows(
    folder: &Path,
    path: &Path,
    model: &Metadata,
    drummers: &mut BTreeSet<String>,
) -> Result<Vec<SourceFile>> {
    let base = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
    let base = base.unwrap_or(Path::new(""));
    let mut table = csv::Reader::from_path(path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut rows = Vec::new();
    for row in table.deserialize() {
        let row: InfoRow = row.with_context(|| {
            format!("{} is not a table in the columns of the Groove MIDI Dataset", path.display())
        })?;
        drummers.insert(row.drummer);
        let primary = row.style.split('/').next().unwrap_or(ANY);
        rows.push(SourceFile {
            style: model.style_number(primary).unwrap_or(0),
            fill: row.beat_type == "fill",
            tempo: Some(row.bpm),
            meter: meter(&row.time_signature),
            split: row.split,
            path: base.join(row.midi_filename),
        });
    }
    Ok(rows)
}

/// A meter written as 6-8 or 6/8; `None` if it is neither.
pub(super) fn meter(text: &str) -> Option<Meter> {
    let (numerator, denominator) = text.trim().split_once(['-', '/'])?;
    let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
    let meter = Meter::new(numerator, denominator);
    let is_whole = (i32::from(meter.numerator), i32::from(meter.denominator));
    (is_whole == (numerator, denominator)).then_some(meter)
}
