//! Files dropped on the window: their kind, and reading MIDI clips.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use groove::pattern::Stroke;
use groove::pattern::midi::{Clip, Import, MidiError, PitchMap};
use groove::take::Rhythm;
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
    /// A folder, or several MIDI files and folders.
    Clips,
}

/// Returns the kind of the dropped files, judged by their names, and the first of them.
///
/// # Errors
/// Returns a message if there is none, or one of an unknown kind.
pub fn classify(files: &[PathBuf]) -> Result<(FileKind, &Path), String> {
    let is_clip = |file: &PathBuf| file.is_dir() || kind_of(file) == Some(FileKind::Midi);
    let file = match files {
        [] => return Err("The dropped item is not a file on this computer.".to_owned()),
        [file] if file.is_dir() => return Ok((FileKind::Clips, file)),
        [file] => file.as_path(),
        [first, ..] if files.iter().any(is_clip) => return Ok((FileKind::Clips, first)),
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

/// Reads the bars of a MIDI file that have the song's meter, and says what was left out or is not as
/// in the file. A file without a time signature is in the song's meter. Hits on the bar line after
/// the last bar, at which the file ends, end the clip and do not add a bar, see [`Import::bars`];
/// strokes a quarter step and more before it are of the bar that ends, and of its start in a loop.
///
/// # Errors
/// Returns a message if the file is invalid or no bar is as long as the song's.
pub fn read(bytes: &[u8], song: Meter) -> Result<(Clip, Option<String>), String> {
    read_as(bytes, song, PitchMap::Detect)
}

/// Reads the rhythm of a file that has notes but no drums, such as a bass line, up to four bars of
/// 4/4. Returns `None` for a file with drums, or without notes.
///
/// # Errors
/// Returns a message if no bar is as long as the song's.
pub fn read_melody(bytes: &[u8], song: Meter) -> Result<Option<Rhythm>, String> {
    match Import::read(bytes, PitchMap::Detect) {
        Err(MidiError::NotDrums(_)) => {
            let (clip, _) = read_as(bytes, song, PitchMap::Rhythm)?;
            Ok(Some(Rhythm::of(&clip.steps)))
        }
        _ => Ok(None),
    }
}

fn read_as(bytes: &[u8], song: Meter, map: PitchMap) -> Result<(Clip, Option<String>), String> {
    let unused = |fault: MidiError| {
        let advice = match fault {
            MidiError::NotDrums(_) => {
                " Continued instead, its rhythm is one that the kit plays to."
            }
            _ => "",
        };
        format!("The file cannot be used: {fault}.{advice}")
    };
    let import = Import::read(bytes, map).map_err(unused)?;
    let (file, told) = import.song(song).map_err(unused)?;
    let named = |meter: Meter| format!("{}/{}", meter.numerator, meter.denominator);
    let Some((mut clip, others)) = file.in_meter(song) else {
        return Err(format!(
            "The file is in {} and the song in {}, so its hits would fall on other places of the \
             bar.",
            import.meter().map_or_else(String::new, named),
            named(song)
        ));
    };
    let mut notes: Vec<String> = told.into_iter().collect();
    if let Some(others) = listed(&others) {
        notes.push(format!("Left out: {others}, because the song is in {}.", named(song)));
    }
    let bar = song.steps();
    // A step after the last whole bar has the hits on the bar line that ends the clip.
    let ends = clip.steps.len() > bar && clip.steps.len() % bar == 1;
    if let Some(end) = clip.steps.pop_if(|_| ends)
        && wrap_early(&end, &mut clip.steps[0]) > 0
    {
        notes.push("The hits on the last bar line are left out: they end the clip.".into());
    }
    Ok((clip, (!notes.is_empty()).then(|| notes.join(" "))))
}

/// Adds the strokes of a step that are a quarter step and more early to another. Returns the number
/// of all others.
fn wrap_early(end: &Step, first: &mut Step) -> usize {
    let mut left_out = 0;
    for (drum, hit) in end.hits() {
        for Stroke { velocity, offset_ticks, articulation } in hit.strokes() {
            left_out += match offset_ticks <= -QUARTER_STEP {
                true => first.add(drum, Hit { articulation, ..Hit::plain(velocity, offset_ticks) }),
                false => 1,
            };
        }
    }
    left_out
}

/// Numbers of bars in words, such as "bars 1, 4 and 6"; `None` without any. More than six are
/// counted.
fn listed(bars: &[usize]) -> Option<String> {
    match bars {
        [] => None,
        [one] => Some(format!("bar {one}")),
        [first @ .., last] if first.len() < 6 => {
            let first: Vec<String> = first.iter().map(usize::to_string).collect();
            Some(format!("bars {} and {last}", first.join(", ")))
        }
        many => Some(format!("{} bars", many.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Drum;
    use groove::pattern::midi::{MeterSection, MidiLayout, Song, TimeSignature};

    /// Clip with a snare at each of these steps.
    fn snares(places: &[usize], meter: Meter) -> Clip {
        let mut steps = vec![Step::SILENT; places.iter().max().map_or(0, |last| last + 1)];
        for &place in places {
            steps[place].set(Drum::Snare, Some(Hit::plain(90, -9)));
        }
        Clip { steps, tempo: 97.0, meter }
    }

    /// MIDI file of whole bars.
    fn file(places: &[usize], meter: Meter) -> Vec<u8> {
        snares(places, meter).write(&MidiLayout::new("Drums", Drum::PITCHES))
    }

    /// MIDI file of a clip that ends at a tick.
    fn ended(clip: Clip, end: u32) -> Vec<u8> {
        Song { end, ..Song::of(clip) }.write(&MidiLayout::new("Drums", Drum::PITCHES))
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
    }

    #[test]
    fn a_last_bar_with_a_single_hit_is_a_bar_unless_the_file_ends_with_the_hit() {
        let meter = Meter::FOUR_FOUR;
        let (start, quarter) = (2 * 3_840, 960);
        for (end, bars) in
            [(start + 100, 2), (start + quarter, 2), (start + quarter + 1, 3), (start + 3_840, 3)]
        {
            let mut song = snares(&[4, 32], meter);
            song.steps[32].set(Drum::Crash, Some(Hit::plain(100, 0)));
            let (clip, note) = read(&ended(song, end), meter).expect("a clip");
            assert_eq!((clip.steps.len(), note.is_some()), (bars * 16, bars == 2), "end at {end}");
            let crash = clip.steps.get(32).and_then(|step| step.hit(Drum::Crash));
            assert_eq!(crash, (bars == 3).then_some(Hit::plain(100, 0)), "end at {end}");
        }
    }

    #[test]
    fn a_32nd_before_the_last_bar_line_belongs_to_the_loop() {
        let mut steps = vec![Step::SILENT; 33];
        steps[0].set(Drum::Snare, Some(Hit::plain(90, 0)));
        steps[32].set(Drum::Snare, Some(Hit::plain(70, -120)));
        steps[32].set(Drum::Crash, Some(Hit::plain(100, 0)));
        let meter = Meter::FOUR_FOUR;
        let file = ended(Clip { steps, tempo: 97.0, meter }, 2 * 3_840 + 120);
        let (clip, _) = read(&file, meter).expect("a clip");
        let snare = clip.steps[0].hit(Drum::Snare).expect("a hit");
        let strokes = [Hit::plain(90, 0).main(), Hit::plain(70, -120).main()];
        assert_eq!(snare.strokes().collect::<Vec<_>>(), strokes);
        assert_eq!((clip.steps.len(), clip.steps[0].hit(Drum::Crash)), (32, None));
    }

    #[test]
    fn silent_bars_at_the_end_are_kept() {
        let mut steps = vec![Step::SILENT; 48];
        steps[..8].fill_with(|| {
            let mut step = Step::SILENT;
            step.set(Drum::Snare, Some(Hit::plain(90, 0)));
            step
        });
        let meter = Meter::FOUR_FOUR;
        let file = Clip { steps, tempo: 97.0, meter }.write(&MidiLayout::new("", Drum::PITCHES));
        let (clip, told) = read(&file, meter).expect("a clip");
        assert_eq!((clip.steps.len(), told), (48, None));
    }

    #[test]
    fn bars_of_other_meters_are_left_out_by_name() {
        let of = |beats: u32, numerator: i32| {
            let steps = vec![Step::SILENT; usize::try_from(4 * beats).expect("a number")];
            (Clip { steps, tempo: 97.0, meter: Meter::new(numerator, 4) }, 960 * beats)
        };
        let (mut sections, mut start) = (Vec::new(), 0);
        for (place, (mut clip, ticks)) in
            [of(1, 1), of(8, 4), of(2, 2), of(4, 4)].into_iter().enumerate()
        {
            let velocity = 50 + u8::try_from(place).expect("a number");
            clip.steps[0].set(Drum::Snare, Some(Hit::plain(velocity, 0)));
            sections.push(MeterSection { start, clip });
            start += ticks;
        }
        let time_signatures = sections.iter().map(|MeterSection { start, clip }| {
            let Meter { numerator, denominator } = clip.meter;
            let denominator = denominator.into();
            TimeSignature { tick: (*start).into(), numerator, denominator }
        });
        let time_signatures = time_signatures.collect();
        let tempos = vec![(0, 97.0)];
        let song = Song { sections, tempos, time_signatures, markers: Vec::new(), end: start };
        let bytes = song.write(&MidiLayout::new("", Drum::PITCHES));
        let (clip, told) = read(&bytes, Meter::FOUR_FOUR).expect("a clip");
        let told = told.expect("a sentence");
        assert!(told.ends_with("Left out: bars 1 and 4, because the song is in 4/4."), "{told}");
        let snares = [0, 32].map(|place| clip.steps[place].hit(Drum::Snare).map(|it| it.velocity));
        assert_eq!((clip.steps.len(), snares), (48, [Some(51), Some(53)]));
        let sentence = read(&bytes, Meter::new(3, 4)).expect_err("no such bar");
        assert!(sentence.contains("in 4/4 and the song in 3/4"), "{sentence}");
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
        let models = ["/a/1.safetensors", "/a/2.safetensors"];
        assert_eq!(sorted(&models), Err("Drop one file at a time.".to_owned()));
        assert!(sorted(&[]).is_err());
    }

    #[test]
    fn a_folder_and_several_files_are_clips_to_learn_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let clips = |files: &[&Path]| {
            let files: Vec<_> = files.iter().map(|file| file.to_path_buf()).collect();
            classify(&files).map(|(kind, _)| kind)
        };
        let [one, two, text] = ["/a/1.mid", "/a/2.mid", "/a/2.txt"].map(Path::new);
        for files in [&[folder.path()][..], &[one, two], &[one, text], &[text, folder.path()]] {
            assert_eq!(clips(files), Ok(FileKind::Clips), "{files:?}");
        }
        assert_eq!(clips(&[one]), Ok(FileKind::Midi));
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
