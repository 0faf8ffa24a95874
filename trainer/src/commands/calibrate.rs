//! `calibrate`: finds the lead-ins and calibration of a model file again, or its strokes.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use groove::learn::data::known_style;

use crate::data;
use crate::files;
use crate::train::calibration::calibrated;
use crate::train::calibration::lead_in_weights::with_lead_in_weights;
use crate::train::calibration::strokes::with_stroke_offsets;
use crate::train::strokes::with_strokes;

/// Options of `calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateOptions {
    /// Model file
    #[arg(long)]
    model: PathBuf,
    /// Folder of drum MIDI that the model was trained on
    #[arg(long, env = "GROOVE_DIR", required = true)]
    data: Vec<PathBuf>,
    /// File for the new model
    #[arg(long)]
    out: PathBuf,
    /// Learn and calibrate the stroke network, take the lead-ins again, and keep the rest
    #[arg(long)]
    strokes: bool,
    /// Only weight the lead-ins of these styles, separated by commas, so that takes match drummers
    #[arg(long, value_delimiter = ',', conflicts_with = "strokes")]
    lead_in_weights: Vec<String>,
    /// Keep the stroke network and lead-ins of the file, and only calibrate the strokes
    #[arg(long, requires = "strokes")]
    keep_network: bool,
}

/// Calibrates a model file.
///
/// # Errors
/// If the model or the data cannot be read, or the file cannot be written.
pub fn run(options: &CalibrateOptions) -> Result<()> {
    let bytes = files::read(&options.model)?;
    let metadata = files::parse_model(&options.model, &bytes)?.metadata().clone();
    ensure!(
        metadata.has_strokes() || !options.keep_network,
        "the model has no stroke network to keep; learn one without --keep-network"
    );
    let data = data::read(&options.data, None, 1, &metadata)?;
    let new = match options.strokes {
        true => {
            let learned = match options.keep_network {
                true => bytes,
                false => with_strokes(&options.model, &bytes, &data)?,
            };
            with_stroke_offsets(&options.model, &learned, &data)?
        }
        false if options.lead_in_weights.is_empty() => calibrated(&options.model, &bytes, &data)?,
        false => {
            let names = options.lead_in_weights.iter();
            let styles: Vec<u8> =
                names.map(|name| known_style(&metadata, name)).collect::<Result<_>>()?;
            with_lead_in_weights(&options.model, &bytes, &data, &styles)?
        }
    };
    files::write_atomic(&options.out, &new)
}
