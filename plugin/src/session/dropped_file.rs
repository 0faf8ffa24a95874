//! Files dropped on the window: their kind, and reading MIDI clips.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use groove::pattern::Stroke;
use groove::pattern::midi::{Clip, Import, MidiError, PitchMap};
use groove::{Hit, Meter, Step};

use crate::project::models;

/// Maximum size of a MIDI file, in bytes: hours of drumming.
const MAX_BYTES: u64 = 4 << 20;

/// A quarter of a step, in ticks.
const QUARTER_STEP: i8 = 60;

/// Kind of a dropped file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A MIDI file.
    Midi,
    /// A model.
    Model,
}

/// Returns the single dropped file and its kind, judged by its name.
///
/// # Errors
/// Returns a message if there is not exactly one file of a known kind.
pub fn classify(files: &[PathBuf]) -> Result<(FileKind, &Path), String> {
    let file = match files {
        [] => return Err("The dropped item is not a file on this computer.".to_owned()),
        [file] => file.as_path(),
        _ => return Err("Drop one file at a time.".to_owned()),
    };
    kind_of(file).map(|kind| (kind, file)).ok_or_else(|| {
        let name = name(file);
        format!("{name} is neither a MIDI file (.mid) nor a model (.safetensors).")
    })
}

/// Returns the kind of a file, judged by its name.
pub fn kind_of(file: &Path) -> Option<FileKind> {
    let ending = file.extension().unwrap_or_default();
    if ["mid", "midi", "smf", "rmi", "kar"].iter().any(|known| ending.eq_ignore_ascii_case(known)) {
        Some(FileKind::Midi)
    } else {
        models::is_model_file(file).then_some(FileKind::Model)
    }
}

/// Reads the contents of a MIDI file.
///
/// # Errors
/// Returns a message if the file cannot be read or is too large.
pub fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let unread = |fault: std::io::Error| format!("{} cannot be read: {fault}.", name(file));
    if std::fs::metadata(file).map_err(unread)?.len() > MAX_BYTES {
        return Err(format!("{} is too large for a drum clip.", name(file)));
    }
    std::fs::read(file).map_err(unread)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or(OsStr::new("This")).to_string_lossy().into_owned()
}

