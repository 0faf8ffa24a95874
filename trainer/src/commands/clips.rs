//! `clips`: reads a folder of MIDI files as the plugin does, and writes a page that tells what it
//! makes of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use groove::pattern::midi::{Import, MidiFile, PitchMap};
use groove::{Articulation, Drum, Meter};

use crate::data::is_midi;
use crate::files;

/// Options of `clips`.
#[derive(Args, Debug)]
pub struct ClipsOptions {
    /// Folder of MIDI files
    #[arg(long)]
    cases: PathBuf,
    /// Page to write
    #[arg(long)]
    out: PathBuf,
}

/// Reads the files and writes the page.
///
/// # Errors
/// If the folder has no MIDI file or cannot be read, or the page cannot be written.
pub fn run(options: &ClipsOptions) -> Result<()> {
    let folder = &options.cases;
    let entries = std::fs::read_dir(folder);
    let entries = entries.with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| is_midi(path));
    paths.sort();
    ensure!(!paths.is_empty(), "{} contains no MIDI file", folder.display());
    let mut page = String::from(
        "# Clips as people have them\n\n\
         Files of the kinds that people drop on the window, and what is read of each. Made by \
         `cargo trainer clips --cases FOLDER --out docs/clips.md`.\n\n\
         | file | notes | drums | read as | meter | tempo | bars | sentence |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for path in &paths {
        page += &row(path, &files::read(path)?);
    }
    files::write(&options.out, page)?;
    println!("{} files: {}", paths.len(), options.out.display());
    Ok(())
}

/// Row of a file in the table.
fn row(path: &Path, bytes: &[u8]) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let notes = MidiFile::read(bytes).map_or(0, |file| file.notes.len());
    match Import::read(bytes, PitchMap::Detect) {
        Err(fault) => {
            format!("| {name} | {notes} | 0 | | | | | The file cannot be used: {fault}. |\n")
        }
        Ok(import) => format!(
            "| {name} | {notes} | {} | {} | {} | {} | {} | {} |\n",
            import.notes.len(),
            classes(&import),
            meters(&import),
            tempos(&import),
            import.bars(Meter::FOUR_FOUR).len(),
            import.sentence().unwrap_or_default()
        ),
    }
}

/// Hits by class, with those that are not plain by articulation.
fn classes(import: &Import) -> String {
    let mut counts: BTreeMap<Drum, BTreeMap<Articulation, usize>> = BTreeMap::new();
    for note in &import.notes {
        *counts.entry(note.drum).or_default().entry(note.articulation).or_default() += 1;
    }
    let class = |(drum, kinds): (Drum, BTreeMap<Articulation, usize>)| {
        let mut text = format!("{} {}", drum.name().to_lowercase(), kinds.values().sum::<usize>());
        let others: Vec<String> = (kinds.iter())
            .filter(|(articulation, _)| **articulation != Articulation::Plain)
            .map(|(articulation, count)| format!("{} {count}", articulation.name(drum)))
            .collect();
        if !others.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, " ({})", others.join(", "));
        }
        text
    };
    counts.into_iter().map(class).collect::<Vec<_>>().join(", ")
}

fn meters(import: &Import) -> String {
    let mut meters: Vec<String> = import
        .time_signatures
        .iter()
        .map(|signature| format!("{}/{}", signature.numerator, signature.denominator))
        .collect();
    meters.dedup();
    if meters.is_empty() { "none".into() } else { meters.join(", ") }
}

fn tempos(import: &Import) -> String {
    let tempos: Vec<String> =
        import.tempos.iter().map(|(_, tempo)| format!("{tempo:.1}")).collect();
    if tempos.is_empty() { "none".into() } else { tempos.join(", ") }
}
