//! Notes that pass through the plugin: keys that map to no drum. Each one that begins also ends,
//! whatever the host does to the key that began it.

use crate::audio::note_message::NoteMessage;

/// Maximum number of messages in a block.
const CAPACITY: usize = 64;

/// MIDI channels.
const CHANNELS: usize = 16;

/// The messages of the next block and the notes that sound.
#[derive(Debug, Default)]
pub(crate) struct PassThrough {
    /// Messages of the next block, in order; never more than [`CAPACITY`].
    messages: Vec<NoteMessage>,
    /// Notes that have begun, one bit per pitch, by channel.
    sounding: [u128; CHANNELS],
    /// Notes whose end found no room in the block or was due in a reset.
    overdue: [u128; CHANNELS],
}

impl PassThrough {
    /// Creates an empty queue. Allocates.
    pub(crate) fn new() -> Self {
        PassThrough { messages: Vec::with_capacity(CAPACITY), ..PassThrough::default() }
    }

    /// Queues a note-on. Returns `false` if the block has no room for it.
    pub(crate) fn begin(&mut self, message: NoteMessage) -> bool {
        let place = usize::from(message.channel) % CHANNELS;
        let fits = self.messages.len() < CAPACITY && message.pitch < 128;
        if fits {
            self.messages.push(message);
            self.sounding[place] |= 1 << message.pitch;
        }
        fits
    }

    /// Queues the note-offs of the sounding notes on a channel or on all channels, of a pitch or of
    /// all pitches, at a sample of the next block.
    pub(crate) fn end(&mut self, sample: u32, channel: Option<u8>, pitch: Option<u8>) {
        let pitches = pitch.map_or(u128::MAX, |pitch| 1u128.checked_shl(pitch.into()).unwrap_or(0));
        for (place, number) in (0..16u8).enumerate() {
            if channel.is_none_or(|channel| channel == number) {
                let ended = self.sounding[place] & pitches;
                self.sounding[place] &= !ended;
                for pitch in pitches_of(ended) {
                    if self.messages.len() < CAPACITY {
                        self.messages.push(note_off(sample, number, pitch));
                    } else {
                        self.overdue[place] |= 1 << pitch;
                    }
                }
            }
        }
    }

    /// Drops the messages of the next block. All notes end at its start.
    pub(crate) fn reset(&mut self) {
        self.messages.clear();
        for (overdue, sounding) in self.overdue.iter_mut().zip(&mut self.sounding) {
            *overdue |= std::mem::take(sounding);
        }
    }

    /// Ends the notes that sounded when the host stopped, before the messages of the next block.
    pub(crate) fn stop(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        self.reset();
        // Notes that begin in the next block go on; their note-offs are among the messages.
        for message in &messages {
            let (place, bit) = (usize::from(message.channel) % CHANNELS, 1 << message.pitch);
            self.sounding[place] &= !bit;
            self.sounding[place] |= if message.velocity > 0 { bit } else { 0 };
        }
        self.messages = messages;
    }

    /// Takes the note-offs that are overdue.
    pub(crate) fn overdue(&mut self) -> impl Iterator<Item = NoteMessage> + use<> {
        let overdue = std::mem::take(&mut self.overdue);
        (0..16u8).zip(overdue).flat_map(|(channel, pitches)| {
            pitches_of(pitches).map(move |pitch| note_off(0, channel, pitch))
        })
    }

    /// Returns the messages of the next block.
    pub(crate) fn messages(&self) -> &[NoteMessage] {
        &self.messages
    }

    /// Ends the block.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
    }
}

fn note_off(sample: u32, channel: u8, pitch: u8) -> NoteMessage {
    NoteMessage { sample, channel, pitch, velocity: 0, struck: None, style: 0 }
}

/// Returns the pitches of a set of one bit per pitch.
pub(crate) fn pitches_of(mut pitches: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let pitch = u8::try_from(pitches.trailing_zeros()).ok().filter(|_| pitches != 0)?;
        pitches &= pitches - 1;
        Some(pitch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note_on(channel: u8, pitch: u8) -> NoteMessage {
        NoteMessage { velocity: 90, ..note_off(7, channel, pitch) }
    }

    #[test]
    fn a_full_block_delays_note_offs_and_loses_none() {
        let mut through = PassThrough::new();
        for pitch in 0..64 {
            assert!(through.begin(note_on(3, pitch)));
        }
        assert!(!through.begin(note_on(4, 1)));
        through.end(9, Some(3), Some(5));
        assert_eq!(through.messages().len(), 64);
        through.clear();
        assert_eq!(through.overdue().collect::<Vec<_>>(), [note_off(0, 3, 5)]);
        assert_eq!(through.overdue().count(), 0);
        through.end(9, None, Some(6));
        through.end(9, Some(2), Some(7));
        assert_eq!(through.messages(), [note_off(9, 3, 6)]);
        through.clear();
        through.end(1, None, None);
        assert_eq!(through.messages().len(), 62);
    }

    #[test]
    fn a_reset_ends_all_notes_in_the_next_block() {
        let mut through = PassThrough::new();
        through.begin(note_on(0, 127));
        through.reset();
        assert!(through.messages().is_empty());
        assert_eq!(through.overdue().collect::<Vec<_>>(), [note_off(0, 0, 127)]);
        through.end(3, None, None);
        assert!(through.messages().is_empty());
    }
}
