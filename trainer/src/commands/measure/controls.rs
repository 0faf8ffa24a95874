//! Checks of the stick, temperature and density controls.

use anyhow::{Context, Result};
use groove::generate::likelihood::likelihood;
use groove::learn::bar_f1::bar_f1;
use groove::learn::data::Split;
use groove::model::encode::Kind;
use groove::pattern::style::style_number;
use groove::take::pins::Pins;
use groove::take::{Take, TakeControls};
use groove::{CLASSES, Drum, Meter, Step};
use rayon::prelude::*;

use super::check::{Check, CheckContext, TOMS, count, mean, share};
use crate::metrics::free_run::{hits_per_bar, human, play, tempi};

/// Takes per setting, and bars of each.
const TAKES: u32 = 160;
const BARS: i64 = 16;
/// Takes per setting for rates of single drums.
const MANY: u32 = 160;

/// Measured stick places.
const STICKS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
const STYLES: [&str; 5] = ["rock", "funk", "jazz", "hiphop", "latin"];

pub(super) fn stick(context: &CheckContext) -> Result<Vec<Check>> {
    let mut lines = Vec::new();
    let classes = context.model.metadata().classes.classes();
    for name in STYLES {
        let style = style_number(name).context("the style is missing")?;
        let drummers = human(&context.pieces, Split::Train, style);
        let (theirs, rates) = (bar_f1(&drummers), hits_per_bar(&drummers, classes));
        let tempi = tempi(&context.pieces, style);
        let mut steady = Vec::new();
        for stick in STICKS {
            let take = |seed: u32| {
                let tempo = tempi[seed as usize * tempi.len() / TAKES as usize];
                let take = TakeControls { seed, style, tempo, stick, ..TakeControls::default() };
                play(&context.model, &take.into(), BARS)
            };
            let takes = (0..TAKES).into_par_iter().map(take).collect::<Result<Vec<_>>>()?;
            steady.push(bar_f1(&takes));
            let played = hits_per_bar(&takes, classes);
            for (what, drums) in [("crash", &[Drum::Crash][..]), ("toms", &TOMS)] {
                let all = |rates: &[f64]| drums.iter().map(|drum| rates[drum.index()]).sum::<f64>();
                let (played, human) = (all(&played), all(&rates));
                let within = (0.5..=2.0).contains(&(played / human));
                let what = format!("{name} at {stick}, {what} a bar, and the drummers'");
                if stick < 1.0 {
                    lines.push(Check::new(what, [played, human], "within a factor of 2", within));
                }
            }
        }
        let rises = steady.is_sorted_by(|a, b| a < b);
        let what = format!("{name}, bar-to-bar F1 at {STICKS:?}");
        lines.push(Check::new(what, &steady, "rises", rises));
        let what = format!("{name} at the default, and the drummers'");
        let near = (steady[2] - theirs).abs() <= 0.05;
        lines.push(Check::new(what, [steady[2], theirs], "within .05", near));
        let what = format!("{name} at 1");
        lines.push(Check::new(what, steady[4], "exactly 1", steady[4] == 1.0));
    }
    Ok(lines)
}

/// Measured temperatures.
const TEMPERATURES: [f32; 5] = [0.1, 0.25, 0.5, 0.75, 1.0];

pub(super) fn temperature(context: &CheckContext) -> Result<Vec<Check>> {
    let style = style_number("rock").context("the style is missing")?;
    let meter = Meter::FOUR_FOUR;
    let kind = Kind { style, blend: (0, 0.0), tempo: 120.0, meter, fill: false };
    let takes = |temperature: f32| -> Result<Vec<Vec<Step>>> {
        let take = |seed| {
            let take =
                Take::from(TakeControls { seed, style, temperature, ..TakeControls::default() });
            context.play(&take, BARS)
        };
        (0..TAKES).into_par_iter().map(take).collect()
    };
    let all = TEMPERATURES.map(takes).into_iter().collect::<Result<Vec<_>>>()?;
    let likely = |takes: &Vec<Vec<Step>>| -> Result<f64> {
        let of = |steps: &Vec<Step>| -> Result<f64> {
            let figures = likelihood(&context.model, &kind, steps, &Pins::NONE)?;
            Ok(figures.into_iter().map(f64::from).sum::<f64>() / steps.len() as f64)
        };
        let figures = takes.par_iter().map(of).collect::<Result<Vec<_>>>()?;
        Ok(mean(figures))
    };
    let likely = all.iter().map(likely).collect::<Result<Vec<_>>>()?;
    let falls = likely.is_sorted_by(|a, b| a > b);
    let hits = |steps: &[Step]| steps.iter().map(Step::drums).collect::<Vec<_>>();
    let same = all.windows(2).map(|pair| {
        let pairs = pair[0].iter().zip(&pair[1]);
        share(pairs.map(|(a, b)| hits(a) == hits(b)))
    });
    let same: Vec<f64> = same.collect();
    let most = same.iter().copied().fold(0.0, f64::max);
    let what = format!("log-likelihood a step at {TEMPERATURES:?}");
    Ok(vec![
        Check::new(what, likely, "falls", falls),
        Check::new(
            "takes that the next temperature plays alike",
            same,
            "at most .05",
            most <= 0.05,
        ),
    ])
}

/// Returns the hits per bar, by class, of rock takes of two phrases.
fn rates(context: &CheckContext, take: &Take) -> Result<[f64; CLASSES]> {
    let play = |seed: u32| Ok(count(&context.play(&take.with(|take| take.seed = seed), 8)?));
    let counts = (0..MANY).into_par_iter().map(play).collect::<Result<Vec<_>>>()?;
    let bars = f64::from(MANY) * 8.0;
    Ok(std::array::from_fn(|class| counts.iter().map(|hits| hits[class]).sum::<f64>() / bars))
}

pub(super) fn density(context: &CheckContext) -> Result<Vec<Check>> {
    let style = style_number("rock").context("the style is missing")?;
    let plain = Take::from(TakeControls { style, ..TakeControls::default() });
    let usual = rates(context, &plain)?;
    let mut lines = Vec::new();
    for drum in Drum::ALL {
        let at = |place: f32| {
            let mut take = plain;
            take.controls.lanes[drum.index()] = place;
            rates(context, &take)
        };
        let (less, more) = (at(-0.5)?, at(0.5)?);
        let own = [less, usual, more].map(|rates| rates[drum.index()]);
        let what = format!("{} a bar at -0.5, 0, 0.5", drum.name());
        lines.push(Check::new(what, own, "rises", own[0] < own[1] && own[1] < own[2]));
        let others = Drum::ALL.into_iter().filter(|other| *other != drum);
        let change = |other: Drum| {
            let by = |rates: &[f64; CLASSES]| rates[other.index()] / usual[other.index()] - 1.0;
            [(other.name(), by(&less)), (other.name(), by(&more))]
        };
        let (most, by) = others
            .flat_map(change)
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
            .context("other lanes")?;
        let what = format!("{} from -0.5 to 0.5 changes {most} most, by", drum.name());
        lines.push(Check::new(what, by, "less than .2", by.abs() < 0.2));
    }
    let at = |density: f32| -> Result<f64> {
        let mut take = plain;
        take.controls.density = density;
        Ok(rates(context, &take)?.into_iter().sum())
    };
    let all = [at(-0.5)?, usual.into_iter().sum(), at(0.5)?];
    let rises = all[0] < all[1] && all[1] < all[2];
    lines.push(Check::new(
        "all hits a bar at an overall density of -0.5, 0, 0.5",
        all,
        "rises",
        rises,
    ));
    Ok(lines)
}
