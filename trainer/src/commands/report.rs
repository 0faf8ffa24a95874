//! `report`: repeats the experiment of the 2019 report with its settings, and compares it with the
//! shipped drummer.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use clap::{Args, Parser};
use groove::generate::likelihood::free_run_steps;
use groove::learn::bar_f1::{HitBars, STEPS, bar_f1};
use groove::learn::data::{Data, Split};
use groove::learn::network::net::Net;
use groove::learn::prediction::PredictionReport;
use groove::model::Model;
use groove::model::encode::Kind;
use groove::pattern::style::style_number;
use groove::take::{Take, TakeControls};
use groove::{Drum, DrumSet, Meter};
use rayon::prelude::*;

use crate::files;
use crate::metrics::baselines::ngram_perplexities;
use crate::metrics::free_run::{self, hits_per_bar};
use crate::plot::{self, BarPanel, ChartLabels, HUMAN_COLOUR, PALETTE, PlotPoint};
use crate::train::curve;
use crate::train::training::{self, MODEL};

/// Beats of each network, and bars of a beat.
const BEATS: u32 = 240;
const BARS: usize = 16;

/// Updates whose perplexity the report lists, and the last one here.
const UPDATES: [u64; 6] = [1, 11, 21, 31, 91, 300];

/// Perplexities in the report.
const REPORTED: [&str; 6] = ["510", "182", "59", "28", "13", ""];

/// Options of `report`.
#[derive(Args, Debug)]
pub struct ReportOptions {
    /// Folder of the Groove MIDI Dataset
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// Model to compare with
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of the training; continues from its last checkpoint
    #[arg(long, default_value = "target/report-2019")]
    training: PathBuf,
    /// Folder for report-2019.md and its charts
    #[arg(long, default_value = "docs")]
    out: PathBuf,
}

/// Parser of a training's options.
#[derive(Parser)]
struct TrainCommand {
    #[command(flatten)]
    options: training::TrainOptions,
}

/// A column of the comparison.
struct ReportColumn {
    name: &'static str,
    /// Perplexity per step of the validation split: rock beats, all beats.
    perplexity: Option<[f64; 2]>,
    beats: Vec<HitBars>,
}

/// Loads a model with its validation perplexities: rock beats, all beats.
fn load(path: &Path, data: &Data) -> Result<(Arc<Model>, [f64; 2])> {
    let bytes = files::read(path)?;
    let model = Arc::new(files::parse_model(path, &bytes)?);
    let net = Net::from_model_file(model.metadata(), &bytes)?;
    let report = PredictionReport::measure(&net, &data.split(Split::Validation))?;
    let of = |name: &str| {
        report
            .perplexity
            .get(name)
            .copied()
            .context("the validation split has no beats of this kind")
    };
    Ok((model, [of("rock_beats")?, of("beats")?]))
}

/// Trains, measures and writes the page.
///
/// # Errors
/// If the data or the model cannot be read, Candle cannot compute, or a folder cannot be written.
pub fn run(options: &ReportOptions) -> Result<()> {
    let ReportOptions { data: folder, training, .. } = options;
    let path = |path: &PathBuf| path.display().to_string();
    let fixed = ["train", "--preset", "report-2019", "--look-every", "1", "--data", &path(folder)]
        .map(str::to_owned);
    let line = fixed.into_iter().chain(["--out".to_owned(), path(training)]);
    let TrainCommand { options: training } = TrainCommand::parse_from(line);
    let start = training.plan.start()?;
    let data = training.plan.read(&start.metadata)?;
    training::train(&training, &start, &data, &AtomicBool::new(false))?;

    let rock = style_number("rock").context("the style rock is missing")?;
    let (then, then_perplexity) = load(&training.out.join(MODEL), &data)?;
    let (now, now_perplexity) = load(&options.model, &data)?;
    let tempi = free_run::tempi(&data.pieces, rock);
    let tempo = |seed: u32| tempi[seed as usize * tempi.len() / BEATS as usize];
    let alone = |seed: u32| -> Result<HitBars> {
        let meter = Meter::FOUR_FOUR;
        let kind = Kind { style: rock, blend: (0, 0.0), tempo: tempo(seed), meter, fill: false };
        let steps = free_run_steps(&then, &kind, BARS * STEPS, seed)?;
        let bar = |bar: &[groove::Step]| std::array::from_fn(|step| bar[step].drums().bits());
        Ok(steps.chunks_exact(STEPS).map(bar).collect())
    };
    let take = |seed: u32| {
        let take = Take::from(TakeControls {
            seed,
            style: rock,
            tempo: tempo(seed),
            ..TakeControls::default()
        });
        free_run::play(&now, &take, i64::try_from(BARS)?)
    };
    let sides = [
        ReportColumn {
            name: "the report's network",
            perplexity: Some(then_perplexity),
            beats: (0..BEATS).into_par_iter().map(alone).collect::<Result<_>>()?,
        },
        ReportColumn {
            name: "Deep Pocket",
            perplexity: Some(now_perplexity),
            beats: (0..BEATS).into_par_iter().map(take).collect::<Result<_>>()?,
        },
        ReportColumn {
            name: "drummers",
            perplexity: None,
            beats: free_run::human(&data.pieces, Split::Train, rock),
        },
    ];
    files::create_folder(&options.out)?;
    let points = curve::read(&training.out.join("curve.csv"))?;
    draw(options, &points, &sides)?;
    let text = page(&points, &sides, &data);
    let path = options.out.join("report-2019.md");
    files::write_atomic(&path, text.as_bytes())?;
    println!("{}", path.display());
    Ok(())
}

