//! Drum maps as options of commands.

use clap::Args;
use clap::builder::PossibleValuesParser;
use groove::Pitches;
use groove::pattern::kit::Kit;
use groove::play::drum_maps::{DRUM_MAPS, map_in};

/// Names of [`DRUM_MAPS`] on the command line, with their numbers.
const NAMES: [(&str, u8); 7] = [
    ("general-midi", 0),
    ("roland", 1),
    ("ezdrummer", 2),
    ("addictive-drums", 3),
    ("bfd", 4),
    ("steven-slate", 5),
    ("battery", 6),
];

/// Option for the drum map of written files.
#[derive(Args, Debug)]
pub struct MapOption {
    /// Drum map of the written notes
    #[arg(
        long = "map",
        value_name = "NAME",
        default_value = NAMES[0].0,
        value_parser = PossibleValuesParser::new(NAMES.map(|(name, _)| name))
    )]
    name: String,
}

impl MapOption {
    /// Pitches of the map; those of a model's kit for General MIDI.
    #[must_use]
    pub fn pitches(&self, kit: &Kit) -> Pitches {
        let number = NAMES.iter().find(|(name, _)| *name == self.name).map_or(0, |named| named.1);
        let map = map_in(DRUM_MAPS, number).and_then(|map| map.pitches);
        map.unwrap_or_else(|| kit.pitches())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_map_has_a_name_on_the_command_line() {
        assert_eq!(NAMES.len(), DRUM_MAPS.len());
        for (name, number) in NAMES {
            let map = map_in(DRUM_MAPS, number).expect("a drum map");
            let plain = map.name.to_lowercase().replace(' ', "-");
            assert!(plain.starts_with(name), "{name}: {}", map.name);
        }
        let pitches = |name: &str| MapOption { name: name.into() }.pitches(&Kit::default());
        assert_eq!(pitches("general-midi"), Pitches::GENERAL_MIDI);
        assert_eq!(pitches("roland"), Pitches::ROLAND);
    }
}
