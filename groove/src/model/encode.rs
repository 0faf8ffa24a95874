//! Input rows of the network: features of the steps so far, the position in the bar, and the kind
//! of playing.
//!
//! Training and inference share this encoder. The row shows the same position one, two and four
//! bars ago, so that the network can repeat it. Position is given as beat and part of the beat,
//! counted from both ends of the bar, so that it generalises to meters that are rare in the data.
//! Drum RNN's row is available for comparison.

use libm::{cosf, log2f, sinf};
use serde::{Deserialize, Serialize};

use crate::pattern::drum::CLASSES;
use crate::pattern::{Meter, Step};

/// Layout of the input row. A model can only be used with the layout that it was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inputs {
    /// Our layout, described in the module documentation. Its models have a [pointer
    /// memory](crate::model::pointer_memory).
    #[serde(rename = "lags-2")]
    Lags,
    /// Layout of Drum RNN's `drum_kit` (Magenta): one-hot subset of the previous step, and the step
    /// number in six binary digits of 1 and -1. Such a model has no other input for time, style or
    /// kind, and no memory.
    #[serde(rename = "drum-rnn")]
    DrumRnn,
}

impl Inputs {
    /// All layouts with their names in a model file.
    pub const NAMES: [(&str, Inputs); 2] =
        [("lags-2", Inputs::Lags), ("drum-rnn", Inputs::DrumRnn)];

    /// Length of a row, given the numbers of subsets of drums and of style cells.
    #[must_use]
    pub const fn row(self, subsets: usize, style_cells: usize) -> usize {
        match self {
            Inputs::Lags => STYLES_AT + style_cells + KIND,
            Inputs::DrumRnn => subsets + COUNTERS,
        }
    }

    /// Index of the first style cell in the row; `None` if the layout has no style cells.
    #[must_use]
    pub fn first_style_cell(self) -> Option<usize> {
        (self == Inputs::Lags).then_some(STYLES_AT)
    }
}

/// Index of the first style cell in our row.
const STYLES_AT: usize = RECENT + LAGS.len() * LAG + HABIT + PLACE + BAR;

/// Binary digits of the step number in Drum RNN's row.
const COUNTERS: usize = 6;

/// Lags in bars.
const LAGS: [usize; 3] = [1, 2, 4];
/// Steps around the same position of an earlier bar.
const AROUND: std::ops::RangeInclusive<isize> = -2..=2;

/// Hits, velocities and offsets of the previous step; hits of the three steps before that.
const RECENT: usize = 6 * CLASSES;
/// Presence of the earlier bar, hits around the position, velocities and offsets at the position.
const LAG: usize = 1 + 5 * CLASSES + 2 * CLASSES;
/// By class, over the last eight bars: hits per step; and at this position of the bar: share of
/// bars with a hit, mean velocity, mean offset.
const HABIT: usize = 4 * CLASSES;
/// Part of the beat (4), beat from the front and from the back (4 + 4), phase of the bar (4).
pub(crate) const PLACE: usize = 16;
/// Bar number modulo 8 (3 bits), first bar, bars so far.
const BAR: usize = 5;
/// Tempo (2), meter (4), fill; they follow the style cells.
const KIND: usize = 7;

/// Bars in the running means.
const MEMORY: usize = 8;

/// Kind of playing: the global inputs of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Style number as in [`crate::pattern::style`]; 0 is any.
    pub style: u8,
    /// A second style and its share of the two, 0 to 1.
    pub blend: (u8, f32),
    /// Quarter notes a minute.
    pub tempo: f32,
    /// Time signature.
    pub meter: Meter,
    /// True in a fill.
    pub fill: bool,
}

/// Writes the row for the step that follows `past`, whose first step begins a bar. `row` has
/// [`Inputs::row`] cells; all of them are written, and the style cells are 0.
/// [`Metadata::write_row`](crate::model::Metadata::write_row) writes these, too.
pub(super) fn write_row(inputs: Inputs, past: &[Step], kind: &Kind, row: &mut [f32]) {
    row.fill(0.0);
    match inputs {
        Inputs::Lags => write_lags(past, kind, row),
        Inputs::DrumRnn => write_drum_rnn(past, row),
    }
}

fn write_drum_rnn(past: &[Step], row: &mut [f32]) {
    let subsets = row.len() - COUNTERS;
    let mut out = RowWriter { row, at: 0 };
    let before = past.last().map_or(usize::MAX, |step| step.drums().bits().into());
    out.one_hot(subsets, before);
    for (bit, cell) in out.take(COUNTERS).iter_mut().enumerate() {
        *cell = if past.len() >> bit & 1 == 1 { 1.0 } else { -1.0 };
    }
}

