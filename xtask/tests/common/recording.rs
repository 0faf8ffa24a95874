//! Recordings of several stretches of a song, and the pace of a sound card.

use anyhow::Result;
use std::time::{Duration, Instant};
use xtask::host::{
    Event, Host, HostSong, Message, RecordedNote, TimedMessage, Transport, pair_notes, record_block,
};

/// Output of the plugin over consecutive stretches.
#[derive(Default)]
pub struct Recording {
    all: Vec<TimedMessage>,
    length: u64,
}

impl Recording {
    /// Plays the song for a number of samples from a position.
    ///
    /// # Errors
    /// As [`HostSong::roll`].
    pub fn roll(
        &mut self,
        song: &HostSong,
        host: &mut dyn Host,
        from: f64,
        samples: u64,
    ) -> Result<()> {
        let stretch = song.roll(host, from, samples)?;
        self.add(stretch, samples);
        Ok(())
    }

    /// Plays the song like [`Recording::roll`], with input to the plugin.
    ///
    /// # Errors
    /// As [`HostSong::roll`].
    pub fn roll_with(
        &mut self,
        song: &HostSong,
        host: &mut dyn Host,
        from: f64,
        samples: u64,
        feed: &mut dyn FnMut(std::ops::Range<u64>, &mut Vec<Event>),
    ) -> Result<()> {
        let stretch = song.roll_with(host, from, samples, feed)?;
        self.add(stretch, samples);
        Ok(())
    }

    /// Processes one block with the transport stopped at a position; all notes must end in it.
    ///
    /// # Errors
    /// As [`HostSong::roll_stopped`].
    pub fn stop(&mut self, song: &HostSong, host: &mut dyn Host, at: f64) -> Result<()> {
        let stretch = song.roll_stopped(host, at, song.block.into())?;
        self.add(stretch, song.block.into());
        Ok(())
    }

    /// Returns true if there was output, and all of it was raw MIDI.
    pub fn is_raw(&self) -> bool {
        let raw = |heard: &TimedMessage| matches!(heard.message, Message::Midi(_));
        !self.all.is_empty() && self.all.iter().all(raw)
    }

    /// Processes one block.
    ///
    /// # Errors
    /// As [`record_block`].
    pub fn record_block(
        &mut self,
        host: &mut dyn Host,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
    ) -> Result<()> {
        record_block(host, frames, transport, input, self.length, &mut self.all)?;
        self.length += u64::from(frames);
        Ok(())
    }

    /// Appends the output of a number of samples.
    fn add(&mut self, stretch: Vec<TimedMessage>, samples: u64) {
        let start = self.length;
        self.all.extend(
            stretch.into_iter().map(|heard| TimedMessage { at: start + heard.at, ..heard }),
        );
        self.length += samples;
    }

    /// Returns the notes, all of which must have ended.
    ///
    /// # Errors
    /// As [`pair_notes`].
    pub fn notes(&self) -> Result<Vec<RecordedNote>> {
        pair_notes(&self.all)
    }

    /// Returns true if there was no output.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Number of notes that sound at the end.
    pub fn sounding(&self) -> usize {
        self.all.iter().fold(0, |count, heard| match heard.message {
            Message::NoteOn { .. } => count + 1,
            Message::NoteOff { .. } => count.saturating_sub(1),
            Message::Midi(_) => count,
        })
    }
}

/// Pace of a sound card.
pub struct Pace {
    start: Instant,
    sample_rate: f64,
    samples: u64,
}

impl Pace {
    /// Starts now.
    pub fn new(sample_rate: f64) -> Self {
        Pace { start: Instant::now(), sample_rate, samples: 0 }
    }

    /// Waits until these frames more would have been played.
    #[allow(clippy::cast_precision_loss)]
    pub fn wait(&mut self, frames: u64) {
        self.samples += frames;
        let due = self.start + Duration::from_secs_f64(self.samples as f64 / self.sample_rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
