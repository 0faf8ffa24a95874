//! Calibration, the last part of a training: lead-ins, and each style's [`StyleCalibration`].
//!
//! The calibration plays takes at each place of the stick control and compares them with drummers.
//! A drum that is too rare is tilted up; a beat that is less steady than intended gets a higher
//! stick. Many rounds of few takes with shrinking corrections converge faster than one round of
//! many takes (stochastic approximation, Robbins and Monro 1951).
//!
//! Existing calibrations are refined: after a change of the weights or of the engine they are close
//! to the target, and a few rounds suffice.

pub(crate) mod lead_in_weights;
pub(crate) mod strokes;
mod weight_factors;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use candle_core::Device;
use groove::CLASSES;
use groove::learn::bar_f1::{HitBars, STEPS, bar_f1};
use groove::learn::data::{Data, Piece, Split};
use groove::learn::network::net::Net;
use groove::learn::prediction::PredictionReport;
use groove::model::calibration::{
    BAR_STEPS, LogitBias, STICK_POINTS, StyleCalibration, target_similarity,
};
use groove::model::{self, Model};
use groove::pattern::style::FIRST_PROGRAMMED;
use groove::take::{Take, TakeControls};
use rayon::prelude::*;

use super::lead_ins::{lead_ins, with_programmed};
use crate::files;
use crate::metrics::free_run::{hits_per_bar, human, play, tempi};

/// Indices of the stick places, from the middle outwards, each with the place whose result it
/// starts from.
const OUTWARDS: [(usize, usize); STICK_POINTS.len()] = [(2, 2), (1, 2), (0, 1), (3, 2)];
/// Rounds for a model without calibrations and for one that has them, takes per round, and bars per
/// take: its theme and two phrases after it.
const ROUNDS: u32 = 10;
const REFINING_ROUNDS: u32 = 4;
const TAKES: u32 = 112;
/// Sizes of the search for all styles.
const WHOLE: SearchSize = SearchSize { first: ROUNDS, others: ROUNDS, takes: TAKES, bars: BARS };
/// Sizes of the refinement of known calibrations.
const REFINEMENT: SearchSize =
    SearchSize { first: REFINING_ROUNDS, others: REFINING_ROUNDS, ..WHOLE };
/// Sizes for a programmed style: its bars differ less than drummers', so fewer takes suffice.
const PROGRAMMED: SearchSize = SearchSize { first: 6, others: 2, takes: 24, bars: 8 };
const BARS: i64 = 12;
/// Tempo of every other take, in quarter notes per minute: the default of most hosts. The other
/// takes use the drummers' tempi.
const HOSTS_TEMPO: f32 = 120.0;
/// First seed, far from the seeds of the evaluation.
const FIRST_SEED: u32 = 1_000_000;
/// Minimum number of beats for a style to get its own calibration; others get that of all beats.
const ENOUGH: usize = 8;
/// Gain of the first round: of the log of a rate's error, and of the error of the log-odds that a
/// drum is struck at a step of the bar.
const TILT_GAIN: f32 = 0.35;
const STEP_GAIN: f32 = 0.35;
/// Probability added before taking those log-odds, so that rare drums are hardly tilted.
const SELDOM: f64 = 0.02;
/// Limit of the tilt of a step.
const MOST_OF_STEP: f32 = 1.5;
/// Exponent of a recording's number of bars in its weight: longer recordings count more, but less
/// than proportionally.
const BY_LENGTH: f64 = 0.2;
/// Stick correction per unit of missing F1, in the first round.
const STICK_GAIN: f32 = 1.5;
/// Hits per bar added to both rates, so that rare drums are hardly tilted.
const HARDLY: f64 = 0.1;
/// Limit of tilt and stick.
const MOST: f32 = 3.0;

/// Returns the bytes of a model with new lead-ins, the calibrations that belong to them, and
/// validation figures measured with both.
pub(crate) fn calibrated(path: &Path, bytes: &[u8], data: &Data) -> Result<Vec<u8>> {
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    let model = files::parse_model(path, bytes)?;
    let lead_ins = with_programmed(lead_ins(&data.pieces), model.lead_ins());
    let mut metadata = model.metadata().clone();
    let plain = model::write(&metadata, &tensors, &lead_ins, true)?;
    eprintln!("{} lead-ins; playing, to find each style's calibration", lead_ins.len());
    metadata.calibrations = find_calibrations(files::parse_model(path, &plain)?, &data.pieces)?;
    let net = Net::from_tensors(&metadata, &tensors)?;
    metadata.validation =
        PredictionReport::measure(&net, &data.split(Split::Validation))?.figures();
    Ok(model::write(&metadata, &tensors, &lead_ins, true)?)
}

