//! Weights of lead-ins, found in free playing: takes of a style as a whole match the drummers.
//!
//! A take inherits much from its lead-in: whether it has a backbeat, a ride, and how clearly it is
//! of its style. [`factors`] finds the new weights.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use candle_core::Device;
use groove::generate::lead_in_choice::choose;
use groove::learn::bar_f1::{HitBars, bar_f1};
use groove::learn::data::{Data, Piece, Split};
use groove::learn::lead_ins::add_kin;
use groove::model::lead_in::LeadIn;
use groove::model::{self, Model};
use groove::take::{Take, TakeControls};
use groove::{Articulation, CLASSES, Drum, Hit, Step};
use rayon::prelude::*;

use super::weight_factors::{FIGURES, PAIR_F1, PlayedTake, TakeFigures, TakeGroup, factors};
use crate::files;
use crate::metrics::StyleClassifier;
use crate::metrics::backbone::BackboneShares;
use crate::metrics::bar_faults::is_strange;
use crate::metrics::comparison::{
    self, BarSteps, FIXED_TEMPO, Groove, human_whole, play, spread, tempi,
};
use crate::metrics::diversity::{self, pair_f1};
use crate::metrics::free_run::{self, hits_of, hits_per_bar};
use crate::metrics::stroke_shares::pedal_on_two_and_four;

/// Takes at the drummers' tempi and as many at [`FIXED_TEMPO`], and bars of each.
const TAKES: u32 = 4_000;
const BARS: i64 = 16;
/// First seed, far from those of the evaluation and of the other calibrations.
const FIRST_SEED: u32 = 3_000_000;

/// Lower and upper limits of differences from the drummers. Takes are rather steadier than the
/// drummers, some of whose beats are solos. In order: share of bars with a backbeat; share of takes
/// with it in more than .8, and in less than .2, of the bars; share of bars with the kick on 2 or 4,
/// and on 1; share of quarters with a hat or cymbal; F1 of neighbouring bars; share of windows
/// recognised as the style; share of strange bars ([`is_strange`]), which has limits of its own;
/// share of bars with the pedal of the hi-hat on 2 and 4.
const LIMITS: [(f64, f64); SHARES] = [
    (-0.05, 0.04),
    (-0.11, 0.055),
    (-0.065, 0.09),
    (-0.03, 0.01),
    (-0.03, 0.075),
    (-0.03, 0.1),
    (-0.02, 0.002),
    (-0.035, 1.0),
    (-1.0, 1.0),
    (-0.035, 0.045),
];
/// Maximum share of strange bars; if it is less, the takes' share before times a factor, the second
/// one for styles with fewer lead-ins than [`MANY`], which would lose their variety.
const STRANGE_LIMIT: f64 = 0.09;
const STRANGE_FACTORS: [f64; 2] = [0.55, 0.85];
const MANY: usize = 150;
/// Maximum difference of hits per bar: fewer and more hits of a drum, each a share of the drummers'
/// and at least a number.
const FEWER: (f64, f64) = (0.15, 0.08);
const MORE: (f64, f64) = (0.15, 0.12);
/// Maximum difference of the hit F1 between takes from that between the drummers' files.
const MORE_ALIKE: f64 = 0.067;

const SHARES: usize = 10;
/// Figures: those of [`LIMITS`], [`rates`], and the F1 between takes.
const _: () = assert!(SHARES + RATES == PAIR_F1);
/// Places of two of [`LIMITS`].
const BAR_F1: usize = 6;
const STRANGE: usize = 8;
const RATES: usize = CLASSES + 2;

/// Returns the bytes of a model with new weights of the lead-ins of some styles.
pub(crate) fn with_lead_in_weights(
    path: &Path,
    bytes: &[u8],
    data: &Data,
    styles: &[u8],
) -> Result<Vec<u8>> {
    let model = files::parse_model(path, bytes)?;
    let metadata = model.metadata().clone();
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    let write = |lead_ins: &[LeadIn]| model::write(&metadata, &tensors, lead_ins, true);
    let mut lead_ins = model.lead_ins().to_vec();
    add_kin(&mut lead_ins);
    let model = Arc::new(files::parse_model(path, &write(&lead_ins)?)?);
    let trees = StyleClassifier::learn(model.metadata(), &data.pieces)
        .context("the data lacks a style of the style classifier")?;
    for &style in styles {
        let name = model.metadata().style_name(style);
        eprintln!("playing {name}, to weight its lead-ins");
        let mut limits = limits(&data.pieces, &trees, style, name)?;
        let drummers = tempi(&data.pieces, style);
        let mut groups = [
            take_group(&model, &trees, style, &drummers)?,
            take_group(&model, &trees, style, &[FIXED_TEMPO])?,
        ];
        let same = vec![1.0; lead_ins.len()];
        let strange = groups.each_mut().map(|group| group.expected(&same)[STRANGE]);
        let choice = lead_ins.iter().filter(|lead_in| lead_in.style == style).count();
        let factor = STRANGE_FACTORS[usize::from(choice < MANY)];
        limits[1][STRANGE] = STRANGE_LIMIT.max(factor * strange[0].midpoint(strange[1]));
        let (factors, before, after) = factors(&mut groups, &limits);
        for (number, figures) in [("before", before), ("after", after)] {
            eprintln!("{number}, at the drummers' tempi and {FIXED_TEMPO}: {figures:.3?}");
        }
        for (lead_in, factor) in lead_ins.iter_mut().zip(factors) {
            // At most `MOST_FACTOR`, far from the limits of an f32.
            #[expect(clippy::cast_possible_truncation)]
            let factor = factor as f32;
            lead_in.weight *= factor;
        }
    }
    Ok(write(&lead_ins)?)
}

