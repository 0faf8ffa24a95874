//! Meaning of each pitch on each instrument.
//!
//! Sources:
//! - General MIDI: General MIDI System Level 1 percussion key map, and the additions of Level 2.
//! - Roland: default notes of the TD-11 (Groove MIDI Dataset) and TD-17.
//! - Yamaha: MIDI data format of the DTXPLORER (page 31), and DTX502 Reference Manual (page 11).
//! - Alesis: Nitro Drum Module User Guide 1.2 (page 38).
//! - Toontrack: default layout of EZdrummer 2 and Superior Drummer 3 and of their EZX kits.
//! - XLN Audio: "Addictive Drums 2 Keymap", 2 June 2021.

use crate::pattern::Articulation::{
    self, Bell, China, Clap, CrossStick, Edge, HalfOpen, HalfOpenEdge, Pedal, Plain, Rim, Second,
    SecondEdge, Splash,
};
use crate::pattern::drum::Drum::{
    self, ClosedHat, Crash, HighTom, Kick, LowTom, MidTom, OpenHat, Ride, Snare,
};

/// Number of notes at each pitch.
pub type PitchCounts = [usize; 128];

/// Meaning of a pitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// A drum of a lane.
    Drum(Drum, Articulation),
    /// A hi-hat whose pedal, controller 4, decides how open it is: on the edge, or on the bow.
    PedalledHat {
        /// True if it is struck on the edge.
        edge: bool,
    },
    /// An instrument that no lane has.
    Percussion(&'static str),
}

impl Voice {
    /// The drum and its articulation at a value of controller 4: 0 is open, 127 closed. A pedalled
    /// hi-hat without a controller is closed.
    #[must_use]
    pub fn at_pedal(self, pedal: Option<u8>) -> Option<(Drum, Articulation)> {
        let half_open = pedal.is_some_and(|value| value >= HALF_OPEN);
        match self {
            Voice::Drum(OpenHat, Plain) if half_open => Some((OpenHat, HalfOpen)),
            Voice::Drum(OpenHat, Edge) if half_open => Some((OpenHat, HalfOpenEdge)),
            Voice::Drum(drum, articulation) => Some((drum, articulation)),
            Voice::PedalledHat { edge } => {
                let bow_or_edge = |bow, edged| if edge { edged } else { bow };
                Some(match pedal {
                    Some(value) if value < HALF_OPEN => (OpenHat, bow_or_edge(Plain, Edge)),
                    Some(value) if value < CLOSED => (OpenHat, bow_or_edge(HalfOpen, HalfOpenEdge)),
                    _ => (ClosedHat, bow_or_edge(Plain, Edge)),
                })
            }
            Voice::Percussion(_) => None,
        }
    }
}

/// Value of controller 4 from which an open hi-hat is half-open. In the Groove MIDI Dataset 0 is
/// open and 90 closed; half of the notes of open hi-hats lie below 30.
const HALF_OPEN: u8 = 30;

/// Value of controller 4 from which a pedalled hi-hat is closed.
const CLOSED: u8 = 90;

/// Map of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputMap {
    /// General MIDI 1 and 2, with the zones of Roland kits at the pitches that it leaves free.
    GeneralMidi,
    /// Roland V-Drums.
    Roland,
    /// Yamaha DTX, old and new.
    Yamaha,
    /// Alesis modules.
    Alesis,
    /// EZdrummer and Superior Drummer.
    Toontrack,
    /// Addictive Drums 2.
    AddictiveDrums,
}

impl InputMap {
    /// All maps, General MIDI first.
    pub const ALL: [InputMap; 6] = [
        InputMap::GeneralMidi,
        InputMap::Roland,
        InputMap::Yamaha,
        InputMap::Alesis,
        InputMap::Toontrack,
        InputMap::AddictiveDrums,
    ];