/// Finds the calibrations of a model, of any style and of its styles, from all pieces of its data.
/// Programmed styles that the data lacks keep theirs.
pub fn find_calibrations(model: Model, pieces: &[Piece]) -> Result<Vec<StyleCalibration>> {
    let styles: Vec<u8> =
        std::iter::once(0).chain(model.metadata().style_numbers.iter().copied()).collect();
    let known = model.metadata().calibrations.clone();
    let fresh = known.is_empty();
    let size = if fresh { WHOLE } else { REFINEMENT };
    let mut search = Search { model: Arc::new(model), calibrations: known, fresh, size };
    search.calibrations.resize(styles.len(), StyleCalibration::default());
    for (number, style) in styles.into_iter().enumerate() {
        let drummers = human(pieces, Split::Train, style);
        if drummers.len() >= ENOUGH {
            search.style(number, style, pieces)?;
        } else if style < FIRST_PROGRAMMED {
            search.calibrations[number] = search.calibrations[0];
        }
    }
    Ok(search.calibrations)
}

/// Finds the calibration of a programmed style anew; the others keep theirs.
pub(crate) fn calibrations_with(
    model: Model,
    pieces: &[Piece],
    style: u8,
) -> Result<Vec<StyleCalibration>> {
    let mut calibrations = model.metadata().calibrations.clone();
    let number = model.metadata().style_place(style).map(|place| 1 + place);
    let number = number.filter(|&number| number < calibrations.len());
    let number = number.context("the model lacks the style's calibration")?;
    calibrations[number] = StyleCalibration::default();
    let size = PROGRAMMED;
    let mut search = Search { model: Arc::new(model), calibrations, fresh: true, size };
    search.style(number, style, pieces)?;
    Ok(search.calibrations)
}

/// A search for calibrations by playing.
struct Search {
    model: Arc<Model>,
    /// In the order of [`Metadata::calibrations`](groove::model::Metadata::calibrations).
    calibrations: Vec<StyleCalibration>,
    /// True if calibrations start from zero, false if they are refined.
    fresh: bool,
    size: SearchSize,
}

/// Sizes of a search.
#[derive(Clone, Copy)]
struct SearchSize {
    /// Rounds at the first stick place, and at each of the others.
    first: u32,
    others: u32,
    /// Takes per round, and bars per take.
    takes: u32,
    bars: i64,
}

impl Search {
    /// Calibrates a style at all stick places; `number` is its place among the calibrations. A
    /// fresh one starts from the result of the place next to it.
    fn style(&mut self, number: usize, style: u8, pieces: &[Piece]) -> Result<()> {
        let classes = self.model.metadata().classes.classes();
        let drummers = human(pieces, Split::Train, style);
        let tempi = tempi(pieces, style);
        let (rates, steadiness) = (hits_per_bar(&drummers, classes), bar_f1(&drummers));
        let wanted = chances(&drummers);
        for (place, from) in OUTWARDS {
            if self.fresh {
                let calibration = &mut self.calibrations[number];
                (calibration.tilts[place], calibration.sticks[place]) =
                    (calibration.tilts[from], calibration.sticks[from]);
                calibration.step_tilts[place] = calibration.step_tilts[from];
            }
            let rounds = if place == from { self.size.first } else { self.size.others };
            for round in 0..rounds {
                let takes = self.takes(style, place, round, &tempi)?;
                let shrink = 1.0 / (1.0 + 0.5 * round as f32);
                let lacking = target_similarity(STICK_POINTS[place], steadiness) - bar_f1(&takes);
                let calibration = &mut self.calibrations[number];
                let tilt = &mut calibration.tilts[place];
                correct_tilt(tilt, shrink, &rates, &hits_per_bar(&takes, classes));
                let tilts = &mut calibration.step_tilts[place];
                correct_step_tilts(tilts, shrink, &wanted, &chances(&takes));
                calibration.sticks[place] =
                    corrected_stick(calibration.sticks[place], shrink, lacking);
            }
        }
        Ok(())
    }

    /// Plays the takes of a round with the calibrations so far.
    fn takes(
        &mut self,
        style: u8,
        place: usize,
        round: u32,
        tempi: &[f32],
    ) -> Result<Vec<HitBars>> {
        if let Some(model) = Arc::get_mut(&mut self.model) {
            model.set_calibrations(self.calibrations.clone());
        }
        let take = |number: u32| {
            let drummers = tempi[number as usize * tempi.len() / self.size.takes as usize];
            let tempo = if number.is_multiple_of(2) { drummers } else { HOSTS_TEMPO };
            let seed = FIRST_SEED + round * self.size.takes + number;
            let stick = STICK_POINTS[place];
            let take = TakeControls { seed, style, tempo, stick, ..TakeControls::default() };
            play(&self.model, &Take::from(take), self.size.bars)
        };
        (0..self.size.takes).into_par_iter().map(take).collect()
    }
}

