//! The autoregressive decoder: network states and the steps that led to them.

pub(crate) mod step_rng;

use std::ops::Range;

use crate::generate::conditioning::constraints::Constraints;
use crate::generate::decoder::step_rng::StepRng;
use crate::generate::intended_feel::{Blend, DEFAULT_AMOUNT, MOST_OFFSET, MeantOffsets};
use crate::generate::stroke_choice::{StrokeChoice, draw};
use crate::model::encode::Kind;
use crate::model::feel::{
    CLEAR_OFFSETS, FEEL_LOGITS, OFFSET_BIN, OFFSET_BINS, References, VELOCITY_BINS, add_references,
    clear_only, hit_at, near_only,
};
use crate::model::offset_correction::OffsetErrors;
use crate::model::pointer_memory::Memory;
use crate::model::{Model, ModelError, State};
use crate::pattern::drum::{CLASSES, DrumSet};
use crate::pattern::{Hit, Step};

/// Sampling temperatures of velocity and offset. At temperature 1, velocities of one position vary
/// from bar to bar by 14 of 127, while rock drummers' kick varies by 10, and later hits follow
/// earlier ones.
const VELOCITY_TEMPERATURE: f32 = 0.8;
const OFFSET_TEMPERATURE: f32 = 0.9;
/// Maximum distance between the quantiles at which the offsets of one step are drawn: two limbs
/// that strike together are early or late together. Independent draws are 18 ticks of 1/240 step
/// apart, rock drummers' hits 14.
const OFFSET_SPREAD: f32 = 0.8;

/// Requests to the hits of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request {
    /// Drums whose hits are clearly audible.
    pub(crate) clear: DrumSet,
    /// Drums whose offsets are small: within [`CLEAR_OFFSETS`].
    pub(crate) near: DrumSet,
    /// Offsets that the hits vary around.
    pub(crate) offsets: MeantOffsets,
    /// Added to the log-probability of a velocity, by bin.
    pub(crate) velocity_tilt: f32,
}

impl From<DrumSet> for Request {
    fn from(clear: DrumSet) -> Self {
        Request { clear, near: clear, ..Request::default() }
    }
}

/// Choice of a struck drum's velocity and offset from their distributions.
#[derive(Debug)]
pub(crate) enum VelocityOffset<'a> {
    /// Sampled.
    Sampled(&'a mut StepRng, Request),
    /// The medians.
    Median,
}

/// Distributions of velocity and offset of the drums that are struck next.
#[derive(Debug)]
pub(crate) struct FeelPrediction {
    /// By class; `None` where the class is not struck.
    logits: [Option<[f32; FEEL_LOGITS]>; CLASSES],
    /// Corrections of the offsets in ticks, by class.
    corrections: [f32; CLASSES],
}

impl FeelPrediction {
    /// The prediction without corrections of its offsets, for given hits: intended offsets are kept
    /// anyway, and those of a flat clip would wander off.
    pub(crate) fn uncorrected(self) -> Self {
        FeelPrediction { corrections: [0.0; CLASSES], ..self }
    }
}

