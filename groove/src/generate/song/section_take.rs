//! The take of a section, and the marks of a phrase of it.

use crate::generate::lead_in_choice::choose;
use crate::model::lead_in::LeadIn;
use crate::pattern::Meter;
use crate::take::chart::{Chart, Mark, Section, SectionKind};
use crate::take::stage::{SongStep, Stage};
use crate::take::{Take, TakeControls, Toward};

/// Maximum number of seeds that are tried for a section.
const MAX_SEEDS: u32 = 1_000;

/// A bar of a song as a bar of its section's take.
#[derive(Clone, Debug)]
pub(crate) struct SongBar {
    /// The section's take, without a chart.
    pub(crate) take: Take,
    /// Phrase of that take, and the bar's index in it.
    pub(crate) phrase: i64,
    pub(crate) place: usize,
    /// Marks of all steps of the phrase. Steps beyond the section have none.
    pub(crate) marks: Vec<Mark>,
}

/// Finds the bars of songs. Keeps the seeds of the last take's sections, because the search for one
/// takes as long as the decoding of several steps.
#[derive(Debug, Default)]
pub(crate) struct SongBars {
    of: Option<(TakeControls, Option<Toward>)>,
    attempts: Vec<(SectionKind, u32)>,
}

impl SongBars {
    /// The bar of a song as a bar of its section's take.
    pub(crate) fn get(
        &mut self,
        take: &Take,
        meter: Meter,
        bar: i64,
        lead_ins: &[LeadIn],
    ) -> SongBar {
        let (chart, stage, played_bar) = (&take.chart, take.stage, bar);
        let bar = stage.chart_bar(bar);
        let phrase_bars = i64::try_from(take.bars()).unwrap_or(1);
        let (phrase, place) = take.phrase_of(chart.bar_of_theme(bar, phrase_bars));
        let place_bars = i64::try_from(place).unwrap_or(0);
        let first = bar - place_bars;
        let next = chart.next_section(bar).unwrap_or(i64::MAX);
        let mark = |bar, step| match bar < next {
            true => chart.mark(meter, take.fills, bar, step),
            false => Mark::default(),
        };
        let steps = |bar| {
            (0..meter.steps()).map(move |step| {
                let at = SongStep { bar: played_bar + (bar - first) - place_bars, step };
                stage.mark(meter, mark(bar, step), at)
            })
        };
        let marks = (first..).take(take.bars()).flat_map(steps).collect();
        let mut own = Take { chart: Chart::default(), stage: Stage::default(), ..*take };
        let of_stage = stage.kind.map(|kind| Section::new(0, kind));
        if let Some(section) = chart.section_at(bar).copied().or(of_stage) {
            let attempt = self.attempt(&own, &section, lead_ins);
            own = section_take(&own, &section, attempt);
        }
        SongBar { take: own, phrase, place, marks }
    }

    /// Number of the first seed of a section with the lead-in of the whole take, so that the
    /// sections of a song have one groove and themes of their own. A section with a seed of its own
    /// may have another groove.
    fn attempt(&mut self, take: &Take, section: &Section, lead_ins: &[LeadIn]) -> u32 {
        if take.is_primed() || section.seed.is_some() {
            return 0;
        }
        let of = Some((take.controls, take.toward));
        if self.of != of {
            (self.of, self.attempts) = (of, Vec::new());
        }
        let kind = section.kind;
        if let Some(&(_, attempt)) = self.attempts.iter().find(|(known, _)| *known == kind) {
            return attempt;
        }
        let lead_in = |take: &Take| choose(lead_ins, &take.interpolated());
        let wanted = lead_in(take);
        let mut attempts = 0..MAX_SEEDS;
        let found = attempts
            .find(|&attempt| lead_in(&section_take(take, section, attempt)) == wanted)
            .unwrap_or(0);
        self.attempts.push((kind, found));
        found
    }
}

/// The take of a section: its intensity and its seed.
fn section_take(take: &Take, section: &Section, attempt: u32) -> Take {
    let mut own = Take { intensity: section.intensity, ..*take };
    own.controls.seed = section.theme_seed(take.controls.seed, attempt);
    if let Some(toward) = &mut own.toward {
        toward.controls.seed = section.theme_seed(toward.controls.seed, attempt);
    }
    own
}
