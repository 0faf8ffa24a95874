//! Numbers of the bars of a song whose meter changes.
//!
//! Hosts report where the current bar starts, but not how many bars precede it. While the song
//! plays on, each new bar line of the host is one bar more. The bar lines at which the count
//! departs from the plain one are remembered, so that a loop or a later start in the middle of the
//! song finds the same numbers again.
//!
//! The plain count, for places that were never played, assumes that the song had the present meter
//! from its start.

use arrayvec::ArrayVec;

use crate::pattern::Meter;
use crate::play::grid::TICKS_PER_BEAT;

/// Number of remembered bar lines; of more, the first in the song are forgotten.
const CAPACITY: usize = 256;

/// Tolerance for equal bar lines, in ticks.
const TOLERANCE: f64 = 0.5;

/// A bar line of the host.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BarLine {
    /// Position in ticks of 1/960 quarter note.
    ticks: f64,
    /// Meter of the bar that starts here.
    meter: Meter,
    /// Number of that bar; 0 is the first of the song.
    bar: i64,
}

/// Counts the bars of a song along its bar lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct BarCount {
    /// Bar lines from which on the numbers depart from the plain count, in order of position.
    departures: Box<ArrayVec<BarLine, CAPACITY>>,
    /// Last bar line of the song that plays.
    last: Option<BarLine>,
}

impl BarCount {
    /// Returns the number of the bar that starts at a bar line of the host, in ticks. `continues`
    /// is true if the song plays on from the last block.
    pub(crate) fn bar(&mut self, ticks: f64, meter: Meter, continues: bool) -> i64 {
        let known = self.known(ticks, meter);
        let last = self.last.filter(|last| continues && last.ticks <= ticks + TOLERANCE);
        let bar = last.map_or(known, |last| last.bar + bars_between(&last, ticks, meter));
        let line = BarLine { ticks, meter, bar };
        if let Some(last) = last.filter(|_| bar != known) {
            // Later departures were counted from other bars.
            let stale = |line: &BarLine| line.ticks > last.ticks + TOLERANCE;
            while self.departures.last().is_some_and(stale) {
                self.departures.pop();
            }
            self.departures.retain(|line| (line.ticks - ticks).abs() > TOLERANCE);
            if self.departures.is_full() {
                self.departures.remove(0);
            }
            self.departures.push(line);
        }
        self.last = Some(line);
        bar
    }

    /// Forgets the last bar line: the song stops, or the host reports no bar line.
    pub(crate) fn pause(&mut self) {
        self.last = None;
    }

    /// Returns the number of a bar from the remembered bar lines, or else the plain count.
    #[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
    fn known(&self, ticks: f64, meter: Meter) -> i64 {
        let length = meter.beats() * TICKS_PER_BEAT;
        let before = self.departures.iter().rev().find(|line| line.ticks <= ticks + TOLERANCE);
        let counted = before.filter(|line| line.meter == meter).and_then(|line| {
            let bars = ((ticks - line.ticks) / length).round();
            let on_line = (line.ticks + bars * length - ticks).abs() <= TOLERANCE;
            on_line.then(|| line.bar + bars as i64)
        });
        counted.unwrap_or_else(|| (ticks / length + 1e-6).floor() as i64)
    }
}

