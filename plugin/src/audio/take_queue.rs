//! The queue of takes: decides which take sounds from which beat on.
//!
//! It holds at most three takes: the playing one, the newest one (`asked`), and between them one
//! whose first bar has arrived (`ready`). A new take starts at the first launch point before which
//! its bar arrives. In real time no newer take is requested while `asked` is unanswered, so that a
//! knob in constant motion is heard continuously. The engine fetches the bars.

use groove::pattern::STEPS_PER_BEAT;
use groove::play::clock::{Entry, Grid, Span, TICKS_PER_BEAT};
use groove::take::Take;

use crate::link::TakesInUse;
use crate::params::controls::LaunchGrid;

/// Half a step, in quarter notes: the earliest that a hit can sound before its beat.
pub(crate) const EARLY_REACH: f64 = 0.5 / STEPS_PER_BEAT;

/// Positions closer than this, in quarter notes, are equal.
pub(crate) const POSITION_TOLERANCE: f64 = 1e-6;

/// Takes in use at once: the three in the queue and the wanted one.
const MAX_TAKES: usize = 4;

/// A take that waits for a launch point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WaitingTake {
    /// Number of the take.
    pub(crate) number: u32,
    /// Position in quarter notes; the take starts at the first launch point whose earliest hits
    /// follow it.
    pub(crate) since: f64,
    /// Grid of its start; `None`: that of the user's setting.
    launch_grid: Option<LaunchGrid>,
}

/// A position at which a take can start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LaunchPoint {
    /// Position in quarter notes from which notes belong to the new take.
    pub(crate) cut: f64,
    /// Bar that contains or starts at the launch point.
    pub(crate) bar: i64,
}

/// The takes in use. Takes are large and stay in place; they are identified by number from 1 on,
/// and 0 means none.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakeQueue {
    /// Number of the newest take.
    count: u32,
    takes: Box<[(u32, Take); MAX_TAKES]>,
    /// Takes that were sent to the worker.
    sent: [bool; MAX_TAKES],
    /// Number of the take that should play, and the grid of its start, as in [`WaitingTake`].
    wanted: u32,
    wanted_grid: Option<LaunchGrid>,
    playing: u32,
    ready: Option<WaitingTake>,
    asked: Option<WaitingTake>,
    /// Grid at which changed takes start.
    launch_grid: LaunchGrid,
}

impl TakeQueue {
    /// Returns the playing take.
    pub(crate) fn playing(&self) -> Option<u32> {
        Some(self.playing).filter(|&number| number != 0)
    }

    /// Returns the playing take if no other take is wanted or waiting.
    pub(crate) fn settled_take(&self) -> Option<u32> {
        let settled = self.playing == self.wanted && self.ready.or(self.asked).is_none();
        self.playing().filter(|_| settled)
    }

