//! `generate`: writes takes of a model as MIDI files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use groove::Meter;
use groove::generate::Drummer;
use groove::generate::likelihood::free_run_steps;
use groove::learn::data::known_style;
use groove::model::Model;
use groove::model::encode::Kind;
use groove::pattern::clip;
use groove::pattern::midi::Clip;
use groove::take::{Fills, Take, TakeControls};

use crate::data;
use crate::drum_map::MapOption;
use crate::files;
use crate::metrics::comparison::{self, spread};
use crate::playback::play_steps;

/// Options of `generate`.
#[derive(Args, Debug)]
pub struct GenerateOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Style, or any
    #[arg(long, default_value = "any")]
    style: String,
    /// Bars in each file
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    bars: u16,
    /// Files to write
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Seed of the first file; each further file has the next
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Temperature: 1 is like the drummers of the data, higher is more daring
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Quarter notes a minute
    #[arg(long, default_value_t = 120.0)]
    tempo: f32,
    /// Data set whose train beats of the style give the tempi, in place of --tempo
    #[arg(long, value_name = "FOLDER", conflicts_with = "tempo")]
    tempi_of: Option<PathBuf>,
    /// Sample the network alone, without lead-ins, calibration, phrases and candidates
    #[arg(long, conflicts_with_all = ["stick", "temperature", "fill_every", "phrase_bars", "repeat"])]
    plain: bool,
    /// Time signature, such as 4/4
    #[arg(long, default_value = "4/4", value_parser = parse_meter)]
    meter: Meter,
    /// End every this many bars with a fill; 0 is never
    #[arg(long, default_value_t = 0)]
    fill_every: u8,
    /// Quarter notes of a fill, at most two bars
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    fill_beats: u8,
    /// Similarity of bars to earlier ones: 0.5 is like drummers of the style, 1 repeats
    #[arg(long, default_value_t = 0.5)]
    stick: f32,
    /// Bars in a phrase
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=8))]
    phrase_bars: u8,
    /// Repeat the first phrase instead of varying it
    #[arg(long)]
    repeat: bool,
    #[command(flatten)]
    map: MapOption,
    /// Folder for the files
    #[arg(long)]
    out: PathBuf,
}

/// Parses `n/d`.
fn parse_meter(text: &str) -> Result<Meter, String> {
    let numbers = text.split_once('/').and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?)));
    let (n, d) = numbers.ok_or("a meter is written as 4/4")?;
    let meter = Meter::new(n, d);
    match (i32::from(meter.numerator), i32::from(meter.denominator)) == (n, d) {
        true => Ok(meter),
        false => Err("a meter has 1 to 255 beats of 1, 2, 4, 8, 16 or 32".into()),
    }
}

/// Writes the files.
///
/// # Errors
/// If the model cannot be read, the style is unknown, or a file cannot be written.
pub fn run(options: &GenerateOptions) -> Result<()> {
    let model = files::read_model(&options.model)?;
    let style = known_style(model.metadata(), &options.style)?;
    let model = Arc::new(model);
    let mut drummer = Drummer::new(Arc::clone(&model));
    let tempi = match &options.tempi_of {
        Some(folder) => tempi(folder, &model, style)?,
        None => vec![options.tempo],
    };
    files::create_folder(&options.out)?;
    for number in 0..options.count {
        let seed = options.seed.wrapping_add(number);
        let tempo = spread(&tempi, number, options.count);
        let steps = match options.plain {
            true => {
                let meter = options.meter;
                let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: false };
                free_run_steps(&model, &kind, usize::from(options.bars) * meter.steps(), seed)?
            }
            false => {
                let take = options.take(style, tempo, seed);
                play_steps(&mut drummer, &take, options.meter, options.bars.into())?
            }
        };
        let clip = Clip { steps, tempo: f64::from(tempo), meter: options.meter };
        let name = clip::name(&options.style, clip.tempo, seed);
        let path = options.out.join(format!("{name}.mid"));
        let layout = options.map.layout(&name, &model.metadata().classes);
        files::write(&path, clip.write(&layout))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Returns the tempi of the bars of a style's train beats in a data set.
fn tempi(folder: &Path, model: &Model, style: u8) -> Result<Vec<f32>> {
    let data = data::read(&[folder.to_path_buf()], None, 1, model.metadata())?;
    let found = comparison::tempi(&data.pieces, style);
    ensure!(!found.is_empty(), "{} has no train beats of the style", folder.display());
    Ok(found)
}

impl GenerateOptions {
    /// The take of a file.
    fn take(&self, style: u8, tempo: f32, seed: u32) -> Take {
        let controls = TakeControls {
            seed,
            style,
            temperature: self.temperature,
            tempo,
            stick: self.stick,
            ..TakeControls::default()
        };
        Take {
            controls,
            phrase_bars: self.phrase_bars,
            evolve: !self.repeat,
            fills: Fills { every: self.fill_every, steps: 4 * self.fill_beats, ..Fills::default() },
            ..Take::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_are_parsed_from_two_numbers() {
        assert_eq!(parse_meter("7/8"), Ok(Meter::new(7, 8)));
        for wrong in ["", "4", "4/3", "0/4", "300/4", "four/4"] {
            assert!(parse_meter(wrong).is_err(), "{wrong}");
        }
    }
}
