//! Articulations: the ways of striking a drum class.

use crate::pattern::drum::Drum;

/// Maximum number of articulations of a class.
pub const MAX_ARTICULATIONS: usize = 6;

/// A way of striking a drum class. [`Articulation::of`] lists those of each class; `Plain` is the
/// first of every class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Articulation {
    /// Head of a drum, bow of a cymbal.
    #[default]
    Plain,
    /// Rim shot of a snare or tom: head and rim together.
    Rim,
    /// Stick laid across the snare, struck on the rim.
    CrossStick,
    /// Shoulder of the stick on the edge of a hi-hat or cymbal.
    Edge,
    /// Hi-hat closed by the foot.
    Pedal,
    /// Half-open hi-hat, struck on the bow.
    HalfOpen,
    /// Half-open hi-hat, struck on the edge.
    HalfOpenEdge,
    /// Bell of the ride.
    Bell,
    /// Second drum or cymbal of the class, such as a second crash on its bow or another floor tom.
    Second,
    /// Second crash, struck on the edge.
    SecondEdge,
    /// Hand clap, on the snare's lane.
    Clap,
    /// Splash, on the crash's lane.
    Splash,
    /// China, on the crash's lane.
    China,
}

impl Articulation {
    /// The articulations of a class, 1 to [`MAX_ARTICULATIONS`]. The first [`Articulation::played`]
    /// of them are the outputs of the network; the others occur in clips only.
    #[must_use]
    pub const fn of(drum: Drum) -> &'static [Articulation] {
        use Articulation::{
            Bell, China, Clap, CrossStick, Edge, HalfOpen, HalfOpenEdge, Pedal, Plain, Rim, Second,
            SecondEdge, Splash,
        };
        match drum {
            Drum::Kick => &[Plain, Second],
            Drum::Snare => &[Plain, Rim, CrossStick, Clap],
            Drum::ClosedHat => &[Plain, Edge, Pedal],
            Drum::OpenHat => &[Plain, Edge, HalfOpen, HalfOpenEdge],
            Drum::LowTom | Drum::MidTom | Drum::HighTom => &[Plain, Rim, Second],
            Drum::Crash => &[Plain, Edge, Second, SecondEdge, Splash, China],
            Drum::Ride => &[Plain, Edge, Bell],
        }
    }

    /// Number of articulations of a class that a drummer plays, 1 to 4.
    #[must_use]
    pub const fn played(drum: Drum) -> usize {
        match drum {
            Drum::Kick => 1,
            Drum::LowTom | Drum::MidTom | Drum::HighTom => 2,
            Drum::Snare | Drum::ClosedHat | Drum::Ride => 3,
            Drum::OpenHat | Drum::Crash => 4,
        }
    }

    /// Index in the class's list; 0, `Plain`, if the class lacks the articulation.
    #[must_use]
    pub fn index_in(self, drum: Drum) -> usize {
        Self::of(drum).iter().position(|&articulation| articulation == self).unwrap_or(0)
    }

    /// The articulation at an index of the class's list; `Plain` beyond its end.
    #[must_use]
    pub fn at(drum: Drum, index: usize) -> Articulation {
        Self::of(drum).get(index).copied().unwrap_or_default()
    }

    /// Returns true if a foot plays it: only the hi-hat's pedal.
    #[must_use]
    pub const fn is_foot(self) -> bool {
        matches!(self, Articulation::Pedal)
    }

    /// The drum or cymbal that it strikes, as one articulation for each drum or cymbal of a class.
    #[must_use]
    pub const fn piece(self) -> Articulation {
        match self {
            Articulation::SecondEdge => Articulation::Second,
            other @ (Articulation::Second
            | Articulation::Pedal
            | Articulation::Clap
            | Articulation::Splash
            | Articulation::China) => other,
            _ => Articulation::Plain,
        }
    }

    /// Name as drummers say it, for a class.
    #[must_use]
    pub const fn name(self, drum: Drum) -> &'static str {
        match (self, drum) {
            (Articulation::Plain, Drum::Kick) => "beater",
            (Articulation::Plain, Drum::ClosedHat | Drum::OpenHat | Drum::Ride) => "bow",
            (Articulation::Plain, Drum::Crash) => "first crash, bow",
            (Articulation::Plain, _) => "head",
            (Articulation::Rim, _) => "rim shot",
            (Articulation::CrossStick, _) => "cross-stick",
            (Articulation::Edge, Drum::Crash) => "first crash, edge",
            (Articulation::Edge, _) => "edge",
            (Articulation::Pedal, _) => "pedal",
            (Articulation::HalfOpen, _) => "half-open",
            (Articulation::HalfOpenEdge, _) => "half-open, edge",
            (Articulation::Bell, _) => "bell",
            (Articulation::Second, Drum::Crash) => "second crash",
            (Articulation::Second, _) => "second drum",
            (Articulation::SecondEdge, _) => "second crash, edge",
            (Articulation::Clap, _) => "clap",
            (Articulation::Splash, _) => "splash",
            (Articulation::China, _) => "china",
        }
    }

    /// Class and articulation of a pitch of a Roland V-Drums kit, as in the Groove MIDI Dataset.
    /// `None`: not a drum of that kit. Half-open hi-hats have the pitches of open ones; controller
    /// 4 tells them apart.
    #[must_use]
    pub const fn from_roland(pitch: u8) -> Option<(Drum, Articulation)> {
        use Articulation::{Bell, CrossStick, Edge, Pedal, Plain, Rim, Second, SecondEdge};
        Some(match pitch {
            36 => (Drum::Kick, Plain),
            38 => (Drum::Snare, Plain),
            40 => (Drum::Snare, Rim),
            37 => (Drum::Snare, CrossStick),
            42 => (Drum::ClosedHat, Plain),
            22 => (Drum::ClosedHat, Edge),
            44 => (Drum::ClosedHat, Pedal),
            46 => (Drum::OpenHat, Plain),
            26 => (Drum::OpenHat, Edge),
            43 => (Drum::LowTom, Plain),
            58 => (Drum::LowTom, Rim),
            45 => (Drum::MidTom, Plain),
            47 => (Drum::MidTom, Rim),
            48 => (Drum::HighTom, Plain),
            50 => (Drum::HighTom, Rim),
            49 => (Drum::Crash, Plain),
            55 => (Drum::Crash, Edge),
            57 => (Drum::Crash, Second),
            52 => (Drum::Crash, SecondEdge),
            51 => (Drum::Ride, Plain),
            59 => (Drum::Ride, Edge),
            53 => (Drum::Ride, Bell),
            _ => return None,
        })
    }

    /// Position of a hi-hat's pedal as controller 4, 0 open to 127 closed; `None` for other drums.
    #[must_use]
    pub const fn hat_pedal(self, drum: Drum) -> Option<u8> {
        match (drum, self) {
            (Drum::ClosedHat, _) => Some(127),
            (Drum::OpenHat, Articulation::HalfOpen | Articulation::HalfOpenEdge) => Some(60),
            (Drum::OpenHat, _) => Some(0),
            _ => None,
        }
    }

    /// Pitch on a Roland V-Drums kit, the inverse of [`Articulation::from_roland`]. An articulation
    /// that the class lacks is `Plain`.
    #[must_use]
    pub const fn roland_pitch(self, drum: Drum) -> u8 {
        use Articulation::{
            Bell, China, CrossStick, Edge, HalfOpenEdge, Pedal, Rim, Second, SecondEdge, Splash,
        };
        match (drum, self) {
            (Drum::Kick, _) => 36,
            (Drum::Snare, Rim) => 40,
            (Drum::Snare, CrossStick) => 37,
            (Drum::Snare, _) => 38,
            (Drum::ClosedHat, Edge) => 22,
            (Drum::ClosedHat, Pedal) => 44,
            (Drum::ClosedHat, _) => 42,
            (Drum::OpenHat, Edge | HalfOpenEdge) => 26,
            (Drum::OpenHat, _) => 46,
            (Drum::LowTom, Rim) => 58,
            (Drum::LowTom, _) => 43,
            (Drum::MidTom, Rim) => 47,
            (Drum::MidTom, _) => 45,
            (Drum::HighTom, Rim) => 50,
            (Drum::HighTom, _) => 48,
            (Drum::Crash, Edge | Splash) => 55,
            (Drum::Crash, Second) => 57,
            (Drum::Crash, SecondEdge | China) => 52,
            (Drum::Crash, _) => 49,
            (Drum::Ride, Edge) => 59,
            (Drum::Ride, Bell) => 53,
            (Drum::Ride, _) => 51,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roland(pitch: u8) -> Option<Drum> {
        Articulation::from_roland(pitch).map(|(drum, _)| drum)
    }

    /// The nine classes of GrooVAE (Gillick et al. 2019).
    fn class(pitch: u8) -> Option<Drum> {
        Some(match pitch {
            36 => Drum::Kick,
            37 | 38 | 40 => Drum::Snare,
            22 | 42 | 44 => Drum::ClosedHat,
            26 | 46 => Drum::OpenHat,
            43 | 58 => Drum::LowTom,
            45 | 47 => Drum::MidTom,
            48 | 50 => Drum::HighTom,
            49 | 52 | 55 | 57 => Drum::Crash,
            51 | 53 | 59 => Drum::Ride,
            _ => return None,
        })
    }

    #[test]
    fn emitted_pitches_are_in_both_maps() {
        for drum in Drum::ALL {
            assert_eq!(roland(drum.general_midi()), Some(drum));
            assert_eq!(Drum::from_general_midi(drum.general_midi()), Some(drum));
        }
    }

    #[test]
    fn general_midi_map_agrees_with_roland_map() {
        for pitch in 0..=127 {
            if let Some(drum) = roland(pitch) {
                assert_eq!(Drum::from_general_midi(pitch), Some(drum), "pitch {pitch}");
            }
        }
    }

    #[test]
    fn each_roland_pitch_is_one_articulation() {
        let mut found = 0;
        for pitch in 0..=127 {
            assert_eq!(roland(pitch), class(pitch), "pitch {pitch}");
            let Some((drum, articulation)) = Articulation::from_roland(pitch) else { continue };
            assert_eq!(articulation.roland_pitch(drum), pitch);
            found += 1;
        }
        assert_eq!(found, 22);
    }

    #[test]
    fn articulations_are_numbered_within_their_class() {
        for drum in Drum::ALL {
            let list = Articulation::of(drum);
            assert!(list.len() <= MAX_ARTICULATIONS && list[0] == Articulation::Plain);
            assert!(Articulation::played(drum) <= list.len());
            for (index, &articulation) in list.iter().enumerate() {
                assert_eq!(articulation.index_in(drum), index);
                assert_eq!(Articulation::at(drum, index), articulation);
            }
            assert_eq!(Articulation::at(drum, 9), Articulation::Plain);
        }
    }
}