impl VelocityOffset<'_> {
    /// The main strokes of the struck drums. Every step draws the same number of random numbers,
    /// whatever it strikes.
    pub(crate) fn main_strokes(
        &mut self,
        model: &Model,
        feel: &FeelPrediction,
    ) -> [Option<Hit>; CLASSES] {
        let mut mains = [None; CLASSES];
        let together = match self {
            VelocityOffset::Sampled(rng, _) => rng.next(),
            VelocityOffset::Median => 0.5,
        };
        for (drum, _) in model.metadata().classes.lanes() {
            let places = match self {
                VelocityOffset::Sampled(rng, _) => {
                    let [velocity, in_velocity, apart, in_offset] =
                        std::array::from_fn(|_| rng.next());
                    [velocity, in_velocity, near(together, apart), in_offset]
                }
                VelocityOffset::Median => [0.5; 4],
            };
            let Some(mut logits) = feel.logits[drum.index()] else { continue };
            let correction = feel.corrections[drum.index()];
            let request = match self {
                VelocityOffset::Sampled(_, request) => *request,
                VelocityOffset::Median => Request::default(),
            };
            tilt(&mut logits, request.velocity_tilt);
            if request.clear.contains(drum) {
                clear_only(&mut logits);
            }
            let mut bins = 0..OFFSET_BINS;
            if request.near.contains(drum) {
                near_only(&mut logits);
                bins = CLEAR_OFFSETS;
            }
            let hit = |places| hit(&logits, correction, &bins, places);
            let mut main = hit(places);
            if let Some(meant) = request.offsets[drum.index()] {
                let offsets = [meant, hit([0.5; 4]).offset(), main.offset()];
                let offset = Blend::new(true, DEFAULT_AMOUNT).mix(offsets, MOST_OFFSET);
                main = main.moved(offset, 1.0, |velocity| velocity);
            }
            mains[drum.index()] = Some(main);
        }
        mains
    }
}

/// Decoder state in the middle of a piece.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    state: State,
    /// Steps so far, sampled or teacher-forced. The first step begins a bar.
    pub(crate) steps: Vec<Step>,
    /// For each step, true if it was part of a fill.
    fills: Vec<bool>,
    offset_errors: OffsetErrors,
    /// The last prediction. Its buffers are reused for the next one.
    used: Prediction,
}

/// Prediction of the next step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prediction {
    /// Input row, with room for the feel network's.
    row: Vec<f32>,
    memory: Memory,
    /// Log-probability of each subset.
    pub(crate) logits: Vec<f32>,
}

impl Prediction {
    /// Log-probability that exactly these drums are struck.
    pub(crate) fn log_probability(&self, drums: DrumSet) -> f32 {
        self.logits[usize::from(drums.bits())]
    }
}

impl Decoder {
    pub(crate) fn new(model: &Model) -> Self {
        Decoder {
            state: model.start(),
            steps: Vec::new(),
            fills: Vec::new(),
            offset_errors: OffsetErrors::default(),
            used: Prediction::default(),
        }
    }

    /// Drums struck at this step of the last bar in which the step was neither part of a fill nor
    /// the first after one: the hits after a fill are not part of the beat.
    pub(crate) fn before(&self, bar: usize) -> Option<DrumSet> {
        let mut same = self.steps.len().checked_sub(bar)?;
        while self.fills[same] || same > 0 && self.fills[same - 1] {
            same = same.checked_sub(bar)?;
        }
        Some(self.steps[same].drums())
    }

    /// The steps of the current fill among the last `steps` steps.
    pub(crate) fn in_fill(&self, steps: usize) -> &[Step] {
        let fill = self.fills.iter().rev().take(steps).take_while(|&&fill| fill).count();
        &self.steps[self.steps.len() - fill..]
    }

    /// Predicts the next step. Must be called once per step.
    pub(crate) fn predict(&mut self, model: &Model, kind: &Kind) -> Result<Prediction, ModelError> {
        let mut prediction = self.next_inputs(model, kind);
        let row = &prediction.row[..model.metadata().row()];
        prediction.logits = model.hits(&mut self.state, row, &prediction.memory)?;
        Ok(prediction)
    }

    /// Row and memory of the next step, without log-probabilities.
    fn next_inputs(&mut self, model: &Model, kind: &Kind) -> Prediction {
        let metadata = model.metadata();
        let mut inputs = std::mem::take(&mut self.used);
        inputs.row.resize(metadata.feel_row(), 0.0);
        metadata.write_row(&self.steps, kind, &mut inputs.row[..metadata.row()]);
        inputs.memory.refresh(&self.steps, kind.meter);
        inputs.logits.clear();
        inputs
    }

