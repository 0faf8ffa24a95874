//! Random user: changes keys, channels, mutes, and bypass.

use anyhow::{Context, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Number of lanes.
pub const LANES: usize = 9;

/// Maximum number of keys of a lane.
const MOST_KEYS: usize = 5;

/// Parameter name and General MIDI keys of each lane: plain first, then those of its articulations
/// in their order. The last one fills the rest.
const KEYS: [(&str, [u8; MOST_KEYS]); LANES] = [
    ("Kick", [36, 35, 35, 35, 35]),
    ("Snare", [38, 40, 37, 39, 39]),
    ("Closed hat", [42, 44, 44, 44, 44]),
    ("Open hat", [46, 46, 46, 46, 46]),
    ("Low tom", [43, 41, 41, 41, 41]),
    ("Mid tom", [47, 45, 45, 45, 45]),
    ("High tom", [50, 48, 48, 48, 48]),
    ("Crash", [49, 57, 55, 52, 52]),
    ("Ride", [51, 59, 53, 53, 53]),
];

/// Settings of the lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneSettings {
    /// The user's own keys are played instead of General MIDI's.
    custom_map: bool,
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
            custom_map: false,
            keys: KEYS.map(|(_, keys)| keys[0]),
            channel: 9,
            channels: [None; LANES],
            muted: [false; LANES],
            bypassed: false,
        }
    }
}

impl LaneSettings {
    /// Returns the lane of a General MIDI key, and the number of its articulation in the lane.
    ///
    /// # Errors
    /// If no lane has this key.
    pub fn lane_of_key(key: u8) -> Result<(usize, usize)> {
        let place = |keys: &[u8; MOST_KEYS]| keys.iter().position(|own| *own == key);
        let found =
            KEYS.iter().enumerate().find_map(|(lane, (_, keys))| Some((lane, place(keys)?)));
        found.with_context(|| format!("no lane has key {key}"))
    }

    /// Key and channel of an articulation of a lane.
    #[must_use]
    pub fn destination(&self, lane: usize, articulation: usize) -> (u8, u8) {
        let key = if self.custom_map { self.keys[lane] } else { KEYS[lane].1[articulation] };
        (key, self.channels[lane].unwrap_or(self.channel))
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
                self.custom_map = !self.custom_map;
                // Of 63 drum maps the user's own is number 7.
                ("Drum map".into(), on(self.custom_map) * 7.0 / 63.0)
            }
            // From a few keys, so that lanes share keys.
            _ => {
                self.keys[lane] = rng.random_range(36..43);
                (named("pitch"), f64::from(self.keys[lane]) / 127.0)
            }
        }
    }
}
