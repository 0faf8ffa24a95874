//! Charts: what a drummer knows about a song. Sections with themes that return and an intensity,
//! accents that the kick leans to, and stops. Positions are bars and steps, so that a chart does
//! not depend on the tempo.
//!
//! A chart is a value of fixed size, as the rest of a take. The empty chart changes nothing.

mod accents;
mod edit;
mod energy;
mod fixed_list;
mod listened;
#[cfg(test)]
mod listened_tests;
mod marks;
mod packed_bars;
mod section;
mod song_file;
#[cfg(test)]
mod song_file_tests;
mod song_grid;

use serde::{Deserialize, Serialize};

pub use accents::{Accent, Accents};
pub use energy::Energy;
use fixed_list::FixedList;
pub use listened::{Heard, HeardPlace, Listened};
pub(crate) use marks::{Mark, Reentry};
pub use section::{Section, SectionKind, USUAL_INTENSITY};
pub use song_file::SongFile;

use crate::take::controls::repaired;

/// Maximum number of sections.
pub const MAX_SECTIONS: usize = 64;
/// Maximum number of stops.
pub const MAX_STOPS: usize = 64;
/// Bars of the last section of a chart, if nothing tells where it ends.
const LAST_BARS: u16 = 8;
/// Share of the way from the drummer's own kick to the accents at which the kick follows a line as
/// drummers do.
pub const USUAL_FOLLOW: f32 = 0.5;

/// Position in a song.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Place {
    /// Bar, from 0.
    pub bar: u16,
    /// Step of the bar. From the bar's end on, the start of the next one.
    pub step: u8,
}

/// A stop: the band rests, and so does the drummer. Nothing is struck from its start to its
/// pick-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// First silent step.
    pub start: Place,
    /// Re-entry of the band.
    pub end: Place,
    /// Last steps of the stop, in which the drummer leads back in. 0: the re-entry is struck after
    /// silence. A pick-up of the whole length is a fill without silence.
    pub pick_up: u8,
    /// Kick and crash are struck on its first step.
    #[serde(default, skip_serializing_if = "is_off")]
    pub hit: bool,
}

fn is_off(flag: &bool) -> bool {
    !flag
}

impl Stop {
    /// End of a stop that lasts to the end of the song.
    pub const SONG_END: Place = Place { bar: u16::MAX, step: 0 };

    /// Bars of the song up to the end of the stop, or up to its start if it lasts to the song's
    /// end.
    #[must_use]
    pub fn bars(&self) -> u16 {
        match self.end < Stop::SONG_END {
            true => self.end.bar.saturating_add(u16::from(self.end.step > 0)),
            false => self.start.bar.saturating_add(1),
        }
    }
}

/// The drummer's knowledge of a song.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedChart", into = "SavedChart")]
pub struct Chart {
    /// In order of their starts, each at another bar.
    sections: FixedList<Section, MAX_SECTIONS>,
    /// In order of their starts, without overlaps.
    stops: FixedList<Stop, MAX_STOPS>,
    /// Accents.
    pub accents: Accents,
    /// Loudness of the band at each beat, which the drummer's follows.
    pub energy: Energy,
    /// Influence of the accents on the kick, 0 to 1; [`USUAL_FOLLOW`] is as drummers do.
    pub follow: f32,
    /// A hand chokes the cymbals where a stop begins.
    pub choke: bool,
}

/// Serialised form; not yet validated.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct SavedChart {
    sections: Vec<Section>,
    stops: Vec<Stop>,
    #[serde(skip_serializing_if = "Accents::is_empty")]
    accents: Accents,
    #[serde(skip_serializing_if = "Energy::is_empty")]
    energy: Energy,
    follow: f32,
    #[serde(skip_serializing_if = "is_off")]
    choke: bool,
}

impl Default for SavedChart {
    fn default() -> Self {
        Chart::default().into()
    }
}

impl Default for Chart {
    fn default() -> Self {
        Chart {
            sections: FixedList::default(),
            stops: FixedList::default(),
            accents: Accents::default(),
            energy: Energy::default(),
            follow: USUAL_FOLLOW,
            choke: false,
        }
    }
}

