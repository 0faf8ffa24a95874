//! Calibration of the stroke network: [`StrokeOffsets`] by style, found in free playing.
//!
//! Many rounds of few takes with shrinking corrections, as in [`super`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use groove::learn::data::{Data, Piece, Split};
use groove::model::stroke_offsets::StrokeOffsets;
use groove::model::strokes::ARTICULATIONS;
use groove::model::{self, Model};
use groove::take::{Take, TakeControls};
use groove::{Articulation, CLASSES, Drum};
use rayon::prelude::*;

use crate::files;
use crate::metrics::comparison::{Groove, human, play, tempi};
use crate::metrics::stroke_shares::pedal_on_two_and_four;

/// Rounds, takes per round, and bars per take.
const ROUNDS: u32 = 6;
const TAKES: u32 = 64;
/// Takes per round of a programmed style.
const PROGRAMMED_TAKES: u32 = 16;
const BARS: i64 = 16;
/// First seed, far from those of the evaluation and of the other calibration.
const FIRST_SEED: u32 = 2_000_000;
/// Minimum number of beats for a style to get its own offsets, and minimum number of hits of a
/// class, by drummers and in a round.
const ENOUGH: usize = 8;
const ENOUGH_HITS: [f64; 2] = [100.0, 30.0];
/// Gain of the first round, of the log of a share's error.
const GAIN: f32 = 0.6;
/// Shares added to both sides before taking that log, so that rare ones are hardly corrected; the
/// second for hits with further strokes.
const SELDOM: f64 = 0.01;
const SELDOM_FURTHER: f64 = 0.004;
/// Limit of an offset.
const MOST: f32 = 3.0;

/// Returns the bytes of a model with calibrated strokes; a model without a stroke network is
/// returned as it is.
pub(crate) fn with_stroke_offsets(path: &Path, bytes: &[u8], data: &Data) -> Result<Vec<u8>> {
    let model = files::parse_model(path, bytes)?;
    if !model.metadata().has_strokes() {
        return Ok(bytes.to_vec());
    }
    let (mut metadata, lead_ins) = (model.metadata().clone(), model.lead_ins().to_vec());
    eprintln!("playing, to calibrate each style's strokes");
    metadata.stroke_offsets = find_stroke_offsets(model, &data.pieces)?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    Ok(model::write(&metadata, &tensors, &lead_ins, true)?)
}

/// Finds the offsets of the styles with enough beats, by style number, starting from the model's.
/// The other styles keep theirs.
fn find_stroke_offsets(model: Model, pieces: &[Piece]) -> Result<BTreeMap<u8, StrokeOffsets>> {
    let known = model.metadata().stroke_offsets.clone();
    let styles: Vec<u8> =
        std::iter::once(0).chain(model.metadata().style_numbers.iter().copied()).collect();
    let mut model = Arc::new(model);
    styles.iter().try_fold(known, |all, &style| offsets_of(&mut model, pieces, style, all, TAKES))
}

/// Finds the offsets of a style, starting from the model's; the others keep theirs.
pub(crate) fn stroke_offsets_with(
    model: Model,
    pieces: &[Piece],
    style: u8,
) -> Result<BTreeMap<u8, StrokeOffsets>> {
    let known = model.metadata().stroke_offsets.clone();
    offsets_of(&mut Arc::new(model), pieces, style, known, PROGRAMMED_TAKES)
}

/// Adds the offsets of a style with enough beats to the others', found with this many takes per
/// round.
fn offsets_of(
    model: &mut Arc<Model>,
    pieces: &[Piece],
    style: u8,
    mut all: BTreeMap<u8, StrokeOffsets>,
    takes: u32,
) -> Result<BTreeMap<u8, StrokeOffsets>> {
    let drummers = human(pieces, Split::Train, style);
    if drummers.len() < ENOUGH {
        return Ok(all);
    }
    let wanted = Shares::of(&drummers);
    let tempi = tempi(pieces, style);
    all.entry(style).or_default();
    for round in 0..ROUNDS {
        if let Some(model) = Arc::get_mut(model) {
            model.set_stroke_offsets(all.clone());
        }
        let take = |number: u32| -> Result<Groove> {
            let tempo = tempi[number as usize * tempi.len() / takes as usize];
            let seed = FIRST_SEED + round * takes + number;
            let take = TakeControls { seed, style, tempo, ..TakeControls::default() };
            Ok(Groove { bars: play(model, &Take::from(take), BARS)?, tempo })
        };
        let takes: Vec<Groove> = (0..takes).into_par_iter().map(take).collect::<Result<_>>()?;
        let played = Shares::of(&takes);
        let gain = GAIN / (1.0 + 0.5 * round as f32);
        all.entry(style).and_modify(|offsets| correct(offsets, gain, &wanted, &played));
    }
    Ok(all)
}

/// Shares by class, and share of bars with the pedal on 2 and 4.
#[derive(Debug)]
struct Shares {
    classes: [ClassShares; CLASSES],
    backbeat_pedal: f64,
}

impl Shares {
    fn of(grooves: &[Groove]) -> Shares {
        let classes = Drum::ALL.map(|drum| ClassShares::of(grooves, drum));
        Shares { classes, backbeat_pedal: pedal_on_two_and_four(grooves) }
    }
}

/// Shares of a class's hits.
#[derive(Clone, Copy, Debug, Default)]
struct ClassShares {
    hits: f64,
    articulations: [f64; ARTICULATIONS],
    further: f64,
}

