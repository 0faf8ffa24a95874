//! Preset files, in format version 1 and the layout of the shipped files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use groove::take::{Fills, Take, TakeControls};
use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::files;

/// A preset file, with only the fields that factory presets use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactoryPreset {
    version: u32,
    /// Name.
    pub name: String,
    /// Short description of the groove.
    pub feel: String,
    take: PresetTake,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    performance: Option<PresetLevel>,
}

/// Fields of a performance that factory presets use: a level correction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetLevel {
    /// Added to every velocity (1 to 127).
    velocity: f32,
}

/// Fields of a take that factory presets use; the others have their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetTake {
    seed: u32,
    style: u8,
    tempo: f32,
    temperature: f32,
    stick: f32,
    density: f32,
    lanes: [f32; groove::pattern::drum::CLASSES],
    fills: Fills,
}

impl FactoryPreset {
    /// Reads a preset.
    pub fn read(folder: &Path, file: &str) -> Result<FactoryPreset> {
        let path = path(folder, file);
        serde_json::from_slice(&files::read(&path)?).with_context(|| path.display().to_string())
    }

    /// Writes the preset into its file.
    pub fn write(&self, folder: &Path, file: &str) -> Result<()> {
        files::write(&path(folder, file), self.text()?)
    }

    fn text(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let layout = PrettyFormatter::with_indent(b" ");
        self.serialize(&mut Serializer::with_formatter(&mut text, layout))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Returns the take.
    #[must_use]
    pub fn take(&self) -> Take {
        let PresetTake { seed, style, tempo, temperature, stick, density, lanes, fills } =
            self.take;
        Take {
            controls: TakeControls {
                seed,
                style,
                tempo,
                temperature,
                stick,
                density,
                lanes,
                ..TakeControls::default()
            },
            fills,
            ..Take::default()
        }
    }

    /// Returns the same preset with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u32) -> FactoryPreset {
        FactoryPreset { take: PresetTake { seed, ..self.take }, ..self.clone() }
    }
}

/// Returns the path of a preset's file.
fn path(folder: &Path, file: &str) -> PathBuf {
    folder.join(format!("{file}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::presets::idioms::IDIOMS;

    #[test]
    fn shipped_files_are_rewritten_byte_for_byte() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/presets");
        for idiom in IDIOMS.iter() {
            let preset = FactoryPreset::read(&folder, &idiom.file).expect("a preset");
            let text = preset.text().expect("text");
            let shipped = std::fs::read(path(&folder, &idiom.file)).expect("a file");
            assert_eq!(text, shipped, "{}", idiom.file);
            let other = preset.with_seed(7);
            assert_eq!(preset.take().with(|take| take.seed = 7), other.take());
            let take = preset.take();
            assert!((0.2..=1.0).contains(&take.controls.temperature), "{}", idiom.file);
            assert!((0.5..=0.85).contains(&take.controls.stick), "{}", idiom.file);
        }
    }
}
