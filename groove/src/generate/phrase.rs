//! Partially decoded phrases, and the decoding of one of their steps.

use std::sync::{Arc, Mutex, PoisonError};

use libm::sqrtf;

use crate::generate::conditioning::{StepPlan, TakeContext};
use crate::generate::decoder::step_rng::StepRng;
use crate::generate::decoder::{Decoder, Request};
use crate::generate::intended_feel::SystematicOffsets;
use crate::model::ModelError;
use crate::model::encode::Kind;
use crate::model::feel::is_clear;
use crate::model::lead_in::Grouping;
use crate::pattern::{Meter, Step};
use crate::take::Take;

/// Maximum number of further candidates of all bars of a theme. It bounds the time until a changed
/// control is heard.
const MAX_CANDIDATES: u8 = 8;

/// Sampling temperature at the lowest value of the temperature control. Below it the most likely
/// drums win nearly every draw, and the control would have no effect.
const MIN_TEMPERATURE: f32 = 0.5;

/// Sampling temperature at a value of the temperature control: equal from 1 up. Below 1 it rises
/// from [`MIN_TEMPERATURE`] with the control's square root, so that low values differ audibly.
pub(crate) fn sampling_temperature(control: f32) -> f32 {
    match control < 1.0 {
        true => MIN_TEMPERATURE + (1.0 - MIN_TEMPERATURE) * sqrtf(control),
        false => control,
    }
}

/// A partially decoded phrase: the decoder after the steps so far, and the plans of all steps.
#[derive(Clone, Debug)]
pub(crate) struct PartialPhrase {
    pub(crate) decoder: Decoder,
    /// Number of the decoder's steps before the phrase.
    pub(crate) start: usize,
    pub(crate) plans: Vec<StepPlan>,
    /// Number of further candidates that the bars of the phrase may still have.
    pub(crate) candidates: u8,
}

/// Maximum number of lead-ins that are kept.
const MAX_LEAD_INS: usize = 3;

/// The decoders after the last lead-ins, newest first, with what they depend on. Controls that
/// change none of it reuse them, and so do all drummers that share the cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeadInCache(Arc<Mutex<Vec<(LeadInKey, Decoder)>>>);

/// Index of a lead-in, its grouping, and the kind of playing.
type LeadInKey = (Option<usize>, Grouping, Kind);

impl LeadInCache {
    /// A decoder that was fed the lead-in of a take; an empty one if the model has no lead-ins.
    pub(crate) fn decoder(&self, context: &TakeContext) -> Result<Decoder, ModelError> {
        let (kind, grouping) = (context.kind(false), context.grouping());
        let key = (context.lead_in, grouping, kind);
        // Decoders are complete when they are added: a panic elsewhere does not spoil them.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.iter().position(|of| of.0 == key) {
            known[..=place].rotate_right(1);
            return Ok(known[0].1.clone());
        }
        let mut decoder = Decoder::new(context.model);
        if let Some(lead_in) = context.lead_in() {
            for step in lead_in.in_meter(context.meter, grouping) {
                decoder.teacher_force(context.model, &kind, step)?;
            }
        }
        known.truncate(MAX_LEAD_INS - 1);
        known.insert(0, (key, decoder.clone()));
        Ok(decoder)
    }
}

impl PartialPhrase {
    /// The steps decoded so far.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.decoder.steps[self.start..]
    }
}

/// The last whole bars of a primer; less than one bar is the end of one.
fn whole_bars(primer: &[Step], meter: Meter) -> Vec<Step> {
    let bar = meter.steps();
    let (silent, left_out) = match primer.len() {
        few if few < bar => (bar - few, 0),
        many => (0, many % bar),
    };
    let silence = std::iter::repeat_n(Step::SILENT, silent);
    silence.chain(primer[left_out..].iter().copied()).collect()
}

/// Swing and lay-back of a take's primer.
pub(crate) fn primer_feel(take: &Take, meter: Meter) -> Option<SystematicOffsets> {
    SystematicOffsets::of(&whole_bars(&take.primer_steps()?, meter), meter)
}

