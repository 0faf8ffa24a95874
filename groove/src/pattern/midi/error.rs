//! Limits and errors of MIDI imports.

use thiserror::Error;

/// Maximum length of an imported clip, in steps: a little over three hours at 100 beats per minute.
pub const MAX_CLIP_STEPS: usize = 80_000;

/// Maximum size of an imported file, in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Error of a MIDI import.
#[derive(Debug, Error)]
pub enum MidiError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("the file has {0} bytes; the largest MIDI file that is read has {MAX_FILE_BYTES}")]
    Large(usize),
    /// Not a MIDI file, or one that is damaged beyond repair.
    #[error("the file is not a complete MIDI file ({0})")]
    Broken(String),
    /// The file uses SMPTE time.
    #[error("the file counts time in SMPTE frames, so its notes have no place in a bar")]
    Smpte,
    /// The file has no notes.
    #[error("the file has no drum notes")]
    NoDrums,
    /// The file has notes, but none is a drum of a lane. The text names them.
    #[error("the file has no drum notes: {0}")]
    NotDrums(String),
    /// The last note is more than [`MAX_CLIP_STEPS`] steps from the start.
    #[error("the file is {0} sixteenths long; the longest that is read is {MAX_CLIP_STEPS}")]
    Long(u64),
}