fn write_lags(past: &[Step], kind: &Kind, row: &mut [f32]) {
    let style_cells = row.len() - STYLES_AT - KIND;
    let mut out = RowWriter { row, at: 0 };
    let now = past.len();
    let bar = kind.meter.steps();
    recent(past, &mut out);
    for lag in LAGS {
        earlier_bar(past, lag * bar, &mut out);
    }
    habits(past, bar, &mut out);
    place(now % bar, kind.meter, &mut out);
    bar_number(now / bar, &mut out);
    out.take(style_cells);
    kind_of_playing(kind, &mut out);
}

/// Position in the row, advanced as blocks are written.
struct RowWriter<'a> {
    row: &'a mut [f32],
    at: usize,
}

impl RowWriter<'_> {
    fn take(&mut self, length: usize) -> &mut [f32] {
        let block = &mut self.row[self.at..self.at + length];
        self.at += length;
        block
    }

    fn one_hot(&mut self, length: usize, index: usize) {
        if let Some(cell) = self.take(length).get_mut(index) {
            *cell = 1.0;
        }
    }

    fn hits(&mut self, step: Option<&Step>) {
        let block = self.take(CLASSES);
        for (drum, _) in step.into_iter().flat_map(Step::hits) {
            block[drum.index()] = 1.0;
        }
    }

    fn velocities_and_offsets(&mut self, step: Option<&Step>) {
        let block = self.take(2 * CLASSES);
        for (drum, hit) in step.into_iter().flat_map(Step::hits) {
            block[drum.index()] = hit.velocity();
            // An offset is at most half a step: doubled, it spans -1 to 1.
            block[CLASSES + drum.index()] = 2.0 * hit.offset();
        }
    }
}

fn recent(past: &[Step], out: &mut RowWriter) {
    let back = |n: usize| past.len().checked_sub(n).map(|i| &past[i]);
    out.hits(back(1));
    out.velocities_and_offsets(back(1));
    for n in 2..=4 {
        out.hits(back(n));
    }
}

fn earlier_bar(past: &[Step], distance: usize, out: &mut RowWriter) {
    let same = past.len().checked_sub(distance);
    out.take(1)[0] = f32::from(u8::from(same.is_some()));
    for shift in AROUND {
        let step = same.and_then(|i| i.checked_add_signed(shift)).and_then(|i| past.get(i));
        out.hits(step);
    }
    out.velocities_and_offsets(same.and_then(|i| past.get(i)));
}

fn habits(past: &[Step], bar: usize, out: &mut RowWriter) {
    let block = out.take(HABIT);
    let (rate, place) = block.split_at_mut(CLASSES);
    let (share, rest) = place.split_at_mut(CLASSES);
    let (velocity, offset) = rest.split_at_mut(CLASSES);
    let window = past.len().min(MEMORY * bar);
    for (drum, _) in past[past.len() - window..].iter().flat_map(Step::hits) {
        rate[drum.index()] += 1.0;
    }
    let window = window.max(1) as f32;
    // Four times the hits per step: hits per beat, around 1.
    rate.iter_mut().for_each(|r| *r *= 4.0 / window);
    let mut bars = 0.0f32;
    for lag in 1..=MEMORY {
        let Some(i) = past.len().checked_sub(lag * bar) else { break };
        bars += 1.0;
        for (drum, hit) in past[i].hits() {
            share[drum.index()] += 1.0;
            velocity[drum.index()] += hit.velocity();
            offset[drum.index()] += 2.0 * hit.offset();
        }
    }
    for class in 0..CLASSES {
        let struck = share[class].max(1.0);
        velocity[class] /= struck;
        offset[class] /= struck;
        share[class] /= bars.max(1.0);
    }
}

/// Writes the position of a step of the bar to [`PLACE`] cells.
pub(crate) fn write_place(step: usize, meter: Meter, cells: &mut [f32]) {
    place(step, meter, &mut RowWriter { row: cells, at: 0 });
}

fn place(step: usize, meter: Meter, out: &mut RowWriter) {
    let (bar, beat, beats) = (meter.steps(), meter.beat_steps(), meter.whole_beats());
    let number = (step / beat).min(beats - 1);
    let part = step - number * beat;
    // In a compound beat the eighths are parts 0, 2, 2 and the sixteenths between them 1.
    let part = match (beat, part) {
        (6, 1 | 3 | 5) => 1,
        (6, 2 | 4) => 2,
        (_, part) => part,
    };
    out.one_hot(4, part);
    out.one_hot(4, number);
    out.one_hot(4, beats - 1 - number);
    let turn = step as f32 / bar as f32 * std::f32::consts::TAU;
    let phase = [sinf(turn), cosf(turn), sinf(2.0 * turn), cosf(2.0 * turn)];
    out.take(4).copy_from_slice(&phase);
}

