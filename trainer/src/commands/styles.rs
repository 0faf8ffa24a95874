//! `styles`: teaches a model the programmed styles, and leaves its other styles as they are.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::data::Data;
use crate::files;
use crate::train::programmed::{ProgrammedOptions, with_programmed, with_programmed_styles};

/// Options of `styles`.
#[derive(Args, Debug)]
pub struct StylesOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of patterns or drum MIDI; several are read together
    #[arg(long, default_value = "assets/patterns")]
    data: Vec<PathBuf>,
    /// File for the new model
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    training: ProgrammedOptions,
}

/// Teaches a model the programmed styles of the data.
///
/// # Errors
/// If the model or the data cannot be read, or the file cannot be written.
pub fn run(options: &StylesOptions) -> Result<()> {
    let bytes = files::read(&options.model)?;
    let known = files::parse_model(&options.model, &bytes)?.metadata().clone();
    let data = Data::read(&options.data, None, 1, &with_programmed_styles(&known)?)?;
    let new = with_programmed(&options.model, &bytes, &data, &options.training)?;
    files::write_atomic(&options.out, &new)
}
