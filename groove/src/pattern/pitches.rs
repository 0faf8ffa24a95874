//! MIDI pitches of the drum classes and their articulations.

use crate::pattern::articulation::{Articulation, MAX_ARTICULATIONS};
use crate::pattern::drum::{CLASSES, Drum};

/// MIDI pitch by class.
pub type LanePitches = [u8; CLASSES];

/// MIDI pitch, 0 to 127, by class and articulation, in the order of [`Articulation::of`]; the
/// unused places of a class repeat its plain pitch. Serialised as nine pitches if each class has
/// one, else as all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "model", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "model", serde(from = "Vec<u8>", into = "Vec<u8>"))]
pub struct Pitches([[u8; MAX_ARTICULATIONS]; CLASSES]);

impl Pitches {
    /// General MIDI. It has no rims of toms, no edges of hats and no half-open hat; the edge of a
    /// crash would be a splash.
    pub const GENERAL_MIDI: Pitches = Pitches([
        [36, 35, 36, 36, 36, 36],
        [38, 40, 37, 39, 38, 38],
        [42, 42, 44, 42, 42, 42],
        [46, 46, 46, 46, 46, 46],
        [43, 43, 41, 43, 43, 43],
        [47, 47, 45, 47, 47, 47],
        [50, 50, 48, 50, 50, 50],
        [49, 49, 57, 57, 55, 52],
        [51, 59, 53, 51, 51, 51],
    ]);

    /// The Roland TD-11 of the Groove MIDI Dataset, see [`Articulation::roland_pitch`].
    pub const ROLAND: Pitches = {
        let mut pitches = [[0; MAX_ARTICULATIONS]; CLASSES];
        let mut class = 0;
        while class < CLASSES {
            let drum = Drum::ALL[class];
            let articulations = Articulation::of(drum);
            let mut place = 0;
            while place < MAX_ARTICULATIONS {
                let articulation = if place < articulations.len() {
                    articulations[place]
                } else {
                    Articulation::Plain
                };
                pitches[class][place] = articulation.roland_pitch(drum);
                place += 1;
            }
            class += 1;
        }
        Pitches(pitches)
    };

    /// One pitch for all articulations of a class.
    #[must_use]
    pub const fn plain(lanes: LanePitches) -> Self {
        let mut pitches = [[0; MAX_ARTICULATIONS]; CLASSES];
        let mut class = 0;
        while class < CLASSES {
            pitches[class] = [lanes[class]; MAX_ARTICULATIONS];
            class += 1;
        }
        Pitches(pitches)
    }

    /// Pitch of an articulation of a drum.
    #[must_use]
    pub fn of(&self, drum: Drum, articulation: Articulation) -> u8 {
        self.0[drum.index()][articulation.index_in(drum)]
    }

    /// Plain pitch of each class.
    #[must_use]
    pub fn lanes(&self) -> LanePitches {
        self.0.map(|class| class[0])
    }

    /// These pitches with those of one class from another table.
    #[cfg(feature = "model")]
    #[must_use]
    pub(crate) fn with(mut self, drum: Drum, other: &Pitches) -> Self {
        self.0[drum.index()] = other.0[drum.index()];
        self
    }

    /// The pitches limited to the range of MIDI.
    #[must_use]
    pub fn repaired(self) -> Self {
        Pitches(self.0.map(|class| class.map(|pitch| pitch.min(127))))
    }
}

impl From<LanePitches> for Pitches {
    fn from(lanes: LanePitches) -> Self {
        Pitches::plain(lanes)
    }
}

#[cfg(feature = "model")]
impl From<Vec<u8>> for Pitches {
    /// Missing pitches are General MIDI's.
    fn from(pitches: Vec<u8>) -> Self {
        match <LanePitches>::try_from(pitches.as_slice()) {
            Ok(lanes) => Pitches::plain(lanes),
            Err(_) => {
                let mut all = Pitches::GENERAL_MIDI;
                all.0.as_flattened_mut().iter_mut().zip(pitches).for_each(|(to, from)| *to = from);
                all
            }
        }
    }
}

#[cfg(feature = "model")]
impl From<Pitches> for Vec<u8> {
    fn from(pitches: Pitches) -> Self {
        let lanes = pitches.lanes();
        if pitches == Pitches::plain(lanes) {
            lanes.into()
        } else {
            pitches.0.as_flattened().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_midi_has_the_pitches_of_the_nine_drums() {
        assert_eq!(Pitches::GENERAL_MIDI.lanes(), Drum::PITCHES);
        assert_eq!(Pitches::GENERAL_MIDI.of(Drum::Snare, Articulation::CrossStick), 37);
        assert_eq!(Pitches::GENERAL_MIDI.of(Drum::ClosedHat, Articulation::Pedal), 44);
        assert_eq!(Pitches::ROLAND.of(Drum::OpenHat, Articulation::HalfOpenEdge), 26);
    }

    #[test]
    fn pitches_are_saved_as_nine_if_each_class_has_one() {
        for pitches in [Pitches::plain([1, 2, 3, 4, 5, 6, 7, 8, 9]), Pitches::ROLAND] {
            let text = serde_json::to_string(&pitches).expect("text");
            assert_eq!(serde_json::from_str::<Pitches>(&text).expect("pitches"), pitches);
        }
        let nine = serde_json::to_string(&Pitches::plain(Drum::PITCHES)).expect("text");
        assert_eq!(nine, "[36,38,42,46,43,47,50,49,51]");
    }
}
