//! Drum maps as options of commands.

use clap::Args;
use clap::builder::PossibleValuesParser;
use groove::pattern::kit::DrumClasses;
use groove::pattern::midi::MidiLayout;
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
    /// Layout of a written file: the map's pitches, those of a model's kit for General MIDI, with
    /// controller 4 before the strokes of the hi-hat if the map's instrument needs it.
    #[must_use]
    pub fn layout<'a>(&self, name: &'a str, kit: &DrumClasses) -> MidiLayout<'a> {
        let number = NAMES.iter().find(|(name, _)| *name == self.name).map_or(0, |named| named.1);
        let map = map_in(DRUM_MAPS, number);
        let pitches = map.and_then(|map| map.pitches).unwrap_or_else(|| kit.pitches());
        let hat_pedal = map.is_some_and(|map| map.hat_pedal);
        MidiLayout { hat_pedal, ..MidiLayout::new(name, pitches) }
    }
}

#[cfg(test)]
mod tests {
    use groove::Pitches;

    use super::*;

    #[test]
    fn each_map_has_a_name_on_the_command_line() {
        assert_eq!(NAMES.len(), DRUM_MAPS.len());
        for (name, number) in NAMES {
            let map = map_in(DRUM_MAPS, number).expect("a drum map");
            let plain = map.name.to_lowercase().replace(' ', "-");
            assert!(plain.starts_with(name), "{name}: {}", map.name);
        }
        let layout =
            |name: &str| MapOption { name: name.into() }.layout("", &DrumClasses::default());
        assert_eq!(layout("general-midi"), MidiLayout::new("", Pitches::GENERAL_MIDI));
        let roland = MidiLayout { hat_pedal: true, ..MidiLayout::new("", Pitches::ROLAND) };
        assert_eq!(layout("roland"), roland);
    }
}