impl Chart {
    /// Returns true if the chart changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sections().is_empty()
            && self.stops().is_empty()
            && self.accents.is_empty()
            && self.energy.is_empty()
    }

    /// Sections in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        self.sections.as_slice()
    }

    /// Stops in order.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        self.stops.as_slice()
    }

    /// Replaces the sections: sorted, one for each bar, at intensities from 0 to 1. Returns false if
    /// some find no room.
    pub fn set_sections(&mut self, sections: impl IntoIterator<Item = Section>) -> bool {
        let mut sections: Vec<Section> = sections.into_iter().collect();
        sections.sort_by_key(|section| section.start);
        sections.dedup_by_key(|section| section.start);
        let usual = |section: &Section| section.kind.usual_intensity();
        self.sections.replace(sections.into_iter().map(|section| Section {
            intensity: repaired(section.intensity, usual(&section), 0.0, 1.0),
            ..section
        }))
    }

    /// Replaces the stops: sorted, without empty ones; of two that overlap, the later one begins at
    /// the end of the other. Returns false if some find no room.
    pub fn set_stops(&mut self, stops: impl IntoIterator<Item = Stop>) -> bool {
        let mut stops: Vec<Stop> = stops.into_iter().collect();
        stops.sort_by_key(|stop| (stop.start, stop.end));
        let mut end = Place::default();
        stops.retain_mut(|stop| {
            stop.start = stop.start.max(end);
            let is_kept = stop.start < stop.end;
            end = end.max(stop.end);
            is_kept
        });
        self.stops.replace(stops)
    }

    /// Bars of the song as far as the chart describes it: up to its last accent, energy or stop, and
    /// eight bars of its last section.
    #[must_use]
    pub fn bars(&self) -> u16 {
        let section = self.sections().last().map_or(0, |last| last.start.saturating_add(LAST_BARS));
        let stop = self.stops().last().map_or(0, Stop::bars);
        let accents = (0..self.accents.bars()).rev();
        let has_accents =
            |&bar: &usize| i64::try_from(bar).is_ok_and(|bar| self.accents.in_bar(bar) > 0);
        let accents = accents.into_iter().find(has_accents).map_or(0, |bar| bar + 1);
        let marked = u16::try_from(accents).unwrap_or(u16::MAX).max(self.energy.used_bars());
        section.max(stop).max(marked)
    }

    /// The bars of the section at a bar, or of those before the first one.
    #[must_use]
    pub fn section_bars(&self, bar: i64) -> std::ops::Range<i64> {
        let start = self.section_at(bar).map_or(0, |section| section.start.into());
        let end = self.next_section(bar).unwrap_or_else(|| self.bars().into());
        start..end.max(start + 1)
    }

    /// The section at a bar; `None` before the first.
    #[must_use]
    pub fn section_at(&self, bar: i64) -> Option<&Section> {
        self.sections()[..self.sections_until(bar)].last()
    }

    /// Number of sections that begin at a bar or before it.
    fn sections_until(&self, bar: i64) -> usize {
        self.sections().partition_point(|section| i64::from(section.start) <= bar)
    }

    /// First bar of the section after a bar; `None` in the last one.
    #[must_use]
    pub fn next_section(&self, bar: i64) -> Option<i64> {
        self.sections().get(self.sections_until(bar)).map(|next| next.start.into())
    }

    /// The bars of the sections of a song of this many bars, and those before the first one.
    fn section_ranges(&self, bars: usize) -> Vec<std::ops::Range<usize>> {
        let starts = self.sections().iter().map(|section| usize::from(section.start));
        let mut edges = vec![0];
        edges.extend(starts.filter(|&start| start > 0 && start < bars));
        edges.push(bars);
        edges.windows(2).map(|two| two[0]..two[1]).collect()
    }

    /// A bar's number within the theme of its section: bars from the section's start, after the
    /// phrases of earlier sections with the same theme. The number of the bar in the song before
    /// the first section.
    pub(crate) fn bar_of_theme(&self, bar: i64, phrase_bars: i64) -> i64 {
        let until = self.sections_until(bar);
        let Some(section) = self.sections()[..until].last() else { return bar };
        let earlier = self.sections()[..until].windows(2);
        let before: i64 = earlier
            .filter(|two| two[0].shares_theme(section))
            .map(|two| i64::from(two[1].start - two[0].start))
            .map(|bars| (bars + phrase_bars - 1).div_euclid(phrase_bars))
            .sum();
        before * phrase_bars + bar - i64::from(section.start)
    }
}

