//! Stage keys as parameters, so that a pedal or a pad can be mapped to them.
//!
//! Each is down while its switch is on. Only a change has an effect: a key that a project was saved with
//! is down after the load, as hosts expect of a parameter, but was not pressed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;

use crate::params::change_counter::ChangeCounter;

/// A stage key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageKey {
    /// A fill from the next beat up to the bar line.
    Fill,
    /// The next section of the song from the next bar on.
    NextSection,
    /// Silence from the next beat on, while the key is down and for a bar at least.
    Break,
    /// Kick and crash on the next beat, then silence.
    End,
}

impl StageKey {
    /// All keys, in the order of their parameters.
    pub const ALL: [StageKey; 4] =
        [StageKey::Fill, StageKey::NextSection, StageKey::Break, StageKey::End];

    /// MIDI pitch of the first key; the others follow. It lies below the lowest note of a piano, and
    /// no drum has it.
    const FIRST_PITCH: u8 = 12;

    /// Returns the key at a MIDI pitch.
    #[must_use]
    pub fn of_pitch(pitch: u8) -> Option<StageKey> {
        let place = pitch.checked_sub(StageKey::FIRST_PITCH)?;
        StageKey::ALL.get(usize::from(place)).copied()
    }

    /// Returns the MIDI pitch of the key.
    #[must_use]
    pub fn pitch(self) -> u8 {
        StageKey::FIRST_PITCH + self as u8
    }

    /// Returns the title of the key.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            StageKey::Fill => "Fill now",
            StageKey::NextSection => "Next section",
            StageKey::Break => "Break",
            StageKey::End => "Crash and end",
        }
    }
}

/// Values of the stage parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageControls {
    /// Number of times that each was switched on; wraps.
    pub presses: [u32; 4],
    /// State of each.
    pub down: [bool; 4],
    /// Counter of loaded projects. Presses that come with a load are no presses.
    pub loads: u32,
}

impl StageControls {
    /// Returns the keys that were pressed since an earlier state.
    #[must_use]
    pub fn pressed_since(&self, before: &StageControls) -> [bool; 4] {
        let is_loaded = self.loads != before.loads;
        std::array::from_fn(|place| !is_loaded && self.presses[place] != before.presses[place])
    }
}

/// Stage keys as parameters.
#[derive(Params)]
pub struct StageParams {
    /// Fill now.
    #[id = "stage_fill"]
    pub fill: BoolParam,
    /// Next section.
    #[id = "stage_section"]
    pub section: BoolParam,
    /// Break.
    #[id = "stage_break"]
    pub pause: BoolParam,
    /// Crash and end.
    #[id = "stage_end"]
    pub end: BoolParam,
    /// Counts a press that is over before the next block, too.
    pub(super) presses: Arc<[AtomicU32; 4]>,
    pub(super) changes: ChangeCounter,
}

impl StageParams {
    /// Presses and releases a key at once. It does not go through the host: of an on and an off in
    /// one block, a host may pass on the off alone.
    pub fn tap(&self, key: StageKey) {
        self.presses[key as usize].fetch_add(1, Ordering::Relaxed);
        self.changes.count();
    }

    /// Returns the key of a parameter.
    #[must_use]
    pub fn key_of(&self, param: ParamPtr) -> Option<StageKey> {
        let StageParams { fill, section, pause, end, .. } = self;
        let keys = [fill, section, pause, end].into_iter().zip(StageKey::ALL);
        keys.filter(|(known, _)| known.as_ptr() == param).map(|(_, key)| key).next()
    }

    /// Returns the values. `loads` is the counter of loaded projects.
    pub(super) fn controls(&self, loads: u32) -> StageControls {
        let StageParams { fill, section, pause, end, presses, .. } = self;
        StageControls {
            loads,
            presses: presses.each_ref().map(|count| count.load(Ordering::Relaxed)),
            down: [fill, section, pause, end].map(|param| param.value()),
        }
    }
}
