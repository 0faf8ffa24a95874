//! `evaluate`: how good a model is, beside what needs no model and beside what drummers play.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use candle_core::Device;
use clap::Args;
use groove::Meter;
use groove::style::{style_name, style_number};
use serde_json::json;

use crate::asked::Asked;
use crate::data::{Data, Piece, Split};
use crate::floor::{Ngram, bar_ago_errors};
use crate::measure::Report;
use crate::net::Net;
use crate::played::Played;

/// Options of `evaluate`.
#[derive(Args, Debug)]
pub struct Options {
    /// Model file
    #[arg(long)]
    model: PathBuf,
    /// Folder of drum MIDI
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// Part of the data
    #[arg(long, value_enum, default_value = "validation")]
    split: Split,
    /// Styles to play and to compare with what drummers played
    #[arg(long, value_delimiter = ',', default_value = "rock")]
    play: Vec<String>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
///
/// # Errors
/// When the model or the data cannot be read, or Candle cannot compute.
pub fn run(options: &Options) -> Result<()> {
    let bytes = crate::read(&options.model)?;
    let model = Arc::new(crate::read_model(&options.model, &bytes)?);
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    let net = Net::from_tensors(model.metadata(), &tensors)?;
    let data = Data::read(&options.data, None, 0)?;
    if !data.skipped.is_empty() {
        eprintln!("{}", data.skipped_text().trim_start());
    }
    let pieces = data.split(options.split);
    ensure!(!pieces.is_empty(), "the data has no piece of that split");
    let report = Report::measure(&net, &pieces)?;
    let floor = floors(&data.pieces, &pieces);
    let (velocity_floor, offset_floor) =
        bar_ago_errors(pieces.iter().filter(|piece| !piece.kind.fill));
    let mut played = BTreeMap::new();
    for name in &options.play {
        let style = style_number(name);
        let style = style.ok_or_else(|| anyhow::anyhow!("there is no style {name}"))?;
        // Data without enough beats of a style has nothing to compare with.
        match Played::measure(&model, &data.pieces, style) {
            Ok(figures) => drop(played.insert(style_name(style), figures)),
            Err(fault) => eprintln!("{name} is not played: {fault}"),
        }
    }
    let asked = Asked::measure(&model, &data.pieces, style_number("rock").unwrap_or(0))?;
    if options.json {
        let all = json!({
            "perplexity": report.perplexity,
            "counts": report.counts,
            "floor": floor,
            "velocity": {
                "mae": report.velocity_mae,
                "w1": report.velocity_w1,
                "bar_ago_mae": velocity_floor,
            },
            "offset": { "mae_ms": report.offset_mae_ms, "bar_ago_mae_ms": offset_floor },
            "played": played,
            "asked": asked,
        });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    print!("{}", report.table());
    for (name, perplexity) in floor {
        println!("floor of {name}, an n-gram over two bars (4/4): {perplexity:.3}");
    }
    println!(
        "repeating the bar before, where struck: velocity {velocity_floor:.2}, \
         offset {offset_floor:.2} ms"
    );
    for (name, figures) in played {
        print!("\n{}", figures.table(name));
    }
    print!("\n{}", asked.table());
    Ok(())
}

/// Perplexities of n-grams that learned the train beats in 4/4; rock learned from rock alone.
fn floors(all: &[Piece], asked: &[Piece]) -> BTreeMap<&'static str, f64> {
    let rock = style_number("rock");
    let wanted = |piece: &&Piece, rock_only: bool| {
        let kind = &piece.kind;
        !kind.fill && kind.meter == Meter::FOUR_FOUR && (!rock_only || Some(kind.style) == rock)
    };
    [("beats", false), ("rock_beats", true)]
        .into_iter()
        .map(|(name, rock_only)| {
            let train = all.iter().filter(|piece| piece.split == Split::Train);
            let ngram = Ngram::learn(train.filter(|piece| wanted(piece, rock_only)));
            let perplexity =
                ngram.perplexity(asked.iter().filter(|piece| wanted(piece, rock_only)));
            (name, perplexity)
        })
        .collect()
}
