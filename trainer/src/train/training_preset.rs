//! Presets of `train`: the drums and inputs of a model, its training pieces, and the defaults of
//! the other options.

use clap::ValueEnum;
use groove::learn::data::Piece;
use groove::model::encode::Inputs;
use groove::pattern::kit::DrumClasses;
use groove::pattern::style::style_number;

/// A kind of model and its training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrainingPreset {
    /// The shipped weights: nine drums; sees earlier bars, style, tempo and meter; has a pointer
    /// memory
    DeepPocket,
    /// Drum RNN's nine drums: sees the previous step and six counters; without its attention
    DrumKit,
    /// Drum RNN's single drum for all hits: same inputs, here in sixteenths
    OneDrum,
    /// The 2019 report: Drum RNN's drum kit in 2 x 64 cells, on rock beats without fills
    #[value(name = "report-2019")]
    Report2019,
}

/// Returns the defaults of an option for the presets after the first: `drum-kit`, `one-drum`,
/// `report-2019`.
pub const fn preset_defaults(
    values: [&'static str; 3],
) -> [(&'static str, &'static str, &'static str); 3] {
    let [drum_kit, one_drum, report] = values;
    [
        ("preset", "drum-kit", drum_kit),
        ("preset", "one-drum", one_drum),
        ("preset", "report-2019", report),
    ]
}

impl TrainingPreset {
    /// Returns the network inputs.
    #[must_use]
    pub fn inputs(self) -> Inputs {
        match self {
            TrainingPreset::DeepPocket => Inputs::Lags,
            TrainingPreset::DrumKit | TrainingPreset::OneDrum | TrainingPreset::Report2019 => {
                Inputs::DrumRnn
            }
        }
    }

    /// Returns the drum classes.
    #[must_use]
    pub fn kit(self) -> DrumClasses {
        match self {
            TrainingPreset::OneDrum => DrumClasses::one_drum(),
            TrainingPreset::DeepPocket | TrainingPreset::DrumKit | TrainingPreset::Report2019 => {
                DrumClasses::default()
            }
        }
    }

    /// Returns true for pieces that the preset trains on.
    #[must_use]
    pub fn learns_from(self, piece: &Piece) -> bool {
        let kind = &piece.kind;
        self != TrainingPreset::Report2019 || !kind.fill && Some(kind.style) == style_number("rock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_name_existing_presets() {
        let names = preset_defaults(["", "", ""]).map(|(_, name, _)| name);
        let all: Vec<TrainingPreset> = names
            .iter()
            .map(|name| TrainingPreset::from_str(name, false).expect("a preset"))
            .collect();
        assert_eq!(all, TrainingPreset::value_variants()[1..]);
    }
}
