//! Sends a MIDI clock: from the blocks of a song to messages at their samples.

use crate::link::midi_clock::{CLOCKS_PER_BEAT, CLOCKS_PER_SIXTEENTH, ClockMessage};

/// Distance in quarter notes from which on a block does not continue the one before.
const JUMP: f64 = 1e-3;

/// Sender of a MIDI clock.
#[derive(Debug, Default)]
pub(crate) struct ClockSender {
    /// Position at the end of the last block, in quarter notes, while the song moves.
    end: Option<f64>,
    /// Number in the song of the next clock message; `None` before the start is sent.
    next: Option<i64>,
}

impl ClockSender {
    /// Sends what belongs to a block of `frames` samples. `song` is the position of its first sample
    /// in quarter notes, and quarter notes per sample; `None` while the song stands. `send` receives
    /// each message with its sample.
    ///
    /// A song that begins at 0 or before starts there; elsewhere it continues at the next sixteenth.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "songs are short")]
    pub(crate) fn block(
        &mut self,
        song: Option<(f64, f64)>,
        frames: u32,
        mut send: impl FnMut(u32, ClockMessage),
    ) {
        let Some((start, per_sample)) = song.filter(|(_, per_sample)| *per_sample > 0.0) else {
            self.stop(&mut send);
            return;
        };
        if self.end.is_some_and(|end| (end - start).abs() > JUMP) {
            self.stop(&mut send);
        }
        let is_new = self.end.is_none();
        let end = start + f64::from(frames) * per_sample;
        self.end = Some(end);
        let sample = |clock: i64| {
            let samples = (clock as f64 / CLOCKS_PER_BEAT - start) / per_sample;
            (samples.round().max(0.0) as u32).min(frames.saturating_sub(1))
        };
        let last = (end * CLOCKS_PER_BEAT - 1e-6).ceil() as i64;
        let mut next = match self.next {
            Some(next) => next,
            None if is_new && start > 1e-6 => {
                let sixteenth =
                    (start * CLOCKS_PER_BEAT / CLOCKS_PER_SIXTEENTH as f64 - 1e-6).ceil();
                send(0, ClockMessage::Position((sixteenth as u16).min(0x3FFF)));
                send(0, ClockMessage::Continue);
                sixteenth as i64 * CLOCKS_PER_SIXTEENTH
            }
            None if last > 0 => {
                send(sample(0), ClockMessage::Start);
                0
            }
            // The count-in.
            None => return,
        };
        while next < last {
            send(sample(next), ClockMessage::Clock);
            next += 1;
        }
        self.next = Some(next);
    }

    fn stop(&mut self, send: &mut impl FnMut(u32, ClockMessage)) {
        if self.next.take().is_some() {
            send(0, ClockMessage::Stop);
        }
        self.end = None;
    }
}
