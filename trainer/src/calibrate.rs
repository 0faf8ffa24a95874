//! The last part of a training: each style's [`Dial`], found by playing.
//!
//! At each place of the stick control takes are played and compared with what drummers played: a
//! drum that comes too rarely is tilted up, a beat that is less steady than the place stands for
//! sticks more. Rounds of few takes with shrinking corrections come nearer the balance than one
//! round of many (Robbins and Monro 1951).

use std::sync::Arc;

use anyhow::Result;
use groove::balance::{Dial, PLACES, aim};
use groove::model::Model;
use groove::take::Take;
use rayon::prelude::*;

use crate::data::{Piece, Split};
use crate::played::{Piecewise, STEPS, bar_f1, hits_per_bar, human, play, tempi};

/// Numbers of the places, from the middle outwards, each with the one that it starts from.
const OUTWARDS: [(usize, usize); PLACES.len()] = [(2, 2), (1, 2), (0, 1), (3, 2)];
/// Rounds, takes of each, and bars of a take: its theme and the phrase after it.
const ROUNDS: u32 = 10;
const TAKES: u32 = 128;
const BARS: i64 = 8;
/// Seeds are far from those that a model is measured by.
const FIRST_SEED: u32 = 1_000_000;
/// Fewest beats of a style that are worth a balance of their own; others have that of all beats.
const ENOUGH: usize = 8;
/// Part of the logarithm of a rate's error that is made good in the first round.
const TILT_GAIN: f32 = 0.5;
/// Stick for an F1 that is too small by 1, in the first round.
const STICK_GAIN: f32 = 1.5;
/// Hits a bar added to both rates, so that a drum that is hardly used is hardly tilted.
const HARDLY: f64 = 0.1;
/// Greatest tilt and stick.
const MOST: f32 = 3.0;

/// The dials of a model, by style number, given all pieces of its data.
///
/// # Errors
/// When the network cannot be computed.
#[expect(clippy::cast_possible_truncation)]
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
        for (usual, rate) in dials[number].usual.iter_mut().zip(&rates) {
            *usual = *rate as f32 / STEPS as f32;
        }
        for (place, from) in OUTWARDS {
            let dial = &mut dials[number];
            (dial.tilts[place], dial.sticks[place]) = (dial.tilts[from], dial.sticks[from]);
            for round in 0..ROUNDS {
                if let Some(model) = Arc::get_mut(&mut model) {
                    model.set_dials(dials.clone());
                }
                let take = |number: u32| {
                    let tempo = tempi[number as usize * tempi.len() / TAKES as usize];
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
