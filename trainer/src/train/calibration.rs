//! The last part of a training: lead-ins, and each style's [`Dial`], found by playing.
//!
//! At each place of the stick control takes are played and compared with what drummers played: a
//! drum that comes too rarely is tilted up, a beat that is less steady than the place stands for
//! sticks more. Rounds of few takes with shrinking corrections come nearer the balance than one
//! round of many (Robbins and Monro 1951).

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use groove::CLASSES;
use groove::balance::{BAR_STEPS, Dial, Lean, PLACES, aim};
use groove::model::{self, Model};
use groove::take::Take;
use rayon::prelude::*;

use super::lead_ins::lead_ins;
use crate::data::{Data, Piece, Split};
use crate::files;
use crate::metrics::free_run::{Piecewise, STEPS, bar_f1, hits_per_bar, human, play, tempi};
use crate::metrics::teacher_forced::Report;
use crate::network::net::Net;

/// Numbers of the places, from the middle outwards, each with the one that it starts from.
const OUTWARDS: [(usize, usize); PLACES.len()] = [(2, 2), (1, 2), (0, 1), (3, 2)];
/// Rounds, takes of each, and bars of a take: its theme and two phrases after it.
const ROUNDS: u32 = 10;
const TAKES: u32 = 112;
const BARS: i64 = 12;
/// Tempo of every other take, in quarter notes a minute: that of a new project in most hosts. The
/// others are at the drummers' tempi.
const HOSTS_TEMPO: f32 = 120.0;
/// Seeds are far from those that a model is measured by.
const FIRST_SEED: u32 = 1_000_000;
/// Fewest beats of a style that are worth a balance of their own; others have that of all beats.
const ENOUGH: usize = 8;
/// Part of the logarithm of a rate's error that is made good in the first round, and of the error of
/// the log-odds that a drum is struck at a step of the bar.
const TILT_GAIN: f32 = 0.35;
const STEP_GAIN: f32 = 0.35;
/// Chance added to both of those log-odds, so that what is hardly played is hardly tilted.
const SELDOM: f64 = 0.02;
/// Greatest tilt of a step.
const MOST_OF_STEP: f32 = 1.5;
/// Power of a recording's bars that its bars are weighed with, beside the recording's own weight:
/// long ones count for more, but not by their length.
const BY_LENGTH: f64 = 0.2;
/// Stick for an F1 that is too small by 1, in the first round.
const STICK_GAIN: f32 = 1.5;
/// Hits a bar added to both rates, so that a drum that is hardly used is hardly tilted.
const HARDLY: f64 = 0.1;
/// Greatest tilt and stick.
const MOST: f32 = 3.0;

/// The bytes of a model with lead-ins, dials that were found with them, and figures that are
/// measured with those.
pub(crate) fn calibrated(path: &Path, bytes: &[u8], data: &Data) -> Result<Vec<u8>> {
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    let lead_ins = lead_ins(&data.pieces);
    let mut metadata = files::parse_model(path, bytes)?.metadata().clone();
    metadata.dials = Vec::new();
    let plain = model::write(&metadata, &tensors, &lead_ins, true)?;
    eprintln!("{} lead-ins; playing, to find each style's dial", lead_ins.len());
    metadata.dials = dials(files::parse_model(path, &plain)?, &data.pieces)?;
    let net = Net::from_tensors(&metadata, &tensors)?;
    metadata.validation = Report::measure(&net, &data.split(Split::Validation))?.figures();
    Ok(model::write(&metadata, &tensors, &lead_ins, true)?)
}

