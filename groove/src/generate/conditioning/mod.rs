//! Conditioning of each step: the one place where controls, primers and pins become logit biases
//! and masks.

pub mod constraints;
pub mod fill_quota;
mod intensity;

use crate::model::calibration::LogitBias;
use crate::model::encode::Kind;
use crate::model::feel::is_clear;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};

use crate::generate::decoder::Decoder;
use crate::generate::decoder::step_rng::StepRng;
use crate::generate::intended_feel::{MeantOffsets, SystematicOffsets};
use crate::generate::lead_in_choice;
use crate::model::Model;
use crate::model::lead_in::{Grouping, LeadIn, step_of_four_four};
use crate::pattern::{Meter, Step};
use crate::take::pins::Pins;
use crate::take::{FillPlace, Primer, Rhythm, Take, TakeControls};
use constraints::Constraints;
use fill_quota::{CRASH_AFTER_FILL, MIN_TIMEKEEPING, Quota, STROKE_DRUMS, TIMEKEEPERS, strokes};

/// Added to the log-probability of a subset for each held drum in it. A held drum becomes about
/// twelve times as likely.
const HELD_BIAS: f32 = 2.5;
/// Added to the log-odds of a drum at the maximum density of its lane.
const LANE_DENSITY_BIAS: f32 = 2.5;
/// Added to the log-odds of every drum at the maximum density of the kit.
const DENSITY_BIAS: f32 = 1.2;
/// Added to the log-probability of a subset for each tom in it, in a fill of the usual amount; and
/// the change of that at the greatest and the least amount.
const FILL_BIAS: (f32, f32) = (0.8, 1.6);
/// Added for the crash at the first step after a fill, unless a crash is certain there.
const AFTER_FILL_BIAS: f32 = 1.4;
/// Added for kick and snare at the onsets of a tapped rhythm, subtracted elsewhere.
const TAPPED_BIAS: f32 = 1.5;

/// Value of the stick control at which bars resemble each other as much as the drummers' do.
const TYPICAL_STICK: f32 = 0.5;

/// Drums that carry a rhythm.
const BACKBONE: [Drum; 2] = [Drum::Kick, Drum::Snare];
/// Drums that carry a fill.
const FILLING: [Drum; 3] = [Drum::LowTom, Drum::MidTom, Drum::HighTom];
pub(crate) const KICK: DrumSet = DrumSet::from_bits(1 << Drum::Kick as u16);
pub(crate) const CRASH: DrumSet = DrumSet::from_bits(1 << Drum::Crash as u16);

/// Plan of a step: its position and its given content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepPlan {
    /// Bar of the song and step in that bar. Both seed the random numbers.
    pub(crate) bar: i64,
    pub(crate) step: usize,
    /// Position in a fill, if any; and whether the step is the first after a fill.
    pub(crate) fill: Option<FillPlace>,
    pub(crate) after_fill: bool,
    /// True for steps of the theme.
    pub(crate) theme: bool,
    /// Given content: the step is only teacher-forced.
    pub(crate) fixed: Option<Step>,
    /// Given content to which crash and kick may be added.
    pub(crate) fixed_after_fill: Option<Step>,
    /// Step of the simplified take, see [`simplified`].
    pub(crate) simplified: Option<Step>,
}

/// The simplified take, which is decoded first; this take then changes only what it must. It has no
/// lane densities, because each lane is played to the others, and no pins, because only their
/// surroundings change. `None` if the take cannot be simplified further.
#[must_use]
pub(crate) fn simplified(take: &Take) -> Option<Take> {
    let mut base = *take;
    if !has_even_lanes(take) {
        base.controls.lanes = [0.0; CLASSES];
        if let Some(toward) = &mut base.toward {
            toward.controls.lanes = [0.0; CLASSES];
        }
    } else if take.pins != Pins::NONE && (take.controls.stick < 1.0 || take.toward.is_some()) {
        // A bar that is repeated exactly repeats its pins.
        base.pins = Pins::NONE;
    } else {
        return None;
    }
    Some(base)
}

/// Returns true if no lane has a density of its own.
pub(crate) fn has_even_lanes(take: &Take) -> bool {
    let other = take.toward.iter().flat_map(|toward| toward.controls.lanes);
    take.controls.lanes.into_iter().chain(other).all(|lane| lane == 0.0)
}

