//! The training loop: updates, and regular evaluations on the validation pieces. The best averaged
//! weights so far are always on disk, with a checkpoint from which the same command continues.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use clap::Args;
use clap::builder::ArgPredicate::IsPresent;
use groove::model::lead_in::LeadIn;
use groove::model::{self, Figures, Metadata};

use super::checkpoint::{self, Progress, TrainingSettings};
use super::console::progress_bar;
use super::curve::{self, CurvePoint};
use super::initial::InitialNet;
use super::optimise::{Optimiser, TrainingMode};
use super::plan::Plan;
use super::teachers::Teachers;
use crate::data::batch::Targets;
use crate::data::stream::BatchStream;
use crate::data::{Data, Piece, Split};
use crate::files;
use crate::metrics::teacher_forced::PredictionReport;
use crate::network::losses::{cross_entropy, mixture};
use crate::network::net::{Dropout, Net, NetState};

/// Name of the model file in the output folder.
pub const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";
const CURVE: &str = "curve.csv";
/// Updates whose batch perplexity is printed, as in the 2019 report.
const REPORTED: [u64; 5] = [1, 11, 21, 31, 91];
/// Evaluations without improvement after which fine-tuning stops.
const PATIENCE: usize = 4;

/// Options of `train`.
#[derive(Args, Clone, Debug)]
pub struct TrainOptions {
    #[command(flatten)]
    pub(crate) plan: Plan,
    /// Folder for the model, the checkpoint and the learning curve
    #[arg(long, default_value = "target/training")]
    pub(crate) out: PathBuf,
    /// Updates between two evaluations on the validation pieces
    #[arg(long, default_value_t = 100, default_value_if("init", IsPresent, "5"),
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) look_every: u64,
    /// Stop after this many updates; the same command without it continues
    #[arg(long)]
    pub(crate) stop_after: Option<u64>,
    /// Start over, even if the output folder holds a checkpoint
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// A running training.
struct Training {
    net: Net,
    optimiser: Optimiser,
    stream: BatchStream,
    states: NetState,
    teachers: Teachers,
    progress: Progress,
    curve: Vec<CurvePoint>,
    /// Lead-ins of the models that it writes.
    lead_ins: Vec<LeadIn>,
    /// Stroke network of the model that the training began with.
    strokes: HashMap<String, Tensor>,
}

/// Result of a training.
pub struct TrainingOutcome {
    /// Header of its models.
    pub metadata: Metadata,
    /// Number of updates.
    pub update: u64,
    /// Best validation perplexity, if there was an evaluation.
    pub perplexity: Option<f64>,
    /// Point of the curve with the best perplexity.
    pub best: Option<CurvePoint>,
    /// Seconds of training in total.
    pub seconds: f64,
}

/// Trains until all updates are made or `stop` is set. A finished training is left unchanged.
pub(crate) fn train(
    options: &TrainOptions,
    start: &InitialNet,
    data: &Data,
    stop: &AtomicBool,
) -> Result<TrainingOutcome> {
    let (train, held_out) = (options.plan.pieces(data)?, data.split(Split::Validation));
    ensure!(
        !held_out.is_empty(),
        "no piece is left for validation: the folder needs at least two files, or one of two bars"
    );
    let metadata = start.metadata_after(data);
    files::create_folder(&options.out)?;
    let mut training = Training::start(options, start, data, train)?;
    let last = options.stop_after.map_or(options.plan.updates, |n| n.min(options.plan.updates));
    if training.progress.update >= last || training.is_finished() {
        eprintln!("{} updates were already made", training.progress.update);
        return Ok(training.outcome(metadata));
    }
    if start.mode != TrainingMode::New && training.curve.is_empty() {
        // The initial weights count, so that fine-tuning cannot make the model worse.
        let report = PredictionReport::measure(&training.net, &data.split(Split::Train))?;
        let point = training.evaluate(options, &metadata, &held_out, validation(&report)?)?;
        eprintln!("{}", point.line());
    }
    let bar = progress_bar(options.plan.updates, training.progress.update);
    let before = Duration::from_secs_f64(training.progress.seconds);
    let started = Instant::now();
    let (mut nll, mut steps) = (0.0, 0.0);
    while training.progress.update < last
        && !training.is_finished()
        && !stop.load(Ordering::Relaxed)
    {
        let (sum, count) = training.update(options)?;
        nll += sum;
        steps += count;
        bar.inc(1);
        let update = training.progress.update;
        if REPORTED.contains(&update) {
            let perplexity = (sum / count).exp();
            bar.suspend(|| eprintln!("update {update:>5}  training batch {perplexity:>7.3}"));
        }
        if update.is_multiple_of(options.look_every) || update == options.plan.updates {
            training.progress.seconds = (before + started.elapsed()).as_secs_f64();
            let perplexity = (nll / steps).exp();
            (nll, steps) = (0.0, 0.0);
            let point = training.evaluate(options, &metadata, &held_out, perplexity)?;
            // Above the bar on a terminal; also visible in a log.
            bar.suspend(|| eprintln!("{}", point.line()));
        }
    }
    bar.finish();
    training.progress.seconds = (before + started.elapsed()).as_secs_f64();
    training.save(options)?;
    Ok(training.outcome(metadata))
}

