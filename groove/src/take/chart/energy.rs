//! Energy of a song: loudness of the band at each beat, beside the rest of its section.

use serde::{Deserialize, Serialize};

use super::packed_bars::PackedBars;
use crate::pattern::Meter;

/// Maximum number of beats: 256 bars of 4/4.
const MAX_BEATS: usize = 1_024;

/// Bits of a beat.
const BITS: usize = 4;

/// Maximum number of beats in a bar.
const MAX_BAR_BEATS: u8 = 16;

/// Largest level of a beat: twice as much as the section's mean. The smallest is half of it.
const LEVELS: i8 = 7;

/// Velocities of 127 that the largest level adds and the smallest takes away: half of the distance in
/// loudness between no intensity and the usual one.
const VELOCITY: f32 = 8.0;

/// Beats before and after one whose mean is its energy. Silent ones do not count: a rhythm is no
/// energy.
const SMOOTH: usize = 2;

/// Levels by bar and beat. A level of 0 is the section's mean, and so is a beat without one.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedEnergy", into = "SavedEnergy")]
pub struct Energy(PackedBars<{ MAX_BEATS * BITS / 64 }, BITS>);

impl std::fmt::Debug for Energy {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        SavedEnergy::from(*self).fmt(f)
    }
}

/// Serialised form.
#[derive(Debug, Serialize, Deserialize)]
struct SavedEnergy {
    bar_beats: u8,
    /// Bar and its beats up to the last one with a level: `.` the mean, `1` to `7` below and `8` to
    /// `e` above it.
    bars: Vec<(u16, String)>,
}

impl Default for Energy {
    fn default() -> Self {
        Energy::new(4)
    }
}

impl Energy {
    /// The mean everywhere, in a song whose longest bar has this many beats, 1 to 16.
    #[must_use]
    pub fn new(bar_beats: usize) -> Self {
        Energy(PackedBars::new(bar_beats, MAX_BAR_BEATS))
    }

    /// The same levels, with room for at least this many beats in a bar.
    pub(super) fn wider(&self, bar_beats: usize) -> Self {
        let own_beats: usize = self.0.bar_cells.into();
        if bar_beats <= own_beats {
            return *self;
        }
        let mut wider = Energy::new(bar_beats);
        for bar in 0..i64::try_from(self.0.bars()).unwrap_or(0) {
            for beat in 0..own_beats {
                wider.set(bar, beat, self.level(bar, beat));
            }
        }
        wider
    }

    /// Returns true if every beat is at the mean.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Level of a beat, -7 to 7.
    fn level(&self, bar: i64, beat: usize) -> i8 {
        let bits = i8::try_from(self.0.get(bar, beat)).unwrap_or(0);
        // 1 to 7 are below the mean, 8 to 14 above it.
        if bits > LEVELS { bits - LEVELS } else { bits - if bits > 0 { LEVELS + 1 } else { 0 } }
    }

    /// Sets the level of a beat. A bar beyond the room has none.
    fn set(&mut self, bar: i64, beat: usize, level: i8) {
        let bits = match level.clamp(-LEVELS, LEVELS) {
            0 => 0,
            above @ 1.. => above + LEVELS,
            below => below + LEVELS + 1,
        };
        self.0.set(bar, beat, bits.unsigned_abs());
    }

    /// Energy of a beat, -1 to 1; 0 is the mean of the section.
    #[must_use]
    pub fn get(&self, bar: i64, beat: usize) -> f32 {
        f32::from(self.level(bar, beat)) / f32::from(LEVELS)
    }

    /// Sets the energies of the beats of a bar from -1 to 1.
    pub(crate) fn set_bar(&mut self, bar: i64, beats: impl IntoIterator<Item = f32>) {
        for (beat, energy) in beats.into_iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "-7 to 7")]
            let level = (energy.clamp(-1.0, 1.0) * f32::from(LEVELS)).round() as i8;
            self.set(bar, beat, level);
        }
    }

    /// Added to the velocities of a step of a bar, of 127: between those of its beat and the next.
    #[must_use]
    pub fn velocity(&self, meter: Meter, bar: i64, step: usize) -> f32 {
        let beat = step / meter.beat_steps();
        let into = (step % meter.beat_steps()) as f32 / meter.beat_steps() as f32;
        let next = match beat + 1 < meter.whole_beats() {
            true => self.get(bar, beat + 1),
            false => self.get(bar.saturating_add(1), 0),
        };
        let here = self.get(bar, beat);
        VELOCITY * (here + (next - here) * into)
    }

    /// Number of bars up to the last level.
    pub(super) fn used_bars(&self) -> u16 {
        self.0.used_bars()
    }
}

