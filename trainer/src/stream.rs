//! An endless stream of batches: passes through pieces, one after the other in each lane.
//!
//! A pass is a fill, a whole beat, or a part of a beat that begins at the start of any of its
//! phrases as if nothing had been played before: so the network learns to begin from more than a
//! few beginnings, and every bar of the data counts alike. Some passes are altered: a fill is put
//! into a beat, a beat is rewritten in another meter, the style is not told; and some are told with
//! slips in their past, so that the network, which will hear its own slips, learns to play on.
//! A model that is told what Drum RNN is told learns as Drum RNN does: each piece whole, as it is.

use std::sync::Arc;

use anyhow::{Result, ensure};
use groove::encode::{Inputs, Kind};
use groove::model::Metadata;
use groove::{Drum, Hit, Meter, Step};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::batch::{Batch, Place};
use crate::data::Piece;
use crate::ops::Rows;

/// Share of the passes that are fills, and of the others those that are whole beats.
const FILLS: f64 = 0.33;
const WHOLE: f64 = 0.4;
/// Bars of a phrase, at whose start a part may begin, and most bars of a part.
const PHRASE: usize = 4;
const LONGEST: usize = 64;
/// Share of the passes that do not tell the network their style: so it learns to play `any`.
const STYLE_DROPOUT: f64 = 0.15;
/// Greatest change of the tempo that the network is told, in octaves.
const TEMPO_JITTER: f32 = 0.08;
/// Share of the parts into which fills are put, and of the bars that then end with one.
const FILLED: f64 = 0.25;
const FILLED_BARS: f64 = 0.15;
/// Share of the parts in 4/4 that are rewritten in another meter.
const OTHER_METER: f64 = 0.06;

/// Share of the passes whose past is told with slips in it, and of the steps that then have one.
const SLIPPED: f64 = 0.5;
const SLIPS: f64 = 0.04;

/// The stream: a function of its seed.
pub struct Stream {
    /// Of the model that learns.
    metadata: Metadata,
    beats: Vec<Piece>,
    fills: Vec<Piece>,
    /// Bars of all beats up to and with each one.
    bars: Vec<usize>,
    rows: Rows,
    draws: ChaCha8Rng,
    /// Whole beats and fills that are still to come before one comes again.
    beat_deck: Vec<usize>,
    fill_deck: Vec<usize>,
    lanes: Vec<Pass>,
}

/// A pass, in a lane.
#[derive(Clone)]
struct Pass {
    steps: Arc<Vec<Step>>,
    /// The steps as the network is told them once they are past.
    told: Arc<Vec<Step>>,
    /// By step: whether it is part of a fill.
    fill: Arc<Vec<bool>>,
    /// The next step.
    at: usize,
    /// What the network is told of the piece.
    kind: Kind,
}

impl Stream {
    /// A stream over pieces for such a model.
    ///
    /// # Errors
    /// When there is nothing to stream.
    pub fn new(metadata: &Metadata, pieces: Vec<Piece>, rows: Rows, seed: u64) -> Result<Stream> {
        let pieces = pieces.into_iter().filter(|piece| !piece.steps.is_empty());
        let (fills, beats): (Vec<Piece>, Vec<Piece>) = pieces.partition(|piece| piece.kind.fill);
        ensure!(
            !fills.is_empty() || !beats.is_empty(),
            "there is nothing to learn from in the train split"
        );
        let bars = beats.iter().scan(0, |sum, piece| {
            *sum += piece.steps.len().div_ceil(piece.kind.meter.steps());
            Some(*sum)
        });
        let mut stream = Stream {
            metadata: metadata.clone(),
            bars: bars.collect(),
            beats,
            fills,
            rows,
            draws: ChaCha8Rng::seed_from_u64(seed),
            beat_deck: Vec::new(),
            fill_deck: Vec::new(),
            lanes: Vec::new(),
        };
        for _ in 0..rows.parts * rows.lanes {
            let next = stream.deal();
            stream.lanes.push(next);
        }
        Ok(stream)
    }

    /// The next pass.
    fn deal(&mut self) -> Pass {
        match self.metadata.inputs {
            Inputs::Lags => self.deal_altered(),
            Inputs::DrumRnn => self.deal_whole(),
        }
    }