/// Data that all steps of a take have in common.
pub(crate) struct TakeContext<'a> {
    pub(crate) model: &'a Model,
    pub(crate) take: &'a Take,
    pub(crate) meter: Meter,
    /// Index of the lead-in in the model's list.
    pub(crate) lead_in: Option<usize>,
    /// Swing and lay-back of the primer.
    pub(crate) primer_feel: Option<SystematicOffsets>,
}

impl TakeContext<'_> {
    /// The lead-in of the take.
    pub(crate) fn lead_in(&self) -> Option<&LeadIn> {
        self.model.lead_ins().get(self.lead_in?)
    }

    /// Grouping of the take's lead-in; the usual one for primed takes, which have none, and in meters
    /// with one grouping.
    pub(crate) fn grouping(&self) -> Grouping {
        let has_two = Grouping::Other.name(self.meter).is_some();
        match has_two && !self.take.is_primed() {
            true => lead_in_choice::grouping(self.take.controls.seed),
            false => Grouping::Usual,
        }
    }

    /// Intended offsets of the hits of a step.
    pub(crate) fn meant_offsets(&self, plan: &StepPlan) -> MeantOffsets {
        self.primer_feel.map_or([None; CLASSES], |feel| feel.at(plan.step))
    }

    /// Returns true if the preceding step is part of a fill.
    pub(crate) fn follows_fill(&self, bar: i64, step: usize) -> bool {
        let fills = self.take.fills;
        match step.checked_sub(1) {
            Some(step) => fills.cover(self.meter, bar, step),
            None => fills.cover(self.meter, bar - 1, self.meter.steps() - 1),
        }
    }

    pub(crate) fn plan(&self, bar: i64, step: usize) -> StepPlan {
        let fill = self.take.fills.place(self.meter, bar, step);
        let after_fill = fill.is_none() && self.follows_fill(bar, step);
        StepPlan {
            bar,
            step,
            fill,
            after_fill,
            theme: false,
            fixed: None,
            fixed_after_fill: None,
            simplified: None,
        }
    }

    /// The plans of a phrase, given the same phrase of the simplified take.
    pub(crate) fn plans(&self, phrase: i64, base: Option<&[Step]>) -> Vec<StepPlan> {
        let first = self.take.first_bar(phrase);
        let bars = (first..).take(self.take.bars());
        let steps = |bar| (0..self.meter.steps()).map(move |step| (bar, step));
        let plan = |(place, (bar, step))| {
            let base = base.and_then(|base| base.get(place)).copied();
            StepPlan { theme: phrase == 0, simplified: base, ..self.plan(bar, step) }
        };
        bars.flat_map(steps).enumerate().map(plan).collect()
    }

    pub(crate) fn kind(&self, fill: bool) -> Kind {
        let TakeControls { style, blend, tempo, .. } = self.take.controls;
        // The network is told the tempo of the groove's lead-in, which is near the take's.
        let tempo = match self.take.is_primed() {
            true => tempo,
            false => self.lead_in().map_or(tempo, |lead_in| lead_in.tempo),
        };
        Kind { style, blend, tempo, meter: self.meter, fill }
    }

    /// Returns true if a step satisfies its pins. Pins without a hit of their own need a clearly
    /// audible hit.
    pub(crate) fn keeps_pins(&self, place: usize, step: &Step) -> bool {
        let pins = &self.take.pins;
        let keeps = |drum| {
            let own = pins.hit(place, drum).is_some();
            step.hit(drum).is_some_and(|hit| own || is_clear(hit))
        };
        pins.struck(place).iter().all(keeps) && pins.silent(place).and(step.drums()).is_empty()
    }

    /// Constraints of a step. `place` is its index in the phrase.
    pub(crate) fn constraints(
        &self,
        decoder: &Decoder,
        place: usize,
        plan: &StepPlan,
    ) -> Constraints {
        let Take { pins, controls: TakeControls { off, .. }, primer, .. } = self.take;
        let kit = &self.model.metadata().classes;
        let before = decoder.before(self.meter.steps());
        let after_lead_in = self.is_after_lead_in(plan.theme, place);
        let stick = self.stick(plan.theme, place);
        let mut constraints = Constraints {
            bias: self.bias(plan, before, stick),
            velocity_tilt: self.velocity_tilt(),
            playable: kit.classes() == CLASSES,
            ..Constraints::default()
        };
        let never = pins.silent(place).with(*off).without(pins.struck(place));
        let after = self.after_fill(plan).without(never);
        constraints.requested = pins.struck(place).with(after);
        if let Some(kept) = plan.fixed_after_fill {
            constraints.must = kept.drums().with(after);
            constraints.never = never.with(DrumSet::ALL.without(CRASH));
            return constraints;
        }
        match primer {
            Primer::Hold { drums, at }
                if self.must_strike_held(decoder, place, plan, *drums, *at) =>
            {
                constraints.must = kit.set(*drums);
                constraints.requested = constraints.requested.with(constraints.must);
            }
            Primer::Tap(rhythm) => constraints.any_hit = rhythm.at(self.song_step(plan, rhythm)),
            _ => {}
        }
        // Some recordings begin with silence, but a silent beat is never useful.
        constraints.any_hit |= after_lead_in && place == 0;
        constraints.never = never;
        constraints.must = constraints.must.with(after);
        if let Some(before) = before.filter(|_| stick >= 1.0 && plan.fill.is_none()) {
            constraints.must = constraints.must.with(before);
            constraints.never = never.with(DrumSet::ALL.without(constraints.must));
        }
        constraints.must = constraints.must.without(never).with(pins.struck(place));
        if let Some(base) = plan.simplified.filter(|_| !has_even_lanes(self.take)) {
            let even: DrumSet = Drum::ALL
                .into_iter()
                .filter(|drum| self.take.controls.lanes[drum.index()] == 0.0)
                .collect();
            let base = base.drums();
            constraints.must = constraints.must.without(even).with(even.and(base));
            constraints.never = constraints.never.without(even).with(even.without(base));
        }
        if let Some(fill) = plan.fill {
            self.constrain_fill(decoder, plan, fill, &mut constraints);
        }
        constraints
    }

    /// Returns true in the bar that follows a lead-in.
    fn is_after_lead_in(&self, theme: bool, place: usize) -> bool {
        theme && place < self.meter.steps() && !self.take.is_primed()
    }

    /// Stick at a step of a phrase. The lead-in is inaudible, so the bar after it follows it as
    /// closely as drummers would, at any value of the control.
    pub(crate) fn stick(&self, theme: bool, place: usize) -> f32 {
        if self.is_after_lead_in(theme, place) { TYPICAL_STICK } else { self.take.controls.stick }
    }

    /// Strokes of a fill, and the timekeeping under them.
    fn constrain_fill(
        &self,
        decoder: &Decoder,
        plan: &StepPlan,
        fill: FillPlace,
        constraints: &mut Constraints,
    ) {
        let kit = &self.model.metadata().classes;
        let set = |drums: &[Drum]| kit.set(drums.iter().copied().collect());
        let played = decoder.in_fill(fill.done);
        // Every step of the fill uses the random number of the fill's first step.
        let begins = i64::try_from(plan.step).unwrap_or(0) - i64::try_from(fill.done).unwrap_or(0);
        let bars = begins.div_euclid(self.steps());
        let first = usize::try_from(begins.rem_euclid(self.steps())).unwrap_or(0);
        let mut rng =
            StepRng::at(self.take.controls.seed, plan.bar.wrapping_add(bars), first, u8::MAX);
        let rate = strokes(self.take, rng.next());
        let left = (plan.step..).take(fill.left).map(|step| step % self.meter.steps());
        constraints.quota = Some(Quota::new(set(&STROKE_DRUMS), rate, played, left, self.meter));
        if plan.step.is_multiple_of(self.meter.beat_steps()) {
            constraints.at_least = Some((set(&TIMEKEEPERS), MIN_TIMEKEEPING));
        }
    }

    /// Crash and kick on the step after most fills, decided by that step's random numbers alone.
    /// Empty if the preceding bar is repeated exactly.
    pub(crate) fn after_fill(&self, plan: &StepPlan) -> DrumSet {
        let TakeControls { seed, stick, .. } = self.take.controls;
        let mut rng = StepRng::at(seed, plan.bar, plan.step, u8::MAX);
        match plan.after_fill && stick < 1.0 && rng.next() < CRASH_AFTER_FILL {
            true => self.model.metadata().classes.set(CRASH.with(KICK)),
            false => DrumSet::EMPTY,
        }
    }

    /// Held drums are struck at the start of the theme, at the step from which on they are held,
    /// and at the last beat of a bar that lacks them so far.
    fn must_strike_held(
        &self,
        decoder: &Decoder,
        place: usize,
        plan: &StepPlan,
        held: DrumSet,
        at: u16,
    ) -> bool {
        let begins = plan.theme && place == 0 || place == usize::from(at);
        let last_beat = self.meter.beat_steps() * (self.meter.whole_beats() - 1);
        let in_bar = &decoder.steps[decoder.steps.len() - plan.step..];
        let held = self.model.metadata().classes.set(held);
        let struck = in_bar.iter().fold(DrumSet::EMPTY, |all, step| all.with(step.drums()));
        begins || plan.step == last_beat && !held.without(struck).is_empty()
    }

    /// Steps per bar.
    fn steps(&self) -> i64 {
        i64::try_from(self.meter.steps()).unwrap_or(1)
    }

    /// The step of a rhythm that repeats from the start of the song.
    fn song_step(&self, plan: &StepPlan, rhythm: &Rhythm) -> usize {
        let step = i64::try_from(plan.step).unwrap_or(0);
        let steps = plan.bar.wrapping_mul(self.steps()).wrapping_add(step);
        usize::try_from(steps.rem_euclid(i64::from(rhythm.steps.max(1)))).unwrap_or(0)
    }

    /// Logit bias of a step: density, primer, fill, and outside of fills the style's rate
    /// correction.
    fn bias(&self, plan: &StepPlan, before: Option<DrumSet>, stick: f32) -> LogitBias {
        let Take { controls, primer, fills, .. } = *self.take;
        let TakeControls { style, blend: (second, share), .. } = controls;
        let metadata = self.model.metadata();
        let mut bias = self.density_bias();
        let mut add = |drums: DrumSet, amount: f32| {
            drums.iter().for_each(|drum| bias[drum.index()] += amount);
        };
        match primer {
            Primer::Hold { drums, .. } => add(metadata.classes.set(drums), HELD_BIAS),
            Primer::Tap(rhythm) => {
                let onset = rhythm.at(self.song_step(plan, &rhythm));
                add(BACKBONE.into_iter().collect(), if onset { TAPPED_BIAS } else { -TAPPED_BIAS });
            }
            Primer::Play(_) | Primer::Off => {}
        }
        if plan.fill.is_some() {
            let (usual, more) = FILL_BIAS;
            add(FILLING.into_iter().collect(), usual + more * (2.0 * fills.amount - 1.0));
            return bias;
        }
        if plan.after_fill {
            add(CRASH, AFTER_FILL_BIAS);
        }
        let step = step_of_four_four(self.meter, self.grouping(), plan.step);
        let calibration = metadata.calibration(style).at(stick, step);
        let correction = match share > 0.0 {
            true => calibration.blend(&metadata.calibration(second).at(stick, step), share),
            false => calibration,
        };
        let corrected = correction.logit_bias(before);
        std::array::from_fn(|class| bias[class] + corrected[class])
    }

    fn density_bias(&self) -> LogitBias {
        let all = DENSITY_BIAS * self.take.controls.density.clamp(-1.0, 1.0);
        let lanes = self.take.controls.lanes;
        let lanes = lanes.map(|lane| all + LANE_DENSITY_BIAS * lane.clamp(-1.0, 1.0));
        let intensity = intensity::class_bias(self.take);
        std::array::from_fn(|class| lanes[class] + intensity[class])
    }

    /// Added to the log-probability of a velocity, by bin.
    pub(crate) fn velocity_tilt(&self) -> f32 {
        intensity::velocity_tilt(self.take)
    }

    /// Density of the kit, -1 to 1, with that of the intensity.
    pub(crate) fn density(&self) -> f32 {
        let fullness = intensity::fullness(self.take) / 2.0;
        (self.take.controls.density.clamp(-1.0, 1.0) + fullness).clamp(-1.0, 1.0)
    }
}