impl ClassShares {
    fn of(grooves: &[Groove], drum: Drum) -> ClassShares {
        let mut shares = ClassShares::default();
        let steps = grooves.iter().flat_map(|groove| &groove.bars).flatten();
        for hit in steps.filter_map(|step| step.hit(drum)) {
            shares.hits += 1.0;
            shares.further += f64::from(u8::from(hit.further().next().is_some()));
            if let Some(share) = shares.articulations.get_mut(hit.articulation.index_in(drum)) {
                *share += 1.0;
            }
        }
        let hits = shares.hits.max(1.0);
        shares.further /= hits;
        shares.articulations.iter_mut().for_each(|share| *share /= hits);
        shares
    }
}

/// Corrects the offsets, given the shares of drummers and takes.
fn correct(offsets: &mut StrokeOffsets, gain: f32, wanted: &Shares, played: &Shares) {
    let odds = |share: f64, seldom: f64| ((share + seldom) / (1.0 - share + seldom)).ln();
    let error = |wanted, played, seldom| odds(wanted, seldom) - odds(played, seldom);
    let backbeat = error(wanted.backbeat_pedal, played.backbeat_pedal, SELDOM);
    move_by(&mut offsets.backbeat_pedal, gain, backbeat);
    for drum in Drum::ALL {
        let class = drum.index();
        let (wanted, played) = (&wanted.classes[class], &played.classes[class]);
        if wanted.hits < ENOUGH_HITS[0] || played.hits < ENOUGH_HITS[1] {
            continue;
        }
        let shares = |place: usize| (wanted.articulations[place], played.articulations[place]);
        let of_place = |place: usize| {
            let (wanted, played) = shares(place);
            ((wanted + SELDOM) / (played + SELDOM)).ln()
        };
        // Only differences matter: the first articulation has no offset.
        for place in (1..Articulation::played(drum)).filter(|&place| shares(place) != (0.0, 0.0)) {
            let error = of_place(place) - of_place(0);
            move_by(&mut offsets.articulations[class][place], gain, error);
        }
        let further = error(wanted.further, played.further, SELDOM_FURTHER);
        move_by(&mut offsets.further[class], gain, further);
    }
}

/// Moves an offset by an error. Two decimals are sufficient and keep the header short.
#[expect(clippy::cast_possible_truncation)]
fn move_by(offset: &mut f32, gain: f32, error: f64) {
    let moved = (*offset + gain * error as f32).clamp(-MOST, MOST);
    *offset = (moved * 1e2).round() / 1e2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Hit, Step};

    /// A bar of snares, of which some are rim shots and some have two strokes.
    fn snares(rims: usize, doubled: usize) -> Vec<Groove> {
        let mut bar = [Step::SILENT; 16];
        for (at, step) in bar.iter_mut().enumerate() {
            let articulation = if at < rims { Articulation::Rim } else { Articulation::Plain };
            let main = Hit { articulation, ..Hit::plain(90, 0) };
            let second = Hit::plain(40, 60).main();
            let strokes = std::iter::once(main.main()).chain((at < doubled).then_some(second));
            step.set(Drum::Snare, Hit::of_strokes(strokes));
        }
        vec![Groove { bars: vec![bar; 8], tempo: 120.0 }]
    }

    #[test]
    fn offsets_move_towards_the_drummers() {
        let (wanted, played) = (Shares::of(&snares(8, 2)), Shares::of(&snares(4, 4)));
        assert_eq!((wanted.classes[1].articulations[1], wanted.classes[1].further), (0.5, 0.125));
        let mut offsets = StrokeOffsets::default();
        correct(&mut offsets, 1.0, &wanted, &played);
        // The error of the log-odds is that of the logits.
        let (rim, further) = (3f32.ln(), (1f32 / 7.0).ln() - (1f32 / 3.0).ln());
        assert!((offsets.articulations[1][1] - rim).abs() < 0.05, "{offsets:?}");
        assert!((offsets.further[1] - further).abs() < 0.05, "{offsets:?}");
        let before = offsets;
        correct(&mut offsets, 1.0, &wanted, &wanted);
        assert_eq!(offsets, before);
        assert_eq!(offsets.articulations[1][0], 0.0);
    }

    #[test]
    fn pedal_on_two_and_four_moves_towards_the_drummers() {
        let bars = |on_four: usize| {
            let foot = Hit { articulation: Articulation::Pedal, ..Hit::plain(60, 0) };
            let bar = |number: usize| {
                let mut bar = [Step::SILENT; 16];
                bar[4].set(Drum::ClosedHat, Some(foot));
                bar[12].set(Drum::ClosedHat, (number < on_four).then_some(foot));
                bar
            };
            Shares::of(&[Groove { bars: (0..8).map(bar).collect(), tempo: 120.0 }])
        };
        let mut offsets = StrokeOffsets::default();
        correct(&mut offsets, 1.0, &bars(6), &bars(4));
        assert!((offsets.backbeat_pedal - 3f32.ln()).abs() < 0.05, "{offsets:?}");
    }

    #[test]
    fn classes_with_few_hits_are_not_corrected() {
        let few = vec![Groove { bars: snares(1, 0)[0].bars[..1].to_vec(), tempo: 120.0 }];
        let mut offsets = StrokeOffsets::default();
        let (many, few) = (Shares::of(&snares(8, 8)), Shares::of(&few));
        correct(&mut offsets, 1.0, &many, &few);
        correct(&mut offsets, 1.0, &few, &many);
        assert_eq!(offsets, StrokeOffsets::default());
    }
}
