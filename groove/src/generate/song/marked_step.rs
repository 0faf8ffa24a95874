//! Decoding of a step that a chart marks.

use crate::generate::conditioning::constraints::Constraints;
use crate::generate::conditioning::{CRASH, KICK, StepPlan, TakeContext};
use crate::generate::decoder::Decoder;
use crate::generate::decoder::step_rng::StepRng;
use crate::generate::phrase::{PartialPhrase, sampling_temperature};
use crate::model::ModelError;
use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::{Hit, Step, Stroke};
use crate::take::chart::{Accent, Mark, Reentry, USUAL_FOLLOW};

/// Added to the log-odds of the kick at a light and at a strong accent, at the usual following and in
/// a bar with few accents. `trainer measure --only accents` measures the effect.
const USUAL_BIAS: [f32; 2] = [3.3, 3.9];
/// Number of accents in a bar above which the bias falls, in inverse proportion: drummers double the
/// notes of a sparse line, and choose among those of a dense one.
const FEW_ACCENTS: f32 = 8.0;
/// Bias of the kick at full following, at every accent and in every bar.
const FULL_BIAS: f32 = 6.0;
/// Subtracted at the other steps of a bar with accents, at the usual and at full following.
const REST_BIAS: [f32; 2] = [2.4, 4.0];
/// Share of the bias of accents on the first step, and what is subtracted there beside the bias of
/// the other steps, at the usual following: drummers' kicks on 1 depend less on the line.
const ON_ONE: (f32, f32) = (0.6, 0.5);

const OPEN_HAT: DrumSet = DrumSet::from_bits(1 << Drum::OpenHat as u16);
const CLOSED_HAT: DrumSet = DrumSet::from_bits(1 << Drum::ClosedHat as u16);
/// Cymbals that a crash replaces.
const TIME: DrumSet = OPEN_HAT.with(CLOSED_HAT).with(DrumSet::from_bits(1 << Drum::Ride as u16));

