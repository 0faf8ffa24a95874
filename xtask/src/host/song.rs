//! Transport clock: plays a stretch of a song block by block and records the plugin's output.

use super::interface::{Event, Host, Message, Transport};
use anyhow::{Result, ensure};

/// A song of one tempo and meter, and the block size in which a host plays it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostSong {
    /// Sample rate in Hz.
    pub sample_rate: f64,
    /// Tempo in quarter notes a minute.
    pub tempo: f64,
    /// Time signature, numerator and denominator.
    pub meter: (u16, u16),
    /// Frames in a block.
    pub block: u32,
    /// Loop range in quarter notes. Blocks are cut at its end, as in most hosts.
    pub cycle: Option<(f64, f64)>,
}

/// A message and its position in a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedMessage {
    /// Samples since the start of the recording.
    pub at: u64,
    /// Message at that sample.
    pub message: Message,
}

impl HostSong {
    /// Duration of a sample, in quarter notes.
    #[must_use]
    pub fn beats_per_sample(&self) -> f64 {
        self.tempo / (60.0 * self.sample_rate)
    }

    /// Number of samples in a span of quarter notes, rounded to the nearest.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn samples(&self, beats: f64) -> u64 {
        (beats / self.beats_per_sample()).round().max(0.0) as u64
    }

    /// Transport at a song position, in quarter notes.
    #[must_use]
    pub fn transport(&self, beats: f64) -> Transport {
        Transport {
            playing: true,
            tempo: Some(self.tempo),
            meter: Some(self.meter),
            beats: Some(beats),
            seconds: Some(beats * 60.0 / self.tempo),
            cycle: self.cycle,
            bar_start: None,
        }
    }

    /// Plays the song for a number of samples from a position, and returns the plugin's output.
    ///
    /// # Errors
    /// If the plugin reports a fault, or sends an event outside its block or out of order.
    pub fn roll(
        &self,
        host: &mut dyn Host,
        from_beats: f64,
        samples: u64,
    ) -> Result<Vec<TimedMessage>> {
        self.roll_with(host, from_beats, samples, &mut |_, _| {})
    }

    /// Plays the song like [`HostSong::roll`]; a closure adds input to each block, given the block's
    /// range of samples in the recording.
    ///
    /// # Errors
    /// As [`HostSong::roll`].
    pub fn roll_with(
        &self,
        host: &mut dyn Host,
        from_beats: f64,
        samples: u64,
        feed: &mut dyn FnMut(std::ops::Range<u64>, &mut Vec<Event>),
    ) -> Result<Vec<TimedMessage>> {
        let (mut heard, mut input) = (Vec::new(), Vec::new());
        // The position is computed from the last jump, not accumulated, as in a host.
        let (mut origin, mut since, mut done) = (from_beats, 0_u64, 0_u64);
        while done < samples {
            let mut frames = u64::from(self.block).min(samples - done);
            if let Some((start, end)) = self.cycle {
                let left = self.samples(end - origin).saturating_sub(since);
                if left == 0 {
                    (origin, since) = (start, 0);
                    frames = frames.min(self.samples(end - start)).max(1);
                } else {
                    frames = frames.min(left);
                }
            }
            #[expect(clippy::cast_precision_loss)]
            let beats = origin + since as f64 * self.beats_per_sample();
            input.clear();
            feed(done..done + frames, &mut input);
            record_block(
                host,
                u32::try_from(frames)?,
                Some(&self.transport(beats)),
                &input,
                done,
                &mut heard,
            )?;
            done += frames;
            since += frames;
        }
        Ok(heard)
    }

    /// Processes a number of samples with the transport stopped at a position, and returns the
    /// plugin's output.
    ///
    /// # Errors
    /// As [`HostSong::roll`].
    pub fn roll_stopped(
        &self,
        host: &mut dyn Host,
        at_beats: f64,
        samples: u64,
    ) -> Result<Vec<TimedMessage>> {
        let (mut heard, mut done) = (Vec::new(), 0);
        let stopped = Transport { playing: false, ..self.transport(at_beats) };
        while done < samples {
            let frames = u64::from(self.block).min(samples - done);
            record_block(host, u32::try_from(frames)?, Some(&stopped), &[], done, &mut heard)?;
            done += frames;
        }
        Ok(heard)
    }
}