    fn deal_whole(&mut self) -> Pass {
        let (beats, fills) = (&self.beats, &self.fills);
        let card = next_card(&mut self.beat_deck, beats.len() + fills.len(), &mut self.draws);
        let piece = beats.get(card).unwrap_or_else(|| &fills[card - beats.len()]);
        let steps = Arc::new(piece.steps.clone());
        let fill = Arc::new(vec![piece.kind.fill; steps.len()]);
        Pass { told: steps.clone(), steps, fill, at: 0, kind: piece.kind }
    }

    fn deal_altered(&mut self) -> Pass {
        let draws = &mut self.draws;
        let fill = self.beats.is_empty() || !self.fills.is_empty() && draws.random_bool(FILLS);
        let (mut steps, mut kind) = if fill {
            let piece = &self.fills[next_card(&mut self.fill_deck, self.fills.len(), draws)];
            (piece.steps.clone(), piece.kind)
        } else if draws.random_bool(WHOLE) {
            let piece = &self.beats[next_card(&mut self.beat_deck, self.beats.len(), draws)];
            (piece.steps.clone(), piece.kind)
        } else {
            let bar = draws.random_range(0..self.bars[self.bars.len() - 1]);
            let piece = &self.beats[self.bars.partition_point(|&sum| sum <= bar)];
            let bar = piece.kind.meter.steps();
            let phrases = piece.steps.len().div_ceil(PHRASE * bar);
            let start = draws.random_range(0..phrases) * PHRASE * bar;
            let end = piece.steps.len().min(start + LONGEST * bar);
            (piece.steps[start..end].to_vec(), piece.kind)
        };
        let mut fill = vec![kind.fill; steps.len()];
        if !kind.fill && draws.random_bool(FILLED) {
            put_fills(&mut steps, &mut fill, &kind, &self.fills, draws);
        } else if !kind.fill && kind.meter == Meter::FOUR_FOUR && draws.random_bool(OTHER_METER) {
            (steps, kind.meter) = in_other_meter(&steps, draws);
            fill = vec![false; steps.len()];
        }
        if draws.random_bool(STYLE_DROPOUT) {
            kind.style = 0;
        }
        kind.tempo *= draws.random_range(-TEMPO_JITTER..TEMPO_JITTER).exp2();
        let steps = Arc::new(steps);
        let told = match draws.random_bool(SLIPPED) {
            true => Arc::new(with_slips(&steps, draws)),
            false => steps.clone(),
        };
        Pass { steps, told, fill: Arc::new(fill), at: 0, kind }
    }

    /// Moves on by one batch; gives the pass, at its step, of every row.
    fn advance(&mut self) -> Vec<Pass> {
        let mut passes = vec![self.lanes[0].clone(); self.rows.count()];
        for step in 0..self.rows.steps {
            for lane in 0..self.lanes.len() {
                let pass = &mut self.lanes[lane];
                passes[self.rows.row(lane, step)] = pass.clone();
                pass.at += 1;
                if pass.at == pass.steps.len() {
                    self.lanes[lane] = self.deal();
                }
            }
        }
        passes
    }

    /// Leaves a batch out, for a training that goes on where another one stopped.
    pub fn skip(&mut self) {
        self.advance();
    }

    /// The next batch.
    ///
    /// # Errors
    /// When Candle cannot make the tensors.
    pub fn next(&mut self) -> Result<Batch> {
        let passes = self.advance();
        let places: Vec<Option<Place>> = passes
            .iter()
            .map(|pass| {
                let kind = Kind { fill: pass.fill[pass.at], ..pass.kind };
                Some(Place { past: &pass.told[..pass.at], step: &pass.steps[pass.at], kind })
            })
            .collect();
        Batch::new(&self.metadata, self.rows, &places)
    }
}

/// The next number of a shuffled deck of so many, which is shuffled anew when it is used up.
fn next_card(deck: &mut Vec<usize>, count: usize, draws: &mut impl Rng) -> usize {
    if deck.is_empty() {
        deck.extend(0..count);
        deck.shuffle(draws);
    }
    deck.pop().unwrap_or(0)
}

/// Steps some of which lack a hit, have a hit of another step too, or are another step.
fn with_slips(steps: &[Step], draws: &mut impl Rng) -> Vec<Step> {
    let slip = |step: &Step| {
        if !draws.random_bool(SLIPS) {
            return *step;
        }
        let other = steps[draws.random_range(0..steps.len())];
        let hits: Vec<(Drum, Hit)> = step.hits().collect();
        let others: Vec<(Drum, Hit)> = other.hits().collect();
        let mut slipped = *step;
        match (draws.random_range(0..3), hits.choose(draws), others.choose(draws)) {
            (0, Some(&(drum, _)), _) => slipped.set(drum, None),
            (1, _, Some(&(drum, hit))) => slipped.strike(drum, hit),
            _ => slipped = other,
        }
        slipped
    };
    steps.iter().map(slip).collect()
}

