//! Reading of folders of training data.
//!
//! Tables in the columns of the Groove MIDI Dataset give style, tempo, meter, beat or fill, and
//! split. Any other folder is split by file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use groove::learn::data::{Data, known_style};
use groove::model::Metadata;

use super::folder::{FileList, tables};
use super::patterns;

/// Reads folders with a model's classes and styles. `style` is the style of folders without a
/// table; `seed` determines their splits.
///
/// # Errors
/// If a folder cannot be read, its `info.csv` is not a table of the Groove MIDI Dataset, the
/// style is unknown, a pattern is wrong, or no file is readable.
pub fn read(folders: &[PathBuf], style: Option<&str>, seed: u64, model: &Metadata) -> Result<Data> {
    let mut all: Option<Data> = None;
    for folder in folders {
        let data = read_folder(folder, style, seed, model)?;
        match &mut all {
            Some(all) => append(all, data),
            None => all = Some(data),
        }
    }
    all.context("give a folder of drum MIDI with --data, or in the variable GROOVE_DIR")
}

/// Adds the data of another folder.
fn append(all: &mut Data, other: Data) {
    all.pieces.extend(other.pieces);
    all.skipped.extend(other.skipped);
    all.melodies.extend(other.melodies);
    all.duplicates.extend(other.duplicates);
    all.unlisted += other.unlisted;
    all.source = format!("{}; {}", all.source, other.source);
}

/// Reads a folder: of patterns if it has text files of them, else of MIDI files.
fn read_folder(folder: &Path, style: Option<&str>, seed: u64, model: &Metadata) -> Result<Data> {
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
    let mut data = Data::new(patterns::SOURCE);
    data.pieces = patterns::read_folder(folder, model)?;
    if !data.pieces.is_empty() {
        return Ok(data);
    }
    let style = style.map_or(Ok(0), |name| known_style(model, name))?;
    let list = FileList::of(folder, style, model)?;
    (data.skipped, data.unlisted, data.source) = (list.unread, list.unlisted, list.source);
    data.add_files(folder, &list.files, list.is_listed, &model.classes, &|| false);
    if !list.is_listed {
        data.hold_out(seed);
    }
    ensure!(
        !data.pieces.is_empty(),
        "{} contains no drum MIDI that can be read{}",
        folder.display(),
        data.skipped_text()
    );
    Ok(data)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use groove::learn::data::Split;
    use groove::model::Stack;
    use groove::pattern::kit::DrumClasses;
    use groove::pattern::midi::{Clip, MAX_FILE_BYTES, MidiLayout};
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

    fn model(classes: DrumClasses) -> Metadata {
        let stack = Stack { layers: 1, cells: 1 };
        Metadata { classes, ..Metadata::new("", stack, stack, "") }
    }

    fn read_one(folder: &Path, style: Option<&str>) -> Result<Data> {
        super::read(&[folder.to_path_buf()], style, 0, &model(DrumClasses::default()))
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
        let piece =
            &super::read(&[folder.path().to_path_buf()], None, 0, &model(DrumClasses::one_drum()))?
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
        let data = read_one(folder.path(), Some("rock"))?;
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
        let data = super::read(&paths, None, 0, &model(DrumClasses::default()))?;
        let styles: Vec<u8> = data.pieces.iter().map(|piece| piece.kind.style).collect();
        assert_eq!(styles, [0, 0, 26]);
        assert_eq!(data.source, format!("2 own clips; {}", patterns::SOURCE));
        assert!(super::read(&[], None, 0, &model(DrumClasses::default())).is_err());
        Ok(())
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
        let data = read_one(folder.path(), None)?;
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
        let fault = read_one(folder.path(), None).expect_err("nothing there").to_string();
        assert!(fault.contains("no drum MIDI") && fault.contains("empty.mid"), "{fault}");
        let fault = read_one(&folder.path().join("none"), None).expect_err("no folder");
        assert!(fault.to_string().contains("GROOVE_DIR"));
        fs::write(folder.path().join("a.mid"), clip())?;
        let fault = read_one(folder.path(), Some("polka")).expect_err("no style");
        assert!(fault.to_string().contains("no style polka"));
        fs::write(folder.path().join("info.csv"), "a,b\n1,2\n")?;
        let fault = read_one(folder.path(), Some("rock")).expect_err("two that say the style");
        assert!(fault.to_string().contains("--style is for a folder without it"));
        let fault = read_one(folder.path(), None).expect_err("another table");
        assert!(fault.to_string().contains("info.csv is not a table"));
        Ok(())
    }
}