    /// Advances the feel network by a step in which these drums are struck. Returns the references
    /// of their velocities and offsets.
    fn advance_feel(
        &mut self,
        model: &Model,
        kind: &Kind,
        prediction: &mut Prediction,
        drums: DrumSet,
    ) -> Result<References, ModelError> {
        let last = self.steps.len().checked_sub(1);
        if let (Some(by), Some(last)) = (model.metadata().offset_correction, last) {
            let step = last % kind.meter.steps();
            self.offset_errors.learn(by, step, &self.steps[last]);
        }
        let references = References::at(&self.steps, &prediction.memory, kind.meter);
        references.write(drums, &mut prediction.row[model.metadata().row()..]);
        model.feel(&mut self.state, &prediction.row)?;
        Ok(references)
    }

    /// Velocities and offsets of the drums that are struck next.
    pub(crate) fn predict_feel(
        &mut self,
        model: &Model,
        kind: &Kind,
        prediction: &mut Prediction,
        drums: DrumSet,
    ) -> Result<FeelPrediction, ModelError> {
        let references = self.advance_feel(model, kind, prediction, drums)?;
        let step = self.steps.len() % kind.meter.steps();
        let correction = model.metadata().offset_correction;
        let corrections = correction.map(|by| self.offset_errors.corrections(by, step));
        let mut logits = [None; CLASSES];
        for drum in drums.iter() {
            let outputs = model.velocity_offset(&self.state, drum.index())?;
            let logits = logits[drum.index()].insert([0.0; FEEL_LOGITS]);
            add_references(&outputs, &references.bins(drum), logits);
            if correction.is_some() {
                self.offset_errors.predict(drum, logits);
            }
        }
        Ok(FeelPrediction { logits, corrections: corrections.unwrap_or_default() })
    }

    /// Strikes these drums next, and chooses how.
    pub(crate) fn strike(
        &mut self,
        model: &Model,
        kind: &Kind,
        mut prediction: Prediction,
        drums: DrumSet,
        mut velocity_offset: VelocityOffset,
    ) -> Result<(), ModelError> {
        let feel = self.predict_feel(model, kind, &mut prediction, drums)?;
        let mains = velocity_offset.main_strokes(model, &feel);
        let has_strokes = model.metadata().has_strokes();
        let offsets = model.metadata().stroke_offsets(kind);
        let mut step = Step::SILENT;
        for (drum, _) in model.metadata().classes.lanes() {
            let places = match &mut velocity_offset {
                VelocityOffset::Sampled(rng, _) => Some(std::array::from_fn(|_| rng.next())),
                VelocityOffset::Median => None,
            };
            let Some(main) = mains[drum.index()] else { continue };
            let choice = StrokeChoice { model, kind, offsets: &offsets, drums, drum, main, places };
            let hit = if has_strokes { choice.make(&self.steps)? } else { main };
            step.set(drum, Some(hit));
        }
        self.push(step, kind, prediction);
        Ok(())
    }

    /// Samples the next step under constraints, with hits around intended offsets. Returns the
    /// log-probability of the struck drums before the constraints.
    pub(crate) fn play(
        &mut self,
        model: &Model,
        kind: &Kind,
        temperature: f32,
        constraints: &Constraints,
        offsets: MeantOffsets,
        rng: &mut StepRng,
    ) -> Result<f32, ModelError> {
        let prediction = self.predict(model, kind)?;
        let temperature = temperature.clamp(0.01, 100.0);
        let mut logits: Vec<f32> = prediction.logits.iter().map(|l| l / temperature).collect();
        constraints.apply(&mut logits);
        let drums = rng.subset(&logits);
        let log_probability = prediction.log_probability(drums);
        let Constraints { requested: clear, velocity_tilt, .. } = *constraints;
        let request = Request { clear, near: clear, offsets, velocity_tilt };
        self.strike(model, kind, prediction, drums, VelocityOffset::Sampled(rng, request))?;
        Ok(log_probability)
    }