/// Lower and upper limits of the figures, from the drummers' train beats. The recall of drummers is
/// that of held-out beats.
fn limits(
    pieces: &[Piece],
    trees: &StyleClassifier,
    style: u8,
    name: &str,
) -> Result<[TakeFigures; 2]> {
    let whole = human_whole(pieces, Split::Train, style);
    anyhow::ensure!(!whole.is_empty(), "the style has no beats to compare with");
    let beats = free_run::human(pieces, Split::Train, style);
    let mut human = figures(&whole, name, trees.human_recall(style));
    human[BAR_F1] = bar_f1(&beats);
    let first = comparison::human(pieces, Split::Train, style);
    human[SHARES..PAIR_F1].copy_from_slice(&rates(&beats, &first));
    human[PAIR_F1] = pair_f1(&first).context("the style has one beat only to compare with")?;
    let (mut lower, mut upper) = (human, human);
    for (place, limits) in LIMITS.into_iter().enumerate() {
        lower[place] += limits.0;
        upper[place] += limits.1;
    }
    for (place, rate) in human.into_iter().enumerate().take(PAIR_F1).skip(SHARES) {
        lower[place] -= (FEWER.0 * rate).max(FEWER.1);
        upper[place] += (MORE.0 * rate).max(MORE.1);
    }
    lower[PAIR_F1] = 0.0;
    upper[PAIR_F1] += MORE_ALIKE;
    Ok([lower, upper])
}

/// Plays the takes of a style at some tempi.
fn take_group(
    model: &Arc<Model>,
    trees: &StyleClassifier,
    style: u8,
    tempi: &[f32],
) -> Result<TakeGroup> {
    let name = model.metadata().style_name(style);
    let take = |number: u32| -> Result<PlayedTake> {
        let tempo = spread(tempi, number, TAKES);
        let seed = FIRST_SEED + number;
        let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
        let lead_in = choose(model.lead_ins(), &take).context("the model has no lead-ins")?;
        let mut groove = Groove { bars: play(model, &take, BARS)?, tempo };
        let recall = trees.recall_of(&groove, style);
        let figures = figures(std::slice::from_ref(&groove), name, recall);
        groove.bars.truncate(diversity::BARS);
        Ok(PlayedTake { lead_in, figures, groove })
    };
    let takes = (0..TAKES).into_par_iter().map(take).collect::<Result<Vec<_>>>()?;
    Ok(TakeGroup::of(&takes, model.lead_ins().len()))
}

/// Figures of one take, or means of several beats, but for the F1 between them.
fn figures(grooves: &[Groove], style: &str, recall: Option<f64>) -> TakeFigures {
    let shares = BackboneShares::of(grooves);
    let BackboneShares { backbeat, over_80, under_20, kick_2_4, kick_one, pulse, .. } = shares;
    let hits: Vec<_> = grooves.iter().map(hits_of).collect();
    let mut figures = [0.0; FIGURES];
    figures[..SHARES].copy_from_slice(&[
        backbeat,
        over_80,
        under_20,
        kick_2_4,
        kick_one,
        pulse,
        bar_f1(&hits),
        recall.unwrap_or(0.0),
        strange(grooves, style),
        pedal_on_two_and_four(grooves),
    ]);
    figures[SHARES..PAIR_F1].copy_from_slice(&rates(&hits, grooves));
    figures
}

/// Share of the bars that are hardly a beat of the style.
fn strange(grooves: &[Groove], style: &str) -> f64 {
    let is_strange = |bar: &&BarSteps| is_strange(&bar.each_ref().map(Step::drums), style);
    let bars = grooves.iter().flat_map(|groove| &groove.bars);
    bars.clone().filter(is_strange).count() as f64 / bars.count() as f64
}

/// Hits per bar of each class, of the closed hat by foot, and of it on the edge.
fn rates(hits: &[HitBars], grooves: &[Groove]) -> [f64; RATES] {
    let bars = grooves.iter().map(|groove| groove.bars.len()).sum::<usize>() as f64;
    let hats = |articulation: Articulation| {
        let steps = grooves.iter().flat_map(|groove| groove.bars.as_flattened());
        let is = |hit: &Hit| hit.articulation == articulation;
        steps.filter_map(|step| step.hit(Drum::ClosedHat)).filter(is).count() as f64 / bars
    };
    let mut rates = [0.0; RATES];
    rates[..CLASSES].copy_from_slice(&hits_per_bar(hits, CLASSES));
    rates[CLASSES..].copy_from_slice(&[Articulation::Pedal, Articulation::Edge].map(hats));
    rates
}
