//! Idioms: limits on bars of 4/4 that define a groove, and the share of bars within them.

pub mod styles;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use anyhow::{Context, Result};
use groove::take::Fills;
use groove::{Bar, Drum, Hit, Meter};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Places in a beat of an off-beat eighth, straight or swung: 0 is the beat, 1 the next.
const OFF_BEAT: RangeInclusive<f32> = 0.4..=0.8;

/// Steps of a bar as a mask: bit `n` is sixteenth `n`.
type StepMask = u16;

/// Drums of a rule.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrumGroup {
    Kick,
    Snare,
    Ride,
    Crash,
    OpenHat,
    /// Closed or open hi-hat.
    Hats,
    /// Cymbals and the open hat.
    Bright,
    /// Cymbals and hats that keep time; a crash counts as a stroke.
    Time,
    Toms,
}

impl DrumGroup {
    fn drums(self) -> &'static [Drum] {
        match self {
            DrumGroup::Kick => &[Drum::Kick],
            DrumGroup::Snare => &[Drum::Snare],
            DrumGroup::Ride => &[Drum::Ride],
            DrumGroup::Crash => &[Drum::Crash],
            DrumGroup::OpenHat => &[Drum::OpenHat],
            DrumGroup::Hats => &[Drum::ClosedHat, Drum::OpenHat],
            DrumGroup::Bright => &[Drum::Ride, Drum::OpenHat, Drum::Crash],
            DrumGroup::Time => &[Drum::ClosedHat, Drum::OpenHat, Drum::Ride, Drum::Crash],
            DrumGroup::Toms => &[Drum::LowTom, Drum::MidTom, Drum::HighTom],
        }
    }
}

/// A condition on a bar. Pairs are the least and the most.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Number of steps of a mask at which one of the drums is struck at one of the velocities.
    Struck {
        drums: DrumGroup,
        #[serde(default = "all_steps", deserialize_with = "steps")]
        steps: StepMask,
        #[serde(default = "any_velocity")]
        velocity: (u8, u8),
        count: (usize, usize),
    },
    /// Number of hits of all drums.
    Hits(usize, usize),
    /// Mean place in the beat, 0 to 1, of the off-beat eighths of the drums, over at least this
    /// many beats that have one. Of several hits between two beats the first counts, so that
    /// straight sixteenths do not look like swing.
    OffBeat { drums: DrumGroup, mean: (f32, f32), beats: usize },
    /// At most one crash in this many bars, except for the one that ends a fill.
    Crash(usize),
    /// At least one of the rules.
    Either(Vec<Rule>),
    /// All of the rules.
    Both(Vec<Rule>),
}

fn all_steps() -> StepMask {
    StepMask::MAX
}

fn any_velocity() -> (u8, u8) {
    (1, 127)
}

/// Reads a mask from sixteen letters, `x` for its steps.
fn steps<'de, D: Deserializer<'de>>(text: D) -> Result<StepMask, D::Error> {
    let text = String::deserialize(text)?;
    if text.len() != 16 || text.contains(|letter| !['x', '.'].contains(&letter)) {
        return Err(D::Error::custom(format!("{text} is not sixteen of x and .")));
    }
    Ok(text.bytes().rev().fold(0, |mask, letter| mask << 1 | StepMask::from(letter == b'x')))
}

/// A rule with its description.
#[derive(Clone, Debug, Deserialize)]
pub struct Limit {
    /// Description for the page.
    pub words: String,
    /// Rule.
    #[serde(flatten)]
    pub rule: Rule,
}

/// File of idioms: limits that several of them name by their words, and the idioms by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdiomFile<Entry> {
    pub(crate) shared: BTreeMap<String, Rule>,
    #[serde(alias = "presets", alias = "styles")]
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// A limit of an idiom: the words of a shared one, or one of its own.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum LimitEntry {
    Shared(String),
    Own(Limit),
}

