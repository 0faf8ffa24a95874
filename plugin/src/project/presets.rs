//! Presets: the factory presets and the user's own, one file each.
//!
//! A preset is a take with its performance, independent of the drum map. CLAP hosts list and load
//! presets, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use groove::Meter;
use groove::files::write_atomic;
use groove::pattern::style::style_name;
use groove::play::perform::Performance;
use groove::take::Take;
use serde::{Deserialize, Serialize};

use crate::project::factory_presets::FILES;
use crate::project::folders::files_in;
use crate::project::models::style_title;

/// Version of the files that this code writes.
const VERSION: u32 = 1;

/// Maximum size of a preset file, in bytes; the pins of a whole phrase take less than half of it.
const MAX_BYTES: u64 = 1 << 18;

/// Maximum length of a name.
const MAX_NAME_CHARS: usize = 64;

/// File extension.
const ENDING: &str = "json";

/// A preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Version of the code that wrote it.
    pub version: u32,
    /// Name.
    pub name: String,
    /// Short description of the feel, or tags.
    #[serde(default)]
    pub feel: String,
    /// The take, with its intended tempo.
    pub take: Take,
    /// The performance.
    #[serde(default)]
    pub performance: Performance,
    /// Meter of the song for which it was saved: beats and note value.
    #[serde(default = "four_four")]
    pub meter: (u8, u8),
}

const fn four_four() -> (u8, u8) {
    (4, 4)
}

impl Preset {
    /// Creates a preset.
    #[must_use]
    pub fn new(name: &str, feel: &str, take: Take, performance: Performance) -> Self {
        let (name, feel) = (name.trim().into(), feel.into());
        Preset { version: VERSION, name, feel, take, performance, meter: four_four() }
    }

    /// Sets the meter.
    #[must_use]
    pub fn in_meter(self, Meter { numerator, denominator }: Meter) -> Self {
        Preset { meter: (numerator, denominator), ..self }
    }

    fn read(text: &str) -> Result<Preset, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let broken =
            |fault: serde_json::Error| format!("it is not a preset or is damaged ({fault})");
        let Version { version } = serde_json::from_str(text).map_err(broken)?;
        if version > VERSION {
            return Err("it was saved by a newer version".into());
        }
        serde_json::from_str(text).map_err(broken)
    }

    /// Returns the display name of its style.
    #[must_use]
    pub fn style(&self) -> String {
        style_title(self.take.controls.style, None)
    }

    /// Returns `true` if every word occurs in name, style, feel or meter, or is the tempo: a number
    /// within 5 bpm, *slow* below 85, *fast* above 130 bpm.
    #[must_use]
    pub fn matches(&self, words: &str) -> bool {
        let Preset { name, feel, take, meter: (beats, value), .. } = self;
        let (tempo, style) = (take.controls.tempo, style_name(take.controls.style));
        let pace = match tempo {
            ..85.0 => "slow",
            130.0.. => "fast",
            _ => "",
        };
        let text = format!("{name} {} {style} {feel} {pace} bpm {beats}/{value}", self.style());
        let text = text.to_lowercase();
        let found = |word: &str| {
            let near = |number: f32| (number - tempo).abs() <= 5.0;
            text.contains(word) || word.trim_end_matches("bpm").parse().is_ok_and(near)
        };
        words.to_lowercase().split(|c: char| c.is_whitespace() || c == ',').all(found)
    }
}

/// Returns the factory presets.
#[must_use]
pub fn factory() -> &'static [Preset] {
    static FACTORY: OnceLock<Vec<Preset>> = OnceLock::new();
    FACTORY.get_or_init(|| read_all(FILES))
}

/// Reads factory presets. A test checks that all of them parse.
fn read_all(files: &[&str]) -> Vec<Preset> {
    files.iter().filter_map(|text| Preset::read(text).ok()).collect()
}

/// A preset file of the user.
#[derive(Clone, Debug, PartialEq)]
pub struct PresetEntry {
    /// Path of the file.
    pub path: PathBuf,
    /// The preset, or a message why it cannot be read.
    pub preset: Result<Preset, String>,
}

/// Lists the presets of a folder by file name; empty if the folder does not exist.
#[must_use]
pub fn list(folder: &Path) -> Vec<PresetEntry> {
    let is_preset = |path: &Path| path.extension().is_some_and(|ending| ending == ENDING);
    let paths = files_in(folder, is_preset);
    paths.into_iter().map(|path| PresetEntry { preset: load(&path), path }).collect()
}

/// Reads a preset file.
///
/// # Errors
/// Returns a message if the file cannot be read.
pub fn load(path: &Path) -> Result<Preset, String> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let fault = |why: String| format!("{name} cannot be loaded: {why}.");
    let size = fs::metadata(path).map_err(|why| fault(why.to_string()))?.len();
    if size > MAX_BYTES {
        return Err(fault("it is too large for a preset".into()));
    }
    let text = fs::read_to_string(path).map_err(|why| fault(why.to_string()))?;
    Preset::read(&text).map_err(fault)
}

