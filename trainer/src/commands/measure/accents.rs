//! Checks of accents: the kick meets a bass line, and the beat stays a drummer's.

use anyhow::{Context, Result};
use groove::Drum;
use groove::learn::data::Split;
use groove::pattern::style::style_number;
use groove::take::chart::{Accent, Chart, USUAL_FOLLOW};
use groove::take::{Take, TakeControls};
use rayon::prelude::*;

use super::bass_lines::{BASS_LINES, BassLine};
use super::check::{Check, CheckContext};
use crate::metrics::backbone::BackboneShares;
use crate::metrics::comparison::{self, Comparison, Groove, tempi};
use crate::metrics::judge::JudgeAreas;

/// Takes for each line, and bars of each.
const TAKES: u32 = 12;
const BARS: usize = 8;
/// Takes whose backbone and judge's area are compared with those of takes without a chart, and bars
/// of each.
const JUDGED: u32 = 240;
const JUDGED_BARS: i64 = 16;
/// Number of beats, those nearest in tempo, whose kicks may be the line of a take.
const NEAR_BEATS: usize = 5;
/// Style of these takes.
const STYLE: &str = "rock";

/// Share of a line's onsets with a kick, share of the kicks that are on an onset, and kicks a bar.
fn meeting(context: &CheckContext, line: &BassLine, follow: f32) -> Result<[f64; 3]> {
    let style = style_number(line.style).context("the style is missing")?;
    let (chart, tempo) = (line.chart(BARS, follow), line.tempo);
    let (mut onsets, mut met, mut kicks) = (0.0, 0.0, 0.0);
    for seed in 0..TAKES {
        let controls = TakeControls { seed, style, tempo, ..TakeControls::default() };
        let steps = context.play(&Take { chart, ..controls.into() }, i64::try_from(BARS)?)?;
        for (bar, steps) in steps.chunks(16).enumerate() {
            let struck = |step: usize| steps[step].drums().contains(Drum::Kick);
            let line: Vec<usize> = line.accents(bar).map(|(step, _)| step).collect();
            onsets += line.len() as f64;
            met += line.iter().filter(|&&step| struck(step)).count() as f64;
            kicks += (0..16).filter(|&step| struck(step)).count() as f64;
        }
    }
    Ok([met / onsets, met / kicks, kicks / f64::from(TAKES) / BARS as f64])
}

/// Means over all lines.
fn mean_meeting(context: &CheckContext, follow: f32) -> Result<[f64; 3]> {
    let lines = BASS_LINES.par_iter().map(|line| meeting(context, line, follow));
    let lines = lines.collect::<Result<Vec<_>>>()?;
    let mean = |at: usize| lines.iter().map(|line| line[at]).sum::<f64>() / lines.len() as f64;
    Ok([0, 1, 2].map(mean))
}

pub(super) fn accents(context: &CheckContext) -> Result<Vec<Check>> {
    let mut lines = Vec::new();
    let what = "onsets of bass lines that the kick meets, kicks on onsets, kicks a bar";
    for (name, follow, least) in
        [("off", 0.0, 0.0), ("usual", USUAL_FOLLOW, 0.65), ("full", 1.0, 0.85)]
    {
        let figures = mean_meeting(context, follow)?;
        let must = match follow {
            0.0 => "no limit",
            1.0 => ".85 at least of the onsets",
            _ => ".65 at least of the onsets",
        };
        lines.push(Check::new(format!("{what}: {name}"), figures, must, figures[0] >= least));
    }
    lines.extend(beside_no_chart(context)?);
    Ok(lines)
}

