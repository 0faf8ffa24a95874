//! `play`: the drummer plays with a MIDI file, as the plugin does in a host.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use groove::generate::Drummer;
use groove::generate::humanise::{DEFAULT_AMOUNT, humanise_sections};
use groove::learn::data::known_style;
use groove::model::Model;
use groove::model::encode::Kind;
use groove::pattern::midi::{Clip, Import, MeterSection, PitchMap, Song, TimeSignature};
use groove::take::chart::{SongFile, USUAL_FOLLOW};
use groove::take::{MAX_PRIMER_STEPS, Played, Primer, Rhythm, Take, TakeControls};
use groove::{Meter, Step};

use crate::drum_map::MapOption;
use crate::files;
use crate::playback::{play_bars, play_steps};

/// Ways to play with a file.
#[derive(Subcommand, Debug)]
pub enum PlayTask {
    /// With a clip.
    #[command(flatten)]
    Clip(ClipTask),
    /// Play to an arrangement: sections from its markers, the kick with its bass, stops where it
    /// rests
    Song {
        /// Common options.
        #[command(flatten)]
        common: ClipOptions,
        /// From the drummer's own kick (0) over following the bass as drummers do (0.5) to meeting
        /// nearly every note (1)
        #[arg(long, default_value_t = USUAL_FOLLOW, value_parser = amount)]
        follow: f32,
        /// Repeat the theme of each kind of section instead of varying it
        #[arg(long)]
        repeat: bool,
    },
}

/// Ways to play with a clip.
#[derive(Subcommand, Debug)]
pub enum ClipTask {
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
    let (PlayTask::Clip(
        ClipTask::Continue { common, .. }
        | ClipTask::Humanise { common, .. }
        | ClipTask::Tap { common, .. },
    )
    | PlayTask::Song { common, .. }) = task;
    let model = Arc::new(files::read_model(&common.model)?);
    let style = known_style(model.metadata(), &common.style)?;
    let song = match task {
        PlayTask::Song { follow, repeat, .. } => {
            drums_of_song(&model, common, style, *follow, *repeat)?
        }
        PlayTask::Clip(task) => clip_song(&model, task, common, style)?,
    };
    let kit = &model.metadata().classes;
    let name = common.out.file_stem().map_or("drums".into(), |name| name.to_string_lossy());
    if let Some(folder) = common.out.parent() {
        files::create_folder(folder)?;
    }
    files::write(&common.out, song.write(&common.map.layout(&name, kit)))?;
    println!("{}", common.out.display());
    Ok(())
}

/// Plays a task with a clip.
fn clip_song(model: &Arc<Model>, task: &ClipTask, common: &ClipOptions, style: u8) -> Result<Song> {
    let map = match task {
        ClipTask::Tap { .. } => PitchMap::Rhythm,
        ClipTask::Continue { .. } | ClipTask::Humanise { .. } => PitchMap::Detect,
    };
    let (song, told) = Import::read(&files::read(&common.clip)?, map)
        .and_then(|import| import.song(Meter::FOUR_FOUR))
        .with_context(|| format!("{}", common.clip.display()))?;
    told.iter().for_each(|sentence| eprintln!("{}: {sentence}", common.clip.display()));
    ensure!(!song.onsets().is_empty(), "{} contains no hits", common.clip.display());
    match task {
        ClipTask::Humanise { amount, .. } => humanised(model, style, song, common.seed, *amount),
        ClipTask::Continue { length, .. } => {
            let (clip, take) = last_clip(&song, common.seed, style)?;
            let primer = Primer::Play(Played::new(&clip.last_bars(MAX_PRIMER_STEPS)));
            played(model, &song, &clip, Take { primer, ..take }, length)
        }
        ClipTask::Tap { length, .. } => {
            let (clip, take) = last_clip(&song, common.seed, style)?;
            let bar = clip.meter.steps();
            let whole = clip.steps.len().next_multiple_of(bar);
            let mut steps = clip.steps.clone();
            steps.resize(whole.min((MAX_PRIMER_STEPS / bar).max(1) * bar), Step::SILENT);
            let primer = Primer::Tap(Rhythm::of(&steps));
            played(model, &song, &clip, Take { primer, ..take }, length)
        }
    }
}

