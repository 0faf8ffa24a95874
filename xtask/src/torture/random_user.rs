//! Random user: changes keys, channels, mutes, and bypass.

use anyhow::{Context, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Number of lanes.
pub const LANES: usize = 9;

/// Parameter name of each lane, and the keys of its articulations in their order, plain first: on a
/// Roland kit and in General MIDI.
const KEYS: [(&str, &[(u8, u8)]); LANES] = [
    ("Kick", &[(36, 36)]),
    ("Snare", &[(38, 38), (40, 40), (37, 37)]),
    ("Closed hat", &[(42, 42), (22, 42), (44, 44)]),
    ("Open hat", &[(46, 46), (26, 46)]),
    ("Low tom", &[(43, 43), (58, 43)]),
    ("Mid tom", &[(45, 47), (47, 47)]),
    ("High tom", &[(48, 50), (50, 50)]),
    ("Crash", &[(49, 49), (55, 49), (57, 57), (52, 57)]),
    ("Ride", &[(51, 51), (59, 59), (53, 53)]),
];

/// Lanes of the closed and of the open hi-hat.
pub const HATS: [usize; 2] = [2, 3];

/// Value of the parameter "Drum map" for Roland kits: number 1 of 63.
pub const ROLAND_MAP: f64 = 1.0 / 63.0;

/// A drum map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyMap {
    GeneralMidi,
    /// Controller 4 precedes each stroke of the hi-hat.
    Roland,
    /// The user's own keys.
    Own,
}

/// Settings of the lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneSettings {
    map: KeyMap,
    keys: [u8; LANES],
    /// Channel of all lanes, and the lanes' own channels; 0 to 15.
    channel: u8,
    channels: [Option<u8>; LANES],
    muted: [bool; LANES],
    /// Bypass.
    pub bypassed: bool,
}

impl Default for LaneSettings {
    fn default() -> Self {
        LaneSettings {
            map: KeyMap::GeneralMidi,
            keys: KEYS.map(|(_, keys)| keys[0].1),
            channel: 9,
            channels: [None; LANES],
            muted: [false; LANES],
            bypassed: false,
        }
    }
}

impl LaneSettings {
    /// Returns the lane of a Roland key, and the number of its articulation in the lane.
    ///
    /// # Errors
    /// If no lane has this key.
    pub fn lane_of_key(key: u8) -> Result<(usize, usize)> {
        let place = |keys: &[(u8, u8)]| keys.iter().position(|(own, _)| *own == key);
        let found =
            KEYS.iter().enumerate().find_map(|(lane, (_, keys))| Some((lane, place(keys)?)));
        found.with_context(|| format!("no lane has key {key}"))
    }

    /// Key and channel of an articulation of a lane.
    #[must_use]
    pub fn destination(&self, lane: usize, articulation: usize) -> (u8, u8) {
        let (roland, general_midi) = KEYS[lane].1[articulation];
        let key = match self.map {
            KeyMap::GeneralMidi => general_midi,
            KeyMap::Roland => roland,
            KeyMap::Own => self.keys[lane],
        };
        (key, self.channels[lane].unwrap_or(self.channel))
    }

    /// Returns true if controller 4 precedes the strokes of the hi-hat.
    #[must_use]
    pub fn has_hat_pedal(&self) -> bool {
        self.map == KeyMap::Roland
    }

    /// Returns true if a lane is neither muted nor bypassed.
    #[must_use]
    pub fn is_audible(&self, lane: usize) -> bool {
        !self.bypassed && !self.muted[lane]
    }

    /// Channels of all lanes.
    #[must_use]
    pub fn channels(&self) -> [u8; LANES] {
        std::array::from_fn(|lane| self.destination(lane, 0).1)
    }

    /// Changes a setting at random. Returns the parameter's name and its value as a fraction of its
    /// range.
    pub fn random_change(&mut self, rng: &mut ChaCha8Rng) -> (String, f64) {
        let lane = rng.random_range(0..LANES);
        let named = |what: &str| format!("{} {what}", KEYS[lane].0);
        let on = |is: bool| f64::from(u8::from(is));
        match rng.random_range(0..10) {
            // A bypass is short, and most lanes stay audible.
            _ if self.bypassed => {
                self.bypassed = false;
                ("Bypass".into(), 0.0)
            }
            0 => {
                self.bypassed = true;
                ("Bypass".into(), 1.0)
            }
            1 | 2 => {
                self.channel = rng.random_range(0..16);
                ("Channel".into(), f64::from(self.channel) / 15.0)
            }
            3 | 4 => {
                let channel = rng.random_range(0..=16_u8);
                self.channels[lane] = channel.checked_sub(1);
                (named("channel"), f64::from(channel) / 16.0)
            }
            5 | 6 => {
                let few = self.muted.iter().filter(|muted| **muted).count() < 3;
                self.muted[lane] = few && !self.muted[lane];
                (named("mute"), on(self.muted[lane]))
            }
            7 => {
                let maps = [
                    (KeyMap::GeneralMidi, 0.0),
                    (KeyMap::Roland, ROLAND_MAP),
                    // Of 63 drum maps the user's own is number 7.
                    (KeyMap::Own, 7.0 / 63.0),
                ];
                let (map, value) = maps[rng.random_range(0..maps.len())];
                self.map = map;
                ("Drum map".into(), value)
            }
            // From a few keys, so that lanes share keys.
            _ => {
                self.keys[lane] = rng.random_range(36..43);
                (named("pitch"), f64::from(self.keys[lane]) / 127.0)
            }
        }
    }
}
