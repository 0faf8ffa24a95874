//! Tests of awkward folders.

use std::fs;
use std::path::Path;

use anyhow::Result;
use groove::learn::data::{Data, Split};
use groove::model::{Metadata, Stack};
use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Hit, Meter, Step};
use tempfile::TempDir;

/// Head of a table, with a column that nobody reads.
const HEAD: &str = "drummer,style,bpm,beat_type,time_signature,kit_name,split,midi_filename\n";

/// A folder under construction.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("written");
    }

    fn read(&self) -> Result<Data> {
        let stack = Stack { layers: 1, cells: 1 };
        super::read(&[self.0.path().to_path_buf()], None, 0, &Metadata::new("", stack, stack, ""))
    }

    fn data(&self) -> Data {
        self.read().expect("data")
    }
}

/// A clip of one kick, with a velocity that makes it another one.
fn clip(velocity: u8) -> Vec<u8> {
    let mut steps = vec![Step::SILENT; 8];
    steps[0].set(Drum::Kick, Some(Hit::plain(velocity, 5)));
    Clip { steps, tempo: 90.0, meter: Meter::new(3, 4) }
        .write(&MidiLayout::new("clip", Drum::PITCHES))
}

/// A melody on channel 1.
fn melody() -> Vec<u8> {
    let body = [0, 0x90, 60, 90, 96, 64, 90, 96, 67, 90, 96, 72, 90, 0, 0xff, 0x2f, 0];
    [b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x11", &body[..]].concat()
}

fn reasons(data: &Data) -> Vec<String> {
    let line =
        |(path, reason): &(std::path::PathBuf, String)| format!("{}: {reason}", path.display());
    data.skipped.iter().map(line).collect()
}

#[test]
fn files_are_found_by_every_ending_of_midi_files() {
    let folder = Folder::new();
    let names = ["a.MID", "b.midi", "c.Smf", "d.rmi", "e.kar", "f g/ü.mid", "._a.mid", "h.mid.txt"];
    for (velocity, name) in (1..).zip(names) {
        folder.write(name, clip(velocity));
    }
    let data = folder.data();
    assert_eq!((data.pieces.len(), data.skipped.len()), (6, 0));
}

#[test]
fn a_folder_named_as_a_file_is_searched() {
    let folder = Folder::new();
    folder.write("beats.mid/one.mid", clip(1));
    assert_eq!(folder.data().pieces[0].steps.len(), 1);
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_never_in_a_circle() {
    use std::os::unix::fs::symlink;
    let (folder, other) = (Folder::new(), Folder::new());
    folder.write("deep/a.mid", clip(1));
    other.write("b.mid", clip(2));
    let link = |to: &Path, name: &str| symlink(to, folder.0.path().join(name)).expect("a link");
    link(folder.0.path(), "deep/around");
    link(&folder.0.path().join("deep"), "again");
    link(&folder.0.path().join("deep/a.mid"), "a.mid");
    link(other.0.path(), "elsewhere");
    link(Path::new("gone"), "gone.mid");
    let data = folder.data();
    assert_eq!((data.pieces.len(), data.duplicates.len()), (2, 0));
    let [gone] = &reasons(&data)[..] else { panic!("{:?}", data.skipped) };
    assert!(gone.starts_with("gone.mid: it cannot be searched"), "{gone}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.write("a.mid", clip(1));
    folder.write("closed/b.mid", clip(2));
    let closed = folder.0.path().join("closed");
    let allow = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode));
    allow(0).expect("set");
    let is_superuser = fs::read_dir(&closed).is_ok();
    let data = folder.data();
    allow(0o755).expect("set");
    match is_superuser {
        true => assert_eq!(data.pieces.len(), 2),
        false => {
            assert_eq!(data.pieces.len(), 1);
            assert!(reasons(&data)[0].starts_with("closed: it cannot be searched"));
        }
    }
}

#[test]
fn a_table_one_level_down_is_used() {
    let folder = Folder::new();
    let row = "d1,rock,101,beat,6/8,kit,validation,session/a.mid\n";
    folder.write("groove/info.csv", format!("{HEAD}{row}"));
    folder.write("groove/session/a.mid", clip(1));
    folder.write("groove/session/b.mid", clip(2));
    let data = folder.data();
    let [piece] = &data.pieces[..] else { panic!("{} pieces", data.pieces.len()) };
    assert_eq!((piece.split, piece.kind.tempo), (Split::Validation, 101.0));
    assert_eq!(piece.kind.meter, Meter::new(6, 8));
    assert_eq!(data.unlisted, 1);
    assert!(data.skipped_text().contains("not in a table: 1"), "{}", data.skipped_text());
}

#[test]
fn tables_of_several_folders_are_joined() {
    let folder = Folder::new();
    for (velocity, name) in [(1, "one"), (2, "two")] {
        folder.write(
            &format!("{name}/info.csv"),
            format!("{HEAD}d1,rock,101,beat,4-4,kit,train,a.mid\n"),
        );
        folder.write(&format!("{name}/a.mid"), clip(velocity));
    }
    assert_eq!(folder.data().pieces.len(), 2);
}

#[test]
fn the_table_of_the_expanded_dataset_is_used() {
    let folder = Folder::new();
    let head = "drummer,session,id,style,bpm,beat_type,time_signature,duration,split,\
                midi_filename,audio_filename,kit_name\n";
    let row = "drummer1,s,i,funk,80,fill,4-4,1.5,test,a.midi,a.wav,Acoustic Kit\n";
    folder.write("e-gmd-v1.0.0.csv", format!("{head}{row}"));
    folder.write("a.midi", clip(1));
    folder.write("notes.csv", "a,b\n1,2\n");
    let data = folder.data();
    assert_eq!((data.pieces[0].split, data.pieces[0].kind.fill), (Split::Test, true));
}

#[test]
fn a_meter_is_written_either_way_and_else_that_of_the_file() {
    let folder = Folder::new();
    let mut table = HEAD.to_owned();
    let meters = ["6-8", "6/8", "5/4", "", "0-4", "waltz"];
    for (number, meter) in (1..).zip(meters) {
        table += &format!("d1,rock,101,beat,{meter},kit,train,{number}.mid\n");
        folder.write(&format!("{number}.mid"), clip(number));
    }
    folder.write("info.csv", table);
    let read: Vec<Meter> = folder.data().pieces.iter().map(|piece| piece.kind.meter).collect();
    let of_file = Meter::new(3, 4);
    let (six, five) = (Meter::new(6, 8), Meter::new(5, 4));
    assert_eq!(read, [six, six, five, of_file, of_file, of_file]);
}

#[test]
fn melodies_are_counted() {
    let folder = Folder::new();
    folder.write("a.mid", clip(1));
    folder.write("piano.mid", melody());
    let data = folder.data();
    assert_eq!((data.pieces.len(), data.melodies.len(), data.skipped.len()), (1, 1, 0));
    assert!(data.skipped_text().contains("melodies left out: 1"));
    let alone = Folder::new();
    alone.write("piano.mid", melody());
    let fault = alone.read().expect_err("no drums").to_string();
    assert!(fault.contains("melodies left out: 1"), "{fault}");
}

#[test]
fn files_with_the_same_notes_count_once() {
    let folder = Folder::new();
    for name in ["a.mid", "copy of a.mid", "deep/a.mid"] {
        folder.write(name, clip(1));
    }
    folder.write("b.mid", clip(2));
    let data = folder.data();
    assert_eq!((data.pieces.len(), data.duplicates.len()), (2, 2));
    let [train, validation] = [Split::Train, Split::Validation].map(|it| data.split(it).len());
    assert_eq!((train, validation), (1, 1));
}

#[test]
fn duplicates_are_never_on_both_sides_of_a_split() {
    let folder = Folder::new();
    let splits = ["train", "validation", "train", "test"];
    let mut table = HEAD.to_owned();
    for (number, split) in splits.into_iter().enumerate() {
        table += &format!("d1,rock,101,beat,4-4,kit,{split},{number}.mid\n");
        folder.write(&format!("{number}.mid"), clip(if number < 3 { 1 } else { 2 }));
    }
    folder.write("info.csv", table);
    let data = folder.data();
    let kept: Vec<Split> = data.pieces.iter().map(|piece| piece.split).collect();
    assert_eq!(kept, [Split::Validation, Split::Test]);
    assert_eq!(data.duplicates[0], ("0.mid".into(), "1.mid".into()));
}

#[test]
fn files_of_other_content_are_skipped_with_a_reason() {
    let folder = Folder::new();
    folder.write("a.mid", clip(1));
    folder.write("empty.mid", b"");
    folder.write("text.mid", b"no MIDI at all");
    folder.write("cut.mid", &clip(2)[..30]);
    let data = folder.data();
    assert_eq!(data.pieces.len(), 1);
    let reasons = reasons(&data).join("\n");
    for part in [
        "empty.mid: the file is not a complete",
        "text.mid: the file is not",
        "cut.mid: the file has",
    ] {
        assert!(reasons.contains(part), "{reasons}");
    }
}

#[test]
fn the_summary_tells_what_was_read_and_what_not() {
    let folder = Folder::new();
    for velocity in 1..=4 {
        folder.write(&format!("{velocity}.mid"), clip(velocity));
    }
    folder.write("copy.mid", clip(1));
    folder.write("piano.mid", melody());
    folder.write("empty.mid", b"");
    let data = folder.data();
    let json = data.summary_json();
    assert_eq!(json["read"]["train"]["files"], 3);
    assert_eq!(json["read"]["validation"]["hits"], 1);
    assert_eq!(json["duplicates"][0]["of"], "1.mid");
    assert_eq!(
        (&json["melodies"][0], &json["skipped"][0]["file"]),
        (&"piano.mid".into(), &"empty.mid".into())
    );
    let table = data.summary();
    for line in ["train", "validation", "melodies left out", "duplicates left out", "skipped"] {
        assert!(table.lines().any(|it| it.starts_with(line)), "{table}");
    }
}

#[cfg(unix)]
#[test]
fn each_of_twelve_awkward_shapes_is_read_or_named() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let table = "drummer,style,bpm,beat_type,time_signature,split,midi_filename,audio_filename\n\
                 d,rock,101,beat,6/8,train,linked.mid,a.wav\n\
                 d,rock,102,beat,4-4,train,a.MID,b.wav\n\
                 d,rock,103,beat,4-4,train,b.smf,c.wav\n\
                 d,rock,104,beat,4-4,validation,c.rmi,d.wav\n\
                 d,rock,105,fill,4-4,test,d.kar,e.wav\n\
                 d,rock,106,beat,4-4,train,copy.mid,f.wav\n\
                 d,rock,107,beat,4-4,train,cut.mid,g.wav\n\
                 d,rock,108,beat,4-4,train,melody.mid,h.wav\n\
                 d,rock,109,beat,4-4,train,gone.mid,i.wav\n";
    // The table of the expanded dataset, a level down.
    folder.write("set/e-gmd-v1.0.0.csv", table);
    elsewhere.write("linked.mid", clip(1));
    let link = |to: &Path, name: &str| symlink(to, folder.0.path().join(name)).expect("a link");
    link(&elsewhere.0.path().join("linked.mid"), "set/linked.mid");
    link(folder.0.path(), "set/around");
    link(Path::new("nowhere"), "set/broken.mid");
    folder.write("set/a.MID", clip(2));
    folder.write("set/b.smf", clip(3));
    let riff = [b"RIFF\x40\0\0\0RMIDdata\x36\0\0\0", &clip(4)[..]].concat();
    folder.write("set/c.rmi", riff);
    folder.write("set/d.kar", clip(5));
    folder.write("set/copy.mid", clip(5));
    folder.write("set/cut.mid", &clip(6)[..30]);
    folder.write("set/melody.mid", melody());
    folder.write("set/unlisted.mid", clip(7));
    let data = folder.data();
    let json = data.summary_json();
    let read = |split: &str| json["read"][split]["files"].as_u64();
    assert_eq!([read("train"), read("validation"), read("test")], [Some(3), Some(1), Some(1)]);
    let six = data.pieces.iter().find(|piece| piece.kind.tempo == 101.0).expect("the link");
    assert_eq!(six.kind.meter, Meter::new(6, 8));
    let names = |list: &str| -> Vec<&str> {
        let files = json[list].as_array().expect("a list");
        files.iter().filter_map(|file| file["file"].as_str().or(file.as_str())).collect()
    };
    assert_eq!(names("melodies"), ["set/melody.mid"]);
    // The same notes are in the test split, and nowhere else.
    assert_eq!(names("duplicates"), ["set/copy.mid"]);
    assert_eq!(json["duplicates"][0]["of"], "set/d.kar");
    let mut skipped = names("skipped");
    skipped.sort_unstable();
    assert_eq!(skipped, ["set/broken.mid", "set/cut.mid", "set/gone.mid"]);
    assert_eq!(json["unlisted"], 1);
}
