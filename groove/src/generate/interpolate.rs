//! Beats between the themes of two takes.
//!
//! Hits that the themes share stay. The rest is sampled from the distribution between those of the
//! two takes (their mixed logits), with a bias towards either theme according to the share.

use crate::generate::conditioning::TakeContext;
use crate::generate::conditioning::constraints::Constraints;
use crate::generate::decoder::step_rng::StepRng;
use crate::generate::lead_in_choice;
use crate::generate::phrase::LeadInCache;
use crate::model::calibration::LogitBias;
use crate::model::{Model, ModelError};
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::{Hit, Meter, Step};
use crate::take::Take;

/// Maximum bias towards a theme: added for its drums, subtracted for the others.
const PULL: f32 = 4.0;

/// A beat between two themes. `share` 0 is the first theme, 1 the second.
pub(crate) fn mixed(
    model: &Model,
    takes: [&Take; 2],
    themes: [&[Step]; 2],
    meter: Meter,
    share: f32,
) -> Result<Vec<Step>, ModelError> {
    if share <= 0.0 || share >= 1.0 {
        return Ok(themes[usize::from(share >= 1.0)].to_vec());
    }
    let contexts = takes.map(|take| {
        let lead_in = lead_in_choice::choose(model.lead_ins(), take);
        TakeContext { model, take, meter, lead_in, primer_feel: None }
    });
    let open = |context| LeadInCache::default().decoder(context);
    let mut decoders = [open(&contexts[0])?, open(&contexts[1])?];
    let kinds = contexts.each_ref().map(|context| context.kind(false));
    let start = decoders[0].steps.len();
    let seed = takes[0].controls.seed ^ takes[1].controls.seed.rotate_left(16);
    for (place, (one, other)) in themes[0].iter().zip(themes[1]).enumerate() {
        let [first, second] = [0, 1].map(|side| decoders[side].predict(model, &kinds[side]));
        let (first, second) = (first?, second?);
        let mix = |(a, b): (&f32, &f32)| a + (b - a) * share;
        let mut logits: Vec<f32> = first.logits.iter().zip(&second.logits).map(mix).collect();
        let (a, b) = (one.drums(), other.drums());
        let kit = model.metadata().classes.set(DrumSet::ALL);
        let constraints = Constraints {
            must: a.and(b),
            never: kit.without(a.with(b)),
            bias: pull(a, b, share),
            ..Constraints::default()
        };
        constraints.apply(&mut logits);
        let bar = i64::try_from(place / meter.steps()).unwrap_or(i64::MAX);
        let drums = StepRng::at(seed, bar, place % meter.steps(), 0).subset(&logits);
        let mut step = Step::SILENT;
        for drum in drums.iter() {
            step.set(drum, hit_between(one.hit(drum), other.hit(drum), share));
        }
        for ((decoder, kind), prediction) in decoders.iter_mut().zip(&kinds).zip([first, second]) {
            decoder.feed(model, kind, prediction, step)?;
        }
    }
    let [mut decoder, _] = decoders;
    Ok(decoder.steps.split_off(start))
}

fn pull(a: DrumSet, b: DrumSet, share: f32) -> LogitBias {
    let toward = |set: DrumSet, drum: Drum| if set.contains(drum) { PULL } else { -PULL };
    let mut bias = [0.0; CLASSES];
    for drum in Drum::ALL {
        bias[drum.index()] = (1.0 - share) * toward(a, drum) + share * toward(b, drum);
    }
    bias
}

/// The hit between two hits; if only one is present, that one.
fn hit_between(one: Option<Hit>, other: Option<Hit>, share: f32) -> Option<Hit> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let mix = |a: f32, b: f32| a + (b - a) * share;
    // The strokes of the nearer one.
    let near = if share < 0.5 { a } else { b };
    let louder = mix(a.velocity(), b.velocity()) / near.velocity();
    Some(near.moved(mix(a.offset(), b.offset()), 1.0, |velocity| {
        Hit::new(f32::from(velocity) * louder / 127.0, 0.0).velocity
    }))
}