impl TakeContext<'_> {
    /// The theme, before its first step.
    pub(crate) fn theme(
        &self,
        lead_in_cache: &LeadInCache,
        base: Option<&[Step]>,
    ) -> Result<PartialPhrase, ModelError> {
        let decoder = match self.primed()? {
            Some(decoder) => decoder,
            None => lead_in_cache.decoder(self)?,
        };
        let mut plans = self.plans(0, base);
        // The theme is never the first step after a fill.
        plans[0].after_fill = false;
        Ok(PartialPhrase { start: decoder.steps.len(), decoder, plans, candidates: MAX_CANDIDATES })
    }

    /// A decoder that was fed the take's primer, if it has one.
    fn primed(&self) -> Result<Option<Decoder>, ModelError> {
        let Some(primer) = self.take.primer_steps() else { return Ok(None) };
        let mut decoder = Decoder::new(self.model);
        let kit = &self.model.metadata().classes;
        for step in whole_bars(&primer, self.meter) {
            decoder.teacher_force(self.model, &self.kind(false), kit.step(&step))?;
        }
        Ok(Some(decoder))
    }

    /// Feeds a given step. Returns its log-probability.
    pub(crate) fn teacher_force(
        &self,
        decoder: &mut Decoder,
        plan: &StepPlan,
        step: Step,
    ) -> Result<f32, ModelError> {
        let kind = self.kind(plan.fill.is_some());
        let prediction = decoder.predict(self.model, &kind)?;
        let log_probability = prediction.log_probability(step.drums());
        decoder.feed(self.model, &kind, prediction, step)?;
        Ok(log_probability)
    }

    /// Plays the simplified take's step with the pins applied. Returns its log-probability.
    pub(crate) fn apply_pins(
        &self,
        decoder: &mut Decoder,
        place: usize,
        plan: &StepPlan,
    ) -> Result<f32, ModelError> {
        let base = plan.simplified.unwrap_or(Step::SILENT);
        let pins = &self.take.pins;
        let drums = base.drums().with(pins.struck(place)).without(pins.silent(place));
        let mut rng = StepRng::at(self.take.controls.seed, plan.bar, plan.step, 0);
        let kind = self.kind(plan.fill.is_some());
        let requested = pins.struck(place);
        let (offsets, velocity_tilt) = (self.meant_offsets(plan), self.velocity_tilt());
        let request = Request { clear: requested, near: requested, offsets, velocity_tilt };
        let log_probability = decoder.play_drums(self.model, &kind, drums, request, &mut rng)?;
        if let Some(played) = decoder.steps.last_mut() {
            for (drum, hit) in base.hits().filter(|(drum, _)| drums.contains(*drum)) {
                if is_clear(hit) || !requested.contains(drum) {
                    played.set(drum, Some(hit));
                }
            }
            pins.apply_hits(place, played);
        }
        Ok(log_probability)
    }

    /// Samples a step. `place` is its index in the phrase. Returns the log-probability of the
    /// struck drums.
    pub(crate) fn play(
        &self,
        decoder: &mut Decoder,
        place: usize,
        plan: &StepPlan,
        attempt: u8,
    ) -> Result<f32, ModelError> {
        let constraints = self.constraints(decoder, place, plan);
        // Phrases after the theme never exceed temperature 1.
        let most = if plan.theme { f32::INFINITY } else { 1.0 };
        let temperature = sampling_temperature(self.take.controls.temperature.min(most));
        let mut rng = StepRng::at(self.take.controls.seed, plan.bar, plan.step, attempt);
        let kind = self.kind(plan.fill.is_some());
        let offsets = self.meant_offsets(plan);
        let log_probability =
            decoder.play(self.model, &kind, temperature, &constraints, offsets, &mut rng)?;
        if let Some(played) = decoder.steps.last_mut() {
            for (drum, hit) in plan.fixed_after_fill.iter().flat_map(Step::hits) {
                played.set(drum, Some(hit));
            }
            self.take.pins.apply_hits(place, played);
        }
        Ok(log_probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Drummer;
    use crate::model::Model;
    use crate::model::tests::{kinds, small_bytes};
    use crate::take::TakeControls;

    #[test]
    fn drummers_that_share_lead_ins_play_as_alone() {
        let model = Arc::new(Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model"));
        let mut drummers = Drummer::several::<2>(&model);
        let take = Take::from(TakeControls { seed: 7, style: 17, ..TakeControls::default() });
        let other = |style, tempo| take.with(|take| (take.style, take.tempo) = (style, tempo));
        // More lead-ins than are kept, and some again.
        let takes = [
            take,
            take.with(|take| take.stick = 0.9),
            other(3, 120.0),
            other(3, 90.0),
            other(17, 90.0),
            take.with(|take| take.density = 0.8),
        ];
        for (number, take) in takes.iter().chain(&takes).enumerate() {
            let bar = drummers[number % 2].bar(take, Meter::FOUR_FOUR, 0).expect("a bar");
            let alone =
                Drummer::new(Arc::clone(&model)).bar(take, Meter::FOUR_FOUR, 0).expect("a bar");
            assert_eq!(bar, alone, "take {number}");
        }
    }
}
