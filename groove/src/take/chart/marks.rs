//! Marks of single steps by a chart.

use crate::pattern::{Meter, TICKS_PER_STEP};
use crate::take::chart::{Accent, Chart, Place, Stop};
use crate::take::fills::{FillPlace, Fills};

/// Entry after the band was silent or a fill ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reentry {
    /// The step follows neither.
    #[default]
    None,
    /// First step after a fill.
    AfterFill,
    /// First step after silence.
    AfterSilence,
}

/// Everything that a chart says about a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    /// Accent.
    pub(crate) accent: Option<Accent>,
    /// Number of accents in the bar.
    pub(crate) bar_accents: usize,
    /// Nothing is struck.
    pub(crate) silent: bool,
    /// Silence begins within a beat: no open hat rings into it.
    pub(crate) before_silence: bool,
    /// Time from the step to the choke of its cymbals, in ticks of 1/240 step; 0 if they ring on.
    pub(crate) choke_ticks: u16,
    /// Position in a fill that leads into a section or back in after a stop.
    pub(crate) fill: Option<FillPlace>,
    /// Entry at this step.
    pub(crate) reentry: Reentry,
}

impl Mark {
    /// Returns true if a step with this mark may be played differently.
    pub(crate) fn changes(&self) -> bool {
        *self != Mark::default()
    }
}

impl Chart {
    /// The mark of a step of a bar of the song.
    pub(crate) fn mark(&self, meter: Meter, fills: Fills, bar: i64, step: usize) -> Mark {
        let song = Steps { chart: self, fills, meter };
        let silent = song.is_silent(bar, step);
        let fill = if silent { None } else { song.fill(bar, step) };
        let (before_bar, before) = match step.checked_sub(1) {
            Some(step) => (bar, step),
            None => (bar.saturating_sub(1), meter.steps() - 1),
        };
        let struck = |stop: &Stop| stop.hit && song.until(stop.start, bar, step) == Some(0);
        let reentry = match fill {
            _ if silent => Reentry::None,
            _ if self.stops().iter().any(struck) => Reentry::AfterSilence,
            _ if song.is_silent(before_bar, before) => Reentry::AfterSilence,
            None if song.fill(before_bar, before).is_some() => Reentry::AfterFill,
            _ => Reentry::None,
        };
        let silence_follows = |stop: &Stop| {
            (1..=meter.beat_steps()).contains(&song.until(stop.start, bar, step).unwrap_or(0))
                && song.silent_steps(stop) > 0
        };
        let choked = |stop: &Stop| {
            let left = song.until(stop.start, bar, step)?;
            let is_choked = self.choke && !stop.hit && song.silent_steps(stop) > 0;
            (is_choked && (1..=meter.steps()).contains(&left)).then_some(left)
        };
        let choke_steps = self.stops().iter().filter(|_| !silent).find_map(choked).unwrap_or(0);
        Mark {
            accent: self.accents.get(bar, step),
            bar_accents: self.accents.in_bar(bar),
            silent,
            before_silence: !silent && self.stops().iter().any(silence_follows),
            choke_ticks: TICKS_PER_STEP * u16::try_from(choke_steps).unwrap_or(0),
            fill,
            reentry,
        }
    }
}

/// A chart in one meter.
struct Steps<'a> {
    chart: &'a Chart,
    fills: Fills,
    meter: Meter,
}

