//! The drummer: from a take and a song position to a bar.
//!
//! Phrase 0 of a take is its *theme*. A looping take repeats it; only fills at other positions of
//! the song, and the crash that may follow a fill, are decoded anew. In an evolving take, phrase
//! `k` continues the theme (with the song's fill before phrase `k`) with its own random numbers. It
//! needs the theme, but no phrase in between, so a bar is a function of take, meter and song
//! position alone.
//!
//! The theme continues a [lead-in](crate::model::lead_in) or the take's primer.
//!
//! A take with a chart is played section by section: each is a take of its own, whose phrases are
//! decoded again where the chart marks them, see [`song`](crate::generate::song).
//!
//! Decoding is lazy: a phrase is decoded only as far as it is requested. A take with pins or lane
//! densities is decoded around a [`simplified`] take, which has neither.

use std::sync::Arc;

use crate::generate::conditioning::{StepPlan, TakeContext, simplified};
use crate::generate::intended_feel::SystematicOffsets;
use crate::generate::interpolate::mixed;
use crate::generate::lead_in_choice;
use crate::generate::phrase::{LeadInCache, PartialPhrase, primer_feel};
use crate::generate::song::{SongBar, SongBars, follow_energy};
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Meter, Step};
use crate::take::chart::Mark;
use crate::take::{FillPlace, Take};

/// Cancellation check of a caller: true once the result is no longer needed.
type StopCheck<'a> = &'a dyn Fn() -> bool;

/// Early end of decoding. Completed steps are kept.
enum Interrupt {
    Cancelled,
    Failed(ModelError),
}

impl From<ModelError> for Interrupt {
    fn from(error: ModelError) -> Self {
        Interrupt::Failed(error)
    }
}

/// Turns a cancellation into `None`.
fn unless_cancelled<T>(result: Result<T, Interrupt>) -> Result<Option<T>, ModelError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Interrupt::Cancelled) => Ok(None),
        Err(Interrupt::Failed(error)) => Err(error),
    }
}

/// Decodes a phrase up to its first `count` steps, at most all. Checks `stop` before every step.
fn decode_to(
    context: &TakeContext,
    partial: &mut PartialPhrase,
    count: usize,
    stop: StopCheck,
) -> Result<(), Interrupt> {
    while partial.steps().len() < count.min(partial.plans.len()) {
        if stop() {
            return Err(Interrupt::Cancelled);
        }
        context.advance(partial)?;
    }
    Ok(())
}

/// A model, and the phrases decoded last.
#[derive(Debug)]
pub struct Drummer {
    model: Arc<Model>,
    /// The last lead-ins that were fed, shared with the drummers of other takes.
    lead_in_cache: LeadInCache,
    /// Take and meter of all following fields.
    of: Option<(Take, Meter)>,
    /// Index of the take's lead-in in the model's list.
    lead_in: Option<usize>,
    /// Swing and lay-back of the take's primer.
    primer_feel: Option<SystematicOffsets>,
    /// Drummer of the simplified take.
    base: Option<Box<Drummer>>,
    /// Drummers of the two takes of a morph.
    endpoints: Option<Box<[Drummer; 2]>>,
    /// The theme as far as it is decoded, followed by its versions with other fills.
    versions: Vec<PartialPhrase>,
    /// The last requested phrase besides the theme.
    phrase: Option<(i64, PartialPhrase)>,
    /// The last phrase with the marks of a chart, and how closely the kick follows accents.
    marked: Option<MarkedPhrase>,
    /// Drummer of the last section of a chart, and the bars of charts.
    section: Option<Box<Drummer>>,
    song_bars: SongBars,
}

/// A phrase with the marks of a chart.
#[derive(Debug)]
struct MarkedPhrase {
    phrase: i64,
    marks: Vec<Mark>,
    follow: f32,
    partial: PartialPhrase,
}

