//! Backbone of beats in 4/4: backbeat, kick, pulse and the places of the drums.

use std::collections::BTreeMap;

use groove::learn::bar_f1::STEPS;
use groove::{CLASSES, Drum};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::comparison::{BarSteps, Comparison, Groove};

/// Minimum number of human beats for figures.
pub(crate) const ENOUGH: usize = 5;

/// Bars of the take with figures of their own, counted from 1.
const NUMBERS: [usize; 6] = [1, 2, 3, 4, 8, 16];

/// Figures of takes or of human beats: means over takes or files, regardless of their length.
#[derive(Clone, Copy, Debug, Default)]
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

/// A figure of [`BackboneShares`].
type Figure = fn(&BackboneShares) -> f64;

/// Figures with their JSON names, of takes and of drummers, in the order of the table.
const FIGURES: [(&str, &str, Figure); 7] = [
    ("backbeat", "human_backbeat", |shares| shares.backbeat),
    ("takes_over_80", "human_over_80", |shares| shares.over_80),
    ("takes_under_20", "human_under_20", |shares| shares.under_20),
    ("kick_one", "human_kick_one", |shares| shares.kick_one),
    ("kick_2_4", "human_kick_2_4", |shares| shares.kick_2_4),
    ("pulse", "human_pulse", |shares| shares.pulse),
    ("empty", "human_empty", |shares| shares.empty),
];

/// Names of the figures by bar number.
const BY_BAR: [&str; 3] = ["backbeat", "kick_one", "kick_2_4"];

/// Backbone of a style: means over takes, and over complete human train files. In JSON an object of
/// the names in [`FIGURES`], `place_mad` and `by_bar`.
#[derive(Clone, Debug)]
pub struct Backbone {
    /// Figures of the takes.
    pub played: BackboneShares,
    /// Figures of the drummers' files.
    pub human: BackboneShares,
    /// Mean absolute difference, over drums and steps of the bar, between the played and the human
    /// shares of bars in which the drum is struck there.
    pub place_mad: f64,
    /// By bar number, counted from 1: figures of takes and drummers.
    pub by_bar: BTreeMap<usize, [BackboneShares; 2]>,
}

impl Serialize for Backbone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |[played, human]: [BackboneShares; 2]| {
            let both = move |(name, human_name, of): (&'static str, &'static str, Figure)| {
                [(name, of(&played)), (human_name, of(&human))]
            };
            FIGURES.into_iter().flat_map(both)
        };
        let of_bar = |(number, sides): (&usize, &[BackboneShares; 2])| {
            let is_kept = |name: &str| BY_BAR.contains(&name.trim_start_matches("human_"));
            let kept = named(*sides).filter(|(name, _)| is_kept(name));
            (*number, kept.collect::<BTreeMap<_, _>>())
        };
        let by_bar: BTreeMap<_, _> = self.by_bar.iter().map(of_bar).collect();
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in named([self.played, self.human]) {
            map.serialize_entry(name, &value)?;
        }
        map.serialize_entry("place_mad", &self.place_mad)?;
        map.serialize_entry("by_bar", &by_bar)?;
        map.end()
    }
}

impl Backbone {
    /// Measures a style; `None` if there are too few human beats.
    pub(crate) fn of(sides: &Comparison) -> Option<Backbone> {
        if sides.whole.len() < ENOUGH {
            return None;
        }
        let both = [&sides.played, &sides.whole];
        let [here, there] = both.map(|side| marginals(side));
        let apart = here.iter().zip(&there).map(|(a, b)| (a - b).abs()).sum::<f64>();
        let numbered = |number: usize| {
            let [played, human] = both.map(|side| Some(BackboneShares::of(&only(side, number)?)));
            Some((number, [played?, human?]))
        };
        let [played, human] = both.map(|side| BackboneShares::of(side));
        let by_bar = NUMBERS.into_iter().filter_map(numbered).collect();
        Some(Backbone { played, human, place_mad: apart / here.len() as f64, by_bar })
    }

    /// Heading of [`Backbone::lines`].
    pub(crate) const HEADING: &'static str = "backbone                backbeat   > .8   < .2  \
                                              kick 1  kick 2/4  pulse  empty  places apart";

    /// Returns two lines of text: takes and drummers.
    pub(crate) fn lines(&self, style: &str) -> String {
        let line = |name: &str, shares: &BackboneShares| {
            let [backbeat, over, under, one, two_four, pulse, empty] =
                FIGURES.map(|(_, _, of)| of(shares));
            format!(
                "{name:<24}{backbeat:>8.2}{over:>7.2}{under:>7.2}{one:>8.2}{two_four:>10.2}\
                 {pulse:>7.2}{empty:>7.1}"
            )
        };
        let (played, human) = (line(style, &self.played), line("  drummers", &self.human));
        format!("{played}{:>14.4}\n{human}", self.place_mad)
    }
}

impl BackboneShares {
    /// Measures takes or beats.
    pub(crate) fn of(grooves: &[Groove]) -> BackboneShares {
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
            kick_one: share(&|bar| number(struck(bar, 0, Drum::Kick))),
            kick_2_4: share(&|bar| {
                number(struck(bar, 4, Drum::Kick) || struck(bar, 12, Drum::Kick))
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
            bar[step].set(drum, Some(Hit::plain(90, 0)));
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
            (0, Drum::Kick),
            (0, Drum::ClosedHat),
            (4, Drum::Snare),
            (4, Drum::Ride),
            (8, Drum::Kick),
            (12, Drum::Snare),
        ]);
        let solo = bar(&[(4, Drum::Snare), (12, Drum::Kick), (13, Drum::LowTom)]);
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
        let without = bar(&[(0, Drum::Kick)]);
        let sides = Comparison {
            style: 0,
            name: String::new(),
            played: vec![groove(&[without, with, with, with])],
            train: Vec::new(),
            whole: [vec![groove(&[with])], vec![groove(&[without, without]); 4]].concat(),
        };
        let figures = Backbone::of(&sides).expect("figures");
        close(figures.played.backbeat, 0.75);
        close(figures.human.backbeat, 0.2);
        close(figures.human.under_20, 0.8);
        assert_eq!(figures.by_bar.keys().copied().collect::<Vec<_>>(), [1, 2]);
        close(figures.by_bar[&1][0].backbeat, 0.0);
        close(figures.by_bar[&1][1].backbeat, 0.2);
        close(figures.by_bar[&2][1].kick_one, 1.0);
        // Two snares at .75 and .2, one kick at .25 and .8.
        close(figures.place_mad, (2.0 * (0.75 - 0.2) + (0.8 - 0.25)) / 144.0);
        let json = serde_json::to_value(&figures).expect("JSON");
        assert_eq!(
            (json["human_under_20"].as_f64(), json["takes_over_80"].as_f64()),
            (Some(0.8), Some(0.0))
        );
        assert_eq!(json["by_bar"]["2"]["human_kick_one"], 1.0);
        let bar: Vec<&String> = json["by_bar"]["1"].as_object().expect("a map").keys().collect();
        assert_eq!(
            bar,
            [
                "backbeat",
                "human_backbeat",
                "human_kick_2_4",
                "human_kick_one",
                "kick_2_4",
                "kick_one"
            ]
        );
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(16));
        assert!(Backbone::of(&Comparison { whole: Vec::new(), ..sides }).is_none());
    }
}
