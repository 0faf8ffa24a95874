//! `compare --styles`: two styles of one model beside their drummers, as a page.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use groove::generate::Drummer;
use groove::learn::bar_f1::{HitBars, bar_f1};
use groove::learn::data::{Piece, Split, known_style};
use groove::learn::network::net::Net;
use groove::learn::prediction::PredictionReport;
use groove::model::Model;
use groove::pattern::style::FIRST_PROGRAMMED;
use groove::take::{Take, TakeControls};
use groove::{Drum, Meter};

use super::sheet::grid;
use crate::data;
use crate::files;
use crate::metrics::StyleClassifier;
use crate::metrics::backbone::BackboneShares;
use crate::metrics::comparison::{BarSteps, Comparison, Groove, TempoChoice, is_beat};
use crate::metrics::free_run::{hits_of, hits_per_bar};
use crate::playback::play_bars;

/// Takes of each style that are printed, and bars of each.
const SHOWN: u32 = 3;
const SHOWN_BARS: i64 = 4;

/// Rows of hits per bar.
const LANES: [(&str, &[Drum]); 7] = [
    ("kicks", &[Drum::Kick]),
    ("snares", &[Drum::Snare]),
    ("closed hats", &[Drum::ClosedHat]),
    ("open hats", &[Drum::OpenHat]),
    ("rides", &[Drum::Ride]),
    ("crashes", &[Drum::Crash]),
    ("toms", &[Drum::LowTom, Drum::MidTom, Drum::HighTom]),
];

/// One side of a style: its takes, or its drummers.
struct StyleColumn {
    title: String,
    grooves: Vec<Groove>,
    hits: Vec<HitBars>,
    backbone: BackboneShares,
    /// Share of the windows recognised as the style.
    recognised: Option<f64>,
}

impl StyleColumn {
    fn new(title: String, grooves: Vec<Groove>, recognised: Option<f64>) -> StyleColumn {
        let hits = grooves.iter().map(hits_of).collect();
        let backbone = BackboneShares::of(&grooves);
        StyleColumn { title, grooves, hits, backbone, recognised }
    }
}

/// Measures both styles, and writes the page.
///
/// # Errors
/// If the model or the data cannot be read, a style is unknown or has no beats in the training or
/// validation split, Candle cannot compute, or the page cannot be written.
pub(super) fn run(
    path: &Path,
    folders: &[std::path::PathBuf],
    seed: u64,
    styles: &[String; 2],
    out: &Path,
) -> Result<()> {
    let bytes = files::read(path)?;
    let model = Arc::new(files::parse_model(path, &bytes)?);
    let metadata = model.metadata();
    let data = data::read(folders, None, seed, metadata)?;
    let numbers = [known_style(metadata, &styles[0])?, known_style(metadata, &styles[1])?];
    let trees = StyleClassifier::learn(metadata, &data.pieces);
    let play = |(&style, name): (&u8, &String)| {
        Comparison::play(&model, &data.pieces, style, TempoChoice::Drummers)
            .with_context(|| format!("{name} cannot be compared"))
    };
    let sides: Vec<Comparison> = numbers.iter().zip(styles).map(play).collect::<Result<_>>()?;
    let recalls = trees.map(|trees| trees.recalls(metadata, &sides)).unwrap_or_default();
    let mut columns = Vec::new();
    let mut grids = String::new();
    for Comparison { style, name, played, train, .. } in sides {
        let recall = recalls.get(&name);
        grids += &shown(&model, style, &name, median_tempo(&played))?;
        let source = if style >= FIRST_PROGRAMMED { "patterns" } else { "drummers" };
        let human = recall.and_then(|recall| recall.human);
        columns.push(StyleColumn::new(format!("{name}, {source}"), train, human));
        let share = recall.and_then(|recall| recall.played);
        columns.push(StyleColumn::new(format!("{name}, played"), played, share));
    }
    let net = Net::from_model_file(metadata, &bytes)?;
    let mut crossed = String::new();
    for (name, &style) in styles.iter().zip(&numbers) {
        let perplexities = [
            perplexity(&net, &data.pieces, style, numbers[0])?,
            perplexity(&net, &data.pieces, style, numbers[1])?,
        ];
        // Writing to a string does not fail.
        let _ = writeln!(crossed, "| {name} | {:.2} | {:.2} |", perplexities[0], perplexities[1]);
    }
    let [a, b] = styles;
    let page = format!(
        "# {a} and {b}\n\n\
         Written by `cargo trainer compare MODEL --styles {a},{b}`. *Drummers* are the beats of the \
         training split in 4/4, *patterns* those that a style without recordings was learned from; \
         *played* are takes of 16 bars at their tempi, with all controls at their defaults.\n\n{table}\n\
         *Double kicks* are kicks a sixteenth after another one. *Recognised* is the share of \
         two-bar windows that trees, trained on the drummers and patterns of all styles, take for \
         the style; of drummers and patterns those of the validation split.\n\n\
         Perplexity per step of the validation beats of one style, as the model predicts them in \
         each:\n\n| beats of | as {a} | as {b} |\n|---|---|---|\n{crossed}\n\
         The first seeds, none selected:\n{grids}",
        table = table(&columns),
    );
    files::write_atomic(out, page.as_bytes())?;
    println!("{}", out.display());
    Ok(())
}

