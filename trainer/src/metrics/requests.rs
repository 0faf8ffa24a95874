//! Whether what is asked for is played: meters that the data hardly holds, and fills where and as
//! long as they are wanted.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::model::Model;
use groove::style::style_number;
use groove::take::{Fills, Take};
use groove::{Drum, DrumSet, Meter, Step};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::meter_backbone::Backbone;
use crate::data::{Piece, Split};
use crate::playback::play_steps;

/// Takes that are played of each meter and length of fill, and bars of each.
const TAKES: u32 = 30;
const BARS: i64 = 16;

/// Meters that are asked for.
const METERS: [(i32, i32); 6] = [(4, 4), (3, 4), (5, 4), (6, 8), (7, 8), (12, 8)];
/// Style whose backbone is measured beside that of the style that is asked for.
const OTHER_STYLE: &str = "funk";
/// Lengths of fills that are asked for, in quarter notes, every four bars.
const FILL_BEATS: [u8; 4] = [1, 2, 4, 8];

/// Figures of what is played in a meter.
#[derive(Clone, Debug, Serialize)]
pub struct InMeter {
    /// Such as 3/4.
    pub meter: String,
    /// Steps of a bar.
    pub steps: usize,
    /// Share of the bars that have the bass drum, a crash or both on the one; and the mean of the
    /// same over the other steps of the bar.
    pub on_the_one: f64,
    pub elsewhere: f64,
    /// The distance in steps, from half a bar to two bars, at which what is played agrees best
    /// with itself: the length of a bar, where the meter is felt. Median over the takes.
    pub period: usize,
    /// Shares of the bars with the backbone of the meter: `kick_one`, `snare`, `both`.
    #[serde(flatten)]
    pub backbone: Backbone,
    /// The same of takes in funk.
    pub funk: Backbone,
}

/// Figures of fills of one length.
#[derive(Clone, Debug, Serialize)]
pub struct Filled {
    /// Length in quarter notes.
    pub beats: u8,
    /// Hits of toms and crash a quarter note, inside of the fills and outside of them.
    pub inside: f64,
    pub outside: f64,
}

/// What is asked for, and what is played.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// By meter; in JSON by its name, such as 3/4.
    #[serde(serialize_with = "by_meter")]
    pub meters: Vec<InMeter>,
    /// By length of fill.
    pub fills: Vec<Filled>,
    /// Hits of toms and crash a quarter note in the human fills and beats of the train split.
    pub human_inside: f64,
    pub human_outside: f64,
}

impl Asked {
    /// Plays a style in every meter and with every length of fill.
    ///
    /// # Errors
    /// When the network cannot be computed.
    pub fn measure(model: &Arc<Model>, pieces: &[Piece], style: u8) -> Result<Asked> {
        let play_as = |style: u8, meter: Meter, fills: Fills| -> Result<Vec<Vec<Step>>> {
            (0..TAKES).into_par_iter().map(|seed| play(model, style, seed, meter, fills)).collect()
        };
        let play = |meter: Meter, fills: Fills| play_as(style, meter, fills);
        let other = style_number(OTHER_STYLE).unwrap_or(0);
        let in_meter = |(n, d)| -> Result<InMeter> {
            let meter = Meter::new(n, d);
            let funk = play_as(other, meter, Fills::default())?;
            let funk = Backbone::measure(&funk, meter).unwrap_or_default();
            Ok(InMeter { funk, ..in_meter(&play(meter, Fills::default())?, meter) })
        };
        let filled = |beats| -> Result<Filled> {
            let (meter, fills) =
                (Meter::FOUR_FOUR, Fills { every: 4, steps: 4 * beats, amount: 0.5 });
            let covered = |at: usize| {
                let bar = i64::try_from(at / meter.steps()).unwrap_or(0);
                fills.cover(meter, bar, at % meter.steps())
            };
            let (mut inside, mut outside) = (Vec::new(), Vec::new());
            for take in play(meter, fills)? {
                for (at, step) in take.into_iter().enumerate() {
                    if covered(at) { &mut inside } else { &mut outside }.push(step);
                }
            }
            Ok(Filled { beats, inside: busy(&inside), outside: busy(&outside) })
        };
        let human = |fill: bool| -> f64 {
            let wanted = |piece: &&Piece| {
                let kind = &piece.kind;
                piece.split == Split::Train && kind.fill == fill && kind.style == style
            };
            let steps: Vec<Step> =
                pieces.iter().filter(wanted).flat_map(|piece| piece.steps.clone()).collect();
            busy(&steps)
        };
        Ok(Asked {
            meters: METERS.into_iter().map(in_meter).collect::<Result<_>>()?,
            fills: FILL_BEATS.into_iter().map(filled).collect::<Result<_>>()?,
            human_inside: human(true),
            human_outside: human(false),
        })
    }

