//! `calibrate`: computes lead-ins and calibration of a model file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::data::Data;
use crate::files;
use crate::train::calibration::calibrated;

/// Options of `calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateOptions {
    /// Model file
    #[arg(long)]
    model: PathBuf,
    /// Folder of drum MIDI that the model was trained on
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// File for the model with its lead-ins and calibration
    #[arg(long)]
    out: PathBuf,
}

/// Calibrates a model file.
///
/// # Errors
/// If the model or the data cannot be read, or the file cannot be written.
pub fn run(options: &CalibrateOptions) -> Result<()> {
    let bytes = files::read(&options.model)?;
    let metadata = files::parse_model(&options.model, &bytes)?.metadata().clone();
    let data = Data::read(&options.data, None, 1, &metadata)?;
    files::write_atomic(&options.out, &calibrated(&options.model, &bytes, &data)?)
}