/// Number of bars from a bar line to a later one of the same song. Between them lie only bars of
/// the two meters; a bar that a change of meter cuts short counts as one.
#[expect(clippy::cast_possible_truncation, reason = "bar numbers are far from the limits")]
fn bars_between(last: &BarLine, ticks: f64, meter: Meter) -> i64 {
    let distance = ticks - last.ticks;
    if distance <= TOLERANCE {
        return 0;
    }
    let [old, new] = [last.meter, meter].map(|meter| meter.beats() * TICKS_PER_BEAT);
    // A block that spans several bars hides the lines between them.
    let most = ((distance - old) / new).floor().max(0.0);
    let hidden = (0..=most as i64).find_map(|later| {
        let bars = (distance - later as f64 * new) / old;
        ((bars - bars.round()).abs() * old <= TOLERANCE && bars >= 0.5)
            .then(|| bars.round() as i64 + later)
    });
    hidden.unwrap_or_else(|| (distance / old).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Meter = Meter::FOUR_FOUR;

    fn three() -> Meter {
        Meter::new(3, 4)
    }

    /// Bar lines in quarter notes and their meters: four bars of 4/4, three of 3/4, then 4/4.
    fn song() -> Vec<(f64, Meter)> {
        let four = (0..4).map(|bar| (f64::from(bar) * 4.0, FOUR));
        let three = (0..3).map(|bar| (f64::from(bar).mul_add(3.0, 16.0), three()));
        four.chain(three)
            .chain((0..4).map(|bar| (f64::from(bar).mul_add(4.0, 25.0), FOUR)))
            .collect()
    }

    fn count(counter: &mut BarCount, (beats, meter): (f64, Meter), continues: bool) -> i64 {
        counter.bar(beats * TICKS_PER_BEAT, meter, continues)
    }

    #[test]
    fn a_bar_is_counted_at_each_bar_line_and_found_again() {
        let mut counter = BarCount::default();
        for (bar, line) in (0..).zip(song()) {
            assert_eq!(count(&mut counter, line, true), bar);
            assert_eq!(count(&mut counter, line, true), bar, "within the bar");
        }
        counter.pause();
        for (bar, &line) in song().iter().enumerate().rev() {
            assert_eq!(count(&mut counter, line, false), i64::try_from(bar).expect("few"));
        }
    }

    #[test]
    fn a_place_that_was_never_played_has_the_plain_count() {
        let mut counter = BarCount::default();
        assert_eq!(count(&mut counter, (25.0, FOUR), false), 6);
        assert_eq!(count(&mut counter, (29.0, FOUR), true), 7);
        // From the start it is the seventh bar, and from then on everywhere.
        for (bar, line) in (0..).zip(song()) {
            assert_eq!(count(&mut counter, line, bar > 0), bar);
        }
        assert_eq!(count(&mut counter, (29.0, FOUR), false), 8);
    }

    #[test]
    fn a_changed_song_is_counted_anew() {
        let mut counter = BarCount::default();
        for line in song() {
            count(&mut counter, line, true);
        }
        // The meter now changes a bar earlier and stays.
        for bar in 0..3u8 {
            let line = (f64::from(bar) * 4.0, FOUR);
            assert_eq!(count(&mut counter, line, bar > 0), i64::from(bar));
        }
        for bar in 0..9u8 {
            let line = (f64::from(bar).mul_add(3.0, 12.0), three());
            assert_eq!(count(&mut counter, line, true), i64::from(bar) + 3);
        }
        assert_eq!(count(&mut counter, (27.0, three()), false), 8);
    }

    #[test]
    fn a_block_that_hides_bar_lines_counts_them() {
        let mut counter = BarCount::default();
        assert_eq!(count(&mut counter, (8.0, FOUR), true), 2);
        assert_eq!(count(&mut counter, (19.0, three()), true), 5, "12, 16 and 19");
        assert_eq!(count(&mut counter, (20.0, FOUR), true), 6, "a bar cut short");
        assert_eq!(count(&mut counter, (40.0, FOUR), true), 11);
    }

    #[test]
    fn of_too_many_changes_the_last_are_remembered() {
        let mut counter = BarCount::default();
        let mut beats = 0.0;
        let mut lines = Vec::new();
        for bar in 0..600 {
            let meter = if bar % 2 == 0 { FOUR } else { three() };
            lines.push((beats, meter));
            assert_eq!(count(&mut counter, (beats, meter), true), bar);
            beats += meter.beats();
        }
        for bar in 500..600 {
            assert_eq!(count(&mut counter, lines[usize::try_from(bar).expect("few")], false), bar);
        }
    }
}
