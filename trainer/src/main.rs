//! Trains, measures and samples the drummer's model.

mod batch;
mod curve;
mod data;
mod kernel;
mod measure;
mod net;
mod ops;
mod optimise;
mod sample;
mod train;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use clap::{Parser, Subcommand};
use groove::model::{Metadata, Model};

use crate::data::{Data, Split};
use crate::measure::Report;
use crate::net::Net;

#[derive(Parser)]
#[command(name = "trainer", version, about = "Trains, measures and samples the drummer's model")]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Learn from a folder of drum MIDI; goes on from its last checkpoint
    Train(Box<train::Options>),
    /// Measure a model on a split of the data
    Evaluate {
        /// Model file
        #[arg(long)]
        model: PathBuf,
        /// Folder of drum MIDI
        #[arg(long, env = "GROOVE_DIR")]
        data: PathBuf,
        /// Part of the data
        #[arg(long, value_enum, default_value = "validation")]
        split: Split,
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Write beats as MIDI files
    Generate(sample::Options),
    /// Say what a model file is
    Inspect {
        /// Model file
        model: PathBuf,
    },
}

fn main() -> Result<()> {
    match Command::parse().task {
        Task::Train(options) => train::run(&options),
        Task::Evaluate { model, data, split, json } => evaluate(&model, &data, split, json),
        Task::Generate(options) => sample::run(&options),
        Task::Inspect { model } => inspect(&model),
    }
}

/// Reads a file that somebody named.
fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn evaluate(path: &Path, data: &Path, split: Split, json: bool) -> Result<()> {
    let bytes = read(path)?;
    let metadata = read_metadata(path, &bytes)?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    let net = Net::from_tensors(&metadata, &tensors)?;
    let data = Data::read(data, None, 0)?;
    if !data.skipped.is_empty() {
        eprintln!("{}", data.skipped_text().trim_start());
    }
    let pieces = data.split(split);
    ensure!(!pieces.is_empty(), "the data has no piece of that split");
    let report = Report::measure(&net, &pieces)?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", report.table()),
    }
    Ok(())
}

fn read_metadata(path: &Path, bytes: &[u8]) -> Result<Metadata> {
    // The whole model is read, so that every fault of the file is found here.
    let model = Model::from_bytes(bytes).with_context(|| format!("{}", path.display()))?;
    Ok(model.metadata().clone())
}

fn inspect(path: &Path) -> Result<()> {
    let bytes = read(path)?;
    let metadata = read_metadata(path, &bytes)?;
    println!("{}", serde_json::to_string_pretty(&metadata)?);
    let mut weights = 0;
    for (name, shape) in metadata.tensors() {
        weights += shape.iter().product::<usize>();
        println!("{name:<22} {shape:?}");
    }
    println!("{weights} weights in {} bytes", bytes.len());
    Ok(())
}