/// The dials of a model, by style number, given all pieces of its data.
///
/// # Errors
/// When the network cannot be computed.
pub fn dials(model: Model, pieces: &[Piece]) -> Result<Vec<Dial>> {
    let styles = model.metadata().styles.len();
    let classes = model.metadata().classes.classes();
    let mut model = Arc::new(model);
    let mut dials = vec![Dial::default(); 1 + styles];
    for style in 0..=u8::try_from(styles)? {
        let number = usize::from(style);
        let drummers = human(pieces, Split::Train, style);
        if drummers.len() < ENOUGH {
            dials[number] = dials[0];
            continue;
        }
        let tempi = tempi(pieces, style);
        let (rates, steadiness) = (hits_per_bar(&drummers, classes), bar_f1(&drummers));
        let wanted = chances(&drummers);
        for (place, from) in OUTWARDS {
            let dial = &mut dials[number];
            (dial.tilts[place], dial.sticks[place]) = (dial.tilts[from], dial.sticks[from]);
            dial.step_tilts[place] = dial.step_tilts[from];
            for round in 0..ROUNDS {
                if let Some(model) = Arc::get_mut(&mut model) {
                    model.set_dials(dials.clone());
                }
                let take = |number: u32| {
                    let drummers = tempi[number as usize * tempi.len() / TAKES as usize];
                    let tempo = if number.is_multiple_of(2) { drummers } else { HOSTS_TEMPO };
                    let seed = FIRST_SEED + round * TAKES + number;
                    let stick = PLACES[place];
                    play(&model, &Take { seed, style, tempo, stick, ..Take::default() }, BARS)
                };
                let takes: Vec<Piecewise> =
                    (0..TAKES).into_par_iter().map(take).collect::<Result<_>>()?;
                let shrink = 1.0 / (1.0 + 0.5 * round as f32);
                let lacking = aim(PLACES[place], steadiness) - bar_f1(&takes);
                let dial = &mut dials[number];
                let tilt = &mut dial.tilts[place];
                correct_tilt(tilt, shrink, &rates, &hits_per_bar(&takes, classes));
                let tilts = &mut dial.step_tilts[place];
                correct_step_tilts(tilts, shrink, &wanted, &chances(&takes));
                dial.sticks[place] = corrected_stick(dial.sticks[place], shrink, lacking);
            }
        }
    }
    Ok(dials)
}

/// Corrects a tilt, given the rates of drummers and takes.
#[expect(clippy::cast_possible_truncation)]
fn correct_tilt(tilt: &mut [f32], shrink: f32, wanted: &[f64], played: &[f64]) {
    for ((tilt, wanted), played) in tilt.iter_mut().zip(wanted).zip(played) {
        let error = ((wanted + HARDLY) / (played + HARDLY)).ln() as f32;
        *tilt = (*tilt + shrink * TILT_GAIN * error).clamp(-MOST, MOST);
    }
}

/// The chance that each class is struck at each step of a bar.
type Chances = [[f64; CLASSES]; STEPS];

fn chances(pieces: &[Piecewise]) -> Chances {
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

/// Corrects the tilts of the steps, given the chances of drummers and takes.
#[expect(clippy::cast_possible_truncation)]
fn correct_step_tilts(
    tilts: &mut [Lean; BAR_STEPS],
    shrink: f32,
    wanted: &Chances,
    played: &Chances,
) {
    let odds = |chance: f64| ((chance + SELDOM) / (1.0 - chance + SELDOM)).ln();
    for ((tilts, wanted), played) in tilts.iter_mut().zip(wanted).zip(played) {
        for ((tilt, wanted), played) in tilts.iter_mut().zip(wanted).zip(played) {
            let error = (odds(*wanted) - odds(*played)) as f32;
            let corrected = *tilt + shrink * STEP_GAIN * error;
            // Three digits are enough, and make a short header.
            *tilt = (corrected.clamp(-MOST_OF_STEP, MOST_OF_STEP) * 1e3).round() / 1e3;
        }
    }
}

/// Corrects a stick, given the F1 that the takes lack. Takes that are silent have no F1.
#[expect(clippy::cast_possible_truncation)]
fn corrected_stick(stick: f32, shrink: f32, lacking: f64) -> f32 {
    let error = if lacking.is_finite() { lacking as f32 } else { 0.0 };
    (stick + shrink * STICK_GAIN * error).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_go_towards_the_drummers() {
        let mut tilt = [0.0; 9];
        let (mut wanted, mut played) = ([1.0; 9], [1.0; 9]);
        (wanted[3], played[5]) = (2.0, 2.0);
        correct_tilt(&mut tilt, 1.0, &wanted, &played);
        assert!(tilt[3] > 0.2 && tilt[5] < -0.2 && tilt[0] == 0.0);
        assert!((corrected_stick(0.0, 1.0, 0.1) - 0.1 * STICK_GAIN).abs() < 1e-6);
        assert_eq!(corrected_stick(0.3, 0.5, f64::NAN), 0.3);
    }

    #[test]
    fn steps_are_tilted_towards_the_drummers() {
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
    fn every_place_starts_from_one_that_is_found() {
        let mut found = Vec::new();
        for (place, from) in OUTWARDS {
            assert!(place == from || found.contains(&from));
            found.push(place);
        }
        found.sort_unstable();
        assert!(found.into_iter().eq(0..PLACES.len()));
    }
}
