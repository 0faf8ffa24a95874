//! The training loop: updates, and regular evaluations on the validation pieces. The best averaged
//! weights so far are always on disk, with a checkpoint from which the same command continues.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use clap::builder::ArgPredicate::IsPresent;
use groove::learn::data::stream::BatchStream;
use groove::learn::data::{Data, Piece, Split};
use groove::learn::initial::InitialNet;
use groove::learn::network::net::NetState;
use groove::learn::optimise::{Optimiser, TrainingMode};
use groove::learn::own_style::PARTS;
use groove::learn::prediction::PredictionReport;
use groove::learn::training::{self, FixedParts, selection_perplexity};
use groove::model::Metadata;

use super::checkpoint::{self, Progress, TrainingSettings};
use super::console::progress_bar;
use super::curve::{self, CurvePoint};
use super::lead_ins::lead_ins;
use super::plan::Plan;
use super::teachers::Teachers;
use crate::files;

/// Name of the model file in the output folder.
pub const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";
const CURVE: &str = "curve.csv";
/// Updates whose batch perplexity is printed, as in the 2019 report.
const REPORTED: [u64; 5] = [1, 11, 21, 31, 91];

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

/// A running training with its files.
struct TrainingRun {
    core: training::Training,
    /// Parts of the models that it writes.
    fixed: FixedParts,
    teachers: Teachers,
    settings: TrainingSettings,
    /// Seconds of training so far.
    seconds: f64,
    curve: Vec<CurvePoint>,
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
    files::create_folder(&options.out)?;
    let mut training = TrainingRun::start(options, start, data, train)?;
    let last = options.stop_after.map_or(options.plan.updates, |n| n.min(options.plan.updates));
    if training.core.update >= last || training.is_finished() {
        eprintln!("{} updates were already made", training.core.update);
        return Ok(training.outcome());
    }
    if start.mode != TrainingMode::New && training.curve.is_empty() {
        // The initial weights count, so that fine-tuning cannot make the model worse.
        let report = PredictionReport::measure(&training.core.net, &data.split(Split::Train))?;
        let point = training.evaluate(options, &held_out, selection_perplexity(&report)?)?;
        eprintln!("{}", point.line());
    }
    let bar = progress_bar(options.plan.updates, training.core.update);
    let before = Duration::from_secs_f64(training.seconds);
    let started = Instant::now();
    let (mut nll, mut steps) = (0.0, 0.0);
    while training.core.update < last && !training.is_finished() && !stop.load(Ordering::Relaxed) {
        let (sum, count) = training.update()?;
        nll += sum;
        steps += count;
        bar.inc(1);
        let update = training.core.update;
        if REPORTED.contains(&update) {
            let perplexity = (sum / count).exp();
            bar.suspend(|| eprintln!("update {update:>5}  training batch {perplexity:>7.3}"));
        }
        if update.is_multiple_of(options.look_every) || update == options.plan.updates {
            training.seconds = (before + started.elapsed()).as_secs_f64();
            let perplexity = (nll / steps).exp();
            (nll, steps) = (0.0, 0.0);
            let point = training.evaluate(options, &held_out, perplexity)?;
            // Above the bar on a terminal; also visible in a log.
            bar.suspend(|| eprintln!("{}", point.line()));
        }
    }
    bar.finish();
    training.seconds = (before + started.elapsed()).as_secs_f64();
    training.save(options)?;
    Ok(training.outcome())
}