impl TakeContext<'_> {
    /// Decodes the next step of a phrase whose plans hold the same phrase without the chart.
    pub(crate) fn advance_marked(
        &self,
        partial: &mut PartialPhrase,
        mark: &Mark,
        follow: f32,
    ) -> Result<(), ModelError> {
        let place = partial.steps().len();
        let plan = partial.plans[place];
        let base = plan.simplified.unwrap_or(Step::SILENT);
        let decoder = &mut partial.decoder;
        if mark.silent {
            let plan = StepPlan { fill: None, ..plan };
            return self.teacher_force(decoder, &plan, Step::SILENT).map(drop);
        }
        let is_new_fill = mark.fill.is_some() && mark.fill != plan.fill;
        let changed = match (is_new_fill, plan.fill) {
            (true, _) => Some(self.new_fill(decoder, place, &plan, mark)),
            // An entry after silence ends a fill of the take's own, and so does an open hat that
            // would ring into silence.
            (false, Some(_))
                if !(mark.before_silence && base.drums().contains(Drum::OpenHat))
                    && (mark.fill.is_some() || mark.reentry != Reentry::AfterSilence) =>
            {
                None
            }
            (false, _) => {
                let plan = StepPlan { fill: None, ..plan };
                self.around_base(decoder, place, &plan, mark, follow)
            }
        };
        let Some((plan, constraints)) = changed else {
            let step = if mark.reentry == Reentry::AfterSilence { late(&base) } else { base };
            return self.teacher_force(decoder, &plan, choked(&step, mark)).map(drop);
        };
        let temperature = sampling_temperature(self.take.controls.temperature.min(1.0));
        let mut rng = StepRng::at(self.take.controls.seed, plan.bar, plan.step, 0);
        let kind = self.kind(plan.fill.is_some());
        let offsets = self.meant_offsets(&plan);
        decoder.play(self.model, &kind, temperature, &constraints, offsets, &mut rng)?;
        if let Some(played) = decoder.steps.last_mut() {
            if !is_new_fill {
                let struck = played.drums();
                let kept = base.hits().filter(|(drum, _)| struck.contains(*drum));
                kept.for_each(|(drum, hit)| played.set(drum, Some(hit)));
            }
            self.take.pins.apply_hits(place, played);
            if mark.reentry == Reentry::AfterSilence {
                *played = late(played);
            }
            *played = choked(played, mark);
        }
        Ok(())
    }

    /// Plan and constraints of a step of a fill that the chart adds.
    fn new_fill(
        &self,
        decoder: &Decoder,
        place: usize,
        plan: &StepPlan,
        mark: &Mark,
    ) -> (StepPlan, Constraints) {
        let plan = StepPlan { fill: mark.fill, after_fill: false, simplified: None, ..*plan };
        let mut constraints = self.constraints(decoder, place, &plan);
        if mark.before_silence {
            constraints.never = constraints.never.with(OPEN_HAT.without(constraints.must));
        }
        (plan, constraints)
    }

    /// Plan and constraints of a step outside of fills that keeps the drums of the phrase without
    /// the chart, but for what the chart changes; `None` if that is nothing.
    fn around_base(
        &self,
        decoder: &Decoder,
        place: usize,
        plan: &StepPlan,
        mark: &Mark,
        follow: f32,
    ) -> Option<(StepPlan, Constraints)> {
        let kit = &self.model.metadata().classes;
        let pins = &self.take.pins;
        let after_fill = mark.reentry == Reentry::AfterFill;
        let base = plan.simplified.unwrap_or(Step::SILENT);
        let plan = StepPlan { after_fill, simplified: None, ..*plan };
        let fixed = pins.struck(place).with(pins.silent(place)).with(self.take.controls.off);
        let entry = match (mark.reentry, mark.accent) {
            (Reentry::AfterSilence, _) | (_, Some(Accent::Stab)) => CRASH.with(KICK),
            (Reentry::AfterFill, _) => self.after_fill(&plan),
            (Reentry::None, _) => DrumSet::EMPTY,
        };
        let entry = kit.set(entry).without(fixed);
        let struck = base.drums();
        let mut kept = struck;
        if mark.before_silence && !kept.and(OPEN_HAT.without(fixed)).is_empty() {
            kept = kept.without(OPEN_HAT).with(kit.set(CLOSED_HAT).without(fixed));
        }
        if !entry.and(CRASH).is_empty() {
            kept = kept.without(TIME.without(fixed));
        }
        let free = match mark.bar_accents > 0 && follow > 0.0 {
            true => kit.set(KICK).without(fixed).without(entry),
            false => DrumSet::EMPTY,
        };
        let must = kept.without(free).with(entry);
        if must == struck && free.is_empty() {
            return None;
        }
        let mut constraints = self.constraints(decoder, place, &plan);
        constraints.must = must;
        constraints.never = DrumSet::ALL.without(must).without(free);
        constraints.requested = pins.struck(place).with(entry);
        constraints.any_hit = false;
        constraints.bias[Drum::Kick.index()] += kick_bias(mark, follow, plan.step == 0);
        Some((plan, constraints))
    }
}

/// Added to the log-odds of the kick at a step of a bar with accents.
fn kick_bias(mark: &Mark, follow: f32, on_one: bool) -> f32 {
    let few = (FEW_ACCENTS / mark.bar_accents.max(1) as f32).min(1.0);
    let [mut usual, full] = match mark.accent {
        Some(Accent::Light) => [USUAL_BIAS[0] * few, FULL_BIAS],
        Some(Accent::Strong | Accent::Stab) => [USUAL_BIAS[1] * few, FULL_BIAS],
        None => [-REST_BIAS[0], -REST_BIAS[1]],
    };
    if on_one {
        let (share, rest) = ON_ONE;
        usual = if mark.accent.is_some() { share * usual } else { usual - rest };
    }
    let to_usual = (follow / USUAL_FOLLOW).min(1.0);
    let to_full = ((follow - USUAL_FOLLOW) / (1.0 - USUAL_FOLLOW)).max(0.0);
    usual * to_usual + (full - usual) * to_full
}

/// The step with its early strokes at its start.
fn late(step: &Step) -> Step {
    let mut late = Step::SILENT;
    for (drum, hit) in step.hits() {
        let strokes = hit.strokes().map(|it| Stroke { offset_ticks: it.offset_ticks.max(0), ..it });
        late.set(drum, Hit::of_strokes(strokes));
    }
    late
}

/// The step with its cymbals choked when the mark says so. A choke that a pin has stays.
fn choked(step: &Step, mark: &Mark) -> Step {
    let mut choked = *step;
    let rings = |(drum, hit): &(Drum, Hit)| drum.can_choke() && hit.choke_ticks == 0;
    for (drum, hit) in step.hits().filter(rings) {
        choked.set(drum, Some(Hit { choke_ticks: mark.choke_ticks, ..hit }));
    }
    choked
}
