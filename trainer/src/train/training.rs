//! The training: batches through the networks, updates, and now and then a look at the
//! validation pieces. The best averaged weights so far are always on disk, and so is a
//! checkpoint from which the same command goes on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use clap::Args;
use clap::builder::ArgPredicate::IsPresent;
use groove::lead_in::LeadIn;
use groove::model::{self, Figures, Metadata};

use super::checkpoint::{self, Progress, Settings};
use super::console::progress_bar;
use super::curve::{self, Point};
use super::initial::Start;
use super::optimise::{Learning, Optimiser};
use super::plan::Plan;
use super::teachers::Teachers;
use crate::data::batch::Targets;
use crate::data::stream::Stream;
use crate::data::{Data, Piece, Split};
use crate::files;
use crate::metrics::teacher_forced::Report;
use crate::network::losses::{cross_entropy, mixture};
use crate::network::net::{Carries, Dropout, Net};

/// Name of the model file in the output folder.
pub const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";
const CURVE: &str = "curve.csv";
/// Updates at which the perplexity of the batch is said, as in the report of 2019.
const REPORTED: [u64; 5] = [1, 11, 21, 31, 91];
/// Looks without a better one after which a training that began with a model file stops.
const PATIENCE: usize = 4;

/// Options of `train`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub(crate) plan: Plan,
    /// Folder for the model, the checkpoint and the learning curve
    #[arg(long, default_value = "target/training")]
    pub(crate) out: PathBuf,
    /// Updates between two looks at the validation pieces
    #[arg(long, default_value_t = 100, default_value_if("init", IsPresent, "5"),
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) look_every: u64,
    /// Stop after this many updates; the same command without it goes on
    #[arg(long)]
    pub(crate) stop_after: Option<u64>,
    /// Start anew, though the output folder holds a checkpoint
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// A training that is under way.
struct Training {
    net: Net,
    optimiser: Optimiser,
    stream: Stream,
    carries: Carries,
    teachers: Teachers,
    progress: Progress,
    curve: Vec<Point>,
    /// Those of the models that it writes.
    lead_ins: Vec<LeadIn>,
}

/// What a training came to.
pub struct Outcome {
    /// Header of its models.
    pub metadata: Metadata,
    /// Updates made.
    pub update: u64,
    /// Best validation perplexity, if there was a look.
    pub perplexity: Option<f64>,
    /// The point of the curve where that was.
    pub best: Option<Point>,
    /// Seconds of training in all.
    pub seconds: f64,
}

/// Trains until all updates are made or it is told to stop. A training that has made them before
/// is left as it is.
pub(crate) fn train(
    options: &Options,
    start: &Start,
    data: &Data,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let (train, held_out) = (options.plan.pieces(data)?, data.split(Split::Validation));
    ensure!(
        !held_out.is_empty(),
        "no piece is left over for validation: the folder needs two files, or one of two bars"
    );
    let metadata = start.metadata_after(data);
    files::create_folder(&options.out)?;
    let mut training = Training::start(options, start, data, train)?;
    let last = options.stop_after.map_or(options.plan.updates, |n| n.min(options.plan.updates));
    if training.progress.update >= last || training.is_over() {
        eprintln!("{} updates were made before", training.progress.update);
        return Ok(training.outcome(metadata));
    }
    if start.learning != Learning::New && training.curve.is_empty() {
        // Where it begins, so that what it learns cannot make it worse.
        let report = Report::measure(&training.net, &data.split(Split::Train))?;
        let point = training.look(options, &metadata, &held_out, validation(&report)?)?;
        eprintln!("{}", point.line());
    }
    let bar = progress_bar(options.plan.updates, training.progress.update);
    let before = Duration::from_secs_f64(training.progress.seconds);
    let started = Instant::now();
    let (mut surprise, mut steps) = (0.0, 0.0);
    while training.progress.update < last && !training.is_over() && !stop.load(Ordering::Relaxed) {
        let (sum, count) = training.update(options)?;
        surprise += sum;
        steps += count;
        bar.inc(1);
        let update = training.progress.update;
        if REPORTED.contains(&update) {
            let perplexity = (sum / count).exp();
            bar.suspend(|| eprintln!("update {update:>5}  training batch {perplexity:>7.3}"));
        }
        if update.is_multiple_of(options.look_every) || update == options.plan.updates {
            training.progress.seconds = (before + started.elapsed()).as_secs_f64();
            let perplexity = (surprise / steps).exp();
            (surprise, steps) = (0.0, 0.0);
            let point = training.look(options, &metadata, &held_out, perplexity)?;
            // Above the bar on a terminal, and in a log where there is none.
            bar.suspend(|| eprintln!("{}", point.line()));
        }
    }
    bar.finish();
    training.progress.seconds = (before + started.elapsed()).as_secs_f64();
    training.save(options)?;
    Ok(training.outcome(metadata))
}

impl Training {
    fn start(options: &Options, start: &Start, data: &Data, train: Vec<Piece>) -> Result<Training> {
        let metadata = &start.metadata;
        let threads = rayon::current_num_threads();
        let parts =
            (1..=threads).rev().find(|n| options.plan.lanes.is_multiple_of(*n)).unwrap_or(1);
        let rows = options.plan.rows(parts)?;
        let schedule = options.plan.schedule(start.learning);
        let settings = Settings {
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
            optimiser: Optimiser::new(&net, schedule, start.learning)?,
            net,
            stream: Stream::new(metadata, train, rows, options.plan.seed)?,
            carries: Carries::default(),
            teachers: Teachers::read(&options.plan.teachers, metadata)?,
            progress: Progress { settings, update: 0, best: None, best_manner: None, seconds: 0.0 },
            curve: Vec::new(),
            lead_ins: start.lead_ins(data),
        };
        let checkpoint = options.out.join(CHECKPOINT);
        if checkpoint.is_file() && !options.fresh {
            training.resume(options, &checkpoint)?;
        }
        Ok(training)
    }

