//! Reading of folders of drum MIDI.
//!
//! A folder with an `info.csv` in the columns of the Groove MIDI Dataset takes style, tempo, meter,
//! beat or fill, and split from its rows. Any other folder is searched recursively and split by
//! file. Unreadable files are reported and skipped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use groove::model::Metadata;
use groove::model::encode::Kind;
use groove::pattern::kit::Kit;
use groove::pattern::midi::{Clip, DrumMap, MAX_FILE_BYTES};
use groove::pattern::style::ANY;
use groove::{Meter, Step};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::Deserialize;
use walkdir::WalkDir;

/// Minimum share of the files of a folder without `info.csv`, and of their steps, in the validation
/// split.
const HELD_OUT: f64 = 0.1;

/// A split of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For model selection and reports.
    Validation,
    /// For the final measurement.
    Test,
}

/// One performance with its metadata.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Steps from the start to the last hit.
    pub steps: Vec<Step>,
    /// Style, tempo, meter, beat or fill.
    pub kind: Kind,
    /// Split.
    pub split: Split,
}

/// The pieces of a folder.
#[derive(Debug)]
pub struct Data {
    /// Readable pieces, in the order of their paths.
    pub pieces: Vec<Piece>,
    /// Skipped files: path and reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Name of the data, for a model's `trained_on`.
    pub source: String,
}

impl Data {
    /// Reads a folder with a model's classes and styles. `style` is the style of a folder without
    /// `info.csv`; `seed` determines its split.
    ///
    /// # Errors
    /// If the folder cannot be read, its `info.csv` is not a table of the Groove MIDI Dataset, the
    /// style is unknown, or no file is readable.
    pub fn read(folder: &Path, style: Option<&str>, seed: u64, model: &Metadata) -> Result<Data> {
        ensure!(
            folder.is_dir(),
            "there is no folder {}: give one with --data, or in the variable GROOVE_DIR",
            folder.display()
        );
        let info = folder.join("info.csv");
        ensure!(
            style.is_none() || !info.is_file(),
            "{} already gives the styles of its files: --style is for a folder without it",
            info.display()
        );
        let (listed_files, map) = match info.is_file() {
            true => (listed_files(&info, model)?, DrumMap::Roland),
            false => (searched_files(folder, style, model)?, DrumMap::GeneralMidi),
        };
        let read: Vec<(PathBuf, Result<Piece>)> = listed_files
            .into_par_iter()
            .map(|row| (row.path.clone(), row.read(folder, map, &model.classes)))
            .collect();
        let (mut pieces, mut skipped) = (Vec::new(), Vec::new());
        for (path, result) in read {
            match result {
                Ok(piece) => pieces.push(piece),
                Err(fault) => skipped.push((path, format!("{fault:#}"))),
            }
        }
        let source = match info.is_file() {
            true => "Groove MIDI Dataset (Gillick et al. 2019), CC BY 4.0".to_string(),
            false => format!("{} own clips", pieces.len()),
        };
        if !info.is_file() {
            hold_out(&mut pieces, seed);
        }
        let data = Data { pieces, skipped, source };
        ensure!(
            !data.pieces.is_empty(),
            "{} contains no drum MIDI that can be read{}",
            folder.display(),
            data.skipped_text()
        );
        Ok(data)
    }

    /// Returns the pieces of a split.
    #[must_use]
    pub fn split(&self, split: Split) -> Vec<Piece> {
        self.pieces.iter().filter(|piece| piece.split == split).cloned().collect()
    }

    /// Returns the skipped files as text, one per line; empty if there are none.
    #[must_use]
    pub fn skipped_text(&self) -> String {
        if self.skipped.is_empty() {
            return String::new();
        }
        let lines: Vec<String> = self
            .skipped
            .iter()
            .map(|(path, reason)| format!("\n  {}: {reason}", path.display()))
            .collect();
        let all = self.skipped.len() + self.pieces.len();
        format!("\nskipped {} of {all} files:{}", lines.len(), lines.concat())
    }
}

