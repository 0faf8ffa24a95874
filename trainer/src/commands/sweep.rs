//! `sweep`: trains models of several sizes and compares them. Each has its own folder, in which an
//! interrupted training continues.

use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail, ensure};
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, ArgMatches, Args, FromArgMatches};
use serde::Serialize;

use super::inspect::weight_count;
use crate::files;
use crate::plot::{self, ChartLabels, PALETTE, PlotPoint};
use crate::train::console::stop_on_interrupt;
use crate::train::training::{self, TrainingOutcome};

/// Options of `sweep`: those of `train`, with lists of layers and cells.
#[derive(Debug)]
pub struct SweepOptions {
    layers: Vec<usize>,
    cells: Vec<usize>,
    train: training::TrainOptions,
}

impl Args for SweepOptions {
    fn augment_args(command: clap::Command) -> clap::Command {
        // Maximum sizes of a model file.
        let sizes = |most| RangedU64ValueParser::<usize>::new().range(1..=most);
        training::TrainOptions::augment_args(command)
            .mut_arg("layers", |list| {
                list.help("Layers of the hit network, such as 1,2")
                    .action(ArgAction::Append)
                    .value_delimiter(',')
                    .value_parser(sizes(8))
                    .default_value("1,2")
            })
            .mut_arg("cells", |list| {
                list.help("Cells in a layer of the hit network, such as 64,128,256")
                    .action(ArgAction::Append)
                    .value_delimiter(',')
                    .value_parser(sizes(4096))
                    .default_value("64,128,256")
            })
            .mut_arg("out", |out| {
                out.help("Folder for the trainings, their table (sweep.csv) and chart (sweep.svg)")
                    .default_value("target/sweep")
            })
            .mut_arg("init", |init| init.hide(true))
            .mut_arg("name", |name| name.help("Name of the models; their size is appended"))
            .mut_arg("stop_after", |stop| {
                stop.help(
                    "Stop each after this many updates; the same command without it continues",
                )
            })
            .mut_arg("fresh", |fresh| {
                fresh.help("Start all over, even if the output folder holds checkpoints")
            })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SweepOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let list = |name: &str| {
            let mut sizes: Vec<usize> =
                matches.get_many(name).into_iter().flatten().copied().collect();
            sizes.sort_unstable();
            sizes.dedup();
            sizes
        };
        let train = training::TrainOptions::from_arg_matches(matches)?;
        Ok(SweepOptions { layers: list("layers"), cells: list("cells"), train })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
struct SweepRow {
    layers: usize,
    cells: usize,
    weights: usize,
    /// Weights of the hit network, whose size the sweep varies.
    hit_weights: usize,
    updates: u64,
    /// Best validation perplexity, its update, and the errors at that update.
    perplexity: Option<f64>,
    at_update: Option<u64>,
    velocity_mae: Option<f64>,
    offset_mae_ms: Option<f64>,
    minutes: f64,
}

impl SweepRow {
    fn new(outcome: &TrainingOutcome) -> SweepRow {
        let best = outcome.best;
        SweepRow {
            layers: outcome.metadata.beat.layers,
            cells: outcome.metadata.beat.cells,
            weights: weight_count(&outcome.metadata, ""),
            hit_weights: weight_count(&outcome.metadata, "beat.")
                + weight_count(&outcome.metadata, "memory."),
            updates: outcome.update,
            perplexity: best.map(|point| point.validation).or(outcome.perplexity),
            at_update: best.map(|point| point.update),
            velocity_mae: best.map(|point| point.velocity_mae),
            offset_mae_ms: best.map(|point| point.offset_mae_ms),
            minutes: (outcome.seconds / 0.6).round() / 100.0,
        }
    }
}

/// Trains all sizes, continuing an interrupted sweep, and compares them.
///
/// # Errors
/// If there is no training data, the folder cannot be written, or a training failed; the others
/// still run.
pub fn run(options: &SweepOptions) -> Result<()> {
    ensure!(
        options.train.plan.init.is_none(),
        "a sweep trains new networks; --init is an option of train only"
    );
    let data = options.train.plan.read(&options.train.plan.start()?.metadata)?;
    let out = &options.train.out;
    files::create_folder(out)?;
    let stop = stop_on_interrupt()?;
    let sizes: Vec<(usize, usize)> = options
        .layers
        .iter()
        .flat_map(|&layers| options.cells.iter().map(move |&cells| (layers, cells)))
        .collect();
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (number, &(layers, cells)) in sizes.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let size = format!("{layers}x{cells}");
        eprintln!("training {} of {}: {size}", number + 1, sizes.len());
        let mut one = options.train.clone();
        (one.plan.layers, one.plan.cells) = (layers, cells);
        one.out = out.join(&size);
        one.plan.name = format!("{}, {layers} x {cells}", one.plan.name);
        match one.plan.start().and_then(|start| training::train(&one, &start, &data, &stop)) {
            Ok(outcome) => rows.push(SweepRow::new(&outcome)),
            Err(fault) => {
                eprintln!("{size} failed: {fault:#}");
                faults.push(format!("{size}: {fault:#}"));
            }
        }
        write(out, &rows)?;
    }
    print!("{}", table(&rows));
    println!("{}", out.join("sweep.csv").display());
    let wanted = options.train.plan.updates;
    if faults.is_empty() && (rows.len() < sizes.len() || rows.iter().any(|r| r.updates < wanted)) {
        eprintln!("stopped before the end; the same command continues");
    }
    if !faults.is_empty() {
        bail!("{} of {} trainings failed\n{}", faults.len(), sizes.len(), faults.join("\n"));
    }
    Ok(())
}

/// Writes the table and the chart.
fn write(folder: &Path, rows: &[SweepRow]) -> Result<()> {
    let mut table = csv::Writer::from_writer(Vec::new());
    rows.iter().try_for_each(|row| table.serialize(row))?;
    files::write_atomic(&folder.join("sweep.csv"), &table.into_inner()?)?;
    let mut layers: Vec<usize> = rows.iter().map(|row| row.layers).collect();
    layers.dedup();
    let lines: Vec<_> = layers
        .into_iter()
        .zip(PALETTE.into_iter().cycle())
        .map(|(layers, colour)| {
            let of_line = rows.iter().filter(|row| row.layers == layers);
            let points: Vec<PlotPoint> = of_line.filter_map(point).collect();
            let name = if layers == 1 { "1 layer".into() } else { format!("{layers} layers") };
            ((name, colour), points)
        })
        .filter(|(_, points)| !points.is_empty())
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let labels = ChartLabels {
        title: "Validation perplexity by size",
        across: "weights of the hit network",
        up: "best perplexity per step of the validation beats (lower is better)",
    };
    plot::lines(&folder.join("sweep.svg"), &labels, &lines)
}

fn point(row: &SweepRow) -> Option<PlotPoint> {
    let y = row.perplexity.filter(|perplexity| perplexity.is_finite())?;
    Some(PlotPoint { x: row.hit_weights as f64, y, label: format!("{} cells: {y:.2}", row.cells) })
}

/// Formats the table as text.
fn table(rows: &[SweepRow]) -> String {
    let names =
        "layers cells weights of_hits updates perplexity at_update velocity offset_ms minutes";
    let line = |cells: Vec<String>| {
        cells.iter().map(|cell| format!("{cell:>11}")).collect::<String>() + "\n"
    };
    let figure = |value: Option<f64>, decimals: usize| {
        value.map_or("-".to_string(), |value| format!("{value:.decimals$}"))
    };
    let row = |row: &SweepRow| {
        line(vec![
            row.layers.to_string(),
            row.cells.to_string(),
            row.weights.to_string(),
            row.hit_weights.to_string(),
            row.updates.to_string(),
            figure(row.perplexity, 3),
            row.at_update.map_or("-".to_string(), |update| update.to_string()),
            figure(row.velocity_mae, 2),
            figure(row.offset_mae_ms, 2),
            figure(Some(row.minutes), 1),
        ])
    };
    let head = line(names.split(' ').map(|name| name.replace('_', " ")).collect());
    head + &rows.iter().map(row).collect::<String>()
}
