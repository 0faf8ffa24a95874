//! `sheet`: writes takes as text grids for a person to read.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use groove::generate::Drummer;
use groove::learn::data::known_style;
use groove::model::Model;
use groove::pattern::style::style_number;
use groove::take::{Take, TakeControls};
use groove::{Bar, Drum, DrumSet, Meter};
use rayon::prelude::*;

use crate::files;
use crate::metrics::bar_faults::{BAR_FAULTS, BarFault, faults_of};
use crate::metrics::comparison::FIXED_TEMPO;
use crate::metrics::idiom::styles::{StyleIdiom, style_idiom};
use crate::playback::play_bars;

/// Options of `sheet`.
#[derive(Args, Debug)]
pub struct SheetOptions {
    /// Model file
    #[arg(long, default_value = "assets/deep-pocket.safetensors")]
    model: PathBuf,
    /// Styles, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "rock,funk,jazz,hiphop,latin,reggae,country,afrobeat"
    )]
    styles: Vec<String>,
    /// Takes of each style: seeds from 1 to this number
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    takes: u32,
    /// Bars of each take
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    bars: u8,
    /// Tempo, in bpm [default: the middle of the style's usual tempi if it has an idiom, else 120]
    #[arg(long)]
    tempo: Option<f32>,
    /// File to write
    #[arg(long, default_value = "docs/sixteen-takes.md")]
    out: PathBuf,
}

/// Writes the sheet.
///
/// # Errors
/// If the model cannot be read, a style is unknown, or the file cannot be written.
pub fn run(options: &SheetOptions) -> Result<()> {
    let model = Arc::new(files::read_model(&options.model)?);
    let mut text = head(options);
    let mut sheets = String::new();
    for name in &options.styles {
        let style = known_style(model.metadata(), name)?;
        let played = |seed: u32| play(&model, seed, style, options);
        let takes: Vec<Vec<Bar>> =
            (1..=options.takes).into_par_iter().map(played).collect::<Result<_>>()?;
        let _ = writeln!(text, "{}", row(name, &takes));
        let _ = writeln!(sheets, "\n## {name}");
        for (seed, bars) in (1..).zip(&takes) {
            let _ = write!(
                sheets,
                "\nSeed {seed}{}\n\n```\n{}```\n",
                fault_list(bars, name),
                grid(bars)
            );
        }
    }
    let out = &options.out;
    files::write(out, text + &sheets)?;
    println!("{}", out.display());
    Ok(())
}

fn idiom(style: &str) -> Option<&'static StyleIdiom> {
    style_number(style).and_then(style_idiom)
}

/// Returns the tempo of a style without a requested one.
fn usual_tempo(style: u8) -> f32 {
    let tempo = style_idiom(style).map(|idiom| (idiom.tempo.start() + idiom.tempo.end()) / 2.0);
    tempo.unwrap_or(FIXED_TEMPO)
}

fn play(model: &Arc<Model>, seed: u32, style: u8, options: &SheetOptions) -> Result<Vec<Bar>> {
    let tempo = options.tempo.unwrap_or_else(|| usual_tempo(style));
    let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
    let mut drummer = Drummer::new(Arc::clone(model));
    play_bars(&mut drummer, &take, Meter::FOUR_FOUR, 0..options.bars.into())
}

/// Returns the introduction and the head of the table.
fn head(options: &SheetOptions) -> String {
    let SheetOptions { takes, bars, .. } = options;
    let tempo = match options.tempo {
        Some(tempo) => format!("{tempo} bpm"),
        None if options.styles.iter().any(|name| idiom(name).is_some()) => {
            "the style's usual tempo".into()
        }
        None => format!("{FIXED_TEMPO} bpm"),
    };
    let names = BAR_FAULTS.map(BarFault::name).join(" | ");
    format!(
        "# Unselected takes\n\n\
         Written by `cargo trainer sheet`: the first {bars} bars of seeds 1 to {takes} of each \
         style, none selected, in 4/4 at {tempo} with all controls at their defaults. A letter \
         is a sixteenth: soft `o` (velocity below 48), medium `x`, loud `X` (96 and above), silent \
         `.`. Lanes without hits are left out.\n\n\
         *Faults* lists obvious faults of single bars, found by a few rules. They help the reader \
         and do not rate the music: a bar without a fault can be bad, and a good bar can have one. \
         A backbeat is not expected in jazz, latin and afrobeat, nor a kick on 1 in jazz and \
         reggae; reggae needs a kick or snare on 3, or both together on 2 and 4; half \
         time, with the snare on 3, is a backbeat.\n\n\
         Bars with each fault, of {} per style (-: not expected):\n\n\
         | style | {names} | none |\n|---|---|---|---|---|---|---|\n",
        takes * u32::from(*bars)
    )
}

