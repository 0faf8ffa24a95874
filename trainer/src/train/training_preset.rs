//! Presets of `train`: which drums a model has, what it is told, what it learns from, and the
//! defaults of the other options.

use clap::ValueEnum;
use groove::encode::Inputs;
use groove::kit::Kit;
use groove::style::style_number;

use crate::data::Piece;

/// A kind of model, and how it is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The shipped weights: nine drums, told of earlier bars, style, tempo and meter, with a memory
    DeepPocket,
    /// Drum RNN's nine drums: told the step before and six counters; without its attention
    DrumKit,
    /// Drum RNN's one drum for whatever is struck: told the same, and here in sixteenths
    OneDrum,
    /// The report of 2019: Drum RNN's drum kit in 2 x 64 cells, on rock beats without fills
    #[value(name = "report-2019")]
    Report2019,
}

/// Defaults of an option under the presets after the first: `drum-kit`, `one-drum`,
/// `report-2019`.
pub const fn others(values: [&'static str; 3]) -> [(&'static str, &'static str, &'static str); 3] {
    let [drum_kit, one_drum, report] = values;
    [
        ("preset", "drum-kit", drum_kit),
        ("preset", "one-drum", one_drum),
        ("preset", "report-2019", report),
    ]
}

impl Preset {
    /// What the networks are told.
    #[must_use]
    pub fn inputs(self) -> Inputs {
        match self {
            Preset::DeepPocket => Inputs::Lags,
            Preset::DrumKit | Preset::OneDrum | Preset::Report2019 => Inputs::DrumRnn,
        }
    }

    /// The drum classes.
    #[must_use]
    pub fn kit(self) -> Kit {
        match self {
            Preset::OneDrum => Kit::one_drum(),
            Preset::DeepPocket | Preset::DrumKit | Preset::Report2019 => Kit::default(),
        }
    }

    /// Whether it learns from a piece.
    #[must_use]
    pub fn learns_from(self, piece: &Piece) -> bool {
        let kind = &piece.kind;
        self != Preset::Report2019 || !kind.fill && Some(kind.style) == style_number("rock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_name_presets_that_there_are() {
        let names = others(["", "", ""]).map(|(_, name, _)| name);
        let all: Vec<Preset> =
            names.iter().map(|name| Preset::from_str(name, false).expect("a preset")).collect();
        assert_eq!(all, Preset::value_variants()[1..]);
    }
}