/// Perplexity per step of the validation beats of a style, predicted as those of another.
fn perplexity(net: &Net, pieces: &[Piece], style: u8, predicted_as: u8) -> Result<f64> {
    let of_style =
        pieces.iter().filter(|piece| piece.split == Split::Validation && is_beat(piece, style));
    let relabelled: Vec<Piece> = of_style
        .cloned()
        .map(|mut piece| {
            piece.kind.style = predicted_as;
            piece
        })
        .collect();
    let report = PredictionReport::measure(net, &relabelled)?;
    let beats = report.perplexity.get("beats").copied();
    beats.context("a style has no beats in the validation split")
}

fn table(columns: &[StyleColumn]) -> String {
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        columns.iter().map(|column| column.title.as_str()).collect::<Vec<_>>().join(" | "),
        "---|".repeat(columns.len()),
    );
    let mut row = |name: &str, of: &dyn Fn(&StyleColumn) -> String| {
        let cells: Vec<String> = columns.iter().map(of).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    };
    row("tempi, quartiles", &|column| {
        let tempi = sorted_tempi(&column.grooves);
        [1, 2, 3].map(|quarter| format!("{:.0}", tempi[(tempi.len() - 1) * quarter / 4])).join(", ")
    });
    for (name, drums) in LANES {
        row(&format!("{name} a bar"), &|column| {
            let rates = hits_per_bar(&column.hits, Drum::ALL.len());
            format!("{:.2}", drums.iter().map(|drum| rates[drum.index()]).sum::<f64>())
        });
    }
    row("double kicks a bar", &|column| format!("{:.2}", double_kicks(&column.grooves)));
    let share = |of: fn(&BackboneShares) -> f64| {
        move |column: &StyleColumn| format!("{:.2}", of(&column.backbone))
    };
    row("bars with the snare on 2 and 4", &share(|shares| shares.backbeat));
    row("bars with the kick on 1", &share(|shares| shares.kick_one));
    row("hit F1 of neighbouring bars", &|column| format!("{:.2}", bar_f1(&column.hits)));
    row("recognised", &|column| {
        column.recognised.map_or_else(String::new, |share| format!("{share:.2}"))
    });
    text
}

/// Kicks per bar that are a sixteenth after another one.
fn double_kicks(grooves: &[Groove]) -> f64 {
    let has_kick = |bar: &BarSteps, step: usize| bar[step].drums().contains(Drum::Kick);
    let doubles = |bar: &BarSteps| {
        (1..bar.len()).filter(|&step| has_kick(bar, step - 1) && has_kick(bar, step)).count()
    };
    let bars = || grooves.iter().flat_map(|groove| &groove.bars);
    bars().map(doubles).sum::<usize>() as f64 / bars().count().max(1) as f64
}

fn sorted_tempi(grooves: &[Groove]) -> Vec<f32> {
    let mut tempi: Vec<f32> = grooves.iter().map(|groove| groove.tempo).collect();
    tempi.sort_by(f32::total_cmp);
    tempi
}

fn median_tempo(grooves: &[Groove]) -> f32 {
    sorted_tempi(grooves)[grooves.len() / 2]
}

/// The first takes of a style at a tempo.
fn shown(model: &Arc<Model>, style: u8, name: &str, tempo: f32) -> Result<String> {
    let mut text = String::new();
    for seed in 1..=SHOWN {
        let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
        let mut drummer = Drummer::new(model.clone());
        let bars = play_bars(&mut drummer, &take, Meter::FOUR_FOUR, 0..SHOWN_BARS)?;
        let _ = write!(text, "\n{name}, seed {seed}, {tempo:.0} bpm\n\n```\n{}```\n", grid(&bars));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Hit, Step};

    #[test]
    fn double_kicks_follow_a_kick_at_once() {
        let mut bar = [Step::SILENT; 16];
        for step in [0, 1, 2, 8, 10] {
            bar[step].set(Drum::Kick, Some(Hit::plain(100, 0)));
        }
        let groove = Groove { bars: vec![bar, [Step::SILENT; 16]], tempo: 120.0 };
        assert!((double_kicks(&[groove]) - 1.0).abs() < 1e-9);
    }
}