impl Training {
    fn start(
        options: &TrainOptions,
        start: &InitialNet,
        data: &Data,
        train: Vec<Piece>,
    ) -> Result<Training> {
        let metadata = &start.metadata;
        let threads = rayon::current_num_threads();
        let parts =
            (1..=threads).rev().find(|n| options.plan.lanes.is_multiple_of(*n)).unwrap_or(1);
        let rows = options.plan.rows(parts)?;
        let schedule = options.plan.schedule(&start.mode);
        let settings = TrainingSettings {
            inputs: metadata.inputs,
            classes: metadata.classes.clone(),
            beat: metadata.beat,
            feel: metadata.feel,
            lanes: options.plan.lanes,
            steps: options.plan.steps,
            dropout: options.plan.dropout,
            schedule,
            seed: options.plan.seed,
            pieces: train.len(),
            style: options.plan.style.clone(),
            init: start.checksum(),
            teachers: options.plan.teachers.len(),
        };
        let net = start.net(options.plan.seed)?;
        let mut training = Training {
            optimiser: Optimiser::new(&net, schedule, start.mode.clone())?,
            net,
            stream: BatchStream::new(metadata, train, rows, options.plan.seed)?,
            states: NetState::default(),
            teachers: Teachers::read(&options.plan.teachers, metadata)?,
            progress: Progress { settings, update: 0, best: None, best_feel: None, seconds: 0.0 },
            curve: Vec::new(),
            lead_ins: start.lead_ins(data),
            strokes: start.strokes(),
        };
        let checkpoint = options.out.join(CHECKPOINT);
        if checkpoint.is_file() && !options.fresh {
            training.resume(options, &checkpoint)?;
        }
        Ok(training)
    }

    /// Restores a checkpoint. The stream is a function of the seed and is advanced to its position.
    fn resume(&mut self, options: &TrainOptions, path: &Path) -> Result<()> {
        let (progress, all) = checkpoint::read(path)?;
        if progress.settings != self.progress.settings {
            bail!(
                "{} belongs to a training with other settings or data; --fresh starts over, another \
                 --out keeps both",
                path.display()
            );
        }
        self.optimiser.load(&self.net, &all).with_context(|| checkpoint::fault(path))?;
        self.states = checkpoint::load_states(&all)?;
        (0..progress.update).for_each(|_| self.stream.skip());
        self.curve = curve::read(&options.out.join(CURVE))?;
        self.curve.retain(|point| point.update <= progress.update);
        if progress.update < options.plan.updates {
            eprintln!("continuing from update {}", progress.update);
        }
        self.progress = progress;
        Ok(())
    }

    /// Makes one update; returns the summed negative log-likelihood of hits, and the number of
    /// steps.
    fn update(&mut self, options: &TrainOptions) -> Result<(f64, f64)> {
        let batch = self.stream.next()?;
        let soft_targets = self.teachers.soft_targets(&batch)?;
        let mut dropout =
            Dropout::new(options.plan.dropout, options.plan.seed, self.progress.update);
        let outputs = self.net.forward(&batch, &mut self.states, Some(&mut dropout))?;
        let steps = batch.steps() as f32;
        let hits = match &outputs.controls {
            Some(controls) => {
                let (memories, struck) = (&batch.memories, &batch.hits);
                mixture(&outputs.hits, controls, memories, struck, soft_targets.hits, steps)?
            }
            None => {
                let sizes = vec![self.net.metadata.classes.subsets()];
                let targets = Targets { sizes, outcomes: batch.hits.to_vec() };
                cross_entropy(&outputs.hits, targets, soft_targets.hits, steps)?
            }
        };
        let feel = cross_entropy(&outputs.feel, batch.feel_targets, soft_targets.feel, steps)?;
        let loss = (&hits + feel)?;
        let gradients = loss.backward()?;
        self.optimiser.update(&self.net, &gradients, self.progress.update)?;
        self.progress.update += 1;
        let steps = f64::from(steps);
        Ok((f64::from(hits.to_scalar::<f32>()?) * steps, steps))
    }

