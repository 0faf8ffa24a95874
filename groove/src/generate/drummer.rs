//! The drummer: from a take and a song position to a bar.
//! ~ Phrase 0 of a take is its *theme*. A looping take repeats it; only fills at other positions of
//! the song, and the crash that may follow a fill, are decoded anew. In an evolving take, phrase
//! `k` continues the theme (with the song's fill before phrase `k`) with its own random numbers. It
//! needs the theme, but no phrase in between, so a bar is a function of take, meter and song
//! position alone.
//! ~ The theme continues a [lead-in](crate::model::lead_in) or the take's primer.
//! ~ Decoding is lazy: a phrase is decoded only as far as it is requested. A take with pins or lane
//! densities is decoded around a [simplified](crate::generate::conditioning::simplified) take,
//! which has neither.

use std::sync::Arc;
use std::task::Poll;

use crate::generate::conditioning::{StepPlan, TakeContext, simplified};
use crate::generate::interpolate::mixed;
use crate::generate::lead_in_choice;
use crate::generate::phrase::{LeadInCache, PartialPhrase};
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Meter, Step};
use crate::take::{FillPlace, Take};

/// A result that may need further steps; each call does one.
type Soon<T> = Result<Poll<T>, ModelError>;

/// A model, and the phrases decoded last.
#[derive(Debug)]
pub struct Drummer {
    model: Arc<Model>,
    /// The last lead-in that was fed.
    lead_in_cache: LeadInCache,
    /// Take and meter of all following fields.
    of: Option<(Take, Meter)>,
    /// Index of the take's lead-in in the model's list.
    lead_in: Option<usize>,
    /// Drummer of the simplified take.
    base: Option<Box<Drummer>>,
    /// Drummers of the two takes of a morph.
    endpoints: Option<Box<[Drummer; 2]>>,
    /// The theme as far as it is decoded, followed by its versions with other fills.
    versions: Vec<PartialPhrase>,
    /// The last requested phrase besides the theme.
    phrase: Option<(i64, PartialPhrase)>,
}

