//! The nine drum classes, and their MIDI pitches.
//!
//! [`Drum::from_general_midi`] is for keyboards, whose every key plays a drum. Files are read with
//! [`crate::pattern::input_maps`] and written with [`crate::pattern::pitches`].

/// Number of drum classes, the maximum for a model.
pub const CLASSES: usize = 9;

/// MIDI channel by class, 0 to 15.
pub type Channels = [u8; CLASSES];

/// One of the nine drum classes, in the order of the bits of a [`DrumSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Drum {
    /// Kick drum.
    Kick,
    /// Snare drum, rim and head.
    Snare,
    /// Hi-hat, closed or by pedal.
    ClosedHat,
    /// Hi-hat, open.
    OpenHat,
    /// Low (floor) tom.
    LowTom,
    /// Mid tom.
    MidTom,
    /// High tom.
    HighTom,
    /// Crash cymbal.
    Crash,
    /// Ride cymbal.
    Ride,
}

impl Drum {
    /// All nine, in class order.
    pub const ALL: [Drum; CLASSES] = [
        Drum::Kick,
        Drum::Snare,
        Drum::ClosedHat,
        Drum::OpenHat,
        Drum::LowTom,
        Drum::MidTom,
        Drum::HighTom,
        Drum::Crash,
        Drum::Ride,
    ];

    /// The General MIDI pitches of the nine.
    pub const PITCHES: [u8; CLASSES] = [36, 38, 42, 46, 43, 47, 50, 49, 51];

    /// Class number, 0 to 8.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Display name of the drum's lane.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Drum::Kick => "Kick",
            Drum::Snare => "Snare",
            Drum::ClosedHat => "Closed hat",
            Drum::OpenHat => "Open hat",
            Drum::LowTom => "Low tom",
            Drum::MidTom => "Mid tom",
            Drum::HighTom => "High tom",
            Drum::Crash => "Crash",
            Drum::Ride => "Ride",
        }
    }

    /// Returns true if a hand can choke it: a cymbal on a stand. Hi-hats are choked by a foot, with
    /// a stroke.
    #[must_use]
    pub const fn can_choke(self) -> bool {
        matches!(self, Drum::Crash | Drum::Ride)
    }

    /// The General MIDI pitch of this drum.
    #[must_use]
    pub const fn general_midi(self) -> u8 {
        Self::PITCHES[self as usize]
    }

    /// Class of any General MIDI or Roland drum pitch, including hand percussion, for keyboards and
    /// foreign files. `None`: not a drum.
    #[must_use]
    pub const fn from_general_midi(pitch: u8) -> Option<Drum> {
        Some(match pitch {
            35 | 36 => Drum::Kick,
            27 | 28 | 31 | 32 | 33 | 34 | 37 | 38 | 39 | 40 | 56 | 65 | 66 | 75 | 85 => Drum::Snare,
            22 | 42 | 44 | 54 | 68 | 69 | 70 | 71 | 73 | 78 | 80 => Drum::ClosedHat,
            26 | 46 | 67 | 72 | 74 | 79 | 81 => Drum::OpenHat,
            29 | 41 | 43 | 58 | 61 | 64 | 84 => Drum::LowTom,
            45 | 47 | 60 | 63 | 77 | 86 | 87 => Drum::MidTom,
            30 | 48 | 50 | 62 | 76 | 83 => Drum::HighTom,
            49 | 52 | 55 | 57 => Drum::Crash,
            51 | 53 | 59 | 82 => Drum::Ride,
            _ => return None,
        })
    }
}

/// A set of drums: bit `n` is class `n`. As a number (0 to 511) it is one outcome of the hit
/// distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "model", serde(from = "u16", into = "u16"))]
pub struct DrumSet(u16);

impl DrumSet {
    /// No drum.
    pub const EMPTY: DrumSet = DrumSet(0);
    /// All nine.
    pub const ALL: DrumSet = DrumSet(0x1ff);

    /// The set with this number; bits above the ninth are ignored.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        DrumSet(bits & 0x1ff)
    }

    /// The set's number, 0 to 511.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns true if the drum is in the set.
    #[must_use]
    pub const fn contains(self, drum: Drum) -> bool {
        self.0 >> drum as u16 & 1 == 1
    }

    /// Adds a drum.
    pub const fn insert(&mut self, drum: Drum) {
        self.0 |= 1 << drum as u16;
    }

    /// Removes a drum.
    pub const fn remove(&mut self, drum: Drum) {
        self.0 &= !(1 << drum as u16);
    }

    /// Union of both sets.
    #[must_use]
    pub const fn with(self, other: DrumSet) -> DrumSet {
        DrumSet(self.0 | other.0)
    }

    /// Difference of the sets.
    #[must_use]
    pub const fn without(self, other: DrumSet) -> DrumSet {
        DrumSet(self.0 & !other.0)
    }

    /// Intersection of both sets.
    #[must_use]
    pub const fn and(self, other: DrumSet) -> DrumSet {
        DrumSet(self.0 & other.0)
    }

    /// Number of drums in the set.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Returns true if the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The drums in the set, in class order.
    pub fn iter(self) -> impl Iterator<Item = Drum> {
        Drum::ALL.into_iter().filter(move |&drum| self.contains(drum))
    }
}

impl From<u16> for DrumSet {
    fn from(bits: u16) -> Self {
        DrumSet::from_bits(bits)
    }
}

impl From<DrumSet> for u16 {
    fn from(set: DrumSet) -> Self {
        set.bits()
    }
}

impl FromIterator<Drum> for DrumSet {
    fn from_iter<I: IntoIterator<Item = Drum>>(drums: I) -> Self {
        let mut set = DrumSet::EMPTY;
        drums.into_iter().for_each(|drum| set.insert(drum));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drum_sets_round_trip_through_their_number() {
        for bits in 0..512 {
            let set: DrumSet = DrumSet::from_bits(bits).iter().collect();
            assert_eq!(set.bits(), bits);
            assert_eq!(set.len() as usize, set.iter().count());
        }
    }
}
