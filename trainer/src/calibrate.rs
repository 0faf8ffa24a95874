//! The last part of a training: each style's [`Balance`], found by playing.
//!
//! Takes are played and compared with what drummers played: a drum that comes too rarely is
//! tilted up, a beat that is less steady than theirs sticks more. Rounds of few takes with
//! shrinking corrections come nearer the balance than one round of many (Robbins and Monro 1951).

use std::sync::Arc;

use anyhow::Result;
use groove::balance::Balance;
use groove::model::Model;
use rayon::prelude::*;

use crate::data::{Piece, Split};
use crate::played::{Piecewise, STEPS, bar_f1, hits_per_bar, human, play, tempi};

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
const STICK_GAIN: f32 = 1.2;
/// Hits a bar added to both rates, so that a drum that is hardly used is hardly tilted.
const HARDLY: f64 = 0.1;
/// Greatest tilt and stick.
const MOST: f32 = 1.5;

/// The balances of a model, by style number, given all pieces of its data.
///
/// # Errors
/// When the network cannot be computed.
#[expect(clippy::cast_possible_truncation)]
pub fn balances(model: Model, pieces: &[Piece]) -> Result<Vec<Balance>> {
    let styles = model.metadata().styles.len();
    let classes = model.metadata().classes.classes();
    let mut model = Arc::new(model);
    let mut balances = vec![Balance::default(); 1 + styles];
    for style in 0..=u8::try_from(styles)? {
        let number = usize::from(style);
        let drummers = human(pieces, Split::Train, style);
        if drummers.len() < ENOUGH {
            balances[number] = balances[0];
            continue;
        }
        let tempi = tempi(pieces, style);
        let (rates, steadiness) = (hits_per_bar(&drummers, classes), bar_f1(&drummers));
        for (usual, rate) in balances[number].usual.iter_mut().zip(&rates) {
            *usual = *rate as f32 / STEPS as f32;
        }
        for round in 0..ROUNDS {
            if let Some(model) = Arc::get_mut(&mut model) {
                model.set_balances(balances.clone());
            }
            let take = |number: u32| {
                let tempo = tempi[number as usize * tempi.len() / TAKES as usize];
                play(&model, style, FIRST_SEED + round * TAKES + number, tempo, BARS)
            };
            let takes: Vec<Piecewise> =
                (0..TAKES).into_par_iter().map(take).collect::<Result<_>>()?;
            let shrink = 1.0 / (1.0 + 0.5 * round as f32);
            correct(
                &mut balances[number],
                shrink,
                (&rates, &hits_per_bar(&takes, classes)),
                steadiness - bar_f1(&takes),
            );
        }
    }
    Ok(balances)
}

/// Corrects a balance, given the rates of drummers and takes and the F1 that the takes lack.
#[expect(clippy::cast_possible_truncation)]
fn correct(balance: &mut Balance, shrink: f32, (wanted, played): (&[f64], &[f64]), lacking: f64) {
    for ((tilt, wanted), played) in balance.tilt.iter_mut().zip(wanted).zip(played) {
        let error = ((wanted + HARDLY) / (played + HARDLY)).ln() as f32;
        *tilt = (*tilt + shrink * TILT_GAIN * error).clamp(-MOST, MOST);
    }
    // Takes that are silent have no F1.
    if lacking.is_finite() {
        let error = lacking as f32;
        balance.stick = (balance.stick + shrink * STICK_GAIN * error).clamp(-MOST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_go_towards_the_drummers() {
        let mut balance = Balance::default();
        let mut wanted = [1.0; 9];
        let mut played = [1.0; 9];
        (wanted[3], played[5]) = (2.0, 2.0);
        correct(&mut balance, 1.0, (&wanted, &played), 0.1);
        assert!(balance.tilt[3] > 0.2 && balance.tilt[5] < -0.2 && balance.tilt[0] == 0.0);
        assert!((balance.stick - 0.12).abs() < 1e-6);
        correct(&mut balance, 0.5, (&played, &played), f64::NAN);
        assert!((balance.stick - 0.12).abs() < 1e-6);
    }
}
