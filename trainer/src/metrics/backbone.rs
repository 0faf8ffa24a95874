//! Backbone of beats in 4/4: backbeat, kick, pulse and the places of the drums.

use std::collections::BTreeMap;

use groove::{CLASSES, Drum};
use serde::Serialize;

use super::comparison::{BarSteps, Comparison, Groove, STEPS};

/// Minimum number of human beats for figures.
pub(crate) const ENOUGH: usize = 5;

/// Bars of the take with figures of their own, counted from 1.
const NUMBERS: [usize; 6] = [1, 2, 3, 4, 8, 16];

/// Figures of takes or of human beats: means over takes or files, regardless of their length.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct BackboneShares {
    /// Share of the bars with a backbeat: snare on 2 and 4.
    pub backbeat: f64,
    /// Share of the takes (files) with a backbeat in more than 80 % of their bars.
    pub over_80: f64,
    /// Share of the takes (files) with a backbeat in less than 20 % of their bars.
    pub under_20: f64,
    /// Share of the bars with the kick on 1.
    pub kick_one: f64,
    /// Share of the bars with the kick on 2 or 4.
    pub kick_2_4: f64,
    /// Share of the quarters with a hat, a crash or a ride.
    pub pulse: f64,
    /// Steps without a hit, of the 32 steps of two bars.
    pub empty: f64,
}

/// Figures of the bars with one number.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BarBackbone {
    /// As in [`BackboneShares`].
    pub backbeat: f64,
    /// As in [`BackboneShares`].
    pub kick_one: f64,
    /// As in [`BackboneShares`].
    pub kick_2_4: f64,
    /// The same of the drummers.
    pub human_backbeat: f64,
    /// The same of the drummers.
    pub human_kick_one: f64,
    /// The same of the drummers.
    pub human_kick_2_4: f64,
}

/// Backbone of a style: means over takes, and over complete human train files.
#[derive(Clone, Debug, Serialize)]
pub struct Backbone {
    /// Share of the bars with a backbeat: snare on 2 and 4.
    pub backbeat: f64,
    /// The same of the drummers.
    pub human_backbeat: f64,
    /// Share of the takes with a backbeat in more than 80 % of their bars.
    pub takes_over_80: f64,
    /// The same of the drummers' files.
    pub human_over_80: f64,
    /// Share of the takes with a backbeat in less than 20 % of their bars.
    pub takes_under_20: f64,
    /// The same of the drummers' files.
    pub human_under_20: f64,
    /// Share of the bars with the kick on 1.
    pub kick_one: f64,
    /// The same of the drummers.
    pub human_kick_one: f64,
    /// Share of the bars with the kick on 2 or 4.
    pub kick_2_4: f64,
    /// The same of the drummers.
    pub human_kick_2_4: f64,
    /// Share of the quarters with a hat, a crash or a ride.
    pub pulse: f64,
    /// The same of the drummers.
    pub human_pulse: f64,
    /// Steps without a hit, of the 32 steps of two bars.
    pub empty: f64,
    /// The same of the drummers.
    pub human_empty: f64,
    /// Mean absolute difference, over drums and steps of the bar, between the played and the human
    /// shares of bars in which the drum is struck there.
    pub place_mad: f64,
    /// By bar number, counted from 1.
    pub by_bar: BTreeMap<usize, BarBackbone>,
}

