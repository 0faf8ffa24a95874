//! The stroke network: how a struck drum is played. Given a hit's velocity and offset, it chooses
//! the articulation, the number of strokes, and gap, velocity and articulation of each further
//! stroke.
//!
//! It is a feed-forward network of two hidden layers without state, applied to one hit at a time.
//! Its inputs sum up the articulations and strokes of the past. It is evaluated once for the
//! articulation of the main stroke, and then once before each further stroke, in order of time,
//! until it chooses to stop.

use libm::{expf, log2f};

use crate::model::encode::{self, Kind, PLACE};
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::{Articulation, Hit, MAX_STROKES, Step, Stroke};

/// Articulations of a class that the network chooses among, at most.
pub const ARTICULATIONS: usize = 4;
/// Outcomes after a stroke: no further one, or one with an articulation.
pub const NEXT: usize = 1 + ARTICULATIONS;
/// Bins of a further stroke's gap to the main one, and ticks of 1/240 step per bin.
pub const GAP_BINS: usize = 32;
const GAP_BIN: i16 = 15;
/// Bins of a further stroke's velocity as a share of the main one.
pub const RATIO_BINS: usize = 16;
/// Distributions of the outputs: articulation of the main stroke; next stroke; and gap and velocity
/// of a further stroke, first for strokes of the main articulation, then for others.
pub const SIZES: [usize; 6] = [ARTICULATIONS, NEXT, GAP_BINS, RATIO_BINS, GAP_BINS, RATIO_BINS];
/// Number of outputs.
pub const OUTPUTS: usize = ARTICULATIONS + NEXT + 2 * (GAP_BINS + RATIO_BINS);

/// Cells of both hidden layers.
pub const HIDDEN: [usize; 2] = [160, 80];

/// Velocity ranges with a cell of their own.
const LEVELS: usize = 8;
/// Bars whose hits are summed up.
const BARS: usize = 8;
/// Velocities closer than about this many of 127 are alike.
const ALIKE: f32 = 10.0;
/// Longest pause since the last hit of the class with a cell of its own, in steps.
const PAUSE: usize = 5;

/// Cells of the history of a class: last articulation and its number of strokes; articulation and
/// strokes at the same position one and two bars ago; by articulation, shares of the last bars, of
/// their hits at this position, and of those as loud as this one, and mean velocities; the same
/// three shares of hits with further strokes; pause, last velocity, and number of hits.
const HISTORY: usize = 3 * (ARTICULATIONS + MAX_STROKES) + 4 * ARTICULATIONS + 3 + PAUSE + 2;
/// Cells of the style: those of the style numbers 1 to 23. Any other style has none.
const STYLE_CELLS: usize = 23;
/// Cells of the hit: class, velocity, its range, offset, drums struck now and before, style, tempo,
/// fill, position.
const HIT: usize = CLASSES + 1 + LEVELS + 1 + 2 * CLASSES + STYLE_CELLS + 2 + PLACE;
/// Cells of the strokes so far: articulation of the main one; number; gap, velocity and deviating
/// articulation of the last further one.
const SO_FAR: usize = ARTICULATIONS + MAX_STROKES + 3;
/// Number of inputs.
pub const INPUTS: usize = HIT + HISTORY + SO_FAR;

/// A place in a row, advanced as values are written.
struct Cells<'a> {
    row: &'a mut [f32],
    at: usize,
}

impl Cells<'_> {
    fn put(&mut self, value: f32) {
        self.row[self.at] = value;
        self.at += 1;
    }

    fn one_hot(&mut self, length: usize, index: Option<usize>) {
        if let Some(index) = index.filter(|&index| index < length) {
            self.row[self.at + index] = 1.0;
        }
        self.at += length;
    }

    fn drums(&mut self, drums: DrumSet) {
        drums.iter().for_each(|drum| self.row[self.at + drum.index()] = 1.0);
        self.at += CLASSES;
    }

    fn strokes(&mut self, drum: Drum, hit: Option<Hit>) {
        self.one_hot(ARTICULATIONS, hit.map(|hit| hit.articulation.index_in(drum)));
        self.one_hot(MAX_STROKES, hit.map(|hit| hit.strokes().count() - 1));
    }
}

