//! Likelihood of given steps under the model, and free-running generation without conditioning.

use crate::generate::conditioning::constraints::{Constraints, log_sum};
use crate::generate::decoder::Decoder;
use crate::generate::decoder::step_rng::StepRng;
use crate::model::encode::Kind;
use crate::model::{Model, ModelError};
use crate::pattern::Step;
use crate::pattern::drum::CLASSES;
use crate::take::pins::Pins;

/// Log-probability of the hits of each step given the steps before, without calibration or
/// constraints. Pinned cells are conditioned on: a step's figure covers its other cells. The first
/// step begins a bar, and pins count from it.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn likelihood(
    model: &Model,
    kind: &Kind,
    steps: &[Step],
    pins: &Pins,
) -> Result<Vec<f32>, ModelError> {
    let mut decoder = Decoder::new(model);
    let mut figures = Vec::with_capacity(steps.len());
    for (place, &step) in steps.iter().enumerate() {
        let prediction = decoder.predict(model, kind)?;
        let pinned = pins.struck(place).with(pins.silent(place)).bits();
        let drums = step.drums().bits();
        let told =
            (0u16..).zip(&prediction.logits).filter(|(bits, _)| (bits ^ drums) & pinned == 0);
        figures
            .push(prediction.logits[usize::from(drums)] - log_sum(told.map(|(_, &logit)| logit)));
        decoder.feed(model, kind, prediction, step)?;
    }
    Ok(figures)
}

/// Samples a number of steps from the model alone, without calibration or constraints.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn free_run_steps(
    model: &Model,
    kind: &Kind,
    steps: usize,
    seed: u32,
) -> Result<Vec<Step>, ModelError> {
    let mut decoder = Decoder::new(model);
    let length = kind.meter.steps();
    for place in 0..steps {
        let bar = i64::try_from(place / length).unwrap_or(i64::MAX);
        let mut rng = StepRng::at(seed, bar, place % length, 0);
        decoder.play(model, kind, 1.0, &Constraints::default(), [None; CLASSES], &mut rng)?;
    }
    Ok(decoder.steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::{kinds, small_bytes};
    use crate::pattern::Meter;

    #[test]
    fn free_run_is_reproducible() {
        let model = Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model");
        let meter = Meter::FOUR_FOUR;
        let kind = Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter, fill: false };
        let play = |steps, seed| free_run_steps(&model, &kind, steps, seed).expect("steps");
        let played = play(40, 7);
        assert_eq!((played.len(), &played[..35]), (40, &play(35, 7)[..]));
        assert_ne!(played, play(40, 8));
        // The model finds its own steps possible.
        let log_probability = likelihood(&model, &kind, &played, &Pins::NONE).expect("figures");
        assert!(log_probability.iter().all(|figure| figure.is_finite()));
    }
}