    /// Strikes these drums next. Returns their log-probability.
    pub(crate) fn play_drums(
        &mut self,
        model: &Model,
        kind: &Kind,
        drums: DrumSet,
        request: Request,
        rng: &mut StepRng,
    ) -> Result<f32, ModelError> {
        let prediction = self.predict(model, kind)?;
        let log_probability = prediction.log_probability(drums);
        self.strike(model, kind, prediction, drums, VelocityOffset::Sampled(rng, request))?;
        Ok(log_probability)
    }

    /// Feeds the given step to the networks. Leaves out the log-probabilities of its drums.
    pub(crate) fn teacher_force(
        &mut self,
        model: &Model,
        kind: &Kind,
        step: Step,
    ) -> Result<(), ModelError> {
        let inputs = self.next_inputs(model, kind);
        model.given_hits(&mut self.state, &inputs.row[..model.metadata().row()])?;
        self.feed(model, kind, inputs, step)
    }

    /// Feeds the given step to the networks after its prediction.
    pub(crate) fn feed(
        &mut self,
        model: &Model,
        kind: &Kind,
        mut prediction: Prediction,
        step: Step,
    ) -> Result<(), ModelError> {
        // The errors of the predicted offsets count, too.
        if model.metadata().offset_correction.is_some() {
            self.predict_feel(model, kind, &mut prediction, step.drums())?;
        } else {
            self.advance_feel(model, kind, &mut prediction, step.drums())?;
        }
        self.push(step, kind, prediction);
        Ok(())
    }

    /// Adds a step after the feel network was advanced by it.
    pub(crate) fn push(&mut self, step: Step, kind: &Kind, used: Prediction) {
        self.used = used;
        self.steps.push(step);
        self.fills.push(kind.fill);
    }
}

/// A quantile near another one, both 0 to 1: up to half of [`OFFSET_SPREAD`] away, reflected at the
/// ends, so that it is as evenly distributed as the other.
fn near(place: f32, draw: f32) -> f32 {
    let moved = (place + OFFSET_SPREAD * (draw - 0.5)).abs();
    if moved > 1.0 { 2.0 - moved } else { moved }
}

/// Adds a slope to the velocity logits.
fn tilt(logits: &mut [f32; FEEL_LOGITS], slope: f32) {
    if slope != 0.0 {
        let velocities = logits[..VELOCITY_BINS].iter_mut();
        velocities.zip(0u8..).for_each(|(logit, bin)| *logit += slope * f32::from(bin));
    }
}

/// The hit at four quantiles (0 to 1): velocity bin, within that bin, offset bin, within that bin.
/// The offset is corrected by some ticks, within a range of bins.
fn hit(
    logits: &[f32; FEEL_LOGITS],
    correction: f32,
    bins: &Range<usize>,
    [v, in_v, o, in_o]: [f32; 4],
) -> Hit {
    let (velocity, offset) = logits.split_at(VELOCITY_BINS);
    let velocity = draw(velocity, VELOCITY_TEMPERATURE, v) as f32 + in_v;
    let offset = draw(offset, OFFSET_TEMPERATURE, o) as f32 + in_o;
    let corrected = offset + correction / f32::from(OFFSET_BIN);
    // The last bin ends before the range does.
    let end = bins.end as f32 - 1.0 / f32::from(OFFSET_BIN);
    hit_at(velocity, corrected.clamp(bins.start as f32, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_quantiles_are_uniformly_distributed() {
        let mut counts = [0; 4];
        for number in 0..40_000u32 {
            let (place, draw) = (number % 200, number / 200);
            let near = near((place as f32 + 0.5) / 200.0, (draw as f32 + 0.5) / 200.0);
            assert!((near - (place as f32 + 0.5) / 200.0).abs() <= OFFSET_SPREAD / 2.0 + 1e-6);
            counts[if near < 0.25 {
                0
            } else if near < 0.5 {
                1
            } else if near < 0.75 {
                2
            } else {
                3
            }] += 1;
        }
        assert!(counts.iter().all(|&count: &i32| (count - 10_000).abs() < 150), "{counts:?}");
    }
}
