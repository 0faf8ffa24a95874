//! `compare`: figures of two models on the same data, as a table and a chart; or of two styles of
//! one model.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use groove::model::Metadata;
use serde_json::{Value, json};

use super::compare_styles;
use super::evaluate::{DataOptions, EvaluatedModel, commonest_style};
use super::inspect::weight_count;
use crate::files;
use crate::metrics::free_run::FreeRun;
use crate::plot::{self, BarPanel, HUMAN_COLOUR, PALETTE};

/// Maximum length of a model's name in the chart, in characters.
const LETTERS: usize = 60;

/// Options of `compare`.
#[derive(Args, Debug)]
pub struct CompareOptions {
    /// One model file
    a: PathBuf,
    /// Another model file
    #[arg(required_unless_present = "styles", conflicts_with = "styles")]
    b: Option<PathBuf>,
    /// Compare two styles of the one model, separated by a comma, and write a page
    #[arg(long, value_delimiter = ',', conflicts_with = "json")]
    styles: Vec<String>,
    #[command(flatten)]
    data_options: DataOptions,
    /// Folder for the table (compare.csv) and the chart (compare.svg), or for the page of two styles
    /// (STYLE-and-STYLE.md)
    #[arg(long, default_value = "target/compare")]
    out: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A figure of both models.
struct FigureRow {
    name: String,
    values: [f64; 2],
    /// The same figure of drummers.
    drummers: Option<f64>,
    /// Index of the better model; `None` if the figure has no direction or the two print alike.
    better: Option<usize>,
    decimals: usize,
}

impl FigureRow {
    /// A figure without a better direction.
    fn plain(name: impl Into<String>, values: [f64; 2], decimals: usize) -> FigureRow {
        FigureRow { name: name.into(), values, drummers: None, better: None, decimals }
    }

    /// A figure that is better when lower.
    fn lower(name: impl Into<String>, values: [f64; 2], decimals: usize) -> FigureRow {
        let mut row = FigureRow::plain(name, values, decimals);
        let [a, b] = values;
        if row.text(Some(a)) != row.text(Some(b)) {
            row.better = a.partial_cmp(&b).map(|order| usize::from(order.is_gt()));
        }
        row
    }

    fn beside(self, drummers: f64) -> FigureRow {
        FigureRow { drummers: Some(drummers), ..self }
    }