/// Writes a preset into a folder and returns its path. Creates the folder if necessary.
///
/// # Errors
/// Returns a message if the file cannot be written or a preset of that name exists.
pub fn save(folder: &Path, preset: &Preset) -> Result<PathBuf, String> {
    let fault = |why: String| format!("The preset cannot be saved: {why}.");
    let path = new_path(folder, &preset.name).map_err(fault)?;
    write(&path, preset).map_err(fault)?;
    Ok(path)
}

fn write(path: &Path, preset: &Preset) -> Result<(), String> {
    let text = serde_json::to_string_pretty(preset).map_err(|why| why.to_string())?;
    write_atomic(path, text.as_bytes()).map_err(|why| why.to_string())
}

/// Gives a preset file another name and returns its new path.
///
/// # Errors
/// Returns a message if it cannot be read or written, or a preset of that name exists.
pub fn rename(path: &Path, name: &str) -> Result<PathBuf, String> {
    let fault = |why: String| format!("The preset cannot be renamed: {why}.");
    let mut preset = load(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let renamed = new_path(folder, name).map_err(fault)?;
    preset.name = name.trim().into();
    write(&renamed, &preset).map_err(fault)?;
    fs::remove_file(path).map_err(|why| {
        fault(format!("it is there under both names, because the old file stays ({why})"))
    })?;
    Ok(renamed)
}

/// Replaces the tags of a preset file: the words that describe its feel.
///
/// # Errors
/// Returns a message if it cannot be read or written.
pub fn tag(path: &Path, tags: &str) -> Result<(), String> {
    let preset = Preset { feel: tags.trim().into(), ..load(path)? };
    write(path, &preset).map_err(|why| format!("The preset cannot be tagged: {why}."))
}

/// Deletes a preset file.
///
/// # Errors
/// Returns a message if it cannot be deleted.
pub fn delete(path: &Path) -> Result<(), String> {
    fs::remove_file(path).map_err(|why| format!("The preset cannot be deleted: {why}."))
}

/// Returns the path of a new preset.
fn new_path(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let name = name.trim();
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
        return Err(format!("a name needs 1 to {MAX_NAME_CHARS} characters"));
    }
    let fits = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
    let file: String = name.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let path = folder.join(format!("{file}.{ENDING}"));
    if path.exists() {
        return Err(format!("a preset named {name} already exists"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use groove::generate::Drummer;
    use groove::generate::likelihood::likelihood;
    use groove::model::encode::Kind;
    use groove::take::TakeControls;
    use groove::{Drum, Meter, Step};

    fn preset(name: &str) -> Preset {
        let take = Take::from(TakeControls {
            seed: 77,
            style: 17,
            tempo: 96.0,
            ..TakeControls::default()
        });
        Preset::new(name, "heavy and late", take, Performance::default())
    }

    #[test]
    fn presets_are_saved_and_nothing_is_overwritten() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("Presets");
        assert!(list(&folder).is_empty());
        let path = save(&folder, &preset("Back/alley")).expect("saved");
        assert_eq!(path, folder.join("Back-alley.json"));
        let sentence = save(&folder, &preset("Back/alley ")).expect_err("it is there");
        assert!(sentence.contains("a preset named Back/alley already exists"), "{sentence}");
        assert!(save(&folder, &preset("  ")).is_err() && save(&folder, &preset("..")).is_ok());
        assert_eq!(load(&path), Ok(preset("Back/alley")));
        assert_eq!(list(&folder).len(), 2);
    }

    #[test]
    fn presets_are_renamed_and_deleted() {
        let root = tempfile::tempdir().expect("a folder");
        let one = save(root.path(), &preset("One")).expect("saved");
        let two = save(root.path(), &preset("Two")).expect("saved");
        let sentence = rename(&one, "Two").expect_err("it is there");
        assert!(sentence.contains("a preset named Two already exists"), "{sentence}");
        assert!(rename(&one, " ").is_err());
        let three = rename(&one, " Three ").expect("renamed");
        assert_eq!(load(&three), Ok(preset("Three")));
        assert!(!one.exists());
        delete(&two).expect("deleted");
        assert_eq!(list(root.path()).len(), 1);
        assert!(delete(&two).expect_err("it is gone").contains("cannot be deleted"));
    }

    #[test]
    fn presets_are_found_by_style_feel_tempo_and_meter() {
        let found = preset("Back alley").in_meter(Meter::new(6, 8));
        for words in ["", "back", "ROCK heavy", "late, alley", "96 bpm", "100", "92bpm", "6/8 rock"]
        {
            assert!(found.matches(words), "{words}");
        }
        for words in ["jazz", "rock jazz", "90 bpm", "5", "slow", "fast", "4/4"] {
            assert!(!found.matches(words), "{words}");
        }
        let mut slow = preset("x");
        slow.take.controls.tempo = 70.0;
        assert!(slow.matches("slow 4/4") && !slow.matches("fast"));
        // Files without a meter are in 4/4.
        assert!(factory().iter().all(|preset| preset.matches("4/4")));
    }

    #[test]
    fn a_damaged_file_gets_a_message() {
        let root = tempfile::tempdir().expect("a folder");
        let written = |name: &str, text: &str| {
            fs::write(root.path().join(name), text).expect("a file");
        };
        written("a.json", "{\"version\":1,\"name\":\"x\"");
        written("b.json", "{\"version\":2,\"name\":[]}");
        written("c.json", &"x".repeat(300_000));
        written("d.txt", "{}");
        let listed = list(root.path());
        let messages: Vec<String> =
            listed.into_iter().map(|l| l.preset.expect_err("damaged")).collect();
        assert_eq!(messages.len(), 3);
        assert!(
            messages[0].starts_with("a.json cannot be loaded: it is not a preset"),
            "{messages:?}"
        );
        assert!(messages[1].contains("newer") && messages[2].contains("too large"), "{messages:?}");
    }

    #[test]
    fn search_matches_all_fields() {
        let preset = preset("Back alley");
        for words in ["", "alley", "ROCK late", "96", "back 96 bpm heavy"] {
            assert!(preset.matches(words), "{words}");
        }
        assert!(!preset.matches("rock early"));
    }

    #[test]
    fn a_new_factory_preset_changes_no_other() {
        let new = serde_json::to_string(&preset("Back alley")).expect("text");
        for place in [0, FILES.len() / 2, FILES.len()] {
            let mut files = FILES.to_vec();
            files.insert(place, &new);
            let mut grown = read_all(&files);
            assert_eq!(grown.remove(place), preset("Back alley"));
            assert_eq!(grown, factory());
        }
    }

    #[test]
    fn factory_presets_are_playable_and_distinct() {
        let model = crate::project::models::built_in().expect("a model");
        let beat = |preset: &Preset| -> Vec<Step> {
            let mut drummer = Drummer::new(Arc::clone(&model));
            let bar = |bar| drummer.bar(&preset.take, Meter::FOUR_FOUR, bar).expect("a bar");
            (0..4).map(bar).flat_map(|bar| bar.steps().to_vec()).collect()
        };
        assert_eq!(factory().len(), FILES.len(), "each file is a preset");
        let beats: Vec<(&Preset, Vec<Step>)> =
            factory().iter().map(|preset| (preset, beat(preset))).collect();
        // Mean log likelihood gain in their own styles: over all presets, not for each.
        let mut lead = 0.0;
        for (number, (preset, steps)) in beats.iter().enumerate() {
            let name = &preset.name;
            let bars = |drum: Drum| {
                let struck = |bar: &&[Step]| bar.iter().any(|step| step.hit(drum).is_some());
                steps.chunks(16).filter(struck).count()
            };
            let time: usize = steps
                .iter()
                .filter(|step| {
                    [Drum::ClosedHat, Drum::OpenHat, Drum::Ride, Drum::Crash]
                        .into_iter()
                        .any(|drum| step.hit(drum).is_some())
                })
                .count();
            let hits = steps.iter().flat_map(Step::hits).count();
            let like = |style: u8| -> f32 {
                let tempo = preset.take.controls.tempo;
                let meter = Meter::FOUR_FOUR;
                let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: false };
                let pins = groove::take::pins::Pins::NONE;
                likelihood(&model, &kind, steps, &pins).expect("figures").iter().sum()
            };
            let own = like(preset.take.controls.style);
            let others: f32 = (1..=18).map(like).sum::<f32>() / 18.0;
            lead += own - others;
            // Techno can do without a clap.
            let snare = bars(Drum::Snare) >= 3 || preset.style() == "Techno";
            assert!(bars(Drum::Kick) >= 3 && snare, "{name}: no backbone");
            assert!((12..=64).contains(&time), "{name}: time is kept in {time} steps");
            assert!((32..=120).contains(&hits), "{name}: {hits} hits");
            for (other, steps_of_other) in &beats[..number] {
                let same = steps.iter().zip(steps_of_other);
                let both: u32 = same.map(|(a, b)| a.drums().and(b.drums()).len()).sum();
                let all = hits + steps_of_other.iter().flat_map(Step::hits).count();
                let f1 = 2.0 * f64::from(both) / all as f64;
                assert!(f1 < 0.85, "{name} is like {}: {f1:.2}", other.name);
                assert_ne!(name, &other.name);
            }
        }
        assert!(lead > 0.0, "they are not of their styles: {lead}");
    }
}
