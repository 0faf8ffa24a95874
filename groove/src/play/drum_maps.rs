//! Drum maps: pitches of common drum instruments, and the merging of drums on one pitch.

use crate::pattern::drum::{Channels, Drum};
use crate::pattern::pitches::Pitches;
use crate::pattern::{Bar, Hit};

/// A drum map of a common instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactoryMap {
    /// Number, never changed or used again.
    pub number: u8,
    /// Name in the window, in host texts and in settings.
    pub name: &'static str,
    /// Pitches by class and articulation. `None`: the model's own pitches, which are General MIDI's
    /// for a kit of nine.
    pub pitches: Option<Pitches>,
    /// True if controller 4 decides how open the hi-hat of the instrument sounds; it is then sent
    /// before each stroke of the hi-hat.
    pub hat_pedal: bool,
}

const fn map(number: u8, name: &'static str, pitches: Pitches) -> FactoryMap {
    FactoryMap { number, name, pitches: Some(pitches), hat_pedal: false }
}

/// Drum maps. Roland: the TD-11 of the Groove MIDI Dataset. Others: factory maps of the
/// instruments, with centre or tip of each drum, the third open step of hi-hats, the first floor
/// tom and the first two rack toms. Only Roland's hi-hat needs controller 4: the others have a pitch
/// for each opening. In the default layouts of EZdrummer, Superior Drummer and Addictive Drums the
/// controller moves only the hats of electronic kits at keys 7 to 9, which this table does not play
/// ([`InputMap`](crate::pattern::input_maps::InputMap) has them). A new map takes a free number up
/// to [`LAST_MAP`].
pub const DRUM_MAPS: &[FactoryMap] = &[
    FactoryMap { number: 0, name: "General MIDI", pitches: None, hat_pedal: false },
    FactoryMap { hat_pedal: true, ..map(1, "Roland V-Drums", Pitches::ROLAND) },
    map(2, "EZdrummer, Superior Drummer", Pitches::plain([36, 38, 42, 46, 43, 47, 48, 49, 51])),
    map(3, "Addictive Drums", Pitches::plain([36, 38, 49, 55, 67, 69, 71, 77, 60])),
    map(4, "BFD", Pitches::plain([24, 26, 30, 34, 31, 40, 38, 41, 55])),
    map(5, "Steven Slate", Pitches::plain([36, 38, 42, 46, 43, 47, 48, 57, 51])),
    map(6, "Battery, Drum Rack (from C1)", Pitches::plain([36, 37, 38, 39, 40, 41, 42, 43, 44])),
];

/// Number and name of the user's own map.
pub const OWN_MAP: (u8, &str) = (7, "My own");

/// Largest number of a drum map. The range of the parameter depends on it, so it never changes.
pub const LAST_MAP: u8 = 63;

/// Returns the drum map with a number in a table such as [`DRUM_MAPS`].
#[must_use]
pub fn map_in(table: &[FactoryMap], number: u8) -> Option<&FactoryMap> {
    table.iter().find(|map| map.number == number)
}

/// Name of a drum map by number, of the user's own map, too; `None` for unused numbers.
#[must_use]
pub fn map_name(table: &[FactoryMap], number: u8) -> Option<&'static str> {
    let (own, name) = OWN_MAP;
    if number == own { Some(name) } else { map_in(table, number).map(|map| map.name) }
}

/// Number of a drum map by name, case-insensitive; `None` if there is none.
#[must_use]
pub fn map_number(table: &[FactoryMap], name: &str) -> Option<u8> {
    let same = |number: &u8| {
        map_name(table, *number).is_some_and(|known| known.eq_ignore_ascii_case(name.trim()))
    };
    (0..=LAST_MAP).find(same)
}

/// The bar with the main stroke of each hit alone, struck plainly: one note per drum and sixteenth,
/// at the nine pitches of the drums.
#[must_use]
pub fn plain_strokes(bar: &Bar) -> Bar {
    let mut bar = *bar;
    for step in bar.steps_mut() {
        for drum in step.drums().iter() {
            let plain = step.hit(drum).map(|hit| Hit::plain(hit.velocity, hit.offset_ticks));
            step.set(drum, plain);
        }
    }
    bar
}