    fn text(&self, value: Option<f64>) -> String {
        match value {
            Some(value) if value.is_finite() => format!("{value:.*}", self.decimals),
            Some(_) => "-".into(),
            None => String::new(),
        }
    }
}

/// Rows under a heading.
struct FigureSection {
    heading: String,
    rows: Vec<FigureRow>,
}

/// Measures both models, prints the table and draws the chart.
///
/// # Errors
/// If a model or the data cannot be read, Candle cannot compute, or the folder cannot be written.
pub fn run(options: &CompareOptions) -> Result<()> {
    if !options.styles.is_empty() {
        let [one, other] = options.styles.as_slice() else {
            bail!("--styles takes two styles, as in --styles rock,metal");
        };
        files::create_folder(&options.out)?;
        let page = options.out.join(format!("{one}-and-{other}.md"));
        let DataOptions { data, seed, .. } = &options.data_options;
        let styles = [one.clone(), other.clone()];
        return compare_styles::run(&options.a, data, *seed, &styles, &page);
    }
    let paths = [&options.a, options.b.as_ref().context("a second model is missing")?];
    // Faulty files fail before the long measurement.
    let reads_data = comparable(paths)?;
    files::create_folder(&options.out)?;
    let data = options.data_options.read(&reads_data, commonest_style)?;
    let a = EvaluatedModel::measure(paths[0], &data)?;
    let b = EvaluatedModel::measure(paths[1], &data)?;
    let skipped_styles = b.skipped_styles.iter().filter(|line| !a.skipped_styles.contains(line));
    a.skipped_styles.iter().chain(skipped_styles).for_each(|line| eprintln!("{line}"));
    let both = [a, b];
    let names = names(paths, both.each_ref().map(|measured| measured.model.metadata()));
    let sections = sections(&both);
    let chart = options.out.join("compare.svg");
    draw(&chart, &names, &both)?;
    write_table(&options.out.join("compare.csv"), &sections)?;
    if options.json {
        let described = |side: usize| described(&names[side], paths[side], &both[side]);
        let (a, b) = (described(0)?, described(1)?);
        println!("{}", serde_json::to_string_pretty(&json!({ "a": a, "b": b }))?);
        return Ok(());
    }
    for side in [0, 1] {
        let metadata = both[side].model.metadata();
        println!(
            "{}: {}, {} cells, {} weights, {} updates, learned from {}",
            ["A", "B"][side],
            names[side],
            size(metadata),
            weight_count(metadata, ""),
            metadata.updates,
            metadata.trained_on,
        );
    }
    print!("{}", table(&sections));
    println!("{}", chart.display());
    Ok(())
}

/// Returns the metadata of the model with more styles, by which the data is read: the other model
/// plays its unknown styles as any.
///
/// # Errors
/// If a model cannot be read, or their figures cannot be compared.
fn comparable(paths: [&PathBuf; 2]) -> Result<Metadata> {
    let metadata = |path| -> Result<_> { Ok(files::read_model(path)?.metadata().clone()) };
    let (a, b) = (metadata(paths[0])?, metadata(paths[1])?);
    ensure!(
        a.classes.classes() == b.classes.classes(),
        "{} plays {} drum classes and {} plays {}: their figures cannot be compared",
        paths[0].display(),
        a.classes.classes(),
        paths[1].display(),
        b.classes.classes(),
    );
    let (less, more) = if a.styles.len() < b.styles.len() { (a, b) } else { (b, a) };
    ensure!(
        less.style_numbers.iter().all(|&style| more.style_name(style) == less.style_name(style)),
        "{} and {} have different styles of their own: their figures cannot be compared",
        paths[0].display(),
        paths[1].display(),
    );
    Ok(more)
}

/// Returns all figures of a model as JSON.
fn described(name: &str, path: &Path, measured: &EvaluatedModel) -> Result<Value> {
    let metadata = measured.model.metadata();
    let mut all = measured.json()?;
    all["name"] = json!(name);
    all["file"] = json!(path.display().to_string());
    all["beat"] = json!(metadata.beat);
    all["feel"] = json!(metadata.feel);
    all["weights"] = json!(weight_count(metadata, ""));
    all["updates"] = json!(metadata.updates);
    all["trained_on"] = json!(metadata.trained_on);
    Ok(all)
}

/// Returns distinct names of the two models: their own, with sizes or paths if these are equal.
fn names(paths: [&PathBuf; 2], models: [&Metadata; 2]) -> [String; 2] {
    let own = models.map(|metadata| metadata.name.clone());
    let sized = models.map(|metadata| format!("{}, {}", metadata.name, size(metadata)));
    let placed = [0, 1].map(|side| {
        let parts: Vec<_> = paths[side].iter().map(|part| part.to_string_lossy()).collect();
        let end = parts[parts.len().saturating_sub(2)..].join("/");
        format!("{}, {end}", own[side])
    });
    let distinct = |names: &[String; 2]| names[0] != names[1];
    [own.clone(), sized].into_iter().find(distinct).unwrap_or(placed)
}

/// Returns layers and cells of the hit network.
fn size(metadata: &Metadata) -> String {
    format!("{} x {}", metadata.beat.layers, metadata.beat.cells)
}

/// Returns the groups with a figure in both reports, as title and key: all beats and fills first.
/// Styles with few pieces have no group; rock always has one.
fn groups(both: &[EvaluatedModel; 2]) -> Vec<(String, &str)> {
    let [a, b] = both.each_ref().map(|measured| &measured.report.perplexity);
    let main = [("beats", "all beats"), ("fills", "fills"), ("rock_beats", "rock")];
    let others = a.keys().map(|key| (key.as_str(), key.as_str()));
    let others = others.filter(|(key, _)| main.iter().all(|(k, title)| k != key && title != key));
    main.into_iter()
        .chain(others)
        .filter(|(key, _)| a.contains_key(*key) && b.contains_key(*key))
        .map(|(key, title)| (format!("{title} ({})", both[0].report.counts[key][0]), key))
        .collect()
}

/// Iterates over the styles that both models play.
fn styles(both: &[EvaluatedModel; 2]) -> impl Iterator<Item = (&str, [&FreeRun; 2])> {
    let [a, b] = both.each_ref().map(|measured| &measured.played);
    a.iter().filter_map(|(style, figures)| Some((style.as_str(), [figures, b.get(style)?])))
}

/// Returns the row of the judge's areas by hits; `None` if the style has too few human beats.
fn judged(both: &[EvaluatedModel; 2], style: &str) -> Option<FigureRow> {
    let [a, b] = both.each_ref().map(|measured| measured.metrics.judged.get(style));
    let (a, b) = (a?, b?);
    let row = FigureRow::lower("told from drummers, ROC area", [a.hits, b.hits], 3);
    Some(row.beside(a.human_hits))
}

fn sections(measured: &[EvaluatedModel; 2]) -> Vec<FigureSection> {
    let reports = measured.each_ref().map(|measured| &measured.report);
    let perplexity = groups(measured).into_iter().map(|(title, key)| {
        FigureRow::lower(title, reports.map(|report| report.perplexity[key]), 3)
    });
    let predictions = vec![
        FigureRow::lower("velocity, mean error, of 127", reports.map(|r| r.velocity_mae), 2),
        FigureRow::lower("velocity, Wasserstein-1, of 127", reports.map(|r| r.velocity_w1), 2),
        FigureRow::lower("offset, mean error, ms", reports.map(|r| r.offset_mae_ms), 2),
    ];
    let kit = &measured[0].model.metadata().classes;
    let mut sections = vec![
        FigureSection { heading: "perplexity (pieces)".into(), rows: perplexity.collect() },
        FigureSection { heading: "foreseen of the beats".into(), rows: predictions },
    ];
    for (style, both) in styles(measured) {
        let mut rows = vec![
            FigureRow::plain("bar-to-bar hit F1", both.map(|p| p.bar_f1), 3)
                .beside(both[0].human_bar_f1),
            FigureRow::lower(
                "two bars verbatim as learned, %",
                both.map(|p| 100.0 * p.verbatim),
                2,
            )
            .beside(100.0 * both[0].human_verbatim),
        ];
        rows.extend(judged(measured, style));
        rows.extend(kit.lanes().map(|(drum, class)| {
            let hits = both.map(|p| p.hits_per_bar[drum.index()]);
            let name = format!("{}, hits a bar", class.name);
            FigureRow::plain(name, hits, 2).beside(both[0].human_hits_per_bar[drum.index()])
        }));
        sections.push(FigureSection { heading: format!("played as {style}"), rows });
    }
    sections
}

/// Formats the table as text.
fn table(sections: &[FigureSection]) -> String {
    let mut text = String::new();
    for section in sections {
        let heading = &section.heading;
        let drummers = section.rows.iter().any(|row| row.drummers.is_some());
        let last = if drummers { "drummers" } else { "" };
        let line = format!("{heading:<34}{:>10}  {:>10}  {last:>10}", "A", "B");
        text += &format!("\n{}\n", line.trim_end());
        for row in &section.rows {
            let mut line = format!("{:<34}", row.name);
            for side in [0, 1] {
                let mark = if row.better == Some(side) { "*" } else { " " };
                // Writing to a string does not fail.
                let _ = write!(line, "{:>10}{mark} ", row.text(Some(row.values[side])));
            }
            line += &format!("{:>10}", row.text(row.drummers));
            text += &format!("{}\n", line.trim_end());
        }
    }
    text + "\n* the better one, where lower is better\n"
}

/// Writes the table as CSV.
fn write_table(path: &Path, sections: &[FigureSection]) -> Result<()> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["section", "figure", "a", "b", "drummers", "better"])?;
    for section in sections {
        for row in &section.rows {
            let number = |value: Option<f64>| {
                value.filter(|v| v.is_finite()).map(|v| v.to_string()).unwrap_or_default()
            };
            let better = row.better.map_or("", |side| ["a", "b"][side]).to_string();
            let [a, b] = row.values.map(|value| number(Some(value)));
            let cells = [&section.heading, &row.name, &a, &b, &number(row.drummers), &better];
            table.write_record(cells)?;
        }
    }
    files::write_atomic(path, &table.into_inner()?)
}