impl Backbone {
    /// Measures a style; `None` if there are too few human beats.
    pub(crate) fn of(sides: &Comparison) -> Option<Backbone> {
        if sides.whole.len() < ENOUGH {
            return None;
        }
        let [played, human] = [&sides.played, &sides.whole].map(|side| BackboneShares::of(side));
        let [here, there] = [&sides.played, &sides.whole].map(|side| marginals(side));
        let apart = here.iter().zip(&there).map(|(a, b)| (a - b).abs()).sum::<f64>();
        let numbered = |number: usize| {
            let played = BackboneShares::of(&only(&sides.played, number)?);
            let human = BackboneShares::of(&only(&sides.whole, number)?);
            let numbered = BarBackbone {
                backbeat: played.backbeat,
                kick_one: played.kick_one,
                kick_2_4: played.kick_2_4,
                human_backbeat: human.backbeat,
                human_kick_one: human.kick_one,
                human_kick_2_4: human.kick_2_4,
            };
            Some((number, numbered))
        };
        Some(Backbone {
            backbeat: played.backbeat,
            human_backbeat: human.backbeat,
            takes_over_80: played.over_80,
            human_over_80: human.over_80,
            takes_under_20: played.under_20,
            human_under_20: human.under_20,
            kick_one: played.kick_one,
            human_kick_one: human.kick_one,
            kick_2_4: played.kick_2_4,
            human_kick_2_4: human.kick_2_4,
            pulse: played.pulse,
            human_pulse: human.pulse,
            empty: played.empty,
            human_empty: human.empty,
            place_mad: apart / here.len() as f64,
            by_bar: NUMBERS.into_iter().filter_map(numbered).collect(),
        })
    }

    /// Heading of [`Backbone::lines`].
    pub(crate) const HEADING: &'static str = "backbone                backbeat   > .8   < .2  \
                                              kick 1  kick 2/4  pulse  empty  places apart";

    /// Returns two lines of text: takes and drummers.
    pub(crate) fn lines(&self, style: &str) -> String {
        let line = |name: &str, side: [f64; 7]| {
            let [backbeat, over, under, one, two_four, pulse, empty] = side;
            format!(
                "{name:<24}{backbeat:>8.2}{over:>7.2}{under:>7.2}{one:>8.2}{two_four:>10.2}\
                 {pulse:>7.2}{empty:>7.1}"
            )
        };
        let played = [
            self.backbeat,
            self.takes_over_80,
            self.takes_under_20,
            self.kick_one,
            self.kick_2_4,
            self.pulse,
            self.empty,
        ];
        let human = [
            self.human_backbeat,
            self.human_over_80,
            self.human_under_20,
            self.human_kick_one,
            self.human_kick_2_4,
            self.human_pulse,
            self.human_empty,
        ];
        let apart = format!("{:>14.4}", self.place_mad);
        format!("{}{apart}\n{}", line(style, played), line("  drummers", human))
    }
}

impl BackboneShares {
    fn of(grooves: &[Groove]) -> BackboneShares {
        let of_one = |groove: &Groove, of: &dyn Fn(&BarSteps) -> f64| {
            groove.bars.iter().map(of).sum::<f64>() / groove.bars.len() as f64
        };
        let share = |of: &dyn Fn(&BarSteps) -> f64| {
            grooves.iter().map(|groove| of_one(groove, of)).sum::<f64>() / grooves.len() as f64
        };
        let backbeat = |bar: &BarSteps| number(has_backbeat(bar));
        let steady: Vec<f64> = grooves.iter().map(|groove| of_one(groove, &backbeat)).collect();
        let takes = |of: &dyn Fn(f64) -> bool| {
            steady.iter().filter(|share| of(**share)).count() as f64 / steady.len() as f64
        };
        let pulse = [Drum::ClosedHat, Drum::OpenHat, Drum::Crash, Drum::Ride];
        let is_pulse =
            |bar: &BarSteps, step: usize| pulse.iter().any(|&drum| struck(bar, step, drum));
        BackboneShares {
            backbeat: share(&backbeat),
            over_80: takes(&|share| share > 0.8),
            under_20: takes(&|share| share < 0.2),
            kick_one: share(&|bar| number(struck(bar, 0, Drum::Bass))),
            kick_2_4: share(&|bar| {
                number(struck(bar, 4, Drum::Bass) || struck(bar, 12, Drum::Bass))
            }),
            pulse: share(&|bar| {
                (0..4).map(|beat| number(is_pulse(bar, 4 * beat))).sum::<f64>() / 4.0
            }),
            empty: share(&|bar| {
                2.0 * bar.iter().map(|step| number(step.drums().is_empty())).sum::<f64>()
            }),
        }
    }
}

