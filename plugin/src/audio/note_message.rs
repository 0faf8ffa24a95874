//! Note messages that the plugin sends.

use groove::{Articulation, Drum};

/// A note message to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteMessage {
    /// Sample offset from the start of the block.
    pub sample: u32,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127; 0 ends the note.
    pub velocity: u8,
    /// Drum that is struck and how; `None` for a note-off or a pass-through note.
    pub struck: Option<(Drum, Articulation)>,
    /// Style of the take that strikes, which a kit can follow; 0 for all other notes.
    pub style: u8,
}
