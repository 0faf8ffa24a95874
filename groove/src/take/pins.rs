//! Pins: cells of a phrase that the user fixes as struck or silent.

use serde::{Deserialize, Serialize};

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::{Hit, Step};
use crate::take::packed_hits::PackedHits;

/// Maximum number of pinned steps of a phrase: eight bars of 12/8.
pub const MAX_PINNED_STEPS: usize = 192;

/// Maximum number of strokes of the pins' own hits: eight per step of eight bars of 4/4. A drummer
/// has four limbs, but a file may have more.
const MAX_PINNED_STROKES: usize = 1_024;

/// Pinned cells by step of the phrase and drum. A struck pin can have its own hit; otherwise the
/// model chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<SavedPins>", into = "Vec<SavedPins>")]
pub struct Pins {
    struck: [u16; MAX_PINNED_STEPS],
    silent: [u16; MAX_PINNED_STEPS],
    /// The pins' own hits.
    hits: PackedHits<MAX_PINNED_STROKES>,
}

/// State of a pinned cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Struck and clearly audible; the model chooses the hit.
    Struck,
    /// Struck with these strokes.
    Hit(Hit),
    /// Silent.
    Silent,
}

/// Serialised pins of one step.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct SavedPins {
    step: u16,
    struck: DrumSet,
    silent: DrumSet,
    /// The pins' own hits.
    #[serde(default, skip_serializing_if = "is_silent")]
    hits: Step,
}

fn is_silent(step: &Step) -> bool {
    *step == Step::SILENT
}

impl Pins {
    /// No pins.
    pub const NONE: Pins = Pins {
        struck: [0; MAX_PINNED_STEPS],
        silent: [0; MAX_PINNED_STEPS],
        hits: PackedHits::EMPTY,
    };

    /// Pins a cell or removes its pin. Cells beyond [`MAX_PINNED_STEPS`] steps are ignored. A hit
    /// whose strokes do not fit is pinned as [`Pin::Struck`], see [`Pins::told`].
    pub fn set(&mut self, step: usize, drum: Drum, pin: Option<Pin>) {
        if step >= MAX_PINNED_STEPS {
            return;
        }
        let bit = 1 << drum as u16;
        self.struck[step] &= !bit;
        self.silent[step] &= !bit;
        self.hits.set(step, drum, None);
        match pin {
            Some(Pin::Struck) => self.struck[step] |= bit,
            Some(Pin::Hit(hit)) => {
                self.struck[step] |= bit;
                self.hits.set(step, drum, Some(hit));
            }
            Some(Pin::Silent) => self.silent[step] |= bit,
            None => {}
        }
    }

    /// The pin of a cell, if any.
    #[must_use]
    pub fn get(&self, step: usize, drum: Drum) -> Option<Pin> {
        if self.silent(step).contains(drum) {
            return Some(Pin::Silent);
        }
        let struck = self.struck(step).contains(drum);
        struck.then(|| self.hit(step, drum).map_or(Pin::Struck, Pin::Hit))
    }

    /// Pins every cell of a lane as in these steps, the first of the phrase, including all
    /// strokes.
    pub fn keep_lane(&mut self, drum: Drum, steps: &[Step]) {
        for (place, step) in steps.iter().enumerate() {
            self.set(place, drum, Some(step.hit(drum).map_or(Pin::Silent, Pin::Hit)));
        }
    }

    /// Sentence on the hits of these drums in these steps, the first of the phrase, that found no
    /// room after [`Pins::all`] or [`Pins::keep_lane`]; `None` if the pins have them all.
    #[must_use]
    pub fn told(&self, drums: DrumSet, steps: &[Step]) -> Option<String> {
        let steps = steps.iter().take(MAX_PINNED_STEPS).enumerate();
        let hits = steps.flat_map(|(place, step)| step.hits().map(move |hit| (place, hit)));
        let is_missing = |&(place, (drum, hit)): &(usize, (Drum, Hit))| {
            drums.contains(drum) && self.hit(place, drum) != Some(hit)
        };
        let (hits, own) = match hits.filter(is_missing).count() {
            0 => return None,
            1 => ("1 hit is".to_owned(), "its"),
            many => (format!("{many} hits are"), "their"),
        };
        Some(format!(
            "{hits} pinned without strokes of {own} own: the pins of a phrase have room for \
             {MAX_PINNED_STROKES} strokes, and the drummer chooses the others."
        ))
    }

    /// Removes all pins of a lane.
    pub fn free_lane(&mut self, drum: Drum) {
        (0..MAX_PINNED_STEPS).for_each(|place| self.set(place, drum, None));
    }

    /// Pins all cells as in these steps, the first of the phrase.
    #[must_use]
    pub fn all(steps: &[Step]) -> Self {
        let mut pins = Pins::NONE;
        Drum::ALL.into_iter().for_each(|drum| pins.keep_lane(drum, steps));
        pins
    }

    /// Drums pinned as struck at a step.
    #[must_use]
    pub fn struck(&self, step: usize) -> DrumSet {
        DrumSet::from_bits(self.struck.get(step).copied().unwrap_or(0))
    }

    /// Drums pinned as silent at a step.
    #[must_use]
    pub fn silent(&self, step: usize) -> DrumSet {
        DrumSet::from_bits(self.silent.get(step).copied().unwrap_or(0))
    }

    /// The own hit of a pin.
    #[must_use]
    pub fn hit(&self, step: usize, drum: Drum) -> Option<Hit> {
        self.hits.hit(step, drum)
    }

