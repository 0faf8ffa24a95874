//! `evaluate`: the quality of a model, beside baselines and drummers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use groove::CLASSES;
use groove::learn::data::{Piece, Split, known_style};
use groove::learn::network::net::Net;
use groove::learn::prediction::PredictionReport;
use groove::model::{Metadata, Model};
use groove::pattern::style::LAST_STYLE;
use serde_json::{Value, json};

use crate::data;
use crate::files;
use crate::metrics::baselines::{bar_ago_errors, ngram_perplexities};
use crate::metrics::comparison::{Comparison, FIXED_TEMPO, TempoChoice, is_beat};
use crate::metrics::free_run::FreeRun;
use crate::metrics::network_comparison::NetworkComparison;
use crate::metrics::requests::RequestFigures;
use crate::metrics::strokes::StrokeReport;
use crate::metrics::{self, Metrics, StyleClassifier};

/// Options of `evaluate`.
#[derive(Args, Debug)]
pub struct EvaluateOptions {
    /// Model file
    #[arg(long)]
    model: PathBuf,
    #[command(flatten)]
    data_options: DataOptions,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Only compare the plugin's network with candle-nn's LSTM
    #[arg(long, conflicts_with_all = ["json", "play"])]
    reference: bool,
}

/// Returns the parser of [`Split`].
fn splits() -> impl TypedValueParser<Value = Split> {
    PossibleValuesParser::new(["train", "validation", "test"]).map(|name| match name.as_str() {
        "train" => Split::Train,
        "validation" => Split::Validation,
        _ => Split::Test,
    })
}

/// Options for the data of a measurement, shared by `evaluate`, `compare` and `protocol`.
#[derive(Args, Debug)]
pub struct DataOptions {
    /// Folder of drum MIDI
    #[arg(long, env = "GROOVE_DIR", required = true)]
    pub(super) data: Vec<PathBuf>,
    /// Part of the data
    #[arg(long, default_value = "validation", value_parser = splits())]
    pub(super) split: Split,
    /// Style of the pieces, if the folder has no info.csv
    #[arg(long)]
    style: Option<String>,
    /// Seed of the training; it determines the validation split of a folder without info.csv
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Styles to play and compare with drummers [default: `evaluate` plays all that have at least
    /// five human beats, `compare` the one with the most train beats]
    #[arg(long, value_delimiter = ',')]
    play: Vec<String>,
    /// Play nothing: only report how well the pieces are predicted
    #[arg(long, conflicts_with = "play")]
    no_takes: bool,
}

/// Data of a measurement.
pub struct EvaluationData {
    /// All pieces.
    pub all: Vec<Piece>,
    /// Pieces of the requested split.
    pub pieces: Vec<Piece>,
    /// Styles to play.
    pub styles: Vec<u8>,
    /// Style classifier trained on the drummers, if the data has its styles.
    pub(super) trees: Option<StyleClassifier>,
}

impl DataOptions {
    /// Reads the data with a model's classes and styles, and prints the skipped files. `usual`
    /// returns the styles to play if none is requested.
    ///
    /// # Errors
    /// If the data cannot be read, the split is empty, or a style is unknown.
    pub fn read(
        &self,
        model: &Metadata,
        usual: fn(&Metadata, &[Piece]) -> Vec<u8>,
    ) -> Result<EvaluationData> {
        let data = data::read(&self.data, self.style.as_deref(), self.seed, model)?;
        if !data.skipped.is_empty() {
            eprintln!("{}", data.skipped_text().trim_start());
        }
        let pieces = data.split(self.split);
        ensure!(!pieces.is_empty(), "the data has no piece in this split");
        let styles: Vec<u8> = match (self.no_takes, self.play.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => usual(model, &data.pieces),
            (false, false) => {
                self.play.iter().map(|name| known_style(model, name)).collect::<Result<_>>()?
            }
        };
        let trees = match styles.is_empty() {
            true => None,
            false => StyleClassifier::learn(model, &data.pieces),
        };
        Ok(EvaluationData { all: data.pieces, pieces, styles, trees })
    }
}

/// Returns the style with the most train beats, alone.
pub(crate) fn commonest_style(_: &Metadata, pieces: &[Piece]) -> Vec<u8> {
    let mut beats = [0; LAST_STYLE as usize + 1];
    let learned = |piece: &&Piece| piece.split == Split::Train && !piece.kind.fill;
    pieces.iter().filter(learned).for_each(|piece| beats[usize::from(piece.kind.style)] += 1);
    let most = (0u8..).zip(beats).max_by_key(|(_, count)| *count);
    most.map(|(style, _)| style).into_iter().collect()
}

/// Returns all styles with enough human beats; if there are none, the one with the most.
pub(super) fn all_styles(model: &Metadata, pieces: &[Piece]) -> Vec<u8> {
    let styles = metrics::styles(model, pieces);
    if styles.is_empty() { commonest_style(model, pieces) } else { styles }
}

impl EvaluationData {
    /// Plays the takes of every style that has human beats.
    fn play(&self, model: &Arc<Model>, tempi: TempoChoice) -> Result<Vec<Comparison>> {
        let has_beats = |style: &&u8| {
            self.all.iter().any(|piece| piece.split == Split::Train && is_beat(piece, **style))
        };
        let styles = self.styles.iter().filter(has_beats);
        styles.map(|&style| Comparison::play(model, &self.all, style, tempi)).collect()
    }
}

/// A model with its figures.
pub struct EvaluatedModel {
    /// The model.
    pub model: Arc<Model>,
    /// Prediction of the pieces of the requested split.
    pub report: PredictionReport,
    /// Free-running figures, by style.
    pub played: BTreeMap<String, FreeRun>,
    /// Metrics of the takes at the drummers' tempi.
    pub metrics: Metrics,
    /// Styles that are not played, with the reason.
    pub skipped_styles: Vec<String>,
}

impl EvaluatedModel {
    /// Measures a model file on data that was read with its classes.
    ///
    /// # Errors
    /// If the model cannot be read, or Candle cannot compute.
    pub fn measure(path: &Path, data: &EvaluationData) -> Result<EvaluatedModel> {
        let bytes = files::read(path)?;
        let model = Arc::new(files::parse_model(path, &bytes)?);
        let net = Net::from_model_file(model.metadata(), &bytes)?;
        let report = PredictionReport::measure(&net, &data.pieces)?;
        let (mut played, mut skipped_styles) = (BTreeMap::new(), Vec::new());
        let sides = data.play(&model, TempoChoice::Drummers)?;
        let classes = model.metadata().classes.classes();
        for &style in &data.styles {
            let name = model.metadata().style_name(style).to_owned();
            // Styles with too few human beats have nothing to compare with.
            let figures = sides.iter().find(|sides| sides.style == style);
            match figures.and_then(|sides| FreeRun::measure(sides, &data.all, classes)) {
                Some(figures) => drop(played.insert(name, figures)),
                None => skipped_styles.push(format!("{name} is not played: too few human beats")),
            }
        }
        let metrics = Metrics::of(model.metadata(), &sides, data.trees.as_ref(), None);
        Ok(EvaluatedModel { model, report, played, metrics, skipped_styles })
    }

