//! Accents of a song: the onsets that the kick leans to, packed by bar and step.

use serde::{Deserialize, Serialize};

use super::packed_bars::PackedBars;

/// Maximum number of steps with accents: 256 bars of 4/4.
const MAX_ACCENT_STEPS: usize = 4_096;

/// Bits of a step: 0 is no accent.
const BITS: usize = 2;

/// Maximum number of steps in a bar.
const MAX_BAR_STEPS: u8 = 64;

/// Strength of an accent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accent {
    /// A note of a line.
    Light,
    /// A loud or long note of a line.
    Strong,
    /// A stab of the whole band: kick and crash.
    Stab,
}

impl Accent {
    const ALL: [Accent; 3] = [Accent::Light, Accent::Strong, Accent::Stab];
}

/// Accents by bar and step.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedAccents", into = "SavedAccents")]
pub struct Accents(PackedBars<{ MAX_ACCENT_STEPS * BITS / 64 }, BITS>);

impl std::fmt::Debug for Accents {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        SavedAccents::from(*self).fmt(f)
    }
}

/// Serialised form.
#[derive(Debug, Serialize, Deserialize)]
struct SavedAccents {
    bar_steps: u8,
    /// Bar and its steps up to the last accent: `.` none, 1 light, 2 strong, 3 stab.
    bars: Vec<(u16, String)>,
}

impl Default for Accents {
    fn default() -> Self {
        Accents::new(16)
    }
}

impl Accents {
    /// No accents, in a song whose longest bar has this many steps, 1 to 64.
    #[must_use]
    pub fn new(bar_steps: usize) -> Self {
        Accents(PackedBars::new(bar_steps, MAX_BAR_STEPS))
    }

    /// Steps that each bar has room for.
    pub(crate) fn bar_steps(&self) -> usize {
        self.0.bar_cells.into()
    }

    /// Number of bars that can have accents.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.0.bars()
    }

    /// Returns true if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The accent of a step of a bar.
    #[must_use]
    pub fn get(&self, bar: i64, step: usize) -> Option<Accent> {
        let place = self.0.get(bar, step).checked_sub(1)?;
        Accent::ALL.get(usize::from(place)).copied()
    }

    /// Sets or removes an accent. Returns false if there is no room for the bar.
    pub fn set(&mut self, bar: i64, step: usize, accent: Option<Accent>) -> bool {
        self.0.set(bar, step, accent.map_or(0, |accent| 1 + accent as u8))
    }

    /// Number of accents of a bar.
    #[must_use]
    pub fn in_bar(&self, bar: i64) -> usize {
        (0..self.bar_steps()).filter(|&step| self.get(bar, step).is_some()).count()
    }
}

impl From<Accents> for SavedAccents {
    fn from(accents: Accents) -> Self {
        SavedAccents { bar_steps: accents.0.bar_cells, bars: accents.0.texts() }
    }
}

impl From<SavedAccents> for Accents {
    /// Unknown letters are no accents; bars and steps beyond the limits are left out.
    fn from(saved: SavedAccents) -> Self {
        let mut accents = Accents::new(saved.bar_steps.into());
        accents.0.read(saved.bars, 4);
        accents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_round_trip_in_every_bar_and_meter() {
        for steps in [16, 20, 24, 64, 7] {
            let mut accents = Accents::new(steps);
            let strengths = [None, Some(Accent::Light), Some(Accent::Strong), Some(Accent::Stab)];
            let wanted = |bar: usize, step: usize| strengths[(bar * 7 + step * 3) % 4];
            for bar in 0..accents.bars() {
                for step in 0..steps {
                    let bar = (i64::try_from(bar).unwrap(), bar);
                    assert!(accents.set(bar.0, step, wanted(bar.1, step)));
                }
            }
            let text = serde_json::to_string(&accents).unwrap();
            let back: Accents = serde_json::from_str(&text).unwrap();
            assert_eq!(back, accents);
            for bar in 0..accents.bars() {
                for step in 0..steps {
                    let found = back.get(i64::try_from(bar).unwrap(), step);
                    assert_eq!(found, wanted(bar, step), "{steps}: {bar} {step}");
                }
            }
            let beyond = i64::try_from(accents.bars()).unwrap();
            assert!(!accents.set(beyond, 0, Some(Accent::Light)));
            assert!(!accents.set(-1, 0, Some(Accent::Light)) && !accents.set(0, steps, None));
            assert_eq!((accents.get(-1, 0), accents.get(0, steps)), (None, None));
        }
    }

    #[test]
    fn damaged_accents_are_repaired() {
        let text = r#"{"bar_steps":0,"bars":[[0,"2x"],[65535,"1"],[3,"31"]]}"#;
        let accents: Accents = serde_json::from_str(text).unwrap();
        assert_eq!(accents.get(0, 0), Some(Accent::Strong));
        assert_eq!(accents.get(3, 0), Some(Accent::Stab));
        assert_eq!([1, 3].map(|bar| accents.in_bar(bar)), [0, 1]);
        assert!(Accents::default().is_empty() && !accents.is_empty());
    }
}