impl From<SavedChart> for Chart {
    /// Clamps a damaged chart to valid values.
    fn from(saved: SavedChart) -> Self {
        let follow = repaired(saved.follow, USUAL_FOLLOW, 0.0, 1.0);
        let SavedChart { accents, energy, choke, .. } = saved;
        let mut chart = Chart { accents, energy, follow, choke, ..Chart::default() };
        chart.set_sections(saved.sections);
        chart.set_stops(saved.stops);
        chart
    }
}

impl From<Chart> for SavedChart {
    fn from(chart: Chart) -> Self {
        SavedChart {
            sections: chart.sections().to_vec(),
            stops: chart.stops().to_vec(),
            accents: chart.accents,
            energy: chart.energy,
            follow: chart.follow,
            choke: chart.choke,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let mut chart = Chart::default();
        let kinds = [SectionKind::Chorus, SectionKind::Verse, SectionKind::Verse];
        let starts = [18, 4, 10].into_iter().zip(kinds);
        assert!(chart.set_sections(starts.map(|(start, kind)| Section::new(start, kind))));
        chart
    }

    #[test]
    fn sections_are_found_by_bar() {
        let chart = chart();
        let kind = |bar| chart.section_at(bar).map(|section| section.kind);
        assert_eq!([kind(-1), kind(3), kind(4)], [None, None, Some(SectionKind::Verse)]);
        assert_eq!([kind(17), kind(900)], [Some(SectionKind::Verse), Some(SectionKind::Chorus)]);
        assert_eq!(
            [3, 4, 9, 18].map(|bar| chart.next_section(bar)),
            [Some(4), Some(10), Some(10), None]
        );
        // The first verse is six bars long: two phrases of four.
        assert_eq!(chart.bars(), 26);
        let of_section = [0, 5, 12, 40].map(|bar| chart.section_bars(bar));
        assert_eq!(of_section, [0..4, 4..10, 10..18, 18..26]);
        let of_theme = [-3, 2, 4, 9, 10, 17, 18].map(|bar| chart.bar_of_theme(bar, 4));
        assert_eq!(of_theme, [-3, 2, 0, 5, 8, 15, 0]);
    }

    #[test]
    fn stops_are_sorted_and_do_not_overlap() {
        let mut chart = Chart::default();
        let place = |bar, step| Place { bar, step };
        let stop = |start, end| Stop { start, end, pick_up: 4, hit: false };
        let long = stop(place(3, 0), place(5, 0));
        assert!(chart.set_stops([
            stop(place(4, 8), place(6, 0)),
            long,
            stop(place(3, 4), place(4, 0)),
            stop(place(9, 0), place(9, 0)),
        ]));
        assert_eq!(chart.stops(), [long, stop(place(5, 0), place(6, 0))]);
        let many = (0..200).map(|bar| stop(place(bar, 0), place(bar, 4)));
        assert!(!chart.set_stops(many) && chart.stops().len() == MAX_STOPS);
    }

    #[test]
    fn charts_round_trip_and_damaged_ones_are_repaired() {
        let mut chart = chart();
        chart.accents.set(7, 3, Some(Accent::Stab));
        chart.energy.set_bar(3, [0.5, -1.0]);
        (chart.follow, chart.choke) = (0.75, true);
        let place = |bar, step| Place { bar, step };
        let end = Stop { start: place(30, 8), end: Stop::SONG_END, pick_up: 0, hit: true };
        let stop = Stop { start: place(9, 4), end: place(10, 0), pick_up: 4, hit: false };
        chart.set_stops([stop, end]);
        assert_eq!(chart.bars(), 31);
        let text = serde_json::to_string(&chart).unwrap();
        assert_eq!(serde_json::from_str::<Chart>(&text).unwrap(), chart);
        assert!(Chart::default().is_empty() && !chart.is_empty());
        assert_eq!(serde_json::from_str::<Chart>("{}").unwrap(), Chart::default());
        let damaged = r#"{"follow":1e30,"sections":[{"start":3,"kind":"solo","intensity":-4}]}"#;
        let damaged: Chart = serde_json::from_str(damaged).unwrap();
        assert_eq!((damaged.follow, damaged.sections()[0].intensity), (1.0, 0.0));
    }
}
