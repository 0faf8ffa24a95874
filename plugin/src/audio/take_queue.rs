//! Which take sounds from which beat on.
//!
//! There are at most three: the one that plays, the newest one (`asked`), and between them one
//! whose first bar is here (`ready`). A new take plays from the first beat before which its bar is
//! here. While `asked` is unanswered no newer one is asked for in real time, so that a knob that
//! moves all the time is heard all the time. Getting bars is the engine's business.

use groove::clock::{Grid, Span, TICKS_PER_BEAT};
use groove::pattern::STEPS_PER_BEAT;
use groove::take::Take;

use crate::link::TakesInUse;
use crate::params::controls::LaunchGrid;

/// Half a step in quarter notes: how early a beat's first hit can sound.
pub(crate) const EARLY_REACH: f64 = 0.5 / STEPS_PER_BEAT;

/// Grain of positions in quarter notes: what is nearer together is the same place.
const POSITION_TOLERANCE: f64 = 1e-6;

/// Takes in use at once: the three, and the one that is wanted.
const MAX_TAKES: usize = 4;

/// A take that waits for a beat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WaitingTake {
    /// Number of the take.
    pub(crate) number: u32,
    /// It may play from the first beat on whose earliest hits are after this position.
    pub(crate) since: f64,
}

/// A beat that a take can begin at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LaunchPoint {
    /// From this position on, notes belong to the new take.
    pub(crate) cut: f64,
    /// The bar that it begins in or with.
    pub(crate) bar: i64,
}

/// The takes in use. A take is large and does not move: it is known by its number, from 1 on; 0 is
/// none.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakeQueue {
    /// Number of the newest take.
    count: u32,
    takes: Box<[(u32, Take); MAX_TAKES]>,
    /// Whether the worker has been told of each of them.
    sent: [bool; MAX_TAKES],
    /// The one that is to play.
    wanted: u32,
    playing: u32,
    ready: Option<WaitingTake>,
    asked: Option<WaitingTake>,
    /// Where changes begin.
    launch_grid: LaunchGrid,
}

impl TakeQueue {
    /// The take that plays.
    pub(crate) fn playing(&self) -> Option<u32> {
        Some(self.playing).filter(|&number| number != 0)
    }

    /// The take that plays, if no other is to.
    pub(crate) fn settled_take(&self) -> Option<u32> {
        let settled = self.playing == self.wanted && self.ready.or(self.asked).is_none();
        self.playing().filter(|_| settled)
    }

