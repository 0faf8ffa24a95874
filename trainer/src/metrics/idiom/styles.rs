//! Idioms of the programmed styles, from `styles.toml`, and the share of bars that satisfy them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use groove::pattern::style::style_number;
use groove::{Bar, Meter, Step};
use serde::{Deserialize, Serialize};

use super::{IdiomFile, Limit, LimitEntry, limits};
use crate::metrics::comparison::{Comparison, Groove};

/// Idiom of a style.
#[derive(Debug)]
pub struct StyleIdiom {
    /// Usual tempi, in quarter notes a minute.
    pub tempo: RangeInclusive<f32>,
    /// Limits on every bar of 4/4 outside fills.
    pub limits: Vec<Limit>,
}

/// Idioms by style number.
static IDIOMS: LazyLock<BTreeMap<u8, StyleIdiom>> = LazyLock::new(|| {
    read(include_str!("styles.toml")).unwrap_or_else(|fault| panic!("styles.toml: {fault:#}"))
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tempo: (f32, f32),
    limits: Vec<LimitEntry>,
}

fn read(text: &str) -> anyhow::Result<BTreeMap<u8, StyleIdiom>> {
    let IdiomFile { shared, entries } = toml::from_str::<IdiomFile<Entry>>(text)?;
    let idiom = |(name, entry): (String, Entry)| {
        let number = style_number(&name)
            .ok_or_else(|| anyhow::anyhow!("there is no built-in style {name}"))?;
        let (least, most) = entry.tempo;
        let limits = limits(entry.limits, &shared)?;
        Ok((number, StyleIdiom { tempo: least..=most, limits }))
    };
    entries.into_iter().map(idiom).collect()
}

/// Returns the idiom of a style by number; `None` if it has none.
#[must_use]
pub fn style_idiom(style: u8) -> Option<&'static StyleIdiom> {
    IDIOMS.get(&style)
}

impl StyleIdiom {
    /// Returns true if a bar is within all limits.
    #[must_use]
    pub fn is_met(&self, bar: &Bar) -> bool {
        self.limits.iter().all(|limit| limit.rule.is_met(bar, None))
    }

    /// Returns true if all whole bars of a phrase in 4/4 are within all limits.
    #[must_use]
    pub fn is_met_by(&self, steps: &[Step]) -> bool {
        let bars = steps.chunks_exact(Meter::FOUR_FOUR.steps());
        bars.map(bar).all(|bar| self.is_met(&bar))
    }
}

/// Shares of bars that satisfy the idiom of their style.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdiomShares {
    /// Of the takes.
    pub played: f64,
    /// Of the train beats.
    pub data: f64,
    /// Share of the train beats in the usual tempi of the style.
    pub tempo: f64,
    /// Of the takes' bars, by limit: its words and the share that misses it.
    pub missed: Vec<(String, f64)>,
    /// Further strokes of the hats in a bar: takes, data.
    pub ratchets: [f64; 2],
}

impl IdiomShares {
    /// Heading of [`IdiomShares::lines`].
    pub const HEADING: &str =
        "idiom, share of bars         played      data   ratchets a bar  data in tempo";

    /// Measures takes and data; `None` if the style has no idiom.
    pub(crate) fn of(sides: &Comparison) -> Option<IdiomShares> {
        let idiom = style_idiom(sides.style)?;
        let bars = |grooves: &[Groove]| -> Vec<Bar> {
            grooves.iter().flat_map(|groove| &groove.bars).map(|steps| bar(steps)).collect()
        };
        let (played, data) = (bars(&sides.played), bars(&sides.train));
        let share = |bars: &[Bar], is: &dyn Fn(&Bar) -> bool| {
            bars.iter().filter(|bar| is(bar)).count() as f64 / bars.len().max(1) as f64
        };
        let missed = idiom.limits.iter().map(|limit| {
            (limit.words.clone(), share(&played, &|bar| !limit.rule.is_met(bar, None)))
        });
        let in_tempo = sides.train.iter().filter(|groove| idiom.tempo.contains(&groove.tempo));
        Some(IdiomShares {
            played: share(&played, &|bar| idiom.is_met(bar)),
            data: share(&data, &|bar| idiom.is_met(bar)),
            tempo: in_tempo.count() as f64 / sides.train.len().max(1) as f64,
            missed: missed.collect(),
            ratchets: [&played, &data].map(|bars| ratchets(bars)),
        })
    }