    /// Returns the figures as one JSON object.
    pub fn json(&self) -> Result<Value> {
        let report = &self.report;
        let mut all = json!({
            "classes": self.model.metadata().classes,
            "perplexity": report.perplexity,
            "counts": report.counts,
            "velocity": { "mae": report.velocity_mae, "w1": report.velocity_w1 },
            "offset": { "mae_ms": report.offset_mae_ms },
            "played": self.played,
        });
        self.metrics.insert(&mut all, "")?;
        Ok(all)
    }
}

/// Measures requests of meters and fills, and strokes; neither without the nine drums.
fn nine_drum_figures(
    path: &Path,
    model: &Arc<Model>,
    data: &EvaluationData,
) -> Result<(Option<RequestFigures>, Option<StrokeReport>)> {
    if model.metadata().classes.classes() != CLASSES {
        return Ok((None, None));
    }
    let style = data.styles.first();
    let requests = style.map(|&style| RequestFigures::measure(model, &data.all, style));
    let strokes = StrokeReport::measure(&files::tensors(path)?, &data.all, &data.pieces)?;
    Ok((requests.transpose()?, Some(strokes)))
}

/// Measures a model and prints its figures.
///
/// # Errors
/// If the model or the data cannot be read, or Candle cannot compute.
pub fn run(options: &EvaluateOptions) -> Result<()> {
    let model = files::read_model(&options.model)?;
    if options.reference {
        let data = options.data_options.read(model.metadata(), |_, _| Vec::new())?;
        print!("{}", NetworkComparison::measure(&model, &data.pieces)?.table());
        return Ok(());
    }
    let kit = &model.metadata().classes;
    let data = options.data_options.read(model.metadata(), all_styles)?;
    let measured = EvaluatedModel::measure(&options.model, &data)?;
    measured.skipped_styles.iter().for_each(|line| eprintln!("{line}"));
    let baselines = ngram_perplexities(kit.subsets(), &data.all, &data.pieces);
    let (velocity_baseline, offset_baseline) =
        bar_ago_errors(data.pieces.iter().filter(|piece| !piece.kind.fill));
    let (requests, strokes) = nine_drum_figures(&options.model, &measured.model, &data)?;
    let sides = data.play(&measured.model, TempoChoice::Fixed)?;
    let known = Some(&measured.metrics);
    let at_120 = Metrics::of(model.metadata(), &sides, data.trees.as_ref(), known);
    if options.json {
        let mut all = measured.json()?;
        at_120.insert(&mut all, "_at_120")?;
        all["floor"] = json!(baselines);
        all["velocity"]["bar_ago_mae"] = json!(velocity_baseline);
        all["offset"]["bar_ago_mae_ms"] = json!(offset_baseline);
        all["asked"] = json!(requests);
        all["strokes"] = json!(strokes);
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!("perplexity per step, of {} possible subsets of drums", kit.subsets());
    print!("{}", measured.report.table());
    for (name, perplexity) in baselines {
        println!("baseline of {name}, an n-gram over two bars (4/4): {perplexity:.3}");
    }
    println!(
        "repeating the bar before, where struck: velocity {velocity_baseline:.2}, \
         offset {offset_baseline:.2} ms"
    );
    if let Some(strokes) = strokes {
        print!("{}", strokes.table());
    }
    for (name, figures) in measured.played {
        print!("\n{}", figures.table(&name, kit));
    }
    if !data.styles.is_empty() {
        print!("\nat the drummers' tempi\n{}", measured.metrics.table());
        print!("\nat {FIXED_TEMPO}\n{}", at_120.table());
    }
    if let Some(requests) = requests {
        print!("\n{}", requests.table());
    }
    Ok(())
}