/// The columns of `info.csv` that the trainer uses.
#[derive(Deserialize)]
struct InfoRow {
    style: String,
    bpm: f32,
    beat_type: String,
    time_signature: String,
    midi_filename: PathBuf,
    split: Split,
}

/// A file with the metadata that is known before reading it.
struct SourceFile {
    path: PathBuf,
    style: u8,
    fill: bool,
    /// Tempo and meter from `info.csv`; they override those of the file.
    tempo_meter: Option<(f32, Meter)>,
    split: Split,
}

impl SourceFile {
    fn read(&self, folder: &Path, map: DrumMap, kit: &Kit) -> Result<Piece> {
        let path = folder.join(&self.path);
        let size = fs::metadata(&path).context("the file is missing or not accessible")?.len();
        ensure!(
            size <= MAX_FILE_BYTES as u64,
            "the file has {size} bytes; the maximum is {MAX_FILE_BYTES}"
        );
        let bytes = fs::read(&path).context("the file cannot be read")?;
        let clip = Clip::read(&bytes, map)?;
        #[expect(clippy::cast_possible_truncation)]
        let (tempo, meter) = self.tempo_meter.unwrap_or((clip.tempo as f32, clip.meter));
        let kind = Kind { style: self.style, blend: (0, 0.0), tempo, meter, fill: self.fill };
        let steps = clip.steps.iter().map(|step| kit.step(step)).collect();
        Ok(Piece { steps, kind, split: self.split })
    }
}

fn listed_files(info: &Path, model: &Metadata) -> Result<Vec<SourceFile>> {
    let mut table = csv::Reader::from_path(info)
        .with_context(|| format!("{} cannot be opened", info.display()))?;
    let mut rows = Vec::new();
    for row in table.deserialize() {
        let row: InfoRow = row.with_context(|| {
            format!("{} is not a table in the columns of the Groove MIDI Dataset", info.display())
        })?;
        let primary = row.style.split('/').next().unwrap_or(ANY);
        let (n, d) = row.time_signature.split_once('-').unwrap_or(("4", "4"));
        let meter = Meter::new(n.parse().unwrap_or(0), d.parse().unwrap_or(0));
        rows.push(SourceFile {
            style: model.style_number(primary).unwrap_or(0),
            fill: row.beat_type == "fill",
            tempo_meter: Some((row.bpm, meter)),
            split: row.split,
            path: row.midi_filename,
        });
    }
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(rows)
}

fn searched_files(folder: &Path, style: Option<&str>, model: &Metadata) -> Result<Vec<SourceFile>> {
    let style = style.map_or(Ok(0), |name| known_style(model, name))?;
    let mut listed_files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(|| format!("{} cannot be searched", folder.display()))?;
        let midi = entry.path().extension().is_some_and(|extension| {
            extension.eq_ignore_ascii_case("mid") || extension.eq_ignore_ascii_case("midi")
        });
        if midi && entry.file_type().is_file() {
            let path = entry.path().strip_prefix(folder)?.to_path_buf();
            listed_files.push(SourceFile {
                path,
                style,
                fill: false,
                tempo_meter: None,
                split: Split::Train,
            });
        }
    }
    Ok(listed_files)
}

