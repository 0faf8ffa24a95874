//! `styles`: teaches a model the programmed styles, and leaves its other styles as they are.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use groove::learn::data::known_style;

use crate::data;
use crate::files;
use crate::train::programmed::{
    ProgrammedOptions, programmed_styles, with_programmed, with_programmed_styles,
};

/// Options of `styles`.
#[derive(Args, Debug)]
pub struct StylesOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of patterns or drum MIDI; several are read together
    #[arg(long, default_value = "assets/patterns")]
    data: Vec<PathBuf>,
    /// Styles to learn, separated by commas; all programmed ones of the data by default
    #[arg(long, value_delimiter = ',')]
    styles: Vec<String>,
    /// File for the new model, written after each style
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
    let mut bytes = files::read(&options.model)?;
    let known = with_programmed_styles(files::parse_model(&options.model, &bytes)?.metadata())?;
    let data = data::read(&options.data, None, 1, &known)?;
    let found = programmed_styles(&data);
    let chosen = options.styles.iter().map(|name| known_style(&known, name));
    let chosen: BTreeSet<u8> = chosen.collect::<Result<_>>()?;
    let chosen = if chosen.is_empty() { found.clone() } else { chosen };
    ensure!(!chosen.is_empty(), "the data has no piece of a programmed style");
    for style in chosen {
        let name = known.style_name(style);
        ensure!(found.contains(&style), "the data has no programmed piece of {name}");
        bytes = with_programmed(&options.model, &bytes, &data, style, &options.training)?;
        files::write_atomic(&options.out, &bytes)?;
    }
    Ok(())
}
