//! `presets`: audits the factory presets, or searches their seeds.
//!
//! A preset's name promises a groove. [`idioms`] defines each promise as limits on its bars; the
//! audit plays two stretches of its take and counts the bars within the limits.

mod audit;
mod file;
mod idioms;
mod search;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use groove::Bar;
use groove::pattern::style::style_name;
use rayon::prelude::*;

use super::sheet::grid;
use crate::files;
use crate::metrics::idiom::Idiom;
use audit::Audit;
use file::FactoryPreset;
use idioms::IDIOMS;

/// Minimum share of the bars of a stretch within the idiom.
const LEAST_SHARE: f32 = 0.9;

/// Options of `presets`.
#[derive(Args, Debug)]
pub struct PresetsOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Folder of the preset files
    #[arg(long, default_value = "assets/presets")]
    folder: PathBuf,
    /// Search the seeds from 1 to this number for each preset, and write the best into its file.
    /// Presets are curated, so their seeds may be selected; the takes of `sheet` are not
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    search: Option<u32>,
    /// Presets to search or audit, by file name without extension, separated by commas; all by
    /// default
    #[arg(long, value_delimiter = ',', hide_possible_values = true, value_parser = preset_names())]
    only: Vec<String>,
    /// Page to write: idioms, shares and the first bars of each stretch
    #[arg(long)]
    out: Option<PathBuf>,
}

fn preset_names() -> PossibleValuesParser {
    IDIOMS.iter().map(|idiom| idiom.file.as_str()).into()
}

/// Audits the presets, after an optional search.
///
/// # Errors
/// If a file cannot be read or written, the model cannot be played, a preset misses its idiom in
/// more than a tenth of the bars of a stretch, or two themes are too similar.
pub fn run(options: &PresetsOptions) -> Result<()> {
    let model = Arc::new(files::read_model(&options.model)?);
    let is_chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|o| o == name);
    let audit = |idiom: &'static Idiom| {
        Audit::new(&model, idiom, FactoryPreset::read(&options.folder, &idiom.file)?)
    };
    let mut audits: Vec<Audit> = IDIOMS.par_iter().map(audit).collect::<Result<_>>()?;
    if let Some(seeds) = options.search {
        println!("Before the search:\n\n{}", table(&audits));
        for place in 0..audits.len() {
            if is_chosen(&audits[place].idiom.file) {
                audits[place] = search::best(&model, &audits, place, seeds, &options.only)?;
                let Audit { preset, idiom, .. } = &audits[place];
                preset.write(&options.folder, &idiom.file)?;
                println!("{}", row(&audits[place]));
            }
        }
        println!();
    }
    println!("{}", table(&audits));
    if let Some(out) = &options.out {
        files::write(out, page(&audits))?;
    }
    let low = |audit: &&Audit| is_chosen(&audit.idiom.file) && audit.share() < LEAST_SHARE;
    let low: Vec<&str> = audits.iter().filter(low).map(|a| a.preset.name.as_str()).collect();
    if !low.is_empty() {
        bail!("fewer than {LEAST_SHARE} of the bars are within the limits: {}", low.join(", "));
    }
    let alike = search::alike(&audits);
    if options.only.is_empty() && !alike.is_empty() {
        bail!("themes are too similar: {}", alike.join(", "));
    }
    Ok(())
}

/// Returns the table of all presets.
fn table(audits: &[Audit]) -> String {
    let rows: String = audits.iter().map(|audit| row(audit) + "\n").collect();
    format!(
        "| preset | seed | bars 1 to 16 | bars 65 to 80 | hits per bar | limits missed (bars) |\n\
         |---|---|---|---|---|---|\n{rows}"
    )
}

fn row(audit: &Audit) -> String {
    let [first, second] = audit
        .verdicts
        .each_ref()
        .map(|verdict| format!("{:.2} ({} of {})", verdict.share(), verdict.met, verdict.bars));
    let FactoryPreset { name, .. } = &audit.preset;
    let (seed, hits, missed) = (audit.preset.take().controls.seed, audit.hits(), audit.missed());
    format!("| {name} | {seed} | {first} | {second} | {hits:.1} | {missed} |")
}

/// Returns the page of all presets.
fn page(audits: &[Audit]) -> String {
    let mut text = format!(
        "# Factory presets\n\n\
         Written by `cargo trainer presets --out`. A preset is a curated beat: its seed is the best \
         of many for the limits below its name (`cargo trainer presets --search`), so these bars \
         are not a random sample of the model. The audit plays bars 1 to 16 and 65 to 80 of each \
         take in 4/4 at the preset's tempo, skips bars with a requested fill, and fails if fewer \
         than {LEAST_SHARE} of the bars of either stretch are within all limits. The limits guide \
         the search; they do not rate the music.\n\n\
         A letter is a sixteenth: soft `o` (velocity below 48), medium `x`, loud `X` (96 and \
         above), silent `.`. Lanes without hits are left out.\n\n{}",
        table(audits)
    );
    for audit in audits {
        let Audit { preset, idiom, played, .. } = audit;
        let take = preset.take();
        let _ = write!(
            text,
            "\n## {}\n\n{}, {:.0} bpm; {}.\n\n*Limits:* {}.\n",
            preset.name,
            style_name(take.controls.style),
            take.controls.tempo,
            preset.feel,
            idiom.words()
        );
        for bars in played {
            let first = bars.first().map_or(0, |played| played.number + 1);
            let shown: Vec<Bar> = bars.iter().take(2).map(|played| played.bar).collect();
            let _ = write!(text, "\nBars {first} and {}:\n\n```\n{}```\n", first + 1, grid(&shown));
        }
    }
    text
}
