//! `measure`: checks the guarantees of takes. Every figure comes from a seeded run; the command
//! names broken guarantees and fails.

mod accents;
mod bass_lines;
mod check;
mod constraints;
mod controls;
mod fills;
mod primers;
mod songs;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Map;

use crate::data;
use crate::files;
use check::{Check, CheckContext};

/// Options of `measure`.
#[derive(Args, Debug)]
pub struct MeasureOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of drum MIDI
    #[arg(long, env = "GROOVE_DIR", required = true)]
    data: Vec<PathBuf>,
    /// Only these parts, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = PARTS.map(|(part, _)| part))]
    only: Vec<String>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

type CheckPart = fn(&CheckContext) -> Result<Vec<Check>>;

const PARTS: [(&str, CheckPart); 15] = [
    ("stick", controls::stick),
    ("temperature", controls::temperature),
    ("purity", constraints::purity),
    ("pins", constraints::pins),
    ("density", controls::density),
    ("fills", fills::fills),
    ("hold", constraints::hold),
    ("carry-on", primers::carry_on),
    ("tap", primers::tap),
    ("humanise", primers::humanised),
    ("morph", primers::morphed),
    ("stops", songs::stops),
    ("sections", songs::sections),
    ("intensity", songs::intensity),
    ("accents", accents::accents),
];

/// Runs the checks.
///
/// # Errors
/// If model or data cannot be read, or a check fails.
pub fn run(options: &MeasureOptions) -> Result<()> {
    let model = files::read_model(&options.model)?;
    let pieces = data::read(&options.data, None, 1, model.metadata())?.pieces;
    let context = CheckContext { model: Arc::new(model), pieces };
    let mut report = Map::new();
    let mut broken = Vec::new();
    for (name, part) in PARTS {
        if !options.only.is_empty() && options.only.iter().all(|only| only != name) {
            continue;
        }
        let lines = part(&context)?;
        if !options.json {
            for Check { what, figure, must, holds } in &lines {
                let mark = if *holds { "" } else { "  <- fails" };
                println!("{name:<11} {what}: {figure} ({must}){mark}");
            }
        }
        let faults = lines.iter().filter(|line| !line.holds);
        broken.extend(faults.map(|line| format!("{name}: {} ({})", line.what, line.must)));
        report.insert(name.into(), serde_json::to_value(lines)?);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if !broken.is_empty() {
        bail!("these checks fail:\n{}", broken.join("\n"));
    }
    Ok(())
}
