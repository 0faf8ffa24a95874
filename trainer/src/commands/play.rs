//! `play`: the drummer and a MIDI file. What it makes of a clip in a host, without one.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use groove::Step;
use groove::encode::Kind;
use groove::generate::Drummer;
use groove::humanise::humanise;
use groove::midi::{Clip, DrumMap, Sheet};
use groove::take::{MOST_PRIMED, Played, Primer, Rhythm, Take};

use crate::data::known_style;
use crate::files;
use crate::playback::play_steps;

/// What is made of the clip.
#[derive(Subcommand, Debug)]
pub enum Task {
    /// Carry on from a clip: its last bars, four at most, are the primer
    Continue {
        /// Files, model, style, seed.
        #[command(flatten)]
        common: Common,
        /// Bars and stick.
        #[command(flatten)]
        length: Length,
    },
    /// Play a clip's hits by hand: the model's velocities and timing; those of the clip are taken
    /// as meant where they vary
    Humanise {
        /// Files, model, style, seed.
        #[command(flatten)]
        common: Common,
    },
    /// Play to a rhythm, whatever it was played on: its first bars, up to 64 sixteenths, go round
    Tap {
        /// Files, model, style, seed.
        #[command(flatten)]
        common: Common,
        /// Bars and stick.
        #[command(flatten)]
        length: Length,
    },
}

/// Options of all.
#[derive(Args, Debug)]
pub struct Common {
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
    /// Seed of what is drawn
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// How much is played, and how.
#[derive(Args, Debug)]
pub struct Length {
    /// Bars to play
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    bars: u16,
    /// How closely bars stick to the ones before: 0.5 is as the drummers of the style, 1 repeats
    #[arg(long, default_value_t = 0.5)]
    stick: f32,
}

/// Reads the clip, plays, writes.
///
/// # Errors
/// When a file cannot be read or written, or the style is unknown.
pub fn run(task: &Task) -> Result<()> {
    let (Task::Continue { common, .. } | Task::Humanise { common } | Task::Tap { common, .. }) =
        task;
    let model = Arc::new(files::read_model(&common.model)?);
    let style = known_style(model.metadata(), &common.style)?;
    let map = match task {
        Task::Tap { .. } => DrumMap::Rhythm,
        Task::Continue { .. } | Task::Humanise { .. } => DrumMap::GeneralMidi,
    };
    let clip = Clip::read(&files::read(&common.clip)?, map)
        .with_context(|| format!("{}", common.clip.display()))?;
    ensure!(
        clip.steps.iter().any(|step| !step.drums().is_empty()),
        "{}: there is nothing in it to play to",
        common.clip.display()
    );
    #[expect(clippy::cast_possible_truncation, reason = "a tempo is a small number")]
    let tempo = clip.tempo as f32;
    let (meter, seed) = (clip.meter, common.seed);
    let take = Take { seed, style, tempo, ..Take::default() };
    let kit = &model.metadata().classes;
    let pitches = kit.pitches();
    let bars = |take: &Take, bars: u16| {
        play_steps(&mut Drummer::new(Arc::clone(&model)), take, meter, bars.into())
    };
    let steps = match task {
        Task::Humanise { .. } => {
            let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: false };
            let hits: Vec<Step> = clip.steps.iter().map(|step| kit.step(step)).collect();
            humanise(&model, &kind, &hits, Some(seed))?
        }
        Task::Continue { length, .. } => {
            let primer = Primer::Play(Played::new(&last_bars(&clip)));
            bars(&Take { primer, stick: length.stick, ..take }, length.bars)?
        }
        Task::Tap { length, .. } => {
            let whole = clip.steps.len().next_multiple_of(meter.steps());
            let most = (64 / meter.steps()).max(1) * meter.steps();
            let mut steps = clip.steps.clone();
            steps.resize(whole.min(most), Step::SILENT);
            let primer = Primer::Tap(Rhythm::of(&steps));
            bars(&Take { primer, stick: length.stick, ..take }, length.bars)?
        }
    };
    let name = common.out.file_stem().map_or("drums".into(), |name| name.to_string_lossy());
    if let Some(folder) = common.out.parent() {
        files::create_folder(folder)?;
    }
    files::write(&common.out, Clip { steps, ..clip }.write(&Sheet::new(&name, pitches)))?;
    println!("{}", common.out.display());
    Ok(())
}

/// The last whole bars that a primer can hold; the clip's last bar is filled up.
fn last_bars(clip: &Clip) -> Vec<Step> {
    let bar = clip.meter.steps();
    let mut steps = clip.steps.clone();
    steps.resize(steps.len().next_multiple_of(bar), Step::SILENT);
    let kept = (MOST_PRIMED / bar).max(1) * bar;
    steps.split_off(steps.len().saturating_sub(kept))
}
