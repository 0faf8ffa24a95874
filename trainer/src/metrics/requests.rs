//! Metrics of requests: rare meters, and fills of a requested length.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::learn::data::{Piece, Split};
use groove::model::Model;
use groove::pattern::style::style_number;
use groove::take::{Fills, Take, TakeControls};
use groove::{Drum, DrumSet, Meter, Step};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::meter_backbone::MeterBackbone;
use crate::playback::play_steps;

/// Takes for each meter and fill length, and bars of each take.
const TAKES: u32 = 30;
const BARS: i64 = 16;

/// Requested meters.
const METERS: [(i32, i32); 7] = [(4, 4), (3, 4), (5, 4), (6, 8), (7, 8), (9, 8), (12, 8)];
/// Second style whose backbone is measured in every meter.
const OTHER_STYLE: &str = "funk";
/// Requested fill lengths in quarter notes; a fill ends every fourth bar.
const FILL_BEATS: [u8; 4] = [1, 2, 4, 8];

/// Figures of the takes in one meter.
#[derive(Clone, Debug, Serialize)]
pub struct MeterFigures {
    /// Name, such as 3/4.
    pub meter: String,
    /// Steps in a bar.
    pub steps: usize,
    /// Share of the bars with kick, crash or both on the first step; and the mean share over the
    /// other steps of the bar.
    pub on_the_one: f64,
    pub elsewhere: f64,
    /// Lag in steps, from half a bar to two bars, with the highest self-similarity of the hits: the
    /// length of a bar if the takes express the meter. Median over the takes.
    pub period: usize,
    /// Shares of the bars with the backbone of the meter: `kick_one`, `snare`, `both`.
    #[serde(flatten)]
    pub backbone: MeterBackbone,
    /// The same shares of takes in funk.
    pub funk: MeterBackbone,
}

/// Figures of the fills of one length.
#[derive(Clone, Debug, Serialize)]
pub struct FillFigures {
    /// Length in quarter notes.
    pub beats: u8,
    /// Hits of toms and crash per quarter note, inside and outside the fills.
    pub inside: f64,
    pub outside: f64,
}

/// Figures of all requested meters and fills.
#[derive(Clone, Debug, Serialize)]
pub struct RequestFigures {
    /// By meter; a JSON map from names such as 3/4.
    #[serde(serialize_with = "by_meter")]
    pub meters: Vec<MeterFigures>,
    /// By fill length.
    pub fills: Vec<FillFigures>,
    /// Hits of toms and crash per quarter note in the human fills and beats of the train split.
    pub human_inside: f64,
    pub human_outside: f64,
}

impl RequestFigures {
    /// Plays a style in every meter and with every fill length.
    pub fn measure(model: &Arc<Model>, pieces: &[Piece], style: u8) -> Result<RequestFigures> {
        let play_as = |style: u8, meter: Meter, fills: Fills| -> Result<Vec<Vec<Step>>> {
            (0..TAKES).into_par_iter().map(|seed| play(model, style, seed, meter, fills)).collect()
        };
        let play = |meter: Meter, fills: Fills| play_as(style, meter, fills);
        let other = style_number(OTHER_STYLE).unwrap_or(0);
        let in_meter = |(n, d)| -> Result<MeterFigures> {
            let meter = Meter::new(n, d);
            let funk = play_as(other, meter, Fills::default())?;
            let funk = MeterBackbone::measure(&funk, meter).unwrap_or_default();
            Ok(MeterFigures { funk, ..in_meter(&play(meter, Fills::default())?, meter) })
        };
        let filled = |beats| -> Result<FillFigures> {
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
            Ok(FillFigures { beats, inside: busy(&inside), outside: busy(&outside) })
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
        Ok(RequestFigures {
            meters: METERS.into_iter().map(in_meter).collect::<Result<_>>()?,
            fills: FILL_BEATS.into_iter().map(filled).collect::<Result<_>>()?,
            human_inside: human(true),
            human_outside: human(false),
        })
    }

    /// Returns the figures as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<24}{:>10}{:>10}{:>10}{:>10}\n",
            "asked for", "steps", "period", "on 1", "elsewhere"
        );
        for MeterFigures { meter, steps, on_the_one, elsewhere, period, .. } in &self.meters {
            text +=
                &format!("{meter:<24}{steps:>10}{period:>10}{on_the_one:>10.2}{elsewhere:>10.2}\n");
        }
        text += &format!(
            "{:<24}{:>10}{:>10}{:>10}{:>12}\n",
            "backbone, share of bars", "kick on 1", "snare", "both", "both, funk"
        );
        for MeterFigures {
            meter, backbone: MeterBackbone { kick_one, snare, both }, funk, ..
        } in &self.meters
        {
            let funk = funk.both;
            text += &format!("{meter:<24}{kick_one:>10.2}{snare:>10.2}{both:>10.2}{funk:>12.2}\n");
        }
        text += &format!("{:<24}{:>10}{:>10}\n", "toms and crash a beat", "in fills", "outside");
        for FillFigures { beats, inside, outside } in &self.fills {
            let name = format!("fills of {beats} beats");
            text += &format!("{name:<24}{inside:>10.2}{outside:>10.2}\n");
        }
        text +=
            &format!("{:<24}{:>10.2}{:>10.2}\n", "drummers", self.human_inside, self.human_outside);
        text
    }
}

