//! Standard MIDI files to clips and back.
//!
//! Reading works from ticks, which are musical time: every drum note goes to its nearest
//! sixteenth and keeps the rest as its offset; the loudest of colliding hits wins. Writing gives
//! 960 ticks a quarter, so that what is written reads back as the same pattern. Files with SMPTE
//! time codes have no musical time and are refused.
//!
//! A file of ours is one track, which every DAW takes as one clip. Each lane is named by a text at
//! its start ("Snare: note 38, channel 10"), which DAWs show in their lists of events; so it is
//! read back as it was at whatever pitches and channels its lanes are.

mod read;
#[cfg(test)]
mod tests;
mod write;

use thiserror::Error;

use crate::pattern::TICKS_PER_STEP;
pub use crate::pattern::clip::Clip;
use crate::pattern::drum::{CLASSES, Drum, DrumSet, Pitches};

/// Ticks a quarter note in the files that we write.
pub const TICKS_PER_BEAT: u16 = 4 * TICKS_PER_STEP;

/// Longest clip that is read, in steps: a little over three hours at 100 beats a minute.
pub const MAX_CLIP_STEPS: usize = 80_000;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Tempo of a file that names none, in quarter notes a minute, as the standard says.
const DEFAULT_TEMPO: f64 = 120.0;

/// Why a file is not a clip.
#[derive(Debug, Error)]
pub enum MidiError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("the file has {0} bytes; the largest MIDI file that is read has {MAX_FILE_BYTES}")]
    Large(usize),
    /// No MIDI file, or a broken one.
    #[error("this is not a whole MIDI file ({0})")]
    Broken(String),
    /// The file counts time in seconds.
    #[error("the file counts time in SMPTE frames, so its notes have no place in a bar")]
    Smpte,
    /// The file has no note that is a drum.
    #[error("the file has no drum notes")]
    NoDrums,
    /// The last note is further than [`MAX_CLIP_STEPS`] steps from the start.
    #[error("the file is {0} sixteenths long; the longest that is read is {MAX_CLIP_STEPS}")]
    Long(u64),
}

/// Which pitches mean which drum when a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrumMap {
    /// A Roland kit, as in the Groove MIDI Dataset: [`Drum::from_roland`].
    Roland,
    /// Anything: [`Drum::from_general_midi`].
    GeneralMidi,
    /// Every pitch, as one drum: of what is no drums at all only the rhythm matters.
    Rhythm,
}

impl DrumMap {
    /// The drum of a pitch.
    #[must_use]
    pub const fn drum(self, pitch: u8) -> Option<Drum> {
        match self {
            DrumMap::Roland => Drum::from_roland(pitch),
            DrumMap::GeneralMidi => Drum::from_general_midi(pitch),
            DrumMap::Rhythm => Some(Drum::Snare),
        }
    }
}

/// How a clip is written: what it is called, and where its notes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MidiLayout<'a> {
    /// The track's name.
    pub name: &'a str,
    /// Pitch by class.
    pub pitches: Pitches,
    /// MIDI channel by class, 0 to 15.
    pub channels: [u8; CLASSES],
    /// The lanes that are named: those of the clip.
    pub lanes: DrumSet,
}

impl<'a> MidiLayout<'a> {
    /// All lanes at these pitches on channel 10, that of drums.
    #[must_use]
    pub fn new(name: &'a str, pitches: Pitches) -> Self {
        MidiLayout { name, pitches, channels: [9; CLASSES], lanes: DrumSet::ALL }
    }

    /// Channel and pitch of a drum.
    fn place(&self, drum: Drum) -> (u8, u8) {
        (self.channels[drum.index()].min(15), self.pitches[drum.index()].min(127))
    }
}
