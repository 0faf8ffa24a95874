//! Performances: acts on stage, and the chart with them.

use crate::pattern::Meter;
use crate::take::chart::{Accents, Chart, Place, Section, SectionKind, Stop};
use crate::take::stage::SongStep;

/// An act on stage, at positions of the song.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageAct {
    /// Silence, and then a fill.
    Rest {
        /// First silent step.
        from: SongStep,
        /// First step of the fill; `from` for a fill without silence.
        pick_up: SongStep,
        /// First step after the fill.
        to: SongStep,
        /// Start and end of the loop, if the silence spans its end and the fill is in a later pass.
        over: Option<[SongStep; 2]>,
    },
    /// Kick and crash, then silence.
    End {
        /// Step of the hit.
        at: SongStep,
    },
    /// The song goes on with another bar of the chart.
    Jump {
        /// First bar of the song after the jump.
        from: i64,
        /// Bar of the chart that was played in it.
        to: i64,
    },
    /// A song without sections changes its theme.
    Theme {
        /// First bar of the theme.
        from: i64,
        /// Its kind; `None`: the take's own theme.
        kind: Option<SectionKind>,
    },
}

impl Chart {
    /// The chart after the acts, in order, and the number of acts that did not fit into it.
    #[must_use]
    pub fn performed(&self, acts: &[StageAct], meter: Meter) -> (Chart, usize) {
        let mut played = *self;
        let lost = acts.iter().filter(|act| !played.perform(act, self, meter)).count();
        (played, lost)
    }

    /// Adds an act of a performance of the chart `played`. Returns false if there is no room.
    fn perform(&mut self, act: &StageAct, played: &Chart, meter: Meter) -> bool {
        let before = *self;
        let fits = match *act {
            StageAct::Rest { from, pick_up, to, over } => {
                self.add_rest([from, pick_up, to], over, meter)
            }
            StageAct::End { at } => place(at).is_some_and(|start| {
                self.replace_stops(
                    Stop { start, end: Stop::SONG_END, pick_up: 0, hit: true },
                    meter,
                )
            }),
            StageAct::Jump { from, to } => self.splice(from, played, to),
            StageAct::Theme { from, kind } => u16::try_from(from).is_ok_and(|from| {
                self.resume(Place { bar: from, step: 0 })
                    && self.add_section(Section::new(from, kind.unwrap_or(SectionKind::Verse)))
            }),
        };
        if !fits {
            *self = before;
        }
        fits
    }

    /// Adds silence and a fill. Silence that spans the end of a loop becomes two stops: one up to the
    /// end, one from the loop's start on. After a whole silent pass only the second is added.
    fn add_rest(
        &mut self,
        steps: [SongStep; 3],
        over: Option<[SongStep; 2]>,
        meter: Meter,
    ) -> bool {
        let [Some(start), Some(_), Some(end)] = steps.map(place) else { return false };
        let pick_up = u8::try_from(steps[1].until(steps[2], meter)).unwrap_or(u8::MAX);
        let rest = Stop { start, end, pick_up, hit: false };
        let Some(over) = over else { return start < end && self.replace_stops(rest, meter) };
        let [Some(loop_start), Some(loop_end)] = over.map(place) else { return false };
        let before = Stop { end: loop_end, pick_up: 0, ..rest };
        (start <= end || self.replace_stops(before, meter))
            && self.replace_stops(Stop { start: loop_start, ..rest }, meter)
    }

    /// Adds a stop. Stops that overlap it keep their parts before and after it; an end of the song
    /// keeps only the part before it.
    fn replace_stops(&mut self, new: Stop, meter: Meter) -> bool {
        let mut stops = Vec::new();
        for known in self.stops() {
            if known.start < new.start {
                stops.push(known.until(new.start, meter));
            }
            let ends_later = known.end > new.end && known.end < Stop::SONG_END;
            if ends_later && known.start != new.start {
                let hit = known.hit && known.start >= new.end;
                stops.push(Stop { start: known.start.max(new.end), hit, ..*known });
            }
        }
        stops.push(new);
        self.set_stops(stops)
    }

    /// Goes on at a place after an end of the song.
    fn resume(&mut self, at: Place) -> bool {
        let resumed = |stop: &Stop| match stop.end == Stop::SONG_END && stop.start < at {
            true => Stop { end: at, ..*stop },
            false => *stop,
        };
        let stops: Vec<Stop> = self.stops().iter().map(resumed).collect();
        self.set_stops(stops)
    }

