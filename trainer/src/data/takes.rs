//! Beats that a system generated, read from a folder of MIDI.

use std::path::Path;

use anyhow::{Result, ensure};
use groove::learn::data::{Data, SourceFile, Split};
use groove::model::Metadata;

use super::folder::FileList;

/// Reads the takes of a folder. With tables in the columns of the Groove MIDI Dataset they are the
/// rows of a split. Without a table each file's name has the style, as one of its words, and the
/// file itself has the tempo. All takes are of the split; takes with the same notes all count.
///
/// # Errors
/// If the folder cannot be read, a table is not one, or no take is readable.
pub fn read_takes(folder: &Path, split: Split, model: &Metadata) -> Result<Data> {
    let list = FileList::of(folder, 0, model)?;
    let mut data = Data::new("takes");
    data.skipped = list.unread;
    let mut files = Vec::new();
    for file in list.files {
        if list.is_listed {
            files.extend((file.split == split).then_some(file));
            continue;
        }
        match style_in_name(&file.path, model) {
            Some(style) => files.push(SourceFile { style, split, ..file }),
            None => {
                let reason = "no word of the file's name is a style that the protocol knows";
                data.skipped.push((file.path, reason.into()));
            }
        }
    }
    data.add_takes(folder, &files, list.is_listed, &model.classes);
    ensure!(
        !data.pieces.is_empty(),
        "{} contains no take that can be read{}",
        folder.display(),
        data.skipped_text()
    );
    Ok(data)
}

/// Returns the style of a file by its name, such as `rock-120bpm-7.mid` or `1_funk_80_beat_4-4.mid`.
fn style_in_name(path: &Path, model: &Metadata) -> Option<u8> {
    let name = path.file_stem()?.to_string_lossy();
    name.split(|letter: char| !letter.is_alphanumeric()).find_map(|word| model.style_number(word))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use groove::model::Stack;
    use groove::pattern::midi::{Clip, MidiLayout};
    use groove::{Drum, Hit, Meter, Step};

    fn clip(tempo: f64) -> Vec<u8> {
        let mut steps = vec![Step::SILENT; 32];
        for step in steps.iter_mut().step_by(4) {
            step.set(Drum::Kick, Some(Hit::plain(90, 5)));
        }
        let clip = Clip { steps, tempo, meter: Meter::FOUR_FOUR };
        clip.write(&MidiLayout::new("clip", Drum::PITCHES))
    }

    fn read(folder: &Path) -> Result<Data> {
        let stack = Stack { layers: 1, cells: 1 };
        read_takes(folder, Split::Validation, &Metadata::new("", stack, stack, ""))
    }

    #[test]
    fn names_have_the_style_and_files_the_tempo() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for (name, tempo) in [
            ("rock-120bpm-1.mid", 93.0),
            ("rock-120bpm-2.mid", 93.0),
            ("1_funk_80_beat_4-4.mid", 80.0),
            ("drums.mid", 80.0),
        ] {
            fs::write(folder.path().join(name), clip(tempo))?;
        }
        let data = read(folder.path())?;
        let mut found: Vec<(u8, f32)> =
            data.pieces.iter().map(|piece| (piece.kind.style, piece.kind.tempo.round())).collect();
        found.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        assert_eq!(found, [(6, 80.0), (17, 93.0), (17, 93.0)], "equal takes both count");
        assert!(data.pieces.iter().all(|piece| piece.split == Split::Validation));
        assert!(data.skipped_text().contains("drums.mid: no word of the file's name is a style"));
        Ok(())
    }

    #[test]
    fn a_table_has_style_tempo_and_split() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut table = "style,bpm,beat_type,time_signature,midi_filename,split\n".to_owned();
        for (name, split) in [("a.mid", "validation"), ("b.mid", "validation"), ("c.mid", "train")]
        {
            fs::write(folder.path().join(name), clip(80.0))?;
            table += &format!("jazz/swing,101,beat,4-4,{name},{split}\n");
        }
        fs::write(folder.path().join("info.csv"), table)?;
        let kinds: Vec<_> = read(folder.path())?.pieces.iter().map(|piece| piece.kind).collect();
        assert_eq!(kinds.len(), 2);
        assert!(kinds.iter().all(|kind| (kind.style, kind.tempo) == (10, 101.0)));
        Ok(())
    }

    #[test]
    fn a_folder_without_a_style_in_its_names_is_an_error() -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("drums.mid"), clip(80.0))?;
        let fault = read(folder.path()).expect_err("no style").to_string();
        assert!(
            fault.contains("no take that can be read") && fault.contains("drums.mid"),
            "{fault}"
        );
        Ok(())
    }
}
