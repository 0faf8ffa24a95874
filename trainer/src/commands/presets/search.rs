//! Search for the seed of a preset.

use std::cmp::Reverse;
use std::sync::Arc;

use anyhow::{Context, Result};
use groove::generate::Drummer;
use groove::learn::bar_f1::hit_f1;
use groove::model::Model;
use groove::{DrumSet, Step};
use rayon::prelude::*;

use super::audit::{Audit, play};
use crate::metrics::idiom::{Idiom, NumberedBar, Rule};

/// Maximum number of seeds whose stretches are played: those whose first phrase fits the idiom
/// best.
const SHORTLIST: usize = 256;
/// Bars of a theme, which is compared with the other presets' themes.
const THEME: usize = 4;
/// Minimum hit F1 of two themes that are too similar.
const ALIKE: f64 = 0.8;

/// Searches the seeds 1 to `seeds` for the one with the highest lower share of the two stretches,
/// then the highest other share, then the hits per bar nearest to the middle of its limit. Seeds
/// too similar to a preset before it (or to one that is not searched) are skipped if there are
/// others.
///
/// A search is allowed here: presets are curated, and no figure about the model uses them.
pub fn best(
    model: &Arc<Model>,
    audits: &[Audit],
    place: usize,
    seeds: u32,
    only: &[String],
) -> Result<Audit> {
    let Audit { preset, idiom, .. } = &audits[place];
    let shortlist = shortlist(model, &audits[place], seeds)?;
    let audit = |&seed: &u32| Audit::new(model, idiom, preset.with_seed(seed));
    let mut candidates: Vec<Audit> = shortlist.par_iter().map(audit).collect::<Result<_>>()?;
    candidates.sort_by(|a, b| {
        let key = |audit: &Audit| {
            let [first, second] = audit.verdicts.each_ref().map(|v| v.share());
            [audit.share(), first + second, -distance(idiom, audit.hits())]
        };
        let pairs = key(b).into_iter().zip(key(a));
        pairs.map(|(b, a)| b.total_cmp(&a)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let is_settled = |(other, audit): &(usize, &Audit)| {
        *other < place || !only.is_empty() && !only.contains(&audit.idiom.file)
    };
    let others = audits.iter().enumerate().filter(|(other, _)| *other != place);
    let themes: Vec<&[NumberedBar]> =
        others.filter(is_settled).map(|(_, audit)| theme(audit)).collect();
    let is_new = |audit: &Audit| themes.iter().all(|other| f1(theme(audit), other) < ALIKE);
    let chosen = candidates.iter().position(is_new).unwrap_or(0);
    let mut candidates = candidates.into_iter();
    candidates.nth(chosen).context("there are no seeds")
}

/// Returns the seeds whose themes fit the idiom in the most bars; the lower of equal ones.
fn shortlist(model: &Arc<Model>, audit: &Audit, seeds: u32) -> Result<Vec<u32>> {
    let Audit { preset, idiom, .. } = audit;
    let rated = |seed: u32| {
        let take = preset.with_seed(seed).take();
        let bars = play(&mut Drummer::new(Arc::clone(model)), &take, 0, THEME)?;
        let verdict = idiom.judge(&bars, take.fills);
        Ok((Reverse(verdict.met), verdict.missed.iter().sum::<usize>(), seed))
    };
    let mut rated: Vec<_> = (1..=seeds).into_par_iter().map(rated).collect::<Result<_>>()?;
    rated.sort_unstable();
    Ok(rated.into_iter().take(SHORTLIST).map(|(_, _, seed)| seed).collect())
}

/// Returns the distance of a number of hits from the middle of the idiom's limit.
fn distance(idiom: &Idiom, hits: f32) -> f32 {
    let middle = idiom.limits.iter().find_map(|limit| match limit.rule {
        Rule::Hits(least, most) => Some((least + most) as f32 / 2.0),
        _ => None,
    });
    middle.map_or(0.0, |middle| (hits - middle).abs())
}

/// Returns the pairs of presets with themes that are too similar.
pub fn alike(audits: &[Audit]) -> Vec<String> {
    let mut pairs = Vec::new();
    for (number, one) in audits.iter().enumerate() {
        for other in &audits[..number] {
            let f1 = f1(theme(one), theme(other));
            if f1 >= ALIKE {
                pairs.push(format!("{} and {} ({f1:.2})", other.preset.name, one.preset.name));
            }
        }
    }
    pairs
}

fn theme(audit: &Audit) -> &[NumberedBar] {
    &audit.played[0][..THEME]
}

/// Returns the F1 of the hits of two themes.
fn f1(one: &[NumberedBar], other: &[NumberedBar]) -> f64 {
    fn drums(bars: &[NumberedBar]) -> impl Iterator<Item = DrumSet> {
        bars.iter().flat_map(|played| played.bar.steps()).map(Step::drums)
    }
    hit_f1(drums(one), drums(other)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Bar, Drum, Hit, Meter};

    fn played(steps: &[usize]) -> Vec<NumberedBar> {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for &step in steps {
            let hit = Hit::plain(80, 0);
            bar.steps_mut()[step].set(Drum::Kick, Some(hit));
        }
        vec![NumberedBar { number: 0, bar }]
    }

    #[test]
    fn themes_are_compared_by_their_hits() {
        let (four, two) = (played(&[0, 4, 8, 12]), played(&[0, 8]));
        assert!((f1(&four, &four) - 1.0).abs() < 1e-9);
        assert!((f1(&four, &two) - 2.0 / 3.0).abs() < 1e-9);
        assert!(f1(&two, &played(&[2])).abs() < 1e-9 && f1(&[], &[]).abs() < 1e-9);
    }
}