/// Resolves the limits of an idiom.
pub(crate) fn limits(
    entries: Vec<LimitEntry>,
    shared: &BTreeMap<String, Rule>,
) -> Result<Vec<Limit>> {
    let limit = |entry: LimitEntry| match entry {
        LimitEntry::Own(limit) => Ok(limit),
        LimitEntry::Shared(words) => {
            let rule = shared.get(&words).with_context(|| format!("no shared limit {words}"))?;
            Ok(Limit { words, rule: rule.clone() })
        }
    };
    entries.into_iter().map(limit).collect()
}

/// The limits of a preset.
#[derive(Clone, Debug)]
pub struct Idiom {
    /// File of the preset, without extension.
    pub file: String,
    /// Limits on every bar outside fills.
    pub limits: Vec<Limit>,
}

/// A bar of a take with its number in the song, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct NumberedBar {
    /// Number of the bar.
    pub number: i64,
    /// Steps.
    pub bar: Bar,
}

/// Score of a stretch of bars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Bars outside fills.
    pub bars: usize,
    /// Number of those within all limits.
    pub met: usize,
    /// Bars that miss each limit.
    pub missed: Vec<usize>,
}

impl Verdict {
    /// Returns the share of the bars within all limits; 1 without bars.
    #[must_use]
    pub fn share(&self) -> f32 {
        if self.bars == 0 { 1.0 } else { self.met as f32 / self.bars as f32 }
    }
}