    /// Lines to read.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<24}{:>10}{:>10}{:>10}{:>10}\n",
            "asked for", "steps", "period", "on 1", "elsewhere"
        );
        for InMeter { meter, steps, on_the_one, elsewhere, period, .. } in &self.meters {
            text +=
                &format!("{meter:<24}{steps:>10}{period:>10}{on_the_one:>10.2}{elsewhere:>10.2}\n");
        }
        text += &format!(
            "{:<24}{:>10}{:>10}{:>10}{:>12}\n",
            "backbone, share of bars", "kick on 1", "snare", "both", "both, funk"
        );
        for InMeter { meter, backbone: Backbone { kick_one, snare, both }, funk, .. } in
            &self.meters
        {
            let funk = funk.both;
            text += &format!("{meter:<24}{kick_one:>10.2}{snare:>10.2}{both:>10.2}{funk:>12.2}\n");
        }
        text += &format!("{:<24}{:>10}{:>10}\n", "toms and crash a beat", "in fills", "outside");
        for Filled { beats, inside, outside } in &self.fills {
            let name = format!("fills of {beats} beats");
            text += &format!("{name:<24}{inside:>10.2}{outside:>10.2}\n");
        }
        text +=
            &format!("{:<24}{:>10.2}{:>10.2}\n", "drummers", self.human_inside, self.human_outside);
        text
    }
}

fn play(model: &Arc<Model>, style: u8, seed: u32, meter: Meter, fills: Fills) -> Result<Vec<Step>> {
    let take = Take { seed, style, tempo: 110.0, fills, ..Take::default() };
    play_steps(&mut Drummer::new(model.clone()), &take, meter, BARS)
}

fn in_meter(takes: &[Vec<Step>], meter: Meter) -> InMeter {
    let bar = meter.steps();
    let strong: DrumSet = [Drum::Bass, Drum::Crash].into_iter().collect();
    let mut struck = vec![0.0; bar];
    for take in takes {
        for (at, step) in take.iter().enumerate() {
            if step.drums().bits() & strong.bits() != 0 {
                struck[at % bar] += 1.0;
            }
        }
    }
    let bars = takes.iter().map(|take| take.len() / bar).sum::<usize>() as f64;
    let mut periods: Vec<usize> = takes.iter().map(|take| period(take, bar)).collect();
    periods.sort_unstable();
    InMeter {
        meter: format!("{}/{}", meter.numerator, meter.denominator),
        steps: bar,
        on_the_one: struck[0] / bars,
        elsewhere: struck[1..].iter().sum::<f64>() / bars / (bar - 1) as f64,
        period: periods[periods.len() / 2],
        backbone: Backbone::measure(takes, meter).unwrap_or_default(),
        funk: Backbone::default(),
    }
}

/// Writes the meters as a map by name.
fn by_meter<S: Serializer>(meters: &[InMeter], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(meters.iter().map(|of| (&of.meter, of)))
}

/// The distance, from half a bar to two bars, at which the hits agree best; the least of equals.
fn period(take: &[Step], bar: usize) -> usize {
    let sets: Vec<u16> = take.iter().map(|step| step.drums().bits()).collect();
    let agreement = |distance: usize| -> f64 {
        let pairs = sets.iter().zip(&sets[distance..]);
        let (mut both, mut all) = (0, 0);
        for (a, b) in pairs {
            both += 2 * (a & b).count_ones();
            all += a.count_ones() + b.count_ones();
        }
        f64::from(both) / f64::from(all.max(1))
    };
    (bar / 2..=2 * bar).rev().max_by(|&a, &b| agreement(a).total_cmp(&agreement(b))).unwrap_or(bar)
}

/// Hits of toms and crash a quarter note.
fn busy(steps: &[Step]) -> f64 {
    let drums = [Drum::LowTom, Drum::MidTom, Drum::HighTom, Drum::Crash];
    let hits = steps.iter().flat_map(|step| step.hits());
    let count = hits.filter(|(drum, _)| drums.contains(drum)).count();
    4.0 * count as f64 / steps.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Hit;

    /// Bass on the one and in the middle of each bar, snare once a bar.
    fn take(bar: usize) -> Vec<Step> {
        let mut steps = vec![Step::SILENT; 16 * bar];
        for (at, step) in steps.iter_mut().enumerate() {
            let hit = Some(Hit { velocity: 90, offset_ticks: 0 });
            match at % bar {
                0 => step.set(Drum::Bass, hit),
                4 => step.set(Drum::Snare, hit),
                place if place == bar / 2 => step.set(Drum::Bass, hit),
                _ => {}
            }
        }
        steps
    }

    #[test]
    fn a_meter_shows_in_the_period_and_on_the_one() {
        for (n, d) in METERS {
            let meter = Meter::new(n, d);
            let figures = in_meter(&[take(meter.steps())], meter);
            assert_eq!(figures.period, meter.steps(), "{n}/{d}");
            assert_eq!(figures.on_the_one, 1.0);
            assert_eq!(figures.backbone.kick_one, 1.0);
            let json = serde_json::to_value(Asked {
                meters: vec![figures.clone()],
                fills: Vec::new(),
                human_inside: 0.0,
                human_outside: 0.0,
            })
            .expect("JSON");
            assert_eq!(json["meters"][format!("{n}/{d}")]["kick_one"], 1.0);
            assert!(figures.elsewhere < 0.2);
        }
    }

    #[test]
    fn toms_and_crashes_are_counted_a_quarter_note() {
        let mut steps = vec![Step::SILENT; 8];
        steps[1].set(Drum::Crash, Some(Hit { velocity: 90, offset_ticks: 0 }));
        steps[1].set(Drum::LowTom, Some(Hit { velocity: 90, offset_ticks: 0 }));
        steps[5].set(Drum::Snare, Some(Hit { velocity: 90, offset_ticks: 0 }));
        assert!((busy(&steps) - 1.0).abs() < 1e-9);
    }
}
