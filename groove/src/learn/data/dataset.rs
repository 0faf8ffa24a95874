//! Reading of drum MIDI files into pieces.
//!
//! Files that a table lists have its style, tempo, meter, kind and split; others are split by file.
//! Files with the same notes count once. Unreadable files
//! and melodies are reported and left out.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::files::{SourceFile, Split};
use super::piece::Piece;
use crate::model::encode::Kind;
use crate::pattern::input_maps::InputMap;
use crate::pattern::kit::DrumClasses;
use crate::pattern::midi::{Import, MAX_FILE_BYTES, MidiError, PitchMap};

/// Minimum share of the files of a folder without a table, and of their steps, in the validation
/// split.
const HELD_OUT: f64 = 0.1;

/// The pieces of one or more folders.
#[derive(Debug)]
pub struct Data {
    /// Readable pieces, in the order of their paths.
    pub pieces: Vec<Piece>,
    /// Skipped files: path and reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Files with notes but without drums.
    pub melodies: Vec<PathBuf>,
    /// Files with the same notes as another one, each with that one.
    pub duplicates: Vec<(PathBuf, PathBuf)>,
    /// Number of MIDI files that no table lists.
    pub unlisted: usize,
    /// Name of the data, for a model's `trained_on`.
    pub source: String,
}

/// Content of a file.
enum Content {
    /// A piece, and the hash of its notes.
    Piece(Box<Piece>, u64),
    /// Notes that are no drums.
    Melody,
}

impl Data {
    /// Data without pieces.
    #[must_use]
    pub fn new(source: &str) -> Data {
        Data {
            pieces: Vec::new(),
            skipped: Vec::new(),
            melodies: Vec::new(),
            duplicates: Vec::new(),
            unlisted: 0,
            source: source.into(),
        }
    }

    /// Reads the files of a folder with a model's classes. Listed ones are those of tables. Files
    /// are skipped once `stop` returns true.
    pub fn add_files(
        &mut self,
        folder: &Path,
        files: &[SourceFile],
        is_listed: bool,
        kit: &DrumClasses,
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        let read = files.par_iter().map(|file| {
            ensure!(!stop(), "the reading was stopped");
            read_file(file, folder, is_listed, kit)
        });
        self.sort_out(files, read.collect(), false);
    }

    /// As [`Data::add_files`], with all files that have the same notes: takes of a model, of which
    /// equal ones count.
    pub fn add_takes(
        &mut self,
        folder: &Path,
        files: &[SourceFile],
        is_listed: bool,
        kit: &DrumClasses,
    ) {
        let read = files.par_iter().map(|file| read_file(file, folder, is_listed, kit));
        self.sort_out(files, read.collect(), true);
    }

    /// Moves at least a tenth of the pieces and of their steps, but at most half of the pieces, to
    /// the validation split; of a single piece, its last fifth in whole bars. The pieces are own
    /// clips, that no table lists; `seed` determines which of them are held out.
    pub fn hold_out(&mut self, seed: u64) {
        self.source = format!("{} own clips", self.pieces.len());
        hold_out(&mut self.pieces, seed);
    }

    /// Returns the pieces of a split.
    #[must_use]
    pub fn split(&self, split: Split) -> Vec<Piece> {
        self.pieces.iter().filter(|piece| piece.split == split).cloned().collect()
    }

    /// Adds pieces and reports of the files. Of files with the same notes all are kept, or the first one
    /// in the test split, else in the validation split, else in the train split.
    fn sort_out(&mut self, files: &[SourceFile], read: Vec<Result<Content>>, keep_all: bool) {
        let mut kept: HashMap<u64, usize> = HashMap::new();
        for (place, content) in read.iter().enumerate() {
            if let (Ok(Content::Piece(_, hash)), false) = (content, keep_all) {
                let first = kept.entry(*hash).or_insert(place);
                if files[place].split > files[*first].split {
                    *first = place;
                }
            }
        }
        for (place, (file, content)) in files.iter().zip(read).enumerate() {
            let path = file.path.clone();
            match content {
                Err(fault) => self.skipped.push((path, format!("{fault:#}"))),
                Ok(Content::Melody) => self.melodies.push(path),
                Ok(Content::Piece(piece, hash)) => match kept.get(&hash) {
                    Some(&first) if first != place => {
                        self.duplicates.push((path, files[first].path.clone()));
                    }
                    _ => self.pieces.push(*piece),
                },
            }
        }
    }
}

