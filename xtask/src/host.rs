//! What a host says to a plugin and hears from it, whatever the format.
//!
//! [`clap`] speaks CLAP; the tests add a VST3 host of the same shape. [`Song`] is the host's
//! clock: it cuts a stretch of a song into blocks, tells the plugin where each one stands, and
//! writes down what comes out with its place in samples. What is right to come out is for the
//! tests to say.

pub mod allocations;
pub mod clap;
pub mod realtime;

use anyhow::{Result, ensure};

/// What happens to a note, or a raw MIDI message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// A key goes down: key 0 to 127, channel 0 to 15, velocity above 0 and up to 1.
    On {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
        /// Velocity, 0 to 1.
        velocity: f64,
    },
    /// A key goes up.
    Off {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
    },
    /// Three bytes of MIDI, as some hosts send them instead of notes.
    Midi([u8; 3]),
}

/// A message and its place in the block, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Samples from the start of the block.
    pub offset: u32,
    /// What happens there.
    pub message: Message,
}

/// What a host says about its transport at the start of a block. A field that is `None` is one
/// that the host leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the song runs.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo: Option<f64>,
    /// Time signature, numerator and denominator.
    pub meter: Option<(u16, u16)>,
    /// Song position in quarter notes.
    pub beats: Option<f64>,
    /// Song position in seconds.
    pub seconds: Option<f64>,
    /// Loop range in quarter notes, when the loop is on.
    pub cycle: Option<(f64, f64)>,
    /// Where the bar at the position starts, in quarter notes. Where it is left out, bars are
    /// counted from the start of the song.
    pub bar_start: Option<f64>,
}

/// A plugin in a host, of either format.
pub trait Host {
    /// Makes the plugin ready to process, after releasing whatever set-up it had.
    ///
    /// # Errors
    /// The plugin refuses the set-up.
    fn activate(&mut self, setup: Setup) -> Result<()>;

    /// Has the plugin process one block of at most [`Setup::max_block`] frames. Its output
    /// events are appended to `output`. `None` for the transport is a host that has none.
    ///
    /// # Errors
    /// The plugin is not active, or reports a fault.
    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()>;

    /// Has the transport change within the next block, at this sample. A format that cannot say
    /// that says nothing.
    fn change(&mut self, offset: u32, transport: Transport);

    /// Has the plugin forget all that sounds, as a host does between two unrelated stretches of a
    /// song.
    ///
    /// # Errors
    /// The plugin reports a fault.
    fn reset(&mut self) -> Result<()>;

    /// The left and right output of the last block.
    fn audio(&self) -> [&[f32]; 2];

    /// The plugin's state as a project would keep it.
    ///
    /// # Errors
    /// The plugin does not save.
    fn save(&mut self) -> Result<Vec<u8>>;

    /// Gives the plugin a state. Whether it takes it is the plugin's say.
    ///
    /// # Errors
    /// The plugin says that the state is bad.
    fn load(&mut self, state: &[u8]) -> Result<()>;

    /// Names of the parameters, each with its value as a fraction of its range.
    fn parameters(&mut self) -> Vec<(String, f64)>;

    /// Sets the parameter of this name to a fraction of its range, from the next block on.
    ///
    /// # Errors
    /// There is no such parameter.
    fn set(&mut self, name: &str, value: f64) -> Result<()>;
}

/// How a plugin is made ready to process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Samples a second.
    pub sample_rate: f64,
    /// Greatest number of frames in a block.
    pub max_block: u32,
    /// Whether the host renders a file, faster or slower than time goes.
    pub offline: bool,
}

/// The host's clock: a song of one tempo and meter, rolled block by block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Song {
    /// Samples a second.
    pub sample_rate: f64,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Time signature, numerator and denominator.
    pub meter: (u16, u16),
    /// Frames in a block.
    pub block: u32,
    /// Loop range in quarter notes. Blocks are cut at its end, as most hosts do.
    pub cycle: Option<(f64, f64)>,
}

