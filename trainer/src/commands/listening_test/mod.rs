//! `listening-test`: a self-contained page with blind pairs of clips, two drummers or a drummer and
//! a model. Its answers are a table that the listener downloads.

mod clips;
mod page;
mod power;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use groove::learn::data::{Split, known_style};

use crate::data;
use crate::files;

/// Seed of the choice of recordings and of the order in the page; part of the test's definition.
const SEED: u64 = 1;

/// Options of `listening-test`.
#[derive(Args, Debug)]
pub struct ListeningTestOptions {
    /// Model file
    model: PathBuf,
    /// Folder of the Groove MIDI Dataset
    #[arg(long, env = "GROOVE_DIR")]
    data: PathBuf,
    /// Page to write
    #[arg(long)]
    out: PathBuf,
    /// Styles of the pairs, in turns; each has at least two validation beats
    #[arg(long, value_delimiter = ',', default_value = "rock,funk,latin")]
    styles: Vec<String>,
    /// Pairs of each kind; a page has twice as many
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pairs: u32,
}

/// Renders the pairs and writes the page.
///
/// # Errors
/// If the model or the data cannot be read, a style is unknown or has too few long beats, the
/// network cannot be computed, or the page cannot be written.
pub fn run(options: &ListeningTestOptions) -> Result<()> {
    let model = Arc::new(files::read_model(&options.model)?);
    let data = data::read(std::slice::from_ref(&options.data), None, SEED, model.metadata())?;
    let styles = options.styles.iter().map(|name| known_style(model.metadata(), name));
    let styles: Vec<u8> = styles.collect::<Result<_>>()?;
    let beats = data.split(Split::Validation);
    let pairs = clips::pairs(&model, &beats, &styles, options.pairs, SEED)?;
    let text = page::page(&pairs, &model.metadata().name);
    files::write_atomic(&options.out, text.as_bytes())?;
    println!("{}: {} pairs, {} kB", options.out.display(), pairs.len(), text.len() / 1000);
    Ok(())
}
