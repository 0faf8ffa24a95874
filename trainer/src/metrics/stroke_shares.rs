//! Shares of strokes and articulations in takes, beside drummers.

use std::collections::BTreeMap;

use groove::{Articulation, Drum, Step};
use serde::Serialize;

use super::comparison::{Comparison, Groove};

/// Drums struck by hand unless the articulation is the pedal's.
const HANDS: u32 = 2;
/// Minimum number of human hits of a class for its figures.
const ENOUGH: f64 = 100.0;

/// A share of takes and of drummers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SharePair {
    /// Takes.
    pub played: f64,
    /// Drummers' train beats.
    pub human: f64,
}

/// Strokes and articulations of a style.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrokeShares {
    /// By class: share of hits with two or more strokes.
    pub doubled: BTreeMap<&'static str, SharePair>,
    /// By class and articulation: share of the class's hits.
    pub articulations: BTreeMap<String, SharePair>,
    /// Share of steps that need more than two hands.
    pub three_hands: SharePair,
    /// Share of bars with the pedal on 2 and 4.
    pub pedal_on_two_and_four: SharePair,
}

impl StrokeShares {
    /// Measures the takes of a style.
    pub(crate) fn of(sides: &Comparison) -> Option<StrokeShares> {
        let pair = |share: &dyn Fn(&[Groove]) -> f64| SharePair {
            played: share(&sides.played),
            human: share(&sides.train),
        };
        let (mut doubled, mut articulations) = (BTreeMap::new(), BTreeMap::new());
        for drum in Drum::ALL {
            if hits(&sides.train, drum).count() as f64 <= ENOUGH {
                continue;
            }
            let share = |is: &dyn Fn(groove::Hit) -> bool| {
                pair(&|side| {
                    let all = hits(side, drum).count().max(1) as f64;
                    hits(side, drum).filter(|&hit| is(hit)).count() as f64 / all
                })
            };
            doubled.insert(drum.name(), share(&|hit| hit.further().next().is_some()));
            for &articulation in &Articulation::of(drum)[..Articulation::played(drum)] {
                let name = format!("{}, {}", drum.name(), articulation.name(drum));
                articulations.insert(name, share(&|hit| hit.articulation == articulation));
            }
        }
        Some(StrokeShares {
            doubled,
            articulations,
            three_hands: pair(&|side| {
                let steps = || side.iter().flat_map(|groove| &groove.bars).flatten();
                let many = steps().filter(|step| hands(step) > HANDS).count() as f64;
                many / steps().count().max(1) as f64
            }),
            pedal_on_two_and_four: pair(&pedal_on_two_and_four),
        })
    }

    /// Heading of [`StrokeShares::lines`].
    pub(crate) const HEADING: &'static str = "strokes, share of hits        played  drummers";

    /// Returns the figures as lines of text.
    pub(crate) fn lines(&self, style: &str) -> String {
        let line = |name: &str, pair: &SharePair| {
            format!("{:<28}{:>8.3}{:>10.3}", format!("{style} {name}"), pair.played, pair.human)
        };
        let doubled =
            self.doubled.iter().map(|(drum, pair)| line(&format!("{drum}, doubled"), pair));
        let mut lines: Vec<String> = doubled.collect();
        lines.extend(self.articulations.iter().map(|(name, pair)| line(name, pair)));
        lines.push(line("three hands", &self.three_hands));
        lines.push(line("pedal on 2 and 4", &self.pedal_on_two_and_four));
        lines.join("\n")
    }
}

fn hits(side: &[Groove], drum: Drum) -> impl Iterator<Item = groove::Hit> {
    side.iter().flat_map(|groove| &groove.bars).flatten().filter_map(move |step| step.hit(drum))
}

/// Number of hands that a step needs.
fn hands(step: &Step) -> u32 {
    let by_hand = |(drum, hit): (Drum, groove::Hit)| {
        let stick = hit.strokes().any(|stroke| !stroke.articulation.is_foot());
        u32::from(drum != Drum::Kick && stick)
    };
    step.hits().map(by_hand).sum()
}

/// Share of bars with the pedal on 2 and 4.
pub(crate) fn pedal_on_two_and_four(side: &[Groove]) -> f64 {
    let bars = || side.iter().flat_map(|groove| &groove.bars);
    let both = bars().filter(|bar| pedal(&bar[4]) && pedal(&bar[12])).count() as f64;
    both / bars().count().max(1) as f64
}

fn pedal(step: &Step) -> bool {
    let hat = step.hit(Drum::ClosedHat);
    hat.is_some_and(|hit| hit.strokes().any(|stroke| stroke.articulation.is_foot()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Hit;

    #[test]
    fn the_foot_is_no_hand() {
        let mut step = Step::SILENT;
        for drum in [Drum::Kick, Drum::Snare, Drum::Ride, Drum::ClosedHat] {
            step.set(drum, Some(Hit::plain(80, 0)));
        }
        assert_eq!(hands(&step), 3);
        let pedal_hit = Hit { articulation: Articulation::Pedal, ..Hit::plain(60, 0) };
        step.set(Drum::ClosedHat, Some(pedal_hit));
        assert_eq!(hands(&step), 2);
        assert!(pedal(&step));
    }
}
