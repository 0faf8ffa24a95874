//! Import and export of Standard MIDI Files.
//!
//! Import has three layers, all in ticks, 960 per quarter note: [`MidiFile`] is everything that a
//! file says, damaged or not; [`Import`] is its drums, by [`input_maps`](crate::pattern::input_maps),
//! and one sentence on what is not imported; [`Clip`] is these on a grid of sixteenths. Files with
//! SMPTE time codes have no musical time and are rejected.
//!
//! An exported file has one track, which every DAW imports as one clip. A text event at its start
//! names each lane ("Snare: note 38, channel 10"). DAWs show it in their event lists, and the
//! reader uses it to restore the lanes at any pitches and channels.

mod damage;
mod error;
mod events;
mod file;
#[cfg(test)]
mod file_tests;
mod import;
#[cfg(test)]
mod import_tests;
mod parts;
mod read;
mod song;
#[cfg(test)]
mod song_tests;
#[cfg(test)]
mod tests;
mod write;

pub use error::{MAX_CLIP_STEPS, MAX_FILE_BYTES, MidiError};
pub use file::{ChannelValue, ChokeEvent, FileNote, MidiFile, TimeSignature};
pub use import::{BarSpan, DrumNote, Import, PitchMap};
pub use parts::OtherPart;
pub use song::{MeterSection, Song};

pub use crate::pattern::clip::Clip;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::pitches::Pitches;
use crate::pattern::{Articulation, TICKS_PER_STEP};

/// Ticks per quarter note in exported files.
pub const TICKS_PER_BEAT: u16 = 4 * TICKS_PER_STEP;

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
    /// True if controller 4 precedes each stroke of the hi-hat.
    pub hat_pedal: bool,
}

impl<'a> MidiLayout<'a> {
    /// All lanes at these pitches on channel 10, the drum channel.
    #[must_use]
    pub fn new(name: &'a str, pitches: impl Into<Pitches>) -> Self {
        MidiLayout {
            name,
            pitches: pitches.into(),
            channels: [9; CLASSES],
            lanes: DrumSet::ALL,
            hat_pedal: false,
        }
    }

    /// Channel and pitch of an articulation of a drum.
    fn place(&self, drum: Drum, articulation: Articulation) -> (u8, u8) {
        let pitch = self.pitches.of(drum, articulation).min(127);
        (self.channels[drum.index()].min(15), pitch)
    }
}
