//! Velocity and timing for given hits.

use crate::generate::decoder::step_rng::StepRng;
use crate::generate::decoder::{Decoder, Request, VelocityOffset};
pub use crate::generate::intended_feel::DEFAULT_AMOUNT;
use crate::generate::intended_feel::{Blend, MOST_OFFSET};
use crate::model::encode::Kind;
use crate::model::{Model, ModelError};
use crate::pattern::drum::DrumSet;
use crate::pattern::{Hit, Step};

/// Standard deviation of velocities, of 127, above which they count as intended: a DAW's random
/// velocities within 8 have 4.6.
const MEANT_VELOCITY: f64 = 5.0;
/// Root mean square of offsets, in ticks of 1/240 step, above which they count as intended.
const MEANT_OFFSET: f64 = 4.0;
/// Limit of the variation of an intended velocity at the default amount, as a share of it.
const MOST_VELOCITY: f32 = 0.25;
/// Maximum number of bars that the model hears before the first one.
const LEAD_IN_BARS: usize = 4;

/// Plays a clip's hits with a drummer's velocities and offsets: sampled with a seed, or else the
/// medians. Articulations and further strokes stay the clip's.
///
/// Velocities that vary count as intended, and so do offsets from the grid; the model hears them as
/// its own past. Flat ones are replaced. `amount` goes from the clip as it is (0) over
/// [`DEFAULT_AMOUNT`], at which hits vary around what is intended and flat ones are the drummer's,
/// to the drummer's own velocities and offsets (1).
///
/// The clip begins with a bar and has the model's classes. Before its first bar the model hears the
/// clip's first bars as it plays them.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn humanise(
    model: &Model,
    kind: &Kind,
    clip: &[Step],
    seed: Option<u32>,
    amount: f32,
) -> Result<Vec<Step>, ModelError> {
    Ok(humanise_sections(model, &[(*kind, clip.to_vec())], seed, amount)?.concat())
}

/// Humanises clips in a row, each of its own kind, as [`humanise`] does. Intended is what varies in
/// all of them together.
///
/// # Errors
/// Returns an error if the network cannot be computed.
pub fn humanise_sections(
    model: &Model,
    sections: &[(Kind, Vec<Step>)],
    seed: Option<u32>,
    amount: f32,
) -> Result<Vec<Vec<Step>>, ModelError> {
    let steps = || sections.iter().flat_map(|(_, steps)| steps);
    let hits = || steps().flat_map(Step::hits).map(|(_, hit)| hit);
    let offsets = || hits().map(|hit| f64::from(hit.offset_ticks));
    let square = offsets().map(|offset| offset * offset).sum::<f64>();
    let amount = amount.clamp(0.0, 1.0);
    let velocity = spread(hits().map(|hit| f64::from(hit.velocity))) > MEANT_VELOCITY;
    let offset = (square / offsets().count().max(1) as f64).sqrt() > MEANT_OFFSET;
    let (velocity, offset) = (Blend::new(velocity, amount), Blend::new(offset, amount));
    let (mut played, mut first_bar) = (Vec::new(), 0);
    for (kind, clip) in sections {
        let humaniser = Humaniser { model, kind, seed, first_bar, velocity, offset };
        let bar = kind.meter.steps();
        let heard = clip.len().min(LEAD_IN_BARS * bar) / bar * bar;
        let first = humaniser.play(&[], &clip[..heard])?;
        played.push(humaniser.play(&first, clip)?);
        first_bar += clip.len().div_ceil(bar);
    }
    Ok(played)
}

/// Humanises clips of one kind.
struct Humaniser<'a> {
    model: &'a Model,
    kind: &'a Kind,
    seed: Option<u32>,
    /// Number of the clip's first bar, for random numbers.
    first_bar: usize,
    velocity: Blend,
    offset: Blend,
}

