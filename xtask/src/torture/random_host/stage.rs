//! Stage keys of the random host, and what they must change.

use super::RandomHost;
use crate::host::{Event, Message};
use crate::torture::reference::TICKS_PER_BEAT;
use crate::torture::truth::{Motion, StageWindow};
use rand::Rng;

/// Greatest earliness of a hit, in quarter notes: half a step.
const EARLY: f64 = 0.125;

/// Length of a step, in quarter notes.
const STEP: f64 = 0.25;

/// Tolerance of positions, in quarter notes.
const TOLERANCE: f64 = 1e-6;

/// Number of the break among the keys.
const BREAK: u8 = 2;

/// MIDI pitches of the keys: fill, next section, break, end.
const PITCHES: [u8; 4] = [12, 13, 14, 15];

/// Names of their parameters.
const NAMES: [&str; 4] = ["Fill now", "Next section", "Break", "Crash and end"];

impl RandomHost {
    /// Start of the bar at a position, and its length, in quarter notes.
    #[expect(clippy::cast_precision_loss, reason = "songs are short")]
    fn bar_around(&self, position: f64) -> (f64, f64) {
        let start = self.bar_lines.start_at(position);
        (start as f64 / TICKS_PER_BEAT, self.bar_lines.length() as f64 / TICKS_PER_BEAT)
    }

    /// First point of a grid within bars at which a change at a position has an effect.
    fn grid_point(&self, position: f64, grain: f64) -> f64 {
        let earliest = position + EARLY;
        let (bar, length) = self.bar_around(earliest);
        let grains = ((earliest - bar) / grain - TOLERANCE).ceil();
        (bar + grains * grain).min(bar + length)
    }

    /// First beat at which a change at a position has an effect.
    fn next_beat(&self, position: f64) -> f64 {
        self.grid_point(position, (4.0 / f64::from(self.bar_lines.meter.1)).max(STEP))
    }

    /// First bar line at or after a position.
    fn bar_line(&self, position: f64) -> f64 {
        let (bar, length) = self.bar_around(position - TOLERANCE);
        bar + length
    }

    /// Adds presses and releases of stage keys to a block's input.
    pub(super) fn stage_input(&mut self, position: f64, frames: u32, input: &mut Vec<Event>) {
        if frames == 0 {
            return;
        }
        if matches!(self.motion, Motion::Jumps | Motion::Stopped) {
            self.stage.window = None;
            if self.stage.break_start.take().is_some() {
                input.insert(0, key_event(0, BREAK, false));
            }
        }
        // Keys do nothing while the song stands.
        let pressed = self.stage.pressed.take();
        if matches!(self.motion, Motion::Stopped | Motion::Stalled) {
            return;
        }
        self.update_window(position);
        if let Some(key) = pressed {
            self.press(key, position);
            // The parameter of a break is on and off again at once.
            self.end_break(position);
        }
        if self.motion != Motion::Continues {
            return;
        }
        let at = self.rng.random_range(0..frames);
        let here = f64::from(at).mul_add(self.per_sample(), position);
        if self.stage.break_start.is_some() {
            if self.chance(30.0) {
                input.push(key_event(at, BREAK, false));
                self.end_break(here);
            }
        } else if self.chance(0.6) {
            let key = self.rng.random_range(0..4_u8);
            input.push(key_event(at, key, true));
            self.press(key, here);
            if key != BREAK {
                input.push(key_event(at, key, false));
            }
        }
        input.sort_by_key(|event| event.offset);
    }

    /// Taps a parameter before the next block.
    pub(super) fn tap_stage_parameter(&mut self) {
        if self.motion == Motion::Continues && self.stage.break_start.is_none() {
            let key = self.rng.random_range(0..4_u8);
            let set = |value| (NAMES[usize::from(key)].to_owned(), value);
            self.pending_parameters.extend([set(1.0), set(0.0)]);
            self.stage.pressed = Some(key);
        }
    }

    /// Ends a window that lies behind, or whose end is not known any more.
    fn update_window(&mut self, position: f64) {
        let bar_lines = self.bar_lines;
        let Some(window) = &mut self.stage.window else { return };
        if self.cycle.is_some() || window.bar_lines != bar_lines {
            *window = StageWindow::unknown(bar_lines);
        } else if window.to < position - 0.1 {
            self.stage.window = None;
        }
    }

    /// Notes that a key goes down.
    fn press(&mut self, key: u8, position: f64) {
        let unknown = StageWindow::unknown(self.bar_lines);
        if self.cycle.is_some() || self.stage.window.is_some() {
            // The effect of several keys is not derived. A fill begins on the next beat even if the
            // next section was asked for before it.
            let next = self.next_beat(position) - EARLY;
            let from = self.stage.window.map_or(f64::NEG_INFINITY, |window| window.from.min(next));
            self.stage.window = Some(StageWindow { from, ..unknown });
            self.stage.break_start = None;
            return;
        }
        let beat = self.next_beat(position);
        let bar = self.grid_point(position, self.bar_around(position + EARLY).1);
        let from = beat - EARLY;
        self.stage.window = Some(match key {
            0 => StageWindow { from, to: self.back_after(self.bar_line(beat + STEP)), ..unknown },
            1 => StageWindow { from: bar - EARLY, ..unknown },
            BREAK => StageWindow { from, silent: (from, f64::INFINITY), ..unknown },
            _ => StageWindow { from, silent: (beat + EARLY, f64::INFINITY), ..unknown },
        });
        if key == BREAK {
            self.stage.break_start = Some(beat);
        }
    }

    /// Position from which the take plays as before after a request that lasts up to a line.
    fn back_after(&self, line: f64) -> f64 {
        self.next_beat(line + STEP) - EARLY
    }

    /// Notes that the key of a break goes up.
    fn end_break(&mut self, position: f64) {
        let Some(start) = self.stage.break_start.take() else { return };
        let Some(mut window) = self.stage.window else { return };
        let (numerator, denominator) = self.bar_lines.meter;
        let compound = denominator >= 8 && numerator > 3 && numerator % 3 == 0;
        let felt = if compound { 1.5 } else { 1.0 };
        let next = self.next_beat(position);
        let length = self.bar_around(position).1;
        let line = self.bar_line((start + length).max(next + felt));
        if window.silent.0.is_finite() {
            // The first strokes of the pick-up may be early.
            window.silent.1 = (line - felt).max(next) - EARLY;
            window.to = self.back_after(line);
        }
        self.stage.window = Some(window);
    }
}

fn key_event(offset: u32, key: u8, down: bool) -> Event {
    let (key, channel) = (PITCHES[usize::from(key)], 0);
    let message = match down {
        true => Message::NoteOn { key, channel, velocity: 0.8 },
        false => Message::NoteOff { key, channel },
    };
    Event { offset, message }
}
