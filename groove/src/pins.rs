//! Pins: cells of a phrase that the user keeps, struck or silent.

use serde::{Deserialize, Serialize};

use crate::drum::{Drum, DrumSet};
use crate::pattern::Step;

/// Greatest number of steps of a phrase that can be pinned: eight bars of 12/8.
pub const MOST_PINNED: usize = 192;

/// Cells that are kept, by step of the phrase and drum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Kept>", into = "Vec<Kept>")]
pub struct Pins {
    struck: [DrumSet; MOST_PINNED],
    silent: [DrumSet; MOST_PINNED],
}

/// The pins of one step, as they are saved.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    step: u16,
    struck: DrumSet,
    silent: DrumSet,
}

impl Pins {
    /// No pin.
    pub const NONE: Pins =
        Pins { struck: [DrumSet::EMPTY; MOST_PINNED], silent: [DrumSet::EMPTY; MOST_PINNED] };

    /// Pins a cell struck (`true`) or silent (`false`), or frees it. Cells beyond
    /// [`MOST_PINNED`] steps cannot be pinned.
    pub fn set(&mut self, step: usize, drum: Drum, pin: Option<bool>) {
        let (Some(struck), Some(silent)) = (self.struck.get_mut(step), self.silent.get_mut(step))
        else {
            return;
        };
        struck.remove(drum);
        silent.remove(drum);
        match pin {
            Some(true) => struck.insert(drum),
            Some(false) => silent.insert(drum),
            None => {}
        }
    }

    /// Pins every cell of a lane as it is in these steps, the first of the phrase.
    pub fn keep_lane(&mut self, drum: Drum, steps: &[Step]) {
        for (place, step) in steps.iter().enumerate() {
            self.set(place, drum, Some(step.hit(drum).is_some()));
        }
    }

    /// Pins everything as it is in these steps, the first of the phrase.
    #[must_use]
    pub fn all(steps: &[Step]) -> Self {
        let mut pins = Pins::NONE;
        Drum::ALL.into_iter().for_each(|drum| pins.keep_lane(drum, steps));
        pins
    }

    /// Drums that are pinned struck at a step.
    #[must_use]
    pub fn struck(&self, step: usize) -> DrumSet {
        self.struck.get(step).copied().unwrap_or_default()
    }

    /// Drums that are pinned silent at a step.
    #[must_use]
    pub fn silent(&self, step: usize) -> DrumSet {
        self.silent.get(step).copied().unwrap_or_default()
    }

    /// Whether any drum is pinned at a step.
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

impl From<Vec<Kept>> for Pins {
    fn from(kept: Vec<Kept>) -> Self {
        let mut pins = Pins::NONE;
        for Kept { step, struck, silent } in kept {
            silent.iter().for_each(|drum| pins.set(step.into(), drum, Some(false)));
            struck.iter().for_each(|drum| pins.set(step.into(), drum, Some(true)));
        }
        pins
    }
}

impl From<Pins> for Vec<Kept> {
    fn from(pins: Pins) -> Self {
        let kept =
            |(step, place)| Kept { step, struck: pins.struck(place), silent: pins.silent(place) };
        (0..).zip(0..MOST_PINNED).filter(|&(_, place)| pins.any_at(place)).map(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;

    #[test]
    fn a_cell_is_pinned_one_way_or_not_at_all() {
        let mut pins = Pins::NONE;
        pins.set(3, Drum::Snare, Some(true));
        pins.set(3, Drum::Snare, Some(false));
        pins.set(3, Drum::Bass, Some(true));
        pins.set(MOST_PINNED, Drum::Bass, Some(true));
        assert!(pins.struck(3).contains(Drum::Bass) && pins.silent(3).contains(Drum::Snare));
        assert_eq!((pins.struck(3).len(), pins.silent(3).len()), (1, 1));
        assert!(!pins.any_at(MOST_PINNED) && !pins.any_at(2));
        pins.set(3, Drum::Bass, None);
        pins.set(3, Drum::Snare, None);
        assert_eq!(pins, Pins::NONE);
    }

    #[test]
    fn a_lane_is_kept_as_it_is() {
        let mut steps = [Step::SILENT; 4];
        steps[2].set(Drum::Ride, Some(Hit::new(0.4, 0.0)));
        let mut pins = Pins::NONE;
        pins.keep_lane(Drum::Ride, &steps);
        assert!((0..4).all(|step| pins.struck(step).contains(Drum::Ride) == (step == 2)));
        assert!((0..4).all(|step| pins.silent(step).contains(Drum::Ride) == (step != 2)));
        assert_eq!(Pins::all(&steps).silent(0).len(), 9);
    }
}