    /// Evaluates on the validation pieces, keeps the best weights, and saves.
    fn evaluate(
        &mut self,
        options: &TrainOptions,
        metadata: &Metadata,
        held_out: &[Piece],
        training: f64,
    ) -> Result<CurvePoint> {
        let average = self.optimiser.average(&self.net)?;
        let report = PredictionReport::measure(&Net::from_tensors(metadata, &average)?, held_out)?;
        let validation = validation(&report)?;
        let point = CurvePoint {
            update: self.progress.update,
            training,
            validation,
            velocity_mae: report.velocity_mae,
            offset_mae_ms: report.offset_mae_ms,
            seconds: self.progress.seconds,
        };
        self.curve.push(point);
        self.keep_best(options, metadata, &report, average)?;
        self.save(options)?;
        Ok(point)
    }

    /// Writes each of the two networks if it is the best so far: they share no weights, and the
    /// network of velocities and offsets trains for longer.
    fn keep_best(
        &mut self,
        options: &TrainOptions,
        metadata: &Metadata,
        report: &PredictionReport,
        mut average: HashMap<String, Tensor>,
    ) -> Result<()> {
        let (hits, feel) = (validation(report)?, feel_error(report));
        let better_hits = self.progress.best.is_none_or(|best| hits < best);
        let better_feel = self.progress.best_feel.is_none_or(|best| feel < best);
        if !better_hits && !better_feel {
            return Ok(());
        }
        let path = options.out.join(MODEL);
        let updates = metadata.updates + self.progress.update;
        let mut metadata = Metadata { updates, validation: report.figures(), ..metadata.clone() };
        if self.progress.best.is_some() && !(better_hits && better_feel) {
            let bytes = files::read(&path)?;
            let before = model::Model::read_metadata(&bytes)?;
            let mut kept = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
            kept.retain(|name, _| name.starts_with("feel.") == better_hits);
            average.extend(kept);
            let (new, old) = (report.figures(), before.validation);
            let Figures { velocity_mae, offset_mae_ms, .. } = if better_hits { old } else { new };
            let hits = if better_hits { new } else { old };
            metadata.validation = Figures { velocity_mae, offset_mae_ms, ..hits };
        }
        if better_hits {
            self.progress.best = Some(hits);
        }
        if better_feel {
            self.progress.best_feel = Some(feel);
        }
        average.extend(self.strokes.clone());
        files::write_atomic(&path, &model::write(&metadata, &average, &self.lead_ins, true)?)
    }

    /// Returns true if fine-tuning has not improved for [`PATIENCE`] evaluations.
    fn is_finished(&self) -> bool {
        let best = self.curve.iter().position(|point| Some(point.validation) == self.progress.best);
        self.progress.settings.init.is_some()
            && best.is_some_and(|best| self.curve.len() > best + PATIENCE)
    }

    fn outcome(&self, metadata: Metadata) -> TrainingOutcome {
        let best = self.curve.iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        let Progress { update, best: perplexity, seconds, .. } = self.progress;
        TrainingOutcome { metadata, update, perplexity, best: best.copied(), seconds }
    }

    fn save(&self, options: &TrainOptions) -> Result<()> {
        let tensors = self.optimiser.save(&self.net)?;
        let path = options.out.join(CHECKPOINT);
        checkpoint::write(&path, &self.progress, tensors, &self.states)?;
        curve::write(&options.out, &self.curve)
    }
}

/// Returns the perplexity for model selection.
fn validation(report: &PredictionReport) -> Result<f64> {
    let figures = report.figures();
    // A folder of fills alone has no beats.
    figures.beats.or(figures.fills).context("the validation split has neither beats nor fills")
}

/// Returns the error of velocity and offset for model selection: the sum of both errors, in MIDI
/// units and milliseconds, which have similar sizes. NaN without beats.
fn feel_error(report: &PredictionReport) -> f64 {
    report.velocity_mae + report.offset_mae_ms
}
