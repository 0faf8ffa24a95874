//! Checks: figures with the limit that each must keep, and helpers of the parts that make them.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::model::Model;
use groove::take::Take;
use groove::{CLASSES, Drum, DrumSet, Meter, Step};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serde_json::Value;

use crate::data::Piece;
use crate::playback::play_steps;

/// What the parts work with.
pub(super) struct Stage {
    pub(super) model: Arc<Model>,
    pub(super) pieces: Vec<Piece>,
}

/// A line of the report: what was measured, and whether it is as it must be.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) what: String,
    pub(super) figure: Value,
    pub(super) must: &'static str,
    pub(super) holds: bool,
}

impl Line {
    pub(super) fn new(
        what: impl Into<String>,
        figure: impl Serialize,
        must: &'static str,
        holds: bool,
    ) -> Self {
        let figure = rounded(serde_json::to_value(figure).unwrap_or(Value::Null));
        Line { what: what.into(), figure, must, holds }
    }
}

/// Four digits after the point are enough to read.
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

impl Stage {
    /// All steps of so many bars of a take, in 4/4.
    pub(super) fn play(&self, take: &Take, bars: i64) -> Result<Vec<Step>> {
        play_steps(&mut Drummer::new(Arc::clone(&self.model)), take, Meter::FOUR_FOUR, bars)
    }
}

/// Draws of a part, told apart by a number.
pub(super) fn draws(part: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(part)
}

/// F1 of two runs of steps; of two silent ones, 1.
pub(super) fn f1(one: &[Step], other: &[Step]) -> f64 {
    let pairs = || one.iter().zip(other).map(|(a, b)| (a.drums(), b.drums()));
    let both: u32 = pairs().map(|(a, b)| a.and(b).len()).sum();
    let all: u32 = pairs().map(|(a, b)| a.len() + b.len()).sum();
    if all == 0 { 1.0 } else { 2.0 * f64::from(both) / f64::from(all) }
}

/// Hits by class.
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

pub(super) fn set(drums: &[Drum]) -> DrumSet {
    drums.iter().copied().collect()
}
