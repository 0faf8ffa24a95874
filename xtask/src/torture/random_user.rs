//! Random user: changes keys, channels, mutes, and bypass.

use anyhow::{Context, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Number of lanes.
pub const LANES: usize = 9;

/// Parameter name and General MIDI key of each lane.
const GENERAL_MIDI: [(&str, u8); LANES] = [
    ("Kick", 36),
    ("Snare", 38),
    ("Closed hat", 42),
    ("Open hat", 46),
    ("Low tom", 43),
    ("Mid tom", 47),
    ("High tom", 50),
    ("Crash", 49),
    ("Ride", 51),
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
            keys: GENERAL_MIDI.map(|(_, key)| key),
            channel: 9,
            channels: [None; LANES],
            muted: [false; LANES],
            bypassed: false,
        }
    }
}

impl LaneSettings {
    /// Returns the lane of a General MIDI key.
    ///
    /// # Errors
    /// If no lane has this key.
    pub fn lane_of_key(key: u8) -> Result<usize> {
        let lane = GENERAL_MIDI.iter().position(|(_, general)| *general == key);
        lane.with_context(|| format!("no lane has key {key}"))
    }

    /// Key and channel of a lane's notes.
    #[must_use]
    pub fn destination(&self, lane: usize) -> (u8, u8) {
        let key = if self.custom_map { self.keys[lane] } else { GENERAL_MIDI[lane].1 };
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
        std::array::from_fn(|lane| self.destination(lane).1)
    }

    /// Changes a setting at random. Returns the parameter's name and its value as a fraction of its
    /// range.
    pub fn random_change(&mut self, rng: &mut ChaCha8Rng) -> (String, f64) {
        let lane = rng.random_range(0..LANES);
        let named = |what: &str| format!("{} {what}", GENERAL_MIDI[lane].0);
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