/// Energies from -1 to 1 of the beats of a section, from how much is played at each: 1 is twice their
/// mean, -1 half of it, silence 0. A bar and more is smoothed.
pub(super) fn energies(played: &[f32]) -> Vec<f32> {
    let mean = |played: &[f32]| {
        let sounding = played.iter().filter(|played| **played > 0.0);
        let (sum, count) = sounding.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let whole = mean(played);
    let energy = |beat: usize| {
        let window = beat.saturating_sub(SMOOTH)..(beat + SMOOTH + 1).min(played.len());
        match mean(&played[window]) {
            0.0 => 0.0,
            near => (near / whole).log2().clamp(-1.0, 1.0),
        }
    };
    (0..played.len()).map(energy).collect()
}

impl From<Energy> for SavedEnergy {
    fn from(energy: Energy) -> Self {
        SavedEnergy { bar_beats: energy.0.bar_cells, bars: energy.0.texts() }
    }
}

impl From<SavedEnergy> for Energy {
    /// Unknown letters are the mean; bars and beats beyond the limits are left out.
    fn from(saved: SavedEnergy) -> Self {
        let mut energy = Energy::new(saved.bar_beats.into());
        // The highest digit, f, is no level.
        energy.0.read(saved.bars, 15);
        energy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_stored_saved_and_read_again() {
        let mut energy = Energy::new(7);
        assert!(energy.is_empty() && energy.used_bars() == 0);
        for level in -LEVELS..=LEVELS {
            energy.set(i64::from(level) + 10, 3, level);
        }
        for level in -LEVELS..=LEVELS {
            assert_eq!(energy.level(i64::from(level) + 10, 3), level);
        }
        assert_eq!(energy.used_bars(), 18);
        assert_eq!([energy.get(17, 3), energy.get(3, 3), energy.get(3, 4)], [1.0, -1.0, 0.0]);
        let text = serde_json::to_string(&energy).expect("text");
        assert_eq!(serde_json::from_str::<Energy>(&text).expect("levels"), energy);
        assert_eq!(energy.wider(4), energy);
        assert_eq!(energy.wider(9).level(17, 3), 7);
        // No room: nothing happens.
        energy.set(400, 0, 3);
        assert_eq!((energy.level(400, 0), energy.level(-1, 0), energy.level(0, 7)), (0, 0, 0));
        let damaged = r#"{"bar_beats":200,"bars":[[0,"?ez"],[60000,"e"]]}"#;
        let damaged: Energy = serde_json::from_str(damaged).expect("levels");
        assert_eq!((damaged.level(0, 0), damaged.level(0, 1), damaged.level(0, 2)), (0, 7, 0));
    }

    #[test]
    fn velocity_moves_smoothly_from_beat_to_beat() {
        let mut energy = Energy::new(4);
        energy.set_bar(2, [0.0, 1.0, 0.0, -1.0]);
        let at = |bar, step| energy.velocity(Meter::FOUR_FOUR, bar, step);
        assert_eq!([at(2, 0), at(2, 2), at(2, 4), at(2, 6)], [0.0, 4.0, 8.0, 4.0]);
        assert_eq!([at(2, 12), at(2, 14), at(3, 0), at(1, 15)], [-8.0, -4.0, 0.0, 0.0]);
    }

    #[test]
    fn energy_is_relative_to_the_mean_and_needs_more_than_a_rhythm() {
        let rhythm: Vec<f32> =
            (0..32).map(|beat| if beat % 2 == 0 { 200.0 } else { 0.0 }).collect();
        assert!(energies(&rhythm).iter().all(|energy| *energy == 0.0));
        let rise: Vec<f32> = (0..32).map(|beat| 20.0 + 4.0 * beat as f32).collect();
        let rise = energies(&rise);
        assert!(rise.windows(2).all(|two| two[1] >= two[0]) && rise[0] < -0.9 && rise[31] > 0.6);
        assert_eq!(energies(&[0.0; 4]), [0.0; 4]);
        assert!(energies(&[]).is_empty());
    }
}
