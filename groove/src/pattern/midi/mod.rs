//! Import and export of Standard MIDI Files.
//!
//! The reader works in ticks, which are musical time: every drum note goes to its nearest sixteenth
//! and keeps the remainder as its offset; the loudest of colliding hits wins. The writer uses 960
//! ticks per quarter note, so that a file reads back as the same pattern. Files with SMPTE time
//! codes have no musical time and are rejected.
//!
//! An exported file has one track, which every DAW imports as one clip. A text event at its start
//! names each lane ("Snare: note 38, channel 10"). DAWs show it in their event lists, and the
//! reader uses it to restore the lanes at any pitches and channels.

mod read;
#[cfg(test)]
mod tests;
mod write;

use thiserror::Error;

pub use crate::pattern::clip::Clip;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::pitches::Pitches;
use crate::pattern::{Articulation, TICKS_PER_STEP};

/// Ticks per quarter note in exported files.
pub const TICKS_PER_BEAT: u16 = 4 * TICKS_PER_STEP;

/// Maximum length of an imported clip, in steps: a little over three hours at 100 beats per minute.
pub const MAX_CLIP_STEPS: usize = 80_000;

/// Maximum size of an imported file, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Default tempo of the MIDI standard, in quarter notes per minute.
const DEFAULT_TEMPO: f64 = 120.0;

/// Error of a MIDI import.
#[derive(Debug, Error)]
pub enum MidiError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("the file has {0} bytes; the limit for MIDI files is {MAX_FILE_BYTES}")]
    Large(usize),
    /// Not a MIDI file, or a damaged one.
    #[error("the file is not a complete MIDI file ({0})")]
    Broken(String),
    /// The file uses SMPTE time.
    #[error("the file uses SMPTE time, so its notes have no position in a bar")]
    Smpte,
    /// The file has no drum notes.
    #[error("the file has no drum notes")]
    NoDrums,
    /// The last note is more than [`MAX_CLIP_STEPS`] steps from the start.
    #[error("the file is {0} sixteenths long; the limit is {MAX_CLIP_STEPS}")]
    Long(u64),
}

/// Mapping from pitches to drums for imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrumMap {
    /// A Roland kit, as in the Groove MIDI Dataset: [`Drum::from_roland`].
    Roland,
    /// Any source: [`Drum::from_general_midi`].
    GeneralMidi,
    /// Every pitch as one drum, for sources whose rhythm alone matters.
    Rhythm,
}

impl DrumMap {
    /// The drum and articulation of a pitch.
    #[must_use]
    pub fn drum(self, pitch: u8) -> Option<(Drum, Articulation)> {
        match self {
            DrumMap::Roland => Articulation::from_roland(pitch),
            DrumMap::GeneralMidi => {
                let drum = Drum::from_general_midi(pitch)?;
                let own = Pitches::GENERAL_MIDI.articulation_of(drum, pitch);
                let roland = || Articulation::from_roland(pitch).filter(|(of, _)| *of == drum);
                let articulation = own.or_else(|| roland().map(|(_, articulation)| articulation));
                Some((drum, articulation.unwrap_or_default()))
            }
            DrumMap::Rhythm => Some((Drum::Snare, Articulation::Plain)),
        }
    }
}

/// Track name, pitches and channels of an exported clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MidiLayout<'a> {
    /// The track's name.
    pub name: &'a str,
    /// Pitch by class and articulation.
    pub pitches: Pitches,
    /// MIDI channel by class, 0 to 15.
    pub channels: [u8; CLASSES],
    /// Named lanes: those of the clip.
    pub lanes: DrumSet,
}

impl<'a> MidiLayout<'a> {
    /// All lanes at these pitches on channel 10, the drum channel.
    #[must_use]
    pub fn new(name: &'a str, pitches: impl Into<Pitches>) -> Self {
        MidiLayout { name, pitches: pitches.into(), channels: [9; CLASSES], lanes: DrumSet::ALL }
    }

    /// Channel and pitch of an articulation of a drum.
    fn place(&self, drum: Drum, articulation: Articulation) -> (u8, u8) {
        let pitch = self.pitches.of(drum, articulation).min(127);
        (self.channels[drum.index()].min(15), pitch)
    }
}