    /// Goes on, from a bar of the song on, with another chart from a bar of it on.
    fn splice(&mut self, from: i64, other: &Chart, to: i64) -> bool {
        let (Ok(start), Ok(other_start)) = (u16::try_from(from), u16::try_from(to)) else {
            return false;
        };
        let shifted = |bar: u16| bar.saturating_sub(other_start).saturating_add(start);
        let later = other.sections().iter().filter(|section| section.start >= other_start);
        let later = later.map(|section| Section { start: shifted(section.start), ..*section });
        let sections = self.sections().iter().copied().filter(|section| section.start < start);
        let sections: Vec<Section> = sections.chain(later).collect();
        let (here, there) = (Place { bar: start, step: 0 }, Place { bar: other_start, step: 0 });
        let moved = |place: Place| match place < Stop::SONG_END {
            true => Place { bar: shifted(place.bar), ..place },
            false => place,
        };
        let later = other.stops().iter().filter(|stop| stop.end > there).map(|stop| Stop {
            start: moved(stop.start.max(there)),
            end: moved(stop.end),
            hit: stop.hit && stop.start >= there,
            ..*stop
        });
        let stops = self.stops().iter().copied().filter(|stop| stop.start < here);
        let stops = stops.map(|stop| Stop { end: stop.end.min(here), ..stop });
        let stops: Vec<Stop> = stops.chain(later).collect();
        let accents = self.spliced_accents(from, &other.accents, to);
        self.set_sections(sections) & self.set_stops(stops) & accents
    }

    /// The same with the accents.
    fn spliced_accents(&mut self, from: i64, other: &Accents, to: i64) -> bool {
        let mut fits = true;
        let bars = i64::try_from(self.accents.bars().max(other.bars())).unwrap_or(0);
        for bar in from.max(0)..from.max(to) + bars {
            for step in 0..other.bar_steps() {
                let accent = other.get(bar - from + to, step);
                fits &= self.accents.set(bar, step, accent) || accent.is_none();
            }
        }
        fits
    }
}

impl Stop {
    /// The part of a stop before a place in it or behind it.
    fn until(&self, end: Place, meter: Meter) -> Stop {
        if end >= self.end {
            return *self;
        }
        // The end of a song has no pick-up.
        let [cut, last] = [end, self.end]
            .map(|Place { bar, step }| SongStep { bar: bar.into(), step: step.into() });
        let lost = u8::try_from(cut.until(last, meter)).unwrap_or(u8::MAX);
        Stop { end, pick_up: self.pick_up.saturating_sub(lost), ..*self }
    }
}

