//! `calibrate`: finds the lead-ins and calibration of a model file again, or its strokes.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::data::Data;
use crate::files;
use crate::train::calibration::calibrated;
use crate::train::strokes::with_strokes;

/// Options of `calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateOptions {
    /// Model file
    #[arg(long)]
    model: PathBuf,
    /// Folder of drum MIDI that the model was trained on
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// File for the new model
    #[arg(long)]
    out: PathBuf,
    /// Learn the stroke network and take the lead-ins again, and keep the calibration
    #[arg(long)]
    strokes: bool,
}

/// Calibrates a model file.
///
/// # Errors
/// If the model or the data cannot be read, or the file cannot be written.
pub fn run(options: &CalibrateOptions) -> Result<()> {
    let bytes = files::read(&options.model)?;
    let metadata = files::parse_model(&options.model, &bytes)?.metadata().clone();
    let data = Data::read(&options.data, None, 1, &metadata)?;
    let new = match options.strokes {
        true => with_strokes(&options.model, &bytes, &data)?,
        false => calibrated(&options.model, &bytes, &data)?,
    };
    files::write_atomic(&options.out, &new)
}