/// Processes one block that starts at sample `at` of a recording, and appends the plugin's output.
///
/// # Errors
/// If the plugin reports a fault, sends an event outside its block or out of order, or outputs a
/// sample that is not finite.
pub fn record_block(
    host: &mut dyn Host,
    frames: u32,
    transport: Option<&Transport>,
    input: &[Event],
    at: u64,
    heard: &mut Vec<TimedMessage>,
) -> Result<()> {
    let mut output = Vec::new();
    host.process(frames, transport, input, &mut output)?;
    for channel in host.audio() {
        ensure!(
            channel.iter().all(|sample| sample.is_finite()),
            "the plugin's output is not finite"
        );
    }
    let mut last = 0;
    for event in output {
        ensure!(event.offset < frames, "the plugin sent {event:?} in a block of {frames} frames");
        ensure!(
            event.offset >= last,
            "the plugin sent {event:?} after an event at sample {last} of the same block"
        );
        last = event.offset;
        heard.push(TimedMessage { at: at + u64::from(event.offset), message: event.message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Setup, pair_notes};

    /// Plays a note of one sample at the start of each block, and records the positions that it
    /// receives.
    #[derive(Default)]
    struct Metronome {
        told: Vec<(f64, u32)>,
    }

    impl Host for Metronome {
        fn activate(&mut self, _: Setup) -> Result<()> {
            Ok(())
        }

        fn process(
            &mut self,
            frames: u32,
            transport: Option<&Transport>,
            _: &[Event],
            output: &mut Vec<Event>,
        ) -> Result<()> {
            self.told.push((transport.and_then(|t| t.beats).unwrap_or(f64::NAN), frames));
            for (offset, message) in [
                (0, Message::NoteOn { key: 36, channel: 9, velocity: 1.0 }),
                (1, Message::NoteOff { key: 36, channel: 9 }),
            ] {
                output.push(Event { offset, message });
            }
            Ok(())
        }

        fn change_transport(&mut self, _: u32, _: Transport) {}

        fn reset(&mut self) -> Result<()> {
            Ok(())
        }

        fn audio(&self) -> [&[f32]; 2] {
            [&[], &[]]
        }

        fn save(&mut self) -> Result<Vec<u8>> {
            Ok(Vec::new())
        }

        fn load(&mut self, _: &[u8]) -> Result<()> {
            Ok(())
        }

        fn parameters(&mut self) -> Vec<(String, f64)> {
            Vec::new()
        }

        fn set(&mut self, _: &str, _: f64) -> Result<()> {
            Ok(())
        }
    }

    /// Song with 100 samples a quarter note.
    const SONG: HostSong =
        HostSong { sample_rate: 200.0, tempo: 120.0, meter: (4, 4), block: 40, cycle: None };

    #[test]
    fn blocks_follow_each_other_and_a_loop_is_cut_at_its_end() {
        let mut host = Metronome::default();
        let song = HostSong { cycle: Some((1.0, 2.0)), ..SONG };
        let heard = song.roll(&mut host, 1.5, 200).unwrap();
        let expected =
            [(1.5, 40), (1.9, 10), (1.0, 40), (1.4, 40), (1.8, 20), (1.0, 40), (1.4, 10)];
        for ((beats, frames), told) in expected.into_iter().zip(&host.told) {
            assert!((beats - told.0).abs() < 1e-9 && frames == told.1, "{told:?}");
        }
        assert_eq!(host.told.len(), expected.len());
        let starts: Vec<u64> = pair_notes(&heard).unwrap().iter().map(|note| note.on).collect();
        assert_eq!(starts, [0, 40, 50, 90, 130, 150, 190]);
    }

    #[test]
    fn an_event_outside_its_block_or_out_of_order_is_a_fault() {
        // In a block of one sample, the metronome's second message is outside.
        let outside = HostSong { block: 1, ..SONG }.roll(&mut Metronome::default(), 0.0, 3);
        assert!(outside.unwrap_err().to_string().contains("in a block of 1 frames"));
    }
}