/// Ends some bars with a fill of the same meter, and of the same style if there is one: the last
/// beats of a fill, as many as the draw says, so that it ends where the bar ends; what it strikes
/// on the one after it is kept.
fn put_fills(
    steps: &mut [Step],
    marks: &mut [bool],
    kind: &Kind,
    fills: &[Piece],
    draws: &mut impl Rng,
) {
    let bar = kind.meter.steps();
    let fit = |same_style: bool| -> Vec<&Piece> {
        let fits = |fill: &&Piece| {
            let of = &fill.kind;
            of.meter == kind.meter && (!same_style || of.style == kind.style)
        };
        fills.iter().filter(fits).collect()
    };
    let mut fit_fills = fit(true);
    if fit_fills.is_empty() {
        fit_fills = fit(false);
    }
    for end in (2 * bar..=steps.len()).step_by(bar) {
        let Some(fill) = fit_fills.choose(draws).filter(|_| draws.random_bool(FILLED_BARS)) else {
            continue;
        };
        let whole = (fill.steps.len() + bar / 2) / bar;
        let (whole, beats) = (whole.clamp(1, 2) * bar, bar.div_ceil(4));
        // A part is as likely as the whole.
        let length = match draws.random_bool(0.5) {
            true => whole,
            false => (4 * draws.random_range(1..=whole.div_ceil(bar) * beats)).min(whole),
        };
        if marks[end - length..end].contains(&true) {
            continue;
        }
        for back in 1..=length {
            let step = fill.steps.get(whole - back).copied();
            steps[end - back] = step.unwrap_or(Step::SILENT);
            marks[end - back] = true;
        }
        if let (Some(after), Some(one)) = (fill.steps.get(whole), steps.get_mut(end)) {
            after.hits().for_each(|(drum, hit)| one.strike(drum, hit));
        }
    }
}

