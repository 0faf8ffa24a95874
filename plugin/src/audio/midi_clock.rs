//! MIDI clock of the standalone program, on the audio thread: followed, and sent.

mod follower;
pub(crate) mod own_song;
mod sender;
#[cfg(test)]
mod tests;

use self::follower::ClockFollower;
pub(crate) use self::follower::FollowedBlock;
use self::sender::ClockSender;
use crate::link::midi_clock::{ClockAudioEnd, ClockSwitches};

/// Share of a block's measured lateness that its filtered time follows.
const TIME_GAIN: f64 = 0.02;
/// Lateness above which a block counts as a jump and not as jitter, in seconds.
const TIME_JUMP: f64 = 0.1;

/// Filtered times of the blocks: the system requests them with jitter.
#[derive(Debug, Default)]
struct BlockTimes {
    /// Expected time of the next block, in seconds.
    next: Option<f64>,
}

impl BlockTimes {
    /// Returns the time of a block that was called for at `now` and lasts `seconds`.
    fn block(&mut self, now: f64, seconds: f64) -> f64 {
        let expected = self.next.unwrap_or(now);
        let late = now - expected;
        let time = if late.abs() > TIME_JUMP { now } else { expected + TIME_GAIN * late };
        self.next = Some(time + seconds);
        time
    }
}

/// Follower and sender of a clock.
#[derive(Debug)]
pub(crate) struct MidiClock {
    end: ClockAudioEnd,
    times: BlockTimes,
    follower: ClockFollower,
    sender: ClockSender,
    /// Time of the block and seconds per sample, while a port is open.
    block: Option<(f64, f64)>,
}

impl MidiClock {
    pub(crate) fn new(end: ClockAudioEnd) -> Self {
        MidiClock {
            end,
            times: BlockTimes::default(),
            follower: ClockFollower::default(),
            sender: ClockSender::default(),
            block: None,
        }
    }

    /// Begins a block of `frames` samples at a sample rate in Hz. Returns the
    /// transport of the followed song, if a clock is followed.
    pub(crate) fn begin(
        &mut self,
        switches: &ClockSwitches,
        frames: u32,
        rate: f64,
    ) -> Option<FollowedBlock> {
        if !switches.follows.is_on() && !switches.sends.is_on() {
            (self.times, self.block) = (BlockTimes::default(), None);
            return None;
        }
        let seconds = f64::from(frames) / rate;
        let time = self.times.block(self.end.now(), seconds);
        self.block = Some((time, 1.0 / rate));
        while let Some((at, message)) = self.end.received.pop() {
            self.follower.receive(at, message);
        }
        if !switches.follows.is_on() {
            self.follower = ClockFollower::default();
            return None;
        }
        let followed = self.follower.block(time, seconds);
        switches.publish(self.follower.state());
        Some(followed)
    }

    /// Sends the clock of the block. `song` is the position of its first sample in quarter notes, and
    /// quarter notes per sample; `None` while the song stands.
    pub(crate) fn send(&mut self, switches: &ClockSwitches, song: Option<(f64, f64)>, frames: u32) {
        let Some((time, per_sample)) = self.block else { return };
        let song = song.filter(|_| switches.sends.is_on());
        let queue = &mut self.end.sent;
        self.sender.block(song, frames, |sample, message| {
            // A full queue means that nobody sends.
            let _ = queue.push((time + f64::from(sample) * per_sample, message));
        });
    }
}
