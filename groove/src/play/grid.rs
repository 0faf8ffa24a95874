//! Bar line grid of a song, in ticks of 1/960 quarter note.

use crate::pattern::{Meter, TICKS_PER_STEP};

/// Ticks per quarter note.
pub const TICKS_PER_BEAT: f64 = TICKS_PER_STEP as f64 * 4.0;

/// Tolerance of a host's bar line against the position or the grid, in quarter notes.
const BAR_TOLERANCE: f64 = 1e-3;

/// Bar line grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Index of a bar; 0 is the first of the song.
    pub bar: i64,
    /// Start of that bar, in ticks of 1/960 quarter note; an integer in all songs with bar lines on
    /// ticks.
    pub start_ticks: f64,
    /// Time signature.
    pub meter: Meter,
}

impl Grid {
    /// The grid at a position of a song that has one meter and starts with a bar line.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
    pub fn at(position: f64, meter: Meter) -> Self {
        let bar = floor((position + 1e-9) / meter.beats()) as i64;
        Grid { bar, start_ticks: bar as f64 * meter.beats() * TICKS_PER_BEAT, meter }
    }

    /// Start of a bar, in ticks.
    #[must_use]
    pub fn bar_ticks(&self, bar: i64) -> f64 {
        self.start_ticks + (bar - self.bar) as f64 * self.meter.beats() * TICKS_PER_BEAT
    }

    /// Index of the bar at a position in quarter notes.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
    pub fn bar_at(&self, position: f64) -> i64 {
        let bars =
            (position * TICKS_PER_BEAT - self.start_ticks) / (self.meter.beats() * TICKS_PER_BEAT);
        self.bar.saturating_add(floor(bars) as i64)
    }
}

/// A host's bar line in ticks, or `None` if it cannot be the last one at or before a position.
pub(crate) fn bar_line(position: f64, meter: Meter, start: f64) -> Option<f64> {
    let into = position - start;
    let precedes = (-BAR_TOLERANCE..=meter.beats() + BAR_TOLERANCE).contains(&into);
    let ticks = start * TICKS_PER_BEAT;
    let near = floor(ticks + 0.5);
    precedes.then_some(if (ticks - near).abs() < BAR_TOLERANCE { near } else { ticks })
}

/// Largest integer not above. `f64::floor` is a function call on baseline x86-64.
#[expect(clippy::cast_possible_truncation, reason = "used if it is small")]
pub(crate) fn floor(number: f64) -> f64 {
    let whole = number as i64 as f64;
    if number.abs() < 9e15 { whole - f64::from(whole > number) } else { number }
}
