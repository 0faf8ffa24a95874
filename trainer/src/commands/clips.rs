//! `clips`: reads a folder of MIDI files as the plugin does, humanises and exports them, and writes a
//! page that tells what it makes of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use groove::generate::humanise::DEFAULT_AMOUNT;
use groove::learn::data::is_midi;
use groove::model::Model;
use groove::pattern::midi::{DrumNote, Import, MidiFile, MidiLayout, PitchMap};
use groove::{Articulation, Drum, Meter, Pitches};

use crate::commands::play::humanised;
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
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
}

/// Reads the files and writes the page.
///
/// # Errors
/// If the folder has no MIDI file or cannot be read, the page cannot be written, or a note is lost
/// without a sentence.
pub fn run(options: &ClipsOptions) -> Result<()> {
    let folder = &options.cases;
    let model = files::read_model(&options.model)?;
    let entries = std::fs::read_dir(folder);
    let entries = entries.with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| is_midi(path));
    paths.sort();
    ensure!(!paths.is_empty(), "{} contains no MIDI file", folder.display());
    let mut page = String::from(
        "# Clips as people have them\n\n\
         Files of the kinds that people drop on the window, and what becomes of each. Made by \
         `cargo trainer clips --cases FOLDER --out docs/clips.md`, which fails if a note is lost \
         without a sentence.\n\n\
         *Out* are the hits of the file written after humanising at the default amount, read again. \
         Errors are mean absolute differences from the file's hits: onsets in ticks of 1/960 \
         quarter note, velocities in MIDI steps, at amount 0 (export) and at the default amount. \
         *Length* is in quarter notes, of the file and of the written one.\n\n\
         | file | notes | in | out | errors at 0 | errors at default | meter | tempo | length \
         | sentence |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut silent = Vec::new();
    for path in &paths {
        let case = Case::read(path, &model)?;
        page += &case.row;
        if case.is_silent_loss {
            silent.push(path.display().to_string());
        }
    }
    files::write(&options.out, page)?;
    println!("{} files, {} silent losses: {}", paths.len(), silent.len(), options.out.display());
    ensure!(silent.is_empty(), "notes are lost without a sentence in {}", silent.join(", "));
    Ok(())
}

/// Row of a file in the table.
struct Case {
    row: String,
    /// Notes or articulations are lost, and no sentence says that something is left out.
    is_silent_loss: bool,
}

impl Case {
    fn read(path: &Path, model: &Model) -> Result<Case> {
        let bytes = files::read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let notes = MidiFile::read(&bytes).map_or(0, |file| file.notes.len());
        let read = Import::read(&bytes, PitchMap::Detect);
        let (import, (song, told)) = match read
            .and_then(|it| Ok((it.clone(), it.song(Meter::FOUR_FOUR)?)))
        {
            Ok(read) => read,
            Err(fault) => {
                let empty = "| ".repeat(7);
                let row =
                    format!("| {name} | {notes} {empty}| The file cannot be used: {fault}. |\n");
                return Ok(Case { row, is_silent_loss: false });
            }
        };
        let mut written = Vec::new();
        for amount in [0.0, DEFAULT_AMOUNT] {
            let played = humanised(model, 0, song.clone(), 1, amount)?;
            // A pitch of its own for each articulation, so that the page shows losses of the pattern
            // and not those of a drum map.
            let layout = MidiLayout::new("clip", Pitches::from((0..54).collect::<Vec<u8>>()));
            written.push(Import::read(&played.write(&layout), PitchMap::Detect)?);
        }
        let [exported, played] = &written[..] else { bail!("two files are written") };
        let (before, after) = (classes(&import), classes(played));
        let is_whole =
            import.notes.len() == notes && before == after && before == classes(exported);
        let is_told = told.as_deref().is_some_and(|it| {
            ["eft out", "ot drums"].into_iter().any(|phrase| it.contains(phrase))
        });
        let row = format!(
            "| {name} | {notes} | {before} | {} | {} | {} | {} | {} | {} | {} |\n",
            if before == after { "the same" } else { &after },
            errors(&import, exported),
            errors(&import, played),
            changed(&meters(&import), &meters(exported)),
            changed(&tempos(&import), &tempos(exported)),
            changed(&beats(import.end), &beats(exported.end)),
            told.as_deref().unwrap_or_default(),
        );
        Ok(Case { row, is_silent_loss: !is_whole && !is_told })
    }
}

/// Mean absolute differences of onset and velocity. The hits of a drum and articulation are paired
/// in order of time.
fn errors(before: &Import, after: &Import) -> String {
    let sorted = |import: &Import| {
        let mut notes = import.notes.clone();
        notes.sort_by_key(|note| (note.drum, note.articulation, note.tick));
        notes
    };
    let (before, after) = (sorted(before), sorted(after));
    let kinds = |notes: &[DrumNote]| -> Vec<_> {
        notes.iter().map(|note| (note.drum, note.articulation)).collect()
    };
    if kinds(&before) != kinds(&after) {
        return "other hits".into();
    }
    let mean = |of: fn(&DrumNote, &DrumNote) -> u32| {
        let sum: u32 = before.iter().zip(&after).map(|(one, other)| of(one, other)).sum();
        f64::from(sum) / before.len().max(1) as f64
    };
    let onsets = mean(|one, other| one.tick.abs_diff(other.tick));
    let velocities = mean(|one, other| one.velocity.abs_diff(other.velocity).into());
    format!("{onsets:.1}, {velocities:.1}")
}

fn beats(ticks: u32) -> String {
    format!("{}", (f64::from(ticks) / 9.6).round() / 100.0)
}

fn changed(before: &str, after: &str) -> String {
    if before == after { before.into() } else { format!("{before} → {after}") }
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