    /// Returns a line of the shares, and one for each limit that bars miss.
    #[must_use]
    pub fn lines(&self, style: &str) -> String {
        let [played, data] = self.ratchets;
        let mut text = format!(
            "{style:<24}{:>11.3}{:>10.3}{played:>9.2}{data:>8.2}{:>15.2}",
            self.played, self.data, self.tempo
        );
        for (words, share) in self.missed.iter().filter(|(_, share)| *share > 0.0) {
            text += &format!("\n  misses {words}: {share:.3}");
        }
        text
    }
}

fn bar(steps: &[Step]) -> Bar {
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    bar.steps_mut().copy_from_slice(steps);
    bar
}

/// Number of further strokes of the hats in a bar.
fn ratchets(bars: &[Bar]) -> f64 {
    let hats = super::DrumGroup::Hats.drums();
    let strokes = |bar: &Bar| -> usize {
        let steps = bar.steps().iter();
        let hits = steps.flat_map(|step| hats.iter().filter_map(|&drum| step.hit(drum)));
        hits.map(|hit| hit.further().count()).sum()
    };
    bars.iter().map(strokes).sum::<usize>() as f64 / bars.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::{Metadata, Stack};
    use groove::pattern::style::{FIRST_PROGRAMMED, STYLES};
    use groove::{Drum, Hit};

    #[test]
    fn every_programmed_style_has_an_idiom_that_its_patterns_satisfy() {
        let stack = Stack { layers: 1, cells: 1 };
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/patterns");
        let data = crate::data::read(&[folder], None, 1, &Metadata::new("", stack, stack, ""));
        let pieces = data.expect("the patterns").pieces;
        for style in STYLES.iter().filter(|style| style.number >= FIRST_PROGRAMMED) {
            let idiom = style_idiom(style.number).expect(style.name);
            let own = pieces.iter().filter(|piece| piece.kind.style == style.number);
            for piece in own.clone() {
                let in_range = idiom.tempo.contains(&piece.kind.tempo);
                assert!(in_range || piece.kind.fill, "{}: {}", style.name, piece.kind.tempo);
            }
            let beats = own.filter(|piece| !piece.kind.fill && piece.kind.meter.steps() == 16);
            let bars: Vec<Bar> = beats
                .flat_map(crate::metrics::comparison::bars_of)
                .map(|steps| bar(&steps))
                .collect();
            let met = bars.iter().filter(|bar| idiom.is_met(bar)).count();
            let share = met as f64 / bars.len() as f64;
            assert!(share >= 0.9, "{}: {share}", style.name);
        }
    }

    #[test]
    fn shares_count_bars_and_name_what_is_missed() {
        let mut four = [Step::SILENT; 16];
        for (at, step) in four.iter_mut().enumerate() {
            let hit = Some(Hit::plain(90, 0));
            match at % 4 {
                0 => step.set(Drum::Kick, hit),
                2 => step.set(Drum::OpenHat, hit),
                _ => {}
            }
            if at % 8 == 4 {
                step.set(Drum::Snare, hit);
            }
        }
        let mut broken = four;
        broken[8] = Step::SILENT;
        let groove = |bars: Vec<[Step; 16]>| Groove { bars, tempo: 124.0 };
        let sides = |style: &str| Comparison {
            style: style_number(style).expect("a style"),
            name: style.into(),
            played: vec![groove(vec![four, broken])],
            train: vec![groove(vec![four])],
            whole: Vec::new(),
        };
        let shares = IdiomShares::of(&sides("house")).expect("an idiom");
        assert_eq!((shares.played, shares.data, shares.tempo), (0.5, 1.0, 1.0));
        assert_eq!(shares.ratchets, [0.0, 0.0]);
        let missed: Vec<_> = shares.missed.iter().filter(|(_, share)| *share > 0.0).collect();
        assert_eq!(missed, [&("kick on every quarter".to_owned(), 0.5)]);
        assert!(IdiomShares::of(&sides("rock")).is_none());
    }
}