fn draw(
    options: &ReportOptions,
    points: &[curve::CurvePoint],
    sides: &[ReportColumn; 3],
) -> Result<()> {
    let plot_points = |of: fn(&curve::CurvePoint) -> f64| -> Vec<PlotPoint> {
        let plot_point = |point: &curve::CurvePoint| {
            let (x, y) = (point.update as f64, of(point));
            let is_listed = UPDATES.contains(&point.update);
            PlotPoint { x, y, label: if is_listed { format!("{y:.1}") } else { String::new() } }
        };
        points.iter().map(plot_point).collect()
    };
    let labels = ChartLabels {
        title: "Training of the report's network",
        across: "updates",
        up: "perplexity per step",
    };
    let line = |name: &str, colour, of| ((name.to_owned(), colour), plot_points(of));
    let lines = [
        line("training batch, with dropout", PALETTE[0], |point| point.training),
        line("validation beats, without", PALETTE[1], |point| point.validation),
    ];
    plot::lines(&options.out.join("report-2019-curve.svg"), &labels, &lines)?;
    let series: Vec<_> = sides
        .iter()
        .zip([PALETTE[0], PALETTE[1], HUMAN_COLOUR])
        .map(|(s, c)| (s.name.into(), c))
        .collect();
    let hits = sides.each_ref().map(|side| hits_per_bar(&side.beats, Drum::ALL.len()));
    let group = |drum: Drum| (drum.name().into(), hits.iter().map(|h| h[drum.index()]).collect());
    let panel = BarPanel {
        title: "Hits per bar of rock".into(),
        logarithmic: false,
        groups: Drum::ALL.map(group).into(),
    };
    let path = options.out.join("report-2019-hits.svg");
    plot::bars(&path, "How often each drum is struck", &series, &[panel])
}

/// Formats four bars as rows of `x`, for the drums that are struck.
fn grid(beat: &[[u16; STEPS]]) -> String {
    let mut text = String::new();
    for drum in Drum::ALL.into_iter().rev() {
        let struck = |set: u16| DrumSet::from_bits(set).contains(drum);
        if beat.iter().flatten().any(|&set| struck(set)) {
            let bar = |bar: &[u16; STEPS]| -> String {
                bar.iter().map(|&set| if struck(set) { 'x' } else { '.' }).chain(['|']).collect()
            };
            let bars: String = beat.iter().map(bar).collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:<11}{bars}", drum.name());
        }
    }
    text
}

fn page(points: &[curve::CurvePoint], sides: &[ReportColumn; 3], data: &Data) -> String {
    let mut by_update = String::new();
    for (update, reported) in UPDATES.into_iter().zip(REPORTED) {
        if let Some(point) = points.iter().find(|point| point.update == update) {
            let curve::CurvePoint { training, validation, .. } = point;
            let _ =
                writeln!(by_update, "| {update} | {reported} | {training:.1} | {validation:.1} |");
        }
    }
    let validation = data.split(Split::Validation);
    let ngram_perplexities = ngram_perplexities(1 << Drum::ALL.len(), &data.pieces, &validation);
    let baseline = |name: &str| {
        ngram_perplexities.get(name).map_or(String::new(), |baseline| format!("{baseline:.1}"))
    };
    let figure = |of: &dyn Fn(&ReportColumn) -> String| sides.each_ref().map(of).join(" | ");
    let perplexities = |place: usize| {
        figure(&|side: &ReportColumn| {
            side.perplexity.map_or_else(String::new, |both| format!("{:.2}", both[place]))
        })
    };
    let rate = |drums: &[Drum]| {
        figure(&|side: &ReportColumn| {
            let hits = hits_per_bar(&side.beats, Drum::ALL.len());
            format!("{:.2}", drums.iter().map(|drum| hits[drum.index()]).sum::<f64>())
        })
    };
    let [then, now, human] = sides.each_ref().map(|side| bar_f1(&side.beats));
    let [grid_then, grid_now] = [0, 1].map(|side: usize| grid(&sides[side].beats[7][8..12]));
    format!(
        include_str!("report_page.md"),
        bars = BARS,
        beats = BEATS,
        by_update = by_update,
        grid_now = grid_now,
        grid_then = grid_then,
        human = human,
        now = now,
        then = then,
        rock_baseline = baseline("rock_beats"),
        rock = perplexities(0),
        all = perplexities(1),
        again = 100.0 * then,
        toms = rate(&[Drum::LowTom, Drum::MidTom, Drum::HighTom]),
        crash = rate(&[Drum::Crash]),
        kick = rate(&[Drum::Kick]),
        snare = rate(&[Drum::Snare]),
    )
}
