//! Drum maps as options of commands.

use clap::Args;
use clap::builder::PossibleValuesParser;
use groove::Pitches;
use groove::pattern::kit::Kit;
use groove::play::drum_maps::DRUM_MAPS;

/// Names on the command line of the first of [`DRUM_MAPS`]; the last is the user's own.
const NAMES: [&str; DRUM_MAPS.len() - 1] =
    ["general-midi", "roland", "ezdrummer", "addictive-drums", "bfd", "steven-slate", "battery"];

/// Option for the drum map of written files.
#[derive(Args, Debug)]
pub struct MapOption {
    /// Drum map of the written notes
    #[arg(
        long = "map",
        value_name = "NAME",
        default_value = NAMES[0],
        value_parser = PossibleValuesParser::new(NAMES)
    )]
    name: String,
}

impl MapOption {
    /// Pitches of the map; those of a model's kit for General MIDI.
    #[must_use]
    pub fn pitches(&self, kit: &Kit) -> Pitches {
        let mut maps = NAMES.iter().zip(DRUM_MAPS);
        let map = maps.find(|(name, _)| **name == self.name).and_then(|(_, (_, pitches))| pitches);
        map.unwrap_or_else(|| kit.pitches())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_map_has_a_name_on_the_command_line() {
        for (name, (map, _)) in NAMES.iter().zip(DRUM_MAPS) {
            let plain = map.to_lowercase().replace(' ', "-");
            assert!(plain.starts_with(name), "{name}: {map}");
        }
        assert_eq!(DRUM_MAPS[NAMES.len()].0, "My own");
        let pitches = |name: &str| MapOption { name: name.into() }.pitches(&Kit::default());
        assert_eq!(pitches("general-midi"), Pitches::GENERAL_MIDI);
        assert_eq!(pitches("roland"), Pitches::ROLAND);
    }
}
