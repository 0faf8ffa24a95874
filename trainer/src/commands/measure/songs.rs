//! Checks of charts: stops, sections, the fills into them, and their intensity.

use anyhow::{Context, Result};
use groove::learn::bar_f1::bar_f1;
use groove::learn::data::Split;
use groove::pattern::style::style_number;
use groove::take::chart::{Accent, Chart, Place, Section, SectionKind, Stop};
use groove::take::{Take, TakeControls};
use groove::{Drum, Step};
use rand::Rng;
use rayon::prelude::*;

use super::accents::compared;
use super::bass_lines::BASS_LINES;
use super::check::{Check, CheckContext, count, draws, f1, mean, share, sum};
use super::fills::stroked;
use crate::metrics::free_run::{human, tempi};
use crate::metrics::judge::JudgeAreas;

/// Random charts, and bars of each.
const CHARTS: u64 = 1_000;
const BARS: u16 = 16;
/// Takes of other checks.
const TAKES: u32 = 60;
/// Measured intensities, and styles of their figures.
const INTENSITIES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
const STYLES: [&str; 3] = ["rock", "funk", "jazz"];
/// Steps of a bar.
const BAR: usize = 16;

fn step_of(place: Place) -> usize {
    usize::from(place.bar) * BAR + usize::from(place.step)
}

/// A random chart: up to four sections, one to three stops, a bass line.
fn any_chart(draws: &mut impl Rng) -> Chart {
    let mut chart = Chart::default();
    let sections = (0..draws.random_range(0..=4)).map(|_| Section {
        intensity: draws.random(),
        ..Section::new(
            draws.random_range(0..BARS),
            SectionKind::ALL[draws.random_range(0..SectionKind::ALL.len())],
        )
    });
    let sections: Vec<Section> = sections.collect();
    chart.set_sections(sections);
    let stops = (0..draws.random_range(1..=3)).map(|_| {
        let (bar, step) = (draws.random_range(1..BARS - 3), draws.random_range(0..16));
        let end = u16::from(step) + draws.random_range(8..=32);
        let end = Place { bar: bar + end / 16, step: u8::try_from(end % 16).unwrap_or(0) };
        Stop { start: Place { bar, step }, end, pick_up: 4, hit: false }
    });
    let stops: Vec<Stop> = stops.collect();
    chart.set_stops(stops);
    let line = &BASS_LINES[draws.random_range(0..BASS_LINES.len())];
    (chart.follow, chart.choke) = (draws.random(), draws.random());
    for bar in 0..usize::from(BARS) {
        for (step, accent) in line.accents(bar) {
            let accent = if draws.random_bool(0.02) { Accent::Stab } else { accent };
            chart.accents.set(i64::try_from(bar).unwrap_or(0), step, Some(accent));
        }
    }
    chart
}

/// Figures of the stops of one chart: stops, strokes in them, re-entries, and those led into; hits of
/// crash and ride in the bar before a stop that chokes them, those that end with it, and those choked
/// by other charts; open hats in the beat before a stop.
fn stops_of(context: &CheckContext, number: u64) -> Result<[f64; 8]> {
    let mut draws = draws(9_000 + number);
    let chart = any_chart(&mut draws);
    let controls = TakeControls {
        seed: draws.random(),
        style: draws.random_range(0..=18),
        tempo: draws.random_range(60.0..200.0),
        ..TakeControls::default()
    };
    let take = Take { chart, evolve: draws.random(), ..controls.into() };
    let steps = context.play(&take, BARS.into())?;
    let ticks: Vec<i64> = (0i64..)
        .zip(&steps)
        .flat_map(|(at, step)| {
            let strokes = step.hits().flat_map(|(_, hit)| hit.strokes());
            strokes.map(move |stroke| at * 240 + i64::from(stroke.offset_ticks))
        })
        .collect();
    let mut figures = [0.0; 8];
    for (number, stop) in chart.stops().iter().enumerate() {
        let (start, end) = (step_of(stop.start), step_of(stop.end).min(steps.len()));
        let entry = end.saturating_sub(stop.pick_up.into()).max(start);
        if entry == start {
            continue;
        }
        let silent = i64::try_from(start * 240)?..i64::try_from(entry * 240)?;
        let before = number.checked_sub(1).map_or(0, |number| step_of(chart.stops()[number].end));
        let first = start.saturating_sub(BAR).max(before);
        for (at, step) in steps.iter().enumerate().take(start).skip(first) {
            let cymbals = step.hits().filter(|(drum, _)| drum.can_choke());
            for (_, hit) in cymbals {
                let ends = usize::from(hit.choke_ticks) == 240 * (start - at);
                figures[4] += f64::from(u8::from(chart.choke));
                figures[5] += f64::from(u8::from(chart.choke && ends));
                figures[6] += f64::from(u8::from(!chart.choke && hit.choke_ticks > 0));
            }
            let is_open = start - at <= 4 && step.drums().contains(Drum::OpenHat);
            figures[7] += f64::from(u8::from(is_open));
        }
        figures[0] += 1.0;
        figures[1] += ticks.iter().filter(|tick| silent.contains(tick)).count() as f64;
        if end < steps.len() && !chart.stops().iter().any(|next| step_of(next.start) == end) {
            figures[2] += 1.0;
            let leads =
                steps[entry..end].iter().any(|step| !step.drums().and(stroked()).is_empty());
            figures[3] += f64::from(u8::from(leads));
        }
    }
    Ok(figures)
}