/// Backbone and judge's areas of takes with bass lines at the usual following, beside the same
/// takes without a chart.
fn beside_no_chart(context: &CheckContext) -> Result<Vec<Check>> {
    let style = style_number(STYLE).context("the style is missing")?;
    let bars = usize::try_from(JUDGED_BARS)?;
    let written = BASS_LINES.iter().filter(|line| line.style == STYLE);
    let written: Vec<Chart> = written.map(|line| line.chart(bars, USUAL_FOLLOW)).collect();
    let kicks = kick_lines(context, style, bars);
    let plain = judged(context, style, |_| Chart::default())?;
    let with = compared(context, style, |seed, controls| Take {
        chart: line_near(&kicks, controls.tempo, seed),
        ..controls.into()
    })?;
    let with_written = judged(context, style, |seed| written[seed as usize % written.len()])?;
    let backbone = [&plain, &with].map(|sides| BackboneShares::of(&sides.played));
    let mut lines = Vec::new();
    let mut line = |what: &str, figures: [f64; 2]| {
        let near = (figures[0] - figures[1]).abs() <= 0.03;
        let what = format!("{what}, without a chart and with bass lines");
        lines.push(Check::new(what, figures, "within .03", near));
    };
    line("bars with the backbeat", [0, 1].map(|side| backbone[side].backbeat));
    line("bars with the kick on 1", [0, 1].map(|side| backbone[side].kick_one));
    let judge = |sides, known| JudgeAreas::of(sides, known).context("too few human beats");
    let plain = judge(&plain, None)?;
    let with = judge(&with, Some(&plain))?;
    line("judge's area by hits", [plain.hits, with.hits]);
    line("judge's area by hits and feel", [plain.feel, with.feel]);
    let spread = [plain.hits_sd, with.hits_sd, plain.feel_sd, with.feel_sd];
    let what = "spread of these four areas over the halvings of the files, the same for all";
    lines.push(Check::new(what, spread, "no limit", true));
    let written = judge(&with_written, Some(&plain))?;
    let what = "judge's areas by hits and by feel, with the written bass lines of the style";
    lines.push(Check::new(what, [written.hits, written.feel], "no limit", true));
    Ok(lines)
}

/// The drummers' own kicks as lines: charts of the bars of train beats, repeated, with the tempi of
/// the beats.
fn kick_lines(context: &CheckContext, style: u8, bars: usize) -> Vec<(f32, Chart)> {
    let chart = |groove: Groove| {
        let mut chart = Chart::default();
        for (number, bar) in (0i64..).zip(0..bars) {
            let steps = groove.bars[bar % groove.bars.len()].iter().enumerate();
            for (step, _) in steps.filter(|(_, step)| step.drums().contains(Drum::Kick)) {
                chart.accents.set(number, step, Some(Accent::Strong));
            }
        }
        (groove.tempo, chart)
    };
    let beats = comparison::human(&context.pieces, Split::Train, style).into_iter();
    beats.map(chart).filter(|(_, chart)| !chart.is_empty()).collect()
}

/// A line for a take: one of those nearest to its tempo, since lines of other tempi have other notes.
fn line_near(lines: &[(f32, Chart)], tempo: f32, seed: u32) -> Chart {
    let far = |line: &(f32, Chart)| (line.0 / tempo).log2().abs();
    let mut order: Vec<&(f32, Chart)> = lines.iter().collect();
    order.sort_by(|one, other| far(one).total_cmp(&far(other)));
    order
        .get(seed as usize % NEAR_BEATS.min(lines.len()).max(1))
        .map_or_else(Chart::default, |it| it.1)
}

/// Takes with charts by seed, and the drummers'.
pub(super) fn judged(
    context: &CheckContext,
    style: u8,
    chart: impl Fn(u32) -> Chart + Sync,
) -> Result<Comparison> {
    let of = |seed: u32, controls: TakeControls| Take { chart: chart(seed), ..controls.into() };
    compared(context, style, of)
}

/// Takes made of usual controls by seed, and the drummers'.
pub(super) fn compared(
    context: &CheckContext,
    style: u8,
    of: impl Fn(u32, TakeControls) -> Take + Sync,
) -> Result<Comparison> {
    let tempi = tempi(&context.pieces, style);
    let take = |seed: u32| -> Result<Groove> {
        let tempo = tempi[seed as usize * tempi.len() / JUDGED as usize];
        let take = of(seed, TakeControls { seed, style, tempo, ..TakeControls::default() });
        Ok(Groove { bars: comparison::play(&context.model, &take, JUDGED_BARS)?, tempo })
    };
    Ok(Comparison {
        style,
        name: context.model.metadata().style_name(style).to_owned(),
        played: (0..JUDGED).into_par_iter().map(take).collect::<Result<_>>()?,
        train: comparison::human(&context.pieces, Split::Train, style),
        whole: comparison::human_whole(&context.pieces, Split::Train, style),
    })
}
