//! Kits: names and pitches of a model's drum classes, from its header.
//!
//! Class `n` of a kit is stored as the `n`th of the nine [`Drum`]s: a kit with fewer classes uses
//! the first places of a [`Step`]. Only this module maps the nine drums of recordings and held keys
//! to a kit.

use serde::{Deserialize, Serialize};

use crate::pattern::Step;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::pitches::Pitches;

/// A drum class of a kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Display name of its lane.
    pub name: String,
    /// Emitted MIDI pitch, 0 to 127.
    pub pitch: u8,
}

/// Drum classes of a model, 1 to [`CLASSES`], in the order of the bits of a subset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DrumClasses(pub Vec<Class>);

impl Default for DrumClasses {
    /// The nine drums at their General MIDI pitches.
    fn default() -> Self {
        let class = |drum: Drum| Class { name: drum.name().into(), pitch: drum.general_midi() };
        DrumClasses(Drum::ALL.into_iter().map(class).collect())
    }
}

impl DrumClasses {
    /// One class for all drums, emitted as a hand clap: Drum RNN's `one_drum`.
    #[must_use]
    pub fn one_drum() -> Self {
        DrumClasses(vec![Class { name: "Drum".into(), pitch: 39 }])
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.0.len()
    }

    /// Number of subsets of the classes, the size of the hit distribution.
    #[must_use]
    pub fn subsets(&self) -> usize {
        1 << self.classes()
    }

    /// The used places of a [`Step`], each with its class.
    pub fn lanes(&self) -> impl Iterator<Item = (Drum, &Class)> {
        Drum::ALL.into_iter().zip(&self.0)
    }

    /// Emitted pitches; 0 at places without a class. A class at its drum's General MIDI pitch has
    /// the articulations of General MIDI, any other its own pitch alone.
    #[must_use]
    pub fn pitches(&self) -> Pitches {
        let mut lanes = [0; CLASSES];
        for (drum, class) in self.lanes() {
            lanes[drum.index()] = class.pitch;
        }
        let general = |(drum, class): &(Drum, &Class)| class.pitch == drum.general_midi();
        let pitches = Pitches::plain(lanes);
        self.lanes()
            .filter(general)
            .fold(pitches, |pitches, (drum, _)| pitches.with(drum, &Pitches::GENERAL_MIDI))
    }

    /// Place of the class of one of the nine drums. A kit of one class takes all drums, any other
    /// the drums that it has.
    #[must_use]
    pub fn place(&self, drum: Drum) -> Option<Drum> {
        match self.classes() {
            1 => Some(Drum::ALL[0]),
            classes => (drum.index() < classes).then_some(drum),
        }
    }

    /// Maps a set of the nine drums to the kit's classes.
    #[must_use]
    pub fn set(&self, drums: DrumSet) -> DrumSet {
        drums.iter().filter_map(|drum| self.place(drum)).collect()
    }

    /// Maps a step of the nine drums to the kit's classes; the loudest of colliding hits wins.
    #[must_use]
    pub fn step(&self, step: &Step) -> Step {
        let mut own = Step::SILENT;
        for (drum, hit) in step.hits() {
            if let Some(place) = self.place(drum) {
                own.strike(place, hit);
            }
        }
        own
    }

    /// Returns an error message if the kit is invalid.
    pub(crate) fn check(&self) -> Result<(), String> {
        let classes = self.classes();
        if !(1..=CLASSES).contains(&classes) {
            return Err(format!("the model has {classes} drum classes; it needs 1 to {CLASSES}"));
        }
        for (number, Class { name, pitch }) in self.0.iter().enumerate() {
            if *pitch > 127 {
                return Err(format!(
                    "the model's drum class {name} has the pitch {pitch}; MIDI pitches are 0 to 127"
                ));
            }
            if let Some(other) = self.0[..number].iter().find(|other| other.pitch == *pitch) {
                return Err(format!(
                    "the model's drum classes {} and {name} have the same pitch, {pitch}, so that \
                     the end of one note would be that of the other",
                    other.name
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;

    #[test]
    fn default_kit_maps_the_nine_drums_to_themselves() {
        let kit = DrumClasses::default();
        assert_eq!((kit.classes(), kit.subsets(), kit.check()), (9, 512, Ok(())));
        let mut step = Step::SILENT;
        for drum in Drum::ALL {
            assert_eq!(kit.place(drum), Some(drum));
            assert_eq!(kit.pitches().lanes()[drum.index()], drum.general_midi());
            step.set(drum, Some(Hit::new(0.5, 0.1)));
        }
        assert_eq!(kit.step(&step), step);
    }

    #[test]
    fn one_drum_kit_merges_all_drums_and_keeps_the_loudest() {
        let kit = DrumClasses::one_drum();
        assert_eq!((kit.classes(), kit.subsets(), kit.check()), (1, 2, Ok(())));
        let mut step = Step::SILENT;
        for (drum, velocity) in [(Drum::Kick, 30), (Drum::Snare, 90), (Drum::Ride, 60)] {
            step.set(drum, Some(Hit::plain(velocity, 7)));
        }
        let own = kit.step(&step);
        assert_eq!(own.drums().bits(), 1);
        assert_eq!(own.hit(Drum::ALL[0]), Some(Hit::plain(90, 7)));
        assert_eq!(kit.pitches().lanes()[0], 39);
        assert_eq!(kit.set(step.drums()).bits(), 1);
        assert_eq!(kit.set(DrumSet::EMPTY), DrumSet::EMPTY);
    }

    #[test]
    fn small_kit_keeps_the_drums_that_it_has() {
        let kit = DrumClasses(DrumClasses::default().0[..3].to_vec());
        assert_eq!(kit.place(Drum::ClosedHat), Some(Drum::ClosedHat));
        assert_eq!(kit.place(Drum::Ride), None);
        assert_eq!(kit.set(DrumSet::from_bits(0x1ff)).bits(), 7);
    }
}
