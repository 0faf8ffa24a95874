//! Note messages that the plugin sends, and chokes of cymbals.

use groove::{Articulation, Drum};

/// A note message or a choke to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteMessage {
    /// Sample offset from the start of the block.
    pub sample: u32,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127; 0 ends the note, or belongs to a choke.
    pub velocity: u8,
    /// Drum that is struck or choked, and how; `None` for a note-off or a pass-through note.
    pub struck: Option<(Drum, Articulation)>,
    /// Style of the take that strikes, which a kit can follow; 0 for all other notes.
    pub style: u8,
    /// Polyphonic aftertouch instead of a note: 127 chokes a cymbal, 0 lets go of it.
    pub pressure: Option<u8>,
}

impl NoteMessage {
    /// A note-off.
    #[must_use]
    pub const fn off(sample: u32, channel: u8, pitch: u8) -> Self {
        NoteMessage { sample, channel, pitch, velocity: 0, struck: None, style: 0, pressure: None }
    }
}