/// Writes the inputs of a hit before its strokes are known. `past` are the steps before it, `main`
/// its velocity and offset, `struck` the drums of its step. `row` has [`INPUTS`] cells.
pub fn write_row(
    past: &[Step],
    kind: &Kind,
    struck: DrumSet,
    drum: Drum,
    main: Hit,
    row: &mut [f32],
) {
    debug_assert_eq!(row.len(), INPUTS);
    row.fill(0.0);
    let mut out = Cells { row, at: 0 };
    out.one_hot(CLASSES, Some(drum.index()));
    out.put(main.velocity());
    out.one_hot(LEVELS, Some(usize::from(main.velocity) * LEVELS / 128));
    out.put(2.0 * main.offset());
    out.drums(struck);
    out.drums(past.last().map_or(DrumSet::EMPTY, Step::drums));
    let (second, share) = kind.blend;
    for (style, share) in [(kind.style, 1.0 - share), (second, share)] {
        let style = usize::from(style).wrapping_sub(1);
        if style < STYLE_CELLS {
            out.row[out.at + style] += share;
        }
    }
    out.at += STYLE_CELLS;
    out.put(log2f(kind.tempo.clamp(20.0, 400.0) / 110.0));
    out.put(f32::from(u8::from(kind.fill)));
    let bar = kind.meter.steps();
    encode::write_place(past.len() % bar, kind.meter, &mut out.row[out.at..out.at + PLACE]);
    out.at += PLACE;
    debug_assert_eq!(out.at, HIT);
    history(past, bar, drum, main, &mut out);
    debug_assert_eq!(out.at, HIT + HISTORY);
}

/// Weighted sums over hits, by articulation and of hits with further strokes.
#[derive(Default)]
struct Shares {
    by_articulation: [f32; ARTICULATIONS],
    more: f32,
    sum: f32,
}

impl Shares {
    fn add(&mut self, place: usize, more: bool, weight: f32) {
        if let Some(share) = self.by_articulation.get_mut(place) {
            *share += weight;
        }
        self.more += weight * f32::from(u8::from(more));
        self.sum += weight;
    }

    /// Shares, drawn towards 0 if there are few hits.
    fn write(&self, out: &mut Cells) -> f32 {
        let sum = self.sum + 0.1;
        self.by_articulation.iter().for_each(|share| out.put(share / sum));
        self.more / sum
    }
}

fn history(past: &[Step], bar: usize, drum: Drum, main: Hit, out: &mut Cells) {
    let mut last: Option<(usize, Hit)> = None;
    let [mut all, mut here, mut alike] = [(); 3].map(|()| Shares::default());
    let mut velocities = [(0.0, 0.0); ARTICULATIONS];
    let window = past.len().min(BARS * bar);
    for (age, step) in (1..=window).zip(past.iter().rev()) {
        let Some(hit) = step.hit(drum) else { continue };
        last.get_or_insert((age, hit));
        let place = hit.articulation.index_in(drum);
        let more = hit.further[0].velocity > 0;
        all.add(place, more, 1.0);
        if age % bar == 0 {
            here.add(place, more, 1.0);
        }
        let apart = (f32::from(hit.velocity) - f32::from(main.velocity)) / ALIKE;
        alike.add(place, more, expf(-0.5 * apart * apart));
        if let Some((sum, count)) = velocities.get_mut(place) {
            *sum += hit.velocity();
            *count += 1.0;
        }
    }
    let ago = |bars: usize| past.len().checked_sub(bars * bar).and_then(|at| past[at].hit(drum));
    out.strokes(drum, last.map(|(_, hit)| hit));
    out.strokes(drum, ago(1));
    out.strokes(drum, ago(2));
    let more = [&all, &here, &alike].map(|shares| shares.write(out));
    more.into_iter().for_each(|share| out.put(share));
    velocities.iter().for_each(|(sum, count)| out.put(sum / f32::max(*count, 1.0)));
    out.one_hot(PAUSE, last.map(|(age, _)| age.min(PAUSE) - 1));
    out.put(last.map_or(0.0, |(_, hit)| hit.velocity()));
    out.put(log2f(1.0 + all.sum) / 6.0);
}

/// Completes a row with the strokes so far: the main one, and the further ones in order of time.
pub fn write_so_far(drum: Drum, main: Stroke, further: &[Stroke], row: &mut [f32]) {
    let so_far = &mut row[HIT + HISTORY..];
    so_far.fill(0.0);
    let mut out = Cells { row: so_far, at: 0 };
    out.one_hot(ARTICULATIONS, Some(main.articulation.index_in(drum)));
    out.one_hot(MAX_STROKES, Some(further.len()));
    if let Some(last) = further.last() {
        let (gap, ratio) = (gap_bin(main, *last) as f32, ratio_bin(main, *last) as f32);
        out.put(2.0 * (gap + 0.5) / GAP_BINS as f32 - 1.0);
        out.put((ratio + 0.5) / RATIO_BINS as f32);
        out.put(f32::from(u8::from(last.articulation != main.articulation)));
    }
}

/// Bin of the gap between the main stroke and a further one.
fn gap_bin(main: Stroke, further: Stroke) -> usize {
    let gap = i16::from(further.offset_ticks) - i16::from(main.offset_ticks);
    usize::try_from((gap + GAP_BIN * 16).div_euclid(GAP_BIN)).unwrap_or(0).min(GAP_BINS - 1)
}

/// Bin of a further stroke's velocity as a share of the main one's.
fn ratio_bin(main: Stroke, further: Stroke) -> usize {
    let ratio = usize::from(further.velocity) * RATIO_BINS / usize::from(main.velocity.max(1));
    ratio.min(RATIO_BINS - 1)
}