    /// Name in sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            InputMap::GeneralMidi => "General MIDI",
            InputMap::Roland => "Roland V-Drums",
            InputMap::Yamaha => "Yamaha DTX",
            InputMap::Alesis => "Alesis",
            InputMap::Toontrack => "EZdrummer and Superior Drummer",
            InputMap::AddictiveDrums => "Addictive Drums 2",
        }
    }

    /// Lower-case words by which the names of tracks give the instrument away.
    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            InputMap::GeneralMidi => &[],
            InputMap::Roland => &["v-drums", "roland td"],
            InputMap::Yamaha => &["dtx"],
            InputMap::Alesis => &["alesis"],
            InputMap::Toontrack => &["superior drummer", "ezdrummer", "toontrack"],
            InputMap::AddictiveDrums => &["addictive drums"],
        }
    }

    /// Meaning of a pitch; `None` if the map does not have it.
    #[must_use]
    pub const fn voice(self, pitch: u8) -> Option<Voice> {
        match self {
            InputMap::GeneralMidi => general_midi(pitch),
            InputMap::Roland => roland(pitch),
            InputMap::Yamaha => yamaha(pitch),
            InputMap::Alesis => alesis(pitch),
            InputMap::Toontrack => toontrack(pitch),
            InputMap::AddictiveDrums => addictive_drums(pitch),
        }
    }

    /// Drum and articulation of a pitch without a hi-hat pedal; `None` for percussion.
    #[must_use]
    pub fn drum(self, pitch: u8) -> Option<(Drum, Articulation)> {
        self.voice(pitch)?.at_pedal(None)
    }

    /// Number of notes that are drums of a lane.
    #[must_use]
    pub fn drums(self, notes: &PitchCounts) -> usize {
        let is_drum = |pitch| !matches!(self.voice(pitch), None | Some(Voice::Percussion(_)));
        (0..).zip(notes).filter(|&(pitch, _)| is_drum(pitch)).map(|(_, count)| count).sum()
    }

    /// Returns true if notes have a drum.
    pub(super) fn has(self, notes: &PitchCounts, drum: Drum) -> bool {
        let is_it = |pitch| matches!(self.voice(pitch), Some(Voice::Drum(it, _)) if it == drum);
        (0..).zip(notes).any(|(pitch, &count)| count > 0 && is_it(pitch))
    }
}

const fn drum(drum: Drum, articulation: Articulation) -> Option<Voice> {
    Some(Voice::Drum(drum, articulation))
}

const fn percussion(name: &'static str) -> Option<Voice> {
    Some(Voice::Percussion(name))
}

const fn general_midi(pitch: u8) -> Option<Voice> {
    match pitch {
        35 => drum(Kick, Second),
        39 => drum(Snare, Clap),
        41 => drum(LowTom, Second),
        45 => drum(MidTom, Second),
        47 => drum(MidTom, Plain),
        48 => drum(HighTom, Second),
        50 => drum(HighTom, Plain),
        52 => drum(Crash, China),
        55 => drum(Crash, Splash),
        27 => percussion("high Q"),
        28 => percussion("slap"),
        29 | 30 => percussion("scratch"),
        31 => percussion("sticks"),
        32 => percussion("square click"),
        33 | 34 => percussion("metronome"),
        54 => percussion("tambourine"),
        56 => percussion("cowbell"),
        58 => percussion("vibraslap"),
        60 | 61 => percussion("bongo"),
        62..=64 => percussion("conga"),
        65 | 66 => percussion("timbale"),
        67 | 68 => percussion("agogo"),
        69 => percussion("cabasa"),
        70 => percussion("maracas"),
        71 | 72 => percussion("whistle"),
        73 | 74 => percussion("guiro"),
        75 => percussion("claves"),
        76 | 77 => percussion("wood block"),
        78 | 79 => percussion("cuica"),
        80 | 81 => percussion("triangle"),
        82 => percussion("shaker"),
        83 => percussion("jingle bell"),
        84 => percussion("bell tree"),
        85 => percussion("castanets"),
        86 | 87 => percussion("surdo"),
        pitch => roland(pitch),
    }
}