fn play(model: &Arc<Model>, style: u8, seed: u32, meter: Meter, fills: Fills) -> Result<Vec<Step>> {
    let take = Take {
        controls: TakeControls { seed, style, tempo: 110.0, ..TakeControls::default() },
        fills,
        ..Take::default()
    };
    play_steps(&mut Drummer::new(model.clone()), &take, meter, BARS)
}

fn in_meter(takes: &[Vec<Step>], meter: Meter) -> MeterFigures {
    let bar = meter.steps();
    let strong: DrumSet = [Drum::Kick, Drum::Crash].into_iter().collect();
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
    MeterFigures {
        meter: format!("{}/{}", meter.numerator, meter.denominator),
        steps: bar,
        on_the_one: struck[0] / bars,
        elsewhere: struck[1..].iter().sum::<f64>() / bars / (bar - 1) as f64,
        period: periods[periods.len() / 2],
        backbone: MeterBackbone::measure(takes, meter).unwrap_or_default(),
        funk: MeterBackbone::default(),
    }
}

/// Serialises the meters as a map by name.
fn by_meter<S: Serializer>(meters: &[MeterFigures], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(meters.iter().map(|of| (&of.meter, of)))
}

/// Returns the lag, from half a bar to two bars, with the highest self-similarity; the shortest of
/// equals.
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

/// Returns the hits of toms and crash per quarter note.
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

    /// Kick on the first step and in the middle of each bar, one snare per bar.
    fn take(bar: usize) -> Vec<Step> {
        let mut steps = vec![Step::SILENT; 16 * bar];
        for (at, step) in steps.iter_mut().enumerate() {
            let hit = Some(Hit::plain(90, 0));
            match at % bar {
                0 => step.set(Drum::Kick, hit),
                4 => step.set(Drum::Snare, hit),
                place if place == bar / 2 => step.set(Drum::Kick, hit),
                _ => {}
            }
        }
        steps
    }

    #[test]
    fn period_and_first_step_show_the_meter() {
        for (n, d) in METERS {
            let meter = Meter::new(n, d);
            let figures = in_meter(&[take(meter.steps())], meter);
            assert_eq!(figures.period, meter.steps(), "{n}/{d}");
            assert_eq!(figures.on_the_one, 1.0);
            assert_eq!(figures.backbone.kick_one, 1.0);
            let json = serde_json::to_value(RequestFigures {
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
    fn toms_and_crashes_are_counted_per_quarter_note() {
        let mut steps = vec![Step::SILENT; 8];
        steps[1].set(Drum::Crash, Some(Hit::plain(90, 0)));
        steps[1].set(Drum::LowTom, Some(Hit::plain(90, 0)));
        steps[5].set(Drum::Snare, Some(Hit::plain(90, 0)));
        assert!((busy(&steps) - 1.0).abs() < 1e-9);
    }
}