fn draw(path: &Path, names: &[String; 2], both: &[EvaluatedModel; 2]) -> Result<()> {
    let named = |side: usize| {
        let mut name = names[side].clone();
        if name.chars().count() > LETTERS {
            name = name.chars().take(LETTERS - 1).chain(['…']).collect();
        }
        let size = size(both[side].model.metadata());
        let size = if name.contains(&size) { String::new() } else { format!(" ({size})") };
        (format!("{}: {name}{size}", ["A", "B"][side]), PALETTE[side])
    };
    let mut series = vec![named(0), named(1)];
    let perplexity = |key| both.iter().map(|m| m.report.perplexity[key]).collect();
    let kit = &both[0].model.metadata().classes;
    let mut panels = vec![BarPanel {
        title: "Perplexity per step, lower is better (in brackets: pieces)".into(),
        logarithmic: true,
        groups: groups(both).into_iter().map(|(title, key)| (title, perplexity(key))).collect(),
    }];
    for (style, [a, b]) in styles(both) {
        let hits = |class: usize| {
            let all = [&a.hits_per_bar, &b.hits_per_bar, &a.human_hits_per_bar];
            all.map(|hits| hits[class]).to_vec()
        };
        panels.push(BarPanel {
            title: format!("Hits a bar, played as {style}"),
            logarithmic: false,
            groups: kit.lanes().map(|(d, class)| (class.name.clone(), hits(d.index()))).collect(),
        });
    }
    if panels.len() > 1 {
        series.push(("drummers".into(), HUMAN_COLOUR));
    }
    plot::bars(path, "Two drummers side by side", &series, &panels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::Stack;

    #[test]
    fn the_lower_figure_is_marked_if_the_printed_values_differ() {
        assert_eq!(FigureRow::lower("x", [2.0, 1.0], 2).better, Some(1));
        assert_eq!(FigureRow::lower("x", [1.0, 2.0], 2).better, Some(0));
        assert_eq!(FigureRow::lower("x", [1.001, 1.002], 2).better, None);
        assert_eq!(FigureRow::lower("x", [1.0, f64::NAN], 2).better, None);
        assert_eq!(FigureRow::plain("x", [1.0, 2.0], 2).better, None);
    }

    #[test]
    fn model_names_are_distinct() {
        let model = |name: &str, layers| {
            let stack = Stack { layers, cells: 64 };
            Metadata::new(name, stack, stack, "")
        };
        let (a, b) = (PathBuf::from("x/rock/model"), PathBuf::from("x/metal/model"));
        let names_of = |one: &Metadata, other: &Metadata| names([&a, &b], [one, other]);
        assert_eq!(names_of(&model("Rock", 1), &model("Metal", 1)), ["Rock", "Metal"]);
        assert_eq!(names_of(&model("Own", 1), &model("Own", 2)), ["Own, 1 x 64", "Own, 2 x 64"]);
        let placed = names_of(&model("Own", 1), &model("Own", 1));
        assert_eq!(placed, ["Own, rock/model", "Own, metal/model"]);
    }
}
