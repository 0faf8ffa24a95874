//! Requests of a player on stage: a fill, the next section, a break or the end, at once. They are
//! part of the take while they last, so that bars stay a function of take and position, and they
//! are never saved.

use crate::pattern::Meter;
use crate::take::chart::{Mark, Reentry, SectionKind};
use crate::take::fills::FillPlace;

/// Step of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SongStep {
    /// Bar; negative before the song.
    pub bar: i64,
    /// Step of the bar.
    pub step: usize,
}

impl SongStep {
    /// Steps up to a later step; 0 up to an earlier one.
    pub(crate) fn until(self, later: SongStep, meter: Meter) -> usize {
        let steps = |place: SongStep| {
            let bars = place.bar.saturating_mul(i64::try_from(meter.steps()).unwrap_or(1));
            bars.saturating_add(i64::try_from(place.step).unwrap_or(i64::MAX))
        };
        usize::try_from(steps(later).saturating_sub(steps(self))).unwrap_or(0)
    }
}

/// Jump to another place of the chart; the song goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionJump {
    /// First bar of the song after the jump.
    pub from: i64,
    /// Bar of the chart that is played in it.
    pub to: i64,
    /// Bars of the loop that the song plays, in which earlier bars follow later ones; 0 without a
    /// loop.
    pub cycle: i64,
}

/// Request at a position of the song.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cue {
    /// None.
    #[default]
    None,
    /// A fill from a step up to another.
    Fill {
        /// First step.
        from: SongStep,
        /// First step after the fill.
        to: SongStep,
    },
    /// Nothing is struck.
    Silence,
    /// The end of a break: silence, then a fill that leads back in.
    Return {
        /// First silent step.
        from: SongStep,
        /// First step of the fill.
        pick_up: SongStep,
        /// First step after the fill.
        to: SongStep,
    },
    /// A last stroke of kick and crash, then silence.
    End {
        /// Step of the stroke.
        at: SongStep,
    },
}

/// All requests that are in effect. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Jump in the chart.
    pub section: Option<SectionJump>,
    /// Kind of section that a song without sections plays; `None`: the take's own theme.
    pub kind: Option<SectionKind>,
    /// Request at a position.
    pub cue: Cue,
    /// Step at which the drummer enters as after a fill.
    pub entry: Option<SongStep>,
}

impl Stage {
    /// Returns true if nothing is requested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Stage::default()
    }

    /// The bar of the chart that is played in a bar of the song.
    #[must_use]
    pub fn chart_bar(&self, bar: i64) -> i64 {
        let Some(SectionJump { from, to, cycle }) = self.section else { return bar };
        let since = bar.saturating_sub(from);
        to.saturating_add(if since < 0 && cycle > 0 { since.rem_euclid(cycle) } else { since })
    }

    /// The mark of a step of the song, given that of the chart.
    pub(crate) fn mark(&self, meter: Meter, charted: Mark, at: SongStep) -> Mark {
        let silent = Mark { silent: true, ..Mark::default() };
        let enters = Mark { reentry: Reentry::AfterSilence, ..Mark::default() };
        let fill = |from: SongStep, to: SongStep| {
            Some(FillPlace { done: from.until(at, meter), left: at.until(to, meter) })
        };
        match self.cue {
            Cue::Fill { from, to } if (from..to).contains(&at) => {
                Mark { fill: fill(from, to), ..Mark::default() }
            }
            Cue::Silence => silent,
            Cue::Return { from, pick_up, .. } if (from..pick_up).contains(&at) => silent,
            Cue::Return { from, pick_up, to } if (pick_up..to).contains(&at) => {
                let begins = if at == pick_up && from < pick_up { enters } else { Mark::default() };
                Mark { fill: fill(pick_up, to), ..begins }
            }
            Cue::End { at: end } if at == end => enters,
            Cue::End { at: end } if at > end => silent,
            _ if self.entry == Some(at) && !charted.silent => {
                Mark { reentry: Reentry::AfterFill, fill: None, ..charted }
            }
            _ => charted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Meter = Meter::FOUR_FOUR;

    fn step(bar: i64, step: usize) -> SongStep {
        SongStep { bar, step }
    }

    fn marks(stage: Stage) -> Vec<Mark> {
        let steps = (-1..3).flat_map(|bar| (0..16).map(move |place| step(bar, place)));
        steps.map(|at| stage.mark(FOUR, Mark::default(), at)).collect()
    }

    fn places(marks: &[Mark], is: impl Fn(&Mark) -> bool) -> Vec<i64> {
        (-16..).zip(marks).filter(|(_, mark)| is(mark)).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_fill_lasts_up_to_its_end_and_the_next_step_enters() {
        let cue = Cue::Fill { from: step(0, 12), to: step(1, 0) };
        let filled = marks(Stage { cue, entry: Some(step(1, 0)), ..Stage::default() });
        assert_eq!(places(&filled, |mark| mark.fill.is_some()), [12, 13, 14, 15]);
        assert_eq!(filled[16 + 13].fill, Some(FillPlace { done: 1, left: 3 }));
        assert_eq!(places(&filled, |mark| mark.reentry == Reentry::AfterFill), [16]);
        assert_eq!(places(&filled, Mark::changes).len(), 5);
    }

    #[test]
    fn a_break_ends_with_a_fill_and_an_end_with_silence() {
        let cue = Cue::Return { from: step(0, 4), pick_up: step(0, 12), to: step(1, 0) };
        let back = marks(Stage { cue, ..Stage::default() });
        assert_eq!(places(&back, |mark| mark.silent), (4..12).collect::<Vec<_>>());
        assert_eq!(places(&back, |mark| mark.fill.is_some()), [12, 13, 14, 15]);
        assert_eq!(places(&back, |mark| mark.reentry == Reentry::AfterSilence), [12]);
        let end = marks(Stage { cue: Cue::End { at: step(0, 8) }, ..Stage::default() });
        assert_eq!(places(&end, |mark| mark.silent), (9..48).collect::<Vec<_>>());
        assert_eq!(places(&end, |mark| mark.reentry == Reentry::AfterSilence), [8]);
        let rest = marks(Stage { cue: Cue::Silence, ..Stage::default() });
        assert!(rest.iter().all(|mark| mark.silent));
    }

    #[test]
    fn a_jump_goes_on_and_a_loop_repeats_its_bars() {
        let at = |cycle, bar| {
            let section = Some(SectionJump { from: 6, to: 20, cycle });
            Stage { section, ..Stage::default() }.chart_bar(bar)
        };
        assert_eq!([6, 7, 30].map(|bar| at(0, bar)), [20, 21, 44]);
        // A loop of bars 4 to 7: bar 4 follows bar 7.
        assert_eq!([6, 7, 4, 5].map(|bar| at(4, bar)), [20, 21, 22, 23]);
        assert_eq!(Stage::default().chart_bar(-3), -3);
    }
}