const fn roland(pitch: u8) -> Option<Voice> {
    match Articulation::from_roland(pitch) {
        Some((class, articulation)) => drum(class, articulation),
        None => None,
    }
}

const fn yamaha(pitch: u8) -> Option<Voice> {
    match pitch {
        33 | 35 | 36 => drum(Kick, Plain),
        31 | 38 => drum(Snare, Plain),
        34 | 40 => drum(Snare, Rim),
        27 | 37 => drum(Snare, CrossStick),
        42 => drum(ClosedHat, Plain),
        79 | 86 => drum(ClosedHat, Edge),
        44 => drum(ClosedHat, Pedal),
        46 => drum(OpenHat, Plain),
        78 => drum(OpenHat, Edge),
        // The splash of the foot; on older modules at 85, on newer ones a cup shot there.
        83 | 85 => drum(OpenHat, Plain),
        41 | 43 => drum(LowTom, Plain),
        45 | 47 => drum(MidTom, Plain),
        48 | 50 => drum(HighTom, Plain),
        49 => drum(Crash, Plain),
        57 => drum(Crash, Second),
        55 => drum(Crash, Edge),
        59 => drum(Crash, SecondEdge),
        51 => drum(Ride, Plain),
        52 => drum(Ride, Edge),
        53 => drum(Ride, Bell),
        15 | 16 => percussion("pad"),
        pitch => general_percussion(pitch),
    }
}

const fn alesis(pitch: u8) -> Option<Voice> {
    match pitch {
        21 => drum(Crash, Edge),
        23 => drum(OpenHat, HalfOpen),
        39 => drum(LowTom, Rim),
        41 => drum(LowTom, Plain),
        pitch => match roland(pitch) {
            None => general_percussion(pitch),
            known => known,
        },
    }
}

/// The instruments of General MIDI that no lane has.
const fn general_percussion(pitch: u8) -> Option<Voice> {
    match general_midi(pitch) {
        Some(Voice::Percussion(name)) => percussion(name),
        _ => None,
    }
}

/// Mutes are struck and caught, so they are strokes. The pitches of closed and open hi-hats of
/// General MIDI are there too.
const fn toontrack(pitch: u8) -> Option<Voice> {
    match pitch {
        34..=36 => drum(Kick, Plain),
        33 | 38 | 66 | 68 => drum(Snare, Plain),
        40 | 69 => drum(Snare, Rim),
        37 | 67 | 70 | 71 => drum(Snare, CrossStick),
        39 => drum(Snare, Plain),
        7 => Some(Voice::PedalledHat { edge: true }),
        8 => Some(Voice::PedalledHat { edge: false }),
        11 | 19 | 20 | 42 | 61 | 63 | 64 | 65 => drum(ClosedHat, Plain),
        22 | 62 => drum(ClosedHat, Edge),
        10 | 21 | 44 => drum(ClosedHat, Pedal),
        12 | 13 => drum(OpenHat, HalfOpen),
        14..=16 | 23 | 46 => drum(OpenHat, Plain),
        24 | 25 => drum(OpenHat, HalfOpenEdge),
        17 | 18 | 26 | 60 => drum(OpenHat, Edge),
        41 | 43 => drum(LowTom, Plain),
        72..=75 => drum(LowTom, Rim),
        45 | 47 => drum(MidTom, Plain),
        77..=80 => drum(MidTom, Rim),
        48 => drum(HighTom, Plain),
        81 | 82 => drum(HighTom, Rim),
        31 | 32 | 49 | 50 | 54 | 84 | 85 | 94 => drum(Crash, Plain),
        55 | 56 => drum(Crash, Edge),
        29 | 30 | 57 | 58 | 95 | 106 => drum(Crash, Second),
        27 | 28 | 52 | 107 => drum(Crash, SecondEdge),
        51 | 83 => drum(Ride, Plain),
        59 => drum(Ride, Edge),
        53 => drum(Ride, Bell),
        1 => percussion("clap"),
        76 => percussion("cowbell"),
        113..=117 => percussion("tambourine"),
        118 | 119 => percussion("triangle"),
        120 => percussion("bells"),
        121 | 122 => percussion("chimes"),
        123 | 124 => percussion("cabasa"),
        125..=127 => percussion("shaker"),
        _ => None,
    }
}