    /// Sets the hits of struck drums whose pins have their own.
    pub(crate) fn apply_hits(&self, step: usize, played: &mut Step) {
        for drum in played.drums().and(self.struck(step)).iter() {
            if let Some(hit) = self.hit(step, drum) {
                played.set(drum, Some(hit));
            }
        }
    }

    /// Returns true if any drum is pinned at a step.
    #[must_use]
    pub fn any_at(&self, step: usize) -> bool {
        !self.struck(step).is_empty() || !self.silent(step).is_empty()
    }
}

impl Default for Pins {
    fn default() -> Self {
        Pins::NONE
    }
}

impl From<Vec<SavedPins>> for Pins {
    fn from(kept: Vec<SavedPins>) -> Self {
        let mut pins = Pins::NONE;
        for SavedPins { step, struck, silent, hits } in kept {
            silent.iter().for_each(|drum| pins.set(step.into(), drum, Some(Pin::Silent)));
            for drum in struck.iter() {
                let pin = hits.hit(drum).map_or(Pin::Struck, Pin::Hit);
                pins.set(step.into(), drum, Some(pin));
            }
        }
        pins
    }
}

impl From<Pins> for Vec<SavedPins> {
    fn from(pins: Pins) -> Self {
        let kept = |(step, place)| {
            let (struck, silent) = (pins.struck(place), pins.silent(place));
            SavedPins { step, struck, silent, hits: pins.hits.step(place) }
        };
        (0..).zip(0..MAX_PINNED_STEPS).filter(|&(_, place)| pins.any_at(place)).map(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_has_at_most_one_pin() {
        let mut pins = Pins::NONE;
        pins.set(3, Drum::Snare, Some(Pin::Hit(Hit::plain(9, 4))));
        pins.set(3, Drum::Snare, Some(Pin::Silent));
        pins.set(3, Drum::Kick, Some(Pin::Struck));
        pins.set(MAX_PINNED_STEPS, Drum::Kick, Some(Pin::Struck));
        assert!(pins.struck(3).contains(Drum::Kick) && pins.silent(3).contains(Drum::Snare));
        assert_eq!((pins.struck(3).len(), pins.silent(3).len()), (1, 1));
        assert_eq!(pins.get(3, Drum::Snare), Some(Pin::Silent));
        assert_eq!(pins.get(3, Drum::Kick), Some(Pin::Struck));
        assert!(!pins.any_at(MAX_PINNED_STEPS) && !pins.any_at(2));
        pins.set(3, Drum::Kick, None);
        pins.set(3, Drum::Snare, None);
        assert_eq!(pins, Pins::NONE);
    }

    #[test]
    fn lane_is_pinned_and_unpinned() {
        let mut steps = [Step::SILENT; 4];
        let hit = Hit::plain(51, -8);
        steps[2].set(Drum::Ride, Some(hit));
        let mut pins = Pins::NONE;
        pins.keep_lane(Drum::Ride, &steps);
        assert!((0..4).all(|step| pins.struck(step).contains(Drum::Ride) == (step == 2)));
        assert!((0..4).all(|step| pins.silent(step).contains(Drum::Ride) == (step != 2)));
        assert_eq!(pins.get(2, Drum::Ride), Some(Pin::Hit(hit)));
        assert_eq!(Pins::all(&steps).silent(0).len(), 9);
        pins.free_lane(Drum::Ride);
        assert_eq!(pins, Pins::NONE);
    }

    #[test]
    fn hits_without_room_stay_struck_and_are_told() {
        let roll = Hit::of_strokes([-90, -30, 30, 90].map(|offset| Hit::plain(80, offset).main()));
        let mut steps = [Step::SILENT; 128];
        for step in &mut steps {
            step.set(Drum::Snare, roll);
            step.set(Drum::Kick, roll);
        }
        let pins = Pins::all(&steps);
        assert_eq!(pins.told(DrumSet::ALL, &steps), None, "exactly full");
        steps[5].set(Drum::Crash, roll);
        steps[9].set(Drum::Ride, Some(Hit::plain(80, 0)));
        let pins = Pins::all(&steps);
        let told = pins.told(DrumSet::ALL, &steps).expect("a sentence");
        assert!(told.starts_with("2 hits are pinned without strokes of their own"), "{told}");
        let told = pins.told([Drum::Ride].into_iter().collect(), &steps).expect("a sentence");
        assert!(told.starts_with("1 hit is"), "{told}");
        assert_eq!(pins.get(9, Drum::Ride), Some(Pin::Struck));
    }

    #[test]
    fn pins_round_trip_and_old_pins_without_hits_load() {
        let mut pins = Pins::NONE;
        pins.set(3, Drum::Snare, Some(Pin::Hit(Hit::plain(9, -4))));
        pins.set(191, Drum::Kick, Some(Pin::Struck));
        pins.set(7, Drum::Crash, Some(Pin::Silent));
        let text = serde_json::to_string(&pins).expect("text");
        assert_eq!(serde_json::from_str::<Pins>(&text).expect("pins"), pins);
        let old: Pins =
            serde_json::from_str(r#"[{"step":3,"struck":2,"silent":4}]"#).expect("pins");
        assert_eq!(old.get(3, Drum::Snare), Some(Pin::Struck));
        assert_eq!(old.get(3, Drum::ClosedHat), Some(Pin::Silent));
    }
}