/// Rewrites a beat in 4/4 in another meter: the data holds few others. Beats are left out or
/// repeated; in compound meters a beat's four sixteenths become the first, third and fifth of six,
/// as a shuffle has them.
fn in_other_meter(steps: &[Step], draws: &mut impl Rng) -> (Vec<Step>, Meter) {
    const LONG: [usize; 6] = [0, 4, 1, 4, 2, 3];
    /// Numerator, denominator, beats that are played, whether compound, steps left out at the end.
    type Plan = (i32, i32, &'static [usize], bool, usize);
    const PLANS: [Plan; 9] = [
        (3, 4, &[0, 1, 3], false, 0),
        (3, 4, &[0, 1, 2], false, 0),
        (5, 4, &[0, 1, 2, 3, 3], false, 0),
        (5, 4, &[0, 1, 2, 1, 3], false, 0),
        (7, 8, &[0, 1, 2, 3], false, 2),
        (6, 8, &[0, 1], true, 0),
        (6, 8, &[2, 3], true, 0),
        (12, 8, &[0, 1, 2, 3], true, 0),
        (9, 8, &[0, 1, 3], true, 0),
    ];
    let &(n, d, beats, compound, cut) = PLANS.choose(draws).unwrap_or(&PLANS[0]);
    let meter = Meter::new(n, d);
    let mut other = Vec::new();
    for bar in steps.chunks(16) {
        let step = |beat: usize, part: usize| bar.get(4 * beat + part).copied();
        let mut whole = Vec::new();
        for &beat in beats {
            if compound {
                whole.extend(LONG.map(|part| step(beat, part).filter(|_| part < 4)));
            } else {
                whole.extend((0..4).map(|part| step(beat, part)));
            }
        }
        whole.truncate(whole.len() - cut);
        other.extend(whole.into_iter().map(Option::unwrap_or_default));
    }
    (other, meter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use groove::Hit;
    use groove::model::Stack;

    fn piece(steps: usize, velocity: u8, fill: bool) -> Piece {
        let mut step = Step::SILENT;
        step.set(Drum::Snare, Some(Hit { velocity, offset_ticks: 0 }));
        let kind = Kind { style: 3, blend: (0, 0.0), tempo: 100.0, meter: Meter::FOUR_FOUR, fill };
        Piece { steps: vec![step; steps], kind, split: Split::Train }
    }

    fn velocity(step: &Step) -> u8 {
        step.hit(Drum::Snare).map_or(0, |hit| hit.velocity)
    }

    #[test]
    fn a_fill_in_a_beat_ends_with_its_bar_and_is_marked() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let fills = [piece(32, 100, true), piece(17, 100, true)];
        let (mut marked, mut ones) = (0, 0);
        for _ in 0..50 {
            let beat = piece(16 * 8, 50, false);
            let (mut steps, mut marks) = (beat.steps, vec![false; 16 * 8]);
            put_fills(&mut steps, &mut marks, &beat.kind, &fills, &mut draws);
            for (at, (step, &mark)) in steps.iter().zip(&marks).enumerate() {
                marked += usize::from(mark);
                let starts = mark && (at == 0 || !marks[at - 1]);
                assert!(!starts || at % 4 == 0, "a fill starts on a beat, not at {at}");
                let ends = !mark && at > 0 && marks[at - 1];
                assert!(!ends || at % 16 == 0, "a fill ends with its bar, not at {at}");
                match velocity(step) {
                    100 if mark => {}
                    100 => {
                        assert!(ends, "what is struck on the one after a fill");
                        ones += 1;
                    }
                    other => assert_eq!((other, mark), (50, false), "step {at}"),
                }
            }
        }
        assert!(marked > 500 && ones > 5, "{marked} steps of fills, {ones} on the one after");
    }

    #[test]
    fn another_meter_has_bars_of_its_own_length_that_begin_alike() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let steps: Vec<Step> = (0..16 * 4)
            .map(|at| piece(1, if at % 16 == 0 { 120 } else { 60 }, false).steps[0])
            .collect();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let (other, meter) = in_other_meter(&steps, &mut draws);
            assert_eq!(other.len(), 4 * meter.steps());
            seen.insert(meter);
            if meter != Meter::new(6, 8) {
                assert!(other.chunks(meter.steps()).all(|bar| velocity(&bar[0]) == 120));
            }
        }
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn the_stream_is_a_function_of_its_seed_and_can_skip() -> Result<()> {
        let pieces = || vec![piece(100, 50, false), piece(70, 60, false), piece(20, 90, true)];
        let rows = Rows { parts: 1, steps: 40, lanes: 3 };
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let stream = || Stream::new(&metadata, pieces(), rows, 9);
        let (mut one, mut two) = (stream()?, stream()?);
        for _ in 0..3 {
            one.next()?;
            two.skip();
        }
        let (one, two) = (one.next()?, two.next()?);
        assert_eq!(one.starts, two.starts);
        assert_eq!(one.manner.outcomes, two.manner.outcomes);
        assert!(one.starts.contains(&true));
        Ok(())
    }

    #[test]
    fn what_drum_rnn_learns_from_is_whole_and_unaltered() -> Result<()> {
        let pieces = vec![piece(100, 50, false), piece(70, 60, false), piece(20, 90, true)];
        let stack = Stack { layers: 1, cells: 1 };
        let inputs = Inputs::DrumRnn;
        let metadata = Metadata { inputs, ..Metadata::new("", stack, stack, "") };
        let rows = Rows { parts: 1, steps: 1, lanes: 1 };
        let mut stream = Stream::new(&metadata, pieces.clone(), rows, 9)?;
        let mut dealt: Vec<Pass> = (0..2).map(|_| stream.deal()).collect();
        dealt.push(stream.lanes[0].clone());
        dealt.sort_by_key(|pass| std::cmp::Reverse(pass.steps.len()));
        for (pass, piece) in dealt.iter().zip(&pieces) {
            assert_eq!((&*pass.steps, pass.kind), (&piece.steps, piece.kind));
            assert_eq!(pass.told, pass.steps);
        }
        assert!(stream.next()?.beat.dims() == [1, 518]);
        Ok(())
    }

    #[test]
    fn slips_are_few() {
        let mut draws = ChaCha8Rng::seed_from_u64(4);
        let steps: Vec<Step> = (0..2_000)
            .map(|at| piece(1, 1 + u8::try_from(at % 100).unwrap_or(0), false).steps[0])
            .collect();
        let told = with_slips(&steps, &mut draws);
        let slipped = steps.iter().zip(&told).filter(|(a, b)| a != b).count();
        assert!((20..200).contains(&slipped), "{slipped} of 2000");
    }
}