pub(super) fn stops(context: &CheckContext) -> Result<Vec<Check>> {
    let figures = (0..CHARTS).into_par_iter().map(|number| stops_of(context, number));
    let figures = figures.collect::<Result<Vec<_>>>()?;
    let all = |at: usize| figures.iter().map(|figures| figures[at]).sum::<f64>();
    let (strokes, led, choked) = (all(1), all(3) / all(2), all(5) / all(4));
    let what = format!("strokes inside the {} stops of {CHARTS} random charts", all(0));
    let stops = Check::new(what, strokes, "none", strokes == 0.0);
    let what = format!("{} crashes and rides before stops that choke them, choked", all(4));
    Ok(vec![
        stops,
        Check::new("re-entries with a pick-up", led, ".9 at least", led >= 0.9),
        Check::all(&what, choked),
        Check::new("chokes nobody asked for", all(6), "none", all(6) == 0.0),
        Check::new("open hats in the beat before a stop", all(7), "none", all(7) == 0.0),
    ])
}

/// A song of verses and choruses of eight bars at the usual intensity.
fn verses_and_choruses() -> Chart {
    let mut chart = Chart::default();
    let kinds = [SectionKind::Verse, SectionKind::Chorus];
    let section =
        |at: u16| Section { intensity: 0.5, ..Section::new(8 * at, kinds[usize::from(at % 2)]) };
    chart.set_sections((0..4).map(section));
    chart
}

pub(super) fn sections(context: &CheckContext) -> Result<Vec<Check>> {
    let style = style_number("rock").context("the style is missing")?;
    let drummers = bar_f1(&human(&context.pieces, Split::Train, style));
    let tempi = tempi(&context.pieces, style);
    let chart = verses_and_choruses();
    let play = |evolve: bool| {
        let take = |seed: u32| {
            let tempo = tempi[seed as usize * tempi.len() / TAKES as usize];
            let controls = TakeControls { seed, style, tempo, ..TakeControls::default() };
            context.play(&Take { chart, evolve, ..controls.into() }, 32)
        };
        (0..TAKES).into_par_iter().map(take).collect::<Result<Vec<_>>>()
    };
    let (looped, evolving) = (play(false)?, play(true)?);
    // Without the entry after a fill and the bar with the next one.
    let inner = |steps: &[Step], section: usize| {
        steps[(8 * section + 1) * BAR..(8 * section + 7) * BAR].to_vec()
    };
    let same =
        looped.iter().flat_map(|steps| [0, 1].map(|at| inner(steps, at) == inner(steps, at + 2)));
    let across = |takes: &[Vec<Step>], [one, other]: [usize; 2]| {
        mean(takes.iter().map(|steps| f1(&inner(steps, one), &inner(steps, other))))
    };
    let returns = across(&evolving, [0, 2]);
    let filled = share(looped.iter().chain(&evolving).flat_map(|steps| {
        [8, 16, 24].map(|bar| {
            let fill = &steps[bar * BAR - 8..bar * BAR];
            sum(&count(fill), &stroked().iter().collect::<Vec<Drum>>()) >= 3.0
        })
    }));
    let plain = share(looped.iter().chain(&evolving).flat_map(|steps| {
        [4, 12, 20].map(|bar| {
            let fill = &steps[bar * BAR - 8..bar * BAR];
            sum(&count(fill), &stroked().iter().collect::<Vec<Drum>>()) >= 3.0
        })
    }));
    Ok(vec![
        Check::all("themes that return exactly when looped", share(same)),
        Check::new(
            "hit F1 of a verse and the next one when evolving, and the drummers' of bars",
            [returns, drummers],
            "within .1",
            (returns - drummers).abs() <= 0.1,
        ),
        Check::new("hit F1 of verse and chorus, looped", across(&looped, [0, 1]), "no limit", true),
        Check::new(
            "section ends with three strokes or more in two beats, and other bars",
            [filled, plain],
            ".95 at least",
            filled >= 0.95,
        ),
    ])
}

pub(super) fn intensity(context: &CheckContext) -> Result<Vec<Check>> {
    let mut lines = Vec::new();
    for name in STYLES {
        let style = style_number(name).context("the style is missing")?;
        let (mut velocities, mut hits, mut areas) = (Vec::new(), Vec::new(), Vec::new());
        let mut known: Option<JudgeAreas> = None;
        for intensity in INTENSITIES {
            let of = |_, controls: TakeControls| Take { intensity, ..controls.into() };
            let sides = compared(context, style, of)?;
            let bars = || sides.played.iter().flat_map(|groove| &groove.bars);
            let velocity =
                |step: &Step| step.hits().map(|(_, hit)| f64::from(hit.velocity)).sum::<f64>();
            let loud: f64 = bars().flatten().map(velocity).sum();
            let count: u32 = bars().flatten().map(|step| step.drums().len()).sum();
            velocities.push(loud / f64::from(count));
            hits.push(f64::from(count) / bars().count() as f64);
            let judge = JudgeAreas::of(&sides, known.as_ref()).context("too few human beats")?;
            areas.push([judge.hits, judge.feel]);
            known = Some(judge);
        }
        let rises = |figures: &[f64]| figures.is_sorted_by(|less, more| less < more);
        let what = format!("{name}, mean velocity at {INTENSITIES:?}");
        lines.push(Check::new(what, &velocities, "rises", rises(&velocities)));
        let what = format!("{name}, hits a bar at {INTENSITIES:?}");
        lines.push(Check::new(what, &hits, "rises", rises(&hits)));
        let near = areas.iter().flatten().all(|&area| area < 0.75);
        let what = format!("{name}, judge's areas by hits and by feel at {INTENSITIES:?}");
        lines.push(Check::new(what, &areas, "below .75", near));
    }
    Ok(lines)
}