/// A message and when it came: samples since the recording began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Samples since the recording began.
    pub at: u64,
    /// What came.
    pub message: Message,
}

/// A note that has begun and ended, in samples since the recording began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// When the key goes down.
    pub on: u64,
    /// When it goes up; at or after `on`.
    pub off: u64,
    /// Key, 0 to 127.
    pub key: u8,
    /// Channel, 0 to 15.
    pub channel: u8,
    /// Velocity, 0 to 1.
    pub velocity: f64,
}

impl Song {
    /// Quarter notes that a sample lasts.
    #[must_use]
    pub fn beats_per_sample(&self) -> f64 {
        self.tempo / (60.0 * self.sample_rate)
    }

    /// The number of samples that these quarter notes last, to the nearest one.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn samples(&self, beats: f64) -> u64 {
        (beats / self.beats_per_sample()).round().max(0.0) as u64
    }

    /// What the host says at this song position, in quarter notes.
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

    /// Rolls the song for so many samples from this position and returns what came out.
    ///
    /// # Errors
    /// The plugin reports a fault, or sends an event outside its block or out of order.
    pub fn roll(&self, host: &mut dyn Host, from_beats: f64, samples: u64) -> Result<Vec<Heard>> {
        self.roll_with(host, from_beats, samples, &mut |_, _| {})
    }

    /// As [`Song::roll`], with a closure that may put messages into a block, given the samples
    /// since the start of the recording at which that block begins.
    ///
    /// # Errors
    /// As [`Song::roll`].
    pub fn roll_with(
        &self,
        host: &mut dyn Host,
        from_beats: f64,
        samples: u64,
        feed: &mut dyn FnMut(std::ops::Range<u64>, &mut Vec<Event>),
    ) -> Result<Vec<Heard>> {
        let (mut heard, mut input) = (Vec::new(), Vec::new());
        // The position is counted from the last jump, never summed up, as a host's is.
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
            step(
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

    /// Lets the host process so many samples with its transport stopped at this position, and
    /// returns what came out.
    ///
    /// # Errors
    /// As [`Song::roll`].
    pub fn rest(&self, host: &mut dyn Host, at_beats: f64, samples: u64) -> Result<Vec<Heard>> {
        let (mut heard, mut done) = (Vec::new(), 0);
        let stopped = Transport { playing: false, ..self.transport(at_beats) };
        while done < samples {
            let frames = u64::from(self.block).min(samples - done);
            step(host, u32::try_from(frames)?, Some(&stopped), &[], done, &mut heard)?;
            done += frames;
        }
        Ok(heard)
    }
}

/// Has the plugin process one block that begins at this sample of a recording, and writes down
/// what comes out.
///
/// # Errors
/// The plugin reports a fault, sends an event outside its block or out of order, or makes a
/// sound that is no number.
pub fn step(
    host: &mut dyn Host,
    frames: u32,
    transport: Option<&Transport>,
    input: &[Event],
    at: u64,
    heard: &mut Vec<Heard>,
) -> Result<()> {
    let mut output = Vec::new();
    host.process(frames, transport, input, &mut output)?;
    for channel in host.audio() {
        ensure!(channel.iter().all(|sample| sample.is_finite()), "the plugin's sound is no number");
    }
    let mut last = 0;
    for event in output {
        ensure!(event.offset < frames, "the plugin sent {event:?} in a block of {frames} frames");
        ensure!(
            event.offset >= last,
            "the plugin sent {event:?} after an event at sample {last} of the same block"
        );
        last = event.offset;
        heard.push(Heard { at: at + u64::from(event.offset), message: event.message });
    }
    Ok(())
}

/// Joins each note-on with its note-off. Raw MIDI counts as the note that it spells.
///
/// # Errors
/// A note begins again before it has ended, ends without having begun, or never ends.
pub fn notes(heard: &[Heard]) -> Result<Vec<Note>> {
    let mut notes: Vec<Note> = Vec::new();
    // The place in `notes` of the note that sounds on each key of each channel.
    let mut sounding = std::collections::BTreeMap::<(u8, u8), usize>::new();
    for heard in heard {
        let (key, channel, velocity) = match heard.message {
            Message::On { key, channel, velocity } => (key, channel, Some(velocity)),
            Message::Off { key, channel } => (key, channel, None),
            Message::Midi([status, key, velocity]) => match status & 0xf0 {
                0x90 if velocity > 0 => (key, status & 0xf, Some(f64::from(velocity) / 127.0)),
                0x80 | 0x90 => (key, status & 0xf, None),
                _ => continue,
            },
        };
        if let Some(velocity) = velocity {
            let twice = sounding.insert((key, channel), notes.len());
            ensure!(twice.is_none(), "key {key} goes down at sample {} while it is down", heard.at);
            notes.push(Note { on: heard.at, off: heard.at, key, channel, velocity });
        } else {
            let Some(place) = sounding.remove(&(key, channel)) else {
                anyhow::bail!("key {key} goes up at sample {} without being down", heard.at);
            };
            notes[place].off = heard.at;
        }
    }
    ensure!(sounding.is_empty(), "keys {:?} never go up", sounding.keys().collect::<Vec<_>>());
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a note of one sample at the start of each block, and keeps what it is told.
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
                (0, Message::On { key: 36, channel: 9, velocity: 1.0 }),
                (1, Message::Off { key: 36, channel: 9 }),
            ] {
                output.push(Event { offset, message });
            }
            Ok(())
        }

        fn change(&mut self, _: u32, _: Transport) {}

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

    /// A hundred samples a quarter note.
    const SONG: Song =
        Song { sample_rate: 200.0, tempo: 120.0, meter: (4, 4), block: 40, cycle: None };

    #[test]
    fn blocks_follow_each_other_and_a_loop_is_cut_at_its_end() {
        let mut host = Metronome::default();
        let song = Song { cycle: Some((1.0, 2.0)), ..SONG };
        let heard = song.roll(&mut host, 1.5, 200).unwrap();
        let expected =
            [(1.5, 40), (1.9, 10), (1.0, 40), (1.4, 40), (1.8, 20), (1.0, 40), (1.4, 10)];
        for ((beats, frames), told) in expected.into_iter().zip(&host.told) {
            assert!((beats - told.0).abs() < 1e-9 && frames == told.1, "{told:?}");
        }
        assert_eq!(host.told.len(), expected.len());
        let starts: Vec<u64> = notes(&heard).unwrap().iter().map(|note| note.on).collect();
        assert_eq!(starts, [0, 40, 50, 90, 130, 150, 190]);
    }

    #[test]
    fn an_event_outside_its_block_or_out_of_order_is_a_fault() {
        // In a block of one sample, the metronome's second message has no place.
        let outside = Song { block: 1, ..SONG }.roll(&mut Metronome::default(), 0.0, 3);
        assert!(outside.unwrap_err().to_string().contains("in a block of 1 frames"));
    }

    #[test]
    fn notes_that_hang_repeat_or_end_unbegun_are_faults() {
        let on = |at| Heard { at, message: Message::On { key: 38, channel: 9, velocity: 0.5 } };
        let off = |at| Heard { at, message: Message::Off { key: 38, channel: 9 } };
        let raw = |at, status| Heard { at, message: Message::Midi([status, 38, 64]) };
        let expected = Note { on: 3, off: 5, key: 38, channel: 9, velocity: 0.5 };
        assert_eq!(notes(&[on(3), off(5)]).unwrap(), [expected]);
        assert_eq!(notes(&[raw(3, 0x99), raw(5, 0x89)]).unwrap().len(), 1);
        for (faulty, says) in [
            (vec![on(3)], "never go up"),
            (vec![on(3), on(4), off(5)], "while it is down"),
            (vec![off(3)], "without being down"),
            (vec![on(3), raw(4, 0x80)], "without being down"),
        ] {
            let fault = notes(&faulty).unwrap_err().to_string();
            assert!(fault.contains(says), "{fault}");
        }
    }
}
