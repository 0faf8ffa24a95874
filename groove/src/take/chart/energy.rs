//! Energy of a song: loudness of the band at each beat, beside the rest of its section.

use serde::{Deserialize, Serialize};

use crate::pattern::Meter;

/// Maximum number of beats: 256 bars of 4/4.
const MAX_BEATS: usize = 1_024;

/// Beats in a word, four bits each.
const PER_WORD: usize = 16;

/// Largest level of a beat: twice as much as the section's mean. The smallest is half of it.
const LEVELS: i8 = 7;

/// Velocities of 127 that the largest level adds and the smallest takes away: half of the distance in
/// loudness between no intensity and the usual one.
const VELOCITY: f32 = 8.0;

/// Beats before and after one whose mean is its energy. Silent ones do not count: a rhythm is no
/// energy.
const SMOOTH: usize = 2;

/// Levels by bar and beat, packed. A level of 0 is the section's mean, and so is a beat without one.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedEnergy", into = "SavedEnergy")]
pub struct Energy {
    words: [u64; MAX_BEATS / PER_WORD],
    /// Beats reserved for each bar, 1 to 16: those of the song's longest bar.
    bar_beats: u8,
}

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
        let bar_beats = u8::try_from(bar_beats.clamp(1, 16)).unwrap_or(16);
        Energy { words: [0; MAX_BEATS / PER_WORD], bar_beats }
    }

    /// The same levels, with room for at least this many beats in a bar.
    pub(super) fn wider(&self, bar_beats: usize) -> Self {
        if bar_beats <= self.bar_beats.into() {
            return *self;
        }
        let mut wider = Energy::new(bar_beats);
        for bar in 0..i64::try_from(self.bars()).unwrap_or(0) {
            for beat in 0..self.bar_beats.into() {
                wider.set(bar, beat, self.level(bar, beat));
            }
        }
        wider
    }

    /// Number of bars that can have levels.
    #[must_use]
    pub fn bars(&self) -> usize {
        MAX_BEATS / usize::from(self.bar_beats)
    }

    /// Returns true if every beat is at the mean.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Word and shift of a beat; `None` where none is stored.
    fn place(&self, bar: i64, beat: usize) -> Option<(usize, usize)> {
        let bar = usize::try_from(bar).ok().filter(|&bar| bar < self.bars())?;
        let at = bar * usize::from(self.bar_beats) + beat;
        (beat < usize::from(self.bar_beats)).then_some((at / PER_WORD, 4 * (at % PER_WORD)))
    }

    /// Level of a beat, -7 to 7.
    fn level(&self, bar: i64, beat: usize) -> i8 {
        let Some((word, shift)) = self.place(bar, beat) else { return 0 };
        let bits = i8::try_from(self.words[word] >> shift & 15).unwrap_or(0);
        // 1 to 7 are below the mean, 8 to 14 above it.
        if bits > LEVELS { bits - LEVELS } else { bits - if bits > 0 { LEVELS + 1 } else { 0 } }
    }

    /// Sets the level of a beat. A bar beyond the room has none.
    fn set(&mut self, bar: i64, beat: usize, level: i8) {
        let Some((word, shift)) = self.place(bar, beat) else { return };
        let bits = match level.clamp(-LEVELS, LEVELS) {
            0 => 0,
            above @ 1.. => above + LEVELS,
            below => below + LEVELS + 1,
        };
        let bits = u64::from(bits.unsigned_abs());
        self.words[word] = self.words[word] & !(15 << shift) | bits << shift;
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
        let last = self.words.iter().rposition(|&word| word != 0);
        let beats = last.map_or(0, |word| {
            word * PER_WORD + (63 - self.words[word].leading_zeros() as usize) / 4 + 1
        });
        u16::try_from(beats.div_ceil(self.bar_beats.into())).unwrap_or(u16::MAX)
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
        let bars = (0u16..).take(energy.bars()).filter_map(|bar| {
            let letter = |beat| {
                let (word, shift) = energy.place(bar.into(), beat)?;
                let digit = u32::try_from(energy.words[word] >> shift & 15).ok()?;
                char::from_digit(digit, 16).filter(|_| digit > 0)
            };
            let beats = 0..usize::from(energy.bar_beats);
            let text: String = beats.map(|beat| letter(beat).unwrap_or('.')).collect();
            let text = text.trim_end_matches('.');
            (!text.is_empty()).then(|| (bar, text.to_owned()))
        });
        SavedEnergy { bar_beats: energy.bar_beats, bars: bars.collect() }
    }
}

impl From<SavedEnergy> for Energy {
    /// Unknown letters are the mean; bars and beats beyond the limits are left out.
    fn from(saved: SavedEnergy) -> Self {
        let mut energy = Energy::new(saved.bar_beats.into());
        for (bar, text) in saved.bars {
            for (beat, letter) in text.chars().take(16).enumerate() {
                let digit = letter.to_digit(15).and_then(|digit| i8::try_from(digit).ok());
                let level = match digit.unwrap_or(0) {
                    0 => 0,
                    above if above > LEVELS => above - LEVELS,
                    below => below - LEVELS - 1,
                };
                energy.set(bar.into(), beat, level);
            }
        }
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
