//! Decodes the next steps of a phrase: one step, a bar among candidates, or a repair around pins.
//!
//! A take with pins is first decoded without them. Where the result misses a pin, the surroundings
//! are decoded again in several attempts, and the attempt with the highest likelihood is kept.
//! Steps far from a missed pin stay as they were.

use crate::generate::conditioning::{TakeContext, has_even_lanes};
use crate::generate::decoder::Decoder;
use crate::generate::phrase::PartialPhrase;
use crate::model::ModelError;
use crate::pattern::Step;

/// Steps before a missed pin from which on the phrase is decoded again, steps after it that are
/// decoded again, and steps after those that the attempts are scored on.
const STEPS_BEFORE_PIN: usize = 12;
const STEPS_AFTER_PIN: usize = 4;
const STEPS_SCORED: usize = 16;
/// Attempts, besides the one that changes nothing but the pins.
const ATTEMPTS: u8 = 8;

impl TakeContext<'_> {
    /// Decodes the next step, the next bar among candidates, or the steps around missed pins.
    pub(crate) fn advance(&self, partial: &mut PartialPhrase) -> Result<(), ModelError> {
        let at = partial.steps().len();
        if let Some(preceding) = self.preceding_bars(partial, at) {
            return self.play_candidates(partial, &preceding);
        }
        let plan = partial.plans[at];
        let feed = |decoder: &mut Decoder, step| {
            decoder.teacher_force(self.model, &self.kind(plan.fill.is_some()), step)
        };
        if let Some(step) = plan.fixed {
            return feed(&mut partial.decoder, step);
        }
        let Some(mut simplified) = plan.simplified.filter(|_| has_even_lanes(self.take)) else {
            return self.play(&mut partial.decoder, at, &plan, 0).map(drop);
        };
        if let Some(end) = self.end_of_repair(partial, at) {
            return self.repair(partial, at, end);
        }
        self.take.pins.apply_hits(at, &mut simplified);
        feed(&mut partial.decoder, simplified)
    }

    /// Last step that is decoded again because of a missed pin shortly after step `at`; `None` if
    /// there is no such pin.
    fn end_of_repair(&self, partial: &PartialPhrase, at: usize) -> Option<usize> {
        let missed = |place: &usize| {
            let plan = &partial.plans[*place];
            plan.fixed.is_none()
                && plan.simplified.is_some_and(|step| !self.keeps_pins(*place, &step))
        };
        let last = partial.plans.len() - 1;
        (at..=last.min(at + STEPS_BEFORE_PIN)).find(missed)?;
        let missed_last = (at..=last.min(at + 2 * STEPS_BEFORE_PIN)).rev().find(missed)?;
        Some(last.min(missed_last + STEPS_AFTER_PIN))
    }

    /// Decodes the steps from `at` to `end` in several attempts, and keeps the most likely one.
    fn repair(&self, partial: &mut PartialPhrase, at: usize, end: usize) -> Result<(), ModelError> {
        let mut best: Option<(f32, Decoder)> = None;
        for attempt in 0..=ATTEMPTS {
            let mut candidate = partial.decoder.clone();
            let mut log_probability = 0.0;
            for (place, plan) in partial.plans.iter().enumerate().take(end + 1).skip(at) {
                log_probability += match (plan.fixed, attempt) {
                    (Some(step), _) => self.teacher_force(&mut candidate, plan, step)?,
                    (None, 0) => self.apply_pins(&mut candidate, place, plan)?,
                    (None, _) => self.play(&mut candidate, place, plan, attempt)?,
                };
            }
            let whole = candidate.clone();
            for plan in partial.plans.iter().skip(end + 1).take(STEPS_SCORED) {
                let next = plan.fixed.or(plan.simplified).unwrap_or(Step::SILENT);
                log_probability += self.teacher_force(&mut candidate, plan, next)?;
            }
            if best.as_ref().is_none_or(|(known, _)| log_probability > *known) {
                best = Some((log_probability, whole));
            }
        }
        if let Some((_, decoder)) = best {
            partial.decoder = decoder;
        }
        Ok(())
    }
}