impl Steps<'_> {
    /// Steps from a step to a place of the song; `None` if it lies behind.
    fn until(&self, place: Place, bar: i64, step: usize) -> Option<usize> {
        let bars = i64::from(place.bar).checked_sub(bar)?;
        let steps = i64::try_from(self.meter.steps()).unwrap_or(i64::MAX);
        let within = i64::from(place.step).min(steps);
        let left = bars.checked_mul(steps)?.checked_add(within)?;
        usize::try_from(left.checked_sub(i64::try_from(step).ok()?)?).ok()
    }

    /// Steps of a stop after its hit.
    fn steps(&self, stop: &Stop) -> usize {
        let start = self.until(stop.start, 0, 0).unwrap_or(0);
        let end = self.until(stop.end, 0, 0).unwrap_or(0);
        end.saturating_sub(start).saturating_sub(stop.hit.into())
    }

    /// Steps of silence of a stop.
    fn silent_steps(&self, stop: &Stop) -> usize {
        self.steps(stop).saturating_sub(stop.pick_up.into())
    }

    /// Returns true if a stop silences a step.
    fn is_silent(&self, bar: i64, step: usize) -> bool {
        self.chart.stops().iter().any(|stop| {
            // The start lies at the step or behind it, and so does its hit.
            let begins = self.until(stop.start, bar, step);
            begins.unwrap_or(0) == 0
                && !(stop.hit && begins == Some(0))
                && self.until(stop.end, bar, step).unwrap_or(0) > stop.pick_up.into()
        })
    }

    /// Position of a step in a pick-up, or in the fill that leads into the next section.
    fn fill(&self, bar: i64, step: usize) -> Option<FillPlace> {
        let pick_up = self.chart.stops().iter().find_map(|stop| {
            let length = usize::from(stop.pick_up).min(self.steps(stop));
            let left = self.until(stop.end, bar, step)?;
            let place = FillPlace { done: length.saturating_sub(left), left };
            (1..=length).contains(&left).then_some(place)
        });
        pick_up.or_else(|| self.section_fill(bar, step))
    }

    /// Position of a step in the fill that leads into the next section. A stop in it replaces it.
    fn section_fill(&self, bar: i64, step: usize) -> Option<FillPlace> {
        let next = self.chart.next_section(bar)?;
        let steps = self.meter.steps();
        let first = self.chart.section_at(bar).map_or(0, |section| i64::from(section.start));
        let bars = usize::try_from((next - first).clamp(0, 2)).unwrap_or(0);
        let length = usize::from(self.fills.steps).min(bars * steps);
        let place = Place { bar: u16::try_from(next).ok()?, step: 0 };
        let left = self.until(place, bar, step)?;
        let fill = (1..=length)
            .contains(&left)
            .then_some(FillPlace { done: length.saturating_sub(left), left })?;
        let back = |left: usize| {
            let left = i64::try_from(left).unwrap_or(0);
            let all = next.saturating_mul(i64::try_from(steps).unwrap_or(1)) - left;
            let steps = i64::try_from(steps).unwrap_or(1);
            (all.div_euclid(steps), usize::try_from(all.rem_euclid(steps)).unwrap_or(0))
        };
        let is_free = (1..=length).map(back).all(|(bar, step)| !self.is_silent(bar, step));
        is_free.then_some(fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::take::chart::{Section, SectionKind};

    const FOUR: Meter = Meter::FOUR_FOUR;

    fn place(bar: u16, step: u8) -> Place {
        Place { bar, step }
    }

    fn marks(chart: &Chart, meter: Meter, bars: i64) -> Vec<Mark> {
        let fills = Fills { steps: 8, ..Fills::default() };
        let steps = |bar| (0..meter.steps()).map(move |step| (bar, step));
        (0..bars).flat_map(steps).map(|(bar, step)| chart.mark(meter, fills, bar, step)).collect()
    }

    fn true_at(marks: &[Mark], is: impl Fn(&Mark) -> bool) -> Vec<usize> {
        (0..).zip(marks).filter(|(_, mark)| is(mark)).map(|(at, _)| at).collect()
    }

    #[test]
    fn an_empty_chart_marks_nothing() {
        assert!(marks(&Chart::default(), FOUR, 4).iter().all(|mark| *mark == Mark::default()));
    }

    #[test]
    fn a_stop_is_silent_up_to_its_pick_up() {
        let mut chart = Chart::default();
        chart.set_stops([Stop { start: place(0, 12), end: place(2, 0), pick_up: 4, hit: false }]);
        let marks = marks(&chart, FOUR, 3);
        assert_eq!(true_at(&marks, |mark| mark.silent), (12..28).collect::<Vec<_>>());
        assert_eq!(true_at(&marks, |mark| mark.fill.is_some()), [28, 29, 30, 31]);
        assert_eq!(marks[29].fill, Some(FillPlace { done: 1, left: 3 }));
        assert_eq!(true_at(&marks, |mark| mark.before_silence), [8, 9, 10, 11]);
        assert_eq!(true_at(&marks, |mark| mark.reentry == Reentry::AfterSilence), [28]);
        assert_eq!(true_at(&marks, |mark| mark.reentry == Reentry::AfterFill), [32]);
    }

    #[test]
    fn cymbals_of_the_last_bar_before_a_stop_are_choked_if_asked() {
        let stops = [
            Stop { start: place(1, 8), end: place(2, 0), pick_up: 4, hit: false },
            Stop { start: place(4, 0), end: place(5, 0), pick_up: 0, hit: true },
            Stop { start: place(6, 0), end: place(6, 4), pick_up: 4, hit: false },
        ];
        let mut chart = Chart::default();
        chart.set_stops(stops);
        let ticks = |chart: &Chart| -> Vec<u16> {
            marks(chart, FOUR, 8).iter().map(|mark| mark.choke_ticks).collect()
        };
        assert!(ticks(&chart).iter().all(|&ticks| ticks == 0));
        chart.choke = true;
        let choked = |at: u16| if (8..24).contains(&at) { 240 * (24 - at) } else { 0 };
        assert_eq!(ticks(&chart), (0..128).map(choked).collect::<Vec<_>>());
    }

    #[test]
    fn a_stop_without_a_pick_up_ends_with_an_entry_and_one_without_silence_is_a_fill() {
        let mut chart = Chart::default();
        chart.set_stops([
            Stop { start: place(0, 4), end: place(0, 8), pick_up: 0, hit: false },
            Stop { start: place(1, 0), end: place(1, 4), pick_up: 9, hit: false },
        ]);
        let marks = marks(&chart, FOUR, 2);
        assert_eq!(true_at(&marks, |mark| mark.silent), [4, 5, 6, 7]);
        assert_eq!(true_at(&marks, |mark| mark.reentry == Reentry::AfterSilence), [8]);
        assert_eq!(true_at(&marks, |mark| mark.fill.is_some()), [16, 17, 18, 19]);
        assert_eq!(marks[16].fill, Some(FillPlace { done: 0, left: 4 }));
        assert_eq!(true_at(&marks, |mark| mark.reentry == Reentry::AfterFill), [20]);
        assert!(marks[8..].iter().all(|mark| !mark.before_silence));
    }

    #[test]
    fn the_end_of_a_song_is_a_hit_and_silence() {
        let mut chart = Chart::default();
        chart.set_stops([Stop { start: place(0, 8), end: Stop::SONG_END, pick_up: 0, hit: true }]);
        let marks = marks(&chart, FOUR, 3);
        assert_eq!(true_at(&marks, |mark| mark.silent), (9..48).collect::<Vec<_>>());
        assert_eq!(true_at(&marks, |mark| mark.reentry == Reentry::AfterSilence), [8]);
        assert!(chart.mark(FOUR, Fills::default(), 60_000, 3).silent);
    }

    #[test]
    fn fills_lead_into_sections_and_yield_to_stops() {
        for meter in [FOUR, Meter::new(7, 8), Meter::new(3, 4)] {
            let mut chart = Chart::default();
            let steps = meter.steps();
            chart.set_sections([2, 4, 5].map(|bar| Section::new(bar, SectionKind::Chorus)));
            let filled =
                |chart: &Chart| true_at(&marks(chart, meter, 7), |mark| mark.fill.is_some());
            let before = |bar: usize| bar * steps - 8..bar * steps;
            let all: Vec<usize> = [2, 4, 5].into_iter().flat_map(before).collect();
            assert_eq!(filled(&chart), all);
            let fill_end = marks(&chart, meter, 7)[2 * steps - 1].fill;
            assert_eq!(fill_end, Some(FillPlace { done: 7, left: 1 }));
            chart.set_stops([Stop {
                start: place(3, 0),
                end: place(4, 0),
                pick_up: 0,
                hit: false,
            }]);
            let rest: Vec<usize> = [2, 5].into_iter().flat_map(before).collect();
            assert_eq!(filled(&chart), rest);
        }
    }

    #[test]
    fn bars_with_accents_follow_them() {
        let mut chart = Chart::default();
        chart.accents.set(1, 6, Some(Accent::Strong));
        let marks = marks(&chart, FOUR, 3);
        assert_eq!(true_at(&marks, |mark| mark.bar_accents == 1), (16..32).collect::<Vec<_>>());
        assert_eq!(true_at(&marks, |mark| mark.accent.is_some()), [22]);
    }
}
