//! Command line of the trainer.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use trainer::commands::{
    calibrate, clips, compare, evaluate, generate, inspect, listening_test, measure, play, prepare,
    presets, protocol, report, sheet, sweep, train,
};

#[derive(Parser)]
#[command(name = "trainer", version, about = "Trains, measures and samples the drummer's model")]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Train on a folder of drum MIDI; continues from the last checkpoint
    Train(Box<train::TrainOptions>),
    /// Compute lead-ins and calibration of a model file, as at the end of a training
    Calibrate(calibrate::CalibrateOptions),
    /// Teach a model the programmed styles, such as house and metal; its other styles stay
    Styles(train::styles::StylesOptions),
    /// Write the batches of a training, to train on other machines with PyTorch
    Prepare(Box<prepare::PrepareOptions>),
    /// Measure a model on a split of the data
    Evaluate(evaluate::EvaluateOptions),
    /// Print all published figures of a model, or of a folder of MIDI from any system
    Protocol(protocol::ProtocolOptions),
    /// Compare two models, as a table and a chart
    Compare(compare::CompareOptions),
    /// Train models of several sizes and compare them; continues an interrupted sweep
    Sweep(Box<sweep::SweepOptions>),
    /// Generate beats as MIDI files
    Generate(generate::GenerateOptions),
    /// Write the first bars of many takes as text grids
    Sheet(sheet::SheetOptions),
    /// Write a page of blind pairs, drummer and drummer or drummer and model, for listeners
    ListeningTest(listening_test::ListeningTestOptions),
    /// Check that the factory presets play what their names say, or search for better seeds
    Presets(presets::PresetsOptions),
    /// Continue a MIDI file, humanise it, or play to its rhythm
    #[command(subcommand)]
    Play(play::PlayTask),
    /// Check the guarantees of takes; fails if one is broken
    Measure(measure::MeasureOptions),
    /// Repeat the experiment of the 2019 report, and compare it with the shipped drummer
    Report(report::ReportOptions),
    /// Write a page that tells what is read of each MIDI file of a folder
    Clips(clips::ClipsOptions),
    /// Describe a model file
    Inspect {
        /// Model file
        model: PathBuf,
    },
}

fn main() -> Result<()> {
    match Command::parse().task {
        Task::Train(options) => train::run(&options),
        Task::Calibrate(options) => calibrate::run(&options),
        Task::Styles(options) => train::styles::run(&options),
        Task::Prepare(options) => prepare::run(&options),
        Task::Evaluate(options) => evaluate::run(&options),
        Task::Protocol(options) => protocol::run(&options),
        Task::Compare(options) => compare::run(&options),
        Task::Sweep(options) => sweep::run(&options),
        Task::Generate(options) => generate::run(&options),
        Task::Sheet(options) => sheet::run(&options),
        Task::ListeningTest(options) => listening_test::run(&options),
        Task::Presets(options) => presets::run(&options),
        Task::Play(task) => play::run(&task),
        Task::Measure(options) => measure::run(&options),
        Task::Report(options) => report::run(&options),
        Task::Clips(options) => clips::run(&options),
        Task::Inspect { model } => inspect::run(&model),
    }
}