impl Humaniser<'_> {
    /// Plays a clip after a decoder heard some bars.
    fn play(&self, heard: &[Step], clip: &[Step]) -> Result<Vec<Step>, ModelError> {
        let (model, kind) = (self.model, self.kind);
        let bar = kind.meter.steps();
        let mut decoder = Decoder::new(model);
        for step in heard {
            decoder.teacher_force(model, kind, *step)?;
        }
        let mut played = Vec::with_capacity(clip.len());
        for (place, given) in clip.iter().enumerate() {
            let number = i64::try_from(self.first_bar + place / bar).unwrap_or(i64::MAX);
            let mut rng = self.seed.map(|seed| StepRng::at(seed, number, place % bar, 0));
            let drums = given.drums();
            // Intended hits need not be clear, a ghost note is not, nor near, a triplet is not.
            let flat = |blend: Blend| if blend.is_meant { DrumSet::EMPTY } else { drums };
            let (clear, near) = (flat(self.velocity), flat(self.offset));
            let request = Request { clear, near, ..Request::default() };
            let mut prediction = decoder.predict(model, kind)?;
            let feel = decoder.predict_feel(model, kind, &mut prediction, drums)?.uncorrected();
            let medians = VelocityOffset::Median.main_strokes(model, &feel);
            let sampled = match &mut rng {
                Some(rng) => VelocityOffset::Sampled(rng, request).main_strokes(model, &feel),
                None => medians,
            };
            let mut step = Step::SILENT;
            for (drum, meant) in given.hits() {
                let class = drum.index();
                if let (Some(median), Some(sampled)) = (medians[class], sampled[class]) {
                    // A stroke before the start would move to the end of a written clip.
                    let earliest = match self.first_bar + place {
                        0 => meant.offset().min(0.0),
                        _ => -1.0,
                    };
                    let hit = self.mixed(meant, median, sampled, earliest);
                    step.set(drum, Some(hit));
                }
            }
            decoder.push(step, kind, prediction);
            played.push(step);
        }
        Ok(played)
    }

    /// The clip's hit with velocity and offset mixed with the model's. The offset is in steps,
    /// at least `earliest`.
    fn mixed(&self, meant: Hit, median: Hit, sampled: Hit, earliest: f32) -> Hit {
        let velocities = [meant, median, sampled].map(Hit::velocity);
        let velocity = self.velocity.mix(velocities, MOST_VELOCITY * meant.velocity());
        let offset = self.offset.mix([meant, median, sampled].map(Hit::offset), MOST_OFFSET);
        let offset = offset.max(earliest);
        let louder = velocity / meant.velocity();
        meant.moved(offset, 1.0, |velocity| {
            Hit::new(f32::from(velocity) * louder / 127.0, 0.0).velocity
        })
    }
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
    fn flat_clips_get_a_drummers_velocities() {
        let model = Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model");
        let flat = clip(|_| 100);
        let play = |clip: &[Step], seed| {
            humanise(&model, &KIND, clip, seed, DEFAULT_AMOUNT).expect("steps")
        };
        let drawn = play(&flat, Some(1));
        let drums = |steps: &[Step]| steps.iter().map(Step::drums).collect::<Vec<_>>();
        assert_eq!(drums(&drawn), drums(&flat));
        assert_eq!(drawn, play(&flat, Some(1)));
        assert_ne!(drawn, play(&flat, Some(2)));
        assert!(drawn.iter().flat_map(Step::hits).all(|(_, hit)| is_clear(hit)));
        assert!(
            spread(drawn.iter().flat_map(Step::hits).map(|(_, h)| f64::from(h.velocity))) > 5.0
        );
        assert_eq!(play(&clip(|_| 30), None), play(&flat, None), "uniform velocities do not count");
    }

    #[test]
    fn the_amount_goes_from_the_clip_to_the_drummer() {
        let model = Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model");
        let mut accents = clip(|place| if place.is_multiple_of(4) { 115 } else { 30 });
        for (place, step) in accents.iter_mut().enumerate() {
            for drum in step.drums().iter() {
                let hit = step.hit(drum).map(|hit| {
                    let offset_ticks = if place % 2 == 1 { 80 } else { 0 };
                    Hit { offset_ticks, ..hit }
                });
                step.set(drum, hit);
            }
        }
        let play = |amount| humanise(&model, &KIND, &accents, Some(5), amount).expect("steps");
        assert_eq!(play(0.0), accents);
        let distance = |played: &[Step]| {
            let hits = |steps: &[Step]| steps.iter().flat_map(Step::hits).collect::<Vec<_>>();
            let pairs = hits(played).into_iter().zip(hits(&accents));
            let each = pairs.map(|((_, a), (_, b))| {
                f64::from(a.velocity.abs_diff(b.velocity))
                    + f64::from(a.offset_ticks.abs_diff(b.offset_ticks))
            });
            each.sum::<f64>()
        };
        let distances = [0.0, 0.25, 0.5, 0.75, 1.0].map(|amount| distance(&play(amount)));
        assert!(distances.is_sorted_by(|less, more| less < more), "{distances:?}");
        assert!(distances[2] < 0.7 * distances[4], "{distances:?}");
        let mut others = accents.clone();
        for step in &mut others {
            for (drum, hit) in step.clone().hits() {
                let velocity = 130 - hit.velocity;
                step.set(drum, Some(Hit { velocity, offset_ticks: hit.offset_ticks / 2, ..hit }));
            }
        }
        let own = humanise(&model, &KIND, &others, Some(5), 1.0).expect("steps");
        assert_eq!(play(1.0), own, "nothing of the clip's own feel is left");
        let swung = play(DEFAULT_AMOUNT);
        let offbeats: Vec<f64> = (swung.iter().enumerate())
            .filter(|(place, _)| place % 2 == 1)
            .flat_map(|(_, step)| {
                step.hits().map(|(_, hit)| f64::from(hit.offset_ticks)).collect::<Vec<_>>()
            })
            .collect();
        let mean = offbeats.iter().sum::<f64>() / offbeats.len() as f64;
        assert!((mean - 80.0).abs() < 25.0, "{mean}");
    }
}