/// Returns the drums of a bar, step by step.
fn drums(bar: &Bar) -> Vec<DrumSet> {
    bar.steps().iter().map(groove::Step::drums).collect()
}

fn faults(bar: &Bar, style: &str) -> Vec<BarFault> {
    match idiom(style) {
        Some(idiom) if idiom.is_met(bar) => Vec::new(),
        Some(_) => vec![BarFault::Idiom],
        None => faults_of(&drums(bar), style),
    }
}

/// Returns the table row of a style.
fn row(style: &str, takes: &[Vec<Bar>]) -> String {
    let all: Vec<Vec<BarFault>> = takes.iter().flatten().map(|bar| faults(bar, style)).collect();
    let cells = BAR_FAULTS.map(|fault| match fault.counts_in(style) {
        true => all.iter().filter(|found| found.contains(&fault)).count().to_string(),
        false => "-".into(),
    });
    let none = all.iter().filter(|found| found.is_empty()).count();
    format!("| {style} | {} | {none} |", cells.join(" | "))
}

/// Lists the faults of a take, bar by bar.
fn fault_list(bars: &[Bar], style: &str) -> String {
    let of = |(number, bar): (usize, &Bar)| {
        let names: Vec<&str> = faults(bar, style).into_iter().map(BarFault::name).collect();
        (!names.is_empty()).then(|| format!("bar {number}: {}", names.join(", ")))
    };
    let found: Vec<String> = (1..).zip(bars).filter_map(of).collect();
    match found.is_empty() {
        true => String::new(),
        false => format!(". *Faults:* {}", found.join("; ")),
    }
}

/// Formats each lane that is struck as a line, from the cymbals down. Shared with `presets`.
pub(crate) fn grid(bars: &[Bar]) -> String {
    let mut text = String::new();
    for drum in Drum::ALL.into_iter().rev() {
        let letter = |step: &groove::Step| match step.hit(drum).map(|hit| hit.velocity) {
            None => '.',
            Some(..48) => 'o',
            Some(..96) => 'x',
            Some(_) => 'X',
        };
        let of = |bar: &Bar| bar.steps().iter().map(letter).collect::<String>();
        let lane = bars.iter().map(of).collect::<Vec<_>>().join("|");
        if lane.chars().any(|letter| letter.is_alphabetic()) {
            let _ = writeln!(text, "{:<10} {lane}|", drum.name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Hit;

    fn bar(hits: &[(usize, Drum, u8)]) -> Bar {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for &(step, drum, velocity) in hits {
            bar.steps_mut()[step].set(drum, Some(Hit::plain(velocity, 0)));
        }
        bar
    }

    #[test]
    fn a_grid_shows_struck_lanes_and_bar_lines() {
        let bars = [
            bar(&[(0, Drum::Kick, 95), (4, Drum::Snare, 96), (5, Drum::Snare, 47)]),
            bar(&[(8, Drum::Kick, 48)]),
        ];
        let wanted = "Snare      ....Xo..........|................|\n\
                      Kick       x...............|........x.......|\n";
        assert_eq!(grid(&bars), wanted);
    }

    #[test]
    fn faults_depend_on_the_style() {
        let beat = |step: usize| {
            let drum = if step.is_multiple_of(8) { Drum::Kick } else { Drum::Snare };
            [(step, drum, 90), (step, Drum::ClosedHat, 90)]
        };
        let good = bar(&[0, 4, 8, 12].map(beat).concat());
        assert!(faults(&good, "rock").is_empty() && fault_list(&[good], "rock").is_empty());
        let silent = bar(&[]);
        assert_eq!(faults(&silent, "rock"), [BarFault::One, BarFault::Backbeat, BarFault::Time]);
        assert_eq!(faults(&silent, "jazz"), [BarFault::Time]);
        let drop = bar(&[(8, Drum::Kick, 90)]);
        assert_eq!(faults(&drop, "reggae"), [BarFault::Time, BarFault::Alone]);
        let toms: Vec<_> = (0..5).map(|step| (step, Drum::LowTom, 90)).collect();
        assert!(faults(&bar(&toms), "latin").contains(&BarFault::Toms));
        assert_eq!(faults(&good, "house"), [BarFault::Idiom], "no kick on 2 and 4");
        assert!(fault_list(&[good, drop], "rock").contains("bar 2: no kick on 1, no backbeat"));
        assert_eq!(row("jazz", &[vec![good, silent]]), "| jazz | - | - | 1 | 0 | 0 | - | 1 |");
    }
}