/// Reads a file. Those of a table are from Roland kits if they have only notes of such a kit.
fn read_file(
    file: &SourceFile,
    folder: &Path,
    is_listed: bool,
    kit: &DrumClasses,
) -> Result<Content> {
    let path = folder.join(&file.path);
    let size = fs::metadata(&path).context("the file is missing or not accessible")?.len();
    ensure!(
        size <= MAX_FILE_BYTES as u64,
        "the file has {size} bytes; the maximum is {MAX_FILE_BYTES}"
    );
    let bytes = fs::read(&path).context("the file cannot be read")?;
    let map = if is_listed { PitchMap::Prefer(InputMap::Roland) } else { PitchMap::Detect };
    let import = match Import::read(&bytes, map) {
        Err(MidiError::NotDrums(_)) => return Ok(Content::Melody),
        import => import?,
    };
    let (clip, _) = import.clip(crate::pattern::Meter::FOUR_FOUR)?;
    #[expect(clippy::cast_possible_truncation)]
    let tempo = file.tempo.unwrap_or(clip.tempo as f32);
    let meter = file.meter.unwrap_or(clip.meter);
    let kind = Kind { style: file.style, blend: (0, 0.0), tempo, meter, fill: file.fill };
    let steps = clip.steps.iter().map(|step| kit.step(step)).collect();
    let mut hasher = DefaultHasher::new();
    import.notes.hash(&mut hasher);
    Ok(Content::Piece(Box::new(Piece { steps, kind, split: file.split }), hasher.finish()))
}

/// Moves at least a tenth of the pieces and of their steps, but at most half of the pieces, to the
/// validation split; of a single piece, its last fifth in whole bars.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn hold_out(pieces: &mut Vec<Piece>, seed: u64) {
    if let [only] = &mut pieces[..] {
        let bar = only.kind.meter.steps();
        let bars = only.steps.len().div_ceil(bar);
        if bars > 1 {
            let steps = only.steps.split_off((bars - bars.div_ceil(5)) * bar);
            let part = Piece { steps, kind: only.kind, split: Split::Validation };
            pieces.push(part);
        }
        return;
    }
    let share = (pieces.len() as f64 * HELD_OUT).ceil() as usize;
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let all: usize = pieces.iter().map(|piece| piece.steps.len()).sum();
    let mut held_out = 0;
    for (number, &i) in order[..pieces.len() / 2].iter().enumerate() {
        if number >= share && held_out as f64 >= all as f64 * HELD_OUT {
            break;
        }
        pieces[i].split = Split::Validation;
        held_out += pieces[i].steps.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{Meter, Step};

    #[test]
    fn a_tenth_of_the_files_and_of_the_steps_is_held_out() {
        let piece = |bars: usize| {
            let kind = Kind {
                style: 0,
                blend: (0, 0.0),
                tempo: 90.0,
                meter: Meter::new(3, 4),
                fill: false,
            };
            Piece { steps: vec![Step::SILENT; 12 * bars], kind, split: Split::Train }
        };
        let held_out = |lengths: &[usize], seed: u64| -> Vec<usize> {
            let mut pieces: Vec<Piece> = lengths.iter().map(|&bars| piece(bars)).collect();
            hold_out(&mut pieces, seed);
            let bars: usize = pieces.iter().map(|piece| piece.steps.len() / 12).sum();
            assert_eq!(bars, lengths.iter().sum::<usize>(), "no bar is lost");
            let held = pieces.iter().filter(|piece| piece.split == Split::Validation);
            held.map(|piece| piece.steps.len() / 12).collect()
        };
        for seed in 0..20 {
            // One short file is not enough.
            let held = held_out(&[1, 1, 1, 1, 20, 20, 20, 20], seed);
            assert!(held.contains(&20) && held.len() <= 4, "{held:?}");
            assert_eq!(held_out(&[8, 8], seed), [8]);
            assert_eq!(held_out(&[8; 40], seed), [8; 4]);
        }
        assert_eq!(held_out(&[11], 0), [3], "the last fifth");
        assert!(held_out(&[1], 0).is_empty());
    }
}