impl Idiom {
    /// Returns the descriptions of the limits.
    #[must_use]
    pub fn words(&self) -> String {
        self.limits.iter().map(|limit| limit.words.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// Judges consecutive bars. Bars with a requested fill are skipped. A crash on the bar after a
    /// fill is allowed, as is one at the start of a song with fills.
    #[must_use]
    pub fn judge(&self, bars: &[NumberedBar], fills: Fills) -> Verdict {
        let mut verdict = Verdict { missed: vec![0; self.limits.len()], ..Verdict::default() };
        let mut crashed = None;
        for NumberedBar { number, bar } in bars {
            if in_fill(fills, *number) {
                continue;
            }
            let crash = has_crash(bar, in_fill(fills, number - 1));
            let since = crash.then(|| crashed.map(|last| number - last)).flatten();
            crashed = if crash { Some(*number) } else { crashed };
            let since = since.and_then(|bars| usize::try_from(bars).ok());
            verdict.bars += 1;
            let missed = self.limits.iter().map(|limit| !limit.rule.is_met(bar, since));
            let mut all = true;
            for (count, missed) in verdict.missed.iter_mut().zip(missed) {
                *count += usize::from(missed);
                all &= !missed;
            }
            verdict.met += usize::from(all);
        }
        verdict
    }
}

/// Returns true if a requested fill covers a step of the bar.
fn in_fill(fills: Fills, bar: i64) -> bool {
    (0..Meter::FOUR_FOUR.steps()).any(|step| fills.cover(Meter::FOUR_FOUR, bar, step))
}

fn has_crash(bar: &Bar, after_fill: bool) -> bool {
    let steps = bar.steps().iter().skip(usize::from(after_fill));
    steps.into_iter().any(|step| step.hit(Drum::Crash).is_some())
}

impl Rule {
    /// Checks a bar whose crash comes `since` bars after the previous one; `None` without a crash
    /// or a previous one.
    fn is_met(&self, bar: &Bar, since: Option<usize>) -> bool {
        match self {
            Rule::Struck { drums, steps, velocity, count } => {
                (count.0..=count.1).contains(&struck(bar, drums.drums(), *steps, *velocity))
            }
            Rule::Hits(least, most) => (*least..=*most).contains(&hits(bar)),
            Rule::OffBeat { drums, mean: (least, most), beats } => {
                let places = off_beats(bar, drums.drums());
                let mean = places.iter().sum::<f32>() / places.len().max(1) as f32;
                places.len() >= *beats && (*least..=*most).contains(&mean)
            }
            Rule::Crash(bars) => since.is_none_or(|since| since >= *bars),
            Rule::Either(rules) => rules.iter().any(|rule| rule.is_met(bar, since)),
            Rule::Both(rules) => rules.iter().all(|rule| rule.is_met(bar, since)),
        }
    }
}

/// Returns the number of hits of a bar.
#[must_use]
pub fn hits(bar: &Bar) -> usize {
    bar.steps().iter().map(|step| step.hits().count()).sum()
}

fn struck(bar: &Bar, drums: &[Drum], steps: StepMask, (least, most): (u8, u8)) -> usize {
    let fits = |hit: Hit| (least..=most).contains(&hit.velocity);
    let is_struck = |step: &groove::Step| drums.iter().any(|&d| step.hit(d).is_some_and(fits));
    let wanted = |(place, step): (usize, &groove::Step)| steps >> place & 1 == 1 && is_struck(step);
    bar.steps().iter().take(16).enumerate().filter(|&step| wanted(step)).count()
}

/// Returns the place in its beat, 0 to 1, of the first off-beat eighth of each beat that has one.
fn off_beats(bar: &Bar, drums: &[Drum]) -> Vec<f32> {
    let beats = bar.steps().chunks_exact(4);
    let first = |beat: &[groove::Step]| -> Option<f32> {
        let strokes = (0u8..).zip(beat).flat_map(|(step, hits)| {
            let hit = move |&drum: &Drum| hits.hit(drum);
            drums.iter().filter_map(hit).map(move |hit| (f32::from(step) + hit.offset()) / 4.0)
        });
        strokes.filter(|place| OFF_BEAT.contains(place)).min_by(f32::total_cmp)
    };
    beats.filter_map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar from lanes of text, in the letters of the sheets.
    fn bar(lanes: &[(Drum, &str)]) -> Bar {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for &(drum, text) in lanes {
            for (step, letter) in bar.steps_mut().iter_mut().zip(text.chars()) {
                let velocity = match letter {
                    'o' => 30,
                    'x' => 80,
                    'X' => 110,
                    _ => continue,
                };
                step.set(drum, Some(Hit::plain(velocity, 0)));
            }
        }
        bar
    }

    fn rock() -> Bar {
        bar(&[
            (Drum::ClosedHat, "x.x.x.x.x.x.x.x."),
            (Drum::Snare, "....X..o....X..."),
            (Drum::Kick, "x.......x.x....."),
        ])
    }

    fn shifted(mut bar: Bar, places: &[usize], drum: Drum, offset_ticks: i8) -> Bar {
        for &place in places {
            let hit = Hit::plain(80, offset_ticks);
            bar.steps_mut()[place].set(drum, Some(hit));
        }
        bar
    }

    const QUARTERS: StepMask = 0x1111;
    const TWO_AND_FOUR: StepMask = 0x1010;

    /// A limit in the notation of the file.
    fn rule(text: &str) -> Rule {
        toml::from_str::<Limit>(&format!("words = ''\n{text}")).expect("a rule").rule
    }

    #[test]
    fn struck_steps_are_counted_by_place_drum_and_velocity() {
        let bar = rock();
        for (drums, steps, velocity, count) in [
            (DrumGroup::Hats.drums(), 0x5555, any_velocity(), 8),
            (DrumGroup::Time.drums(), QUARTERS, any_velocity(), 4),
            (&[Drum::Snare], TWO_AND_FOUR, (48, 127), 2),
            (&[Drum::Snare], all_steps(), (1, 47), 1),
            (&[Drum::Kick], 1, any_velocity(), 1),
            (&[Drum::Kick, Drum::Snare], QUARTERS, any_velocity(), 4),
            (DrumGroup::Toms.drums(), all_steps(), any_velocity(), 0),
        ] {
            assert_eq!(struck(&bar, drums, steps, velocity), count, "{drums:?} {steps:x}");
        }
        assert_eq!(hits(&bar), 14);
        let floor = rule("struck = { drums = 'kick', steps = 'x...x...x...x...', count = [4, 4] }");
        let backbeat = rule(
            "struck = { drums = 'snare', steps = '....x.......x...', velocity = [48, 127], count = [2, 2] }",
        );
        assert!(!floor.is_met(&bar, None) && backbeat.is_met(&bar, None));
        assert!(Rule::Either(vec![floor.clone(), backbeat.clone()]).is_met(&bar, None));
        assert!(!Rule::Both(vec![floor, backbeat]).is_met(&bar, None));
        assert!(Rule::Hits(14, 14).is_met(&bar, None) && !Rule::Hits(1, 13).is_met(&bar, None));
        for wrong in ["x...", "x...x...x...x..1"] {
            let text = format!("struck = {{ drums = 'kick', steps = '{wrong}', count = [1, 1] }}");
            assert!(toml::from_str::<Limit>(&format!("words = ''\n{text}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn swing_is_the_mean_place_of_the_off_beats() {
        let off_beat = |mean| Rule::OffBeat { drums: DrumGroup::Hats, mean, beats: 3 };
        let (straight, swung) = (off_beat((0.45, 0.55)), off_beat((0.58, 0.72)));
        assert!(straight.is_met(&rock(), None) && !swung.is_met(&rock(), None));
        let quarters = bar(&[(Drum::ClosedHat, "x...x...x...x...")]);
        // Two thirds of a beat: the third sixteenth late, or the fourth early.
        let late = shifted(quarters, &[2, 6, 10, 14], Drum::ClosedHat, 119);
        let early = shifted(quarters, &[3, 7, 11], Drum::ClosedHat, -80);
        for bar in [late, early] {
            assert!(swung.is_met(&bar, None) && !straight.is_met(&bar, None));
        }
        assert!((off_beats(&early, DrumGroup::Hats.drums())[0] - 2.0 / 3.0).abs() < 1e-6);
        assert!(!swung.is_met(&shifted(quarters, &[3, 7], Drum::ClosedHat, -80), None), "too few");
        let sixteenths = bar(&[(Drum::ClosedHat, "xxxxxxxxxxxxxxxx")]);
        assert!(straight.is_met(&sixteenths, None) && !swung.is_met(&sixteenths, None));
        assert!(off_beats(&early, &[Drum::Ride]).is_empty());
    }

    #[test]
    fn fills_are_skipped_and_their_crash_is_allowed() {
        let kick = "struck = { drums = 'kick', steps = 'x...............', count = [1, 1] }";
        let idiom = Idiom {
            file: String::new(),
            limits: vec![
                Limit { words: "kick on 1".into(), rule: rule(kick) },
                Limit { words: "few crashes".into(), rule: Rule::Crash(8) },
            ],
        };
        let crash = shifted(rock(), &[0], Drum::Crash, 0);
        let toms = bar(&[(Drum::LowTom, "xxxxxxxx........")]);
        let played = |bars: &[Bar]| -> Vec<NumberedBar> {
            (0..).zip(bars).map(|(number, &bar)| NumberedBar { number, bar }).collect()
        };
        // A crash, a fill in bar 4, the crash after it, and one too soon.
        let bars = played(&[rock(), crash, rock(), toms, crash, crash, toms]);
        let fills = Fills { every: 4, steps: 8, amount: 0.5 };
        let verdict = idiom.judge(&bars, fills);
        assert_eq!(verdict, Verdict { bars: 6, met: 4, missed: vec![1, 1] });
        assert!((verdict.share() - 2.0 / 3.0).abs() < 1e-6);
        let verdict = idiom.judge(&bars, Fills { every: 0, ..fills });
        assert_eq!(verdict, Verdict { bars: 7, met: 3, missed: vec![2, 2] });
        assert_eq!(idiom.words(), "kick on 1; few crashes");
    }
}