fn bar_number(bar: usize, out: &mut RowWriter) {
    let block = out.take(BAR);
    for (bit, cell) in block[..3].iter_mut().enumerate() {
        *cell = f32::from(u8::from(bar >> bit & 1 == 1));
    }
    block[3] = f32::from(u8::from(bar == 0));
    block[4] = (bar.min(16) as f32 / 16.0).sqrt();
}

fn kind_of_playing(kind: &Kind, out: &mut RowWriter) {
    let octaves = log2f(kind.tempo.clamp(30.0, 480.0) / 120.0);
    out.take(2).copy_from_slice(&[octaves, octaves * octaves]);
    let meter = match (kind.meter.numerator, kind.meter.denominator) {
        (4, 4) => 0,
        (3, 4) => 1,
        _ if kind.meter.beat_steps() == 6 => 2,
        _ => 3,
    };
    out.one_hot(4, meter);
    out.take(1)[0] = f32::from(u8::from(kind.fill));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::drum::Drum;

    const KIND_ROCK: Kind =
        Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };

    fn row(past: &[Step], kind: &Kind) -> Vec<f32> {
        let mut row = vec![f32::NAN; Inputs::Lags.row(512, 23)];
        write_row(Inputs::Lags, past, kind, &mut row);
        row
    }

    #[test]
    fn all_input_cells_are_written_and_bounded() {
        let mut step = Step::SILENT;
        Drum::ALL.iter().for_each(|&d| step.set(d, Some(Hit::new(1.0, -0.5))));
        for (n, d) in [(4, 4), (3, 4), (6, 8), (7, 8), (5, 8), (12, 8), (1, 32), (255, 1)] {
            for length in [0, 1, 5, 16, 17, 200, 1_000] {
                let kind = Kind { meter: Meter::new(n, d), ..KIND_ROCK };
                let row = row(&vec![step; length], &kind);
                assert!(row.iter().all(|x| x.abs() <= 4.0), "{n}/{d} after {length}");
            }
        }
    }

    #[test]
    fn lag_features_show_the_same_position_of_the_previous_bar() {
        let mut past = vec![Step::SILENT; 20];
        past[4].set(Drum::Crash, Some(Hit::new(0.5, 0.25)));
        let row = row(&past, &KIND_ROCK);
        let lag = &row[RECENT..RECENT + LAG];
        assert_eq!(lag[0], 1.0);
        let struck: Vec<usize> = (0..5 * CLASSES).filter(|&i| lag[1 + i] > 0.0).collect();
        assert_eq!(struck, [2 * CLASSES + Drum::Crash.index()]);
        assert_eq!(lag[1 + 5 * CLASSES + Drum::Crash.index()], Hit::new(0.5, 0.0).velocity());
        assert_eq!(lag[1 + 6 * CLASSES + Drum::Crash.index()], 0.5);
        assert_eq!(row[RECENT + LAG], 0.0, "there is no bar before that one");
    }

    #[test]
    fn drum_rnn_row_has_previous_subset_and_step_counter() {
        let mut past = vec![Step::SILENT; 37];
        past[36].set(Drum::Snare, Some(Hit::new(0.5, 0.0)));
        let mut row = vec![f32::NAN; Inputs::DrumRnn.row(512, 23)];
        write_row(Inputs::DrumRnn, &past, &KIND_ROCK, &mut row);
        assert_eq!(row.len(), 518);
        let (struck, counters) = row.split_at(512);
        assert!(struck.iter().enumerate().all(|(i, &x)| x == f32::from(u8::from(i == 2))));
        // 37 is 100101.
        assert_eq!(counters, [1.0, -1.0, 1.0, -1.0, -1.0, 1.0]);
        write_row(Inputs::DrumRnn, &[], &KIND_ROCK, &mut row);
        assert!(row[..512].iter().all(|&x| x == 0.0), "nothing was before the first step");
        for (name, inputs) in Inputs::NAMES {
            assert_eq!(serde_json::to_string(&inputs).expect("text"), format!("\"{name}\""));
        }
    }

    #[test]
    fn first_and_last_beats_have_the_same_cells_in_all_meters() {
        for (n, d) in [(4, 4), (3, 4), (5, 4), (7, 8), (6, 8), (12, 8)] {
            let meter = Meter::new(n, d);
            let kind = Kind { meter, ..KIND_ROCK };
            let at = RECENT + LAGS.len() * LAG + HABIT;
            let first = row(&[], &kind);
            assert_eq!(first[at], 1.0, "on the beat");
            assert_eq!(first[at + 4], 1.0, "first beat of {n}/{d}");
            let last = row(&vec![Step::SILENT; meter.steps() - meter.beat_steps()], &kind);
            assert!(n == 7 || last[at + 8] == 1.0, "last beat of {n}/{d}");
        }
    }
}