const fn addictive_drums(pitch: u8) -> Option<Voice> {
    match pitch {
        36 => drum(Kick, Plain),
        38 | 40 | 43 | 35 => drum(Snare, Plain),
        37 | 39 | 41 => drum(Snare, Rim),
        42 | 44 => drum(Snare, CrossStick),
        8 | 9 => Some(Voice::PedalledHat { edge: false }),
        7 => Some(Voice::PedalledHat { edge: true }),
        49 | 51 | 53 => drum(ClosedHat, Plain),
        50 | 52 => drum(ClosedHat, Edge),
        48 => drum(ClosedHat, Pedal),
        54 | 55 => drum(OpenHat, HalfOpenEdge),
        56 | 57 => drum(OpenHat, Edge),
        58 | 59 => drum(OpenHat, Plain),
        65 | 67 => drum(LowTom, Plain),
        66 | 68 => drum(LowTom, Rim),
        69 => drum(MidTom, Plain),
        70 => drum(MidTom, Rim),
        71 => drum(HighTom, Plain),
        72 => drum(HighTom, Rim),
        46 | 77 | 89 => drum(Crash, Plain),
        81 | 93 => drum(Crash, Edge),
        79 | 91 => drum(Crash, Second),
        45 | 60 | 84 => drum(Ride, Plain),
        62 | 86 => drum(Ride, Edge),
        61 | 85 => drum(Ride, Bell),
        26 | 28..=34 => percussion("brush sweep"),
        63 | 78 | 80 | 82 | 87 | 90 | 92 | 94 => percussion("cymbal choke"),
        47 | 73 | 74 | 76 | 96..=103 => percussion("extra instrument"),
        75 => percussion("sticks"),
        3 | 4 => drum(Ride, Plain),
        5 | 6 => drum(Snare, Plain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_articulation_belongs_to_its_class() {
        for map in InputMap::ALL {
            for pitch in 0..=127 {
                let Some(Voice::Drum(drum, articulation)) = map.voice(pitch) else { continue };
                let known = Articulation::of(drum).contains(&articulation);
                assert!(known, "{} {pitch}: {drum:?} {articulation:?}", map.name());
            }
            for drum in [Kick, Snare, ClosedHat, OpenHat, LowTom, MidTom, HighTom, Crash, Ride] {
                assert!(map.has(&[1; 128], drum), "{} lacks {drum:?}", map.name());
            }
        }
    }

    #[test]
    fn maps_agree_with_the_classes_of_roland_and_general_midi() {
        for pitch in 0..=127 {
            let roland = Articulation::from_roland(pitch);
            let voice = roland.map(|(drum, articulation)| Voice::Drum(drum, articulation));
            assert_eq!(InputMap::Roland.voice(pitch), voice);
            if let Some(Voice::Drum(drum, _)) = InputMap::GeneralMidi.voice(pitch) {
                assert_eq!(Drum::from_general_midi(pitch), Some(drum), "pitch {pitch}");
            }
        }
    }

    #[test]
    fn the_pedal_opens_the_hi_hat() {
        let open = Voice::Drum(OpenHat, Edge);
        let hat = Voice::PedalledHat { edge: false };
        for (pedal, by_pitch, by_pedal) in [
            (None, Edge, (ClosedHat, Plain)),
            (Some(0), Edge, (OpenHat, Plain)),
            (Some(56), HalfOpenEdge, (OpenHat, HalfOpen)),
            (Some(127), HalfOpenEdge, (ClosedHat, Plain)),
        ] {
            assert_eq!(open.at_pedal(pedal), Some((OpenHat, by_pitch)));
            assert_eq!(hat.at_pedal(pedal), Some(by_pedal));
        }
        assert_eq!(Voice::Percussion("cowbell").at_pedal(None), None);
    }
}
