//! Velocity and timing for given hits.

use crate::generate::decoder::{Decoder, StepRng, VelocityOffset};
use crate::model::encode::Kind;
use crate::model::{Model, ModelError};
use crate::pattern::{Hit, Step};

/// Standard deviation of velocities, of 127, above which they count as intended.
const MEANT_VELOCITY: f64 = 8.0;
/// Standard deviation of offsets, in ticks of 1/240 step, above which they count as intended.
const MEANT_OFFSET: f64 = 4.0;

/// Plays a clip's hits with the model's velocities and offsets: sampled with a seed, or else the
/// medians.
///
/// Velocities that vary count as intended, and so do offsets: they are teacher-forced as the
/// model's own past, and its hits resemble them. Uniform velocities and offsets are replaced. The
/// clip begins with a bar and has the model's classes.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn humanise(
    model: &Model,
    kind: &Kind,
    clip: &[Step],
    seed: Option<u32>,
) -> Result<Vec<Step>, ModelError> {
    let bar = kind.meter.steps();
    let hits = || clip.iter().flat_map(Step::hits).map(|(_, hit)| hit);
    let velocity_is_meant = spread(hits().map(|hit| f64::from(hit.velocity))) > MEANT_VELOCITY;
    let offset_is_meant = spread(hits().map(|hit| f64::from(hit.offset_ticks))) > MEANT_OFFSET;
    let mut decoder = Decoder::new(model);
    let mut played = Vec::with_capacity(clip.len());
    for (place, given) in clip.iter().enumerate() {
        let prediction = decoder.predict(model, kind)?;
        let number = i64::try_from(place / bar).unwrap_or(i64::MAX);
        let mut rng = seed.map(|seed| StepRng::at(seed, number, place % bar, 0));
        let drums = given.drums();
        let velocity_offset =
            rng.as_mut().map_or(VelocityOffset::Median, |rng| VelocityOffset::Sampled(rng, drums));
        decoder.strike(model, kind, prediction, drums, velocity_offset)?;
        let Some(own) = decoder.steps.last_mut() else { continue };
        // Articulations and further strokes are the clip's.
        for (drum, meant) in given.hits() {
            let felt = own.hit(drum).map(|own| {
                let louder = f32::from(own.velocity) / f32::from(meant.velocity);
                meant.moved(own.offset(), 1.0, |velocity| {
                    Hit::new(f32::from(velocity) * louder / 127.0, 0.0).velocity
                })
            });
            own.set(drum, felt);
        }
        played.push(*own);
        for (drum, meant) in given.hits() {
            let fed = own.hit(drum).map(|own| Hit {
                velocity: if velocity_is_meant { meant.velocity } else { own.velocity },
                offset_ticks: if offset_is_meant { meant.offset_ticks } else { own.offset_ticks },
                ..own
            });
            own.set(drum, fed);
        }
    }
    Ok(played)
}

/// Each step's hits with the median velocity and offset that the model predicts from the unchanged
/// steps before it.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn predict_feel(model: &Model, kind: &Kind, clip: &[Step]) -> Result<Vec<Step>, ModelError> {
    let mut decoder = Decoder::new(model);
    let mut foreseen = Vec::with_capacity(clip.len());
    for given in clip {
        let prediction = decoder.predict(model, kind)?;
        decoder.strike(model, kind, prediction, given.drums(), VelocityOffset::Median)?;
        let Some(own) = decoder.steps.last_mut() else { continue };
        foreseen.push(*own);
        *own = *given;
    }
    Ok(foreseen)
}

/// Standard deviation; 0 if empty.
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::feel::is_clear;
    use crate::model::tests::{kinds, small_bytes};
    use crate::pattern::Meter;
    use crate::pattern::drum::Drum;

    const KIND: Kind =
        Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };

    fn clip(velocity: impl Fn(usize) -> u8) -> Vec<Step> {
        let step = |place: usize| {
            let mut step = Step::SILENT;
            let drum = if place.is_multiple_of(3) { Drum::Snare } else { Drum::Ride };
            step.set(drum, Some(Hit::plain(velocity(place), 0)));
            step
        };
        (0..40).map(step).collect()
    }

    #[test]
    fn humanise_keeps_hits_and_varies_velocities() {
        let model = Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model");
        let flat = clip(|_| 100);
        let play = |clip: &[Step], seed| humanise(&model, &KIND, clip, seed).expect("steps");
        let drawn = play(&flat, Some(1));
        let drums = |steps: &[Step]| steps.iter().map(Step::drums).collect::<Vec<_>>();
        assert_eq!(drums(&drawn), drums(&flat));
        assert_eq!(drawn, play(&flat, Some(1)));
        assert_ne!(drawn, play(&flat, Some(2)));
        assert!(drawn.iter().flat_map(Step::hits).all(|(_, hit)| is_clear(hit)));
        assert!(
            spread(drawn.iter().flat_map(Step::hits).map(|(_, h)| f64::from(h.velocity))) > 5.0
        );
        // Uniform velocities are ignored, varied ones are not.
        assert_eq!(play(&clip(|_| 30), None), play(&flat, None));
        let accents = clip(|place| if place.is_multiple_of(4) { 120 } else { 40 });
        assert_ne!(play(&accents, None), play(&flat, None));
    }
}