    /// Returns the waiting takes, newest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = WaitingTake> + use<> {
        [self.asked, self.ready].into_iter().flatten()
    }

    /// Returns the takes that may start at a launch point of a span, newest first. One that waits for
    /// the bar does not start with another one that waits for the beat. After a jump of the song,
    /// which has no launch points, all may start.
    pub(crate) fn launchable_at(
        &self,
        launch: LaunchPoint,
        span: &Span,
    ) -> impl Iterator<Item = u32> + use<> {
        let latest = launch.cut + POSITION_TOLERANCE;
        let jumps = span.entry == Entry::Jumps && launch.cut <= span.from;
        let may_start = |waiting: &WaitingTake| {
            let own = self.launch_point_of(waiting, span);
            waiting.since <= latest && (jumps || own.is_some_and(|own| own.cut <= latest))
        };
        let number = |waiting: WaitingTake| may_start(&waiting).then_some(waiting.number);
        [self.asked.and_then(number), self.ready.and_then(number)].into_iter().flatten()
    }

    /// Returns the numbers of all takes in use.
    pub(crate) fn in_use(&self) -> TakesInUse {
        TakesInUse {
            playing: self.playing,
            ready: self.ready.map_or(0, |ready| ready.number),
            asked: self.asked.map_or(0, |asked| asked.number),
        }
    }

    /// Sends a take to the worker unless it was sent before. Returns `true` if the worker has it.
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

    /// Returns the number of bars in a phrase of a take in use.
    fn bars(&self, number: u32) -> i64 {
        let bars = self.slot(number).map(|place| self.takes[place].1.bars());
        bars.and_then(|bars| i64::try_from(bars).ok()).unwrap_or(1)
    }

    /// Returns the main style of a take in use, 0 for others.
    pub(crate) fn main_style(&self, number: u32) -> u8 {
        self.slot(number).map_or(0, |place| self.takes[place].1.controls.main_style())
    }

    /// Sets the wanted take and the grid of its start, `None` for that of the user's setting. A take
    /// already in use keeps its number.
    pub(crate) fn set_wanted(&mut self, take: &Take, launch_grid: Option<LaunchGrid>) {
        let before = self.wanted;
        self.choose_wanted(take);
        if self.wanted != before {
            self.wanted_grid = launch_grid;
        }
    }

    fn choose_wanted(&mut self, take: &Take) {
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

    /// Makes the wanted take the playing one at once; used while the song stands.
    pub(crate) fn adopt_wanted(&mut self) {
        self.playing = self.wanted;
        (self.ready, self.asked) = (None, None);
    }

    /// Queues the wanted take to start at the first launch point after `since`.
    ///
    /// `patient` means that the song waits for bars; then only the newest of the takes that could
    /// start at a launch point matters, whenever the worker answers. `is_answered` returns whether
    /// the worker has answered all requests for a bar of a take.
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
        let wanted = WaitingTake { number: self.wanted, since, launch_grid: self.wanted_grid };
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

    /// Restarts all waits at a position, after a jump or at the start of a loop.
    pub(crate) fn restart_waits(&mut self, since: f64) {
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = since;
        }
    }

    /// Starts the newest take at the start of the song even if none of its bars has arrived.
    pub(crate) fn start_song(&mut self) {
        if self.playing == 0 {
            self.playing = self.asked.take().map_or(0, |asked| asked.number);
        }
    }

    /// Returns the next launch point of a waiting take.
    pub(crate) fn next_launch(&self, span: &Span) -> Option<LaunchPoint> {
        let asked = self.asked.and_then(|asked| self.launch_point_of(&asked, span));
        let ready = self.ready.and_then(|ready| self.launch_point_of(&ready, span));
        match (asked, ready) {
            (Some(asked), Some(ready)) if ready.cut < asked.cut => Some(ready),
            (asked, ready) => asked.or(ready),
        }
    }

    /// Returns the first position in quarter notes at which a take with phrases of `bars` bars can
    /// start and whose earliest hits follow `since`.
    pub(crate) fn next_launch_position(&self, since: f64, grid: &Grid, bars: i64) -> f64 {
        launch_position(self.launch_grid, since, grid, bars)
    }

    /// Returns the next launch position of a waiting take.
    pub(crate) fn launch_position_of(&self, waiting: &WaitingTake, grid: &Grid) -> f64 {
        let launch_grid = waiting.launch_grid.unwrap_or(self.launch_grid);
        launch_position(launch_grid, waiting.since, grid, self.bars(waiting.number))
    }

    /// Sets the grid at which changed takes start.
    pub(crate) fn set_launch_grid(&mut self, launch_grid: LaunchGrid) {
        self.launch_grid = launch_grid;
    }

    /// Returns the launch point of a waiting take in a span. At the end of a loop that is the
    /// loop's start.
    fn launch_point_of(&self, waiting: &WaitingTake, span: &Span) -> Option<LaunchPoint> {
        let grid = &span.grid;
        let at = self.launch_position_of(waiting, grid);
        let (at, bar) = match span.seam {
            // This pass of the loop has no launch point left.
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

    /// Launches the newest take whose bar is ready. The others wait for the next launch point.
    pub(crate) fn launch(
        &mut self,
        launch: LaunchPoint,
        span: &Span,
        is_here: impl Fn(u32) -> bool,
    ) {
        if let Some(here) = self.launchable_at(launch, span).find(|&number| is_here(number)) {
            self.playing = here;
            self.ready = None;
            self.asked = self.asked.filter(|asked| asked.number != here);
        }
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = waiting.since.max(launch.cut + 1e-3);
        }
    }
}

/// Returns the first position in quarter notes on a launch grid at which a take with phrases of
/// `bars` bars can start and whose earliest hits follow `since`.
pub(crate) fn launch_position(launch_grid: LaunchGrid, since: f64, grid: &Grid, bars: i64) -> f64 {
    let earliest = since + EARLY_REACH;
    let bar = grid.bar_at(earliest);
    let start = grid.bar_ticks(bar) / TICKS_PER_BEAT;
    let length = grid.meter.beats();
    let from = |grain: f64| {
        let grains = ((earliest - start) / grain - POSITION_TOLERANCE).ceil();
        grains.mul_add(grain, start).min(start + length)
    };
    match launch_grid {
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