/// Reads the drums of a MIDI file into whole bars of the song's meter, and says what was left out or
/// is not as in the file. A file without a time signature is in the song's meter. A single last hit on the first step of a bar ends the clip and does not add a bar; strokes a
/// quarter step and more before it are of the bar that ends, and of its start in a loop.
///
/// # Errors
/// Returns a message if the file is invalid or its bars differ from the song's.
pub fn read(bytes: &[u8], song: Meter) -> Result<(Clip, Option<String>), String> {
    let unused = |fault: MidiError| format!("The file cannot be used: {fault}.");
    let import = Import::read(bytes, PitchMap::Detect).map_err(unused)?;
    let (mut clip, told) = import.clip(song).map_err(unused)?;
    let (own, bar) = (clip.meter, song.steps());
    if own.steps() != bar {
        return Err(format!(
            "The file is in {}/{} and the song in {}/{}, so its hits would fall on other places \
             of the bar.",
            own.numerator, own.denominator, song.numerator, song.denominator
        ));
    }
    if clip.steps.len() > bar
        && clip.steps.len() % bar == 1
        && let Some(end) = clip.steps.pop()
    {
        for (drum, hit) in end.hits() {
            for Stroke { velocity, offset_ticks, articulation } in
                hit.strokes().filter(|stroke| stroke.offset_ticks <= -QUARTER_STEP)
            {
                let stroke = Hit { articulation, ..Hit::plain(velocity, offset_ticks) };
                clip.steps[0].add(drum, stroke);
            }
        }
    }
    clip.steps.resize(clip.steps.len().next_multiple_of(bar), Step::SILENT);
    clip.meter = song;
    Ok((clip, told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Drum;
    use groove::pattern::midi::MidiLayout;

    /// MIDI file with a snare at each of these steps.
    pub(crate) fn file(places: &[usize], meter: Meter) -> Vec<u8> {
        let mut steps = vec![Step::SILENT; places.iter().max().map_or(0, |last| last + 1)];
        for &place in places {
            steps[place].set(Drum::Snare, Some(Hit::plain(90, -9)));
        }
        Clip { steps, tempo: 97.0, meter }.write(&MidiLayout::new("Drums", Drum::PITCHES))
    }

    #[test]
    fn clips_are_padded_to_whole_bars() {
        let clip = |places: &[usize]| {
            read(&file(places, Meter::FOUR_FOUR), Meter::FOUR_FOUR).map(|(clip, _)| clip)
        };
        let one = clip(&[4, 12]).expect("a clip");
        assert_eq!(one.steps.len(), 16);
        assert_eq!(one.steps[4].hit(Drum::Snare), Some(Hit::plain(90, -9)));
        assert_eq!(clip(&[4, 17]).expect("a clip").steps.len(), 32);
        // End of a recording of two bars.
        assert_eq!(clip(&[4, 32]).expect("a clip").steps.len(), 32);
    }

    #[test]
    fn a_32nd_before_the_last_bar_line_belongs_to_the_loop() {
        let mut steps = vec![Step::SILENT; 33];
        steps[0].set(Drum::Snare, Some(Hit::plain(90, 0)));
        steps[32].set(Drum::Snare, Some(Hit::plain(70, -120)));
        steps[32].set(Drum::Crash, Some(Hit::plain(100, 0)));
        let meter = Meter::FOUR_FOUR;
        let file = Clip { steps, tempo: 97.0, meter }.write(&MidiLayout::new("", Drum::PITCHES));
        let (clip, _) = read(&file, meter).expect("a clip");
        let snare = clip.steps[0].hit(Drum::Snare).expect("a hit");
        let strokes = [Hit::plain(90, 0).main(), Hit::plain(70, -120).main()];
        assert_eq!(snare.strokes().collect::<Vec<_>>(), strokes);
        assert_eq!((clip.steps.len(), clip.steps[0].hit(Drum::Crash)), (32, None));
    }

    #[test]
    fn files_are_classified_by_extension() {
        let sorted = |files: &[&str]| {
            let files: Vec<_> = files.iter().map(PathBuf::from).collect();
            classify(&files).map(|(kind, file)| (kind, file.to_owned()))
        };
        assert_eq!(sorted(&["/a/Rock.MID"]), Ok((FileKind::Midi, "/a/Rock.MID".into())));
        for name in ["/a/1.rmi", "/a/1.KAR", "/a/1.smf"] {
            assert_eq!(sorted(&[name]), Ok((FileKind::Midi, name.into())));
        }
        let model = "/a/mine.safetensors";
        assert_eq!(sorted(&[model]), Ok((FileKind::Model, model.into())));
        let sentence = sorted(&["/a/kick.wav"]).expect_err("a recording");
        assert!(sentence.starts_with("kick.wav is neither"), "{sentence}");
        assert_eq!(sorted(&["/a/1.mid", "/a/2.mid"]), Err("Drop one file at a time.".to_owned()));
        assert!(sorted(&[]).is_err() && sorted(&["/"]).is_err());
    }

    #[test]
    fn oversized_and_missing_files_get_a_message() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("long.mid");
        std::fs::write(&file, b"MThd").expect("a file");
        assert_eq!(bytes(&file), Ok(b"MThd".to_vec()));
        std::fs::File::create(&file).and_then(|file| file.set_len(MAX_BYTES + 1)).expect("a file");
        assert_eq!(bytes(&file), Err("long.mid is too large for a drum clip.".to_owned()));
        let gone = bytes(&folder.path().join("gone.mid")).expect_err("no file");
        assert!(gone.starts_with("gone.mid cannot be read: "), "{gone}");
    }

    #[test]
    fn unusable_files_get_a_message() {
        let waltz = file(&[4], Meter::new(3, 4));
        let sentence = read(&waltz, Meter::FOUR_FOUR).expect_err("other bars");
        assert!(sentence.contains("in 3/4 and the song in 4/4"), "{sentence}");
        assert!(read(&waltz, Meter::new(6, 8)).is_ok(), "bars as long as its own");
        let sentence = read(b"RIFF", Meter::FOUR_FOUR).expect_err("no MIDI");
        assert!(sentence.starts_with("The file cannot be used: "), "{sentence}");
    }
}