/// Corrects the tilts of the drums, given the rates of drummers and takes.
#[expect(clippy::cast_possible_truncation)]
fn correct_tilt(tilt: &mut [f32], shrink: f32, wanted: &[f64], played: &[f64]) {
    for ((tilt, wanted), played) in tilt.iter_mut().zip(wanted).zip(played) {
        let error = ((wanted + HARDLY) / (played + HARDLY)).ln() as f32;
        *tilt = (*tilt + shrink * TILT_GAIN * error).clamp(-MOST, MOST);
    }
}

/// Probability that each class is struck at each step of a bar.
type StrikeProbabilities = [[f64; CLASSES]; STEPS];

fn chances(pieces: &[HitBars]) -> StrikeProbabilities {
    let (mut chances, mut all) = ([[0.0; CLASSES]; STEPS], 0.0);
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        let weight = (piece.len() as f64).powf(BY_LENGTH - 1.0);
        for bar in piece {
            all += weight;
            for (chances, &struck) in chances.iter_mut().zip(bar) {
                for (class, chance) in chances.iter_mut().enumerate() {
                    *chance += weight * f64::from(struck >> class & 1);
                }
            }
        }
    }
    chances.iter_mut().flatten().for_each(|chance| *chance /= all);
    chances
}

/// Corrects the tilts of the steps, given the probabilities of drummers and takes.
#[expect(clippy::cast_possible_truncation)]
fn correct_step_tilts(
    tilts: &mut [LogitBias; BAR_STEPS],
    shrink: f32,
    wanted: &StrikeProbabilities,
    played: &StrikeProbabilities,
) {
    let odds = |chance: f64| ((chance + SELDOM) / (1.0 - chance + SELDOM)).ln();
    for ((tilts, wanted), played) in tilts.iter_mut().zip(wanted).zip(played) {
        for ((tilt, wanted), played) in tilts.iter_mut().zip(wanted).zip(played) {
            let error = (odds(*wanted) - odds(*played)) as f32;
            let corrected = *tilt + shrink * STEP_GAIN * error;
            // Three decimals are sufficient and keep the header short.
            *tilt = (corrected.clamp(-MOST_OF_STEP, MOST_OF_STEP) * 1e3).round() / 1e3;
        }
    }
}

/// Corrects a stick by the F1 that the takes lack. Silent takes have no F1 and change nothing.
#[expect(clippy::cast_possible_truncation)]
fn corrected_stick(stick: f32, shrink: f32, lacking: f64) -> f32 {
    let error = if lacking.is_finite() { lacking as f32 } else { 0.0 };
    (stick + shrink * STICK_GAIN * error).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilt_and_stick_move_towards_the_drummers() {
        let mut tilt = [0.0; 9];
        let (mut wanted, mut played) = ([1.0; 9], [1.0; 9]);
        (wanted[3], played[5]) = (2.0, 2.0);
        correct_tilt(&mut tilt, 1.0, &wanted, &played);
        assert!(tilt[3] > 0.2 && tilt[5] < -0.2 && tilt[0] == 0.0);
        assert!((corrected_stick(0.0, 1.0, 0.1) - 0.1 * STICK_GAIN).abs() < 1e-6);
        assert_eq!(corrected_stick(0.3, 0.5, f64::NAN), 0.3);
    }

    #[test]
    fn step_tilts_move_towards_the_drummers() {
        let bar = |struck: &[usize]| {
            let mut bar = [0; STEPS];
            struck.iter().for_each(|&step| bar[step] = 2);
            bar
        };
        let (wanted, played) = (vec![bar(&[4, 12]); 8], vec![bar(&[4, 11]), bar(&[4, 12])]);
        let (wanted, played) = (chances(&[wanted]), chances(&[played]));
        assert_eq!((wanted[12][1], played[12][1], played[11][1]), (1.0, 0.5, 0.5));
        let mut tilts = [[0.0; CLASSES]; BAR_STEPS];
        correct_step_tilts(&mut tilts, 1.0, &wanted, &played);
        assert!(tilts[12][1] > 0.5 && tilts[11][1] < -0.5);
        assert_eq!((tilts[4][1], tilts[12][0]), (0.0, 0.0));
    }

    #[test]
    fn every_stick_place_starts_from_a_calibrated_one() {
        let mut found = Vec::new();
        for (place, from) in OUTWARDS {
            assert!(place == from || found.contains(&from));
            found.push(place);
        }
        found.sort_unstable();
        assert!(found.into_iter().eq(0..STICK_POINTS.len()));
    }
}