/// The place of a step; `None` outside of the bars of a chart.
fn place(at: SongStep) -> Option<Place> {
    let bar = u16::try_from(at.bar).ok().filter(|&bar| bar < u16::MAX)?;
    Some(Place { bar, step: u8::try_from(at.step).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::take::chart::Accent;

    const FOUR: Meter = Meter::FOUR_FOUR;

    fn step(bar: i64, step: usize) -> SongStep {
        SongStep { bar, step }
    }

    fn at(bar: u16, step: u8) -> Place {
        Place { bar, step }
    }

    fn fill(from: SongStep, to: SongStep) -> StageAct {
        StageAct::Rest { from, pick_up: from, to, over: None }
    }

    fn stops(acts: &[StageAct]) -> Vec<(Place, Place, u8, bool)> {
        let (chart, lost) = Chart::default().performed(acts, FOUR);
        assert_eq!(lost, 0);
        chart.stops().iter().map(|stop| (stop.start, stop.end, stop.pick_up, stop.hit)).collect()
    }

    #[test]
    fn fills_breaks_and_ends_are_stops() {
        let rest =
            StageAct::Rest { from: step(4, 4), pick_up: step(5, 12), to: step(6, 0), over: None };
        let acts = [fill(step(2, 12), step(3, 0)), rest, StageAct::End { at: step(9, 8) }];
        let expected = [
            (at(2, 12), at(3, 0), 4, false),
            (at(4, 4), at(6, 0), 4, false),
            (at(9, 8), Stop::SONG_END, 0, true),
        ];
        assert_eq!(stops(&acts), expected);
    }

    #[test]
    fn later_acts_replace_earlier_ones_from_their_start_on() {
        // A fill that was cut by the end, which a fill ended.
        let acts = [
            fill(step(2, 4), step(3, 0)),
            StageAct::End { at: step(2, 12) },
            fill(step(4, 8), step(5, 0)),
        ];
        let expected = [
            (at(2, 4), at(2, 12), 8, false),
            (at(2, 12), at(4, 8), 0, true),
            (at(4, 8), at(5, 0), 8, false),
        ];
        assert_eq!(stops(&acts), expected);
        // A break that was longer than when its key went down.
        let rest = |bar| StageAct::Rest {
            from: step(1, 0),
            pick_up: step(bar, 12),
            to: step(bar + 1, 0),
            over: None,
        };
        assert_eq!(stops(&[rest(1), rest(3)]), [(at(1, 0), at(4, 0), 4, false)]);
        assert_eq!(stops(&[rest(3), rest(1)]), [(at(1, 0), at(2, 0), 4, false)]);
    }

    #[test]
    fn silence_over_the_end_of_a_loop_is_two_stops() {
        let over = Some([step(2, 0), step(6, 0)]);
        let shortest = fill(step(5, 4), step(6, 0));
        let rest = |pick_up, to| StageAct::Rest { from: step(5, 4), pick_up, to, over };
        let expected = [(at(2, 0), at(3, 0), 4, false), (at(5, 4), at(6, 0), 0, false)];
        assert_eq!(stops(&[shortest, rest(step(2, 12), step(3, 0))]), expected);
        // Up to the start of the loop, where another act begins.
        assert_eq!(stops(&[shortest, rest(step(2, 0), step(2, 0))]), expected[1..]);
        // A whole pass: the fill of the second one ends later than the silence began.
        let expected = [(at(2, 0), at(6, 0), 4, false)];
        assert_eq!(stops(&[shortest, rest(step(5, 12), step(6, 0))]), expected);
    }

    #[test]
    fn themes_are_sections_and_end_an_end() {
        let acts = [
            StageAct::Theme { from: 4, kind: Some(SectionKind::Chorus) },
            StageAct::End { at: step(7, 0) },
            StageAct::Theme { from: 9, kind: None },
        ];
        let (chart, lost) = Chart::default().performed(&acts, FOUR);
        let kinds: Vec<_> = chart.sections().iter().map(|it| (it.start, it.kind)).collect();
        assert_eq!(kinds, [(4, SectionKind::Chorus), (9, SectionKind::Verse)]);
        assert_eq!((chart.stops()[0].end, lost), (at(9, 0), 0));
    }

    #[test]
    fn a_jump_goes_on_with_the_chart_that_was_played() {
        let mut chart = Chart::default();
        let kinds = [SectionKind::Intro, SectionKind::Verse, SectionKind::Chorus];
        chart.set_sections(
            [0, 8, 16].into_iter().zip(kinds).map(|(at, kind)| Section::new(at, kind)),
        );
        let stop = Stop { start: at(17, 0), end: at(17, 8), pick_up: 0, hit: false };
        chart.set_stops([Stop { start: at(5, 0), end: at(6, 0), ..stop }, stop]);
        chart.accents.set(16, 3, Some(Accent::Strong));
        chart.accents.set(3, 2, Some(Accent::Light));
        chart.accents.set(8, 2, Some(Accent::Light));
        // From bar 4 on, the verse; from bar 6 on, the chorus.
        let jump = |from, to| StageAct::Jump { from, to };
        let (kept, lost) = chart.performed(&[jump(4, 8), jump(6, 16)], FOUR);
        assert_eq!(lost, 0);
        for bar in 0..40 {
            let charted = match bar {
                0..4 => bar,
                4..6 => bar + 4,
                _ => bar + 10,
            };
            let kind = |chart: &Chart, bar| chart.section_at(bar).map(|section| section.kind);
            assert_eq!(kind(&kept, bar), kind(&chart, charted), "bar {bar}");
            for step in 0..16 {
                assert_eq!(kept.accents.get(bar, step), chart.accents.get(charted, step));
                let place = |bar: i64| at(u16::try_from(bar).unwrap(), u8::try_from(step).unwrap());
                let stops = |chart: &Chart, bar| chart.stops_at(place(bar));
                assert_eq!(stops(&kept, bar), stops(&chart, charted), "bar {bar}, step {step}");
            }
        }
    }

    #[test]
    fn acts_without_room_are_counted() {
        let fills = (0..70).map(|bar| fill(step(bar, 12), step(bar + 1, 0)));
        let before = fill(step(-2, 12), step(-1, 0));
        let acts: Vec<_> = fills.chain([before]).collect();
        let (chart, lost) = Chart::default().performed(&acts, FOUR);
        assert_eq!((chart.stops().len(), lost), (64, 7));
    }
}
