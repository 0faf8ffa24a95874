//! Listening: what the band plays, at positions of the song. The audio thread only notes it down;
//! the worker makes the chart of it when the song stops, jumps or loops. What is done on stage goes
//! the same way, and waits for the user to keep it.

use std::time::{Duration, Instant};

use groove::play::clock::{Block, Entry, Grid, Span, TICKS_PER_BEAT};
use groove::take::chart::{Heard, HeardPlace};

use crate::audio::engine::Engine;
use crate::audio::listener::BandNote;
use crate::link::SongEvent;

/// Maximum time that an offline render waits for the worker to take what was heard.
const FULL_WAIT: Duration = Duration::from_millis(500);

impl Engine {
    /// Returns `true` while the band is listened to.
    pub(super) fn is_listening(&self) -> bool {
        self.listener.bar.is_some() || self.end.listening().is_on()
    }

    /// Hears a note of the band at a sample of the next block. Velocity 0 ends it.
    pub fn hear(&mut self, sample: u32, channel: u8, pitch: u8, velocity: u8) {
        if !self.listener.add(BandNote { sample, channel, pitch, velocity }) {
            self.end.listening().lose();
        }
        self.idle = None;
    }

    /// Hears the sound of the band in the next block, two channels of equal length.
    pub fn hear_sound(&mut self, left: &[f32], right: &[f32]) {
        if !self.listener.add_sound(left, right) {
            self.end.listening().lose();
        }
    }

    /// Passes on what was heard in a block.
    pub(super) fn hear_block(&mut self, block: &Block, playing: bool) {
        if playing && self.end.listening().is_on() {
            for span in block.spans {
                self.hear_span(&span);
            }
        } else if self.listener.bar.is_some() {
            self.end_listening();
            if !playing {
                // The song has run once.
                self.end.listening().set(false);
            }
        }
        self.listener.end_block();
    }

    fn hear_span(&mut self, span: &Span) {
        if span.entry != Entry::Continues {
            self.end_listening();
        }
        let grid = &span.grid;
        if self.listener.bar.is_none() {
            let bar = grid.bar_at(span.start);
            self.push_heard(Heard::Bar { at: place_in(grid, bar, span.start), meter: grid.meter });
            self.listener.bar = Some(bar);
        }
        let last = span.first + span.frames;
        let mut number = 0;
        while let Some(BandNote { sample, channel, pitch, velocity }) = self.listener.note(number) {
            number += 1;
            if !(span.first..last).contains(&sample) {
                continue;
            }
            let into = f64::from(sample - span.first);
            let position = into.mul_add(span.beats_per_sample, span.start);
            self.begin_bars(span, position);
            let at = place(grid, position);
            self.push_heard(match velocity {
                0 => Heard::Off { at, channel, pitch },
                velocity => Heard::On { at, channel, pitch, velocity },
            });
        }
        self.hear_frames(span);
        let end = f64::from(span.frames).mul_add(span.beats_per_sample, span.start);
        let end = span.seam.map_or(end, |(_, seam)| end.min(seam));
        self.begin_bars(span, end);
        self.listener.end = place(grid, end);
    }

    /// Passes on the frames of sound that end in a span.
    fn hear_frames(&mut self, span: &Span) {
        let length = f64::from(self.listener.frame_length());
        let mut number = 0;
        while let Some((sample, frame)) = self.listener.frame(number) {
            number += 1;
            if (span.first..span.first + span.frames).contains(&sample) {
                let into = f64::from(sample - span.first) + 1.0 - length;
                let position = into.mul_add(span.beats_per_sample, span.start);
                self.begin_bars(span, position);
                self.push_heard(Heard::Sound { at: place(&span.grid, position), frame });
            }
        }
    }

    /// Begins the bars up to a position.
    fn begin_bars(&mut self, span: &Span, position: f64) {
        while let Some(bar) = self.listener.bar
            && span.grid.bar_ticks(bar + 1) / TICKS_PER_BEAT <= position
        {
            self.listener.bar = Some(bar + 1);
            let at = HeardPlace { bar: bar + 1, ticks: 0.0 };
            self.push_heard(Heard::Bar { at, meter: span.grid.meter });
        }
    }

    fn end_listening(&mut self) {
        if self.listener.bar.take().is_some() {
            self.push_heard(Heard::End { at: self.listener.end });
        }
    }

    /// Passes on something heard.
    fn push_heard(&mut self, heard: Heard) {
        if !self.push_event(SongEvent::Heard(heard)) {
            self.end.listening().lose();
        }
    }

    /// Passes on what was done on stage.
    pub(super) fn push_acts(&mut self) {
        while let Some((begins, act)) = self.stage.next_act() {
            if !self.push_event(SongEvent::Performed { begins, act }) {
                self.end.performance().lose();
            }
        }
    }

    /// Passes an event on to the worker. An offline render waits while there is no room.
    fn push_event(&mut self, event: SongEvent) -> bool {
        if self.end.pass_on(event) {
            return true;
        }
        if self.offline.max_wait().is_some() {
            let begin = Instant::now();
            while begin.elapsed() < FULL_WAIT {
                self.end.wake();
                std::thread::sleep(Duration::from_micros(100));
                if self.end.pass_on(event) {
                    return true;
                }
            }
        }
        false
    }
}

/// The place of a position in quarter notes.
fn place(grid: &Grid, position: f64) -> HeardPlace {
    place_in(grid, grid.bar_at(position), position)
}

/// The place of a position in quarter notes, counted from the start of a bar.
fn place_in(grid: &Grid, bar: i64, position: f64) -> HeardPlace {
    #[expect(clippy::cast_possible_truncation, reason = "within a bar")]
    let ticks = (position * TICKS_PER_BEAT - grid.bar_ticks(bar)) as f32;
    HeardPlace { bar, ticks: ticks.max(0.0) }
}