/// Outcomes of the distributions of [`SIZES`] after these strokes; `next` is the further stroke
/// that follows, if any. `None` at distributions that do not apply. The articulation of the main
/// stroke is a choice of its own, see [`articulation_outcome`].
#[must_use]
pub fn next_outcomes(drum: Drum, main: Stroke, next: Option<Stroke>) -> [Option<usize>; 6] {
    let Some(next) = next else { return [None, Some(0), None, None, None, None] };
    let kind = Some(1 + next.articulation.index_in(drum).min(ARTICULATIONS - 1));
    let (gap, ratio) = (Some(gap_bin(main, next)), Some(ratio_bin(main, next)));
    match next.articulation == main.articulation {
        true => [None, kind, gap, ratio, None, None],
        false => [None, kind, None, None, gap, ratio],
    }
}

/// Outcomes of the distributions of [`SIZES`] before the main stroke. `None` for the articulations
/// of clips that drummers do not play.
#[must_use]
pub fn articulation_outcome(drum: Drum, main: Stroke) -> [Option<usize>; 6] {
    let place = Some(main.articulation.index_in(drum));
    [place.filter(|&place| place < Articulation::played(drum)), None, None, None, None, None]
}

/// The stroke at a position in the bins of gap and velocity: the whole part is the bin, the
/// fraction the position within. `None` if it would leave the step.
#[must_use]
#[expect(clippy::cast_possible_truncation)]
pub fn stroke_at(main: Stroke, articulation: Articulation, gap: f32, ratio: f32) -> Option<Stroke> {
    let gap = (gap * f32::from(GAP_BIN)).floor() as i16 - GAP_BIN * 16;
    let offset = i8::try_from(i16::from(main.offset_ticks) + gap).ok()?;
    if !Hit::OFFSETS.contains(&offset) {
        return None;
    }
    let velocity = ratio / RATIO_BINS as f32 * f32::from(main.velocity);
    let velocity = Hit::new(velocity / 127.0, 0.0).velocity.min(main.velocity);
    Some(Stroke { velocity, offset_ticks: offset, articulation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Meter;

    const KIND: Kind =
        Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };

    fn stroke(velocity: u8, offset_ticks: i8, articulation: Articulation) -> Stroke {
        Stroke { velocity, offset_ticks, articulation }
    }

    #[test]
    fn sizes_add_up() {
        assert_eq!(SIZES.iter().sum::<usize>(), OUTPUTS);
        assert!(Drum::ALL.into_iter().all(|drum| Articulation::played(drum) <= ARTICULATIONS));
    }

    #[test]
    fn a_row_shows_the_articulations_and_strokes_of_the_past() {
        let drum = Drum::Snare;
        let rim = stroke(100, 3, Articulation::Rim);
        let drag = Hit::of_strokes([rim, stroke(30, -60, Articulation::Plain)]);
        let mut past = vec![Step::SILENT; 20];
        past[4].set(drum, drag);
        past[12].set(drum, Some(Hit::plain(60, 0)));
        let [mut row, mut other] = [[0.0; INPUTS]; 2];
        let struck: DrumSet = [drum].into_iter().collect();
        write_row(&past, &KIND, struck, drum, Hit::plain(98, 0), &mut row);
        assert!(row.iter().all(|cell| cell.is_finite() && cell.abs() <= 2.0));
        let history = &row[HIT..];
        assert_eq!(history[..8], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], "the last hit");
        assert_eq!(history[8..16], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], "a bar ago");
        assert!(row[HIT + HISTORY..].iter().all(|&cell| cell == 0.0), "no strokes yet");
        past[4].set(drum, Some(Hit::plain(100, 3)));
        write_row(&past, &KIND, struck, drum, Hit::plain(98, 0), &mut other);
        assert_ne!(row, other);
        write_so_far(drum, rim, &[stroke(30, -60, Articulation::Plain)], &mut row);
        assert_eq!(row[HIT + HISTORY..][..8], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(row[INPUTS - 1], 1.0, "another articulation");
    }

    #[test]
    fn strokes_lie_in_the_bins_of_their_outcomes() {
        let main = stroke(100, -10, Articulation::Plain);
        for (velocity, offset) in [(1, -120), (37, -70), (99, -10), (100, 119), (64, 20)] {
            let next = stroke(velocity, offset, Articulation::Rim);
            let outcomes = next_outcomes(Drum::Snare, main, Some(next));
            assert_eq!(outcomes[..4], [None, Some(2), None, None]);
            let [gap, ratio] = [outcomes[4], outcomes[5]].map(|bin| bin.expect("a bin") as f32);
            let low = stroke_at(main, next.articulation, gap, ratio);
            let low = low.unwrap_or(stroke(1, -120, Articulation::Rim));
            assert!(offset >= low.offset_ticks && offset - low.offset_ticks < 15);
            assert!(velocity.abs_diff(low.velocity) <= 7, "{velocity} {}", low.velocity);
        }
        assert_eq!(next_outcomes(Drum::Snare, main, None)[1], Some(0));
    }
}
