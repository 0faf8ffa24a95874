//! `measure`: whether takes keep what they promise. Every figure is of one seeded run; where one
//! does not hold, the command names it and fails.

mod asked_for;
mod dials;
mod fills;
mod primed;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use groove::model::Model;
use groove::take::Take;
use groove::{CLASSES, Drum, DrumSet, Meter, Step};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::data::{Data, Piece};

/// Options of `measure`.
#[derive(Args, Debug)]
pub struct Options {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of drum MIDI
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// Only these parts: stick, temperature, purity, pins, density, fills, hold, carry-on, tap, humanise, morph
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// What the parts work with.
struct Stage {
    model: Arc<Model>,
    pieces: Vec<Piece>,
}

/// A line of the report: what was measured, and whether it is as it must be.
#[derive(Clone, Debug, Serialize)]
struct Line {
    what: String,
    figure: Value,
    must: &'static str,
    holds: bool,
}

impl Line {
    fn new(
        what: impl Into<String>,
        figure: impl Serialize,
        must: &'static str,
        holds: bool,
    ) -> Self {
        let figure = rounded(serde_json::to_value(figure).unwrap_or(Value::Null));
        Line { what: what.into(), figure, must, holds }
    }
}

/// Four digits after the point are enough to read.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            ((number * 1e4).round() / 1e4).into()
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        value => value,
    }
}

type Part = fn(&Stage) -> Result<Vec<Line>>;

const PARTS: [(&str, Part); 11] = [
    ("stick", dials::stick),
    ("temperature", dials::temperature),
    ("purity", asked_for::purity),
    ("pins", asked_for::pins),
    ("density", dials::density),
    ("fills", fills::fills),
    ("hold", asked_for::hold),
    ("carry-on", primed::carry_on),
    ("tap", primed::tap),
    ("humanise", primed::humanised),
    ("morph", primed::morphed),
];

/// Measures.
///
/// # Errors
/// When model or data cannot be read, or a line does not hold.
pub fn run(options: &Options) -> Result<()> {
    let model = crate::read_model(&options.model, &crate::read(&options.model)?)?;
    if let Some(unknown) =
        options.only.iter().find(|name| PARTS.iter().all(|(part, _)| part != *name))
    {
        bail!("there is no part {unknown}: {}", PARTS.map(|(part, _)| part).join(", "));
    }
    let pieces = Data::read(&options.data, None, 1, model.metadata())?.pieces;
    let stage = Stage { model: Arc::new(model), pieces };
    let mut report = Map::new();
    let mut broken = Vec::new();
    for (name, part) in PARTS {
        if !options.only.is_empty() && options.only.iter().all(|only| only != name) {
            continue;
        }
        let lines = part(&stage)?;
        if !options.json {
            for Line { what, figure, must, holds } in &lines {
                let mark = if *holds { "" } else { "  <- does not hold" };
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
        bail!("these do not hold:\n{}", broken.join("\n"));
    }
    Ok(())
}

impl Stage {
    /// All steps of so many bars of a take, in 4/4.
    fn play(&self, take: &Take, bars: i64) -> Result<Vec<Step>> {
        let mut drummer = groove::generate::Drummer::new(Arc::clone(&self.model));
        let mut steps = Vec::new();
        for bar in 0..bars {
            steps.extend_from_slice(drummer.bar(take, Meter::FOUR_FOUR, bar)?.steps());
        }
        Ok(steps)
    }
}

/// Draws of a part, told apart by a number.
fn draws(part: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(part)
}

/// F1 of two runs of steps; of two silent ones, 1.
fn f1(one: &[Step], other: &[Step]) -> f64 {
    let pairs = || one.iter().zip(other).map(|(a, b)| (a.drums(), b.drums()));
    let both: u32 = pairs().map(|(a, b)| a.and(b).len()).sum();
    let all: u32 = pairs().map(|(a, b)| a.len() + b.len()).sum();
    if all == 0 { 1.0 } else { 2.0 * f64::from(both) / f64::from(all) }
}

/// Hits by class.
fn count(steps: &[Step]) -> [f64; CLASSES] {
    let mut hits = [0.0; CLASSES];
    for drum in steps.iter().flat_map(|step| step.drums().iter()) {
        hits[drum.index()] += 1.0;
    }
    hits
}

const TOMS: [Drum; 3] = [Drum::LowTom, Drum::MidTom, Drum::HighTom];

fn sum(hits: &[f64; CLASSES], drums: &[Drum]) -> f64 {
    drums.iter().map(|drum| hits[drum.index()]).sum()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / count
}

fn set(drums: &[Drum]) -> DrumSet {
    drums.iter().copied().collect()
}
