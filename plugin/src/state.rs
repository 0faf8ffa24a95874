//! What a project keeps besides the parameters: one versioned record, [`Saved`], and its live copy.
//!
//! Loading a state calls neither `activate` nor `reset`, so every load is counted, and whoever
//! depends on the record compares the count.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};

/// Version of [`Saved`] that this code writes.
pub const STATE_VERSION: u32 = 1;

/// Window size in logical pixels, before the user changes it.
pub const WINDOW: (u32, u32) = (1180, 660);

/// What a project keeps besides the parameters. Fields that a state lacks are the defaults;
/// fields that this code does not know are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Version of the code that wrote it, [`STATE_VERSION`].
    pub version: u32,
    /// The tempo that the take was first played at, in quarter notes a minute: a part of the take.
    /// `None`: not played yet.
    pub tempo: Option<f32>,
    /// Window width and height in logical pixels.
    pub window: (u32, u32),
    /// The record that was loaded could not be read, and this is the default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

impl Default for Saved {
    fn default() -> Self {
        Saved { version: STATE_VERSION, tempo: None, window: WINDOW, damaged: false }
    }
}

/// The live copy of [`Saved`], in atomics, because the audio thread reads and writes the tempo.
#[derive(Debug)]
pub struct State {
    /// Count of loads in the upper half, bits of the tempo in the lower (0: none yet). In one
    /// word, so that the audio thread cannot overwrite a tempo that was loaded in between.
    tempo: AtomicU64,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// What was wrong with the last state: 0 nothing, 1 damaged, 2 from a newer version.
    trouble: AtomicU8,
}

impl Default for State {
    fn default() -> Self {
        State {
            tempo: AtomicU64::new(0),
            window: AtomicU64::new(joined(WINDOW.0, WINDOW.1)),
            trouble: AtomicU8::new(0),
        }
    }
}

/// The take's tempo and the load that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeTempo(u64);

impl TakeTempo {
    /// Quarter notes a minute, `None` before the take was first played.
    #[must_use]
    pub fn tempo(self) -> Option<f32> {
        let (_, bits) = halves(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Which load the tempo came with: differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        halves(self.0).0
    }
}

impl State {
    /// The take's tempo. For the audio thread.
    #[must_use]
    pub fn take_tempo(&self) -> TakeTempo {
        TakeTempo(self.tempo.load(Ordering::Acquire))
    }

    /// Sets or forgets the take's tempo, unless a state was loaded since `seen`. For the audio
    /// thread. Gives what holds now.
    pub fn latch_tempo(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = joined(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.tempo.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// The window's width and height in logical pixels.
    #[must_use]
    pub fn window(&self) -> (u32, u32) {
        halves(self.window.load(Ordering::Relaxed))
    }

    /// Keeps the window's size with the project. For the window.
    pub fn set_window(&self, width: u32, height: u32) {
        self.window.store(joined(width, height), Ordering::Relaxed);
    }

    /// What was wrong with the state that was loaded last, for the window to say.
    #[must_use]
    pub fn notice(&self) -> Option<&'static str> {
        match self.trouble.load(Ordering::Relaxed) {
            1 => Some("The saved state was damaged: what could not be read is at its default."),
            2 => Some(
                "The project was saved by a newer Deep Pocket: what this one knows was loaded.",
            ),
            _ => None,
        }
    }
}

impl<'a> PersistentField<'a, Saved> for State {
    fn set(&self, saved: Saved) {
        let trouble = match saved {
            Saved { damaged: true, .. } => 1,
            Saved { version, .. } if version > STATE_VERSION => 2,
            _ => 0,
        };
        self.trouble.store(trouble, Ordering::Relaxed);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        let tempo = saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo));
        let tempo = tempo.map_or(0, f32::to_bits);
        // The audio thread may write the tempo at any time, but a load counts more.
        let mut seen = self.tempo.load(Ordering::Acquire);
        loop {
            let next = joined(halves(seen).0.wrapping_add(1), tempo);
            match self.tempo.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Saved) -> R,
    {
        f(&Saved {
            version: STATE_VERSION,
            tempo: self.take_tempo().tempo(),
            window: self.window(),
            damaged: false,
        })
    }
}

const fn joined(upper: u32, lower: u32) -> u64 {
    (upper as u64) << 32 | lower as u64
}

fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