/// Returns the number of a style name.
///
/// # Errors
/// If the model does not know the style; the error lists the styles that it knows.
pub fn known_style(model: &Metadata, name: &str) -> Result<u8> {
    model.style_number(name).with_context(|| {
        format!("there is no style {name}; the model has {ANY}, {}", model.styles.join(", "))
    })
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
    use groove::model::Stack;
    use groove::pattern::midi::MidiLayout;
    use groove::{Drum, Hit};

    fn clip() -> Vec<u8> {
        let mut steps = vec![Step::SILENT; 8];
        steps[0].set(Drum::Kick, Some(Hit::plain(100, 5)));
        Clip { steps, tempo: 90.0, meter: Meter::new(3, 4) }
            .write(&MidiLayout::new("clip", Drum::PITCHES))
    }

    fn model(classes: Kit) -> Metadata {
        let stack = Stack { layers: 1, cells: 1 };
        Metadata { classes, ..Metadata::new("", stack, stack, "") }
    }

    fn read(folder: &Path, style: Option<&str>) -> Result<Data> {
        Data::read(folder, style, 0, &model(Kit::default()))
    }

    #[test]
    fn a_kit_of_one_class_merges_all_drums() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut steps = vec![Step::SILENT; 8];
        for (drum, velocity) in [(Drum::Kick, 30), (Drum::Ride, 90)] {
            steps[5].set(drum, Some(Hit::plain(velocity, 0)));
        }
        let clip = Clip { steps, tempo: 90.0, meter: Meter::FOUR_FOUR };
        fs::write(folder.path().join("a.mid"), clip.write(&MidiLayout::new("a", Drum::PITCHES)))?;
        let piece = &Data::read(folder.path(), None, 0, &model(Kit::one_drum()))?.pieces[0];
        let hits: Vec<(Drum, Hit)> = piece.steps[5].hits().collect();
        assert_eq!(hits, [(Drum::ALL[0], Hit::plain(90, 0))]);
        Ok(())
    }

    #[test]
    fn a_folder_is_searched_and_bad_files_are_listed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("deep"))?;
        for name in ["a.mid", "b.MID", "deep/c.midi"] {
            fs::write(folder.path().join(name), clip())?;
        }
        let melody = [&clip()[..22], b"nonsense"].concat();
        fs::write(folder.path().join("broken.mid"), melody)?;
        fs::write(folder.path().join("empty.mid"), b"")?;
        fs::File::create(folder.path().join("huge.mid"))?.set_len(MAX_FILE_BYTES as u64 + 1)?;
        fs::write(folder.path().join("notes.txt"), b"no MIDI at all")?;
        let data = read(folder.path(), Some("rock"))?;
        assert_eq!(data.pieces.len(), 3);
        assert_eq!(data.skipped.len(), 3);
        let text = data.skipped_text();
        for part in ["skipped 3 of 6 files", "broken.mid", "empty.mid", "huge.mid"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!data.split(Split::Train).is_empty() && !data.split(Split::Validation).is_empty());
        let kind = data.pieces[0].kind;
        assert_eq!((kind.style, kind.meter), (17, Meter::new(3, 4)));
        assert!((kind.tempo - 90.0).abs() < 1e-3);
        Ok(())
    }

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

    #[test]
    fn info_csv_sets_style_and_split_and_missing_files_are_listed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.mid"), clip())?;
        let table = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,\
                     audio_filename,duration,split\n\
                     d1,s,i,jazz/funk,101,fill,6-8,a.mid,a.wav,1.0,validation\n\
                     d1,s,i,rock,101,beat,4-4,gone.mid,,1.0,train\n";
        fs::write(folder.path().join("info.csv"), table)?;
        let data = read(folder.path(), None)?;
        let piece = &data.pieces[0];
        assert_eq!((piece.kind.style, piece.kind.tempo), (10, 101.0));
        assert_eq!((piece.kind.meter, piece.kind.fill), (Meter::new(6, 8), true));
        assert_eq!(piece.split, Split::Validation);
        assert!(data.skipped_text().contains("gone.mid: the file is missing"));
        Ok(())
    }

    #[test]
    fn a_folder_without_usable_files_is_an_error() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("empty.mid"), b"")?;
        let fault = read(folder.path(), None).expect_err("nothing there").to_string();
        assert!(fault.contains("no drum MIDI") && fault.contains("empty.mid"), "{fault}");
        let fault = read(&folder.path().join("none"), None).expect_err("no folder");
        assert!(fault.to_string().contains("GROOVE_DIR"));
        fs::write(folder.path().join("a.mid"), clip())?;
        let fault = read(folder.path(), Some("polka")).expect_err("no style");
        assert!(fault.to_string().contains("no style polka"));
        fs::write(folder.path().join("info.csv"), "a,b\n1,2\n")?;
        let fault = read(folder.path(), Some("rock")).expect_err("two that say the style");
        assert!(fault.to_string().contains("--style is for a folder without it"));
        let fault = read(folder.path(), None).expect_err("another table");
        assert!(fault.to_string().contains("info.csv is not a table"));
        Ok(())
    }
}