impl Drummer {
    /// A drummer with a model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Drummer {
            model,
            lead_in_cache: LeadInCache::default(),
            of: None,
            lead_in: None,
            base: None,
            endpoints: None,
            versions: Vec::new(),
            phrase: None,
        }
    }

    /// The bar at a song position, a pure function of the arguments.
    ///
    /// # Errors
    /// Returns an error if the take belongs to another model, or if the network cannot be computed.
    pub fn bar(&mut self, take: &Take, meter: Meter, bar: i64) -> Result<Bar, ModelError> {
        let played = self.bar_cancellable(take, meter, bar, || false)?;
        Ok(played.unwrap_or(Bar::silent(meter)))
    }

    /// The bar at a song position, or `None` once `stop` returns true, which is checked before
    /// every step. Completed steps are kept for the next call.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn bar_cancellable(
        &mut self,
        take: &Take,
        meter: Meter,
        bar: i64,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Bar>, ModelError> {
        let (phrase, place) = take.phrase_of(bar);
        let length = meter.steps();
        let mut played = Bar::silent(meter).at(self.model.metadata().classes.pitches());
        for (step, cell) in (place * length..).zip(played.steps_mut()) {
            loop {
                if stop() {
                    return Ok(None);
                }
                if let Poll::Ready(step) = self.step_toward(take, meter, phrase, step)? {
                    *cell = step;
                    break;
                }
            }
        }
        Ok(Some(played))
    }

    /// All bars of a phrase, a pure function of the arguments.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn phrase(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
    ) -> Result<Vec<Bar>, ModelError> {
        let first = take.first_bar(phrase);
        (first..).take(take.bars()).map(|bar| self.bar(take, meter, bar)).collect()
    }

    /// A step of a phrase. Decodes as far as that step.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn step(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
        step: usize,
    ) -> Result<Step, ModelError> {
        loop {
            if let Poll::Ready(step) = self.step_toward(take, meter, phrase, step)? {
                return Ok(step);
            }
        }
    }

    /// Returns a step of a phrase if it is decoded; else decodes one of the steps that it needs.
    fn step_toward(&mut self, take: &Take, meter: Meter, phrase: i64, step: usize) -> Soon<Step> {
        if take.model != 0 && take.model != self.model.identity() {
            return Err(ModelError::Another);
        }
        if self.of.as_ref().is_none_or(|of| *of != (*take, meter)) {
            // The simplified take and the ends of a morph may be unchanged.
            let (base, endpoints) = (self.base.take(), self.endpoints.take());
            let lead_in_cache = std::mem::take(&mut self.lead_in_cache);
            *self =
                Drummer { lead_in_cache, base, endpoints, ..Drummer::new(Arc::clone(&self.model)) };
            self.of = Some((*take, meter));
            self.lead_in = match take.primer_steps() {
                Some(_) => None,
                None => lead_in_choice::choose(self.model.lead_ins(), &take.interpolated()),
            };
        }
        let model = Arc::clone(&self.model);
        let lead_in = self.lead_in;
        let context = TakeContext { model: &model, take: &take.interpolated(), meter, lead_in };
        if phrase != 0 && self.phrase.as_ref().is_none_or(|(number, _)| *number != phrase) {
            if let Poll::Ready(begun) = self.begin(&context, phrase)? {
                self.phrase = Some((phrase, begun));
            }
            return Ok(Poll::Pending);
        }
        if self.versions.is_empty() {
            return self.begin_theme(&context).map(|_| Poll::Pending);
        }
        let partial = match &mut self.phrase {
            Some((_, partial)) if phrase != 0 => partial,
            _ => &mut self.versions[0],
        };
        let step = step.min(partial.plans.len().saturating_sub(1));
        if partial.steps().len() <= step {
            context.advance(partial)?;
        }
        Ok(partial.steps().get(step).map_or(Poll::Pending, |&step| Poll::Ready(step)))
    }

    /// The simplified take's phrase, if the take can be simplified.
    fn base_phrase(&mut self, context: &TakeContext, phrase: i64) -> Soon<Option<Vec<Step>>> {
        let Some(take) = self.simplified() else { return Ok(Poll::Ready(None)) };
        let base = self.base.get_or_insert_with(|| Box::new(Drummer::new(self.model.clone())));
        let last = take.bars() * context.meter.steps() - 1;
        if base.step_toward(&take, context.meter, phrase, last)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let partial = match &base.phrase {
            Some((_, partial)) if phrase != 0 => partial,
            _ => &base.versions[0],
        };
        Ok(Poll::Ready(Some(partial.steps().to_vec())))
    }

    fn simplified(&self) -> Option<Take> {
        self.of.and_then(|(take, _)| simplified(&take))
    }

    /// The theme between the two takes of a morph, for a take that cannot be simplified.
    fn between(&mut self, meter: Meter) -> Soon<Option<Vec<Step>>> {
        let endpoints =
            self.of.filter(|(take, _)| simplified(take).is_none()).and_then(|of| of.0.endpoints());
        let Some((takes, share)) = endpoints else { return Ok(Poll::Ready(None)) };
        let new = || Drummer::new(Arc::clone(&self.model));
        let drummers = self.endpoints.get_or_insert_with(|| Box::new([new(), new()]));
        for (drummer, take) in drummers.iter_mut().zip(&takes) {
            let last = take.bars() * meter.steps() - 1;
            if drummer.step_toward(take, meter, 0, last)?.is_pending() {
                return Ok(Poll::Pending);
            }
        }
        let themes = drummers.each_ref().map(|drummer| drummer.versions[0].steps());
        let steps = mixed(&self.model, takes.each_ref(), themes, meter, share)?;
        Ok(Poll::Ready(Some(steps)))
    }

    /// Begins the theme if all steps that it needs are decoded.
    fn begin_theme(&mut self, context: &TakeContext) -> Soon<()> {
        let Poll::Ready(mut base) = self.base_phrase(context, 0)? else { return Ok(Poll::Pending) };
        if base.is_none() {
            base = match self.between(context.meter)? {
                Poll::Ready(between) => between,
                Poll::Pending => return Ok(Poll::Pending),
            };
        }
        self.versions.push(context.theme(&mut self.lead_in_cache, base.as_deref())?);
        Ok(Poll::Ready(()))
    }

    /// Begins a phrase other than the theme if all steps that it needs are decoded.
    fn begin(&mut self, context: &TakeContext, phrase: i64) -> Soon<PartialPhrase> {
        let first = context.take.first_bar(phrase);
        let opens = context.plan(first, 0).after_fill;
        let fills =
            |phrase| context.plans(phrase, None).iter().map(|plan| plan.fill).collect::<Vec<_>>();
        let mut before = None;
        if context.take.evolve || opens {
            before = match self.version(context, &fills(phrase - 1))? {
                Poll::Ready(version) => Some(version),
                Poll::Pending => return Ok(Poll::Pending),
            };
        }
        if let Some(before) = before.as_ref().filter(|_| context.take.evolve) {
            let Poll::Ready(base) = self.base_phrase(context, phrase)? else {
                return Ok(Poll::Pending);
            };
            let decoder = before.decoder.clone();
            let (start, plans) = (decoder.steps.len(), context.plans(phrase, base.as_deref()));
            return Ok(Poll::Ready(PartialPhrase { decoder, start, plans }));
        }
        let Poll::Ready(mut looped) = self.version(context, &fills(phrase))? else {
            return Ok(Poll::Pending);
        };
        if let Some(mut before) = before {
            // The first step of the theme, possibly with a crash.
            before.start = before.decoder.steps.len();
            before.plans =
                vec![StepPlan { fixed_after_fill: Some(looped.steps()[0]), ..context.plan(0, 0) }];
            context.advance(&mut before)?;
            looped.decoder.steps[looped.start] = before.steps()[0];
        }
        Ok(Poll::Ready(looped))
    }

    /// The theme with these fills, if it is decoded to its end.
    fn version(
        &mut self,
        context: &TakeContext,
        fills: &[Option<FillPlace>],
    ) -> Soon<PartialPhrase> {
        if self.versions.is_empty() && self.begin_theme(context)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let theme = &mut self.versions[0];
        if !theme.is_whole() {
            context.advance(theme)?;
            return Ok(Poll::Pending);
        }
        let same = |version: &PartialPhrase| {
            version.plans.iter().map(|plan| plan.fill).eq(fills.iter().copied())
        };
        if let Some(version) = self.versions.iter_mut().find(|version| same(version)) {
            if version.is_whole() {
                return Ok(Poll::Ready(version.clone()));
            }
            context.advance(version)?;
            return Ok(Poll::Pending);
        }
        let mut base = None;
        let simplified = self.simplified();
        if let (Some(drummer), Some(take)) = (&mut self.base, simplified) {
            let simple = TakeContext { take: &take.interpolated(), ..*context };
            base = match drummer.version(&simple, fills)? {
                Poll::Ready(version) => Some(version.steps().to_vec()),
                Poll::Pending => return Ok(Poll::Pending),
            };
        }
        let mut version = context.theme(&mut self.lead_in_cache, base.as_deref())?;
        let mut last = None;
        for ((plan, &fill), &step) in
            version.plans.iter_mut().zip(fills).zip(self.versions[0].steps())
        {
            let after = fill.is_none() && last.is_some();
            let (same, was_after) = (plan.fill == fill, plan.after_fill);
            plan.fixed = (same && after == was_after).then_some(step);
            plan.fixed_after_fill = (after && !was_after && same).then_some(step);
            (plan.fill, plan.after_fill, last) = (fill, after, fill);
        }
        self.versions.push(version);
        Ok(Poll::Pending)
    }
}