impl TrainingRun {
    fn start(
        options: &TrainOptions,
        start: &InitialNet,
        data: &Data,
        train: Vec<Piece>,
    ) -> Result<TrainingRun> {
        let metadata = &start.metadata;
        let parts = parts(options, &start.mode);
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
        let core = training::Training {
            optimiser: Optimiser::new(&net, schedule, start.mode.clone())?,
            net,
            stream: BatchStream::new(metadata, train, rows, options.plan.seed)?,
            states: NetState::default(),
            update: 0,
            best: None,
            best_feel: None,
            dropout: options.plan.dropout,
            seed: options.plan.seed,
            parts,
        };
        let mut training = TrainingRun {
            core,
            fixed: FixedParts {
                metadata: start.metadata_after(data),
                lead_ins: start.lead_ins(|| lead_ins(&data.pieces)),
                strokes: start.strokes(),
            },
            teachers: Teachers::read(&options.plan.teachers, metadata)?,
            settings,
            seconds: 0.0,
            curve: Vec::new(),
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
        if progress.settings != self.settings {
            bail!(
                "{} belongs to a training with other settings or data; --fresh starts over, another \
                 --out keeps both",
                path.display()
            );
        }
        let core = &mut self.core;
        core.optimiser.load(&core.net, &all).with_context(|| checkpoint::fault(path))?;
        core.states = checkpoint::load_states(&all)?;
        (0..progress.update).for_each(|_| core.stream.skip());
        self.curve = curve::read(&options.out.join(CURVE))?;
        self.curve.retain(|point| point.update <= progress.update);
        if progress.update < options.plan.updates {
            eprintln!("continuing from update {}", progress.update);
        }
        (core.update, core.best, core.best_feel) =
            (progress.update, progress.best, progress.best_feel);
        self.seconds = progress.seconds;
        Ok(())
    }

    /// Makes one update; returns the summed negative log-likelihood of hits, and the number of
    /// steps.
    fn update(&mut self) -> Result<(f64, f64)> {
        let teachers = &mut self.teachers;
        self.core.update(|batch| teachers.soft_targets(batch))
    }

    /// Evaluates on the validation pieces, keeps the best weights, and saves.
    fn evaluate(
        &mut self,
        options: &TrainOptions,
        held_out: &[Piece],
        training: f64,
    ) -> Result<CurvePoint> {
        // An evaluation is short: Ctrl-C stops after it.
        let evaluated = self.core.evaluate(&self.fixed.metadata, held_out, &|| false)?;
        let evaluated = evaluated.context("an evaluation that nobody stops ends")?;
        let point = CurvePoint {
            update: self.core.update,
            training,
            validation: evaluated.perplexity,
            velocity_mae: evaluated.report.velocity_mae,
            offset_mae_ms: evaluated.report.offset_mae_ms,
            seconds: self.seconds,
        };
        self.curve.push(point);
        let path = options.out.join(MODEL);
        if let Some(bytes) = self.core.improved(&self.fixed, evaluated, || files::read(&path))? {
            files::write_atomic(&path, &bytes)?;
        }
        self.save(options)?;
        Ok(point)
    }

    /// Returns true if fine-tuning has not improved for a while.
    fn is_finished(&self) -> bool {
        let perplexities: Vec<f64> = self.curve.iter().map(|point| point.validation).collect();
        self.settings.init.is_some() && self.core.has_settled(&perplexities)
    }

    fn outcome(self) -> TrainingOutcome {
        let best = self.curve.iter().min_by(|a, b| a.validation.total_cmp(&b.validation));
        TrainingOutcome {
            best: best.copied(),
            metadata: self.fixed.metadata,
            update: self.core.update,
            perplexity: self.core.best,
            seconds: self.seconds,
        }
    }

    fn save(&self, options: &TrainOptions) -> Result<()> {
        let training::Training { net, optimiser, states, update, best, best_feel, .. } = &self.core;
        let progress = Progress {
            settings: self.settings.clone(),
            update: *update,
            best: *best,
            best_feel: *best_feel,
            seconds: self.seconds,
        };
        let path = options.out.join(CHECKPOINT);
        checkpoint::write(&path, &progress, optimiser.save(net)?, states)?;
        curve::write(&options.out, &self.curve)
    }
}

/// Returns the number of parts that are computed in parallel. It divides the lanes and is one for
/// each core, but for the user's own style: that is learned in the plugin too, with the same
/// result.
fn parts(options: &TrainOptions, mode: &TrainingMode) -> usize {
    let lanes = options.plan.lanes;
    let most = match mode {
        TrainingMode::StyleColumns(_) => PARTS,
        TrainingMode::New | TrainingMode::FineTune => rayon::current_num_threads(),
    };
    (1..=most).rev().find(|parts| lanes.is_multiple_of(*parts)).unwrap_or(1)
}