    /// Takes up a checkpoint. The stream of pieces is a function of the seed, so it is moved on
    /// to where it was.
    fn resume(&mut self, options: &Options, path: &Path) -> Result<()> {
        let (progress, all) = checkpoint::read(path)?;
        if progress.settings != self.progress.settings {
            bail!(
                "{} is of a training with other settings or data; --fresh starts anew, another \
                 --out keeps both",
                path.display()
            );
        }
        self.optimiser.load(&self.net, &all).with_context(|| checkpoint::fault(path))?;
        self.carries = checkpoint::load_carries(&all)?;
        (0..progress.update).for_each(|_| self.stream.skip());
        self.curve = curve::read(&options.out.join(CURVE))?;
        self.curve.retain(|point| point.update <= progress.update);
        if progress.update < options.plan.updates {
            eprintln!("going on from update {}", progress.update);
        }
        self.progress = progress;
        Ok(())
    }

    /// Makes one update; gives the summed negative log-likelihood of hits, and the steps.
    fn update(&mut self, options: &Options) -> Result<(f64, f64)> {
        let batch = self.stream.next()?;
        let lesson = self.teachers.lesson(&batch)?;
        let mut dropout =
            Dropout::new(options.plan.dropout, options.plan.seed, self.progress.update);
        let outputs = self.net.forward(&batch, &mut self.carries, Some(&mut dropout))?;
        let steps = batch.steps() as f32;
        let hits = match &outputs.controls {
            Some(controls) => {
                let (memories, struck) = (&batch.memories, &batch.hits);
                mixture(&outputs.hits, controls, memories, struck, lesson.hits, steps)?
            }
            None => {
                let sizes = vec![self.net.metadata.classes.subsets()];
                let targets = Targets { sizes, outcomes: batch.hits.to_vec() };
                cross_entropy(&outputs.hits, targets, lesson.hits, steps)?
            }
        };
        let manner = cross_entropy(&outputs.manner, batch.manner, lesson.manner, steps)?;
        let loss = (&hits + manner)?;
        let gradients = loss.backward()?;
        self.optimiser.update(&self.net, &gradients, self.progress.update)?;
        self.progress.update += 1;
        let steps = f64::from(steps);
        Ok((f64::from(hits.to_scalar::<f32>()?) * steps, steps))
    }

    /// Looks at the validation pieces, keeps the weights if they are the best, saves.
    fn look(
        &mut self,
        options: &Options,
        metadata: &Metadata,
        held_out: &[Piece],
        training: f64,
    ) -> Result<Point> {
        let average = self.optimiser.average(&self.net)?;
        let report = Report::measure(&Net::from_tensors(metadata, &average)?, held_out)?;
        let validation = validation(&report)?;
        let point = Point {
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

    /// Writes each of the two networks where it is better than it ever was: they share no weights,
    /// and the one that foresees velocity and offset learns for longer.
    fn keep_best(
        &mut self,
        options: &Options,
        metadata: &Metadata,
        report: &Report,
        mut average: HashMap<String, Tensor>,
    ) -> Result<()> {
        let (hits, manner) = (validation(report)?, manner_error(report));
        let better_hits = self.progress.best.is_none_or(|best| hits < best);
        let better_manner = self.progress.best_manner.is_none_or(|best| manner < best);
        if !better_hits && !better_manner {
            return Ok(());
        }
        let path = options.out.join(MODEL);
        let updates = metadata.updates + self.progress.update;
        let mut metadata = Metadata { updates, validation: report.figures(), ..metadata.clone() };
        if self.progress.best.is_some() && !(better_hits && better_manner) {
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
        if better_manner {
            self.progress.best_manner = Some(manner);
        }
        files::write_atomic(&path, &model::write(&metadata, &average, &self.lead_ins, true)?)
    }

    /// Whether a training of a net that had learned before has not got better for long.
    fn is_over(&self) -> bool {
        let best = self.curve.iter().position(|point| Some(point.validation) == self.progress.best);
        self.progress.settings.init.is_some()
            && best.is_some_and(|best| self.curve.len() > best + PATIENCE)
    }

    fn outcome(&self, metadata: Metadata) -> Outcome {
        let best = self.curve.iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        let Progress { update, best: perplexity, seconds, .. } = self.progress;
        Outcome { metadata, update, perplexity, best: best.copied(), seconds }
    }

    fn save(&self, options: &Options) -> Result<()> {
        let tensors = self.optimiser.save(&self.net)?;
        let path = options.out.join(CHECKPOINT);
        checkpoint::write(&path, &self.progress, tensors, &self.carries)?;
        curve::write(&options.out, &self.curve)
    }
}

/// The figure that weights are chosen by.
fn validation(report: &Report) -> Result<f64> {
    let figures = report.figures();
    // A folder of fills alone has no beats.
    figures.beats.or(figures.fills).context("nothing to validate on")
}

/// One number for how well velocity and offset are foreseen: the sum of the errors, of 127 and in
/// milliseconds, which are about as large. Not a number where there are no beats.
fn manner_error(report: &Report) -> f64 {
    report.velocity_mae + report.offset_mae_ms
}
