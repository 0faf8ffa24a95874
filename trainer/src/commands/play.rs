//! `play`: the drummer plays with a MIDI file, as the plugin does in a host.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use groove::generate::Drummer;
use groove::generate::humanise::{DEFAULT_AMOUNT, humanise};
use groove::model::encode::Kind;
use groove::pattern::midi::{Clip, Import, MidiLayout, PitchMap};
use groove::take::{MAX_PRIMER_STEPS, Played, Primer, Rhythm, Take, TakeControls};
use groove::{Meter, Step};

use crate::commands::drum_map::MapOption;
use crate::data::known_style;
use crate::files;
use crate::playback::play_steps;

/// Ways to play with a clip.
#[derive(Subcommand, Debug)]
pub enum PlayTask {
    /// Continue a clip: its last bars, at most four, are the primer
    Continue {
        /// Common options.
        #[command(flatten)]
        common: ClipOptions,
        /// Length and stick.
        #[command(flatten)]
        length: BarOptions,
    },
    /// Humanise a clip: the model's velocities and timing; velocities that vary are kept as meant
    Humanise {
        /// Common options.
        #[command(flatten)]
        common: ClipOptions,
        /// From the clip as it is (0) to the drummer's own velocities and timing (1)
        #[arg(long, default_value_t = DEFAULT_AMOUNT, value_parser = amount)]
        amount: f32,
    },
    /// Play to a rhythm on any instrument: its first bars, up to 64 sixteenths, repeat
    Tap {
        /// Common options.
        #[command(flatten)]
        common: ClipOptions,
        /// Length and stick.
        #[command(flatten)]
        length: BarOptions,
    },
}

/// Options of all subcommands.
#[derive(Args, Debug)]
pub struct ClipOptions {
    /// MIDI file; its tempo and time signature are kept
    clip: PathBuf,
    /// MIDI file to write
    #[arg(long)]
    out: PathBuf,
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Style, or any
    #[arg(long, default_value = "any")]
    style: String,
    #[command(flatten)]
    map: MapOption,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Options of subcommands that generate bars.
#[derive(Args, Debug)]
pub struct BarOptions {
    /// Bars to play
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    bars: u16,
    /// Similarity of bars to earlier ones: 0.5 is like drummers of the style, 1 repeats
    #[arg(long, default_value_t = 0.5)]
    stick: f32,
}

/// Reads the clip, plays, and writes the result.
///
/// # Errors
/// If a file cannot be read or written, or the style is unknown.
pub fn run(task: &PlayTask) -> Result<()> {
    let (PlayTask::Continue { common, .. }
    | PlayTask::Humanise { common, .. }
    | PlayTask::Tap { common, .. }) = task;
    let model = Arc::new(files::read_model(&common.model)?);
    let style = known_style(model.metadata(), &common.style)?;
    let map = match task {
        PlayTask::Tap { .. } => PitchMap::Rhythm,
        PlayTask::Continue { .. } | PlayTask::Humanise { .. } => PitchMap::Detect,
    };
    let (clip, told) = Import::read(&files::read(&common.clip)?, map)
        .and_then(|import| import.clip(Meter::FOUR_FOUR))
        .with_context(|| format!("{}", common.clip.display()))?;
    told.iter().for_each(|sentence| eprintln!("{}: {sentence}", common.clip.display()));
    ensure!(
        clip.steps.iter().any(|step| !step.drums().is_empty()),
        "{} contains no hits",
        common.clip.display()
    );
    #[expect(clippy::cast_possible_truncation, reason = "a tempo is a small number")]
    let tempo = clip.tempo as f32;
    let (meter, seed) = (clip.meter, common.seed);
    let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
    let kit = &model.metadata().classes;
    let pitches = common.map.pitches(kit);
    let bars = |take: &Take, bars: u16| {
        play_steps(&mut Drummer::new(Arc::clone(&model)), take, meter, bars.into())
    };
    let steps = match task {
        PlayTask::Humanise { amount, .. } => {
            let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: false };
            let hits: Vec<Step> = clip.steps.iter().map(|step| kit.step(step)).collect();
            humanise(&model, &kind, &hits, Some(seed), *amount)?
        }
        PlayTask::Continue { length, .. } => {
            let primer = Primer::Play(Played::new(&last_bars(&clip)));
            bars(&Take { primer, ..take.with(|take| take.stick = length.stick) }, length.bars)?
        }
        PlayTask::Tap { length, .. } => {
            let whole = clip.steps.len().next_multiple_of(meter.steps());
            let most = (64 / meter.steps()).max(1) * meter.steps();
            let mut steps = clip.steps.clone();
            steps.resize(whole.min(most), Step::SILENT);
            let primer = Primer::Tap(Rhythm::of(&steps));
            bars(&Take { primer, ..take.with(|take| take.stick = length.stick) }, length.bars)?
        }
    };
    let name = common.out.file_stem().map_or("drums".into(), |name| name.to_string_lossy());
    if let Some(folder) = common.out.parent() {
        files::create_folder(folder)?;
    }
    files::write(&common.out, Clip { steps, ..clip }.write(&MidiLayout::new(&name, pitches)))?;
    println!("{}", common.out.display());
    Ok(())
}

/// Parses an amount from 0 to 1.
fn amount(text: &str) -> Result<f32, String> {
    let amount = text.parse().ok().filter(|amount| (0.0..=1.0).contains(amount));
    amount.ok_or_else(|| "the amount is a number from 0 to 1".to_owned())
}

/// Returns the last bars that fit a primer; the clip's last bar is padded. A single last hit on the
/// first step of a bar ends the clip and is not part of them.
fn last_bars(clip: &Clip) -> Vec<Step> {
    let bar = clip.meter.steps();
    let mut steps = clip.steps.clone();
    if steps.len() > bar && steps.len() % bar == 1 {
        steps.pop();
    }
    steps.resize(steps.len().next_multiple_of(bar), Step::SILENT);
    let kept = (MAX_PRIMER_STEPS / bar).max(1) * bar;
    steps.split_off(steps.len().saturating_sub(kept))
}