/// The bar at these pitches. Of several drums with one pitch and channel that strike at one step,
/// only the loudest is kept: an instrument could not tell them apart.
#[must_use]
pub fn at_pitches(bar: &Bar, pitches: Pitches, channels: Channels) -> Bar {
    let mut bar = bar.at(pitches);
    let pitches = pitches.lanes();
    let alike = |one: usize, other: usize| {
        pitches[one] == pitches[other] && channels[one] == channels[other]
    };
    if (1..pitches.len()).all(|drum| !(0..drum).any(|other| alike(drum, other))) {
        return bar;
    }
    for step in bar.steps_mut() {
        for drum in Drum::ALL {
            let Some(hit) = step.hit(drum) else { continue };
            let louder = Drum::ALL.into_iter().any(|other| {
                let same = other != drum && alike(other.index(), drum.index());
                same && step.hit(other).is_some_and(|other| other.velocity >= hit.velocity)
            });
            if louder {
                step.set(drum, None);
            }
        }
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::drum::CLASSES;
    use crate::pattern::{Articulation, Meter};

    #[test]
    fn plain_strokes_are_one_note_per_drum_and_step() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let step = &mut bar.steps_mut()[3];
        step.add(Drum::Snare, Hit::plain(30, -60));
        let rim = Hit { articulation: Articulation::Rim, ..Hit::plain(110, 4) };
        step.add(Drum::Snare, rim);
        step.add(Drum::Kick, Hit::plain(90, -3));
        let plain = plain_strokes(&bar);
        let hits: Vec<_> = plain.steps().iter().flat_map(|step| step.hits()).collect();
        assert_eq!(hits, [(Drum::Kick, Hit::plain(90, -3)), (Drum::Snare, Hit::plain(110, 4))]);
        assert_eq!(plain_strokes(&plain), plain);
    }

    #[test]
    fn every_map_has_a_pitch_for_each_drum() {
        for FactoryMap { number, name, pitches, .. } in DRUM_MAPS {
            assert!(*number <= LAST_MAP && *number != OWN_MAP.0, "{name}");
            assert_eq!(map_number(DRUM_MAPS, name), Some(*number), "{name} twice");
            assert_eq!(map_name(DRUM_MAPS, *number), Some(*name), "{number} twice");
            let Some(pitches) = *pitches else { continue };
            let lanes = pitches.lanes();
            for (drum, pitch) in lanes.into_iter().enumerate() {
                assert!(pitch < 128 && !lanes[..drum].contains(&pitch), "{name}");
            }
        }
    }

    #[test]
    fn drums_on_one_pitch_are_merged() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let hit = |velocity| Some(Hit::plain(velocity, 0));
        let [first, second, ..] = bar.steps_mut() else { panic!("steps") };
        first.set(Drum::HighTom, hit(80));
        first.set(Drum::MidTom, hit(90));
        first.set(Drum::LowTom, hit(80));
        first.set(Drum::Kick, hit(10));
        second.set(Drum::HighTom, hit(50));
        second.set(Drum::LowTom, hit(50));
        let mut lanes = Drum::PITCHES;
        (lanes[4], lanes[6]) = (47, 47);
        let pitches = Pitches::plain(lanes);
        let played = at_pitches(&bar, pitches, [9; CLASSES]);
        let drums = |step: usize| played.steps()[step].drums();
        assert_eq!(drums(0), [Drum::Kick, Drum::MidTom].into_iter().collect());
        assert_eq!(drums(1).len(), 1, "of equals one stays");
        assert_eq!(played.pitches(), &pitches);
        assert_eq!(at_pitches(&bar, Pitches::GENERAL_MIDI, [9; CLASSES]), bar);
        let mut apart = [9; CLASSES];
        apart[Drum::HighTom.index()] = 8;
        let played = at_pitches(&bar, pitches, apart);
        assert!(played.steps()[0].drums().contains(Drum::HighTom), "on a channel of its own");
    }
}
