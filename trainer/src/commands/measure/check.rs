//! Checks: figures with the limit that each must keep, and helpers of the parts that make them.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::learn::bar_f1::hit_f1;
use groove::learn::data::Piece;
use groove::model::Model;
use groove::take::Take;
use groove::{CLASSES, Drum, DrumSet, Meter, Step};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serde_json::Value;

use crate::playback::play_steps;

/// Model and data of the checks.
pub(super) struct CheckContext {
    pub(super) model: Arc<Model>,
    pub(super) pieces: Vec<Piece>,
}

/// A check: what was measured, its figure, its limit, and whether it holds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) what: String,
    pub(super) figure: Value,
    pub(super) must: &'static str,
    pub(super) holds: bool,
}

impl Check {
    pub(super) fn new(
        what: impl Into<String>,
        figure: impl Serialize,
        must: &'static str,
        holds: bool,
    ) -> Self {
        let figure = rounded(serde_json::to_value(figure).unwrap_or(Value::Null));
        Check { what: what.into(), figure, must, holds }
    }

    /// A share of cases that must be 1.
    pub(super) fn all(what: &str, share: f64) -> Self {
        Check::new(what, share, "all", share == 1.0)
    }
}

/// Rounds numbers to four decimals.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            ((number * 1e4).round() / 1e4).into()
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        value => value,
    }
}

impl CheckContext {
    /// Plays the first bars of a take, in 4/4.
    pub(super) fn play(&self, take: &Take, bars: i64) -> Result<Vec<Step>> {
        play_steps(&mut Drummer::new(Arc::clone(&self.model)), take, Meter::FOUR_FOUR, bars)
    }
}

/// Returns the random numbers of a part.
pub(super) fn draws(part: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(part)
}

/// Returns the hit F1 of two sequences of steps; 1 if both are silent.
pub(super) fn f1(one: &[Step], other: &[Step]) -> f64 {
    hit_f1(one.iter().map(Step::drums), other.iter().map(Step::drums)).unwrap_or(1.0)
}

/// Returns the number of hits by class.
pub(super) fn count(steps: &[Step]) -> [f64; CLASSES] {
    let mut hits = [0.0; CLASSES];
    for drum in steps.iter().flat_map(|step| step.drums().iter()) {
        hits[drum.index()] += 1.0;
    }
    hits
}

pub(super) const TOMS: [Drum; 3] = [Drum::LowTom, Drum::MidTom, Drum::HighTom];

pub(super) fn sum(hits: &[f64; CLASSES], drums: &[Drum]) -> f64 {
    drums.iter().map(|drum| hits[drum.index()]).sum()
}

pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / count
}

/// Returns the share of the cases that are true.
pub(super) fn share(is: impl IntoIterator<Item = bool>) -> f64 {
    mean(is.into_iter().map(|is| f64::from(u8::from(is))))
}

pub(super) fn set(drums: &[Drum]) -> DrumSet {
    drums.iter().copied().collect()
}