/// Plays the drums of an arrangement file, with its tempos, time signatures and markers.
fn drums_of_song(
    model: &Arc<Model>,
    common: &ClipOptions,
    style: u8,
    follow: f32,
    repeat: bool,
) -> Result<Song> {
    let path = common.clip.display();
    let SongFile { mut chart, mut song, told } =
        SongFile::read(&files::read(&common.clip)?).with_context(|| format!("{path}"))?;
    eprintln!("{path}: {told}");
    chart.follow = follow;
    #[expect(clippy::cast_possible_truncation, reason = "a tempo is a small number")]
    let tempo = song.tempos.first().map_or(120.0, |&(_, tempo)| tempo as f32);
    let controls = TakeControls { seed: common.seed, style, tempo, ..TakeControls::default() };
    let take = Take { chart, evolve: !repeat, ..controls.into() };
    let mut drummer = Drummer::new(Arc::clone(model));
    let mut next = 0;
    for MeterSection { clip, .. } in &mut song.sections {
        let bars = i64::try_from(clip.steps.len() / clip.meter.steps())?;
        let steps = play_bars(&mut drummer, &take, clip.meter, next..next + bars)?;
        clip.steps = steps.iter().flat_map(|bar| bar.steps()).copied().collect();
        next += bars;
    }
    Ok(song)
}

/// Parses an amount from 0 to 1.
fn amount(text: &str) -> Result<f32, String> {
    let amount = text.parse().ok().filter(|amount| (0.0..=1.0).contains(amount));
    amount.ok_or_else(|| "the amount is a number from 0 to 1".to_owned())
}

/// Humanises all bars of a song, each in its meter and tempo.
pub(crate) fn humanised(
    model: &Model,
    style: u8,
    mut song: Song,
    seed: u32,
    amount: f32,
) -> Result<Song> {
    let kit = &model.metadata().classes;
    let section = |MeterSection { clip, .. }: &MeterSection| {
        #[expect(clippy::cast_possible_truncation, reason = "a tempo is a small number")]
        let (tempo, meter) = (clip.tempo as f32, clip.meter);
        let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: false };
        (kind, clip.steps.iter().map(|step| kit.step(step)).collect())
    };
    let sections: Vec<(Kind, Vec<Step>)> = song.sections.iter().map(section).collect();
    let all = humanise_sections(model, &sections, Some(seed), amount)?;
    for (section, steps) in song.sections.iter_mut().zip(all) {
        section.clip.steps = steps;
    }
    Ok(song)
}

/// Returns the bars of a song that have its last meter, at its last tempo, and a take at that tempo.
fn last_clip(song: &Song, seed: u32, style: u8) -> Result<(Clip, Take)> {
    let last = song.sections.last().context("the clip has no bars")?;
    let (clip, _) = song.in_meter(last.clip.meter).context("the clip has no bars")?;
    let clip = Clip { tempo: song.tempos.last().map_or(clip.tempo, |&(_, it)| it), ..clip };
    #[expect(clippy::cast_possible_truncation, reason = "a tempo is a small number")]
    let tempo = clip.tempo as f32;
    Ok((clip, Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() })))
}

/// Plays a take in the meter and tempo of a clip, with the last time signature of a song.
fn played(
    model: &Arc<Model>,
    song: &Song,
    clip: &Clip,
    take: Take,
    length: &BarOptions,
) -> Result<Song> {
    let take = take.with(|take| take.stick = length.stick);
    let parts = song.parts_per_bar();
    let mut drummer = Drummer::new(Arc::clone(model));
    let bars = i64::from(length.bars) * i64::from(parts);
    let steps = play_steps(&mut drummer, &take, clip.meter, bars)?;
    let last = song.time_signatures.last().map(|last| TimeSignature { tick: 0, ..*last });
    let time_signatures = last.into_iter().collect();
    Ok(Song { time_signatures, ..Song::of(Clip { steps, ..*clip }) })
}