/// Returns the bars with one number, counted from 1; `None` if no groove has it.
fn only(grooves: &[Groove], number: usize) -> Option<Vec<Groove>> {
    let bar = |groove: &Groove| {
        let bar = *groove.bars.get(number - 1)?;
        Some(Groove { bars: vec![bar], tempo: groove.tempo })
    };
    let found: Vec<Groove> = grooves.iter().filter_map(bar).collect();
    (!found.is_empty()).then_some(found)
}

fn struck(bar: &BarSteps, step: usize, drum: Drum) -> bool {
    bar[step].drums().contains(drum)
}

fn has_backbeat(bar: &BarSteps) -> bool {
    struck(bar, 4, Drum::Snare) && struck(bar, 12, Drum::Snare)
}

fn number(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}

/// Returns the share of the bars in which a drum is struck, by step and drum; means over grooves.
fn marginals(grooves: &[Groove]) -> Vec<f64> {
    let mut shares = vec![0.0; STEPS * CLASSES];
    for groove in grooves {
        let part = 1.0 / (groove.bars.len() * grooves.len()) as f64;
        for (at, step) in groove.bars.iter().flat_map(|bar| bar.iter().enumerate()) {
            step.hits().for_each(|(drum, _)| shares[at * CLASSES + drum.index()] += part);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Hit, Step};

    fn bar(hits: &[(usize, Drum)]) -> BarSteps {
        let mut bar = [Step::SILENT; STEPS];
        for &(step, drum) in hits {
            bar[step].set(drum, Some(Hit { velocity: 90, offset_ticks: 0 }));
        }
        bar
    }

    fn groove(bars: &[BarSteps]) -> Groove {
        Groove { bars: bars.to_vec(), tempo: 100.0 }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }

    #[test]
    fn shares_of_rock_bars_and_solos() {
        let rock = bar(&[
            (0, Drum::Bass),
            (0, Drum::ClosedHat),
            (4, Drum::Snare),
            (4, Drum::Ride),
            (8, Drum::Bass),
            (12, Drum::Snare),
        ]);
        let solo = bar(&[(4, Drum::Snare), (12, Drum::Bass), (13, Drum::LowTom)]);
        let side = BackboneShares::of(&[groove(&[rock; 4]), groove(&[solo; 4])]);
        close(side.backbeat, 0.5);
        close(side.over_80, 0.5);
        close(side.under_20, 0.5);
        close(side.kick_one, 0.5);
        close(side.kick_2_4, 0.5);
        close(side.pulse, 0.25);
        close(side.empty, 2.0 * (12.0 + 13.0) / 2.0);
        // Exactly 80 % and 20 % count as neither.
        let edge =
            [groove(&[rock, rock, rock, rock, solo]), groove(&[rock, solo, solo, solo, solo])];
        close(BackboneShares::of(&edge).over_80 + BackboneShares::of(&edge).under_20, 0.0);
    }

    #[test]
    fn files_have_equal_weight_and_bars_are_numbered() {
        let with = bar(&[(4, Drum::Snare), (12, Drum::Snare)]);
        let without = bar(&[(0, Drum::Bass)]);
        let sides = Comparison {
            style: 0,
            name: String::new(),
            played: vec![groove(&[without, with, with, with])],
            train: Vec::new(),
            whole: [vec![groove(&[with])], vec![groove(&[without, without]); 4]].concat(),
        };
        let figures = Backbone::of(&sides).expect("figures");
        close(figures.backbeat, 0.75);
        close(figures.human_backbeat, 0.2);
        close(figures.human_under_20, 0.8);
        assert_eq!(figures.by_bar.keys().copied().collect::<Vec<_>>(), [1, 2]);
        close(figures.by_bar[&1].backbeat, 0.0);
        close(figures.by_bar[&1].human_backbeat, 0.2);
        close(figures.by_bar[&2].human_kick_one, 1.0);
        // Two snares at .75 and .2, one kick at .25 and .8.
        close(figures.place_mad, (2.0 * (0.75 - 0.2) + (0.8 - 0.25)) / 144.0);
        assert!(Backbone::of(&Comparison { whole: Vec::new(), ..sides }).is_none());
    }
}
