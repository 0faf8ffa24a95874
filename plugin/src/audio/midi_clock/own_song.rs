//! Song of the standalone program, which has no host: its transport, a MIDI clock that it follows or
//! sends, and the metronome.

use groove::Meter;
use groove::play::clock::Transport;

use crate::audio::engine::Engine;
use crate::audio::metronome::Metronome;
use crate::audio::midi_clock::MidiClock;
use crate::link::own_transport::OwnTransport;

/// The song of the standalone program; at rest in a host.
#[derive(Debug)]
pub(crate) struct OwnSong {
    metronome: Metronome,
    clock: Option<MidiClock>,
    /// Followed position of the block in quarter notes, and quarter notes per sample.
    followed: Option<(f64, f64)>,
}

impl OwnSong {
    pub(crate) fn new(own: &OwnTransport) -> Self {
        OwnSong {
            metronome: Metronome::default(),
            clock: own.take_clock_end().map(MidiClock::new),
            followed: None,
        }
    }

    /// Returns the transport of a block of `frames` samples at a sample rate in Hz: that of the
    /// followed clock, or one that stands, in which free run plays.
    pub(crate) fn transport(
        &mut self,
        own: &OwnTransport,
        engine: &mut Engine,
        frames: u32,
        rate: f64,
    ) -> Transport {
        engine.set_count_in(if own.count_in.is_on() { own.meter().beats() } else { 0.0 });
        let clock = self.clock.as_mut();
        let followed = clock.and_then(|clock| clock.begin(&own.clock, frames, rate));
        let per_sample = |tempo: f64| tempo / 60.0 / rate;
        self.followed = followed
            .filter(|block| block.playing)
            .map(|block| (block.beats, per_sample(block.tempo)));
        Transport {
            playing: self.followed.is_some(),
            tempo: followed.map(|block| block.tempo),
            beats: followed.map(|block| block.beats),
            meter: Some(own.meter()),
            ..Transport::default()
        }
    }

    /// Ends a block: adds the metronome to the sound and sends the clock.
    pub(crate) fn end(
        &mut self,
        own: &OwnTransport,
        free: Option<(f64, f64)>,
        output: &mut [&mut [f32]],
        rate: f32,
    ) {
        if !own.is_present() {
            return;
        }
        let song = self.followed.or(free);
        let counted = song
            .filter(|_| self.followed.is_none())
            .map_or(0, |(start, _)| beat_of_count_in(start, own.meter()));
        own.set_counted(counted);
        match song {
            Some(block) if own.click.is_on() || counted > 0 => {
                self.metronome.play(output, block, own.meter(), rate);
            }
            _ => self.metronome.rest(),
        }
        if let Some(clock) = &mut self.clock {
            let frames = output.first().map_or(0, |channel| channel.len());
            clock.send(&own.clock, song, u32::try_from(frames).unwrap_or(0));
        }
    }
}

/// Returns the beat of the count-in at a song position in quarter notes, from 1; 0 from the start of
/// the song on.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few beats")]
fn beat_of_count_in(position: f64, meter: Meter) -> u8 {
    let left = (-position * f64::from(meter.denominator) / 4.0 - 1e-6).ceil();
    if left < 1.0 { 0 } else { meter.numerator.saturating_sub(left as u8) + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_in_counts_the_beats_of_a_bar() {
        let count = |position| beat_of_count_in(position, Meter::FOUR_FOUR);
        assert_eq!([-4.0, -3.1, -3.0, -0.5, 0.0, 7.0].map(count), [1, 1, 2, 4, 0, 0]);
        assert_eq!([-3.0, -1.0].map(|at| beat_of_count_in(at, Meter::new(6, 8))), [1, 5]);
    }
}
