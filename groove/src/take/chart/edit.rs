//! Edits of a chart by hand.

use crate::pattern::Meter;
use crate::take::chart::{Chart, Place, Section, Stop};

impl Chart {
    /// Adds a section, or replaces the one that begins at its bar. Returns false if there is no room
    /// for another.
    pub fn add_section(&mut self, section: Section) -> bool {
        let others = self.sections().iter().filter(|other| other.start != section.start);
        let all: Vec<Section> = others.copied().chain([section]).collect();
        let before = *self;
        let fits = self.set_sections(all);
        if !fits {
            *self = before;
        }
        fits
    }

    /// Removes the section that begins at a bar; the one before it goes on.
    pub fn remove_section(&mut self, start: u16) {
        let others = self.sections().iter().filter(|other| other.start != start);
        let others: Vec<Section> = others.copied().collect();
        self.set_sections(others);
    }

    /// Moves the start of a section, between those of its neighbours. Returns the new start.
    pub fn move_section(&mut self, from: u16, to: u16) -> u16 {
        let Some(place) = self.sections().iter().position(|section| section.start == from) else {
            return from;
        };
        let mut sections = self.sections().to_vec();
        let least = place.checked_sub(1).map_or(0, |before| sections[before].start + 1);
        let most = sections.get(place + 1).map_or(u16::MAX, |after| after.start - 1);
        sections[place].start = to.clamp(least, most);
        let start = sections[place].start;
        self.set_sections(sections);
        start
    }

    /// Adds a stop from a place to a later one, together with those that it touches. The drummer
    /// leads back in during the last beat of a stop of two beats and more. Returns false if there is
    /// no room for another.
    pub fn add_stop(&mut self, start: Place, end: Place, meter: Meter) -> bool {
        let (mut start, mut end) = (start, end);
        let (mut others, mut hit) = (Vec::new(), false);
        for stop in self.stops() {
            if stop.end < start || stop.start > end {
                others.push(*stop);
            } else {
                hit |= stop.hit && stop.start <= start;
                (start, end) = (start.min(stop.start), end.max(stop.end));
            }
        }
        others.push(Stop { hit, ..stop(start, end, meter) });
        let before = *self;
        let fits = self.set_stops(others);
        if !fits {
            *self = before;
        }
        fits
    }

    /// Removes stops from a place to a later one; stops that reach beyond keep their rest.
    pub fn remove_stops(&mut self, start: Place, end: Place, meter: Meter) {
        let mut rest = Vec::new();
        for known in self.stops() {
            if known.end <= start || known.start >= end {
                rest.push(*known);
                continue;
            }
            if known.start < start {
                rest.push(Stop { hit: known.hit, ..stop(known.start, start, meter) });
            }
            // The end of a song is removed as a whole.
            if known.end > end && known.end < Stop::SONG_END {
                rest.push(stop(end, known.end, meter));
            }
        }
        // Of more pieces than there is room for, the last are lost; a cut adds one at most.
        self.set_stops(rest);
    }

    /// Returns true if a place is part of a stop, its pick-up included.
    #[must_use]
    pub fn stops_at(&self, place: Place) -> bool {
        self.stops().iter().any(|stop| (stop.start..stop.end).contains(&place))
    }
}

/// A stop with the usual pick-up.
fn stop(start: Place, end: Place, meter: Meter) -> Stop {
    let beat = meter.beat_steps();
    let steps = usize::from(end.bar.saturating_sub(start.bar)) * meter.steps();
    let steps = (steps + usize::from(end.step)).saturating_sub(start.step.into());
    let pick_up = if steps >= 2 * beat { u8::try_from(beat).unwrap_or(4) } else { 0 };
    Stop { start, end, pick_up, hit: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::take::chart::{MAX_SECTIONS, SectionKind};

    const FOUR: Meter = Meter::FOUR_FOUR;

    fn place(bar: u16, step: u8) -> Place {
        Place { bar, step }
    }

    #[test]
    fn sections_are_added_moved_and_removed() {
        let mut chart = Chart::default();
        for (start, kind) in [(8, SectionKind::Chorus), (0, SectionKind::Verse)] {
            assert!(chart.add_section(Section::new(start, kind)));
        }
        assert!(chart.add_section(Section::new(8, SectionKind::Bridge)));
        let starts = |chart: &Chart| -> Vec<u16> {
            chart.sections().iter().map(|section| section.start).collect()
        };
        assert_eq!(starts(&chart), [0, 8]);
        assert_eq!(chart.move_section(8, 12), 12);
        assert_eq!(chart.move_section(0, 40), 11, "up to the next section");
        assert_eq!(chart.move_section(12, 3), 12, "and behind the one before");
        assert_eq!(starts(&chart), [11, 12]);
        chart.remove_section(11);
        assert_eq!(chart.sections(), [Section::new(12, SectionKind::Bridge)]);
        for start in 100..100 + u16::try_from(MAX_SECTIONS).unwrap() - 1 {
            assert!(chart.add_section(Section::new(start, SectionKind::Solo)));
        }
        let full = chart;
        assert!(!chart.add_section(Section::new(5, SectionKind::Solo)));
        assert_eq!(chart, full);
    }

    #[test]
    fn stops_are_painted_together_and_cut() {
        let mut chart = Chart::default();
        assert!(chart.add_stop(place(2, 0), place(2, 4), FOUR));
        assert_eq!(chart.stops()[0].pick_up, 0, "too short for a pick-up");
        assert!(chart.add_stop(place(2, 4), place(3, 0), FOUR));
        let whole = Stop { start: place(2, 0), end: place(3, 0), pick_up: 4, hit: false };
        assert_eq!(chart.stops(), [whole]);
        assert!(chart.stops_at(place(2, 15)) && !chart.stops_at(place(3, 0)));
        chart.remove_stops(place(2, 4), place(2, 8), FOUR);
        let [one, other] = [(0, 4, 0), (8, 16, 4)].map(|(start, end, pick_up)| Stop {
            start: place(2, start),
            end: if end == 16 { place(3, 0) } else { place(2, end) },
            pick_up,
            hit: false,
        });
        assert_eq!(chart.stops(), [one, other]);
        chart.remove_stops(place(0, 0), place(9, 0), FOUR);
        assert!(chart.stops().is_empty());
        let last = Stop { start: place(7, 8), end: Stop::SONG_END, pick_up: 0, hit: true };
        chart.set_stops([last]);
        chart.remove_stops(place(7, 8), place(7, 12), FOUR);
        assert!(chart.stops().is_empty(), "one click removes the end of a song");
    }
}
