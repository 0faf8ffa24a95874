//! Notes of a recording: each note-on paired with its note-off.

use super::interface::Message;
use super::song::TimedMessage;
use anyhow::{Result, bail, ensure};
use std::collections::BTreeMap;

/// A complete note, in samples since the start of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedNote {
    /// Sample of the note-on.
    pub on: u64,
    /// Sample of the note-off; at or after `on`.
    pub off: u64,
    /// Key, 0 to 127.
    pub key: u8,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Velocity, 0 to 1.
    pub velocity: f64,
}

/// Pairs each note-on with its note-off. Raw MIDI notes are included.
///
/// # Errors
/// If a note starts again before it has ended, ends without a start, or never ends.
pub fn pair_notes(heard: &[TimedMessage]) -> Result<Vec<RecordedNote>> {
    let mut notes: Vec<RecordedNote> = Vec::new();
    // Index in `notes` of the sounding note of each key and channel.
    let mut sounding = BTreeMap::<(u8, u8), usize>::new();
    for heard in heard {
        let (key, channel, velocity) = match heard.message {
            Message::NoteOn { key, channel, velocity } => (key, channel, Some(velocity)),
            Message::NoteOff { key, channel } => (key, channel, None),
            Message::Midi([status, key, velocity]) => match status & 0xf0 {
                0x90 if velocity > 0 => (key, status & 0xf, Some(f64::from(velocity) / 127.0)),
                0x80 | 0x90 => (key, status & 0xf, None),
                _ => continue,
            },
        };
        if let Some(velocity) = velocity {
            let twice = sounding.insert((key, channel), notes.len());
            ensure!(twice.is_none(), "key {key} starts at sample {} while it sounds", heard.at);
            notes.push(RecordedNote { on: heard.at, off: heard.at, key, channel, velocity });
        } else {
            let Some(place) = sounding.remove(&(key, channel)) else {
                bail!("key {key} ends at sample {} without a start", heard.at);
            };
            notes[place].off = heard.at;
        }
    }
    ensure!(sounding.is_empty(), "keys {:?} never end", sounding.keys().collect::<Vec<_>>());
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_without_a_start_or_an_end_are_faults() {
        let on = |at| TimedMessage {
            at,
            message: Message::NoteOn { key: 38, channel: 9, velocity: 0.5 },
        };
        let off = |at| TimedMessage { at, message: Message::NoteOff { key: 38, channel: 9 } };
        let raw = |at, status| TimedMessage { at, message: Message::Midi([status, 38, 64]) };
        let expected = RecordedNote { on: 3, off: 5, key: 38, channel: 9, velocity: 0.5 };
        assert_eq!(pair_notes(&[on(3), off(5)]).unwrap(), [expected]);
        assert_eq!(pair_notes(&[raw(3, 0x99), raw(5, 0x89)]).unwrap().len(), 1);
        for (faulty, says) in [
            (vec![on(3)], "never end"),
            (vec![on(3), on(4), off(5)], "while it sounds"),
            (vec![off(3)], "without a start"),
            (vec![on(3), raw(4, 0x80)], "without a start"),
        ] {
            let fault = pair_notes(&faulty).unwrap_err().to_string();
            assert!(fault.contains(says), "{fault}");
        }
    }
}
