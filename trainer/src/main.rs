//! Trains, measures and samples the drummer's model.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use trainer::commands::{
    calibrate, compare, evaluate, generate, inspect, measure, play, prepare, presets, report,
    sheet, sweep, train,
};

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
    /// Find the lead-ins and dials of a model file anew, as a training does at its end
    Calibrate(calibrate::Options),
    /// Write what a training would be fed, to train on other machines with PyTorch
    Prepare(Box<prepare::Options>),
    /// Measure a model on a split of the data
    Evaluate(evaluate::Options),
    /// Set two models side by side, as a table and as a picture
    Compare(compare::Options),
    /// Train models of several sizes and set them side by side; goes on where it was stopped
    Sweep(Box<sweep::Options>),
    /// Write beats as MIDI files
    Generate(generate::Options),
    /// Write the first bars of many takes as text grids, to read
    Sheet(sheet::Options),
    /// Check that the factory presets play what their names say, or search seeds that do
    Presets(presets::Options),
    /// Carry on from a MIDI file, play its hits by hand, or play to its rhythm
    #[command(subcommand)]
    Play(play::Task),
    /// Measure whether takes keep what they promise; fails where one does not
    Measure(measure::Options),
    /// Train as the report of 2019 did, and write what came of it beside the shipped drummer
    Report(report::Options),
    /// Say what a model file is
    Inspect {
        /// Model file
        model: PathBuf,
    },
}

fn main() -> Result<()> {
    match Command::parse().task {
        Task::Train(options) => train::run(&options),
        Task::Calibrate(options) => calibrate::run(&options),
        Task::Prepare(options) => prepare::run(&options),
        Task::Evaluate(options) => evaluate::run(&options),
        Task::Compare(options) => compare::run(&options),
        Task::Sweep(options) => sweep::run(&options),
        Task::Generate(options) => generate::run(&options),
        Task::Sheet(options) => sheet::run(&options),
        Task::Presets(options) => presets::run(&options),
        Task::Play(task) => play::run(&task),
        Task::Measure(options) => measure::run(&options),
        Task::Report(options) => report::run(&options),
        Task::Inspect { model } => inspect::run(&model),
    }
}
