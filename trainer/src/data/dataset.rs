//! Reading of folders of drum MIDI.
//!
//! Tables in the columns of the Groove MIDI Dataset give style, tempo, meter, beat or fill, and
//! split. Any other folder is split by file. Files with the same notes count once. Unreadable files
//! and melodies are reported and left out.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use groove::model::Metadata;
use groove::model::encode::Kind;
use groove::pattern::input_maps::InputMap;
use groove::pattern::kit::Kit;
use groove::pattern::midi::{Import, MAX_FILE_BYTES, MidiError, PitchMap};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::folder::{FileList, SourceFile, Split, tables};
use super::patterns;
use super::piece::{Piece, known_style};

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
    /// Reads folders with a model's classes and styles. `style` is the style of folders without a
    /// table; `seed` determines their splits.
    ///
    /// # Errors
    /// If a folder cannot be read, its `info.csv` is not a table of the Groove MIDI Dataset, the
    /// style is unknown, a pattern is wrong, or no file is readable.
    pub fn read(
        folders: &[PathBuf],
        style: Option<&str>,
        seed: u64,
        model: &Metadata,
    ) -> Result<Data> {
        let mut all: Option<Data> = None;
        for folder in folders {
            let data = Data::read_folder(folder, style, seed, model)?;
            match &mut all {
                Some(all) => all.append(data),
                None => all = Some(data),
            }
        }
        all.context("give a folder of drum MIDI with --data, or in the variable GROOVE_DIR")
    }

    fn append(&mut self, other: Data) {
        self.pieces.extend(other.pieces);
        self.skipped.extend(other.skipped);
        self.melodies.extend(other.melodies);
        self.duplicates.extend(other.duplicates);
        self.unlisted += other.unlisted;
        self.source = format!("{}; {}", self.source, other.source);
    }

    /// Reads a folder: of patterns if it has text files of them, else of MIDI files.
    fn read_folder(
        folder: &Path,
        style: Option<&str>,
        seed: u64,
        model: &Metadata,
    ) -> Result<Data> {
        ensure!(
            folder.is_dir(),
            "there is no folder {}: give one with --data, or in the variable GROOVE_DIR",
            folder.display()
        );
        if style.is_some() {
            let table = folder.join("info.csv");
            let table = if table.is_file() { Some(table) } else { tables(folder)?.pop() };
            ensure!(
                table.is_none(),
                "{} already gives the styles of its files: --style is for a folder without it",
                table.unwrap_or_default().display()
            );
        }
        let mut data = Data {
            pieces: patterns::read_folder(folder, model)?,
            skipped: Vec::new(),
            melodies: Vec::new(),
            duplicates: Vec::new(),
            unlisted: 0,
            source: patterns::SOURCE.into(),
        };
        if !data.pieces.is_empty() {
            return Ok(data);
        }
        let style = style.map_or(Ok(0), |name| known_style(model, name))?;
        let list = FileList::of(folder, style, model)?;
        let read: Vec<Result<Content>> = (list.files.par_iter())
            .map(|file| read_file(file, folder, list.is_listed, &model.classes))
            .collect();
        (data.skipped, data.unlisted, data.source) = (list.unread, list.unlisted, list.source);
        data.sort_out(&list.files, read);
        if !list.is_listed {
            data.source = format!("{} own clips", data.pieces.len());
            hold_out(&mut data.pieces, seed);
        }
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

    /// Adds the files by what they are. Of files with the same notes the first one in the test
    /// split is kept, else in the validation split, else in the train split.
    fn sort_out(&mut self, files: &[SourceFile], read: Vec<Result<Content>>) {
        let mut kept: HashMap<u64, usize> = HashMap::new();
        for (place, content) in read.iter().enumerate() {
            if let Ok(Content::Piece(_, hash)) = content {
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
fn read_file(file: &SourceFile, folder: &Path, is_listed: bool, kit: &Kit) -> Result<Content> {
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
    let (clip, _) = import.clip(groove::Meter::FOUR_FOUR)?;
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
    use groove::model::Stack;
    use groove::pattern::midi::{Clip, MidiLayout};
    use groove::{Drum, Hit, Meter, Step};

    fn clip() -> Vec<u8> {
        clip_of(100)
    }

    /// A clip of one hit with a velocity.
    fn clip_of(velocity: u8) -> Vec<u8> {
        let mut steps = vec![Step::SILENT; 8];
        steps[0].set(Drum::Kick, Some(Hit::plain(velocity, 5)));
        Clip { steps, tempo: 90.0, meter: Meter::new(3, 4) }
            .write(&MidiLayout::new("clip", Drum::PITCHES))
    }

    fn model(classes: Kit) -> Metadata {
        let stack = Stack { layers: 1, cells: 1 };
        Metadata { classes, ..Metadata::new("", stack, stack, "") }
    }

    fn read(folder: &Path, style: Option<&str>) -> Result<Data> {
        Data::read(&[folder.to_path_buf()], style, 0, &model(Kit::default()))
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
        let piece = &Data::read(&[folder.path().to_path_buf()], None, 0, &model(Kit::one_drum()))?
            .pieces[0];
        let hits: Vec<(Drum, Hit)> = piece.steps[5].hits().collect();
        assert_eq!(hits, [(Drum::ALL[0], Hit::plain(90, 0))]);
        Ok(())
    }

    #[test]
    fn a_folder_is_searched_and_bad_files_are_listed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("deep"))?;
        for (velocity, name) in (1..).zip(["a.mid", "b.MID", "deep/c.midi"]) {
            fs::write(folder.path().join(name), clip_of(velocity))?;
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
    fn folders_are_read_together() -> Result<()> {
        let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
        fs::write(folders[0].path().join("a.mid"), clip_of(50))?;
        fs::write(folders[0].path().join("b.mid"), clip_of(51))?;
        fs::write(
            folders[1].path().join("house.txt"),
            "style house\npattern one\nkick X...X...X...X...\n",
        )?;
        let paths = folders.each_ref().map(|folder| folder.path().to_path_buf());
        let data = Data::read(&paths, None, 0, &model(Kit::default()))?;
        let styles: Vec<u8> = data.pieces.iter().map(|piece| piece.kind.style).collect();
        assert_eq!(styles, [0, 0, 26]);
        assert_eq!(data.source, format!("2 own clips; {}", patterns::SOURCE));
        assert!(Data::read(&[], None, 0, &model(Kit::default())).is_err());
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