impl Drummer {
    /// A drummer with a model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Drummer::beside(&model, &LeadInCache::default())
    }

    /// Drummers with a model for takes that alternate. They are fed a lead-in once: takes that
    /// differ in other controls share it.
    #[must_use]
    pub fn several<const COUNT: usize>(model: &Arc<Model>) -> [Self; COUNT] {
        let lead_in_cache = LeadInCache::default();
        [(); COUNT].map(|()| Drummer::beside(model, &lead_in_cache))
    }

    /// A drummer that shares lead-ins with others of its model.
    fn beside(model: &Arc<Model>, lead_in_cache: &LeadInCache) -> Self {
        Drummer {
            model: Arc::clone(model),
            lead_in_cache: lead_in_cache.clone(),
            of: None,
            lead_in: None,
            primer_feel: None,
            base: None,
            endpoints: None,
            versions: Vec::new(),
            phrase: None,
            marked: None,
            section: None,
            song_bars: SongBars::default(),
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
        if stop() {
            return Ok(None);
        }
        let with_pad = take.with_pad_added();
        let take = with_pad.as_ref().unwrap_or(take);
        let (phrase, place) = take.phrase_of(bar);
        let (mut first, mut end) = (place * meter.steps(), (place + 1) * meter.steps());
        let mut played = Bar::silent(meter).at(self.model.metadata().classes.pitches());
        let steps = if take.chart.is_empty() && take.stage.is_empty() {
            self.decode(take, meter, phrase, end, &stop)
        } else {
            let song_bar = self.song_bars.get(take, meter, bar, self.model.lead_ins());
            (first, end) = (song_bar.place * meter.steps(), (song_bar.place + 1) * meter.steps());
            let new = || Box::new(Drummer::beside(&self.model, &self.lead_in_cache));
            let drummer = self.section.get_or_insert_with(new);
            drummer.decode_marked(&song_bar, take.chart.follow, meter, end, &stop)
        };
        Ok(unless_cancelled(steps)?.map(|steps| {
            played.steps_mut().copy_from_slice(&steps[first..end]);
            follow_energy(take, meter, bar, first, played.steps_mut());
            played
        }))
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
        let with_pad = take.with_pad_added();
        let take = with_pad.as_ref().unwrap_or(take);
        let steps = unless_cancelled(self.decode(take, meter, phrase, step + 1, &|| false))?;
        Ok(steps.map_or(Step::SILENT, |steps| steps[step.min(steps.len() - 1)]))
    }

    /// Decodes the first `count` steps of a phrase, at most all, and the phrases that they depend
    /// on. Returns the steps decoded so far.
    fn decode(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
        count: usize,
        stop: StopCheck,
    ) -> Result<&[Step], Interrupt> {
        if take.model != 0 && take.model != self.model.identity() {
            return Err(ModelError::Another.into());
        }
        self.set_take(take, meter);
        let (model, lead_in) = (Arc::clone(&self.model), self.lead_in);
        let take = &take.interpolated();
        let primer_feel = self.primer_feel;
        let context = TakeContext { model: &model, take, meter, lead_in, primer_feel };
        if phrase == 0 {
            self.begin_theme(&context, stop)?;
        } else if self.phrase.as_ref().is_none_or(|(number, _)| *number != phrase) {
            self.phrase = Some((phrase, self.begin(&context, phrase, stop)?));
        }
        let partial = match &mut self.phrase {
            Some((_, partial)) if phrase != 0 => partial,
            _ => &mut self.versions[0],
        };
        decode_to(&context, partial, count, stop)?;
        Ok(partial.steps())
    }

    /// Decodes the first `count` steps of a phrase of a section with the marks of the chart.
    fn decode_marked(
        &mut self,
        bar: &SongBar,
        follow: f32,
        meter: Meter,
        count: usize,
        stop: StopCheck,
    ) -> Result<&[Step], Interrupt> {
        let SongBar { take, phrase, marks, .. } = bar;
        if !marks.iter().any(Mark::changes) {
            return self.decode(take, meter, *phrase, count, stop);
        }
        let base = self.decode(take, meter, *phrase, usize::MAX, stop)?.to_vec();
        let (model, lead_in) = (Arc::clone(&self.model), self.lead_in);
        let (take, primer_feel) = (&take.interpolated(), self.primer_feel);
        let context = TakeContext { model: &model, take, meter, lead_in, primer_feel };
        let is_known = |known: &MarkedPhrase| {
            known.phrase == *phrase && known.marks == *marks && known.follow == follow
        };
        if !self.marked.as_ref().is_some_and(is_known) {
            let partial = self.begin_marked(&context, *phrase, &base, stop)?;
            let (phrase, marks) = (*phrase, marks.clone());
            self.marked = Some(MarkedPhrase { phrase, marks, follow, partial });
        }
        let partial = &mut self.marked.as_mut().ok_or(Interrupt::Cancelled)?.partial;
        while partial.steps().len() < count {
            if stop() {
                return Err(Interrupt::Cancelled);
            }
            context.advance_marked(partial, &marks[partial.steps().len()], follow)?;
        }
        Ok(partial.steps())
    }

    /// Begins a phrase with the marks of a chart, around the same phrase without them.
    fn begin_marked(
        &mut self,
        context: &TakeContext,
        phrase: i64,
        base: &[Step],
        stop: StopCheck,
    ) -> Result<PartialPhrase, Interrupt> {
        let plans = context.plans(phrase, Some(base));
        let decoder = match context.take.evolve && phrase != 0 {
            true => {
                let before = context.plans(phrase - 1, None);
                let fills: Vec<_> = before.iter().map(|plan| plan.fill).collect();
                self.version(context, &fills, stop)?.decoder
            }
            false => context.theme(&self.lead_in_cache, None)?.decoder,
        };
        Ok(PartialPhrase { start: decoder.steps.len(), decoder, plans, candidates: 0 })
    }

    /// Discards the phrases of another take or meter.
    fn set_take(&mut self, take: &Take, meter: Meter) {
        if self.of.as_ref().is_some_and(|of| *of == (*take, meter)) {
            return;
        }
        (self.of, self.phrase, self.marked) = (Some((*take, meter)), None, None);
        self.versions.clear();
        self.primer_feel = primer_feel(take, meter);
        self.lead_in = match take.is_primed() {
            true => None,
            false => lead_in_choice::choose(self.model.lead_ins(), &take.interpolated()),
        };
    }

    /// The simplified take's phrase, if the take can be simplified.
    fn simplified_phrase(
        &mut self,
        meter: Meter,
        phrase: i64,
        stop: StopCheck,
    ) -> Result<Option<Vec<Step>>, Interrupt> {
        let Some(take) = self.simplified() else { return Ok(None) };
        let new = || Box::new(Drummer::beside(&self.model, &self.lead_in_cache));
        let drummer = self.base.get_or_insert_with(new);
        Ok(Some(drummer.decode(&take, meter, phrase, usize::MAX, stop)?.to_vec()))
    }

    fn simplified(&self) -> Option<Take> {
        self.of.and_then(|(take, _)| simplified(&take))
    }

    /// The theme between the two takes of a morph, for a take that cannot be simplified.
    fn morphed_theme(
        &mut self,
        meter: Meter,
        stop: StopCheck,
    ) -> Result<Option<Vec<Step>>, Interrupt> {
        let endpoints =
            self.of.filter(|(take, _)| simplified(take).is_none()).and_then(|of| of.0.endpoints());
        let Some((takes, share)) = endpoints else { return Ok(None) };
        let new = |()| Drummer::beside(&self.model, &self.lead_in_cache);
        let drummers = self.endpoints.get_or_insert_with(|| Box::new([(); 2].map(new)));
        for (drummer, take) in drummers.iter_mut().zip(&takes) {
            drummer.decode(take, meter, 0, usize::MAX, stop)?;
        }
        let themes = drummers.each_ref().map(|drummer| drummer.versions[0].steps());
        Ok(Some(mixed(&self.model, takes.each_ref(), themes, meter, share)?))
    }

    /// Begins the theme, unless it is begun, after all steps that it needs.
    fn begin_theme(&mut self, context: &TakeContext, stop: StopCheck) -> Result<(), Interrupt> {
        if self.versions.is_empty() {
            let mut base = self.simplified_phrase(context.meter, 0, stop)?;
            if base.is_none() {
                base = self.morphed_theme(context.meter, stop)?;
            }
            self.versions.push(context.theme(&self.lead_in_cache, base.as_deref())?);
        }
        Ok(())
    }

    /// Begins a phrase other than the theme, after all steps that it needs.
    fn begin(
        &mut self,
        context: &TakeContext,
        phrase: i64,
        stop: StopCheck,
    ) -> Result<PartialPhrase, Interrupt> {
        let fills =
            |phrase| context.plans(phrase, None).iter().map(|plan| plan.fill).collect::<Vec<_>>();
        if context.take.evolve {
            let decoder = self.version(context, &fills(phrase - 1), stop)?.decoder;
            let base = self.simplified_phrase(context.meter, phrase, stop)?;
            let (start, plans) = (decoder.steps.len(), context.plans(phrase, base.as_deref()));
            return Ok(PartialPhrase { decoder, start, plans, candidates: 0 });
        }
        let first = context.take.first_bar(phrase);
        let mut before = None;
        if context.plan(first, 0).after_fill {
            before = Some(self.version(context, &fills(phrase - 1), stop)?);
        }
        let mut looped = self.version(context, &fills(phrase), stop)?;
        if let Some(mut before) = before {
            // The first step of the theme, possibly with a crash.
            before.start = before.decoder.steps.len();
            before.plans =
                vec![StepPlan { fixed_after_fill: Some(looped.steps()[0]), ..context.plan(0, 0) }];
            context.advance(&mut before)?;
            looped.decoder.steps[looped.start] = before.steps()[0];
        }
        Ok(looped)
    }

    /// The theme with these fills, decoded to its end.
    fn version(
        &mut self,
        context: &TakeContext,
        fills: &[Option<FillPlace>],
        stop: StopCheck,
    ) -> Result<PartialPhrase, Interrupt> {
        self.begin_theme(context, stop)?;
        decode_to(context, &mut self.versions[0], usize::MAX, stop)?;
        let same = |version: &PartialPhrase| {
            version.plans.iter().map(|plan| plan.fill).eq(fills.iter().copied())
        };
        let known = self.versions.iter().position(same);
        let place = match known {
            Some(place) => place,
            None => {
                let version = self.begin_version(context, fills, stop)?;
                self.versions.push(version);
                self.versions.len() - 1
            }
        };
        decode_to(context, &mut self.versions[place], usize::MAX, stop)?;
        Ok(self.versions[place].clone())
    }

    /// Begins the theme with other fills, after the theme is decoded.
    fn begin_version(
        &mut self,
        context: &TakeContext,
        fills: &[Option<FillPlace>],
        stop: StopCheck,
    ) -> Result<PartialPhrase, Interrupt> {
        let mut base = None;
        let simplified = self.simplified();
        if let (Some(drummer), Some(take)) = (&mut self.base, simplified) {
            let simple = TakeContext { take: &take.interpolated(), ..*context };
            base = Some(drummer.version(&simple, fills, stop)?.steps().to_vec());
        }
        let mut version = context.theme(&self.lead_in_cache, base.as_deref())?;
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
        Ok(version)
    }
}
