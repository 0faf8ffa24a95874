//! Trains, measures and samples the drummer's model.

mod asked;
mod batch;
mod calibrate;
mod compare;
mod curve;
mod data;
mod evaluate;
mod floor;
mod kernel;
mod measure;
mod net;
mod ops;
mod optimise;
mod picture;
mod played;
mod preset;
mod references;
mod sample;
mod start;
mod stream;
mod sweep;
mod train;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use groove::model::{Metadata, Model};

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
    Evaluate(evaluate::Options),
    /// Set two models side by side, as a table and as a picture
    Compare(compare::Options),
    /// Train models of several sizes and set them side by side; goes on where it was stopped
    Sweep(Box<sweep::Options>),
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
        Task::Evaluate(options) => evaluate::run(&options),
        Task::Compare(options) => compare::run(&options),
        Task::Sweep(options) => sweep::run(&options),
        Task::Generate(options) => sample::run(&options),
        Task::Inspect { model } => inspect(&model),
    }
}

/// Reads a file that somebody named.
fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Reads a whole model, so that every fault of the file is found.
fn read_model(path: &Path, bytes: &[u8]) -> Result<Model> {
    Model::from_bytes(bytes).with_context(|| format!("{}", path.display()))
}

fn inspect(path: &Path) -> Result<()> {
    let bytes = read(path)?;
    let model = read_model(path, &bytes)?;
    let metadata = model.metadata();
    println!("{}", serde_json::to_string_pretty(metadata)?);
    for (name, shape) in metadata.tensors() {
        println!("{name:<22} {shape:?}");
    }
    println!("{} weights in {} bytes", weights(metadata, ""), bytes.len());
    Ok(())
}

/// The number of weights of a model, in the tensors whose names begin so.
fn weights(metadata: &Metadata, prefix: &str) -> usize {
    let tensors = metadata.tensors();
    let kept = tensors.iter().filter(|(name, _)| name.starts_with(prefix));
    kept.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}
