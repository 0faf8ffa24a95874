//! MIDI clock of the standalone program: messages between the ports and the audio thread.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::queue::{Receiver, Sender, queue};
use super::switch::Switch;

/// Clock messages in a quarter note.
pub const CLOCKS_PER_BEAT: f64 = 24.0;

/// Clock messages in a sixteenth, the unit of song positions.
pub const CLOCKS_PER_SIXTEENTH: i64 = 6;

/// Messages that wait between two threads at most: some ten seconds of a fast song.
const CAPACITY: usize = 1_024;

/// A system message of MIDI that has to do with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMessage {
    /// A 24th of a quarter note has passed.
    Clock,
    /// The song starts at its beginning, with the next clock.
    Start,
    /// The song goes on at its position, with the next clock.
    Continue,
    /// The song stops.
    Stop,
    /// Position in sixteenths at which the song goes on.
    Position(u16),
}

impl ClockMessage {
    /// Reads a MIDI message; `None` for all others.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<ClockMessage> {
        match *bytes {
            [0xF8] => Some(ClockMessage::Clock),
            [0xFA] => Some(ClockMessage::Start),
            [0xFB] => Some(ClockMessage::Continue),
            [0xFC] => Some(ClockMessage::Stop),
            [0xF2, low @ 0..=0x7F, high @ 0..=0x7F] => {
                Some(ClockMessage::Position(u16::from(high) << 7 | u16::from(low)))
            }
            _ => None,
        }
    }

    /// Returns the bytes of the message and their number.
    #[must_use]
    pub fn bytes(self) -> ([u8; 3], usize) {
        match self {
            ClockMessage::Clock => ([0xF8, 0, 0], 1),
            ClockMessage::Start => ([0xFA, 0, 0], 1),
            ClockMessage::Continue => ([0xFB, 0, 0], 1),
            ClockMessage::Stop => ([0xFC, 0, 0], 1),
            ClockMessage::Position(sixteenths) => {
                let [high, low] = (sixteenths << 1).to_be_bytes();
                ([0xF2, low >> 1, high & 0x7F], 3)
            }
        }
    }
}

/// A message and its time, in seconds since the program's ports were created.
pub type TimedClock = (f64, ClockMessage);

/// The audio thread's end.
#[derive(Debug)]
pub struct ClockAudioEnd {
    epoch: Instant,
    /// Messages from the input port.
    pub received: Receiver<TimedClock>,
    /// Messages to the output port.
    pub sent: Sender<TimedClock>,
}

impl ClockAudioEnd {
    /// Returns the time in seconds.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }
}

/// The ports' end.
#[derive(Debug)]
pub struct ClockPortEnd {
    epoch: Instant,
    received: Mutex<Sender<TimedClock>>,
    sent: Mutex<Receiver<TimedClock>>,
}

impl ClockPortEnd {
    /// Returns the time in seconds.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// Passes a message that arrives now to the audio thread. Of more than it takes, the last are
    /// lost.
    pub fn receive(&self, bytes: &[u8]) {
        if let Some(message) = ClockMessage::read(bytes) {
            let mut queue = self.received.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = queue.push((self.now(), message));
        }
    }

    /// Returns the next message to send.
    pub fn next_to_send(&self) -> Option<TimedClock> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// Creates the connection between ports and audio thread.
#[must_use]
pub fn clock_ends() -> (ClockAudioEnd, ClockPortEnd) {
    let epoch = Instant::now();
    let (to_audio, received) = queue(CAPACITY);
    let (sent, to_port) = queue(CAPACITY);
    let ports = ClockPortEnd { epoch, received: to_audio.into(), sent: to_port.into() };
    (ClockAudioEnd { epoch, received, sent }, ports)
}

/// State of following a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockState {
    /// The song stands.
    #[default]
    Waiting,
    /// The song moves.
    Playing,
    /// The clock stopped coming while the song moved.
    Lost,
}

/// Switches of the ports, set by the window, and the state, published by the audio thread.
#[derive(Debug, Default)]
pub struct ClockSwitches {
    /// An input port is open.
    pub follows: Switch,
    /// An output port is open.
    pub sends: Switch,
    state: AtomicU8,
}

impl ClockSwitches {
    /// Returns the state of following.
    #[must_use]
    pub fn state(&self) -> ClockState {
        match self.state.load(Ordering::Relaxed) {
            1 => ClockState::Playing,
            2 => ClockState::Lost,
            _ => ClockState::Waiting,
        }
    }

    /// Publishes the state of following.
    pub fn publish(&self, state: ClockState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_messages_round_trip_and_others_are_ignored() {
        use ClockMessage::{Clock, Continue, Position, Start, Stop};
        for message in [Clock, Start, Continue, Stop, Position(0), Position(300), Position(16_383)]
        {
            let (bytes, count) = message.bytes();
            assert_eq!(ClockMessage::read(&bytes[..count]), Some(message));
            assert!(bytes[1..].iter().all(|byte| *byte < 0x80));
        }
        for other in [&[0x90, 36, 100][..], &[0xFE], &[0xF2, 3], &[0xF2, 0x80, 0], &[]] {
            assert_eq!(ClockMessage::read(other), None);
        }
    }

    #[test]
    fn messages_cross_in_both_directions() {
        let (mut audio, ports) = clock_ends();
        ports.receive(&[0xFA]);
        ports.receive(&[0x90, 36, 100]);
        assert_eq!(audio.received.pop().map(|(_, message)| message), Some(ClockMessage::Start));
        assert_eq!(audio.received.pop(), None);
        assert!(audio.sent.push((1.0, ClockMessage::Stop)).is_ok());
        assert_eq!(ports.next_to_send(), Some((1.0, ClockMessage::Stop)));
        assert_eq!(ports.next_to_send(), None);
    }
}