    /// The takes that wait, newest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = WaitingTake> + use<> {
        [self.asked, self.ready].into_iter().flatten()
    }

    /// The takes that may begin at a beat, newest first.
    pub(crate) fn launchable_at(&self, launch: LaunchPoint) -> impl Iterator<Item = u32> + use<> {
        let waits = move |waiting: &WaitingTake| waiting.since <= launch.cut + POSITION_TOLERANCE;
        self.waiting().filter(waits).map(|waiting| waiting.number)
    }

    /// The numbers of all.
    pub(crate) fn in_use(&self) -> TakesInUse {
        TakesInUse {
            playing: self.playing,
            ready: self.ready.map_or(0, |ready| ready.number),
            asked: self.asked.map_or(0, |asked| asked.number),
        }
    }

    /// Has the worker told of a take, unless it knows it. Says whether it knows it now.
    pub(crate) fn send_once(
        &mut self,
        number: u32,
        send: impl FnOnce((u32, Take)) -> bool,
    ) -> bool {
        let Some(place) = self.slot(number) else { return false };
        self.sent[place] = self.sent[place] || send(self.takes[place]);
        self.sent[place]
    }

    fn slot(&self, number: u32) -> Option<usize> {
        self.takes.iter().position(|(of, _)| *of == number && number != 0)
    }

    /// Bars in the phrases of a take in use.
    fn bars(&self, number: u32) -> i64 {
        let bars = self.slot(number).map(|place| self.takes[place].1.bars());
        bars.and_then(|bars| i64::try_from(bars).ok()).unwrap_or(1)
    }

    /// From now on this take is wanted. One that is in use keeps its number.
    pub(crate) fn set_wanted(&mut self, take: &Take) {
        let TakesInUse { playing, ready, asked } = self.in_use();
        let in_use = |number: u32| number != 0 && [playing, ready, asked].contains(&number);
        let same = self.takes.iter().find(|(number, of)| in_use(*number) && of == take);
        self.wanted = same.map_or(0, |(number, _)| *number);
        if self.wanted == 0
            && let Some(place) = self.takes.iter().position(|(number, _)| !in_use(*number))
        {
            self.count = self.count.wrapping_add(1).max(1);
            self.wanted = self.count;
            (self.takes[place], self.sent[place]) = ((self.count, *take), false);
        }
    }

    /// While the song stands, the take that is wanted needs no beat.
    pub(crate) fn adopt_wanted(&mut self) {
        self.playing = self.wanted;
        (self.ready, self.asked) = (None, None);
    }

    /// From the next beat after a position on, notes are to be those of the take that is wanted.
    /// `patient`: the song waits for bars, so that of the takes that could begin at a beat only the
    /// newest matters, whenever the worker answers.
    /// `is_answered` says of a take and a bar of the song whether the worker has made what that is
    /// made of, or failed.
    pub(crate) fn queue_wanted(
        &mut self,
        since: f64,
        span: &Span,
        patient: bool,
        is_answered: impl Fn(u32, i64) -> bool,
    ) {
        if self.playing == self.wanted {
            (self.ready, self.asked) = (None, None);
            return;
        }
        let newest = self.asked.or(self.ready);
        if newest.is_some_and(|newest| newest.number == self.wanted) {
            return;
        }
        let wanted = WaitingTake { number: self.wanted, since };
        if let Some(asked) = self.asked {
            let first = if patient {
                let cut = |waiting| self.launch_point_of(waiting, span).map(|launch| launch.cut);
                cut(&asked).is_some_and(|at| cut(&wanted).is_none_or(|later| at < later))
            } else {
                let launch = self.launch_point_of(&asked, span);
                launch.is_some_and(|launch| is_answered(asked.number, launch.bar))
            };
            if first {
                self.ready = Some(asked);
            } else if !patient {
                return;
            }
        }
        self.asked = Some(wanted);
    }

    /// After a jump or at the start of a loop, waiting begins anew.
    pub(crate) fn restart_waits(&mut self, since: f64) {
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = since;
        }
    }

    /// At the start of the song, a take plays even if none of its bars is here.
    pub(crate) fn start_song(&mut self) {
        if self.playing == 0 {
            self.playing = self.asked.take().map_or(0, |asked| asked.number);
        }
    }

    /// The next beat that a waiting take could begin at.
    pub(crate) fn next_launch(&self, span: &Span) -> Option<LaunchPoint> {
        let asked = self.asked.and_then(|asked| self.launch_point_of(&asked, span));
        let ready = self.ready.and_then(|ready| self.launch_point_of(&ready, span));
        match (asked, ready) {
            (Some(asked), Some(ready)) if ready.cut < asked.cut => Some(ready),
            (asked, ready) => asked.or(ready),
        }
    }

    /// The first place whose earliest hits are after a position and at which a take with phrases of
    /// so many bars can begin, in quarter notes.
    pub(crate) fn next_launch_position(&self, since: f64, grid: &Grid, bars: i64) -> f64 {
        let earliest = since + EARLY_REACH;
        let bar = grid.bar_at(earliest);
        let start = grid.bar_ticks(bar) / TICKS_PER_BEAT;
        let length = grid.meter.beats();
        let from = |grain: f64| {
            let grains = ((earliest - start) / grain - POSITION_TOLERANCE).ceil();
            grains.mul_add(grain, start).min(start + length)
        };
        match self.launch_grid {
            LaunchGrid::Step => from(1.0 / STEPS_PER_BEAT),
            LaunchGrid::Beat => {
                from((4.0 / f64::from(grid.meter.denominator)).max(1.0 / STEPS_PER_BEAT))
            }
            LaunchGrid::Bar => from(length),
            LaunchGrid::Phrase => {
                let at = from(length);
                let into = grid.bar_at(at + POSITION_TOLERANCE).rem_euclid(bars);
                at + ((bars - into) % bars) as f64 * length
            }
        }
    }

    /// The same for a take that waits.
    pub(crate) fn launch_position_of(&self, waiting: &WaitingTake, grid: &Grid) -> f64 {
        self.next_launch_position(waiting.since, grid, self.bars(waiting.number))
    }

    /// Where changes are to begin.
    pub(crate) fn set_launch_grid(&mut self, launch_grid: LaunchGrid) {
        self.launch_grid = launch_grid;
    }

    /// The first place whose earliest hits are after the position since when a take waits. At the
    /// end of a loop that is its start.
    fn launch_point_of(&self, waiting: &WaitingTake, span: &Span) -> Option<LaunchPoint> {
        let grid = &span.grid;
        let at = self.launch_position_of(waiting, grid);
        let (at, bar) = match span.seam {
            // This time round is over.
            Some((_, end)) if waiting.since + EARLY_REACH > end + POSITION_TOLERANCE => {
                return None;
            }
            Some((start, end)) if at > end - POSITION_TOLERANCE => {
                (end, grid.bar_at(start + POSITION_TOLERANCE))
            }
            _ => (at, grid.bar_at(at + POSITION_TOLERANCE)),
        };
        Some(LaunchPoint { cut: at - EARLY_REACH, bar })
    }

    /// A beat has come: the newest take whose bar is here plays from it on. Those whose bar is not
    /// here wait for the next beat.
    pub(crate) fn launch(&mut self, launch: LaunchPoint, is_here: impl Fn(u32) -> bool) {
        if let Some(here) = self.launchable_at(launch).find(|&number| is_here(number)) {
            self.playing = here;
            self.ready = None;
            self.asked = self.asked.filter(|asked| asked.number != here);
        }
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = waiting.since.max(launch.cut + 1e-3);
        }
    }
}
